//! Hashes: a list of them, and a list of numbers that is asked for one. Pings carry no more of a person than the hash of
//! the number, and vendors hand out lists of hashes.

use super::{ItemList, Items, Places, first_bits};
use crate::base::{Hasher, PhoneNumber, Sha256};
use crate::routing::text;

impl ItemList {
    /// Computes the hashes of a list of numbers, as partners compute them: SHA-256 of the number in E.164 form. Once for
    /// each list; 8 bytes are kept for each number. Other lists need nothing.
    pub fn learn_hashes(&self, sha256: Hasher) {
        let Items::Numbers { places, hashed } = &self.items else {
            return;
        };
        hashed.get_or_init(|| {
            let hash = |bits: &u64| {
                let number = PhoneNumber::from_digits(text::gather(*bits));
                first_bits(&sha256(number.to_string().as_bytes()))
            };
            let mut hashes: Vec<u64> = places.sorted.iter().map(hash).collect();
            hashes.sort_unstable();
            Places::new(hashes)
        });
    }

    /// Whether a hash is in a list of hashes, or is that of a number in a list that [learned](Self::learn_hashes) them. Of
    /// the latter the first 64 bits are compared: with a million numbers the hash of somebody else is taken for one of
    /// them once in 18 million million times.
    #[must_use]
    pub fn contains_hash(&self, hash: &Sha256) -> bool {
        match &self.items {
            Items::Hashes { places, hashes } => {
                let near = &hashes[places.find(first_bits(hash))];
                near.binary_search(hash).is_ok()
            }
            Items::Numbers { hashed, .. } => hashed
                .get()
                .is_some_and(|hashed| !hashed.find(first_bits(hash)).is_empty()),
            Items::Zips(_) | Items::Texts { .. } => false,
        }
    }
}
