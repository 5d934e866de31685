//! What is true of every form and every sequence of events, drawn by proptest.

use proptest::prelude::*;

use super::*;

/// Names of fields, usual names and others.
fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(
        &[
            "phone",
            "Mobile",
            "email",
            "zip",
            "Zip Code",
            "state",
            "country",
            "dob",
            "age",
            "debt",
            "homeowner",
            "roof",
            "vehicle",
            "first_name",
            "landing_page",
            "client_ip",
            "tcpa_text",
            "trusted_form",
            "sellers",
            "phone_hash",
            "email_sha256",
            "Sub-1",
            "Phone.Hash",
            "click",
        ][..],
    );
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => ".{0,30}"]
}

/// Values that fit something, and others.
fn value() -> impl Strategy<Value = String> {
    let known = prop::sample::select(
        &[
            "2145550100",
            "+442079460018",
            "Ann@Example.com",
            "75201",
            "2134",
            "75201-1234",
            "texas",
            "usa",
            "03/04/1980",
            "42",
            "42.0",
            "$1,200.50",
            "TRUE",
            "no",
            "asphalt",
            "ford f150",
            "straße ǆ İ ﬁ",
            "ann  o'neil",
            "HTTPS://Example.com",
            "203.0.113.7",
            "a\r\r\nb",
            "Acme, Inc|",
            "A; B, C; a",
            "one, two",
            "0A1B2C3D-0A1B-0A1B-0A1B-0A1B2C3D4E5F",
            "ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789",
            "https://cert.trustedform.com/0123456789ABCDEF0123456789abcdef01234567?x",
        ][..],
    );
    prop_oneof![6 => known.prop_map(str::to_owned), 1 => ".{0,40}", 1 => "\\PC{0,40}"]
}

fn form() -> impl Strategy<Value = Vec<(String, String)>> {
    let base = owned(JOHN);
    prop::collection::vec((name(), value()), 0..8).prop_map(move |more| {
        let mut form = base.clone();
        form.extend(more);
        form
    })
}

fn event() -> impl Strategy<Value = Event> {
    let contract = |n: i64| ContractId::from_raw(n);
    (0..14_u8, 1..5_i64, 0..4_i64).prop_map(move |(what, n, of)| match what {
        0 | 1 => Event::Sending {
            contract: contract(n),
            company: BuyerId::from_raw(of),
        },
        2..=4 => Event::Took(contract(n)),
        5 => Event::Declined(contract(n)),
        6 | 7 => Event::NoAnswer(contract(n)),
        8 => Event::NobodyLeft,
        9 => Event::Again,
        10 => Event::Returned(contract(n)),
        11 => Event::Posted(Box::new(post(JOHN))),
        12 => Event::Selling { legs_max: 3 },
        _ => Event::Tick,
    })
}

proptest! {
    #[test]
    fn what_was_accepted_is_accepted_again_as_the_same(form in form(), is_ping in any::<bool>()) {
        let stage = if is_ping { Stage::Ping } else { Stage::Post };
        let (fields, zone) = (fields(FIELDS), zone());
        let context = context(&zone);
        if let Ok(accepted) = accept(&form, &fields, stage, &context) {
            let again = accept(&accepted.lead.form(), &fields, stage, &context);
            prop_assert_eq!(again.map(|again| again.lead), Ok(accepted.lead));
        }
    }

    #[test]
    fn a_fingerprint_does_not_know_the_order(form in form(), turn in 0..8_usize) {
        let (fields, zone) = (fields(FIELDS), zone());
        let context = context(&zone);
        let mut turned = form.clone();
        let middle = turn % turned.len();
        turned.rotate_left(middle);
        let one = accept(&form, &fields, Stage::Ping, &context).map(|a| a.lead);
        let two = accept(&turned, &fields, Stage::Ping, &context).map(|a| a.lead);
        if let (Ok(one), Ok(two)) = (&one, &two)
            && changed_field(one, two).or_else(|| changed_field(two, one)).is_none()
        {
            let mark = |lead| fingerprint(FeedId::from_raw(1), lead, sha256);
            prop_assert_eq!(mark(one), mark(two));
        }
        prop_assert_eq!(one.is_ok(), two.is_ok());
    }

    #[test]
    fn a_lead_never_has_more_buyers_than_it_may_and_never_two_of_a_company(
        legs_max in 1..4_u8,
        events in prop::collection::vec((0..40_i64, event()), 0..40),
    ) {
        let queue = QueueRules { keep_h: 2, every_min: 1, tries_max: 3 };
        let rules = SaleRules { queue: Some(queue), ..SaleRules::default() };
        let mut now = NOW;
        let mut run = Run::posted(post(JOHN), NOW);
        for event in [Event::Validating, Event::Selling { legs_max }] {
            run = step(&run, event, &rules, now).expect("a beginning");
        }
        for (seconds, event) in events {
            now = now.plus_millis(seconds * 1_000);
            let Ok(next) = step(&run, event.clone(), &rules, now) else { continue };
            prop_assert!(next.accepted() <= usize::from(legs_max));
            let has = |leg: &&Leg| matches!(leg.state, LegState::Accepted { .. });
            let mut companies: Vec<_> = next.legs.iter().filter(has).map(|leg| leg.company).collect();
            companies.sort_unstable();
            prop_assert!(companies.is_sorted_by(|a, b| a < b), "{:?}", companies);
            // Nobody is sent a lead that as many have, or may have, as are to.
            let open = |leg: &&Leg| match leg.state {
                LegState::Sending { .. } | LegState::Accepted { .. } => true,
                LegState::Unknown { until } => now < until,
                LegState::Rejected | LegState::Returned { .. } => false,
            };
            if next.legs.len() > run.legs.len() {
                let taken = run.legs.iter().filter(open).count();
                prop_assert!(taken < usize::from(legs_max));
            }
            // What comes twice changes nothing.
            let once = matches!(event, Event::Sending { .. } | Event::NobodyLeft | Event::Again | Event::Selling { .. });
            if !once {
                prop_assert_eq!(step(&next, event, &rules, now), Ok(next.clone()));
            }
            run = next;
        }
    }
}
