//! Host names in Contact headers, looked up with a time limit and a small memory.
//!
//! Trunks are addressed by IP, or by a made-up name when they are dialled over TLS (`tls`); another name appears only when
//! a far end's Contact has one. The stack may
//! ask while it holds its receiving loop, so a slow name server must not hold it for long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rsipstack::sip::{Host, HostWithPort};
use rsipstack::transport::SipAddr;
use rsipstack::transport::transport_layer::DomainResolver;

use super::peers::Peers;
use super::tls::Secured;

/// Longest wait for a name server.
const LOOKUP_MAX: Duration = Duration::from_millis(500);
/// How long an answer, also "not found", is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);
/// Most names remembered.
const NAMES_MAX: usize = 256;

/// Looks names up.
pub(crate) struct Resolver {
    secured: Arc<Secured>,
    peers: Arc<Peers>,
    names: Mutex<HashMap<String, (Instant, Option<IpAddr>)>>,
}

impl Resolver {
    pub(super) fn new(secured: Arc<Secured>, peers: Arc<Peers>) -> Self {
        Self {
            secured,
            peers,
            names: Mutex::default(),
        }
    }

    fn remembered(&self, name: &str) -> Option<Option<IpAddr>> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names
            .get(name)
            .filter(|(at, _)| at.elapsed() < REMEMBERED_FOR)
            .map(|(_, ip)| *ip)
    }

    fn remember(&self, name: &str, ip: Option<IpAddr>) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES_MAX {
            names.clear();
        }
        names.insert(name.to_owned(), (Instant::now(), ip));
    }

    async fn look_up(&self, name: &str) -> Option<IpAddr> {
        // Where a call goes was looked up and allowed when it began.
        if let Some(found) = self.peers.found(name) {
            return Some(found);
        }
        if let Some(answer) = self.remembered(name) {
            return answer;
        }
        let lookup = tokio::net::lookup_host((name, 0));
        let found = match tokio::time::timeout(LOOKUP_MAX, lookup).await {
            Ok(Ok(mut addresses)) => addresses.next().map(|a| a.ip()),
            _ => None,
        };
        self.remember(name, found);
        found
    }
}

#[async_trait]
impl DomainResolver for Resolver {
    async fn resolve(&self, target: &SipAddr) -> rsipstack::Result<SipAddr> {
        let Host::Domain(name) = &target.addr.host else {
            return Ok(target.clone());
        };
        if Secured::is_name(&name.0) {
            let connected = self.secured.connect(&name.0).await;
            return connected
                .inspect_err(|error| tracing::warn!(error, "a trunk cannot be reached over TLS"))
                .map_err(rsipstack::Error::Error);
        }
        match self.look_up(&name.0).await {
            Some(ip) => Ok(SipAddr {
                r#type: target.r#type,
                addr: HostWithPort {
                    host: Host::IpAddr(ip),
                    port: target.addr.port,
                },
            }),
            None => Err(rsipstack::Error::DnsResolutionError(name.0.clone())),
        }
    }
}
