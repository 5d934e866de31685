//! The pure parts of media: descriptions, packets, the latch, the measurements, the ports.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use trunkline_engine::call::control::Codec;

use super::g711::Law;
use super::latch::Latch;
use super::ports::PortPool;
use super::quality::Quality;
use super::relay;
use super::rtp;
use super::sdp::{Description, Layout, Origin, SdpError};

const BOTH: [Codec; 2] = [Codec::Pcmu, Codec::Pcma];

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn audio(lines: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{lines}")
}

#[test]
fn a_description_tells_where_the_audio_goes() {
    let cases = [
        (
            "m=audio 4000 RTP/AVP 0\r\n",
            Some("192.0.2.1:4000"),
            Some("192.0.2.1:4001"),
            false,
        ),
        (
            "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.9\r\n",
            Some("192.0.2.9:4000"),
            None,
            false,
        ),
        (
            "m=audio 4000 RTP/AVP 0\r\na=rtcp:5009\r\n",
            None,
            Some("192.0.2.1:5009"),
            false,
        ),
        (
            "m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n",
            Some("192.0.2.1:4000"),
            None,
            true,
        ),
        (
            "m=video 2 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0\r\n",
            Some("192.0.2.1:4000"),
            None,
            false,
        ),
    ];
    for (lines, rtp, rtcp, hold) in cases {
        let description = Description::parse(audio(lines).as_bytes()).expect(lines);
        if let Some(rtp) = rtp {
            assert_eq!(description.rtp(), Some(at(rtp)), "{lines}");
        }
        if let Some(rtcp) = rtcp {
            assert_eq!(description.rtcp(), Some(at(rtcp)), "{lines}");
        }
        assert_eq!(description.is_hold(), hold, "{lines}");
    }
}

#[test]
fn the_old_way_of_holding_becomes_the_new_one() {
    let old = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n\
               m=audio 4000 RTP/AVP 0\r\n";
    let description = Description::parse(old.as_bytes()).expect("a description");
    assert!(description.is_hold());
    assert_eq!(description.rtp(), None);
    let ours = description.write(at("127.0.0.1:9"), &Layout::default(), &mut Origin::new(1));
    assert!(ours.contains("a=sendonly\r\n"), "{ours}");
}

#[test]
fn a_payload_type_that_is_named_twice_is_one() {
    let offer = audio(
        "m=audio 4000 RTP/AVP 00 101 0\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n",
    );
    let read = Description::parse(offer.as_bytes()).expect("a description");
    let written = read.write(at("192.0.2.9:6000"), read.layout(), &mut Origin::new(1));
    assert!(
        written.contains("m=audio 6000 RTP/AVP 0 101\r\n"),
        "{written}"
    );
    assert_eq!(written.matches("rtpmap:0 ").count(), 1, "{written}");
    let again = Description::parse(written.as_bytes()).expect("a description");
    assert!(read.agrees_with(&again));
}

#[test]
fn nothing_in_a_description_ends_a_line_of_ours() {
    for broken in [
        "a=fmtp:0 x\ra=sendonly",
        "a=ptime:20\0",
        "c=IN IP4 192.0.2.1\r ",
    ] {
        let offer = audio(&format!("m=audio 4000 RTP/AVP 0\r\n{broken}\r\n"));
        assert_eq!(
            Description::parse(offer.as_bytes()),
            Err(SdpError::Malformed),
            "{broken:?}"
        );
    }
}

#[test]
fn unusable_descriptions_are_told_apart() {
    let cases = [
        (String::new(), SdpError::Malformed),
        ("v=0".to_owned(), SdpError::NoAudio),
        (audio("m=audio x RTP/AVP 0\r\n"), SdpError::Malformed),
        (audio("m=audio 1 RTP/AVP 300\r\n"), SdpError::Malformed),
        (audio("nonsense\r\n"), SdpError::Malformed),
        (audio("m=audio 4000 RTP/SAVP 0\r\n"), SdpError::NoAudio),
        (audio("m=audio 0 RTP/AVP 0\r\n"), SdpError::NoAudio),
        (
            audio("m=audio 1 RTP/AVP 0\r\nc=IN IP4 239.1.1.1\r\n"),
            SdpError::Address,
        ),
        (
            audio("m=audio 1 RTP/AVP 0\r\nc=IN IP4 host.example\r\n"),
            SdpError::Address,
        ),
        (
            audio(&"m=audio 1 RTP/AVP 0\r\n".repeat(9)),
            SdpError::Malformed,
        ),
        (audio(&"a=x\r\n".repeat(300)), SdpError::Malformed),
        (
            audio(&format!("a={}\r\n", "x".repeat(9000))),
            SdpError::Malformed,
        ),
    ];
    for (text, error) in cases {
        assert_eq!(
            Description::parse(text.as_bytes()),
            Err(error),
            "{text:.80}"
        );
    }
    let g729 = Description::parse(audio("m=audio 1 RTP/AVP 18 101\r\n").as_bytes());
    assert_eq!(g729.and_then(|d| d.only(&BOTH)), Err(SdpError::NoCodec));
}

#[test]
fn the_first_codec_is_kept_with_the_events() {
    let lines = "m=audio 1 RTP/AVP 101 8 0\r\na=rtpmap:101 telephone-event/8000\r\n";
    let description = Description::parse(audio(lines).as_bytes()).expect("a description");
    let local = at("127.0.0.1:9");
    let text = description
        .first_codec()
        .write(local, &Layout::default(), &mut Origin::new(1));
    assert!(text.contains("m=audio 9 RTP/AVP 101 8\r\n"), "{text}");
}

#[test]
fn our_version_grows_only_when_the_content_changes() {
    let mut origin = Origin::new(7);
    let offer = Description::own_offer(&BOTH);
    let first = offer.write(at("127.0.0.1:9"), &Layout::default(), &mut origin);
    let again = offer.write(at("127.0.0.1:9"), &Layout::default(), &mut origin);
    assert_eq!(first, again);
    assert!(
        first.contains("o=trunkline 7 1 IN IP4 127.0.0.1\r\n"),
        "{first}"
    );
    assert!(first.contains("m=audio 9 RTP/AVP 0 8 101\r\n"), "{first}");
    let moved = offer.write(at("127.0.0.1:11"), &Layout::default(), &mut origin);
    assert!(moved.contains("o=trunkline 7 2 IN"), "{moved}");
}

proptest! {
    #[test]
    fn no_bytes_break_the_parsers(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Description::parse(&bytes);
        if let Some(packet) = rtp::parse(&bytes) {
            prop_assert!(packet.payload.end <= bytes.len());
        }
        let _ = rtp::is_rtcp(&bytes);
    }

    #[test]
    fn no_mutation_of_a_description_breaks_the_parser(
        at_byte in 0usize..160, value in any::<u8>(), cut in 0usize..160,
    ) {
        let mut bytes =
            audio("m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n")
                .into_bytes();
        if let Some(byte) = bytes.get_mut(at_byte) {
            *byte = value;
        }
        bytes.truncate(bytes.len() - cut.min(bytes.len()));
        let _ = Description::parse(&bytes);
    }

    #[test]
    fn what_we_write_we_can_read(port in 2u16..65_000, pcma_first in any::<bool>()) {
        let codecs = if pcma_first { [Codec::Pcma, Codec::Pcmu] } else { BOTH };
        let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let offer = Description::own_offer(&codecs);
        let text = offer.write(local, &Layout::default(), &mut Origin::new(1));
        let read = Description::parse(text.as_bytes()).expect("our own description");
        prop_assert_eq!(read.rtp(), Some(local));
        prop_assert!(offer.agrees_with(&read));
    }
}

#[test]
fn rtp_packets_are_read_with_everything_they_may_carry() {
    let mut bytes = vec![0xb1, 0x88, 0x12, 0x34, 0, 0, 0, 160, 0, 0, 0, 9];
    bytes.extend_from_slice(&[0, 0, 0, 1]); // one contributing source
    bytes.extend_from_slice(&[0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // an extension of one word
    bytes.extend_from_slice(&[0xaa; 10]);
    bytes.extend_from_slice(&[0, 2]); // padding
    let packet = rtp::parse(&bytes).expect("a packet");
    assert_eq!(
        (packet.payload_type, packet.sequence, packet.ssrc),
        (8, 0x1234, 9)
    );
    assert_eq!(&bytes[packet.payload], &[0xaa; 10]);
    for broken in [
        &bytes[..11],
        &bytes[..20],
        &[0x40; 12],
        &[0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99],
    ] {
        assert_eq!(rtp::parse(broken), None, "{broken:?}");
    }
}

#[test]
fn g711_decodes_to_the_values_of_the_standard() {
    assert_eq!(
        [0xff, 0x7f, 0x00, 0x80].map(|c| Law::Mu.decode(c)),
        [0, 0, -32_124, 32_124]
    );
    assert_eq!(
        [0xd5, 0x55, 0x2a, 0xaa].map(|c| Law::A.decode(c)),
        [8, -8, -32_256, 32_256]
    );
    assert_eq!(Law::of_payload_type(101), None);
}

#[test]
fn only_the_signalled_address_is_admitted_and_its_port_once() {
    let nobody = |_: IpAddr| false;
    let mut latch = Latch::default();
    assert!(
        !latch.admits(at("192.0.2.1:4000"), nobody),
        "nothing was signalled"
    );
    latch.signal(Some(at("192.0.2.1:4000")), false);
    assert!(!latch.admits(at("192.0.2.2:4000"), nobody));
    assert!(
        latch.admits(at("192.0.2.1:4444"), nobody),
        "another port of the right address"
    );
    assert!(
        !latch.admits(at("192.0.2.1:4000"), nobody),
        "the port was latched"
    );
    assert_eq!(
        latch.target(),
        Some(at("192.0.2.1:4000")),
        "we send where we were told to"
    );
    latch.signal(Some(at("192.0.2.1:4000")), false);
    assert!(
        !latch.admits(at("192.0.2.1:4000"), nobody),
        "the same description opens nothing"
    );
    latch.signal(Some(at("192.0.2.1:5000")), false);
    assert!(latch.admits(at("192.0.2.1:5000"), nobody));
}

#[test]
fn an_address_is_learned_only_behind_nat_and_inside_the_list() {
    let list = |ip: IpAddr| ip == IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));
    let mut latch = Latch::default();
    latch.signal(Some(at("10.0.0.1:4000")), true);
    assert!(!latch.admits(at("198.51.100.9:1"), list));
    assert!(latch.admits(at("203.0.113.5:7000"), list));
    assert_eq!(latch.target(), Some(at("203.0.113.5:7000")));
    assert!(!latch.admits(at("203.0.113.5:7001"), list), "learned once");
}

/// Plays packets into the measurement: (sequence, timestamp, arrival in ms).
fn measure(packets: &[(u16, u32, u64)]) -> super::quality::Measured {
    let start = Instant::now();
    let mut quality = Quality::default();
    for (sequence, timestamp, arrival_ms) in packets {
        let packet = rtp::Packet {
            payload_type: 0,
            sequence: *sequence,
            timestamp: *timestamp,
            ssrc: 1,
            payload: 12..172,
        };
        quality.on_packet(&packet, true, start + Duration::from_millis(*arrival_ms));
    }
    quality.measured()
}

#[test]
fn a_steady_stream_has_no_loss_and_no_jitter() {
    let steady: Vec<_> = (0..100u16)
        .map(|n| (n, u32::from(n) * 160, u64::from(n) * 20))
        .collect();
    let measured = measure(&steady);
    assert_eq!((measured.received, measured.lost), (100, 0));
    assert!(
        measured.jitter_ms < 0.01 && measured.mos() > 4.3,
        "{measured:?}"
    );
}

#[test]
fn loss_reordering_and_wraps_are_counted_right() {
    let mut stream: Vec<_> = (0..100u32)
        .map(|n| ((65_500 + n) as u16, n * 160, u64::from(n) * 20))
        .collect();
    stream.swap(10, 11);
    stream.retain(|(sequence, ..)| sequence % 10 != 5);
    let measured = measure(&stream);
    assert_eq!(measured.received + measured.lost, 100);
    assert!(
        (9.0..=11.0).contains(&measured.loss_percent()),
        "{measured:?}"
    );
    assert!(measured.mos() < 3.6);
}

#[test]
fn silence_of_one_side_ends_a_call_much_later_than_silence_of_both() {
    let limit = Duration::from_secs(60);
    for (caller_s, destination_s, dead) in [
        (59, Some(59), false),
        (60, Some(59), false),
        (60, Some(60), true),
        (599, Some(0), false),
        (0, Some(599), false),
        (600, Some(0), true),
        (0, Some(600), true),
        // A caller who is alone.
        (60, None, false),
        (599, None, false),
        (600, None, true),
    ] {
        let caller = Duration::from_secs(caller_s);
        let destination = destination_s.map(Duration::from_secs);
        assert_eq!(
            relay::is_dead(caller, destination, limit),
            dead,
            "{caller_s} {destination_s:?}"
        );
    }
}

#[test]
fn every_code_word_is_the_code_of_its_sample() {
    for law in [Law::Mu, Law::A] {
        for code in 0..=u8::MAX {
            let sample = law.decode(code);
            // Of the two words for zero in µ-law one is used.
            assert_eq!(law.decode(law.encode(sample)), sample, "{law:?} {code}");
        }
        for sample in (i16::MIN..=i16::MAX).step_by(7) {
            let back = i32::from(law.decode(law.encode(sample)));
            let off = (back - i32::from(sample)).abs();
            let step = (i32::from(sample).abs() / 16).max(16);
            assert!(off <= step, "{law:?} {sample} {back}");
        }
        assert!(law.decode(law.silence()).abs() <= 8);
    }
}

#[tokio::test]
async fn port_pairs_are_even_and_odd_and_come_back() {
    let pool = Arc::new(PortPool::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0, 0));
    let pairs: Vec<_> = (0..8).map(|_| pool.bind_pair().expect("a pair")).collect();
    for pair in &pairs {
        assert_eq!(pair.port % 2, 0);
        let rtcp = pair.rtcp.local_addr().expect("an address");
        assert_eq!(rtcp.port(), pair.port + 1);
    }
    assert_eq!(pool.pairs_open(), 8);
    drop(pairs);
    assert_eq!(pool.pairs_open(), 0);
}

#[tokio::test]
async fn a_used_up_range_is_an_error_and_a_freed_port_is_used_last() {
    let free = PortPool::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0, 0);
    let first = Arc::new(free).bind_pair().expect("a pair").port;
    let pool = Arc::new(PortPool::new(
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        first,
        first + 1,
    ));
    let pair = pool.bind_pair().expect("the only pair");
    assert_eq!(pair.port, first);
    assert!(pool.bind_pair().is_err());
    drop(pair);
    assert_eq!(pool.bind_pair().expect("free again").port, first);
}
