//! Bodies of the frames by which a side parts: GOODBYE, GOAWAY, LAST_WILL. What they cause is left to the roles.

use serde::{Deserialize, Serialize};

use crate::id::Epoch;
use crate::revision::Position;

/// The sender leaves in good order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Goodbye {
    /// Its tip.
    pub tip: Position,
    /// Microseconds after which it means to come back; 0 if it does not say.
    pub come_back_after: u64,
}

/// The controller sends an agent away for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GoAway {
    /// Microseconds after which to come back.
    pub come_back_after: u64,
}

/// What a carrier says in an agent's name when their link is gone: its header names the session, and its number is 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LastWill {
    /// The incarnation that made it.
    pub epoch: Epoch,
}
