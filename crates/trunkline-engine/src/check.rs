//! The server's own test of a site: which visit and which caller are its own while it runs, and what the last
//! one found. One test runs at a time.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trunkline_core::base::id::{CallId, SessionId, SiteId, TrunkId};
use trunkline_core::base::{PhoneNumber, Timestamp};

use crate::call::control::{Cidr, Codec, Transport, TrunkProfile};

/// What a test found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: i64,
    /// The page that was read first; empty when none is configured.
    pub page: String,
    /// The number the visit was given.
    pub number: Option<PhoneNumber>,
    /// The call.
    pub call: Option<CallId>,
    /// What was wrong, as a sentence without full stop; `None`: all was right.
    pub wrong: Option<String>,
}

/// The test that runs.
#[derive(Debug, Clone)]
struct Running {
    /// Known to the test alone: a visit that says it is the test's.
    key: String,
    /// The one address and port its caller has.
    caller: SocketAddr,
    trunk: Arc<TrunkProfile>,
    session: Option<SessionId>,
}

/// Tests of sites.
#[derive(Debug, Default)]
pub struct Checks {
    running: Mutex<Option<Running>>,
    last: Mutex<HashMap<SiteId, CheckResult>>,
}

/// A test that runs; it is over when this is dropped.
#[derive(Debug)]
pub struct RunningCheck<'a>(&'a Checks);

impl Drop for RunningCheck<'_> {
    fn drop(&mut self) {
        *hold(&self.0.running) = None;
    }
}

impl Checks {
    /// Begins a test whose visit says `key` and whose caller has this address; `None` while another runs.
    #[must_use]
    pub fn begin(&self, key: String, caller: SocketAddr) -> Option<RunningCheck<'_>> {
        let mut running = hold(&self.running);
        if running.is_some() {
            return None;
        }
        let trunk = TrunkProfile {
            id: TrunkId::from_raw(0),
            name: "Test of this server".to_owned(),
            addresses: Cidr::parse(&caller.ip().to_string()).into_iter().collect(),
            peer: None,
            transport: Transport::Udp,
            codecs: vec![Codec::Pcmu],
            nat: false,
            settings: crate::call::trunk::TrunkSettings::default(),
        };
        *running = Some(Running {
            key,
            caller,
            trunk: Arc::new(trunk),
            session: None,
        });
        Some(RunningCheck(self))
    }

    /// Whether a visit that says this is the test's.
    #[must_use]
    pub fn is_visit(&self, key: &[u8]) -> bool {
        let running = hold(&self.running);
        running.as_ref().is_some_and(|r| r.key.as_bytes() == key)
    }

    /// Takes down the session of the test's visit.
    pub fn visited(&self, session: SessionId) {
        if let Some(running) = hold(&self.running).as_mut() {
            running.session = Some(session);
        }
    }

    /// The session of the test's visit.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        hold(&self.running).as_ref()?.session
    }

    /// The trunk of the test's caller, when the far end is that.
    #[must_use]
    pub fn trunk(&self, remote: SocketAddr, transport: Transport) -> Option<Arc<TrunkProfile>> {
        let running = hold(&self.running);
        let running = running.as_ref()?;
        let own = running.caller == remote && transport == Transport::Udp;
        own.then(|| Arc::clone(&running.trunk))
    }

    /// Whether a call from there over that trunk is the test's.
    #[must_use]
    pub fn is_call(&self, remote: SocketAddr, trunk: TrunkId) -> bool {
        let own = self.trunk(remote, Transport::Udp);
        own.is_some_and(|own| own.id == trunk)
    }

    /// Keeps what a test found.
    pub fn keep(&self, site: SiteId, result: CheckResult) {
        hold(&self.last).insert(site, result);
    }

    /// Remembers what tests found before the start.
    pub fn remember(&self, found: Vec<(SiteId, CheckResult)>) {
        hold(&self.last).extend(found);
    }

    /// What the last test of a site found.
    #[must_use]
    pub fn last(&self, site: SiteId) -> Option<CheckResult> {
        hold(&self.last).get(&site).cloned()
    }
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is complete.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
