//! The tasks of the station, counted so that shutdown can wait and tests can see none is left.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// Spawns tasks and counts those that have not ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks(TaskTracker);

impl Tasks {
    pub(crate) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.spawn(task)
    }

    /// Tasks that have not ended.
    pub(crate) fn running(&self) -> usize {
        self.0.len()
    }
}
