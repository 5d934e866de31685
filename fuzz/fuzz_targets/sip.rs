//! SIP messages, and what is answered without state.
#![no_main]

libfuzzer_sys::fuzz_target!(|datagram: &[u8]| trunkline_voice::fuzzing::sip(datagram));
