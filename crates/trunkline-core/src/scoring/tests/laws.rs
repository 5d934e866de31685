//! Laws that hold for whatever comes.

use proptest::prelude::*;

use super::*;

/// Features as they may come.
fn features() -> impl Strategy<Value = FeatureSet> {
    let value = prop_oneof![
        "[a-zA-Z0-9 @.+_\u{0}-\u{1f}-]{0,100}".prop_map(Given::Text),
        any::<f64>().prop_map(Given::Number),
        any::<bool>().prop_map(Given::Flag),
        Just(Given::Missing),
    ];
    proptest::collection::vec((0..40_usize, value), 0..60).prop_map(|all| {
        let mut features = Features::<DialIn>::new();
        for (name, value) in all {
            let name = format!("f{name}");
            let Some(name) =
                Name::<Visit>::given(if name.len() == 2 { "law" } else { "remote" }, &name)
            else {
                continue;
            };
            match value {
                Given::Text(text) => features.text(name, &text),
                Given::Number(number) => features.number(name, number),
                Given::Flag(yes) => features.flag(name, yes),
                Given::Missing => features.missing(name),
            }
        }
        features.into_known()
    })
}

#[derive(Debug, Clone)]
enum Given {
    Text(String),
    Number(f64),
    Flag(bool),
    Missing,
}

fn lessons() -> impl Strategy<Value = Vec<(FeatureSet, bool)>> {
    proptest::collection::vec((features(), any::<bool>()), 1..150)
}

fn told(lessons: &[(FeatureSet, bool)]) -> Model {
    let mut model = Model::default();
    for (key, (features, yes)) in lessons.iter().enumerate() {
        model.learn(&lesson(key as u64, features, label(*yes)));
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_model_made_again_from_its_stored_outcomes_is_the_same(lessons in lessons(), cut in 0..150_usize) {
        let live = told(&lessons);
        let stored: Vec<_> = lessons.iter().map(|(set, yes)| {
            let text = serde_json::to_string(set).unwrap();
            (serde_json::from_str::<FeatureSet>(&text).unwrap(), *yes)
        }).collect();
        prop_assert_eq!(told(&stored).snapshot(), live.snapshot());
        // And from a snapshot half-way with the outcomes since.
        let cut = cut.min(lessons.len());
        let mut model = Model::read(&told(&lessons[..cut]).snapshot(), None).unwrap();
        for (key, (features, yes)) in lessons.iter().enumerate().skip(cut) {
            model.learn(&lesson(key as u64, features, label(*yes)));
        }
        prop_assert_eq!(model.snapshot(), live.snapshot());
        prop_assert_eq!(model, live);
    }

    #[test]
    fn reasons_add_up_and_probabilities_are_some(lessons in lessons(), asked in features()) {
        let model = told(&lessons);
        let verdict = model.score(&asked);
        prop_assert!((0.0..=1.0).contains(&verdict.probability));
        prop_assert!(verdict.score() <= 100);
        let all = model.explain(&asked);
        let sum = all.base + all.absent + all.effects.iter().sum::<f64>();
        if verdict.logit.abs() < 11.9 {
            prop_assert!((sum - verdict.logit).abs() < 1e-6, "{} is not {}", sum, verdict.logit);
        }
        // The reasons are the strongest effects, strongest first.
        let mut strongest: Vec<f64> = all.effects.iter().map(|effect| effect.abs()).collect();
        strongest.sort_by(|a, b| b.total_cmp(a));
        for (reason, effect) in verdict.reasons.iter().zip(strongest) {
            match reason {
                Some(reason) => prop_assert_eq!(reason.effect.abs(), effect),
                None => prop_assert!(effect < 0.02),
            }
        }
    }

    #[test]
    fn features_come_back_from_their_document(set in features()) {
        let text = serde_json::to_string(&set).unwrap();
        let read: FeatureSet = serde_json::from_str(&text).unwrap();
        let same = read.iter().eq(set.iter());
        prop_assert!(same, "{}", text);
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(Model::read(&bytes, None).is_err());
    }
}
