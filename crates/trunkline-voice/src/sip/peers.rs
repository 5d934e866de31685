//! Far ends that we called first: whose messages are taken, and where these may lead what follows.
//!
//! A trunk's far end was chosen by the operator and is believed. A buyer's was named by the buyer: its answers are taken
//! while a call goes there, it may not call us, and its Contact and Record-Route send us nowhere that its address could not.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trunkline_core::base::is_public;

use super::raw::{Raw, address, split_outside};

/// Most addresses that are remembered as known.
const PEERS_MAX: usize = 4096;

/// Far ends by their address.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    /// Whether buyers' addresses may lead to private networks.
    private: bool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    peers: HashMap<IpAddr, Peer>,
    /// Host names that are called now: where they were found, and how many calls go there. They are not looked up again.
    names: HashMap<String, (IpAddr, usize)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Peer {
    /// The operator's.
    trunk: bool,
    /// Calls that go there now.
    calls: usize,
}

/// A call goes to a buyer's address, as long as this lives.
#[derive(Debug)]
pub(crate) struct Called {
    peers: Arc<Peers>,
    ip: IpAddr,
    name: Option<String>,
}

impl Drop for Called {
    fn drop(&mut self) {
        let mut known = self.peers.hold();
        // What still comes from there, such as the answer to our BYE, is taken until the place is needed.
        if let Some(peer) = known.peers.get_mut(&self.ip) {
            peer.calls = peer.calls.saturating_sub(1);
        }
        let Some(name) = &self.name else { return };
        if let Some((_, calls)) = known.names.get_mut(name) {
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                known.names.remove(name);
            }
        }
    }
}

impl Peers {
    /// With `private`, buyers' addresses may be in private networks, and may lead there.
    pub(crate) fn new(private: bool) -> Self {
        Self {
            private,
            known: Mutex::default(),
        }
    }

    /// A trunk's far end was called or asked.
    pub(crate) fn expect_trunk(&self, ip: IpAddr) {
        let mut known = self.hold();
        if known.has_room_for(ip) {
            known.peers.entry(ip).or_default().trunk = true;
        }
    }

    /// A call goes to a buyer's address, whose host was found at `ip`. `None` when too many do.
    pub(crate) fn call(self: &Arc<Self>, ip: IpAddr, host: &str) -> Option<Called> {
        let mut known = self.hold();
        if !known.has_room_for(ip) {
            return None;
        }
        known.peers.entry(ip).or_default().calls += 1;
        let name = host.parse::<IpAddr>().is_err().then(|| host.to_owned());
        if let Some(name) = &name {
            let (at, calls) = known.names.entry(name.clone()).or_insert((ip, 0));
            *at = ip;
            *calls += 1;
        }
        drop(known);
        Some(Called {
            peers: Arc::clone(self),
            ip,
            name,
        })
    }

    /// Whether anything may come from this address.
    pub(crate) fn knows(&self, ip: IpAddr) -> bool {
        self.hold().peers.contains_key(&ip)
    }

    /// Whether it is known only because buyers' calls go, or went, there.
    pub(crate) fn is_only_called(&self, ip: IpAddr) -> bool {
        self.hold().peers.get(&ip).is_some_and(|peer| !peer.trunk)
    }

    /// Where a host name was found that is called now.
    pub(crate) fn found(&self, name: &str) -> Option<IpAddr> {
        let name = name.to_ascii_lowercase();
        self.hold().names.get(&name).map(|(ip, _)| *ip)
    }

    /// Whether a response of a buyer's telephone system names a next hop that calls must not go to.
    pub(crate) fn is_led_astray(&self, raw: &Raw<'_>, from: IpAddr) -> bool {
        let routes = raw.values("record-route").last();
        // The route set is the reverse of what was recorded (RFC 3261, 12.1.2).
        let last =
            routes.map(|value| split_outside(value, ',').and_then(|all| all.last().copied()));
        let hop = last.or_else(|| {
            let contact = raw.value("contact")?;
            Some(split_outside(contact, ',').and_then(|all| all.first().copied()))
        });
        let Some(hop) = hop else { return false };
        let host = hop.and_then(address).and_then(|(uri, _)| host_of(uri));
        !host.is_some_and(|host| self.may_lead_to(host, from))
    }

    fn may_lead_to(&self, host: &str, from: IpAddr) -> bool {
        match host.parse::<IpAddr>() {
            Ok(ip) => ip == from || self.private || is_public(ip.to_canonical()),
            // Another name may be anything by the time it is looked up.
            Err(_) => self.private || self.found(host).is_some(),
        }
    }

    fn hold(&self) -> MutexGuard<'_, Known> {
        // Every change of the maps is complete.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether there is a place for an address; a buyer's to which no call goes gives way.
    fn has_room_for(&mut self, ip: IpAddr) -> bool {
        if self.peers.len() < PEERS_MAX || self.peers.contains_key(&ip) {
            return true;
        }
        let mut peers = self.peers.iter();
        let idle = peers.find(|(_, peer)| !peer.trunk && peer.calls == 0);
        let idle = idle.map(|(ip, _)| *ip);
        idle.is_some_and(|idle| self.peers.remove(&idle).is_some())
    }
}

/// The host of a SIP URI; `None` when it is not plain where it leads.
fn host_of(uri: &str) -> Option<&str> {
    let lower = uri.to_ascii_lowercase();
    if lower.contains("maddr") || uri.matches('@').count() > 1 {
        return None;
    }
    let (scheme, rest) = uri.split_once(':')?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "sip" | "sips") {
        return None;
    }
    let rest = rest.split_once('@').map_or(rest, |(_, host)| host);
    let end = rest.find([';', '?']).unwrap_or(rest.len());
    let place = rest[..end].trim();
    match place.strip_prefix('[') {
        Some(inside) => inside.split_once(']').map(|(host, _)| host),
        None => place.split(':').next().filter(|host| !host.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect(text)
    }

    #[test]
    fn a_buyers_answer_leads_to_its_own_host_and_to_the_open_internet() {
        let peers = Arc::new(Peers::new(false));
        let called = peers.call(ip("203.0.113.7"), "pbx.example");
        for (headers, astray) in [
            ("Contact: <sip:a@203.0.113.7:5080>", false),
            ("Contact: <sip:a@8.8.8.8>", false),
            (
                "m: \"A\" <sip:a@pbx.example;transport=tcp>;expires=60",
                false,
            ),
            ("Contact: sip:a@PBX.example", false),
            ("Contact: <sip:a@127.0.0.1:9000>", true),
            ("Contact: <sip:a@10.0.0.1>", true),
            ("Contact: <sip:a@[::1]>", true),
            ("Contact: <sip:a@169.254.169.254>", true),
            ("Contact: <sip:a@inside.example>", true),
            ("Contact: <sip:a@8.8.8.8;maddr=127.0.0.1>", true),
            ("Contact: <sip:a@8.8.8.8@127.0.0.1>", true),
            ("Contact: <tel:+1214>", true),
            ("Contact: <sip:a@8.8.8.8", true),
            // Behind its proxy it may be wherever it wants.
            (
                "Contact: <sip:a@10.0.0.1>\r\nRecord-Route: <sip:203.0.113.7;lr>",
                false,
            ),
            (
                "Record-Route: <sip:10.0.0.1;lr>, <sip:203.0.113.7;lr>",
                false,
            ),
            (
                "Record-Route: <sip:203.0.113.7;lr>\r\nRecord-Route: <sip:10.0.0.1;lr>",
                true,
            ),
            ("Subject: nothing", false),
        ] {
            let message = format!("SIP/2.0 200 OK\r\n{headers}\r\n\r\n");
            let raw = Raw::split(message.as_bytes()).expect("a message");
            let from = ip("203.0.113.7");
            assert_eq!(peers.is_led_astray(&raw, from), astray, "{headers}");
            if !headers.contains("maddr")
                && !headers.contains("tel:")
                && headers.matches('@').count() < 2
                && headers.contains('>')
            {
                let anywhere = Peers::new(true);
                assert!(!anywhere.is_led_astray(&raw, from), "{headers}");
            }
        }
        drop(called);
        assert_eq!(peers.found("pbx.example"), None, "the call is over");
    }

    #[test]
    fn whoever_is_called_is_known_and_a_trunk_never_gives_way() {
        let peers = Arc::new(Peers::new(false));
        peers.expect_trunk(ip("192.0.2.1"));
        let one = peers.call(ip("203.0.113.7"), "203.0.113.7").expect("room");
        assert!(peers.knows(ip("203.0.113.7")) && peers.is_only_called(ip("203.0.113.7")));
        assert!(!peers.is_only_called(ip("192.0.2.1")));
        assert!(!peers.knows(ip("203.0.113.8")));
        let many = (0..PEERS_MAX as u32).map(|n| IpAddr::from((0x0b00_0000 + n).to_be_bytes()));
        for other in many {
            drop(peers.call(other, "pbx.example"));
        }
        assert!(peers.knows(ip("192.0.2.1")) && peers.knows(ip("203.0.113.7")));
        assert_eq!(peers.hold().peers.len(), PEERS_MAX);
        drop(one);
        assert!(peers.knows(ip("203.0.113.7")), "its last words are heard");
    }

    #[test]
    fn calls_beyond_the_limit_are_refused_before_anything_is_sent() {
        let peers = Arc::new(Peers::new(false));
        let addresses =
            (0..=PEERS_MAX as u32).map(|n| IpAddr::from((0x0b00_0000 + n).to_be_bytes()));
        let held: Vec<_> = addresses.map(|at| peers.call(at, "pbx.example")).collect();
        assert_eq!(held.iter().flatten().count(), PEERS_MAX);
        assert!(held.last().is_some_and(Option::is_none));
    }
}
