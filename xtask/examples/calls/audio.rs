//! The sound of both ends: sockets, the clock that sends, and what was heard.

use std::f64::consts::TAU;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::{Failure, say};

/// Sockets of each end. Calls share them: a server tells its calls apart by its own ports. Several, so that their
/// buffers together hold a tenth of a second.
const SOCKETS: usize = 25;
/// Time of a packet, and steps into which it is divided: the packets of a step leave together.
const PACKET: Duration = Duration::from_millis(20);
const STEPS: u32 = 20;
/// Steps in which every socket is listened to once; a packet or two per call and socket wait meanwhile.
const LISTEN_STEPS: u32 = 10;
/// Samples, which are bytes, of a packet.
const SAMPLES: usize = 160;
/// Talking before and behind what is measured.
const WARM_UP: Duration = Duration::from_secs(3);
const COOL_DOWN: Duration = Duration::from_millis(500);
/// Wait for the last packets.
const LAST_WAIT: Duration = Duration::from_secs(2);
/// A step that begins so much later than it should have: the machine was too slow for the load.
const LATE: Duration = Duration::from_millis(10);

/// Which end of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Caller,
    Line,
}

/// Where one end's packets go.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) end: End,
    /// Which of the end's sockets sends.
    pub(crate) socket: usize,
    pub(crate) to: SocketAddr,
}

/// The sockets of both ends.
pub(crate) struct Ends {
    caller: Vec<UdpSocket>,
    line: Vec<UdpSocket>,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) sent: u64,
    pub(crate) heard: u64,
    /// Steps that were late.
    pub(crate) too_late: u64,
    /// Packets our own sockets had no room for.
    pub(crate) overflowed: u64,
    /// How long was talked, with warming up.
    pub(crate) seconds: f64,
}

impl Ends {
    pub(crate) fn bind() -> Result<Self, Failure> {
        let bind = || -> std::io::Result<Vec<UdpSocket>> {
            let sockets = (0..SOCKETS).map(|_| UdpSocket::bind("127.0.0.1:0"));
            let sockets: Vec<UdpSocket> = sockets.collect::<Result<_, _>>()?;
            for socket in &sockets {
                socket.set_nonblocking(true)?;
            }
            Ok(sockets)
        };
        Ok(Self {
            caller: bind()?,
            line: bind()?,
        })
    }

    fn of(&self, end: End) -> &[UdpSocket] {
        match end {
            End::Caller => &self.caller,
            End::Line => &self.line,
        }
    }

    /// The socket that call `index` has at an end, and its description.
    pub(crate) fn offer(&self, end: End, index: usize) -> Result<(usize, String), Failure> {
        let socket = index % SOCKETS;
        let port = self.of(end)[socket].local_addr()?.port();
        let sdp = format!(
            "v=0\r\no=load 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
             a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n"
        );
        Ok((socket, sdp))
    }

    /// Every stream sends for the time to warm up, `seconds`, and the time behind.
    pub(crate) fn talk(&self, streams: &[Stream], seconds: u64) -> Result<Heard, Failure> {
        let mut packets: Vec<Vec<u8>> = (0..streams.len())
            .map(|stream| packet(stream as u32))
            .collect();
        let mut told = Heard::default();
        let begin = steps_in(WARM_UP);
        let end = begin + steps_in(Duration::from_secs(seconds));
        let last = end + steps_in(COOL_DOWN);
        let started = Instant::now();
        for step in 0..last {
            if step == begin {
                say("begin")?;
            }
            if step == end {
                say("end")?;
            }
            let due = started + PACKET / STEPS * step;
            if let Some(rest) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(rest);
            }
            told.too_late += u64::from(due.elapsed() > LATE);
            let turn = (step % STEPS) as usize;
            for index in (turn..streams.len()).step_by(STEPS as usize) {
                let stream = streams[index];
                let bytes = &mut packets[index];
                self.of(stream.end)[stream.socket].send_to(bytes, stream.to)?;
                told.sent += 1;
                advance(bytes);
            }
            self.listen(
                &mut told,
                (step % LISTEN_STEPS) as usize,
                LISTEN_STEPS as usize,
            )?;
        }
        told.seconds = started.elapsed().as_secs_f64();
        let deadline = Instant::now() + LAST_WAIT;
        while told.heard < told.sent && Instant::now() < deadline {
            self.listen(&mut told, 0, 1)?;
            std::thread::sleep(PACKET / STEPS);
        }
        told.overflowed = self.overflowed()?;
        Ok(told)
    }

    /// Takes everything that came at every `every`th socket from `first` on.
    fn listen(&self, told: &mut Heard, first: usize, every: usize) -> Result<(), Failure> {
        let mut buffer = [0; 2048];
        let sockets = self.caller.iter().chain(&self.line);
        for socket in sockets.skip(first).step_by(every) {
            loop {
                match socket.recv_from(&mut buffer) {
                    Ok((length, _)) => told.heard += u64::from(length == 12 + SAMPLES),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // A port of the server that is closed already.
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// The drops that the kernel counts for our sockets.
    fn overflowed(&self) -> Result<u64, Failure> {
        let table = std::fs::read_to_string("/proc/net/udp")?;
        let mut drops = 0;
        for socket in self.caller.iter().chain(&self.line) {
            let local = format!("0100007F:{:04X}", socket.local_addr()?.port());
            let line = table
                .lines()
                .find(|line| line.split_whitespace().nth(1) == Some(&local));
            let told = line.and_then(|line| line.split_whitespace().last());
            drops += told
                .and_then(|told| told.parse::<u64>().ok())
                .ok_or("no count of drops")?;
        }
        Ok(drops)
    }
}

fn steps_in(time: Duration) -> u32 {
    u32::try_from((time / (PACKET / STEPS).as_micros() as u32).as_micros()).unwrap_or(u32::MAX)
}

/// The first packet of a stream: 400 Hz, which fits a packet whole.
fn packet(ssrc: u32) -> Vec<u8> {
    let mut bytes = vec![0x80, 0];
    bytes.extend([0; 6]);
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(
        (0..SAMPLES).map(|n| mu_law((8_000.0 * (TAU * 400.0 * n as f64 / 8_000.0).sin()) as i32)),
    );
    bytes
}

/// Makes it the next packet.
fn advance(bytes: &mut [u8]) {
    let sequence = u16::from_be_bytes([bytes[2], bytes[3]]).wrapping_add(1);
    let timestamp =
        u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]).wrapping_add(SAMPLES as u32);
    bytes[2..4].copy_from_slice(&sequence.to_be_bytes());
    bytes[4..8].copy_from_slice(&timestamp.to_be_bytes());
}

/// The code word of a sample (ITU-T G.711).
fn mu_law(sample: i32) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (sample.abs() + 132).min(32_635);
    let exponent = magnitude.ilog2() as i32 - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent << 4) | mantissa) as u8
}

/// Where a description wants its sound.
pub(crate) fn media(sdp: &str) -> Result<SocketAddr, Failure> {
    let line = |prefix: &str| sdp.lines().find_map(|line| line.strip_prefix(prefix));
    let ip = line("c=IN IP4 ")
        .ok_or("no address in the description")?
        .trim();
    let port = line("m=audio ").and_then(|rest| rest.split(' ').next());
    Ok(SocketAddr::new(
        ip.parse()?,
        port.ok_or("no audio in the description")?.parse()?,
    ))
}
