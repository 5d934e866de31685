//! Comparisons of texts in which capitals and small letters are the same, without writing a new text.

/// Start and factor of FNV-1a.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// A text in small letters, made once.
pub(super) fn lowered(text: &str) -> Box<str> {
    text.trim().to_lowercase().into()
}

fn chars(text: &str) -> impl DoubleEndedIterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// Whether `text` is `lower`. Most texts are ASCII, which takes a fraction of the time.
pub(super) fn is(text: &str, lower: &str) -> bool {
    if text.is_ascii() {
        return text.eq_ignore_ascii_case(lower);
    }
    chars(text).eq(lower.chars())
}

/// Whether `text` begins with `lower`.
pub(super) fn starts_with(text: &str, lower: &str) -> bool {
    if text.is_ascii() {
        let start = text.as_bytes().get(..lower.len());
        return start.is_some_and(|start| start.eq_ignore_ascii_case(lower.as_bytes()));
    }
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
    let add = |hash: u64, letter: u32| (hash ^ u64::from(letter)).wrapping_mul(FNV_PRIME);
    // An ASCII letter is the same number as a byte and as a letter.
    if text.is_ascii() {
        let bytes = text
            .bytes()
            .map(|byte| u32::from(byte.to_ascii_lowercase()));
        return spread(bytes.fold(FNV_BASIS, add));
    }
    spread(chars(text).map(u32::from).fold(FNV_BASIS, add))
}

/// Spreads bits with the finalizer of SplitMix64 (public domain); different numbers stay different.
pub(super) const fn spread(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The number that [`spread`] made these bits of.
pub(super) const fn gather(mut bits: u64) -> u64 {
    bits ^= (bits >> 31) ^ (bits >> 62);
    bits = bits.wrapping_mul(0x3196_42b2_d24d_8ec3);
    bits ^= (bits >> 27) ^ (bits >> 54);
    bits = bits.wrapping_mul(0x96de_1b17_3f11_9089);
    bits ^= (bits >> 30) ^ (bits >> 60);
    bits.wrapping_sub(0x9e37_79b9_7f4a_7c15)
}

/// A number below `below`, drawn from a chance and a word, so that a replay draws the same.
pub(super) fn draw(chance: u64, word: &str, below: u64) -> u64 {
    spread(fingerprint(word) ^ chance) % below.max(1)
}

/// Orders `text` against `lower` as their small letters.
pub(super) fn order(text: &str, lower: &str) -> std::cmp::Ordering {
    if text.is_ascii() {
        let bytes = text.bytes().map(|byte| byte.to_ascii_lowercase());
        return bytes.cmp(lower.bytes());
    }
    chars(text).cmp(lower.chars())
}
