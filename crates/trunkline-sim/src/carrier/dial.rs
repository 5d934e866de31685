//! A call that starts here: the INVITE and everything until it is answered, refused or given up.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use trunkline_core::base::PhoneNumber;

use super::call::{Ending, Progress, Why};
use super::leg::{ALLOW, GIVE_UP, Leg, Received, Repeat, due};
use super::line::Behaviour;
use super::sdp;
use crate::audio::Voice;

/// How much longer than planned a caller stays when the other end was to hang up.
const GRACE: Duration = Duration::from_secs(10);

/// Who ends a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangsUp {
    /// The caller.
    Caller,
    /// The end that answered, when it is a line of the same carrier.
    Destination,
}

/// A call to place.
#[derive(Debug, Clone, PartialEq)]
pub struct DialPlan {
    /// The caller's number. Calls at one time must differ in it for `hang_up` and `meets` to work.
    pub from: PhoneNumber,
    /// The number that is dialled.
    pub to: PhoneNumber,
    /// What the caller says.
    pub voice: Voice,
    /// How long the conversation lasts, in milliseconds.
    pub talk_ms: u64,
    /// Who ends it.
    pub hang_up: HangsUp,
    /// How long the caller waits for an answer, in milliseconds.
    pub patience_ms: u64,
    /// What the lines of the same carrier do that this call reaches, one after the other; beyond the
    /// list they do what they always do.
    pub meets: Vec<Behaviour>,
}

/// An INVITE under way.
struct Invite {
    text: String,
    /// Repeats the INVITE until anything is heard.
    repeat: Option<Repeat>,
    provisional: bool,
    cancelling: bool,
    /// Repeats the CANCEL until it is answered.
    cancel: Option<Repeat>,
    deadline: Instant,
}

/// Places the call and sees it through.
pub(super) async fn place(leg: &mut Leg, plan: &DialPlan) -> Ending {
    let offer = leg.describe(None);
    let caller = format!(
        "P-Asserted-Identity: <sip:{}@{}>\r\n",
        plan.from,
        leg.dialog.local_address.ip()
    );
    let more = format!(
        "{}{caller}{ALLOW}User-Agent: Simulated carrier\r\n",
        leg.dialog.contact()
    );
    let sequence = leg.dialog.sequence;
    let text = leg.dialog.request(
        "INVITE",
        sequence,
        &leg.dialog.branch("INVITE", sequence),
        &more,
        &offer,
    );
    leg.dialog.send(&text).await;
    let mut invite = Invite {
        text,
        repeat: Some(Repeat::invite()),
        provisional: false,
        cancelling: false,
        cancel: None,
        deadline: Instant::now() + Duration::from_millis(plan.patience_ms),
    };
    loop {
        tokio::select! {
            received = leg.inbox.recv() => {
                let Some(received) = received else { return Ending::new(Why::Lost) };
                match invite.on_message(leg, &received).await {
                    Step::Wait => {}
                    Step::Answered if invite.cancelling => {
                        // The answer crossed our CANCEL (RFC 3261, 15).
                        leg.bye().await;
                        return Ending::new(Why::Cancelled);
                    }
                    Step::Answered => return converse(leg, plan).await,
                    Step::Over(ending) => return ending,
                }
            }
            goes_on = due(invite.repeat.as_mut()) => {
                if !goes_on {
                    return Ending::new(Why::Lost);
                }
                leg.dialog.send(&invite.text).await;
            }
            goes_on = due(invite.cancel.as_mut()) => match goes_on {
                true => invite.send_cancel(leg).await,
                false => invite.cancel = None,
            },
            () = leg.hang_up.cancelled(), if !invite.cancelling => invite.give_up(leg).await,
            () = sleep_until(invite.deadline) => match invite.cancelling {
                true => return Ending::new(Why::Cancelled),
                false => invite.give_up(leg).await,
            },
        }
    }
}

async fn converse(leg: &mut Leg, plan: &DialPlan) -> Ending {
    let talk = Duration::from_millis(plan.talk_ms);
    let limit = match plan.hang_up {
        HangsUp::Caller => talk,
        HangsUp::Destination => talk + GRACE,
    };
    leg.talk(Instant::now() + limit).await
}

enum Step {
    Wait,
    Answered,
    Over(Ending),
}

impl Invite {
    async fn on_message(&mut self, leg: &mut Leg, received: &Received) -> Step {
        let message = &received.0;
        if message.status_of("CANCEL").is_some() {
            self.cancel = None;
            return Step::Wait;
        }
        let Some(status) = message.status_of("INVITE") else {
            return leg
                .on_message(received)
                .await
                .map_or(Step::Wait, Step::Over);
        };
        self.repeat = None;
        if status >= 200 {
            return self.on_final(leg, received, status).await;
        }
        self.provisional = true;
        if self.cancelling && self.cancel.is_none() {
            self.start_cancel(leg).await;
        }
        if status > 100 {
            leg.progress
                .send_if_modified(|p| std::mem::replace(p, Progress::Ringing) != Progress::Ringing);
            // Early sound is listened to; the caller speaks once somebody is there.
            if let Some(wants) = sdp::read(&message.body) {
                leg.media.turn_to(wants, false);
            }
        }
        Step::Wait
    }

    async fn on_final(&self, leg: &mut Leg, received: &Received, status: u16) -> Step {
        let (message, sequence) = (&received.0, leg.dialog.sequence);
        leg.dialog.remote_tag = message.tag("to").map(str::to_owned);
        if status >= 300 {
            // The acknowledgement of a refusal belongs to the INVITE's transaction (RFC 3261, 17.1.1.3).
            let ack = leg.dialog.request(
                "ACK",
                sequence,
                &leg.dialog.branch("INVITE", sequence),
                "",
                "",
            );
            leg.dialog.send(&ack).await;
            leg.last_ack = Some(ack);
            let ending = if self.cancelling {
                Ending {
                    status: Some(status),
                    ..Ending::new(Why::Cancelled)
                }
            } else {
                Ending::refused(status)
            };
            return Step::Over(ending);
        }
        if let Some(contact) = message.contact() {
            contact.clone_into(&mut leg.dialog.target);
        }
        let ack = leg
            .dialog
            .request("ACK", sequence, &leg.dialog.branch("ACK", sequence), "", "");
        leg.dialog.send(&ack).await;
        leg.last_ack = Some(ack);
        if let Some(wants) = sdp::read(&message.body) {
            leg.media.turn_to(wants, !self.cancelling);
        }
        Step::Answered
    }

    /// Nothing may be cancelled before the first provisional answer (RFC 3261, 9.1).
    async fn give_up(&mut self, leg: &Leg) {
        self.cancelling = true;
        self.deadline = Instant::now() + GIVE_UP;
        if self.provisional {
            self.start_cancel(leg).await;
        }
    }

    async fn start_cancel(&mut self, leg: &Leg) {
        self.cancel = Some(Repeat::other());
        self.send_cancel(leg).await;
    }

    async fn send_cancel(&self, leg: &Leg) {
        let sequence = leg.dialog.sequence;
        let text = leg.dialog.request(
            "CANCEL",
            sequence,
            &leg.dialog.branch("INVITE", sequence),
            "",
            "",
        );
        leg.dialog.send(&text).await;
    }
}
