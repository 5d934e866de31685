//! Passwords: Argon2id with the library's current defaults (RFC 9106), on a thread of its own.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// Shortest password.
pub const PASSWORD_MIN: usize = 10;
/// Longest password, in bytes; more only costs time.
pub const PASSWORD_MAX: usize = 256;
/// Hashes computed at one time: each takes 19 MiB and some 30 ms.
static HASHING: Semaphore = Semaphore::const_new(2);

/// A password is too short or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters")]
pub struct PasswordError;

/// Hashes a password into PHC form. Takes some 30 ms of CPU.
///
/// # Errors
/// When the length is wrong or the system gives no randomness.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&password.len()) {
        return Err(PasswordError);
    }
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed.map(|h| h.to_string()).map_err(|_| PasswordError)
}

/// Whether the password is the hashed one. An unknown user is checked against a hash all the same, so
/// that the time tells nothing.
pub(crate) async fn verify(password: String, stored: Option<String>) -> Result<bool, Problem> {
    let _permit = HASHING.acquire().await.map_err(|_| Problem::internal())?;
    let check = move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| DUMMY.to_owned());
        let parsed = PasswordHash::new(&stored);
        let fits = parsed.is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        });
        known && fits && password.len() <= PASSWORD_MAX
    };
    tokio::task::spawn_blocking(check)
        .await
        .map_err(|_| Problem::internal())
}

/// A hash that no password has, with the same cost as real ones.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_opens() {
        let stored = hash("correct horse").expect("a hash");
        assert!(
            verify("correct horse".to_owned(), Some(stored.clone()))
                .await
                .expect("checked")
        );
        assert!(
            !verify("wrong horse!".to_owned(), Some(stored))
                .await
                .expect("checked")
        );
        assert!(
            !verify("correct horse".to_owned(), None)
                .await
                .expect("checked")
        );
        assert_eq!(hash("short"), Err(PasswordError));
        assert!(PasswordHash::new(DUMMY).is_ok());
    }
}
