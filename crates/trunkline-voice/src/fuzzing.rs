//! What fuzzers and nobody else call: each parser of what comes from outside, with what must hold for whatever it
//! accepts. Only there with the feature `fuzzing`.

use std::net::{Ipv4Addr, SocketAddr};

use trunkline_engine::call::control::Codec;

use crate::media::dtmf::{event, info, tone};
use crate::media::g711::Law;
use crate::media::rtp;
use crate::media::sdp::{Description, Origin};
use crate::sip::raw::Raw;
use crate::sip::reply::Replies;
use crate::sip::validate;

/// Where made-up messages come from and go to.
const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5060);
/// Payload type the telephone events of made-up packets have.
const TELEPHONE_EVENT: u8 = 101;

/// A session description: what we write of one that we could read, we and the far end can read again, and it says the
/// same.
///
/// # Panics
/// When that does not hold.
pub fn sdp(body: &[u8]) {
    let Ok(read) = Description::parse(body) else {
        return;
    };
    let ours = read.clone().only(&[Codec::Pcmu, Codec::Pcma]);
    for description in [Ok(read), ours].into_iter().flatten() {
        let written = description.write(HERE, description.layout(), &mut Origin::new(1));
        match Description::parse(written.as_bytes()) {
            Ok(again) => {
                assert!(description.agrees_with(&again), "{written}");
                assert_eq!(again.rtp(), Some(HERE), "{written}");
            }
            Err(error) => assert!(written.len() > body.len(), "{error}: {written}"),
        }
        let _ = description.first_codec();
    }
}

/// A stream of datagrams, each behind its length in two bytes: the payload lies inside the packet, and keys come only
/// from the keypad.
///
/// # Panics
/// When that does not hold.
pub fn rtp(mut stream: &[u8]) {
    let mut events = event::Reader::default();
    let mut tones = tone::Detector::new(Law::Mu);
    while let Some((length, rest)) = stream.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (datagram, behind) = rest.split_at(length);
        stream = behind;
        let _ = rtp::is_rtcp(datagram);
        let Some(packet) = rtp::parse(datagram) else {
            continue;
        };
        let payload = &datagram[packet.payload];
        let key = if packet.payload_type == TELEPHONE_EVENT {
            events.on_packet(payload, packet.timestamp)
        } else {
            tones.hear(payload)
        };
        assert!(key.is_none_or(|key| "0123456789*#".contains(key)));
    }
}

/// A SIP message: it is judged, and whatever is answered has a start line, one end of its headers and no line that the
/// sender could have made up.
///
/// # Panics
/// When that does not hold.
pub fn sip(datagram: &[u8]) {
    let Ok(raw) = Raw::split(datagram) else {
        return;
    };
    let body = datagram.get(raw.body_at..).unwrap_or_default();
    let _ = info::key(raw.value("content-type"), body);
    let Err(refusal) = validate::judge(&raw, body.len()) else {
        return;
    };
    if let Some(answer) = Replies::new("fuzzing").write(&raw, HERE, &refusal) {
        let end = answer.windows(4).position(|part| part == b"\r\n\r\n");
        assert_eq!(end, Some(answer.len() - 4), "{answer:?}");
        assert!(answer.starts_with(b"SIP/2.0 "), "{answer:?}");
    }
}
