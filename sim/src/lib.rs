//! A deterministic simulator of taskwire: the real agent and controller, a virtual network and clock, faults drawn from a
//! seed, a true log kept beside, and the named invariants checked after every step. Start at `world`; the command line is
//! in `main`.

#![forbid(unsafe_code)]

#[cfg(feature = "bait")]
pub mod bait;
pub mod clock;
pub mod disk;
pub mod invariants;
pub mod knobs;
pub mod link;
pub mod rng;
pub mod run;
pub mod selftest;
pub mod summary;
pub mod trace;
pub mod truth;
pub mod workload;
pub mod world;
