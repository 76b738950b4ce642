//! The bodies of the fuzz targets: each reads bytes as a script and panics when something promised does not hold. They need
//! nothing but taskwire, so that `tests/fuzz_replay.rs` can run them as an ordinary test; the C interface's body is in
//! `taskwire_ffi::fuzz`.

pub mod agent;
pub mod controller;
pub mod frames;
pub mod journal;
pub mod pair;
pub mod repair;
pub mod script;
