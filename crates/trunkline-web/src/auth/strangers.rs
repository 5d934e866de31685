//! Keys and logins that open nothing: each costs a look into the database, so a network that keeps sending them is
//! refused before. What has opened something lately is let through all the same, so that nobody is kept out by somebody
//! else behind the same address.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use trunkline_core::base::Timestamp;

use super::Credential;
use super::throttle::Throttle;
use crate::address::subscriber;

/// Credentials that open nothing, from one network: 200 at once, then ten a second. A few browsers whose logins ended
/// stay far below it.
const BURST: u32 = 200;
const EVERY_MS: i64 = 100;
/// Credentials of one generation that are remembered as good; there are two generations.
const KNOWN_MAX: usize = 10_000;

/// Who is looked up, and who is not any more.
#[derive(Debug)]
pub(crate) struct Strangers {
    tries: Throttle<IpAddr>,
    known: Mutex<Known>,
}

/// Credentials that were good when they were last used. It opens nothing: each is looked up at every request.
#[derive(Debug, Default)]
struct Known {
    young: HashSet<Credential>,
    old: HashSet<Credential>,
}

impl Known {
    fn add(&mut self, credential: Credential) {
        if self.young.len() >= KNOWN_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(credential);
    }

    fn has(&self, credential: &Credential) -> bool {
        self.young.contains(credential) || self.old.contains(credential)
    }
}

impl Default for Strangers {
    fn default() -> Self {
        Self {
            tries: Throttle::new(BURST, EVERY_MS),
            known: Mutex::default(),
        }
    }
}

impl Strangers {
    /// Whether a credential may be looked up now.
    ///
    /// # Errors
    /// Seconds after which the network may try again.
    pub(crate) fn admit(
        &self,
        credential: Credential,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Look<'_>, u32> {
        let network = subscriber(address);
        let counted = !self.hold().has(&credential);
        if counted {
            self.tries.attempt(network, now)?;
        }
        Ok(Look {
            strangers: self,
            credential,
            network,
            counted,
        })
    }

    /// A credential that was just made is good.
    pub(crate) fn made(&self, credential: Credential) {
        self.hold().add(credential);
    }

    fn hold(&self) -> MutexGuard<'_, Known> {
        // The sets are whole between any two changes.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A look into the database that may be made.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    strangers: &'a Strangers,
    credential: Credential,
    network: IpAddr,
    counted: bool,
}

impl Look<'_> {
    /// It opened something: it does not count.
    pub(crate) fn opened(self) {
        self.strangers.made(self.credential);
        self.unclear();
    }

    /// Nobody could tell, which is not the network's fault.
    pub(crate) fn unclear(&self) {
        if self.counted {
            self.strangers.tries.give_back(&self.network);
        }
    }

    /// It opens nothing, or nothing any more.
    pub(crate) fn failed(self) {
        let mut known = self.strangers.hold();
        known.young.remove(&self.credential);
        known.old.remove(&self.credential);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + ms)
    }

    fn key(n: u32) -> Credential {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&n.to_be_bytes());
        Credential::Key(hash)
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn bogus_credentials_are_bounded_by_network_and_good_ones_are_not() {
        let strangers = Strangers::default();
        let good = key(0);
        strangers.admit(good, HERE, at(0)).expect("a look").opened();
        let mut looked = 0;
        for n in 1..10_000 {
            if let Ok(look) = strangers.admit(key(n), HERE, at(0)) {
                look.failed();
                looked += 1;
            }
        }
        assert_eq!(looked, BURST, "the good one cost nothing");
        assert!(strangers.admit(good, HERE, at(0)).is_ok());
        assert!(strangers.admit(key(1), THERE, at(0)).is_ok());
        assert!(strangers.admit(key(1), HERE, at(EVERY_MS)).is_ok());
        assert!(strangers.admit(key(2), HERE, at(EVERY_MS)).is_err());

        // One that was removed is a stranger again; one that is made is none.
        strangers
            .admit(good, HERE, at(EVERY_MS))
            .expect("a look")
            .failed();
        assert!(strangers.admit(good, HERE, at(EVERY_MS)).is_err());
        strangers.made(key(3));
        assert!(strangers.admit(key(3), HERE, at(EVERY_MS)).is_ok());
    }

    #[test]
    fn what_nobody_can_tell_costs_nothing() {
        let strangers = Strangers::default();
        for n in 0..3 * BURST {
            let look = strangers.admit(key(n), HERE, at(0));
            look.expect("a look").unclear();
        }
    }

    #[test]
    fn the_good_ones_that_are_remembered_are_bounded_and_the_latest_stay() {
        let mut known = Known::default();
        let many = u32::try_from(5 * KNOWN_MAX).expect("fits");
        for n in 0..many {
            known.add(key(n));
        }
        assert!(known.young.len() + known.old.len() <= 2 * KNOWN_MAX);
        assert!(known.has(&key(many - 1)) && known.has(&key(many - 5_000)));
        assert!(!known.has(&key(0)));
    }
}
