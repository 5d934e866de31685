//! Trunks as this performer tends them: pings, registrations, and trying one at a person's wish.

mod lines;
mod tend;

pub(crate) use lines::Lines;
pub(crate) use tend::Tending;
