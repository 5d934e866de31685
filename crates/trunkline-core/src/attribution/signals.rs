//! From what is known to numbers: which signals a candidate has, each the index of a weight and a value.
//!
//! When and how somebody saw the number is one signal with many steps, not several signals: a tap says when
//! its call comes, so it stands in the place of the time since the number was seen, and so does an earlier
//! call of the same caller. Otherwise the same fact would be counted twice.

use super::facts::{EarlierCall, Form, Known, PageKind, Showing, Tap};
use crate::base::id::{SessionId, VisitorId};
use crate::base::{Area, Nearness, Timestamp};
use crate::visitor::Device;

/// A heartbeat comes every 20 s, so up to this silence the number counts as still on the screen.
pub(super) const ON_SCREEN_MS: i64 = 25_000;
/// Ends of the steps of "on the screen, for so long", in milliseconds.
pub(super) const NOW_STEPS_MS: [i64; 6] = [5_000, 15_000, 60_000, 180_000, 600_000, 1_800_000];
/// Ends of the steps of "off the screen, since so long", in milliseconds.
pub(super) const AGO_STEPS_MS: [i64; 9] = [
    60_000,
    120_000,
    300_000,
    900_000,
    3_600_000,
    14_400_000,
    86_400_000,
    345_600_000,
    864_000_000,
];
/// Ends of the steps of "tapped, so long before", in milliseconds. An older tap says nothing.
pub(super) const TAP_STEPS_MS: [i64; 6] = [2_000, 10_000, 20_000, 60_000, 180_000, 600_000];
/// Ends of the steps of "called before, so long ago", in milliseconds.
pub(super) const KNOWN_STEPS_MS: [i64; 4] = [3_600_000, 86_400_000, 604_800_000, 2_592_000_000];
/// A known caller who saw the number within this is told by the sight, in milliseconds.
const KNOWN_SIGHT_MS: i64 = 3_600_000;
/// Earlier credits below this probability count as unsure.
const UNSURE_BELOW: f64 = 0.8;

const NOW: usize = NOW_STEPS_MS.len() + 1;
/// Steps of the time signal.
pub(super) const STEPS: usize = NOW + AGO_STEPS_MS.len() + 1;
/// First weight of each signal.
pub(super) const TIME: usize = 0;
/// The time signal's difference on telephones; tablets and desks are what the others are.
pub(super) const TIME_PHONE: usize = TIME + STEPS;
/// The time signal of calls whose label is a tap: those people do not wait, so their delays must not teach
/// how long people wait who read a number.
pub(super) const TIME_TAPPED: usize = TIME_PHONE + STEPS;
pub(super) const TAP: usize = TIME_TAPPED + STEPS;
pub(super) const KNOWN: usize = TAP + TAP_STEPS_MS.len();
pub(super) const KNOWN_IN_SIGHT: usize = KNOWN + KNOWN_STEPS_MS.len() + 1;
pub(super) const KNOWN_UNSURE: usize = KNOWN_IN_SIGHT + 1;
pub(super) const KNOWN_ELSEWHERE: usize = KNOWN_UNSURE + 1;
pub(super) const UNCONFIRMED: usize = KNOWN_ELSEWHERE + 1;
pub(super) const FORM: usize = UNCONFIRMED + 1;
/// The form with the caller's number came from somebody who was not shown the dialled one.
pub(super) const FORM_UNSEEN: usize = FORM + 1;
pub(super) const SAME_PLACE: usize = FORM_UNSEEN + 1;
pub(super) const SAME_STATE: usize = SAME_PLACE + 1;
pub(super) const ELSEWHERE: usize = SAME_STATE + 1;
pub(super) const AREA_RARITY: usize = ELSEWHERE + 1;
pub(super) const CONTACT_PAGE: usize = AREA_RARITY + 1;
pub(super) const NONE: usize = CONTACT_PAGE + 1;
/// The caller's country against the visitor's, outside North America. Behind the others, because models of before have none.
pub(super) const SAME_COUNTRY: usize = NONE + 1;
pub(super) const OTHER_COUNTRY: usize = SAME_COUNTRY + 1;
/// How many weights a model has, and had before countries were compared.
pub(super) const WEIGHTS: usize = OTHER_COUNTRY + 1;
pub(super) const WEIGHTS_BEFORE_COUNTRIES: usize = NONE + 1;

/// Most signals a candidate can have at once.
const SIGNALS_MAX: usize = 12;

/// The signals of one candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signals {
    at: [(u16, f32); SIGNALS_MAX],
    len: usize,
}

impl Signals {
    pub(super) const EMPTY: Self = Self {
        at: [(0, 0.0); SIGNALS_MAX],
        len: 0,
    };

    pub(super) fn add(&mut self, weight: usize, value: f64) {
        if let Some(place) = self.at.get_mut(self.len) {
            *place = (weight as u16, value as f32);
            self.len += 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.at[..self.len]
            .iter()
            .map(|&(weight, value)| (usize::from(weight), f64::from(value)))
    }

    pub(super) fn dot(&self, weights: &[f64]) -> f64 {
        self.iter()
            .map(|(weight, value)| weights[weight] * value)
            .sum()
    }
}

/// The step of a list that a time falls into.
pub(super) fn step(ends: &[i64], ms: i64) -> usize {
    ends.partition_point(|end| *end <= ms)
}

/// A candidate before it is weighed: what was seen, joined over all showings of the session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suspect {
    pub(super) session: SessionId,
    /// `None`: known from an earlier call or a form alone; the number was not shown.
    pub(super) showing: Option<Showing>,
    /// Milliseconds from its tap to the call.
    pub(super) tapped_ms: Option<i64>,
    /// The caller's earlier call, when it was this visitor's and this is the visitor's latest session.
    pub(super) earlier: Option<EarlierCall>,
    /// The form with the caller's number, likewise.
    pub(super) form: Option<Form>,
}

/// Every session that may have called, each once, in the order of their ids.
pub(super) fn suspects(known: &Known<'_>) -> Vec<Suspect> {
    let at = known.call.at;
    let mut suspects: Vec<Suspect> = merged(known.showings, at)
        .into_iter()
        .map(|showing| Suspect {
            session: showing.session,
            showing: Some(showing),
            tapped_ms: None,
            earlier: None,
            form: None,
        })
        .collect();
    let believed = |tap: &&Tap| tap.at <= at && tap.is_believed();
    for tap in known.taps.iter().filter(believed) {
        give_tap(&mut suspects, tap, at);
    }
    if let Some(earlier) = known.earlier {
        let place = latest_of(&mut suspects, earlier.visitor, earlier.session);
        suspects[place].earlier = Some(earlier);
    }
    if let Some(form) = known.form.filter(|f| f.at <= at) {
        let place = latest_of(&mut suspects, form.visitor, form.session);
        suspects[place].form = Some(form);
    }
    suspects
}

fn give_tap(suspects: &mut [Suspect], tap: &Tap, at: Timestamp) {
    if let Ok(place) = suspects.binary_search_by_key(&tap.session, |s| s.session) {
        let ms = at.millis_since(tap.at);
        let nearest = &mut suspects[place].tapped_ms;
        *nearest = Some(nearest.map_or(ms, |other| other.min(ms)));
    }
}

/// The latest session of a visitor that was shown the number; when there is none, `session` joins.
fn latest_of(suspects: &mut Vec<Suspect>, visitor: VisitorId, session: SessionId) -> usize {
    let shown = suspects
        .iter()
        .enumerate()
        .filter_map(|(place, s)| s.showing.map(|showing| (place, showing)))
        .filter(|(_, showing)| showing.visitor == visitor)
        .max_by_key(|(_, showing)| (showing.first_visible, showing.session));
    if let Some((place, _)) = shown {
        return place;
    }
    let same = |s: &Suspect| s.session == session;
    suspects.iter().position(same).unwrap_or_else(|| {
        suspects.push(Suspect {
            session,
            showing: None,
            tapped_ms: None,
            earlier: None,
            form: None,
        });
        suspects.len() - 1
    })
}

/// Several showings of one session count as one, from the first sight to the last.
fn merged(showings: &[Showing], at: Timestamp) -> Vec<Showing> {
    let mut sorted: Vec<Showing> = showings
        .iter()
        .filter(|s| s.first_visible <= at)
        .copied()
        .collect();
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
                if showing.page == PageKind::Contact {
                    last.page = PageKind::Contact;
                }
            }
            None => out.push(showing),
        }
    }
    out
}

/// How long ago a session that calls at `at` was last known to see the number, in milliseconds.
pub(super) fn silence_ms(showing: &Showing, at: Timestamp) -> i64 {
    at.millis_since(showing.last_visible).max(0)
}

/// The step of the time signal.
pub(super) fn time_step(showing: &Showing, at: Timestamp) -> usize {
    let silence = silence_ms(showing, at);
    if silence <= ON_SCREEN_MS {
        step(&NOW_STEPS_MS, at.millis_since(showing.first_visible))
    } else {
        NOW + step(&AGO_STEPS_MS, silence)
    }
}

/// Which signal tells when the call was to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// A tap, so many milliseconds before.
    Tapped(i64),
    /// An earlier call or sight of a known caller, so many milliseconds before.
    Known(i64),
    /// The sight of the number.
    Seen,
    /// Nothing.
    Unknown,
}

impl Suspect {
    pub(super) fn timing(&self, at: Timestamp, taps_hidden: bool) -> Timing {
        let last_step = TAP_STEPS_MS[TAP_STEPS_MS.len() - 1];
        if let Some(ms) = self.tapped_ms.filter(|ms| *ms < last_step && !taps_hidden) {
            return Timing::Tapped(ms);
        }
        let silence = self.showing.map(|s| silence_ms(&s, at));
        match (self.earlier, silence) {
            (_, Some(ms)) if ms < KNOWN_SIGHT_MS => Timing::Seen,
            (Some(earlier), silence) => {
                let called = at.millis_since(earlier.at).max(0);
                Timing::Known(silence.map_or(called, |seen| seen.min(called)))
            }
            (None, Some(_)) => Timing::Seen,
            (None, None) => Timing::Unknown,
        }
    }

    /// The signals of the candidate. `rarity` says how unusual the caller's area is, see
    /// [`super::model::AreaShares`].
    pub(super) fn signals(
        &self,
        at: Timestamp,
        caller: Option<(Area, [f64; 2])>,
        taps_hidden: bool,
    ) -> Signals {
        let mut signals = Signals::EMPTY;
        match (self.timing(at, taps_hidden), &self.showing) {
            (Timing::Tapped(ms), _) => signals.add(TAP + step(&TAP_STEPS_MS, ms), 1.0),
            (Timing::Known(ms), _) => signals.add(KNOWN + step(&KNOWN_STEPS_MS, ms), 1.0),
            (Timing::Seen, Some(showing)) => {
                let step = time_step(showing, at);
                if taps_hidden {
                    signals.add(TIME_TAPPED + step, 1.0);
                } else {
                    signals.add(TIME + step, 1.0);
                    if showing.device == Device::Phone {
                        signals.add(TIME_PHONE + step, 1.0);
                    }
                }
                if self.earlier.is_some() {
                    signals.add(KNOWN_IN_SIGHT, 1.0);
                }
            }
            (Timing::Seen | Timing::Unknown, _) => signals.add(KNOWN_ELSEWHERE, 1.0),
        }
        if self.earlier.is_some_and(|e| e.probability < UNSURE_BELOW) {
            signals.add(KNOWN_UNSURE, 1.0);
        }
        if self.form.is_some() {
            let seen = self.showing.is_some();
            signals.add(if seen { FORM } else { FORM_UNSEEN }, 1.0);
        }
        let Some(showing) = &self.showing else {
            if self.earlier.is_some() {
                signals.add(KNOWN_ELSEWHERE, 1.0);
            }
            return signals;
        };
        if !showing.confirmed {
            signals.add(UNCONFIRMED, 1.0);
        }
        if showing.page == PageKind::Contact {
            signals.add(CONTACT_PAGE, 1.0);
        }
        if let (Some((caller, [place, state])), Some(area)) = (caller, showing.area) {
            match caller.nearness(area) {
                Nearness::SamePlace => {
                    signals.add(SAME_PLACE, 1.0);
                    signals.add(AREA_RARITY, place);
                }
                Nearness::SameState => {
                    signals.add(SAME_STATE, 1.0);
                    signals.add(AREA_RARITY, state);
                }
                Nearness::Elsewhere => signals.add(ELSEWHERE, 1.0),
                Nearness::SameCountry => {
                    signals.add(SAME_COUNTRY, 1.0);
                    signals.add(AREA_RARITY, state);
                }
                Nearness::OtherCountry => signals.add(OTHER_COUNTRY, 1.0),
            }
        }
        signals
    }
}
