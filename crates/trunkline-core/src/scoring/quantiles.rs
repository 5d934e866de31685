//! Sixteenths of a stream of numbers, in bounded memory: a sample of 512 of all that came, cut anew each time their number has
//! doubled.
//!
//! Which are kept is drawn by the hash of their count (algorithm R; Vitter, "Random sampling with a reservoir", 1985), so
//! the same stream leaves the same sample. Between two cuts the buckets stand still, and with them what the model has
//! learned of each.

use super::hash::mixed;

/// Numbers that are kept.
pub(super) const SAMPLE: usize = 512;
/// Buckets.
const BUCKETS: usize = 16;
/// Most cuts between buckets.
pub(super) const CUTS_MAX: usize = BUCKETS - 1;
/// Fewer numbers are not cut.
const FIRST_CUT: u64 = 32;

/// Sixteenths of a stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Quantiles {
    /// How many came.
    pub(super) seen: u64,
    pub(super) sample: Vec<f32>,
    /// Where buckets end, rising.
    pub(super) cuts: Vec<f32>,
}

impl Quantiles {
    /// Counts a number.
    pub(super) fn add(&mut self, number: f64) {
        let number = narrow(number);
        self.seen += 1;
        if self.sample.len() < SAMPLE {
            self.sample.push(number);
        } else if let Ok(place) = usize::try_from(mixed(self.seen) % self.seen)
            && let Some(kept) = self.sample.get_mut(place)
        {
            *kept = number;
        }
        if self.seen >= FIRST_CUT && self.seen.is_power_of_two() {
            self.cut();
        }
    }

    /// Cuts the sample into parts as equal as its ties let it.
    pub(super) fn cut(&mut self) {
        let mut sorted = self.sample.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let least = sorted.first().copied();
        let at = |part: usize| sorted.get(part * sorted.len() / BUCKETS).copied();
        self.cuts = (1..BUCKETS).filter_map(at).collect();
        self.cuts.dedup();
        self.cuts.retain(|cut| Some(*cut) != least);
    }

    /// The bucket a number falls into, from 0; `None` as long as there are none.
    pub(super) fn bucket(&self, number: f64) -> Option<u64> {
        let number = narrow(number);
        (self.seen >= FIRST_CUT).then(|| self.cuts.partition_point(|cut| *cut <= number) as u64)
    }
}

/// A number that a sample keeps; what is beyond its range stays at its end.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a sample needs no more digits"
)]
fn narrow(number: f64) -> f32 {
    number.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}
