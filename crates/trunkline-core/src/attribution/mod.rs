//! Station **attribution**: which visit a call came from, as a list of candidates with probabilities.
//!
//! Main verb: [`attribute`], `(call, showings) -> credit`. Nothing here moves money: who is paid
//! follows from the dialled number.

mod evidence;
mod model;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, duration_words};
pub use model::{
    AMBIGUOUS_BELOW, CANDIDATES_MAX, CallFacts, Candidate, Credit, EarlierCall, Showing, Tap,
    WINDOW_DAYS, attribute,
};
