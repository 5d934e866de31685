//! What people sound like: voices that can be told apart, and ears that check what was heard.

mod ear;
mod speech;
mod voice;

pub use ear::{find, similarity, strength};
pub use speech::{Part, Speaker, Talk};
pub use voice::{Sound, Voice};

/// Samples in one second: G.711's rate.
pub const RATE: usize = 8_000;
/// Samples in one packet of 20 ms.
pub const FRAME: usize = RATE / 50;
