//! A call as others see it: how far it is, what its end heard, and a way to hang it up.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use trunkline_core::base::PhoneNumber;

use super::media::Heard;

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The network looks for the other end.
    Dialling,
    /// The other end rings.
    Ringing,
    /// Both can speak.
    Talking,
    /// Over.
    Ended(Ending),
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Why.
    pub why: Why,
    /// The final SIP status of a call that was not connected.
    pub status: Option<u16>,
}

/// Why a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This end hung up.
    HungUp,
    /// The other end hung up.
    FarHungUp,
    /// The other end, or the network, did not take the call.
    Refused,
    /// The caller gave up before it was answered.
    Cancelled,
    /// The other end fell silent: no answer to what was sent.
    Lost,
}

impl Ending {
    pub(super) const fn new(why: Why) -> Self {
        Self { why, status: None }
    }

    pub(super) const fn refused(status: u16) -> Self {
        Self {
            why: Why::Refused,
            status: Some(status),
        }
    }

    /// Whether the two ends were connected.
    #[must_use]
    pub const fn was_connected(&self) -> bool {
        matches!(self.why, Why::HungUp | Why::FarHungUp)
    }
}

/// How a key that is pressed travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// As telephone events beside the sound (RFC 4733).
    Event,
    /// As an INFO request.
    Info,
    /// As its pair of tones in the sound.
    Tone,
}

/// One end of a call.
#[derive(Debug, Clone)]
pub struct CallHandle {
    pub(super) caller: Option<PhoneNumber>,
    pub(super) dialled: PhoneNumber,
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) heard: Arc<Mutex<Heard>>,
    pub(super) keys: mpsc::Sender<(char, KeyForm)>,
    pub(super) hang_up: CancellationToken,
}

impl CallHandle {
    /// Who calls; `None` when the number is withheld.
    #[must_use]
    pub const fn caller(&self) -> Option<PhoneNumber> {
        self.caller
    }

    /// The number that was dialled.
    #[must_use]
    pub const fn dialled(&self) -> PhoneNumber {
        self.dialled
    }

    /// How far the call is now.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Waits until it rings; `false` when it ended instead.
    pub async fn ringing(&self) -> bool {
        self.reach(|p| p != Progress::Dialling).await
    }

    /// Waits until it is answered; `false` when it ended instead.
    pub async fn answered(&self) -> bool {
        self.reach(|p| matches!(p, Progress::Talking | Progress::Ended(_)))
            .await
    }

    /// Waits for the end.
    pub async fn ended(&self) -> Ending {
        let mut progress = self.progress.clone();
        let last = progress
            .wait_for(|p| matches!(p, Progress::Ended(_)))
            .await
            .map(|p| *p);
        match last {
            Ok(Progress::Ended(ending)) => ending,
            // The call's task was cut off.
            _ => Ending::new(Why::Lost),
        }
    }

    /// Hangs up, or gives up when nobody has answered.
    pub fn hang_up(&self) {
        self.hang_up.cancel();
    }

    /// Presses a key of the keypad once both can speak. `false` when the call is over, or nobody could press that fast.
    pub fn press(&self, key: char, form: KeyForm) -> bool {
        self.keys.try_send((key, form)).is_ok()
    }

    /// What this end has heard since it was connected: 8,000 samples a second, lost packets as
    /// silence. Empty on a carrier that does not keep audio.
    #[must_use]
    pub fn heard(&self) -> Vec<i16> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .samples()
            .to_vec()
    }

    /// Waits until at least `ms` of sound was heard; `false` when the call ended before.
    pub async fn hears(&self, ms: u64) -> bool {
        let enough = || {
            self.heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .milliseconds()
                >= ms
        };
        let watch = async {
            while !enough() {
                tokio::time::sleep(super::media::PACKET).await;
            }
        };
        tokio::select! {
            () = watch => true,
            _ = self.ended() => enough(),
        }
    }

    async fn reach(&self, wanted: impl Fn(Progress) -> bool) -> bool {
        let mut progress = self.progress.clone();
        progress
            .wait_for(|p| wanted(*p))
            .await
            .is_ok_and(|p| !matches!(*p, Progress::Ended(_)))
    }
}
