//! Session descriptions of a telephone with one audio stream in G.711 (RFC 4566, RFC 3264).

use std::net::{IpAddr, SocketAddr};

/// The payload type of our telephone events (RFC 4733).
const EVENTS: u8 = 101;

/// What the far end wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wants {
    /// Where it listens.
    pub(super) audio: SocketAddr,
    /// The payload type to send: 0 (µ-law) or 8 (A-law).
    pub(super) payload: u8,
    /// The payload type of telephone events, when it takes them.
    pub(super) events: Option<u8>,
    /// Whether it listens at all.
    pub(super) listens: bool,
    /// Whether it may send.
    pub(super) sends: bool,
}

/// Reads an offer or an answer; `None` when it has no audio we can use.
pub(super) fn read(body: &str) -> Option<Wants> {
    let mut ip: Option<IpAddr> = None;
    let mut media: Option<(u16, u8)> = None;
    let mut events = None;
    let mut direction = "sendrecv";
    for line in body.lines().map(str::trim_end) {
        if let Some(address) = line
            .strip_prefix("c=IN IP4 ")
            .or_else(|| line.strip_prefix("c=IN IP6 "))
        {
            ip = address.parse().ok();
        } else if let Some(rest) = line.strip_prefix("m=audio ") {
            let mut words = rest.split(' ');
            let port = words.next()?.parse().ok()?;
            let payload = words
                .skip(1)
                .filter_map(|w| w.parse::<u8>().ok())
                .find(|p| matches!(p, 0 | 8))?;
            media = Some((port, payload));
        } else if let Some(map) = line.strip_prefix("a=rtpmap:") {
            let event = map.strip_suffix(" telephone-event/8000");
            events = events.or(event.and_then(|number| number.parse().ok()));
        } else if let Some(word @ ("sendrecv" | "sendonly" | "recvonly" | "inactive")) =
            line.strip_prefix("a=")
        {
            direction = word;
        }
    }
    let (port, payload) = media.filter(|(port, _)| *port != 0)?;
    let ip = ip?;
    let listens = matches!(direction, "sendrecv" | "recvonly") && !ip.is_unspecified();
    Some(Wants {
        audio: SocketAddr::new(ip, port),
        payload,
        events,
        listens,
        sends: matches!(direction, "sendrecv" | "sendonly"),
    })
}

/// Our description: an offer, or the answer to what the far end wants. `version` counts our changes.
pub(super) fn write(audio: SocketAddr, version: u32, answers: Option<Wants>) -> String {
    let ip = audio.ip();
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let (payloads, events) = match answers {
        None => ("0 8".to_owned(), Some(EVENTS)),
        Some(wants) => (wants.payload.to_string(), wants.events),
    };
    let (also, map) = match events {
        Some(number) => (
            format!(" {number}"),
            format!("a=rtpmap:{number} telephone-event/8000\r\na=fmtp:{number} 0-15\r\n"),
        ),
        None => (String::new(), String::new()),
    };
    let direction = match answers {
        Some(Wants {
            listens: false,
            sends: true,
            ..
        }) => "recvonly",
        Some(Wants {
            listens: true,
            sends: false,
            ..
        }) => "sendonly",
        Some(Wants {
            listens: false,
            sends: false,
            ..
        }) => "inactive",
        _ => "sendrecv",
    };
    format!(
        "v=0\r\no=sim {port} {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {payloads}{also}\r\n{map}a=ptime:20\r\na={direction}\r\n",
        port = audio.port()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_read_back() {
        let audio: SocketAddr = "127.0.0.1:4000".parse().expect("an address");
        let wants = read(&write(audio, 1, None)).expect("audio");
        assert_eq!(
            wants,
            Wants {
                audio,
                payload: 0,
                events: Some(EVENTS),
                listens: true,
                sends: true
            }
        );
        assert_eq!(
            read("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 0 RTP/AVP 0\r\n"),
            None
        );
        assert_eq!(
            read("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 111\r\n"),
            None
        );
    }

    #[test]
    fn hold_is_answered_with_its_mirror() {
        let audio: SocketAddr = "127.0.0.1:4000".parse().expect("an address");
        let held = read("c=IN IP4 127.0.0.1\r\nm=audio 4002 RTP/AVP 8 0\r\na=sendonly\r\n")
            .expect("audio");
        assert!(!held.listens && held.sends && held.payload == 8);
        let answer = write(audio, 2, Some(held));
        assert!(
            answer.contains("a=recvonly") && answer.contains("RTP/AVP 8\r\n"),
            "{answer}"
        );
    }
}
