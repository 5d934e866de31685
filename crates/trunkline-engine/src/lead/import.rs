//! Leads from a table: a dry run says what would become of each row, and the same without it keeps and sells the leads. The
//! same table again doubles nothing.

use std::sync::Arc;

use trunkline_core::lead::{Context, Mapping, Row, RowOutcome, Summary, import};

use super::desk::{LeadDesk, LeadError};
use super::receive::Sent;
use super::sha256;
use trunkline_core::base::id::OpportunityId;
use trunkline_core::base::{Problem, sha256_text};

/// Most rows of one table.
pub const IMPORT_ROWS_MAX: usize = 10_000;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFate {
    /// It would be a lead.
    Good,
    /// It is a lead.
    Kept(OpportunityId),
    /// It was there before, by the same table.
    Known(OpportunityId),
    /// It is none: its code, and every fault in words.
    Refused(String, Vec<String>),
    /// The table has the same person in an earlier row.
    SameAs(u64),
    /// It cannot be read as a row.
    Unreadable(String),
    /// It is behind the most rows that are read; nothing after it is looked at.
    TooMany,
}

/// A row with its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRow {
    /// Its place from 1, the row with the names not counted.
    pub number: u64,
    /// What became of it.
    pub fate: RowFate,
}

/// What became of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What each column was read as; `None` where it was left out.
    pub columns: Vec<Option<String>>,
    /// How many rows there were of each kind.
    pub summary: Summary,
    /// Each row.
    pub rows: Vec<ImportedRow>,
}

impl LeadDesk {
    /// Reads a table whose first row has the names. `sent` says for which feed; its form is that of each row.
    ///
    /// # Errors
    /// When the columns cannot be used, the feed takes nothing, or the store fails.
    pub async fn import(
        self: &Arc<Self>,
        sent: &Sent,
        header: &[String],
        records: Vec<Result<Vec<String>, String>>,
        dry_run: bool,
    ) -> Result<Result<Imported, Vec<Problem>>, LeadError> {
        let ground = self.ground(&sent.market, &sent.feed)?;
        let mapping = Mapping::suggest(header, &ground.fields);
        let problems = mapping.problems();
        if !problems.is_empty() {
            return Ok(Err(problems));
        }
        let context = Context {
            home: ground.home,
            zone: &ground.zone,
            now: self.moment.now(),
            sha256,
        };
        let mut summary = Summary::default();
        let mut rows = Vec::new();
        let read: Vec<Row> = import(records, &mapping, &ground.fields, &context)
            .take(IMPORT_ROWS_MAX + 1)
            .collect();
        for row in read {
            if rows.len() >= IMPORT_ROWS_MAX {
                let number = row.number;
                let outcome = RowOutcome::TooMany;
                summary.add(&Row { number, outcome });
                rows.push(ImportedRow {
                    number,
                    fate: RowFate::TooMany,
                });
                break;
            }
            summary.add(&row);
            let fate = match row.outcome {
                RowOutcome::Lead(_) if dry_run => RowFate::Good,
                RowOutcome::Lead(lead) => {
                    self.room().await;
                    self.keep_row(sent, lead.form()).await?
                }
                RowOutcome::Refused(refusal) => {
                    let words = refusal.faults();
                    let words = words.map(|f| format!("{}: {}", f.field, f.message));
                    RowFate::Refused(refusal.to_string(), words.collect())
                }
                RowOutcome::SameAs(number) => RowFate::SameAs(number),
                RowOutcome::Unreadable(why) => RowFate::Unreadable(why),
                RowOutcome::TooMany => RowFate::TooMany,
            };
            rows.push(ImportedRow {
                number: row.number,
                fate,
            });
        }
        Ok(Ok(Imported {
            columns: mapping.columns,
            summary,
            rows,
        }))
    }

    /// Keeps a row as a lead. Its key is made of what it says, so that the same row of the same feed is one lead.
    async fn keep_row(
        self: &Arc<Self>,
        sent: &Sent,
        form: Vec<(String, String)>,
    ) -> Result<RowFate, LeadError> {
        let mut sorted = form.clone();
        sorted.sort_unstable();
        let mut bytes = b"trunkline import 1\n".to_vec();
        for part in sorted.iter().flat_map(|(name, value)| [name, value]) {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        let key = format!("import:{}", sha256_text(sha256(&bytes)));
        let row = Sent {
            form,
            key: Some(key),
            ..sent.clone()
        };
        loop {
            match self.take(row.clone()).await {
                Ok(answered) if answered.cached => return Ok(RowFate::Known(answered.lead.id)),
                Ok(answered) => return Ok(RowFate::Kept(answered.lead.id)),
                Err(LeadError::Fields(refusal)) => {
                    return Ok(RowFate::Refused(refusal.to_string(), Vec::new()));
                }
                Err(LeadError::Busy) => self.room().await,
                Err(error) => return Err(error),
            }
        }
    }
}
