//! What a flow may know of a call, as arguments of every step.

use crate::base::{PhoneNumber, Timestamp};
use crate::call::RecordingConsent;
use crate::visitor::Source;

/// The lines of the tracking number that a document may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// Where calls of the number go.
    pub business_line: PhoneNumber,
    /// Where they go when the business line does not take them.
    pub second_line: Option<PhoneNumber>,
}

/// What is known of a call.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The lines of the number that was dialled.
    pub lines: Lines,
    /// The caller's number, when it is not withheld.
    pub caller: Option<PhoneNumber>,
    /// Where the call came from, as far as it is known.
    pub source: Option<&'a Source>,
    /// The call's score, 0 to 100, when it has one.
    pub score: Option<u8>,
    /// How often the caller called the account before.
    pub calls_before: u32,
    /// Who answered the caller's last call that was answered.
    pub answered_before: Option<PhoneNumber>,
    /// Counts the calls of the flow, for taking turns.
    pub turn: u64,
    /// What the account chose about recording talks.
    pub recording_consent: RecordingConsent,
    /// When this step is taken.
    pub now: Timestamp,
    /// What chance is drawn from; the same for the whole call.
    pub seed: u64,
}

impl Facts<'_> {
    /// A number below `below`, drawn from the call's seed and a word, so that a replay draws the same.
    pub(super) fn draw(&self, word: &str, below: u64) -> u64 {
        // FNV-1a over the word, then the finalizer of SplitMix64 (public domain) to spread the bits.
        let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut bits = (hash ^ self.seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % below.max(1)
    }
}
