//! What people ask of calls that are on the line: the way from outside to a call's own task.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use trunkline_core::base::id::CallId;
use trunkline_engine::ports::Lines;

/// Orders that may wait for a call.
const ORDERS_MAX: usize = 4;
/// Longest wait for a call to take an order.
const ORDER_WAIT: Duration = Duration::from_secs(2);

/// Something a person asks of a call.
#[derive(Debug)]
pub(crate) struct Order {
    /// Whether the recording is to rest.
    pub(super) rest: bool,
    /// Whether it was being recorded at all.
    pub(super) done: oneshot::Sender<bool>,
}

/// The calls on the line.
#[derive(Debug, Default)]
pub(crate) struct LiveCalls(Mutex<HashMap<CallId, mpsc::Sender<Order>>>);

/// The orders for one call; dropped, the call takes none any more.
#[derive(Debug)]
pub(super) struct Orders {
    calls: Arc<LiveCalls>,
    call: CallId,
    queue: mpsc::Receiver<Order>,
}

impl LiveCalls {
    /// A call that takes orders.
    pub(super) fn take_orders(self: &Arc<Self>, call: CallId) -> Orders {
        let (orders, queue) = mpsc::channel(ORDERS_MAX);
        self.calls().insert(call, orders);
        Orders {
            calls: Arc::clone(self),
            call,
            queue,
        }
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<CallId, mpsc::Sender<Order>>> {
        // Every change of the map is complete, so a panic elsewhere leaves it valid.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        self.calls.calls().remove(&self.call);
    }
}

impl Orders {
    /// The next order. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Order {
        match self.queue.recv().await {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Lines for LiveCalls {
    async fn rest_recording(&self, call: CallId, rest: bool) -> bool {
        let Some(orders) = self.calls().get(&call).cloned() else {
            return false;
        };
        let (done, taken) = oneshot::channel();
        let ordering = async {
            orders.send(Order { rest, done }).await.ok()?;
            taken.await.ok()
        };
        let taken = tokio::time::timeout(ORDER_WAIT, ordering).await;
        taken.ok().flatten().unwrap_or(false)
    }
}
