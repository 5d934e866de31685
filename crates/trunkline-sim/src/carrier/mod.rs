//! A telephone company: places calls to Trunkline and answers the calls Trunkline places, with real
//! SIP and RTP over UDP. It shares no code with Trunkline's own SIP, so that each tests the other.

mod call;
mod dial;
mod exchange;
mod leg;
mod line;
mod media;
mod message;
mod sdp;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_core::base::{Country, PhoneNumber};

pub use call::{CallHandle, Ending, Progress, Why};
pub use dial::{DialPlan, HangsUp};
pub use line::{Behaviour, Line};

use crate::audio::{Speaker, Talk, Voice};
use crate::chance::Chance;
use leg::{ALLOW, Dialog, Leg, Received};
use media::{Heard, Media};
use message::{Message, Start, user_of};

/// Largest SIP message that is read.
const MESSAGE_MAX: usize = 65_536;
/// Messages of one call that wait; more are lost, as datagrams are.
const INBOX_MAX: usize = 32;
/// Arrived calls an observer may lag behind.
const ARRIVALS_MAX: usize = 256;
/// How long a stop waits for goodbyes to be answered.
const STOP_WAIT: Duration = Duration::from_millis(1_800);

/// How a carrier is set up.
#[derive(Debug, Clone)]
pub struct CarrierConfig {
    /// The address it lives at; its SIP port is chosen by the system.
    pub bind: IpAddr,
    /// Where it sends calls: Trunkline's SIP address. Requests are taken from that IP only.
    pub trunk: SocketAddr,
    /// Makes its tags; two carriers may share it.
    pub seed: u64,
    /// Most ends of calls at one time; more are refused.
    pub calls_max: usize,
    /// Whether what is heard is kept (tests), up to five minutes for each end.
    pub keeps_audio: bool,
}

impl CarrierConfig {
    /// On loopback, for a Trunkline at `trunk`.
    #[must_use]
    pub const fn new(trunk: SocketAddr) -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            trunk,
            seed: 1,
            calls_max: 200,
            keeps_audio: true,
        }
    }
}

/// Why a call was not placed.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// All lines are taken.
    #[error("all lines of the simulated carrier are taken")]
    Full,
    /// It has stopped.
    #[error("the simulated carrier has stopped")]
    Stopped,
    /// No port for sound.
    #[error("no port for sound: {0}")]
    Io(#[from] io::Error),
}

/// A running carrier. Dropping it cuts every call off; [`Carrier::stop`] says goodbye first.
pub struct Carrier(Arc<Shared>);

impl Drop for Carrier {
    fn drop(&mut self) {
        self.0.cut.cancel();
    }
}

impl Carrier {
    /// Opens the SIP port and starts to listen.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(config: CarrierConfig) -> io::Result<Self> {
        let socket = Arc::new(UdpSocket::bind(SocketAddr::new(config.bind, 0)).await?);
        let shared = Arc::new(Shared {
            address: socket.local_addr()?,
            socket,
            lines: Mutex::default(),
            meetings: Mutex::default(),
            inboxes: Mutex::default(),
            places: Arc::new(Semaphore::new(config.calls_max)),
            arrivals: broadcast::channel(ARRIVALS_MAX).0,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            calls: AtomicU64::new(0),
            chance: Mutex::new(Chance::new(config.seed)),
            started: std::time::UNIX_EPOCH.elapsed().map_or(0, |e| e.as_nanos()),
            config,
        });
        tokio::spawn(listen(Arc::clone(&shared)));
        Ok(Self(shared))
    }

    /// Where its SIP is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Puts a telephone on a number, or another one in its place.
    pub fn connect(&self, number: PhoneNumber, line: Line) {
        hold(&self.0.lines).insert(number, line);
    }

    /// Ends of calls at this moment.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.0.config.calls_max - self.0.places.available_permits()
    }

    /// The calls that arrive at the lines from now on. A reader that is too slow misses some.
    #[must_use]
    pub fn arrivals(&self) -> broadcast::Receiver<CallHandle> {
        self.0.arrivals.subscribe()
    }

    /// Dials a number over the trunk.
    ///
    /// # Errors
    /// When all lines are taken, no port is free, or the carrier stops.
    pub async fn dial(&self, plan: DialPlan) -> Result<CallHandle, CarrierError> {
        let shared = &self.0;
        if shared.stop.is_cancelled() {
            return Err(CarrierError::Stopped);
        }
        let place = Arc::clone(&shared.places)
            .try_acquire_owned()
            .map_err(|_| CarrierError::Full)?;
        let call = shared.calls.fetch_add(1, Ordering::Relaxed);
        let ip = shared.address.ip();
        let dialog = Dialog {
            socket: Arc::clone(&shared.socket),
            local_address: shared.address,
            peer: shared.config.trunk,
            call_id: format!("{call}-{}-{}@{ip}", shared.address.port(), shared.started),
            local: format!("<sip:{}@{}>", plan.from, shared.address),
            local_tag: shared.tag(),
            remote: format!("<sip:{}@{}>", plan.to, shared.config.trunk),
            remote_tag: None,
            target: format!("sip:{}@{}", plan.to, shared.config.trunk),
            sequence: 1,
        };
        let opened = shared
            .open(dialog, Some(plan.from), plan.to, plan.voice, place)
            .await?;
        shared.meet(call, &plan);
        let handle = opened.handle.clone();
        let shared = Arc::clone(shared);
        self.0.tasks.spawn(async move {
            run(opened, &shared, async |leg| dial::place(leg, &plan).await).await;
            hold(&shared.meetings).retain(|_, meeting| meeting.call != call);
        });
        Ok(handle)
    }

    /// Hangs every call up and ends; everything is closed within two seconds.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        if timeout(STOP_WAIT, self.0.tasks.wait()).await.is_err() {
            tracing::debug!(
                calls = self.in_progress(),
                "calls of the simulated carrier were cut off"
            );
        }
        self.0.cut.cancel();
        self.0.tasks.wait().await;
    }
}
