//! The rows of a table as leads: which column is which field, and what becomes of each row. A dry run is the same without
//! anybody keeping the leads.

use std::collections::BTreeMap;

use super::accept::{Context, Lead, Stage, accept};
use super::fields::Fields;
use super::names;
use super::refusal::LeadRefusal;
use crate::base::document::Problems;
use crate::base::{Problem, Sha256};

/// Most rows of one table.
pub const ROWS_MAX: u64 = 100_000;
/// Most columns.
const COLUMNS_MAX: usize = 300;

/// What each column of a table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// By column: the name under which its values are read; `None` when they are left out.
    pub columns: Vec<Option<String>>,
}

impl Mapping {
    /// What the names in the first row suggest: the campaign's fields, and everything else under its own name.
    #[must_use]
    pub fn suggest(header: &[String], fields: &Fields) -> Self {
        let mut taken = Vec::new();
        let mut name_of = |title: &String| {
            let field = fields.named(title).map(|def| def.name.clone());
            let name = field.or_else(|| names::as_tag(title))?;
            if taken.contains(&name) {
                return None;
            }
            taken.push(name.clone());
            Some(name)
        };
        Self {
            columns: header.iter().map(&mut name_of).collect(),
        }
    }

    /// Everything that keeps the mapping from being used.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = Problems::default();
        if self.columns.len() > COLUMNS_MAX {
            let count = self.columns.len();
            found.add(
                "columns",
                format!("{count} are too many; at most {COLUMNS_MAX}"),
            );
        }
        let mut named: Vec<&String> = self.columns.iter().flatten().collect();
        if named.is_empty() {
            found.add(
                "columns",
                "are all left out; say which column is which field",
            );
        }
        named.sort_unstable();
        for pair in named.windows(2).filter(|pair| pair[0] == pair[1]) {
            let name = pair[0];
            found.add(
                "columns",
                format!("two columns are `{name}`; leave one out"),
            );
        }
        found.0
    }

    fn form(&self, record: Vec<String>) -> Vec<(String, String)> {
        let pairs = self.columns.iter().zip(record);
        pairs
            .filter_map(|(name, value)| Some((name.clone()?, value)))
            .collect()
    }
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    /// It is a lead.
    Lead(Box<Lead>),
    /// It is none.
    Refused(LeadRefusal),
    /// The table has the same person in an earlier row.
    SameAs(u64),
    /// It cannot be read as a row.
    Unreadable(String),
    /// It is behind the most rows that are read; nothing after it is looked at.
    TooMany,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place from 1, the first row with the names not counted.
    pub number: u64,
    /// What became of it.
    pub outcome: RowOutcome,
}

/// How many rows there were of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Leads.
    pub leads: u64,
    /// Refused.
    pub refused: u64,
    /// The same person again.
    pub same: u64,
    /// Not to be read, or too many.
    pub unreadable: u64,
}

impl Summary {
    /// Counts a row.
    pub const fn add(&mut self, row: &Row) {
        match row.outcome {
            RowOutcome::Lead(_) => self.leads += 1,
            RowOutcome::Refused(_) => self.refused += 1,
            RowOutcome::SameAs(_) => self.same += 1,
            RowOutcome::Unreadable(_) | RowOutcome::TooMany => self.unreadable += 1,
        }
    }
}

/// Reads the rows one by one, so that a table of any size takes little memory. Empty rows are left out.
pub fn import<'a>(
    records: impl IntoIterator<Item = Result<Vec<String>, String>> + 'a,
    mapping: &'a Mapping,
    fields: &'a Fields,
    context: &'a Context<'a>,
) -> impl Iterator<Item = Row> + 'a {
    let mut seen: BTreeMap<(bool, Sha256), u64> = BTreeMap::new();
    let mut over = false;
    let rows = (1..).zip(records).filter(|(_, record)| {
        !record
            .as_ref()
            .is_ok_and(|cells| cells.iter().all(|cell| cell.trim().is_empty()))
    });
    rows.map_while(move |(number, record)| {
        if over {
            return None;
        }
        over = number > ROWS_MAX;
        let outcome = match record {
            _ if over => RowOutcome::TooMany,
            Err(why) => RowOutcome::Unreadable(why),
            Ok(cells) if cells.len() > mapping.columns.len() => RowOutcome::Unreadable(format!(
                "has {} columns, and the first row {}; look for a comma or a quote that is missing",
                cells.len(),
                mapping.columns.len()
            )),
            Ok(cells) => {
                let form = mapping.form(cells);
                match accept(&form, fields, Stage::Post, context) {
                    Err(refusal) => RowOutcome::Refused(refusal),
                    Ok(accepted) => same_or_new(accepted.lead, number, &mut seen),
                }
            }
        };
        Some(Row { number, outcome })
    })
}

fn same_or_new(lead: Lead, number: u64, seen: &mut BTreeMap<(bool, Sha256), u64>) -> RowOutcome {
    let phone = lead.phone_sha256.map(|hash| (true, hash));
    let email = lead.email_sha256.map(|hash| (false, hash));
    // By the phone number where there is one: people share an address more often than a number.
    let Some(key) = phone.or(email) else {
        return RowOutcome::Lead(Box::new(lead));
    };
    match seen.get(&key) {
        Some(earlier) => RowOutcome::SameAs(*earlier),
        None => {
            seen.insert(key, number);
            RowOutcome::Lead(Box::new(lead))
        }
    }
}
