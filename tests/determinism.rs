//! The same calls always give the same bytes: two runs of one schedule say the same, a clone goes on as its original does, and
//! what was only looked at changes nothing.

#[path = "properties/rig.rs"]
mod rig;

use rig::{task, Rig, Rng};
use taskwire::{AgentConfig, ControllerConfig, Exit, Reason};

/// Two agents and a controller under a wild schedule, all of it drawn from `rng`.
fn start() -> Rig {
    let agents = ["edge", "other"].map(|node| AgentConfig::new(node, 10).unwrap());
    Rig::new(agents.to_vec(), ControllerConfig::new("control").unwrap(), 77)
}

fn step(rig: &mut Rig, rng: &mut Rng) {
    let now = rig.at();
    let (agent, n) = (rng.below(2), rng.below(12));
    match rng.below(14) {
        0 => drop(rig.agents[agent].register(now, task(n), &[n as u8; 5])),
        1 => drop(rig.agents[agent].running(now, task(n))),
        2 => drop(rig.agents[agent].succeeded(now, task(n), Exit::Code(0))),
        3 => drop(rig.agents[agent].failed(now, task(n), Reason::SIGNAL, Exit::Signal(9))),
        4 => drop(rig.agents[agent].retry(now, task(n))),
        5 => drop(rig.agents[agent].progress(now, task(n), rng.below(101) as u8)),
        6 => drop(rig.agents[agent].forget(now, task(n))),
        7 if !rig.up.is_empty() => drop(rig.up.remove(rng.below(rig.up.len()))),
        8 if !rig.down.is_empty() => drop(rig.down.remove(rng.below(rig.down.len()))),
        9 | 10 if !rig.up.is_empty() => rig.deliver_up(rng.below(rig.up.len())),
        11 | 12 if !rig.down.is_empty() => rig.deliver_down(rng.below(rig.down.len())),
        _ => {
            let longest = if rng.below(20) == 0 { 20_000_000 } else { 200_000 };
            rig.now += rng.below(longest) as u64;
            rig.timers();
        }
    }
    rig.collect();
}

fn hashes(rig: &Rig) -> Vec<u64> {
    rig.agents.iter().map(taskwire::Agent::state_hash).chain([rig.controller.state_hash()]).collect()
}

#[test]
fn the_same_calls_give_the_same_bytes_events_and_state() {
    for seed in 0..20 {
        let (mut a, mut b) = (start(), start());
        let (mut rng_a, mut rng_b) = (Rng(seed), Rng(seed));
        for _ in 0..600 {
            step(&mut a, &mut rng_a);
            step(&mut b, &mut rng_b);
        }
        assert!(a.sent.len() > 30, "seed {seed} says too little");
        assert_eq!(a.sent, b.sent, "seed {seed}");
        assert_eq!(a.events, b.events, "seed {seed}");
        assert_eq!(a.agent_events, b.agent_events, "seed {seed}");
        assert_eq!(hashes(&a), hashes(&b), "seed {seed}");
        assert_eq!(a.controller.metrics(), b.controller.metrics(), "seed {seed}");
    }
}

#[test]
fn a_clone_at_any_moment_goes_on_as_its_original_does() {
    for seed in 0..20 {
        let (mut original, mut rng) = (start(), Rng(seed + 100));
        for _ in 0..rng.below(400) {
            step(&mut original, &mut rng);
        }
        let (mut clone, mut rng_of_clone) = (original.clone(), rng.clone());
        assert_eq!(hashes(&original), hashes(&clone), "seed {seed}");
        for _ in 0..300 {
            step(&mut original, &mut rng);
            step(&mut clone, &mut rng_of_clone);
            assert_eq!(hashes(&original), hashes(&clone), "seed {seed}");
        }
        assert_eq!(original.sent, clone.sent, "seed {seed}");
        assert_eq!(original.events, clone.events, "seed {seed}");
        assert_eq!(original.controller.metrics(), clone.controller.metrics(), "seed {seed}");
    }
}

#[test]
fn a_clone_that_goes_another_way_leaves_the_original_alone() {
    let (mut original, mut rng) = (start(), Rng(5));
    for _ in 0..300 {
        step(&mut original, &mut rng);
    }
    let before = hashes(&original);
    let mut clone = original.clone();
    for _ in 0..300 {
        step(&mut clone, &mut rng);
    }
    assert_eq!(hashes(&original), before);
    assert_ne!(hashes(&clone), before);
}

#[test]
fn looking_changes_nothing() {
    let (mut rig, mut rng) = (start(), Rng(9));
    for _ in 0..500 {
        step(&mut rig, &mut rng);
        let before = hashes(&rig);
        let now = rig.at();
        for agent in &rig.agents {
            let _ = (agent.sync_state(), agent.lease(now), agent.phase(), agent.is_durable(), agent.next_timeout());
            let _ =
                (agent.next_timeout_reason(), agent.base_digests(), agent.tasks().count(), agent.metrics().arrivals());
        }
        for node in rig.controller.view().nodes() {
            let _ = (node.is_synced(), node.reachability(), node.received(), node.tasks().count());
            let _: Vec<_> = node.tasks().map(|task| (task.state(), task.freshness(now).to_string())).collect();
        }
        let _ = (rig.controller.next_timeout(), rig.controller.next_timeout_reason(), rig.controller.sizes());
        assert_eq!(hashes(&rig), before);
    }
}

#[test]
fn different_seeds_give_different_nonces_but_one_history_for_the_same_calls() {
    let tails: Vec<_> = (1..4)
        .map(|seed| {
            let mut rig =
                Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], ControllerConfig::new("control").unwrap(), seed);
            let now = rig.at();
            rig.agents[0].register(now, task(1), b"x").unwrap();
            rig.agents[0].running(now, task(1)).unwrap();
            (rig.agents[0].nonce(), rig.agents[0].table().position())
        })
        .collect();
    assert!(tails.windows(2).all(|pair| pair[0].0 != pair[1].0 && pair[0].1 == pair[1].1), "{tails:?}");
}
