//! The other side of distribution: buyers with telephones and servers, and publishers whose people call and whose program
//! posts leads, asks for bids and calls for them. What happens when is pure data from a seed; the driver makes it happen
//! over SIP and HTTP.

mod driver;
mod people;
mod phones;
mod plan;
mod server;

pub use driver::{Partner, Trade, TradeConfig};
pub use people::{Prospect, SUES};
pub use phones::{Manners, Phones};
pub use plan::{Deal, DealEntry, Deals, Talk};
pub use server::{BuyerServer, Temper};
