//! SIP over TLS between two stations: one listens with a certificate, the other calls it.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::TrunkId;
use trunkline_core::call::DialOutcome;
use trunkline_core::call::flow::FlowEvent;
use trunkline_core::call::trunk::Ping;
use trunkline_engine::call::control::{Transport, TrunkProfile};
use trunkline_voice::{TlsListen, VoiceConfig};

use crate::engine::{BUSINESS_LINE, Script};
use crate::flows::NUMBER;
use crate::peer::Peer;
use crate::station::{Station, config, patiently};
use crate::tending::registered;

const TRUNK: TrunkId = TrunkId::from_raw(2);

/// A certificate authority of a test.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A certificate for `name`, as files in a folder of their own.
    fn certify(&self, name: &str, folder: &std::path::Path) -> TlsListen {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let listen = TlsListen {
            address: "127.0.0.1:0".parse().expect("an address"),
            certificate: folder.join("certificate.pem"),
            key: folder.join("key.pem"),
        };
        std::fs::write(&listen.certificate, certificate.pem()).expect("written");
        std::fs::write(&listen.key, key.serialize_pem()).expect("written");
        listen
    }
}

/// A station that listens over TLS with a certificate for `name`.
pub(crate) async fn carrier(authority: &Authority, name: &str) -> (Station, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let station = Station::start_with(VoiceConfig {
        tls: Some(authority.certify(name, folder.path())),
        ..config()
    })
    .await;
    (station, folder)
}

/// A trunk to it that trusts `pem` and expects a certificate for `name`.
fn trunk_to(carrier: &Station, name: &str, pem: &str) -> TrunkProfile {
    let at = carrier.voice.tls_addr().expect("it listens over TLS");
    let mut trunk = registered(TRUNK, at);
    trunk.transport = Transport::Tls;
    trunk.settings.registers = false;
    trunk.settings.domain = Some(name.to_owned());
    trunk.settings.tls_ca = Some(pem.into());
    trunk
}

#[tokio::test]
async fn a_call_goes_over_tls_and_both_ends_may_hang_up() {
    let authority = Authority::new();
    let (far, _folder) = carrier(&authority, "sip.carrier.example").await;
    let mut line = Peer::bind(far.addr()).await;
    far.engine
        .add_trunk(TRUNK, Some(line.addr()), Transport::Udp, false);
    let business = PhoneNumber::from_digits(BUSINESS_LINE).to_string();
    let script = Script {
        destinations: vec![TRUNK],
        ..Script::default()
    };
    far.engine.script(&business, script.clone());
    let near = Station::start().await;
    near.engine
        .put_trunk(trunk_to(&far, "sip.carrier.example", &authority.pem));
    near.engine.script(NUMBER, script);

    for line_hangs_up in [false, true] {
        line.forget();
        let mut caller = Peer::bind(near.addr()).await;
        let offer = caller.sdp("sendrecv");
        caller.dial(NUMBER, "", &offer).await;
        let invite = patiently(line.asked("INVITE")).await;
        let answer = line.sdp("sendrecv");
        line.answer(&invite, "200 OK", "", &answer).await;
        patiently(caller.response(200)).await;
        caller.ack("").await;
        patiently(line.asked("ACK")).await;
        if line_hangs_up {
            patiently(line.hang_up()).await;
            patiently(caller.is_hung_up()).await;
        } else {
            patiently(caller.hang_up()).await;
            patiently(line.is_hung_up()).await;
        }
        near.until_clean().await;
        far.until_clean().await;
    }
}

#[tokio::test]
async fn a_certificate_of_somebody_else_or_for_another_name_is_refused() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (far, _folder) = carrier(&authority, "sip.carrier.example").await;
    let near = Station::start_with(VoiceConfig {
        first_response_ms: 1_000,
        ..config()
    })
    .await;
    let lines = near.voice.carriers();
    let good = trunk_to(&far, "sip.carrier.example", &authority.pem);
    let ping = |trunk: TrunkProfile| {
        let lines = Arc::clone(&lines);
        async move { patiently(lines.ping(&Arc::new(trunk))).await }
    };
    let answered = ping(good.clone()).await;
    assert!(
        matches!(answered, Ping::Answered { status: 200, .. }),
        "{answered:?}"
    );
    for trunk in [
        trunk_to(&far, "sip.carrier.example", &stranger.pem),
        trunk_to(&far, "sip.other.example", &authority.pem),
    ] {
        let Ping::Failed { error } = ping(trunk.clone()).await else {
            panic!("a wrong certificate was taken");
        };
        assert!(error.contains("certificate"), "{error}");
        // No INVITE is sent either: the attempt fails as that of a trunk that cannot be reached.
        near.engine.put_trunk(trunk);
        let script = Script {
            destinations: vec![TRUNK],
            ..Script::default()
        };
        near.engine.script(NUMBER, script);
        let mut caller = Peer::bind(near.addr()).await;
        let offer = caller.sdp("sendrecv");
        caller.dial(NUMBER, "", &offer).await;
        patiently(caller.final_status()).await;
        let seen = near.engine.seen().pop().expect("a call");
        let failed = |event: &FlowEvent| {
            matches!(
                event,
                FlowEvent::DialFailed {
                    outcome: DialOutcome::Failed,
                    sip_status: None | Some(408 | 503),
                    ..
                }
            )
        };
        assert!(seen.events.iter().any(failed), "{:?}", seen.events);
    }
    assert!(far.engine.seen().is_empty());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_named() {
    let listen = TlsListen {
        address: "127.0.0.1:0".parse().expect("an address"),
        certificate: "/nowhere/certificate.pem".into(),
        key: "/nowhere/key.pem".into(),
    };
    let config = VoiceConfig {
        tls: Some(listen),
        ..config()
    };
    let started = trunkline_voice::Voice::start(config, crate::engine::Engine::new()).await;
    let error = started.err().expect("no start").to_string();
    assert!(error.contains("/nowhere/certificate.pem"), "{error}");
}
