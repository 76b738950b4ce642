//! Model checking of the real `Agent` and `Controller`: interleavings of host calls, frames delivered, dropped, repeated and
//! reordered, time-outs, commits, crashes and restarts within stated bounds, up to a number of states. docs/MODEL.md says
//! what is a state, what is left out, and why that is sound.

pub mod action;
pub mod bounds;
pub mod check;
pub mod report;
pub mod search;
pub mod seen;
pub mod settle;
pub mod state;
