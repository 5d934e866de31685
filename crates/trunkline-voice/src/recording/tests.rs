//! Recording: every sample in its place, whatever the network did, and a file that survives.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use trunkline_engine::call::control::RecordingState;

use super::peaks::Peaks;
use super::timeline::Timeline;
use super::wav::WavFile;
use super::{Recorder, RecorderSettings, adopt, peaks_path, recorded_frames, salvage};
use crate::counters::Counters;
use crate::media::Side;
use crate::media::g711::Law;
use crate::media::rtp::Packet;

/// A folder of its own that is removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rec-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("call.wav")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One packet of a test: side, SSRC, timestamp, frame of its arrival, length, value.
type Said = (Side, u32, u32, i64, usize, i16);

/// Plays packets through a timeline; gives all frames in order.
fn play(packets: &[Said]) -> Vec<[i16; 2]> {
    let mut timeline = Timeline::default();
    let mut frames: Vec<[i16; 2]> = Vec::new();
    let mut take = |run: super::timeline::Run<'_>| {
        let at = run.at as usize;
        assert!(at >= frames.len(), "runs never overlap");
        frames.resize(at, [0; 2]);
        frames.extend_from_slice(run.frames);
    };
    for (side, ssrc, timestamp, arrived, length, value) in packets {
        let at = timeline.place(*side, *ssrc, *timestamp, *arrived);
        timeline.slide_to(u64::try_from(at + *length as i64).unwrap_or(0), &mut take);
        timeline.set(*side, at, std::iter::repeat_n(*value, *length));
    }
    timeline.finish(&mut take);
    frames
}

#[test]
fn a_lost_packet_is_silence_of_its_length() {
    let frames = play(&[
        (Side::Caller, 1, 1000, 0, 160, 5),
        (Side::Caller, 1, 1320, 320, 160, 6),
    ]);
    let left: Vec<i16> = frames.iter().map(|f| f[0]).collect();
    assert_eq!(left, [[5; 160], [0; 160], [6; 160]].concat());
}

#[test]
fn packets_out_of_order_and_jittered_fall_in_place() {
    let frames = play(&[
        (Side::Caller, 1, 160, 180, 160, 2),
        (Side::Caller, 1, 0, 200, 160, 1),
        (Side::Caller, 1, 480, 700, 160, 4),
        (Side::Caller, 1, 320, 720, 160, 3),
    ]);
    let left: Vec<i16> = frames[20..].iter().map(|f| f[0]).collect();
    assert_eq!(left, [[1; 160], [2; 160], [3; 160], [4; 160]].concat());
}

#[test]
fn the_sides_keep_their_own_channels() {
    let frames = play(&[
        (Side::Caller, 1, 0, 0, 160, 7),
        (Side::Destination, 2, 9_000_000, 80, 160, -7),
    ]);
    assert_eq!(
        (frames[0], frames[100], frames[200]),
        ([7, 0], [7, -7], [0, -7])
    );
}

#[test]
fn a_new_stream_starts_at_its_arrival_and_so_does_a_jump() {
    let frames = play(&[
        (Side::Caller, 1, 0, 0, 160, 1),
        (Side::Caller, 9, 77_777, 16_000, 160, 2),
        (Side::Caller, 9, 1, 40_000, 160, 3),
    ]);
    assert_eq!((frames[16_000][0], frames[40_000][0]), (2, 3));
    assert_eq!(frames.len(), 40_160);
    assert!(frames[200..16_000].iter().all(|f| *f == [0, 0]));
}

#[test]
fn timestamps_may_wrap() {
    let start = u32::MAX - 100;
    let frames = play(&[
        (Side::Caller, 1, start, 0, 160, 1),
        (Side::Caller, 1, start.wrapping_add(160), 160, 160, 2),
    ]);
    assert_eq!((frames[159][0], frames[160][0], frames.len()), (1, 2, 320));
}

proptest! {
    #[test]
    fn no_sequence_of_packets_breaks_the_axis(
        packets in prop::collection::vec(
            (any::<bool>(), 0u32..3, any::<u32>(), 0i64..100_000, 0usize..240, any::<i16>()),
            0..60,
        )
    ) {
        let packets: Vec<Said> = packets
            .into_iter()
            .map(|(caller, ssrc, timestamp, arrived, length, value)| {
                let side = if caller { Side::Caller } else { Side::Destination };
                (side, ssrc, timestamp, arrived, length, value)
            })
            .collect();
        let frames = play(&packets);
        // Never longer than the last arrival, the tolerated jitter and one packet.
        prop_assert!(frames.len() <= 100_000 + 3_200 + 240);
    }
}

#[test]
fn a_file_cut_by_a_kill_is_playable_and_salvaged_once() {
    let folder = Folder::new("kill");
    let path = folder.file();
    let mut file = WavFile::create(&path).expect("created");
    let frame = [1000i16.to_le_bytes(), (-500i16).to_le_bytes()]
        .concat()
        .repeat(4000);
    for second in 0..5u64 {
        file.write(second * 4000, &frame).expect("written");
    }
    drop(file);
    // As the kill left it: the header lags behind, and the last write was cut inside a frame.
    let handle = std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("opened");
    handle.set_len(44 + 20_000 * 4 - 1).expect("cut");
    let before = hound::WavReader::open(&path).expect("playable before it is salvaged");
    assert!(
        before.duration() >= 16_000,
        "all but the last second: {}",
        before.duration()
    );
    let facts = salvage(&path).expect("salvaged");
    assert_eq!((facts.duration_ms, facts.bytes), (2499, 44 + 19_999 * 4));
    let samples: Vec<i16> = hound::WavReader::open(&path)
        .expect("playable")
        .samples()
        .map(|s| s.expect("a sample"))
        .collect();
    assert_eq!(samples.len(), 19_999 * 2);
    assert_eq!((samples[0], samples[1]), (1000, -500));
    let peaks = std::fs::read_to_string(peaks_path(&path)).expect("a waveform");
    assert!(peaks.contains("\"caller\":[3,3,"), "{peaks}");
    assert!(peaks.contains("\"destination\":[1,1,"), "{peaks}");
    assert_eq!(salvage(&path).expect("again"), facts);
}

#[test]
fn what_is_no_recording_of_ours_is_not_touched() {
    let folder = Folder::new("foreign");
    std::fs::create_dir_all(&folder.0).expect("a folder");
    let path = folder.file();
    std::fs::write(&path, vec![7; 100]).expect("written");
    assert!(salvage(&path).is_err());
    assert_eq!(std::fs::read(&path).expect("there"), vec![7; 100]);
    assert!(salvage(&folder.0.join("missing.wav")).is_err());
}

#[test]
fn a_long_waveform_is_thinned() {
    let mut peaks = Peaks::default();
    peaks.add(0, &[[i16::MIN, 0]]);
    peaks.add(8000 * 3600, &[[0, i16::MAX]]);
    let json = peaks.to_json();
    assert!(
        json.starts_with("{\"per_second\":1.25,\"caller\":[100,0"),
        "{json:.60}"
    );
    assert!(json.ends_with(",99]}"));
    assert!(json.len() < 40_000);
}

fn packet(ssrc: u32, timestamp: u32, length: usize) -> Packet {
    Packet {
        payload_type: 0,
        sequence: 0,
        timestamp,
        ssrc,
        payload: 0..length,
    }
}

#[tokio::test]
async fn a_recording_is_written_and_padded_to_its_length() {
    let folder = Folder::new("written");
    let settings = RecorderSettings { free_bytes_min: 0 };
    let recorder = Recorder::start(settings, Arc::default()).expect("started");
    let started = Instant::now() - Duration::from_secs(2);
    let tap = recorder.open(folder.file(), started).await.expect("opened");
    let payload = [0x00; 800];
    let dropped = tap.offer(Side::Caller, Law::Mu, &packet(1, 0, 800), &payload, started);
    assert_eq!(dropped, 0);
    let done = tap.close(Instant::now()).await.expect("closed");
    assert_eq!(done.state, RecordingState::Complete);
    assert!((2000..4000).contains(&done.duration_ms), "{done:?}");
    let mut reader = hound::WavReader::open(folder.file()).expect("playable");
    let samples: Vec<i16> = reader.samples().map(|s| s.expect("a sample")).collect();
    assert_eq!(
        (samples[0], samples[1], samples[2 * 799]),
        (-32_124, 0, -32_124)
    );
    assert!(samples[2 * 800..].iter().all(|s| *s == 0));
}

#[tokio::test]
async fn an_existing_file_is_never_overwritten() {
    let folder = Folder::new("exists");
    std::fs::create_dir_all(&folder.0).expect("a folder");
    std::fs::write(folder.file(), b"precious").expect("written");
    let settings = RecorderSettings { free_bytes_min: 0 };
    let recorder = Recorder::start(settings, Arc::default()).expect("started");
    assert!(recorder.open(folder.file(), Instant::now()).await.is_err());
    assert_eq!(std::fs::read(folder.file()).expect("there"), b"precious");
}

#[tokio::test]
async fn a_nearly_full_disk_stops_recordings_before_they_start() {
    let folder = Folder::new("full");
    let counters = Arc::new(Counters::default());
    let settings = RecorderSettings {
        free_bytes_min: u64::MAX,
    };
    let recorder = Recorder::start(settings, Arc::clone(&counters)).expect("started");
    assert!(recorder.open(folder.file(), Instant::now()).await.is_err());
    assert!(!folder.file().exists());
    assert_eq!(counters.snapshot().recording_low_disk, 1);
}

/// A WAV file as a carrier writes it.
fn carriers_file(path: &std::path::Path, channels: u16, rate: u32, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let mut writer = hound::WavWriter::create(path, spec).expect("a file");
    for sample in samples {
        writer.write_sample(*sample).expect("a sample");
    }
    writer.finalize().expect("a whole file");
}

fn frames_of(path: &std::path::Path) -> Vec<[i16; 2]> {
    let mut reader = hound::WavReader::open(path).expect("a recording");
    assert_eq!(
        (reader.spec().channels, reader.spec().sample_rate),
        (2, 8_000)
    );
    let samples: Vec<i16> = reader.samples().collect::<Result<_, _>>().expect("samples");
    samples.chunks(2).map(|pair| [pair[0], pair[1]]).collect()
}

#[test]
fn a_carriers_recording_becomes_ours_and_doing_it_again_changes_nothing() {
    let folder = Folder::new("adopt");
    let (fetched, ours) = (folder.0.join("fetched.wav"), folder.file());
    let talk: Vec<i16> = (0..16_000)
        .map(|n| if n % 2 == 0 { 8_000 } else { -16_000 })
        .collect();
    carriers_file(&fetched, 2, 8_000, &talk);
    assert_eq!(recorded_frames(&ours).expect("no recording"), 0);
    let facts = adopt(&fetched, &ours, 0).expect("adopted");
    assert_eq!((facts.duration_ms, facts.bytes), (1_000, 44 + 8_000 * 4));
    assert_eq!(recorded_frames(&ours).expect("a recording"), 8_000);
    let message = vec![3_200_i16; 16_000];
    carriers_file(&fetched, 1, 16_000, &message);
    for _ in 0..2 {
        let facts = adopt(&fetched, &ours, 8_000).expect("adopted");
        assert_eq!(facts.duration_ms, 2_000);
        let frames = frames_of(&ours);
        assert_eq!(frames.len(), 16_000);
        assert_eq!(
            (frames[0], frames[7_999]),
            ([8_000, -16_000], [8_000, -16_000])
        );
        assert_eq!((frames[8_000], frames[15_999]), ([3_200, 0], [3_200, 0]));
        let peaks = std::fs::read_to_string(peaks_path(&ours)).expect("a waveform");
        assert!(
            peaks.contains("\"caller\":[24,24,24,24,24,24,24,24,24,24,9,9,"),
            "{peaks}"
        );
    }
}

#[test]
fn what_is_no_sound_is_refused_and_what_breaks_off_is_kept() {
    let folder = Folder::new("adopt-bad");
    let (fetched, ours) = (folder.0.join("fetched.wav"), folder.file());
    std::fs::create_dir_all(&folder.0).expect("a folder");
    for bad in [
        &b""[..],
        b"<html>",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd",
    ] {
        std::fs::write(&fetched, bad).expect("a file");
        let refused = adopt(&fetched, &ours, 0).expect_err("no sound");
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidData);
        assert!(!ours.exists());
    }
    carriers_file(&fetched, 1, 8_000, &[1_000; 8_000]);
    let whole = std::fs::read(&fetched).expect("a file");
    std::fs::write(&fetched, &whole[..44 + 8_001]).expect("a file");
    let facts = adopt(&fetched, &ours, 0).expect("adopted");
    assert_eq!(facts.duration_ms, 500);
}
