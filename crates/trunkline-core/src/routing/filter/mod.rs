//! Filters: what a contract, a cap, a price or a modifier asks of an opportunity.
//!
//! A [`Filter`] is the document that people write; [`Filter::compile`] checks it and turns it into a [`Sieve`], whose
//! test allocates nothing. A value that is missing or empty makes every comparison false except `{"present": false}`.

mod answers;
mod check;
mod document;
mod sieve;

pub(super) use crate::base::document::regex;
pub(super) use answers::{Alike, Answers};
pub use check::{DEPTH_MAX, HEAVY_MAX, LIST_MAX, REGEX_BYTES_MAX, TESTS_MAX, TEXT_MAX};
pub use document::{FieldTest, Filter, TagTest, ValueTest, ZipWithin};
pub(super) use sieve::Check as ValueCheck;
pub use sieve::{FailedTest, Sieve};
