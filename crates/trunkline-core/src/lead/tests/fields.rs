//! Field documents: what is written is read, and what cannot mean anything is said.

use super::*;

#[test]
fn a_document_is_written_as_it_was_read() {
    let document: FieldDocument = read(FIELDS);
    let written = serde_json::to_string(&document).expect("JSON");
    assert_eq!(read::<FieldDocument>(&written), document);
    assert_eq!(messages(&document.problems()), [""; 0]);
    let short = r#"{"fields":[{"name":"phone","label":"Phone","type":"phone"}]}"#;
    let written = serde_json::to_string(&read::<FieldDocument>(short)).expect("JSON");
    assert_eq!(written, short);
}

#[test]
fn what_cannot_be_used_is_named_with_its_place() {
    let phone = r#"{"name": "phone", "label": "Phone", "type": "phone"}"#;
    for (field, place, said) in [
        (
            r#"{"name": "Age", "label": "x", "type": "text"}"#,
            "fields[1].name",
            "small letters",
        ),
        (
            r#"{"name": "a", "label": " ", "type": "text"}"#,
            "fields[1].label",
            "1 to 100",
        ),
        (
            r#"{"name": "phone", "label": "x", "type": "text"}"#,
            "fields[1]",
            "already",
        ),
        (
            r#"{"name": "a", "label": "x", "type": "text", "aliases": ["Phone!"]}"#,
            "fields[1]",
            "a name of `phone`",
        ),
        (
            r#"{"name": "a", "label": "x", "type": "text", "aliases": ["--"]}"#,
            "fields[1].aliases",
            "no name",
        ),
        (
            r#"{"name": "email", "label": "x", "type": "email", "required": "ping"}"#,
            "fields[1].required",
            "no ping may",
        ),
        (
            r#"{"name": "a", "label": "x", "type": "text", "personal": true, "required": "ping"}"#,
            "fields[1].required",
            "write post",
        ),
        (
            r#"{"name": "a", "label": "x", "type": "text", "max_length": 0}"#,
            "fields[1].max_length",
            "1 to 4000",
        ),
        (
            r#"{"name": "a", "label": "x", "type": "text", "pattern": "("}"#,
            "fields[1].pattern",
            "no regular expression",
        ),
        (
            r#"{"name": "a", "label": "x", "type": "text", "pattern": "(a{1000}){1000}"}"#,
            "fields[1].pattern",
            "too large",
        ),
        (
            r#"{"name": "a", "label": "x", "type": "zip", "normaliser": "lower"}"#,
            "fields[1].normaliser",
            "for texts",
        ),
        (
            r#"{"name": "phone_sha256", "label": "x", "type": "text"}"#,
            "fields[1].type",
            "sha256",
        ),
        (
            r#"{"name": "a", "label": "x", "type": {"number": {"min": 2, "max": 1}}}"#,
            "fields[1].type.number",
            "smaller number",
        ),
        (
            r#"{"name": "a", "label": "x", "type": {"date": {"years_ago_min": 151}}}"#,
            "fields[1].type.date",
            "0 to 150",
        ),
        (
            r#"{"name": "a", "label": "x", "type": {"choice": []}}"#,
            "fields[1].type.choice",
            "1 to 200",
        ),
        (
            r#"{"name": "a", "label": "x", "type": {"choice": [{"value": "x"}, {"value": "X "}]}}"#,
            "fields[1].type.choice.[1].value",
            "stands for `x` already",
        ),
    ] {
        let document: FieldDocument = read(&format!(r#"{{"fields": [{phone}, {field}]}}"#));
        let found = document.problems();
        let is = |p: &&Problem| p.place == place && p.message.contains(said);
        assert!(
            found.iter().any(|p| is(&p)),
            "{field}: {:?}",
            messages(&found)
        );
        assert!(document.compile().is_err());
    }
    let nobody: FieldDocument =
        read(r#"{"fields": [{"name": "zip", "label": "ZIP", "type": "zip"}]}"#);
    assert!(messages(&nobody.problems())[0].contains("nobody could be reached"));
    let many = vec![phone; FIELDS_MAX + 1].join(",");
    let many: FieldDocument = read(&format!(r#"{{"fields": [{many}]}}"#));
    assert_eq!(messages(&many.problems()).len(), 1);
    for wrong in [
        r#"{"fields": [{"name": "a", "label": "x", "type": "colour"}]}"#,
        r#"{"fields": [{"name": "a", "label": "x", "type": "text", "needed": true}]}"#,
        r#"{"feilds": []}"#,
    ] {
        assert!(
            serde_json::from_str::<FieldDocument>(wrong).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn a_campaign_for_calls_needs_no_fields() {
    assert_eq!(messages(&FieldDocument::default().problems()), [""; 0]);
}

#[test]
fn an_own_name_goes_before_the_usual_name_of_another_field() {
    let fields = fields(
        r#"{"fields": [{"name": "phone", "label": "x", "type": "phone"},
            {"name": "mobile", "label": "x", "type": "phone"},
            {"name": "work", "label": "x", "type": "phone", "aliases": ["cell"]}]}"#,
    );
    for (name, field) in [
        ("Mobile", Some("mobile")),
        ("cell", Some("work")),
        ("Telephone", Some("phone")),
        ("fax", None),
    ] {
        assert_eq!(
            fields.named(name).map(|def| def.name.as_str()),
            field,
            "{name}"
        );
    }
}
