//! Leads as partners send them: JSON, forms and XML.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| trunkline_web::intake::fuzzing::body(body));
