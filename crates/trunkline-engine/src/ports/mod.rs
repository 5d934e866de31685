//! What the engine needs from outside, as traits named for the need. Adapters implement them; only
//! the binary names an adapter.
//!
//! Not found is `Ok(None)`, not an error. Times are arguments.

pub mod access;
pub mod arrivals;
pub mod asks;
pub mod atlas;
pub mod bids;
pub mod books;
pub mod buyers;
pub mod calls;
pub mod carriers;
pub mod checks;
pub mod configuration;
pub mod distribution;
pub mod history;
pub mod labels;
pub mod leads;
pub mod lines;
pub mod outbox;
pub mod pages;
pub mod past_calls;
pub mod past_visits;
pub mod routing;
pub mod screening;
pub mod sounds;
pub mod webhooks;

pub use access::Access;
pub use arrivals::PastArrivals;
pub use asks::Asks;
pub use atlas::Atlas;
pub use bids::Bids;
pub use books::Books;
pub use buyers::{BuyerMail, Buyers};
pub use calls::{CallRecords, CallSpool};
pub use carriers::{CarrierRecords, NumberSupply};
pub use checks::CheckRecords;
pub use configuration::Configuration;
pub use distribution::DistributionRecords;
pub use history::{Commit, History};
pub use labels::Labels;
pub use leads::Leads;
pub use lines::Lines;
pub use outbox::Outbox;
pub use pages::Pages;
pub use past_calls::PastCalls;
pub use past_visits::PastVisits;
pub use routing::{Opportunities, Reservations};
pub use screening::ScreeningRecords;
pub use sounds::{Decoder, SoundFiles, Speech};
pub use webhooks::{CarrierMedia, RecordingFetches, RecordingMaker};

/// Why a port could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Something unique exists already, or something referred to does not.
    #[error("conflicts with what is stored: {0}")]
    Conflict(String),
    /// The queue in front of the store is full.
    #[error("the write queue is full")]
    Overloaded,
    /// The store is away or did not answer in time.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// What a port answers.
pub type PortResult<T> = Result<T, PortError>;
