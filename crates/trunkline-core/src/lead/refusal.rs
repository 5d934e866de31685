//! Why a form is no lead: one closed code with the field it is about, and every fault in words.
//!
//! The codes have the words of the reasons that partners know; routing, a later station, makes its reason of each.

use std::fmt;

use crate::base::words;

words! {
    /// Why something of a lead is refused before anybody is offered it.
    RefusalCode {
        /// A field that must be there is not.
        MissingField = "MISSING_FIELD",
        /// A field has a value that it cannot have.
        InvalidField = "INVALID_FIELD",
        /// There is no valid proof of consent.
        ConsentMissing = "CONSENT_MISSING",
        /// What is posted differs from what was pinged.
        PingMismatch = "PING_MISMATCH",
        /// The ping is not valid any more.
        Expired = "EXPIRED",
    }
}

/// One thing that is wrong with a form. It never holds the value, which may tell who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// [`RefusalCode::MissingField`] or [`RefusalCode::InvalidField`].
    pub code: RefusalCode,
    /// The field's name.
    pub field: String,
    /// What is wrong and what to send.
    pub message: String,
}

/// A form that is no lead: at least one fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadRefusal {
    first: FieldFault,
    others: Vec<FieldFault>,
}

impl LeadRefusal {
    /// From the faults, of which the first gives the code; `None` when there are none. What is missing goes first.
    #[must_use]
    pub fn of(mut faults: Vec<FieldFault>) -> Option<Self> {
        faults.sort_by_key(|fault| fault.code);
        let mut faults = faults.into_iter();
        let first = faults.next()?;
        Some(Self {
            first,
            others: faults.collect(),
        })
    }

    /// The code without its field.
    #[must_use]
    pub const fn code(&self) -> RefusalCode {
        self.first.code
    }

    /// The field that the code is about.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.first.field
    }

    /// Everything that is wrong, the first the one of the code.
    pub fn faults(&self) -> impl Iterator<Item = &FieldFault> {
        [&self.first].into_iter().chain(&self.others)
    }
}

/// The code as partners get it, such as `MISSING_FIELD:phone`.
impl fmt::Display for LeadRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.first.code.word(), self.first.field)
    }
}
