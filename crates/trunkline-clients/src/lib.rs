//! Outgoing HTTP: what this server asks of others on somebody's behalf. Addresses that people set go through one guarded
//! client, which reaches the open Internet and nothing else.

mod ask;
mod guard;
mod markup;
mod media;
mod page;

pub use ask::AskClient;
pub use guard::is_public;
pub use media::MediaClient;
pub use page::PageClient;
