//! What a call or a lead costs: the rules of the buyer's side and of the publisher's, in the same words.
//!
//! The first rule that fits fires, and the answer says which. The two sides know nothing of each other, except that a rule
//! may ask for a part of the other side's amount. Whether something is billable is a test of its own, in milliseconds of
//! the connected time.

mod book;
mod check;
mod rules;

pub use book::{After, Before, Charge, MostPrice, PriceBook, Quote};
pub(super) use book::{floored_to_cents, percent_floored};
pub use check::{PRICE_RULES_MAX, TIERS_MAX};
pub use rules::{BaseAndBonus, PerMinute, PriceRule, PriceRules, Rate, TimeTier, VolumeTier};
