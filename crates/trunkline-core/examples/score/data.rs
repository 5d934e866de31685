//! The tables that scores are judged on: rows of features with what came of them.
//!
//! Columns that tell what was known only afterwards are dropped here, by name, and the peers of the benchmark drop the same.

use std::path::Path;

use trunkline_core::scoring::{FeatureSet, Features, Name, Posted};

use crate::AnyError;
use crate::chance::mixed;

/// What a table is called, how it is written, and which columns are not to be seen.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    separator: char,
    outcome: &'static str,
    yes: &'static str,
    /// Written after the fact, or names of people and rows.
    pub(crate) dropped: &'static [&'static str],
    /// The least AUC and the most log loss.
    pub(crate) bars: (f64, Option<f64>),
}

pub(crate) const TABLES: [Table; 3] = [
    Table {
        name: "bank",
        file: "bank_marketing_calls.csv",
        separator: ';',
        outcome: "y",
        yes: "yes",
        dropped: &["duration"],
        bars: (0.785, Some(0.282)),
    },
    Table {
        name: "xedu",
        file: "leads_x_education.csv",
        separator: ',',
        outcome: "Converted",
        yes: "1",
        dropped: &[
            "Prospect ID",
            "Lead Number",
            "Tags",
            "Lead Quality",
            "Lead Profile",
            "Asymmetrique Activity Index",
            "Asymmetrique Profile Index",
            "Asymmetrique Activity Score",
            "Asymmetrique Profile Score",
            "Last Activity",
            "Last Notable Activity",
        ],
        bars: (0.875, Some(0.425)),
    },
    Table {
        name: "coil",
        file: "coil2000_insurance.csv",
        separator: ',',
        outcome: "CARAVAN",
        yes: "1",
        dropped: &[],
        bars: (0.74, None),
    },
];

/// One of ours, where the folder of the others is not given.
pub(crate) const SYNTHETIC: Table = Table {
    name: "synthetic",
    file: "synthetic.csv",
    separator: ',',
    outcome: "outcome",
    yes: "1",
    dropped: &[],
    bars: (0.0, None),
};

/// The rows of a table: their values by column, and what came of each.
pub(crate) struct Rows {
    columns: Vec<Name<'static, Posted>>,
    rows: Vec<Vec<Cell>>,
    pub(crate) outcomes: Vec<bool>,
}

enum Cell {
    Number(Option<f64>),
    Text(String),
}

impl Rows {
    pub(crate) fn read(folder: &Path, table: &Table) -> Result<Self, AnyError> {
        let path = folder.join(table.file);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        let mut lines = text.lines();
        let head = fields(lines.next().unwrap_or_default(), table.separator);
        let rows: Vec<Vec<String>> = lines.map(|line| fields(line, table.separator)).collect();
        let outcome = head.iter().position(|name| name == table.outcome);
        let outcome = outcome.ok_or("the table has no outcome")?;
        if let Some(short) = rows.iter().position(|row| row.len() != head.len()) {
            return Err(format!("row {short} of {} has another length", table.file).into());
        }
        let is_seen = |(place, name): &(usize, &String)| {
            *place != outcome && !table.dropped.contains(&name.as_str())
        };
        let seen: Vec<(usize, &String)> = head.iter().enumerate().filter(is_seen).collect();
        let is_number = |place: usize| {
            rows.iter().all(|row| is_number_or_nothing(&row[place]))
                && rows.iter().any(|row| !row[place].is_empty())
        };
        let numbers: Vec<bool> = seen.iter().map(|(place, _)| is_number(*place)).collect();
        let cells = |row: &Vec<String>| {
            let cell = |((place, _), is_number): (&(usize, &String), &bool)| {
                let text = &row[*place];
                if *is_number {
                    Cell::Number(text.parse().ok())
                } else {
                    Cell::Text(text.clone())
                }
            };
            seen.iter().zip(&numbers).map(cell).collect()
        };
        // Names live as long as the program, which is short.
        let name = |(_, name): &(usize, &String)| Name::new("row", (*name).clone().leak());
        Ok(Self {
            columns: seen.iter().map(name).collect(),
            rows: rows.iter().map(cells).collect(),
            outcomes: rows.iter().map(|row| row[outcome] == table.yes).collect(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Puts the features of a row together, as they would be of a lead that comes in.
    pub(crate) fn features(&self, row: usize, features: &mut Features<Posted>) {
        for (name, cell) in self.columns.iter().zip(&self.rows[row]) {
            match cell {
                Cell::Number(number) => features.number_or_missing(*name, *number),
                Cell::Text(text) => features.text(*name, text),
            }
        }
    }

    pub(crate) fn all(&self) -> Vec<FeatureSet> {
        let set = |row| {
            let mut features = Features::new();
            self.features(row, &mut features);
            features.into_known()
        };
        (0..self.len()).map(set).collect()
    }

    /// The rows of a split: those to learn from, in an order drawn for it, and those to be judged on, three of ten by the hash of
    /// split and place. The peers keep back the same.
    pub(crate) fn split(&self, split: u64) -> (Vec<usize>, Vec<usize>) {
        let drawn = |row: &usize| mixed(split << 32 | *row as u64);
        let (test, mut train): (Vec<usize>, Vec<usize>) =
            (0..self.len()).partition(|row| drawn(row) % 10 < 3);
        train.sort_by_key(drawn);
        (train, test)
    }
}

fn is_number_or_nothing(text: &str) -> bool {
    text.is_empty() || text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The fields of a line; one in quotation marks may have the separator in it.
fn fields(line: &str, separator: char) -> Vec<String> {
    let (mut all, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    for c in line.trim_end_matches('\r').chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c == separator && !is_quoted => all.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    all.push(field);
    all
}
