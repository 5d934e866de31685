//! Books what happened: reads what was booked for a call or a lead before, has the core say what it comes to, and stores
//! everything that belongs together in one transaction. When somebody booked for the same meanwhile, it decides again.

use trunkline_core::base::id::AccountId;
use trunkline_core::ledger::{
    Answer, Booked, Event, History, PostError, Posting, PostingKey, Subject, Terms, post,
    telephony_cost, telephony_key,
};

use crate::clock::Moment;
use crate::ports::books::{Books, Settlement, Stored};
use crate::ports::calls::CallChange;
use crate::ports::{PortError, PortResult};

/// How often it decides again. Two that meet are decided one after the other, so only a crowd on one call comes this far.
pub const TRIES_MAX: usize = 16;

/// Why nothing was booked.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The core refused the event.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The store failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Books an event. `subjects` are the calls and leads whose history it is decided by; `with` says what is stored together
/// with the postings, and may run more than once.
///
/// # Errors
/// When the core refuses the event or the store fails; nothing is stored then.
pub async fn book(
    books: &dyn Books,
    moment: &Moment,
    account: AccountId,
    subjects: &[Subject],
    event: &Event<'_>,
    terms: &Terms<'_>,
    with: impl Fn(&Booked) -> Settlement + Send,
) -> Result<Answer, BookError> {
    for _ in 0..TRIES_MAX {
        let before = books.booked_before(account, subjects).await?;
        let now = moment.now();
        let history = History {
            postings: &before.postings,
            reports: &before.reports,
        };
        let answer = post(event, terms, &history, now)?;
        let Answer::Booked(booked) = &answer else {
            return Ok(answer);
        };
        let mut settlement = with(booked);
        settlement.seen = before.seen;
        let named = |posting: &Posting| (moment.id_at(now), posting.clone());
        settlement.postings = booked.postings.iter().map(named).collect();
        match books.book(account, &settlement, now).await? {
            Stored::Yes => return Ok(answer),
            Stored::Already(key) => return Ok(Answer::Already(key)),
            Stored::Moved => {}
        }
    }
    Err(crowded().into())
}

/// Stores the end of a call that went through no plan, with what its minutes cost, in one transaction. A cost that is
/// booked already is not booked again.
///
/// # Errors
/// When the core refuses the cost or the store fails; nothing is stored then.
pub async fn store_end(
    books: &dyn Books,
    moment: &Moment,
    change: &CallChange,
) -> Result<(), BookError> {
    let call = &change.call;
    let (legs, currency) = (
        call.telephony(),
        call.cost.map(|cost| cost.total.currency()),
    );
    let ended_at = call.ended_at.unwrap_or(call.progress_at);
    for _ in 0..TRIES_MAX {
        let before = books
            .booked_before(call.account, &[Subject::Call(call.id)])
            .await?;
        let now = moment.now();
        let key = telephony_key(call.id);
        let is_booked = before.postings.iter().any(|posting| posting.key() == key);
        let posting = match currency.filter(|_| !is_booked) {
            Some(currency) => telephony_cost(call.id, &legs, currency, ended_at, now)?,
            None => None,
        };
        let mut settlement = Settlement {
            call: Some(Box::new(change.clone())),
            ..Settlement::default()
        };
        if let Some(posting) = posting {
            settlement.seen = before.seen;
            settlement.postings = vec![(moment.id_at(now), posting)];
        }
        match books.book(call.account, &settlement, now).await? {
            Stored::Yes => return Ok(()),
            // Somebody booked for the call meanwhile.
            Stored::Already(_) | Stored::Moved => {}
        }
    }
    Err(crowded().into())
}

fn crowded() -> PortError {
    let message = format!("the same call or lead was booked {TRIES_MAX} times meanwhile");
    PortError::Unavailable(message)
}

/// The calls and leads that corrections of these postings are decided by.
///
/// # Errors
/// When the store fails.
pub async fn subjects_of(
    books: &dyn Books,
    account: AccountId,
    keys: impl IntoIterator<Item = PostingKey> + Send,
) -> PortResult<Vec<Subject>> {
    let mut found = Vec::new();
    for key in keys {
        let subject = books.posting(account, key).await?;
        found.extend(subject.and_then(|(_, subject)| subject));
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
