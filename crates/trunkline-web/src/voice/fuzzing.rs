//! What fuzzers and nobody else call: the parameters of a request, with what must hold for whatever is read. Only there
//! with the feature `fuzzing`.

use http::{HeaderMap, HeaderValue};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::TrunkId;
use trunkline_engine::call::control::Verstat;
use trunkline_engine::ports::webhooks::{Dialect, Secret, WebhookTrunk};
use url::form_urlencoded;

use super::dialect;
use super::params::Params;
use super::signature::{Request, verify};

/// Names that are asked for, and one that nobody sends.
const ASKED: &[&str] = &[
    "AccountSid",
    "AnsweredBy",
    "CallDuration",
    "CallSid",
    "CallStatus",
    "DialCallDuration",
    "DialCallSid",
    "DialCallStatus",
    "DialSipResponseCode",
    "Digits",
    "FinishedOnKey",
    "From",
    "RecordingDuration",
    "RecordingSid",
    "RecordingStatus",
    "RecordingUrl",
    "StirVerstat",
    "To",
    "nothing",
];

/// The body of a request, as a form and as JSON: what is read is signed in one order, says the same when it is written as
/// a form and read again, and makes no caller of what is none. Nobody's signature is right by chance.
///
/// # Panics
/// When that does not hold.
pub fn params(body: &[u8]) {
    for read in [Params::from_form(body), Params::from_json(body)] {
        let Ok(params) = read else {
            continue;
        };
        let signed = params.signed();
        assert!(signed.is_sorted_by(|one, next| one < next), "each once");
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(&signed);
        let again = Params::from_form(form.finish().as_bytes());
        assert!(again.is_ok_and(|again| again.signed() == signed));
        for name in ASKED {
            let value = params.get(name);
            let pair = value.map(|value| (*name, value));
            assert!(pair.is_none_or(|pair| signed.contains(&pair)), "{name}");
            assert!(value != Some(""), "{name}");
            let _ = params.number(name);
        }
        judge(&params);
    }
    for dialect in Dialect::ALL {
        believe_nobody(dialect, body);
    }
}

/// What is made of the parameters.
fn judge(params: &Params) {
    let (number, text) = dialect::caller(params);
    assert!(number.is_none() || text != "anonymous", "{text}");
    let vouched = dialect::attestation(params).is_some();
    let found = dialect::signalled(params).verstat;
    assert!(!vouched || found == Some(Verstat::Passed));
    let _ = dialect::has_left(params);
    if let Some(url) = params.get("RecordingUrl") {
        for dialect in Dialect::ALL {
            let sound = dialect::sound_of(dialect, url);
            assert_eq!(dialect::sound_of(dialect, &sound), sound, "asked for once");
        }
    }
    if let Some(status) = params.get("DialCallStatus") {
        let _ = (dialect::outcome(status), dialect::is_talk(status));
    }
}

/// A request with a signature that anybody could have made up.
fn believe_nobody(dialect: Dialect, body: &[u8]) {
    let webhook = WebhookTrunk {
        trunk: TrunkId::from_raw(1),
        dialect,
        carrier_account: "AC1".to_owned(),
        signing_key: Secret::new("a key that nobody knows"),
        api_token: None,
        set_at: Timestamp::EPOCH,
    };
    let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut headers = HeaderMap::new();
    if let Ok(made_up) = HeaderValue::from_bytes(line) {
        for name in [
            "x-twilio-signature",
            "x-signalwire-signature",
            "telnyx-signature-ed25519",
        ] {
            headers.insert(name, made_up.clone());
        }
        headers.insert("telnyx-timestamp", HeaderValue::from_static("0"));
    }
    let urls = ["https://calls.example/voice/twilio/trk_1/call".to_owned()];
    let request = Request {
        urls: &urls,
        query: None,
        headers: &headers,
        body,
        now: Timestamp::EPOCH,
    };
    assert!(verify(&webhook, request).is_err(), "{dialect:?}");
}
