//! The station from outside: real SIPp and hand-made peers on loopback against [`Voice`] with a
//! scripted engine. After every call nothing may be left: no dialog, no socket, no task.
//!
//! [`Voice`]: trunkline_voice::Voice

mod direct;
mod engine;
mod flows;
mod kamailio;
mod limits;
mod malformed;
mod media;
mod messages;
mod mutation;
mod offers;
mod peer;
mod phone;
mod prompts;
mod races;
mod screening;
mod secure;
mod sipp;
mod station;
mod tending;
mod together;
mod torture;
mod trunks;
