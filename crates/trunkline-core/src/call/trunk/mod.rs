//! Trunks: how numbers are written on them, which number they show, in which order they are tried, how they are, and what
//! their legs cost.
//!
//! Pure: a performer speaks SIP and tells what happened; what follows from it is decided here.

pub mod caller_id;
pub mod choice;
pub mod formats;
pub mod rates;
pub mod state;

#[cfg(test)]
mod rates_tests;
#[cfg(test)]
mod tests;

pub use caller_id::{CallerIdPolicy, CallerShown, ShownCaller};
pub use choice::{Candidate, fails_over, in_order};
pub use formats::{NumberFormats, NumberStyle};
pub use rates::{Increments, LegRate, Prefix, RateCard, RateError};
pub use state::{
    Health, HealthState, Ping, Registration, RegistrationNews, RegistrationState, jittered,
};
