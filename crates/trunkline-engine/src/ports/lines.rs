//! What can be asked of a call that is on the line.

use async_trait::async_trait;
use trunkline_core::base::id::CallId;

/// Calls on the line, as their performer holds them.
#[async_trait]
pub trait Lines: Send + Sync {
    /// Lets the recording of a call rest, or go on; `false` when nothing of the call is being recorded now. What is said
    /// meanwhile is silence in the recording, as long as it took.
    async fn rest_recording(&self, call: CallId, rest: bool) -> bool;
}
