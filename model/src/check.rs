//! The properties: what must hold after a step of an agent, of the controller, and at a quiet point. Their names are those
//! of the simulator's invariants. The true log that they are held against is kept in the state.

use std::fmt;

use taskwire::{AgentEvent, ControllerEvent, NodeId, Phase, Position, State as TaskState, TaskError, Transition};

use crate::bounds::{Call, AGENTS};
use crate::state::{AgentPart, ControllerPart, Known, Sighted, State};

macro_rules! properties {
    ($($name:ident $text:literal,)*) => {
        /// One property.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs)]
        pub enum Property { $($name,)* }

        impl Property {
            /// All of them.
            pub const ALL: &'static [(Property, &'static str)] = &[$((Property::$name, $text),)*];
        }
    };
}

properties! {
    LegalMovesOnly "legal-moves-only",
    NumbersDense "numbers-dense",
    AdmittedCanEnd "admitted-can-end",
    KeptUntilDurable "kept-until-durable",
    CursorMeansHave "cursor-means-have",
    ExactlyOnceInOrder "exactly-once-in-order",
    NothingLost "nothing-lost",
    FencedOnlyByLarger "fenced-only-by-larger",
    RegressionAnnouncedFirst "regression-announced-first",
    NothingShownUnjournaled "nothing-shown-unjournaled",
    WriteAheadResumes "write-ahead-resumes",
    RestoreEqualsConfirmed "restore-equals-confirmed",
    DigestEqualsRecount "digest-equals-recount",
    NoFalseDrift "no-false-drift",
    EveryFrameAccounted "every-frame-accounted",
    Converges "converges",
    DeadlineIsHonest "deadline-is-honest",
}

/// How often each property was asked.
pub type Tally = [u64; Property::ALL.len()];

/// A property that does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which.
    pub property: Property,
    /// What was found.
    pub text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Property::ALL[self.property as usize].1, self.text)
    }
}

/// What a check gives.
pub type Check<T = ()> = Result<T, Failure>;

/// Counts that a property was asked, and fails unless the condition holds.
macro_rules! hold {
    ($tally:expr, $property:ident, $condition:expr, $($text:tt)+) => {
        $tally[$crate::check::Property::$property as usize] += 1;
        if !$condition {
            return Err($crate::check::Failure { property: $crate::check::Property::$property, text: format!($($text)+) });
        }
    };
}
pub(crate) use hold;

/// After any call of an agent: the true log grows by what it made, and what it let go of was durable.
pub fn agent(index: usize, part: &mut AgentPart, base: Position, nodes: &[Known; AGENTS], tally: &mut Tally) -> Check {
    let table = part.agent.table();
    let (tail, digest) = (table.position(), table.digest());
    let before = part.chain.len() as u64;
    if tail.revision.0 == before + 1 {
        part.chain.push((tail, digest));
        part.known.insert(tail, digest);
    }
    let now = part.chain.last().copied().unwrap_or_default();
    hold!(
        tally,
        DigestEqualsRecount,
        now == (tail, digest),
        "agent {index}: it stands at {tail}, the true log at {now:?}"
    );
    hold!(
        tally,
        DigestEqualsRecount,
        table.recount() == digest,
        "agent {index}: its digest is not that of its records"
    );
    let (kept, counted) = part.agent.base_digests();
    hold!(
        tally,
        DigestEqualsRecount,
        kept == counted,
        "agent {index}: its digest at base is not that of the records there"
    );
    let new = part.agent.base();
    if new != base {
        let safe = |p: &Position| p.revision >= new.revision && part.known.contains_key(p);
        let durable = nodes[index].committed.iter().any(safe) && part.known.contains_key(&new);
        hold!(tally, KeptUntilDurable, durable, "agent {index}: base moved to {new}, which nobody has committed");
    }
    if part.agent.journal_needed_from() > 0 || part.agent.config().durability == taskwire::Durability::WriteAhead {
        let tip = part.agent.tip().revision.0;
        hold!(
            tally,
            NothingShownUnjournaled,
            tip <= part.safe,
            "agent {index}: it tells of {tip}, safe is {}",
            part.safe
        );
    }
    Ok(())
}

/// An answer to a host's call.
pub fn answer<T>(index: usize, call: Call, answer: &Result<T, TaskError>, tally: &mut Tally) -> Check {
    if !matches!(call, Call::Register(_) | Call::Retry(_)) {
        let full = matches!(answer, Err(TaskError::Full { .. }));
        hold!(tally, AdmittedCanEnd, !full, "agent {index}: {call:?} found no room");
    }
    Ok(())
}

/// An agent's news.
pub fn agent_event(index: usize, part: &AgentPart, event: &AgentEvent, controllers: u64, tally: &mut Tally) -> Check {
    match event {
        AgentEvent::Fenced { seen, twin } => {
            let larger = seen.0 > part.agent.epoch().0 && !twin && seen.0 <= part.life + 1;
            hold!(
                tally,
                FencedOnlyByLarger,
                larger,
                "agent {index}: fenced by {seen}, its own is {}",
                part.agent.epoch()
            );
        }
        AgentEvent::SessionOpened { verdict, .. } if part.safe > 0 && !part.lost && controllers == 0 => {
            let resumes = *verdict == taskwire::wire::Verdict::Resume;
            hold!(
                tally,
                WriteAheadResumes,
                resumes || part.life == 0,
                "agent {index}: it came back and was judged {verdict}"
            );
        }
        _ => {}
    }
    Ok(())
}

/// After any call of the controller: its copies are what the agents had at the positions claimed.
pub fn controller(part: &ControllerPart, agents: [&AgentPart; AGENTS], tally: &mut Tally) -> Check {
    for (index, agent) in agents.into_iter().enumerate() {
        let Some((id, table)) = node_of(part, index).and_then(|id| Some((id, part.controller.table(id)?))) else {
            continue;
        };
        let (at, digest) = (table.position(), table.digest());
        hold!(
            tally,
            DigestEqualsRecount,
            table.recount() == digest,
            "node {index}: the digest is not that of the records"
        );
        let truth = if at == Position::START { Some(taskwire::Digest(0)) } else { agent.known.get(&at).copied() };
        hold!(
            tally,
            CursorMeansHave,
            truth == Some(digest),
            "node {index}: it claims {at} with {digest}, truth is {truth:?}"
        );
        let durable = part.controller.view().node(id).map_or(0, |view| view.durable().0);
        hold!(
            tally,
            CursorMeansHave,
            durable <= at.revision.0,
            "node {index}: durable {durable} is above received {at}"
        );
    }
    Ok(())
}

/// The controller's number of an agent.
pub fn node_of(part: &ControllerPart, index: usize) -> Option<NodeId> {
    part.controller.node(["a", "b"][index])
}

/// The controller's news.
pub fn controller_event(
    part: &mut ControllerPart,
    event: &ControllerEvent,
    agents: [&AgentPart; AGENTS],
    tally: &mut Tally,
) -> Check {
    let index_of = |node: &NodeId| (0..AGENTS).find(|index| node_of(part, *index) == Some(*node)).unwrap_or(0);
    match event {
        ControllerEvent::Transition { node, transition } => {
            let index = index_of(node);
            told(index, &mut part.nodes[index], transition.position, transition.may_be_repeat, agents[index], tally)?;
            moved(index, &mut part.nodes[index], transition, tally)
        }
        ControllerEvent::TaskForgotten { node, position, may_be_repeat, .. } => {
            let index = index_of(node);
            told(index, &mut part.nodes[index], *position, *may_be_repeat, agents[index], tally)
        }
        ControllerEvent::HistoryGap { node, task, registered, to, state, attempt, .. } => {
            let index = index_of(node);
            let sighted = Sighted { number: *to, state: *state, attempt: *attempt };
            part.nodes[index].tasks.insert((*task, *registered), sighted);
            Ok(())
        }
        ControllerEvent::FinalLearned { node, task, registered, state, number, .. } => {
            let index = index_of(node);
            let sighted = Sighted { number: *number, state: *state, attempt: 0 };
            part.nodes[index].tasks.insert((*task, *registered), sighted);
            Ok(())
        }
        ControllerEvent::HistoryDiffers { node, .. } => {
            let index = index_of(node);
            part.nodes[index].announced = true;
            Ok(())
        }
        ControllerEvent::Repaired { node, position, .. } => {
            let index = index_of(node);
            (part.nodes[index].last, part.nodes[index].announced) = (*position, false);
            Ok(())
        }
        ControllerEvent::CommitDue { node, position } => {
            let index = index_of(node);
            part.nodes[index].due = Some(*position);
            Ok(())
        }
        ControllerEvent::DriftFound { node, symptom, .. } => {
            hold!(
                tally,
                NoFalseDrift,
                false,
                "node {}: drift ({symptom}) was announced, and memory is sound",
                index_of(node)
            );
            Ok(())
        }
        ControllerEvent::DuplicateIdentity { node, epoch } => {
            hold!(tally, NoFalseDrift, false, "node {}: a twin of epoch {epoch} was announced", index_of(node));
            Ok(())
        }
        ControllerEvent::Conflict { node, task, .. } | ControllerEvent::NumbersBack { node, task, .. } => {
            let index = index_of(node);
            hold!(
                tally,
                NothingLost,
                agents[index].lost,
                "node {index}: task {task}: {event:?}, and its disk lost nothing"
            );
            Ok(())
        }
        ControllerEvent::OutcomeUnknown { node, task, registered, .. } => {
            let index = index_of(node);
            let knows = agents[index].agent.task(*task).is_some_and(|record| record.registered == *registered);
            hold!(tally, NothingLost, !knows, "node {index}: {event:?}, and its agent knows the task");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// An entry was told: of a true history, new, after those told before.
fn told(index: usize, node: &mut Known, at: Position, repeat: bool, agent: &AgentPart, tally: &mut Tally) -> Check {
    hold!(tally, ExactlyOnceInOrder, agent.known.contains_key(&at), "node {index}: {at} is in no history");
    let new = node.seen.insert(at);
    hold!(tally, ExactlyOnceInOrder, new || repeat, "node {index}: {at} was told before");
    let follows = node.last.revision < at.revision || node.announced || repeat;
    hold!(tally, ExactlyOnceInOrder, follows, "node {index}: {at} was told after {}", node.last);
    let dense = node.last.revision.next() == at.revision || node.announced || repeat;
    hold!(
        tally,
        RegressionAnnouncedFirst,
        dense,
        "node {index}: {at} was told after {}, and nothing said so",
        node.last
    );
    (node.last, node.announced) = (at, false);
    Ok(())
}

/// A transition follows from what was known of its task.
fn moved(index: usize, node: &mut Known, t: &Transition, tally: &mut Tally) -> Check {
    let known = node.tasks.get(&(t.task, t.registered)).copied();
    let legal = match (t.from, known) {
        (None, _) => t.state == TaskState::Pending && t.number == 1 && t.attempt == 0,
        (Some(from), Some(known)) if known.number + 1 == t.number => from == known.state && from.may_become(t.state),
        (Some(from), _) => from.may_become(t.state),
    };
    hold!(tally, LegalMovesOnly, legal, "node {index}: {t:?} after {known:?}");
    let before = known.map_or(0, |known| known.number);
    hold!(tally, NumbersDense, t.number == before + 1 || t.may_be_repeat, "node {index}: {t:?} after {known:?}");
    node.tasks.insert((t.task, t.registered), Sighted { number: t.number, state: t.state, attempt: t.attempt });
    Ok(())
}

/// Why a state is not quiet: `None` when both sides are equal, all is durable, and the host knows it all.
pub fn unsettled(state: &State, agents: usize) -> Option<String> {
    for (index, agent) in state.agents.iter().enumerate().take(agents) {
        let (table, phase) = (agent.agent.table(), agent.agent.phase());
        if phase != Phase::Open {
            return Some(format!("agent {index} is {phase:?}"));
        }
        let Some(id) = node_of(&state.controller, index) else { return Some(format!("node {index} is not known")) };
        let copy = state.controller.controller.table(id).map(|t| (t.position(), t.digest()));
        if copy != Some((table.position(), table.digest())) {
            return Some(format!("agent {index} stands at {}, its copy at {copy:?}", table.position()));
        }
        if !agent.agent.is_durable() {
            return Some(format!("agent {index} has entries that are not durable"));
        }
    }
    None
}

/// At a quiet point the host knows every task's newest transition.
pub fn quiet(state: &State, tally: &mut Tally) -> Check {
    for (index, agent) in state.agents.iter().enumerate() {
        for record in agent.agent.tasks() {
            let known = state.controller.nodes[index].tasks.get(&(record.id, record.registered));
            let right = known.is_some_and(|k| (k.number, k.state) == (record.number, record.state));
            hold!(tally, NothingLost, right, "node {index}: the host knows {known:?} of {record:?}");
        }
    }
    Ok(())
}
