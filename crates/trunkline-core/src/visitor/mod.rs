//! Station **visitor**: who came, from where, and when a visit ends.
//!
//! Main verb: [`classify`], `(arrival, own hosts) -> source`. The rules are ordered
//! data ([`rules`], [`hosts`]); the rule that decided is kept with the touch.

pub mod browser;
pub mod hosts;
pub mod landing;
pub mod own;
pub mod rules;
pub mod session;
pub mod source;
#[cfg(test)]
mod tests;

pub use browser::{Device, is_bot};
pub use landing::{CLICK_IDS, ClickId, Landing, host_of};
pub use own::{OwnRule, OwnTest, SourceRules};
pub use rules::{Arrival, classify};
pub use session::{Consent, SESSION_IDLE_MS, starts_new_session};
pub use source::{Channel, Source, SourceSelector};
