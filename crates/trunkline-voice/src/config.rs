//! Settings of the station, each with a default that works on a laptop.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use trunkline_core::base::Country;

use crate::sip::tls::TlsListen;

/// What [`crate::Voice::start`] needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceConfig {
    /// Where SIP over UDP is listened to. Default `0.0.0.0:5060`. RTP is bound to the same IP.
    pub udp: SocketAddr,
    /// Where SIP over TCP is listened to; `None` turns it off. Default `0.0.0.0:5060`.
    pub tcp: Option<SocketAddr>,
    /// Where SIP over TLS is listened to; `None`, the default, turns it off. Dialling over TLS needs no listener.
    pub tls: Option<TlsListen>,
    /// Where numbers without a country code are at home, unless a trunk says otherwise. Default `US`.
    pub home: Country,
    /// The address far ends are told, when it is not the one that is bound (NAT). Default: the
    /// bound address, or the first interface's when all are bound.
    pub external_address: Option<IpAddr>,
    /// First and last UDP port for media; a call uses four. `(0, 0)` lets the system choose.
    /// Default 10000 to 19999: 2,500 calls.
    pub rtp_ports: (u16, u16),
    /// Calls in progress at a time; more are answered 503. Default 2,000.
    pub calls_max: usize,
    /// New calls per second, also as a burst; more are answered 503. Default 400.
    pub setups_per_second: u32,
    /// How long an outgoing call may stay without any answer before the next destination is
    /// tried, in milliseconds. Default 5,000.
    pub first_response_ms: u32,
    /// How long an unanswered BYE or CANCEL is repeated before the leg is forgotten, in
    /// milliseconds. Default 32,000 (64*T1 of RFC 3261).
    pub goodbye_ms: u32,
    /// Shortest session interval accepted (`Min-SE` of RFC 4028), in seconds. Default 90, the
    /// least the RFC allows.
    pub min_session_s: u32,
    /// Whether buyers' SIP addresses, and what they lead to, may be on this machine or in a private network. Default no.
    pub private_peers: bool,
    /// Recording stops when the disk has fewer free bytes than this. Default 500 MB.
    pub recording_free_bytes_min: u64,
}

impl Default for VoiceConfig {
    fn default() -> Self {
        let everywhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 5060);
        Self {
            udp: everywhere,
            tcp: Some(everywhere),
            tls: None,
            home: Country::US,
            external_address: None,
            rtp_ports: (10_000, 19_999),
            calls_max: 2_000,
            setups_per_second: 400,
            first_response_ms: 5_000,
            goodbye_ms: 32_000,
            min_session_s: crate::sip::session_timer::INTERVAL_FLOOR_S,
            private_peers: false,
            recording_free_bytes_min: 500_000_000,
        }
    }
}
