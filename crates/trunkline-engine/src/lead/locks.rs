//! One at a time by a key: whoever comes second with the same ping, key or chain waits for the first.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

type Locks<K> = Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>;

/// Locks by key. There are as many as somebody holds or waits for.
#[derive(Debug)]
pub(super) struct KeyedLocks<K>(Locks<K>);

impl<K> Default for KeyedLocks<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// A lock that is held.
pub(super) struct KeyHeld<'a, K: Eq + Hash> {
    locks: &'a Locks<K>,
    key: K,
    guard: Option<OwnedMutexGuard<()>>,
}

impl<K: Eq + Hash + Clone> KeyedLocks<K> {
    pub(super) async fn lock(&self, key: K) -> KeyHeld<'_, K> {
        let lock = {
            // Every change is complete, so a panic elsewhere leaves it valid.
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(key.clone()).or_default())
        };
        KeyHeld {
            locks: &self.0,
            key,
            guard: Some(lock.lock_owned().await),
        }
    }
}

impl<K: Eq + Hash> Drop for KeyHeld<'_, K> {
    fn drop(&mut self) {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.guard.take());
        // Whoever waits holds it too.
        if locks
            .get(&self.key)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_waits_and_nothing_is_left_behind() {
        let locks = Arc::new(KeyedLocks::default());
        let first = locks.lock(7).await;
        let other = locks.lock(8).await;
        drop(other);
        let waiting = {
            let locks = Arc::clone(&locks);
            tokio::spawn(async move { drop(locks.lock(7).await) })
        };
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.expect("it comes to its turn");
        assert!(locks.0.lock().expect("a lock").is_empty());
    }
}
