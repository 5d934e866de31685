//! Trunks as this performer tends them: pings, registrations, and trying one at a person's wish.

mod carriers;
mod tend;

pub(crate) use carriers::Carriers;
pub(crate) use tend::Tending;
