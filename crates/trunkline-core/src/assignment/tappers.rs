//! Who tapped a number that many see at once. A tap decides who a call is credited to, so one network has a share of those
//! who are believed: a script that pretends to be many visitors would otherwise have a tap ready for every call.

use std::collections::VecDeque;

use super::network::{Network, SHARE_MAX};
use crate::base::Timestamp;
use crate::base::id::SessionId;

/// So many sessions of one network are believed to tap one number within [`TAPPED_WITHIN_MS`]; more only up to a quarter of
/// all that are believed. An office and the customers of a mobile carrier who leave by one address stay below it at a usual
/// site; at a busy one the quarter is theirs. Whose tap is not believed is weighed by when they saw the number.
pub const TAPPERS_MIN: usize = 5;
/// How long a session counts as one that tapped, in milliseconds.
pub const TAPPED_WITHIN_MS: i64 = 3_600_000;
/// Most sessions of one number that are remembered; the first ones are forgotten for later ones.
pub const TAPPERS_REMEMBERED_MAX: usize = 1_000;

/// The sessions that tapped one number and are believed.
#[derive(Debug, Default)]
pub struct Tappers {
    /// From their first tap on, oldest first.
    believed: VecDeque<(Timestamp, SessionId, Network)>,
}

impl Tappers {
    /// Whether a tap of a session that comes from a network is believed; remembers it then.
    pub fn believe(&mut self, session: SessionId, network: Network, now: Timestamp) -> bool {
        self.forget(now);
        if self.believed.iter().any(|(_, known, _)| *known == session) {
            return true;
        }
        let own = || self.believed.iter().filter(|(_, _, n)| *n == network);
        let share = ((self.believed.len() + 1) / SHARE_MAX).max(TAPPERS_MIN);
        if network.is_known() && own().count() >= share {
            return false;
        }
        if self.believed.len() == TAPPERS_REMEMBERED_MAX {
            self.believed.pop_front();
        }
        self.believed.push_back((now, session, network));
        true
    }

    /// Forgets those whose time is over; whether nobody is left.
    pub fn forget(&mut self, now: Timestamp) -> bool {
        let over = |at: Timestamp| now.millis_since(at) >= TAPPED_WITHIN_MS;
        while self.believed.front().is_some_and(|(at, ..)| over(*at)) {
            self.believed.pop_front();
        }
        self.believed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn network(ip: &str) -> Network {
        Network::of(ip.parse().expect("an address"))
    }

    /// How many of so many sessions are believed, each with one tap.
    fn tap(tappers: &mut Tappers, first: i64, count: i64, from: Network, at: Timestamp) -> usize {
        let believed = |who: &i64| tappers.believe(SessionId::from_raw(*who), from, at);
        (first..first + count).filter(believed).count()
    }

    #[test]
    fn one_network_has_a_few_taps_on_a_number_and_a_quarter_of_many() {
        let mut tappers = Tappers::default();
        let flood = network("203.0.113.9");
        assert_eq!(tap(&mut tappers, 0, 300, flood, NOW), TAPPERS_MIN);
        assert_eq!(tap(&mut tappers, 0, 5, flood, NOW), 5, "the same ones");
        let neighbour = network("203.0.113.200");
        assert_eq!(tap(&mut tappers, 300, 1, neighbour, NOW), 0);
        assert_eq!(tap(&mut tappers, 301, 1, network("198.51.100.7"), NOW), 1);
        assert_eq!(tap(&mut tappers, 400, 300, Network::UNKNOWN, NOW), 300);
        let busy = tap(&mut tappers, 800, 300, network("192.0.2.1"), NOW);
        assert_eq!(busy, 306 / 3, "a quarter of all");
    }

    #[test]
    fn a_flood_that_does_not_end_gets_no_more_than_that_in_any_hour() {
        let mut tappers = Tappers::default();
        let flood = network("203.0.113.9");
        let believed: Vec<i64> = (0..7_200)
            .filter(|second| {
                let at = NOW.plus_millis(second * 1_000);
                tap(&mut tappers, *second, 1, flood, at) == 1
            })
            .collect();
        assert_eq!(believed.len(), 2 * TAPPERS_MIN);
        let hour = TAPPED_WITHIN_MS / 1_000;
        for some in believed.windows(TAPPERS_MIN + 1) {
            assert!(some[TAPPERS_MIN] - some[0] >= hour, "{believed:?}");
        }
    }

    #[test]
    fn so_many_are_remembered_and_for_so_long() {
        let mut tappers = Tappers::default();
        let many = TAPPERS_REMEMBERED_MAX as i64 * 3;
        tap(&mut tappers, 0, many, Network::UNKNOWN, NOW);
        assert_eq!(tappers.believed.len(), TAPPERS_REMEMBERED_MAX);
        assert!(!tappers.forget(NOW.plus_millis(TAPPED_WITHIN_MS - 1)));
        assert!(tappers.forget(NOW.plus_millis(TAPPED_WITHIN_MS)));
    }
}
