//! Sounds in memory, ready to be played: bounded in bytes, and those that were not heard for longest go first.

use std::collections::HashMap;
use std::sync::Arc;

use super::control::Sound;
use crate::ports::sounds::SoundKey;

/// Most bytes of sounds in memory: over two hours, a second takes 16 kB.
pub(super) const SOUND_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Sounds by key.
#[derive(Debug)]
pub(super) struct SoundCache {
    bytes_max: usize,
    bytes: usize,
    /// Counts the look-ups.
    turn: u64,
    sounds: HashMap<SoundKey, Kept>,
}

#[derive(Debug)]
struct Kept {
    sound: Arc<Sound>,
    heard: u64,
}

impl SoundCache {
    /// An empty cache of so many bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            turn: 0,
            sounds: HashMap::new(),
        }
    }

    /// A sound that is in memory.
    pub(super) fn get(&mut self, key: SoundKey) -> Option<Arc<Sound>> {
        self.turn += 1;
        let kept = self.sounds.get_mut(&key)?;
        kept.heard = self.turn;
        Some(Arc::clone(&kept.sound))
    }

    /// Keeps a sound, and forgets others until there is room. One that is larger than the cache is not kept; calls that
    /// hear a forgotten one go on with it.
    pub(super) fn put(&mut self, key: SoundKey, sound: Arc<Sound>) {
        let size = size(&sound);
        self.forget(key);
        if size > self.bytes_max {
            return;
        }
        while self.bytes + size > self.bytes_max {
            let oldest = self.sounds.iter().min_by_key(|(_, kept)| kept.heard);
            let Some(oldest) = oldest.map(|(key, _)| *key) else {
                return;
            };
            self.forget(oldest);
        }
        self.turn += 1;
        self.bytes += size;
        let heard = self.turn;
        self.sounds.insert(key, Kept { sound, heard });
    }

    fn forget(&mut self, key: SoundKey) {
        if let Some(kept) = self.sounds.remove(&key) {
            self.bytes -= size(&kept.sound);
        }
    }
}

fn size(sound: &Sound) -> usize {
    sound.pcmu.len() + sound.pcma.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::sounds::SoundHash;

    fn key(n: u8) -> SoundKey {
        SoundKey::Stored(SoundHash([n; 32]))
    }

    fn sound(samples: usize) -> Arc<Sound> {
        Arc::new(Sound {
            pcmu: vec![0; samples].into(),
            pcma: vec![0; samples].into(),
        })
    }

    #[test]
    fn what_was_not_heard_for_longest_goes_first_and_the_bytes_stay_bounded() {
        let mut cache = SoundCache::new(100);
        for n in 1..=5 {
            cache.put(key(n), sound(10));
        }
        assert!(cache.get(key(1)).is_some());
        cache.put(key(6), sound(20));
        let left: Vec<u8> = (1..=6).filter(|n| cache.get(key(*n)).is_some()).collect();
        assert_eq!((left, cache.bytes), (vec![1, 4, 5, 6], 100));
        cache.put(key(6), sound(5));
        assert_eq!(
            cache.bytes, 70,
            "a sound that comes again takes its own place"
        );
        cache.put(key(7), sound(51));
        assert!(cache.get(key(7)).is_none() && cache.get(key(1)).is_some());
    }

    #[test]
    fn all_calls_share_one_copy() {
        let mut cache = SoundCache::new(100);
        cache.put(key(1), sound(10));
        let (one, two) = (cache.get(key(1)), cache.get(key(1)));
        assert!(Arc::ptr_eq(&one.unwrap(), &two.unwrap()));
    }
}
