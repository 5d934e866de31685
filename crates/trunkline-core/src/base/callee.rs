//! Whom a call rings: a number over a carrier, or somebody at a SIP address, where no carrier is between.

use std::fmt;

use super::{PhoneNumber, SipAddress};

/// Whom a call rings.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Callee {
    /// A number, which a carrier reaches.
    Number(PhoneNumber),
    /// A SIP address, which is spoken to directly.
    Sip(SipAddress),
}

impl Callee {
    /// The number, when it is one.
    #[must_use]
    pub const fn number(&self) -> Option<PhoneNumber> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Sip(_) => None,
        }
    }

    /// The SIP address, when it is one.
    #[must_use]
    pub const fn sip(&self) -> Option<&SipAddress> {
        match self {
            Self::Number(_) => None,
            Self::Sip(address) => Some(address),
        }
    }

    /// From what is stored of it: digits, or an address. What cannot be read is nobody.
    #[must_use]
    pub fn stored(number: Option<PhoneNumber>, sip: Option<&str>) -> Option<Self> {
        let sip = || Some(Self::Sip(SipAddress::parse(sip?).ok()?));
        number.map(Self::Number).or_else(sip)
    }

    /// For logs, without saying who it is.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Number(number) => number.masked(),
            Self::Sip(address) => address.masked(),
        }
    }
}

impl From<PhoneNumber> for Callee {
    fn from(number: PhoneNumber) -> Self {
        Self::Number(number)
    }
}

impl From<SipAddress> for Callee {
    fn from(address: SipAddress) -> Self {
        Self::Sip(address)
    }
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Sip(address) => address.fmt(f),
        }
    }
}

impl fmt::Debug for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Sip(address) => address.fmt(f),
        }
    }
}
