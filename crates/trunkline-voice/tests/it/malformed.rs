//! Hostile and broken input: a clear answer or none, no state, and calls go on being taken.

use trunkline_core::base::id::TrunkId;
use trunkline_engine::call::control::Transport;

use crate::engine::Script;
use crate::peer::{Peer, connect};
use crate::station::Station;

const NUMBER: &str = "+13125550100";
const LINE: TrunkId = TrunkId::from_raw(2);

/// A sound INVITE with one thing changed.
fn invite(change: impl Fn(String) -> String) -> String {
    change(
        "INVITE sip:+13125550100@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-broken;rport\r\n\
         From: <sip:+12065550111@127.0.0.1>;tag=1\r\nTo: <sip:+13125550100@127.0.0.1>\r\n\
         Call-ID: broken\r\nCSeq: 1 INVITE\r\nContact: <sip:peer@127.0.0.1:9>\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            .to_owned(),
    )
}

fn with(from: &'static str, to: &'static str) -> impl Fn(String) -> String {
    move |text| {
        assert!(text.contains(from), "{from} is in the message");
        text.replacen(from, to, 1)
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told() {
    let cases: [(&str, &'static str, &'static str, u16); 23] = [
        ("headers without an end", "\r\n\r\n", "\r\n", 400),
        ("another version", " SIP/2.0\r\nVia", " SIP/7.0\r\nVia", 505),
        (
            "a space in the URI",
            "127.0.0.1 SIP",
            "127.0.0.1; lr SIP",
            400,
        ),
        ("no Call-ID", "Call-ID: broken\r\n", "", 400),
        (
            "two Call-IDs",
            "Call-ID: broken\r\n",
            "Call-ID: a\r\ni: b\r\n",
            400,
        ),
        ("another method in CSeq", "1 INVITE", "1 OPTIONS", 400),
        (
            "a sequence number too large",
            "CSeq: 1 ",
            "CSeq: 4294967296 ",
            400,
        ),
        ("a negative length", "Length: 0", "Length: -1", 400),
        (
            "a length beyond the datagram",
            "Length: 0",
            "Length: 9999",
            400,
        ),
        (
            "two lengths",
            "Content-Length: 0",
            "Content-Length: 0\r\nl: 5",
            400,
        ),
        ("no hops left", "Forwards: 70", "Forwards: 0", 483),
        (
            "hops that are no number",
            "Forwards: 70",
            "Forwards: many",
            400,
        ),
        ("no Contact", "Contact: <sip:peer@127.0.0.1:9>\r\n", "", 400),
        ("From without a tag", ";tag=1", "", 400),
        (
            "a quote that is left open",
            "From: <sip",
            "From: \"Mr. J <sip",
            400,
        ),
        (
            "a required extension",
            "Max-F",
            "Require: warp\r\nMax-F",
            420,
        ),
        ("an unknown scheme", "INVITE sip:", "INVITE soap:", 416),
        (
            "headers in the URI",
            "127.0.0.1 SIP",
            "127.0.0.1?Route=x SIP",
            400,
        ),
        (
            "a bare IPv6 host",
            "@127.0.0.1 SIP",
            "@2001:db8::10 SIP",
            400,
        ),
        ("an unknown method", "INVITE sip:", "WARP sip:", 501),
        (
            "a header without a colon",
            "Call-ID: broken",
            "Call-ID: broken\r\nnonsense",
            400,
        ),
        (
            "no user in the URI",
            "sip:+13125550100@127.0.0.1 SIP",
            "sip:127.0.0.1 SIP",
            404,
        ),
        (
            "an unknown body",
            "Length: 0\r\n\r\n",
            "Length: 2\r\nContent-Type: a/b\r\n\r\nhi",
            415,
        ),
    ];
    let station = Station::start().await;
    station.engine.script(NUMBER, Script::default());
    for (name, from, to, status) in cases {
        let peer = Peer::bind(station.addr()).await;
        peer.send_raw(invite(with(from, to)).as_bytes()).await;
        let answer = loop {
            let answer = peer.next().await;
            if answer.status() != Some(100) {
                break answer;
            }
        };
        assert_eq!(answer.status(), Some(status), "{name}");
    }
    assert!(station.engine.seen().is_empty(), "no state was made");
    station.until_clean().await;
}

#[tokio::test]
async fn some_things_deserve_no_answer() {
    let station = Station::start().await;
    let peer = Peer::bind(station.addr()).await;
    for silence in [
        "hello".to_owned(),
        "\u{0}\u{1}\u{2}".to_owned(),
        invite(with("INVITE sip:", "ACK sip:")),
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n\r\n".to_owned(),
        invite(with(
            "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-broken;rport\r\n",
            "",
        )),
    ] {
        peer.send_raw(silence.as_bytes()).await;
    }
    assert!(peer.is_left_alone().await);
    station.until_clean().await;
}

#[tokio::test]
async fn requests_outside_a_call_are_answered_without_state() {
    let station = Station::start().await;
    for (method, status) in [
        ("OPTIONS", 200),
        ("BYE", 481),
        ("INFO", 481),
        ("REGISTER", 405),
    ] {
        let mut peer = Peer::bind(station.addr()).await;
        peer.point_at(NUMBER);
        peer.request(method, "", "").await;
        let answer = peer.next().await;
        assert_eq!(answer.status(), Some(status), "{method}");
        if matches!(method, "OPTIONS" | "REGISTER") {
            assert!(answer.header("allow").is_some_and(|a| a.contains("INVITE")));
        }
    }
    let mut peer = Peer::bind(station.addr()).await;
    peer.point_at(NUMBER);
    peer.claim_dialog();
    peer.request("BYE", "", "").await;
    assert_eq!(peer.next().await.status(), Some(481));
    let offer = peer.sdp("sendrecv");
    peer.request("INVITE", "", &offer).await;
    assert_eq!(peer.next().await.status(), Some(481));
    station.until_clean().await;
}

#[tokio::test]
async fn a_body_without_a_stated_length_is_not_lost() {
    let station = Station::start().await;
    let mut caller = Peer::bind(station.addr()).await;
    let mut line = Peer::bind(station.addr()).await;
    station
        .engine
        .add_trunk(LINE, Some(line.addr()), Transport::Udp, false);
    station.engine.script(NUMBER, Script::default());
    let sdp = caller.sdp("sendrecv");
    let text = invite(with(
        "Content-Length: 0\r\n\r\n",
        "Content-Type: application/sdp\r\n\r\n",
    ));
    caller.send_raw(format!("{text}{sdp}").as_bytes()).await;
    let passed_on = line.asked("INVITE").await;
    assert!(passed_on.body.contains("m=audio"), "{passed_on:?}");
    line.answer(&passed_on, "486 Busy Here", "", "").await;
    caller.response(486).await;
}

#[tokio::test]
async fn broken_descriptions_are_refused() {
    let station = Station::start().await;
    station.engine.script(NUMBER, Script::default());
    for (sdp, status) in [
        ("nonsense", 400),
        ("v=0\r\nm=audio 4000 RTP/AVP\r\n", 400),
        (
            "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/SAVP 0\r\n",
            488,
        ),
        (
            "v=0\r\nc=IN IP4 224.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n",
            488,
        ),
        (
            "v=0\r\nc=IN IP4 media.example.com\r\nm=audio 4000 RTP/AVP 0\r\n",
            488,
        ),
        (
            "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 99999 RTP/AVP 0\r\n",
            400,
        ),
        (
            "v=0\r\nc=IN IP4 127.0.0.1\r\nm=video 4000 RTP/AVP 31\r\n",
            488,
        ),
    ] {
        let mut peer = Peer::bind(station.addr()).await;
        peer.dial(NUMBER, "", sdp).await;
        let answer = peer.response(status).await;
        assert_eq!(answer.status(), Some(status), "{sdp}");
    }
    assert!(station.engine.seen().is_empty());
    station.until_clean().await;
}

/// Changes to a sound INVITE for a number nobody has, and what it is answered with in the end.
const ODD: [(&str, &str, &str, Option<u16>); 14] = [
    (
        "folded and unknown headers",
        "Max-Forwards: 70",
        "Subject :\r\n\t folded\r\n  and again\r\nP-Own: ,;,\"\\\"\"\r\nMax-Forwards:\r\n 70",
        Some(404),
    ),
    ("a compact name in odd case", "From:", "f  :", Some(404)),
    (
        "a display name in many scripts",
        "From: <",
        "From: \"\u{2603} \\\"\u{65e5}\u{672c}\\\\\" <",
        Some(404),
    ),
    (
        "a second, far Via with spaces",
        "From:",
        "Via: SIP / 2.0 / TCP far.example.com ;branch=z9hG4bKfar\r\nFrom:",
        Some(404),
    ),
    (
        "bytes behind the stated end",
        "Length: 0\r\n\r\n",
        "Length: 0\r\n\r\n\0\u{1}INVITE again",
        Some(404),
    ),
    (
        "empty lines in front",
        "INVITE sip:",
        "\r\n\r\nINVITE sip:",
        Some(404),
    ),
    (
        "a folded line before every header",
        "Via: ",
        " lost\r\nVia: ",
        Some(400),
    ),
    (
        "a port out of range",
        "127.0.0.1 SIP",
        "127.0.0.1:65536 SIP",
        Some(400),
    ),
    (
        "a CSeq that is no whole number",
        "CSeq: 1 ",
        "CSeq: 1e3 ",
        Some(400),
    ),
    (
        "an angle that is left open",
        "To: <sip:+13125550100@127.0.0.1>",
        "To: <sip:+13125550100@127.0.0.1",
        Some(400),
    ),
    (
        "a Via of another protocol",
        "Via: SIP/2.0/UDP",
        "Via: HTTP/1.1/UDP",
        Some(400),
    ),
    (
        "three things wrong at once",
        "CSeq: 1 INVITE\r\nContact: <sip:peer@127.0.0.1:9>\r\n",
        "CSeq: -1 BYE\r\nContact: *\r\nContent-Length: x\r\n",
        Some(400),
    ),
    (
        "a response with a status beyond all numbers",
        "INVITE sip:+19@127.0.0.1 SIP/2.0",
        "SIP/2.0 4294967496 Well",
        None,
    ),
    (
        "another protocol",
        "INVITE sip:+19@127.0.0.1 SIP/2.0",
        "GET / HTTP/1.1",
        None,
    ),
];

#[tokio::test]
async fn odd_messages_do_no_harm() {
    let ordeal = Ordeal::start().await;
    let sound = invite(with(
        "sip:+13125550100@127.0.0.1 SIP",
        "sip:+19@127.0.0.1 SIP",
    ));
    let mut messages: Vec<_> = ODD
        .into_iter()
        .map(|(name, from, to, wanted)| (name, with(from, to)(sound.clone()), wanted))
        .collect();
    let many = format!("{}From:", "X-Filler: 1\r\n".repeat(200));
    let crowded = sound.replacen("From:", &many, 1);
    messages.push(("more headers than are read", crowded, Some(400)));
    for (nth, (name, text, wanted)) in messages.into_iter().enumerate() {
        // Each is a transaction of its own.
        let text = text.replace("broken", &format!("odd-{nth}"));
        let peer = ordeal.send(name, text.as_bytes()).await;
        let answer = match wanted {
            Some(_) => Some(peer.final_status().await),
            None => peer.try_next().await.and_then(|m| m.status()),
        };
        assert_eq!(answer, wanted, "{name}");
    }
    let mut no_text = sound.into_bytes();
    if let Some(at) = no_text.windows(4).position(|w| w == b"From") {
        no_text[at] = 0xff;
    }
    let peer = ordeal.send("bytes that are no text", &no_text).await;
    assert_eq!(peer.final_status().await, 400);
    ordeal.ends_with_a_call().await;
}

/// A station that is sent odd things and has to live on.
struct Ordeal {
    station: Station,
    line: Peer,
}

impl Ordeal {
    async fn start() -> Self {
        let station = Station::start().await;
        let line = Peer::bind(station.addr()).await;
        station
            .engine
            .add_trunk(LINE, Some(line.addr()), Transport::Udp, false);
        station.engine.script(NUMBER, Script::default());
        Self { station, line }
    }

    /// Sends a message from a peer of its own, and a ping behind it: the station lives, and what it had to say at once
    /// to the message is said.
    async fn send(&self, name: &str, bytes: &[u8]) -> Peer {
        let peer = Peer::bind(self.station.addr()).await;
        peer.send_raw(bytes).await;
        let mut ping = Peer::bind(self.station.addr()).await;
        ping.point_at(NUMBER);
        ping.request("OPTIONS", "", "").await;
        assert_eq!(ping.next().await.status(), Some(200), "alive after {name}");
        peer
    }

    async fn ends_with_a_call(mut self) {
        let mut caller = Peer::bind(self.station.addr()).await;
        connect(&mut caller, &mut self.line, NUMBER).await;
        caller.hang_up().await;
        self.line.is_hung_up().await;
        self.station.until_clean().await;
    }
}
