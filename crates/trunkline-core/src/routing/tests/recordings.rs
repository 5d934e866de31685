//! Recordings: the campaign's rule goes before the account's, the longest of several wins, and the sentence says whose it is.

use proptest::prelude::*;

use super::*;

const FOR_EVER: Kept<&str> = Kept::ForEver;

fn account(days: u32) -> Kept<&'static str> {
    Kept::Days { days, says: None }
}

fn by(campaign: &str, days: u32) -> Kept<&str> {
    let says = Some(campaign);
    Kept::Days { days, says }
}

#[test]
fn the_longest_of_what_the_campaigns_of_a_call_say_wins_over_the_account() {
    use Keep::{AsAccount, Days, ForEver};
    for (of_account, campaigns, expected) in [
        (None, &[][..], FOR_EVER),
        (Some(90), &[], account(90)),
        // One campaign: its own word goes before the account's, shorter and longer.
        (Some(90), &[("a", AsAccount)], account(90)),
        (Some(90), &[("a", Days(30))], by("a", 30)),
        (Some(90), &[("a", Days(365))], by("a", 365)),
        (Some(90), &[("a", ForEver)], FOR_EVER),
        (None, &[("a", AsAccount)], FOR_EVER),
        (None, &[("a", Days(30))], by("a", 30)),
        // Several: the longest, whether a campaign says it or leaves it to the account.
        (Some(90), &[("a", Days(30)), ("b", Days(60))], by("b", 60)),
        (Some(90), &[("a", Days(60)), ("b", Days(30))], by("a", 60)),
        (Some(90), &[("a", Days(30)), ("b", AsAccount)], account(90)),
        (Some(90), &[("a", AsAccount), ("b", Days(91))], by("b", 91)),
        (Some(90), &[("a", Days(30)), ("b", ForEver)], FOR_EVER),
        (None, &[("a", Days(30)), ("b", AsAccount)], FOR_EVER),
        // The first of equals is named.
        (Some(90), &[("a", Days(30)), ("b", Days(30))], by("a", 30)),
        (Some(90), &[("a", AsAccount), ("b", Days(90))], account(90)),
    ] {
        let found = kept(of_account, campaigns.iter().copied());
        assert_eq!(found, expected, "{of_account:?} {campaigns:?}");
    }
}

#[test]
fn the_reason_names_who_says_so() {
    for (kept, because) in [
        (account(90), Some("after 90 days, as the account says")),
        (account(1), Some("after 1 day, as the account says")),
        (
            by("Roof repair", 30),
            Some("after 30 days, as the campaign Roof repair says"),
        ),
        (
            by("Solar", 1),
            Some("after 1 day, as the campaign Solar says"),
        ),
        (FOR_EVER, None),
    ] {
        assert_eq!(kept.because().as_deref(), because);
    }
}

#[test]
fn days_are_from_one_to_ten_years_and_the_message_says_where() {
    for (days, fine) in [
        (0, false),
        (1, true),
        (KEEP_DAYS_MAX, true),
        (KEEP_DAYS_MAX + 1, false),
    ] {
        let rules = RecordingRules {
            keep: Keep::Days(days),
        };
        let problems = rules.problems();
        assert_eq!(problems.is_empty(), fine, "{days}");
        for problem in problems {
            assert_eq!(problem.place, "keep.days");
            assert!(
                problem.message.contains("write 1 to 3650"),
                "{}",
                problem.message
            );
        }
    }
    for keep in [Keep::AsAccount, Keep::ForEver] {
        assert_eq!(RecordingRules { keep }.problems(), []);
    }
}

#[test]
fn the_rules_are_written_as_people_read_them() {
    for (text, keep) in [
        ("{}", Keep::AsAccount),
        (r#"{"keep":"as_account"}"#, Keep::AsAccount),
        (r#"{"keep":"for_ever"}"#, Keep::ForEver),
        (r#"{"keep":{"days":30}}"#, Keep::Days(30)),
    ] {
        let read: RecordingRules = serde_json::from_str(text).expect(text);
        assert_eq!(read, RecordingRules { keep });
        let written = serde_json::to_string(&read).expect("JSON");
        assert_eq!(
            serde_json::from_str::<RecordingRules>(&written).ok(),
            Some(read)
        );
    }
    for wrong in [
        r#"{"keep":30}"#,
        r#"{"keep":null}"#,
        r#"{"keep":{"days":-1}}"#,
        r#"{"keep":{"days":1,"for_ever":null}}"#,
        r#"{"days":30}"#,
    ] {
        assert!(
            serde_json::from_str::<RecordingRules>(wrong).is_err(),
            "{wrong}"
        );
    }
}

fn keeps() -> impl Strategy<Value = Keep> {
    prop_oneof![
        Just(Keep::AsAccount),
        Just(Keep::ForEver),
        (1..=KEEP_DAYS_MAX).prop_map(Keep::Days),
    ]
}

proptest! {
    /// Whoever is among the campaigns of a call, and in whatever order: nothing is kept shorter for it than it says.
    #[test]
    fn one_campaign_more_never_shortens_the_time(
        of_account in proptest::option::of(1..=KEEP_DAYS_MAX),
        campaigns in proptest::collection::vec(keeps(), 1..5),
        more in keeps(),
        place in 0_usize..5,
    ) {
        let days = |campaigns: &[Keep]| {
            match kept(of_account, campaigns.iter().map(|keep| ("", *keep))) {
                Kept::ForEver => u64::MAX,
                Kept::Days { days, .. } => u64::from(days),
            }
        };
        let mut all = campaigns.clone();
        all.insert(place.min(campaigns.len()), more);
        prop_assert_eq!(days(&all), days(&campaigns).max(days(&[more])));
    }
}
