//! The flows of a call, spoken by SIPp on both ends.

use trunkline_core::base::id::TrunkId;
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::{DialOutcome, EndReason, EndedBy};
use trunkline_engine::call::control::{CallEnd, Transport};
use trunkline_voice::VoiceConfig;

use crate::engine::Script;
use crate::sipp::{Body, Running, Scenario};
use crate::station::{Station, config, patiently};

pub(crate) const NUMBER: &str = "+13125550100";
const FIRST: TrunkId = TrunkId::from_raw(2);
const SECOND: TrunkId = TrunkId::from_raw(3);

pub(crate) async fn station_with(destinations: &[&Running], script: Script) -> Station {
    let station = Station::start().await;
    prepare(&station, destinations, script);
    station
}

fn prepare(station: &Station, destinations: &[&Running], script: Script) {
    for (id, running) in [FIRST, SECOND].into_iter().zip(destinations) {
        station
            .engine
            .add_trunk(id, Some(running.addr), Transport::Udp, false);
    }
    let ids = [FIRST, SECOND][..destinations.len()].to_vec();
    station.engine.script(
        NUMBER,
        Script {
            destinations: ids,
            ..script
        },
    );
}

/// The one call's end; it must have been reported exactly once and nothing may be left.
pub(crate) async fn the_end(station: &Station) -> CallEnd {
    let seen = patiently(station.engine.until_ended(1)).await;
    station.until_clean().await;
    assert_eq!(seen.len(), 1);
    assert_eq!(station.engine.seen()[0].ended.len(), 1, "reported once");
    seen[0].ended[0].clone()
}

#[tokio::test]
async fn a_call_is_connected_and_ended_by_the_caller() {
    let line = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = station_with(&[&line], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .pause(200)
        .bye(2)
        .call(station.addr());
    caller.succeeds().await;
    line.succeeds().await;
    let end = the_end(&station).await;
    assert_eq!((end.by, end.reason), (EndedBy::Caller, EndReason::HungUp));
    assert!(end.talk_ms >= 150 && end.sip_status.is_none(), "{end:?}");
    let seen = &station.engine.seen()[0];
    assert_eq!(seen.incoming.dialled, NUMBER);
    assert_eq!(
        seen.incoming.caller.map(|n| n.to_string()).as_deref(),
        Some("+12065550111")
    );
    assert_eq!(
        seen.events,
        [
            FlowEvent::Ringing { attempt: 1 },
            FlowEvent::Answered { attempt: 1 },
            FlowEvent::CallerHungUp
        ]
    );
}

#[tokio::test]
async fn the_destination_may_hang_up_and_its_cause_is_kept() {
    let line = Scenario::destination()
        .take()
        .pause(100)
        .destination_bye()
        .expect(200)
        .listen()
        .ready();
    let line = line.await;
    let station = station_with(&[&line], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .receive_bye()
        .call(station.addr());
    caller.succeeds().await;
    line.succeeds().await;
    let end = the_end(&station).await;
    assert_eq!(
        (end.by, end.reason),
        (EndedBy::Destination, EndReason::HungUp)
    );
    assert_eq!(end.q850, Some(16));
}

#[tokio::test]
async fn a_caller_may_cancel_while_it_rings() {
    let line = Scenario::destination()
        .receive("INVITE")
        .answer("180 Ringing", Body::None)
        .receive("CANCEL")
        .answer_inside("200 OK", Body::None)
        .answer_invite("487 Request Terminated")
        .receive("ACK")
        .listen()
        .ready()
        .await;
    let station = station_with(&[&line], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .invite()
        .optional(100)
        .expect(180)
        .same_branch("CANCEL")
        .expect(200)
        .expect(487)
        .same_branch("ACK")
        .call(station.addr());
    caller.succeeds().await;
    line.succeeds().await;
    let end = the_end(&station).await;
    assert_eq!(
        (end.by, end.reason),
        (EndedBy::Caller, EndReason::Cancelled)
    );
    assert_eq!(end.sip_status, Some(487));
}

#[tokio::test]
async fn a_busy_line_hands_the_call_to_the_second() {
    let busy = Scenario::destination()
        .receive("INVITE")
        .answer("486 Busy Here", Body::None)
        .receive("ACK")
        .listen()
        .ready()
        .await;
    let second = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = station_with(&[&busy, &second], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .pause(50)
        .bye(2)
        .call(station.addr());
    caller.succeeds().await;
    busy.succeeds().await;
    second.succeeds().await;
    the_end(&station).await;
    let failed = FlowEvent::DialFailed {
        attempt: 1,
        outcome: DialOutcome::Busy,
        sip_status: Some(486),
    };
    assert_eq!(station.engine.seen()[0].events[0], failed);
}

#[tokio::test]
async fn a_line_that_does_not_answer_is_given_up_for_the_second() {
    let silent = Scenario::destination()
        .receive("INVITE")
        .answer("180 Ringing", Body::None)
        .receive("CANCEL")
        .answer_inside("200 OK", Body::None)
        .answer_invite("487 Request Terminated")
        .receive("ACK")
        .listen()
        .ready()
        .await;
    let second = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let script = Script {
        ring_timeout_ms: 400,
        ..Script::default()
    };
    let station = station_with(&[&silent, &second], script).await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .pause(50)
        .bye(2)
        .call(station.addr());
    caller.succeeds().await;
    silent.succeeds().await;
    second.succeeds().await;
    the_end(&station).await;
    let events = &station.engine.seen()[0].events;
    let no_answer = FlowEvent::DialFailed {
        attempt: 1,
        outcome: DialOutcome::NoAnswer,
        sip_status: None,
    };
    assert!(events.contains(&no_answer), "{events:?}");
}

#[tokio::test]
async fn a_caller_learns_why_no_line_took_the_call() {
    let busy = Scenario::destination()
        .receive("INVITE")
        .answer("486 Busy Here", Body::None)
        .receive("ACK")
        .listen()
        .ready()
        .await;
    let station = station_with(&[&busy], Script::default()).await;
    Scenario::caller(NUMBER)
        .invite()
        .refused(486)
        .call(station.addr())
        .succeeds()
        .await;
    busy.succeeds().await;
    let end = the_end(&station).await;
    assert_eq!(
        (end.by, end.reason),
        (EndedBy::System, EndReason::NoDestination)
    );
    assert_eq!((end.sip_status, end.q850), (Some(486), Some(17)));
}

#[tokio::test]
async fn a_redirect_counts_as_a_failure() {
    let moved = Scenario::destination()
        .receive("INVITE")
        .answer("302 Moved Temporarily", Body::None)
        .receive("ACK")
        .listen()
        .ready()
        .await;
    let second = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = station_with(&[&moved, &second], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .pause(50)
        .bye(2)
        .call(station.addr());
    caller.succeeds().await;
    moved.succeeds().await;
    second.succeeds().await;
    the_end(&station).await;
}

#[tokio::test]
async fn a_dead_line_is_given_up_before_its_ring_time() {
    // A port nobody listens on.
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let second = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = Station::start_with(VoiceConfig {
        first_response_ms: 300,
        ..config()
    })
    .await;
    prepare(&station, &[&second], Script::default());
    let dead = nobody.local_addr().expect("an address");
    station
        .engine
        .add_trunk(FIRST, Some(dead), Transport::Udp, false);
    station
        .engine
        .add_trunk(SECOND, Some(second.addr), Transport::Udp, false);
    let script = Script {
        destinations: vec![FIRST, SECOND],
        ..Script::default()
    };
    station.engine.script(NUMBER, script);
    let caller = Scenario::caller(NUMBER)
        .connect()
        .pause(50)
        .bye(2)
        .call(station.addr());
    caller.succeeds().await;
    second.succeeds().await;
    the_end(&station).await;
    let failed = FlowEvent::DialFailed {
        attempt: 1,
        outcome: DialOutcome::Failed,
        sip_status: Some(408),
    };
    assert_eq!(station.engine.seen()[0].events[0], failed);
}

#[tokio::test]
async fn a_caller_without_an_offer_gets_ours_and_answers_in_its_ack() {
    let line = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = station_with(&[&line], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .invite_with("", Body::None)
        .ringing()
        .expect(200)
        .request("ACK", 1, Body::Offer("sendrecv"))
        .pause(100)
        .bye(2)
        .call(station.addr());
    caller.succeeds().await;
    line.succeeds().await;
    assert_eq!(the_end(&station).await.reason, EndReason::HungUp);
}

#[tokio::test]
async fn hold_and_resume_are_passed_on() {
    let line = Scenario::destination()
        .take()
        .receive_offer("sendonly")
        .answer_inside("200 OK", Body::Offer("recvonly"))
        .receive("ACK")
        .receive_offer("sendrecv")
        .answer_inside("200 OK", Body::Offer("sendrecv"))
        .receive("ACK")
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = station_with(&[&line], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .pause(100)
        .request("INVITE", 2, Body::Offer("sendonly"))
        .optional(100)
        .expect(200)
        .request("ACK", 2, Body::None)
        .pause(100)
        .request("INVITE", 3, Body::Offer("sendrecv"))
        .optional(100)
        .expect(200)
        .request("ACK", 3, Body::None)
        .pause(100)
        .bye(4)
        .call(station.addr());
    caller.succeeds().await;
    line.succeeds().await;
    the_end(&station).await;
}

#[tokio::test]
async fn an_unknown_number_is_refused() {
    let station = Station::start().await;
    Scenario::caller("+19995550000")
        .invite()
        .refused(404)
        .call(station.addr())
        .succeeds()
        .await;
    station.until_clean().await;
    assert!(station.engine.seen().is_empty());
}

#[tokio::test]
async fn calls_come_and_go_over_tcp() {
    let line = Scenario::destination()
        .over_tcp()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = Station::start().await;
    station
        .engine
        .add_trunk(FIRST, Some(line.addr), Transport::Tcp, false);
    station.engine.script(NUMBER, Script::default());
    let tcp = station.voice.tcp_addr().expect("TCP is on");
    let caller = Scenario::caller(NUMBER)
        .over_tcp()
        .connect()
        .pause(100)
        .bye(2)
        .call(tcp);
    caller.succeeds().await;
    line.succeeds().await;
    assert_eq!(the_end(&station).await.reason, EndReason::HungUp);
}
