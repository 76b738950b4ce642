//! Reachability: leases renewed, suspected, ended, and the timers of questions and stages. It never touches a task's state.

use alloc::vec::Vec;
use core::time::Duration;

use super::event::ControllerEvent;
use super::node::{Belief, Node};
use super::view::Reachability;
use super::Controller;
use crate::bait::bait;
use crate::id::{NodeId, PeerId};
use crate::time::{micros, Instant};
use crate::wire::Refusal;

/// Nodes between one whose lease ends and one that is fetched from memory meanwhile.
const WARM_AHEAD: usize = 8;
/// Room for nodes that are due which is kept from call to call.
const MOST_DUE_KEPT: usize = 4096;

/// Round trips that a heartbeat may be late.
const SEVERAL: u64 = 8;

/// What a node's silence makes of it, and when: lease times.
#[derive(Clone, Copy, Debug)]
struct Ends {
    suspect: u64,
    lost: u64,
    /// When it is looked at again before it is lost.
    look: u64,
}

impl Controller {
    pub(super) fn lease_time(&self) -> u64 {
        self.leases.now()
    }

    /// How late a heartbeat may be before its node is suspect: half an interval, or several round trips where they are known
    /// and shorter, in which an agent says it again more than once.
    fn may_be_late(&self, node: &Node, heartbeat: u64) -> u64 {
        let least = micros(self.config.lateness).max(heartbeat / 32);
        let trips = node.clocks.round_trip().map_or(u64::MAX, |trip| trip.saturating_mul(SEVERAL).max(least));
        trips.min(heartbeat / 2)
    }

    /// What becomes of a node if it stays silent.
    fn ends(&self, node: &Node) -> Ends {
        let in_force = self.in_force(node.confirmed);
        let silent = node.heard.max(node.silent_until);
        let late = self.may_be_late(node, in_force.heartbeat);
        let suspect = silent.saturating_add(in_force.heartbeat).saturating_add(late);
        let lease_end = silent.saturating_add(in_force.lease);
        let most = lease_end.saturating_add(micros(self.config.mass_silence_hold));
        let lost = self.silence.held_until(node.heard, lease_end, in_force.lease, most);
        // While leases are held, a look each interval sees when they no longer are.
        let again = self.lease_time().saturating_add(in_force.heartbeat).max(lease_end);
        let look = if self.silence.is_on() { lost.min(again) } else { lost };
        Ends { suspect, lost, look }
    }

    /// A new frame of the node's current session has come.
    pub(super) fn renew(&mut self, id: NodeId, now: Instant) {
        let lease_time = self.lease_time();
        self.end_mass_silence();
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        node.heard = lease_time;
        node.heard_at = Some(now);
        let before = node.reachability;
        if before == Reachability::Live && node.watched.is_some() {
            return;
        }
        let since = node.suspect_since;
        let was_silent = before == Reachability::Suspect || node.awaited && since > 0;
        self.move_to(id, Reachability::Live);
        self.watch_again(id);
        if was_silent {
            self.silence.rises(since);
        }
        if before == Reachability::Suspect {
            if let Some(node) = self.node_mut(id) {
                node.tell_suspicion(false);
            }
            self.note_news(id);
        }
    }

    /// Ends the leases that are due.
    pub(super) fn run_leases(&mut self, now: Instant) {
        let mut due = core::mem::take(&mut self.due);
        self.leases.take_due(now, &mut due);
        for (index, (_, id)) in due.iter().enumerate() {
            // Many may be due at once, and most lie in no cache: one is fetched while others are served.
            if let Some(node) = due.get(index + WARM_AHEAD).and_then(|(_, id)| self.node_ref(NodeId(*id))) {
                node.warm();
            }
            self.end_lease(NodeId(*id));
        }
        due.clear();
        if due.capacity() > MOST_DUE_KEPT {
            due = Vec::new();
        }
        self.due = due;
    }

    /// The deadline of a node has come: it may have been heard since that was set.
    fn end_lease(&mut self, id: NodeId) {
        let lease_time = self.lease_time();
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        node.watched = None;
        if !node.reachability.is_believed() && !node.awaited {
            return;
        }
        let Some(node) = self.node_ref(id) else { return };
        let ends = self.ends(node);
        if ends.lost <= lease_time {
            self.lose(id);
        } else if ends.suspect <= lease_time && node.reachability == Reachability::Live {
            self.suspect(id);
        } else if ends.suspect <= lease_time && node.awaited && node.suspect_since == 0 {
            self.miss(id);
        } else {
            self.watch_again(id);
        }
    }

    /// Sets the deadline of a node that is believed in anew.
    pub(super) fn watch_again(&mut self, id: NodeId) {
        let Some(node) = self.node_ref(id) else { return };
        let ends = self.ends(node);
        let next = match node.reachability {
            Reachability::Live => Some(ends.suspect.min(ends.lost)),
            Reachability::Suspect => Some(ends.look),
            _ if node.awaited && node.suspect_since == 0 => Some(ends.suspect.min(ends.lost)),
            _ if node.awaited => Some(ends.look),
            _ => None,
        };
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let former = core::mem::replace(&mut node.watched, next);
        match next {
            _ if next == former => {}
            Some(next) => self.leases.watch(id, next),
            None => self.leases.unwatch(id),
        }
    }

    /// The belief in a node changes.
    pub(super) fn move_to(&mut self, id: NodeId, to: Reachability) {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let before = core::mem::replace(&mut node.reachability, to);
        // One that was awaited is counted with those that are believed in.
        let awaited = core::mem::take(&mut node.awaited);
        match (before.is_believed() || awaited, to.is_believed()) {
            (false, true) => self.silence.believed += 1,
            (true, false) => self.silence.believed -= 1,
            _ => {}
        }
    }

    /// A live node has become suspect.
    fn suspect(&mut self, id: NodeId) {
        let lease_time = self.lease_time();
        self.move_to(id, Reachability::Suspect);
        let Some(node) = self.node_mut(id) else { return };
        node.suspect_since = lease_time;
        node.tell_suspicion(true);
        self.note_silent(lease_time);
        self.watch_again(id);
        self.note_news(id);
    }

    /// A node that is awaited since a restore has not been heard for an interval: it counts with those that fell silent.
    fn miss(&mut self, id: NodeId) {
        let lease_time = self.lease_time();
        let Some(node) = self.node_mut(id) else { return };
        node.suspect_since = lease_time;
        self.note_silent(lease_time);
        self.watch_again(id);
    }

    /// The host's hint that a connection is gone: a node that was heard from this peer last is suspect at once. Sessions
    /// that have moved to another peer, or have begun there, are not touched. A node that is heard again is live again.
    /// Returns how many became suspect.
    pub fn link_down(&mut self, now: Instant, peer: PeerId) -> usize {
        self.enter(now);
        let all = (peer, NodeId(0))..=(peer, NodeId(u32::MAX));
        let there: Vec<NodeId> = self.peers.range(all).map(|(_, id)| *id).collect();
        // A node stays listed when its session ends.
        let open = |id: &NodeId| self.node_ref(*id).is_some_and(|node| node.session.is_some());
        let open: Vec<NodeId> = there.into_iter().filter(open).collect();
        open.into_iter().filter(|id| self.doubt(*id)).count()
    }

    /// A node is heard from a peer: it is listed there, and no longer where it was heard before.
    pub(super) fn list_at_peer(&mut self, id: NodeId, peer: PeerId) {
        let Some(node) = self.node_mut(id) else { return };
        let former = node.listed.replace(peer);
        if former != Some(peer) {
            if let Some(former) = former {
                self.peers.remove(&(former, id));
            }
            self.peers.insert((peer, id));
        }
    }

    /// A hint that a node's link is gone: says whether it became suspect.
    pub(super) fn doubt(&mut self, id: NodeId) -> bool {
        let live = self.node_ref(id).is_some_and(|node| node.reachability == Reachability::Live);
        if live {
            self.suspect(id);
        }
        live
    }

    fn lose(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        node.stale = true;
        node.synced = false;
        node.forbid_silence();
        let tasks_stale = node.subscriber.replica.table.len() as u32;
        node.tell_belief(Belief::Lost { tasks_stale });
        if bait!(self.config.baits, LostQueuesAnEventATask) {
            for _ in 0..=tasks_stale as usize + super::node::NOTICES + self.config.events_per_node as usize {
                node.tell(ControllerEvent::NodeSuspect { node: id });
            }
        }
        if bait!(self.config.baits, LostWritesFailed) {
            node.subscriber.replica.table.write_failed();
        }
        self.metrics.leases_lost_total += 1;
        self.move_to(id, Reachability::Lost);
        self.close_session(id);
        self.note_news(id);
    }

    /// Ends a node's session; its id is remembered for a while.
    pub(super) fn close_session(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        let staging = node.subscriber.is_staging();
        self.metrics.held_dropped_total += node.subscriber.replica.held_frames() as u64;
        if let Some(forgotten) = node.end_session() {
            self.sessions.remove(&forgotten);
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
