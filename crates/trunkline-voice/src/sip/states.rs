//! Brings what the stack tells of its dialogs to the legs they belong to.
//!
//! A channel of states sets aside room for 32 of them, some 10 KiB, for as long as there is a dialog. So all dialogs tell
//! through one, and each leg has a queue of boxes.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, DialogStateSender};
use tokio::sync::mpsc;

use super::SipError;

/// States that wait for a leg. A leg takes them as they come; one that lets more wait is taken to be over.
const WAITING_MAX: usize = 128;

/// The states of all dialogs.
pub(super) struct States {
    told: DialogStateSender,
    routes: Arc<Routes>,
}

/// The states of one leg, in order.
pub(super) struct LegStates {
    key: u64,
    routes: Arc<Routes>,
    queue: mpsc::Receiver<Box<DialogState>>,
}

struct Routes {
    /// Held while what it gives is brought to its leg, so that order is kept whoever does it.
    states: Mutex<DialogStateReceiver>,
    legs: Mutex<HashMap<u64, mpsc::Sender<Box<DialogState>>>>,
    keys: RandomState,
}

impl States {
    /// Over a channel of the stack. What is told is brought to the legs until nobody can tell anything any more.
    pub(super) fn start(told: DialogStateSender, states: DialogStateReceiver) -> Self {
        let routes = Arc::new(Routes {
            states: Mutex::new(states),
            legs: Mutex::default(),
            keys: RandomState::new(),
        });
        let bringing = Arc::clone(&routes);
        tokio::spawn(async move { bringing.run().await });
        Self { told, routes }
    }

    /// Makes a dialog, whose states come out of what is returned beside it.
    pub(super) fn of<T>(
        &self,
        make: impl FnOnce(DialogStateSender) -> Result<T, SipError>,
        id: impl FnOnce(&T) -> DialogId,
    ) -> Result<(T, LegStates), SipError> {
        // Held over both: a dialog may tell of itself before it is returned.
        let mut legs = hold(&self.routes.legs);
        let made = make(self.told.clone())?;
        let key = self.routes.key(&id(&made));
        let (sender, queue) = mpsc::channel(WAITING_MAX);
        legs.insert(key, sender);
        let routes = Arc::clone(&self.routes);
        Ok((made, LegStates { key, routes, queue }))
    }
}

impl LegStates {
    /// The next state. May be dropped and called again.
    pub(super) async fn recv(&mut self) -> Option<DialogState> {
        self.queue.recv().await.map(|state| *state)
    }

    /// The next of those that were told until now.
    pub(super) fn try_recv(&mut self) -> Option<DialogState> {
        self.routes.catch_up();
        self.queue.try_recv().ok().map(|state| *state)
    }
}

impl Drop for LegStates {
    fn drop(&mut self) {
        hold(&self.routes.legs).remove(&self.key);
    }
}

impl Routes {
    async fn run(&self) {
        let brought = |context: &mut std::task::Context<'_>| {
            let mut states = hold(&self.states);
            match states.poll_recv(context) {
                Poll::Ready(Some(state)) => {
                    self.bring(state);
                    Poll::Ready(true)
                }
                Poll::Ready(None) => Poll::Ready(false),
                Poll::Pending => Poll::Pending,
            }
        };
        while poll_fn(brought).await {}
    }

    /// Brings everything that was told until now.
    fn catch_up(&self) {
        let mut states = hold(&self.states);
        while let Ok(state) = states.try_recv() {
            self.bring(state);
        }
    }

    /// Those of a leg that is over are nobody's any more.
    fn bring(&self, state: DialogState) {
        let key = self.key(state.id());
        let mut legs = hold(&self.legs);
        let told = legs.get(&key).map(|leg| leg.try_send(Box::new(state)));
        if let Some(Err(error)) = told {
            if matches!(error, mpsc::error::TrySendError::Full(_)) {
                tracing::warn!("a leg that takes no more states of its dialog is ended");
            }
            legs.remove(&key);
        }
    }

    /// What of a dialog stays the same. The far end's tag is learnt late, and a call that comes back to us has one Call-ID for both legs.
    fn key(&self, id: &DialogId) -> u64 {
        self.keys.hash_one((&id.call_id, &id.local_tag))
    }
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in one leg must not end the others: every change of these is complete.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(local: &str, remote: &str) -> DialogId {
        DialogId {
            call_id: "one".to_owned(),
            local_tag: local.to_owned(),
            remote_tag: remote.to_owned(),
        }
    }

    #[tokio::test]
    async fn states_reach_their_leg_in_order_and_at_once_when_it_asks() {
        let (told, states) = mpsc::unbounded_channel();
        let states = States::start(told, states);
        let leg = |id: DialogId| {
            let made = states.of(|told| Ok((told, id)), |(_, id)| id.clone());
            let ((told, _), leg) = made.unwrap();
            (told, leg)
        };
        // A call that comes back to us: both legs have its Call-ID.
        let (told, mut out) = leg(id("a", ""));
        let (_, mut back) = leg(id("b", "a"));
        told.send(DialogState::Calling(id("a", ""))).unwrap();
        told.send(DialogState::Trying(id("b", "a"))).unwrap();
        told.send(DialogState::Trying(id("a", "b"))).unwrap();
        assert!(matches!(out.try_recv(), Some(DialogState::Calling(_))));
        assert!(matches!(out.try_recv(), Some(DialogState::Trying(_))));
        assert!(out.try_recv().is_none());
        assert!(matches!(back.recv().await, Some(DialogState::Trying(_))));
        // What is told of a leg that is over holds nobody up.
        drop(out);
        told.send(DialogState::Trying(id("a", "b"))).unwrap();
        told.send(DialogState::Calling(id("b", "a"))).unwrap();
        assert!(matches!(back.recv().await, Some(DialogState::Calling(_))));
    }

    #[tokio::test]
    async fn a_leg_that_lets_too_many_states_wait_is_over_and_no_other() {
        let (told, states) = mpsc::unbounded_channel();
        let states = States::start(told, states);
        let leg = |id: DialogId| {
            let made = states.of(|told| Ok((told, id)), |(_, id)| id.clone());
            made.unwrap()
        };
        let ((told, _), mut stuck) = leg(id("a", ""));
        let (_, mut other) = leg(id("b", ""));
        for _ in 0..=WAITING_MAX {
            told.send(DialogState::Trying(id("a", "c"))).unwrap();
        }
        told.send(DialogState::Trying(id("b", "c"))).unwrap();
        assert!(matches!(other.try_recv(), Some(DialogState::Trying(_))));
        for _ in 0..WAITING_MAX {
            assert!(stuck.recv().await.is_some());
        }
        assert!(stuck.recv().await.is_none());
    }
}
