//! Slows down repeated attempts: a leaky bucket per key, bounded in number.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use trunkline_core::base::Timestamp;

/// Most keys that are remembered; beyond, new ones are refused until old ones are empty.
const KEYS_MAX: usize = 100_000;
/// How often emptied buckets are forgotten, in milliseconds.
const SWEEP_EVERY_MS: i64 = 10_000;

/// Allows `burst` attempts at once and then one every `every_ms`.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    burst: u32,
    every_ms: i64,
    buckets: Mutex<Buckets<K>>,
}

#[derive(Debug)]
struct Buckets<K> {
    /// When each bucket will be empty.
    empty_at: HashMap<K, i64, RandomState>,
    /// When emptied buckets were last forgotten.
    swept_at: i64,
}

impl<K: Eq + Hash> Throttle<K> {
    pub(crate) fn new(burst: u32, every_ms: i64) -> Self {
        Self {
            burst,
            every_ms,
            buckets: Mutex::new(Buckets {
                empty_at: HashMap::default(),
                swept_at: 0,
            }),
        }
    }

    /// Counts an attempt. `Err`: too many; seconds until the next one is allowed.
    pub(crate) fn attempt(&self, key: K, now: Timestamp) -> Result<(), u32> {
        self.attempts(key, 1, now)
    }

    /// Counts so many attempts at once; all or none are allowed.
    pub(crate) fn attempts(&self, key: K, count: u32, now: Timestamp) -> Result<(), u32> {
        let now = now.as_millis();
        let cost_ms = i64::from(count) * self.every_ms;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if now - buckets.swept_at >= SWEEP_EVERY_MS {
            buckets.swept_at = now;
            buckets.empty_at.retain(|_, empty_at| *empty_at > now);
        }
        let has_room = buckets.empty_at.len() < KEYS_MAX;
        let bucket = buckets.empty_at.entry(key);
        if matches!(bucket, Entry::Vacant(_)) && !has_room {
            return Err(1);
        }
        let bucket = bucket.or_insert(now);
        let empty_at = now.max(*bucket);
        let full = i64::from(self.burst) * self.every_ms;
        if empty_at + cost_ms > now + full {
            let wait_ms = empty_at + cost_ms - now - full;
            return Err(u32::try_from(wait_ms / 1_000 + 1).unwrap_or(u32::MAX));
        }
        *bucket = empty_at + cost_ms;
        Ok(())
    }

    /// Takes one attempt back that turned out to be none.
    pub(crate) fn give_back(&self, key: &K) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(empty_at) = buckets.empty_at.get_mut(key) {
            *empty_at -= self.every_ms;
        }
    }

    /// Forgets the attempts of a key, after one that succeeded.
    pub(crate) fn forget(&self, key: &K) {
        self.buckets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .empty_at
            .remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_attempts_wait() {
        let throttle = Throttle::new(3, 1_000);
        let key = || "a";
        let at = |ms: i64| Timestamp::from_millis(1_000_000 + ms);
        for _ in 0..3 {
            assert_eq!(throttle.attempt(key(), at(0)), Ok(()));
        }
        assert!(throttle.attempt(key(), at(0)).is_err());
        assert_eq!(throttle.attempt(key(), at(1_000)), Ok(()));
        assert!(throttle.attempt(key(), at(1_001)).is_err());
        assert_eq!(throttle.attempt("b", at(0)), Ok(()));
    }

    #[test]
    fn many_attempts_at_once_cost_as_much_as_one_by_one() {
        let throttle = Throttle::new(10, 1_000);
        let key = || "a";
        let now = Timestamp::from_millis(1_000_000);
        assert_eq!(throttle.attempts(key(), 8, now), Ok(()));
        assert!(throttle.attempts(key(), 3, now).is_err());
        assert_eq!(throttle.attempts(key(), 2, now), Ok(()));
        assert!(throttle.attempt(key(), now).is_err());
    }
}
