//! The hash behind a feature's slot: FNV-1a, 64 bits, over the bytes of the parts, then the finaliser of SplitMix64.
//!
//! It is our own so that it never changes: the same feature has the same hash on every platform and in every version, and
//! a stored model stays readable. FNV alone is weak in its low bits, which are those that choose a slot; the finaliser
//! spreads every bit over all (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).

/// Stands between a name and what follows it; no name and no value contains it.
const BETWEEN: u8 = 0x1f;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fnv(u64);

impl Fnv {
    pub(super) const fn new() -> Self {
        Self(OFFSET)
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(PRIME);
        }
        self
    }

    pub(super) const fn between(self) -> Self {
        self.byte(BETWEEN)
    }

    pub(super) const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(PRIME))
    }

    pub(super) const fn end(self) -> u64 {
        mixed(self.0)
    }
}

/// The finaliser of SplitMix64.
pub(super) const fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The same hash over bytes, as the check at the end of a snapshot.
pub(super) fn of_bytes(bytes: &[u8]) -> u64 {
    let fold = |fnv: Fnv, byte: &u8| fnv.byte(*byte);
    bytes.iter().fold(Fnv::new(), fold).end()
}
