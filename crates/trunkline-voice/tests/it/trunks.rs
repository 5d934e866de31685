//! Trunks with a password against a registrar that challenges, and pings.

use std::sync::Arc;
use std::time::Duration;

use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::TrunkId;
use trunkline_core::call::DialOutcome;
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::trunk::{
    CallerIdPolicy, NumberFormats, NumberStyle, Ping, RegistrationNews,
};
use trunkline_engine::call::control::{Attestation, Transport, TrunkProfile, Verstat};
use trunkline_engine::call::trunk::{Secret, TestCall};

use crate::engine::{BUSINESS_LINE, Script};
use crate::flows::NUMBER;
use crate::kamailio::{Kamailio, USER};
use crate::peer::Peer;
use crate::station::{Station, config, patiently};
use crate::tending::{News, Trunks, registered};

const TRUNK: TrunkId = TrunkId::from_raw(2);
const OTHER: TrunkId = TrunkId::from_raw(3);
/// Longer than any test: what happens once happens for another reason.
const NEVER_MS: u64 = 600_000;

fn is_taken(news: &News) -> bool {
    *news == News::Registered(TRUNK, RegistrationNews::Accepted { expires_s: 600 })
}

fn taken(told: &[News]) -> usize {
    told.iter().filter(|news| is_taken(news)).count()
}

/// Somebody calls the number from outside, through the carrier.
async fn call_from_outside(carrier: &Kamailio, number: &str) -> Peer {
    let mut caller = Peer::bind(carrier.addr).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(number, "X-From-Outside: yes\r\n", &offer).await;
    caller
}

#[tokio::test]
async fn a_registered_trunk_is_called_and_calls_and_is_taken_back() {
    for algorithm in ["MD5", "SHA-256"] {
        let mut phone = Peer::bind("127.0.0.1:9".parse().expect("an address")).await;
        let carrier = Kamailio::start(algorithm, phone.addr()).await;
        let mut station = Station::start().await;
        let trunk = registered(TRUNK, carrier.addr);
        station.engine.put_trunk(trunk.clone());
        let script = Script {
            destinations: vec![TRUNK],
            ..Script::default()
        };
        station.engine.script(NUMBER, script);
        let trunks = Trunks::new(vec![trunk], 200);
        station.voice.tend(trunks.clone());
        // Registered, and refreshed again and again.
        let told = trunks.until(|told| taken(told) >= 3).await;
        let refused = |news: &News| {
            matches!(
                news,
                News::Registered(
                    _,
                    RegistrationNews::Refused { .. } | RegistrationNews::Failed { .. }
                )
            )
        };
        assert!(!told.iter().any(refused), "{algorithm}: {told:?}");

        // Called from outside: the number is in To, the request URI is our Contact. Our own INVITE to the phone is
        // challenged (407) and answered.
        let mut caller = call_from_outside(&carrier, NUMBER).await;
        let invite = patiently(phone.asked("INVITE")).await;
        assert!(invite.header("proxy-authorization").is_none(), "consumed");
        assert!(
            invite.start.contains("+12145550199@127.0.0.1"),
            "{}",
            invite.start
        );
        let answer = phone.sdp("sendrecv");
        phone
            .answer(
                &invite,
                "200 OK",
                "Record-Route: <sip:127.0.0.1;lr>\r\n",
                &answer,
            )
            .await;
        patiently(caller.response(200)).await;
        let incoming = station.engine.seen()[0].incoming.clone();
        assert_eq!((incoming.trunk, incoming.dialled.as_str()), (TRUNK, NUMBER));

        // Nobody is left behind when it ends, and nobody is called any more.
        station.voice.shutdown(Duration::from_millis(1)).await;
        let told = trunks.told();
        assert!(
            told.contains(&News::Registered(TRUNK, RegistrationNews::Ended)),
            "{told:?}"
        );
        let late = call_from_outside(&carrier, NUMBER).await;
        assert_eq!(patiently(late.final_status()).await, 480, "{algorithm}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_insisted_on() {
    let phone = Peer::bind("127.0.0.1:9".parse().expect("an address")).await;
    let carrier = Kamailio::start("MD5", phone.addr()).await;
    let mut station = Station::start().await;
    let mut trunk = registered(TRUNK, carrier.addr);
    trunk.settings.password = Some(Secret::new("wrong".to_owned()));
    station.engine.put_trunk(trunk.clone());
    let trunks = Trunks::new(vec![trunk.clone()], NEVER_MS);
    station.voice.tend(trunks.clone());
    let refused = News::Registered(TRUNK, RegistrationNews::Refused { status: 401 });
    trunks.until(|told| told.contains(&refused)).await;

    // A call over it fails with what the carrier said, and a test call tells it.
    let lines = station.voice.carriers();
    let shown = PhoneNumber::from_digits(12_145_550_100);
    let (over, to) = (
        Arc::new(trunk.clone()),
        PhoneNumber::from_digits(BUSINESS_LINE),
    );
    let rung = lines.ring(&over, to, shown);
    assert_eq!(patiently(rung).await, TestCall::Refused { status: 407 });

    // With the right password it is taken at once: changes are followed.
    trunks.set(vec![registered(TRUNK, carrier.addr)]);
    trunks.until(|told| taken(told) >= 1).await;
    // A change that does not matter to it is not noticed.
    let mut renamed = registered(TRUNK, carrier.addr);
    renamed.name = "Another name".to_owned();
    trunks.set(vec![renamed]);
    // Removed, it is taken back.
    trunks.set(Vec::new());
    let ended = News::Registered(TRUNK, RegistrationNews::Ended);
    let told = trunks.until(|told| told.contains(&ended)).await;
    assert_eq!(taken(&told), 1, "{told:?}");
    let late = call_from_outside(&carrier, NUMBER).await;
    assert_eq!(patiently(late.final_status()).await, 480);
    station.until_clean().await;
}

#[tokio::test]
async fn pings_tell_who_answers_and_who_does_not() {
    let alive = Peer::bind("127.0.0.1:9".parse().expect("an address")).await;
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let mut station = Station::start().await;
    let trunk = |id, peer| {
        let mut trunk = registered(id, peer);
        trunk.settings.registers = false;
        trunk
    };
    let silent = dead.local_addr().expect("an address");
    let trunks = Trunks::new(
        vec![trunk(TRUNK, alive.addr()), trunk(OTHER, silent)],
        NEVER_MS,
    );
    station.voice.tend(trunks.clone());
    let ping = patiently(alive.next()).await;
    assert!(
        ping.start.starts_with("OPTIONS sip:127.0.0.1"),
        "{}",
        ping.start
    );
    alive.answer(&ping, "404 Not Found", "", "").await;
    let told = trunks
        .until(|told| {
            told.iter()
                .filter(|n| matches!(n, News::Pinged(..)))
                .count()
                == 2
        })
        .await;
    let answered = |news: &News| {
        matches!(
            news,
            News::Pinged(id, Ping::Answered { status: 404, .. }) if *id == TRUNK
        )
    };
    assert!(told.iter().any(answered), "{told:?}");
    let error = "no answer within 5 s".to_owned();
    assert!(
        told.contains(&News::Pinged(OTHER, Ping::Failed { error })),
        "{told:?}"
    );
    station.until_clean().await;
}

#[tokio::test]
async fn numbers_and_identities_are_written_and_read_as_the_trunk_wants() {
    let station = Station::start().await;
    let mut line = Peer::bind(station.addr()).await;
    let mut trunk: TrunkProfile = registered(TRUNK, line.addr());
    trunk.settings.registers = false;
    trunk.settings.formats = NumberFormats {
        style: NumberStyle::National,
        international_prefix: "011".to_owned(),
        prefix_out: "77#".to_owned(),
        ..NumberFormats::default()
    };
    trunk.settings.caller_id = CallerIdPolicy {
        asserted: true,
        diversion: true,
        ..CallerIdPolicy::default()
    };
    station.engine.put_trunk(trunk);
    let script = Script {
        destinations: vec![TRUNK],
        redirected_by: Some(PhoneNumber::from_digits(13_125_550_100)),
        ..Script::default()
    };
    station.engine.script(NUMBER, script);

    // Withheld: the number we vouch for is ours, and its privacy is asked for.
    let mut caller = Peer::bind(station.addr()).await;
    let offer = caller.sdp("sendrecv");
    let hidden = "Privacy: id\r\nP-Asserted-Identity: <sip:+12065550111;verstat=TN-Validation-Passed-B@c.example>\r\n\
        Diversion: <sip:2145550122@c.example>;reason=unconditional\r\n";
    caller.dial(NUMBER, hidden, &offer).await;
    let invite = patiently(line.asked("INVITE")).await;
    assert!(
        invite.start.starts_with("INVITE sip:77%232145550199@"),
        "{}",
        invite.start
    );
    assert!(
        invite
            .header("from")
            .is_some_and(|f| f.contains("anonymous@anonymous.invalid"))
    );
    assert_eq!(invite.header("privacy"), Some("id"));
    let asserted = invite.header("p-asserted-identity").unwrap_or_default();
    assert!(asserted.starts_with("<sip:3125550100@"), "{asserted}");
    let diversion = invite.header("diversion").unwrap_or_default();
    assert!(diversion.starts_with("<sip:3125550100@"), "{diversion}");
    let incoming = station.engine.seen()[0].incoming.clone();
    assert_eq!(incoming.caller, None);
    assert_eq!(incoming.attestation, Some(Attestation::B));
    assert_eq!(incoming.signalled.verstat, Some(Verstat::Passed));
    assert_eq!(
        incoming.signalled.diversion,
        Some(PhoneNumber::from_digits(12_145_550_122))
    );
    line.answer(&invite, "486 Busy Here", "", "").await;
    assert_eq!(patiently(caller.final_status()).await, 486);

    // Shown: as the carrier writes numbers.
    line.forget();
    let mut caller = Peer::bind(station.addr()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(NUMBER, "", &offer).await;
    let invite = patiently(line.asked("INVITE")).await;
    assert!(
        invite
            .header("from")
            .is_some_and(|f| f.starts_with("<sip:2065550111@")),
        "{invite:?}"
    );
    assert!(
        invite
            .header("p-asserted-identity")
            .is_some_and(|f| f.starts_with("<sip:2065550111@"))
    );
    assert_eq!(invite.header("privacy"), None);
    line.answer(&invite, "486 Busy Here", "", "").await;
    assert_eq!(patiently(caller.final_status()).await, 486);
    station.until_clean().await;
}

#[tokio::test]
async fn a_timeout_before_anything_rang_is_the_trunks_and_after_it_the_destinations() {
    let station = Station::start().await;
    let mut line = Peer::bind(station.addr()).await;
    station
        .engine
        .add_trunk(TRUNK, Some(line.addr()), Transport::Udp, false);
    for (rings, outcome) in [(false, DialOutcome::Failed), (true, DialOutcome::NoAnswer)] {
        line.forget();
        let script = Script {
            destinations: vec![TRUNK],
            ..Script::default()
        };
        station.engine.script(NUMBER, script);
        let mut caller = Peer::bind(station.addr()).await;
        let offer = caller.sdp("sendrecv");
        caller.dial(NUMBER, "", &offer).await;
        let invite = patiently(line.asked("INVITE")).await;
        if rings {
            line.answer(&invite, "180 Ringing", "", "").await;
        }
        line.answer(&invite, "408 Request Timeout", "", "").await;
        patiently(caller.final_status()).await;
        let failed = FlowEvent::DialFailed {
            attempt: 1,
            outcome,
            sip_status: Some(408),
        };
        let seen = station.engine.seen().pop().expect("a call");
        assert!(seen.events.contains(&failed), "{:?}", seen.events);
    }
    station.until_clean().await;
}

#[tokio::test]
async fn a_contact_names_a_trunk_and_lets_nobody_in() {
    let station = Station::start_with(config()).await;
    // The carrier of the trunk sits elsewhere; the caller speaks from an address of another trunk.
    let elsewhere = "192.0.2.9:5060".parse().expect("an address");
    station.engine.put_trunk(registered(TRUNK, elsewhere));
    station.engine.script(NUMBER, Script::default());
    let mut caller = Peer::bind(station.addr()).await;
    let offer = caller.sdp("sendrecv");
    caller.dial(&TRUNK.to_string(), "", &offer).await;
    assert_eq!(patiently(caller.final_status()).await, 404);
    assert!(station.engine.seen().is_empty());
    assert_ne!(USER, TRUNK.to_string());
    station.until_clean().await;
}
