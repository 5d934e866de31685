//! The task of a relay.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};
use tokio::time::sleep_until;

use super::super::g711::Law;
use super::super::ports::PortPair;
use super::super::quality::{Measured, Quality};
use super::super::{LEGS_MAX, Seat, Side, rtp};
use super::port::{Port, Stream};
use super::{Command, Heard, What, is_dead};
use crate::counters::Counters;
use crate::recording::Tap;

/// Longest datagram that is relayed; longer ones are no voice.
const DATAGRAM_MAX: usize = 1500;
/// Packets taken from one socket before the others get their turn.
const BURST_MAX: usize = 16;
/// How often inactivity is checked and counters are published.
const TICK: Duration = Duration::from_millis(250);
/// Time between two packets of our own.
const PACE: Duration = Duration::from_millis(20);
/// Packets of our own sent at once when the timer was late; later than that, the sound pauses instead.
const CATCH_UP_MAX: u32 = 10;

/// Counts kept locally and published at each tick.
#[derive(Default)]
struct Tally {
    relayed: u64,
    spoken: u64,
    strangers: u64,
    malformed: u64,
    unsent: u64,
    unrecorded: u64,
}

pub(super) struct Worker {
    /// By seat; the caller's first.
    ports: Vec<Option<Port>>,
    /// The destination the caller is bridged with.
    bridge: Option<Seat>,
    /// Whether both have answered.
    talking: bool,
    /// The worst direction of bridges that are over.
    worst: Option<Measured>,
    tap: Option<Tap>,
    watch: Option<Duration>,
    heard: mpsc::Sender<Heard>,
    inactive: Arc<Notify>,
    counters: Arc<Counters>,
    tally: Tally,
    /// When the next packets of our own are due.
    speak_at: Instant,
    /// Which socket is looked at first.
    turn: usize,
}

impl Worker {
    pub(super) fn new(
        caller: PortPair,
        heard: mpsc::Sender<Heard>,
        inactive: Arc<Notify>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            ports: vec![Some(Port::new(caller))],
            bridge: None,
            talking: false,
            worst: None,
            tap: None,
            watch: None,
            heard,
            inactive,
            counters,
            tally: Tally::default(),
            speak_at: Instant::now(),
            turn: 0,
        }
    }

    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let pace = sleep_until(self.speak_at.into());
        tokio::pin!(pace);
        loop {
            let speaks = self.speaks();
            let (index, stream) = tokio::select! {
                readable = poll_fn(|context| self.poll_readable(context)) => readable,
                command = commands.recv() => match command {
                    None => break,
                    Some(Command::Stop(reply)) => {
                        self.drain();
                        self.part();
                        let _ = reply.send(self.measured());
                        break;
                    }
                    Some(command) => {
                        self.obey(command);
                        if !speaks && self.speaks() {
                            self.speak_at = Instant::now();
                            pace.as_mut().reset(self.speak_at.into());
                        }
                        continue
                    }
                },
                () = &mut pace, if speaks => {
                    self.say();
                    pace.as_mut().reset(self.speak_at.into());
                    continue
                }
                _ = tick.tick() => { self.on_tick(); continue }
            };
            self.pump(index, stream);
        }
        self.publish();
        self.record(None);
    }

    fn port(&mut self, seat: Seat) -> Option<&mut Port> {
        self.ports.get_mut(seat.index())?.as_mut()
    }

    fn speaks(&self) -> bool {
        self.ports.iter().flatten().any(|p| p.player.is_some())
    }

    /// The next socket that has a datagram, each in its turn.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<(usize, Stream)> {
        let sockets = self.ports.len() * 2;
        for step in 0..sockets {
            let place = (self.turn + step) % sockets;
            let Some(port) = &self.ports[place / 2] else {
                continue;
            };
            let stream = if place.is_multiple_of(2) {
                Stream::Rtp
            } else {
                Stream::Rtcp
            };
            // A broken socket is never ready.
            if let Poll::Ready(Ok(())) = port.socket(stream).poll_recv_ready(context) {
                return Poll::Ready((place / 2, stream));
            }
        }
        Poll::Pending
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Open(seat, pair) => {
                let index = seat.index();
                if index > usize::from(LEGS_MAX) {
                    return;
                }
                if self.ports.len() <= index {
                    self.ports.resize_with(index + 1, || None);
                }
                self.ports[index] = Some(Port::new(*pair));
            }
            Command::Close(seat) => {
                if self.bridge == Some(seat) {
                    self.drain();
                    self.part();
                }
                if let Some(port) = self.ports.get_mut(seat.index()) {
                    *port = None;
                }
            }
            Command::Signal(seat, signalled) => {
                if let Some(port) = self.port(seat) {
                    port.signal(*signalled);
                }
            }
            Command::Bridge(seat, talking) => self.join(seat, talking),
            Command::Speak(seat, speech) => {
                if let Some(port) = self.port(seat) {
                    port.speak(speech);
                }
            }
            Command::Listen(seat, listening) => {
                if let Some(port) = self.port(seat) {
                    port.listen(listening);
                }
            }
            Command::IgnoreTones(seat) => {
                if let Some(ears) = self.port(seat).and_then(|p| p.ears.as_mut()) {
                    ears.ignore_tones();
                }
            }
            Command::Record(tap) => {
                if tap.is_none() {
                    self.drain();
                }
                self.record(tap.map(|tap| *tap));
            }
            Command::Watch(limit) => {
                let now = Instant::now();
                for port in self.ports.iter_mut().flatten() {
                    port.heard_at = now;
                }
                self.watch = limit;
            }
            Command::Stop(_) => {}
        }
    }

    /// Bridges the caller with a destination, or with nobody.
    fn join(&mut self, seat: Option<Seat>, talking: bool) {
        if (self.bridge, self.talking) == (seat, talking) {
            return;
        }
        self.part();
        self.bridge = seat;
        self.talking = talking;
        let now = Instant::now();
        for seat in [Some(Seat::CALLER), seat].into_iter().flatten() {
            if let Some(port) = self.port(seat) {
                // What came before belongs to no bridge.
                port.quality = Quality::default();
                port.heard_at = now;
            }
        }
    }

    /// Ends a bridge and keeps what was measured over it.
    fn part(&mut self) {
        let talked = std::mem::take(&mut self.talking);
        let Some(seat) = self.bridge.take().filter(|_| talked) else {
            return;
        };
        let measured = |seat: Seat| {
            let port = self.ports.get(seat.index())?.as_ref()?;
            Some(port.quality.measured())
        };
        let (Some(caller), Some(destination)) = (measured(Seat::CALLER), measured(seat)) else {
            return;
        };
        let worse = caller.worse(destination);
        if worse.received + worse.lost > 0 {
            self.worst = Some(self.worst.map_or(worse, |worst| {
                if worst.mos() <= worse.mos() {
                    worst
                } else {
                    worse
                }
            }));
        }
    }

    /// The worst direction of all bridges; what came from the caller when there was none.
    fn measured(&self) -> Option<Measured> {
        self.worst.or_else(|| {
            let caller = self.ports.first()?.as_ref()?.quality.measured();
            (caller.received > 0).then_some(caller)
        })
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
        for index in 0..self.ports.len() {
            self.pump(index, Stream::Rtp);
        }
    }

    /// Takes up to a burst of datagrams from one socket.
    fn pump(&mut self, index: usize, stream: Stream) {
        self.turn = index * 2 + 1;
        let mut buffer = [0; DATAGRAM_MAX];
        for _ in 0..BURST_MAX {
            let Some(port) = &self.ports[index] else {
                return;
            };
            match port.socket(stream).try_recv_from(&mut buffer) {
                Ok((length, from)) => {
                    let port = self.ports[index].as_mut();
                    if port.is_some_and(|p| p.admits(stream, from)) {
                        self.take(index, stream, &mut buffer[..length]);
                    } else {
                        self.tally.strangers += 1;
                    }
                }
                Err(_) => return,
            }
        }
    }

    /// A datagram of an end: heard, recorded and passed on.
    fn take(&mut self, index: usize, stream: Stream, datagram: &mut [u8]) {
        let now = Instant::now();
        let is_caller = index == Seat::CALLER.index();
        let bridged = is_caller || self.bridge.is_some_and(|seat| seat.index() == index);
        let Some(port) = self.ports[index].as_mut() else {
            return;
        };
        let packet = match stream {
            _ if datagram.len() >= DATAGRAM_MAX => None,
            Stream::Rtcp => rtp::is_rtcp(datagram).then_some(None),
            Stream::Rtp => rtp::parse(datagram).map(Some),
        };
        let Some(packet) = packet else {
            self.tally.malformed += 1;
            return;
        };
        port.heard_at = now;
        if let Some(packet) = &packet {
            let law = Law::of_payload_type(packet.payload_type);
            port.quality.on_packet(packet, law.is_some(), now);
            let payload = &datagram[packet.payload.clone()];
            if let (Some(tap), Some(law), true) = (&self.tap, law, bridged) {
                let side = if is_caller {
                    Side::Caller
                } else {
                    Side::Destination
                };
                self.tally.unrecorded += tap.offer(side, law, packet, payload, now);
            }
            if let Some(ears) = &mut port.ears {
                let sign = match law {
                    Some(law) => ears.on_sound(law, payload, now),
                    None if port.events == Some(packet.payload_type) => {
                        ears.on_event(packet, payload, now)
                    }
                    None => None,
                };
                if let Some(sign) = sign {
                    tell(&self.heard, index, What::Sign(sign));
                }
            }
        }
        self.forward(index, packet.as_ref(), datagram, now);
    }

    /// Passes a datagram on to the end this one is bridged with.
    fn forward(
        &mut self,
        from: usize,
        packet: Option<&rtp::Packet>,
        datagram: &mut [u8],
        now: Instant,
    ) {
        let Some(bridge) = self.bridge else { return };
        let caller = Seat::CALLER.index();
        let to = match from {
            _ if from == caller => bridge.index(),
            _ if from == bridge.index() => caller,
            _ => return,
        };
        let told_apart = self.ports[from]
            .as_ref()
            .is_some_and(|p| p.outgoing.is_ours());
        let Some(port) = self.ports.get_mut(to).and_then(Option::as_mut) else {
            return;
        };
        let stream = match packet {
            Some(packet) => {
                if port.player.is_some() {
                    return;
                }
                port.adopt(packet, datagram, now);
                Stream::Rtp
            }
            // Reports name streams by numbers that only one of the ends knows once we spoke in between.
            None if told_apart || port.outgoing.is_ours() => return,
            None => Stream::Rtcp,
        };
        match port.send(stream, datagram) {
            Some(true) => self.tally.relayed += 1,
            Some(false) => self.tally.unsent += 1,
            None => {}
        }
    }

    /// Says what is due to everybody who is spoken to.
    fn say(&mut self) {
        let now = Instant::now();
        let mut packets = 0;
        while self.speak_at <= now && packets < CATCH_UP_MAX {
            packets += 1;
            self.speak_at += PACE;
            for (index, port) in self.ports.iter_mut().enumerate() {
                let Some(port) = port else { continue };
                match port.say(now) {
                    Some(true) => self.tally.spoken += 1,
                    Some(false) => self.tally.unsent += 1,
                    None => {}
                }
                if let Some(id) = port.untold
                    && tell(&self.heard, index, What::Played(id))
                {
                    port.untold = None;
                }
            }
        }
        if self.speak_at <= now {
            self.speak_at = now + PACE;
        }
    }

    fn on_tick(&mut self) {
        self.publish();
        let now = Instant::now();
        for (index, port) in self.ports.iter_mut().enumerate() {
            let ears = port.as_mut().and_then(|p| p.ears.as_mut());
            if let Some(sign) = ears.and_then(|e| e.on_tick(now)) {
                tell(&self.heard, index, What::Sign(sign));
            }
        }
        let Some(limit) = self.watch else { return };
        let silence = |seat: Seat| {
            let port = self.ports.get(seat.index())?.as_ref()?;
            Some(port.heard_at.elapsed())
        };
        let caller = silence(Seat::CALLER).unwrap_or_default();
        if is_dead(caller, self.bridge.and_then(silence), limit) {
            self.watch = None;
            self.inactive.notify_one();
        }
    }

    fn publish(&mut self) {
        let tally = std::mem::take(&mut self.tally);
        self.counters.rtp_relayed.add(tally.relayed);
        self.counters.rtp_spoken.add(tally.spoken);
        self.counters.rtp_strangers.add(tally.strangers);
        self.counters.rtp_malformed.add(tally.malformed);
        self.counters.rtp_unsent.add(tally.unsent);
        self.counters.recording_dropped.add(tally.unrecorded);
    }
}

/// Tells the call without waiting for it; `false` when too much waits for it already.
fn tell(heard: &mpsc::Sender<Heard>, index: usize, what: What) -> bool {
    Seat::at(index).is_some_and(|seat| heard.try_send(Heard { seat, what }).is_ok())
}
