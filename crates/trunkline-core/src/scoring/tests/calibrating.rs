//! That probabilities keep what they say.

use super::super::calibration::{Calibrator, Curve, logistic};
use super::super::quantiles::Quantiles;
use super::world::{Chance, cases, taught};
use super::*;
use crate::attribution::{calibration_error, reliability};

/// What a calibrator says of a stream whose odds are all told half as wide as they are, and too low.
#[test]
fn odds_that_are_told_wrong_are_put_right() {
    let mut chance = Chance(1);
    let mut calibrator = Calibrator::default();
    let mut told = Vec::new();
    let mut raw = Vec::new();
    for key in 0..20_000 {
        let truth = 4.0 * chance.part() - 2.0;
        let yes = chance.part() < logistic(truth);
        let logit = truth / 2.0 - 0.7;
        if key >= 10_000 {
            told.push((calibrator.of(logit), yes));
            raw.push((logistic(logit), yes));
        }
        calibrator.learn(key, logit, yes);
    }
    let error = |told: &[(f64, bool)]| calibration_error(&reliability(told, 15));
    assert!(error(&told) < 0.02, "{}", error(&told));
    assert!(error(&raw) > 0.1, "{}", error(&raw));
}

#[test]
fn a_curve_that_follows_one_by_one_comes_to_that_of_all_at_once() {
    let mut chance = Chance(2);
    let mut curve = Curve::default();
    let mut calibrator = Calibrator::default();
    for key in 0..1_500 {
        let logit = 4.0 * chance.part() - 2.0;
        let yes = chance.part() < logistic(2.0 * logit + 0.5);
        curve.learn(logit, yes);
        calibrator.learn(key, logit, yes);
    }
    let whole = Curve::fitted(calibrator.recent.make_contiguous());
    assert!(
        (curve.slope - whole.slope).abs() < 0.2,
        "{curve:?} {whole:?}"
    );
    assert!(
        (curve.shift - whole.shift).abs() < 0.15,
        "{curve:?} {whole:?}"
    );
}

#[test]
fn more_odds_are_never_a_smaller_probability() {
    let model = taught(&cases(1, 6_000));
    assert!(!model.calibrator.steps.is_empty());
    let said: Vec<f64> = (-1_200..=1_200)
        .map(|n| model.calibrator.of(f64::from(n) / 100.0))
        .collect();
    assert!(said.is_sorted());
    assert!(said.iter().all(|p| (0.0..=1.0).contains(p)));
}

#[test]
fn sixteenths_are_even_and_ties_stay_together() {
    let mut chance = Chance(3);
    let mut quantiles = Quantiles::default();
    for _ in 0..16_384 {
        quantiles.add(chance.part().powi(3) * 1_000.0);
    }
    let mut counts = [0_usize; 16];
    for _ in 0..16_000 {
        let bucket = quantiles.bucket(chance.part().powi(3) * 1_000.0).unwrap();
        counts[bucket as usize] += 1;
    }
    assert!(
        counts.iter().all(|count| (400..1_800).contains(count)),
        "{counts:?}"
    );
    let mut tied = Quantiles::default();
    for n in 0..1_024 {
        tied.add(f64::from(n % 4));
    }
    let buckets: Vec<u64> = (0..4).filter_map(|n| tied.bucket(f64::from(n))).collect();
    assert_eq!(buckets, [0, 1, 2, 3]);
}

#[test]
fn the_scores_of_a_world_that_changes_keep_what_they_say() {
    // Half-way the same sources are worth something else: what was good is bad.
    let mut model = Model::default();
    let mut told = Vec::new();
    let names = ["google", "bing"];
    let mut chance = Chance(9);
    for key in 0..8_000 {
        let place = chance.below(2);
        let features = lead(&[("source", names[place])]);
        let good = (place == 0) == (key < 4_000);
        let yes = chance.part() < if good { 0.6 } else { 0.2 };
        if key >= 5_000 {
            told.push((model.score(&features).probability, yes));
        }
        model.learn(&lesson(key, &features, label(yes)));
    }
    let error = calibration_error(&reliability(&told, 2));
    assert!(error < 0.08, "{error}");
    let verdict = |name| model.score(&lead(&[("source", name)])).probability;
    assert!(verdict("bing") > verdict("google") + 0.2);
}
