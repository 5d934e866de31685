//! What differs between carriers that speak like Twilio, besides how they sign: what they can do, attributes they do not
//! know, and their words for what happened.

use trunkline_core::base::PhoneNumber;
use trunkline_core::call::DialOutcome;
use trunkline_core::call::flow::Ability;
use trunkline_engine::call::control::{Attestation, Signalled, Verstat};
use trunkline_engine::ports::webhooks::Dialect;

use super::params::Params;

/// Numbers that stand for a caller who has none to show.
const NOBODY: &[&str] = &[
    "+266696687",
    "+7378742883",
    "+2562533",
    "+8656696",
    "+86282452253",
];

/// What a carrier can do for call flows beyond ringing one destination after the other.
#[must_use]
pub const fn abilities(dialect: Dialect) -> &'static [Ability] {
    match dialect {
        Dialect::Twilio => &[
            Ability::Play,
            Ability::Speak,
            Ability::Digits,
            Ability::RingTogether,
            Ability::Screen,
            Ability::DetectMachine,
            Ability::KeepCaller,
            Ability::Voicemail,
        ],
        Dialect::SignalWire => &[
            Ability::Play,
            Ability::Speak,
            Ability::Digits,
            Ability::RingTogether,
            Ability::Screen,
            Ability::KeepCaller,
            Ability::Voicemail,
        ],
        // Its manual does not say that a destination can be spoken with before it is connected.
        Dialect::Telnyx => &[
            Ability::Play,
            Ability::Speak,
            Ability::Digits,
            Ability::RingTogether,
            Ability::KeepCaller,
            Ability::Voicemail,
        ],
    }
}

/// Whether a caller can be left unanswered until a destination answers.
pub(super) const fn answers_on_bridge(dialect: Dialect) -> bool {
    !matches!(dialect, Dialect::Telnyx)
}

/// Where the sound of a recording lies as WAV: Twilio and SignalWire name the recording, and give it as it is asked for.
pub(super) fn sound_of(dialect: Dialect, url: &str) -> String {
    let (path, query) = url
        .split_once('?')
        .map_or((url, None), |(p, q)| (p, Some(q)));
    let name = path.rsplit('/').next().unwrap_or("");
    if dialect == Dialect::Telnyx || name.contains('.') {
        return url.to_owned();
    }
    match query {
        Some(query) => format!("{path}.wav?{query}"),
        None => format!("{path}.wav"),
    }
}

/// Whether a leg is over, by the carrier's word for it.
pub(super) fn is_over(status: &str) -> bool {
    matches!(
        status,
        "completed" | "busy" | "failed" | "no-answer" | "canceled"
    )
}

/// Whether a dial came to a talk.
pub(super) fn is_talk(status: &str) -> bool {
    matches!(status, "completed" | "answered")
}

/// What an attempt came to, by the carrier's word for it.
pub(super) fn outcome(status: &str) -> DialOutcome {
    match status {
        "busy" => DialOutcome::Busy,
        "no-answer" | "canceled" | "completed" => DialOutcome::NoAnswer,
        _ => DialOutcome::Failed,
    }
}

/// Whether the request says that the leg it is about is over.
pub(super) fn has_left(params: &Params) -> bool {
    params.get("CallStatus").is_some_and(is_over)
}

/// Whether what picked up is no person. Nobody is turned away for a detection that failed.
pub(super) fn is_machine(answered_by: &str) -> bool {
    answered_by.starts_with("machine") || answered_by == "fax"
}

/// The caller's number, when it is one and not withheld, and the caller as signalled.
pub(super) fn caller(params: &Params) -> (Option<PhoneNumber>, String) {
    let from = params.get("From").unwrap_or("").trim();
    let withheld = from.is_empty()
        || NOBODY.contains(&from)
        || ["anonymous", "restricted", "unavailable", "unknown"]
            .iter()
            .any(|word| from.eq_ignore_ascii_case(word));
    if withheld {
        return (None, "anonymous".to_owned());
    }
    (PhoneNumber::parse_e164(from).ok(), from.to_owned())
}

/// The attestation, where the carrier passes one on: `TN-Validation-Passed-A`.
pub(super) fn attestation(params: &Params) -> Option<Attestation> {
    let told = params.get("StirVerstat")?;
    match told.strip_prefix("TN-Validation-Passed-")? {
        "A" => Some(Attestation::A),
        "B" => Some(Attestation::B),
        "C" => Some(Attestation::C),
        _ => None,
    }
}

/// What the carrier found when it checked the caller's number, where it says so: `TN-Validation-Failed-A`.
pub(super) fn signalled(params: &Params) -> Signalled {
    let told = params.get("StirVerstat").unwrap_or("");
    let verstat = if told.starts_with("TN-Validation-Passed") {
        Some(Verstat::Passed)
    } else if told.starts_with("TN-Validation-Failed") {
        Some(Verstat::Failed)
    } else {
        told.starts_with("No-TN-Validation")
            .then_some(Verstat::Unchecked)
    };
    Signalled {
        verstat,
        diversion: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_carrier_found_is_read_and_no_attestation_counts_after_a_failed_check() {
        for (told, verstat, vouched) in [
            (
                "TN-Validation-Passed-A",
                Some(Verstat::Passed),
                Some(Attestation::A),
            ),
            ("TN-Validation-Failed-A", Some(Verstat::Failed), None),
            ("TN-Validation-Failed", Some(Verstat::Failed), None),
            ("No-TN-Validation", Some(Verstat::Unchecked), None),
            ("", None, None),
        ] {
            let params = Params::from_form(format!("StirVerstat={told}").as_bytes());
            let params = params.expect("a form");
            assert_eq!(signalled(&params).verstat, verstat, "{told}");
            assert_eq!(attestation(&params), vouched, "{told}");
        }
    }

    #[test]
    fn callers_without_a_number_are_withheld() {
        for (from, number) in [
            ("From=%2B12145551234", Some(12_145_551_234)),
            ("From=%2B266696687", None),
            ("From=Anonymous", None),
            ("From=", None),
            ("", None),
        ] {
            let params = Params::from_form(from.as_bytes()).expect("a form");
            let (found, text) = caller(&params);
            assert_eq!(found.map(PhoneNumber::digits), number, "{from}");
            assert_eq!(text == "anonymous", number.is_none(), "{from}");
        }
    }

    #[test]
    fn a_recording_is_asked_for_as_a_wav_file() {
        let of = |url| sound_of(Dialect::Twilio, url);
        assert_eq!(
            of("https://api.twilio.com/R/RE1"),
            "https://api.twilio.com/R/RE1.wav"
        );
        assert_eq!(
            of("https://x.example/RE1?a=1.2"),
            "https://x.example/RE1.wav?a=1.2"
        );
        assert_eq!(of("https://x.example/RE1.wav"), "https://x.example/RE1.wav");
        let signed = "https://s3.example/one?X-Sig=1";
        assert_eq!(sound_of(Dialect::Telnyx, signed), signed);
    }

    #[test]
    fn words_of_carriers_are_outcomes_of_attempts() {
        for (word, expected) in [
            ("busy", DialOutcome::Busy),
            ("no-answer", DialOutcome::NoAnswer),
            ("canceled", DialOutcome::NoAnswer),
            ("failed", DialOutcome::Failed),
            ("something new", DialOutcome::Failed),
        ] {
            assert_eq!(outcome(word), expected, "{word}");
        }
        assert!(is_machine("machine_end_beep") && is_machine("fax"));
        assert!(!is_machine("human") && !is_machine("unknown"));
    }
}
