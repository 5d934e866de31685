//! `assign`: what a number for a new visitor costs, beside a server that answers a constant.
//!
//! Server and load tool have a processor each, so that the figures are per core. Both servers take the same
//! requests from the same tool in turns. Every visitor is new: a session with its first touch and a lease are
//! written and committed before each answer, and counted when the server has ended.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::house::{House, Site};
use super::process::{Core, Process, on, until};
use super::{folder, machine, median, rounded};
use crate::shell::{say, target};

/// Sites that are visited, and the numbers in the pool of each: together enough for every visitor of a run,
/// because a number given out comes back after 90 s at the earliest.
const SITES: usize = 6;
const NUMBERS_PER_SITE: usize = 50_000;
/// The first number; the others follow it.
const FIRST_NUMBER: i64 = 13_122_000_000;
/// Visitors before anything is measured, in a round, and in the run at half of saturation.
const WARM_UP: usize = 20_000;
const ROUND: usize = 12_000;
const HALF_ROUND: usize = 80_000;
/// The constant server takes this many times as much in a round, to make it about as long.
const CONSTANT_TIMES: usize = 4;
/// Many short ones in turns: a machine that is slower for a while is slower for both.
const ROUNDS: usize = 15;
/// Longest time for one load and for the constant server to start.
const LOAD_WAIT: Duration = Duration::from_secs(90);
const START_WAIT: Duration = Duration::from_secs(10);

/// What one load came to.
struct Run {
    answers: f64,
    per_second: f64,
    p99_ms: f64,
    cpu_us: f64,
}

/// Runs the benchmark and prints its line.
pub(super) fn run() -> anyhow::Result<()> {
    let folder = folder("assign")?;
    let measured = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    say(&measured?.to_string());
    Ok(())
}

fn measure(folder: &Path) -> anyhow::Result<Value> {
    let load = machine::load();
    let (house, sites) = prepare(folder)?;
    let constant = Constant::start(folder, &house, &sites[0])?;
    let mut visitors = Visitors {
        folder,
        sites: &sites,
        next: 0,
        answers: 1.0,
    };
    let server = || house.cpu_seconds();
    say("warming up");
    visitors.fire(house.http, WARM_UP, 0.0, server)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        ours.push(visitors.fire(house.http, ROUND, 0.0, server)?);
        theirs.push(constant.fire(&mut visitors, ROUND * CONSTANT_TIMES)?);
        let (a, b) = (&ours[round - 1], &theirs[round - 1]);
        say(&format!(
            "round {round}: {:.0}/s at {:.1} µs, constant {:.0}/s at {:.1} µs",
            a.per_second, a.cpu_us, b.per_second, b.cpu_us
        ));
    }
    let middle = |runs: &[Run], of: fn(&Run) -> f64| median(runs.iter().map(of).collect());
    let (rate, peer_rate) = (
        middle(&ours, |r| r.per_second),
        middle(&theirs, |r| r.per_second),
    );
    let (cpu, peer_cpu) = (middle(&ours, |r| r.cpu_us), middle(&theirs, |r| r.cpu_us));
    // Of each round its own: what the machine did in between is in neither.
    let ratio = |of: fn(&Run) -> f64| {
        let pairs = ours.iter().zip(&theirs);
        median(pairs.map(|(a, b)| of(a) / of(b)).collect())
    };
    say("half of saturation");
    let half = visitors.fire(house.http, HALF_ROUND, rate / 2.0, server)?;
    let answers = visitors.answers;
    let database = house.database();
    house.end()?;
    let rows = count(&database)?;
    for (table, written) in &rows {
        ensure!(
            f64::from(*written) == answers,
            "{answers} answers, but {written} rows of {table}"
        );
    }
    Ok(json!({
        "bench": "assign",
        "cpu_ratio": rounded(ratio(|r| r.cpu_us), 2),
        "throughput_ratio": rounded(ratio(|r| r.per_second), 3),
        "p99_ms": half.p99_ms,
        "p99_at_per_second": rounded(half.per_second, 0),
        "cpu_us_per_request": rounded(cpu, 1),
        "hyper_cpu_us_per_request": rounded(peer_cpu, 1),
        "requests_per_second": rounded(rate, 0),
        "hyper_requests_per_second": rounded(peer_rate, 0),
        "rows_written": rows.iter().map(|(_, rows)| i64::from(*rows)).sum::<i64>(),
        "answers": answers,
        "database": "sqlite",
        "load": load,
        "machine": machine::describe(),
    }))
}

/// A server with sites whose pools have a number for everybody.
fn prepare(folder: &Path) -> anyhow::Result<(House, Vec<Site>)> {
    say("setting up");
    // The visitors come from many addresses, as through a proxy: one address alone is limited.
    let house = House::start(folder, "trusted_proxies = [\"127.0.0.1/32\"]", "")?;
    let trunk = house.add_trunk(9)?;
    let mut sites = Vec::with_capacity(SITES);
    let mut copies = String::new();
    for index in 0..SITES {
        let (site, pool) = house.add_site(index)?;
        let first = FIRST_NUMBER + i64::try_from(index * NUMBERS_PER_SITE)?;
        let body = json!({"number": format!("+{first}"), "kind": "pool", "pool": pool, "trunk": trunk, "business_line": "+12142345678"});
        house.add("/numbers", &body)?;
        let _ = writeln!(copies, "{}", copies_of(first));
        sites.push(site);
    }
    let database = house.database();
    let house = house.restart_after(|| {
        let columns = sqlite(&database, "SELECT group_concat(name) FROM pragma_table_info('tracking_number') WHERE name NOT IN ('id', 'number')")?;
        sqlite(&database, &copies.replace("COLUMNS", columns.trim())).map(drop)
    })?;
    Ok((house, sites))
}

/// Claims the numbers after one that was claimed through the API, as it was; one by one it would take hours.
fn copies_of(first: i64) -> String {
    format!(
        "WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n + 1 < {NUMBERS_PER_SITE}) \
         INSERT INTO tracking_number (id, number, COLUMNS) SELECT id + n, number + n, COLUMNS FROM tracking_number, step \
         WHERE number = {first};"
    )
}

/// What the statements print.
fn sqlite(database: &Path, statements: &str) -> anyhow::Result<String> {
    let out = Command::new("sqlite3")
        .args(["-bail", "-batch"])
        .arg(database)
        .arg(statements)
        .output()
        .context("sqlite3 could not be started")?;
    if !out.status.success() {
        bail!("sqlite3: {}", String::from_utf8_lossy(&out.stderr));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// The rows of every table an assignment writes to.
fn count(database: &Path) -> anyhow::Result<Vec<(&'static str, u32)>> {
    let of = |table| {
        let rows = sqlite(database, &format!("SELECT count(*) FROM {table}"))?;
        Ok((table, rows.trim().parse()?))
    };
    ["session", "lease"].map(of).into_iter().collect()
}

/// The load tool.
fn tool() -> anyhow::Result<PathBuf> {
    Ok(target()?.join("release/examples/visitors"))
}

/// The load, with how many visitors there were so far.
struct Visitors<'a> {
    folder: &'a Path,
    sites: &'a [Site],
    next: usize,
    answers: f64,
}

impl Visitors<'_> {
    /// Visits our server; every answer must bring a token and a pool number.
    fn fire(
        &mut self,
        to: SocketAddr,
        count: usize,
        per_second: f64,
        cpu: impl Fn() -> anyhow::Result<f64>,
    ) -> anyhow::Result<Run> {
        let run = self.send(to, count, per_second, cpu)?;
        self.answers += run.answers;
        Ok(run)
    }

    fn send(
        &mut self,
        to: SocketAddr,
        count: usize,
        per_second: f64,
        cpu: impl Fn() -> anyhow::Result<f64>,
    ) -> anyhow::Result<Run> {
        let mut command = on(Core::Load, tool()?);
        command.args(["fire", &to.to_string(), &count.to_string()]);
        command.args([per_second.to_string(), self.next.to_string()]);
        command.args(self.sites.iter().map(|s| format!("{}={}", s.key, s.host)));
        self.next += count;
        let log = self.folder.join("visitors");
        let before = cpu()?;
        let mut process = Process::start(command, &log)?;
        let status = process.wait(LOAD_WAIT)?;
        let seconds = cpu()? - before;
        if !status.success() {
            bail!(
                "the load tool failed: {}",
                std::fs::read_to_string(log.with_extension("err"))?
            );
        }
        let told: Value =
            serde_json::from_str(&std::fs::read_to_string(log.with_extension("out"))?)?;
        let figure = |key: &str| {
            told[key]
                .as_f64()
                .with_context(|| format!("the load tool told no {key}"))
        };
        let answers = figure("answers")?;
        for key in ["sent", "tokens", "pool"] {
            ensure!(
                figure(key)? == answers,
                "not every visitor got a number: {told}"
            );
        }
        Ok(Run {
            answers,
            per_second: figure("per_second")?,
            p99_ms: figure("p99_ms")?,
            cpu_us: seconds / answers * 1e6,
        })
    }
}

/// The server beside it.
struct Constant {
    process: Process,
    address: SocketAddr,
}

impl Constant {
    /// Starts it with an answer of our server as its constant.
    fn start(folder: &Path, house: &House, site: &Site) -> anyhow::Result<Self> {
        let page = format!(
            "https://{}/roofing?utm_source=google&utm_medium=cpc",
            site.host
        );
        let body = json!({"v": 1, "c": 1, "page": page, "ref": "", "consent": 2});
        let answer = house.page_post(site, "assign", &body)?;
        ensure!(
            answer["kind"] == "pool",
            "a visitor got no number: {answer}"
        );
        let file = folder.join("answer.json");
        std::fs::write(&file, answer.to_string())?;
        let mut command = on(Core::Server, tool()?);
        command.arg("constant").arg(&file);
        let log = folder.join("constant");
        let process = Process::start(command, &log)?;
        let mut address = None;
        until(START_WAIT, "the constant server", || {
            address = std::fs::read_to_string(log.with_extension("out"))?
                .trim()
                .parse()
                .ok();
            Ok(address.is_some())
        })?;
        Ok(Self {
            process,
            address: address.context("no address")?,
        })
    }

    fn fire(&self, visitors: &mut Visitors<'_>, count: usize) -> anyhow::Result<Run> {
        visitors.send(self.address, count, 0.0, || self.process.cpu_seconds())
    }
}
