//! Reading a session description line by line into what a relay of audio needs.

use std::net::{IpAddr, SocketAddr};

use super::{Description, Direction, Format, Layout, MediaLine, SdpError};

/// Most `m=` lines that are read.
const MEDIA_MAX: usize = 8;
/// Most payload types on one `m=` line that are read.
const FORMATS_MAX: usize = 64;
/// Attributes that describe the audio and are passed on as they are.
const KEPT: [&str; 3] = ["ptime", "maxptime", "silenceSupp"];

/// One `m=` section while reading.
#[derive(Debug, Default)]
struct Section {
    kind: String,
    port: u16,
    protocol: String,
    formats: Vec<String>,
    address: Option<Connection>,
    attributes: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
struct Connection(IpAddr);

#[derive(Debug, Default)]
pub(super) struct Reader {
    session_address: Option<Connection>,
    session_direction: Option<Direction>,
    sections: Vec<Section>,
}

impl Reader {
    pub(super) fn line(&mut self, line: &str) -> Result<(), SdpError> {
        // Neither may be in a value (RFC 4566, 9), and what is passed on must not end a line of ours.
        if line.contains(['\r', '\0']) {
            return Err(SdpError::Malformed);
        }
        let Some((kind, value)) = line.split_once('=') else {
            return if line.is_empty() {
                Ok(())
            } else {
                Err(SdpError::Malformed)
            };
        };
        match kind {
            "m" => self.media(value)?,
            "c" => {
                let address = connection(value)?;
                match self.sections.last_mut() {
                    Some(section) => section.address = section.address.or(Some(address)),
                    None => self.session_address = self.session_address.or(Some(address)),
                }
            }
            "a" => match self.sections.last_mut() {
                Some(section) => section.attributes.push(value.trim().to_owned()),
                None => {
                    self.session_direction =
                        Direction::read(value.trim()).or(self.session_direction);
                }
            },
            _ if kind.len() == 1 => {}
            _ => return Err(SdpError::Malformed),
        }
        Ok(())
    }

    fn media(&mut self, value: &str) -> Result<(), SdpError> {
        if self.sections.len() >= MEDIA_MAX {
            return Err(SdpError::Malformed);
        }
        let mut words = value.split_ascii_whitespace();
        let kind = words.next().ok_or(SdpError::Malformed)?.to_owned();
        let port = words.next().ok_or(SdpError::Malformed)?;
        let port = port.split('/').next().unwrap_or(port);
        let protocol = words.next().ok_or(SdpError::Malformed)?.to_owned();
        let formats: Vec<String> = words.take(FORMATS_MAX).map(str::to_owned).collect();
        if formats.is_empty() || !kind.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(SdpError::Malformed);
        }
        let port = port.parse().map_err(|_| SdpError::Malformed)?;
        self.sections.push(Section {
            kind,
            port,
            protocol,
            formats,
            ..Section::default()
        });
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Description, SdpError> {
        let audio = self
            .sections
            .iter()
            .position(|s| s.kind == "audio" && s.port != 0 && s.protocol == "RTP/AVP")
            .ok_or(SdpError::NoAudio)?;
        let lines = self.sections.iter().map(Section::media_line).collect();
        let section = &self.sections[audio];
        let address = section
            .address
            .or(self.session_address)
            .ok_or(SdpError::Malformed)?
            .0;
        let held = address.is_unspecified();
        if !held && !is_unicast(address) {
            return Err(SdpError::Address);
        }
        let stated = section
            .attributes
            .iter()
            .rev()
            .find_map(|a| Direction::read(a));
        let stated = stated.or(self.session_direction).unwrap_or_default();
        let direction = match stated {
            // The old way of holding (RFC 3264, 8.4): nothing is to be sent to the peer.
            Direction::SendRecv if held => Direction::SendOnly,
            other => other,
        };
        let rtp = (!held).then(|| SocketAddr::new(address, section.port));
        let rtcp = (!held).then(|| SocketAddr::new(address, section.rtcp_port()));
        let kept = section
            .attributes
            .iter()
            .filter(|a| is_kept(a))
            .cloned()
            .collect();
        Ok(Description {
            layout: Layout { lines, audio },
            formats: section.read_formats()?,
            kept,
            direction,
            rtp,
            rtcp,
        })
    }
}

impl Section {
    fn media_line(&self) -> MediaLine {
        MediaLine {
            kind: self.kind.clone(),
            protocol: self.protocol.clone(),
            first_format: self.formats.first().cloned().unwrap_or_default(),
        }
    }

    /// RTCP port: the next one, unless `a=rtcp:` names another (RFC 3605).
    fn rtcp_port(&self) -> u16 {
        self.attributes
            .iter()
            .find_map(|a| a.strip_prefix("rtcp:"))
            .and_then(|v| v.split_ascii_whitespace().next()?.parse().ok())
            .unwrap_or_else(|| self.port.saturating_add(1))
    }

    /// The payload types, each once: the same number written in two ways is the same.
    fn read_formats(&self) -> Result<Vec<Format>, SdpError> {
        let mut formats: Vec<Format> = Vec::with_capacity(self.formats.len());
        for text in &self.formats {
            let payload_type: u8 = text.parse().map_err(|_| SdpError::Malformed)?;
            if payload_type > 127 {
                return Err(SdpError::Malformed);
            }
            if formats.iter().any(|f| f.payload_type == payload_type) {
                continue;
            }
            formats.push(Format {
                payload_type,
                rtpmap: self.parameter("rtpmap:", payload_type),
                fmtp: self.parameter("fmtp:", payload_type),
            });
        }
        Ok(formats)
    }

    /// The rest of `a=<attribute>:<payload type> …`.
    fn parameter(&self, attribute: &str, payload_type: u8) -> Option<String> {
        self.attributes.iter().find_map(|a| {
            let rest = a.strip_prefix(attribute)?;
            let (number, value) = rest.split_once(' ')?;
            (number.parse() == Ok(payload_type)).then(|| value.trim().to_owned())
        })
    }
}

fn is_kept(attribute: &str) -> bool {
    let name = attribute.split(':').next().unwrap_or(attribute);
    KEPT.contains(&name)
}

/// `IN IP4 192.0.2.1` or with a multicast suffix; host names are not resolved.
fn connection(value: &str) -> Result<Connection, SdpError> {
    let mut words = value.split_ascii_whitespace();
    let network = words.next().ok_or(SdpError::Malformed)?;
    let family = words.next().ok_or(SdpError::Malformed)?;
    let address = words.next().ok_or(SdpError::Malformed)?;
    let address = address.split('/').next().unwrap_or(address);
    if network != "IN" || !matches!(family, "IP4" | "IP6") {
        return Err(SdpError::Malformed);
    }
    address
        .parse()
        .map(Connection)
        .map_err(|_| SdpError::Address)
}

fn is_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_multicast() && !v4.is_broadcast(),
        IpAddr::V6(v6) => !v6.is_multicast(),
    }
}
