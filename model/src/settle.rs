//! Running on fairly: faults are over, everything is delivered, confirmed and committed, and time goes on. Both sides must
//! be equal soon.

use crate::check::{self, hold, Check, Tally};
use crate::state::State;

/// Moments at which time goes on, at most. A back-off and a lease that run out need a few dozen.
const MOMENTS: usize = 200;
/// Frames at one moment, at most.
const FRAMES: usize = 400;

/// Runs a state on until both sides are equal.
///
/// # Errors
/// The property that does not hold: `converges` when it takes too long.
pub fn settle(mut state: State, agents: usize, tally: &mut Tally) -> Check {
    for _ in 0..MOMENTS {
        exchange(&mut state, agents, tally)?;
        if check::unsettled(&state, agents).is_none() {
            hold!(tally, Converges, true, "");
            return check::quiet(&state, tally);
        }
        let due = |deadline: Option<taskwire::Instant>, now: u64| deadline.map(|d| d.as_micros().saturating_sub(now));
        let controller = &state.controller;
        let first = state
            .agents
            .iter()
            .take(agents)
            .filter_map(|agent| due(agent.agent.next_timeout(), agent.now))
            .chain(due(controller.controller.next_timeout(), controller.now))
            .min();
        let Some(by) = first else { break };
        for index in 0..agents {
            state.timeout(index, Some(by), tally)?;
        }
        state.timeout_down(Some(by), tally)?;
    }
    hold!(
        tally,
        Converges,
        false,
        "running on fairly never ends: {}",
        check::unsettled(&state, agents).unwrap_or_default()
    );
    Ok(())
}

/// Everything that can be said now is said and heard.
fn exchange(state: &mut State, agents: usize, tally: &mut Tally) -> Check {
    for _ in 0..FRAMES {
        let mut more = false;
        for index in 0..agents {
            more |= state.confirm(index, tally)?;
            more |= state.commit(index, tally)?;
            more |= state.send(index, tally)?;
        }
        more |= state.send_down(tally)?;
        while !state.net.is_empty() {
            state.deliver(0, false, tally)?;
            more = true;
        }
        if !more {
            return Ok(());
        }
    }
    hold!(tally, Converges, false, "{FRAMES} rounds at one moment do not end");
    Ok(())
}
