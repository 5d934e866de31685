//! The model: each candidate's weight is a product of what is known about it; weights are then
//! shares of their sum, with "none of these" among them.
//!
//! The constants are a first, unfitted form: a heavy-tailed delay curve and likelihood ratios for
//! taps and known callers. They are in one place so that a fitted model can take their place.

use super::evidence::Evidence;
use crate::base::Timestamp;
use crate::base::id::{SessionId, VisitorId};

/// How far back a showing can explain a call.
pub const WINDOW_DAYS: i64 = 30;
/// Most candidates kept, "none of these" not counted.
pub const CANDIDATES_MAX: usize = 20;
/// Credits below this probability are marked ambiguous.
pub const AMBIGUOUS_BELOW: f64 = 0.5;

/// Scale of the delay curve, in milliseconds: after this time out of sight the weight has fallen to
/// 2^-1.3 = 0.41.
const DELAY_SCALE_MS: f64 = 90_000.0;
/// How fast the weight falls after that; 1.3 leaves a heavy tail of people who call days later.
const DELAY_POWER: f64 = 1.3;
/// Weight of a lease that no beacon confirmed, against one that was seen.
const UNCONFIRMED: f64 = 0.05;
/// A tap this close before the call is nearly proof.
const TAP_SURE_MS: i64 = 20_000;
/// A tap this close before the call is strong evidence.
const TAP_LIKELY_MS: i64 = 120_000;
const TAP_SURE: f64 = 400.0;
const TAP_LIKELY: f64 = 25.0;
const TAP_OLD: f64 = 2.0;
/// A caller who was matched to the same visitor before.
const KNOWN_CALLER: f64 = 60.0;
/// Weight of a known caller's visitor who was not shown the number within the window.
const KNOWN_CALLER_ALONE: f64 = 0.6;
/// Weight of "none of these": the share of stray calls assumed until a number has its own history.
const STRAY: f64 = 0.02;

/// What is known about the call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallFacts {
    /// When it came.
    pub at: Timestamp,
}

/// A session that was shown the dialled number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Showing {
    /// The session.
    pub session: SessionId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// When the number was first shown to it.
    pub first_visible: Timestamp,
    /// When the number was last known to be visible.
    pub last_visible: Timestamp,
    /// Whether a beacon confirmed that it was seen.
    pub confirmed: bool,
}

/// A tap on the dialled number's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tap {
    /// The session.
    pub session: SessionId,
    /// When, by the server's clock.
    pub at: Timestamp,
}

/// An earlier call of the same caller that was credited to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierCall {
    /// The session it was credited to.
    pub session: SessionId,
    /// Its visitor.
    pub visitor: VisitorId,
    /// When it came.
    pub at: Timestamp,
}

/// One candidate of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The session; `None` is "none of these".
    pub session: Option<SessionId>,
    /// Its share of all weights, 0 to 1.
    pub probability: f64,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// Who a call is credited to.
#[derive(Debug, Clone, PartialEq)]
pub struct Credit {
    /// All candidates, likeliest first; probabilities sum to 1. "None of these" is always there.
    pub candidates: Vec<Candidate>,
}

impl Credit {
    /// The likeliest session, when a session is likelier than "none of these".
    #[must_use]
    pub fn credited(&self) -> Option<&Candidate> {
        self.candidates.first().filter(|c| c.session.is_some())
    }

    /// Whether the credit is too weak to be reported without a mark.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.credited()
            .is_some_and(|c| c.probability < AMBIGUOUS_BELOW)
    }
}

struct Weighed {
    session: SessionId,
    weight: f64,
    evidence: Vec<Evidence>,
}

/// Weighs the sessions that were shown the number. Input order does not matter.
#[must_use]
pub fn attribute(
    call: &CallFacts,
    showings: &[Showing],
    taps: &[Tap],
    earlier: Option<EarlierCall>,
) -> Credit {
    let mut weighed: Vec<Weighed> = Vec::new();
    for showing in merged(showings) {
        if showing.first_visible <= call.at {
            weighed.push(weigh(call, &showing, taps, earlier));
        }
    }
    if let Some(earlier) = earlier {
        let newer = showings
            .iter()
            .any(|s| s.visitor == earlier.visitor && s.first_visible <= call.at);
        if !newer {
            let ago_ms = call.at.millis_since(earlier.at);
            let evidence = vec![Evidence::CalledBefore { ago_ms }];
            weighed.push(Weighed {
                session: earlier.session,
                weight: KNOWN_CALLER_ALONE,
                evidence,
            });
        }
    }
    weighed.sort_by(|a, b| {
        b.weight
            .total_cmp(&a.weight)
            .then(b.session.cmp(&a.session))
    });
    weighed.truncate(CANDIDATES_MAX);
    credit(weighed)
}

fn weigh(
    call: &CallFacts,
    showing: &Showing,
    taps: &[Tap],
    earlier: Option<EarlierCall>,
) -> Weighed {
    let mut evidence = Vec::new();
    let mut weight = 1.0;
    let tap = taps
        .iter()
        .filter(|t| t.session == showing.session && t.at <= call.at)
        .map(|t| call.at.millis_since(t.at))
        .min();
    if let Some(before_ms) = tap {
        weight *= match before_ms {
            ms if ms <= TAP_SURE_MS => TAP_SURE,
            ms if ms <= TAP_LIKELY_MS => TAP_LIKELY,
            _ => TAP_OLD,
        };
        evidence.push(Evidence::Tapped { before_ms });
    }
    let ago_ms = call.at.millis_since(showing.last_visible).max(0);
    weight *= delay_weight(ago_ms);
    // A heartbeat comes every 20 s, so up to 25 s of silence still means "on screen".
    evidence.push(if ago_ms <= 25_000 {
        Evidence::VisibleNow {
            for_ms: call.at.millis_since(showing.first_visible),
        }
    } else {
        Evidence::VisibleBefore { ago_ms }
    });
    if !showing.confirmed {
        weight *= UNCONFIRMED;
        evidence.push(Evidence::NeverConfirmed);
    }
    if let Some(earlier) = earlier.filter(|e| e.visitor == showing.visitor) {
        weight *= KNOWN_CALLER;
        evidence.push(Evidence::CalledBefore {
            ago_ms: call.at.millis_since(earlier.at),
        });
    }
    Weighed {
        session: showing.session,
        weight,
        evidence,
    }
}

/// The delay curve: 1 when visible, falling as a power of the time out of sight.
fn delay_weight(ago_ms: i64) -> f64 {
    let x = ago_ms as f64 / DELAY_SCALE_MS;
    (1.0 + x).powf(-DELAY_POWER)
}

/// Several showings of one session count as one, from the first sight to the last.
fn merged(showings: &[Showing]) -> Vec<Showing> {
    let mut sorted = showings.to_vec();
    sorted.sort_by_key(|s| (s.session, s.first_visible, s.last_visible));
    let mut out: Vec<Showing> = Vec::with_capacity(sorted.len());
    for showing in sorted {
        match out
            .last_mut()
            .filter(|last| last.session == showing.session)
        {
            Some(last) => {
                last.last_visible = last.last_visible.max(showing.last_visible);
                last.confirmed |= showing.confirmed;
            }
            None => out.push(showing),
        }
    }
    out
}

fn credit(weighed: Vec<Weighed>) -> Credit {
    let total: f64 = STRAY + weighed.iter().map(|w| w.weight).sum::<f64>();
    let nobody = weighed.is_empty();
    let mut candidates: Vec<Candidate> = weighed
        .into_iter()
        .map(|w| Candidate {
            session: Some(w.session),
            probability: w.weight / total,
            evidence: w.evidence,
        })
        .collect();
    let none = Candidate {
        session: None,
        probability: STRAY / total,
        evidence: vec![if nobody {
            Evidence::NobodySaw
        } else {
            Evidence::StrayShare {
                per_thousand: (STRAY * 1_000.0) as u32,
            }
        }],
    };
    let place = candidates.partition_point(|c| c.probability >= none.probability);
    candidates.insert(place, none);
    Credit { candidates }
}
