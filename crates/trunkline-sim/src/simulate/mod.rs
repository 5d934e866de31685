//! A simulated business in simulated time: what attribution would get right with so many numbers.
//!
//! People from a seed visit and call ([`History`]); the server's own pool and attribution, and two usual ways
//! beside them, give numbers out and credit the calls ([`replay`]); figures say who was right. Nothing waits
//! and nothing is sent: weeks take seconds.

mod analyst;
mod compare;
mod figures;
mod history;
mod line;
mod people;
mod policy;
mod shape;
mod table;
#[cfg(test)]
mod tests;

pub use compare::Sites;
pub use figures::{BINS, Outcome, Outcomes};
pub use history::{Chosen, DAY_MS, History};
pub use policy::{Policy, replay};
pub use shape::{Homes, SHAPES, Shape};
pub use table::{Row, picture, table};
