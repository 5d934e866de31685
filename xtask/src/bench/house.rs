//! A running release build of Trunkline, set up through its own API.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::api;
use super::process::{Core, Process, on, until};
use crate::shell::target;

/// Longest wait until the server is ready, and until it has ended.
const START_WAIT: Duration = Duration::from_secs(60);
const END_WAIT: Duration = Duration::from_secs(60);
/// A browser that visits.
pub(super) const USER_AGENT: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1";
/// The number printed on the pages of every site.
const PRINTED: &str = "+12145550100";

/// A server on a data folder.
pub(super) struct House {
    folder: PathBuf,
    process: Process,
    pub(super) http: SocketAddr,
    pub(super) sip: SocketAddr,
    cookie: String,
}

/// A site as the API answers it.
pub(super) struct Site {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) host: String,
}

impl House {
    /// Starts a server on a fresh data folder in `folder`, with these settings, and signs in.
    pub(super) fn start(folder: &Path, http: &str, voice: &str) -> anyhow::Result<Self> {
        let data = folder.join("data");
        let mut settings = format!("data_dir = {data:?}\n");
        let _ = write!(settings, "[http]\nlisten = \"127.0.0.1:0\"\n{http}\n");
        let _ = write!(
            settings,
            "[voice]\nudp = \"127.0.0.1:0\"\ntcp = \"\"\n{voice}\n"
        );
        settings.push_str("[log]\nformat = \"json\"\n");
        std::fs::write(folder.join("trunkline.toml"), settings)?;
        let (process, http, sip) = spawn(folder)?;
        let mut house = Self {
            folder: folder.to_owned(),
            process,
            http,
            sip,
            cookie: String::new(),
        };
        house.sign_in()?;
        Ok(house)
    }

    fn sign_in(&mut self) -> anyhow::Result<()> {
        let mut password = None;
        until(START_WAIT, "the first password", || {
            let said = std::fs::read_to_string(self.folder.join("server.out"))?;
            let told = said.split_once("with the password ").map(|(_, rest)| rest);
            password = told
                .and_then(|rest| rest.split_once('\n'))
                .map(|(line, _)| line.trim().to_owned());
            Ok(password.is_some())
        })?;
        let body = json!({"email": "owner@localhost", "password": password.as_deref()});
        let answer = self.send("POST", "/api/v1/login", Some(&body))?;
        answer.json().context("signing in")?;
        let cookie = answer.header("set-cookie").context("no cookie")?;
        cookie
            .split(';')
            .next()
            .unwrap_or("")
            .clone_into(&mut self.cookie);
        let chosen = json!({"current": password, "new": "a password for benchmarks"});
        let answer = self.send("POST", "/api/v1/me/password", Some(&chosen))?;
        if answer.status != 204 {
            anyhow::bail!("the first password could not be changed: {}", answer.status);
        }
        Ok(())
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<api::Answer> {
        let headers = format!(
            "Origin: http://{}\r\nContent-Type: application/json\r\nCookie: {}\r\n",
            self.http, self.cookie
        );
        let body = body.map(Value::to_string).unwrap_or_default();
        api::send(self.http, method, path, &headers, &body)
    }

    /// A request of the owner that must succeed; its JSON.
    pub(super) fn api(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let answer = self.send(method, &format!("/api/v1{path}"), body)?;
        answer.json().with_context(|| format!("{method} {path}"))
    }

    /// Adds a sound; its id.
    pub(super) fn add_sound(&self, name: &str, wav: &[u8]) -> anyhow::Result<String> {
        let headers = format!(
            "Origin: http://{}\r\nContent-Type: audio/wav\r\nCookie: {}\r\n",
            self.http, self.cookie
        );
        let path = format!("/api/v1/prompts?name={name}");
        let answer = api::send(self.http, "POST", &path, &headers, wav)?;
        text(&answer.json().context("adding a sound")?["id"])
    }

    /// How many lines a list has as CSV, without its heading.
    pub(super) fn csv_lines(&self, path: &str) -> anyhow::Result<usize> {
        let answer = self.send("GET", &format!("/api/v1{path}"), None)?;
        if answer.status != 200 {
            answer.json().with_context(|| format!("GET {path}"))?;
        }
        Ok(answer.body.lines().count().saturating_sub(1))
    }

    /// Adds something; its id.
    pub(super) fn add(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        text(&self.api("POST", path, Some(body))?["id"])
    }

    /// Adds a trunk towards a carrier on loopback.
    pub(super) fn add_trunk(&self, port: u16) -> anyhow::Result<String> {
        let body = json!({"name": "Carrier", "addresses": ["127.0.0.1"], "host": "127.0.0.1", "port": port});
        self.add("/trunks", &body)
    }

    /// Adds a site with a pool; both.
    pub(super) fn add_site(&self, index: usize) -> anyhow::Result<(Site, String)> {
        let host = format!("www.site-{index}.example");
        let body = json!({"name": format!("Site {index}"), "hosts": [host], "targets": [{"number": PRINTED}]});
        let made = self.api("POST", "/sites", Some(&body))?;
        let site = Site {
            id: text(&made["id"])?,
            key: text(&made["key"])?,
            host,
        };
        let pool = self.add("/pools", &json!({"name": "Visitors", "site": site.id}))?;
        Ok((site, pool))
    }

    /// What a page of a site sends, and what it is answered.
    pub(super) fn page_post(&self, site: &Site, what: &str, body: &Value) -> anyhow::Result<Value> {
        let headers = format!(
            "Origin: https://{}\r\nUser-Agent: {USER_AGENT}\r\nContent-Type: text/plain\r\n",
            site.host
        );
        let path = format!("/t/{}/{what}", site.key);
        api::send(self.http, "POST", &path, &headers, body.to_string())?.json()
    }

    /// Processor seconds of the server so far.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        self.process.cpu_seconds()
    }

    /// Memory of the server in use, in KiB.
    pub(super) fn resident_kib(&self) -> anyhow::Result<u64> {
        self.process.resident_kib()
    }

    /// A metric without labels; 0 when it was never counted.
    pub(super) fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let answer = api::send(self.http, "GET", "/metrics", "", "")?;
        anyhow::ensure!(answer.status == 200, "/metrics answers {}", answer.status);
        let mut lines = answer.body.lines().filter_map(|line| line.split_once(' '));
        let found = lines.find(|(given, _)| *given == name);
        Ok(found.map_or(Ok(0.0), |(_, figure)| figure.parse())?)
    }

    /// The database file.
    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("data/trunkline.db")
    }

    /// Ends the server, does something while it is down, and starts it again on the same data.
    pub(super) fn restart_after(
        self,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        self.process.end(END_WAIT)?;
        work()?;
        let (process, http, sip) = spawn(&self.folder)?;
        Ok(Self {
            folder: self.folder,
            process,
            http,
            sip,
            cookie: self.cookie,
        })
    }

    /// Ends the server in order.
    pub(super) fn end(self) -> anyhow::Result<()> {
        self.process.end(END_WAIT)
    }
}

/// Text of an answer that must be there.
pub(super) fn text(value: &Value) -> anyhow::Result<String> {
    value
        .as_str()
        .map(str::to_owned)
        .context("the answer lacks a text")
}

/// Starts the program and waits until it says that it is ready; its addresses.
fn spawn(folder: &Path) -> anyhow::Result<(Process, SocketAddr, SocketAddr)> {
    let mut command: Command = on(Core::Server, target()?.join("release/trunkline"));
    command
        .arg("--config")
        .arg(folder.join("trunkline.toml"))
        .arg("serve");
    let mut process = Process::start(command, &folder.join("server"))?;
    let log = folder.join("server.err");
    let mut addresses = None;
    until(START_WAIT, "the server to be ready", || {
        let said = std::fs::read_to_string(&log)?;
        addresses = said.lines().find_map(ready);
        if addresses.is_none() && !process.runs() {
            anyhow::bail!("the server ended: {said}");
        }
        Ok(addresses.is_some())
    })?;
    let (http, sip) = addresses.context("no addresses")?;
    Ok((process, http, sip))
}

fn ready(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let fields = &entry["fields"];
    (fields["message"] == "trunkline is ready").then_some(())?;
    let address = |name: &str| fields[name].as_str()?.parse().ok();
    Some((address("http")?, address("sip")?))
}
