//! The naive twin: what a host says of its tasks, and what that adds up to, in plain maps. It knows the table of moves and the
//! reservation rule by heart, not from the core.

use std::collections::BTreeMap;

use proptest::prelude::*;
use taskwire::{Agent, Exit, Instant, Reason, State, TaskError};

use crate::rig::task;

/// So many cases, times `TASKWIRE_CASES` for a long run.
pub fn cases(usual: u32) -> ProptestConfig {
    let times = std::env::var("TASKWIRE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    ProptestConfig { cases: usual * times, failure_persistence: None, ..ProptestConfig::default() }
}

/// What a host may say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Say {
    Register(usize),
    Move(usize, State),
    Progress(usize, u8),
    Forget(usize),
}

pub fn any_say(tasks: usize) -> impl Strategy<Value = Say> {
    let state = proptest::sample::select(State::ALL.to_vec());
    prop_oneof![
        2 => (0..tasks).prop_map(Say::Register),
        6 => (0..tasks, state).prop_map(|(task, state)| Say::Move(task, state)),
        1 => (0..tasks, 0u8..=110).prop_map(|(task, percent)| Say::Progress(task, percent)),
        1 => (0..tasks).prop_map(Say::Forget),
    ]
}

/// Says it to an agent.
pub fn say(agent: &mut Agent, now: Instant, what: Say) -> Result<(), TaskError> {
    match what {
        Say::Register(n) => agent.register(now, task(n), &[n as u8; 7]).map(|_| ()),
        Say::Move(n, State::Running) => agent.running(now, task(n)).map(|_| ()),
        Say::Move(n, State::Succeeded) => agent.succeeded(now, task(n), Exit::Code(0)).map(|_| ()),
        Say::Move(n, State::Failed) => agent.failed(now, task(n), Reason::EXIT_CODE, Exit::Code(7)).map(|_| ()),
        Say::Move(n, State::Cancelled) => agent.cancelled(now, task(n), Reason::CANCELLED_BY_HOST).map(|_| ()),
        Say::Move(n, State::Pending) => agent.retry(now, task(n)).map(|_| ()),
        Say::Progress(n, percent) => agent.progress(now, task(n), percent),
        Say::Forget(n) => agent.forget(now, task(n)),
    }
}

/// The moves of the table, written out once more.
pub const MOVES: [(State, State); 8] = [
    (State::Pending, State::Running),
    (State::Pending, State::Failed),
    (State::Pending, State::Cancelled),
    (State::Running, State::Succeeded),
    (State::Running, State::Failed),
    (State::Running, State::Cancelled),
    (State::Failed, State::Pending),
    (State::Failed, State::Cancelled),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    pub state: State,
    pub attempt: u32,
    pub number: u32,
    pub forgetting: bool,
}

/// What a call should answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Done,
    Full,
    Refused,
}

/// An agent that never reaches its controller, so that nothing becomes durable.
#[derive(Default)]
pub struct Twin {
    pub tasks: BTreeMap<usize, Known>,
    pub entries: usize,
    pub slots: usize,
    pub log: usize,
}

impl Twin {
    /// Entries that may still come without anybody asking for room.
    fn reserved(&self) -> usize {
        let ahead = |state| match state {
            State::Pending => 4,
            State::Running => 3,
            State::Failed => 2,
            State::Succeeded | State::Cancelled => 1,
        };
        self.tasks.values().map(|known| ahead(known.state)).sum()
    }

    fn has_room(&self, entries: usize) -> bool {
        self.entries + self.reserved() + entries <= self.log
    }

    pub fn say(&mut self, what: Say) -> Answer {
        match what {
            Say::Register(n) => self.register(n),
            Say::Move(n, to) => self.transition(n, to),
            Say::Progress(n, percent) => {
                let running = self.tasks.get(&n).is_some_and(|known| known.state == State::Running);
                if running && percent <= 100 {
                    Answer::Done
                } else {
                    Answer::Refused
                }
            }
            Say::Forget(n) => match self.tasks.get_mut(&n) {
                Some(known) if matches!(known.state, State::Succeeded | State::Failed | State::Cancelled) => {
                    known.forgetting = true;
                    Answer::Done
                }
                _ => Answer::Refused,
            },
        }
    }

    fn register(&mut self, n: usize) -> Answer {
        if self.tasks.contains_key(&n) {
            return Answer::Refused;
        }
        if self.tasks.len() >= self.slots || !self.has_room(5) {
            return Answer::Full;
        }
        self.tasks.insert(n, Known { state: State::Pending, attempt: 0, number: 1, forgetting: false });
        self.entries += 1;
        Answer::Done
    }

    fn transition(&mut self, n: usize, to: State) -> Answer {
        let Some(known) = self.tasks.get(&n).copied() else { return Answer::Refused };
        if known.forgetting || !MOVES.contains(&(known.state, to)) {
            return Answer::Refused;
        }
        let retry = to == State::Pending;
        if retry && !self.has_room(3) {
            return Answer::Full;
        }
        let (attempt, number) = (known.attempt + u32::from(retry), known.number + 1);
        self.tasks.insert(n, Known { state: to, attempt, number, forgetting: false });
        self.entries += 1;
        Answer::Done
    }
}
