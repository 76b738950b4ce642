//! What the hosts of agents do with their tasks: a model of each host's tasks chooses legal calls, and illegal ones on
//! purpose. Carrying them out and judging the answers is left to `world`.

use taskwire::{Exit, Reason, State, TaskId, TraceContext};

use crate::rng::{Ppm, Rng};

/// How a workload behaves.
#[derive(Clone, Debug)]
pub struct WorkloadSettings {
    /// Weight of registering a task.
    pub register: u32,
    /// Weight of moving a task on.
    pub advance: u32,
    /// Weight of reporting detail.
    pub detail: u32,
    /// Weight of retrying a failed task.
    pub retry: u32,
    /// Weight of forgetting an ended task.
    pub forget: u32,
    /// Weight of a call that must be refused.
    pub illegal: u32,
    /// A task that is moved on ends badly.
    pub failure: Ppm,
    /// A forgotten id is registered anew.
    pub reuse: Ppm,
    /// A value is present at all.
    pub values: Ppm,
    /// A value is at its bound, or a message beyond it.
    pub long_values: Ppm,
    /// A trace context is given.
    pub traces: Ppm,
    /// One task reports half of all details.
    pub hot: bool,
    /// Tasks that the host means to have at a time.
    pub tasks: usize,
}

impl WorkloadSettings {
    /// One or two tasks that fail and are tried again and again, with details all the time.
    fn churn(rng: &mut Rng) -> WorkloadSettings {
        WorkloadSettings {
            register: 4,
            advance: 24,
            detail: 24,
            retry: 24,
            forget: 0,
            illegal: 0,
            failure: Ppm(950_000),
            reuse: Ppm::NEVER,
            values: Ppm::NEVER,
            long_values: Ppm::NEVER,
            traces: Ppm::NEVER,
            hot: false,
            tasks: rng.range(1, 2) as usize,
        }
    }

    /// Many running tasks whose long details do not fit into one frame.
    fn storm(rng: &mut Rng) -> WorkloadSettings {
        WorkloadSettings {
            register: 16,
            advance: rng.range(2, 8) as u32,
            detail: 200,
            retry: 8,
            forget: 4,
            illegal: 0,
            failure: Ppm(300_000),
            reuse: Ppm(500_000),
            values: Ppm(700_000),
            long_values: Ppm(900_000),
            traces: Ppm::NEVER,
            hot: rng.below(2) == 0,
            tasks: 24,
        }
    }

    /// Draws settings; registering and moving on always exist.
    pub fn draw(rng: &mut Rng) -> WorkloadSettings {
        let maybe = |rng: &mut Rng| if rng.below(4) == 0 { 0 } else { rng.magnitude(1, 32) as u32 };
        match rng.below(8) {
            0 => return WorkloadSettings::churn(rng),
            1 => return WorkloadSettings::storm(rng),
            _ => {}
        }
        WorkloadSettings {
            register: rng.magnitude(4, 32) as u32,
            advance: rng.magnitude(4, 32) as u32,
            detail: maybe(rng),
            retry: maybe(rng),
            forget: maybe(rng),
            illegal: if rng.below(2) == 0 { 0 } else { rng.magnitude(1, 8) as u32 },
            failure: Ppm(rng.below(800_000) as u32),
            reuse: Ppm(rng.below(900_000) as u32),
            values: Ppm(rng.below(800_000) as u32),
            long_values: Ppm(rng.below(300_000) as u32),
            traces: Ppm(rng.below(300_000) as u32),
            hot: false,
            tasks: rng.magnitude(1, 24) as usize,
        }
    }
}

/// How long a value is to be; the bound itself is known to whoever carries the action out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// None.
    Empty,
    /// A few bytes.
    Short,
    /// Exactly its bound.
    Bound,
    /// More than its bound.
    Beyond,
}

/// One call of a host.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Register a task.
    Register {
        /// Its id.
        id: TaskId,
        /// Length of its metadata.
        metadata: Length,
        /// Length of its message.
        message: Length,
        /// Its trace.
        trace: Option<TraceContext>,
    },
    /// Move a task.
    Move {
        /// The task.
        id: TaskId,
        /// To this state.
        state: State,
        /// For this reason.
        reason: Reason,
        /// With this exit.
        exit: Exit,
        /// Length of the message.
        message: Length,
        /// Length of the result.
        result: Length,
        /// Trace of the change.
        trace: Option<TraceContext>,
    },
    /// Report how far a task is, with a text that is never said twice.
    Detail {
        /// The task.
        id: TaskId,
        /// Percent done.
        progress: Option<u8>,
        /// Whether a text goes with it.
        text: bool,
    },
    /// Forget a task.
    Forget {
        /// The task.
        id: TaskId,
    },
}

/// A task as its host sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Its id.
    pub id: TaskId,
    /// Its state.
    pub state: State,
    /// Whether it was to be forgotten.
    pub forgetting: bool,
}

/// A host's tasks.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    tasks: Vec<Held>,
    free: Vec<TaskId>,
    made: u64,
    name: u64,
}

impl Workload {
    /// No tasks yet; `name` goes into the ids, so that no two hosts share one.
    pub fn new(name: u64) -> Workload {
        Workload { name, ..Workload::default() }
    }

    /// Of a host that finds these tasks when it starts.
    pub fn with(name: u64, tasks: impl Iterator<Item = (TaskId, State)>) -> Workload {
        let tasks = tasks.map(|(id, state)| Held { id, state, forgetting: false }).collect();
        Workload { tasks, ..Workload::new(name) }
    }

    /// The tasks that the host has.
    pub fn tasks(&self) -> &[Held] {
        &self.tasks
    }

    /// The next call, and whether it must be refused as the caller's own fault.
    pub fn choose(&mut self, settings: &WorkloadSettings, rng: &mut Rng) -> Option<(Action, bool)> {
        let weights =
            [settings.register, settings.advance, settings.detail, settings.retry, settings.forget, settings.illegal];
        let total: u32 = weights.iter().sum();
        let mut at = rng.below(total.into()) as u32;
        let mut which = 0;
        while at >= weights[which] {
            at -= weights[which];
            which += 1;
        }
        match which {
            0 if self.tasks.len() < settings.tasks => Some((self.register(settings, rng), false)),
            0 | 1 => self.advance(settings, rng).map(|a| (a, false)),
            2 => {
                let first = self.tasks.iter().find(|t| t.state == State::Running)?.id;
                let hot = settings.hot && rng.below(2) == 0;
                let id = if hot { first } else { self.one(rng, |t| t.state == State::Running)? };
                let progress = if rng.below(4) == 0 { None } else { Some(rng.below(101) as u8) };
                Some((Action::Detail { id, progress, text: progress.is_none() || rng.below(8) != 0 }, false))
            }
            3 => {
                let id = self.one(rng, |t| t.state == State::Failed && !t.forgetting)?;
                let next = if rng.below(6) == 0 { State::Cancelled } else { State::Pending };
                Some((self.moving(id, next, settings, rng), false))
            }
            4 => {
                let id = self.one(rng, |t| t.state.is_ended() && !t.forgetting)?;
                Some((Action::Forget { id }, false))
            }
            _ => self.illegal(settings, rng).map(|a| (a, true)),
        }
    }

    /// The call that ends a task on the shortest way, for a host that winds down.
    pub fn wind_down(&mut self) -> Option<Action> {
        let task = self.tasks.iter().find(|t| !t.state.is_ended())?;
        let state = if task.state == State::Pending { State::Running } else { State::Succeeded };
        Some(plain(task.id, state))
    }

    /// What a call that was accepted changes.
    pub fn accepted(&mut self, action: &Action) {
        match action {
            Action::Register { id, .. } => {
                self.free.retain(|f| f != id);
                self.tasks.push(Held { id: *id, state: State::Pending, forgetting: false });
            }
            Action::Move { id, state, .. } => {
                if let Some(task) = self.tasks.iter_mut().find(|t| t.id == *id) {
                    task.state = *state;
                }
            }
            Action::Forget { id } => {
                if let Some(task) = self.tasks.iter_mut().find(|t| t.id == *id) {
                    task.forgetting = true;
                }
            }
            Action::Detail { .. } => {}
        }
    }

    /// A task is forgotten for good: its id is free.
    pub fn forgotten(&mut self, id: TaskId) {
        self.tasks.retain(|t| t.id != id);
        if self.free.len() < 4 && !self.free.contains(&id) {
            self.free.push(id);
        }
    }

    fn one(&self, rng: &mut Rng, fits: impl Fn(&Held) -> bool) -> Option<TaskId> {
        let count = self.tasks.iter().filter(|t| fits(t)).count();
        if count == 0 {
            return None;
        }
        self.tasks.iter().filter(|t| fits(t)).nth(rng.index(count)).map(|t| t.id)
    }

    fn register(&mut self, settings: &WorkloadSettings, rng: &mut Rng) -> Action {
        let id = if !self.free.is_empty() && rng.chance(settings.reuse) {
            self.free[rng.index(self.free.len())]
        } else {
            self.made += 1;
            let mut id = [0; 16];
            id[..8].copy_from_slice(&self.name.to_be_bytes());
            id[8..].copy_from_slice(&self.made.to_be_bytes());
            TaskId(id)
        };
        let message = if rng.below(8) == 0 { length(settings, rng, true) } else { Length::Empty };
        Action::Register { id, metadata: length(settings, rng, false), message, trace: trace(settings, rng) }
    }

    fn advance(&mut self, settings: &WorkloadSettings, rng: &mut Rng) -> Option<Action> {
        let id = self.one(rng, |t| !t.state.is_ended())?;
        let state = self.tasks.iter().find(|t| t.id == id)?.state;
        if settings.hot && state == State::Running && rng.below(40) > 0 {
            return None; // tasks run on, and report details
        }
        let next = match state {
            State::Pending if rng.below(12) > 0 => State::Running,
            State::Pending => rng.pick(&[State::Failed, State::Cancelled]),
            _ if rng.chance(settings.failure) => State::Failed,
            _ => rng.pick(&[State::Succeeded, State::Succeeded, State::Cancelled]),
        };
        Some(self.moving(id, next, settings, rng))
    }

    fn moving(&self, id: TaskId, state: State, settings: &WorkloadSettings, rng: &mut Rng) -> Action {
        let exit = match state {
            State::Succeeded => Exit::Code(0),
            State::Failed => rng.pick(&[Exit::None, Exit::Code(1), Exit::Code(-7), Exit::Signal(9)]),
            _ => Exit::None,
        };
        let reason = match (state, exit) {
            (State::Failed, Exit::Code(_)) => Reason::EXIT_CODE,
            (State::Failed, _) => {
                rng.pick(&[Reason::TIMED_OUT, Reason::SIGNAL, Reason(1_234), Reason::OUTCOME_UNKNOWN])
            }
            (State::Cancelled, _) => Reason::CANCELLED_BY_HOST,
            _ => Reason::NONE,
        };
        let result = if state.is_ended() { length(settings, rng, false) } else { Length::Empty };
        Action::Move {
            id,
            state,
            reason,
            exit,
            message: length(settings, rng, true),
            result,
            trace: trace(settings, rng),
        }
    }

    /// A call that must be refused: a move that the table does not have, a task that nobody knows, detail of a task that
    /// does not run, a task that is there already, or one that has not ended.
    fn illegal(&mut self, settings: &WorkloadSettings, rng: &mut Rng) -> Option<Action> {
        let nobody = TaskId([0xee; 16]);
        if self.tasks.is_empty() || rng.below(16) == 0 {
            return Some(plain(nobody, State::Running));
        }
        let task = self.tasks[rng.index(self.tasks.len())].clone();
        match rng.below(4) {
            0 if task.state != State::Running => Some(Action::Detail { id: task.id, progress: Some(50), text: false }),
            // One that is to be forgotten may be gone by now, and its id free.
            1 if !task.forgetting => Some(Action::Register {
                id: task.id,
                metadata: Length::Empty,
                message: Length::Empty,
                trace: trace(settings, rng),
            }),
            2 if !task.state.is_ended() => Some(Action::Forget { id: task.id }),
            _ => {
                let wrong: Vec<State> = State::ALL.into_iter().filter(|s| !task.state.may_become(*s)).collect();
                Some(plain(task.id, wrong[rng.index(wrong.len())]))
            }
        }
    }
}

fn plain(id: TaskId, state: State) -> Action {
    let (message, result) = (Length::Empty, Length::Empty);
    Action::Move { id, state, reason: Reason::NONE, exit: Exit::None, message, result, trace: None }
}

fn length(settings: &WorkloadSettings, rng: &mut Rng, may_exceed: bool) -> Length {
    if !rng.chance(settings.values) {
        Length::Empty
    } else if !rng.chance(settings.long_values) {
        Length::Short
    } else if may_exceed && rng.below(2) == 0 {
        Length::Beyond
    } else {
        Length::Bound
    }
}

fn trace(settings: &WorkloadSettings, rng: &mut Rng) -> Option<TraceContext> {
    if !rng.chance(settings.traces) {
        return None;
    }
    let mut trace = TraceContext { flags: 1, ..TraceContext::default() };
    trace.trace_id[..8].copy_from_slice(&rng.draw().to_le_bytes());
    trace.span_id = rng.draw().to_le_bytes();
    Some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_calls_are_legal_and_illegal_ones_are_not() {
        let mut rng = Rng::new(3);
        let (mut legal, mut wrong) = (0, 0);
        for seed in 0..50 {
            let settings = WorkloadSettings::draw(&mut rng);
            let mut workload = Workload::new(seed);
            for _ in 0..400 {
                let Some((action, illegal)) = workload.choose(&settings, &mut rng) else { continue };
                if let Action::Move { id, state, .. } = &action {
                    let held = workload.tasks().iter().find(|t| t.id == *id);
                    assert_eq!(held.is_some_and(|t| t.state.may_become(*state)), !illegal, "{action:?}");
                }
                if illegal {
                    wrong += 1;
                    continue;
                }
                legal += 1;
                workload.accepted(&action);
                if let Action::Forget { id } = action {
                    workload.forgotten(id);
                }
            }
        }
        assert!(legal > 5_000 && wrong > 300, "{legal} {wrong}");
    }

    #[test]
    fn winding_down_ends_every_task() {
        let mut rng = Rng::new(9);
        let mut workload = Workload::new(1);
        let settings = WorkloadSettings { register: 50, tasks: 20, ..WorkloadSettings::draw(&mut rng) };
        for _ in 0..100 {
            if let Some((action, false)) = workload.choose(&settings, &mut rng) {
                workload.accepted(&action);
            }
        }
        while let Some(action) = workload.wind_down() {
            workload.accepted(&action);
        }
        assert!(workload.tasks().iter().all(|t| t.state.is_ended()));
    }
}
