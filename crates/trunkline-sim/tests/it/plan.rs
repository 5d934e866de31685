//! The plan is pure data from its seed, in the shape that was asked for.

use std::collections::HashSet;

use trunkline_sim::world::{Calendar, Entry, Happening, Pace, Plan, Visit};

fn entries(seed: u64, pace: Pace, count: usize) -> Vec<Entry> {
    Plan::new(seed, pace).take(count).collect()
}

fn visits(entries: &[Entry]) -> Vec<&Visit> {
    let visit = |e: &'_ Entry| matches!(e.what, Happening::Visit(_));
    entries
        .iter()
        .filter(|e| visit(e))
        .map(|e| match &e.what {
            Happening::Visit(visit) => visit.as_ref(),
            Happening::Stranger(_) => unreachable!("filtered"),
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_world() {
    assert_eq!(entries(9, Pace::demo(), 500), entries(9, Pace::demo(), 500));
    assert_ne!(entries(9, Pace::demo(), 50), entries(10, Pace::demo(), 50));
}

#[test]
fn everything_comes_in_the_order_of_its_time() {
    let all = entries(3, Pace::demo(), 1_000);
    assert!(all.windows(2).all(|w| w[0].at_ms <= w[1].at_ms));
}

#[test]
fn a_demo_is_lively_from_its_first_seconds_on() {
    let all = entries(1, Pace::demo(), 2_000);
    let soon = all.iter().filter(|e| e.at_ms < 10_000).count();
    assert!(soon >= 6, "{soon}");
    let calls = |entry: &Entry| match &entry.what {
        Happening::Visit(visit) => visit
            .call
            .as_ref()
            .map_or(0, |c| 1 + usize::from(c.again.is_some())),
        Happening::Stranger(_) => 1,
    };
    let total: usize = all.iter().map(calls).sum();
    let minutes = all.last().map_or(0.0, |e| e.at_ms as f64 / 60_000.0);
    let seconds_per_call = minutes * 60.0 / total as f64;
    assert!(
        (20.0..28.0).contains(&seconds_per_call),
        "{seconds_per_call}"
    );
}

#[test]
fn visits_have_the_published_shape() {
    let pace = Pace {
        callers: 0.0,
        calendar: None,
        ..Pace::life(Calendar {
            weekday: 0,
            time_ms: 0,
        })
    };
    let all = entries(5, pace, 4_000);
    let visits = visits(&all);
    let length = |v: &Visit| v.pages.iter().map(|p| p.ms).sum::<u64>();
    let share = |holds: &dyn Fn(&Visit) -> bool| {
        visits.iter().filter(|v| holds(v)).count() as f64 / visits.len() as f64
    };
    let within_2_min = share(&|v| length(v) <= 120_000);
    let within_4_min = share(&|v| length(v) <= 240_000);
    assert!((within_2_min - 0.66).abs() < 0.03, "{within_2_min}");
    assert!((within_4_min - 0.95).abs() < 0.02, "{within_4_min}");
    let single = share(&|v| v.pages.len() == 1);
    assert!((single - 0.4).abs() < 0.03, "{single}");
    let pages = visits.iter().map(|v| v.pages.len()).sum::<usize>() as f64 / visits.len() as f64;
    assert!((pages - 1.84).abs() < 0.1, "{pages}");
}

#[test]
fn tuesdays_are_busier_than_sundays() {
    let pace = Pace {
        visitors_per_minute: 2.0,
        strangers_per_minute: 0.0,
        ..Pace::life(Calendar {
            weekday: 0,
            time_ms: 0,
        })
    };
    let week = Plan::new(4, pace).take_while(|e| e.at_ms < 7 * 86_400_000);
    let mut days = [0_u32; 7];
    for entry in week {
        days[usize::try_from(entry.at_ms / 86_400_000).expect("a day")] += 1;
    }
    assert!(days.iter().all(|d| *d <= days[1]), "{days:?}");
    assert!(days.iter().all(|d| *d >= days[6]), "{days:?}");
}

#[test]
fn telephones_tap_and_desks_read() {
    let all = entries(6, Pace::demo(), 2_000);
    for visit in visits(&all) {
        let Some(call) = &visit.call else { continue };
        let stay: u64 = visit.pages.iter().map(|p| p.ms).sum();
        match call.tapped_ms {
            Some(dialling) => {
                assert!(visit.phone && dialling < 10_000);
                assert_eq!(
                    stay,
                    call.after_ms - dialling,
                    "a telephone leaves the page at the tap"
                );
            }
            None => assert!(!visit.phone),
        }
        assert!(visit.pages.iter().all(|p| p.path.starts_with('/')));
    }
}

#[test]
fn callers_are_different_people_with_fictional_numbers() {
    let all = entries(8, Pace::demo(), 1_000);
    let callers: Vec<u64> = all
        .iter()
        .filter_map(|e| match &e.what {
            Happening::Visit(visit) => visit.call.as_ref().map(|c| c.caller.digits()),
            Happening::Stranger(stranger) => Some(stranger.caller.digits()),
        })
        .collect();
    let distinct: HashSet<_> = callers.iter().collect();
    assert!(
        distinct.len() * 100 >= callers.len() * 97,
        "{} of {}",
        distinct.len(),
        callers.len()
    );
    assert!(
        callers
            .iter()
            .all(|c| (5_550_100..=5_550_199).contains(&(c % 10_000_000)))
    );
}
