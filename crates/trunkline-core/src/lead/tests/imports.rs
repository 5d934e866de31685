//! Tables: columns are understood, and each row says what becomes of it.

use super::*;

fn row(cells: &[&str]) -> Result<Vec<String>, String> {
    Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())
}

fn titles(cells: &[&str]) -> Vec<String> {
    row(cells).unwrap_or_default()
}

#[test]
fn columns_are_suggested_by_their_titles() {
    let fields = fields(FIELDS);
    let header = titles(&["Primary Phone", "Zip Code", "Sub ID", "phone", "", "éé"]);
    let mapping = Mapping::suggest(&header, &fields);
    let names: Vec<_> = mapping.columns.iter().map(Option::as_deref).collect();
    assert_eq!(
        names,
        [Some("phone"), Some("zip"), Some("sub_id"), None, None, None]
    );
    assert_eq!(messages(&mapping.problems()), [""; 0]);
    for columns in [
        vec![],
        vec![None],
        vec![Some("a".to_owned()), Some("a".to_owned())],
    ] {
        assert_eq!(Mapping { columns }.problems().len(), 1);
    }
}

#[test]
fn each_row_is_a_lead_or_says_why_not() {
    let fields = fields(FIELDS);
    let mapping = Mapping::suggest(&titles(&["phone", "zip"]), &fields);
    let zone = zone();
    let context = context(&zone);
    let records = vec![
        row(&["2145550100", "75201"]),
        row(&["", " "]),
        row(&["2145550101"]),
        row(&["(214) 555-0100", "75202"]),
        row(&["2145550102", "75201", "more"]),
        Err("the file is not UTF-8 here".to_owned()),
        row(&["2145550103", "2134"]),
    ];
    let rows: Vec<Row> = import(records, &mapping, &fields, &context).collect();
    let told: Vec<(u64, String)> = rows
        .iter()
        .map(|row| {
            let said = match &row.outcome {
                RowOutcome::Lead(lead) => lead.zip.clone().unwrap_or_default(),
                RowOutcome::Refused(refusal) => refusal.to_string(),
                RowOutcome::SameAs(earlier) => format!("as {earlier}"),
                RowOutcome::Unreadable(why) => why.chars().take(13).collect(),
                RowOutcome::TooMany => "too many".to_owned(),
            };
            (row.number, said)
        })
        .collect();
    let expected = [
        (1, "75201"),
        (3, "MISSING_FIELD:zip"),
        (4, "as 1"),
        (5, "has 3 columns"),
        (6, "the file is n"),
        (7, "02134"),
    ];
    let expected: Vec<(u64, String)> = expected.map(|(n, text)| (n, text.to_owned())).into();
    assert_eq!(told, expected);
    let mut summary = Summary::default();
    rows.iter().for_each(|row| summary.add(row));
    let counted = (
        summary.leads,
        summary.refused,
        summary.same,
        summary.unreadable,
    );
    assert_eq!(counted, (2, 1, 1, 2));
}

#[test]
fn a_table_that_never_ends_is_read_to_its_limit() {
    let fields = fields(FIELDS);
    let mapping = Mapping::suggest(&titles(&["phone"]), &fields);
    let zone = zone();
    let context = context(&zone);
    let endless = std::iter::repeat_with(|| Err("no".to_owned()));
    let last = import(endless, &mapping, &fields, &context)
        .last()
        .expect("rows");
    assert_eq!(
        last,
        Row {
            number: ROWS_MAX + 1,
            outcome: RowOutcome::TooMany
        }
    );
}
