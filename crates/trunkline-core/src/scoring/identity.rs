//! What tells who somebody is never becomes a feature: neither a phone number, nor an e-mail address, nor a hash of one.
//!
//! A hashed phone number is a phone number: whoever has the weights tries all of them. So [`Category`] refuses texts that
//! look like one, and the types that hold identities ([`PhoneNumber`](crate::base::PhoneNumber), hashes of people) have no
//! way into a feature at all.

/// Longest value of a feature, in bytes; what is longer is cut, so that nobody fills the store with a keyword.
pub const CATEGORY_MAX: usize = 80;
/// Digits of a phone number behind a plus sign.
const PLUS_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Hexadecimal digits from which a text is taken for a hash or a token: those of MD5.
const HASH_DIGITS: usize = 32;

/// A value that tells nobody's identity: at most [`CATEGORY_MAX`] bytes; it is kept in small letters and without
/// control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Category<'a>(&'a str);

/// The text tells, or may tell, who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the value looks like {0}; features never tell who somebody is: leave it out, or give what it says instead, such as the area"
)]
pub struct Identity(&'static str);

impl<'a> Category<'a> {
    /// From a text.
    ///
    /// # Errors
    /// When it looks like a phone number, an e-mail address or a hash.
    pub fn new(text: &'a str) -> Result<Self, Identity> {
        let text = text.trim();
        let mut end = text.len().min(CATEGORY_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // Cut first, so that what is kept is read again as it is.
        let text = text[..end].trim_end();
        let mut around_at = text.split('@').flat_map(|part| part.split("%40")).skip(1);
        if around_at.any(|host| host.contains('.')) {
            return Err(Identity("an e-mail address"));
        }
        if has_hash(text) {
            return Err(Identity("a hash or a token"));
        }
        if has_phone(text) {
            return Err(Identity("a phone number"));
        }
        Ok(Self(text))
    }

    /// Writes it in its one form.
    pub(super) fn write(self, to: &mut String) {
        for c in self.0.chars() {
            let c = if c.is_control() { '_' } else { c };
            // Only ASCII: how other letters are made small changes with the version of Unicode.
            to.push(c.to_ascii_lowercase());
        }
    }
}

/// Whether a run of hexadecimal digits is as long as a hash.
fn has_hash(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        // A token is often written in groups.
        run = match byte {
            b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => run + 1,
            b'-' if run > 0 => run,
            _ => 0,
        };
        run >= HASH_DIGITS
    })
}

/// Whether somewhere in it stands a phone number: digits behind a plus sign, or ten digits of North America, however they
/// are grouped. Numbers of ads and of campaigns, which do not fit its plan, may stay.
fn has_phone(text: &str) -> bool {
    let mut digits = [0_u8; 16];
    let (mut count, mut plus) = (0, false);
    let mut is_phone = false;
    for byte in text.bytes().chain([0]) {
        match byte {
            b'0'..=b'9' => {
                if let Some(slot) = digits.get_mut(count) {
                    *slot = byte - b'0';
                }
                count += 1;
            }
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' if count > 0 => {}
            b'(' => {}
            _ => {
                is_phone |= plus && PLUS_DIGITS.contains(&count);
                is_phone |= is_north_american(digits.get(..count).unwrap_or_default());
                count = 0;
                plus = byte == b'+';
            }
        }
    }
    is_phone
}

/// Whether digits fit the numbering plan of North America: area code and exchange begin with 2 to 9.
fn is_north_american(digits: &[u8]) -> bool {
    let national = match digits {
        [1, rest @ ..] if rest.len() == 10 => rest,
        whole if whole.len() == 10 => whole,
        _ => return false,
    };
    national[0] >= 2 && national[3] >= 2
}
