//! The model: a weight per signal; each candidate's weights are added up, and the candidates share the
//! probability in proportion to the exponential of their sums, with "none of these" among them
//! (a conditional logit; McFadden, "Conditional logit analysis of qualitative choice behavior", 1974).
//!
//! A new site starts with [`Model::default`]; `learn` moves the weights to what the site's own calls say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::evidence::{Evidence, Reason};
use super::facts::{CallFacts, Known};
use super::signals::{
    AGO_STEPS_MS, AREA_RARITY, CONTACT_PAGE, ELSEWHERE, FORM, FORM_UNSEEN, KNOWN, KNOWN_ELSEWHERE,
    KNOWN_IN_SIGHT, KNOWN_UNSURE, NONE, NOW_STEPS_MS, OTHER_COUNTRY, SAME_COUNTRY, SAME_PLACE,
    SAME_STATE, STEPS, Signals, Suspect, TAP, TIME, TIME_PHONE, TIME_TAPPED, Timing, UNCONFIRMED,
    WEIGHTS, WEIGHTS_BEFORE_COUNTRIES, silence_ms, suspects,
};
use crate::base::id::SessionId;
use crate::base::{Area, Country, Nearness, PhoneNumber};
use crate::visitor::Device;

/// How far back a showing can explain a call.
pub const WINDOW_DAYS: i64 = 30;
/// Most candidates kept, "none of these" not counted.
pub const CANDIDATES_MAX: usize = 20;
/// Credits below this probability are marked ambiguous.
pub const AMBIGUOUS_BELOW: f64 = 0.5;
/// Format of a stored model; another one is not read.
const FORMAT: u32 = 2;

/// A new site's delay curve falls as `(1 + t / SCALE) ^ -POWER`: a heavy tail of people who call days later.
const DELAY_SCALE_MS: f64 = 90_000.0;
const DELAY_POWER: f64 = 1.3;
/// Share of stray calls assumed until a number has its own history, and how many calls that is worth.
const STRAY_SHARE: f64 = 0.03;
const STRAY_CALLS: f64 = 20.0;
/// How many calls the assumption is worth that a caller's area is one of [`AREAS_ASSUMED`] equal ones.
const AREAS_ASSUMED: f64 = 8.0;
/// Most areas whose share is remembered.
const AREAS_MAX: usize = 2_000;

/// How often callers come from where: a match of a rare area says more than one of the area everybody is in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AreaShares {
    calls: f64,
    of: BTreeMap<u64, f64>,
}

impl AreaShares {
    /// Counts a call.
    pub fn count(&mut self, caller: PhoneNumber) {
        let Some(area) = Area::of_number(caller) else {
            return;
        };
        self.calls += 1.0;
        let mut keys = vec![area.key()];
        if area.state_only() != area {
            keys.push(area.state_only().key());
        }
        for key in keys {
            if self.of.contains_key(&key) || self.of.len() < AREAS_MAX {
                *self.of.entry(key).or_default() += 1.0;
            }
        }
    }

    /// How unusual an area is: the negative logarithm of its share, for its place and for its state.
    fn rarity(&self, area: Area) -> [f64; 2] {
        if area.country().is_some() {
            // Most sites have one country: as long as little is known, half of the callers are taken to be of this one,
            // so that it says little.
            let calls = self.of.get(&area.key()).copied().unwrap_or(0.0);
            let share = (calls + AREAS_ASSUMED / 2.0) / (self.calls + AREAS_ASSUMED);
            return [-share.ln(); 2];
        }
        let of = |area: Area| {
            let calls = self.of.get(&area.key()).copied().unwrap_or(0.0);
            -((calls + 1.0) / (self.calls + AREAS_ASSUMED)).ln()
        };
        [of(area), of(area.state_only())]
    }
}

/// What a site's calls taught. Stored as a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub(super) format: u32,
    pub(super) weights: Vec<f64>,
    pub(super) areas: AreaShares,
    pub(super) calibration: Calibration,
    /// How many labelled calls it was fitted on; 0: none, it is the one for new sites.
    pub labels: u32,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            format: FORMAT,
            weights: default_weights(),
            areas: AreaShares::default(),
            calibration: Calibration::default(),
            labels: 0,
        }
    }
}

/// The middle of each step on a logarithmic scale; open ends reach three times as far.
fn middles(first: i64, ends: &[i64]) -> Vec<f64> {
    let mut from = first as f64;
    let open = ends.last().map_or(from, |e| *e as f64 * 3.0);
    let all = ends.iter().map(|e| *e as f64).chain([open]);
    all.map(|end| {
        let middle = (from * end).sqrt();
        from = end;
        middle
    })
    .collect()
}

/// The weights of a new site, in natural logarithms. Somebody who has the number on the screen is the measure: 0.
fn default_weights() -> Vec<f64> {
    let mut weights = vec![0.0; WEIGHTS];
    // Nobody reads, dials and rings within seconds; who has looked for many minutes reads something else.
    let now = [-2.0, -0.5, 0.0, 0.0, -0.5, -1.2, -2.0];
    debug_assert_eq!(now.len(), NOW_STEPS_MS.len() + 1);
    let fall = |ms: f64| -DELAY_POWER * (1.0 + ms / DELAY_SCALE_MS).ln();
    let ago = middles(25_000, &AGO_STEPS_MS).into_iter().map(fall);
    let time: Vec<f64> = now.into_iter().chain(ago).collect();
    for (index, weight) in time.iter().enumerate().take(STEPS) {
        weights[TIME + index] = *weight;
        weights[TIME_TAPPED + index] = *weight;
    }
    // From the dialog on the telephone to the ring it takes some seconds.
    for (index, weight) in [4.0, 7.0, 5.5, 3.5, 1.5, 0.0].into_iter().enumerate() {
        weights[TAP + index] = weight;
    }
    for (index, weight) in [3.0, 2.5, 1.5, 0.5, -0.5].into_iter().enumerate() {
        weights[KNOWN + index] = weight;
    }
    weights[KNOWN_IN_SIGHT] = 4.0;
    weights[KNOWN_UNSURE] = -1.5;
    weights[KNOWN_ELSEWHERE] = -0.5;
    weights[UNCONFIRMED] = -3.0;
    weights[FORM] = 4.0;
    // Anybody can write somebody else's number into a form: alone it says no more than a look at the number.
    weights[FORM_UNSEEN] = -weights[KNOWN_ELSEWHERE];
    // Half of the people call from the area code of where they are; the rarity is that of a guess.
    weights[SAME_PLACE] = -0.7;
    weights[SAME_STATE] = -1.2;
    weights[ELSEWHERE] = -1.2;
    weights[AREA_RARITY] = 1.0;
    weights[CONTACT_PAGE] = 0.3;
    weights[NONE] = -3.5;
    // Nine in ten call from the country they are in; the others roam, or their network says so.
    weights[SAME_COUNTRY] = -0.1;
    weights[OTHER_COUNTRY] = -2.0;
    weights
}

/// One candidate of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The session; `None` is "none of these".
    pub session: Option<SessionId>,
    /// Its probability, 0 to 1.
    pub probability: f64,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// Who a call is credited to.
#[derive(Debug, Clone, PartialEq)]
pub struct Credit {
    /// The candidates, likeliest first, at most [`CANDIDATES_MAX`] and "none of these", which is always there.
    /// Probabilities are shares among all sessions, also those not kept.
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

    /// The probability of "none of these".
    #[must_use]
    pub fn nobody(&self) -> f64 {
        let none = self.candidates.iter().find(|c| c.session.is_none());
        none.map_or(0.0, |c| c.probability)
    }
}

/// The suspects of a call with their signals, and "none of these" with its own.
pub(super) struct Weighing {
    pub(super) suspects: Vec<Suspect>,
    pub(super) signals: Vec<Signals>,
    pub(super) none: Signals,
    /// What is known about the number moves "none of these" by this; it has no weight to learn.
    pub(super) none_offset: f64,
}

impl Weighing {
    pub(super) fn of(known: &Known<'_>, areas: &AreaShares, taps_hidden: bool) -> Self {
        let suspects = suspects(known);
        let caller = known.call.caller.and_then(Area::of_number);
        let caller = caller.map(|area| (area, areas.rarity(area)));
        let signals = suspects
            .iter()
            .map(|s| s.signals(known.call.at, caller, taps_hidden))
            .collect();
        let mut none = Signals::EMPTY;
        none.add(NONE, 1.0);
        Self {
            suspects,
            signals,
            none,
            none_offset: (stray_share(&known.call) / STRAY_SHARE).ln(),
        }
    }

    /// Shares of the probability: of each suspect, and of "none of these".
    pub(super) fn shares(&self, weights: &[f64]) -> (Vec<f64>, f64) {
        let mut shares: Vec<f64> = self.signals.iter().map(|s| s.dot(weights)).collect();
        let none = self.none.dot(weights) + self.none_offset;
        // The largest is taken off first, so that no exponential overflows.
        let top = shares.iter().copied().fold(none, f64::max);
        let none = (none - top).exp();
        for share in &mut shares {
            *share = (*share - top).exp();
        }
        let total = none + shares.iter().sum::<f64>();
        for share in &mut shares {
            *share /= total;
        }
        (shares, none / total)
    }
}

/// The share of stray calls on a number: its own history, which weighs more the longer it is.
fn stray_share(call: &CallFacts) -> f64 {
    let history = call.number;
    (history.stray + STRAY_CALLS * STRAY_SHARE) / (history.calls + STRAY_CALLS)
}

impl Model {
    /// A model that was stored before countries were compared knows nothing of them yet: it gets what a new site has.
    #[must_use]
    pub fn with_countries(mut self) -> Self {
        if self.weights.len() == WEIGHTS_BEFORE_COUNTRIES {
            let new = default_weights();
            self.weights
                .extend_from_slice(&new[WEIGHTS_BEFORE_COUNTRIES..]);
        }
        self
    }

    /// Whether this program can use it: it may have been stored by another version.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.format == FORMAT
            && self.weights.len() == WEIGHTS
            && self.weights.iter().all(|w| w.is_finite())
    }

    /// Weighs everybody who may have called. The order of what is given does not matter.
    #[must_use]
    pub fn attribute(&self, known: &Known<'_>) -> Credit {
        let weighing = Weighing::of(known, &self.areas, false);
        let (shares, none) = weighing.shares(&self.weights);
        let mut order: Vec<(f64, Option<usize>)> = shares
            .iter()
            .enumerate()
            .map(|(place, share)| (*share, Some(place)))
            .collect();
        // Of equal ones a session comes before "none of these", and the later session first.
        let session = |place: &Option<usize>| place.map(|p| weighing.suspects[p].session);
        order.push((none, None));
        order.sort_by(|a, b| {
            b.0.total_cmp(&a.0)
                .then_with(|| session(&b.1).cmp(&session(&a.1)))
        });
        self.calibration.apply(&mut order);
        let mut kept = CANDIDATES_MAX;
        order.retain(|(_, place)| {
            place.is_none() || {
                let keep = kept > 0;
                kept = kept.saturating_sub(1);
                keep
            }
        });
        let candidate = |(probability, place): (f64, Option<usize>)| Candidate {
            session: session(&place),
            probability,
            reasons: place.map_or_else(
                || none_reasons(known, &weighing),
                |p| self.reasons(known, &weighing.suspects[p], &weighing.signals[p]),
            ),
        };
        Credit {
            candidates: order.into_iter().map(candidate).collect(),
        }
    }

    /// The evidence of a candidate. The weights are natural logarithms of likelihood ratios against "none of
    /// these"; they add up to the candidate's logarithmic odds against it.
    fn reasons(&self, known: &Known<'_>, suspect: &Suspect, signals: &Signals) -> Vec<Reason> {
        let weight = |wanted: std::ops::Range<usize>| -> f64 {
            let own = signals
                .iter()
                .filter(|(index, _)| wanted.contains(index))
                .map(|(index, value)| self.weights[index] * value);
            own.sum()
        };
        let at = known.call.at;
        let none = self.weights[NONE];
        let mut reasons = Vec::with_capacity(4);
        let mut push = |evidence, weight| reasons.push(Reason { evidence, weight });
        if let Some(before_ms) = suspect.tapped_ms {
            let counted = matches!(suspect.timing(at, false), Timing::Tapped(_));
            let told = weight(TAP..KNOWN) - if counted { none } else { 0.0 };
            push(Evidence::Tapped { before_ms }, told);
        }
        let timing = suspect.timing(at, false);
        if let Some(showing) = &suspect.showing {
            let told = if timing == Timing::Seen {
                weight(TIME..TAP) - none
            } else {
                0.0
            };
            let ago_ms = silence_ms(showing, at);
            let on_screen = ago_ms <= super::signals::ON_SCREEN_MS;
            let device = showing.device;
            push(
                if on_screen {
                    let for_ms = at.millis_since(showing.first_visible);
                    Evidence::VisibleNow { for_ms, device }
                } else {
                    Evidence::VisibleBefore { ago_ms, device }
                },
                told,
            );
            if !showing.confirmed {
                push(Evidence::NeverConfirmed, weight(UNCONFIRMED..FORM));
            }
        }
        if let Some(earlier) = suspect.earlier {
            let ago_ms = at.millis_since(earlier.at);
            let told = weight(KNOWN..UNCONFIRMED);
            let counted = matches!(timing, Timing::Known(_));
            push(
                Evidence::CalledBefore { ago_ms },
                told - if counted { none } else { 0.0 },
            );
        }
        if let Some(form) = suspect.form {
            let ago_ms = at.millis_since(form.at);
            let unseen = suspect.showing.is_none() && suspect.earlier.is_none();
            let told = weight(FORM..SAME_PLACE)
                + if unseen {
                    weight(KNOWN_ELSEWHERE..UNCONFIRMED) - none
                } else {
                    0.0
                };
            push(Evidence::FormSent { ago_ms }, told);
        }
        if let Some((evidence, told)) = area_evidence(
            known,
            suspect,
            weight(SAME_PLACE..CONTACT_PAGE) + weight(SAME_COUNTRY..WEIGHTS),
        ) {
            push(evidence, told);
        }
        if weight(CONTACT_PAGE..NONE) != 0.0 {
            push(Evidence::ContactPage, weight(CONTACT_PAGE..NONE));
        }
        reasons
    }

    /// The learned delay curve of a device class, against somebody who has had the number on the screen for a
    /// minute: from when (milliseconds off the screen) and how many times as likely to call.
    #[must_use]
    pub fn delay_curve(&self, device: Device) -> Vec<(i64, f64)> {
        let of = |step: usize| {
            let phone = if device == Device::Phone {
                self.weights[TIME_PHONE + step]
            } else {
                0.0
            };
            self.weights[TIME + step] + phone
        };
        let measure = of(3);
        let mut from = super::signals::ON_SCREEN_MS;
        let first = NOW_STEPS_MS.len() + 1;
        let mut curve = Vec::with_capacity(AGO_STEPS_MS.len() + 1);
        for step in 0..=AGO_STEPS_MS.len() {
            curve.push((from, (of(first + step) - measure).exp()));
            from = AGO_STEPS_MS.get(step).copied().unwrap_or(from);
        }
        curve
    }
}

fn area_evidence(known: &Known<'_>, suspect: &Suspect, weight: f64) -> Option<(Evidence, f64)> {
    let caller = known.call.caller?;
    let visitor = suspect.showing?.area?;
    let code = || crate::base::area_code_of(caller);
    let evidence = match Area::of_number(caller)?.nearness(visitor) {
        Nearness::SamePlace => Evidence::SamePlace { area: code()? },
        Nearness::SameState => Evidence::SameState { area: code()? },
        Nearness::Elsewhere => Evidence::OtherArea { area: code()? },
        Nearness::SameCountry => Evidence::SameCountry {
            country: visitor.country()?,
        },
        Nearness::OtherCountry => Evidence::OtherCountry {
            caller: caller.country().unwrap_or(Country::US),
            visitor: visitor.country(),
        },
    };
    Some((evidence, weight))
}

fn none_reasons(known: &Known<'_>, weighing: &Weighing) -> Vec<Reason> {
    let evidence = if weighing.suspects.is_empty() {
        Evidence::NobodySaw
    } else {
        Evidence::StrayShare {
            per_thousand: (stray_share(&known.call) * 1_000.0).round() as u32,
        }
    };
    vec![Reason {
        evidence,
        weight: weighing.none_offset,
    }]
}
