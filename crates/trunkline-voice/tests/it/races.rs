//! Things that happen at the same time, and parts that fail while a call is coming in.

use std::sync::Arc;

use tokio::sync::Notify;
use trunkline_core::base::id::TrunkId;
use trunkline_core::call::{EndReason, EndedBy};
use trunkline_engine::call::control::{CallLimits, Transport};
use trunkline_voice::VoiceConfig;

use crate::engine::Script;
use crate::peer::{Peer, connect};
use crate::station::{Station, config, patiently};

const NUMBER: &str = "+13125550100";
const LINE: TrunkId = TrunkId::from_raw(2);

async fn station_with(config: VoiceConfig, script: Script) -> (Station, Peer, Peer) {
    let station = Station::start_with(config).await;
    let caller = Peer::bind(station.addr()).await;
    let line = Peer::bind(station.addr()).await;
    station
        .engine
        .add_trunk(LINE, Some(line.addr()), Transport::Udp, false);
    station.engine.script(NUMBER, script);
    (station, caller, line)
}

async fn cancel(caller: &mut Peer) {
    caller.cancel().await;
    caller.response(487).await;
    caller.ack_refusal().await;
}

async fn ended_once(station: &Station, by: EndedBy, reason: EndReason) {
    let seen = patiently(station.engine.until_ended(1)).await;
    station.until_clean().await;
    assert_eq!(station.engine.seen()[0].ended.len(), 1);
    assert_eq!((seen[0].ended[0].by, seen[0].ended[0].reason), (by, reason));
}

#[tokio::test]
async fn an_answer_that_crosses_the_cancel_is_ended_with_a_bye() {
    let (station, mut caller, mut line) = station_with(config(), Script::default()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let invite = line.asked("INVITE").await;
    line.answer(&invite, "180 Ringing", "", "").await;
    caller.response(180).await;
    caller.cancel().await;
    let cancelled = line.asked("CANCEL").await;
    let answer = line.sdp("sendrecv");
    line.answer(&invite, "200 OK", "", &answer).await;
    line.answer(&cancelled, "200 OK", "", "").await;
    line.asked("ACK").await;
    line.is_hung_up().await;
    caller.response(487).await;
    caller.ack_refusal().await;
    ended_once(&station, EndedBy::Caller, EndReason::Cancelled).await;
}

#[tokio::test]
async fn a_caller_who_gives_up_before_the_decision_is_reported_once() {
    let decide = Arc::new(Notify::new());
    let script = Script {
        after: Some(Arc::clone(&decide)),
        ..Script::default()
    };
    let (station, mut caller, line) = station_with(config(), script).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    patiently(station.engine.until(|seen| seen.len() == 1)).await;
    cancel(&mut caller).await;
    decide.notify_one();
    ended_once(&station, EndedBy::Caller, EndReason::Cancelled).await;
    assert!(line.is_left_alone().await, "nobody was dialled");
}

#[tokio::test]
async fn a_failing_engine_is_a_server_error_and_leaves_nothing() {
    let script = Script {
        broken: true,
        ..Script::default()
    };
    let (station, mut caller, _line) = station_with(config(), script).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    caller.response(500).await;
    caller.ack_refusal().await;
    station.until_clean().await;
}

#[tokio::test]
async fn without_media_ports_the_caller_is_told_to_come_back() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port() & !1;
    // No room for a pair.
    let config = VoiceConfig {
        rtp_ports: (port, port),
        ..config()
    };
    let (station, mut caller, _line) = station_with(config, Script::default()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let refused = caller.response(503).await;
    assert!(refused.header("retry-after").is_some());
    caller.ack_refusal().await;
    ended_once(&station, EndedBy::System, EndReason::MediaFailed).await;
}

#[tokio::test]
async fn without_media_ports_for_a_destination_the_attempt_has_failed() {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port() & !1;
    drop(free);
    // Room for one pair; a call with a destination needs two.
    let config = VoiceConfig {
        rtp_ports: (port, port + 1),
        ..config()
    };
    let (station, mut caller, line) = station_with(config, Script::default()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    caller.response(502).await;
    caller.ack_refusal().await;
    ended_once(&station, EndedBy::System, EndReason::NoDestination).await;
    assert!(line.is_left_alone().await, "nobody was dialled");
}

#[tokio::test]
async fn a_far_end_that_takes_updates_is_refreshed_with_one() {
    let limits = CallLimits {
        session_expires_s: 4,
        ..CallLimits::default()
    };
    let script = Script {
        limits,
        ..Script::default()
    };
    let (station, mut caller, mut line) = station_with(config(), script).await;
    let offer = caller.sdp("sendrecv");
    let headers = "Allow: INVITE, UPDATE\r\nSupported: timer\r\n\
                   Session-Expires: 4;refresher=uas\r\n";
    caller.dial(NUMBER, headers, &offer).await;
    let invite = line.asked("INVITE").await;
    let answer = line.sdp("sendrecv");
    let headers = "Require: timer\r\nSession-Expires: 60;refresher=uas\r\n";
    line.answer(&invite, "200 OK", headers, &answer).await;
    caller.response(200).await;
    caller.ack("").await;
    let update = caller.asked("UPDATE").await;
    assert_eq!(update.header("session-expires"), Some("4;refresher=uac"));
    let headers = "Session-Expires: 60;refresher=uac\r\n";
    caller.answer(&update, "200 OK", headers, "").await;
    caller.hang_up().await;
    line.is_hung_up().await;
    ended_once(&station, EndedBy::Caller, EndReason::HungUp).await;
}

#[tokio::test]
async fn a_repeated_invite_is_one_call() {
    let (station, mut caller, mut line) = station_with(config(), Script::default()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    caller.repeat().await;
    let invite = line.asked("INVITE").await;
    caller.repeat().await;
    let answer = line.sdp("sendrecv");
    line.answer(&invite, "200 OK", "", &answer).await;
    caller.response(200).await;
    caller.ack("").await;
    line.asked("ACK").await;
    caller.hang_up().await;
    line.is_hung_up().await;
    ended_once(&station, EndedBy::Caller, EndReason::HungUp).await;
    assert_eq!(station.engine.seen().len(), 1);
}

#[tokio::test]
async fn strangers_get_no_answer_at_all() {
    let (station, mut caller, mut line) = station_with(config(), Script::default()).await;
    // Loopback has more addresses than the trunk's list.
    let stranger = tokio::net::UdpSocket::bind("127.0.1.1:0")
        .await
        .expect("a port");
    let text = "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.1.1;branch=z9hG4bK1\r\n\
                From: <sip:a@b>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: s\r\nCSeq: 1 OPTIONS\r\n\r\n";
    stranger
        .send_to(text.as_bytes(), station.addr())
        .await
        .expect("sent");
    let mut buffer = [0; 100];
    let answer = tokio::time::timeout(crate::peer::QUIET, stranger.recv_from(&mut buffer)).await;
    assert!(answer.is_err(), "silence");
    assert_eq!(station.voice.counters().dropped_strangers, 1);
    connect(&mut caller, &mut line, NUMBER).await;
    caller.hang_up().await;
    line.is_hung_up().await;
}
