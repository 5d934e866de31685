//! Bodies of partners: what is read, and what is refused with what to send instead.

use super::*;

fn read(kind: BodyKind, body: &str) -> Result<String, BodyError> {
    let pairs = parse(kind, body.as_bytes())?;
    let pairs: Vec<String> = pairs.into_iter().map(|(n, t)| format!("{n}={t}")).collect();
    Ok(pairs.join(" "))
}

#[test]
fn every_dialect_says_the_same() {
    let expected = Ok("phone=+12145550100 contact.zip=02134 note=a < b".to_owned());
    let json = r#"{"phone": "+12145550100", "contact": {"zip": "02134"}, "note": "a < b"}"#;
    assert_eq!(read(BodyKind::Json, json), expected);
    let form = "phone=%2B12145550100&contact.zip=02134&note=a+%3C+b";
    assert_eq!(read(BodyKind::Form, form), expected);
    let xml = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- x -->
        <x:lead xmlns:x=\"urn:x\"><phone>+12145550100</phone>
        <contact zip='02134'/><note>a &lt;<![CDATA[ ]]>b</note></x:lead> ";
    let told = read(BodyKind::Xml, xml);
    assert_eq!(
        told,
        Ok("phone=+12145550100 contact.zip=02134 contact= note=a < b".to_owned())
    );
}

#[test]
fn plain_values_of_json_are_texts() {
    let json =
        r#"{"a": 7, "b": 2.5, "c": true, "d": null, "e": "", "f": [], "g": ["x", 1], "h": -3}"#;
    let told = read(BodyKind::Json, json);
    assert_eq!(told, Ok("a=7 b=2.5 c=true e= f= g=x|1 h=-3".to_owned()));
}

#[test]
fn what_is_ambiguous_too_much_or_not_what_it_says_is_refused() {
    use BodyKind::{Form, Json, Xml};
    let nest = |open: &str, close: &str, n: usize| open.repeat(n) + "1" + &close.repeat(n);
    let many = |n: usize| (0..n).map(|i| format!("a{i}=1&")).collect::<String>();
    for (kind, body, said) in [
        (Json, r#"{"a": 1, "a": 2}"#.to_owned(), "`a` comes twice"),
        (
            Json,
            r#"{"a": {"b": 1}, "a.b": 2}"#.to_owned(),
            "`a.b` comes twice",
        ),
        (Form, "a=1&b=2&a=1".to_owned(), "`a` comes twice"),
        (Xml, "<l><a>1</a><a>2</a></l>".to_owned(), "`a` comes twice"),
        (Json, r#"{"a": NaN}"#.to_owned(), "no JSON object"),
        (Json, r#"{"a": Infinity}"#.to_owned(), "no JSON object"),
        (Json, r#"{"a": 1e999}"#.to_owned(), "no JSON object"),
        (Json, "[1]".to_owned(), "no JSON object"),
        (Json, "7".to_owned(), "no JSON object"),
        (Json, "null".to_owned(), "no JSON object"),
        (Json, String::new(), "no JSON object"),
        (Json, r#"{"a": 1} x"#.to_owned(), "line 1, column 10"),
        (Json, r#"{"a": [[1]]}"#.to_owned(), "no JSON object"),
        (Json, r#"{"a": [{"b": 1}]}"#.to_owned(), "no JSON object"),
        (Json, r#"{"a": ["x|y"]}"#.to_owned(), "no JSON object"),
        (Json, r#"{"": 1}"#.to_owned(), "no JSON object"),
        (Json, nest("{\"a\":", "}", DEPTH_MAX + 1), "nested deeper"),
        (Json, nest("{\"a\":", "}", 10_000), "nested deeper"),
        (Xml, nest("<a>", "</a>", DEPTH_MAX + 2), "nested deeper"),
        (Xml, nest("<a>", "</a>", 10_000), "nested deeper"),
        (Form, many(NAMES_MAX + 1), "more than 300 names"),
        (
            Form,
            format!("{}=1", "n".repeat(NAME_BYTES_MAX + 1)),
            "shorter",
        ),
        (
            Form,
            format!("a={}", "x".repeat(TEXT_BYTES_MAX + 1)),
            "`a` has more than",
        ),
        (
            Form,
            "x".repeat(BODY_BYTES_MAX + 1),
            "more than 262144 bytes",
        ),
        (
            Xml,
            r#"<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l><a>&x;</a></l>"#.to_owned(),
            "document type",
        ),
        (
            Xml,
            "<l><a>&x;</a></l>".to_owned(),
            "entity that XML does not have",
        ),
        (Xml, "<l><a>&#0;</a></l>".to_owned(), "entity"),
        (Xml, "<l><a>&#xD800;</a></l>".to_owned(), "entity"),
        (Xml, "<l><a>1</b></l>".to_owned(), "closed by another name"),
        (Xml, "<l><a>1</a>".to_owned(), "not closed"),
        (Xml, "<l>text<a>1</a></l>".to_owned(), "beside elements"),
        (
            Xml,
            "<l><a>text<b>1</b></a></l>".to_owned(),
            "beside elements",
        ),
        (Xml, "<l/><l/>".to_owned(), "behind its outermost"),
        (Xml, "<l a=1/>".to_owned(), "quotes"),
        (Xml, "<l".to_owned(), "not closed"),
        (
            Xml,
            "<?xml version='1.0' encoding='latin1'?><l/>".to_owned(),
            "UTF-8",
        ),
        (Xml, "phone=1".to_owned(), "does not begin"),
    ] {
        let short: String = body.chars().take(60).collect();
        let error = read(kind, &body).expect_err(&short).to_string();
        assert!(error.contains(said), "{short}: {error}");
    }
    assert!(parse(Xml, b"<l>\xff</l>").is_err());
    assert!(parse(Json, b"{\"a\": \"\xff\"}").is_err());
}

#[test]
fn what_is_just_within_the_limits_is_read() {
    let nest = |open: &str, close: &str, n: usize| open.repeat(n) + "1" + &close.repeat(n);
    assert!(read(BodyKind::Json, &nest("{\"a\":", "}", DEPTH_MAX)).is_ok());
    assert!(read(BodyKind::Xml, &nest("<a>", "</a>", DEPTH_MAX + 1)).is_ok());
    let many: String = (0..NAMES_MAX).map(|i| format!("a{i}=1&")).collect();
    assert!(read(BodyKind::Form, &many).is_ok());
    assert_eq!(read(BodyKind::Form, ""), Ok(String::new()));
    assert_eq!(read(BodyKind::Json, "{}"), Ok(String::new()));
    assert_eq!(read(BodyKind::Xml, "<l/>"), Ok(String::new()));
}

#[test]
fn no_error_holds_a_value() {
    for (kind, body) in [
        (BodyKind::Json, r#"{"phone": "2145550100" "x"}"#),
        (
            BodyKind::Json,
            r#"{"phone": 2145550100, "phone": 2145550100}"#,
        ),
        (BodyKind::Xml, "<l><phone>2145550100</fone></l>"),
    ] {
        let error = read(kind, body).expect_err(body).to_string();
        assert!(!error.contains("2145550100"), "{error}");
    }
}

#[test]
fn a_dialect_is_known_by_the_type_of_the_request() {
    for (content_type, kind) in [
        ("application/json", Some(BodyKind::Json)),
        ("Application/JSON; charset=utf-8", Some(BodyKind::Json)),
        ("application/vnd.x+json", Some(BodyKind::Json)),
        ("application/x-www-form-urlencoded", Some(BodyKind::Form)),
        ("text/xml", Some(BodyKind::Xml)),
        ("application/soap+xml", Some(BodyKind::Xml)),
        ("multipart/form-data; boundary=x", None),
        ("", None),
    ] {
        assert_eq!(
            BodyKind::of_content_type(content_type),
            kind,
            "{content_type}"
        );
    }
}
