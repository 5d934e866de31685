//! What a model learns, what it says why, and what it never does.

use std::sync::Arc;

use super::world::{cases, fitted, taught};
use super::*;
use crate::base::Timestamp;

#[test]
fn a_model_that_was_told_nothing_says_one_half_and_has_no_reason() {
    let verdict = Model::default().score(&lead(&[("source", "google"), ("pages", "4")]));
    assert_eq!((verdict.probability, verdict.score()), (0.5, 50));
    assert_eq!((verdict.tier, verdict.reasons), (None, [None; 3]));
    assert_eq!(verdict.lessons, 0);
}

#[test]
fn a_planted_truth_is_learned_from_one_telling_and_better_from_several() {
    let (train, test) = (cases(1, 6_000), cases(2, 2_000));
    let away = |model: &Model| {
        let miss =
            |case: &world::Case| (model.score(&case.features).probability - case.truth).abs();
        test.iter().map(miss).sum::<f64>() / test.len() as f64
    };
    let (once, several) = (away(&taught(&train)), away(&fitted(&train)));
    assert!(once < 0.05, "{once}");
    assert!(several < 0.03, "{several}");
    // Who knows nothing of them is three times as far off.
    let share = train.iter().filter(|case| case.yes).count() as f64 / train.len() as f64;
    let blind = test
        .iter()
        .map(|case| (share - case.truth).abs())
        .sum::<f64>()
        / test.len() as f64;
    assert!(blind > 0.15, "{blind}");
}

#[test]
fn the_strongest_reason_is_what_was_planted_and_noise_is_none() {
    let model = taught(&cases(1, 6_000));
    let bad = lead(&[
        ("source", "cheap feed"),
        ("pages", "3"),
        ("device", "phone"),
    ]);
    let [first, ..] = model.score(&bad).reasons;
    let first = first.unwrap();
    assert_eq!((first.feature, first.effect < -0.5), (0, true));
    assert_eq!(first.sentence(&bad), "source: cheap feed");
    let explained = model.explain(&bad);
    assert!(explained.effects[2].abs() < 0.1, "{explained:?}");
}

#[test]
fn a_late_yes_leaves_the_model_where_a_timely_one_would_have() {
    let all = cases(3, 1_000);
    let late = |key: usize| all[key].yes && key.is_multiple_of(4);
    let (timely, mut corrected) = (taught(&all), Model::default());
    let mut uncorrected = Model::default();
    for (key, case) in all.iter().enumerate() {
        let first = label(case.yes && !late(key));
        corrected.learn(&lesson(key as u64, &case.features, first));
        uncorrected.learn(&lesson(key as u64, &case.features, first));
        // Its sale comes 20 leads later.
        if let Some(before) = key.checked_sub(20).filter(|before| late(*before)) {
            let features = &all[before].features;
            corrected.learn(&lesson(before as u64, features, Label::LateYes));
        }
    }
    for before in (all.len() - 20..all.len()).filter(|before| late(*before)) {
        corrected.learn(&lesson(
            before as u64,
            &all[before].features,
            Label::LateYes,
        ));
    }
    assert_eq!(corrected.lessons(), timely.lessons());
    let away = |model: &Model| {
        let said = |model: &Model, case: &world::Case| model.score(&case.features).probability;
        let miss = |case| (said(model, case) - said(&timely, case)).abs();
        all.iter().map(miss).sum::<f64>() / all.len() as f64
    };
    let (with, without) = (away(&corrected), away(&uncorrected));
    assert!(with < 0.02 && without > 3.0 * with, "{with} {without}");
}

#[test]
fn an_outcome_is_due_when_it_is_known_and_silence_when_its_time_is_over() {
    let scored = Timestamp::from_millis(1_800_000_000_000);
    let goal = Goal::Sold;
    let over = scored.plus_millis(goal.matures_after_ms());
    let before = over.plus_millis(-1);
    let cases = [
        ((false, None, before), None),
        ((false, None, over), Some(Label::No)),
        ((true, None, before), Some(Label::Yes)),
        ((true, None, over), Some(Label::Yes)),
        ((true, Some(Label::Yes), over), None),
        ((true, Some(Label::No), over), Some(Label::LateYes)),
        ((true, Some(Label::LateYes), over), None),
        ((false, Some(Label::No), over), None),
    ];
    for (case, expected) in cases {
        let (reached, learned, now) = case;
        let found = due(goal, scored, reached, learned, now);
        assert_eq!(found, expected, "{case:?}");
    }
}

#[test]
fn the_remote_models_words_move_a_score_by_no_more_than_the_clamp() {
    // A world in which the remote model is always right, so that it gets all the weight it can.
    let with = |intent: Intent| {
        let mut features = Features::<Posted>::new();
        features.text(names::LEAD_STATE, "tx");
        features.remote(RemoteAnswer {
            intent,
            fit: if intent == Intent::Urgent { 4 } else { 0 },
            spam: if intent == Intent::Urgent {
                Spam::No
            } else {
                Spam::Yes
            },
            trade: TradeMatch::Unclear,
            injection_seen: false,
        });
        features.into_known()
    };
    let without = lead(&[("state", "tx")]);
    let (good, bad) = (with(Intent::Urgent), with(Intent::None));
    let mut model = Model::default();
    let mut widest: f64 = 0.0;
    for key in 0..2_000 {
        let moved = [&good, &bad].map(|set| model.score(set).logit - model.score(&without).logit);
        let most = model.remote_max();
        assert_eq!(most, if key < REMOTE_PROVEN { 1.0 } else { 2.0 });
        for moved in moved {
            assert!(moved.abs() <= most + 1e-9, "{key}: {moved}");
            widest = widest.max(moved.abs());
        }
        let yes = key % 2 == 0;
        model.learn(&lesson(key, if yes { &good } else { &bad }, label(yes)));
    }
    assert!(widest > 1.9, "the clamp was reached: {widest}");
}

#[test]
fn a_new_account_begins_with_what_all_accounts_know_and_learns_to_differ() {
    let pooled = Arc::new(fitted(&cases(1, 6_000)));
    let own = Model::new(Some(Arc::clone(&pooled)));
    let good = lead(&[("source", "google"), ("pages", "6"), ("device", "phone")]);
    let bad = lead(&[
        ("source", "cheap feed"),
        ("pages", "1"),
        ("device", "phone"),
    ]);
    let gap = |model: &Model| model.score(&good).probability - model.score(&bad).probability;
    assert!(gap(&own) > 0.4 && gap(&own) - gap(&pooled) < 0.05);
    // Here it is the other way round: what is cheap elsewhere is good.
    let mut own = own;
    for key in 0..2_000 {
        let (features, yes) = if key % 2 == 0 {
            (&good, false)
        } else {
            (&bad, true)
        };
        own.learn(&lesson(key, features, label(yes)));
    }
    assert!(gap(&own) < -0.5, "{}", gap(&own));
}

#[test]
fn a_model_grows_at_5000_outcomes_without_a_step_in_what_it_says() {
    let all = cases(5, GROWN_FROM as usize);
    let (last, before) = all.split_last().unwrap();
    let mut model = taught(before);
    let small = model.weights.slots.len();
    let said = model.score(&last.features).logit;
    let mut alone = model.clone();
    alone.weights.grow();
    assert_eq!(alone.score(&last.features).logit, said);
    model.learn(&lesson(u64::MAX, &last.features, label(last.yes)));
    assert_eq!(model.weights.slots.len(), 4 * small);
}

#[test]
fn a_score_is_the_probability_in_per_cent() {
    for (probability, score) in [(0.0, 0), (0.004, 0), (0.005, 1), (0.375, 38), (1.0, 100)] {
        let verdict = Verdict {
            probability,
            ..Model::default().score(&lead(&[]))
        };
        assert_eq!(verdict.score(), score, "{probability}");
    }
}

#[test]
fn tiers_are_quarters_and_tenths_of_the_latest_scores() {
    let all = cases(7, 4_000);
    let model = taught(&all);
    let mut counts = [0_usize; 4];
    for case in &all[2_000..] {
        let tier = model.score(&case.features).tier.unwrap();
        counts[tier as usize] += 1;
    }
    let share = |place: usize| counts[place] as f64 / 2_000.0;
    let expected = [0.25, 0.35, 0.30, 0.10];
    for (place, expected) in expected.into_iter().enumerate() {
        // Scores of leads that are alike are equal, so that tiers end where those end.
        assert!((share(place) - expected).abs() < 0.08, "{counts:?}");
    }
}
