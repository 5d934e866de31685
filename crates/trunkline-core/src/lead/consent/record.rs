//! Our own record of consent: what was shown, to whom, when, and what they agreed to. Each record is chained to the one
//! before by its hash, so that none can be changed, left out or put in between without the chain breaking.
//!
//! Everything here is a value: hashes are computed by a function that comes in, and whoever keeps the chain signs
//! [`Link::to_sign`].

use std::net::IpAddr;

use crate::base::{Hasher, Sha256, Timestamp};

/// Most sellers that one consent names.
pub const SELLERS_MAX: usize = 100;
/// Longest text that was shown, in characters; a longer one is kept by its hash alone.
pub const CONSENT_TEXT_MAX: usize = 4_000;
/// What the bytes of a record begin with. A change of what is written needs another.
const RECORD_MARK: &[u8] = b"trunkline consent 1\n";
/// What is hashed for a link begins with.
const LINK_MARK: &[u8] = b"trunkline consent link 1\n";
/// What is signed for a link begins with.
const SIGN_MARK: &[u8] = b"trunkline consent signature 1\n";
/// What the first link follows.
const NOTHING_BEFORE: Sha256 = [0; 32];

/// That somebody agreed to be contacted.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentRecord {
    /// When, by our own clock.
    pub given_at: Timestamp,
    /// The page it was given on.
    pub page_url: String,
    /// The words that were shown.
    pub text: String,
    /// Their hash, which stays when the words are too long to be kept.
    pub text_sha256: Sha256,
    /// Where it came from.
    pub ip: Option<IpAddr>,
    /// The browser, as it calls itself.
    pub user_agent: String,
    /// SHA-256 of the phone number in E.164 form.
    pub phone_sha256: Option<Sha256>,
    /// SHA-256 of the e-mail address in small letters.
    pub email_sha256: Option<Sha256>,
    /// Those they agreed to hear from; whoever is asked for when empty.
    pub sellers: Vec<String>,
    /// Names the replay of the form, when there is one.
    pub replay: Option<String>,
}

impl std::fmt::Debug for ConsentRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsentRecord")
            .field("given_at", &self.given_at)
            .field("text_sha256", &crate::base::sha256_text(self.text_sha256))
            .finish_non_exhaustive()
    }
}

/// The place of a record in its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Counts from 1.
    pub number: u64,
    /// The hash of the link before; zeros at the first.
    pub previous: Sha256,
    /// The hash of this one.
    pub hash: Sha256,
}

impl ConsentRecord {
    /// The bytes that stand for the record: every part with its length, so that no two records have the same.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = RECORD_MARK.to_vec();
        let mut part = |name: &str, value: &[u8]| {
            bytes.extend_from_slice(format!("{name} {}\n", value.len()).as_bytes());
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        };
        part("given_at", self.given_at.as_millis().to_string().as_bytes());
        part("page_url", self.page_url.as_bytes());
        part("text", self.text.as_bytes());
        part("text_sha256", &self.text_sha256);
        let ip = self.ip.map(|ip| ip.to_string()).unwrap_or_default();
        part("ip", ip.as_bytes());
        part("user_agent", self.user_agent.as_bytes());
        part("phone_sha256", hash_or_nothing(self.phone_sha256.as_ref()));
        part("email_sha256", hash_or_nothing(self.email_sha256.as_ref()));
        for seller in &self.sellers {
            part("seller", seller.as_bytes());
        }
        if let Some(replay) = &self.replay {
            part("replay", replay.as_bytes());
        }
        bytes
    }

    /// Whether the words are those that the hash was made of. A text that was not kept proves nothing by itself.
    #[must_use]
    pub fn text_is_true(&self, sha256: Hasher) -> bool {
        self.text.is_empty() || sha256(self.text.as_bytes()) == self.text_sha256
    }

    /// The record as the next link of a chain.
    #[must_use]
    pub fn link(&self, after: Option<&Link>, sha256: Hasher) -> Link {
        let (number, previous) = after.map_or((1, NOTHING_BEFORE), |link| {
            (link.number.saturating_add(1), link.hash)
        });
        let mut bytes = LINK_MARK.to_vec();
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&previous);
        bytes.extend_from_slice(&sha256(&self.canonical()));
        Link {
            number,
            previous,
            hash: sha256(&bytes),
        }
    }
}

fn hash_or_nothing(hash: Option<&Sha256>) -> &[u8] {
    hash.map_or(&[], |hash| hash.as_slice())
}

impl Link {
    /// What is signed for it. `chain` names whose chain it is, so that a signature fits no other.
    #[must_use]
    pub fn to_sign(&self, chain: &str) -> Vec<u8> {
        let mut bytes = SIGN_MARK.to_vec();
        bytes.extend_from_slice(format!("{} {chain}\n", chain.len()).as_bytes());
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.hash);
        bytes
    }
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainFault {
    /// A record is not what it was when it was chained, or the one before it is another.
    Changed {
        /// The number of the link.
        number: u64,
    },
    /// The words of a record are not those of its hash.
    TextChanged {
        /// The number of the link.
        number: u64,
    },
    /// A link is missing, or there is one too many.
    Gap {
        /// The number that was expected.
        expected: u64,
    },
}

/// The first fault of a part of a chain; `after` is the link before it, none when it begins the chain.
#[must_use]
pub fn broken_link<'a>(
    after: Option<&Link>,
    part: impl IntoIterator<Item = (&'a ConsentRecord, &'a Link)>,
    sha256: Hasher,
) -> Option<ChainFault> {
    let mut before = after.copied();
    for (record, link) in part {
        let expected = record.link(before.as_ref(), sha256);
        if link.number != expected.number {
            return Some(ChainFault::Gap {
                expected: expected.number,
            });
        }
        if *link != expected {
            let number = link.number;
            return Some(ChainFault::Changed { number });
        }
        if !record.text_is_true(sha256) {
            let number = link.number;
            return Some(ChainFault::TextChanged { number });
        }
        before = Some(*link);
    }
    None
}
