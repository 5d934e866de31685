//! What performers know of a trunk beyond its addresses, and the two ports between trunks and the performer that tends
//! them: it reads them and tells how they are ([`TrunkControl`]), and is asked to try one ([`TrunkLines`]).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::TrunkId;
use trunkline_core::call::trunk::{
    CallerIdPolicy, NumberFormats, Ping, RateCard, RegistrationNews,
};

use super::control::TrunkProfile;

/// Priority of a trunk that was given none; smaller ones are tried sooner.
pub const PRIORITY: u16 = 100;
/// Longest ring of a test call, in milliseconds.
pub const TEST_RING_MS: u32 = 25_000;

/// A password; it is printed as dots.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a password.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The password, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("••••")
    }
}

/// A host as written, with its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// Name or address.
    pub host: String,
    /// Port; `None`: that of the transport.
    pub port: Option<u16>,
}

impl HostPort {
    /// Reads `host` or `host:port`; IPv6 addresses with a port stand in brackets.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if text.parse::<IpAddr>().is_ok() {
            return Some(Self {
                host: text,
                port: None,
            });
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Some(Self {
                host: address.ip().to_string(),
                port: Some(address.port()),
            });
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text.as_str(), None),
        };
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        (host.len() <= 253 && host.split('.').all(label)).then(|| Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.port, self.host.contains(':')) {
            (None, _) => f.write_str(&self.host),
            (Some(port), true) => write!(f, "[{}]:{port}", self.host),
            (Some(port), false) => write!(f, "{}:{port}", self.host),
        }
    }
}

/// How a trunk is spoken to, beyond its addresses. The default is a trunk known by its addresses alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkSettings {
    /// Whether we register there.
    pub registers: bool,
    /// User name, for registrations and for requests that are challenged.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// The registrar, when it is not the trunk's host.
    pub registrar: Option<HostPort>,
    /// Where everything is sent, when it is not the host it is for.
    pub proxy: Option<HostPort>,
    /// Certificates (PEM) that the far end's must come from, instead of the system's.
    pub tls_ca: Option<Arc<str>>,
    /// The smaller, the sooner it is tried on outgoing calls.
    pub priority: u16,
    /// How numbers are written.
    pub formats: NumberFormats,
    /// Which number is shown.
    pub caller_id: CallerIdPolicy,
    /// What the carrier takes for minutes; `None`: nobody knows.
    pub rates: Option<Arc<RateCard>>,
    /// The host as written, for URIs and for the name in its certificate.
    pub domain: Option<String>,
    /// Where registrations are sent, once looked up.
    pub registrar_at: Option<SocketAddr>,
    /// Addresses of the trunk's hosts, once looked up; a trunk that registers is called from there.
    pub known_at: Vec<IpAddr>,
}

impl Default for TrunkSettings {
    fn default() -> Self {
        Self {
            registers: false,
            user: None,
            password: None,
            registrar: None,
            proxy: None,
            tls_ca: None,
            priority: PRIORITY,
            formats: NumberFormats::default(),
            caller_id: CallerIdPolicy::default(),
            rates: None,
            domain: None,
            registrar_at: None,
            known_at: Vec::new(),
        }
    }
}

impl TrunkProfile {
    /// Whether its requests may come from this address.
    #[must_use]
    pub fn admits(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.addresses.iter().any(|range| range.contains(ip))
            || self.settings.registers && self.settings.known_at.contains(&ip)
    }

    /// The user part of the Contact that is registered: unlike any other trunk's. It tells trunks of one carrier
    /// apart, and never lets anybody in: it travels in clear text.
    #[must_use]
    pub fn contact_user(&self) -> String {
        self.id.to_string()
    }
}

/// What the performer that tends trunks asks and tells. It pings every trunk that can be dialled, registers those that
/// register, and follows changes.
pub trait TrunkControl: Send + Sync + 'static {
    /// All trunks; from memory.
    fn trunks(&self) -> Vec<Arc<TrunkProfile>>;

    /// Changes whenever trunks may have.
    fn changes(&self) -> watch::Receiver<u64>;

    /// What came of a ping.
    fn pinged(&self, trunk: TrunkId, ping: Ping);

    /// What came of a registration.
    fn registered(&self, trunk: TrunkId, news: RegistrationNews);

    /// How long to wait until the next ping, in milliseconds.
    fn ping_wait_ms(&self, trunk: TrunkId) -> u64;

    /// How long to wait until the next REGISTER, in milliseconds, when the last one was granted for so many seconds.
    fn register_wait_ms(&self, trunk: TrunkId, expires_s: u32) -> u64;
}

/// What came of a test call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestCall {
    /// It was answered, and hung up at once.
    Answered,
    /// It rang and was hung up after [`TEST_RING_MS`].
    Rang,
    /// The carrier refused it with this status.
    Refused {
        /// The status.
        status: u16,
    },
    /// It came to nothing.
    Failed {
        /// Why, as a sentence without full stop.
        error: String,
    },
}

/// A performer's way to try a trunk at once.
#[async_trait]
pub trait TrunkLines: Send + Sync + 'static {
    /// Pings the trunk's far end, in bounded time.
    async fn ping(&self, trunk: &Arc<TrunkProfile>) -> Ping;

    /// Rings a phone over the trunk for at most [`TEST_RING_MS`]; an answer is hung up at once.
    async fn ring(&self, trunk: &Arc<TrunkProfile>, to: PhoneNumber, from: PhoneNumber)
    -> TestCall;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_with_and_without_port() {
        for (text, read) in [
            ("sip.example.com", Some("sip.example.com")),
            ("SIP.example.com:5070", Some("sip.example.com:5070")),
            ("203.0.113.7", Some("203.0.113.7")),
            ("203.0.113.7:5061", Some("203.0.113.7:5061")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("[2001:db8::7]:5061", Some("[2001:db8::7]:5061")),
            ("", None),
            ("sip.example.com:", None),
            ("sip.example.com:99999", None),
            ("sip:example.com@x", None),
            ("two words", None),
            ("-x.example", None),
        ] {
            let got = HostPort::parse(text).map(|host| host.to_string());
            assert_eq!(got.as_deref(), read, "{text}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let settings = TrunkSettings {
            password: Some(Secret::new("hunter2".to_owned())),
            ..TrunkSettings::default()
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
