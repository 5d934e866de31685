//! The live streams that are open: how many there may be, and when they ask again whether their login or
//! key still stands.

use tokio::sync::watch;

use crate::auth::Credential;
use crate::places::{Place, Places};

/// Most streams of one login or key; a dashboard has one per tab.
const STREAMS_PER_LOGIN_MAX: usize = 16;
/// Most streams of all.
const STREAMS_MAX: usize = 2_000;

/// The open streams.
#[derive(Debug)]
pub(crate) struct Streams {
    places: Places<Credential>,
    again: watch::Sender<()>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            places: Places::new(STREAMS_PER_LOGIN_MAX, STREAMS_MAX),
            again: watch::Sender::new(()),
        }
    }
}

impl Streams {
    /// A place for a stream, and the signal to ask again; `None` when too many are open.
    pub(crate) fn open(
        &self,
        credential: Credential,
    ) -> Option<(Place<Credential>, watch::Receiver<()>)> {
        Some((self.places.take(credential)?, self.again.subscribe()))
    }

    /// A login or key ended or changed here: every stream asks again at once.
    pub(crate) fn ask_again(&self) {
        self.again.send_replace(());
    }
}
