//! Chance from a seed: the same seed gives the same world, on every machine.
//!
//! The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
//! 2014): one 64-bit state, full period, good enough for a simulation, never for secrets.

/// The odd constant whose multiples SplitMix64 walks through.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A source of chance.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A source of its own for a part of the world, so that one part's draws do not move another's.
    #[must_use]
    pub fn branch(&mut self) -> Self {
        Self(self.next())
    }

    /// 64 random bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A fraction of at least 0 and less than 1.
    pub fn fraction(&mut self) -> f64 {
        // 53 bits are what a double holds.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number of `low..=high`; `low` when the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low).saturating_add(1);
        low + (self.fraction() * span as f64) as u64
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// A waiting time of a Poisson process with this mean.
    pub fn wait(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.fraction()).ln()
    }

    /// A log-normal value with this median; `spread` is the standard deviation of its logarithm.
    pub fn around(&mut self, median: f64, spread: f64) -> f64 {
        // Box and Muller; the first fraction is turned round so that its logarithm exists.
        let radius = (-2.0 * (1.0 - self.fraction()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.fraction()).cos();
        median * (spread * normal).exp()
    }

    /// One of a list; `None` when it is empty.
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let index = self.between(0, list.len().saturating_sub(1) as u64);
        list.get(usize::try_from(index).ok()?)
    }

    /// One of a list by weight; `None` when all weights are zero.
    pub fn weighted<'a, T>(&mut self, list: &'a [(f64, T)]) -> Option<&'a T> {
        let total: f64 = list.iter().map(|(weight, _)| weight).sum();
        let mut point = self.fraction() * total;
        for (weight, item) in list {
            point -= weight;
            if point < 0.0 {
                return Some(item);
            }
        }
        None
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // First outputs of the reference implementation for seed 1234567.
        let mut chance = Chance::new(1_234_567);
        let got: Vec<u64> = (0..3).map(|_| chance.next()).collect();
        assert_eq!(
            got,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut chance = Chance::new(7);
        for _ in 0..10_000 {
            assert!((3..=5).contains(&chance.between(3, 5)));
            assert!((0.0..1.0).contains(&chance.fraction()));
            assert!(chance.wait(2.0) >= 0.0);
        }
        assert_eq!(chance.weighted(&[(0.0, 'a'), (1.0, 'b')]), Some(&'b'));
        assert_eq!(chance.one::<u8>(&[]), None);
    }

    #[test]
    fn means_and_medians_are_what_was_asked_for() {
        let mut chance = Chance::new(11);
        let n = 20_000;
        let mean = (0..n).map(|_| chance.wait(4.0)).sum::<f64>() / f64::from(n);
        assert!((mean - 4.0).abs() < 0.15, "{mean}");
        let below = (0..n).filter(|_| chance.around(60.0, 0.7) < 60.0).count();
        assert!((below as f64 / f64::from(n) - 0.5).abs() < 0.02, "{below}");
    }
}
