//! The health of a tracking number: strangers who call it though no visit was shown it, and whether that means that
//! the number has been published somewhere.

/// The days of calls that are looked at.
pub const HEALTH_DAYS: i64 = 30;
/// A number is not called leaked below so many strangers.
pub const LEAK_STRANGERS_MIN: u32 = 3;
/// A number is not called leaked when strangers are a smaller share of its callers.
pub const LEAK_SHARE_MIN: f64 = 0.3;
/// A number is called leaked when so many strangers by chance are less likely than this.
const LEAK_CHANCE_MAX: f64 = 0.001;
/// Strangers that are assumed of a number until its neighbours have a history.
const STRANGERS_ASSUMED: f64 = 0.5;

/// Who called a number within [`HEALTH_DAYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Callers {
    /// Different callers; each call with a withheld number counts as one.
    pub all: u32,
    /// Those of them with a call that belonged to no visit.
    pub strangers: u32,
}

/// Whether a number has probably been published: more strangers call it than chance brings to a number whose
/// neighbours are called by `neighbours` (each a number of the same site, this one not among them).
///
/// Strangers who misdial come to every number at about the same rate, so their count is Poisson distributed; the rate is the
/// mean of the neighbours.
#[must_use]
pub fn is_leaked(callers: Callers, neighbours: &[Callers]) -> bool {
    if callers.strangers < LEAK_STRANGERS_MIN
        || f64::from(callers.strangers) < f64::from(callers.all) * LEAK_SHARE_MIN
    {
        return false;
    }
    let strangers: f64 = neighbours.iter().map(|n| f64::from(n.strangers)).sum();
    let rate = (strangers + STRANGERS_ASSUMED) / (neighbours.len() as f64 + 1.0);
    at_least(callers.strangers, rate) < LEAK_CHANCE_MAX
}

/// The probability that a Poisson distributed count of this mean is `count` or more.
fn at_least(count: u32, mean: f64) -> f64 {
    let mut term = (-mean).exp();
    let mut below = 0.0;
    for n in 0..count {
        below += term;
        term *= mean / f64::from(n + 1);
    }
    (1.0 - below).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callers(all: u32, strangers: u32) -> Callers {
        Callers { all, strangers }
    }

    #[test]
    fn a_number_is_leaked_when_more_strangers_call_it_than_chance_brings() {
        let quiet = [callers(5, 0); 8];
        let busy = [callers(30, 6); 8];
        let cases = [
            ("nobody", callers(0, 0), &quiet, false),
            ("two are chance", callers(4, 2), &quiet, false),
            ("four beside quiet neighbours", callers(8, 4), &quiet, true),
            (
                "four beside neighbours with as many",
                callers(8, 4),
                &busy,
                false,
            ),
            (
                "twenty beside neighbours with six",
                callers(30, 20),
                &busy,
                true,
            ),
            (
                "a busy number with some strangers",
                callers(100, 9),
                &quiet,
                false,
            ),
        ];
        for (name, number, neighbours, leaked) in cases {
            assert_eq!(is_leaked(number, neighbours), leaked, "{name}");
        }
    }

    #[test]
    fn a_number_without_neighbours_is_judged_by_what_is_assumed() {
        assert!(!is_leaked(callers(3, 2), &[]));
        assert!(is_leaked(callers(9, 7), &[]));
    }

    #[test]
    fn the_tail_of_the_distribution_is_right() {
        assert!((at_least(0, 2.0) - 1.0).abs() < 1e-12);
        assert!((at_least(1, 2.0) - (1.0 - (-2.0_f64).exp())).abs() < 1e-12);
        assert!((at_least(3, 2.0) - 0.323_323_583_816_936_5).abs() < 1e-12);
    }
}
