//! What makes two pings the same, and what a post must not change of its ping.

use super::accept::Lead;
use super::names::{EMAIL_HASH, PHONE_HASH};
use crate::base::id::FeedId;
use crate::base::{Hasher, Sha256, sha256_text};

/// What the bytes of a fingerprint begin with.
const MARK: &[u8] = b"trunkline ping 1\n";

/// The same for every ping of a feed with the same person and the same values, in whichever order and spelling they came;
/// another for every other.
#[must_use]
pub fn fingerprint(feed: FeedId, lead: &Lead, sha256: Hasher) -> Sha256 {
    let mut bytes = MARK.to_vec();
    bytes.extend_from_slice(&feed.raw().to_be_bytes());
    let mut form = lead.form();
    form.sort_unstable();
    for (name, value) in &form {
        for part in [name, value] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    sha256(&bytes)
}

/// The first field of a ping, by name, that its post has otherwise or not at all; `None` when the post is that of the ping.
/// A hash in the ping is that of the number or address in the post.
#[must_use]
pub fn changed_field(ping: &Lead, post: &Lead) -> Option<String> {
    for (name, value) in ping.form() {
        let posted = match name.as_str() {
            PHONE_HASH => post.phone_sha256.map(sha256_text),
            EMAIL_HASH => post.email_sha256.map(sha256_text),
            _ => post.value(&name).map(str::to_owned),
        };
        if posted.as_deref() != Some(&value) {
            return Some(name);
        }
    }
    None
}
