//! Watchers of a controller's view under any schedule: whoever reads when it likes, with the filter it likes, stopping where
//! it likes, has what the view has as soon as it has read to the view's revision, or is told that it must start over.

use std::collections::BTreeMap;

use proptest::prelude::*;
use taskwire::{
    Agent, AgentConfig, Controller, ControllerConfig, Detail, Effect, Filter, Made, Mark, NodeId, NodeStanding,
    NodeView, State, TaskId, TaskView, ViewRevision, WatchError,
};

use crate::model::{any_say, cases, say, Say};
use crate::rig::{task, Rig};
use crate::stream::{any_step, take, Step};

/// What a watcher keeps of a task.
type Look = (State, u32, u32, Made, bool, Option<Mark>, Option<Detail>);

fn look(task: TaskView<'_>) -> Look {
    let newest = task.record().newest;
    (task.state(), task.attempt(), task.number(), newest, task.is_closed(), task.mark().copied(), task.detail())
}

fn standing(node: NodeView<'_>) -> NodeStanding {
    NodeStanding {
        epoch: node.epoch(),
        reachability: node.reachability(),
        stale: node.is_stale(),
        synced: node.is_synced(),
        silent: node.silent_until().is_some(),
    }
}

struct Watcher {
    filter: Filter,
    details: bool,
    at: ViewRevision,
    nodes: BTreeMap<NodeId, NodeStanding>,
    tasks: BTreeMap<(NodeId, TaskId), Look>,
    compacted: u32,
}

impl Watcher {
    fn new(controller: &Controller, filter: Filter, details: bool) -> Watcher {
        let filter = if details { filter } else { filter.without_details() };
        let at = controller.view().revision();
        let mut watcher = Watcher { filter, details, at, nodes: BTreeMap::new(), tasks: BTreeMap::new(), compacted: 0 };
        watcher.begin(controller);
        watcher
    }

    fn begin(&mut self, controller: &Controller) {
        let view = controller.view();
        self.at = view.revision();
        let nodes = view.nodes().filter(|node| self.filter.has_node(node.id()));
        self.nodes = nodes.map(|node| (node.id(), standing(node))).collect();
        self.tasks = view.select(&self.filter).map(|task| ((task.node(), task.id()), look(task))).collect();
    }

    /// Reads so many changes at most.
    fn read(&mut self, controller: &Controller, most: usize) -> Result<(), TestCaseError> {
        let filter = self.filter.clone();
        let mut changes = match controller.changes_since(self.at, &filter) {
            Ok(changes) => changes,
            Err(WatchError::Compacted { asked, oldest }) => {
                prop_assert!(
                    asked == self.at && oldest.revision > asked.revision,
                    "{asked} is not older than {oldest}"
                );
                self.compacted += 1;
                self.begin(controller);
                return Ok(());
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        for change in changes.by_ref().take(most) {
            prop_assert!(change.revision.revision > self.at.revision, "revisions rise");
            prop_assert!(self.filter.has_node(change.node));
            self.at = change.revision;
            match change.effect {
                Effect::Task(task) => {
                    self.tasks.insert((task.node(), task.id()), look(task));
                }
                Effect::TaskGone(task) => {
                    self.tasks.remove(&(change.node, task));
                }
                Effect::Node(node) => {
                    self.nodes.insert(node.id(), standing(node));
                }
                Effect::Tasks(node) => {
                    self.tasks.retain(|(of, _), _| *of != node.id());
                    let now = node.tasks().filter(|task| filter.takes(*task));
                    self.tasks.extend(now.map(|task| ((task.node(), task.id()), look(task))));
                }
                Effect::NodeGone(node) => {
                    self.nodes.remove(&node);
                    self.tasks.retain(|(of, _), _| *of != node);
                }
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            }
        }
        if changes.next().is_none() {
            self.at = changes.revision();
            self.compare(controller)?;
        }
        Ok(())
    }

    /// The copy is what the view has.
    fn compare(&self, controller: &Controller) -> Result<(), TestCaseError> {
        let view = controller.view();
        prop_assert_eq!(self.at, view.revision());
        let nodes = view.nodes().filter(|node| self.filter.has_node(node.id()));
        prop_assert_eq!(&nodes.map(|node| (node.id(), standing(node))).collect::<BTreeMap<_, _>>(), &self.nodes);
        let plain = |mut look: Look| {
            if !self.details {
                look.6 = None;
            }
            look
        };
        let now: BTreeMap<_, _> =
            view.select(&self.filter).map(|task| ((task.node(), task.id()), plain(look(task)))).collect();
        let copy: BTreeMap<_, _> = self.tasks.iter().map(|(id, look)| (*id, plain(look.clone()))).collect();
        prop_assert_eq!(now, copy, "the copy at {} is not the view", self.at);
        Ok(())
    }
}

/// What beside frames may happen to a view.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Step(Step),
    SayOther(Say),
    Read(usize, usize),
    Restart,
    GiveUp(usize),
    ForgetNode,
}

fn any_turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        30 => any_step().prop_map(Turn::Step),
        8 => any_say(4).prop_map(Turn::SayOther),
        14 => (0usize..4, prop_oneof![Just(usize::MAX), 1usize..6]).prop_map(|(who, most)| Turn::Read(who, most)),
        1 => Just(Turn::Restart),
        1 => (0usize..4).prop_map(Turn::GiveUp),
        1 => Just(Turn::ForgetNode),
    ]
}

fn turn(rig: &mut Rig, watchers: &mut [Watcher], turn: Turn) -> Result<(), TestCaseError> {
    match turn {
        Turn::Step(step) => {
            if let Step::Say(what) = step {
                let now = rig.at();
                let _ = say(&mut rig.agents[0], now, what);
            }
            take(rig, step);
        }
        Turn::SayOther(what) => {
            let now = rig.at();
            let _ = say(&mut rig.agents[1], now, what);
            rig.collect();
        }
        Turn::Read(who, most) => watchers[who].read(&rig.controller, most)?,
        Turn::Restart => {
            let mut config = rig.agents[1].config().clone();
            config.epoch.0 += 1;
            rig.agents[1] = Agent::new(config, 77).unwrap();
        }
        Turn::GiveUp(which) => {
            if let Some(node) = rig.node(0) {
                let _ = rig.controller.give_up(node, task(which));
            }
        }
        Turn::ForgetNode => {
            if let Some(node) = rig.node(1) {
                rig.controller.forget_node(node);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(250))]

    #[test]
    fn a_watcher_that_has_read_to_the_views_revision_has_what_the_view_has(
        turns in proptest::collection::vec(any_turn(), 1..300),
        history in prop_oneof![0u32..12, Just(16_384u32)],
        detail_history in prop_oneof![0u32..12, Just(16_384u32)],
        finals_per_node in 0u32..4,
        finals in 0u32..6,
        age in 1u64..60,
        states in proptest::sample::subsequence(State::ALL.to_vec(), 0..5),
        seed in 1u64..1_000,
    ) {
        let agents = vec![AgentConfig::new("edge", 10).unwrap(), AgentConfig::new("other", 10).unwrap()];
        let mut config = ControllerConfig::new("control").unwrap();
        (config.history, config.detail_history) = (history, detail_history);
        (config.finals_per_node, config.finals) = (finals_per_node, finals);
        config.finals_age = std::time::Duration::from_secs(age);
        let mut rig = Rig::new(agents, config, seed);
        let filters = [
            Filter::everything(),
            Filter::everything().states(&states),
            Filter::everything().node(NodeId(0)),
            Filter::everything().states(&[State::Running, State::Failed]).node(NodeId(1)).node(NodeId(2)),
        ];
        let mut watchers: Vec<Watcher> = (filters.into_iter().enumerate())
            .map(|(index, filter)| Watcher::new(&rig.controller, filter, index % 2 == 0))
            .collect();
        for one in turns {
            turn(&mut rig, &mut watchers, one)?;
        }
        rig.run(5_000_000);
        for watcher in &mut watchers {
            watcher.read(&rig.controller, usize::MAX)?;
            watcher.compare(&rig.controller)?;
            prop_assert!(history + detail_history < 32_768 || watcher.compacted == 0, "nothing had to be let go");
        }
        let kept = rig.controller.view().nodes().flat_map(NodeView::tasks).filter(|task| task.is_closed()).count();
        prop_assert!(kept <= finals as usize, "{kept} finals are kept, and at most {finals} may be");
        let far = rig.controller.view().revision();
        let everything = Filter::everything();
        let ask = |revision| rig.controller.changes_since(revision, &everything).map(|_| ());
        let (mut future, mut other) = (far, far);
        future.revision += 1;
        other.incarnation ^= 1;
        prop_assert_eq!(ask(future), Err(WatchError::Future { asked: future, newest: far }));
        prop_assert_eq!(ask(other), Err(WatchError::OtherIncarnation { asked: other, newest: far }));
    }
}
