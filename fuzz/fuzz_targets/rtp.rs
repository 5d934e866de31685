//! RTP packets, with the telephone events and the tones in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|stream: &[u8]| trunkline_voice::fuzzing::rtp(stream));
