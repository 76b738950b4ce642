//! The C ABI of taskwire: both roles and the framer of byte streams. What a C programmer must know stands in
//! `include/taskwire.h`, which is made from this crate's comments; what the calls do stands in the core.
//!
//! ```text
//! agent (report, exchange, inspect, journal, builder)   framer   metrics      the functions
//! controller (exchange, decide, inspect, watch)
//! config   event   structs   task                           structs of C, and the way to the core's types
//! role                                                       what both roles have alike
//! handle   failure                                          objects behind handles; why a call was refused
//! view   panic   status   codes   version                   the caller's memory; the guard; numbers and texts
//! ```
//!
//! Without the feature `std` there is no controller, and `small` stands in place of std.
//!
//! Every function has the same form: its outputs are made, which sets them to zero; `change`, `look` or `call` find the
//! object and run the body under the one guard; the body reads what the caller's pointers point at through `view`.

#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![warn(missing_docs)]
// The names are those of C.
#![allow(non_camel_case_types)]
// The part "Pointers" of each function's comment is that section, in words for C.
#![allow(clippy::missing_safety_doc)]

extern crate alloc;

mod agent;
mod codes;
mod config;
#[cfg(feature = "std")]
mod controller;
mod event;
mod failure;
mod framer;
mod handle;
mod metrics;
mod panic;
mod role;
#[cfg(not(feature = "std"))]
mod small;
mod status;
mod structs;
mod task;
mod version;
mod view;

#[cfg(feature = "fuzzing")]
pub mod fuzz;
#[cfg(feature = "testing")]
pub mod testing;

pub use agent::{builder::*, exchange::*, inspect::*, journal::*, report::*, *};
pub use codes::*;
pub use config::*;
#[cfg(feature = "std")]
pub use controller::{config::*, decide::*, event::*, exchange::*, inspect::*, watch::*, *};
pub use event::*;
pub use framer::*;
pub use metrics::*;
pub use status::*;
pub use structs::*;
pub use task::*;
pub use version::*;
