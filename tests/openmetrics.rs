//! What both roles can measure, as OpenMetrics text: every family is whole and said once, and every number is there. That a
//! parser of others takes it too is for `scripts/openmetrics.sh`, which has the text written by this test.

#[path = "properties/rig.rs"]
mod rig;

use std::collections::BTreeMap;

use rig::{task, Rig};
use taskwire::metrics::{AgentMetrics, ControllerMetrics};
use taskwire::{Exit, Reason};

/// What a text says: for each family its type, its help and its samples by name and labels.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    unit: Option<String>,
    help: String,
    samples: Vec<(String, String, String)>,
}

fn read(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    let body = text.strip_suffix("# EOF\n").expect("the text ends with # EOF");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (what, name, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            if what == "TYPE" {
                current = name.into();
                assert!(!families.contains_key(name), "{name} is said twice");
            }
            assert_eq!(current, name, "the lines of a family stand together");
            let family = families.entry(name.into()).or_default();
            match what {
                "TYPE" => family.kind = rest.into(),
                "UNIT" => family.unit = Some(rest.into()),
                "HELP" => family.help = rest.into(),
                other => panic!("{other}"),
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = name.split_once('{').unwrap_or((name, ""));
        let family = families.get_mut(&current).unwrap();
        let suffix = name.strip_prefix(&current).unwrap_or_else(|| panic!("{name} stands in {current}"));
        let fits = match family.kind.as_str() {
            "counter" => suffix == "_total",
            "gauge" => suffix.is_empty(),
            "histogram" => ["_bucket", "_count", "_sum"].contains(&suffix),
            _ => false,
        };
        assert!(fits, "{name} in a {}", family.kind);
        assert!(value.parse::<f64>().is_ok_and(|value| value >= 0.0), "{line}");
        family.samples.push((suffix.into(), labels.into(), value.into()));
    }
    for (name, family) in &families {
        assert!(family.help.ends_with('.') && !family.samples.is_empty(), "{name}: {family:?}");
        let unit = ["bytes", "seconds"].into_iter().find(|unit| name.ends_with(unit));
        assert_eq!(family.unit.as_deref(), unit, "{name}");
    }
    families
}

fn value(families: &BTreeMap<String, Family>, name: &str, labels: &str) -> String {
    let family = &families[name];
    let sample = family.samples.iter().find(|(_, found, _)| found == labels);
    sample.unwrap_or_else(|| panic!("{name} has no {labels}")).2.clone()
}

/// A pair that has done a little of everything.
fn busy() -> Rig {
    let mut rig = Rig::pair();
    rig.connect();
    for n in 0..20 {
        let now = rig.at();
        let agent = &mut rig.agents[0];
        agent.register(now, task(n), b"x").unwrap();
        agent.running(now, task(n)).unwrap();
        agent.progress(now, task(n), 50).unwrap();
        if n < 10 {
            agent.succeeded(now, task(n), Exit::Code(0)).unwrap();
        } else if n < 15 {
            agent.failed(now, task(n), Reason::EXIT_CODE, Exit::Code(1)).unwrap();
        }
        if n == 3 {
            agent.forget(now, task(n)).unwrap();
        }
        rig.collect();
        rig.now += 7_000;
        rig.settle();
    }
    rig.run(20_000_000);
    let now = rig.at();
    let _ = rig.controller.receive(now, taskwire::PeerId(9), b"noise");
    rig.agents[0].running(now, task(99)).unwrap_err();
    rig
}

#[test]
fn both_roles_say_all_that_they_have_counted_and_how_they_stand() {
    let mut rig = busy();
    let now = rig.at();
    rig.agents[0].register(now, task(50), b"x").unwrap();
    rig.now += 1_500_000;
    let (mut of_agent, mut of_controller) = (String::new(), String::new());
    rig.agents[0].write_openmetrics(rig.at(), &mut of_agent).unwrap();
    rig.controller.write_openmetrics(&mut of_controller).unwrap();
    if let Ok(folder) = std::env::var("TASKWIRE_OPENMETRICS") {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(format!("{folder}/agent.txt"), &of_agent).unwrap();
        std::fs::write(format!("{folder}/controller.txt"), &of_controller).unwrap();
    }
    let (agent, controller) = (read(&of_agent), read(&of_controller));

    let metrics = rig.agents[0].metrics();
    for (counter, counted) in AgentMetrics::COUNTERS.iter().zip(metrics.values()) {
        check(&agent, "taskwire_agent", counter.arrival, counter.name, counted);
    }
    assert_eq!(value(&agent, "taskwire_agent_oldest_unacknowledged_age_seconds", ""), "1.5");
    assert_eq!(value(&agent, "taskwire_agent_undurable_entries", ""), "1.0");
    assert_eq!(value(&agent, "taskwire_agent_session_open", ""), "1.0");
    assert_eq!(value(&agent, "taskwire_agent_tasks", ""), "20.0");

    let metrics = rig.controller.metrics();
    for (counter, counted) in ControllerMetrics::COUNTERS.iter().zip(metrics.values()) {
        check(&controller, "taskwire_controller", counter.arrival, counter.name, counted);
    }
    assert_eq!(value(&controller, "taskwire_controller_nodes", "reachability=\"Live\"}"), "1");
    assert_eq!(value(&controller, "taskwire_controller_success_ratio", ""), "0.666666");
    assert_eq!(value(&controller, "taskwire_controller_closed_tasks", ""), "1.0");
    let latency = &controller["taskwire_controller_sync_latency_seconds"].samples;
    let count = latency.iter().find(|(suffix, ..)| suffix == "_count").unwrap().2.clone();
    // 20 registered, 20 begun, 15 ended, 1 forgotten.
    assert_eq!((count.as_str(), metrics.details_total > 0), ("56", true));
    let bounds: Vec<&str> = latency.iter().take(2).map(|(_, labels, _)| labels.as_str()).collect();
    assert_eq!(bounds, ["le=\"0.001\"}", "le=\"0.002\"}"]);
}

fn check(families: &BTreeMap<String, Family>, prefix: &str, arrival: bool, name: &str, counted: u64) {
    let plain = name.strip_suffix("_total").expect("what only grows ends in _total");
    let found = if arrival {
        let outcome = plain.strip_prefix("frames_").expect("frames that arrive");
        value(families, &format!("{prefix}_frames_received"), &format!("outcome=\"{outcome}\"}}"))
    } else {
        value(families, &format!("{prefix}_{plain}"), "")
    };
    assert_eq!(found, counted.to_string(), "{name}");
}

#[test]
fn what_was_counted_can_be_written_alone() {
    let rig = busy();
    let mut text = String::new();
    rig.controller.metrics().write_openmetrics(&mut text).unwrap();
    let families = read(&text);
    assert!(families.contains_key("taskwire_controller_batch_entries"), "{text}");
    assert!(!families.contains_key("taskwire_controller_nodes"), "what the role alone knows is not in it");
}

#[test]
fn a_writer_that_fails_is_told_of() {
    struct Full(usize);
    impl std::fmt::Write for Full {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0 = self.0.checked_sub(text.len()).ok_or(std::fmt::Error)?;
            Ok(())
        }
    }
    let rig = busy();
    assert!(rig.controller.write_openmetrics(&mut Full(3_000)).is_err());
    assert!(rig.agents[0].write_openmetrics(rig.at(), &mut Full(1 << 20)).is_ok());
}
