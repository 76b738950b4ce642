//! Records altered in memory: found within one round of recounting, on either side; repaired at the controller from the
//! agent, named at the agent and never sent as a change.

#[path = "../../tests/properties/rig.rs"]
mod rig;

use rig::{task, Rig};
use taskwire::{AgentConfig, AgentEvent, ControllerConfig, Exit, Illegal, Slot, State, TaskError};

/// Turns in which all records are recounted.
const ROUND: u32 = 32;

fn served(tasks: usize) -> Rig {
    let mut rig = Rig::new(vec![AgentConfig::new("edge", 10).unwrap()], ControllerConfig::new("control").unwrap(), 3);
    rig.connect();
    for n in 0..tasks {
        let now = rig.at();
        rig.agents[0].register(now, task(n), b"metadata").unwrap();
        rig.agents[0].running(now, task(n)).unwrap();
    }
    rig.connect();
    rig
}

fn intervals(rig: &mut Rig, count: u32) {
    rig.run(u64::from(count) * 5_000_000);
}

#[test]
fn damage_at_the_controller_is_found_within_a_round_and_repaired_from_the_agent() {
    for slot in [0, 7, 39] {
        let mut rig = served(40);
        let id = rig.controller.node("edge").unwrap();
        let digest = rig.agents[0].table().digest();
        assert!(rig.controller.table_mut(id).unwrap().damage(Slot(slot), |record| record.number += 1));
        intervals(&mut rig, ROUND + 2);
        assert_eq!(rig.controller.metrics().drift_found_total, 1, "slot {slot}");
        let table = rig.controller.table(id).unwrap();
        assert_eq!((table.digest(), table.recount()), (digest, digest));
        assert_eq!(table.get(Slot(slot)).unwrap().number, 2);
    }
}

#[test]
fn a_record_that_differs_with_its_hash_is_found_by_the_next_digest() {
    let mut rig = served(8);
    let id = rig.controller.node("edge").unwrap();
    assert!(rig.controller.table_mut(id).unwrap().falsify(Slot(3), |record| record.state = State::Failed));
    intervals(&mut rig, 2);
    assert_eq!(rig.controller.metrics().drift_found_total, 1);
    assert_eq!(rig.controller.table(id).unwrap().digest(), rig.agents[0].table().digest());
}

#[test]
fn damage_at_the_agent_is_named_and_nothing_is_made_of_the_record() {
    let mut rig = served(40);
    let id = rig.controller.node("edge").unwrap();
    let before = rig.controller.table(id).unwrap().digest();
    assert!(rig.agents[0].table_mut().damage(Slot(21), |record| record.attempt = 7));
    let now = rig.at();
    let refused = rig.agents[0].succeeded(now, task(21), Exit::Code(0));
    assert_eq!(refused, Err(TaskError::Illegal(Illegal::Damaged { slot: Slot(21) })));
    rig.agents[0].succeeded(now, task(20), Exit::Code(0)).unwrap();
    intervals(&mut rig, ROUND + 2);
    let named = rig.agent_events.iter().any(|(_, event)| *event == AgentEvent::Damaged { task: task(21) });
    assert!(named, "the host was not told");
    let table = rig.controller.table(id).unwrap();
    assert_eq!(table.get(Slot(21)).unwrap().attempt, 0, "the altered record reached the controller");
    assert_eq!(table.get(Slot(20)).unwrap().state, State::Succeeded);
    assert_ne!(table.digest(), before);
}
