//! Buyers' telephone systems, which are called at their SIP addresses and are no trunks: the addresses of this machine that
//! no trunk has stand for the open Internet and for private networks.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::UdpSocket;
use trunkline_core::base::SipAddress;
use trunkline_core::base::id::TrunkId;
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::trunk::CallerIdPolicy;
use trunkline_core::call::{DialOutcome, EndReason, EndedBy};
use trunkline_engine::call::control::Transport;
use trunkline_engine::call::trunk::{Secret, TrunkSettings};
use trunkline_voice::VoiceConfig;

use crate::engine::Script;
use crate::flows::{NUMBER, the_end};
use crate::peer::{Peer, QUIET, sdp};
use crate::phone::{Mouth, noise};
use crate::secure::{Authority, carrier};
use crate::sipp::{Body, Scenario};
use crate::station::{Station, config, patiently};

/// The trunk that says how callers are shown.
const TRUNK: TrunkId = TrunkId::from_raw(2);
/// Where the buyer's system is; no trunk has it.
const PBX: Ipv4Addr = Ipv4Addr::new(127, 0, 1, 7);
/// A host of the operator's network.
const INSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 9);

fn address(text: &str) -> SipAddress {
    SipAddress::parse(text).expect(text)
}

/// A station, with a trunk that says how callers are shown.
async fn station(private_peers: bool) -> Station {
    let station = Station::start_with(VoiceConfig {
        private_peers,
        ..config()
    })
    .await;
    station.engine.add_trunk(TRUNK, None, Transport::Udp, false);
    station
}

/// The number rings these, one after the other; one that was not found is nowhere.
fn rings(station: &Station, rung: &[(&str, Option<SocketAddr>)]) {
    let addresses = rung.iter().map(|(text, at)| Some((address(text), *at)));
    let script = Script {
        destinations: vec![TRUNK; rung.len()],
        addresses: addresses.collect(),
        ..Script::default()
    };
    station.engine.script(NUMBER, script);
}

fn failed(attempt: u32, outcome: DialOutcome, sip_status: Option<u16>) -> FlowEvent {
    FlowEvent::DialFailed {
        attempt,
        outcome,
        sip_status,
    }
}

#[tokio::test]
async fn a_buyers_system_is_rung_at_its_address_over_udp_and_tcp() {
    for tcp in [false, true] {
        let line = Scenario::destination().at(PBX);
        let line = if tcp { line.over_tcp() } else { line };
        let line = line.take().receive_bye().listen().ready().await;
        let transport = if tcp { ";transport=tcp" } else { "" };
        let text = format!("sip:sales@pbx.example:{}{transport}", line.addr.port());
        let station = station(true).await;
        rings(&station, &[(&text, Some(line.addr))]);
        let caller = Scenario::caller(NUMBER)
            .connect()
            .pause(200)
            .bye(2)
            .call(station.addr());
        caller.succeeds().await;
        line.succeeds().await;
        let end = the_end(&station).await;
        assert_eq!((end.by, end.reason), (EndedBy::Caller, EndReason::HungUp));
        assert!(end.talk_ms >= 150, "{end:?}");
        let events = &station.engine.seen()[0].events;
        assert_eq!(events[1], FlowEvent::Answered { attempt: 1 });
    }
}

#[tokio::test]
async fn a_busy_buyer_and_one_that_cannot_be_found_are_passed_over() {
    let busy = Scenario::destination()
        .at(PBX)
        .receive("INVITE")
        .answer("486 Busy Here", Body::None)
        .receive("ACK")
        .listen()
        .ready()
        .await;
    let line = Scenario::destination()
        .at(Ipv4Addr::new(127, 0, 1, 8))
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = station(true).await;
    rings(
        &station,
        &[
            ("sip:sales@busy.example", Some(busy.addr)),
            ("sip:sales@nowhere.example", None),
            ("sip:sales@pbx.example", Some(line.addr)),
        ],
    );
    let caller = Scenario::caller(NUMBER)
        .connect()
        .bye(2)
        .call(station.addr());
    caller.succeeds().await;
    busy.succeeds().await;
    line.succeeds().await;
    the_end(&station).await;
    let events = &station.engine.seen()[0].events;
    assert_eq!(
        events[..2],
        [
            failed(1, DialOutcome::Busy, Some(486)),
            failed(2, DialOutcome::Unreachable, None)
        ]
    );
    assert!(events.contains(&FlowEvent::Answered { attempt: 3 }));
}

#[tokio::test]
async fn the_invitation_names_the_address_and_gives_nothing_of_the_trunk_away() {
    let station = station(true).await;
    let mut line = Peer::bind_at(PBX, station.addr()).await;
    let text = format!("sip:sales@pbx.example:{};region=us1", line.addr().port());
    rings(&station, &[(&text, Some(line.addr()))]);
    let mut trunk = (*trunk_of(&station)).clone();
    trunk.settings = TrunkSettings {
        registers: true,
        user: Some("account".to_owned()),
        password: Some(Secret::new("hunter2".to_owned())),
        domain: Some("carrier.example".to_owned()),
        caller_id: CallerIdPolicy {
            asserted: true,
            ..CallerIdPolicy::default()
        },
        ..TrunkSettings::default()
    };
    station.engine.put_trunk(trunk);
    let mut caller = Peer::bind(station.addr()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let invite = patiently(line.asked("INVITE")).await;
    assert_eq!(invite.start, format!("INVITE {text} SIP/2.0"));
    // The caller-ID policy is the trunk's, its names are not.
    let asserted = invite.header("p-asserted-identity").expect("asserted");
    assert!(asserted.contains("12065550111@127.0.0.1"), "{asserted}");
    for (name, value) in &invite.headers {
        assert!(!value.contains("carrier.example"), "{name}: {value}");
        assert!(!value.contains("account"), "{name}: {value}");
    }
    // A challenge is a refusal: there is no password for a stranger.
    let challenge = "WWW-Authenticate: Digest realm=\"carrier.example\", nonce=\"1\"\r\n";
    line.answer(&invite, "401 Unauthorized", challenge, "")
        .await;
    let ack = patiently(line.asked("ACK")).await;
    assert!(ack.header("authorization").is_none());
    assert!(line.is_left_alone().await, "nothing is tried again");
    let seen = patiently(station.engine.until_ended(1)).await;
    assert!(
        matches!(
            seen[0].events[0],
            FlowEvent::DialFailed {
                sip_status: Some(401),
                ..
            }
        ),
        "{:?}",
        seen[0].events
    );
    station.until_clean().await;
}

/// The trunk as the engine has it.
fn trunk_of(station: &Station) -> std::sync::Arc<trunkline_engine::call::control::TrunkProfile> {
    use trunkline_engine::call::control::CallControl;
    station.engine.trunk(TRUNK).expect("the trunk")
}

#[tokio::test]
async fn a_buyers_system_holds_and_hangs_up_and_may_not_call() {
    // Without private networks: its own address is where it may have what follows.
    let station = station(false).await;
    let mut line = Peer::bind_at(PBX, station.addr()).await;
    let text = format!("sip:sales@{}", line.addr());
    rings(&station, &[(&text, Some(line.addr()))]);
    let mut caller = Peer::bind(station.addr()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let invite = patiently(line.asked("INVITE")).await;
    let answer = line.sdp("sendrecv");
    line.answer(&invite, "200 OK", "", &answer).await;
    patiently(caller.response(200)).await;
    caller.ack("").await;
    patiently(line.asked("ACK")).await;

    // Another call from there is refused, also while this one goes on.
    let mut stranger = Peer::bind_at(PBX, station.addr()).await;
    let offer = stranger.sdp("sendrecv");
    stranger.dial(NUMBER, "", &offer).await;
    assert_eq!(patiently(stranger.final_status()).await, 403);
    assert_eq!(station.engine.seen().len(), 1);

    // It puts the caller on hold, and hangs up.
    let hold = line.sdp("sendonly");
    line.request("INVITE", "", &hold).await;
    let held = patiently(caller.asked("INVITE")).await;
    assert!(held.body.contains("a=sendonly"), "{}", held.body);
    let answer = caller.sdp("recvonly");
    caller.answer(&held, "200 OK", "", &answer).await;
    patiently(line.response(200)).await;
    line.ack("").await;
    patiently(line.hang_up()).await;
    patiently(caller.is_hung_up()).await;
    let end = the_end(&station).await;
    assert_eq!(end.by, EndedBy::Destination);
}

#[tokio::test]
async fn an_answer_leads_nowhere_that_calls_must_not_go() {
    let inside = UdpSocket::bind((INSIDE, 0)).await.expect("a port");
    let at = inside.local_addr().expect("an address");
    let station = station(false).await;
    let mut line = Peer::bind_at(PBX, station.addr()).await;
    let text = format!("sip:sales@{}", line.addr());
    rings(&station, &[(&text, Some(line.addr()))]);
    let mut caller = Peer::bind(station.addr()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let invite = patiently(line.asked("INVITE")).await;
    // An answer that would send the ACK and everything after it inside is none.
    let route = format!("Record-Route: <sip:{at};lr>\r\n");
    let media = sdp(at, "sendrecv");
    line.answer(&invite, "200 OK", &route, &media).await;
    assert!(is_quiet(&inside).await, "nothing is sent there");
    // One from where it is counts, and its audio does not go inside either.
    line.answer(&invite, "200 OK", "", &media).await;
    let ok = patiently(caller.response(200)).await;
    caller.ack("").await;
    patiently(line.asked("ACK")).await;
    let mut mouth = Mouth::new(ok.media());
    mouth.say(&caller, &noise(1, 400).pcmu).await;
    assert!(is_quiet(&inside).await, "no audio is sent there");
    patiently(caller.hang_up()).await;
    patiently(line.is_hung_up()).await;
    station.until_clean().await;
}

/// Whether nothing comes for a while.
async fn is_quiet(socket: &UdpSocket) -> bool {
    let mut buffer = [0; 2048];
    tokio::time::timeout(QUIET, socket.recv_from(&mut buffer))
        .await
        .is_err()
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (far, _folder) = carrier(&Authority::new(), "pbx.example").await;
    let at = far.voice.tls_addr().expect("it listens over TLS");
    let text = format!("sips:sales@pbx.example:{}", at.port());
    let station = station(true).await;
    rings(&station, &[(&text, Some(at))]);
    let mut caller = Peer::bind(station.addr()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    assert_eq!(patiently(caller.final_status()).await, 502);
    let events = &station.engine.seen()[0].events;
    let first = &events[0];
    assert!(
        matches!(
            first,
            FlowEvent::DialFailed {
                outcome: DialOutcome::Failed,
                ..
            }
        ),
        "{first:?}"
    );
    assert!(far.engine.seen().is_empty(), "it heard nothing of the call");
    caller.ack_refusal().await;
    station.until_clean().await;
}
