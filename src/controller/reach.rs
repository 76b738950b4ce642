//! Reachability: leases renewed, suspected, ended, and the timers of questions and stages. It never touches a task's state.

use core::time::Duration;

use super::event::ControllerEvent;
use super::view::Reachability;
use super::{Controller, Target};
use crate::bait::bait;
use crate::id::NodeId;
use crate::time::{micros, Instant};
use crate::wire::Refusal;

impl Controller {
    fn lease_time(&self) -> u64 {
        self.leases.now()
    }

    /// Lease time after which silence makes a node suspect: an interval and a half.
    fn suspect_after(&self) -> u64 {
        micros(self.config.heartbeat) / 2 * 3
    }

    /// A new frame of the node's current session has come.
    pub(super) fn renew(&mut self, id: NodeId, now: Instant) {
        let (lease_time, suspect_after) = (self.lease_time(), self.suspect_after());
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        node.heard = lease_time;
        node.heard_at = Some(now);
        let before = core::mem::replace(&mut node.reachability, Reachability::Live);
        if !core::mem::replace(&mut node.watched, true) {
            self.leases.watch(id, lease_time.saturating_add(suspect_after));
        }
        if before == Reachability::Suspect {
            node.tell_suspicion(false);
            self.note_news(id);
        }
    }

    /// Ends the leases that are due.
    pub(super) fn run_leases(&mut self, now: Instant) {
        while let Some(id) = self.leases.due(now) {
            let (lease_time, suspect_after) = (self.lease_time(), self.suspect_after());
            let lease = micros(self.config.lease);
            let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { continue };
            let silent = lease_time.saturating_sub(node.heard);
            match node.reachability {
                Reachability::Live if silent < suspect_after => {
                    self.leases.watch(id, node.heard.saturating_add(suspect_after));
                }
                Reachability::Live if silent < lease => {
                    node.reachability = Reachability::Suspect;
                    node.tell_suspicion(true);
                    self.leases.watch(id, node.heard.saturating_add(lease));
                    self.note_news(id);
                }
                Reachability::Suspect if silent < lease => {
                    self.leases.watch(id, node.heard.saturating_add(lease));
                }
                Reachability::Live | Reachability::Suspect => self.lose(id),
                _ => node.watched = false,
            }
        }
    }

    fn lose(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        node.watched = false;
        node.reachability = Reachability::Lost;
        node.stale = true;
        node.synced = false;
        let tasks_stale = node.subscriber.replica.table.len() as u32;
        node.tell(ControllerEvent::NodeLost { node: id, tasks_stale });
        if bait!(self.config.baits, LostQueuesAnEventATask) {
            for _ in 0..=tasks_stale as usize + super::node::NOTICES + self.config.events_per_node as usize {
                node.tell(ControllerEvent::NodeSuspect { node: id });
            }
        }
        if bait!(self.config.baits, LostWritesFailed) {
            node.subscriber.replica.table.write_failed();
        }
        self.metrics.leases_lost_total += 1;
        self.close_session(id);
        self.note_news(id);
    }

    /// Ends a node's session; its id is remembered for a while.
    pub(super) fn close_session(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let staging = node.subscriber.is_staging();
        self.metrics.held_dropped_total += node.subscriber.replica.held_frames() as u64;
        if let Some((ended, forgotten)) = node.end_session() {
            self.sessions.insert(ended, Target::Ended(id));
            if let Some(forgotten) = forgotten {
                self.sessions.remove(&forgotten);
            }
        }
        if staging {
            self.staging -= 1;
        }
    }

    /// Sets the timer of a node's question or stage anew.
    pub(super) fn set_timer(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let Some(at) = node.subscriber.deadline() else { return };
        // One timer a node: an earlier one looks again when it comes up.
        if node.timer.is_none_or(|timer| at < timer) {
            if let Some(timer) = node.timer.replace(at) {
                self.timers.remove(&(timer, id));
            }
            self.timers.insert((at, id));
        }
    }

    /// Repeats questions, and gives up what gains nothing.
    pub(super) fn run_timers(&mut self, now: Instant) {
        while let Some(&(at, id)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            let Some(node) = self.node_mut(id) else { continue };
            node.timer = None;
            if node.subscriber.is_hopeless(now) {
                self.refuse_session(id, Refusal::RepairFailed);
                continue;
            }
            match node.subscriber.deadline() {
                // A question that is due goes out at the next poll, which sets the timer anew.
                Some(due) if due <= now => self.note_send(id),
                Some(_) => self.set_timer(id),
                None => {}
            }
        }
    }

    /// Ends a session for a reason that the agent is told.
    pub(super) fn refuse_session(&mut self, id: NodeId, refusal: Refusal) {
        let Some(node) = self.node_mut(id) else { return };
        node.subscriber.forgive();
        if let Some(session) = &mut node.session {
            session.refuse = Some(refusal);
            self.note_send(id);
        }
    }

    /// When a refused agent is to come back: within the longest back-off, spread.
    pub(super) fn come_back_after(&mut self, least: Duration) -> u64 {
        let least = micros(least);
        self.rng.between(least, least * 3)
    }
}
