//! Destinations that ring: one INVITE each, followed to an answer or a failure.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_core::base::Callee;
use trunkline_core::call::DialOutcome;
use trunkline_core::call::flow::FlowEvent;
use trunkline_engine::call::control::{Codec, Dial, TrunkProfile};

use super::Call;
use super::happening::far;
use super::party::{Ours, Party};
use super::screening::Screening;
use crate::media::Seat;
use crate::media::sdp::Description;
use crate::sip::direct::line_to;
use crate::sip::session_timer::Agreed;
use crate::sip::session_timer::Said;
use crate::sip::{CallerId, LegEvent, Outgoing};

/// Longest ring time of one destination, whatever the action says.
const RING_MAX_MS: u32 = 300_000;
/// Longest session interval a far end may push us to (422), in seconds.
const PUSHED_SESSION_MAX_S: u32 = 7200;

/// A destination that rings or picked up and is being screened. Dropped, it is cancelled or hung up.
pub(super) struct Ringing {
    pub(super) dial: Dial,
    pub(super) party: Party,
    offer: Description,
    session_s: u32,
    pushed: bool,
    /// Ringing was told.
    rang: bool,
    /// The far end gave a sign of life.
    alive: bool,
    ring_until: Instant,
    first_until: Instant,
    /// Since it picked up, when it is screened, with the number of the whisper that is being played.
    pub(super) screening: Option<(Screening, Option<u32>)>,
}

/// How an attempt came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) outcome: DialOutcome,
    pub(super) status: Option<u16>,
    pub(super) q850: Option<u8>,
}

/// What became of a destination with an event of its leg.
pub(super) enum Became {
    Nothing,
    /// It picked up, and this is its description.
    Answered(Description),
    Failed(Failed),
}

impl Failed {
    pub(super) const fn new(outcome: DialOutcome, status: Option<u16>) -> Self {
        Self {
            outcome,
            status,
            q850: None,
        }
    }
}

/// The destinations that ring together.
#[derive(Default)]
pub(super) struct Legs(pub(super) Vec<Ringing>);

impl Legs {
    /// The next event of any of them, in turn. May be dropped and called again.
    pub(super) async fn next(&mut self) -> (usize, Option<LegEvent>) {
        std::future::poll_fn(|context| {
            for (index, leg) in self.0.iter_mut().enumerate() {
                if let Poll::Ready(event) = leg.party.events.poll_recv(context) {
                    return Poll::Ready((index, event));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// The earliest moment at which one of them has waited long enough.
    pub(super) fn due(&self) -> (Instant, usize) {
        let due = self.0.iter().enumerate().map(|(i, leg)| (leg.due(), i));
        due.min().unwrap_or_else(|| (far(), 0))
    }

    /// A seat that none of them has.
    pub(super) fn free_seat(&self) -> Option<Seat> {
        Seat::of_destinations().find(|seat| self.at(*seat).is_none())
    }

    /// Where the destination of this seat is.
    pub(super) fn at(&self, seat: Seat) -> Option<usize> {
        self.0.iter().position(|leg| leg.party.seat == seat)
    }
}

impl Ringing {
    fn due(&self) -> Instant {
        match &self.screening {
            Some((screening, _)) => screening.due(),
            None if self.alive => self.ring_until,
            None => self.ring_until.min(self.first_until),
        }
    }

    /// It has rung long enough.
    pub(super) fn rang_out(&self, now: Instant) -> Failed {
        if now >= self.ring_until {
            Failed::new(DialOutcome::NoAnswer, None)
        } else {
            Failed::new(DialOutcome::Failed, Some(408))
        }
    }
}

impl Call {
    /// Rings one destination.
    pub(super) async fn ring(&mut self, seat: Seat, dial: Dial) -> Result<Ringing, Failed> {
        const NOT_TRIED: Failed = Failed::new(DialOutcome::Failed, None);
        let trunk = self.core.control.trunk(dial.trunk).ok_or(NOT_TRIED)?;
        let trunk = match (&dial.to, dial.at) {
            (Callee::Number(_), _) => trunk,
            (Callee::Sip(address), Some(at)) => line_to(&trunk, address, at),
            // Whoever looked for it did not find it.
            (Callee::Sip(_), None) => return Err(Failed::new(DialOutcome::Unreachable, None)),
        };
        let peer = trunk.peer.ok_or(NOT_TRIED)?;
        let offer = self
            .offer_for(&trunk)
            .ok_or(Failed::new(DialOutcome::Failed, Some(488)))?;
        let pair = self.core.ports.bind_pair().map_err(|error| {
            tracing::warn!(%error, "no media ports for an outgoing call");
            NOT_TRIED
        })?;
        let local = SocketAddr::new(self.core.advertised, pair.port);
        self.relay.open(seat, pair).await;
        let session_s = self.limits.session_expires_s;
        let invited = self.invite(seat, &dial, (&trunk, peer), &offer, local, session_s);
        let party = match invited {
            Ok(party) => party,
            Err(failed) => {
                self.relay.close(seat).await;
                return Err(failed);
            }
        };
        let now = Instant::now();
        let ring_ms = dial.ring_timeout_ms.min(RING_MAX_MS);
        Ok(Ringing {
            ring_until: now + Duration::from_millis(ring_ms.into()),
            first_until: now + self.core.first_response,
            dial,
            party,
            offer,
            session_s,
            pushed: false,
            rang: false,
            alive: false,
            screening: None,
        })
    }

    /// Sends an INVITE.
    fn invite(
        &self,
        seat: Seat,
        dial: &Dial,
        (trunk, peer): (&Arc<TrunkProfile>, SocketAddr),
        offer: &Description,
        local: SocketAddr,
        session_s: u32,
    ) -> Result<Party, Failed> {
        let mut ours = Ours::new(local, self.core.new_origin());
        let outgoing = Outgoing {
            trunk: Arc::clone(trunk),
            peer,
            to: dial.to.clone(),
            from: dial
                .caller_id
                .map_or_else(|| self.caller_id.clone(), CallerId::Number),
            sdp: ours.offer(offer),
            session_s,
            min_session_s: self.core.min_session_s,
            max_forwards: self.max_forwards,
            redirected_by: dial.redirected_by,
        };
        let leg = self.core.dialler.dial(outgoing).map_err(|error| {
            tracing::warn!(%error, "outgoing call not sent");
            Failed::new(DialOutcome::Failed, None)
        })?;
        let party = Party::new(seat, leg, Arc::clone(trunk), ours);
        // A trunk is believed where it wants its media.
        let guarded = dial.to.sip().is_some() && !self.core.private_peers;
        Ok(if guarded {
            party.guarded(peer.ip())
        } else {
            party
        })
    }

    /// The caller's offer as far as this trunk may have it, or one of ours. A caller who was answered has a codec already.
    fn offer_for(&self, trunk: &TrunkProfile) -> Option<Description> {
        if self.answered_at.is_some() {
            let remote = self.caller.remote.clone()?;
            let codec = self.caller.codec.or_else(|| remote.codec())?;
            let kept = remote.only(&[codec]).ok()?;
            return kept.only(&trunk.codecs).ok();
        }
        match &self.offer {
            Some(offer) => offer.clone().only(&trunk.codecs).ok(),
            None => {
                let theirs = &self.caller.trunk.codecs;
                let both: Vec<Codec> = trunk
                    .codecs
                    .iter()
                    .copied()
                    .filter(|c| theirs.contains(c))
                    .collect();
                (!both.is_empty()).then(|| Description::own_offer(&both))
            }
        }
    }

    /// An event of a destination's leg while it rings.
    pub(super) async fn on_ring_event(
        &mut self,
        leg: &mut Ringing,
        event: Option<LegEvent>,
        early_media: bool,
    ) -> Became {
        match event {
            Some(LegEvent::Trying) => leg.alive = true,
            Some(LegEvent::Ringing { sdp }) => {
                leg.alive = true;
                if !leg.rang {
                    leg.rang = true;
                    let attempt = leg.dial.attempt;
                    self.pump.tell(FlowEvent::Ringing { attempt }).await;
                }
                self.on_ringing(&mut leg.party, sdp.filter(|_| early_media))
                    .await;
            }
            Some(LegEvent::Answered { sdp, session }) => return self.on_pick_up(leg, sdp, session),
            Some(LegEvent::Failed {
                status,
                q850,
                min_session_s,
            }) => {
                if let (Some(422), Some(min_s)) = (status, min_session_s) {
                    return self.invite_again(leg, min_s);
                }
                leg.party.over = true;
                let outcome = match status {
                    // A time-out before anything rang is the trunk's, not the destination's.
                    Some(408) if !leg.rang => DialOutcome::Failed,
                    _ => status.map_or(DialOutcome::Failed, DialOutcome::from_sip_status),
                };
                return Became::Failed(Failed {
                    outcome,
                    status,
                    q850,
                });
            }
            Some(LegEvent::Gone(_)) | None => {
                return Became::Failed(Failed::new(DialOutcome::Failed, None));
            }
            Some(LegEvent::Asked(_) | LegEvent::Acked { .. }) => {}
        }
        Became::Nothing
    }

    /// 422: the far end wants a longer session interval, which it may ask for once.
    fn invite_again(&self, leg: &mut Ringing, min_s: u32) -> Became {
        leg.party.over = true;
        let refused = Became::Failed(Failed::new(DialOutcome::Failed, Some(422)));
        if leg.pushed || min_s > PUSHED_SESSION_MAX_S {
            return refused;
        }
        let trunk = Arc::clone(&leg.party.trunk);
        let Some(peer) = trunk.peer else {
            return refused;
        };
        let (seat, local) = (leg.party.seat, leg.party.local());
        let session_s = leg.session_s.max(min_s);
        let invited = self.invite(
            seat,
            &leg.dial,
            (&trunk, peer),
            &leg.offer,
            local,
            session_s,
        );
        match invited {
            Ok(party) => {
                leg.party = party;
                leg.session_s = session_s;
                leg.pushed = true;
                leg.alive = false;
                leg.first_until = Instant::now() + self.core.first_response;
                Became::Nothing
            }
            Err(failed) => Became::Failed(failed),
        }
    }

    /// Passes ringing on: early media as 183 when the caller made an offer, otherwise 180 once. A caller who was answered
    /// hears early media instead of our ringing.
    async fn on_ringing(&mut self, party: &mut Party, sdp: Option<Vec<u8>>) {
        let early = sdp.and_then(|body| {
            Description::parse(&body)
                .and_then(|d| d.only(&party.trunk.codecs))
                .ok()
        });
        let answered = self.answered_at.is_some();
        match early {
            Some(description) if self.offer.is_some() || answered => {
                if party.remote.as_ref() == Some(&description) {
                    return;
                }
                let ours = (!answered).then(|| self.caller.describe(&description));
                party.apply(description, &self.relay).await;
                self.relay.bridge(Some(party.seat)).await;
                match ours {
                    Some(ours) => self.caller.leg.ring(Some(ours)),
                    None => self.relay.speak(Seat::CALLER, None).await,
                }
            }
            _ if !self.rang && !answered => {
                self.rang = true;
                self.caller.leg.ring(None);
            }
            _ => {}
        }
    }

    /// A destination picked up; given up when its description is of no use.
    fn on_pick_up(&self, leg: &mut Ringing, sdp: Option<Vec<u8>>, session: Said) -> Became {
        let party = &mut leg.party;
        let description = match sdp {
            Some(body) => Description::parse(&body)
                .and_then(|d| d.only(&party.trunk.codecs))
                .ok(),
            None => party.remote.clone(),
        };
        let Some(description) = description else {
            party.hang_up(Some(crate::sip::reason::from_status(488)));
            return Became::Failed(Failed::new(DialOutcome::Failed, Some(488)));
        };
        party.allows_update = session.allows_update;
        party.start_timer(Agreed::as_uac(session, leg.session_s));
        Became::Answered(description)
    }
}
