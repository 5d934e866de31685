//! What the ends ask of each other inside a call, and when both ask at once.

use trunkline_core::base::id::TrunkId;
use trunkline_core::call::EndReason;
use trunkline_engine::call::control::{CallLimits, Transport};

use crate::engine::Script;
use crate::peer::{Peer, connect};
use crate::station::{Station, patiently};

const NUMBER: &str = "+13125550100";
const LINE: TrunkId = TrunkId::from_raw(2);

async fn station(script: Script) -> (Station, Peer, Peer) {
    let station = Station::start().await;
    let caller = Peer::bind(station.addr()).await;
    let line = Peer::bind(station.addr()).await;
    station
        .engine
        .add_trunk(LINE, Some(line.addr()), Transport::Udp, false);
    station.engine.script(NUMBER, script);
    (station, caller, line)
}

async fn part(station: &Station, mut caller: Peer, mut line: Peer) {
    caller.hang_up().await;
    line.is_hung_up().await;
    let seen = patiently(station.engine.until_ended(1)).await;
    assert_eq!(seen[0].ended[0].reason, EndReason::HungUp);
    station.until_clean().await;
}

#[tokio::test]
async fn the_destination_may_hold_and_resume_too() {
    let (station, mut caller, mut line) = station(Script::default()).await;
    connect(&mut caller, &mut line, NUMBER).await;
    for direction in ["sendonly", "sendrecv"] {
        let offer = line.sdp(direction);
        line.request("INVITE", "", &offer).await;
        let asked = caller.asked("INVITE").await;
        assert!(
            asked.body.contains(&format!("a={direction}\r\n")),
            "{}",
            asked.body
        );
        let mirrored = if direction == "sendonly" {
            "recvonly"
        } else {
            "sendrecv"
        };
        let answer = caller.sdp(mirrored);
        caller.answer(&asked, "200 OK", "", &answer).await;
        let ok = line.response(200).await;
        assert!(
            ok.body.contains(&format!("a={mirrored}\r\n")),
            "{}",
            ok.body
        );
        line.ack("").await;
    }
    part(&station, caller, line).await;
}

#[tokio::test]
async fn when_both_ask_at_once_both_are_told_to_try_again() {
    let (station, mut caller, mut line) = station(Script::default()).await;
    connect(&mut caller, &mut line, NUMBER).await;
    let hold = caller.sdp("sendonly");
    caller.request("INVITE", "", &hold).await;
    let passed_on = line.asked("INVITE").await;
    // The other end asks while our question is on its way, and refuses ours, as it must.
    let hold = line.sdp("sendonly");
    line.request("INVITE", "", &hold).await;
    line.response(491).await;
    line.ack_refusal().await;
    line.answer(&passed_on, "491 Request Pending", "", "").await;
    caller.response(491).await;
    caller.ack_refusal().await;
    // The second try of one of them succeeds.
    let hold = caller.sdp("sendonly");
    caller.request("INVITE", "", &hold).await;
    let again = line.asked_anew("INVITE", &passed_on).await;
    let answer = line.sdp("recvonly");
    line.answer(&again, "200 OK", "", &answer).await;
    caller.response(200).await;
    caller.ack("").await;
    part(&station, caller, line).await;
}

#[tokio::test]
async fn a_refused_change_is_told_and_changes_nothing() {
    let (station, mut caller, mut line) = station(Script::default()).await;
    connect(&mut caller, &mut line, NUMBER).await;
    let hold = caller.sdp("inactive");
    caller.request("INVITE", "", &hold).await;
    let passed_on = line.asked("INVITE").await;
    line.answer(&passed_on, "488 Not Acceptable Here", "", "")
        .await;
    caller.response(488).await;
    caller.ack_refusal().await;
    part(&station, caller, line).await;
}

#[tokio::test]
async fn a_session_refresh_is_answered_here_and_bothers_nobody() {
    let (station, mut caller, mut line) = station(Script::default()).await;
    connect(&mut caller, &mut line, NUMBER).await;
    let same = caller.sdp("sendrecv");
    let headers = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n";
    caller.request("INVITE", headers, &same).await;
    let ok = caller.response(200).await;
    assert_eq!(ok.header("session-expires"), Some("1800;refresher=uac"));
    assert!(ok.body.contains("m=audio"));
    caller.ack("").await;
    caller.request("UPDATE", headers, "").await;
    let ok = caller.response(200).await;
    assert_eq!(ok.header("session-expires"), Some("1800;refresher=uac"));
    assert!(line.is_left_alone().await);
    part(&station, caller, line).await;
}

#[tokio::test]
async fn an_invite_without_an_offer_gets_ours() {
    let (station, mut caller, mut line) = station(Script::default()).await;
    connect(&mut caller, &mut line, NUMBER).await;
    caller.request("INVITE", "", "").await;
    let ok = caller.response(200).await;
    assert!(ok.body.contains("m=audio"));
    let answer = caller.sdp("sendrecv");
    caller.ack(&answer).await;
    part(&station, caller, line).await;
}

#[tokio::test]
async fn a_changed_media_address_is_followed_without_asking_the_other_side() {
    let (station, mut caller, mut line) = station(Script::default()).await;
    let [_, to_line_port] = connect(&mut caller, &mut line, NUMBER).await;
    caller.rtp = tokio::net::UdpSocket::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let moved = caller.sdp("sendrecv");
    caller.request("INVITE", "", &moved).await;
    caller.response(200).await;
    caller.ack("").await;
    let packet = [&[0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9][..], &[0x7f; 160]].concat();
    line.rtp.send_to(&packet, to_line_port).await.expect("sent");
    assert_eq!(caller.hear().await.0, packet);
    part(&station, caller, line).await;
}

#[tokio::test]
async fn info_is_passed_on_and_its_answer_back() {
    let (station, mut caller, mut line) = station(Script::default()).await;
    connect(&mut caller, &mut line, NUMBER).await;
    caller
        .request("INFO", "", "Signal=5\r\nDuration=160\r\n")
        .await;
    let info = line.asked("INFO").await;
    assert_eq!(info.body, "Signal=5\r\nDuration=160\r\n");
    line.answer(&info, "200 OK", "", "").await;
    caller.response(200).await;
    part(&station, caller, line).await;
}

#[tokio::test]
async fn too_short_a_session_interval_is_refused_before_anything_is_created() {
    let (station, mut caller, line) = station(Script::default()).await;
    let offer = caller.sdp("sendrecv");
    caller
        .dial(NUMBER, "Supported: timer\r\nSession-Expires: 1\r\n", &offer)
        .await;
    let refused = caller.response(422).await;
    assert_eq!(refused.header("min-se"), Some("2"));
    assert!(line.is_left_alone().await);
    assert!(station.engine.seen().is_empty());
    station.until_clean().await;
}

#[tokio::test]
async fn a_line_that_wants_a_longer_session_interval_gets_it() {
    let limits = CallLimits {
        session_expires_s: 100,
        ..CallLimits::default()
    };
    let (station, mut caller, mut line) = station(Script {
        limits,
        ..Script::default()
    })
    .await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let first = line.asked("INVITE").await;
    assert_eq!(first.header("session-expires"), Some("100"));
    line.answer(
        &first,
        "422 Session Interval Too Small",
        "Min-SE: 300\r\n",
        "",
    )
    .await;
    line.asked("ACK").await;
    line.forget();
    let second = line.asked("INVITE").await;
    assert_eq!(second.header("session-expires"), Some("300"));
    let answer = line.sdp("sendrecv");
    line.answer(&second, "200 OK", "", &answer).await;
    caller.response(200).await;
    caller.ack("").await;
    line.asked("ACK").await;
    part(&station, caller, line).await;
}

#[tokio::test]
async fn only_codecs_of_both_trunks_are_offered_and_nothing_of_the_path_is_passed_on() {
    let (station, mut caller, mut line) = station(Script::default()).await;
    let rtp = caller.rtp.local_addr().expect("an address");
    let offer = format!(
        "v=0\r\no=alice 9 9 IN IP4 198.51.100.1\r\ns=secret\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {} RTP/AVP 9 0 18 8 96\r\na=rtpmap:96 telephone-event/8000\r\n\
         a=rtpmap:9 G722/8000\r\na=candidate:1 1 UDP 1 10.0.0.1 9 typ host\r\na=rtcp-mux\r\n\
         a=ptime:30\r\nm=video 4000 RTP/AVP 31\r\n",
        rtp.port()
    );
    caller.dial(NUMBER, "", &offer).await;
    let invite = line.asked("INVITE").await;
    let sdp = &invite.body;
    assert!(sdp.contains(" RTP/AVP 0 8 96\r\n"), "{sdp}");
    assert!(sdp.contains("a=ptime:30\r\n") && sdp.contains("a=rtpmap:96 telephone-event/8000"));
    for hidden in [
        "candidate",
        "rtcp-mux",
        "198.51.100.1",
        "secret",
        "G722",
        "video",
    ] {
        assert!(!sdp.contains(hidden), "{hidden} in {sdp}");
    }
    let answer = line.sdp("sendrecv");
    line.answer(&invite, "200 OK", "", &answer).await;
    let ok = caller.response(200).await;
    assert!(
        ok.body.contains("m=video 0 RTP/AVP 31\r\n"),
        "refused, not left out: {}",
        ok.body
    );
    caller.ack("").await;
    line.asked("ACK").await;
    part(&station, caller, line).await;
}

#[tokio::test]
async fn no_codec_in_common_is_refused() {
    let (station, mut caller, _line) = station(Script::default()).await;
    let offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n";
    caller.dial(NUMBER, "", offer).await;
    caller.response(488).await;
    station.until_clean().await;
    assert!(station.engine.seen().is_empty());
}
