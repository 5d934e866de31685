//! A spot on the local radio: more people open the site at once than the pool has numbers. The last of them see the number
//! that is kept for such moments, several at a time, and two of those call. Nobody tapped it: who called is as likely one
//! as the other, so the calls are credited with less than one half and say so.

use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_sim::carrier::{Behaviour, HangsUp};
use trunkline_sim::world::{Conversation, Stay, Visit};

use super::super::account::POOL_SIZE;
use super::{DAY_MS, Past};

/// Days after the start on which the spot is heard, and when after that moment of the day.
const DAYS: [i64; 2] = [9, 18];
const FIRST_MS: i64 = 7 * 3_600_000;
/// Listeners beyond the numbers of the pool.
const BEYOND: u64 = 6;
/// From one listener to the next, in milliseconds.
const NEXT_MS: i64 = 2_000;
/// When the two calls come, in milliseconds after the last listener.
const CALLS_MS: [i64; 2] = [75_000, 120_000];
/// For so long each looks at the site, so that all still do when the calls come.
const STAY_MS: u64 = 300_000;
const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
/// The first caller; each next has the next number of the range kept for fiction.
const CALLER: u64 = 19_725_550_170;

/// When the spot is heard.
pub(super) fn moments(start: Timestamp) -> Vec<Timestamp> {
    let moment = |day: &i64| start.plus_millis(day * DAY_MS + FIRST_MS);
    DAYS.iter().map(moment).collect()
}

impl Past<'_> {
    /// Lets the listeners come, and two of them call.
    pub(super) async fn crowd(&mut self, moment: Timestamp) {
        let mut at = moment;
        for _ in 0..POOL_SIZE + BEYOND {
            self.run_until(at).await;
            self.set(at);
            self.arrive(listener()).await;
            at = at.plus_millis(NEXT_MS);
        }
        let last = self.visits.last().and_then(|(_, given)| *given);
        let Some((_, number)) = last else { return };
        for (nth, after_ms) in CALLS_MS.into_iter().enumerate() {
            let talk = CALLER + self.ringing.len() as u64 % 20 + nth as u64;
            let conversation = Conversation {
                talk,
                person: talk,
                talk_ms: 164_000,
                hang_up: HangsUp::Caller,
                patience_ms: 30_000,
                meets: vec![Behaviour::Answer { after_ms: 5_200 }],
            };
            let rings = at.plus_millis(after_ms);
            let caller = PhoneNumber::from_digits(talk);
            self.ring_at(rings, caller, Err(number), conversation, None);
        }
    }
}

fn listener() -> Visit {
    Visit {
        phone: false,
        agent: AGENT,
        consent: 2,
        referrer: "",
        pages: vec![Stay {
            path: "/".to_owned(),
            ms: STAY_MS,
        }],
        call: None,
    }
}
