//! Leads that are marked as a test: what becomes of them follows from their ZIP code alone, and they never reach a buyer,
//! money or a cap.

use crate::base::words;

words! {
    /// What becomes of a test lead.
    TestOutcome {
        /// It is bid on, and sold when it is posted.
        Sold = "sold",
        /// It is bid on, and refused when it is posted.
        Rejected = "rejected",
        /// Nobody bids, and a post of it is not sold.
        Unsold = "unsold",
        /// It was there before.
        Duplicate = "duplicate",
        /// It is sold, and the answer to the post comes late.
        Pending = "pending",
        /// A buyer never answers its post.
        Unknown = "unknown",
    }
}

/// Which way a lead goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To buyers, money and caps.
    Real,
    /// Nowhere: the answer is decided here, and nothing but the lead itself is kept.
    Test(TestOutcome),
}

/// ZIP codes that nobody lives in, by which a partner chooses what becomes of a test.
const BY_ZIP: &[(&str, TestOutcome)] = &[
    ("90100", TestOutcome::Sold),
    ("90199", TestOutcome::Unsold),
    ("90198", TestOutcome::Rejected),
    ("90197", TestOutcome::Duplicate),
    ("90196", TestOutcome::Pending),
    ("90195", TestOutcome::Unknown),
];

/// Which way a lead goes. A test with any other ZIP code, or with none, is sold.
#[must_use]
pub fn way(test: bool, zip: Option<&str>) -> Way {
    if !test {
        return Way::Real;
    }
    let found = BY_ZIP.iter().find(|(known, _)| Some(*known) == zip);
    Way::Test(found.map_or(TestOutcome::Sold, |(_, outcome)| *outcome))
}

impl Way {
    /// Whether buyers may be asked, money moved and caps counted.
    #[must_use]
    pub const fn is_real(self) -> bool {
        matches!(self, Self::Real)
    }
}
