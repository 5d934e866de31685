//! One carrier dials the other: calls, sound by content, refusals, giving up, hold, repetitions, stop.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::timeout;
use trunkline_core::base::PhoneNumber;
use trunkline_sim::audio::{Voice, strength};
use trunkline_sim::carrier::{
    Behaviour, CallHandle, Carrier, CarrierConfig, DialPlan, HangsUp, Line, Why,
};

const CALLER_HZ: f32 = 440.0;
const LINE_HZ: f32 = 620.0;
/// Longest wait for anything; shorter than a SIP transaction that nobody answers takes to give up (32 s).
const WAIT: Duration = Duration::from_secs(20);

fn number(last: u64) -> PhoneNumber {
    PhoneNumber::from_digits(12_145_550_100 + last)
}

/// Two carriers, the second of which has a line with this behaviour on number 90.
async fn two(behaviour: Behaviour) -> (Carrier, Carrier) {
    // The port of the other is known once it has started; only its IP is checked.
    let nowhere: SocketAddr = "127.0.0.1:9".parse().expect("an address");
    let far = Carrier::start(CarrierConfig::new(nowhere))
        .await
        .expect("a carrier");
    far.connect(
        number(90),
        Line {
            behaviour,
            voice: Voice::Tone { hz: LINE_HZ },
            hangs_up_after_ms: None,
        },
    );
    let near = Carrier::start(CarrierConfig::new(far.address()))
        .await
        .expect("a carrier");
    (near, far)
}

fn plan() -> DialPlan {
    DialPlan {
        from: number(1),
        to: number(90),
        voice: Voice::Tone { hz: CALLER_HZ },
        talk_ms: 60_000,
        hang_up: HangsUp::Caller,
        // Longer than any wait here: only a test about patience meets its end.
        patience_ms: 60_000,
        meets: Vec::new(),
    }
}

async fn arrived(arrivals: &mut tokio::sync::broadcast::Receiver<CallHandle>) -> CallHandle {
    timeout(WAIT, arrivals.recv())
        .await
        .expect("in time")
        .expect("a call")
}

async fn is_empty(carrier: &Carrier) {
    let empty = async {
        while carrier.in_progress() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(WAIT, empty).await.expect("no call is left");
}

#[tokio::test]
async fn a_call_rings_is_answered_and_carries_both_voices() {
    let (near, far) = two(Behaviour::Answer { after_ms: 50 }).await;
    let mut arrivals = far.arrivals();
    let call = near.dial(plan()).await.expect("dialled");
    let line = arrived(&mut arrivals).await;
    assert_eq!(line.caller(), Some(number(1)));
    assert_eq!(line.dialled(), number(90));
    assert!(call.ringing().await);
    assert!(call.answered().await && line.answered().await);
    assert!(call.hears(400).await && line.hears(400).await);
    call.hang_up();
    assert_eq!(
        timeout(WAIT, call.ended()).await.expect("in time").why,
        Why::HungUp
    );
    assert_eq!(
        timeout(WAIT, line.ended()).await.expect("in time").why,
        Why::FarHungUp
    );
    assert!(strength(&line.heard(), CALLER_HZ.into()) > 0.8);
    assert!(strength(&call.heard(), LINE_HZ.into()) > 0.8);
    is_empty(&near).await;
    is_empty(&far).await;
}

#[tokio::test]
async fn the_side_that_was_to_hang_up_does() {
    let (near, far) = two(Behaviour::Answer { after_ms: 0 }).await;
    far.connect(
        number(90),
        Line {
            behaviour: Behaviour::Answer { after_ms: 0 },
            voice: Voice::Silence,
            hangs_up_after_ms: Some(100),
        },
    );
    let call = near.dial(plan()).await.expect("dialled");
    let ending = timeout(WAIT, call.ended()).await.expect("in time");
    assert_eq!(ending.why, Why::FarHungUp);
    let short = near
        .dial(DialPlan {
            talk_ms: 50,
            ..plan()
        })
        .await
        .expect("dialled");
    assert!(
        timeout(WAIT, short.ended())
            .await
            .expect("in time")
            .was_connected()
    );
}

#[tokio::test]
async fn refusals_keep_their_status() {
    for (behaviour, status) in [
        (Behaviour::Busy, 486),
        (Behaviour::Decline, 603),
        (Behaviour::Fail, 503),
    ] {
        let (near, _far) = two(behaviour).await;
        let call = near.dial(plan()).await.expect("dialled");
        let ending = timeout(WAIT, call.ended()).await.expect("in time");
        assert_eq!((ending.why, ending.status), (Why::Refused, Some(status)));
    }
    let (near, _far) = two(Behaviour::Busy).await;
    let call = near
        .dial(DialPlan {
            to: number(77),
            ..plan()
        })
        .await
        .expect("dialled");
    assert_eq!(
        timeout(WAIT, call.ended()).await.expect("in time").status,
        Some(404)
    );
}

#[tokio::test]
async fn a_caller_gives_up_after_their_patience() {
    let (near, far) = two(Behaviour::NoAnswer).await;
    let mut arrivals = far.arrivals();
    let call = near
        .dial(DialPlan {
            patience_ms: 100,
            ..plan()
        })
        .await
        .expect("dialled");
    let line = arrived(&mut arrivals).await;
    let ending = timeout(WAIT, call.ended()).await.expect("in time");
    assert_eq!((ending.why, ending.status), (Why::Cancelled, Some(487)));
    assert_eq!(
        timeout(WAIT, line.ended()).await.expect("in time").why,
        Why::Cancelled
    );
}

#[tokio::test]
async fn a_full_carrier_refuses_and_frees_its_lines_again() {
    let nowhere: SocketAddr = "127.0.0.1:9".parse().expect("an address");
    let far = Carrier::start(CarrierConfig {
        calls_max: 1,
        ..CarrierConfig::new(nowhere)
    })
    .await
    .expect("a carrier");
    far.connect(
        number(90),
        Line {
            behaviour: Behaviour::Answer { after_ms: 0 },
            voice: Voice::Silence,
            hangs_up_after_ms: None,
        },
    );
    let near = Carrier::start(CarrierConfig::new(far.address()))
        .await
        .expect("a carrier");
    let first = near.dial(plan()).await.expect("dialled");
    assert!(first.answered().await);
    let second = near
        .dial(DialPlan {
            from: number(2),
            ..plan()
        })
        .await
        .expect("dialled");
    assert_eq!(
        timeout(WAIT, second.ended()).await.expect("in time").status,
        Some(503)
    );
    first.hang_up();
    first.ended().await;
    is_empty(&far).await;
    let third = near
        .dial(DialPlan {
            from: number(3),
            ..plan()
        })
        .await
        .expect("dialled");
    assert!(third.answered().await);
}

#[tokio::test]
async fn a_stop_says_goodbye_to_everybody_at_once() {
    let (near, far) = two(Behaviour::Answer { after_ms: 0 }).await;
    far.connect(
        number(91),
        Line {
            behaviour: Behaviour::NoAnswer,
            voice: Voice::Silence,
            hangs_up_after_ms: None,
        },
    );
    let talking = near.dial(plan()).await.expect("dialled");
    let ringing = near
        .dial(DialPlan {
            from: number(2),
            to: number(91),
            ..plan()
        })
        .await
        .expect("dialled");
    assert!(talking.answered().await && ringing.ringing().await);
    timeout(WAIT, near.stop()).await.expect("in time");
    assert_eq!(talking.ended().await.why, Why::HungUp);
    assert_eq!(ringing.ended().await.why, Why::Cancelled);
    is_empty(&far).await;
}

#[tokio::test]
async fn lost_messages_are_repeated() {
    // A deaf far end: it hears every message the second time only.
    let deaf = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let near = Carrier::start(CarrierConfig::new(deaf.local_addr().expect("an address")))
        .await
        .expect("a carrier");
    let call = near.dial(plan()).await.expect("dialled");
    let first = hear(&deaf).await;
    assert_eq!(hear(&deaf).await.0, first.0, "the INVITE is repeated");
    let ok = response(
        &first.0,
        "200 OK",
        &format!(
            "Contact: <sip:deaf@{}>\r\n",
            deaf.local_addr().expect("an address")
        ),
    );
    deaf.send_to(ok.as_bytes(), first.1).await.expect("sent");
    // On a slow machine the INVITE may be repeated once more before the answer is heard.
    hear_until(&deaf, |m| m.starts_with("ACK ")).await;
    deaf.send_to(ok.as_bytes(), first.1).await.expect("sent");
    // A repeated 200 is acknowledged again.
    hear_until(&deaf, |m| m.starts_with("ACK ")).await;
    assert!(call.answered().await);
    call.hang_up();
    let bye = hear_until(&deaf, |m| m.starts_with("BYE sip:deaf@")).await;
    assert_eq!(hear(&deaf).await.0, bye, "the BYE is repeated");
    deaf.send_to(response(&bye, "200 OK", "").as_bytes(), first.1)
        .await
        .expect("sent");
    assert_eq!(
        timeout(WAIT, call.ended()).await.expect("in time").why,
        Why::HungUp
    );
}

#[tokio::test]
async fn hold_is_answered_and_strangers_are_not() {
    let (_near, far) = two(Behaviour::Answer { after_ms: 0 }).await;
    let phone = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let own = phone.local_addr().expect("an address");
    let send = async |method: &str, tag: &str, sequence: u32, direction: &str| {
        let body = if direction.is_empty() {
            String::new()
        } else {
            format!(
                "v=0\r\no=p 1 {sequence} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na={direction}\r\n"
            )
        };
        let text = format!(
            "{method} sip:{to}@{far} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{sequence}{method}\r\nMax-Forwards: 70\r\nFrom: <sip:{from}@{own}>;tag=p\r\n\
             To: <sip:{to}@{far}>{tag}\r\nCall-ID: hold@p\r\nCSeq: {sequence} {method}\r\nContact: <sip:p@{own}>\r\nContent-Length: {length}\r\n\r\n{body}",
            to = number(90),
            from = number(5),
            far = far.address(),
            length = body.len(),
        );
        phone
            .send_to(text.as_bytes(), far.address())
            .await
            .expect("sent");
    };
    send("BYE", ";tag=x", 1, "").await;
    assert!(hear(&phone).await.0.starts_with("SIP/2.0 481 "));
    send("OPTIONS", "", 2, "").await;
    assert!(hear(&phone).await.0.starts_with("SIP/2.0 200 "));
    send("INVITE", "", 3, "sendrecv").await;
    let ok = hear_until(&phone, |m| m.starts_with("SIP/2.0 200 ")).await;
    let tag = ok
        .lines()
        .find(|l| l.starts_with("To: "))
        .and_then(|l| l.split_once(";tag="))
        .expect("a tag")
        .1
        .to_owned();
    let tag = format!(";tag={tag}");
    send("ACK", &tag, 3, "").await;
    send("INVITE", &tag, 4, "sendonly").await;
    let held = hear_until(&phone, |m| m.contains("CSeq: 4 INVITE")).await;
    assert!(held.contains("a=recvonly"), "{held}");
    send("ACK", &tag, 4, "").await;
    send("BYE", &tag, 5, "").await;
    hear_until(&phone, |m| m.contains("CSeq: 5 BYE")).await;
}

/// The next datagram.
async fn hear(socket: &UdpSocket) -> (String, SocketAddr) {
    let mut buffer = vec![0; 4096];
    let (length, from) = timeout(WAIT, socket.recv_from(&mut buffer))
        .await
        .expect("in time")
        .expect("received");
    (
        String::from_utf8_lossy(&buffer[..length]).into_owned(),
        from,
    )
}

/// The next datagram like this; others, such as repetitions, are passed over.
async fn hear_until(socket: &UdpSocket, wanted: impl Fn(&str) -> bool) -> String {
    loop {
        let (message, _) = hear(socket).await;
        if wanted(&message) {
            return message;
        }
    }
}

/// A response to a request's text.
fn response(request: &str, status: &str, more: &str) -> String {
    let copied = request.lines().filter(|l| {
        ["Via:", "From:", "Call-ID:", "CSeq:"]
            .iter()
            .any(|n| l.starts_with(n))
    });
    let to = request
        .lines()
        .find(|l| l.starts_with("To:"))
        .expect("a To");
    let to = if to.contains(";tag=") {
        to.to_owned()
    } else {
        format!("{to};tag=deaf")
    };
    let head: Vec<&str> = copied.chain([to.as_str()]).collect();
    format!(
        "SIP/2.0 {status}\r\n{}\r\n{more}Content-Length: 0\r\n\r\n",
        head.join("\r\n")
    )
}
