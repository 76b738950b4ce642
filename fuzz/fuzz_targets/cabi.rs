//! Sequences of calls of the C functions: see taskwire_ffi::fuzz.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskwire_ffi::fuzz::calls(bytes));
