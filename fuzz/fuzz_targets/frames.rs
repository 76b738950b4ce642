//! See taskwire_fuzz::frames.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskwire_fuzz::frames::run(bytes));
