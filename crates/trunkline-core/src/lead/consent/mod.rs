//! Proof that somebody agreed to be called: certificates of others, our own record, and what a campaign asks of them.

mod certificate;
mod record;
mod rules;

pub use certificate::{Certificate, TRUSTED_FORM_CLAIM_MS};
pub use record::{CONSENT_TEXT_MAX, ChainFault, ConsentRecord, Link, SELLERS_MAX, broken_link};
pub use rules::{ConsentFault, ConsentNeed, ConsentProof, ConsentRules};
