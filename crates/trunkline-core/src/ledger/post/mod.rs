//! From what happened to what is booked.

mod booking;
mod call;
mod correct;
mod event;
mod history;
mod lead;
mod report;
mod sides;
mod telephony;

pub use correct::{CORRECTED_MAX, Given, Part, Recipient, Reversed};
pub use event::{
    Answer, Booked, BuyerTerms, CallEnded, CallLeg, Event, LEGS_MAX, LeadSold, Pay, PostError,
    PublisherTerms, Terms,
};
pub use history::{History, Reported};
pub use report::{
    CONVERSION_WINDOW_MS, EXTERNAL_ID_MAX, ExternalId, NotCounted, Report, ReportMode,
};
pub use sides::Side;
pub use telephony::{TelephonyLeg, telephony_cost, telephony_key};

use crate::base::Timestamp;

/// What an event comes to on the books. `history` is what was booked for the same call or lead before; `booked_at` is now.
/// The same event with the same history gives the same keys and amounts.
///
/// Two sales, payouts or reports that are decided at once with the same history come to the same key; the one that is
/// stored second is refused by it and decides again. Corrections have keys of their own: their history is read in the
/// transaction that books them, or two of them might take the same money back.
///
/// # Errors
/// When an amount cannot be computed, or the event contradicts itself or the history. Nothing is to be booked then.
pub fn post(
    event: &Event<'_>,
    terms: &Terms<'_>,
    history: &History<'_>,
    booked_at: Timestamp,
) -> Result<Answer, PostError> {
    match event {
        Event::CallEnded(call) => call::ended(call, terms, history, booked_at),
        Event::LeadSold(lead) => lead::sold(lead, terms, history, booked_at),
        Event::Reported(report) => report::counted(report, terms, history, booked_at),
        Event::Reversed(reversed) => correct::reversed(reversed, history, booked_at),
        Event::Given(given) => correct::given(given, terms, history, booked_at),
    }
}
