//! Comparisons of texts in which capitals and small letters are the same, without writing a new text.

/// A text in small letters, made once.
pub(super) fn lowered(text: &str) -> Box<str> {
    text.trim().to_lowercase().into()
}

fn chars(text: &str) -> impl DoubleEndedIterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// Whether `text` is `lower`.
pub(super) fn is(text: &str, lower: &str) -> bool {
    chars(text).eq(lower.chars())
}

/// Whether `text` begins with `lower`.
pub(super) fn starts_with(text: &str, lower: &str) -> bool {
    let mut got = chars(text);
    lower.chars().all(|wanted| got.next() == Some(wanted))
}

/// Whether `text` ends with `lower`.
pub(super) fn ends_with(text: &str, lower: &str) -> bool {
    let mut got = chars(text).rev();
    lower.chars().rev().all(|wanted| got.next() == Some(wanted))
}

/// Whether `lower` is somewhere in `text`.
pub(super) fn contains(text: &str, lower: &str) -> bool {
    lower.is_empty()
        || text
            .char_indices()
            .any(|(at, _)| starts_with(&text[at..], lower))
}

/// A fingerprint of a text in which capitals do not matter.
pub(super) fn fingerprint(text: &str) -> u64 {
    // FNV-1a over the letters, then the finalizer of SplitMix64 (public domain) to spread the bits.
    spread(chars(text).fold(0xcbf2_9ce4_8422_2325_u64, |hash, letter| {
        (hash ^ u64::from(u32::from(letter))).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// Spreads bits; different numbers stay different.
pub(super) const fn spread(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A number below `below`, drawn from a chance and a word, so that a replay draws the same.
pub(super) fn draw(chance: u64, word: &str, below: u64) -> u64 {
    spread(fingerprint(word) ^ chance) % below.max(1)
}

/// Orders `text` against `lower` as their small letters.
pub(super) fn order(text: &str, lower: &str) -> std::cmp::Ordering {
    chars(text).cmp(lower.chars())
}
