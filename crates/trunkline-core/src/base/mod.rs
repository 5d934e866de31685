//! The ground every station stands on: identifiers, time, phone numbers, money.
//!
//! Nothing here knows a station. A type is put here only when at least two stations need it.

pub mod area;
mod country;
pub mod id;
pub mod money;
pub mod phone;
pub mod schedule;
pub mod time;
mod words;

pub use area::{Area, AreaCode, Locality, Nearness, area_code_of};
pub use id::{Id, IdKind, IdSequence, ParseIdError};
pub use money::{Currency, Money, MoneyError};
pub use phone::{Country, NumberClass, ParsePhoneError, PhoneNumber};
pub use schedule::Schedule;
pub use time::{Timestamp, Zone, ZoneError};
pub(crate) use words::words;
