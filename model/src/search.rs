//! The search: depth first, so that few states are held at a time, with a fingerprint kept of each that was met. The
//! budget of faults and the scripts make every run finite, so that depth first meets every state that there is. Many
//! searches, from early states, take turns: where there are more states than allowed, each of them has had its share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::action::{possible, Action};
use crate::bounds::Bounds;
use crate::check::{Failure, Property, Tally};
use crate::seen::Seen;
use crate::settle::settle;
use crate::state::State;

/// What a search has found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Distinct states.
    pub states: u64,
    /// Steps tried.
    pub steps: u64,
    /// States that were run on to their end.
    pub settled: u64,
    /// The longest way.
    pub depth: u32,
    /// How often each property was asked.
    pub asked: Vec<u64>,
    /// Whether all states within the bounds were met.
    pub whole: bool,
    /// Seconds.
    pub seconds: f64,
    /// The first failure, and the way to it.
    pub failure: Option<(String, Vec<Action>)>,
}

/// Searches that take turns, and the states of a turn.
const ROOTS: usize = 1024;
const TURN: usize = 128;

struct Shared<'a> {
    bounds: &'a Bounds,
    seen: Seen,
    most: usize,
    /// Searches that wait for their turn: the states that each has still to look at.
    offered: Mutex<VecDeque<Vec<State>>>,
    idle: AtomicUsize,
    stop: AtomicBool,
    threads: usize,
}

/// Explores everything within the bounds, or as many states as `most`.
pub fn search(bounds: &Bounds, most: usize, threads: usize) -> Found {
    let began = Instant::now();
    let first = State::first(bounds);
    let seen = Seen::new(most + most / 8 + 1024);
    seen.insert(first.print());
    let shared = Shared {
        bounds,
        seen,
        most,
        offered: Mutex::new(VecDeque::new()),
        idle: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        threads,
    };
    let mut parts = vec![begin(&shared, first)];
    let rest: Vec<Found> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&shared))).collect();
        workers.into_iter().map(|worker| worker.join().expect("no step of the search panics")).collect()
    });
    parts.extend(rest);
    let whole = !shared.stop.load(SeqCst);
    let mut found = Found { whole, asked: vec![0; Property::ALL.len()], ..Found::default() };
    for part in parts {
        found.steps += part.steps;
        found.settled += part.settled;
        found.depth = found.depth.max(part.depth);
        found.asked.iter_mut().zip(&part.asked).for_each(|(sum, n)| *sum += n);
        found.failure = found.failure.or(part.failure);
    }
    found.states = shared.seen.len() as u64;
    found.seconds = began.elapsed().as_secs_f64();
    found
}

/// Explores breadth first from the beginning, until there are enough roots to search from.
fn begin(shared: &Shared<'_>, first: State) -> Found {
    let (mut found, mut tally) = (Found::default(), [0; Property::ALL.len()]);
    let (mut level, mut next) = (vec![first], Vec::new());
    while !level.is_empty() && level.len() < ROOTS {
        for state in level.drain(..) {
            if let Err(failed) = expand(shared, &state, &mut next, &mut found, &mut tally) {
                found.failure.get_or_insert(failed);
                shared.stop.store(true, SeqCst);
                return found;
            }
        }
        std::mem::swap(&mut level, &mut next);
    }
    // By their fingerprints: in no order of their making.
    level.sort_by_key(State::print);
    if let Ok(mut offered) = shared.offered.lock() {
        offered.extend(level.into_iter().map(|state| vec![state]));
    }
    found.asked = tally.to_vec();
    found
}

fn work(shared: &Shared<'_>) -> Found {
    let mut found = Found::default();
    let mut tally: Tally = [0; Property::ALL.len()];
    let mut stack: Vec<State> = Vec::new();
    let mut explored = 0;
    loop {
        if explored == TURN || stack.is_empty() {
            explored = 0;
            let waits = Some(std::mem::take(&mut stack)).filter(|stack| !stack.is_empty());
            let Some(next) = take(shared, waits) else { break };
            stack = next;
        }
        let Some(state) = stack.pop() else { continue };
        explored += 1;
        if shared.stop.load(SeqCst) || shared.seen.len() >= shared.most {
            shared.stop.store(true, SeqCst);
            break;
        }
        found.depth = found.depth.max(state.depth);
        if let Err(failed) = expand(shared, &state, &mut stack, &mut found, &mut tally) {
            found.failure.get_or_insert(failed);
            shared.stop.store(true, SeqCst);
            break;
        }
        if stack.len() > 8 && shared.idle.load(SeqCst) > 0 {
            if let Ok(mut offered) = shared.offered.lock() {
                let half = stack.len() / 2;
                offered.push_back(stack.drain(..half).collect());
            }
        }
    }
    found.asked = tally.to_vec();
    found
}

/// Tries every step from a state.
fn expand(
    shared: &Shared<'_>,
    state: &State,
    stack: &mut Vec<State>,
    found: &mut Found,
    tally: &mut Tally,
) -> Result<(), (String, Vec<Action>)> {
    let mut leads_on = false;
    for action in possible(state, shared.bounds) {
        found.steps += 1;
        let next = state.after(action, shared.bounds, tally).map_err(|failure| told(&failure, state, Some(action)))?;
        let Some(next) = next else { continue };
        leads_on = true;
        if shared.seen.insert(next.print()) {
            stack.push(next);
        }
    }
    if !leads_on || state.print() % shared.bounds.settle_one_in == 0 {
        found.settled += 1;
        settle(state.clone(), shared.bounds.agents, tally).map_err(|failure| told(&failure, state, None))?;
    }
    Ok(())
}

fn told(failure: &Failure, state: &State, last: Option<Action>) -> (String, Vec<Action>) {
    let mut way: Vec<Action> = last.into_iter().collect();
    let mut step = state.way.as_ref();
    while let Some(at) = step {
        way.push(at.action);
        step = at.before.as_ref();
    }
    way.reverse();
    (failure.to_string(), way)
}

/// Puts a search at the end of the queue and takes the one at its head; `None` when all threads are without work.
fn take(shared: &Shared<'_>, mut back: Option<Vec<State>>) -> Option<Vec<State>> {
    let mut waits = false;
    loop {
        let next = shared.offered.lock().ok().and_then(|mut offered| {
            offered.extend(back.take());
            offered.pop_front()
        });
        if let Some(state) = next {
            if waits {
                shared.idle.fetch_sub(1, SeqCst);
            }
            return Some(state);
        }
        if !waits {
            waits = true;
            shared.idle.fetch_add(1, SeqCst);
        }
        if shared.stop.load(SeqCst) || shared.idle.load(SeqCst) == shared.threads {
            return None;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}
