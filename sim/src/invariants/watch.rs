//! Watchers of the controller's view, of several speeds and with several filters, and the check of what they read:
//! watch-has-no-hole. Each keeps a copy; whenever it has read to the view's revision, the copy is what the view has.

use std::collections::BTreeMap;

use taskwire::{
    Controller, Detail, Effect, Filter, Made, Mark, NodeId, NodeStanding, NodeView, State, TaskId, TaskView,
    ViewRevision, WatchError,
};

use super::{fail, Check, Invariant};
use crate::hold;
use crate::rng::Rng;
use crate::world::World;

/// What a watcher keeps of a task.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Look {
    state: State,
    attempt: u32,
    number: u32,
    newest: Made,
    closed: bool,
    mark: Option<Mark>,
    detail: Option<Detail>,
}

fn look(task: TaskView<'_>, details: bool) -> Look {
    Look {
        state: task.state(),
        attempt: task.attempt(),
        number: task.number(),
        newest: task.record().newest,
        closed: task.is_closed(),
        mark: task.mark().copied(),
        detail: task.detail().filter(|_| details),
    }
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

/// One watcher and its copy.
#[derive(Clone, Debug, Default)]
struct Watcher {
    filter: Filter,
    details: bool,
    /// It reads once in so many calls of the controller.
    every: u64,
    /// So many changes in one go at most.
    most: usize,
    at: Option<ViewRevision>,
    nodes: BTreeMap<NodeId, NodeStanding>,
    tasks: BTreeMap<(NodeId, TaskId), Look>,
}

/// All watchers of a run.
#[derive(Clone, Debug)]
pub struct Watchers {
    list: Vec<Watcher>,
    rng: Rng,
}

impl Watchers {
    /// Draws the watchers of a seed, from a generator of their own: they change nothing that they watch.
    pub fn draw(seed: u64) -> Watchers {
        let mut rng = Rng::new(seed ^ 0x7761_7463_6865_7273);
        let mut list = vec![Watcher { details: true, every: rng.magnitude(1, 4), most: 64, ..Watcher::default() }];
        for _ in 0..rng.range(1, 3) {
            let details = rng.below(2) == 0;
            let mut filter = if details { Filter::everything() } else { Filter::everything().without_details() };
            if rng.below(2) == 0 {
                filter = filter.node(NodeId(rng.below(3) as u32));
            }
            if rng.below(2) == 0 {
                let states: Vec<State> = State::ALL.into_iter().filter(|_| rng.below(2) == 0).collect();
                filter = filter.states(&states);
            }
            let (every, most) = (rng.magnitude(2, 400), rng.magnitude(1, 64) as usize);
            list.push(Watcher { filter, details, every, most, ..Watcher::default() });
        }
        Watchers { list, rng }
    }
}

impl Watcher {
    fn now(&self, controller: &Controller) -> (BTreeMap<NodeId, NodeStanding>, BTreeMap<(NodeId, TaskId), Look>) {
        let view = controller.view();
        let nodes = view.nodes().filter(|node| self.filter.has_node(node.id()));
        let tasks = view.select(&self.filter).map(|task| ((task.node(), task.id()), look(task, self.details)));
        (nodes.map(|node| (node.id(), standing(node))).collect(), tasks.collect())
    }

    /// Starts over from a snapshot.
    fn begin(&mut self, controller: &Controller) {
        (self.nodes, self.tasks) = self.now(controller);
        self.at = Some(controller.view().revision());
    }

    /// Reads; says whether it has read to the end.
    fn read(&mut self, controller: &Controller, at: ViewRevision) -> Check<bool> {
        let filter = self.filter.clone();
        let newest = controller.view().revision();
        let mut changes = match controller.changes_since(at, &filter) {
            Ok(changes) => changes,
            Err(WatchError::Compacted { asked, oldest }) => {
                let right = asked == at && asked.revision < oldest.revision && oldest.revision <= newest.revision;
                hold!(WatchHasNoHole, right, "{at} is compacted, it is said, and {oldest} is the oldest of {newest}");
                self.begin(controller);
                return Ok(true);
            }
            Err(WatchError::OtherIncarnation { .. }) if at.incarnation != newest.incarnation => {
                self.begin(controller);
                return Ok(true);
            }
            Err(error) => return fail(Invariant::WatchHasNoHole, format!("read from {at}: {error}")),
        };
        hold!(
            WatchHasNoHole,
            at.incarnation == newest.incarnation,
            "{at} of another incarnation than {newest} was read"
        );
        let mut reached = at;
        for change in changes.by_ref().take(self.most) {
            let in_order = change.revision.revision > reached.revision && change.revision.revision <= newest.revision;
            hold!(WatchHasNoHole, in_order, "after {reached} came {}, and {newest} is the newest", change.revision);
            reached = change.revision;
            self.follow(change.effect)?;
            if let (Effect::TaskGone(task), node) = (change.effect, change.node) {
                self.tasks.remove(&(node, task));
            }
        }
        let done = changes.next().is_none();
        self.at = Some(if done { changes.revision() } else { reached });
        Ok(done)
    }

    fn follow(&mut self, effect: Effect<'_>) -> Check {
        match effect {
            Effect::Task(task) => {
                self.tasks.insert((task.node(), task.id()), look(task, self.details));
            }
            Effect::TaskGone(_) => {}
            Effect::Node(node) => {
                self.nodes.insert(node.id(), standing(node));
            }
            Effect::Tasks(node) => {
                self.tasks.retain(|(of, _), _| *of != node.id());
                let tasks = node.tasks().filter(|task| self.filter.takes(*task));
                self.tasks.extend(tasks.map(|task| ((task.node(), task.id()), look(task, self.details))));
            }
            Effect::NodeGone(node) => {
                self.nodes.remove(&node);
                self.tasks.retain(|(of, _), _| *of != node);
            }
            other => return fail(Invariant::WatchHasNoHole, format!("an unknown effect: {other:?}")),
        }
        Ok(())
    }
}

impl World {
    /// Lets those read whose turn it is, after a call of the controller.
    pub(crate) fn watch(&mut self) -> Check {
        let mut watchers = std::mem::replace(&mut self.watchers, Watchers { list: Vec::new(), rng: Rng::new(0) });
        for (index, watcher) in watchers.list.iter_mut().enumerate() {
            if watchers.rng.below(watcher.every) == 0 {
                self.let_read(index, watcher, &mut watchers.rng)?;
            }
        }
        self.watchers = watchers;
        Ok(())
    }

    fn let_read(&mut self, index: usize, watcher: &mut Watcher, rng: &mut Rng) -> Check {
        let controller = &self.host.controller;
        let newest = controller.view().revision();
        let Some(at) = watcher.at else {
            watcher.begin(controller);
            return Ok(());
        };
        if rng.below(64) == 0 {
            let future = ViewRevision { revision: newest.revision + 1 + rng.below(9), ..newest };
            let told = controller.changes_since(future, &watcher.filter).map(|_| ());
            let right = told == Err(WatchError::Future { asked: future, newest });
            hold!(WatchHasNoHole, right, "{future} is of the future, and to read from it gave {told:?}");
        }
        if !watcher.read(controller, at)? {
            return Ok(());
        }
        if self.nodes.iter().any(|node| node.altered.is_some()) {
            // What is altered in memory is in no history; after its repair it is.
            return Ok(());
        }
        let told_anything = at != newest;
        let (nodes, tasks) = watcher.now(controller);
        let misled = told_anything && self.tally.met(Invariant::WatchHasNoHole);
        hold!(
            WatchHasNoHole,
            nodes == watcher.nodes && tasks == watcher.tasks && !misled,
            "watcher {index} ({:?}) has read from {at} to {newest}, and has {:?} {:?}; the view has {nodes:?} {tasks:?}",
            watcher.filter,
            watcher.nodes,
            watcher.tasks
        );
        Ok(())
    }
}
