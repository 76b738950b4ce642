//! See taskwire_fuzz::journal.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskwire_fuzz::journal::run(bytes));
