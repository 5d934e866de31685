//! Who may try a password now. Guesses are bounded per network, per name from a network, and per name from everywhere; so
//! somebody who fails on purpose could keep a name's owner out. A device on which that name signed in before therefore has
//! attempts of its own, which nobody without its mark can use up.

use std::net::IpAddr;

use trunkline_core::base::Timestamp;
use trunkline_core::base::id::LoginId;

use super::mark::Serial;
use super::throttle::Throttle;
use crate::address::subscriber;

/// Attempts from one network, for one name from it, and of one marked device: five at once, then one in 12 s.
const BURST: u32 = 5;
const EVERY_MS: i64 = 12_000;
/// Attempts for one name from everywhere, strangers and marked devices counted apart: a password stands such a rate for
/// centuries, and a stranger needs twenty networks to use it up.
const NAME_BURST: u32 = 100;

/// The attempts to sign in. Every part holds a bounded number of keys.
#[derive(Debug)]
pub(crate) struct Gate {
    /// By the network alone; of IPv6 the first 64 bits, which one subscriber holds.
    networks: Throttle<IpAddr>,
    /// By name and network.
    names_from: Throttle<(String, IpAddr)>,
    /// By name, from devices without a mark.
    names: Throttle<String>,
    /// By marked device. Only a genuine mark makes a key here, so that strangers cannot fill it.
    devices: Throttle<(String, Serial)>,
    /// By name, from all its marked devices.
    marked_names: Throttle<String>,
    /// By login, for the present password that a change asks for.
    changes: Throttle<LoginId>,
}

/// An attempt that may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Of a device that the name has signed in on before.
    Known(String, Serial),
    /// Of anybody.
    Stranger(String, IpAddr),
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            networks: Throttle::new(BURST, EVERY_MS),
            names_from: Throttle::new(BURST, EVERY_MS),
            names: Throttle::new(NAME_BURST, EVERY_MS),
            devices: Throttle::new(BURST, EVERY_MS),
            marked_names: Throttle::new(NAME_BURST, EVERY_MS),
            changes: Throttle::new(BURST, EVERY_MS),
        }
    }
}

impl Gate {
    /// Counts an attempt to sign in as `name`. A device whose own attempts are used up may still use those of strangers.
    ///
    /// # Errors
    /// Seconds until the next attempt is allowed.
    pub(crate) fn attempt(
        &self,
        name: &str,
        address: IpAddr,
        mark: Option<Serial>,
        now: Timestamp,
    ) -> Result<Attempt, u32> {
        if let Some(serial) = mark {
            let device = (name.to_owned(), serial);
            if self.devices.attempt(device, now).is_ok()
                && self.marked_names.attempt(name.to_owned(), now).is_ok()
            {
                return Ok(Attempt::Known(name.to_owned(), serial));
            }
        }
        let network = subscriber(address);
        self.networks.attempt(network, now)?;
        self.names_from.attempt((name.to_owned(), network), now)?;
        self.names.attempt(name.to_owned(), now)?;
        Ok(Attempt::Stranger(name.to_owned(), network))
    }

    /// The password was right: earlier slips of the same device or network are forgotten.
    pub(crate) fn succeeded(&self, attempt: Attempt) {
        match attempt {
            Attempt::Known(name, serial) => self.devices.forget(&(name, serial)),
            Attempt::Stranger(name, network) => self.names_from.forget(&(name, network)),
        }
    }

    /// Counts an attempt to change the password of a login's user, who must know the present one.
    ///
    /// # Errors
    /// Seconds until the next attempt is allowed.
    pub(crate) fn change(&self, login: LoginId, now: Timestamp) -> Result<(), u32> {
        self.changes.attempt(login, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "owner@example.com";
    const DEVICE: Serial = [1; 16];

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + ms)
    }

    fn network(n: u32) -> IpAddr {
        IpAddr::V4((0xCB00_0000 + n).into())
    }

    /// Guesses that a stranger with so many networks gets through in so long a time, one second after the other.
    fn guesses(gate: &Gate, networks: u32, seconds: i64) -> usize {
        let mut passed = 0;
        for second in 0..seconds {
            for n in 0..networks {
                passed += usize::from(
                    gate.attempt(NAME, network(n), None, at(second * 1_000))
                        .is_ok(),
                );
            }
        }
        passed
    }

    #[test]
    fn guesses_are_bounded_per_network_and_per_name() {
        // Five and one in 12 s from one network.
        assert_eq!(guesses(&Gate::default(), 1, 121), 5 + 10);
        // A hundred and one in 12 s for one name, from however many.
        assert_eq!(guesses(&Gate::default(), 500, 121), 100 + 10);
        // One network that tries every name.
        let gate = Gate::default();
        let names = (0..100).map(|n| format!("user{n}@example.com"));
        let passed = names.filter(|name| gate.attempt(name, network(1), None, at(0)).is_ok());
        assert_eq!(passed.count(), 5);
    }

    #[test]
    fn a_name_under_attack_still_signs_in_where_it_has_signed_in_before() {
        let gate = Gate::default();
        for second in 0..600 {
            for n in 0..300 {
                let _ = gate.attempt(NAME, network(n), None, at(second * 1_000));
            }
        }
        // Before the next attempt for the name is due, which the attack would take too.
        let now = at(599_500);
        let home = network(1_000);
        assert!(
            gate.attempt(NAME, home, None, now).is_err(),
            "without a mark the owner looks like everybody"
        );
        let attempt = gate.attempt(NAME, home, Some(DEVICE), now);
        assert_eq!(attempt, Ok(Attempt::Known(NAME.to_owned(), DEVICE)));
        // Also from the very network the attack comes from, such as an office behind one address.
        assert!(gate.attempt(NAME, network(1), Some(DEVICE), now).is_ok());
    }

    #[test]
    fn a_mark_in_wrong_hands_is_five_more_guesses_and_one_in_twelve_seconds() {
        let gate = Gate::default();
        let mut known = 0;
        let mut strange = 0;
        for second in 0..121 {
            match gate.attempt(NAME, network(1), Some(DEVICE), at(second * 1_000)) {
                Ok(Attempt::Known(..)) => known += 1,
                Ok(Attempt::Stranger(..)) => strange += 1,
                Err(_) => {}
            }
        }
        // The strangers' five begin when the device's own are used up, five seconds later.
        assert_eq!((known, strange), (15, 14));
        // Many marks of one name, as somebody collects who knows the password and loses it, share one bound.
        let gate = Gate::default();
        let marks = (0..=255_u8).filter(|n| {
            let attempt = gate.attempt(NAME, network(n.to_owned().into()), Some([*n; 16]), at(0));
            matches!(attempt, Ok(Attempt::Known(..)))
        });
        assert_eq!(marks.count(), 100);
    }

    #[test]
    fn one_who_gets_it_right_starts_anew() {
        let gate = Gate::default();
        for mark in [None, Some(DEVICE)] {
            let mut last = None;
            for _ in 0..5 {
                last = gate.attempt(NAME, network(1), mark, at(0)).ok();
            }
            gate.succeeded(last.expect("the fifth attempt passes"));
        }
        // The device has five again; the network as such has none left.
        for _ in 0..5 {
            let again = gate.attempt(NAME, network(1), Some(DEVICE), at(0));
            assert_eq!(again, Ok(Attempt::Known(NAME.to_owned(), DEVICE)));
        }
        assert!(gate.attempt(NAME, network(1), None, at(0)).is_err());
    }

    #[test]
    fn the_present_password_is_guessed_by_no_login_without_bound() {
        let gate = Gate::default();
        let passed = (0..121).filter(|s| gate.change(LoginId::from_raw(1), at(s * 1_000)).is_ok());
        assert_eq!(passed.count(), 15);
        assert!(gate.change(LoginId::from_raw(2), at(0)).is_ok());
    }
}
