//! What carriers tell in the requests of voice webhooks.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| trunkline_web::voice::fuzzing::params(body));
