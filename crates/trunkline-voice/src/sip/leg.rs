//! A leg over the stack's INVITE dialog: what a call can do with it.
//!
//! Its task (`follow`) owns the clean-up: whatever way a leg ends, its dialogs leave the stack.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{Dialog, TransactionHandle};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::headers::Header;
use rsipstack::sip::prelude::{HasHeaders, HeadersExt};
use rsipstack::sip::{self, StatusCode};
use rsipstack::transaction::key::TransactionRole;
use tokio_util::sync::CancellationToken;

use super::reason;
use super::session_timer::{Agreed, Said};
use super::validate::ALLOW;
use super::{Answer, Leg, Method, Request};
use crate::tasks::Tasks;

const SDP: &str = "application/sdp";

/// Removes a leg's dialogs from the stack when the leg's task ends, however it ends.
pub(super) struct DialogGuard {
    pub(super) dialogs: Arc<DialogLayer>,
    pub(super) ids: Vec<DialogId>,
}

impl Drop for DialogGuard {
    fn drop(&mut self) {
        for id in &self.ids {
            self.dialogs.remove_dialog(id);
        }
    }
}

/// What a leg and its task share.
#[derive(Clone)]
pub(super) struct Lifetime {
    /// Set when we end the leg.
    pub(super) ending: CancellationToken,
    /// How long an unanswered BYE, CANCEL or refusal is waited for.
    pub(super) goodbye: Duration,
}

impl Lifetime {
    pub(super) fn new(goodbye: Duration) -> Self {
        Self {
            ending: CancellationToken::new(),
            goodbye,
        }
    }
}

/// A leg of the stack.
pub(super) struct StackLeg {
    dialog: InviteDialog,
    call_id: String,
    tasks: Tasks,
    lifetime: Lifetime,
}

/// Answers a request of the far end; dropped unanswered, the stack answers 501.
#[derive(Debug)]
pub(crate) struct Reply(pub(super) Option<TransactionHandle>);

impl Reply {
    /// Sends the answer.
    pub(crate) async fn send(self, status: u16, sdp: Option<String>, session: Option<Agreed>) {
        let Some(handle) = self.0 else { return };
        let mut headers = vec![Header::Allow(ALLOW.into())];
        if let Some(agreed) = session {
            headers.push(Header::SessionExpires(agreed.answer_value().into()));
        }
        if sdp.is_some() {
            headers.push(Header::ContentType(SDP.into()));
        }
        if status == 500 {
            // The far end is to try again in a moment (RFC 3261, 14.2).
            headers.push(Header::RetryAfter("2".into()));
        }
        let body = sdp.map(String::into_bytes);
        // The far end has gone when the handle is closed.
        let _ = handle
            .respond(StatusCode::from(status), Some(headers), body)
            .await;
    }
}

impl Reply {
    /// Refuses a session interval that is too short (RFC 4028, 6).
    pub(crate) async fn refuse_interval(self, floor_s: u32) {
        let Some(handle) = self.0 else { return };
        let headers = vec![Header::MinSE(floor_s.to_string().into())];
        let _ = handle
            .respond(StatusCode::SessionIntervalTooSmall, Some(headers), None)
            .await;
    }
}

impl StackLeg {
    pub(super) fn new(dialog: InviteDialog, tasks: Tasks, lifetime: Lifetime) -> Self {
        let call_id = dialog.id().call_id;
        Self {
            dialog,
            call_id,
            tasks,
            lifetime,
        }
    }
}

#[async_trait]
impl Leg for StackLeg {
    fn ring(&self, sdp: Option<String>) {
        let headers = sdp.as_ref().map(|_| vec![Header::ContentType(SDP.into())]);
        if let Err(error) = self.dialog.ringing(headers, sdp.map(String::into_bytes)) {
            tracing::debug!(%error, "ringing not sent");
        }
    }

    fn answer(&self, sdp: String, session: Agreed) {
        let mut headers = vec![
            Header::ContentType(SDP.into()),
            Header::Allow(ALLOW.into()),
            Header::Supported("timer".into()),
        ];
        headers.push(Header::SessionExpires(session.answer_value().into()));
        if session.supported && !session.we_refresh {
            headers.push(Header::Require("timer".into()));
        }
        if let Err(error) = self.dialog.accept(Some(headers), Some(sdp.into_bytes())) {
            tracing::debug!(%error, "answer not sent");
        }
    }

    fn reject(&self, status: u16, q850: Option<u8>) {
        let reason = q850.map(reason::text);
        if let Err(error) = self.dialog.reject(Some(StatusCode::from(status)), reason) {
            tracing::debug!(%error, "refusal not sent");
        }
    }

    async fn request(&self, request: Request) -> Option<Answer> {
        let mut headers = vec![
            Header::Supported("timer".into()),
            Header::Allow(ALLOW.into()),
        ];
        if let Some(agreed) = request.session {
            headers.push(Header::SessionExpires(agreed.request_value().into()));
        }
        if request.body.is_some() {
            let kind = request.content_type.unwrap_or_else(|| SDP.to_owned());
            headers.push(Header::ContentType(kind.into()));
        }
        let body = request.body.map(String::into_bytes);
        let sent = match request.method {
            Method::Invite => self.dialog.reinvite(Some(headers), body).await,
            Method::Update => self.dialog.update(Some(headers), body).await,
            Method::Info => self.dialog.info(Some(headers), body).await,
        };
        let response = sent
            .inspect_err(|error| tracing::debug!(%error, "request inside the dialog failed"))
            .ok()??;
        Some(Answer {
            status: response.status_code.code(),
            session: said(&response),
            body: response.body,
        })
    }

    fn hang_up(&self, q850: Option<u8>) {
        if self.dialog.role() == TransactionRole::Server && self.dialog.state().can_cancel() {
            return self.reject(480, q850);
        }
        let dialog = self.dialog.clone();
        let headers = q850.map(|cause| vec![Header::Reason(reason::text(cause).into())]);
        let goodbye = self.lifetime.goodbye;
        self.lifetime.ending.cancel();
        // CANCEL and BYE wait for their answers, and a far end may be dead.
        self.tasks.spawn(async move {
            let ended = tokio::time::timeout(goodbye, dialog.hangup_with_headers(headers)).await;
            if let Ok(Err(error)) = ended {
                tracing::debug!(%error, "hang-up failed");
            }
        });
    }

    fn call_id(&self) -> &str {
        &self.call_id
    }
}

/// What a message says about the session timer.
pub(super) fn said<M: HasHeaders + HeadersExt>(message: &M) -> Said {
    let mut said = Said {
        supported: message.header_contains_token("Supported", "timer")
            || message.header_contains_token("Require", "timer"),
        min_s: message
            .header_value("Min-SE")
            .and_then(|v| v.trim().parse().ok()),
        allows_update: message.headers().iter().any(|header| match header {
            Header::Allow(allow) => allow.value().to_ascii_uppercase().contains("UPDATE"),
            _ => false,
        }),
        ..Said::default()
    };
    if let Some(value) = message.header_value("Session-Expires") {
        said = said.with_interval(&value);
    }
    said
}

/// Sends what follows to `peer`, whatever address its Contact names (a far end behind NAT).
pub(super) fn stick(dialog: &InviteDialog, peer: SocketAddr) {
    let dialog = Dialog::Invite(dialog.clone());
    if let Some(contact) = dialog.remote_contact() {
        dialog.set_remote_target(
            sip::Uri {
                host_with_port: peer.into(),
                ..contact
            },
            None,
        );
    }
}
