//! Station **report** as a use case: calls per source as expected values, added up from the candidates and the
//! arrivals that are stored. Nothing is kept; the same period gives the same figures again.

use std::collections::{BTreeMap, HashMap, HashSet};

use trunkline_core::assignment::{NumberUse, TrackingNumber};
use trunkline_core::attribution::{Milestones, TouchModel, touch_shares};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::SessionId;
use trunkline_core::report::{CountedCall, QUALIFIED_SECONDS, SourceTable, qualified_at};
use trunkline_core::visitor::{Channel, Source};

use crate::directory::Directory;
use crate::ports::PortResult;
use crate::ports::calls::CallRow;
use crate::ports::past_calls::{PastCallFilter, PastCalls, PastTouch};
use crate::replay::Named;

/// Most calls of one report.
pub const REPORT_CALLS_MAX: u64 = 50_000;
/// Calls read at once.
const PAGE_CALLS: u32 = 500;
/// Most sessions whose arrivals are remembered while a report is made; calls that follow each other share many.
const TOUCHES_KEPT_MAX: usize = 20_000;

/// A source, or none: calls of no visit, on numbers that tell no source by themselves.
pub type ReportSource = Option<Named>;

/// A report of sources.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceReport {
    /// The figures.
    Table(SourceTable<ReportSource>),
    /// The period has more than [`REPORT_CALLS_MAX`] calls.
    TooManyCalls,
}

/// Adds the calls of a period up by source, sharing each call among the touches of its candidates by `model`.
///
/// # Errors
/// When the calls or their arrivals cannot be read.
pub async fn sources(
    past: &dyn PastCalls,
    directory: &Directory,
    filter: PastCallFilter,
    model: TouchModel,
) -> PortResult<SourceReport> {
    let mut table = SourceTable::default();
    let mut touches: HashMap<SessionId, Vec<PastTouch>> = HashMap::new();
    let mut leads: HashMap<SessionId, Milestones> = HashMap::new();
    let account = directory.account(filter.account);
    let needed = account.map_or(QUALIFIED_SECONDS, |account| account.qualified_seconds);
    let mut after = None;
    loop {
        let page = past.past_calls(filter, after, PAGE_CALLS).await?;
        if touches.len() > TOUCHES_KEPT_MAX {
            touches.clear();
        }
        let of_calls: HashSet<SessionId> = page
            .iter()
            .flat_map(chances)
            .filter_map(|(session, _)| session)
            .collect();
        let unknown: Vec<SessionId> = of_calls
            .into_iter()
            .filter(|session| !touches.contains_key(session))
            .collect();
        for touch in past.touches_of(&unknown).await? {
            touches.entry(touch.session).or_default().push(touch);
        }
        for call in &page {
            after = Some((call.started_at, call.id));
            let qualified = qualified_at(call.answered_at, call.talk_ms, needed);
            if let Some(session) = call.session {
                let lead = leads.entry(session).or_default();
                lead.created = lead.created.or(Some(call.started_at));
                lead.qualified = lead.qualified.or(qualified);
            }
            table.count(counted(call, qualified, directory, &touches, &leads, model));
        }
        if page.len() < PAGE_CALLS as usize {
            return Ok(SourceReport::Table(table));
        }
        if table.calls >= REPORT_CALLS_MAX {
            return Ok(SourceReport::TooManyCalls);
        }
    }
}

/// Who may have made a call, with the probabilities; they sum to 1 but for candidates that were not kept.
fn chances(call: &CallRow) -> Vec<(Option<SessionId>, f64)> {
    if call.confirmed_at.is_some() {
        return vec![(call.session, 1.0)];
    }
    let all = call.candidates.iter();
    all.map(|c| (c.session, c.probability)).collect()
}

fn counted(
    call: &CallRow,
    qualified: Option<Timestamp>,
    directory: &Directory,
    touches: &HashMap<SessionId, Vec<PastTouch>>,
    leads: &HashMap<SessionId, Milestones>,
    model: TouchModel,
) -> CountedCall<ReportSource> {
    let credited = call.source.as_ref().map(named);
    let mut chances_of: BTreeMap<ReportSource, f64> = BTreeMap::new();
    let mut add = |source: ReportSource, chance: f64| {
        *chances_of.entry(source).or_default() += chance;
    };
    // A pool's general overflow is a source number that names no source: everybody is shown it.
    let names_one = |n: &TrackingNumber| n.kind == NumberUse::Source && !n.selector.is_empty();
    if directory.number(call.number).is_some_and(|n| names_one(n)) {
        // The number tells the source by itself, whoever called.
        add(credited.clone(), 1.0);
    } else {
        let mut left = 1.0;
        for (session, chance) in chances(call) {
            let arrivals = session.and_then(|s| touches.get(&s));
            let Some(arrivals) = arrivals else { continue };
            let lead = session.and_then(|s| leads.get(&s)).copied();
            // A candidate that no call was credited to would have become a lead by this one.
            let milestones = lead.unwrap_or(Milestones {
                created: Some(call.started_at),
                qualified,
            });
            for (source, share) in shares(arrivals, call.started_at, milestones, model) {
                add(Some(source), chance * share);
            }
            left -= chance;
        }
        // What no visit made belongs to the label of a printed number, else to no source.
        let own = call.source.as_ref().filter(|s| s.rule == "static_number");
        if left > 0.0 {
            add(own.map(named), left);
        }
    }
    CountedCall {
        chances: chances_of.into_iter().collect(),
        credited,
        answered: call.answered_at.is_some(),
        qualified: qualified.is_some(),
        talk_ms: call.talk_ms,
    }
}

/// The shares of a visit's sources in a call. A direct arrival gets none where another one tells more, as in
/// the source of the call itself.
fn shares(
    arrivals: &[PastTouch],
    called_at: Timestamp,
    milestones: Milestones,
    model: TouchModel,
) -> Vec<(Named, f64)> {
    let before: Vec<&PastTouch> = arrivals.iter().filter(|t| t.at <= called_at).collect();
    // An arrival a moment after the ring still is the visit's only one.
    let known = if before.is_empty() {
        arrivals.iter().take(1).collect()
    } else {
        before
    };
    let telling: Vec<&PastTouch> = known
        .iter()
        .filter(|t| t.source.channel != Channel::Direct)
        .copied()
        .collect();
    let counted = if telling.is_empty() { known } else { telling };
    let times: Vec<Timestamp> = counted.iter().map(|t| t.at).collect();
    let shares = touch_shares(model, &times, milestones);
    counted
        .iter()
        .map(|t| named(&t.source))
        .zip(shares)
        .collect()
}

fn named(source: &Source) -> Named {
    Named {
        channel: source.channel,
        source: source.source.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(at: i64, channel: Channel, source: &str) -> PastTouch {
        PastTouch {
            session: SessionId::from_raw(1),
            at: Timestamp::from_millis(at),
            source: Source {
                channel,
                source: source.to_owned(),
                ..Source::direct()
            },
        }
    }

    fn called(created: i64, qualified: Option<i64>) -> Milestones {
        Milestones {
            created: Some(Timestamp::from_millis(created)),
            qualified: qualified.map(Timestamp::from_millis),
        }
    }

    #[test]
    fn w_gives_its_parts_to_the_arrivals_before_the_first_call_and_before_the_qualified_one() {
        let visit = [
            touch(1, Channel::PaidSearch, "google"),
            touch(3, Channel::Social, "facebook"),
            touch(7, Channel::Email, "newsletter"),
            touch(9, Channel::OrganicSearch, "bing"),
        ];
        let of = |called_at, milestones| {
            let called_at = Timestamp::from_millis(called_at);
            let shares = shares(&visit, called_at, milestones, TouchModel::W);
            let whole = |share: f64| (share * 1_000.0).round();
            let names = shares
                .into_iter()
                .map(|(n, share)| (n.source, whole(share)));
            names.collect::<Vec<_>>()
        };
        let named = |all: &[(&str, f64)]| -> Vec<(String, f64)> {
            all.iter().map(|(n, s)| ((*n).to_owned(), *s)).collect()
        };
        // The second call of the lead, long enough: the first came after the second arrival.
        assert_eq!(
            of(8, called(4, Some(8))),
            named(&[
                ("google", 333.0),
                ("facebook", 333.0),
                ("newsletter", 333.0)
            ])
        );
        assert_eq!(
            of(10, called(4, Some(8))),
            named(&[
                ("google", 300.0),
                ("facebook", 300.0),
                ("newsletter", 300.0),
                ("bing", 100.0)
            ])
        );
        // Not qualified: that part is the last arrival's.
        assert_eq!(
            of(8, called(8, None)),
            named(&[
                ("google", 300.0),
                ("facebook", 100.0),
                ("newsletter", 600.0)
            ])
        );
    }

    #[test]
    fn a_direct_return_takes_nothing_from_the_ad_that_brought_the_visitor() {
        let visit = [
            touch(1, Channel::PaidSearch, "google"),
            touch(2, Channel::Direct, "direct"),
            touch(9, Channel::OrganicSearch, "bing"),
        ];
        let of = |model| {
            let shares = shares(&visit, Timestamp::from_millis(5), called(5, None), model);
            let names = shares.into_iter().map(|(n, share)| (n.source, share));
            names.collect::<Vec<_>>()
        };
        for model in TouchModel::ALL {
            assert_eq!(of(*model), [("google".to_owned(), 1.0)], "{}", model.word());
        }
    }

    #[test]
    fn a_visit_of_direct_arrivals_alone_is_direct() {
        let visit = [
            touch(1, Channel::Direct, "direct"),
            touch(2, Channel::Direct, "direct"),
        ];
        let shares = shares(
            &visit,
            Timestamp::from_millis(5),
            called(5, None),
            TouchModel::Linear,
        );
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        assert!((sum - 1.0).abs() < 1e-12 && shares.iter().all(|(n, _)| n.source == "direct"));
    }
}
