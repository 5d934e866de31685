//! Background life: visitors who arrive, read and call, people who call without a visit, and the
//! business that answers. The plan is pure data from a seed; the driver makes it happen.

mod driver;
mod people;
mod plan;
mod sources;

pub use driver::{World, WorldConfig};
pub use people::Conversation;
pub use plan::{Calendar, CallIntent, Entry, Happening, Pace, Plan, Stay, Stranger, Visit};
