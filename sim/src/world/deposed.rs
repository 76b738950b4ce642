//! A controller that was deposed and does not know it: after a fail-over the former object goes on for a while, hears some
//! of the agents' frames and answers them. Its host stores nothing any more. That all of it is inert once an agent has
//! accepted the successor stands in `invariants::deposed`; the successor's host is in `controllers`.

use std::rc::Rc;

use taskwire::{AckPolicy, ControllerEvent, PeerId};

use super::host::{Arrival, ControllerHost};
use super::{Event, World};
use crate::clock::TrueTime;
use crate::invariants::Check;

/// The deposed controller and how long it goes on.
#[derive(Debug)]
pub struct Deposed {
    /// The object and its host.
    pub host: ControllerHost,
    until: TrueTime,
}

impl World {
    /// A successor takes over, and the former controller goes on; says whether there was a larger term.
    pub(crate) fn fail_over(&mut self, until: TrueTime) -> bool {
        // Under the lossy policy what the former one received is gone with it, as after a restart.
        let goes_on = self.knobs.controller.ack_policy == AckPolicy::Durable && self.deposed.is_none();
        let former = goes_on.then(|| Box::new(Deposed { host: self.host.clone(), until }));
        if !self.restart_controller() {
            return false;
        }
        if former.is_some() {
            self.deposed = former;
            self.schedule(self.now, Event::WakeDeposed);
        }
        true
    }

    /// Whether a frame of an agent goes astray, to the controller that was deposed.
    pub(crate) fn goes_astray(&mut self) -> bool {
        self.deposed.is_some() && self.rng.chance(self.knobs.astray)
    }

    /// The deposed controller is called: by a frame, or by its clock.
    pub(crate) fn call_deposed(&mut self, arrival: Option<Arrival>) -> Check {
        let Some(mut deposed) = self.deposed.take() else { return Ok(()) };
        if self.now > deposed.until || self.quiet {
            self.trace.line(self.now, || "the deposed controller ends".into());
            return Ok(());
        }
        let host = &mut deposed.host;
        let now = host.clock.local(self.now);
        if let Some(arrival) = &arrival {
            let result = host.controller.receive(now, arrival.from, &arrival.bytes);
            self.trace.mix_bytes(&arrival.bytes);
            self.trace
                .line(self.now, || format!("the deposed controller hears {} bytes: {result:?}", arrival.bytes.len()));
        }
        host.controller.handle_timeout(now);
        let mut knows = false;
        while let Some(event) = host.controller.poll_event() {
            knows |= matches!(event, ControllerEvent::Deposed { .. });
        }
        let frames = self.frames_of(host, now);
        let next = host.controller.next_timeout().and_then(|deadline| host.clock.true_time_of(deadline));
        let term = host.term;
        for (peer, bytes) in frames {
            self.frame_of_deposed(peer, bytes, term)?;
        }
        if knows && self.rng.below(2) == 0 {
            self.trace.line(self.now, || "the deposed controller was told, and ends".into());
            return Ok(());
        }
        self.deposed = Some(deposed);
        let at = next.unwrap_or(self.now + 1_000_000).max(self.now + 1_000);
        self.schedule(at, Event::WakeDeposed);
        Ok(())
    }

    fn frames_of(&mut self, host: &mut ControllerHost, now: taskwire::Instant) -> Vec<(PeerId, Rc<[u8]>)> {
        let mut frames = Vec::new();
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Ok(Some((peer, length))) = host.controller.poll_transmit(now, &mut buffer) {
            frames.push((peer, buffer[..length].into()));
        }
        self.buffer = buffer;
        frames
    }
}
