//! Where a SIP address is. Buyers write such addresses, and their servers name them in answers, so a call goes only to
//! hosts that the operator approved, and only where their web addresses may lead as well: to the open Internet, and to private
//! networks when the operator says so.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use trunkline_core::base::{SipAddress, SipHosts, Timestamp, is_public};

use crate::ports::configuration::Resolver;

/// Longest wait for a name server: a caller hears it ring meanwhile.
const LOOKUP_WAIT: Duration = Duration::from_secs(2);
/// How long what was found is remembered, and that nothing was, in milliseconds.
const REMEMBERED_MS: i64 = 30_000;
/// Most hosts that are remembered.
const HOSTS_MAX: usize = 1_000;
/// Most addresses of a host that are looked at.
const ADDRESSES_MAX: usize = 16;

/// Why an address cannot be rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Nowhere {
    /// The operator did not approve its host.
    #[error(
        "the operator has not approved the host of the SIP address; it is named in voice.sip_hosts"
    )]
    NotApproved,
    /// Its host has no address.
    #[error("the host of the SIP address has no address; see whether its name is written right")]
    NoHost,
    /// Its host lies where calls must not go.
    #[error(
        "the host of the SIP address is not on the open Internet, so it is not rung; the operator can allow it with voice.private_peers"
    )]
    Private,
}

/// Where a host is, or why it is not rung.
type Found = Result<SocketAddr, Nowhere>;

/// Finds where SIP addresses are.
pub struct Peers {
    resolver: Arc<dyn Resolver>,
    approved: SipHosts,
    private: bool,
    known: Mutex<HashMap<(String, u16), (Timestamp, Found)>>,
}

impl Peers {
    /// Looks names up with `resolver`, of hosts that are `approved`. With `private`, these may be this machine or in private
    /// networks too.
    #[must_use]
    pub fn new(resolver: Arc<dyn Resolver>, approved: SipHosts, private: bool) -> Arc<Self> {
        Arc::new(Self {
            resolver,
            approved,
            private,
            known: Mutex::default(),
        })
    }

    /// Whether the operator approved an address, wherever it is.
    ///
    /// # Errors
    /// When not.
    pub fn approve(&self, address: &SipAddress) -> Result<(), Nowhere> {
        let approved = self.approved.approve(address);
        approved.then_some(()).ok_or(Nowhere::NotApproved)
    }

    /// Where an approved address is.
    ///
    /// # Errors
    /// Why it cannot be rung.
    pub async fn find(&self, address: &SipAddress, now: Timestamp) -> Result<SocketAddr, Nowhere> {
        self.approve(address)?;
        let (host, port) = (address.host(), address.port());
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.allow(&[SocketAddr::new(ip, port)]);
        }
        let key = (host.to_owned(), port);
        if let Some(found) = self.remembered(&key, now) {
            return found;
        }
        let looking = timeout(LOOKUP_WAIT, self.resolver.resolve(host, port));
        let addresses = looking.await.unwrap_or_default();
        let found = self.allow(&addresses);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= HOSTS_MAX {
            known.clear();
        }
        known.insert(key, (now, found));
        found
    }

    fn remembered(&self, key: &(String, u16), now: Timestamp) -> Option<Found> {
        // Every change of the map is complete.
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, found) = known.get(key)?;
        let fresh = (0..REMEMBERED_MS).contains(&now.millis_since(*at));
        fresh.then_some(*found)
    }

    /// The first of a host's addresses. Every one must be allowed: one that is not says that the name is not what it seems.
    fn allow(&self, addresses: &[SocketAddr]) -> Found {
        let first = addresses.first().copied().ok_or(Nowhere::NoHost)?;
        let looked_at = &addresses[..addresses.len().min(ADDRESSES_MAX)];
        let usable = |ip: IpAddr| !ip.is_unspecified() && !ip.is_multicast();
        let allowed = |address: &SocketAddr| {
            let ip = address.ip().to_canonical();
            is_public(ip) || (self.private && usable(ip))
        };
        if looked_at.iter().all(allowed) {
            Ok(first)
        } else {
            Err(Nowhere::Private)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Knows these names, and counts who asks.
    #[derive(Default)]
    struct Names {
        asked: AtomicUsize,
    }

    #[async_trait]
    impl Resolver for Names {
        async fn resolve(&self, host: &str, port: u16) -> Vec<SocketAddr> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let at = |ips: &[&str]| {
                let ips = ips.iter().map(|ip| ip.parse::<IpAddr>().expect(ip));
                ips.map(|ip| SocketAddr::new(ip, port)).collect()
            };
            match host {
                "pbx.example" => at(&["8.8.4.4"]),
                "two.example" => at(&["8.8.4.4", "10.0.0.1"]),
                "inside.example" => at(&["127.0.0.1"]),
                "metadata.example" => at(&["::ffff:169.254.169.254"]),
                _ => Vec::new(),
            }
        }
    }

    fn everywhere() -> SipHosts {
        SipHosts::read(&["*".to_owned()]).expect("hosts")
    }

    #[tokio::test]
    async fn a_host_that_the_operator_did_not_approve_is_not_even_looked_up() {
        let names = Arc::new(Names::default());
        let approved = SipHosts::read(&["two.example".to_owned()]).expect("hosts");
        let peers = Peers::new(Arc::clone(&names) as Arc<dyn Resolver>, approved, true);
        let address = SipAddress::parse("sip:a@pbx.example").expect("an address");
        let found = peers.find(&address, Timestamp::from_millis(0)).await;
        assert_eq!(found, Err(Nowhere::NotApproved));
        assert_eq!(names.asked.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn only_the_open_internet_is_rung_unless_the_operator_allows_more() {
        let now = Timestamp::from_millis(0);
        for (address, public, private) in [
            ("sip:a@pbx.example", "8.8.4.4:5060", "8.8.4.4:5060"),
            ("sips:a@pbx.example", "8.8.4.4:5061", "8.8.4.4:5061"),
            ("sip:a@8.8.8.8:5070", "8.8.8.8:5070", "8.8.8.8:5070"),
            ("sip:a@two.example", "private", "8.8.4.4:5060"),
            ("sip:a@inside.example", "private", "127.0.0.1:5060"),
            ("sip:a@127.0.0.1:5070", "private", "127.0.0.1:5070"),
            ("sip:a@[::1]", "private", "[::1]:5060"),
            ("sip:a@192.168.1.5", "private", "192.168.1.5:5060"),
            ("sip:a@0.0.0.0", "private", "private"),
            ("sip:a@224.0.0.1", "private", "private"),
            (
                "sip:a@metadata.example",
                "private",
                "[::ffff:169.254.169.254]:5060",
            ),
            ("sip:a@nobody.example", "no host", "no host"),
        ] {
            let read = SipAddress::parse(address).expect(address);
            for (allowed, expected) in [(false, public), (true, private)] {
                let peers = Peers::new(Arc::new(Names::default()), everywhere(), allowed);
                let found = match peers.find(&read, now).await {
                    Ok(at) => at.to_string(),
                    Err(Nowhere::NoHost) => "no host".to_owned(),
                    Err(Nowhere::Private) => "private".to_owned(),
                    Err(Nowhere::NotApproved) => "not approved".to_owned(),
                };
                assert_eq!(found, expected, "{address}, private {allowed}");
            }
        }
    }

    #[tokio::test]
    async fn a_host_is_looked_up_once_in_a_while() {
        let names = Arc::new(Names::default());
        let peers = Peers::new(Arc::clone(&names) as Arc<dyn Resolver>, everywhere(), false);
        for host in ["sip:a@pbx.example", "sip:a@nobody.example"] {
            let address = SipAddress::parse(host).expect(host);
            let before = names.asked.load(Ordering::Relaxed);
            for ms in [0, REMEMBERED_MS - 1, REMEMBERED_MS] {
                let found = peers.find(&address, Timestamp::from_millis(ms)).await;
                assert_eq!(found.is_ok(), host.contains("pbx"), "{host}");
            }
            let asked = names.asked.load(Ordering::Relaxed) - before;
            assert_eq!(asked, 2, "{host}");
        }
    }
}
