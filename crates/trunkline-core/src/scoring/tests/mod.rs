//! What scores, models and their figures promise.

mod calibrating;
mod catalogue;
mod features;
mod figures;
mod laws;
mod learning;
mod payouts;
mod snapshots;
mod world;

use super::*;

/// Features of a lead, as `name=value`; numbers and flags are read as such.
fn lead(texts: &[(&'static str, &str)]) -> FeatureSet {
    let mut features = Features::<Posted>::new();
    for (name, value) in texts {
        let name = Name::<Posted>::new("lead", name);
        match *value {
            "yes" => features.flag(name, true),
            "no" => features.flag(name, false),
            text => match text.parse() {
                Ok(number) => features.number(name, number),
                Err(_) => features.text(name, text),
            },
        }
    }
    features.into_known()
}

fn lesson(key: u64, features: &FeatureSet, label: Label) -> Lesson<'_> {
    Lesson {
        key,
        features,
        label,
    }
}

const fn label(yes: bool) -> Label {
    if yes { Label::Yes } else { Label::No }
}
