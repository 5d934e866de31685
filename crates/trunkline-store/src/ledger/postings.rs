//! Postings and their entries as rows, and back.

use trunkline_core::base::id::{BuyerId, CallId, OpportunityId, PostingId, PublisherId, TrunkId};
use trunkline_core::base::{Currency, Money};
use trunkline_core::ledger::{Book, Entry, Party, PartyKind, Posting, PostingKey, Subject};

use crate::args;
use crate::db::{DbError, Row, Val};

/// A party as its columns.
pub(super) const fn party_key(party: Party) -> (PartyKind, i64) {
    let id = match party {
        Party::House => 0,
        Party::Buyer(id) => id.raw(),
        Party::Publisher(id) => id.raw(),
        Party::Carrier(id) => id.raw(),
    };
    (party.kind(), id)
}

pub(super) fn read_party(row: &Row) -> Result<Party, DbError> {
    let id: i64 = row.get("party")?;
    Ok(match row.get::<PartyKind>("party_kind")? {
        PartyKind::House => Party::House,
        PartyKind::Buyer => Party::Buyer(BuyerId::from_raw(id)),
        PartyKind::Publisher => Party::Publisher(PublisherId::from_raw(id)),
        PartyKind::Carrier => Party::Carrier(TrunkId::from_raw(id)),
    })
}

/// A call or a lead as its columns.
pub(super) const fn subject_key(subject: Subject) -> (&'static str, i64) {
    match subject {
        Subject::Call(id) => ("call", id.raw()),
        Subject::Lead(id) => ("lead", id.raw()),
    }
}

pub(super) fn read_subject(row: &Row) -> Result<Option<Subject>, DbError> {
    let (kind, id) = (
        row.get::<Option<String>>("subject_kind")?,
        row.get::<Option<i64>>("subject")?,
    );
    Ok(match (kind.as_deref(), id) {
        (Some("call"), Some(id)) => Some(Subject::Call(CallId::from_raw(id))),
        (Some("lead"), Some(id)) => Some(Subject::Lead(OpportunityId::from_raw(id))),
        _ => None,
    })
}

/// The call or lead that a posting is about; a correction is about that of what it corrects.
pub(super) fn subject_of(posting: &Posting) -> Option<Subject> {
    let own = posting.key().cause.subject();
    own.or_else(|| posting.about()?.cause.subject())
}

/// The columns of a posting.
pub(super) fn posting_values(
    account: trunkline_core::base::id::AccountId,
    id: PostingId,
    posting: &Posting,
) -> Result<Vec<Val>, DbError> {
    let currency = posting
        .currency()
        .ok_or_else(|| DbError::other("write a posting", "it has no entries"))?;
    let (kind, subject) = subject_of(posting).map(subject_key).unzip();
    Ok(args![
        id,
        account,
        posting.key().to_string(),
        posting.about().map(|about| about.to_string()),
        kind,
        subject,
        posting.occurred_at(),
        posting.booked_at(),
        &currency,
    ])
}

/// Postings from rows of entries, each with its posting, in order of postings.
pub(super) fn read_postings(
    rows: &[Row],
) -> Result<Vec<(PostingId, Posting, Option<Subject>)>, DbError> {
    let mut found = Vec::new();
    let same = |a: &Row, b: &Row| match (a.get::<i64>("id"), b.get::<i64>("id")) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    };
    for entries in rows.chunk_by(same) {
        let Some(first) = entries.first() else {
            continue;
        };
        let currency: Currency = first.get("currency")?;
        let read = entries.iter().map(|row| entry(row, currency));
        let read = read.collect::<Result<Vec<_>, _>>()?;
        let posting = Posting::new(
            key(first, "posting_key")?.ok_or_else(|| bad("without a key"))?,
            first.get("occurred_at")?,
            first.get("booked_at")?,
            read,
        );
        let mut posting = posting.map_err(bad)?;
        if let Some(about) = key(first, "about")? {
            posting = posting.correcting(about);
        }
        found.push((first.get("id")?, posting, read_subject(first)?));
    }
    Ok(found)
}

fn entry(row: &Row, currency: Currency) -> Result<Entry, DbError> {
    let amount = Money::from_micros(row.get("amount")?, currency);
    Ok(Entry::debit(
        row.get::<Book>("book")?,
        read_party(row)?,
        amount,
    ))
}

fn key(row: &Row, column: &'static str) -> Result<Option<PostingKey>, DbError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(bad)).transpose()
}

fn bad(why: impl std::fmt::Display) -> DbError {
    DbError::other("read a posting", why)
}
