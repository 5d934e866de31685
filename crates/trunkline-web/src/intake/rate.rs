//! How often a feed may ask: a bucket for each, with the feed's own size and pace.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::FeedId;
use trunkline_core::routing::RateLimit;

/// What a feed may send whose terms say nothing: a hundred a second over time, and six hundred at once.
pub(crate) const USUAL: RateLimit = RateLimit {
    per_minute: 6_000,
    burst: Some(600),
};
/// How often buckets that are empty again are forgotten, in milliseconds.
const SWEEP_EVERY_MS: i64 = 10_000;
const MINUTE_US: i64 = 60_000_000;

/// The buckets of all feeds. There are no more than feeds: only a key that opens something comes so far.
#[derive(Debug, Default)]
pub(crate) struct FeedRates {
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    /// When each bucket will be empty, in microseconds.
    empty_at: HashMap<FeedId, i64, RandomState>,
    /// When empty ones were last forgotten, in microseconds.
    swept_at: i64,
}

impl FeedRates {
    /// Counts a request. `Err`: too many; seconds until the next one is allowed.
    pub(crate) fn attempt(
        &self,
        feed: FeedId,
        rate: Option<RateLimit>,
        now: Timestamp,
    ) -> Result<(), u32> {
        let rate = rate.unwrap_or(USUAL);
        let now = now.as_millis().saturating_mul(1_000);
        let cost = MINUTE_US / i64::from(rate.per_minute.max(1));
        let full = i64::from(rate.burst.unwrap_or(rate.per_minute).max(1)) * cost;
        // Valid between any two statements, whatever ended another request.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if now - buckets.swept_at >= SWEEP_EVERY_MS * 1_000 {
            buckets.swept_at = now;
            buckets.empty_at.retain(|_, empty_at| *empty_at > now);
        }
        let bucket = buckets.empty_at.entry(feed).or_insert(now);
        let after = now.max(*bucket) + cost;
        let over = after - (now + full);
        if over > 0 {
            return Err(u32::try_from(over / 1_000_000 + 1).unwrap_or(u32::MAX));
        }
        *bucket = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + ms)
    }

    #[test]
    fn a_feed_may_send_its_burst_and_then_at_its_pace() {
        let rates = FeedRates::default();
        let feed = FeedId::from_raw(1);
        let rate = Some(RateLimit {
            per_minute: 60,
            burst: Some(3),
        });
        for _ in 0..3 {
            assert_eq!(rates.attempt(feed, rate, at(0)), Ok(()));
        }
        assert_eq!(
            rates.attempt(feed, rate, at(0)),
            Err(2),
            "a second has not gone by"
        );
        assert_eq!(rates.attempt(feed, rate, at(999)), Err(1));
        assert_eq!(rates.attempt(feed, rate, at(1_000)), Ok(()));
        assert!(rates.attempt(feed, rate, at(1_000)).is_err());
        assert_eq!(
            rates.attempt(FeedId::from_raw(2), rate, at(1_000)),
            Ok(()),
            "each has its own"
        );
    }

    #[test]
    fn the_fastest_feed_is_counted_to_the_microsecond() {
        let rates = FeedRates::default();
        let feed = FeedId::from_raw(1);
        let rate = Some(RateLimit {
            per_minute: 1_000_000,
            burst: Some(1),
        });
        let mut let_in = 0;
        for ms in 0..1_000 {
            while rates.attempt(feed, rate, at(ms)).is_ok() {
                let_in += 1;
            }
        }
        // A bucket of one cannot save up what is between two milliseconds.
        assert_eq!(let_in, 1_000);
    }

    #[test]
    fn without_a_burst_a_minute_is_let_in_at_once() {
        let rates = FeedRates::default();
        let feed = FeedId::from_raw(1);
        let rate = Some(RateLimit {
            per_minute: 5,
            burst: None,
        });
        let let_in = (0..9).filter(|_| rates.attempt(feed, rate, at(0)).is_ok());
        assert_eq!(let_in.count(), 5);
    }
}
