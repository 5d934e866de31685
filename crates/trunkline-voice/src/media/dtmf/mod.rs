//! Keys a person presses on a telephone, in the three forms they arrive in: telephone events of RTP (`event`), tones in
//! the sound itself (`tone`), and SIP INFO (`info`).
//!
//! Each form is read by itself and tells a key once per press. The letters A to D are heard and not told: no telephone
//! of today has them, and no menu asks for them.

pub(crate) mod event;
pub(crate) mod info;
pub(crate) mod tone;

/// The keys by their event code (RFC 4733, table 3).
const KEYS: [char; 12] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#'];
