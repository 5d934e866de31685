//! SIP addresses of people who are rung at their own telephone system: `sip:sales@pbx.example`.
//!
//! What can be said of a call in such an address (headers, another place to send it to, a password) has no meaning here and
//! is refused: an address says where somebody is, and nothing else.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// Longest address, in bytes.
const TEXT_MAX: usize = 255;
/// Longest name before the `@`, in bytes.
const USER_MAX: usize = 64;
/// Longest host name (RFC 1035, 2.3.4), and label of it.
const HOST_MAX: usize = 253;
const LABEL_MAX: usize = 63;
/// Most parameters, the transport among them.
const PARAMETERS_MAX: usize = 8;
/// Ports without one in the address (RFC 3261, 19.1.2).
const PORT: u16 = 5060;
const PORT_TLS: u16 = 5061;

/// How an address is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SipTransport {
    /// Datagrams.
    Udp,
    /// A TCP connection.
    Tcp,
    /// A TCP connection under TLS.
    Tls,
}

/// A SIP address that can be rung. It is written in one way: `sip:`, the host in small letters, and the transport as a
/// parameter unless it is UDP; `sips:` is read as TLS.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SipAddress {
    text: Arc<str>,
    host: Arc<str>,
    port: Option<u16>,
    transport: SipTransport,
}

/// The text is no SIP address that can be rung.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; write an address such as sip:sales@pbx.example")]
pub struct ParseSipAddressError(&'static str);

impl SipAddress {
    /// Reads an address; `<` and `>` around it may stay.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn parse(text: &str) -> Result<Self, ParseSipAddressError> {
        let wrong = ParseSipAddressError;
        let text = text.trim();
        let bare = text.strip_prefix('<').and_then(|t| t.strip_suffix('>'));
        let text = bare.unwrap_or(text);
        if text.len() > TEXT_MAX {
            return Err(wrong("the address is too long"));
        }
        let (scheme, rest) = text
            .split_once(':')
            .ok_or(wrong("the address has no scheme"))?;
        let secured = match scheme.to_ascii_lowercase().as_str() {
            "sip" => false,
            "sips" => true,
            _ => return Err(wrong("the address begins with neither sip: nor sips:")),
        };
        if rest.contains('?') {
            return Err(wrong("the address has headers, which are not sent"));
        }
        let (user, rest) = rest
            .split_once('@')
            .ok_or(wrong("the address names nobody before an @"))?;
        if user.contains(':') {
            return Err(wrong("the address has a password"));
        }
        if !is_user(user) {
            return Err(wrong("the name before the @ cannot be rung"));
        }
        let mut parts = rest.split(';');
        let (host, port) = host_and_port(parts.next().unwrap_or_default())?;
        let mut transport = secured.then_some(SipTransport::Tls);
        let mut others = String::new();
        for (count, part) in parts.enumerate() {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = name.to_ascii_lowercase();
            if count >= PARAMETERS_MAX || !is_parameter(&name, value) {
                return Err(wrong("a parameter of the address cannot be sent"));
            }
            match name.as_str() {
                "transport" => {
                    let said = match value.to_ascii_lowercase().as_str() {
                        "udp" => SipTransport::Udp,
                        "tcp" => SipTransport::Tcp,
                        "tls" => SipTransport::Tls,
                        _ => return Err(wrong("the transport is none of udp, tcp and tls")),
                    };
                    // `sips:` with TCP says TLS over TCP.
                    if secured && said == SipTransport::Udp {
                        return Err(wrong("sips: does not go over udp"));
                    }
                    transport = transport.or(Some(said));
                }
                // Another place to send it to, or another request: not what an address is for.
                "maddr" | "ttl" | "method" | "lr" => {
                    return Err(wrong("a parameter of the address cannot be sent"));
                }
                _ => {
                    others.push(';');
                    others.push_str(part);
                }
            }
        }
        let transport = transport.unwrap_or(SipTransport::Udp);
        let mut written = format!("sip:{user}@{}", in_brackets(&host));
        if let Some(port) = port {
            written.push_str(&format!(":{port}"));
        }
        written.push_str(match transport {
            SipTransport::Udp => "",
            SipTransport::Tcp => ";transport=tcp",
            SipTransport::Tls => ";transport=tls",
        });
        written.push_str(&others);
        Ok(Self {
            text: written.into(),
            host: host.into(),
            port,
            transport,
        })
    }

    /// The address as it is written on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host: a name in small letters, or an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, that of the transport when the address has none.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match (self.port, self.transport) {
            (Some(port), _) => port,
            (None, SipTransport::Tls) => PORT_TLS,
            (None, SipTransport::Udp | SipTransport::Tcp) => PORT,
        }
    }

    /// How it is spoken to.
    #[must_use]
    pub const fn transport(&self) -> SipTransport {
        self.transport
    }

    /// For logs: the host, and of the name before it only the first letter.
    #[must_use]
    pub fn masked(&self) -> String {
        let name = self.text.strip_prefix("sip:").unwrap_or_default();
        let first: String = name.chars().take(1).collect();
        format!("sip:{first}…@{}", in_brackets(&self.host))
    }
}

impl fmt::Display for SipAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for SipAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Unreserved characters and those that names may have besides, without what would end the name in a list (RFC 3261, 25.1).
fn is_user(user: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$%".contains(&b);
    (1..=USER_MAX).contains(&user.len()) && user.bytes().all(plain) && is_escaped(user)
}

/// Every `%` stands before two hexadecimal digits.
fn is_escaped(text: &str) -> bool {
    let mut parts = text.split('%');
    let _ = parts.next();
    parts.all(|after| {
        let mut digits = after.bytes().take(2);
        digits.len() == 2 && digits.all(|b| b.is_ascii_hexdigit())
    })
}

fn is_parameter(name: &str, value: &str) -> bool {
    let plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.~*+$".contains(&b))
    };
    !name.is_empty() && plain(name) && plain(value)
}

pub(super) fn host_and_port(text: &str) -> Result<(String, Option<u16>), ParseSipAddressError> {
    let wrong = ParseSipAddressError("the host is none");
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(wrong.clone())?;
            let ip: std::net::Ipv6Addr = host.parse().map_err(|_| wrong.clone())?;
            let port = match port.strip_prefix(':') {
                Some(port) => Some(port),
                None if port.is_empty() => None,
                None => return Err(wrong),
            };
            (ip.to_string(), port)
        }
        None => {
            let (host, port) = match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            };
            (host.to_ascii_lowercase(), port)
        }
    };
    let label = |l: &str| {
        (1..=LABEL_MAX).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let is_name = host.len() <= HOST_MAX && host.split('.').all(label);
    // A name that ends in digits is an address in disguise, unless it is a proper one.
    let last = host.rsplit('.').next().unwrap_or_default();
    let disguised = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    if host.parse::<IpAddr>().is_err() && (!is_name || disguised) {
        return Err(wrong);
    }
    let no_port = || ParseSipAddressError("the port is none");
    let port = match port {
        None => None,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            let port: u16 = digits.parse().map_err(|_| no_port())?;
            Some(Some(port).filter(|port| *port > 0).ok_or_else(no_port)?)
        }
        Some(_) => return Err(no_port()),
    };
    Ok((host, port))
}

fn in_brackets(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_in_one_way() {
        for (text, written, at) in [
            (
                "sip:sales@pbx.example",
                "sip:sales@pbx.example",
                "pbx.example 5060 Udp",
            ),
            (
                " <SIP:Sales@PBX.Example> ",
                "sip:Sales@pbx.example",
                "pbx.example 5060 Udp",
            ),
            (
                "sip:+12145550100@203.0.113.7:5080",
                "sip:+12145550100@203.0.113.7:5080",
                "203.0.113.7 5080 Udp",
            ),
            (
                "sip:a@pbx.example;transport=TCP",
                "sip:a@pbx.example;transport=tcp",
                "pbx.example 5060 Tcp",
            ),
            (
                "sip:a@pbx.example;transport=udp",
                "sip:a@pbx.example",
                "pbx.example 5060 Udp",
            ),
            (
                "sips:a@pbx.example",
                "sip:a@pbx.example;transport=tls",
                "pbx.example 5061 Tls",
            ),
            (
                "sips:a@pbx.example:7061;transport=tcp",
                "sip:a@pbx.example:7061;transport=tls",
                "pbx.example 7061 Tls",
            ),
            (
                "sip:a@[2001:DB8::7]:5070",
                "sip:a@[2001:db8::7]:5070",
                "2001:db8::7 5070 Udp",
            ),
            (
                "sip:call%20me@pbx.example",
                "sip:call%20me@pbx.example",
                "pbx.example 5060 Udp",
            ),
            (
                "sip:a@pbx.example;region=us1;transport=tls;x",
                "sip:a@pbx.example;transport=tls;region=us1;x",
                "pbx.example 5061 Tls",
            ),
        ] {
            let address = SipAddress::parse(text).expect(text);
            assert_eq!(address.as_str(), written, "{text}");
            let found = format!(
                "{} {} {:?}",
                address.host(),
                address.port(),
                address.transport()
            );
            assert_eq!(found, at, "{text}");
            let again = SipAddress::parse(written).expect(written);
            assert_eq!(again, address, "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_address_of_somebody_is_refused() {
        for text in [
            "",
            "sales@pbx.example",
            "tel:+12145550100",
            "sip:pbx.example",
            "sip:@pbx.example",
            "sip:a@",
            "sip:a b@pbx.example",
            "sip:a@pbx example",
            "sip:a:secret@pbx.example",
            "sip:a@pbx.example?Replaces=1",
            "sip:a@pbx.example;maddr=127.0.0.1",
            "sip:a@pbx.example;method=REGISTER",
            "sip:a@pbx.example;transport=sctp",
            "sips:a@pbx.example;transport=udp",
            "sip:a@pbx.example:99999",
            "sip:a@pbx.example:",
            "sip:a@pbx.example:5o60",
            "sip:a@-pbx.example",
            "sip:a@127.1",
            "sip:a@2130706433",
            "sip:a@0x7f000001",
            "sip:a@[::1",
            "sip:a@[pbx.example]",
            "sip:a@b@c",
            "sip:a%2@pbx.example",
            "sip:a@pbx.example\r\nX: y",
            "sip:a,sip:b@pbx.example",
            "sip:a@pbx.example;x=\"1\"",
        ] {
            assert!(SipAddress::parse(text).is_err(), "{text:?}");
        }
        let long = format!("sip:a@{}.example", "x".repeat(300));
        assert!(SipAddress::parse(&long).is_err());
        let refused = SipAddress::parse("tel:+1").map_err(|error| error.to_string());
        let told = "the address begins with neither sip: nor sips:; write an address such as sip:sales@pbx.example";
        assert_eq!(refused, Err(told.to_owned()));
    }

    #[test]
    fn a_log_shows_the_host_and_not_the_name() {
        let address = SipAddress::parse("sip:+12145550100@pbx.example").expect("an address");
        assert_eq!(format!("{address:?}"), "sip:+…@pbx.example");
    }
}
