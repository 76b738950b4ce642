//! Properties of the core against naive twins: the task state machine at the agent's API and from the wire, and the stream
//! under any schedule of loss, repetition and reordering, with watchers of the view beside it. Single conversations are in `scripts.rs`.
//!
//! `TASKWIRE_CASES=30` runs thirty times as many cases.

#[path = "properties/machine.rs"]
mod machine;
#[path = "properties/model.rs"]
mod model;
#[path = "properties/rig.rs"]
mod rig;
#[path = "properties/stream.rs"]
mod stream;
#[path = "properties/watch.rs"]
mod watch;
#[path = "properties/wire_moves.rs"]
mod wire_moves;
