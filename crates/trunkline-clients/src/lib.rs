//! Outgoing HTTP: what this server asks of others on somebody's behalf. Addresses that people set go through one guarded
//! client, which reaches the open Internet and nothing else. Speech engines are the operator's choice.

mod ask;
mod buyers;
mod carriers;
mod guard;
mod markup;
mod media;
mod page;
mod speech;

pub use ask::AskClient;
pub use buyers::{
    ANSWER_BYTES_MAX, BuyerClient, IDLE_FOR, IDLE_MAX, IN_FLIGHT_MAX, MailClient, MailSettings,
    MailTls, PER_DESTINATION_MAX,
};
pub use carriers::CarrierClient;
pub use media::MediaClient;
pub use page::PageClient;
pub use speech::{SpeechChoice, SpeechProgram, find_speech};
