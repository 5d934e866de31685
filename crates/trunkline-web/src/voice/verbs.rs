//! From what the engine asks of a performer to the verbs a carrier carries out.

use trunkline_core::base::id::CallId;
use trunkline_core::base::{Callee, PhoneNumber, Timestamp};
use trunkline_core::call::flow::{Gather, Prompt};
use trunkline_engine::call::control::{CallControl, CallLimits, Dialling, Voicemail};
use trunkline_engine::ports::webhooks::Dialect;

use super::addresses::{Addresses, Stage};
use super::dialect::answers_on_bridge;
use super::twiml::Element;

/// How long the address of a sound opens, in milliseconds: a carrier fetches it at once, and may fetch it again.
const SOUND_LIFE_MS: i64 = 3_600_000;
/// Ring times that every dialect takes, in seconds.
const RING_S: std::ops::RangeInclusive<u32> = 5..=120;
/// Lengths of a dial that every dialect takes, in seconds.
const LENGTH_S: std::ops::RangeInclusive<u64> = 60..=14_400;
/// Wait for the key that takes a call, in seconds.
const ACCEPT_WAIT_S: u32 = 8;
/// Ring time of the business line of a call whose flow is lost, in seconds.
const FALLBACK_RING_S: u32 = 60;

/// Writes verbs for one call.
pub(super) struct Verbs<'a> {
    pub(super) control: &'a dyn CallControl,
    pub(super) addresses: &'a Addresses<'a>,
    pub(super) dialect: Dialect,
    pub(super) call: CallId,
    pub(super) now: Timestamp,
}

impl Verbs<'_> {
    /// What is heard; nothing when there is no such sound.
    pub(super) async fn prompt(&self, prompt: &Prompt) -> Option<Element> {
        match prompt {
            Prompt::Spoken(spoken) => Some(
                Element::new("Say")
                    .with_some("voice", spoken.voice.as_deref())
                    .with_some("language", spoken.language.as_deref())
                    .saying(&spoken.text),
            ),
            Prompt::Asset(id) => {
                // Asked here, so that a sound that is not there is passed over as if it had been played.
                self.control.sound(self.call, prompt).await?;
                let until = self.now.plus_millis(SOUND_LIFE_MS);
                Some(Element::new("Play").saying(self.addresses.sound(self.call, *id, until)))
            }
        }
    }

    async fn prompt_of(&self, prompt: Option<&Prompt>) -> Option<Element> {
        match prompt {
            Some(prompt) => self.prompt(prompt).await,
            None => None,
        }
    }

    /// On to the next step.
    pub(super) fn go_on(&self, step: u32) -> Element {
        redirect(self.addresses.step(self.call, step))
    }

    /// A question. The answer comes to `step`, also when it is none.
    pub(super) async fn gather(&self, gather: &Gather, step: u32) -> Vec<Element> {
        let prompt = self.prompt_of(gather.prompt.as_ref()).await;
        let end = gather.terminator.map(String::from).unwrap_or_default();
        let asks = Element::new("Gather")
            .with("input", "dtmf")
            .with("action", self.addresses.step(self.call, step))
            .with("method", "POST")
            .with("numDigits", gather.digits_max.to_string())
            .with("finishOnKey", end)
            .with("timeout", seconds(gather.timeout_ms).to_string())
            .with("actionOnEmptyResult", "true");
        let mut verbs = Vec::with_capacity(3);
        if gather.barge_in {
            verbs.push(asks.holding(prompt));
        } else {
            // Keys pressed before a question are not heard.
            verbs.extend(prompt);
            verbs.push(asks);
        }
        // For carriers that do not tell an empty answer.
        verbs.push(self.go_on(step));
        verbs
    }

    /// Rings destinations. How it went comes to `step`.
    pub(super) fn dial(&self, dialling: &Dialling, limits: &CallLimits, step: u32) -> Element {
        let longest = dialling.legs.iter().map(|leg| seconds(leg.ring_timeout_ms));
        let ring_s = longest.max().unwrap_or(*RING_S.start());
        let ring_s = ring_s.clamp(*RING_S.start(), *RING_S.end());
        let length_s = (limits.max_call_ms / 1_000).clamp(*LENGTH_S.start(), *LENGTH_S.end());
        let shown = dialling.legs.iter().find_map(|leg| leg.caller_id);
        let on_bridge = answers_on_bridge(self.dialect).then_some("true");
        let recording = dialling.record.then(|| self.addresses.recording(self.call));
        Element::new("Dial")
            .with("action", self.addresses.step(self.call, step))
            .with("method", "POST")
            .with("timeout", ring_s.to_string())
            .with("timeLimit", length_s.to_string())
            .with_some("answerOnBridge", on_bridge)
            .with_some("callerId", shown.map(|number| number.to_string()))
            .with_some(
                "record",
                dialling.record.then_some("record-from-answer-dual"),
            )
            .with_some("recordingStatusCallback", recording)
            .holding(
                dialling
                    .legs
                    .iter()
                    .map(|leg| self.callee(dialling, leg.attempt, &leg.to)),
            )
    }

    fn callee(&self, dialling: &Dialling, attempt: u32, to: &Callee) -> Element {
        let machine = dialling.detect_machine && self.dialect == Dialect::Twilio;
        let stage = Stage::PickedUp;
        let url = screens(dialling).then(|| self.addresses.whisper(self.call, attempt, stage));
        let machines = machine.then(|| self.addresses.machine(self.call, attempt));
        let noun = match to {
            Callee::Number(_) => "Number",
            Callee::Sip(_) => "Sip",
        };
        Element::new(noun)
            .with_some("url", url)
            .with("statusCallback", self.addresses.leg(self.call, attempt))
            .with("statusCallbackEvent", "ringing answered completed")
            .with_some("machineDetection", machine.then_some("Enable"))
            .with_some("amdStatusCallback", machines)
            .saying(to.to_string())
    }

    /// Records a message. How long it is comes to `step`, also when there is none.
    pub(super) async fn voicemail(&self, voicemail: &Voicemail, step: u32) -> Vec<Element> {
        let mut verbs = Vec::with_capacity(3);
        verbs.extend(self.prompt_of(voicemail.greeting.as_ref()).await);
        verbs.push(
            Element::new("Record")
                .with("action", self.addresses.step(self.call, step))
                .with("method", "POST")
                .with("maxLength", seconds(voicemail.max_ms).to_string())
                .with("timeout", seconds(voicemail.silence_ms).to_string())
                .with("playBeep", if voicemail.beep { "true" } else { "false" })
                .with("finishOnKey", "")
                .with("trim", "trim-silence")
                .with(
                    "recordingStatusCallback",
                    self.addresses.recording(self.call),
                ),
        );
        verbs.push(self.go_on(step));
        verbs
    }

    /// What a destination hears first, and the key it is asked for.
    pub(super) async fn ask_to_accept(
        &self,
        dialling: &Dialling,
        attempt: u32,
        times: u32,
    ) -> Vec<Element> {
        let action = self
            .addresses
            .whisper(self.call, attempt, Stage::Asked(times));
        let whisper = self.prompt_of(dialling.whisper.as_ref()).await;
        let asks = Element::new("Gather")
            .with("input", "dtmf")
            .with("action", action.as_str())
            .with("method", "POST")
            .with("numDigits", "1")
            .with("finishOnKey", "")
            .with("timeout", ACCEPT_WAIT_S.to_string())
            .with("actionOnEmptyResult", "true")
            .holding(whisper);
        vec![asks, redirect(action)]
    }

    /// What a destination hears that needs no key.
    pub(super) async fn whisper(&self, prompt: &Prompt, attempt: u32) -> Vec<Element> {
        let next = self.addresses.whisper(self.call, attempt, Stage::Heard);
        let mut verbs: Vec<Element> = self.prompt(prompt).await.into_iter().collect();
        verbs.push(redirect(next));
        verbs
    }

    /// A moment in which the carrier finds out whether a machine picked up.
    pub(super) fn wait(&self, attempt: u32, times: u32) -> [Element; 2] {
        let next = self
            .addresses
            .whisper(self.call, attempt, Stage::Waited(times));
        [Element::new("Pause").with("length", "1"), redirect(next)]
    }
}

/// Whether destinations are connected only once they were found fit.
pub(super) const fn screens(dialling: &Dialling) -> bool {
    dialling.whisper.is_some() || dialling.accept.is_some() || dialling.detect_machine
}

fn redirect(to: String) -> Element {
    Element::new("Redirect").with("method", "POST").saying(to)
}

/// The end of a call. One that nothing was done for yet is refused, which costs nothing.
pub(super) fn hang_up(status: u16, untouched: bool) -> Element {
    match (untouched, status) {
        (false, _) => Element::new("Hangup"),
        (true, 486 | 600) => Element::new("Reject").with("reason", "busy"),
        (true, _) => Element::new("Reject").with("reason", "rejected"),
    }
}

/// Rings the business line of a call whose flow is lost, without any further request.
pub(super) fn ring(line: PhoneNumber, dialect: Dialect) -> Element {
    let on_bridge = answers_on_bridge(dialect).then_some("true");
    Element::new("Dial")
        .with("timeout", FALLBACK_RING_S.to_string())
        .with_some("answerOnBridge", on_bridge)
        .holding([Element::new("Number").saying(line.to_string())])
}

/// Whole seconds, a begun one counted.
const fn seconds(ms: u32) -> u32 {
    ms.div_ceil(1_000)
}
