//! The relay of one call: packets of each side leave by the other side's socket, unchanged.
//!
//! One task owns the four sockets and all state, so the path of a packet takes no lock and
//! allocates nothing. It learns about new session descriptions, recording and watching through a
//! small command queue, and gives its measurements back when it is stopped.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::sync::{Notify, mpsc, oneshot};
use trunkline_engine::call::control::TrunkProfile;

use super::Side;
use super::g711::Law;
use super::latch::Latch;
use super::ports::PortPair;
use super::quality::{Measured, Quality};
use super::rtp;
use crate::counters::Counters;
use crate::recording::Tap;
use crate::tasks::Tasks;

/// Longest datagram that is relayed; longer ones are no voice.
const DATAGRAM_MAX: usize = 1500;
/// Packets taken from one socket before the others get their turn.
const BURST_MAX: usize = 16;
/// Commands that may wait for the relay.
const COMMANDS_MAX: usize = 32;
/// How often inactivity is checked and counters are published.
const TICK: Duration = Duration::from_millis(250);

/// How many times the limit one side alone may be silent. A muted phone or suppressed silence is no
/// dead call; the session timers watch the legs meanwhile.
const ONE_SIDE_FACTOR: u32 = 10;

/// What one call's relay measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    /// Per side: what was received from it.
    pub(crate) received: [Measured; 2],
}

/// Where a side's media goes, from its session description.
#[derive(Debug, Clone)]
pub(crate) struct Signalled {
    pub(crate) rtp: Option<SocketAddr>,
    pub(crate) rtcp: Option<SocketAddr>,
    pub(crate) trunk: Arc<TrunkProfile>,
}

enum Command {
    Signal(Side, Signalled),
    Record(Option<Tap>),
    Watch(Option<Duration>),
    Stop(oneshot::Sender<Report>),
}

/// Handle of a running relay; dropping it ends the relay.
#[derive(Debug)]
pub(crate) struct Relay {
    commands: mpsc::Sender<Command>,
    inactive: Arc<Notify>,
    ports: [u16; 2],
}

impl Relay {
    /// Starts relaying between the two port pairs (caller's, destination's).
    pub(crate) fn start(pairs: [PortPair; 2], counters: Arc<Counters>, tasks: &Tasks) -> Self {
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let inactive = Arc::new(Notify::new());
        let ports = [pairs[0].port, pairs[1].port];
        let worker = Worker::new(pairs, Arc::clone(&inactive), counters);
        tasks.spawn(worker.run(queue));
        Self {
            commands,
            inactive,
            ports,
        }
    }

    /// The RTP port facing a side.
    pub(crate) const fn port(&self, side: Side) -> u16 {
        self.ports[side.index()]
    }

    /// A side's description named where its media goes.
    pub(crate) async fn signal(&self, side: Side, signalled: Signalled) {
        self.send(Command::Signal(side, signalled)).await;
    }

    /// Starts or stops handing the audio to a recording.
    pub(crate) async fn record(&self, tap: Option<Tap>) {
        self.send(Command::Record(tap)).await;
    }

    /// Watches for a call whose sides both send nothing for `limit`, or one of them for
    /// [`ONE_SIDE_FACTOR`] times as long; `None` stops watching (hold).
    pub(crate) async fn watch(&self, limit: Option<Duration>) {
        self.send(Command::Watch(limit)).await;
    }

    /// Resolves when a watched call has been silent for too long.
    pub(crate) async fn inactive(&self) {
        self.inactive.notified().await;
    }

    /// Ends the relay and closes its sockets.
    pub(crate) async fn stop(self) -> Option<Report> {
        let (reply, report) = oneshot::channel();
        self.send(Command::Stop(reply)).await;
        report.await.ok()
    }

    async fn send(&self, command: Command) {
        // The worker only ends when this handle does, so the queue is never closed here.
        let _ = self.commands.send(command).await;
    }
}

/// One side as the worker sees it.
struct Port {
    pair: PortPair,
    rtp: Latch,
    rtcp: Latch,
    trunk: Option<Arc<TrunkProfile>>,
    quality: Quality,
    heard_at: Instant,
}

/// Counts kept locally and published at each tick.
#[derive(Default)]
struct Tally {
    relayed: u64,
    strangers: u64,
    malformed: u64,
    unsent: u64,
    unrecorded: u64,
}

struct Worker {
    ports: [Port; 2],
    tap: Option<Tap>,
    watch: Option<Duration>,
    inactive: Arc<Notify>,
    counters: Arc<Counters>,
    tally: Tally,
    buffer: [u8; DATAGRAM_MAX],
}

impl Port {
    fn new(pair: PortPair) -> Self {
        Self {
            pair,
            rtp: Latch::default(),
            rtcp: Latch::default(),
            trunk: None,
            quality: Quality::default(),
            heard_at: Instant::now(),
        }
    }

    fn admits(&mut self, stream: Stream, from: SocketAddr) -> bool {
        let trunk = self.trunk.as_deref();
        let in_list = |ip| trunk.is_some_and(|t| t.admits(ip));
        match stream {
            Stream::Rtp => self.rtp.admits(from, in_list),
            Stream::Rtcp => self.rtcp.admits(from, in_list),
        }
    }
}

#[derive(Clone, Copy)]
enum Stream {
    Rtp,
    Rtcp,
}

impl Worker {
    fn new(pairs: [PortPair; 2], inactive: Arc<Notify>, counters: Arc<Counters>) -> Self {
        Self {
            ports: pairs.map(Port::new),
            tap: None,
            watch: None,
            inactive,
            counters,
            tally: Tally::default(),
            buffer: [0; DATAGRAM_MAX],
        }
    }

    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let [caller, destination] = &self.ports;
            let (side, stream) = tokio::select! {
                () = readable(&caller.pair.rtp) => (Side::Caller, Stream::Rtp),
                () = readable(&destination.pair.rtp) => (Side::Destination, Stream::Rtp),
                () = readable(&caller.pair.rtcp) => (Side::Caller, Stream::Rtcp),
                () = readable(&destination.pair.rtcp) => (Side::Destination, Stream::Rtcp),
                command = commands.recv() => match command {
                    None => break,
                    Some(Command::Stop(reply)) => {
                        self.drain();
                        let _ = reply.send(self.report());
                        break;
                    }
                    Some(command) => { self.obey(command); continue }
                },
                _ = tick.tick() => { self.on_tick(); continue }
            };
            self.pump(side, stream);
        }
        self.publish();
        self.record(None);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Signal(side, signalled) => {
                let port = &mut self.ports[side.index()];
                let learns = signalled.trunk.nat;
                port.rtp.signal(signalled.rtp, learns);
                port.rtcp.signal(signalled.rtcp, learns);
                port.trunk = Some(signalled.trunk);
            }
            Command::Record(tap) => self.record(tap),
            Command::Watch(limit) => {
                let now = Instant::now();
                for port in &mut self.ports {
                    port.heard_at = now;
                }
                self.watch = limit;
            }
            Command::Stop(_) => {}
        }
    }

    fn record(&mut self, tap: Option<Tap>) {
        match (self.tap.is_some(), tap.is_some()) {
            (false, true) => _ = self.counters.recordings.fetch_add(1, Ordering::Relaxed),
            (true, false) => _ = self.counters.recordings.fetch_sub(1, Ordering::Relaxed),
            _ => {}
        }
        self.tap = tap;
    }

    /// Relays what already arrived, so that a hang-up does not cut the last packets off.
    fn drain(&mut self) {
        for side in [Side::Caller, Side::Destination] {
            self.pump(side, Stream::Rtp);
        }
    }

    /// Takes up to a burst of datagrams from one socket.
    fn pump(&mut self, side: Side, stream: Stream) {
        for _ in 0..BURST_MAX {
            let pair = &self.ports[side.index()].pair;
            let socket = match stream {
                Stream::Rtp => &pair.rtp,
                Stream::Rtcp => &pair.rtcp,
            };
            match socket.try_recv_from(&mut self.buffer) {
                Ok((length, from)) => self.relay(side, stream, length, from),
                Err(_) => return,
            }
        }
    }

    fn relay(&mut self, side: Side, stream: Stream, length: usize, from: SocketAddr) {
        let now = Instant::now();
        let port = &mut self.ports[side.index()];
        if !port.admits(stream, from) {
            self.tally.strangers += 1;
            return;
        }
        let datagram = &self.buffer[..length];
        let well_formed = length < DATAGRAM_MAX
            && match stream {
                Stream::Rtcp => rtp::is_rtcp(datagram),
                Stream::Rtp => rtp::parse(datagram).is_some_and(|packet| {
                    let law = Law::of_payload_type(packet.payload_type);
                    port.quality.on_packet(&packet, law.is_some(), now);
                    if let (Some(tap), Some(law)) = (&self.tap, law) {
                        let payload = &datagram[packet.payload.clone()];
                        self.tally.unrecorded += tap.offer(side, law, &packet, payload, now);
                    }
                    true
                }),
            };
        if !well_formed {
            self.tally.malformed += 1;
            return;
        }
        port.heard_at = now;
        self.forward(side.other(), stream, length);
    }

    fn forward(&mut self, to: Side, stream: Stream, length: usize) {
        let port = &self.ports[to.index()];
        let (socket, latch) = match stream {
            Stream::Rtp => (&port.pair.rtp, &port.rtp),
            Stream::Rtcp => (&port.pair.rtcp, &port.rtcp),
        };
        let Some(target) = latch.target() else { return };
        match socket.try_send_to(&self.buffer[..length], target) {
            Ok(_) => self.tally.relayed += 1,
            Err(_) => self.tally.unsent += 1,
        }
    }

    fn on_tick(&mut self) {
        self.publish();
        let Some(limit) = self.watch else { return };
        let silence = self.ports.each_ref().map(|port| port.heard_at.elapsed());
        if is_dead(silence, limit) {
            self.watch = None;
            self.inactive.notify_one();
        }
    }

    fn publish(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        self.counters.rtp_relayed.add(tally.relayed);
        self.counters.rtp_strangers.add(tally.strangers);
        self.counters.rtp_malformed.add(tally.malformed);
        self.counters.rtp_unsent.add(tally.unsent);
        self.counters.recording_dropped.add(tally.unrecorded);
    }

    fn report(&self) -> Report {
        Report {
            received: [
                self.ports[0].quality.measured(),
                self.ports[1].quality.measured(),
            ],
        }
    }
}

/// Whether a call whose sides have been silent for so long is over.
pub(super) fn is_dead([one, other]: [Duration; 2], limit: Duration) -> bool {
    one.min(other) >= limit || one.max(other) >= limit.saturating_mul(ONE_SIDE_FACTOR)
}

/// Ready when the socket has a datagram; a broken socket is never ready.
async fn readable(socket: &UdpSocket) {
    let ready: io::Result<()> = socket.readable().await;
    if ready.is_err() {
        pending::<()>().await;
    }
}
