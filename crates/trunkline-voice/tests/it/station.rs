//! A station under test with its scripted engine, and the check that nothing is left behind.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use trunkline_voice::{Snapshot, Voice, VoiceConfig};

use crate::engine::Engine;

/// Longest time a station may need until nothing is left of its calls.
const CLEAN_WITHIN: Duration = Duration::from_secs(10);
/// Longest time a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running station.
pub(crate) struct Station {
    pub(crate) voice: Voice,
    pub(crate) engine: Arc<Engine>,
}

/// Settings for tests: everything on loopback, ports chosen by the system.
pub(crate) fn config() -> VoiceConfig {
    VoiceConfig {
        udp: "127.0.0.1:0".parse().expect("an address"),
        tcp: Some("127.0.0.1:0".parse().expect("an address")),
        rtp_ports: (0, 0),
        min_session_s: 2,
        goodbye_ms: 2_000,
        recording_free_bytes_min: 0,
        ..VoiceConfig::default()
    }
}

impl Station {
    pub(crate) async fn start() -> Self {
        Self::start_with(config()).await
    }

    pub(crate) async fn start_with(config: VoiceConfig) -> Self {
        let engine = Engine::new();
        let voice = Voice::start(config, engine.clone())
            .await
            .expect("the station starts");
        Self { voice, engine }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.voice.udp_addr()
    }

    /// Waits until a call's audio goes to its recording.
    pub(crate) async fn until_recording(&self) {
        while self.voice.counters().recordings == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until no call, dialog, socket and task is left.
    pub(crate) async fn until_clean(&self) {
        let deadline = tokio::time::Instant::now() + CLEAN_WITHIN;
        loop {
            let now = self.voice.counters();
            if is_clean(&now) {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "left behind: {now:?}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn is_clean(s: &Snapshot) -> bool {
    s.calls == 0 && s.dialogs == 0 && s.port_pairs == 0 && s.tasks == 0 && s.recordings == 0
}

/// Runs a test's future with a limit.
pub(crate) async fn patiently<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}
