//! Trunks: how numbers are written on them, which number they show, in which order they are tried, and how they are.
//!
//! Pure: a performer speaks SIP and tells what happened; what follows from it is decided here.

pub mod caller_id;
pub mod choice;
pub mod formats;
pub mod state;

#[cfg(test)]
mod tests;

pub use caller_id::{CallerIdPolicy, CallerShown, ShownCaller};
pub use choice::{Candidate, fails_over, in_order};
pub use formats::{NumberFormats, NumberStyle};
pub use state::{
    Health, HealthState, Ping, Registration, RegistrationNews, RegistrationState, jittered,
};
