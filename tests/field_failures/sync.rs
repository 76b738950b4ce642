//! The sync engine: watching, and what is compared.

use std::collections::BTreeSet;
use std::time::Duration;

use taskwire::wire::{decode, encode, Body, Bounds, Heartbeat, Kind};
use taskwire::{
    AgentConfig, Controller, ControllerConfig, Digest, Effect, Exit, Filter, Tag, TaskId, ViewRevision, WatchError,
};

use crate::rig::{task, Rig};
use crate::SECOND;

// etcd: a delete was lost when watching at the compacted revision; old events came on a watch of the future; a slow watcher
// was starved.
#[test]
fn field_31_a_watcher_learns_of_every_removal_or_that_its_revision_is_compacted() {
    let mut config = ControllerConfig::new("control").unwrap();
    config.history = 6;
    config.finals_age = Duration::from_secs(3);
    let mut rig = Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], config, 1);
    rig.connect();
    let filter = Filter::everything().without_details();
    // A copy of the set of tasks at each revision there ever was: a watcher of each, that reads only much later.
    let mut copies: Vec<(ViewRevision, BTreeSet<TaskId>)> = Vec::new();
    let note = |rig: &Rig, copies: &mut Vec<(ViewRevision, BTreeSet<TaskId>)>| {
        let view = rig.controller.view();
        if copies.last().is_none_or(|(at, _)| *at != view.revision()) {
            copies.push((view.revision(), view.select(&filter).map(|task| task.id()).collect()));
        }
    };
    let (mut removals, mut compacted) = (0, 0);
    for n in 0..12 {
        let now = rig.at();
        let agent = &mut rig.agents[0];
        agent.register(now, task(n), b"").unwrap();
        agent.running(now, task(n)).unwrap();
        agent.succeeded(now, task(n), Exit::Code(0)).unwrap();
        agent.forget(now, task(n)).unwrap();
        for _ in 0..10 {
            note(&rig, &mut copies);
            rig.run(SECOND / 10);
        }
        // From the past, from the compacted revision itself, and from the tip: every change, or `Compacted`, never silence.
        for (at, copy) in &copies {
            let mut copy = copy.clone();
            match rig.controller.changes_since(*at, &filter) {
                Ok(changes) => {
                    let newest = changes.revision();
                    for change in changes {
                        match change.effect {
                            Effect::Task(now) => drop(copy.insert(now.id())),
                            Effect::TaskGone(gone) => removals += usize::from(copy.remove(&gone)),
                            _ => {}
                        }
                    }
                    let now: BTreeSet<TaskId> = rig.controller.view().select(&filter).map(|task| task.id()).collect();
                    assert_eq!((newest, copy), (rig.controller.view().revision(), now), "read from {at}");
                }
                Err(WatchError::Compacted { asked, oldest }) => {
                    assert!(asked == *at && asked.revision < oldest.revision);
                    compacted += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(removals > 20 && compacted > 20, "{removals} removals were told, {compacted} times compacted");
    // A watch of the future is no watch that waits: it is an error that names the newest revision.
    let newest = rig.controller.view().revision();
    let future = ViewRevision { revision: newest.revision + 1, ..newest };
    let told = rig.controller.changes_since(future, &filter).map(|_| ());
    assert_eq!(told, Err(WatchError::Future { asked: future, newest }));
    // At the tip there is nothing, and the answer names its revision.
    let mut nothing = rig.controller.changes_since(newest, &filter).unwrap();
    assert!(nothing.next().is_none() && nothing.revision() == newest);
    // So does a controller that began anew: it is another view.
    let anew = Controller::new(ControllerConfig::new("control").unwrap().term(2), 3).unwrap();
    let told = anew.changes_since(newest, &filter).map(|_| ());
    assert_eq!(told, Err(WatchError::OtherIncarnation { asked: newest, newest: anew.view().revision() }));
}

// etcd: the corruption check passed when the hash request failed or the peer lagged.
#[test]
fn field_32_a_digest_of_another_position_is_inconclusive_and_asked_for_again_and_never_taken_for_equal() {
    let mut config = ControllerConfig::new("control").unwrap();
    config.events_per_node = 4;
    let mut rig = Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], config, 1);
    rig.connect();
    let counts = |rig: &Rig| {
        let metrics = rig.controller.metrics();
        (metrics.digests_equal_total, metrics.digests_inconclusive_total, metrics.drift_found_total)
    };
    // The peer lags, as its host does not poll: each heartbeat names a tip beyond it, compares nothing, and says so.
    rig.polls = false;
    let now = rig.at();
    for n in 0..20 {
        rig.agents[0].register(now, task(n), b"").unwrap();
    }
    rig.run(10 * SECOND);
    let before = counts(&rig);
    rig.sent.clear();
    rig.run(60 * SECOND);
    // A heartbeat of the controller's names the tip of *desired*, and that is nothing yet.
    let is_agents = |frame: &&Vec<u8>| match decode(frame, &Bounds::default()).unwrap().body {
        Body::Heartbeat(heartbeat) => heartbeat.digest.is_some(),
        _ => false,
    };
    let sent = rig.sent.iter().filter(is_agents).count() as u64;
    assert!(sent >= 12 && rig.controller.table(rig.node(0).unwrap()).unwrap().len() < 20, "{sent}");
    assert_eq!(counts(&rig), (before.0, before.1 + sent, before.2));
    rig.polls = true;
    // Once it stands there, the next digest tells.
    assert!(rig.run_until(30 * SECOND, |rig| counts(rig).0 > before.0));
    assert_eq!(counts(&rig).2, before.2);

    // A heartbeat of the agent's, changed on its way: which digest it gives for which position.
    rig.run(6 * SECOND);
    let forge = |rig: &Rig, forge: &dyn Fn(&mut Heartbeat)| {
        let mut rig = rig.clone();
        loop {
            rig.now = rig.deadline().unwrap();
            rig.timers();
            rig.collect();
            if let Some((_, frame)) = rig.up.iter_mut().find(|(_, frame)| frame[1] == Kind::Heartbeat as u8) {
                let mut parsed = decode(frame, &Bounds::default()).unwrap();
                let Body::Heartbeat(heartbeat) = &mut parsed.body else { panic!("no heartbeat") };
                forge(heartbeat);
                let mut out = vec![0u8; 1_200];
                let length = encode(parsed.header, &parsed.body, &mut out).unwrap();
                *frame = out[..length].to_vec();
                break;
            }
        }
        let before = counts(&rig);
        while !rig.up.is_empty() {
            rig.deliver_up(0);
        }
        let after = counts(&rig);
        // Whatever it was, the next one that can be compared is, and all is well in the end.
        assert!(rig.run_until(60 * SECOND, |rig| counts(rig).0 > after.0 && rig.same(0)));
        (after.0 - before.0, after.1 - before.1, after.2 - before.2)
    };
    let held = rig.agents[0].table().digest();
    let wrong = Digest(held.0 ^ 1);
    assert_eq!(forge(&rig, &|_| ()), (1, 0, 0));
    assert_eq!(forge(&rig, &|heartbeat| heartbeat.digest = Some(wrong)), (0, 0, 1));
    // The same revision of another history, one behind and one ahead: not equal though the digest is the one held, and no
    // drift though it is not. No digest at all says nothing either.
    for digest in [Some(held), Some(wrong), None] {
        let tag = |heartbeat: &mut Heartbeat| heartbeat.tip.tag = Tag(heartbeat.tip.tag.0 ^ 1);
        let ahead = |heartbeat: &mut Heartbeat| heartbeat.tip.revision.0 += 1;
        let behind = |heartbeat: &mut Heartbeat| heartbeat.tip.revision.0 -= 1;
        for place in [tag, ahead, behind] {
            let told = forge(&rig, &|heartbeat| {
                place(heartbeat);
                heartbeat.digest = digest;
            });
            assert_eq!(told, (0, 1, 0), "{digest:?}");
        }
    }
    assert_eq!(forge(&rig, &|heartbeat| heartbeat.digest = None), (0, 1, 0));
}
