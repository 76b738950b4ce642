//! The figures of memory: what tasks, nodes and a small agent take from the heap, and how many allocations an update costs.
//! A program of its own, as its allocator counts, which would slow the peers in the figures of time. Prints one JSON object
//! a line.

use std::alloc::System;

use stats_alloc::{Region, StatsAlloc, INSTRUMENTED_SYSTEM};
use taskwire::{AgentConfig, Controller, ControllerConfig, Instant, Limits, PeerId};
use taskwire_benches::fleet::{take_events, Fleet};
use taskwire_benches::report::Report;
use taskwire_benches::rig::{agent_config, controller_config, Rig, LARGEST};
use taskwire_benches::workload::{Random, Workload, TASKS};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let mut report = Report::default();
    allocations(&mut report);
    nodes(&mut report);
    tasks(&mut report);
    small_agent(&mut report);
}

/// Bytes that are held now.
fn held() -> usize {
    let stats = HEAP.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn carry(rig: &mut Rig, workload: &mut Workload, frames: usize, each: usize) -> u64 {
    let mut updates = Vec::with_capacity(each);
    let region = Region::new(HEAP);
    for _ in 0..frames {
        updates.clear();
        workload.begin_frame();
        updates.extend((0..each).map(|_| workload.draw()));
        rig.tell(&updates, false);
        rig.settle();
    }
    let change = region.change();
    (change.allocations + change.reallocations) as u64
}

fn allocations(report: &mut Report) {
    let mut rig = Rig::new(agent_config("edge", LARGEST as u32), controller_config());
    let mut workload = Workload::new(1, TASKS);
    rig.begin(&workload);
    carry(&mut rig, &mut workload, 20_000, 32);
    let taken = carry(&mut rig, &mut workload, 3_000, 32);
    report.add("allocs_per_update", taken as f64 / 96_000.0, "allocations, both roles", Some(0.0));
}

fn nodes(report: &mut Report) {
    const NODES: usize = 20_000;
    let config = ControllerConfig { nodes: NODES as u32, ..controller_config() };
    let mut controller = Controller::new(config, 5).expect("the settings are sound");
    let before = held();
    let (now, mut buffer) = (Instant::from_micros(1_000_000), vec![0; 1_200]);
    let mut seeds = Random(6);
    for index in 0..NODES {
        let config = agent_config(&format!("node-{index:05}"), 1_200);
        let mut agent = taskwire::Agent::new(config, seeds.draw()).expect("sound");
        while agent.session().is_none() {
            while let Some(length) = agent.poll_transmit(now, &mut buffer).expect("large") {
                controller.receive(now, PeerId(index as u64), &buffer[..length]).expect("the frame is sound");
            }
            while let Some((_, length)) = controller.poll_transmit(now, &mut buffer).expect("large") {
                agent.receive(now, &buffer[..length]).expect("the frame is sound");
            }
        }
        take_events(&mut controller);
    }
    let bytes = (held() - before) as f64 / NODES as f64;
    report.add("controller_bytes_per_node", bytes, "bytes, idle", Some(1_024.0));
}

fn tasks(report: &mut Report) {
    const NODES: usize = 50;
    let bytes_of = |tasks: usize| {
        let fleet = Fleet::new(NODES, tasks, 1_200);
        let whole = held();
        drop(fleet.controller);
        whole - held()
    };
    let per_task = (bytes_of(1_000) - bytes_of(0)) as f64 / (NODES * 1_000) as f64;
    report.add("controller_bytes_per_task", per_task, "bytes", Some(112.0));
}

/// 64 tasks that live at a time, with the room around them that their ends need; no finals are kept for snapshots.
fn small_agent(report: &mut Report) {
    const LIVE: usize = 64;
    let mut config: AgentConfig = agent_config("edge", 1_200);
    config.limits = Limits { slots: 128, log: 512, finals: 0, ..config.limits };
    config.events = 16;
    let mut rig = Rig::new(config, controller_config());
    let mut workload = Workload::new(1, LIVE);
    rig.begin(&workload);
    carry(&mut rig, &mut workload, 2_000, 16);
    let whole = held();
    drop(rig.agent);
    report.add("agent_ram_bytes_64", (whole - held()) as f64, "bytes", Some(16_384.0));
}
