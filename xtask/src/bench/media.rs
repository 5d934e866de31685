//! `media`: what it costs to relay and record calls, beside rtpengine doing the same in user space.
//!
//! 500 calls talk all the time, both ends at once; the load tool is `xtask/examples/calls`. Ours takes them in over SIP as
//! any call, and every packet must come out at the other end and be in the call's recording, which is counted in the
//! files. rtpengine is driven over its control protocol and writes what it hears as packet captures, the only recording it
//! does without its kernel module. Server and load tool have a processor each.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::house::House;
use super::process::{Core, Process, free_port, listening, on, until};
use super::{folder, machine, rounded, target};
use crate::shell::say;

/// Calls, and how long they are measured.
const CALLS: u32 = 500;
const SECONDS: u32 = 30;
/// Numbers that are called.
const NUMBERS: u32 = 10;
const BUSINESS_LINE: &str = "+12142345678";
const VOICE: &str =
    "calls_max = 5000\nsetups_per_second = 5000\nrtp_port_first = 20000\nrtp_port_last = 29999";
const RTPENGINE_PORTS: [&str; 2] = ["--port-min=30000", "--port-max=39999"];
/// Steps of a millisecond that the load tool may be late with: of some 34,000.
const LATE_MAX: u64 = 300;
/// Longest waits: for the load tool to have everything up, to measure and to end; for recordings to be complete; for a
/// server to end.
const UP_WAIT: Duration = Duration::from_secs(60);
const TALK_WAIT: Duration = Duration::from_secs(SECONDS as u64 + 30);
const FILES_WAIT: Duration = Duration::from_secs(60);
const END_WAIT: Duration = Duration::from_secs(20);
/// Header of a recording, and bytes of a moment in it: two channels of 16 bits.
const WAV_HEADER_BYTES: usize = 44;
const MOMENT_BYTES: usize = 4;
/// Samples of a packet of the load tool that are not zero.
const LOUD_SAMPLES: u64 = 144;
/// Bytes of a packet of the load tool.
const PACKET_BYTES: u64 = 172;

/// What one server did.
struct Measured {
    sent: u64,
    heard: u64,
    /// Processor seconds per second.
    cores: f64,
    kib_per_call: f64,
}

/// Runs the benchmark and prints its line.
pub(super) fn run() -> anyhow::Result<()> {
    let folder = folder("media")?;
    let measured = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    say(&measured?.to_string());
    Ok(())
}

fn measure(folder: &Path) -> anyhow::Result<Value> {
    let load = machine::load();
    say(&format!("{CALLS} calls through Trunkline"));
    let (ours, recorded) = ours(folder)?;
    say(&format!("{CALLS} calls through rtpengine"));
    let theirs = theirs(folder)?;
    let lost = ours.sent.abs_diff(ours.heard) + ours.sent.abs_diff(recorded);
    Ok(json!({
        "bench": "media",
        "lost_packets": lost,
        "kib_per_call": rounded(ours.kib_per_call, 1),
        "cpu_ratio": rounded(ours.cores / theirs.cores, 2),
        "calls": CALLS,
        "seconds": SECONDS,
        "packets": ours.sent,
        "cpu_percent": rounded(ours.cores * 100.0, 1),
        "cpu_percent_per_call": rounded(ours.cores * 100.0 / f64::from(CALLS), 4),
        "rtpengine_cpu_percent": rounded(theirs.cores * 100.0, 1),
        "rtpengine_kib_per_call": rounded(theirs.kib_per_call, 1),
        "rtpengine_lost_packets": theirs.sent.abs_diff(theirs.heard),
        "load": load,
        "machine": machine::describe(),
    }))
}

/// Our figures, and the packets that are in the recordings.
fn ours(folder: &Path) -> anyhow::Result<(Measured, u64)> {
    let line = free_port()?;
    let house = House::start(folder, "", VOICE)?;
    let settings =
        json!({"max_calls": 5_000, "daily_minutes_max": 1_000_000, "recording_waiver": true});
    house.api("PATCH", "/settings/account", Some(&settings))?;
    let trunk = house.add_trunk(line)?;
    let (_, pool) = house.add_site(0)?;
    let mut words = vec!["sip".to_owned(), house.sip.to_string(), line.to_string()];
    words.extend([CALLS.to_string(), SECONDS.to_string()]);
    for index in 0..NUMBERS {
        let number = format!("+1312555{:04}", 1_000 + index);
        let body = json!({"number": number, "kind": "pool", "pool": pool, "trunk": trunk, "business_line": BUSINESS_LINE});
        house.add("/numbers", &body)?;
        words.push(number);
    }
    let measured = talk(
        folder,
        &words,
        || house.cpu_seconds(),
        || house.resident_kib(),
    )?;
    let live = || Ok(house.api("GET", "/calls/counts", None)?["live"] == 0);
    until(FILES_WAIT, "the last calls to end", live)?;
    let refused = [
        "trunkline_voice_rtp_unsent_total",
        "trunkline_voice_recording_dropped_total",
    ];
    for name in refused {
        let count = house.metric(name)?;
        if count > 0.0 {
            say(&format!("{name} is {count}"));
        }
    }
    house.end()?;
    let files = files(&folder.join("data/recordings"), "wav")?;
    ensure!(
        files.len() == CALLS as usize,
        "{} recordings of {CALLS} calls",
        files.len()
    );
    let mut recorded = 0;
    for file in files {
        recorded += packets_in(&std::fs::read(file)?);
    }
    std::fs::remove_dir_all(folder.join("data/recordings"))?;
    Ok((measured, recorded))
}

/// Packets of the load tool in a recording: what is lost is silence, and its tone is never silent for long.
fn packets_in(wav: &[u8]) -> u64 {
    let moments = wav
        .get(WAV_HEADER_BYTES..)
        .unwrap_or_default()
        .chunks_exact(MOMENT_BYTES);
    let loud =
        moments.map(|moment| u64::from(moment[..2] != [0, 0]) + u64::from(moment[2..] != [0, 0]));
    loud.sum::<u64>() / LOUD_SAMPLES
}

fn theirs(folder: &Path) -> anyhow::Result<Measured> {
    let recordings = folder.join("rtpengine-recordings");
    std::fs::create_dir_all(&recordings)?;
    let port = free_port()?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut command = on(Core::Server, "rtpengine");
    command.args([
        "--config-file=none",
        "--foreground",
        "--log-stderr",
        "--log-level=4",
    ]);
    command.args(["--table=-1", "--interface=127.0.0.1", "--num-threads=1"]);
    command.args(RTPENGINE_PORTS);
    command.arg(format!("--listen-ng={address}"));
    command.arg("--recording-method=pcap");
    command.arg(format!("--recording-dir={}", recordings.display()));
    let process = Process::start(command, &folder.join("rtpengine"))?;
    listening(port)?;
    let words = [
        "ng".to_owned(),
        address.to_string(),
        CALLS.to_string(),
        SECONDS.to_string(),
    ];
    let measured = talk(
        folder,
        &words,
        || process.cpu_seconds(),
        || process.resident_kib(),
    )?;
    process.end(END_WAIT)?;
    let mut bytes = 0;
    for file in files(&recordings, "pcap")? {
        bytes += file.metadata()?.len();
    }
    ensure!(
        bytes >= measured.sent * PACKET_BYTES,
        "rtpengine recorded {bytes} bytes of {} packets",
        measured.sent
    );
    std::fs::remove_dir_all(recordings)?;
    Ok(measured)
}

/// Runs the load tool and reads the figures of the server around what it measures.
fn talk(
    folder: &Path,
    words: &[String],
    cpu_seconds: impl Fn() -> anyhow::Result<f64>,
    resident_kib: impl Fn() -> anyhow::Result<u64>,
) -> anyhow::Result<Measured> {
    let log = folder.join(format!("load-{}", words[0]));
    let idle_kib = resident_kib()?;
    let mut command = on(Core::Load, target()?.join("release/examples/calls"));
    command.args(words);
    let mut process = Process::start(command, &log)?;
    let mut reach = |word: &str, longest: Duration| {
        until(longest, &format!("the load tool to say `{word}`"), || {
            let said = std::fs::read_to_string(log.with_extension("out"))?;
            let found = said.lines().any(|line| line == word);
            if !found && !process.runs() {
                bail!(
                    "the load tool ended: {}",
                    std::fs::read_to_string(log.with_extension("err"))?
                );
            }
            Ok(found)
        })
    };
    reach("up", UP_WAIT)?;
    reach("begin", TALK_WAIT)?;
    let (began, before) = (std::time::Instant::now(), cpu_seconds()?);
    reach("end", TALK_WAIT)?;
    let cores = (cpu_seconds()? - before) / began.elapsed().as_secs_f64();
    let kib = resident_kib()?.saturating_sub(idle_kib);
    let status = process.wait(TALK_WAIT)?;
    ensure!(
        status.success(),
        "the load tool failed: {}",
        std::fs::read_to_string(log.with_extension("err"))?
    );
    let said = std::fs::read_to_string(log.with_extension("out"))?;
    let told: Value = serde_json::from_str(said.lines().last().unwrap_or_default())?;
    let figure = |name: &str| {
        told[name]
            .as_u64()
            .with_context(|| format!("the load tool told no {name}"))
    };
    let (late, overflowed) = (figure("too_late")?, figure("overflowed")?);
    ensure!(
        overflowed == 0 && late <= LATE_MAX,
        "the machine is too slow for this load: the load tool lost {overflowed} packets itself and was late {late} times"
    );
    Ok(Measured {
        sent: figure("sent")?,
        heard: figure("heard")?,
        cores,
        kib_per_call: kib as f64 / f64::from(CALLS),
    })
}

/// The files with this extension in a folder and those below.
fn files(folder: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    Ok(found)
}
