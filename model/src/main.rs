//! The command line of the model checker: which bounds, how many states at most, and the proof that it finds faults.

use std::process::ExitCode;

use taskwire_model::bounds::Bounds;
use taskwire_model::report;
use taskwire_model::search::search;

const USAGE: &str = "taskwire-model: explores interleavings of the real agent and controller within small bounds, up to a number of states

    --large          the larger bounds
    --states N       states of one exploration at most (default 20000000; it is said when one is cut off)
    --faults N       faults of a run, in place of what the bounds say
    --in-flight N    frames in flight, likewise
    --only NAME      explorations of this name alone; with --self-test the fault of this name, or `all`
    --jobs N         threads (default 2)
    --self-test      switch on each listed fault of the core, and see that it is found (needs --features bait)";

struct Arguments {
    large: bool,
    states: usize,
    faults: Option<usize>,
    in_flight: Option<usize>,
    only: Option<String>,
    jobs: usize,
    self_test: bool,
}

fn arguments() -> Result<Arguments, String> {
    let mut a = Arguments {
        large: false,
        states: 20_000_000,
        faults: None,
        in_flight: None,
        only: None,
        jobs: 2,
        self_test: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(flag) = given.next() {
        let mut number = || -> Result<usize, String> {
            let text = given.next().ok_or(format!("{flag} needs a number"))?;
            text.parse().map_err(|_| format!("{flag}: expected a number, found `{text}`"))
        };
        match flag.as_str() {
            "--large" => a.large = true,
            "--faults" => a.faults = Some(number()?),
            "--in-flight" => a.in_flight = Some(number()?),
            "--states" => a.states = number()?,
            "--jobs" => a.jobs = number()?.clamp(1, 64),
            "--only" => a.only = Some(given.next().ok_or("--only needs a name")?),
            "--self-test" => a.self_test = true,
            _ => return Err(format!("unknown argument `{flag}`\n\n{USAGE}")),
        }
    }
    Ok(a)
}

fn main() -> ExitCode {
    let a = match arguments() {
        Ok(a) => a,
        Err(error) => {
            eprintln!("taskwire-model: {error}");
            return ExitCode::from(2);
        }
    };
    if a.self_test {
        return self_test(&a);
    }
    let (mut states, mut seconds, mut good) = (0, 0.0, true);
    let mut asked = vec![0; taskwire_model::check::Property::ALL.len()];
    let chosen = |b: &Bounds| a.only.as_ref().is_none_or(|name| name == b.name);
    for mut bounds in Bounds::all(a.large).into_iter().filter(chosen) {
        bounds.budget.all = a.faults.map_or(bounds.budget.all, |n| n.min(255) as u8);
        bounds.in_flight = a.in_flight.unwrap_or(bounds.in_flight);
        let found = search(&bounds, a.states, a.jobs);
        print!("{}", report::report(&bounds, &found));
        states += found.states;
        seconds += found.seconds;
        good &= found.failure.is_none();
        asked.iter_mut().zip(&found.asked).for_each(|(sum, n)| *sum += n);
    }
    print!("{}", report::asked(&asked));
    println!(
        "model: {states} distinct states in {seconds:.1} s, {}",
        if good { "all properties hold" } else { "FAILED" }
    );
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(not(feature = "bait"))]
fn self_test(_: &Arguments) -> ExitCode {
    eprintln!("taskwire-model: --self-test needs --features bait");
    ExitCode::from(2)
}

/// Faults that these bounds reach: each must be found.
#[cfg(feature = "bait")]
const FOUND: &[&str] = &["ReceivedMovesBase", "DigestKeepsOldHash", "BaseMovesWithoutReplay", "EntriesBeforeConfirmed"];

/// Switches each of them on.
#[cfg(feature = "bait")]
fn self_test(a: &Arguments) -> ExitCode {
    let mut good = true;
    let listed = taskwire::Bait::ALL
        .iter()
        .filter(|(_, name, _)| a.only.as_ref().map_or(FOUND.contains(name), |only| only == name || only == "all"));
    for (bait, name, _) in listed {
        let mut caught = None;
        for mut bounds in Bounds::all(a.large).into_iter().filter(|b| b.agents == 1) {
            bounds.baits = taskwire::Baits::only(*bait);
            let found = search(&bounds, a.states, a.jobs);
            if let Some((text, way)) = found.failure {
                caught = Some(format!("{:>9} states, {:>2} steps, {}: {text}", found.states, way.len(), bounds.name));
                break;
            }
        }
        good &= caught.is_some();
        println!("{name:<30} {}", caught.map_or("not found".into(), |text| text.chars().take(150).collect::<String>()));
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
