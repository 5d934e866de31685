//! baresip, a telephone that others wrote, as caller and as destination: what it records is compared by content.

use std::f32::consts::TAU;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use trunkline_sim::audio::{RATE, find, strength};

use crate::flows::runs;
use crate::house::{BUSINESS_LINE, House};
use crate::prompts::{samples, spoken, sweep, upload, wav, wav_of};

const CALLER: &str = "+12145551234";
/// What the two telephones say.
const CALLER_HZ: f32 = 440.0;
const BUSINESS_HZ: f32 = 1_000.0;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often one is started whose ports are taken meanwhile.
const STARTS_MAX: usize = 5;
/// How often what a telephone records is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// A running baresip with a number of its own; it is told what to do, and tells what happens, over a socket.
struct Agent {
    child: Child,
    folder: TempDir,
    sip: SocketAddr,
    control: TcpStream,
    told: Vec<u8>,
}

/// Two ports that are free now: baresip takes the next one too, for TLS.
fn free_ports() -> (SocketAddr, SocketAddr) {
    let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let control = std::net::TcpListener::bind(local(0)).expect("a port");
    for _ in 0..100 {
        let sip = UdpSocket::bind(local(0)).expect("a port");
        let port = sip.local_addr().expect("an address").port();
        let tcp = [port, port.saturating_add(1)].map(|p| std::net::TcpListener::bind(local(p)));
        if port.is_multiple_of(2) && tcp.iter().all(Result::is_ok) {
            return (local(port), control.local_addr().expect("an address"));
        }
    }
    panic!("no two free ports beside each other");
}

/// Where the modules of baresip are installed.
fn modules() -> PathBuf {
    let places = [
        "/usr/lib",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/local/lib",
    ];
    let mut folders = places
        .iter()
        .map(|place| Path::new(place).join("baresip/modules"));
    folders
        .find(|folder| folder.is_dir())
        .expect("baresip is installed; `make test` does that")
}

impl Agent {
    /// Starts one that says a tone once it talks. A port that was free may be somebody else's by the time it is bound: then
    /// it is started again with others.
    async fn start(number: &str, hz: f32) -> Self {
        for _ in 0..STARTS_MAX {
            if let Some(agent) = Self::try_start(number, hz).await {
                return agent;
            }
        }
        panic!("no port stayed free {STARTS_MAX} times");
    }

    /// Starts one; `None` when a port was taken meanwhile.
    async fn try_start(number: &str, hz: f32) -> Option<Self> {
        let folder = TempDir::new().expect("a folder");
        let (sip, control) = free_ports();
        let path = folder.path();
        std::fs::write(path.join("voice.wav"), wav(8_000, 60.0, |_| hz)).expect("a voice");
        let config = format!(
            "module_path {}\nsip_listen {sip}\nnet_interface 127.0.0.1\naudio_source aufile,{}\nsnd_path {}\n\
             ctrl_tcp_listen {control}\nmodule g711.so\nmodule aufile.so\nmodule sndfile.so\nmodule_app account.so\n\
             module_app menu.so\nmodule_app ctrl_tcp.so\n",
            modules().display(),
            path.join("voice.wav").display(),
            path.display(),
        );
        let account = format!("<sip:{number}@{sip}>;regint=0;audio_codecs=pcmu\n");
        for (name, content) in [
            ("config", config),
            ("accounts", account),
            ("contacts", String::new()),
        ] {
            std::fs::write(path.join(name), content).expect("a file");
        }
        let log = std::fs::File::create(path.join("log")).expect("a log");
        let mut child = Command::new("baresip")
            .arg("-f")
            .arg(path)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("baresip is installed; `make test` does that");
        let began = Instant::now();
        let control = loop {
            // Whether it ended first, so that its last word is there to be read.
            let ended = child.try_wait().expect("a child");
            let log = std::fs::read_to_string(path.join("log")).unwrap_or_default();
            if log.contains("Address already in use") {
                child.kill().expect("ended");
                child.wait().expect("ended");
                return None;
            }
            if let Ok(stream) = TcpStream::connect(control).await {
                break stream;
            }
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "{log}");
            tokio::time::sleep(LOOK).await;
        };
        Some(Self {
            child,
            folder,
            sip,
            control,
            told: Vec::new(),
        })
    }

    /// Tells it to do something.
    async fn order(&mut self, command: &str, what: &str) {
        let order = json!({"command": command, "params": what}).to_string();
        let order = format!("{}:{order},", order.len());
        self.control
            .write_all(order.as_bytes())
            .await
            .expect("told");
    }

    /// Waits until something happens of which it tells.
    async fn until(&mut self, event: &str) {
        let waits = async {
            loop {
                while let Some(news) = self.next_news() {
                    if news["type"] == event {
                        return;
                    }
                    assert_ne!(news["ok"], json!(false), "{news}");
                }
                let mut buffer = [0; 4_096];
                let length = self.control.read(&mut buffer).await.expect("news");
                assert!(length > 0, "baresip ended before {event}");
                self.told.extend_from_slice(&buffer[..length]);
            }
        };
        timeout(PATIENCE, waits)
            .await
            .unwrap_or_else(|_| panic!("no {event}"));
    }

    /// The next piece of news that is there whole: a netstring of JSON.
    fn next_news(&mut self) -> Option<Value> {
        let colon = self.told.iter().position(|b| *b == b':')?;
        let length: usize = std::str::from_utf8(&self.told[..colon])
            .expect("a length")
            .parse()
            .expect("a length");
        let end = colon + 1 + length;
        let news = self.told.get(colon + 1..end)?;
        let news = serde_json::from_slice(news).expect("JSON");
        self.told.get(end)?;
        self.told.drain(..=end);
        Some(news)
    }

    async fn press(&mut self, key: char) {
        self.order("sndcode", &key.to_string()).await;
    }

    /// Says another sound from now on. Behind its end nothing is sent, no keys either.
    async fn say(&mut self, name: &str, file: &[u8]) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, file).expect("a sound");
        self.order("ausrc", &format!("aufile,{}", path.display()))
            .await;
    }

    /// Everything it has heard in its call so far.
    fn heard(&self) -> Vec<i16> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder");
        let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let recorded = paths.find(|p| p.to_string_lossy().ends_with("-dec.wav"));
        // The header says how long it is only at the end.
        let file = recorded
            .and_then(|p| std::fs::read(p).ok())
            .unwrap_or_default();
        let sound = file.get(44..).unwrap_or_default();
        sound
            .chunks_exact(2)
            .map(|b| i16::from_le_bytes([b[0], b[1]]))
            .collect()
    }

    /// Waits until a sound was heard that began at `from` or later; where it ended.
    async fn hears(&self, sound: &[i16], from: usize) -> usize {
        let began = Instant::now();
        let mut looked_to = from;
        loop {
            let heard = self.heard();
            if let Some(start) = find(&heard, sound, looked_to) {
                return start + sound.len();
            }
            looked_to = looked_to.max(heard.len().saturating_sub(sound.len()));
            assert!(
                began.elapsed() < PATIENCE,
                "it was not heard in {} samples",
                heard.len()
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until a second of a tone was heard behind `from`.
    async fn hears_tone(&self, hz: f32, from: usize) {
        let began = Instant::now();
        loop {
            let heard = self.heard();
            let mut seconds = heard.get(from..).unwrap_or_default().chunks_exact(RATE);
            if seconds.any(|second| strength(second, f64::from(hz)) > 0.9) {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "no {hz} Hz in {} samples",
                heard.len()
            );
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The caller's voice, which begins with the pair of tones of the key 9 (ITU-T Q.23).
fn nine_as_tones() -> Vec<u8> {
    let sample = |n: usize| {
        let at = n as f32 / RATE as f32;
        let wave = |hz: f32| 6_000.0 * (TAU * (hz * at).fract()).sin();
        match n * 5 / RATE {
            1 => wave(852.0) + wave(1_477.0),
            0..5 => 0.0,
            _ => wave(CALLER_HZ),
        }
    };
    wav_of(8_000, (0..60 * RATE).map(|n| sample(n) as i16))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_of_others_walks_a_flow_and_another_takes_the_call_by_pressing_1() {
    let house = House::start().await;
    let mut business = Agent::start(BUSINESS_LINE, BUSINESS_HZ).await;
    let mut caller = Agent::start(CALLER, CALLER_HZ).await;
    let trunk = house.add_trunk(business.sip).await;
    let number = "+13125551000";
    let body =
        json!({"number": number, "kind": "static", "trunk": trunk, "business_line": BUSINESS_LINE});
    house.post("/api/v1/numbers", body).await;
    let greeting = upload(&house, "Greeting", sweep(8_000)).await;
    let (menu, whisper) = (
        "Press one for repairs.",
        "A call about repairs. Press one to take it.",
    );
    runs(
        &house,
        &json!({
            "start": {"kind": "play", "prompt": greeting["id"], "on": {"done": "menu"}},
            "menu": {"kind": "menu", "text": menu, "choices": {"1": "ring"}, "tries": 3, "timeout_s": 30,
                "on": {"default": "bye"}},
            "bye": {"kind": "hang_up"},
            "ring": {"kind": "dial", "destinations": [{"to": "business_line", "ring_timeout_s": 60}],
                "whisper": {"text": whisper}, "accept": {"digit": "1"}},
        }),
    )
    .await;
    let (menu, whisper) = (spoken(&house, menu).await, spoken(&house, whisper).await);

    caller
        .order("dial", &format!("sip:{number}@{}", house.sip))
        .await;
    caller.until("CALL_ESTABLISHED").await;
    let greeted = caller.hears(&samples(&sweep(8_000)), 0).await;
    let asked = caller.hears(&menu, greeted).await;
    // A key that leads nowhere, as tones in the sound, as some telephones send keys.
    caller.say("nine.wav", &nine_as_tones()).await;
    let asked_again = caller.hears(&menu, asked).await;
    caller.press('1').await;

    business.until("CALL_INCOMING").await;
    business.order("accept", "").await;
    business.until("CALL_ESTABLISHED").await;
    let whispered = business.hears(&whisper, 0).await;
    business.press('1').await;
    caller.hears_tone(BUSINESS_HZ, asked_again).await;
    assert_eq!(
        find(&caller.heard(), &whisper, 0),
        None,
        "the caller hears no whisper"
    );
    business.hears_tone(CALLER_HZ, whispered).await;
    let early = &business.heard()[..whispered];
    let heard_early = early
        .chunks_exact(RATE / 10)
        .any(|s| strength(s, f64::from(CALLER_HZ)) > 0.9);
    assert!(
        !heard_early,
        "nobody is connected before they took the call"
    );
    caller.order("hangup", "").await;
    business.until("CALL_CLOSED").await;

    let id = house.newest_ended_call().await;
    let story = house.get(&format!("/api/v1/calls/{id}")).await;
    assert_eq!(
        (&story["result"], &story["end"]["by"]),
        (&json!("answered"), &json!("caller")),
        "{story}"
    );
    assert_eq!(story["flow"]["depth"], 3, "{story}");
    assert_eq!(story["caller"], json!(CALLER), "{story}");
}
