//! Sealing of secrets at rest: ChaCha20-Poly1305 (RFC 8439) under a key that is kept in a file beside the database.
//!
//! A sealed secret is the nonce (12 random bytes) followed by the ciphertext with its tag. The place it belongs to is
//! authenticated with it, so that a row cannot be copied to another place.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use crate::db::DbError;

/// Bytes of a sealing key.
pub const KEY_BYTES: usize = 32;

/// Seals and opens secrets.
pub struct Sealer {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Sealer {
    /// With the key of the installation.
    ///
    /// # Errors
    /// Never for a key of this length; the library insists on asking.
    pub fn new(key: &[u8; KEY_BYTES]) -> Result<Self, DbError> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key);
        Ok(Sealer {
            key: LessSafeKey::new(
                key.map_err(|_| DbError::other("seal", "the key is not usable"))?,
            ),
            random: SystemRandom::new(),
        })
    }

    /// A fresh random key.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh_key() -> Result<[u8; KEY_BYTES], DbError> {
        let mut key = [0; KEY_BYTES];
        let filled = SystemRandom::new().fill(&mut key);
        filled.map_err(|_| DbError::other("seal", "the system gave no randomness"))?;
        Ok(key)
    }

    /// Seals `secret` for the place named `place`.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn seal(&self, place: &str, secret: &[u8]) -> Result<Vec<u8>, DbError> {
        let failed = |_| DbError::other("seal", "the secret could not be sealed");
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(failed)?;
        let mut body = secret.to_vec();
        let place = Aad::from(place.as_bytes());
        let sealed = self.key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            place,
            &mut body,
        );
        sealed.map_err(failed)?;
        Ok([&nonce[..], &body].concat())
    }

    /// Opens what [`Sealer::seal`] made for the same place.
    ///
    /// # Errors
    /// When the key is another one, the bytes were changed, or they belong to another place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, DbError> {
        let failed = || {
            DbError::other(
                "open a sealed secret",
                "it was sealed with another key, or it was changed",
            )
        };
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let mut body = body.to_vec();
        let opened = self
            .key
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut body);
        opened.map(|secret| secret.to_vec()).map_err(|_| failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_place_open_a_secret() {
        let sealer = Sealer::new(&[7; KEY_BYTES]).expect("a key");
        let sealed = sealer.seal("trunk/1", b"secret").expect("sealed");
        assert_ne!(sealed, sealer.seal("trunk/1", b"secret").expect("sealed"));
        assert_eq!(sealer.open("trunk/1", &sealed).expect("opened"), b"secret");
        assert!(sealer.open("trunk/2", &sealed).is_err());
        assert!(sealer.open("trunk/1", &sealed[1..]).is_err());
        assert!(sealer.open("trunk/1", b"short").is_err());
        let other = Sealer::new(&[8; KEY_BYTES]).expect("a key");
        assert!(other.open("trunk/1", &sealed).is_err());
    }
}
