//! The domain of Trunkline: pure decisions and state machines, one folder per station.
//!
//! The stations follow each other, and a station may use those before it, never those after it:
//! visitor, assignment, call and lead, attribution, scoring, routing, ledger, report. Time and chance are arguments, effects are values;
//! nothing in here reads a clock, draws a random number or does I/O.
#![warn(missing_docs)]

pub mod assignment;
pub mod attribution;
pub mod base;
pub mod call;
pub mod lead;
pub mod ledger;
pub mod report;
pub mod routing;
pub mod scoring;
pub mod visitor;
