//! The station: starts the listeners, hands calls to their tasks, drains and stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use trunkline_engine::call::control::CallControl;
use trunkline_engine::call::trunk::{TrunkControl, TrunkLines};
use trunkline_engine::ports::Lines;

use crate::call::admission::{Gate, LOOK_EVERY};
use crate::call::{Core, LiveCalls, take};
use crate::config::VoiceConfig;
use crate::counters::{Counters, Snapshot};
use crate::media::ports::PortPool;
use crate::recording::{Recorder, RecorderSettings};
use crate::sip::ingress::Ingress;
use crate::sip::peers::Peers;
use crate::sip::reason::Reasons;
use crate::sip::stack::{Listen, SERVER, SipStack};
use crate::tasks::Tasks;
use crate::trunk::{Carriers, Tending};

/// How often a drain looks whether the calls have ended.
const DRAIN_LOOK: Duration = Duration::from_millis(50);
/// Time for hang-ups to be answered after the drain's deadline.
const HANG_UP_GRACE: Duration = Duration::from_secs(2);

/// Looks again and again how late this very task is, as everything else of the station then is.
async fn watch_lateness(gate: Arc<Gate>, stop: CancellationToken) {
    loop {
        let due = tokio::time::Instant::now() + LOOK_EVERY;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep_until(due) => gate.look(due.elapsed()),
        }
    }
}

/// A running station.
pub struct Voice {
    stack: Arc<SipStack>,
    carriers: Arc<Carriers>,
    tending: Option<Tending>,
    gate: Arc<Gate>,
    ports: Arc<PortPool>,
    counters: Arc<Counters>,
    tasks: Tasks,
    live: Arc<LiveCalls>,
    stop: CancellationToken,
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(tending) = &self.tending {
            tending.abandon();
        }
        self.stack.stop();
    }
}

impl Voice {
    /// Opens the listeners and takes calls.
    ///
    /// # Errors
    /// When an address cannot be bound or the recording writer cannot be started.
    pub async fn start(config: VoiceConfig, control: Arc<dyn CallControl>) -> io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let gate = Arc::new(Gate::new(
            config.calls_max,
            config.setups_per_second,
            Instant::now(),
        ));
        let tasks = Tasks::default();
        let reasons = Arc::new(Reasons::default());
        let ingress = Arc::new(Ingress::new(
            Arc::clone(&control),
            Arc::clone(&gate),
            Arc::clone(&counters),
            Arc::clone(&reasons),
            Arc::new(Peers::new(config.private_peers)),
            SERVER,
        ));
        let listen = Listen {
            udp: config.udp,
            tcp: config.tcp,
            tls: config.tls,
            external: config.external_address,
            home: config.home,
            goodbye: Duration::from_millis(config.goodbye_ms.into()),
        };
        let (stack, incoming) = SipStack::start(&listen, ingress, tasks.clone()).await?;
        let (first, last) = config.rtp_ports;
        let ports = Arc::new(PortPool::new(config.udp.ip(), first, last));
        let settings = RecorderSettings {
            free_bytes_min: config.recording_free_bytes_min,
        };
        let stop = CancellationToken::new();
        let first_response = Duration::from_millis(config.first_response_ms.into());
        let carriers = Arc::new(Carriers {
            stack: Arc::clone(&stack),
            ports: Arc::clone(&ports),
            advertised: stack.advertised(),
            first_response,
            min_session_s: config.min_session_s,
        });
        tokio::spawn(watch_lateness(Arc::clone(&gate), stop.clone()));
        let live = Arc::new(LiveCalls::default());
        let core = Arc::new(Core {
            control,
            dialler: Arc::new(Arc::clone(&stack)),
            ports: Arc::clone(&ports),
            recorder: Recorder::start(settings, Arc::clone(&counters))?,
            counters: Arc::clone(&counters),
            reasons,
            tasks: tasks.clone(),
            live: Arc::clone(&live),
            advertised: stack.advertised(),
            first_response,
            min_session_s: config.min_session_s,
            private_peers: config.private_peers,
            stop: stop.clone(),
            origins: AtomicU64::new(crate::call::now().as_millis().unsigned_abs()),
        });
        let (entrance, spawner) = (Arc::clone(&gate), tasks.clone());
        let refused = Arc::clone(&counters);
        stack.serve(incoming, move |invitation| {
            let core = Arc::clone(&core);
            match entrance.enter() {
                Some(place) => drop(spawner.spawn(take(core, invitation, place))),
                None => {
                    refused.refused_overload.one();
                    let headers = vec![("Retry-After", "5".to_owned())];
                    drop(spawner.spawn(invitation.refuse(503, "Service Unavailable", headers)));
                }
            }
        });
        Ok(Self {
            stack,
            carriers,
            tending: None,
            gate,
            ports,
            counters,
            tasks,
            live,
            stop,
        })
    }

    /// The bound UDP address.
    #[must_use]
    pub fn udp_addr(&self) -> SocketAddr {
        self.stack.addresses().0
    }

    /// The bound TCP address, when TCP is on.
    #[must_use]
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        self.stack.addresses().1
    }

    /// The bound TLS address, when there is a certificate.
    #[must_use]
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.stack.tls_address()
    }

    /// Tends trunks from now on: pings them, registers at those that want it, and follows changes.
    pub fn tend(&mut self, control: Arc<dyn TrunkControl>) {
        let tending = Tending::start(Arc::clone(&self.stack), control);
        if let Some(before) = self.tending.replace(tending) {
            before.abandon();
        }
    }

    /// A way to try trunks.
    #[must_use]
    pub fn carriers(&self) -> Arc<dyn TrunkLines> {
        Arc::clone(&self.carriers) as Arc<dyn TrunkLines>
    }

    /// The way to calls on the line.
    #[must_use]
    pub fn lines(&self) -> Arc<dyn Lines> {
        self.live.clone()
    }

    /// What is open now and what was counted.
    #[must_use]
    pub fn counters(&self) -> Snapshot {
        Snapshot {
            calls: self.gate.calls(),
            dialogs: self.stack.dialogs(),
            port_pairs: self.ports.pairs_open(),
            tasks: self.tasks.running(),
            ..self.counters.snapshot()
        }
    }

    /// From now on new calls are answered 503; those in progress go on.
    pub fn drain(&self) {
        self.gate.drain();
    }

    /// Takes no new calls and its registrations back, lets calls in progress end until `deadline` has passed, ends the
    /// rest, and closes everything. Dropping a station instead closes it at once.
    pub async fn shutdown(mut self, deadline: Duration) {
        self.drain();
        if let Some(tending) = self.tending.take() {
            tending.end().await;
        }
        self.wait_for_calls(deadline).await;
        self.stop.cancel();
        self.wait_for_calls(HANG_UP_GRACE).await;
        self.wait(HANG_UP_GRACE, |s| s.tasks == 0).await;
    }

    async fn wait_for_calls(&self, longest: Duration) {
        self.wait(longest, |s| s.calls == 0).await;
    }

    async fn wait(&self, longest: Duration, done: impl Fn(&Snapshot) -> bool) {
        let until = Instant::now() + longest;
        while Instant::now() < until && !done(&self.counters()) {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    }
}
