//! Forms that become leads, and those that do not.

use super::*;
use crate::base::sha256_text;

#[test]
fn names_and_values_come_in_one_form_however_they_are_written() {
    for (form, name, value) in [
        (("Primary-Phone", "(214) 555-0100"), "phone", "+12145550100"),
        (("phone_number", "1.214.555.0100"), "phone", "+12145550100"),
        (("cellPhone", "+44 20 7946 0018"), "phone", "+442079460018"),
        (
            ("EMAIL_ADDRESS", " Ann.Lee+x@Example.COM "),
            "email",
            "ann.lee+x@example.com",
        ),
        (("contact.email", "a@b.example"), "email", "a@b.example"),
        (
            ("fname", "  aNN-marie   o'neil "),
            "first_name",
            "Ann-Marie O'neil",
        ),
        (("zip_code", "75201-1234"), "zip", "75201"),
        (("postalCode", "2134"), "zip", "02134"),
        (("province", "texas"), "state", "TX"),
        (("country_code", "United States"), "country", "US"),
        (("dob", "03/04/1980"), "date_of_birth", "1980-03-04"),
        (("dob", "1980-3-4"), "date_of_birth", "1980-03-04"),
        (("dob", "19800304"), "date_of_birth", "1980-03-04"),
        (
            ("dob", "1980-03-04T10:00:00Z"),
            "date_of_birth",
            "1980-03-04",
        ),
        (("age", "42"), "age", "42"),
        (("age", "42.0"), "age", "42"),
        (("debt", "$12,500.50"), "debt", "12500.5"),
        (("homeowner", "TRUE"), "homeowner", "yes"),
        (("homeowner", "0"), "homeowner", "no"),
        (("Roof", "asphalt"), "roof", "shingle"),
        (("roof", "asphalt_Shingles"), "roof", "shingle"),
        (("vehicle", "ford f-150"), "vehicle", "FORD F-150"),
        (
            ("lp_url", "HTTPS://example.com/a?b=c"),
            "landing_page",
            "https://example.com/a?b=c",
        ),
        (("client_ip", "2001:DB8::7"), "ip_address", "2001:db8::7"),
        (
            ("tcpa_language", "I agree\r\nto be called"),
            "consent_text",
            "I agree\nto be called",
        ),
        (
            (
                "xxTrustedFormCertUrl",
                "https://cert.trustedform.com/0123456789ABCDEF0123456789abcdef01234567",
            ),
            "trusted_form",
            "https://cert.trustedform.com/0123456789abcdef0123456789abcdef01234567",
        ),
        (
            ("sellers", "Acme Home; Best, Inc.;acme home"),
            "consented_sellers",
            "Acme Home|Best, Inc.",
        ),
    ] {
        let mut whole = vec![form];
        whole.extend(JOHN.iter().filter(|(known, _)| *known != name));
        let lead = post(&whole);
        assert_eq!(lead.values.get(name), Some(value), "{form:?}");
    }
}

#[test]
fn what_a_field_cannot_have_is_refused_with_its_code_and_what_to_write() {
    for (form, code, said) in [
        (("phone", "123"), "INVALID_FIELD:phone", "country code"),
        (("phone", ""), "MISSING_FIELD:phone", "send it as `phone`"),
        (("phone", "  "), "MISSING_FIELD:phone", "Phone is missing"),
        (("zip", ""), "MISSING_FIELD:zip", "ZIP code"),
        (("zip", "7520A"), "INVALID_FIELD:zip", "75201"),
        (("email", "joe@"), "INVALID_FIELD:email", "ann@example.com"),
        (
            ("email", "joe@example"),
            "INVALID_FIELD:email",
            "ann@example.com",
        ),
        (("email", "a..b@example.com"), "INVALID_FIELD:email", "ann@"),
        (("email", "a b@example.com"), "INVALID_FIELD:email", "ann@"),
        (("email", "a@-x.example"), "INVALID_FIELD:email", "ann@"),
        (("email", "a@b.1"), "INVALID_FIELD:email", "ann@"),
        (("state", "Texass"), "INVALID_FIELD:state", "TX"),
        (("country", "Nowhere"), "INVALID_FIELD:country", "US"),
        (
            ("date_of_birth", "2026-02-30"),
            "INVALID_FIELD:date_of_birth",
            "1980-12-31",
        ),
        (
            ("date_of_birth", "31/12/1980"),
            "INVALID_FIELD:date_of_birth",
            "12/31/1980",
        ),
        (
            ("date_of_birth", "11/24/2008"),
            "INVALID_FIELD:date_of_birth",
            "18 full years",
        ),
        (
            ("date_of_birth", "11/22/1925"),
            "INVALID_FIELD:date_of_birth",
            "100 full years",
        ),
        (("age", "17"), "INVALID_FIELD:age", "below 18"),
        (("age", "100"), "INVALID_FIELD:age", "above 99"),
        (("age", "42.5"), "INVALID_FIELD:age", "whole"),
        (("age", "NaN"), "INVALID_FIELD:age", "48"),
        (("age", "1e2"), "INVALID_FIELD:age", "48"),
        (("debt", "Infinity"), "INVALID_FIELD:debt", "99.50"),
        (("debt", "1,50.00"), "INVALID_FIELD:debt", "99.50"),
        (
            ("debt", "99999999999999999999"),
            "INVALID_FIELD:debt",
            "99.50",
        ),
        (
            ("homeowner", "maybe"),
            "INVALID_FIELD:homeowner",
            "yes nor no",
        ),
        (("roof", "straw"), "INVALID_FIELD:roof", "shingle, metal"),
        (
            ("vehicle", "Ford_F150"),
            "INVALID_FIELD:vehicle",
            "does not fit",
        ),
        (
            ("first_name", "A name of far too many letters"),
            "INVALID_FIELD:first_name",
            "at most 20",
        ),
        (
            ("landing_page", "javascript:alert(1)"),
            "INVALID_FIELD:landing_page",
            "https://",
        ),
        (
            ("landing_page", "https://a@b.example/"),
            "INVALID_FIELD:landing_page",
            "https://",
        ),
        (
            ("ip_address", "300.1.1.1"),
            "INVALID_FIELD:ip_address",
            "203.0.113.7",
        ),
        (
            ("trusted_form", "https://ping.trustedform.com/0.abc"),
            "INVALID_FIELD:trusted_form",
            "LeadiD",
        ),
        (("click", "abc"), "INVALID_FIELD:click", "64"),
    ] {
        let mut whole = vec![form];
        whole.extend(JOHN.iter().filter(|(known, _)| *known != form.0));
        let refusal = take(&whole, Stage::Post).expect_err(form.1);
        assert_eq!(refusal.to_string(), code, "{form:?}");
        let first = refusal.faults().next().expect("a fault");
        assert!(first.message.contains(said), "{form:?}: {}", first.message);
        let value = form.1.trim();
        assert!(
            value.len() < 4 || !first.message.contains(value),
            "{form:?}"
        );
    }
}

#[test]
fn every_fault_is_told_and_what_is_missing_gives_the_code() {
    let refusal = take(&[("age", "x"), ("roof", "x")], Stage::Post).expect_err("faults");
    let fields: Vec<&str> = refusal.faults().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["phone", "zip", "age", "roof"]);
    assert_eq!(refusal.code(), RefusalCode::MissingField);
    assert_eq!(refusal.field(), "phone");
}

#[test]
fn birthdays_count_on_the_day() {
    for (born, years_18) in [("2008-11-23", true), ("2008-11-24", false)] {
        let form = [JOHN[0], JOHN[1], ("dob", born)];
        assert_eq!(take(&form, Stage::Post).is_ok(), years_18, "{born}");
    }
}

#[test]
fn the_best_name_of_a_field_counts_and_two_values_under_one_name_are_refused() {
    let form = [
        ("mobile", "2145550199"),
        ("phone", "2145550100"),
        ("zip", "75201"),
    ];
    let accepted = take(&form, Stage::Post).expect("a lead");
    assert_eq!(accepted.lead.values.get("phone"), Some("+12145550100"));
    assert_eq!(accepted.left_out, ["mobile"]);
    let form = [
        ("Phone", "2145550199"),
        ("phone", "2145550100"),
        ("zip", "75201"),
    ];
    let refusal = take(&form, Stage::Post).expect_err("two numbers");
    assert_eq!(refusal.to_string(), "INVALID_FIELD:phone");
}

#[test]
fn a_lead_is_known_by_the_hashes_of_its_number_and_address() {
    let mut form = JOHN.to_vec();
    form.push(("email", "Ann@Example.com"));
    let lead = post(&form);
    assert_eq!(lead.phone_sha256, Some(sha256(b"+12145550100")));
    assert_eq!(lead.email_sha256, Some(sha256(b"ann@example.com")));
    let own = sha256_text(sha256(b"+12145550100"));
    form.push(("phone_hash", &own));
    assert_eq!(post(&form), lead);
    let other = sha256_text(sha256(b"12145550100"));
    form.pop();
    form.push(("phone_sha256", &other));
    let refusal = take(&form, Stage::Post).expect_err("another hash");
    assert_eq!(refusal.to_string(), "INVALID_FIELD:phone_sha256");
}

#[test]
fn a_ping_keeps_nothing_that_tells_who_somebody_is() {
    let accepted = take(
        &[
            ("phone", "2145550100"),
            ("email", "ann@example.com"),
            ("first_name", "Ann"),
            ("zip", "75201"),
            ("nickname", "Annie"),
        ],
        Stage::Ping,
    );
    let accepted = accepted.expect("a ping");
    let lead = &accepted.lead;
    assert_eq!(lead.values.0.keys().collect::<Vec<_>>(), ["zip"]);
    assert_eq!((lead.phone, &lead.extra), (None, &Values::default()));
    assert_eq!(lead.phone_sha256, Some(sha256(b"+12145550100")));
    assert_eq!(lead.email_sha256, Some(sha256(b"ann@example.com")));
    let mut left_out = accepted.left_out;
    left_out.sort();
    assert_eq!(left_out, ["email", "first_name", "nickname", "phone"]);
    // What a ping needs not, its post does.
    assert!(take(&[("zip", "75201")], Stage::Ping).is_ok());
    let refusal = take(&[("phone", "2145550100")], Stage::Ping).expect_err("no zip");
    assert_eq!(refusal.to_string(), "MISSING_FIELD:zip");
}

#[test]
fn state_and_zones_follow_from_the_zip_code_or_the_number() {
    type Place<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, &'a [&'a str]);
    let cases: &[Place<'_>] = &[
        (
            &[("zip", "37201")],
            Some("TN"),
            &["America/Chicago", "America/New_York"],
        ),
        (&[("zip", "96813")], Some("HI"), &["Pacific/Honolulu"]),
        (
            &[("zip", "96813"), ("state", "CA")],
            Some("CA"),
            &["Pacific/Honolulu"],
        ),
    ];
    for (form, state, zones) in cases {
        let mut form = form.to_vec();
        form.push(JOHN[0]);
        let lead = post(&form);
        assert_eq!(lead.state.as_deref(), *state, "{form:?}");
        assert_eq!(lead.zones, *zones, "{form:?}");
        assert_eq!(lead.country, Some(Country::US), "{form:?}");
    }
    // An address of the armed forces belongs to no state; the area code tells what there is to tell.
    let lead = post(&[("zip", "09012"), JOHN[0]]);
    assert_eq!(lead.state.as_deref(), Some("TX"));
    assert_eq!(lead.zones, ["America/Chicago", "America/Denver"]);
}

#[test]
fn a_number_without_a_country_code_is_dialled_in_the_country_of_the_form() {
    let form = [
        ("phone", "020 7946 0018"),
        ("country", "UK"),
        ("zip", "75201"),
    ];
    let lead = post(&form);
    assert_eq!(lead.values.get("phone"), Some("+442079460018"));
    assert!(take(&[("phone", "020 7946 0018"), JOHN[1]], Stage::Post).is_err());
}

#[test]
fn other_names_of_a_post_are_kept_as_tags_within_limits() {
    let mut form = owned(JOHN);
    let many = (0..EXTRA_MAX + 2).map(|n| (format!("Sub-{n}"), "x".repeat(1_000)));
    form.extend(many);
    let zone = zone();
    let accepted = accept(&form, &fields(FIELDS), Stage::Post, &context(&zone));
    let accepted = accepted.expect("a lead");
    assert_eq!(accepted.lead.extra.0.len(), EXTRA_MAX);
    assert_eq!(accepted.left_out.len(), 2);
    assert_eq!(accepted.lead.extra.get("sub_0").map(str::len), Some(200));
    form.extend((0..FORM_MAX).map(|n| (format!("n{n}"), "1".to_owned())));
    let refusal = accept(&form, &fields(FIELDS), Stage::Post, &context(&zone));
    let refusal = refusal.expect_err("too many");
    assert!(refusal.faults().any(|f| f.field == "form"));
}

#[test]
fn tags_and_logs_hold_nothing_that_tells_who_somebody_is() {
    let form = [
        ("phone", "2145550100"),
        ("first_name", "Ann"),
        ("zip", "75201"),
        ("sub_id", "77"),
    ];
    let lead = post(&form);
    let tags: Vec<_> = lead.tags().into_keys().collect();
    assert_eq!(tags, ["sub_id", "zip"]);
    let printed = format!("{lead:?}");
    assert!(
        !printed.contains("5550100") && !printed.contains("\"Ann\""),
        "{printed}"
    );
}

#[test]
fn only_those_who_are_named_may_call() {
    let mut form = JOHN.to_vec();
    form.push(("marketing_partners", "Acme Home|Best Solar, LLC"));
    let lead = post(&form);
    let sellers: Vec<_> = lead.consented_sellers().collect();
    assert_eq!(sellers, ["Acme Home", "Best Solar, LLC"]);
    assert!(lead.consents_to(" ACME HOME "));
    assert!(!lead.consents_to("Acme"));
    assert!(!post(JOHN).consents_to(""));
}

#[test]
fn test_leads_go_by_their_zip_code_and_reach_nobody() {
    for (test, zip, expected) in [
        (false, Some("90100"), Way::Real),
        (true, Some("90100"), Way::Test(TestOutcome::Sold)),
        (true, Some("90199"), Way::Test(TestOutcome::Unsold)),
        (true, Some("90198"), Way::Test(TestOutcome::Rejected)),
        (true, Some("90197"), Way::Test(TestOutcome::Duplicate)),
        (true, Some("90196"), Way::Test(TestOutcome::Pending)),
        (true, Some("90195"), Way::Test(TestOutcome::Unknown)),
        (true, Some("75201"), Way::Test(TestOutcome::Sold)),
        (true, None, Way::Test(TestOutcome::Sold)),
    ] {
        assert_eq!(way(test, zip), expected, "{zip:?}");
        assert_eq!(way(test, zip).is_real(), !test);
    }
}
