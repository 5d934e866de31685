//! The performer: tells the engine what a carrier tells, and the carrier what the engine wants next. It decides nothing.

use trunkline_core::base::Timestamp;
use trunkline_core::call::flow::{FlowEvent, GatherEnd};
use trunkline_core::call::{DialOutcome, EndReason, EndedBy};
use trunkline_engine::call::control::{
    Action, CallControl, CallEnd, Dialling, RecordingDone, RecordingState,
};
use trunkline_engine::ports::webhooks::Dialect;

use super::addresses::{Addresses, Stage};
use super::dialect::{has_left, is_machine, is_over, is_talk, outcome};
use super::line::{Doing, Line};
use super::params::Params;
use super::twiml::{Element, document};
use super::verbs::{Verbs, hang_up, screens};

/// A shorter message is none, in milliseconds; the engine says so too.
const MESSAGE_MS_MIN: u64 = 1_000;
/// Seconds in which a carrier finds out whether a machine picked up; after that it is a person.
const MACHINE_WAITS_MAX: u32 = 8;

/// Performs the calls of one trunk.
pub(super) struct Performer<'a> {
    pub(super) control: &'a dyn CallControl,
    pub(super) addresses: Addresses<'a>,
    pub(super) dialect: Dialect,
    pub(super) now: Timestamp,
}

impl Performer<'_> {
    fn verbs(&self, line: &Line) -> Verbs<'_> {
        Verbs {
            control: self.control,
            addresses: &self.addresses,
            dialect: self.dialect,
            call: line.call,
            now: self.now,
        }
    }

    /// The document for what the engine wants next.
    pub(super) async fn carry_out(&self, line: &mut Line, actions: Vec<Action>) -> String {
        let untouched = line.step == 0;
        let step = line.step + 1;
        let verbs = self.verbs(line);
        let mut out: Vec<Element> = Vec::new();
        for action in actions {
            match action {
                Action::Play { action, prompt } => {
                    let said = verbs.prompt(&prompt).await;
                    let heard = said.is_some();
                    out.extend(said);
                    out.push(verbs.go_on(step));
                    line.doing = Doing::Playing { action, heard };
                    line.answers_itself();
                }
                Action::Gather(gather) => {
                    out.extend(verbs.gather(&gather, step).await);
                    let (action, digits_max) = (gather.action, gather.digits_max);
                    line.doing = Doing::Gathering { action, digits_max };
                    line.answers_itself();
                }
                Action::Dial(dialling) => {
                    out.push(verbs.dial(&dialling, &line.limits, step));
                    let attempts = dialling.legs.iter().map(|leg| leg.attempt);
                    line.legs = attempts.map(|a| (a, Default::default())).collect();
                    line.doing = Doing::Dialling(Box::new(dialling));
                }
                // The carrier stops ringing the others by itself.
                Action::CancelDial { .. } => {}
                Action::Voicemail(voicemail) => {
                    out.extend(verbs.voicemail(&voicemail, step).await);
                    let action = voicemail.action;
                    line.doing = Doing::Recording { action };
                    line.answers_itself();
                }
                Action::HangUp { status, .. } => {
                    out.push(hang_up(status, untouched));
                    self.hung_up(line, status).await;
                }
            }
        }
        if out.is_empty() && !line.ended {
            // Nothing is wanted and nothing goes on: the call would hang for ever.
            out.push(hang_up(480, untouched));
            self.hung_up(line, 480).await;
        }
        line.step = step;
        document(out)
    }

    /// What came of a step, and what is next. The caller may be gone by now.
    pub(super) async fn step(&self, line: &mut Line, params: &Params) -> String {
        let gone = has_left(params) || line.left_at.is_some();
        line.destination_left = false;
        let actions = match std::mem::take(&mut line.doing) {
            Doing::Nothing => Vec::new(),
            Doing::Playing { .. } | Doing::Gathering { .. } if gone => Vec::new(),
            Doing::Playing { action, heard } => {
                let played = if heard {
                    FlowEvent::Played { action }
                } else {
                    FlowEvent::NotHeard { action }
                };
                self.tell(line, played).await
            }
            Doing::Gathering { action, digits_max } => {
                let digits = params.get("Digits").unwrap_or("").to_owned();
                let full = u32::try_from(digits.len()).is_ok_and(|count| count >= digits_max);
                let ended_by = match params.get("FinishedOnKey") {
                    _ if full => GatherEnd::Full,
                    Some(_) => GatherEnd::Terminator,
                    None => GatherEnd::Timeout,
                };
                let answer = FlowEvent::Gathered {
                    action,
                    digits,
                    ended_by,
                };
                self.tell(line, answer).await
            }
            Doing::Recording { action } => {
                let ms = params.number("RecordingDuration").unwrap_or(0) * 1_000;
                line.recorded |= ms >= MESSAGE_MS_MIN;
                self.tell(line, FlowEvent::VoicemailRecorded { action, ms })
                    .await
            }
            Doing::Dialling(dialling) => self.dialled(line, &dialling, params, gone).await,
        };
        if gone {
            self.caller_left(line).await;
            return document([]);
        }
        self.carry_out(line, actions).await
    }

    /// A dial is over.
    async fn dialled(
        &self,
        line: &mut Line,
        dialling: &Dialling,
        params: &Params,
        gone: bool,
    ) -> Vec<Action> {
        let status = params.get("DialCallStatus").unwrap_or("failed");
        if line.connected.is_none() && !screens(dialling) && is_talk(status) {
            // The carrier tells of the talk only now that it is over.
            let name = params.get("DialCallSid");
            let named = |(_, leg): &(&u32, &super::line::Leg)| {
                name.is_some() && leg.name.as_deref() == name
            };
            let found = line.legs.iter().find(named);
            let first = || line.legs.iter().find(|(_, leg)| leg.failed.is_none());
            if let Some(attempt) = found.or_else(first).map(|(attempt, _)| *attempt) {
                self.connect(line, attempt, false).await;
            }
        }
        let legs = std::mem::take(&mut line.legs);
        if let Some((attempt, since)) = line.connected.take() {
            let told = params.number("DialCallDuration").map(|s| s * 1_000);
            let leg = legs.get(&attempt).and_then(|leg| leg.lasted_ms);
            let since_ms = self.now.millis_since(since).max(0).unsigned_abs();
            line.talk_ms += told.or(leg).unwrap_or(since_ms);
            line.unreached = false;
            line.recorded |= dialling.record;
            if gone {
                return Vec::new();
            }
            line.destination_left = true;
            return self.tell(line, FlowEvent::DestinationHungUp).await;
        }
        line.unreached = true;
        if gone {
            return Vec::new();
        }
        let sip_status = params.number("DialSipResponseCode");
        let sip_status = sip_status.and_then(|s| u16::try_from(s).ok());
        let mut actions = Vec::new();
        for (attempt, leg) in legs {
            let outcome = match leg.failed {
                Some(outcome) => outcome,
                None if screens(dialling) && leg.picked_up => DialOutcome::NotAccepted,
                None => outcome(status),
            };
            let failed = FlowEvent::DialFailed {
                attempt,
                outcome,
                sip_status,
            };
            actions.extend(self.tell(line, failed).await);
        }
        actions
    }

    /// News of a leg of the dial in progress.
    pub(super) async fn leg(&self, line: &mut Line, attempt: u32, params: &Params) {
        let Doing::Dialling(dialling) = &line.doing else {
            return;
        };
        let screened = screens(dialling);
        let Some(leg) = line.legs.get_mut(&attempt) else {
            return;
        };
        if let Some(name) = params.get("CallSid") {
            leg.name.get_or_insert_with(|| name.to_owned());
        }
        let status = params.get("CallStatus").unwrap_or("");
        match status {
            "ringing" if !leg.rings && !leg.picked_up => {
                leg.rings = true;
                self.tell(line, FlowEvent::Ringing { attempt }).await;
            }
            "in-progress" | "answered" if !screened && line.connected.is_none() => {
                self.connect(line, attempt, false).await;
            }
            "completed" => {
                leg.lasted_ms = params.number("CallDuration").map(|s| s * 1_000);
            }
            over if is_over(over) && line.connected.is_none_or(|(own, _)| own != attempt) => {
                leg.failed.get_or_insert_with(|| outcome(over));
            }
            _ => {}
        }
    }

    /// What machine detection says of a leg.
    pub(super) fn machine(line: &mut Line, attempt: u32, params: &Params) {
        if let (Some(leg), Some(who)) = (line.legs.get_mut(&attempt), params.get("AnsweredBy")) {
            leg.answered_by.get_or_insert_with(|| who.to_owned());
        }
    }

    /// What a destination that picked up hears before it is connected; an empty document connects it.
    pub(super) async fn whisper(
        &self,
        line: &mut Line,
        attempt: u32,
        stage: Stage,
        params: &Params,
    ) -> String {
        let not_taken = || document([Element::new("Hangup")]);
        let Doing::Dialling(dialling) = &line.doing else {
            return not_taken();
        };
        let dialling = dialling.clone();
        match line.connected {
            Some((own, _)) if own == attempt => return document([]),
            Some(_) => return not_taken(),
            None => {}
        }
        let Some(leg) = line.legs.get_mut(&attempt) else {
            return not_taken();
        };
        if let Some(who) = params.get("AnsweredBy") {
            leg.answered_by.get_or_insert_with(|| who.to_owned());
        }
        if leg.failed.is_some() {
            return not_taken();
        }
        if has_left(params) {
            return document([]);
        }
        let machine = leg.answered_by.as_deref().map(is_machine);
        if !std::mem::replace(&mut leg.picked_up, true) {
            self.tell(line, FlowEvent::Answered { attempt }).await;
        }
        let verbs = self.verbs(line);
        if let Stage::PickedUp | Stage::Waited(_) = stage {
            let waited = match stage {
                Stage::Waited(times) => times,
                _ => 0,
            };
            let detects = dialling.detect_machine && self.dialect == Dialect::Twilio;
            match machine {
                Some(true) if detects => {
                    return self.turn_away(line, attempt, DialOutcome::Machine);
                }
                None if detects && waited < MACHINE_WAITS_MAX => {
                    return document(verbs.wait(attempt, waited + 1));
                }
                _ => {}
            }
            if dialling.accept.is_some() {
                return document(verbs.ask_to_accept(&dialling, attempt, 1).await);
            }
            if let Some(whisper) = &dialling.whisper {
                return document(verbs.whisper(whisper, attempt).await);
            }
        }
        if let (Stage::Asked(times), Some(accept)) = (stage, dialling.accept) {
            let pressed = params.get("Digits").unwrap_or("");
            let mut key = [0; 4];
            if pressed != accept.digit.encode_utf8(&mut key) {
                if times < accept.tries {
                    return document(verbs.ask_to_accept(&dialling, attempt, times + 1).await);
                }
                return self.turn_away(line, attempt, DialOutcome::NotAccepted);
            }
        }
        if matches!(stage, Stage::Heard) && dialling.accept.is_some() {
            return not_taken();
        }
        self.connect(line, attempt, true).await;
        document([])
    }

    fn turn_away(&self, line: &mut Line, attempt: u32, outcome: DialOutcome) -> String {
        if let Some(leg) = line.legs.get_mut(&attempt) {
            leg.failed = Some(outcome);
        }
        document([Element::new("Hangup")])
    }

    /// A destination and the caller talk.
    async fn connect(&self, line: &mut Line, attempt: u32, screened: bool) {
        line.connected = Some((attempt, self.now));
        line.answered = true;
        let event = if screened {
            FlowEvent::Accepted { attempt }
        } else {
            FlowEvent::Answered { attempt }
        };
        // What it wants cancelled the carrier cancels by itself.
        self.tell(line, event).await;
    }

    async fn tell(&self, line: &Line, event: FlowEvent) -> Vec<Action> {
        self.control.event(line.call, event).await
    }

    /// The carrier says that the call is over. While a dial is in progress its end is still to come, and tells more.
    pub(super) async fn over(&self, line: &mut Line) {
        if line.ended {
            return;
        }
        if matches!(line.doing, Doing::Dialling(_)) {
            line.left_at.get_or_insert(self.now);
        } else {
            self.caller_left(line).await;
        }
    }

    /// The end of a dial was never told: it is over as far as is known.
    pub(super) async fn over_without_a_word(&self, line: &mut Line) {
        if let Doing::Dialling(dialling) = std::mem::take(&mut line.doing) {
            self.dialled(line, &dialling, &Params::default(), true)
                .await;
        }
        self.caller_left(line).await;
    }

    /// Nothing was heard of a call for longer than it can last.
    pub(super) async fn silent(&self, line: &mut Line) {
        self.tell(line, FlowEvent::CallerHungUp).await;
        self.end(line, EndedBy::System, EndReason::SessionExpired, 408)
            .await;
    }

    async fn caller_left(&self, line: &mut Line) {
        self.tell(line, FlowEvent::CallerHungUp).await;
        let (reason, status) = if line.answered {
            (EndReason::HungUp, 200)
        } else {
            (EndReason::Cancelled, 487)
        };
        self.end(line, EndedBy::Caller, reason, status).await;
    }

    /// The flow ends the call.
    async fn hung_up(&self, line: &mut Line, status: u16) {
        let (by, reason, status) = if line.destination_left {
            (EndedBy::Destination, EndReason::HungUp, 200)
        } else if line.answered && !line.unreached {
            (EndedBy::System, EndReason::HungUp, 200)
        } else {
            let status = if status < 400 { 480 } else { status };
            (EndedBy::System, EndReason::NoDestination, status)
        };
        self.end(line, by, reason, status).await;
    }

    async fn end(&self, line: &mut Line, by: EndedBy, reason: EndReason, status: u16) {
        if std::mem::replace(&mut line.ended, true) {
            return;
        }
        // The sound comes later, from the carrier.
        let recording = line.recorded.then_some(RecordingDone {
            duration_ms: 0,
            bytes: 0,
            state: RecordingState::Writing,
        });
        let end = CallEnd {
            by,
            reason,
            // As over SIP: a call that was answered is not refused with a status.
            sip_status: (!line.answered).then_some(status),
            q850: None,
            ended_at: self.now,
            talk_ms: line.talk_ms,
            caller_ms: (!line.answered).then_some(0),
            quality: None,
            recording,
        };
        self.control.ended(line.call, end).await;
    }
}
