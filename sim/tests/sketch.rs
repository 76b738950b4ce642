//! Repairs that find what differs and tell that alone: how much they send, that the view is right afterwards whatever differs,
//! and that all is told where finding it fails.

#[path = "../../tests/properties/rig.rs"]
mod rig;

use rig::{task, Rig};
use taskwire::wire::{decode, Body, Bounds, Cells, Kind};
use taskwire::{AgentConfig, ControllerConfig, Slot, State};

fn served(tasks: usize, sketch_from: u32) -> Rig {
    let mut config = AgentConfig::new("edge", 10).unwrap();
    config.pace.sketch_from = sketch_from;
    let mut rig = Rig::new(vec![config], ControllerConfig::new("control").unwrap(), 3);
    rig.connect();
    for n in 0..tasks {
        let now = rig.at();
        rig.agents[0].register(now, task(n), b"metadata of a task").unwrap();
        if n % 64 == 63 {
            rig.connect();
        }
    }
    rig.connect();
    rig
}

/// Frames that were sent since the last call, decoded: how many of each kind, and their bytes.
fn sent(rig: &mut Rig, kind: Kind) -> (usize, usize) {
    let of_kind: Vec<usize> = rig
        .sent
        .iter()
        .filter(|bytes| decode(bytes, &Bounds::default()).unwrap().header.kind == kind)
        .map(Vec::len)
        .collect();
    (of_kind.len(), of_kind.iter().sum())
}

/// Alters records at the controller with their hashes, so that the next digest shows it.
fn alter(rig: &mut Rig, slots: impl Iterator<Item = u32>) {
    let id = rig.controller.node("edge").unwrap();
    for slot in slots {
        assert!(rig.controller.table_mut(id).unwrap().falsify(Slot(slot), |record| record.state = State::Failed));
    }
    rig.sent.clear();
}

#[test]
fn a_few_records_that_differ_cost_a_few_cells_and_those_records() {
    let mut rig = served(1_000, 64);
    alter(&mut rig, [3, 500, 999].into_iter());
    rig.run(11_000_000);
    assert!(rig.same(0));
    assert_eq!(rig.agents[0].metrics().patches_total, 1);
    let (snapshot_frames, snapshot_bytes) = sent(&mut rig, Kind::Snapshot);
    assert!(snapshot_frames == 1 && snapshot_bytes < 300, "{snapshot_frames} parts, {snapshot_bytes} bytes");
    let (_, sketch_bytes) = sent(&mut rig, Kind::Sketch);
    assert!(sketch_bytes < 1_300, "{sketch_bytes}");
}

#[test]
fn damage_in_a_record_whose_hash_was_left_is_among_what_differs() {
    let mut rig = served(200, 64);
    let id = rig.controller.node("edge").unwrap();
    assert!(rig.controller.table_mut(id).unwrap().damage(Slot(20), |record| record.number += 1));
    rig.run(5_000_000 * 34);
    assert!(rig.same(0));
    assert_eq!(rig.agents[0].metrics().patches_total, 1);
}

#[test]
fn many_differences_are_found_in_several_frames_through_loss() {
    let mut rig = served(1_000, 64);
    alter(&mut rig, (0..1_000).step_by(5));
    let mut rng = rig::Rng(5);
    let id = rig.controller.node("edge").unwrap();
    for _ in 0..400 {
        rig.collect();
        // One frame in four is lost, either way.
        while !rig.up.is_empty() || !rig.down.is_empty() {
            let lost = rng.below(4) == 0;
            match (rig.up.is_empty(), lost) {
                (false, true) => drop(rig.up.remove(0)),
                (false, false) => rig.deliver_up(0),
                (true, true) => drop(rig.down.remove(0)),
                (true, false) => rig.deliver_down(0),
            }
        }
        rig.now += 50_000;
        rig.timers();
    }
    rig.run(60_000_000);
    assert!(rig.same(0));
    assert!(rig.agents[0].metrics().patches_total >= 1);
    assert_eq!(rig.controller.table(id).unwrap().len(), 1_000);
}

#[test]
fn all_is_told_when_most_records_differ() {
    let mut rig = served(300, 64);
    alter(&mut rig, 0..300);
    rig.run(11_000_000);
    assert!(rig.same(0));
    assert_eq!(rig.agents[0].metrics().patches_total, 0);
    assert!(sent(&mut rig, Kind::Snapshot).0 > 3);
}

#[test]
fn all_is_told_when_no_cells_come_and_when_they_are_made_up() {
    for made_up in [false, true] {
        let mut rig = served(300, 64);
        alter(&mut rig, [7].into_iter());
        for _ in 0..2_000 {
            rig.collect();
            while !rig.up.is_empty() {
                rig.deliver_up(0);
            }
            for (peer, mut bytes) in std::mem::take(&mut rig.down) {
                let mut frame = decode(&bytes, &Bounds::default()).unwrap();
                if let Body::Sketch(sketch) = &mut frame.body {
                    if !made_up {
                        continue;
                    }
                    if let Cells::Given { bytes, .. } = &mut sketch.cells {
                        bytes.iter_mut().enumerate().for_each(|(n, byte)| *byte = (n * n) as u8);
                    }
                    let mut out = vec![0; 2_000];
                    let length = taskwire::wire::encode(frame.header, &frame.body, &mut out).unwrap();
                    bytes = out[..length].to_vec();
                }
                rig.down.push((peer, bytes));
            }
            while !rig.down.is_empty() {
                rig.deliver_down(0);
            }
            rig.now += 20_000;
            rig.timers();
        }
        assert!(rig.same(0), "made up: {made_up}");
        assert_eq!(rig.agents[0].metrics().patches_total, 0);
    }
}
