//! When what failed is tried again: the seventh failure is the last.

use trunkline_core::base::Timestamp;

/// Waits before the second try and each further one, in milliseconds: 10 s, 1 min, 10 min, 1 h, 6 h, 24 h. The first is at
/// once.
pub const WAITS_MS: [i64; 6] = [10_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000];
/// How often something is tried.
pub const TRIES_MAX: u32 = 7;

/// When something is tried again that failed for the `tries`-th time; `None` when that was the last.
#[must_use]
pub fn next_try(tries: u32, now: Timestamp) -> Option<Timestamp> {
    let place = usize::try_from(tries.max(1) - 1).ok()?;
    WAITS_MS.get(place).map(|wait| now.plus_millis(*wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_tries_in_a_good_day_and_then_no_more() {
        let now = Timestamp::from_millis(1_000);
        let waits: Vec<Option<i64>> = (1..=TRIES_MAX)
            .map(|tries| next_try(tries, now).map(|at| (at.as_millis() - 1_000) / 1_000))
            .collect();
        let s = Some;
        assert_eq!(
            waits,
            [s(10), s(60), s(600), s(3_600), s(21_600), s(86_400), None]
        );
        assert_eq!(next_try(u32::MAX, now), None);
        assert_eq!(next_try(0, now), next_try(1, now));
    }
}
