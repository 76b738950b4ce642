//! docs/PROTOCOL.md says what the code does, wherever it can be told by a machine: kinds, faults, counters, settings,
//! codes, lengths.

use std::time::Duration;

use taskwire::metrics::{AgentMetrics, ControllerMetrics, Counter};
use taskwire::wire::{Kind, LEAST_HELLO, MOST_EXT, MOST_IN_FRAME, PADDED_HELLO};
use taskwire::{AgentConfig, ControllerConfig, Limits, Pace, Reason, State, CANONICAL_LENGTH};

const DOCUMENT: &str = include_str!("../docs/PROTOCOL.md");

fn section(title: &str) -> &'static str {
    let start = DOCUMENT.find(title).unwrap_or_else(|| panic!("no section {title:?}"));
    let rest = &DOCUMENT[start..];
    let level = &title[..=title.find(' ').expect("a title")];
    let end = rest[1..].find(&format!("\n{level}")).map_or(rest.len(), |end| end + 1);
    &rest[..end]
}

#[track_caller]
fn says(section: &str, text: &str) {
    assert!(section.contains(text), "docs/PROTOCOL.md does not say {text:?} where it should");
}

/// A number with commas, as the document writes it.
fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn duration(value: Duration) -> String {
    match value.as_millis() {
        ms if ms % 1000 == 0 => format!("{} s", ms / 1000),
        ms => format!("{ms} ms"),
    }
}

#[test]
fn every_kind_of_frame_is_listed() {
    let frames = section("## 2. Frames");
    for kind in Kind::ALL {
        says(frames, &format!("| {} | {} |", kind as u8, kind.name()));
    }
    says(frames, &format!("has at least {LEAST_HELLO} bytes"));
    says(frames, &format!("with {PADDED_HELLO} bytes"));
}

#[test]
fn every_state_move_and_reason_is_listed() {
    let records = section("### 10.1 ");
    for state in State::ALL {
        let moves: Vec<String> = state
            .moves()
            .iter()
            .map(|to| if *to == State::Pending { "PENDING (a retry)".into() } else { to.name().into() })
            .collect();
        let row = format!("| {} | {} | {} |", state.name(), state.code(), moves.join(", "));
        says(records, &row.replace("|  |", "| |"));
    }
    let reasons = (0..1000).map(Reason).filter(|reason| reason.name().is_some());
    for reason in reasons {
        says(records, &format!("| {} | ", reason.0));
    }
}

#[test]
fn every_counter_of_arrival_is_listed_for_the_side_that_has_it() {
    let rows: Vec<Vec<&str>> = section("### 10.13 ")
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let check = |counters: &[Counter], column: usize| {
        for counter in counters.iter().filter(|counter| counter.arrival) {
            let short = counter.name.trim_start_matches("frames_").trim_end_matches("_total");
            let row = rows.iter().find(|row| row[0].split(", ").any(|name| name == short));
            let row = row.unwrap_or_else(|| panic!("docs/PROTOCOL.md 10.13 lacks {short}"));
            assert!(!row[column].is_empty() || short == "unknown_session", "10.13 says nothing of {short}");
        }
    };
    check(AgentMetrics::COUNTERS, 1);
    check(ControllerMetrics::COUNTERS, 2);
}

#[test]
fn every_setting_has_the_default_that_is_told() {
    let settings = section("### 10.14 ");
    let Limits { slots, log, metadata, message, result, frame, finals, value } = Limits::default();
    let limits: Vec<String> = [slots, log, metadata, message, result, frame, finals, value]
        .iter()
        .map(|limit| number((*limit).into()))
        .collect();
    says(settings, &format!("| agent, in HELLO | {} |", limits.join("; ")));
    let row = |name: &str, whose: &str, value: String| says(settings, &format!("| {name} | {whose} | {value} |"));
    let Pace {
        linger,
        least_rto,
        most_backoff,
        frames_in_flight,
        bytes_in_flight,
        detail_after,
        detail_interval,
        sketch_from,
    } = Pace::default();
    row("`linger`", "agent", duration(linger));
    row("`least_rto`", "agent", duration(least_rto));
    row("`most_backoff`", "agent", duration(most_backoff));
    row("`frames_in_flight`", "agent", number(frames_in_flight.into()));
    row("`bytes_in_flight`", "agent", number(bytes_in_flight.into()));
    row("`detail_after`", "agent", number(detail_after.into()));
    row("`detail_interval`", "agent", duration(detail_interval));
    row("`sketch_from`", "agent", number(sketch_from.into()));
    let agent = AgentConfig::new("n", 1).expect("a name");
    row("`clock_rate_error_ppm`", "agent", number(agent.clock_rate_error_ppm.into()));
    let controller = ControllerConfig::new("c").expect("a name");
    row("heartbeat", "controller, in WELCOME", duration(controller.heartbeat));
    row("lease", "controller, in WELCOME", duration(controller.lease));
    row("`lateness`", "controller", duration(controller.lateness));
    row("`mass_silence_percent`", "controller", number(controller.mass_silence_percent.into()));
    row("`mass_silence_hold`", "controller", duration(controller.mass_silence_hold));
    row("`reorder_frames`", "controller", number(controller.reorder_frames.into()));
    row("`events_per_node`", "controller", number(controller.events_per_node.into()));
    let three = [controller.nodes, controller.handshakes, controller.repairs].map(|n| number(n.into()));
    row("`nodes`, `handshakes`, `repairs`", "controller", three.join("; "));
}

#[test]
fn lengths_and_bounds_are_those_of_the_code() {
    says(section("## 4. DELTA"), &format!("at most {} entries", number(MOST_IN_FRAME as u64)));
    says(section("## 4. DELTA"), &format!("`value` of 1 to {MOST_EXT} bytes"));
    says(section("## 4. DELTA"), &format!("`value` of 0 to {} bytes", MOST_EXT - 1));
    says(section("### 7.2 "), &format!("the canonical bytes: {CANONICAL_LENGTH}, or {} with", CANONICAL_LENGTH + 25));
}
