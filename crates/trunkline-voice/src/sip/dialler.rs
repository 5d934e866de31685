//! Outgoing INVITEs: what they say, and the leg that comes of one.

use std::sync::Arc;

use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::headers::Header;
use rsipstack::sip::{Auth, Host, HostWithPort, Uri};
use rsipstack::transport::SipAddr;
use tokio::sync::mpsc;
use trunkline_core::base::{Callee, SipAddress};
use trunkline_engine::call::control::Transport;

use super::asking::{credential, named};
use super::follow::OutgoingLeg;
use super::leg::{DialogGuard, Lifetime, StackLeg};
use super::presentation::{Presentation, present};
use super::stack::{SipStack, wire};
use super::validate::ALLOW;
use super::{Dialler, LEG_EVENTS_MAX, Leg, LegEvents, Outgoing, SipError};

impl Dialler for Arc<SipStack> {
    fn dial(&self, call: Outgoing) -> Result<(Arc<dyn Leg>, LegEvents), SipError> {
        let called = match &call.to {
            Callee::Number(_) => {
                self.ingress.expect(call.peer.ip());
                None
            }
            Callee::Sip(address) => {
                let called = self.ingress.peers().call(call.peer.ip(), address.host());
                let full = || SipError("too many SIP addresses are being called".to_owned());
                Some(called.ok_or_else(full)?)
            }
        };
        let trunk = &call.trunk;
        let settings = &trunk.settings;
        let destination = match trunk.transport {
            Transport::Tls => match &call.to {
                Callee::Number(_) => self.secured.name(trunk, call.peer),
                Callee::Sip(address) => self.secured.name_of(address, call.peer),
            },
            Transport::Udp | Transport::Tcp => SipAddr {
                r#type: Some(wire(trunk.transport)),
                addr: call.peer.into(),
            },
        };
        let callee = match &call.to {
            Callee::Number(number) => {
                let user = settings.formats.write_dialled(*number, self.home);
                self.host_uri(trunk, call.peer, Some(&user))
            }
            Callee::Sip(address) => written(address)?,
        };
        let shown = present(settings, self.home, &call.from, call.redirected_by);
        let contact_user = settings.registers.then(|| trunk.contact_user());
        let sticky = trunk.nat.then_some(call.peer);
        let mut headers = vec![
            Header::MaxForwards(u32::from(call.max_forwards).into()),
            Header::Allow(ALLOW.into()),
            Header::Supported("timer".into()),
            Header::SessionExpires(call.session_s.to_string().into()),
            Header::MinSE(call.min_session_s.to_string().into()),
        ];
        headers.extend(self.identity_headers(&call, &shown));
        let option = InviteOption {
            caller: self.caller_uri(&call, &shown),
            callee,
            contact: self.contact(trunk.transport, contact_user.as_deref()),
            destination: Some(destination),
            credential: credential(trunk),
            offer: Some(call.sdp.into_bytes()),
            call_id: Some(self.new_call_id()),
            headers: Some(headers),
            ..InviteOption::default()
        };
        let made = self.states.of(
            |told| {
                let made = self.dialogs.do_invite_async(option, told);
                made.map_err(|error| SipError(error.to_string()))
            },
            |(dialog, _)| dialog.id(),
        );
        let ((dialog, invite), states) = made?;
        let (events_in, events) = mpsc::channel(LEG_EVENTS_MAX);
        let guard = DialogGuard {
            dialogs: Arc::clone(&self.dialogs),
            ids: vec![dialog.id()],
        };
        let lifetime = Lifetime::new(self.goodbye);
        let leg = StackLeg::new(dialog.clone(), self.tasks.clone(), lifetime.clone());
        let running = OutgoingLeg {
            dialog,
            states,
            events: events_in,
            lifetime,
            guard,
            sticky,
            called,
        };
        self.tasks.spawn(running.run(invite));
        Ok((Arc::new(leg), events))
    }
}

/// An address as the stack writes it.
fn written(address: &SipAddress) -> Result<Uri, SipError> {
    Uri::try_from(address.as_str()).map_err(|error| SipError(error.to_string()))
}

impl SipStack {
    /// From: the number at the carrier we are registered with, or at our own address.
    fn caller_uri(&self, call: &Outgoing, shown: &Presentation) -> Uri {
        match &shown.from {
            Some(user) => self.at_home(call, user),
            // RFC 3323, 4.1.1.3.
            None => Uri {
                host_with_port: HostWithPort {
                    host: Host::Domain("anonymous.invalid".into()),
                    port: None,
                },
                ..self.uri("anonymous", self.here())
            },
        }
    }

    fn at_home(&self, call: &Outgoing, user: &str) -> Uri {
        let settings = &call.trunk.settings;
        match &settings.domain {
            Some(domain) if settings.registers => Uri {
                auth: Some(Auth {
                    user: user.to_owned(),
                    password: None,
                }),
                ..named(domain, None)
            },
            _ => self.uri(user, self.here()),
        }
    }

    fn identity_headers(&self, call: &Outgoing, shown: &Presentation) -> Vec<Header> {
        let address = |user: &str| format!("<{}>", self.at_home(call, user));
        let other = |name: &str, value: String| Header::Other(name.to_owned(), value);
        let asserted = shown.asserted.as_deref();
        let asserted = asserted.map(|user| other("P-Asserted-Identity", address(user)));
        let private = shown.private.then(|| other("Privacy", "id".to_owned()));
        let diversion = shown.diversion.as_deref().map(|user| {
            let value = format!("{};reason=unconditional;counter=1", address(user));
            other("Diversion", value)
        });
        asserted
            .into_iter()
            .chain(private)
            .chain(diversion)
            .collect()
    }
}
