//! Proof of consent: shapes, rules, and a chain that shows every change.

use super::*;
use crate::base::sha256_text;

const CERTIFICATE: &str = "https://cert.trustedform.com/0123456789abcdef0123456789abcdef01234567";
const TOKEN: &str = "0A1B2C3D-0A1B-0A1B-0A1B-0A1B2C3D4E5F";

#[test]
fn certificates_are_known_by_their_shape() {
    let id = &CERTIFICATE["https://cert.trustedform.com/".len()..];
    for (text, expected) in [
        (
            CERTIFICATE.to_owned(),
            Some(Certificate::TrustedForm(id.to_owned())),
        ),
        (
            CERTIFICATE.to_uppercase(),
            Some(Certificate::TrustedForm(id.to_owned())),
        ),
        (
            format!(" {CERTIFICATE}?x=1 "),
            Some(Certificate::TrustedForm(id.to_owned())),
        ),
        (
            TOKEN.to_lowercase(),
            Some(Certificate::LeadId(TOKEN.to_owned())),
        ),
        (format!("{CERTIFICATE}0"), None),
        (CERTIFICATE.replace("cert.", "ping."), None),
        (CERTIFICATE.replace(".com/", ".com.evil.example/"), None),
        (TOKEN.replace('-', ""), None),
        (format!("{TOKEN}-00"), None),
        (String::new(), None),
    ] {
        let read = Certificate::parse(&text);
        assert_eq!(read, expected, "{text}");
        if let Some(certificate) = read {
            assert_eq!(Certificate::parse(&certificate.text()), Some(certificate));
        }
    }
    let form = Certificate::parse(CERTIFICATE).expect("a certificate");
    let last = form.retain_before(NOW).expect("a moment");
    assert_eq!(last.millis_since(NOW), TRUSTED_FORM_CLAIM_MS);
}

fn record(n: i64) -> ConsentRecord {
    let text = format!("I agree to be called by Acme, number {n}.");
    ConsentRecord {
        given_at: NOW.plus_millis(n * 1_000),
        page_url: "https://quotes.example.com/solar".to_owned(),
        text_sha256: sha256(text.as_bytes()),
        text,
        ip: "203.0.113.7".parse().ok(),
        user_agent: "Mozilla/5.0".to_owned(),
        phone_sha256: Some(sha256(b"+12145550100")),
        email_sha256: None,
        sellers: vec!["Acme".to_owned()],
        replay: None,
    }
}

#[test]
fn the_rules_of_a_campaign_find_the_first_thing_that_is_missing() {
    let own = record(0);
    let certified = ConsentProof {
        certificates: Certificate::parse(CERTIFICATE).into_iter().collect(),
        ..ConsentProof::default()
    };
    let recorded = ConsentProof {
        record: Some(&own),
        ..ConsentProof::default()
    };
    let nothing = ConsentProof::default();
    let later = |minutes: i64| NOW.plus_millis(minutes * 60_000);
    for (rules, proof, now, expected) in [
        (r#"{}"#, &nothing, NOW, Ok(())),
        (
            r#"{"needs": "any"}"#,
            &nothing,
            NOW,
            Err(ConsentFault::NoProof(ConsentNeed::Any)),
        ),
        (r#"{"needs": "any"}"#, &certified, NOW, Ok(())),
        (r#"{"needs": "any"}"#, &recorded, NOW, Ok(())),
        (r#"{"needs": "trusted_form"}"#, &certified, NOW, Ok(())),
        (
            r#"{"needs": "leadid"}"#,
            &certified,
            NOW,
            Err(ConsentFault::NoProof(ConsentNeed::LeadId)),
        ),
        (
            r#"{"needs": "own_record"}"#,
            &certified,
            NOW,
            Err(ConsentFault::NoProof(ConsentNeed::OwnRecord)),
        ),
        (
            r#"{"age_max_min": 30}"#,
            &certified,
            NOW,
            Err(ConsentFault::AgeUnknown),
        ),
        (r#"{"age_max_min": 30}"#, &recorded, later(30), Ok(())),
        (
            r#"{"age_max_min": 30}"#,
            &recorded,
            later(31),
            Err(ConsentFault::TooOld {
                age_min: 31,
                most_min: 30,
            }),
        ),
        (r#"{}"#, &recorded, later(-3), Err(ConsentFault::NotYet)),
        (r#"{}"#, &recorded, later(-1), Ok(())),
        (r#"{"hosts": ["example.com"]}"#, &recorded, NOW, Ok(())),
        (
            r#"{"hosts": ["ample.com"]}"#,
            &recorded,
            NOW,
            Err(ConsentFault::OtherHost),
        ),
        (
            r#"{"hosts": ["example.com"]}"#,
            &certified,
            NOW,
            Err(ConsentFault::OtherHost),
        ),
        (
            r#"{"texts": ["AGREE  to be called"]}"#,
            &recorded,
            NOW,
            Ok(()),
        ),
        (
            r#"{"texts": ["by text message"]}"#,
            &recorded,
            NOW,
            Err(ConsentFault::OtherText),
        ),
        (r#"{"one_to_one": true}"#, &recorded, NOW, Ok(())),
        (
            r#"{"one_to_one": true}"#,
            &certified,
            NOW,
            Err(ConsentFault::NobodyNamed),
        ),
    ] {
        let read: ConsentRules = read(rules);
        assert_eq!(messages(&read.problems()), [""; 0]);
        assert_eq!(read.check(proof, now), expected, "{rules}");
    }
}

#[test]
fn a_page_on_another_host_does_not_pass_for_an_allowed_one() {
    let rules: ConsentRules = read(r#"{"hosts": ["example.com"]}"#);
    for (page, allowed) in [
        ("https://example.com/x", true),
        ("https://EXAMPLE.com:8443/x", true),
        ("https://a.example.com", true),
        ("https://notexample.com/", false),
        ("https://example.com.evil.test/", false),
        ("https://example.com@evil.test/", false),
        ("https://evil.test/https://example.com/", false),
        ("https://evil.test\\@example.com/", false),
        ("ftp://example.com/", false),
        ("example.com", false),
    ] {
        let proof = ConsentProof {
            page_url: Some(page),
            ..ConsentProof::default()
        };
        assert_eq!(rules.check(&proof, NOW).is_ok(), allowed, "{page}");
    }
    let wrong: ConsentRules = read(r#"{"age_max_min": 0, "hosts": ["https://x"], "texts": [" "]}"#);
    assert_eq!(wrong.problems().len(), 3);
}

fn chain(count: i64) -> (Vec<ConsentRecord>, Vec<Link>) {
    let records: Vec<_> = (0..count).map(record).collect();
    let mut links: Vec<Link> = Vec::new();
    for record in &records {
        links.push(record.link(links.last(), sha256));
    }
    (records, links)
}

#[test]
fn every_change_of_a_chain_is_seen() {
    let (records, links) = chain(5);
    let broken = |records: &[ConsentRecord], links: &[Link]| {
        broken_link(None, records.iter().zip(links), sha256)
    };
    assert_eq!(broken(&records, &links), None);
    let tail = records[3..].iter().zip(&links[3..]);
    assert_eq!(broken_link(Some(&links[2]), tail, sha256), None);

    let mut changed = records.clone();
    changed[2].page_url.push('x');
    assert_eq!(
        broken(&changed, &links),
        Some(ChainFault::Changed { number: 3 })
    );
    let mut changed = records.clone();
    changed[2].ip = None;
    assert_eq!(
        broken(&changed, &links),
        Some(ChainFault::Changed { number: 3 })
    );
    // Whoever changes a text must change its hash, and then the link.
    let mut lie = record(9);
    lie.text = "I agree to anything.".to_owned();
    let link = lie.link(None, sha256);
    assert_eq!(
        broken(&[lie], &[link]),
        Some(ChainFault::TextChanged { number: 1 })
    );

    let (mut gone, mut gone_links) = (records.clone(), links.clone());
    gone.remove(1);
    gone_links.remove(1);
    assert_eq!(
        broken(&gone, &gone_links),
        Some(ChainFault::Gap { expected: 2 })
    );
    let mut swapped = links.clone();
    swapped[1].previous = links[2].hash;
    assert_eq!(
        broken(&records, &swapped),
        Some(ChainFault::Changed { number: 2 })
    );
}

#[test]
fn the_bytes_of_a_record_and_its_chain_stay_for_ever() {
    let (_, links) = chain(2);
    let first = record(0).canonical();
    assert!(first.starts_with(b"trunkline consent 1\ngiven_at 13\n1795449600000\npage_url 32\n"));
    assert_eq!(links[0].previous, [0; 32]);
    assert_eq!(links[1].previous, links[0].hash);
    // Stored hashes and signatures depend on these.
    assert_eq!(sha256_text(links[0].hash), FIRST_HASH);
    assert_ne!(links[0].to_sign("acc_1"), links[0].to_sign("acc_2"));
}

/// Computed apart from this code, from the bytes as they are described in `record.rs`.
const FIRST_HASH: &str = "ae65bd67e977a905b81916b9cffd5aaa33ff05b1a53f25c3869f924add1ee225";

#[test]
fn no_two_records_have_the_same_bytes() {
    let mut one = record(0);
    one.sellers = vec!["a".to_owned(), "b".to_owned()];
    let mut two = one.clone();
    two.sellers = vec!["a\nseller 1\nb".to_owned()];
    assert_ne!(one.canonical(), two.canonical());
    let mut three = one.clone();
    three.replay = Some(String::new());
    assert_ne!(one.canonical(), three.canonical());
}
