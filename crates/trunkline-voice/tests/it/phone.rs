//! The media of a peer as a telephone has it: packets at their pace, keys in every form, and an ear that insists on one
//! unbroken stream.

use std::f64::consts::TAU;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use trunkline_core::call::flow::{FlowEvent, Prompt};
use trunkline_engine::call::control::{Action, Sound};

use crate::engine::Flow;
use crate::media::{PACKET, mu_law};
use crate::peer::Peer;

/// Payload type of telephone events in a peer's descriptions.
const EVENT: u8 = 101;
const FRAME: Duration = Duration::from_millis(20);

/// A prompt by its text.
pub(crate) fn prompt(text: &str) -> Prompt {
    Prompt::text(text)
}

/// A sound no other is like: noise from a seed, different in both laws.
pub(crate) fn noise(seed: u32, ms: usize) -> Arc<Sound> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8
    };
    Arc::new(Sound {
        pcmu: (0..ms * 8).map(|_| next()).collect(),
        pcma: (0..ms * 8).map(|_| next()).collect(),
    })
}

/// A flow that answers the n-th event that ends something with the n-th actions.
pub(crate) fn steps(steps: Vec<Vec<Action>>) -> Flow {
    let next = std::sync::Mutex::new(steps.into_iter());
    Arc::new(move |event| match event {
        FlowEvent::Ringing { .. }
        | FlowEvent::Answered { .. }
        | FlowEvent::Accepted { .. }
        | FlowEvent::CallerHungUp => Vec::new(),
        _ => next
            .lock()
            .expect("steps")
            .next()
            .unwrap_or_else(|| vec![hang_up()]),
    })
}

pub(crate) fn hang_up() -> Action {
    Action::HangUp {
        status: 200,
        reason: "OK",
    }
}

/// What a peer says, as one stream.
pub(crate) struct Mouth {
    to: SocketAddr,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    at: Instant,
}

impl Mouth {
    pub(crate) fn new(to: SocketAddr) -> Self {
        Self {
            to,
            ssrc: 0x5151_0000 + u32::from(to.port()),
            sequence: 65_500,
            timestamp: 77,
            at: Instant::now(),
        }
    }

    async fn send(&mut self, peer: &Peer, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let mut bytes = vec![0x80, payload_type];
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&timestamp.to_be_bytes());
        bytes.extend_from_slice(&self.ssrc.to_be_bytes());
        bytes.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        peer.rtp.send_to(&bytes, self.to).await.expect("sent");
    }

    /// Says µ-law at the pace of speech.
    pub(crate) async fn say(&mut self, peer: &Peer, codes: &[u8]) {
        self.at = self.at.max(Instant::now());
        for chunk in codes.chunks(PACKET) {
            sleep_until(self.at).await;
            self.send(peer, 0, self.timestamp, chunk).await;
            self.next_frame();
        }
    }

    pub(crate) async fn silence(&mut self, peer: &Peer, ms: usize) {
        self.say(peer, &vec![0xff; ms * 8]).await;
    }

    fn next_frame(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(PACKET as u32);
        self.at += FRAME;
    }

    /// Presses a key as telephone events (RFC 4733): begun, held, ended three times.
    pub(crate) async fn press(&mut self, peer: &Peer, key: char) {
        let code = "0123456789*#ABCD".find(key).expect("a key") as u8;
        let began = self.timestamp;
        for (step, end) in [0, 0, 0, 0x80, 0x80, 0x80].into_iter().enumerate() {
            let held = (step.min(3) as u16 + 1) * PACKET as u16;
            let [high, low] = held.to_be_bytes();
            self.send(peer, EVENT, began, &[code, end | 10, high, low])
                .await;
        }
        for _ in 0..4 {
            self.next_frame();
        }
    }

    /// Presses a key as a pair of tones.
    pub(crate) async fn sing(&mut self, peer: &Peer, key: char) {
        let place = "123A456B789C*0#D".find(key).expect("a key");
        let row = [697.0, 770.0, 852.0, 941.0][place / 4];
        let column = [1209.0, 1336.0, 1477.0, 1633.0][place % 4];
        let wave = |n: usize| {
            let t = TAU * n as f64 / 8000.0;
            mu_law((6000.0 * ((row * t).sin() + (column * t).sin())) as i32)
        };
        let tones: Vec<u8> = (0..100 * 8).map(wave).collect();
        self.say(peer, &tones).await;
        self.silence(peer, 100).await;
    }
}

/// Presses a key as INFO.
pub(crate) async fn inform(peer: &mut Peer, key: char, relay: bool) {
    let (kind, body) = if relay {
        ("dtmf-relay", format!("Signal={key}\r\nDuration=160\r\n"))
    } else {
        ("dtmf", key.to_string())
    };
    peer.request(
        "INFO",
        &format!("Content-Type: application/{kind}\r\n"),
        &body,
    )
    .await;
    loop {
        let answer = peer.next().await;
        if answer.header("cseq").is_some_and(|c| c.ends_with("INFO")) {
            assert_eq!(answer.status(), Some(200));
            return;
        }
    }
}

/// What a peer hears, as one stream: its first packets make it up, and it may never break.
#[derive(Default)]
pub(crate) struct Ear {
    last: Option<(u16, u32, u32)>,
    pub(crate) heard: Vec<u8>,
    pub(crate) payload_type: u8,
}

impl Ear {
    /// Takes the next packet of sound.
    pub(crate) async fn take(&mut self, peer: &Peer) {
        let (bytes, _) = peer.hear().await;
        let sequence = u16::from_be_bytes([bytes[2], bytes[3]]);
        let timestamp = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let ssrc = u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        if let Some((last, before, known)) = self.last {
            assert_eq!(ssrc, known, "one source");
            assert_eq!(sequence, last.wrapping_add(1), "no hole");
            let since = timestamp.wrapping_sub(before).cast_signed();
            assert!(since >= PACKET as i32, "time goes on: {since}");
        }
        self.last = Some((sequence, timestamp, ssrc));
        self.payload_type = bytes[1] & 0x7f;
        self.heard.extend_from_slice(&bytes[12..]);
    }

    /// Listens until all of a sound was heard, unbroken.
    pub(crate) async fn until(&mut self, peer: &Peer, codes: &[u8]) {
        let from = self.heard.len().saturating_sub(codes.len());
        let most = self.heard.len() + codes.len() + 8000 * 20;
        loop {
            self.take(peer).await;
            let new = &self.heard[from..];
            if new.len() >= codes.len()
                && new
                    .windows(codes.len())
                    .rev()
                    .take(PACKET)
                    .any(|w| w == codes)
            {
                return;
            }
            assert!(self.heard.len() < most, "the sound was not heard");
        }
    }

    /// Hears so much more.
    pub(crate) async fn listen(&mut self, peer: &Peer, ms: usize) -> &[u8] {
        let from = self.heard.len();
        while self.heard.len() < from + ms * 8 {
            self.take(peer).await;
        }
        &self.heard[from..]
    }
}

/// Linear samples of µ-law, found by trying: slow, and independent of the decoder under test.
pub(crate) fn linear(codes: &[u8]) -> Vec<i32> {
    let mut table = [0; 256];
    for sample in (-32_000..32_000).step_by(4) {
        table[usize::from(mu_law(sample))] = sample;
    }
    codes.iter().map(|c| table[usize::from(*c)]).collect()
}

/// Somebody talks: vowels of three formants over a pitch that moves, as µ-law.
pub(crate) fn voice(seed: u64, ms: usize) -> Vec<u8> {
    /// Formants in Hz (Peterson and Barney, 1952).
    const VOWELS: [[f64; 3]; 4] = [
        [730.0, 1_090.0, 2_440.0],
        [660.0, 1_720.0, 2_410.0],
        [570.0, 840.0, 2_410.0],
        [490.0, 1_350.0, 1_690.0],
    ];
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut between = move |from: f64, to: f64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        from + (to - from) * ((state >> 11) as f64 / (1u64 << 53) as f64)
    };
    let base = between(100.0, 200.0);
    let mut out = Vec::with_capacity(ms * 8 + 2_400);
    while out.len() < ms * 8 {
        let level = between(0.5, 1.0);
        out.extend((0..between(0.0, 400.0) as usize).map(|_| between(-700.0, 700.0) as i32));
        let formants = VOWELS[between(0.0, 4.0) as usize % 4];
        let (start, end) = (base * between(0.8, 1.3), base * between(0.8, 1.3));
        let length = between(700.0, 2_000.0) as usize;
        let mut memory = [[0.0; 2]; 3];
        let mut phase = 0.0f64;
        for n in 0..length {
            let along = n as f64 / length as f64;
            phase = (phase + (start + (end - start) * along) / 8000.0).fract();
            let swell = (std::f64::consts::PI * along).sin().powf(0.4);
            let mut sample = (1.0 - 2.0 * phase) * 2_500.0 * level * swell;
            for (hertz, [one, two]) in formants.iter().zip(&mut memory) {
                let radius = (-std::f64::consts::PI * 100.0 / 8000.0).exp();
                let turn = 2.0 * radius * (TAU * hertz / 8000.0).cos();
                let gain = 1.0 - turn + radius * radius;
                let y = gain * sample + turn * *one - radius * radius * *two;
                (*one, *two) = (y, *one);
                sample = y;
            }
            out.push(sample as i32);
        }
    }
    out.truncate(ms * 8);
    // Both words for zero sound the same.
    let code = |s: &i32| match mu_law((*s).clamp(-32_000, 32_000)) {
        0x7f => 0xff,
        code => code,
    };
    out.iter().map(code).collect()
}
