//! The figures that goals name, as far as they can be measured yet: `make figures`. One JSON object a line on standard
//! output, a table on standard error. Figures of memory come from `figures-heap`, whose allocator counts; this program runs
//! it when it lies beside it. Times are in U (see `unit`).
//!
//!     figures             everything
//!     figures --quick     the same with a tenth of the rounds and of the nodes: for work on one part, not for the record
//!     figures apply loss  only these steps: wire, publish, peers, apply, growth, leases, loss, storm, reconcile, memory, cgo, text

use std::process::{Command, ExitCode};
use std::time::Duration;

use cpu_time::ThreadTime;
use taskwire::wire::{decode_into, Bounds, Delta, DeltaWriter, StreamNumber};
use taskwire::{Baits, ControllerConfig, Instant, PeerId};
use taskwire_benches::fleet::{take_events, Fleet};
use taskwire_benches::idle::{lose_all, IdleFleet, HEARTBEAT, START};
use taskwire_benches::link::{Lossy, ONE_WAY};
use taskwire_benches::peers::{Batches, PEERS};
use taskwire_benches::reconcile::{self, Pair};
use taskwire_benches::report::{Figure, Report};
use taskwire_benches::rig::{agent_config, controller_config, Rig, LARGEST};
use taskwire_benches::storm::Fleet as StormFleet;
use taskwire_benches::unit::{median, share, Unit};
use taskwire_benches::workload::{Random, Update, Workload, TASKS};

/// How much is done.
#[derive(Clone, Copy)]
struct Scale {
    quick: bool,
}

impl Scale {
    fn of(self, whole: usize) -> usize {
        if self.quick {
            (whole / 10).max(3)
        } else {
            whole
        }
    }
}

/// What is measured in one go.
type Step = fn(&mut Report, &mut Unit, Scale);

const STEPS: [(&str, &str, Step); 12] = [
    ("wire", "bytes of updates", wire),
    ("publish", "publishing, and a lone change from end to end", publish),
    ("peers", "the codec alone, and the peers", peers),
    ("apply", "applying, 1 M tasks over 1,000 nodes", apply),
    ("growth", "applying, few tasks and many", growth),
    ("leases", "heartbeats and leases", leases),
    ("loss", "loss", loss),
    ("storm", "a fleet that comes back at once", storm),
    ("reconcile", "finding what differs", reconcile),
    ("memory", "memory", memory),
    ("cgo", "the batch call from Go and from C", cgo),
    ("text", "the small build of the C library, linked into an agent", text),
];

fn main() -> ExitCode {
    let mut scale = Scale { quick: false };
    let mut only = Vec::new();
    for argument in std::env::args().skip(1) {
        match STEPS.iter().find(|(name, _, _)| *name == argument) {
            Some((name, _, _)) => only.push(*name),
            None if argument == "--quick" => scale.quick = true,
            None => {
                let names: Vec<&str> = STEPS.iter().map(|(name, _, _)| *name).collect();
                let names = names.join(", ");
                eprintln!("figures: error: unknown argument '{argument}'; expected --quick, or some of: {names}");
                return ExitCode::from(2);
            }
        }
    }
    let mut report = Report::default();
    let mut unit = Unit::new();
    for (name, what, step) in STEPS {
        if only.is_empty() || only.contains(&name) {
            report.doing(what);
            step(&mut report, &mut unit, scale);
        }
    }
    if unit.is_used() {
        report.add("U", unit.median(), "ns", None);
    }
    eprintln!("{}", report.table());
    ExitCode::SUCCESS
}

/// A pair with the workload's tasks running.
fn pair(frame: u32) -> (Rig, Workload) {
    let mut rig = Rig::new(agent_config("edge", frame), controller_config());
    let workload = Workload::new(1, TASKS);
    rig.begin(&workload);
    (rig, workload)
}

fn frame_of(workload: &mut Workload, each: usize) -> Vec<Update> {
    workload.begin_frame();
    (0..each).map(|_| workload.draw()).collect()
}

fn wire(report: &mut Report, _: &mut Unit, scale: Scale) {
    for (each, frame, goal) in [(32, 1_200, 5.5), (1_000, LARGEST as u32, 4.0), (1, 1_200, 40.0)] {
        for with_text in [false, true] {
            let (mut rig, mut workload) = pair(frame);
            let frames = scale.of(200_000 / each.max(20));
            let mut bytes = 0;
            for _ in 0..frames {
                let updates = frame_of(&mut workload, each);
                rig.tell(&updates, with_text);
                // One frame: tombstones, which fall due with its acknowledgement, go with the next.
                rig.transmit();
                bytes += rig.up_length;
                rig.receive();
                rig.events();
                rig.answer();
            }
            bytes += rig.settle();
            let name = format!("wire_bytes_per_update_{each}{}", if with_text { "_text" } else { "" });
            report.add(&name, bytes as f64 / (frames * each) as f64, "bytes", (!with_text).then_some(goal));
        }
    }
}

/// The same several times.
fn several(times: usize, work: &mut dyn FnMut() -> (Duration, u64)) -> (Duration, u64) {
    let mut sum = (Duration::ZERO, 0);
    for _ in 0..times {
        let (took, things) = work();
        sum = (sum.0 + took, sum.1 + things);
    }
    sum
}

fn publish(report: &mut Report, unit: &mut Unit, scale: Scale) {
    // So many frames one after the other before the controller hears them: as many as may be in flight.
    const FRAMES: usize = 16;
    let (mut rig, mut workload) = pair(1_200);
    let mut buffers = vec![(0, vec![0; 1_200]); FRAMES];
    let mut round = || {
        let updates: Vec<Vec<Update>> = (0..FRAMES).map(|_| frame_of(&mut workload, 32)).collect();
        let began = ThreadTime::now();
        for (updates, (length, buffer)) in updates.iter().zip(&mut buffers) {
            rig.tell(updates, false);
            let sent = rig.agent.poll_transmit(rig.at(), buffer).expect("the buffer is large");
            *length = sent.expect("what has lingered goes out");
        }
        let took = began.elapsed();
        for (length, buffer) in &buffers {
            rig.controller.receive(rig.at(), PeerId(1), &buffer[..*length]).expect("the frame is sound");
        }
        rig.settle();
        (took, (FRAMES * 32) as u64)
    };
    for _ in 0..50 {
        round();
    }
    let ratio = unit.ratio(scale.of(200), || several(40, &mut round));
    report.add("publish_ratio", ratio, "U", Some(1.0));

    let (mut rig, mut workload) = pair(1_200);
    let mut lone = || {
        let updates: Vec<Vec<Update>> = (0..100).map(|_| frame_of(&mut workload, 1)).collect();
        let began = ThreadTime::now();
        // What becomes due with a change, a tombstone mostly, goes with the next.
        for update in &updates {
            rig.tell(update, false);
            rig.transmit();
            rig.receive();
            rig.events();
            rig.answer();
        }
        (began.elapsed(), updates.len() as u64)
    };
    for _ in 0..20 {
        lone();
    }
    let ratio = unit.ratio(scale.of(200), || several(60, &mut lone));
    report.add("end_to_end_ratio_1", ratio, "U", Some(8.0));
}

fn peers(report: &mut Report, unit: &mut Unit, scale: Scale) {
    for each in [32, 1_000] {
        codec(report, unit, scale, each);
        let batches = 64_000 / each;
        let with_text = Batches::new(1, batches, each, true);
        let without = Batches::new(1, batches, each, false);
        for peer in PEERS {
            let bytes = without.carry(peer).bytes;
            report.add(&format!("peer_{peer}_bytes_{each}"), bytes, "bytes", None);
            report.add(&format!("peer_{peer}_bytes_{each}_text"), with_text.carry(peer).bytes, "bytes", None);
            let encode = unit.ratio(scale.of(30), || {
                let cost = without.carry(peer);
                (cost.encode, cost.updates)
            });
            let decode = unit.ratio(scale.of(30), || {
                let cost = without.carry(peer);
                (cost.decode, cost.updates)
            });
            report.add(&format!("peer_{peer}_encode_ratio_{each}"), encode, "U", None);
            report.add(&format!("peer_{peer}_decode_ratio_{each}"), decode, "U", None);
        }
    }
}

/// Our own frames through encode and decode alone, to stand beside the peers.
fn codec(report: &mut Report, unit: &mut Unit, scale: Scale, each: usize) {
    let (mut rig, mut workload) = pair(LARGEST as u32);
    let bounds = Bounds { session_epoch: rig.agent.epoch(), ..Bounds::default() };
    let mut frames = Vec::new();
    for _ in 0..64_000 / each {
        rig.tell(&frame_of(&mut workload, each), false);
        rig.transmit();
        frames.push(rig.up[..rig.up_length].to_vec());
        rig.receive();
        rig.settle();
    }
    let updates = 64_000 / each as u64 * each as u64;
    let mut deltas = vec![Delta::default(); frames.len()];
    let mut headers = Vec::new();
    for (frame, delta) in frames.iter().zip(&mut deltas) {
        headers.push(decode_into(frame, &bounds, delta).expect("the frame is sound").0);
    }
    let (mut writer, mut out) = (DeltaWriter::new(), vec![0; LARGEST]);
    let encode = unit.ratio(scale.of(60), || {
        let began = ThreadTime::now();
        for (delta, header) in deltas.iter().zip(&headers) {
            writer.begin(LARGEST, delta.from, bounds.session_epoch, delta.digest.is_some(), false);
            let fits = delta.entries.iter().all(|entry| writer.push(entry))
                && delta.details.iter().all(|(slot, detail)| writer.push_detail(*slot, detail));
            let length = writer.finish(*header, StreamNumber::Reported, delta.tag, delta.digest, None, &mut out);
            assert!(fits && length > 0, "it fitted before");
        }
        (began.elapsed(), updates)
    });
    let mut scratch = Delta::default();
    let decode = unit.ratio(scale.of(60), || {
        let began = ThreadTime::now();
        for frame in &frames {
            decode_into(frame, &bounds, &mut scratch).expect("the frame is sound");
        }
        (began.elapsed(), updates)
    });
    report.add(&format!("codec_encode_ratio_{each}"), encode, "U", None);
    report.add(&format!("codec_decode_ratio_{each}"), decode, "U", None);
}

fn apply(report: &mut Report, unit: &mut Unit, scale: Scale) {
    let mut fleet = Fleet::new(scale.of(1_000), 1_000, LARGEST as u32);
    for (each, rounds, goal) in [(32, 60, 1.0), (1_000, 20, 0.8)] {
        for _ in 0..3 {
            fleet.round(each, false);
        }
        let ratio = unit.ratio(scale.of(rounds), || fleet.round(each, false));
        report.add(&format!("apply_ratio_{each}"), ratio, "U", Some(goal));
        let ratio = unit.ratio(scale.of(rounds / 2), || fleet.round(each, true));
        report.add(&format!("apply_and_commit_ratio_{each}"), ratio, "U", None);
    }
}

/// Gigabytes that can be had now, if the system says.
fn memory_available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes >> 20)
}

fn growth(report: &mut Report, unit: &mut Unit, scale: Scale) {
    let room = memory_available().unwrap_or(4);
    // Agents included, a task takes about a kilobyte here.
    let nodes = scale.of(if room >= 14 { 10_000 } else { (room as usize * 500).max(1_000) });
    let mut few = Fleet::new(10, 1_000, 1_200);
    for _ in 0..100 {
        few.round(32, false);
    }
    let small = unit.ratio(scale.of(100), || several(60, &mut || few.round(32, false)));
    drop(few);
    let mut many = Fleet::new(nodes, 1_000, 1_200);
    many.round(32, false);
    let large = unit.ratio(scale.of(20).min(8), || many.round(32, false));
    let unit_text = format!("ratio, {} M tasks to 10 k", nodes as f64 / 1_000.0);
    report.add("apply_growth", large / small, &unit_text, Some(4.0));
}

fn leases(report: &mut Report, unit: &mut Unit, scale: Scale) {
    let room = memory_available().unwrap_or(4);
    let nodes = scale.of(if room >= 8 { 1_000_000 } else { (room as usize * 100_000).max(100_000) });
    let mut fleet = IdleFleet::new(nodes);
    fleet.pass(HEARTBEAT);
    let now = Instant::from_micros(HEARTBEAT);
    let mut answer = [0; 512];
    let heartbeats = std::mem::take(&mut fleet.heartbeats);
    let mut rounds = heartbeats.chunks(nodes.div_ceil(100));
    let ratio = unit.ratio(100, || {
        // A host has just written what it hears into a buffer of its own: fetching a million boxes is not the controller's.
        let chunk = rounds.next().unwrap_or_default();
        let heard: Vec<u8> = chunk.iter().flat_map(|(_, frame)| frame.iter().copied()).collect();
        let mut rest = heard.as_slice();
        let began = ThreadTime::now();
        for (peer, frame) in chunk {
            let (frame, after) = rest.split_at(frame.len());
            rest = after;
            fleet.controller.receive(now, *peer, frame).expect("the frame is sound");
            while fleet.controller.poll_transmit(now, &mut answer).expect("large").is_some() {}
        }
        (began.elapsed(), chunk.len() as u64)
    });
    take_events(&mut fleet.controller);
    let millions = format!("U, {} M nodes", nodes as f64 / 1e6);
    report.add("heartbeat_ratio", ratio, &millions, Some(3.0));

    fleet.pass(START + 19_900_000);
    let before = median((0..20).map(|_| unit.nanos()).collect());
    let began = ThreadTime::now();
    let lost = lose_all(&mut fleet.controller, Instant::from_micros(START + 20_000_000));
    let took = began.elapsed().as_nanos() as f64;
    let after = median((0..20).map(|_| unit.nanos()).collect());
    assert_eq!(lost, nodes, "every lease runs out in one call");
    report.add("lease_expiry_ratio", took / nodes as f64 / ((before + after) / 2.0), &millions, Some(2.0));
}

fn loss(report: &mut Report, _: &mut Unit, scale: Scale) {
    let seconds = scale.of(60) as u64 * 1_000_000;
    let (mut sent, mut needed) = (0, 0);
    for seed in 0..4 {
        for (loss, bytes) in [(20, &mut sent), (0, &mut needed)] {
            let mut pair = Lossy::new(loss, seed, 200);
            pair.stream(seconds);
            *bytes += pair.sent;
        }
    }
    report.add("loss_overhead_20", sent as f64 / needed as f64, "ratio", Some(1.5));
    let times: Vec<f64> = (0..scale.of(1_000) as u64)
        .map(|seed| {
            let mut pair = Lossy::new(20, 1_000 + seed, 20);
            pair.stream(1_000_000);
            pair.converge() as f64 / (2 * ONE_WAY) as f64
        })
        .collect();
    report.add("convergence_rtt_20", median(times.clone()), "round trips, median", Some(3.0));
    report.add("convergence_rtt_20_p99", share(times, 0.99), "round trips, 99 %", Some(8.0));
}

/// 100 k agents that were cut off for a minute come back at once, to the controller that knows them and to one that knows
/// nobody.
fn storm(report: &mut Report, _: &mut Unit, scale: Scale) {
    let nodes = scale.of(100_000);
    let config = ControllerConfig { nodes: nodes as u32, ..controller_config() };
    let bound = f64::from(config.repairs);
    let mut seeds = Random(6);
    let draws: Vec<u64> = (0..nodes).map(|_| seeds.draw()).collect();
    let mut fleet = StormFleet::new(nodes, config.clone(), |n| draws[n], Baits::default());
    let most = 3_600_000_000;
    fleet.come_back(most);
    fleet.cut_for(60_000_000);
    let back = fleet.come_back(most);
    report.add("reconnect_storm_bytes", back.bytes, "bytes a node that changed nothing", Some(200.0));
    report.add("reconnect_storm_seconds", back.took as f64 / 1e6, "s of virtual time", None);
    report.add("reconnect_storm_hellos", back.hellos as f64, "HELLOs within 100 ms at most", None);
    fleet.cut_for(1_000_000);
    fleet.replace_controller(config.term(2));
    let anew = fleet.come_back(most);
    report.add("reconnect_storm", anew.repairs as f64, "repairs at once at most", Some(bound));
}

fn memory(report: &mut Report, _: &mut Unit, _: Scale) {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name("figures-heap"));
    let Some(output) = beside.and_then(|program| Command::new(program).output().ok()) else {
        eprintln!(
            "figures: no figures-heap lies beside this program; `cargo build --profile figures -p taskwire-benches --bins`"
        );
        return;
    };
    take_lines(report, &output.stdout, "figures-heap");
}

/// Finding what differs among 100 k records, beside the peers. The whole table, in more sizes, is printed by `reconcile`.
fn reconcile(report: &mut Report, _: &mut Unit, scale: Scale) {
    let records = scale.of(100_000) as u32;
    report.add("reconcile_bytes_none", reconcile::bytes_of_a_digest() as f64, "bytes", Some(16.0));
    let mut pair = Pair::new(records, true);
    for (differences, goal) in [(100u32, 20.0), (1_000, 17.0), (10_000, 17.0)] {
        let differences = differences.min(records / 10);
        // How many cells are needed is a matter of luck: the median of several.
        let mut costs: Vec<_> = (0..scale.of(15)).map(|_| pair.repair(differences)).collect();
        costs.sort_by_key(|cost| cost.finding_bytes);
        let bytes = costs[costs.len() / 2].finding_bytes as f64 / f64::from(differences);
        report.add(&format!("reconcile_bytes_per_difference_{differences}"), bytes, "bytes, median", Some(goal));
        let mut times: Vec<_> = costs.iter().map(|cost| cost.finding.as_secs_f64()).collect();
        times.sort_by(f64::total_cmp);
        let ours = times[times.len() / 2];
        let mut theirs: Vec<_> = (0..5).map(|_| reconcile::negentropy(records, differences)).collect();
        theirs.sort_by_key(|cost| cost.time);
        let peer = theirs[theirs.len() / 2];
        let goal = (differences == 1_000).then_some(1.0);
        let ratio = ours / peer.time.as_secs_f64();
        report.add(&format!("reconcile_time_ratio_{differences}"), ratio, "of negentropy's", goal);
        let bytes = peer.bytes as f64 / f64::from(differences);
        report.add(&format!("peer_negentropy_bytes_per_difference_{differences}"), bytes, "bytes", None);
    }
    let peer = reconcile::do_riblt(records, 100);
    report.add("peer_do_riblt_bytes_per_difference_100", peer.bytes as f64 / 100.0, "bytes", None);
}

/// What calls through cgo cost: a program in Go measures it, beside the same in C.
fn cgo(report: &mut Report, _: &mut Unit, _: Scale) {
    script(report, "scripts/go.sh", "figures");
}

fn text(report: &mut Report, _: &mut Unit, _: Scale) {
    script(report, "scripts/lib-small.sh", "figures");
}

/// Takes the figures that a script of the repository measures.
fn script(report: &mut Report, script: &str, argument: &str) {
    match Command::new(script).arg(argument).output() {
        Ok(output) if output.status.success() => take_lines(report, &output.stdout, script),
        Ok(output) => eprintln!("figures: {script}: {}", String::from_utf8_lossy(&output.stderr).trim_end()),
        Err(error) => eprintln!("figures: {script}: {error}; run this from the root of the repository"),
    }
}

/// Takes the figures that another program has printed.
fn take_lines(report: &mut Report, printed: &[u8], program: &str) {
    for line in String::from_utf8_lossy(printed).lines() {
        match serde_json::from_str::<serde_json::Value>(line) {
            Ok(figure) => report.take(Figure {
                name: figure["name"].as_str().unwrap_or_default().to_string(),
                value: figure["value"].as_f64().unwrap_or(f64::NAN),
                unit: figure["unit"].as_str().unwrap_or_default().to_string(),
                goal: figure["goal"].as_f64(),
            }),
            Err(error) => eprintln!("figures: {program} printed something else than a figure: {error}"),
        }
    }
}
