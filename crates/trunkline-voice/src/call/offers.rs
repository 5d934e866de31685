//! Requests inside a connected call: hold, resume and other changes are passed on with their
//! session descriptions; what concerns one side alone is answered at once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use trunkline_core::call::EndReason;

use super::ending::End;
use super::talking::{PASSED_ON_MAX, Talk};
use crate::media::Side;
use crate::media::sdp::Description;
use crate::recording::Tap;
use crate::sip::session_timer::Agreed;
use crate::sip::{Answer, Asked, Leg, Method, Reply, Request};

/// Longest wait for the other side's answer to an offer that was passed on. The stack answers for
/// us after 32 s.
const ANSWER_MAX: Duration = Duration::from_secs(28);

/// Work that was waited for.
pub(super) enum Done {
    /// The other side answered an offer of `from`.
    Offered {
        from: Side,
        description: Description,
        agreed: Agreed,
        reply: Reply,
        answer: Option<Answer>,
    },
    Refreshed {
        side: Side,
        answer: Option<Answer>,
    },
    Recording(io::Result<Tap>),
    /// Passed on and answered; nothing is left to do.
    Nothing,
}

impl Talk<'_> {
    pub(super) async fn on_done(&mut self, done: Done) -> Result<(), End> {
        match done {
            Done::Offered {
                from,
                description,
                agreed,
                reply,
                answer,
            } => {
                self.on_offered(from, description, agreed, reply, answer)
                    .await
            }
            Done::Refreshed { side, answer } => self.on_refreshed(side, answer).await,
            Done::Recording(opened) => {
                self.on_recording(opened).await;
                Ok(())
            }
            Done::Nothing => Ok(()),
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
        let floor_s = self.call.core.min_session_s;
        let ours_s = self.call.limits.session_expires_s;
        let party = self.party(side);
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
            Ok(description) => self.on_offer(side, description, agreed, asked.reply).await,
        }
    }

    /// UPDATE without a body refreshes the session; INVITE without one asks for our offer.
    async fn answer_without_offer(&mut self, side: Side, asked: Asked, agreed: Agreed) {
        let party = self.party(side);
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
        let party = self.party(side);
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
        let other = self.party(side.other());
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
        self.party(side).asking = true;
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
        self.party(from).asking = false;
        let other = self.party(from.other());
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
        self.apply(from, description).await;
        let party = self.party(from);
        party.start_timer(agreed);
        let sdp = party.describe(&answered);
        self.apply(from.other(), answered).await;
        reply.send(200, Some(sdp), Some(agreed)).await;
        Ok(())
    }

    /// INFO carries digits pressed (application/dtmf-relay); it is passed on unchanged.
    fn pass_info_on(&mut self, side: Side, asked: Asked) {
        let leg = Arc::clone(&self.party(side.other()).leg);
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
