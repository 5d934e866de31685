//! The ground every station stands on: identifiers, time, phone numbers, money.
//!
//! Nothing here knows a station. A type is put here only when at least two stations need it.

pub mod area;
mod callee;
mod country;
pub(crate) mod document;
mod hash;
pub mod id;
pub mod money;
mod network;
pub mod phone;
pub mod schedule;
mod sip_address;
mod sip_hosts;
mod state;
pub mod time;
mod words;

pub use area::{Area, AreaCode, Locality, Nearness, area_code_of};
pub use callee::Callee;
pub use document::{Decimal, Problem, REGEX_BYTES_MAX};
pub use hash::{Hasher, Sha256, parse_sha256, sha256_text};
pub use id::{Id, IdKind, IdSequence, ParseIdError};
pub use money::{Currency, Money, MoneyError};
pub use network::is_public;
pub use phone::{Country, NumberClass, ParsePhoneError, PhoneNumber};
pub use schedule::Schedule;
pub use sip_address::{ParseSipAddressError, SipAddress, SipTransport};
pub use sip_hosts::{ReadSipHostsError, SipHosts};
pub use state::{state_code, state_of_zip, zip_digits, zones_of_state};
pub use time::{Timestamp, Zone, ZoneError};
pub(crate) use words::words;
