//! Turns: exact shares, smooth order, and who is asked after the first.

use proptest::prelude::*;

use super::*;

fn seat(priority: i32, weight: u32) -> Seat {
    Seat {
        priority,
        weight,
        credit: 0,
        performance: Performance::default(),
    }
}

/// Who is first, again and again, with credits kept.
fn firsts(
    method: Method,
    seats: &mut [Seat],
    times: usize,
    may: impl Fn(usize, usize) -> bool,
) -> Vec<usize> {
    let mut got = Vec::new();
    for time in 0..times {
        let places: Vec<usize> = (0..seats.len()).filter(|p| may(time, *p)).collect();
        let here: Vec<Seat> = places.iter().map(|p| seats[*p]).collect();
        let order = order(method, &PerformanceRules::default(), &here, "main", 0);
        got.extend(order.seats.first().map(|place| places[*place]));
        for (place, by) in order
            .turns
            .iter()
            .filter(|t| t.from == 0)
            .flat_map(|t| &t.credits)
        {
            seats[places[*place]].credit += by;
        }
    }
    got
}

#[test]
fn weights_are_shared_smoothly() {
    let mut seats = [seat(0, 5), seat(0, 1), seat(0, 1)];
    assert_eq!(
        firsts(Method::Weighted, &mut seats, 7, |_, _| true),
        [0, 0, 1, 0, 2, 0, 0]
    );
    assert!(seats.iter().all(|s| s.credit == 0));
    let mut seats = [seat(0, 10), seat(0, 1), seat(0, 0)];
    assert_eq!(
        firsts(Method::RoundRobin, &mut seats, 4, |_, _| true),
        [0, 1, 0, 1]
    );
}

#[test]
fn a_weight_of_zero_is_asked_only_when_it_is_alone() {
    for (method, weights, expected) in [
        (Method::Weighted, vec![0], vec![0]),
        (Method::Weighted, vec![0, 1], vec![1]),
        (Method::Weighted, vec![0, 0], vec![]),
        (Method::RoundRobin, vec![0, 7], vec![1]),
        (Method::Waterfall, vec![0], vec![0]),
        (Method::Waterfall, vec![3, 0], vec![0]),
        (Method::Performance, vec![0, 1], vec![1]),
    ] {
        let seats: Vec<Seat> = weights.iter().map(|w| seat(0, *w)).collect();
        let got = order(method, &PerformanceRules::default(), &seats, "main", 0);
        assert_eq!(got.seats, expected, "{method:?} {weights:?}");
    }
}

#[test]
fn lower_priorities_come_first_and_each_has_turns_of_its_own() {
    let seats = [seat(5, 1), seat(-3, 1), seat(5, 3), seat(0, 0), seat(-3, 2)];
    let got = order(
        Method::Weighted,
        &PerformanceRules::default(),
        &seats,
        "main",
        0,
    );
    assert_eq!(got.seats, [4, 1, 3, 2, 0]);
    let from: Vec<usize> = got.turns.iter().map(|t| t.from).collect();
    assert_eq!(from, [0, 3], "the seat that is alone needs no turn");
    for turn in &got.turns {
        assert_eq!(turn.credits.iter().map(|(_, by)| by).sum::<i64>(), 0);
    }
    let got = order(
        Method::Waterfall,
        &PerformanceRules::default(),
        &seats,
        "main",
        0,
    );
    assert_eq!((got.seats, got.turns), (vec![1, 4, 0, 2], vec![]));
}

fn with_results(attempts: u32, revenue_usd: i64) -> Seat {
    Seat {
        performance: Performance {
            attempts,
            revenue: revenue_usd * 1_000_000,
        },
        ..seat(0, 1)
    }
}

#[test]
fn the_best_results_come_first_and_new_members_count_with_the_default() {
    let rules = PerformanceRules {
        attempts_min: 10,
        default_value: read("15"),
        explore_percent: 0,
        ..PerformanceRules::default()
    };
    // 10 a call, 20 a call, new and lucky, 20 a call at a better priority.
    let mut seats = [
        with_results(10, 100),
        with_results(100, 2_000),
        with_results(9, 900),
        with_results(10, 200),
    ];
    seats[3].priority = -1;
    let got = order(Method::Performance, &rules, &seats, "main", 0);
    assert_eq!(got.seats, [3, 1, 2, 0]);
    let weighted = PerformanceRules {
        mode: PerformanceMode::Weighted,
        ..rules
    };
    seats[3].priority = 0;
    let mut counts = [0; 4];
    for _ in 0..6_500 {
        let got = order(Method::Performance, &weighted, &seats, "main", 0);
        counts[got.seats[0]] += 1;
        for (place, by) in &got.turns[0].credits {
            seats[*place].credit += by;
        }
    }
    assert_eq!(
        counts,
        [1_000, 2_000, 1_500, 2_000],
        "10, 20, 15 and 20 of 65"
    );
}

#[test]
fn exploring_takes_its_share_and_prefers_new_members() {
    let rules = PerformanceRules {
        attempts_min: 10,
        explore_percent: 25,
        ..PerformanceRules::default()
    };
    let seats = [
        with_results(50, 500),
        with_results(0, 0),
        with_results(50, 100),
    ];
    let first = |chance: u64| order(Method::Performance, &rules, &seats, "main", chance).seats[0];
    let explored = (0..10_000).filter(|chance| first(*chance) == 1).count();
    assert!((2_300..2_700).contains(&explored), "{explored} of 10000");
    assert!(
        (0..10_000).all(|chance| first(chance) != 2),
        "those with results are known"
    );
    let old = [with_results(50, 500), with_results(50, 100)];
    let other =
        |chance: u64| order(Method::Performance, &rules, &old, "main", chance).seats[0] == 1;
    let explored = (0..10_000).filter(|chance| other(*chance)).count();
    assert!(
        (1_050..1_450).contains(&explored),
        "half of 25 %: {explored} of 10000"
    );
}

proptest! {
    #[test]
    fn the_split_is_exact_after_every_full_cycle_and_never_off_by_more_than_the_members(
        weights in prop::collection::vec(1..20_u32, 1..8),
        cycles in 1..4_usize,
    ) {
        let mut seats: Vec<Seat> = weights.iter().map(|w| seat(0, *w)).collect();
        let sum = weights.iter().sum::<u32>() as usize;
        let got = firsts(Method::Weighted, &mut seats, sum * cycles, |_, _| true);
        let mut counts = vec![0_usize; weights.len()];
        for (time, place) in got.iter().enumerate() {
            counts[*place] += 1;
            for (place, weight) in weights.iter().enumerate() {
                let fair = (time + 1) as f64 * f64::from(*weight) / sum as f64;
                prop_assert!((counts[place] as f64 - fair).abs() < weights.len() as f64);
            }
            if (time + 1) % sum == 0 {
                for (place, weight) in weights.iter().enumerate() {
                    prop_assert_eq!(counts[place], *weight as usize * ((time + 1) / sum));
                }
                prop_assert!(seats.len() == 1 || got.len() != time + 1 || seats.iter().all(|s| s.credit == 0));
            }
        }
    }

    #[test]
    fn members_that_may_not_be_chosen_neither_gain_nor_lose_and_credits_sum_to_nothing(
        weights in prop::collection::vec(0..20_u32, 2..8),
        closed in prop::collection::vec(any::<u8>(), 1..60),
    ) {
        let mut seats: Vec<Seat> = weights.iter().map(|w| seat(0, *w)).collect();
        for mask in closed {
            let may = |place: usize| mask & (1 << place) == 0;
            let before: Vec<i64> = seats.iter().map(|s| s.credit).collect();
            firsts(Method::Weighted, &mut seats, 1, |_, place| may(place));
            for (place, seat) in seats.iter().enumerate() {
                if !may(place) || seat.weight == 0 {
                    prop_assert_eq!(seat.credit, before[place]);
                }
            }
            prop_assert_eq!(seats.iter().map(|s| s.credit).sum::<i64>(), 0);
        }
    }
}
