//! `make demo`: three agents, two in C and one in Go, run real processes behind a bad network; then the controller's history and view are
//! held against each agent's own log, transition by transition. Flags, the closing lines and the exit code are here;
//! everything else is in `demo`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use taskwire_examples::demo::report::Findings;
use taskwire_examples::demo::{self, Plan};
use taskwire_examples::flags::{self, Wrong};

const HELP: &str = "\
demo: two agents in C and one in Go, a relay that spoils frames, a controller; then everything is compared.

  --tasks N          tasks of all agents together, 42 to 12000 (default 240)
  --loss PERCENT     frames that never arrive (default 20)
  --repeat PERCENT   frames that arrive twice (default 10)
  --reorder PERCENT  frames that later ones overtake (default 10)
  --corrupt PERCENT  frames of which bytes are changed (default 5)
  --seed N           for the work and the network (default 1)
  --short            fewer tasks: 60, unless --tasks says otherwise
  --dir FOLDER       where everything is written; emptied first (default build/demo)
  --agent FILE       the agent in C (default build/bin/taskwire-agent)
  --go-agent FILE    the agent in Go (default build/bin/taskwire-agent-go)
  --help

Prints the nodes, the key figures, and OK or the differences. Exit code: 0 equal and everything happened that was to
happen, 1 not, 2 wrong flag.
";

fn read_options(mut parser: lexopt::Parser) -> Result<Option<Plan>, Wrong> {
    use lexopt::Arg::Long;
    let mut tasks = None;
    let mut short = false;
    let programs = std::env::current_exe().ok().and_then(|path| path.parent().map(PathBuf::from));
    let mut plan = Plan {
        folder: "build/demo".into(),
        agent: "build/bin/taskwire-agent".into(),
        go_agent: "build/bin/taskwire-agent-go".into(),
        programs: programs.unwrap_or_default(),
        tasks: 0,
        seed: 1,
        faults: [20.0, 10.0, 10.0, 5.0],
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("tasks") => {
                let allowed = |tasks: &usize| (42..=12_000).contains(tasks);
                tasks = Some(flags::value(&mut parser, "--tasks", "a number from 42 to 12000", allowed)?);
            }
            Long("loss") => plan.faults[0] = flags::percent(&mut parser, "--loss")? * 100.0,
            Long("repeat") => plan.faults[1] = flags::percent(&mut parser, "--repeat")? * 100.0,
            Long("reorder") => plan.faults[2] = flags::percent(&mut parser, "--reorder")? * 100.0,
            Long("corrupt") => plan.faults[3] = flags::percent(&mut parser, "--corrupt")? * 100.0,
            Long("seed") => plan.seed = flags::value(&mut parser, "--seed", "a number", |_| true)?,
            Long("short") => short = true,
            Long("dir") => plan.folder = flags::text(&mut parser, "--dir", "a folder")?.into(),
            Long("go-agent") => plan.go_agent = flags::text(&mut parser, "--go-agent", "a file")?.into(),
            Long("agent") => plan.agent = flags::text(&mut parser, "--agent", "a file")?.into(),
            Long("help") => return Ok(None),
            other => return Err(flags::unexpected(&other)),
        }
    }
    plan.tasks = tasks.unwrap_or(if short { 60 } else { 240 });
    Ok(Some(plan))
}

/// Runs it and prints what was found; true when all is well.
fn run(plan: &Plan) -> Result<bool> {
    println!(
        "seed {}, {} tasks on 3 agents; of all frames {} % lost, {} % repeated, {} % reordered, {} % corrupted",
        plan.seed, plan.tasks, plan.faults[0], plan.faults[1], plan.faults[2], plan.faults[3]
    );
    let took = demo::run(plan).with_context(|| format!("the demo (its files are in {})", plan.folder.display()))?;
    let findings = Findings::read(plan)?;
    println!("{}", findings.table());
    print!("{}", findings.figures());
    println!("{}", findings.comparison.summary());
    let unmet = findings.unmet(plan);
    let well = findings.comparison.differences.is_empty() && unmet.is_empty();
    if well {
        println!("OK after {:.1} s", took.as_secs_f64());
    } else {
        print!("{}", findings.differences());
        for what in unmet {
            println!("  not shown: {what}");
        }
        println!("FAILED after {:.1} s; everything is in {}", took.as_secs_f64(), plan.folder.display());
    }
    Ok(well)
}

fn main() -> ExitCode {
    match read_options(lexopt::Parser::from_env()) {
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Ok(Some(plan)) => match run(&plan) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(1),
            Err(error) => flags::failed("demo", &error),
        },
        Err(wrong) => flags::wrong("demo", &wrong),
    }
}
