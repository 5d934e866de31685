//! A program that is measured: started, its processor time read, and ended in any case.

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Ticks of `/proc/<pid>/stat` in a second; the same on every Linux that Debian runs on.
const TICKS_PER_SECOND: f64 = 100.0;
/// Fields of `/proc/<pid>/stat` after the name, counted from 0 (proc(5)).
const PARENT: usize = 1;
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
/// Longest wait until a program listens.
const LISTEN_WAIT: Duration = Duration::from_secs(10);
/// Pause between two looks at something that will come.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Which processor a program runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Core {
    /// The first one: the server under test.
    Server,
    /// The second one, when there is one: what makes the load.
    Load,
}

impl Core {
    fn number(self) -> &'static str {
        match self {
            Self::Load if super::machine::processors() > 1 => "1",
            _ => "0",
        }
    }
}

/// A program with these arguments, bound to a processor, so that figures are per core.
pub(super) fn on(core: Core, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", core.number()])
        .arg(program.as_ref());
    command
}

/// A running program; it is killed when this goes away.
pub(super) struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts a program; what it says goes to `<log>.out` and `<log>.err`.
    pub(super) fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let name = log
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let child = command
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(log.with_extension("out"))?)
            .stderr(std::fs::File::create(log.with_extension("err"))?)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        Ok(Self { child, name })
    }

    /// Processor seconds used so far, by the program and its children.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let own = self.child.id();
        let mut ticks = 0.0;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
                continue;
            };
            let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
                continue;
            };
            // The name stands in parentheses and may hold anything.
            let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
            let fields: Vec<&str> = after.split(' ').collect();
            let number = |at: usize| {
                fields
                    .get(at)
                    .and_then(|f| f.parse::<u32>().ok())
                    .unwrap_or(0)
            };
            if pid == own || number(PARENT) == own {
                ticks += f64::from(number(USER_TICKS)) + f64::from(number(SYSTEM_TICKS));
            }
        }
        Ok(ticks / TICKS_PER_SECOND)
    }

    /// Memory in use, in KiB.
    pub(super) fn resident_kib(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let figure = line.and_then(|line| line.split_whitespace().next());
        figure
            .and_then(|kib| kib.parse().ok())
            .with_context(|| format!("{} has no memory", self.name))
    }

    /// Waits until the program has ended by itself.
    pub(super) fn wait(&mut self, longest: Duration) -> anyhow::Result<ExitStatus> {
        let mut status = None;
        until(longest, &format!("{} to end", self.name), || {
            status = self.child.try_wait()?;
            Ok(status.is_some())
        })?;
        status.with_context(|| format!("{} did not end", self.name))
    }

    /// Asks the program to end, and waits until it has.
    pub(super) fn end(mut self, longest: Duration) -> anyhow::Result<()> {
        if self.child.try_wait()?.is_some() {
            bail!("{} had ended before it was asked to", self.name);
        }
        let pid = self.child.id().to_string();
        Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &pid])
            .status()?;
        self.wait(longest).map(drop)
    }

    /// Whether it still runs.
    pub(super) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already in the good case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until something has come.
///
/// # Errors
/// When it has not come in time, or looking fails.
pub(super) fn until(
    longest: Duration,
    what: &str,
    mut come: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + longest;
    while !come()? {
        if Instant::now() > deadline {
            bail!("waited {} s for {what}", longest.as_secs());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// Waits until something listens on a UDP port of loopback.
pub(super) fn listening(port: u16) -> anyhow::Result<()> {
    let wanted = format!("0100007F:{port:04X}");
    until(
        LISTEN_WAIT,
        &format!("somebody to listen on port {port}"),
        || Ok(std::fs::read_to_string("/proc/net/udp")?.contains(&wanted)),
    )
}

/// A UDP port of loopback that nobody has now.
pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port())
}
