//! Our side of a call: gathers what the server would know, lets the core weigh it, and learns from the calls
//! whose truth becomes known, as a server would: from taps seconds before a call, and from what the person
//! who answers says. The model is fitted anew now and then, always on earlier calls.

use std::collections::HashMap;

use trunkline_core::attribution::{
    AreaShares, CallFacts, EarlierCall, Known, Label, LabelKind, Learner, Model, NumberHistory,
    Showing, Tap, tap_label,
};
use trunkline_core::base::id::{SessionId, VisitorId};
use trunkline_core::base::{PhoneNumber, Timestamp};

use super::history::{Call, DAY_MS, From};
use super::line::{Line, session};

/// The model is fitted this often.
const FIT_EVERY_MS: i64 = 15 * DAY_MS;
/// A caller stays joined to an earlier call for this long, as on the server.
const EARLIER_MS: i64 = 90 * DAY_MS;
/// One in so many confirmations is a mistake: the person who answers confirms the likeliest one.
const MISTAKES: usize = 33;

/// What was known of a labelled call.
struct Labelled {
    call: CallFacts,
    showings: Vec<Showing>,
    taps: Vec<Tap>,
    earlier: Option<EarlierCall>,
    label: Label,
}

/// Credits and learns.
pub(super) struct Analyst {
    model: Model,
    fitted_at: i64,
    areas: AreaShares,
    numbers: Vec<NumberHistory>,
    earlier: HashMap<PhoneNumber, EarlierCall>,
    labelled: Vec<Labelled>,
    confirmations: usize,
}

impl Analyst {
    pub(super) fn new(numbers: usize) -> Self {
        Self {
            model: Model::default(),
            fitted_at: 0,
            areas: AreaShares::default(),
            numbers: vec![NumberHistory::default(); numbers],
            earlier: HashMap::new(),
            labelled: Vec::new(),
            confirmations: 0,
        }
    }

    /// Credits a call: the session, and the probability of the likeliest, which may be "none of these".
    pub(super) fn credit(
        &mut self,
        facts: &Call,
        number: usize,
        line: &Line,
        at: i64,
    ) -> (Option<SessionId>, f64) {
        if at - self.fitted_at >= FIT_EVERY_MS {
            self.fitted_at = at;
            self.fit();
        }
        let call = CallFacts {
            at: Timestamp::from_millis(at),
            caller: Some(facts.caller),
            number: self.numbers[number],
        };
        let (showings, taps) = (line.showings(at), line.taps(at));
        let earlier = self.earlier.get(&facts.caller).copied();
        let earlier = earlier.filter(|e| call.at.millis_since(e.at) < EARLIER_MS);
        let credit = self.model.attribute(&Known {
            call,
            showings: &showings,
            taps: &taps,
            earlier,
            form: None,
        });
        let best = credit.candidates.first();
        let (best, probability) = best.map_or((None, 1.0), |c| (c.session, c.probability));
        self.numbers[number].calls += 1.0;
        self.numbers[number].stray += credit.nobody();
        self.areas.count(facts.caller);
        if let Some(label) = self.label(facts, &taps, best, at) {
            let labelled = Labelled {
                call,
                showings: showings.clone(),
                taps,
                earlier,
                label,
            };
            self.labelled.push(labelled);
        }
        if let Some(session) = best {
            let of_earlier = || earlier.filter(|e| e.session == session).map(|e| e.visitor);
            let shown = showings.iter().find(|s| s.session == session);
            let visitor = shown.map(|s| s.visitor).or_else(of_earlier);
            let remembered = EarlierCall {
                session,
                visitor: visitor.unwrap_or(VisitorId::from_raw(0)),
                at: call.at,
                probability,
            };
            self.earlier.insert(facts.caller, remembered);
        }
        (best, probability)
    }

    /// What becomes known of a call afterwards.
    fn label(
        &mut self,
        facts: &Call,
        taps: &[Tap],
        best: Option<SessionId>,
        at: i64,
    ) -> Option<Label> {
        if facts.confirmed {
            self.confirmations += 1;
            let truth = match facts.from {
                From::Visit(visit) => Some(session(visit)),
                From::Stranger(_) => None,
            };
            let mistaken = self.confirmations.is_multiple_of(MISTAKES);
            return Some(Label {
                session: if mistaken { best } else { truth },
                kind: LabelKind::Confirmed,
            });
        }
        tap_label(taps, Timestamp::from_millis(at))
    }

    fn fit(&mut self) {
        let mut learner = Learner::new(Model::default(), self.areas.clone());
        for l in &self.labelled {
            let known = Known {
                call: l.call,
                showings: &l.showings,
                taps: &l.taps,
                earlier: l.earlier,
                form: None,
            };
            learner.add(&known, l.label);
        }
        self.model = learner.fit();
    }
}
