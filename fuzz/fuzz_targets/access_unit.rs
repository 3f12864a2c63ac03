#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| genlock_fuzz::run("access_unit", input));
