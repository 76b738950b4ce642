//! See taskwire_fuzz::repair.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskwire_fuzz::repair::run(bytes));
