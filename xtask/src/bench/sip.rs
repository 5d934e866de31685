//! `sip`: what a call costs, beside Kamailio as a plain stateful proxy under the same SIPp load.
//!
//! A SIPp calls in, a SIPp answers, over UDP on loopback. Ours finds the number, attributes the call to the visits
//! that saw it, passes it on through a leg and a media relay of its own, and writes its record; every call must be
//! in the call log afterwards. Kamailio only passes messages on. Server and SIPp have a processor each.
//!
//! The second part is the same load on numbers whose flow answers, greets, and asks for a key before it dials: the caller
//! presses it by INFO, and every call must have reached the business line. Nothing stands beside it but the first part.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::house::{House, text};
use super::process::{Core, Process, free_port, listening, on, until};
use super::{folder, machine, rounded};
use crate::shell::say;

/// Calls per second, and for how many seconds; the third is the one with the bar.
const RAMP: [(u32, u32); 4] = [(100, 4), (200, 4), (400, 15), (600, 5)];
/// The rate whose figures are compared.
const RATE: u32 = 400;
/// The rate at which numbers with a menu are called. Such a call sends 60 packets one by one, is saved five times instead
/// of three, has a key to answer, and so takes a processor more than the 400th of a second that [`RATE`] leaves it; half as
/// many a second one processor carries.
const MENU_RATE: u32 = 200;
/// For how many seconds they are called.
const MENU_SECONDS: u32 = 15;
/// The greeting and the question of the menu, in milliseconds. The caller presses the key 1.2 s after the answer: behind
/// the greeting, and before the question ends.
const GREETING_MS: u32 = 600;
const QUESTION_MS: u32 = 2_000;
/// Numbers that are called, each shown to a visitor.
const NUMBERS: usize = 50;
/// Callers; each calls from a number of its own until they have all called.
const CALLERS: usize = 20_000;
const BUSINESS_LINE: &str = "+12142345678";
/// Room for the load and more: what is measured is the cost of a call, not the limits.
const VOICE: &str =
    "calls_max = 5000\nsetups_per_second = 5000\nrtp_port_first = 20000\nrtp_port_last = 29999";
/// Longest waits: for the last calls to end, and until records are written.
const CALLS_WAIT: Duration = Duration::from_secs(30);
const RECORDS_WAIT: Duration = Duration::from_secs(30);
const END_WAIT: Duration = Duration::from_secs(10);
/// Shared and private memory of Kamailio, in megabytes: enough for the transactions it keeps.
const KAMAILIO_MEMORY: [&str; 4] = ["-m", "256", "-M", "32"];

/// What SIPp tells about one step of the ramp.
struct Step {
    calls: u32,
    failed: u32,
    retransmissions: u32,
    cpu_ms: f64,
}

/// Runs the benchmark and prints its line.
pub(super) fn run() -> anyhow::Result<()> {
    let folder = folder("sip")?;
    let measured = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    say(&measured?.to_string());
    Ok(())
}

fn measure(folder: &Path) -> anyhow::Result<Value> {
    let load = machine::load();
    let line = Line::start(folder)?;
    say("setting up");
    let (house, numbers) = prepare(folder, line.port)?;
    let kamailio = Kamailio::start(folder, line.port)?;
    let callers = Callers::new(folder, "caller", include_str!("sip/caller.xml"), &numbers)?;
    let (mut calls, mut ramp, mut at_rate) = (0, Vec::new(), None);
    for (rate, seconds) in RAMP {
        let ours = callers.call(house.sip, rate, seconds, || house.cpu_seconds())?;
        let theirs = callers.call(kamailio.address, rate, seconds, || {
            kamailio.process.cpu_seconds()
        })?;
        say(&format!(
            "{rate}/s: {} calls, {} failed, {} retransmissions, {:.2} ms; Kamailio {} failed, {} retransmissions, {:.2} ms",
            ours.calls,
            ours.failed,
            ours.retransmissions,
            ours.cpu_ms,
            theirs.failed,
            theirs.retransmissions,
            theirs.cpu_ms
        ));
        calls += ours.calls;
        ramp.push(json!({"rate": rate, "failed": ours.failed, "retransmissions": ours.retransmissions, "cpu_ratio": rounded(ours.cpu_ms / theirs.cpu_ms, 2)}));
        if rate == RATE {
            at_rate = Some((ours, theirs));
        }
    }
    every_call_is_logged(&house, calls)?;
    let menu = with_menu(folder, &house, calls)?;
    kamailio.process.end(END_WAIT)?;
    house.end()?;
    let (ours, theirs) = at_rate.context("the ramp lacks the rate that is compared")?;
    Ok(json!({
        "bench": "sip",
        "failed": ours.failed,
        "cpu_ratio": rounded(ours.cpu_ms / theirs.cpu_ms, 2),
        "cpu_ms_per_call": rounded(ours.cpu_ms, 3),
        "kamailio_cpu_ms_per_call": rounded(theirs.cpu_ms, 3),
        "retransmissions": ours.retransmissions,
        "kamailio_failed": theirs.failed,
        "rate": RATE,
        "calls": ours.calls,
        "calls_logged": calls + menu.calls,
        "menu_rate": MENU_RATE,
        "menu_failed": menu.failed,
        "menu_cpu_ms_per_call": rounded(menu.cpu_ms, 3),
        "menu_cpu_ratio": rounded(menu.cpu_ms / ours.cpu_ms, 2),
        "menu_retransmissions": menu.retransmissions,
        "menu_calls": menu.calls,
        "ramp": ramp,
        "load": load,
        "machine": machine::describe(),
    }))
}

/// A server with numbers that visitors see.
fn prepare(folder: &Path, line: u16) -> anyhow::Result<(House, Vec<String>)> {
    let house = House::start(folder, "", VOICE)?;
    let limits = json!({"max_calls": 5_000, "daily_minutes_max": 1_000_000});
    house.api("PATCH", "/settings/account", Some(&limits))?;
    let trunk = house.add_trunk(line)?;
    let (site, pool) = house.add_site(0)?;
    for index in 0..NUMBERS {
        let number = format!("+1312555{:04}", 1_000 + index);
        let body = json!({"number": number, "kind": "pool", "pool": pool, "trunk": trunk, "business_line": BUSINESS_LINE});
        house.add("/numbers", &body)?;
    }
    let mut numbers = Vec::with_capacity(NUMBERS);
    for index in 0..NUMBERS {
        let page = format!(
            "https://{}/?utm_source=google&utm_medium=cpc&gclid={index}",
            site.host
        );
        let visit = json!({"v": 1, "c": 1, "page": page, "ref": "", "consent": 2});
        let answer = house.page_post(&site, "assign", &visit)?;
        let shown = json!({"v": 1, "c": 1, "token": answer["token"], "events": [{"k": "shown", "swaps": 2, "page": page}]});
        house.page_post(&site, "event", &shown)?;
        numbers.push(text(&answer["numbers"][0]["n"])?);
    }
    Ok((house, numbers))
}

/// The second part: the load on numbers with a menu. Failed is also a call that did not reach the business line.
fn with_menu(folder: &Path, house: &House, calls: u32) -> anyhow::Result<Step> {
    let greeting = house.add_sound("Greeting", &hum(GREETING_MS))?;
    let question = house.add_sound("Question", &hum(QUESTION_MS))?;
    let document = json!({"schema": 1, "start": "greeting", "nodes": {
        "greeting": {"kind": "play", "prompt": greeting, "on": {"done": "menu"}},
        "menu": {"kind": "menu", "prompt": question, "choices": {"1": "ring"}, "on": {"default": "bye"}},
        "bye": {"kind": "hang_up"},
        "ring": {"kind": "dial", "destinations": [{"to": "business_line"}]},
    }});
    let flow = house.add("/flows", &json!({"name": "Menu", "document": document}))?;
    house.api(
        "POST",
        &format!("/flows/{flow}/publish"),
        Some(&json!({"edits": 1})),
    )?;
    let trunks = house.api("GET", "/trunks", None)?;
    let trunk = text(&trunks["items"][0]["id"])?;
    let mut numbers = Vec::with_capacity(NUMBERS);
    for index in 0..NUMBERS {
        let number = format!("+1312555{:04}", 5_000 + index);
        let body = json!({"number": number, "kind": "static", "trunk": trunk, "business_line": BUSINESS_LINE,
            "label": "Menu", "flow": flow});
        house.add("/numbers", &body)?;
        numbers.push(number);
    }
    let answered = || house.csv_lines("/calls.csv?result=answered");
    let before = answered()?;
    let callers = Callers::new(folder, "menu", include_str!("sip/menu.xml"), &numbers)?;
    let mut step = callers.call(house.sip, MENU_RATE, MENU_SECONDS, || house.cpu_seconds())?;
    all_are_recorded(house, calls + step.calls)?;
    let reached = u32::try_from(answered()? - before)?;
    step.failed = step.failed.max(step.calls - reached);
    say(&format!(
        "{MENU_RATE}/s with a menu: {} calls, {} failed, {} retransmissions, {:.2} ms",
        step.calls, step.failed, step.retransmissions, step.cpu_ms
    ));
    Ok(step)
}

/// So many milliseconds of a hum, as WAV with one channel of 16 bits at 8 kHz.
fn hum(ms: u32) -> Vec<u8> {
    let samples = (0..ms * 8).map(|n| if n % 80 < 40 { 4_000_i16 } else { -4_000 });
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let size = ms * 16;
    let mut file = b"RIFF".to_vec();
    file.extend((size + 36).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    file.extend(size.to_le_bytes());
    file.extend(data);
    file
}

/// Waits until no call is open, then counts.
fn every_call_is_logged(house: &House, calls: u32) -> anyhow::Result<()> {
    all_are_recorded(house, calls)?;
    let attributed = house.csv_lines("/calls.csv?source=google")?;
    ensure!(
        attributed == usize::try_from(calls)?,
        "{attributed} of {calls} calls are attributed to the visit's source"
    );
    Ok(())
}

/// Waits until so many calls are in the log, and none is open.
fn all_are_recorded(house: &House, calls: u32) -> anyhow::Result<()> {
    let count = || -> anyhow::Result<(i64, i64)> {
        let counts = house.api("GET", "/calls/counts", None)?;
        let of = |key: &str| {
            counts[key]
                .as_i64()
                .with_context(|| format!("no count of {key}"))
        };
        Ok((of("all")?, of("live")?))
    };
    until(RECORDS_WAIT, "the last calls to be recorded", || {
        Ok(count()? == (i64::from(calls), 0))
    })
    .with_context(|| {
        format!(
            "{calls} calls were made; all and open in the log: {:?}",
            count().ok()
        )
    })
}

/// The SIPp that answers.
struct Line {
    port: u16,
    _process: Process,
}

impl Line {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let command = sipp(folder, "line.xml", include_str!("sip/line.xml"), port)?;
        let process = Process::start(command, &folder.join("line"))?;
        listening(port)?;
        Ok(Self {
            port,
            _process: process,
        })
    }
}

/// The peer.
struct Kamailio {
    process: Process,
    address: SocketAddr,
}

impl Kamailio {
    fn start(folder: &Path, line: u16) -> anyhow::Result<Self> {
        let port = free_port()?;
        let settings = include_str!("sip/kamailio.cfg")
            .replace("127.0.0.1:LISTEN", &format!("127.0.0.1:{port}"))
            .replace("127.0.0.1:LINE", &format!("127.0.0.1:{line}"));
        let file = folder.join("kamailio.cfg");
        std::fs::write(&file, settings)?;
        let mut command = on(Core::Server, "kamailio");
        command
            .args(["-DD", "-E"])
            .args(KAMAILIO_MEMORY)
            .arg("-f")
            .arg(&file)
            .arg("-Y")
            .arg(folder);
        let process = Process::start(command, &folder.join("kamailio"))?;
        listening(port)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Ok(Self { process, address })
    }
}

/// The SIPp that calls.
struct Callers<'a> {
    folder: &'a Path,
    /// What its files are called, and what it does.
    name: &'static str,
    scenario: &'static str,
}

impl<'a> Callers<'a> {
    fn new(
        folder: &'a Path,
        name: &'static str,
        scenario: &'static str,
        numbers: &[String],
    ) -> anyhow::Result<Self> {
        let mut rows = "SEQUENTIAL\n".to_owned();
        for index in 0..CALLERS {
            let _ = writeln!(
                rows,
                "{};+1206{:07}",
                numbers[index % numbers.len()],
                2_000_000 + index
            );
        }
        std::fs::write(folder.join(format!("{name}s.csv")), rows)?;
        Ok(Self {
            folder,
            name,
            scenario,
        })
    }

    /// Calls at this rate for so long, and waits for the last call to end.
    fn call(
        &self,
        to: SocketAddr,
        rate: u32,
        seconds: u32,
        cpu: impl Fn() -> anyhow::Result<f64>,
    ) -> anyhow::Result<Step> {
        let told = self.folder.join("calls.csv");
        let file = format!("{}.xml", self.name);
        let mut command = sipp(self.folder, &file, self.scenario, free_port()?)?;
        let rows = self.folder.join(format!("{}s.csv", self.name));
        command.args(["-inf", &rows.to_string_lossy()]);
        command.args([
            "-r",
            &rate.to_string(),
            "-m",
            &(rate * seconds).to_string(),
            "-l",
            "5000",
        ]);
        command.args([
            "-trace_stat",
            "-fd",
            "1",
            "-stf",
            &told.to_string_lossy(),
            &to.to_string(),
        ]);
        let before = cpu()?;
        let mut process = Process::start(command, &self.folder.join(self.name))?;
        // SIPp ends with 1 when a call failed; its table says how many.
        process.wait(Duration::from_secs(u64::from(seconds)) + CALLS_WAIT)?;
        let used = cpu()? - before;
        let table = std::fs::read_to_string(&told).context("SIPp wrote no table")?;
        std::fs::remove_file(&told)?;
        let figure = |name: &str| last_of(&table, name);
        let (good, failed) = (figure("SuccessfulCall(C)")?, figure("FailedCall(C)")?);
        if good == 0 {
            bail!(
                "no call came through: {}",
                std::fs::read_to_string(self.folder.join(format!("{}.err", self.name)))?
            );
        }
        Ok(Step {
            calls: good + failed,
            failed,
            retransmissions: figure("Retransmissions(C)")?,
            cpu_ms: used / f64::from(good + failed) * 1e3,
        })
    }
}

/// A column of the last line of SIPp's table.
fn last_of(table: &str, name: &str) -> anyhow::Result<u32> {
    let (head, last) = (table.lines().next(), table.lines().last());
    let column = head.and_then(|h| h.split(';').position(|n| n == name));
    let value = column.and_then(|at| last?.split(';').nth(at));
    value
        .and_then(|text| text.parse().ok())
        .with_context(|| format!("SIPp's table lacks {name}"))
}

/// SIPp with a scenario on a port.
fn sipp(folder: &Path, name: &str, scenario: &str, port: u16) -> anyhow::Result<Command> {
    let file = folder.join(name);
    std::fs::write(&file, scenario)?;
    let mut command = on(Core::Load, "sipp");
    command.current_dir(folder).arg("-sf").arg(file);
    command.args([
        "-i",
        "127.0.0.1",
        "-p",
        &port.to_string(),
        "-mp",
        &free_port()?.to_string(),
    ]);
    command.args(["-nostdin", "-buff_size", "4194304"]);
    Ok(command)
}
