//! Why somebody was not sold, in words: with the name of the list that says so, or with what was vouched for.

use trunkline_core::call::screening::Vouched;
use trunkline_core::routing::ComplianceRefusal;

use super::market::Market;

impl Market {
    /// What stopped somebody before any contract, as a sentence. It names lists of the account: publishers get the sentence
    /// of the reason.
    #[must_use]
    pub fn tell_stopped(&self, by: &ComplianceRefusal) -> String {
        let name = by.list().and_then(|id| self.list(id));
        let name = name.map_or("a list that was deleted since", |list| list.name.as_str());
        match by {
            ComplianceRefusal::DoNotCall(_) => {
                format!("The number is on {name}, which is used as a do-not-call list.")
            }
            ComplianceRefusal::Litigator(_) => {
                format!("The number is on {name}, which is used as a list of people who sue.")
            }
            ComplianceRefusal::AttestationLow { vouched, least } => format!(
                "The campaign asks for {} at least, and the call came with {}.",
                attestation(*least),
                attestation(*vouched)
            ),
        }
    }
}

/// What a carrier vouches for, as people in the trade say it.
const fn attestation(vouched: Vouched) -> &'static str {
    match vouched {
        Vouched::Full => "attestation A",
        Vouched::Partial => "attestation B",
        Vouched::Gateway => "attestation C",
        Vouched::Nothing => "no attestation",
        Vouched::Forged => "a forged number",
    }
}
