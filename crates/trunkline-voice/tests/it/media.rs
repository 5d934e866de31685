//! Audio by content: what one side says the other hears, unchanged, and the recording holds both.

use std::f64::consts::TAU;
use std::net::SocketAddr;
use std::path::PathBuf;

use trunkline_core::base::id::{CallId, TrunkId};
use trunkline_engine::call::control::{RecordingState, Transport};

use crate::engine::Script;
use crate::peer::{Peer, connect, sdp};
use crate::phone::{Ear, Mouth};
use crate::station::{Station, patiently};

const NUMBER: &str = "+13125550100";
const LINE: TrunkId = TrunkId::from_raw(2);
/// Samples of a packet: 20 ms.
pub(crate) const PACKET: usize = 160;

/// A scratch file that is removed with what lies beside it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("voice-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("day").join("call.wav")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// µ-law of a linear sample (ITU-T G.711), written independently of the decoder under test.
pub(crate) fn mu_law(sample: i32) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = (sample.abs() + 132).min(32_635);
    let exponent = (magnitude.ilog2() - 7) as i32;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent << 4) | mantissa) as u8
}

/// A tone as packets' payloads.
pub(crate) fn tone(hertz: f64, packets: usize) -> Vec<Vec<u8>> {
    let samples: Vec<u8> = (0..packets * PACKET)
        .map(|n| mu_law((8000.0 * (TAU * hertz * n as f64 / 8000.0).sin()) as i32))
        .collect();
    samples.chunks(PACKET).map(<[u8]>::to_vec).collect()
}

fn packet(payload_type: u8, ssrc: u32, index: usize, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, payload_type];
    bytes.extend_from_slice(&(index as u16).to_be_bytes());
    bytes.extend_from_slice(&((index * PACKET) as u32).to_be_bytes());
    bytes.extend_from_slice(&ssrc.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// Says the payloads to a relay port; `None` is a packet that was lost on the way.
async fn say(peer: &Peer, to: SocketAddr, ssrc: u32, payloads: &[Option<Vec<u8>>]) {
    for (index, payload) in payloads.iter().enumerate() {
        if let Some(payload) = payload {
            peer.rtp
                .send_to(&packet(0, ssrc, index, payload), to)
                .await
                .expect("sent");
        }
    }
}

async fn hears_exactly(peer: &Peer, ssrc: u32, payloads: &[Option<Vec<u8>>]) {
    for (index, payload) in payloads.iter().enumerate() {
        if let Some(payload) = payload {
            assert_eq!(
                peer.hear().await.0,
                packet(0, ssrc, index, payload),
                "packet {index}"
            );
        }
    }
}

/// Every sample of a channel of the recording.
pub(crate) fn channel(file: &PathBuf, index: usize) -> Vec<i32> {
    let mut reader = hound::WavReader::open(file).expect("a WAV file");
    let spec = reader.spec();
    assert_eq!(
        (spec.channels, spec.sample_rate, spec.bits_per_sample),
        (2, 8000, 16)
    );
    let all: Vec<i32> = reader
        .samples::<i32>()
        .map(|s| s.expect("a sample"))
        .collect();
    all.iter().skip(index).step_by(2).copied().collect()
}

/// How strongly a tone is in the samples (Goertzel), relative to their energy: 1.0 is a pure tone.
pub(crate) fn share(samples: &[i32], hertz: f64) -> f64 {
    let step = TAU * hertz / 8000.0;
    let (mut re, mut im, mut energy) = (0.0, 0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let x = f64::from(*sample);
        re += x * (step * n as f64).cos();
        im += x * (step * n as f64).sin();
        energy += x * x;
    }
    2.0 * (re * re + im * im) / (energy * samples.len() as f64)
}

/// Where something is heard for the first time.
pub(crate) fn first_loud(samples: &[i32]) -> usize {
    let heard = samples.iter().position(|s| s.abs() > 50);
    heard.expect("something is heard")
}

/// The run of samples from the first to the last that is not silent.
fn loud(samples: &[i32]) -> &[i32] {
    let first = first_loud(samples);
    let last = samples
        .iter()
        .rposition(|s| s.abs() > 50)
        .expect("something is heard");
    &samples[first..=last]
}

async fn station(script: Script, nat: bool) -> (Station, Peer, Peer) {
    let station = Station::start().await;
    let caller = Peer::bind(station.addr()).await;
    let line = Peer::bind(station.addr()).await;
    station
        .engine
        .add_trunk(LINE, Some(line.addr()), Transport::Udp, nat);
    station.engine.script(NUMBER, script);
    (station, caller, line)
}

#[tokio::test]
async fn both_sides_hear_each_other_and_the_recording_holds_both() {
    let scratch = Scratch::new("both");
    let script = Script {
        recording: Some(scratch.file()),
        ..Script::default()
    };
    let (station, mut caller, mut line) = station(script, false).await;
    let [to_caller_port, to_line_port] = connect(&mut caller, &mut line, NUMBER).await;
    patiently(station.until_recording()).await;

    let low: Vec<_> = tone(440.0, 15).into_iter().map(Some).collect();
    let mut high: Vec<_> = tone(1000.0, 15).into_iter().map(Some).collect();
    (high[6], high[7]) = (None, None);
    say(&caller, to_caller_port, 1, &low).await;
    say(&line, to_line_port, 2, &high).await;
    hears_exactly(&line, 1, &low).await;
    hears_exactly(&caller, 2, &high).await;

    caller.hang_up().await;
    line.is_hung_up().await;
    let seen = patiently(station.engine.until_ended(1)).await;
    station.until_clean().await;
    let end = &seen[0].ended[0];
    let done = end.recording.clone().expect("recorded");
    assert_eq!(done.state, RecordingState::Complete);
    let file = scratch.file();
    assert_eq!(
        done.bytes,
        std::fs::metadata(&file).expect("the file").len()
    );

    let left = channel(&file, 0);
    let left = loud(&left);
    assert!(
        (2395..=2400).contains(&left.len()),
        "300 ms of the caller: {}",
        left.len()
    );
    assert!(share(left, 440.0) > 0.98, "{}", share(left, 440.0));
    let right = channel(&file, 1);
    let right = loud(&right);
    assert!(
        (2395..=2400).contains(&right.len()),
        "the gap keeps its place: {}",
        right.len()
    );
    assert!(share(&right[..950], 1000.0) > 0.98);
    assert!(
        right[965..1275].iter().all(|s| *s == 0),
        "two lost packets are silence"
    );
    assert!(share(&right[1285..], 1000.0) > 0.98);

    let quality = end.quality.expect("measured");
    assert!(quality.loss_percent > 10.0, "{quality:?}");
    let peaks = std::fs::read_to_string(trunkline_voice::peaks_path(&file)).expect("a waveform");
    assert!(
        peaks.starts_with("{\"per_second\":10,\"caller\":["),
        "{peaks}"
    );
}

#[tokio::test]
async fn a_stranger_is_neither_heard_nor_sent_to() {
    let (station, mut caller, mut line) = station(Script::default(), false).await;
    let [to_caller_port, _] = connect(&mut caller, &mut line, NUMBER).await;
    let said = vec![Some(vec![0x55; PACKET])];
    say(&caller, to_caller_port, 7, &said).await;
    hears_exactly(&line, 7, &said).await;
    // The right IP, but not the port that was latched.
    let stranger = Peer::bind(station.addr()).await;
    say(&stranger, to_caller_port, 8, &said).await;
    assert!(line.hears_nothing().await);
    // No RTP at all.
    caller
        .rtp
        .send_to(b"no packet", to_caller_port)
        .await
        .expect("sent");
    assert!(line.hears_nothing().await);
    caller.hang_up().await;
    line.is_hung_up().await;
    station.until_clean().await;
    let counters = station.voice.counters();
    assert_eq!((counters.rtp_strangers, counters.rtp_malformed), (1, 1));
}

#[tokio::test]
async fn behind_nat_the_media_address_is_learned_inside_the_trunk_s_list() {
    let (station, mut caller, mut line) = station(Script::default(), true).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let invite = line.asked("INVITE").await;
    let private: SocketAddr = "192.0.2.7:4000".parse().expect("an address");
    line.answer(&invite, "200 OK", "", &sdp(private, "sendrecv"))
        .await;
    let ok = caller.response(200).await;
    caller.ack("").await;
    line.asked("ACK").await;
    let said = vec![Some(vec![0x2a; PACKET])];
    say(&line, invite.media(), 3, &said).await;
    hears_exactly(&caller, 3, &said).await;
    say(&caller, ok.media(), 4, &said).await;
    hears_exactly(&line, 4, &said).await;
    caller.hang_up().await;
    line.is_hung_up().await;
    station.until_clean().await;
}

#[tokio::test]
async fn early_media_reaches_the_caller_before_the_answer() {
    let (station, mut caller, mut line) = station(Script::default(), false).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let invite = line.asked("INVITE").await;
    let answer = line.sdp("sendrecv");
    line.answer(&invite, "183 Session Progress", "", &answer)
        .await;
    let early = caller.response(183).await;
    let said = vec![Some(vec![0x11; PACKET])];
    say(&line, invite.media(), 5, &said).await;
    hears_exactly(&caller, 5, &said).await;
    // Digits are passed on as they are (RFC 4733).
    let digit = packet(101, 6, 0, &[5, 0x0a, 0, 160]);
    caller
        .rtp
        .send_to(&digit, early.media())
        .await
        .expect("sent");
    assert_eq!(line.hear().await.0, digit);
    line.answer(&invite, "200 OK", "", &answer).await;
    let ok = caller.response(200).await;
    assert_eq!(
        ok.media(),
        early.media(),
        "the same place before and after the answer"
    );
    caller.ack("").await;
    line.asked("ACK").await;
    caller.hang_up().await;
    line.is_hung_up().await;
    station.until_clean().await;
}

#[tokio::test]
async fn what_is_said_while_a_recording_rests_is_silence_in_it() {
    let scratch = Scratch::new("rests");
    let script = Script {
        recording: Some(scratch.file()),
        ..Script::default()
    };
    let (station, mut caller, mut line) = station(script, false).await;
    let lines = station.voice.lines();
    let call = CallId::from_raw(1);
    assert!(!lines.rest_recording(call, true).await, "no such call");
    let [_, to_line_port] = connect(&mut caller, &mut line, NUMBER).await;
    station.until_recording().await;
    let mut mouth = Mouth::new(to_line_port);
    let (mut ear, mut said) = (Ear::default(), Vec::new());
    for (hertz, rests) in [(700.0, Some(true)), (900.0, Some(false)), (1100.0, None)] {
        let tone = tone(hertz, 25).concat();
        mouth.say(&line, &tone).await;
        ear.until(&caller, &tone).await;
        said.push(tone);
        if let Some(rest) = rests {
            assert!(lines.rest_recording(call, rest).await);
        }
    }
    caller.hang_up().await;
    line.is_hung_up().await;
    let seen = patiently(station.engine.until_ended(1)).await;
    station.until_clean().await;
    assert!(!lines.rest_recording(call, true).await, "the call is over");
    let recording = seen[0].ended[0].recording.as_ref().expect("a recording");
    assert_eq!(recording.state, RecordingState::Complete);
    let right = channel(&scratch.file(), 1);
    let first = first_loud(&right);
    assert!(share(&right[first..first + 4_000], 700.0) > 0.98);
    let silent = &right[first + 4_000..];
    let resumed = silent.iter().position(|s| s.abs() > 50).expect("resumed");
    assert!(
        resumed >= 3_900,
        "the rest is as long in the recording as it was: {resumed}"
    );
    assert!(silent[..resumed].iter().all(|s| *s == 0));
    assert!(share(&silent[resumed..resumed + 3_900], 1100.0) > 0.98);
}
