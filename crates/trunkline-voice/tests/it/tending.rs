//! Trunks as the performer tends them, without an engine: what it is given, and what it tells.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use trunkline_core::base::id::TrunkId;
use trunkline_core::call::trunk::{Ping, RegistrationNews};
use trunkline_engine::call::control::{Codec, Transport, TrunkProfile};
use trunkline_engine::call::trunk::{Secret, TrunkControl, TrunkSettings};

use crate::kamailio::{PASSWORD, USER};
use crate::station::patiently;

/// What was told of a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    Pinged(TrunkId, Ping),
    Registered(TrunkId, RegistrationNews),
}

/// Trunks that are set by hand.
pub(crate) struct Trunks {
    trunks: Mutex<Vec<Arc<TrunkProfile>>>,
    changes: watch::Sender<u64>,
    news: watch::Sender<Vec<News>>,
    wait_ms: u64,
}

impl Trunks {
    /// With these trunks; pings and registrations are repeated every `wait_ms`.
    pub(crate) fn new(trunks: Vec<TrunkProfile>, wait_ms: u64) -> Arc<Self> {
        Arc::new(Self {
            trunks: Mutex::new(trunks.into_iter().map(Arc::new).collect()),
            changes: watch::Sender::new(0),
            news: watch::Sender::new(Vec::new()),
            wait_ms,
        })
    }

    /// From now on these are the trunks.
    pub(crate) fn set(&self, trunks: Vec<TrunkProfile>) {
        *self.trunks.lock().expect("trunks") = trunks.into_iter().map(Arc::new).collect();
        self.changes.send_modify(|count| *count += 1);
    }

    /// Everything told so far.
    pub(crate) fn told(&self) -> Vec<News> {
        self.news.borrow().clone()
    }

    /// Waits until what was told is so.
    pub(crate) async fn until(&self, wanted: impl Fn(&[News]) -> bool) -> Vec<News> {
        let mut news = self.news.subscribe();
        let told = patiently(news.wait_for(|told| wanted(told))).await;
        told.expect("the trunks are there").clone()
    }
}

impl TrunkControl for Trunks {
    fn trunks(&self) -> Vec<Arc<TrunkProfile>> {
        self.trunks.lock().expect("trunks").clone()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn pinged(&self, trunk: TrunkId, ping: Ping) {
        self.news
            .send_modify(|news| news.push(News::Pinged(trunk, ping)));
    }

    fn registered(&self, trunk: TrunkId, news: RegistrationNews) {
        self.news
            .send_modify(|told| told.push(News::Registered(trunk, news)));
    }

    fn ping_wait_ms(&self, _trunk: TrunkId) -> u64 {
        self.wait_ms
    }

    fn register_wait_ms(&self, _trunk: TrunkId, _expires_s: u32) -> u64 {
        self.wait_ms
    }
}

/// A trunk that registers with Kamailio.
pub(crate) fn registered(id: TrunkId, carrier: SocketAddr) -> TrunkProfile {
    TrunkProfile {
        id,
        name: "Kamailio".to_owned(),
        addresses: Vec::new(),
        peer: Some(carrier),
        transport: Transport::Udp,
        codecs: vec![Codec::Pcmu],
        nat: false,
        settings: TrunkSettings {
            registers: true,
            user: Some(USER.to_owned()),
            password: Some(Secret::new(PASSWORD.to_owned())),
            domain: Some("127.0.0.1".to_owned()),
            registrar_at: Some(carrier),
            known_at: vec![carrier.ip()],
            ..TrunkSettings::default()
        },
    }
}
