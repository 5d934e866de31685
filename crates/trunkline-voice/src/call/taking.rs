//! Taking a call in: from an INVITE that passed the door to a call with its own task.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use trunkline_core::call::{EndReason, EndedBy};
use trunkline_engine::call::control::{
    Admission, Arrival, CallEnd, CallLimits, Incoming, TrunkProfile,
};

use super::admission::Place;
use super::ending::End;
use super::party::{Ours, Party};
use super::pump::Pump;
use super::taping::Taping;
use super::{Call, Core, now};
use crate::media::Seat;
use crate::media::relay::Relay;
use crate::media::sdp::{Description, SdpError};
use crate::sip::CallerId;
use crate::sip::invitation::{Invitation, UNOPENED};
use crate::sip::session_timer::{Agreed, TooSmall};
use trunkline_core::base::id::{CallId, TrunkId};

/// Longest time from the INVITE to an answer, over all destinations.
const SETUP_MAX: Duration = Duration::from_secs(600);

/// Why an INVITE is refused before the engine hears of it.
struct Refused {
    status: u16,
    phrase: &'static str,
    headers: Vec<(&'static str, String)>,
}

impl Refused {
    const fn new(status: u16, phrase: &'static str) -> Self {
        Self {
            status,
            phrase,
            headers: Vec::new(),
        }
    }
}

/// Takes an INVITE in; the call then goes on by itself. `place` is given back when nothing of the call is left.
pub(crate) async fn take(core: Arc<Core>, mut invitation: Invitation, place: Place) {
    let (trunk, offer) = match examine(&core, &invitation) {
        Ok(examined) => examined,
        Err(refused) => {
            core.counters.refused_invalid.one();
            return invitation
                .refuse(refused.status, refused.phrase, refused.headers)
                .await;
        }
    };
    invitation.identify(&trunk);
    if invitation.facts.dialled.is_none() {
        core.counters.refused_invalid.one();
        return invitation.refuse(404, "Not Found", Vec::new()).await;
    }
    invitation.trying().await;
    let incoming = incoming(&invitation, &trunk);
    let control = Arc::clone(&core.control);
    // On a task of its own: once asked, the engine is never interrupted.
    let mut asking = core
        .tasks
        .spawn(async move { control.incoming(incoming).await });
    let (admission, cancelled) = tokio::select! {
        admission = &mut asking => (admission, false),
        () = invitation.cancelled() => (asking.await, true),
    };
    match admission {
        Ok(Admission::Accepted {
            call,
            recording,
            limits,
            actions,
        }) => {
            core.counters.calls_accepted.one();
            if cancelled {
                let q850 = core.reasons.take(&invitation.facts.call_id);
                return end_unborn(
                    &core,
                    call,
                    EndedBy::Caller,
                    EndReason::Cancelled,
                    487,
                    q850,
                )
                .await;
            }
            let born = bear(&core, invitation, trunk, offer, call, limits).await;
            let mut born = match born {
                Ok(born) => born,
                Err(status) => {
                    let reason = EndReason::MediaFailed;
                    return end_unborn(&core, call, EndedBy::System, reason, status, None).await;
                }
            };
            if let Some(plan) = recording {
                born.taping.plan(plan.path);
            }
            // Tasks of their own: what taking the call in needed is not held while it lasts.
            let running = core.tasks.spawn(born.run(actions));
            let watching = watch_over(Arc::clone(&core), call, running, place);
            core.tasks.spawn(watching);
        }
        Ok(Admission::Refused {
            status,
            reason,
            retry_after_s,
        }) => {
            core.counters.calls_refused.one();
            if !cancelled {
                let headers = retry_after_s.map(|s| ("Retry-After", s.to_string()));
                invitation
                    .refuse(status, reason, headers.into_iter().collect())
                    .await;
            }
        }
        Err(error) => {
            tracing::error!(%error, "the engine failed while taking a call in");
            if !cancelled {
                invitation
                    .refuse(500, "Server Internal Error", Vec::new())
                    .await;
            }
        }
    }
}

/// Everything that can be refused without asking the engine.
fn examine(
    core: &Core,
    invitation: &Invitation,
) -> Result<(Arc<TrunkProfile>, Option<Description>), Refused> {
    let facts = &invitation.facts;
    let trunk = trunk_of(core, invitation).ok_or(Refused::new(403, "Forbidden"))?;
    let ours_s = CallLimits::default().session_expires_s;
    if let Err(TooSmall(floor)) = Agreed::as_uas(facts.session, ours_s, core.min_session_s) {
        let headers = vec![("Min-SE", floor.to_string())];
        return Err(Refused {
            status: 422,
            phrase: "Session Interval Too Small",
            headers,
        });
    }
    let offer = match &facts.sdp {
        None => None,
        Some(body) => {
            let description = Description::parse(body)
                .and_then(|d| d.only(&trunk.codecs))
                .map_err(unusable)?;
            Some(description)
        }
    };
    Ok((trunk, offer))
}

/// The trunk a call came over: of those that its address admits, the one whose Contact was called.
fn trunk_of(core: &Core, invitation: &Invitation) -> Option<Arc<TrunkProfile>> {
    let facts = &invitation.facts;
    let by_address = core
        .control
        .trunk_by_address(facts.remote, facts.transport)?;
    let named = facts.dialled.as_deref();
    let named = named.and_then(|user| TrunkId::parse(user).ok());
    let by_contact = named.and_then(|id| core.control.trunk(id));
    let admitted = by_contact.filter(|t| t.settings.registers && t.admits(facts.remote.ip()));
    Some(admitted.unwrap_or(by_address))
}

fn unusable(error: SdpError) -> Refused {
    match error {
        SdpError::Malformed => Refused::new(400, "Malformed Session Description"),
        SdpError::NoAudio | SdpError::NoCodec | SdpError::Address => {
            Refused::new(488, "Not Acceptable Here")
        }
    }
}

fn incoming(invitation: &Invitation, trunk: &TrunkProfile) -> Incoming {
    let facts = &invitation.facts;
    Incoming {
        trunk: trunk.id,
        caller: facts.caller.number,
        caller_text: facts.caller.text.clone(),
        dialled: facts.dialled.clone().unwrap_or_default(),
        sip_call_id: facts.call_id.clone(),
        arrival: Arrival::Sip {
            remote: facts.remote,
        },
        attestation: facts.caller.attestation,
        signalled: facts.caller.signalled,
        received_at: now(),
    }
}

/// Gives an accepted call its leg, its sockets and its relay; when there are none to give, the caller has been
/// answered with the returned status.
async fn bear(
    core: &Arc<Core>,
    invitation: Invitation,
    trunk: Arc<TrunkProfile>,
    offer: Option<Description>,
    id: CallId,
    limits: CallLimits,
) -> Result<Call, u16> {
    let pair = core
        .ports
        .bind_pair()
        .inspect_err(|error| tracing::warn!(%error, "no media ports"))
        .ok();
    let Some(pair) = pair else {
        let headers = vec![("Retry-After", "5".to_owned())];
        invitation.refuse(503, "Service Unavailable", headers).await;
        return Err(503);
    };
    let local = SocketAddr::new(core.advertised, pair.port);
    let facts = &invitation.facts;
    let session = facts.session;
    let max_forwards = facts.max_forwards.saturating_sub(1);
    let caller_id = match (facts.caller.number, facts.caller.text.as_str()) {
        (Some(number), _) => CallerId::Number(number),
        (None, "" | "anonymous") => CallerId::Withheld,
        (None, text) => CallerId::AsSignalled(text.to_owned()),
    };
    let leg = invitation
        .open(&trunk)
        .await
        .inspect_err(|error| tracing::warn!(%error, %id, "no dialog for an accepted call"))
        .map_err(|_| UNOPENED)?;
    let relay = Relay::start(pair, Arc::clone(&core.counters), &core.tasks);
    let ours = Ours::new(local, core.new_origin());
    let mut caller = Party::new(Seat::CALLER, leg, trunk, ours);
    caller.allows_update = session.allows_update;
    if let Some(description) = &offer {
        caller.apply(description.clone(), &relay).await;
    }
    let pump = Pump::start(Arc::clone(&core.control), id, &core.tasks);
    Ok(Call {
        core: Arc::clone(core),
        id,
        limits,
        taping: Taping::default(),
        orders: core.live.take_orders(id),
        caller,
        destination: None,
        answered_at: None,
        setup_until: Instant::now() + SETUP_MAX,
        signs_of_life: None,
        work: JoinSet::new(),
        queue: VecDeque::new(),
        keys: String::new(),
        sounds: 0,
        talks: 0,
        talk_ms: 0,
        unreached: false,
        offer,
        session,
        caller_id,
        max_forwards,
        relay,
        pump,
        rang: false,
        last_q850: None,
    })
}

/// Waits for a call to end, so that a defect in it ends this call alone, and ends it properly.
async fn watch_over(core: Arc<Core>, id: CallId, running: JoinHandle<()>, place: Place) {
    if let Err(error) = running.await {
        tracing::error!(%error, %id, "a call failed");
        let reason = EndReason::MediaFailed;
        end_unborn(&core, id, EndedBy::System, reason, 500, None).await;
    }
    drop(place);
}

/// Reports the end of an accepted call that has no task of its own.
async fn end_unborn(
    core: &Core,
    id: CallId,
    by: EndedBy,
    reason: EndReason,
    status: u16,
    q850: Option<u8>,
) {
    let end = End {
        by,
        reason,
        status,
        q850,
    };
    let call_end = CallEnd {
        by: end.by,
        reason: end.reason,
        sip_status: Some(end.status),
        q850: end.q850,
        ended_at: now(),
        talk_ms: 0,
        caller_ms: Some(0),
        quality: None,
        recording: None,
    };
    core.control.ended(id, call_end).await;
}
