//! Requests inside a connected call: hold, resume and other changes are passed on with their
//! session descriptions; what concerns one side alone is answered at once.

use std::sync::Arc;
use std::time::Duration;

use trunkline_core::call::EndReason;

use super::Call;
use super::ending::End;
use crate::media::Side;
use crate::media::sdp::Description;
use crate::sip::session_timer::Agreed;
use crate::sip::{Answer, Asked, Leg, Method, Reply, Request};

/// Requests of both sides that are passed on at a time.
const PASSED_ON_MAX: usize = 16;
/// Longest wait for the other side's answer to an offer that was passed on. The stack answers for
/// us after 32 s.
const ANSWER_MAX: Duration = Duration::from_secs(28);

/// Work that was waited for.
pub(super) enum Done {
    /// The other side answered an offer of `from`.
    Offered {
        from: Side,
        /// The talk it was asked in; its answer means nothing to the next one.
        talk: u32,
        description: Description,
        agreed: Agreed,
        reply: Reply,
        answer: Option<Answer>,
    },
    Refreshed {
        side: Side,
        talk: u32,
        answer: Option<Answer>,
    },
    /// Passed on and answered; nothing is left to do.
    Nothing,
}

impl Call {
    pub(super) async fn on_done(&mut self, done: Done) -> Result<(), End> {
        let current = self.destination.is_some();
        match done {
            Done::Offered {
                from,
                talk,
                description,
                agreed,
                reply,
                answer,
            } => {
                self.caller.asking &= from != Side::Caller;
                self.caller.asked &= from == Side::Caller;
                if talk != self.talks || !current {
                    reply.send(500, None, None).await;
                    return Ok(());
                }
                self.on_offered(from, description, agreed, reply, answer)
                    .await
            }
            Done::Refreshed { side, talk, answer }
                if side == Side::Caller || talk == self.talks =>
            {
                self.on_refreshed(side, answer).await
            }
            Done::Refreshed { .. } | Done::Nothing => Ok(()),
        }
    }

    /// A request of a side inside its dialog.
    pub(super) async fn on_asked(&mut self, side: Side, asked: Asked) {
        if self.work.len() >= PASSED_ON_MAX {
            return asked.reply.send(500, None, None).await;
        }
        if asked.method == Method::Info {
            return self.pass_info_on(side, asked);
        }
        let floor_s = self.core.min_session_s;
        let ours_s = self.limits.session_expires_s;
        let alone = self.destination.is_none();
        let Some(party) = self.party(side) else {
            return asked.reply.send(481, None, None).await;
        };
        // Glare: both ends ask at once (RFC 3261, 14.1 and 14.2).
        if party.asked {
            return asked.reply.send(491, None, None).await;
        }
        if party.asking {
            return asked.reply.send(500, None, None).await;
        }
        let Ok(agreed) = Agreed::as_uas(asked.session, ours_s, floor_s) else {
            return asked.reply.refuse_interval(floor_s).await;
        };
        if asked.body.is_empty() {
            party.start_timer(agreed);
            return self.answer_without_offer(side, asked, agreed).await;
        }
        match Description::parse(&asked.body).and_then(|d| d.only(&party.trunk.codecs)) {
            Err(_) => asked.reply.send(488, None, None).await,
            Ok(description) if alone => {
                self.answer_offer_alone(description, agreed, asked.reply)
                    .await;
            }
            Ok(description) => self.on_offer(side, description, agreed, asked.reply).await,
        }
    }

    /// An offer of a caller who is alone: nobody else has to agree. The codec stays, for those who ring were offered it.
    async fn answer_offer_alone(&mut self, description: Description, agreed: Agreed, reply: Reply) {
        let party = &mut self.caller;
        let codec = party
            .codec
            .or_else(|| party.remote.as_ref().and_then(Description::codec));
        let kept = match codec {
            Some(codec) => description.clone().only(&[codec]),
            None => Ok(description.clone()),
        };
        let Ok(kept) = kept else {
            return reply.send(488, None, None).await;
        };
        let sdp = party.describe(&kept.own_answer());
        party.start_timer(agreed);
        self.apply(Side::Caller, description).await;
        reply.send(200, Some(sdp), Some(agreed)).await;
    }

    /// UPDATE without a body refreshes the session; INVITE without one asks for our offer.
    async fn answer_without_offer(&mut self, side: Side, asked: Asked, agreed: Agreed) {
        let Some(party) = self.party(side) else {
            return;
        };
        let sdp = (asked.method == Method::Invite).then(|| party.sent.clone());
        party.answers_in_ack = sdp.is_some();
        asked.reply.send(200, sdp, Some(agreed)).await;
    }

    /// An offer: passed on when the other side must know, answered at once when only the place of
    /// the audio changed or nothing at all (a refresh).
    async fn on_offer(
        &mut self,
        side: Side,
        description: Description,
        agreed: Agreed,
        reply: Reply,
    ) {
        let talk = self.talks;
        let Some(party) = self.party(side) else {
            return;
        };
        if party
            .remote
            .as_ref()
            .is_some_and(|known| known.agrees_with(&description))
        {
            let sdp = party.sent.clone();
            party.start_timer(agreed);
            self.apply(side, description).await;
            return reply.send(200, Some(sdp), Some(agreed)).await;
        }
        let Some(other) = self.party(side.other()) else {
            return;
        };
        let Ok(offer) = description.clone().only(&other.trunk.codecs) else {
            return reply.send(488, None, None).await;
        };
        if other.asked || other.asking {
            return reply.send(491, None, None).await;
        }
        other.asked = true;
        let body = other.describe(&offer);
        let session = other.timer.map(|t| t.agreed());
        let leg = Arc::clone(&other.leg);
        if let Some(party) = self.party(side) {
            party.asking = true;
        }
        self.work.spawn(async move {
            let request = Request {
                method: Method::Invite,
                body: Some(body),
                content_type: None,
                session,
            };
            let answer = in_time(&*leg, request).await;
            Done::Offered {
                from: side,
                talk,
                description,
                agreed,
                reply,
                answer,
            }
        });
    }

    async fn on_offered(
        &mut self,
        from: Side,
        description: Description,
        agreed: Agreed,
        reply: Reply,
        answer: Option<Answer>,
    ) -> Result<(), End> {
        if let Some(party) = self.party(from) {
            party.asking = false;
        }
        let Some(other) = self.party(from.other()) else {
            return Ok(());
        };
        other.asked = false;
        let Some(answer) = answer else {
            reply.send(504, None, None).await;
            return Ok(());
        };
        if !(200..300).contains(&answer.status) {
            // What the other side did not take does not hold between us either.
            let status = if answer.status == 481 {
                480
            } else {
                answer.status
            };
            reply.send(status, None, None).await;
            return match answer.status {
                408 | 481 => Err(End::system(EndReason::SessionExpired, 408)),
                _ => Ok(()),
            };
        }
        if let Some(timer) = other.timer {
            other.start_timer(Agreed::as_uac(answer.session, timer.agreed().interval_s));
        }
        let codecs = other.trunk.codecs.clone();
        let answered = Description::parse(&answer.body)
            .and_then(|d| d.only(&codecs))
            .ok();
        let Some(answered) = answered else {
            reply.send(488, None, None).await;
            return Ok(());
        };
        let Some(party) = self.party(from) else {
            return Ok(());
        };
        party.start_timer(agreed);
        party.codec = answered.codec();
        let sdp = party.describe(&answered);
        self.apply(from, description).await;
        self.apply(from.other(), answered).await;
        reply.send(200, Some(sdp), Some(agreed)).await;
        Ok(())
    }

    /// INFO carries digits pressed (application/dtmf-relay); it is passed on unchanged.
    fn pass_info_on(&mut self, side: Side, asked: Asked) {
        let Some(other) = self.party(side.other()) else {
            return;
        };
        let leg = Arc::clone(&other.leg);
        self.work.spawn(async move {
            let Asked {
                body,
                content_type,
                reply,
                ..
            } = asked;
            let body = String::from_utf8(body).ok().filter(|b| !b.is_empty());
            let request = Request {
                method: Method::Info,
                body,
                content_type,
                session: None,
            };
            let status = in_time(&*leg, request)
                .await
                .map_or(504, |answer| answer.status);
            reply.send(status, None, None).await;
            Done::Nothing
        });
    }
}

async fn in_time(leg: &dyn Leg, request: Request) -> Option<Answer> {
    tokio::time::timeout(ANSWER_MAX, leg.request(request))
        .await
        .ok()
        .flatten()
}
