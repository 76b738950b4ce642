//! See taskwire_fuzz::agent.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskwire_fuzz::agent::run(bytes));
