//! Station **lead** as a use case: leads come in, are accepted, offered to buyers, and followed until somebody has them or
//! nobody does.
//!
//! [`LeadDesk::ping`] answers a ping with a price, [`LeadDesk::post`] and [`LeadDesk::post_of_ping`] take a lead in and
//! offer it. Each step of its way is the core's ([`trunkline_core::lead::step`]) and stored before what follows from it: a
//! buyer is sent nothing before it is written down that they are, and what a buyer said is stored with what it comes to in
//! one transaction. What a crash interrupts is unknown, and waits until it is known or the time for that is over.

mod bidding;
mod consent;
mod deliver;
mod desk;
mod import;
mod jobs;
mod receive;
mod returns;
mod sale;
mod sell;
mod settle;
mod test_leads;

use trunkline_core::base::Sha256;

pub use consent::ConsentSigner;
pub use deliver::LEAD_POST;
pub use desk::{Answered, LEADS_AT_WORK_MAX, LeadDesk, LeadError, LeadPorts};
pub use import::{IMPORT_ROWS_MAX, Imported, ImportedRow, RowFate};
pub use jobs::{LEADS_EVERY, LeadTeller};
pub use receive::{PageSeen, Sent, Visit};
pub use returns::{ReturnAsk, ReturnDecision, ReturnError};

/// SHA-256, as everything here is hashed.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}
