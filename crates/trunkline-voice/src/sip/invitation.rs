//! An INVITE that asks for a new call, before any dialog exists: its facts, and the ways it can go.

use std::net::SocketAddr;
use std::sync::Arc;

use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::headers::Header;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{self, Method, SipMessage, StatusCode};
use rsipstack::transaction::Transaction;
use tokio::sync::mpsc;
use trunkline_engine::call::control::{Transport, TrunkProfile};

use super::asking::credential;
use super::follow::run_incoming;
use super::identity::{self, Caller, Claims};
use super::leg::{DialogGuard, Lifetime, StackLeg, said, stick};
use super::session_timer::Said;
use super::stack::SipStack;
use super::{LEG_EVENTS_MAX, Leg, LegEvents, SipError};

/// Hops of a call whose INVITE did not count them (RFC 3261, 8.1.1.6).
const MAX_FORWARDS: u8 = 70;

/// What a caller is answered whose INVITE makes no dialog.
pub(crate) const UNOPENED: u16 = 500;

/// The facts of an INVITE that asks for a new call.
#[derive(Debug)]
pub(crate) struct InviteFacts {
    pub(crate) remote: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) call_id: String,
    pub(crate) dialled: Option<String>,
    /// Who calls; nobody before [`Invitation::identify`].
    pub(crate) caller: Caller,
    pub(crate) sdp: Option<Vec<u8>>,
    pub(crate) session: Said,
    pub(crate) max_forwards: u8,
}

/// An INVITE that waits for a decision. No dialog exists yet.
pub(crate) struct Invitation {
    pub(crate) facts: InviteFacts,
    claims: Claims,
    transaction: Transaction,
    stack: Arc<SipStack>,
}

impl Invitation {
    /// Reads the facts; gives the transaction back when it lacks something every INVITE has.
    pub(super) fn read(
        transaction: Transaction,
        stack: &Arc<SipStack>,
    ) -> Result<Self, Box<Transaction>> {
        match facts(&transaction).zip(claims(&transaction)) {
            Some((facts, claims)) => Ok(Self {
                facts,
                claims,
                transaction,
                stack: Arc::clone(stack),
            }),
            None => Err(Box::new(transaction)),
        }
    }

    /// Reads who calls, and whom, in the way of the trunk the call came over. A call to the Contact we registered names the
    /// number elsewhere.
    pub(crate) fn identify(&mut self, trunk: &TrunkProfile) {
        self.facts.caller = self.claims.caller(&trunk.settings, self.stack.home);
        if self.facts.dialled.as_deref() == Some(trunk.contact_user().as_str()) {
            self.facts.dialled = self.claims.called().map(str::to_owned);
        }
    }

    /// Answers 100, so that the caller stops repeating.
    pub(crate) async fn trying(&mut self) {
        if let Err(error) = self.transaction.send_trying().await {
            tracing::debug!(%error, "100 not sent");
        }
    }

    /// Resolves when the caller cancelled (and was answered) or gave up.
    pub(crate) async fn cancelled(&mut self) {
        while let Some(message) = self.transaction.receive().await {
            if let SipMessage::Request(request) = message
                && request.method == Method::Cancel
            {
                let _ = self.transaction.reply(StatusCode::RequestTerminated).await;
                return;
            }
        }
    }

    /// Refuses the call. Nothing is left of it but the answer to retransmissions.
    pub(crate) async fn refuse(
        mut self,
        status: u16,
        phrase: &str,
        headers: Vec<(&'static str, String)>,
    ) {
        let code = StatusCode::Other(status, phrase.to_owned());
        let headers = headers
            .into_iter()
            .map(|(n, v)| Header::Other(n.to_owned(), v))
            .collect();
        if let Err(error) = self.transaction.reply_with(code, headers, None).await {
            tracing::debug!(%error, "refusal not sent");
        }
    }

    /// Makes the dialog and starts the leg.
    ///
    /// # Errors
    /// When the stack cannot make a dialog of the request; the caller has then been answered with [`UNOPENED`].
    pub(crate) async fn open(
        self,
        trunk: &TrunkProfile,
    ) -> Result<(Arc<dyn Leg>, LegEvents), SipError> {
        let user = trunk.settings.registers.then(|| trunk.contact_user());
        let contact = self.stack.contact(self.facts.transport, user.as_deref());
        let (dialogs, transaction) = (&self.stack.dialogs, &self.transaction);
        let made = self.stack.states.of(
            |told| {
                let credential = credential(trunk);
                dialogs
                    .get_or_create_server_invite(transaction, told, credential, Some(contact))
                    .map_err(|error| SipError(error.to_string()))
            },
            InviteDialog::id,
        );
        let (dialog, states) = match made {
            Ok(made) => made,
            Err(error) => {
                self.refuse(UNOPENED, "Server Internal Error", Vec::new())
                    .await;
                return Err(error);
            }
        };
        let Self {
            facts,
            transaction,
            stack,
            ..
        } = self;
        if trunk.nat {
            stick(&dialog, facts.remote);
        }
        let (events_in, events) = mpsc::channel(LEG_EVENTS_MAX);
        let guard = DialogGuard {
            dialogs: Arc::clone(&stack.dialogs),
            ids: vec![dialog.id()],
        };
        let lifetime = Lifetime::new(stack.goodbye);
        let leg = StackLeg::new(dialog.clone(), stack.tasks.clone(), lifetime.clone());
        let running = run_incoming(dialog, transaction, states, events_in, lifetime, guard);
        stack.tasks.spawn(running);
        Ok((Arc::new(leg), events))
    }
}

fn facts(transaction: &Transaction) -> Option<InviteFacts> {
    let request = &transaction.original;
    let connection = transaction.connection.as_ref()?;
    let remote = connection.get_remote_addr()?.get_socketaddr().ok()?;
    let transport = match connection.transport() {
        sip::Transport::Udp => Transport::Udp,
        sip::Transport::Tls => Transport::Tls,
        _ => Transport::Tcp,
    };
    let header = |name: &str| request.header_value(name);
    let hops = header("Max-Forwards").and_then(|v| v.trim().parse::<u8>().ok());
    Some(InviteFacts {
        remote,
        transport,
        call_id: request.call_id_header().ok()?.value().to_owned(),
        dialled: identity::dialled(&request.uri.to_string()).map(str::to_owned),
        caller: Caller::default(),
        sdp: (!request.body.is_empty()).then(|| request.body.clone()),
        session: said(request),
        max_forwards: hops.unwrap_or(MAX_FORWARDS),
    })
}

/// What the headers say of the caller; `None` without a From.
fn claims(transaction: &Transaction) -> Option<Claims> {
    let request = &transaction.original;
    let all = |name: &str| -> Vec<String> {
        let named = request.headers.iter();
        let named = named.filter(|h| h.name().eq_ignore_ascii_case(name));
        named.map(|h| h.value().to_owned()).collect()
    };
    let any = |names: &[&str]| names.iter().flat_map(|name| all(name)).collect();
    Some(Claims {
        from: request.from_header().ok()?.value().to_owned(),
        to: request.to_header().ok()?.value().to_owned(),
        asserted: all("P-Asserted-Identity"),
        privacy: request.header_value("Privacy"),
        called_party: request.header_value("P-Called-Party-ID"),
        diversion: request.header_value("Diversion"),
        attestation: any(&identity::ATTESTATION_HEADERS),
        verstat: any(&identity::VERSTAT_HEADERS),
        identity: all("Identity"),
    })
}
