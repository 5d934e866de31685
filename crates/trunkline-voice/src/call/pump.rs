//! Brings a call's events to the engine, one after the other, and its actions back.
//!
//! The call never waits for the engine while it must listen to its legs; an event that was told
//! is carried out to its end even when the caller is gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use trunkline_core::base::id::CallId;
use trunkline_core::call::flow::FlowEvent;
use trunkline_engine::call::control::{Action, CallControl};

use crate::tasks::Tasks;

/// Events, and answers to them, that may wait.
const WAITING_MAX: usize = 16;
/// Longest wait for the engine to take the last events before the call is reported as ended.
const FINISH_MAX: Duration = Duration::from_secs(30);

/// The way to the engine of one call.
#[derive(Debug)]
pub(crate) struct Pump {
    events: mpsc::Sender<FlowEvent>,
    actions: mpsc::Receiver<Vec<Action>>,
    unanswered: usize,
    task: JoinHandle<()>,
}

impl Pump {
    pub(crate) fn start(control: Arc<dyn CallControl>, call: CallId, tasks: &Tasks) -> Self {
        let (events, mut told) = mpsc::channel(WAITING_MAX);
        let (answers, actions) = mpsc::channel(WAITING_MAX);
        let task = tasks.spawn(async move {
            while let Some(event) = told.recv().await {
                let next = control.event(call, event).await;
                // The call may have stopped listening; its last events are told all the same.
                let _ = answers.try_send(next);
            }
        });
        Self {
            events,
            actions,
            unanswered: 0,
            task,
        }
    }

    /// Tells an event; its actions come out of [`Self::next`].
    pub(crate) async fn tell(&mut self, event: FlowEvent) {
        if self.events.send(event).await.is_ok() {
            self.unanswered += 1;
        }
    }

    /// The actions of the oldest unanswered event; waits for ever when there is none.
    pub(crate) async fn next(&mut self) -> Vec<Action> {
        if let Some(actions) = self.actions.recv().await {
            self.unanswered = self.unanswered.saturating_sub(1);
            return actions;
        }
        std::future::pending().await
    }

    /// Whether every event was answered.
    pub(crate) const fn is_settled(&self) -> bool {
        self.unanswered == 0
    }

    /// Waits until the engine has taken everything.
    pub(crate) async fn finish(self) {
        drop(self.events);
        if tokio::time::timeout(FINISH_MAX, self.task).await.is_err() {
            tracing::warn!("the engine did not take the last events of a call in time");
        }
    }
}
