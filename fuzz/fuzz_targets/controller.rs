//! See taskwire_fuzz::controller.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskwire_fuzz::controller::run(bytes));
