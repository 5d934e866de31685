//! Sound messages and packets with random changes, thousands of them: a call that is up lives through it, and nothing is
//! left behind. The changes come from a seed, so a failure comes again.

use trunkline_core::base::id::TrunkId;
use trunkline_engine::call::control::Transport;

use crate::engine::Script;
use crate::peer::{Peer, connect};
use crate::station::Station;

const NUMBER: &str = "+13125550100";
const LINE: TrunkId = TrunkId::from_raw(2);
/// Datagrams that are sent.
const DATAGRAMS: u64 = 5_000;
/// Datagrams between two pings, so that no socket's buffer overflows and nothing is thrown away unread.
const BETWEEN_PINGS: u64 = 50;
const SEED: u64 = 4475;
/// Pieces that parsers trip over.
const SPLINTERS: [&[u8]; 16] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n\n",
    b"\0",
    b":",
    b";",
    b",",
    b"<",
    b">",
    b"\"",
    b"\\",
    b"%00",
    b"=",
    b"-1",
    b"99999999999999999999",
    b"\xff\xfe",
];

/// Chance that comes again (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 33) as usize) % limit.max(1)
    }

    /// One to six changes: a bit turned, a piece left out, doubled, put in, or everything cut off.
    fn change(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        for _ in 0..=self.below(6) {
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(24)).min(bytes.len());
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => bytes[at] = self.below(256) as u8,
                2 => drop(bytes.drain(at.min(end)..end)),
                3 => {
                    let piece = bytes[at.min(end)..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                4 => {
                    let splinter = SPLINTERS[self.below(SPLINTERS.len())];
                    bytes.splice(at..at, splinter.iter().copied());
                }
                _ if self.below(8) == 0 => bytes.truncate(at),
                _ => {}
            }
        }
        bytes
    }
}

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
     m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=rtcp:4001\r\n";

/// A sound request of its own transaction, for a number that nobody has.
fn request(method: &str, nth: u64, in_dialog: bool, body: &str) -> Vec<u8> {
    let tag = if in_dialog { ";tag=t" } else { "" };
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!(
        "{method} sip:+19@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-{nth};rport\r\n\
         From: \"A, B\" <sip:+12065550111@127.0.0.1>;tag=1\r\nTo: <sip:+19@127.0.0.1>{tag}\r\nCall-ID: m{nth}\r\n\
         CSeq: 1 {method}\r\nContact: <sip:peer@127.0.0.1:9>\r\nMax-Forwards: 70\r\nSession-Expires: 90;refresher=uac\r\n\
         {kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn response(nth: u64) -> Vec<u8> {
    let text = String::from_utf8(request("INVITE", nth, true, SDP)).expect("text");
    let (_, rest) = text.split_once("\r\n").expect("a start line");
    format!("SIP/2.0 200 OK\r\n{rest}").into_bytes()
}

fn audio(payload_type: u8, nth: u64, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type];
    packet.extend((nth as u16).to_be_bytes());
    packet.extend((nth as u32 * 160).to_be_bytes());
    packet.extend([0, 0, 0, 7]);
    packet.extend(payload);
    packet
}

#[tokio::test]
async fn thousands_of_changed_datagrams_do_no_harm_to_a_call() {
    let station = Station::start().await;
    let (mut caller, mut line) = (
        Peer::bind(station.addr()).await,
        Peer::bind(station.addr()).await,
    );
    station
        .engine
        .add_trunk(LINE, Some(line.addr()), Transport::Udp, false);
    station.engine.script(NUMBER, Script::default());
    let [to_caller_port, to_line_port] = connect(&mut caller, &mut line, NUMBER).await;
    let sender = Peer::bind(station.addr()).await;
    let mut ping = Peer::bind(station.addr()).await;
    ping.point_at(NUMBER);
    let mut chance = Chance(SEED);
    for nth in 0..DATAGRAMS {
        let sound = match nth % 10 {
            0 => request("INVITE", nth, false, ""),
            1 | 2 => request("INVITE", nth, false, SDP),
            3 => request("OPTIONS", nth, false, ""),
            4 => request("BYE", nth, true, ""),
            5 => request("CANCEL", nth, false, ""),
            6 => response(nth),
            7 => audio(0, nth, &[0x55; 160]),
            8 => audio(101, nth, &[5, 0x8a, 3, 192]),
            _ => audio(200, nth, &[0; 16]),
        };
        let changed = chance.change(sound);
        match nth % 10 {
            0..=6 => sender.send_raw(&changed).await,
            7 => {
                _ = caller
                    .rtp
                    .send_to(&changed, to_caller_port)
                    .await
                    .expect("sent");
            }
            _ => {
                _ = line
                    .rtp
                    .send_to(&changed, to_line_port)
                    .await
                    .expect("sent");
            }
        }
        if nth % BETWEEN_PINGS == 0 {
            ping.request("OPTIONS", "", "").await;
            assert_eq!(
                ping.next().await.status(),
                Some(200),
                "alive after datagram {nth}"
            );
            for peer in [&caller, &line] {
                // What got through is not looked at; it only must not fill the buffer.
                while peer.rtp.try_recv(&mut [0; 2048]).is_ok() {}
            }
        }
    }
    for (from, to, port) in [
        (&caller, &line, to_caller_port),
        (&line, &caller, to_line_port),
    ] {
        let sound = [0x2a; 160];
        let said = audio(0, DATAGRAMS, &sound);
        from.rtp.send_to(&said, port).await.expect("sent");
        // Behind what got through of the changed packets. Their headers are the relay's business.
        while !to.hear().await.0.ends_with(&sound) {}
    }
    caller.hang_up().await;
    line.is_hung_up().await;
    station.until_clean().await;
    let counters = station.voice.counters();
    assert!(
        counters.refused_invalid > 500,
        "most changes are seen: {counters:?}"
    );
    assert!(
        counters.rtp_malformed > 100,
        "and those of packets: {counters:?}"
    );
}
