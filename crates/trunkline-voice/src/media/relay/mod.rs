//! The relay of one call: the media of every end it has, and what they hear.
//!
//! One task (`worker`) owns all sockets and all state, so the path of a packet takes no lock and allocates nothing. Caller
//! and destination are bridged: packets of each leave by the other's socket. An end that is not bridged can be spoken
//! and listened to. The task learns about session descriptions, bridging, sounds, recording and watching through a small
//! command queue, tells what it heard through another, and gives its measurements back when it is stopped.

mod port;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use trunkline_engine::call::control::TrunkProfile;

use super::Seat;
use super::g711::Law;
use super::ports::PortPair;
use super::quality::Measured;
use crate::counters::Counters;
use crate::recording::Tap;
use crate::tasks::Tasks;

pub(crate) use super::ears::{Listening, Sign, Spoken};
pub(crate) use super::player::Speech;

/// Commands that may wait for the relay.
const COMMANDS_MAX: usize = 64;
/// What was heard and may wait for the call; what comes on top is lost, as a caller who drums on the keys expects.
const HEARD_MAX: usize = 64;

/// How many times the limit one side alone may be silent. A muted phone or suppressed silence is no
/// dead call; the session timers watch the legs meanwhile.
const ONE_SIDE_FACTOR: u32 = 10;

/// Where an end's media goes and what it speaks, from its session description.
#[derive(Debug, Clone)]
pub(crate) struct Signalled {
    pub(crate) rtp: Option<SocketAddr>,
    pub(crate) rtcp: Option<SocketAddr>,
    pub(crate) law: Law,
    /// Payload type of telephone events.
    pub(crate) events: Option<u8>,
    pub(crate) trunk: Arc<TrunkProfile>,
}

/// Something that happened in a call's media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) seat: Seat,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The sound of this number was played to its end.
    Played(u32),
    Sign(Sign),
}

/// The queue sets aside room for some dozens of these, so what is large is boxed.
enum Command {
    Open(Seat, Box<PortPair>),
    Close(Seat),
    Signal(Seat, Box<Signalled>),
    /// With whom, and whether they talk: only that is measured.
    Bridge(Option<Seat>, bool),
    Speak(Seat, Option<Speech>),
    Listen(Seat, Option<Listening>),
    IgnoreTones(Seat),
    Record(Option<Box<Tap>>),
    Watch(Option<Duration>),
    Stop(oneshot::Sender<Option<Measured>>),
}

/// Handle of a running relay; dropping it ends the relay.
#[derive(Debug)]
pub(crate) struct Relay {
    commands: mpsc::Sender<Command>,
    heard: mpsc::Receiver<Heard>,
    inactive: Arc<Notify>,
}

impl Relay {
    /// Starts with the caller's port pair.
    pub(crate) fn start(caller: PortPair, counters: Arc<Counters>, tasks: &Tasks) -> Self {
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let (tell, heard) = mpsc::channel(HEARD_MAX);
        let inactive = Arc::new(Notify::new());
        let worker = worker::Worker::new(caller, tell, Arc::clone(&inactive), counters);
        tasks.spawn(worker.run(queue));
        Self {
            commands,
            heard,
            inactive,
        }
    }

    /// Holds the media of one more end.
    pub(crate) async fn open(&self, seat: Seat, pair: PortPair) {
        self.send(Command::Open(seat, Box::new(pair))).await;
    }

    /// Gives the ports of an end back.
    pub(crate) async fn close(&self, seat: Seat) {
        self.send(Command::Close(seat)).await;
    }

    /// An end's description named where its media goes.
    pub(crate) async fn signal(&self, seat: Seat, signalled: Signalled) {
        self.send(Command::Signal(seat, Box::new(signalled))).await;
    }

    /// Lets the caller hear a destination that has not answered yet; `None` parts them.
    pub(crate) async fn bridge(&self, seat: Option<Seat>) {
        self.send(Command::Bridge(seat, false)).await;
    }

    /// Lets the caller and this destination talk.
    pub(crate) async fn connect(&self, seat: Seat) {
        self.send(Command::Bridge(Some(seat), true)).await;
    }

    /// Speaks to an end, which then hears nothing else; `None` stops.
    pub(crate) async fn speak(&self, seat: Seat, speech: Option<Speech>) {
        self.send(Command::Speak(seat, speech)).await;
    }

    /// Listens to an end; `None` stops.
    pub(crate) async fn listen(&self, seat: Seat, listening: Option<Listening>) {
        self.send(Command::Listen(seat, listening)).await;
    }

    /// Tones of this end are no keys any more, because it presses them in a better form.
    pub(crate) async fn ignore_tones(&self, seat: Seat) {
        self.send(Command::IgnoreTones(seat)).await;
    }

    /// Starts or stops handing the sound of caller and bridged destination to a recording.
    pub(crate) async fn record(&self, tap: Option<Tap>) {
        self.send(Command::Record(tap.map(Box::new))).await;
    }

    /// Watches for a call whose sides both send nothing for `limit`, or one of them for
    /// [`ONE_SIDE_FACTOR`] times as long; `None` stops watching (hold).
    pub(crate) async fn watch(&self, limit: Option<Duration>) {
        self.send(Command::Watch(limit)).await;
    }

    /// What was heard next; `None` when a watched call has been silent for too long.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        tokio::select! {
            Some(heard) = self.heard.recv() => Some(heard),
            () = self.inactive.notified() => None,
        }
    }

    /// Ends the relay and closes its sockets; the worst direction there was, if anything was received.
    pub(crate) async fn stop(self) -> Option<Measured> {
        let (reply, measured) = oneshot::channel();
        self.send(Command::Stop(reply)).await;
        measured.await.ok().flatten()
    }

    async fn send(&self, command: Command) {
        // The worker only ends when this handle does, so the queue is never closed here.
        let _ = self.commands.send(command).await;
    }
}

/// Whether a call whose sides have been silent for so long is over. A caller who is alone counts as one side.
pub(super) fn is_dead(caller: Duration, destination: Option<Duration>, limit: Duration) -> bool {
    let other = destination.unwrap_or_default();
    caller.min(other) >= limit || caller.max(other) >= limit.saturating_mul(ONE_SIDE_FACTOR)
}
