//! The simulated business: the same seed gives the same figures, and truth stays out of sight.

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
