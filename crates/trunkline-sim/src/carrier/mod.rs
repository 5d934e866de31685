//! A telephone company: places calls to Trunkline and answers the calls Trunkline places, with real
//! SIP and RTP over UDP. It shares no code with Trunkline's own SIP, so that each tests the other.

mod call;
mod dial;
mod exchange;
mod keys;
mod leg;
mod line;
mod media;
mod message;
mod sdp;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::timeout;
use trunkline_core::base::PhoneNumber;

pub use call::{CallHandle, Ending, KeyForm, Progress, Why};
pub use dial::{DialPlan, HangsUp};
pub use line::{Behaviour, Line};

use exchange::{Exchange, run};

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
pub struct Carrier(Arc<Exchange>);

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
        Exchange::start(config).await.map(Self)
    }

    /// Where its SIP is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Puts a telephone on a number, or another one in its place.
    pub fn connect(&self, number: PhoneNumber, line: Line) {
        self.0.connect(number, line);
    }

    /// Ends of calls at this moment.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.0.in_progress()
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
        let exchange = Arc::clone(&self.0);
        if exchange.stop.is_cancelled() {
            return Err(CarrierError::Stopped);
        }
        let place = exchange.place().ok_or(CarrierError::Full)?;
        let dialog = exchange.dialling(&plan);
        let opened = exchange
            .open(dialog, Some(plan.from), plan.to, plan.voice, place)
            .await?;
        let handle = opened.handle.clone();
        self.0.tasks.spawn(async move {
            let _meeting = exchange.meet(&plan);
            run(opened, &exchange, async |leg| dial::place(leg, &plan).await).await;
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
