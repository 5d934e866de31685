//! The secrets of endpoints: documents name them, their values are sealed in the store and shown to nobody.

use std::collections::BTreeMap;

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, DestinationId};

use super::things::Thing;
use super::{Distribution, DistributionError, invalid};
use crate::ports::distribution::{Destination, DestinationSecrets};
use crate::ports::webhooks::Secret;

/// Most secrets of a destination.
pub const SECRETS_MAX: usize = 20;
/// Longest secret, in bytes.
pub const SECRET_BYTES_MAX: usize = 2_048;
/// Longest name, in bytes.
const NAME_MAX: usize = 60;

impl Distribution {
    /// Sets secrets of a destination, and takes those away that have no value; the others stay.
    ///
    /// # Errors
    /// When there is no such destination, a name or a value cannot be one, or the store is away.
    pub async fn set_secrets(
        &self,
        account: AccountId,
        destination: DestinationId,
        changes: BTreeMap<String, Option<Secret>>,
        now: Timestamp,
    ) -> Result<(), DistributionError> {
        check_secrets(&changes)?;
        let lock = self.lock(account);
        let _changing = lock.lock().await;
        let market = self.market(account)?;
        if market.destination(destination).is_none() {
            return Err(DistributionError::NotFound(Destination::NOUN));
        }
        let mut secrets = (*market.secrets(destination)).clone();
        for (name, value) in changes {
            match value {
                Some(value) => secrets.insert(name, value),
                None => secrets.remove(&name),
            };
        }
        if secrets.len() > SECRETS_MAX {
            let message = format!("a destination has at most {SECRETS_MAX} secrets");
            return Err(invalid("secrets", message));
        }
        let all = DestinationSecrets {
            destination,
            account,
            secrets,
        };
        self.to_change(account).put_secrets(&all, now).await?;
        Ok(self.read_back(account, None).await?)
    }
}

/// Whether these can be secrets at all.
///
/// # Errors
/// With the name that is none, or whose value is none.
pub fn check_secrets(changes: &BTreeMap<String, Option<Secret>>) -> Result<(), DistributionError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    for (name, value) in changes {
        if !(1..=NAME_MAX).contains(&name.len()) || !name.bytes().all(plain) {
            let message = format!(
                "`{name}` is no name of a secret; write 1 to {NAME_MAX} letters, digits, _ or -"
            );
            return Err(invalid("secrets", message));
        }
        let wrong = |secret: &Secret| {
            let text = secret.reveal();
            text.is_empty() || text.len() > SECRET_BYTES_MAX || text.chars().any(char::is_control)
        };
        if value.as_ref().is_some_and(wrong) {
            let message = format!(
                "the secret `{name}` must be 1 to {SECRET_BYTES_MAX} bytes without line ends; null takes one away"
            );
            return Err(invalid("secrets", message));
        }
    }
    Ok(())
}
