//! Station **attribution**: which visit a call came from, as a list of candidates with probabilities.
//!
//! Main verb: [`Model::attribute`], `(call, showings) -> credit`. Nothing here moves money: who is paid
//! follows from the dialled number.

mod advice;
mod calibration;
mod evidence;
mod facts;
mod learn;
#[cfg(test)]
mod learn_tests;
mod model;
mod signals;
#[cfg(test)]
mod tests;
mod touches;

pub use advice::{
    Advice, Demand, GAIN_MIN, OVERFLOW_MAX, PoolVisit, SizeOutcome, VISITS_MAX, advise, demand,
};
pub use calibration::{Calibration, ReliabilityBin, calibration_error, reliability};
pub use evidence::{Evidence, Reason, duration_words};
pub use facts::{
    CallFacts, EarlierCall, Form, Known, NumberHistory, PageKind, Showing, TAPS_BELIEVED, Tap,
};
pub use learn::{LABELS_MAX, Label, LabelKind, Learner, TAP_LABEL_MS, tap_label};
pub use model::{
    AMBIGUOUS_BELOW, AreaShares, CANDIDATES_MAX, Candidate, Credit, Model, WINDOW_DAYS,
};
pub use touches::{HALF_LIFE_MS, Milestones, TouchModel, touch_shares};
