//! SHA-256 hashes as values. The core computes none: whoever calls it says how.

/// A SHA-256 hash, as phone numbers and e-mail addresses come in pings.
pub type Sha256 = [u8; 32];

/// How a SHA-256 hash is computed (FIPS 180-4).
pub type Hasher = fn(&[u8]) -> Sha256;

/// Reads 64 hexadecimal digits.
#[must_use]
pub fn parse_sha256(text: &str) -> Option<Sha256> {
    let text = text.trim().as_bytes();
    let mut hash = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        let value = digit(pair[0])? * 16 + digit(pair[1])?;
        *byte = u8::try_from(value).ok()?;
    }
    Some(hash)
}

/// 64 hexadecimal digits.
#[must_use]
pub fn sha256_text(hash: Sha256) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    hash.iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
