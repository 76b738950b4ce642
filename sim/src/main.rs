//! The command line of the simulator: what to run, and what of it to print.

use std::process::ExitCode;
use std::time::Instant;

use taskwire_sim::summary::Counts;
use taskwire_sim::trace::Trace;
use taskwire_sim::world::{Options, World};
use taskwire_sim::{run, selftest};

const USAGE: &str = "taskwire-sim: runs the real agent and controller over a virtual network, and checks the invariants

    --seeds A..B     run these seeds, both included (default 1..1000)
    --seed N         run one seed
    --trace          with --seed: print every event, one a line
    --jobs N         threads (default 2)
    --all            go on after the first failure, and list all failures
    --premises       fail when a premise or moment was met too seldom (default from 1000 seeds on)
    --self-test      spoil each check in turn, and see that it fails
    --bait [NAME]    switch on each fault of the core in turn, or one (needs --features bait)";

struct Arguments {
    first: u64,
    last: u64,
    trace: bool,
    jobs: usize,
    all: bool,
    premises: bool,
    self_test: bool,
    bait: Option<Option<String>>,
}

fn number(flag: &str, text: Option<String>) -> Result<u64, String> {
    let text = text.ok_or(format!("{flag} needs a number"))?;
    text.parse().map_err(|_| format!("{flag}: expected a number, found `{text}`"))
}

fn arguments() -> Result<Arguments, String> {
    let mut given = std::env::args().skip(1).peekable();
    let (first, last) = (1, 1_000);
    let mut a =
        Arguments { first, last, trace: false, jobs: 2, all: false, premises: false, self_test: false, bait: None };
    while let Some(flag) = given.next() {
        match flag.as_str() {
            "--seeds" => {
                let text = given.next().ok_or("--seeds needs a range like 1..1000")?;
                let (from, to) = text.split_once("..").ok_or(format!("--seeds: expected A..B, found `{text}`"))?;
                a.first = number("--seeds", Some(from.into()))?;
                a.last = number("--seeds", Some(to.trim_start_matches('=').into()))?;
                if a.first > a.last {
                    return Err(format!("--seeds: {} is above {}", a.first, a.last));
                }
            }
            "--seed" => {
                a.first = number("--seed", given.next())?;
                a.last = a.first;
            }
            "--jobs" => a.jobs = number("--jobs", given.next())?.clamp(1, 256) as usize,
            "--trace" => a.trace = true,
            "--all" => a.all = true,
            "--premises" => a.premises = true,
            "--self-test" => a.self_test = true,
            "--bait" => a.bait = Some(given.next_if(|next| !next.starts_with("--"))),
            "--help" | "-h" => {
                println!("{USAGE}");
                std::process::exit(0);
            }
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    if a.trace && a.first != a.last {
        return Err("--trace goes with --seed".into());
    }
    Ok(a)
}

fn main() -> ExitCode {
    let a = match arguments() {
        Ok(a) => a,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if a.self_test {
        return self_test();
    }
    if let Some(name) = &a.bait {
        if a.first != a.last {
            return baits(name.as_deref());
        }
    }
    if a.trace {
        return traced(&a);
    }
    seeds(&a)
}

#[cfg(feature = "bait")]
fn options(a: &Arguments) -> Options {
    let bait = a.bait.clone().flatten();
    let bait = taskwire::Bait::ALL.iter().find(|(_, name, _)| Some(*name) == bait.as_deref()).map(|(b, _, _)| *b);
    bait.map_or_else(Options::default, Options::baited)
}

#[cfg(not(feature = "bait"))]
fn options(_: &Arguments) -> Options {
    Options::default()
}

fn traced(a: &Arguments) -> ExitCode {
    let outcome = World::new(a.first, Trace::printing(), options(a)).run();
    println!("seed {}: {} steps, trace hash {:016x}", a.first, outcome.counts.steps, outcome.hash);
    match outcome.failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn seeds(a: &Arguments) -> ExitCode {
    let start = Instant::now();
    let result = run::many(a.first, a.last, a.jobs, &options(a), a.all);
    print!("{}", result.counts.page(start.elapsed(), a.jobs));
    for failed in &result.failed {
        println!(
            "\nFAILED {}\n  replay: cargo run --release -p taskwire-sim -- --seed {} --trace",
            failed.text, failed.seed
        );
    }
    if !result.failed.is_empty() {
        return ExitCode::FAILURE;
    }
    if a.premises || a.last - a.first >= 999 {
        return premises(&result.counts);
    }
    println!("OK");
    ExitCode::SUCCESS
}

fn premises(counts: &Counts) -> ExitCode {
    let missing = counts.missing();
    if missing.is_empty() {
        println!("OK");
        return ExitCode::SUCCESS;
    }
    println!("\nFAILED: met or reached less often than once in 100 seeds: {}", missing.join(", "));
    ExitCode::FAILURE
}

fn self_test() -> ExitCode {
    let mut passed = true;
    for (invariant, seeds) in selftest::all() {
        match seeds {
            Some(seeds) => println!("{:<32} spoilt, fails at seed {seeds}", invariant.name()),
            None => {
                println!("{:<32} spoilt, and never fails in {} seeds", invariant.name(), selftest::MOST_SEEDS);
                passed = false;
            }
        }
    }
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(feature = "bait")]
fn baits(name: Option<&str>) -> ExitCode {
    use taskwire_sim::bait;
    let chosen: Vec<_> =
        taskwire::Bait::ALL.iter().filter(|(_, text, _)| name.is_none_or(|name| name == *text)).collect();
    if chosen.is_empty() {
        eprintln!("--bait: there is no bait `{}`", name.unwrap_or_default());
        return ExitCode::from(2);
    }
    let catches: Vec<_> = chosen
        .iter()
        .map(|(bait, text, expected)| {
            let caught = bait::one(*bait, text, expected);
            eprintln!("{text}: {:?}", caught.by_name);
            caught
        })
        .collect();
    print!("{}", bait::page(&catches));
    if catches.iter().all(bait::Catch::is_found) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(not(feature = "bait"))]
fn baits(_: Option<&str>) -> ExitCode {
    eprintln!("--bait needs a build with the feature: cargo run --release -p taskwire-sim --features bait -- --bait");
    ExitCode::from(2)
}
