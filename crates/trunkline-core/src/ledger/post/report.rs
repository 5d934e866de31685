//! What a buyer reports afterwards: a call or a lead was worth so much, or so much more.

use std::fmt;

use super::booking::{When, payout, sale};
use super::event::{Answer, Booked, BuyerTerms, PostError, Terms};
use super::history::History;
use super::sides::{Side, Talk, by_rule, publisher};
use crate::base::{Money, Timestamp, words};
use crate::ledger::key::{Cause, Subject};
use crate::routing::After;

/// How long buyers may report when nothing else is agreed: 30 days, in milliseconds.
pub const CONVERSION_WINDOW_MS: i64 = 30 * 86_400_000;
/// Longest name that a buyer may give a report, in bytes.
pub const EXTERNAL_ID_MAX: usize = 128;

/// A buyer's own name for a report, such as an order number. The same name is the same report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(Box<str>);

impl ExternalId {
    /// From what the buyer sent; `None` for nothing, for more than [`EXTERNAL_ID_MAX`] bytes, and with control characters.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let fits = (1..=EXTERNAL_ID_MAX).contains(&text.len());
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.into()))
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

words! {
    /// What a report does with what was known before.
    ReportMode {
        /// It takes its place.
        Set = "set",
        /// It is added to it.
        Add = "add",
    }
}

/// What a buyer reported.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// Of what.
    pub subject: Subject,
    /// When it was offered; prices are those of this moment.
    pub offered_at: Timestamp,
    /// When the call ended or the lead was sold.
    pub occurred_at: Timestamp,
    /// What was agreed with the buyer.
    pub buyer: BuyerTerms<'a>,
    /// How long the buyer had the caller; not looked at for leads.
    pub connected_ms: Option<i64>,
    /// The publisher's clock, as [`Booked::publisher_ms`] said when the call ended; not looked at for leads.
    pub publisher_ms: Option<i64>,
    /// The buyer's own name for the report.
    pub external: ExternalId,
    /// What it is worth.
    pub amount: Money,
    /// Whether that is all or more.
    pub mode: ReportMode,
}

/// Why a report does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotCounted {
    /// The window is over.
    TooLate {
        /// By how many milliseconds.
        by_ms: i64,
    },
    /// It is below zero, or of another currency.
    BadAmount(Money),
    /// The buyer's price does not wait for a report; this is what it says.
    NotAsked(Side),
}

pub(super) fn counted(
    report: &Report<'_>,
    terms: &Terms<'_>,
    history: &History<'_>,
    booked_at: Timestamp,
) -> Result<Answer, PostError> {
    let cause = Cause::Conversion(report.subject);
    let of = (report.buyer.buyer, &report.external);
    let earlier = history
        .reports
        .iter()
        .find(|r| (r.buyer, &r.external) == of);
    if let Some(earlier) = earlier {
        return Ok(Answer::Already(cause.key(earlier.n)));
    }
    let by_ms = booked_at.millis_since(report.occurred_at);
    let by_ms = by_ms.saturating_sub(terms.conversion_window_ms.max(0));
    if by_ms > 0 {
        return Ok(Answer::NotCounted(NotCounted::TooLate { by_ms }));
    }
    if report.amount.micros() < 0 || report.amount.currency() != terms.currency {
        return Ok(Answer::NotCounted(NotCounted::BadAmount(report.amount)));
    }
    let before = history.revenue(report.subject, Some(report.buyer.buyer), terms.currency)?;
    let told = match report.mode {
        ReportMode::Set => report.amount,
        ReportMode::Add => before.plus(report.amount)?,
    };
    let (unasked, side) = (
        told_side(report, None, terms)?,
        told_side(report, Some(told), terms)?,
    );
    // A price that is known without the report is not changed by it.
    let (Side::Open { .. }, Side::Amount { amount, .. }) = (unasked, side) else {
        return Ok(Answer::NotCounted(NotCounted::NotAsked(unasked)));
    };
    let when = When {
        occurred_at: report.occurred_at,
        booked_at,
    };
    let n = history.reports.iter().map(|r| r.n.saturating_add(1)).max();
    let more = amount.minus(before)?;
    let mut postings = Vec::new();
    postings.extend(sale(cause.key(n.unwrap_or(0)), &report.buyer, more, when)?);
    let revenue = history
        .revenue(report.subject, None, terms.currency)?
        .plus(more)?;
    let paid = match &terms.publisher {
        Some(payee) => {
            let known = (revenue, false);
            let side = publisher(
                payee,
                talk(report, report.publisher_ms),
                terms,
                report.offered_at,
                known,
            )?;
            let currency = terms.currency;
            postings.extend(payout(
                report.subject,
                payee,
                &side,
                history,
                currency,
                when,
            )?);
            Some(side)
        }
        None => None,
    };
    Ok(Answer::Booked(Booked {
        postings,
        buyers: vec![side],
        publisher: paid,
        publisher_ms: report.publisher_ms,
    }))
}

const fn talk(report: &Report<'_>, ms: Option<i64>) -> Talk {
    match report.subject {
        Subject::Lead(_) => Talk::Lead,
        Subject::Call(_) => Talk::of(ms),
    }
}

/// What the buyer's price says with and without a report.
fn told_side(
    report: &Report<'_>,
    reported: Option<Money>,
    terms: &Terms<'_>,
) -> Result<Side, PostError> {
    let after = After {
        bid: report.buyer.bid,
        sold: report.buyer.sold,
        reported,
        ..After::default()
    };
    by_rule(
        report.buyer.price,
        talk(report, report.connected_ms),
        terms,
        report.offered_at,
        after,
    )
}
