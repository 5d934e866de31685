//! How many numbers a pool needs: the load it is offered, the Erlang B formula, and proposals with brakes.

/// Most numbers that are ever proposed for one pool.
pub const POOL_NUMBERS_MAX: u32 = 10_000;
/// A pool grows by at most this share of its numbers in one step.
pub const GROW_SHARE_MAX: f64 = 0.25;
/// A pool grows by at most so many numbers in one step.
pub const GROW_STEP_MAX: u32 = 10;
/// A pool grows by at most so many numbers in 30 days.
pub const GROW_MONTH_MAX: u32 = 20;

/// The load offered to a pool, in erlangs: how many numbers would be held at once if nobody were ever turned away.
/// `held_minutes` is how long one visitor holds a number, the floor after the last sight included.
#[must_use]
pub fn offered_load(arrivals_per_hour: f64, held_minutes: f64) -> f64 {
    arrivals_per_hour * held_minutes / 60.0
}

/// The share of visitors who find all numbers taken (A. K. Erlang, "Solution of some problems in the theory of
/// probabilities of significance in automatic telephone exchanges", 1917), by the usual recursion.
#[must_use]
pub fn erlang_b(load: f64, numbers: u32) -> f64 {
    (1..=numbers).fold(1.0, |blocked, n| {
        let offered = load * blocked;
        offered / (f64::from(n) + offered)
    })
}

/// The fewest numbers with which at most `share` of the visitors find all taken; [`POOL_NUMBERS_MAX`] when
/// no smaller pool does.
#[must_use]
pub fn numbers_for(load: f64, share: f64) -> u32 {
    let mut blocked = 1.0;
    for n in 0..POOL_NUMBERS_MAX {
        if n > 0 {
            let offered = load * blocked;
            blocked = offered / (f64::from(n) + offered);
        }
        if blocked <= share {
            return n;
        }
    }
    POOL_NUMBERS_MAX
}

/// What to do with a pool's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposal {
    /// Nothing.
    Keep,
    /// Add so many numbers now; `wanted` is what is missing when no brake holds.
    Grow {
        /// How many to add.
        by: u32,
        /// How many are missing.
        wanted: u32,
    },
    /// So many are not needed, and were not for the whole time that was looked at.
    Shrink {
        /// How many may go.
        by: u32,
    },
}

/// Proposes a size. `advised` is what the latest traffic asks for, `advised_before` what the traffic of the time before
/// did: a pool shrinks only when both times were content with less, which gives a notice of one such time.
/// `added_lately` counts the numbers that were added within 30 days.
#[must_use]
pub fn propose(size: u32, advised: u32, advised_before: u32, added_lately: u32) -> Proposal {
    if advised > size {
        let wanted = advised - size;
        let share = (f64::from(size) * GROW_SHARE_MAX).ceil().max(1.0) as u32;
        let month = GROW_MONTH_MAX.saturating_sub(added_lately);
        let by = wanted.min(share).min(GROW_STEP_MAX).min(month);
        return if by == 0 {
            Proposal::Keep
        } else {
            Proposal::Grow { by, wanted }
        };
    }
    let needed = advised.max(advised_before).max(1);
    if needed < size {
        Proposal::Shrink { by: size - needed }
    } else {
        Proposal::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_published_tables() {
        // Visitors an hour, minutes a number is tied up, numbers for 5 % and for 1 %.
        for (arrivals, minutes, five, one) in [
            (20.0, 30.0, 15, 18),
            (50.0, 30.0, 31, 36),
            (200.0, 3.0, 15, 18),
            (200.0, 30.0, 105, 117),
            (1_000.0, 30.0, 489, 527),
        ] {
            let load = offered_load(arrivals, minutes);
            assert_eq!(
                (numbers_for(load, 0.05), numbers_for(load, 0.01)),
                (five, one),
                "{arrivals} an hour for {minutes} minutes"
            );
        }
    }

    #[test]
    fn ten_erlangs_on_ten_numbers_turn_a_fifth_away() {
        assert!((erlang_b(10.0, 10) - 0.2146).abs() < 0.0001);
        assert!((erlang_b(0.0, 3)).abs() < f64::EPSILON);
        assert!((erlang_b(2.0, 0) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_pool_grows_with_the_brakes_on_and_shrinks_only_after_a_whole_quiet_time() {
        let cases = [
            ("enough", (8, 8, 8, 0), Proposal::Keep),
            (
                "a quarter at most",
                (8, 20, 8, 0),
                Proposal::Grow { by: 2, wanted: 12 },
            ),
            (
                "one at least",
                (1, 5, 1, 0),
                Proposal::Grow { by: 1, wanted: 4 },
            ),
            (
                "ten at most",
                (100, 200, 100, 0),
                Proposal::Grow {
                    by: 10,
                    wanted: 100,
                },
            ),
            (
                "twenty in a month",
                (100, 200, 100, 17),
                Proposal::Grow { by: 3, wanted: 100 },
            ),
            ("the month is used up", (100, 200, 100, 20), Proposal::Keep),
            ("quiet now, busy before", (20, 8, 20, 0), Proposal::Keep),
            ("quiet for long", (20, 8, 12, 0), Proposal::Shrink { by: 8 }),
            ("never to nothing", (3, 0, 0, 0), Proposal::Shrink { by: 2 }),
        ];
        for (name, (size, advised, before, added), expected) in cases {
            assert_eq!(propose(size, advised, before, added), expected, "{name}");
        }
    }
}
