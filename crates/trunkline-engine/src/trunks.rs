//! How trunks are: the news of the performer that tends them, kept in memory, and trying one at a person's wish.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;
use trunkline_core::base::id::{AccountId, TrunkId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::call::trunk::{
    Health, HealthState, Ping, Registration, RegistrationNews, RegistrationState, jittered,
};
use trunkline_core::call::{TollRefusal, TollUse};

use crate::call::Calls;
use crate::call::control::TrunkProfile;
use crate::call::trunk::{TestCall, TrunkControl, TrunkLines};
use crate::clock::Moment;
use crate::directory::SharedDirectory;

/// Time between two pings of a trunk, in milliseconds. Short enough to keep a NAT binding open.
pub const PING_EVERY_MS: u64 = 30_000;

/// The state of a trunk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrunkState {
    /// Whether it answers.
    pub health: Health,
    /// Where its registration stands.
    pub registration: Registration,
}

impl TrunkState {
    /// Whether other trunks are to be tried first.
    #[must_use]
    pub fn is_failing(&self, registers: bool) -> bool {
        let unregistered = matches!(
            self.registration.state,
            RegistrationState::Refused | RegistrationState::Failing
        );
        self.health.state == HealthState::Failing || registers && unregistered
    }
}

/// The states of all trunks.
#[derive(Debug, Default)]
pub struct TrunkStates(Mutex<HashMap<TrunkId, TrunkState>>);

impl TrunkStates {
    /// The state of one; unknown before any news.
    #[must_use]
    pub fn of(&self, trunk: TrunkId) -> TrunkState {
        self.hold().get(&trunk).cloned().unwrap_or_default()
    }

    fn change(&self, trunk: TrunkId, change: impl FnOnce(&TrunkState) -> TrunkState) -> TrunkState {
        let mut states = self.hold();
        let state = states.entry(trunk).or_default();
        *state = change(state);
        state.clone()
    }

    /// Forgets trunks that are no more.
    pub(crate) fn keep(&self, there: impl Fn(TrunkId) -> bool) {
        self.hold().retain(|trunk, _| there(*trunk));
    }

    fn hold(&self) -> MutexGuard<'_, HashMap<TrunkId, TrunkState>> {
        // Every change of the map is complete.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a person's wish to be rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallMe {
    /// It was tried.
    Tried(TestCall),
    /// A toll rule forbids it.
    Forbidden(TollRefusal),
    /// The account has no number that could be shown.
    NoNumber,
    /// The trunk has no host to dial, or the telephone side is not running.
    NoLine,
}

/// Trunks as they are.
pub struct Trunks {
    moment: Moment,
    directory: SharedDirectory,
    calls: Arc<Calls>,
    lines: OnceLock<Arc<dyn TrunkLines>>,
}

impl Trunks {
    /// Over the directory.
    #[must_use]
    pub fn new(moment: Moment, directory: SharedDirectory, calls: Arc<Calls>) -> Self {
        Self {
            moment,
            directory,
            calls,
            lines: OnceLock::new(),
        }
    }

    /// The performer that can try trunks; the first one stays.
    pub fn attach(&self, lines: Arc<dyn TrunkLines>) {
        let _ = self.lines.set(lines);
    }

    /// The state of a trunk.
    #[must_use]
    pub fn state(&self, trunk: TrunkId) -> TrunkState {
        self.directory.trunk_states().of(trunk)
    }

    /// Pings a trunk now; `None` when it has no host to ask.
    pub async fn check(&self, trunk: TrunkId) -> Option<TrunkState> {
        let profile = self.directory.now().profile(trunk).cloned()?;
        let lines = self.lines.get().filter(|_| profile.peer.is_some())?;
        let ping = lines.ping(&profile).await;
        self.pinged(trunk, ping);
        Some(self.state(trunk))
    }

    /// Rings a phone over a trunk, under the account's toll rules.
    pub async fn call_me(&self, account: AccountId, trunk: TrunkId, to: PhoneNumber) -> CallMe {
        let directory = self.directory.now();
        let (Some(profile), Some(account)) = (directory.profile(trunk), directory.account(account))
        else {
            return CallMe::NoLine;
        };
        let Some(lines) = self.lines.get().filter(|_| profile.peer.is_some()) else {
            return CallMe::NoLine;
        };
        let used = self.calls.toll_use(account).await;
        let with_this = TollUse {
            concurrent_calls: used.concurrent_calls + 1,
            ..used
        };
        if let Err(refusal) = account.toll.permit(&to.into(), with_this) {
            metrics::counter!("trunkline_toll_refused_total", "reason" => refusal.word())
                .increment(1);
            return CallMe::Forbidden(refusal);
        }
        let numbers = directory.numbers_of(account.id);
        let bound = numbers.iter().find(|number| number.trunk == trunk);
        let Some(shown) = bound.or_else(|| numbers.first()) else {
            return CallMe::NoNumber;
        };
        let outcome = lines.ring(profile, to, shown.number).await;
        if outcome == TestCall::Answered {
            self.calls.count_test(account.id, trunk, to);
        }
        tracing::info!(trunk = %trunk, to = %to.masked(), ?outcome, "a test call was made");
        CallMe::Tried(outcome)
    }

    fn note(&self, trunk: TrunkId, change: impl FnOnce(&TrunkState, Timestamp) -> TrunkState) {
        // News of a trunk that was removed meanwhile.
        let Some(profile) = self.directory.peek().profile(trunk).cloned() else {
            return;
        };
        let states = self.directory.trunk_states();
        let (before, now) = (states.of(trunk), self.moment.now());
        let after = states.change(trunk, |state| change(state, now));
        tell_change(&profile, &before, &after);
    }
}

/// 0 to 1, another one each time.
fn chance() -> f64 {
    let drawn = RandomState::new().hash_one(0_u8) >> 32;
    f64::from(u32::try_from(drawn).unwrap_or(0)) / f64::from(u32::MAX)
}

/// One line when a trunk's state turns, not one for each ping.
fn tell_change(profile: &TrunkProfile, before: &TrunkState, after: &TrunkState) {
    let (trunk, name) = (profile.id, &profile.name);
    if before.health.state != after.health.state {
        match &after.health.error {
            Some(error) => tracing::warn!(%trunk, name, error, "a trunk does not answer"),
            None => tracing::info!(%trunk, name, "a trunk answers"),
        }
    }
    if before.registration.state != after.registration.state {
        match &after.registration.error {
            Some(error) => tracing::warn!(%trunk, name, error, "a trunk is not registered"),
            None => {
                let state = after.registration.state.word();
                tracing::info!(%trunk, name, state, "the registration of a trunk changed");
            }
        }
    }
}

impl TrunkControl for Trunks {
    fn trunks(&self) -> Vec<Arc<TrunkProfile>> {
        let directory = self.directory.now();
        directory.profiles().map(Arc::clone).collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.directory.changes()
    }

    fn pinged(&self, trunk: TrunkId, ping: Ping) {
        if let Ping::Failed { .. } = ping {
            metrics::counter!("trunkline_trunk_ping_failed_total").increment(1);
        }
        self.note(trunk, |state, now| TrunkState {
            health: state.health.after(&ping, now),
            ..state.clone()
        });
    }

    fn registered(&self, trunk: TrunkId, news: RegistrationNews) {
        if let RegistrationNews::Refused { .. } | RegistrationNews::Failed { .. } = news {
            metrics::counter!("trunkline_trunk_register_failed_total").increment(1);
        }
        self.note(trunk, |state, now| TrunkState {
            registration: state.registration.after(&news, now),
            ..state.clone()
        });
    }

    fn ping_wait_ms(&self, _trunk: TrunkId) -> u64 {
        jittered(PING_EVERY_MS, chance())
    }

    fn register_wait_ms(&self, trunk: TrunkId, expires_s: u32) -> u64 {
        let registration = self.state(trunk).registration;
        registration.wait_ms(expires_s, chance())
    }
}
