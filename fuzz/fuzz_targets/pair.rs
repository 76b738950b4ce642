//! See taskwire_fuzz::pair.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskwire_fuzz::pair::run(bytes));
