//! Places for what may go on only so many times at once: for one key, and in all. A place is free again
//! when it is dropped.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places by key. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Places<K> {
    each_max: usize,
    all_max: usize,
    taken: Arc<Mutex<Taken<K>>>,
}

#[derive(Debug)]
struct Taken<K> {
    /// Only keys with a place are in it, so that it is never larger than the number of places.
    by_key: HashMap<K, usize>,
    all: usize,
}

/// A place that is taken.
#[derive(Debug)]
pub(crate) struct Place<K: Eq + Hash> {
    key: K,
    taken: Arc<Mutex<Taken<K>>>,
}

impl<K: Eq + Hash + Clone> Places<K> {
    /// At most so many for one key, and so many in all.
    pub(crate) fn new(each_max: usize, all_max: usize) -> Self {
        let taken = Taken {
            by_key: HashMap::new(),
            all: 0,
        };
        Self {
            each_max,
            all_max,
            taken: Arc::new(Mutex::new(taken)),
        }
    }

    /// Takes a place; `None` when there is none left.
    pub(crate) fn take(&self, key: K) -> Option<Place<K>> {
        let mut taken = hold(&self.taken);
        let own = taken.by_key.get(&key).copied().unwrap_or(0);
        if own >= self.each_max || taken.all >= self.all_max {
            return None;
        }
        taken.by_key.insert(key.clone(), own + 1);
        taken.all += 1;
        Some(Place {
            key,
            taken: Arc::clone(&self.taken),
        })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = hold(&self.taken);
        taken.all = taken.all.saturating_sub(1);
        if let Some(own) = taken.by_key.get_mut(&self.key) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by_key.remove(&self.key);
            }
        }
    }
}

fn hold<K>(taken: &Mutex<Taken<K>>) -> MutexGuard<'_, Taken<K>> {
    // A panic elsewhere must not close every door: the counts are whole between two statements.
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_so_many_places_and_all_keys_together_so_many() {
        let places = Places::new(2, 3);
        let first = places.take("a").expect("a place");
        let _second = places.take("a").expect("a place");
        assert!(places.take("a").is_none(), "one key has two places");
        let _third = places.take("b").expect("a place");
        assert!(places.take("c").is_none(), "there are three places in all");
        drop(first);
        assert!(places.take("c").is_some());
        assert!(places.take("a").is_some());
    }

    #[test]
    fn keys_without_a_place_are_forgotten() {
        let places = Places::new(1, 10);
        for key in 0..1_000 {
            assert!(places.take(key).is_some());
        }
        assert!(hold(&places.taken).by_key.is_empty());
    }
}
