//! The task of a leg: turns the stack's states into our events, in their order, and cleans up.

use std::net::SocketAddr;
use std::pin::Pin;

use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{DialogState, TerminatedReason};
use rsipstack::dialog::invitation::InviteAsyncResult;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{self, StatusCodeKind};
use rsipstack::transaction::Transaction;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::leg::{DialogGuard, Lifetime, Reply, said, stick};
use super::peers::Called;
use super::reason;
use super::states::LegStates;
use super::{Asked, Gone, LegEvent, Method};

fn body(message: &[u8]) -> Option<Vec<u8>> {
    (!message.is_empty()).then(|| message.to_vec())
}

/// Runs an incoming leg until its dialog is over.
pub(super) async fn run_incoming(
    dialog: InviteDialog,
    mut transaction: Transaction,
    mut states: LegStates,
    events: mpsc::Sender<LegEvent>,
    lifetime: Lifetime,
    _guard: DialogGuard,
) {
    let mut handler = dialog.clone();
    // Boxed, so that the transaction is not held while the call lasts.
    let mut handling = Some(Box::pin(
        async move { handler.handle(&mut transaction).await },
    ));
    let (mut over, mut ending) = (false, false);
    let deadline = tokio::time::sleep(lifetime.goodbye);
    tokio::pin!(deadline);
    while handling.is_some() || !over {
        let state = tokio::select! {
            result = handled(&mut handling) => {
                handling = None;
                if result.is_err() && !over {
                    over = true;
                    emit(&events, LegEvent::Gone(Gone::Lost)).await;
                }
                continue;
            }
            state = states.recv() => state,
            () = lifetime.ending.cancelled(), if !ending => {
                ending = true;
                deadline.as_mut().reset(Instant::now() + lifetime.goodbye);
                continue;
            }
            () = &mut deadline, if over || ending => break,
        };
        let Some(state) = state else { break };
        let event = match state {
            DialogState::Terminated(_, reason) => {
                over = true;
                deadline.as_mut().reset(Instant::now() + lifetime.goodbye);
                Some(LegEvent::Gone(gone(&reason)))
            }
            DialogState::Confirmed(_, _) => dialog.last_remote_ack().map(|ack| LegEvent::Acked {
                sdp: body(&ack.body),
            }),
            other => asked(other).await,
        };
        if let Some(event) = event {
            emit(&events, event).await;
        }
    }
}

/// Resolves with what is being done; never when it is done.
async fn handled<T>(handling: &mut Option<Pin<Box<impl Future<Output = T>>>>) -> T {
    match handling {
        Some(handling) => handling.await,
        None => std::future::pending().await,
    }
}

/// The task of an outgoing leg.
pub(super) struct OutgoingLeg {
    pub(super) dialog: InviteDialog,
    pub(super) states: LegStates,
    pub(super) events: mpsc::Sender<LegEvent>,
    pub(super) lifetime: Lifetime,
    pub(super) guard: DialogGuard,
    /// Where to send what follows the answer, whatever its Contact says.
    pub(super) sticky: Option<SocketAddr>,
    /// Keeps a far end that is no trunk's known as long as the leg lives.
    pub(super) called: Option<Called>,
}

/// How far an outgoing leg has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Ringing,
    /// The stack ended the dialog, the outcome of the INVITE is still to come.
    Ended,
    Answered,
    Over,
}

impl OutgoingLeg {
    /// Runs until the dialog is over or never came to be.
    pub(super) async fn run(mut self, mut invite: JoinHandle<InviteAsyncResult>) {
        let mut stage = Stage::Ringing;
        let mut ending = false;
        let deadline = tokio::time::sleep(self.lifetime.goodbye);
        tokio::pin!(deadline);
        while stage != Stage::Over {
            let before = stage;
            tokio::select! {
                biased;
                result = &mut invite, if stage != Stage::Answered => {
                    stage = self.on_outcome(result, stage).await;
                }
                state = self.states.recv() => match state {
                    Some(state) => stage = self.on_state(state, stage).await,
                    None => stage = Stage::Over,
                },
                () = self.lifetime.ending.cancelled(), if !ending => {
                    ending = true;
                    deadline.as_mut().reset(Instant::now() + self.lifetime.goodbye);
                }
                () = &mut deadline, if ending || stage == Stage::Ended => {
                    invite.abort();
                    stage = Stage::Over;
                }
            }
            if before != stage && stage == Stage::Ended {
                deadline
                    .as_mut()
                    .reset(Instant::now() + self.lifetime.goodbye);
            }
        }
        drop(self.called.take());
    }

    /// The INVITE has its final answer, or none.
    async fn on_outcome(
        &mut self,
        result: Result<InviteAsyncResult, tokio::task::JoinError>,
        stage: Stage,
    ) -> Stage {
        let ended = ring_before_answer(&mut self.states, &self.events).await;
        let Some((id, event)) = outcome(result, &self.dialog) else {
            emit(&self.events, no_answer()).await;
            return Stage::Over;
        };
        self.guard.ids.push(id);
        let failed = matches!(event, LegEvent::Failed { .. });
        emit(&self.events, event).await;
        if failed {
            return Stage::Over;
        }
        if let Some(peer) = self.sticky {
            stick(&self.dialog, peer);
        }
        if ended || stage == Stage::Ended {
            emit(&self.events, LegEvent::Gone(Gone::HungUp)).await;
            return Stage::Over;
        }
        Stage::Answered
    }

    async fn on_state(&mut self, state: DialogState, stage: Stage) -> Stage {
        let event = match state {
            DialogState::Trying(_) => Some(LegEvent::Trying),
            DialogState::Early(_, response) if stage == Stage::Ringing => Some(LegEvent::Ringing {
                sdp: body(&response.body),
            }),
            DialogState::Terminated(_, reason) => {
                if stage != Stage::Answered {
                    return Stage::Ended;
                }
                emit(&self.events, LegEvent::Gone(gone(&reason))).await;
                return Stage::Over;
            }
            DialogState::Confirmed(_, _) => None,
            other => asked(other).await,
        };
        if let Some(event) = event {
            emit(&self.events, event).await;
        }
        stage
    }
}

/// Tells of the ringing that came before an answer but was not looked at yet, so that the order
/// of events holds. Says whether the dialog is over already.
async fn ring_before_answer(states: &mut LegStates, events: &mpsc::Sender<LegEvent>) -> bool {
    while let Some(state) = states.try_recv() {
        match state {
            DialogState::Early(_, response) => {
                let sdp = body(&response.body);
                emit(events, LegEvent::Ringing { sdp }).await;
            }
            DialogState::Confirmed(_, _) => return false,
            DialogState::Terminated(_, _) => return true,
            _ => {}
        }
    }
    false
}

/// Nobody listens any more when the call has ended; the leg still cleans up.
async fn emit(events: &mpsc::Sender<LegEvent>, event: LegEvent) {
    let _ = events.send(event).await;
}

const fn no_answer() -> LegEvent {
    LegEvent::Failed {
        status: None,
        q850: None,
        min_session_s: None,
    }
}

/// What came of an INVITE of ours; `None` when the stack failed before any answer.
fn outcome(
    result: Result<InviteAsyncResult, tokio::task::JoinError>,
    dialog: &InviteDialog,
) -> Option<(DialogId, LegEvent)> {
    let (id, response) = result.ok()?.ok()?;
    let response = response?;
    // A 2xx that crossed our CANCEL was ended by the stack with a BYE.
    let cancelled = dialog.state().is_terminated();
    if response.status_code.kind() == StatusCodeKind::Successful && !cancelled {
        let session = said(&response);
        let sdp = body(&response.body);
        return Some((id, LegEvent::Answered { sdp, session }));
    }
    let status = if response.status_code.kind() == StatusCodeKind::Successful {
        487
    } else {
        response.status_code.code()
    };
    let event = LegEvent::Failed {
        status: Some(status),
        q850: response
            .reason_header()
            .and_then(|r| reason::q850(r.value())),
        min_session_s: said(&response).min_s,
    };
    Some((id, event))
}

const fn gone(reason: &TerminatedReason) -> Gone {
    match reason {
        TerminatedReason::UacCancel => Gone::Cancelled,
        TerminatedReason::UacBye | TerminatedReason::UasBye => Gone::HungUp,
        _ => Gone::Lost,
    }
}

/// Turns a request inside the dialog into an event; answers what is no concern of the call.
async fn asked(state: DialogState) -> Option<LegEvent> {
    let (method, request, handle) = match state {
        DialogState::Updated(_, request, handle) => {
            let method = match request.method {
                sip::Method::Update => Method::Update,
                _ => Method::Invite,
            };
            (method, request, handle)
        }
        DialogState::Info(_, request, handle) => (Method::Info, request, handle),
        DialogState::Options(_, _, handle) => {
            Reply(Some(handle)).send(200, None, None).await;
            return None;
        }
        DialogState::Refer(_, _, handle)
        | DialogState::Message(_, _, handle)
        | DialogState::Notify(_, _, handle)
        | DialogState::Publish(_, _, handle) => {
            Reply(Some(handle)).send(405, None, None).await;
            return None;
        }
        _ => return None,
    };
    Some(LegEvent::Asked(Box::new(Asked {
        method,
        content_type: request.header_value("Content-Type"),
        session: said(&request),
        body: request.body,
        reply: Reply(Some(handle)),
    })))
}
