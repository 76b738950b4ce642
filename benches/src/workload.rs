//! The workload of the figures: one node, 2,000 tasks RUNNING at the start, and of the updates 10 % register, 10 % go to
//! RUNNING, 70 % are progress (distinct tasks within a frame), 7 % SUCCEEDED with exit code 0, 2 % FAILED with another,
//! 1 % CANCELLED; ended tasks are forgotten; times are 0 to 9 ms apart; one update in ten has a message of 40 bytes, which
//! "without text" leaves out. Seeded: the same seed always gives the same updates. How they are carried is left to `rig`
//! and `peers`.

use taskwire::{Agent, Exit, Instant, Reason, Registration, Report, State, TaskError, TaskId};

/// Tasks that run at the start.
pub const TASKS: usize = 2_000;
/// Bytes of the message that one update in ten has.
pub const MESSAGE: usize = 40;

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    /// Sixteen bytes.
    pub fn id(&mut self) -> TaskId {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.draw().to_le_bytes());
        id[8..].copy_from_slice(&self.draw().to_le_bytes());
        TaskId(id)
    }

    /// Puts a list into another order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for index in (1..list.len()).rev() {
            list.swap(index, self.below(index as u64 + 1) as usize);
        }
    }
}

/// What an update says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A task is admitted.
    Register,
    /// It begins to run.
    Running,
    /// So many hundredths are done.
    Progress(u8),
    /// Exit code 0.
    Succeeded,
    /// Another exit code.
    Failed(u8),
    /// Its host ended it.
    Cancelled,
}

impl Step {
    /// The state that the task is in afterwards.
    pub fn state(self) -> State {
        match self {
            Step::Register => State::Pending,
            Step::Running | Step::Progress(_) => State::Running,
            Step::Succeeded => State::Succeeded,
            Step::Failed(_) => State::Failed,
            Step::Cancelled => State::Cancelled,
        }
    }
}

/// One update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Update {
    /// Milliseconds after the update before.
    pub after: u64,
    /// The task.
    pub id: TaskId,
    /// What became of it.
    pub step: Step,
    /// The text that one update in ten has.
    pub message: Option<[u8; MESSAGE]>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    id: TaskId,
    percent: u8,
    touched: u64,
}

#[derive(Clone, Copy, Debug)]
enum Card {
    Register,
    Run,
    Progress,
    Succeed,
    Fail,
    Cancel,
}

/// A hundred cards, so that every hundred updates have the shares exactly and the number of tasks stays as it is.
const DECK: [(Card, usize); 6] = [
    (Card::Register, 10),
    (Card::Run, 10),
    (Card::Progress, 70),
    (Card::Succeed, 7),
    (Card::Fail, 2),
    (Card::Cancel, 1),
];

/// The source of updates.
#[derive(Clone, Debug)]
pub struct Workload {
    random: Random,
    running: Vec<Running>,
    pending: std::collections::VecDeque<TaskId>,
    deck: Vec<Card>,
    frame: u64,
}

impl Workload {
    /// The workload of a seed, with so many tasks that are to run at the start; [`Workload::ids`] names them.
    pub fn new(seed: u64, tasks: usize) -> Workload {
        let mut random = Random(seed);
        let running = (0..tasks).map(|_| Running { id: random.id(), percent: 0, touched: 0 }).collect();
        Workload { random, running, pending: Default::default(), deck: Vec::with_capacity(100), frame: 0 }
    }

    /// The tasks that run now.
    pub fn ids(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.running.iter().map(|task| task.id)
    }

    /// A new frame begins: until the next one, progress is of distinct tasks, and of none that ends.
    pub fn begin_frame(&mut self) {
        self.frame += 1;
    }

    /// The next update.
    pub fn draw(&mut self) -> Update {
        if self.deck.is_empty() {
            for (card, count) in DECK {
                self.deck.extend(std::iter::repeat_n(card, count));
            }
            self.random.shuffle(&mut self.deck);
        }
        let card = self.deck.pop().unwrap_or(Card::Progress);
        let (id, step) = match card {
            Card::Run if !self.pending.is_empty() => {
                let id = self.pending.pop_front().unwrap_or_default();
                self.running.push(Running { id, percent: 0, touched: self.frame });
                (id, Step::Running)
            }
            Card::Register | Card::Run => {
                let id = self.random.id();
                self.pending.push_back(id);
                (id, Step::Register)
            }
            Card::Progress => {
                let index = self.untouched();
                let task = &mut self.running[index];
                task.percent = (task.percent + 1 + self.random.below(100) as u8) % 101;
                (task.id, Step::Progress(task.percent))
            }
            Card::Succeed => (self.end(), Step::Succeeded),
            Card::Fail => (self.end(), Step::Failed(1 + self.random.below(120) as u8)),
            Card::Cancel => (self.end(), Step::Cancelled),
        };
        let message = (self.random.below(10) == 0).then(|| {
            let mut text = [b' '; MESSAGE];
            for (place, byte) in text.iter_mut().zip(b"step           of the build went as it must".iter().cycle()) {
                *place = *byte;
            }
            for digit in &mut text[5..13] {
                *digit = b'a' + self.random.below(26) as u8;
            }
            text
        });
        Update { after: self.random.below(10), id, step, message }
    }

    fn untouched(&mut self) -> usize {
        let count = self.running.len();
        let first = self.random.below(count as u64) as usize;
        let index = (0..count).map(|ahead| (first + ahead) % count);
        let index = index.into_iter().find(|index| self.running[*index].touched != self.frame).unwrap_or(first);
        self.running[index].touched = self.frame;
        index
    }

    fn end(&mut self) -> TaskId {
        let index = self.untouched();
        self.running.swap_remove(index).id
    }
}

/// Tells an agent of an update, as its host would.
///
/// # Errors
/// What the agent's call returns.
pub fn tell(agent: &mut Agent, now: Instant, update: &Update, with_text: bool) -> Result<(), TaskError> {
    let message = update.message.as_ref().filter(|_| with_text).map_or(&[][..], |text| text);
    let report = |reason, exit| Report { reason, exit, message, ..Report::default() };
    let id = update.id;
    match update.step {
        Step::Register => {
            agent.register_with(now, id, Registration { message, ..Registration::default() })?;
        }
        Step::Running => {
            agent.transition(now, id, State::Running, report(Reason::NONE, Exit::None))?;
        }
        Step::Progress(percent) => agent.detail(now, id, Some(percent), message)?,
        Step::Succeeded => {
            agent.transition(now, id, State::Succeeded, report(Reason::NONE, Exit::Code(0)))?;
            agent.forget(now, id)?;
        }
        Step::Failed(code) => {
            agent.transition(now, id, State::Failed, report(Reason::EXIT_CODE, Exit::Code(code.into())))?;
            agent.forget(now, id)?;
        }
        Step::Cancelled => {
            agent.transition(now, id, State::Cancelled, report(Reason::CANCELLED_BY_HOST, Exit::None))?;
            agent.forget(now, id)?;
        }
    }
    Ok(())
}
