//! Station **routing** as a use case.

pub mod auction;
