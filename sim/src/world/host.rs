//! The two kinds of hosts: an agent object or a controller object with its clock, its address and its habits. What
//! they do is left to `agents` and `controllers`.

use std::rc::Rc;

use taskwire::wire::{Body, Frame};
use taskwire::{Agent, Controller, Epoch, PeerId, SessionId, Slot, TaskId};

use crate::clock::{Clock, TrueTime};
use crate::disk::Disk;
use crate::invariants::drift::Altered;
use crate::invariants::shadow::{AgentShadow, ControllerShadow};
use crate::link::{Harm, Link};
use crate::workload::Workload;

/// A frame that was sent, with what its sender meant by it.
#[derive(Debug)]
pub struct Sent {
    /// Counts all frames of the run.
    pub id: u64,
    /// The agent object that sent it, or that it was sent to.
    pub process: usize,
    /// From agent to controller.
    pub up: bool,
    /// The term of the controller that sent it; 0 for a frame of an agent.
    pub term: u64,
    /// The epoch of the agent that sent it, or that it was sent to.
    pub epoch: Epoch,
    /// When.
    pub at: TrueTime,
    /// What it says.
    pub frame: Frame,
    /// Its bytes.
    pub bytes: Rc<[u8]>,
    /// Which task each slot named in it meant.
    pub meant: Vec<(Slot, TaskId)>,
}

impl Sent {
    /// The session that it belongs to.
    pub fn session(&self) -> SessionId {
        self.frame.header.session
    }

    /// The session that a WELCOME offers; none for other frames.
    pub fn session_offered(&self) -> SessionId {
        match &self.frame.body {
            Body::Welcome(welcome) => welcome.session,
            _ => SessionId::NONE,
        }
    }
}

/// A frame that arrives somewhere.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// What was sent; `None` for bytes that nobody sent.
    pub sent: Option<Rc<Sent>>,
    /// What arrives.
    pub bytes: Rc<[u8]>,
    /// What happened to it.
    pub harm: Harm,
    /// Whether it is a repeat made by the network, or a replay.
    pub again: bool,
    /// Where it seems to come from.
    pub from: PeerId,
}

/// An agent object and its host.
#[derive(Debug)]
pub struct Process {
    /// The node.
    pub node: usize,
    /// Its history in the true log.
    pub life: usize,
    /// The code under test.
    pub agent: Agent,
    /// Its clock.
    pub clock: Clock,
    /// Its address.
    pub peer: PeerId,
    /// Its tasks.
    pub workload: Workload,
    /// Its way to the controller.
    pub up: Link,
    /// The controller's way to it.
    pub down: Link,
    /// Its host is suspended until then.
    pub suspended_until: TrueTime,
    /// Its host polls no events until then.
    pub deaf_until: TrueTime,
    /// Frames that wait for the host.
    pub inbox: Vec<Arrival>,
    /// It still exists.
    pub alive: bool,
    /// It said goodbye.
    pub left: bool,
    /// When it is to be called.
    pub wake: Option<TrueTime>,
    /// Counts the texts of details, so that none is said twice.
    pub said: u64,
    /// It was fenced: the epoch seen.
    pub fenced: Option<u64>,
    /// It was refused for good.
    pub refused: bool,
    /// Its disk, if it keeps a journal.
    pub disk: Option<Disk>,
    /// A record that was altered in memory.
    pub altered: Option<Altered>,
    /// What the checks remember.
    pub shadow: AgentShadow,
}

/// The controller object and its host.
#[derive(Clone, Debug)]
pub struct ControllerHost {
    /// The code under test.
    pub controller: Controller,
    /// Counts the objects.
    pub life: u64,
    /// Its term.
    pub term: u64,
    /// Its clock.
    pub clock: Clock,
    /// Its host is suspended until then.
    pub suspended_until: TrueTime,
    /// Its host polls no events until then.
    pub deaf_until: TrueTime,
    /// Since when it polls none.
    pub deaf_since: Option<TrueTime>,
    /// Its host commits nothing until then.
    pub no_commits_until: TrueTime,
    /// Frames that wait for the host.
    pub inbox: Vec<Arrival>,
    /// When it is to be called.
    pub wake: Option<TrueTime>,
    /// What the checks remember.
    pub shadow: ControllerShadow,
}
