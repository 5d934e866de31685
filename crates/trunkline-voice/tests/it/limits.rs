//! What limits a call and what ends it: timers, silence, length, overload, drain, shutdown.

use std::time::Duration;

use trunkline_core::call::{EndReason, EndedBy};
use trunkline_engine::call::control::CallLimits;
use trunkline_voice::VoiceConfig;

use crate::engine::Script;
use crate::flows::{NUMBER, station_with, the_end};
use crate::peer::Peer;
use crate::sipp::{Body, Scenario};
use crate::station::{Station, config, patiently};

#[tokio::test]
async fn a_lost_bye_is_found_by_the_session_timer() {
    let line = Scenario::destination()
        .take()
        .receive("INVITE")
        .answer_inside("200 OK", Body::Offer("sendrecv"))
        .receive("ACK")
        .receive_bye()
        .listen()
        .ready()
        .await;
    let limits = CallLimits {
        session_expires_s: 3,
        ..CallLimits::default()
    };
    let station = station_with(
        &[&line],
        Script {
            limits,
            ..Script::default()
        },
    )
    .await;
    let caller = Scenario::caller(NUMBER)
        .invite_with("Supported: timer\n", Body::Offer("sendrecv"))
        .ringing()
        .expect(200)
        .request("ACK", 1, Body::None)
        .call(station.addr());
    // The caller ends here without a BYE, as after a crash.
    caller.succeeds().await;
    line.succeeds().await;
    let end = the_end(&station).await;
    assert_eq!(
        (end.by, end.reason),
        (EndedBy::System, EndReason::SessionExpired)
    );
}

#[tokio::test]
async fn a_caller_without_timers_is_refreshed_by_us() {
    let line = Scenario::destination()
        .take()
        .receive("INVITE")
        .answer_inside("200 OK", Body::Offer("sendrecv"))
        .receive("ACK")
        .receive_bye()
        .listen()
        .ready()
        .await;
    let limits = CallLimits {
        session_expires_s: 2,
        ..CallLimits::default()
    };
    let station = station_with(
        &[&line],
        Script {
            limits,
            ..Script::default()
        },
    )
    .await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .receive("INVITE")
        .answer_inside("200 OK", Body::Offer("sendrecv"))
        .receive("ACK")
        .pause(200)
        .bye(2)
        .call(station.addr());
    caller.succeeds().await;
    line.succeeds().await;
    assert_eq!(the_end(&station).await.reason, EndReason::HungUp);
}

#[tokio::test]
async fn silence_of_both_sides_ends_a_call() {
    let line = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let limits = CallLimits {
        rtp_inactivity_ms: 300,
        ..CallLimits::default()
    };
    let station = station_with(
        &[&line],
        Script {
            limits,
            ..Script::default()
        },
    )
    .await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .receive_bye()
        .call(station.addr());
    caller.succeeds().await;
    line.succeeds().await;
    let end = the_end(&station).await;
    assert_eq!(
        (end.by, end.reason),
        (EndedBy::System, EndReason::RtpInactivity)
    );
}

#[tokio::test]
async fn no_call_is_longer_than_allowed() {
    let line = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let limits = CallLimits {
        max_call_ms: 300,
        ..CallLimits::default()
    };
    let station = station_with(
        &[&line],
        Script {
            limits,
            ..Script::default()
        },
    )
    .await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .receive_bye()
        .call(station.addr());
    caller.succeeds().await;
    line.succeeds().await;
    assert_eq!(the_end(&station).await.reason, EndReason::MaxLength);
}

#[tokio::test]
async fn past_the_limit_callers_are_told_to_come_back() {
    let station = Station::start_with(VoiceConfig {
        calls_max: 0,
        ..config()
    })
    .await;
    station.engine.script(NUMBER, Script::default());
    Scenario::caller(NUMBER)
        .invite()
        .refused(503)
        .call(station.addr())
        .succeeds()
        .await;
    station.until_clean().await;
    assert!(
        station.engine.seen().is_empty(),
        "the engine never heard of it"
    );
    assert_eq!(station.voice.counters().refused_overload, 1);
}

#[tokio::test]
async fn too_many_set_ups_in_a_second_are_refused() {
    let station = Station::start_with(VoiceConfig {
        setups_per_second: 1,
        ..config()
    })
    .await;
    let mut answers = Vec::new();
    let mut callers = Vec::new();
    for _ in 0..20 {
        let mut caller = Peer::bind(station.addr()).await;
        let offer = caller.sdp("sendrecv");
        caller.dial(NUMBER, "", &offer).await;
        callers.push(caller);
    }
    for caller in &mut callers {
        answers.push(caller.final_status().await);
    }
    assert!(
        answers.contains(&404) && answers.contains(&503),
        "{answers:?}"
    );
    station.until_clean().await;
}

#[tokio::test]
async fn a_drain_lets_calls_end_and_takes_no_new_ones() {
    let line = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = station_with(&[&line], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .pause(600)
        .bye(2)
        .call(station.addr());
    patiently(
        station
            .engine
            .until(|s| s.iter().any(|c| c.events.len() == 2)),
    )
    .await;
    station.voice.drain();
    Scenario::caller(NUMBER)
        .invite()
        .refused(503)
        .call(station.addr())
        .succeeds()
        .await;
    caller.succeeds().await;
    line.succeeds().await;
    assert_eq!(the_end(&station).await.reason, EndReason::HungUp);
}

#[tokio::test]
async fn a_shutdown_ends_the_calls_that_are_left() {
    let line = Scenario::destination()
        .take()
        .receive_bye()
        .listen()
        .ready()
        .await;
    let station = station_with(&[&line], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .receive_bye()
        .call(station.addr());
    patiently(
        station
            .engine
            .until(|s| s.iter().any(|c| c.events.len() == 2)),
    )
    .await;
    let Station { voice, engine } = station;
    patiently(voice.shutdown(Duration::from_millis(100))).await;
    caller.succeeds().await;
    line.succeeds().await;
    let end = engine.seen()[0].ended[0].clone();
    assert_eq!((end.by, end.reason), (EndedBy::System, EndReason::Shutdown));
}

#[tokio::test]
async fn many_calls_at_once_leave_nothing_behind() {
    const CALLS: u32 = 60;
    let line = Scenario::destination()
        .take()
        .receive_bye()
        .times(CALLS)
        .listen()
        .ready()
        .await;
    let station = station_with(&[&line], Script::default()).await;
    let caller = Scenario::caller(NUMBER)
        .connect()
        .pause(500)
        .bye(2)
        .times(CALLS)
        .call(station.addr());
    caller.succeeds().await;
    line.succeeds().await;
    let seen = patiently(station.engine.until_ended(CALLS as usize)).await;
    station.until_clean().await;
    assert!(
        seen.iter()
            .all(|s| s.ended.len() == 1 && s.ended[0].reason == EndReason::HungUp)
    );
}
