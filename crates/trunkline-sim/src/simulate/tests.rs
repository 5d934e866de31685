//! The simulated business: the same seed gives the same figures, and truth stays out of sight.

use trunkline_core::attribution::{Advice, Model, PoolVisit, advise};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{SessionId, VisitorId};

use super::*;

const CHOSEN: Chosen = Chosen {
    seed: 7,
    days: 20,
    taps: 0.3,
    confirmed: 0.1,
    located: true,
};

fn sites() -> Sites {
    let shape = Shape::named("town").expect("a shape");
    Sites::draw(shape, CHOSEN, 2)
}

#[test]
fn the_same_seed_gives_the_same_calls_under_every_policy() {
    for policy in Policy::ALL {
        let (one, two) = (sites().run(policy, 8), sites().run(policy, 8));
        assert_eq!(one.calls(), two.calls(), "{}", policy.name());
        assert!(one.calls().len() > 100);
    }
}

#[test]
fn every_policy_meets_the_same_callers() {
    let sites = sites();
    let truths = |policy| -> Vec<Option<usize>> {
        let run = sites.run(policy, 8);
        run.calls()
            .iter()
            .filter(|c| c.truth.is_some())
            .map(|c| c.truth)
            .collect()
    };
    let ours = truths(Policy::Ours);
    assert_eq!(ours, truths(Policy::LastHolder));
    assert_eq!(ours, truths(Policy::Lock));
}

#[test]
fn more_numbers_are_more_often_right_and_none_are_never() {
    let sites = sites();
    let accuracy = |n| sites.run(Policy::Ours, n).accuracy();
    assert!(accuracy(2) + 0.1 < accuracy(8));
    assert_eq!(sites.run(Policy::Lock, 0).accuracy(), 0.0);
    let needed = sites
        .fewest(Policy::Ours, accuracy(8), 8)
        .expect("eight are enough");
    assert!((1..=8).contains(&needed));
    assert_eq!(sites.fewest(Policy::Ours, 1.1, 8), None);
}

#[test]
fn the_longest_idle_way_always_has_a_number_and_the_lock_does_not() {
    let sites = sites();
    assert_eq!(sites.run(Policy::LastHolder, 2).overflow(), 0.0);
    assert!(sites.run(Policy::Lock, 2).overflow() > 0.3);
}

#[test]
fn the_table_has_a_line_for_each_row_and_the_picture_a_line_for_each_policy() {
    let sites = sites();
    let rows: Vec<Row> = Policy::ALL
        .into_iter()
        .map(|policy| Row {
            policy,
            outcomes: sites.run(policy, 4),
        })
        .collect();
    let text = table(&rows, 1.5);
    assert_eq!(text.lines().count(), rows.len() + 1);
    assert!(text.lines().skip(1).all(|line| line.ends_with("6.00")));
    let svg = picture("a < b", &rows);
    assert_eq!(svg.matches("<polyline").count(), Policy::ALL.len());
    assert!(svg.contains("a &lt; b"));
}

/// What the advisor says to a site about the sizes, from the visits of its first days.
fn advice(history: &History, days: i64, sizes: &[u32]) -> Advice {
    let early = history.visits.iter().zip(1..);
    let early = early.filter(|(visit, _)| visit.at < days * DAY_MS);
    let shown: Vec<PoolVisit> = early
        .filter_map(|(visit, index)| {
            let (from, until) = visit.view?;
            Some(PoolVisit {
                session: SessionId::from_raw(index),
                visitor: VisitorId::from_raw(visit.visitor),
                device: visit.device,
                from: Timestamp::from_millis(from),
                until: Timestamp::from_millis(until),
                page: visit.page,
            })
        })
        .collect();
    advise(&Model::default(), &shown, sizes, false, 7)
}

#[test]
fn a_pool_that_follows_the_advice_is_as_right_as_it_was_told_and_needs_no_more() {
    let shape = Shape::named("bursts").expect("a shape");
    let history = History::draw(shape, CHOSEN);
    let short = 4;
    let sizes = [4, 6, 8, 12, 16, 24, 32, 48, 64];
    let told = advice(&history, CHOSEN.days / 2, &sizes);
    let knee = told.knee.expect("a size that is enough");
    assert!(knee > short, "{told:?}");
    let foreseen = told.sizes.iter().find(|s| s.numbers == knee);
    let foreseen = foreseen.expect("the knee was tried").right;
    // The second half is other days than those the advice was made of.
    let run = |numbers: u32| replay(&history, Policy::Ours, numbers as usize, CHOSEN.days / 2);
    let (before, after, twice) = (run(short), run(knee), run(knee * 2));
    assert!(
        after.accuracy() > before.accuracy() + 0.1,
        "{} after {}",
        after.accuracy(),
        before.accuracy()
    );
    assert!(after.overflow() < 0.03, "{}", after.overflow());
    // What is known about returning callers comes on top of what is foreseen.
    assert!(
        after.accuracy() > foreseen - 0.05,
        "{} for {foreseen}",
        after.accuracy()
    );
    assert!(twice.accuracy() < after.accuracy() + 0.04);
}
