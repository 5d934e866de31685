//! Session descriptions.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| trunkline_voice::fuzzing::sdp(body));
