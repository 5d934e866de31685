//! Station **ledger**: who owes whom what, as entries that come to nothing together.
//!
//! Main verb: [`post()`], `(event, terms, history, booked_at) -> Answer`. It says what an event comes to on the books; what
//! was booked is never changed, a correction is a posting of its own. A [`Hold`] moves nothing; it makes what a buyer may
//! spend less until the sale is booked. Nothing here is stored: whoever stores it keeps the keys unique in an account.

mod book;
mod entry;
mod figures;
mod hold;
mod key;
mod post;
#[cfg(test)]
mod tests;

pub use book::{Book, BookSide, Party, PartyKind};
pub use entry::{ENTRIES_MAX, Entry, Posting, PostingError};
pub use figures::{Profit, Triple, balance, profit, total, triple};
pub use hold::{Funds, HOLD_MS_MAX, Hold, HoldError, HoldState};
pub use key::{Cause, ParseKeyError, PostingKey, Subject};
pub use post::{
    Answer, Booked, BuyerTerms, CONVERSION_WINDOW_MS, CORRECTED_MAX, CallEnded, CallLeg,
    EXTERNAL_ID_MAX, Event, ExternalId, Given, History, LEGS_MAX, LeadSold, NotCounted, Part, Pay,
    PostError, PublisherTerms, Recipient, Report, ReportMode, Reported, Reversed, Side,
    TelephonyLeg, Terms, post, telephony_cost, telephony_key,
};
