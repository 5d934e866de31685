//! What no request brings to an end: calls whose end was told by halves or not at all, and memory of calls that are over.

use std::time::Duration;

use trunkline_core::base::Timestamp;
use trunkline_engine::call::control::CallControl;

use super::addresses::Addresses;
use super::line::{Known, Line};
use super::perform::Performer;
use crate::app::App;

/// How often to call [`sweep`]: as often as a performer gives signs of life of calls that talk.
pub const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Wait for the end of a dial after the carrier said that the call is over, in milliseconds.
const DIAL_END_WAIT_MS: i64 = 10_000;
/// Longest silence of a carrier while nobody talks, in milliseconds: far beyond any prompt, question or ringing.
const SILENCE_MS_MAX: i64 = 3_600_000;
/// What a talk may last beyond its limit before its end is taken as lost, in milliseconds.
const TALK_GRACE_MS: i64 = 300_000;
/// How long a call that is over is remembered, for requests that come again, in milliseconds.
const MEMORY_MS: i64 = 600_000;

/// Ends and forgets calls whose carrier is silent, and gives signs of life of those that talk.
pub async fn sweep(app: &App) {
    let now = app.backend.moment.now();
    let mut gone = Vec::new();
    for (trunk, slot) in app.lines.all() {
        // A call whose request is being handled is alive.
        let Ok(mut known) = slot.known.try_lock() else {
            continue;
        };
        let silence_ms = now.millis_since(slot.seen_at());
        let Known::Ours(line) = &mut *known else {
            if silence_ms > MEMORY_MS {
                gone.push(std::sync::Arc::clone(&slot));
            }
            continue;
        };
        if line.ended {
            if silence_ms > MEMORY_MS {
                gone.push(std::sync::Arc::clone(&slot));
            }
            continue;
        }
        let Some(webhook) = app.backend.webhooks.trunk(trunk) else {
            continue;
        };
        let control: &dyn CallControl = app.backend.calls.as_ref();
        let performer = Performer {
            control,
            addresses: Addresses::new(&app.settings.public_url, trunk, &app.token_key),
            dialect: webhook.dialect,
            now,
        };
        match fate(line, silence_ms, now) {
            Fate::GoesOn => {
                if line.connected.is_some() {
                    control.progress(line.call, now);
                }
            }
            Fate::IsOver => performer.over_without_a_word(line).await,
            Fate::IsLost => {
                tracing::warn!(call = %line.call, "nothing was heard of a call over webhooks for too long; it is closed");
                performer.silent(line).await;
            }
        }
    }
    if !gone.is_empty() {
        app.lines.forget(&gone);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    GoesOn,
    IsOver,
    IsLost,
}

fn fate(line: &Line, silence_ms: i64, now: Timestamp) -> Fate {
    if let Some(left_at) = line.left_at {
        return if now.millis_since(left_at) > DIAL_END_WAIT_MS {
            Fate::IsOver
        } else {
            Fate::GoesOn
        };
    }
    let longest_ms = match line.connected {
        Some(_) => {
            let longest_ms = i64::try_from(line.limits.max_call_ms).unwrap_or(i64::MAX);
            longest_ms.saturating_add(TALK_GRACE_MS)
        }
        None => SILENCE_MS_MAX,
    };
    if silence_ms > longest_ms {
        Fate::IsLost
    } else {
        Fate::GoesOn
    }
}

#[cfg(test)]
mod tests {
    use trunkline_core::base::id::CallId;
    use trunkline_engine::call::control::CallLimits;

    use super::*;

    #[test]
    fn a_call_ends_by_itself_only_when_its_carrier_cannot_mean_it_to_go_on() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let mut line = Line::new(CallId::from_raw(1), CallLimits::default());
        let hour = 3_600_000;
        assert_eq!(fate(&line, hour, now), Fate::GoesOn);
        assert_eq!(fate(&line, 2 * hour, now), Fate::IsLost);
        line.connected = Some((1, now));
        assert_eq!(fate(&line, 4 * hour, now), Fate::GoesOn);
        assert_eq!(fate(&line, 5 * hour, now), Fate::IsLost);
        line.left_at = Some(now);
        assert_eq!(fate(&line, 0, now.plus_millis(10_000)), Fate::GoesOn);
        assert_eq!(fate(&line, 0, now.plus_millis(10_001)), Fate::IsOver);
    }
}
