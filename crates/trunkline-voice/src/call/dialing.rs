//! Ringing destinations together until one of them has the call or none is left.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};
use trunkline_core::call::DialOutcome;
use trunkline_core::call::flow::FlowEvent;
use trunkline_engine::call::control::{Action, Dial, Dialling, Sound};

use super::Call;
use super::ending::End;
use super::happening::{Happened, News};
use super::ringing::{Became, Failed, Legs, Ringing};
use super::screening::{Rules, Screening, Step};
use crate::media::relay::{Listening, Sign, Speech};
use crate::media::sdp::Description;
use crate::media::{Seat, dtmf, signals};
use crate::sip::{Asked, LegEvent, Method};

/// What goes for all destinations of one dialling.
struct Plan {
    rules: Rules,
    whisper: Option<Arc<Sound>>,
    /// The caller hears what the destination plays before it answers.
    early_media: bool,
}

/// What happened next while destinations ring.
enum Next {
    Call(Happened),
    Leg(usize, Option<LegEvent>),
    Due(usize),
}

impl Call {
    /// Rings destinations; `true` when one of them is connected.
    pub(super) async fn dial(&mut self, dialling: Dialling) -> Result<bool, End> {
        self.keys.clear();
        let whisper = match &dialling.whisper {
            Some(prompt) => self.sound(prompt).await?,
            None => None,
        };
        let rules = Rules {
            whispers: whisper.is_some(),
            accept: dialling.accept,
            detect_machine: dialling.detect_machine,
        };
        // A whisper without a sound still makes the flow wait for `Accepted`.
        let screened = rules.screens() || dialling.whisper.is_some();
        let plan = Plan {
            rules,
            whisper,
            early_media: dialling.legs.len() == 1 && !screened,
        };
        if self.answered_at.is_some() {
            let ringing = Speech::Repeat(signals::ringing());
            self.relay.speak(Seat::CALLER, Some(ringing)).await;
        }
        let mut legs = Legs::default();
        self.ring_each(&mut legs, dialling.legs).await;
        let connected = self.until_one_has_it(&mut legs, &plan, screened).await?;
        for other in legs.0.drain(..) {
            // Dropped, it is cancelled or hung up.
            self.relay.close(other.party.seat).await;
        }
        self.unreached = !connected;
        if !connected && self.answered_at.is_some() {
            self.attend().await;
        }
        Ok(connected)
    }

    /// Rings destinations beside those that ring.
    async fn ring_each(&mut self, legs: &mut Legs, dials: Vec<Dial>) {
        for dial in dials {
            let Some(seat) = legs.free_seat() else {
                return;
            };
            let attempt = dial.attempt;
            match self.ring(seat, dial).await {
                Ok(leg) => legs.0.push(leg),
                Err(failed) => self.tell_failed(attempt, failed).await,
            }
        }
    }

    async fn until_one_has_it(
        &mut self,
        legs: &mut Legs,
        plan: &Plan,
        screened: bool,
    ) -> Result<bool, End> {
        while !legs.0.is_empty() {
            let (due_at, due) = legs.due();
            let next = tokio::select! {
                happened = self.happens() => Next::Call(happened),
                (index, event) = legs.next() => Next::Leg(index, event),
                () = sleep_until(due_at) => Next::Due(due),
            };
            let (index, step) = match next {
                Next::Call(happened) => match self.on(happened).await? {
                    Some(News::Engine(actions)) => {
                        self.on_engine(legs, actions).await?;
                        continue;
                    }
                    Some(News::Sign(seat, sign)) => match legs.at(seat) {
                        Some(index) => (index, legs.0[index].on_sign(sign)),
                        None => continue,
                    },
                    Some(News::Played(id)) => match legs.whispering(id) {
                        Some(index) => (index, legs.0[index].on_whispered()),
                        None => continue,
                    },
                    _ => continue,
                },
                Next::Leg(index, event) => {
                    let leg = &mut legs.0[index];
                    match self.on_leg_event(leg, event, plan, screened).await {
                        Ok(step) => (index, step),
                        Err(failed) => {
                            self.give_up(legs, index, failed).await;
                            continue;
                        }
                    }
                }
                Next::Due(index) => match legs.0[index].on_due() {
                    Ok(step) => (index, step),
                    Err(failed) => {
                        self.give_up(legs, index, failed).await;
                        continue;
                    }
                },
            };
            match step {
                Step::Wait => {}
                Step::Whisper => self.whisper(&mut legs.0[index], plan).await,
                Step::GiveUp(outcome) => {
                    self.give_up(legs, index, Failed::new(outcome, None)).await;
                }
                Step::Connect => {
                    let leg = legs.0.remove(index);
                    if screened {
                        let attempt = leg.dial.attempt;
                        self.pump.tell(FlowEvent::Accepted { attempt }).await;
                    }
                    self.connect(leg).await;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// An event of one leg: what to do with it, or how it failed.
    async fn on_leg_event(
        &mut self,
        leg: &mut Ringing,
        event: Option<LegEvent>,
        plan: &Plan,
        screened: bool,
    ) -> Result<Step, Failed> {
        if leg.screening.is_some() {
            return self.on_screened_leg(leg, event).await;
        }
        match self.on_ring_event(leg, event, plan.early_media).await {
            Became::Nothing => Ok(Step::Wait),
            Became::Failed(failed) => Err(failed),
            Became::Answered(description) => {
                let attempt = leg.dial.attempt;
                self.pump.tell(FlowEvent::Answered { attempt }).await;
                leg.party.apply(description, &self.relay).await;
                if !screened {
                    return Ok(Step::Connect);
                }
                Ok(self.screen(leg, plan).await)
            }
        }
    }

    /// Begins to screen a destination that picked up.
    async fn screen(&mut self, leg: &mut Ringing, plan: &Plan) -> Step {
        let seat = leg.party.seat;
        self.relay.speak(seat, Some(Speech::Silence)).await;
        let listening = Listening {
            keys: plan.rules.accept.is_some(),
            speech: None,
            answerer: plan.rules.detect_machine,
        };
        self.relay.listen(seat, Some(listening)).await;
        let (screening, step) = Screening::begin(plan.rules, Instant::now());
        leg.screening = Some((screening, None));
        step
    }

    async fn whisper(&mut self, leg: &mut Ringing, plan: &Plan) {
        if let (Some((_, playing)), Some(sound)) = (&mut leg.screening, &plan.whisper) {
            *playing = Some(self.say(leg.party.seat, Arc::clone(sound)).await);
        }
    }

    /// What a destination does while it is screened.
    async fn on_screened_leg(
        &mut self,
        leg: &mut Ringing,
        event: Option<LegEvent>,
    ) -> Result<Step, Failed> {
        match event {
            Some(LegEvent::Gone(_)) | None => {
                leg.party.over = true;
                Err(Failed::new(DialOutcome::NotAccepted, None))
            }
            Some(LegEvent::Asked(asked)) if asked.method == Method::Info => {
                let key = dtmf::info::key(asked.content_type.as_deref(), &asked.body);
                asked.reply.send(200, None, None).await;
                let Some(key) = key else {
                    return Ok(Step::Wait);
                };
                self.relay.ignore_tones(leg.party.seat).await;
                Ok(leg.on_sign(Sign::Key(key)))
            }
            Some(LegEvent::Asked(asked)) => {
                self.answer_screened(leg, *asked).await;
                Ok(Step::Wait)
            }
            Some(_) => Ok(Step::Wait),
        }
    }

    /// A destination that is screened changes its session: nobody else has to agree.
    async fn answer_screened(&self, leg: &mut Ringing, asked: Asked) {
        let party = &mut leg.party;
        let codecs = match party.codec {
            Some(codec) => vec![codec],
            None => party.trunk.codecs.clone(),
        };
        let sdp = if asked.body.is_empty() {
            (asked.method == Method::Invite).then(|| party.sent.clone())
        } else {
            let description = Description::parse(&asked.body).and_then(|d| d.only(&codecs));
            let Ok(description) = description else {
                return asked.reply.send(488, None, None).await;
            };
            let ours = party.describe(&description.clone().own_answer());
            party.apply(description, &self.relay).await;
            Some(ours)
        };
        let agreed = party.timer.map(|t| t.agreed());
        asked.reply.send(200, sdp, agreed).await;
    }

    /// Caller and destination are connected.
    async fn connect(&mut self, leg: Ringing) {
        let party = leg.party;
        if self.answered_at.is_none()
            && let Some(description) = party.remote.clone()
        {
            let ours = match self.offer {
                Some(_) => description,
                None => description.first_codec(),
            };
            self.answer(&ours).await;
        }
        let seat = party.seat;
        for end in [Seat::CALLER, seat] {
            self.relay.speak(end, None).await;
            self.relay.listen(end, None).await;
        }
        self.relay.connect(seat).await;
        self.destination = Some(party);
    }

    /// The engine wants something while destinations ring.
    async fn on_engine(&mut self, legs: &mut Legs, actions: Vec<Action>) -> Result<(), End> {
        for action in actions {
            match action {
                Action::HangUp { status, .. } => return Err(End::no_destination(status)),
                Action::CancelDial { attempts } => {
                    let (cancelled, kept) = legs
                        .0
                        .drain(..)
                        .partition(|leg| attempts.contains(&leg.dial.attempt));
                    legs.0 = kept;
                    let cancelled: Vec<Ringing> = cancelled;
                    for leg in cancelled {
                        self.relay.close(leg.party.seat).await;
                    }
                }
                // One that failed is tried over another trunk while others ring.
                Action::Dial(again) => self.ring_each(legs, again.legs).await,
                other => self.queue.push_back(other),
            }
        }
        Ok(())
    }

    /// One of the destinations does not take the call.
    async fn give_up(&mut self, legs: &mut Legs, index: usize, failed: Failed) {
        let leg = legs.0.remove(index);
        self.relay.close(leg.party.seat).await;
        self.tell_failed(leg.dial.attempt, failed).await;
    }

    async fn tell_failed(&mut self, attempt: u32, failed: Failed) {
        self.last_q850 = failed.q850;
        let event = FlowEvent::DialFailed {
            attempt,
            outcome: failed.outcome,
            sip_status: failed.status,
        };
        self.pump.tell(event).await;
    }
}

impl Legs {
    /// The destination that this whisper is played to.
    fn whispering(&self, id: u32) -> Option<usize> {
        self.0
            .iter()
            .position(|leg| matches!(leg.screening, Some((_, Some(playing))) if playing == id))
    }
}

impl Ringing {
    fn on_sign(&mut self, sign: Sign) -> Step {
        match &mut self.screening {
            Some((screening, _)) => screening.on_sign(sign, Instant::now()),
            None => Step::Wait,
        }
    }

    fn on_whispered(&mut self) -> Step {
        match &mut self.screening {
            Some((screening, playing)) => {
                *playing = None;
                screening.on_whispered(Instant::now())
            }
            None => Step::Wait,
        }
    }

    fn on_due(&mut self) -> Result<Step, Failed> {
        let now = Instant::now();
        match &mut self.screening {
            Some((screening, _)) => Ok(screening.on_due(now)),
            None => Err(self.rang_out(now)),
        }
    }
}
