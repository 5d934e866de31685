//! Requests outside of calls: OPTIONS to see whether a far end is there, REGISTER to be called.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rsipstack::dialog::authenticate::{AuthRetry, Credential, handle_client_authenticate};
use rsipstack::sip::headers::Header;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{self, Auth, Method, Response, Scheme, SipMessage, StatusCodeKind, Uri};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipAddr;
use trunkline_engine::call::control::{Transport, TrunkProfile};

use super::stack::{SipStack, wire};
use super::validate::ALLOW;

/// Longest wait for the final answer to a request outside of a call.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(5);

/// A registration as it goes on: its requests share a Call-ID, and count (RFC 3261, 10.2).
#[derive(Debug)]
pub(crate) struct Binding {
    call_id: String,
    sequence: u32,
    /// Seconds to ask for.
    pub(crate) expires_s: u32,
}

/// The final answer to a REGISTER.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Taken for so many seconds.
    Taken(u32),
    /// Refused.
    Refused(u16),
}

impl SipStack {
    /// A new registration, to be asked for `expires_s` seconds.
    pub(crate) fn new_binding(&self, expires_s: u32) -> Binding {
        Binding {
            call_id: self.new_call_id(),
            sequence: 0,
            expires_s,
        }
    }

    /// Sends OPTIONS; the status of the final answer and the time it took.
    ///
    /// # Errors
    /// Why there was no answer, for people.
    pub(crate) async fn ping(&self, trunk: &TrunkProfile) -> Result<(u16, Duration), String> {
        let peer = trunk.peer.ok_or("the trunk's host cannot be looked up")?;
        let uri = self.host_uri(trunk, peer, None);
        let from = self.own_uri(trunk);
        let accept = Header::Accept("application/sdp".into());
        let request = Ask {
            method: Method::Options,
            to: uri.clone(),
            uri,
            from,
            sequence: 1,
            call_id: self.new_call_id(),
            headers: vec![accept, Header::Allow(ALLOW.into())],
        };
        let started = Instant::now();
        // A challenge shows that somebody is there: no password is spent on a ping.
        let response = self.ask(trunk, peer, request, None).await?;
        Ok((response.status_code.code(), started.elapsed()))
    }

    /// Sends REGISTER for the trunk's Contact; `expires_s` 0 takes it back. A challenge is answered.
    ///
    /// # Errors
    /// Why there was no answer, for people.
    pub(crate) async fn register(
        &self,
        trunk: &TrunkProfile,
        binding: &mut Binding,
        expires_s: u32,
    ) -> Result<Bound, String> {
        let settings = &trunk.settings;
        let at = settings
            .registrar_at
            .ok_or("the trunk's host cannot be looked up")?;
        let registrar = settings.registrar.as_ref();
        let host = registrar.map_or_else(|| settings.domain.clone(), |r| Some(r.host.clone()));
        let host = host.unwrap_or_else(|| at.ip().to_string());
        let port = match registrar {
            Some(registrar) => registrar.port,
            None if settings.proxy.is_none() => Some(at.port()),
            None => None,
        };
        let host = named(
            &host,
            port.filter(|port| *port != default_port(trunk.transport)),
        );
        let host = with_transport(host, trunk.transport);
        let user = settings.user.clone().unwrap_or_default();
        let record = with_user(host.clone(), &user);
        let contact = self.contact(trunk.transport, Some(&trunk.contact_user()));
        binding.sequence += 1;
        let request = Ask {
            method: Method::Register,
            uri: host,
            from: record.clone(),
            to: record,
            sequence: binding.sequence,
            call_id: binding.call_id.clone(),
            headers: vec![
                Header::Contact(format!("<{contact}>").into()),
                Header::Expires(expires_s.to_string().into()),
                Header::Allow(ALLOW.into()),
            ],
        };
        let credential = credential(trunk);
        let response = self.ask(trunk, at, request, credential.as_ref()).await?;
        // The retry counted too.
        binding.sequence += 1;
        if response.status_code.kind() == StatusCodeKind::Successful {
            let granted = granted(&response, &trunk.contact_user(), expires_s);
            return Ok(Bound::Taken(granted));
        }
        if response.status_code.code() == 423
            && let Some(longer) = response
                .header_value("Min-Expires")
                .and_then(|value| value.trim().parse().ok())
        {
            binding.expires_s = longer;
        }
        Ok(Bound::Refused(response.status_code.code()))
    }

    /// Sends a request and waits for its final answer, in bounded time.
    async fn ask(
        &self,
        trunk: &TrunkProfile,
        at: SocketAddr,
        ask: Ask,
        credential: Option<&Credential>,
    ) -> Result<Response, String> {
        self.ingress.expect(at.ip());
        let asking = self.ask_unbounded(trunk, at, ask, credential);
        match tokio::time::timeout(ANSWER_MAX, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} s", ANSWER_MAX.as_secs())),
        }
    }

    async fn ask_unbounded(
        &self,
        trunk: &TrunkProfile,
        at: SocketAddr,
        ask: Ask,
        credential: Option<&Credential>,
    ) -> Result<Response, String> {
        let failed = |error: rsipstack::Error| error.to_string();
        let target = self.target(trunk, at).await?;
        let layer = &self.endpoint.transport_layer;
        let (connection, _) = layer.lookup(&target, None).await.map_err(failed)?;
        let via = self
            .endpoint
            .get_via(Some(connection.get_addr().clone()), None)
            .map_err(failed)?;
        let from = sip::typed::From {
            display_name: None,
            uri: ask.from,
            params: Vec::new(),
        }
        .with_tag(rsipstack::transaction::make_tag());
        let to = sip::typed::To {
            display_name: None,
            uri: ask.to,
            params: Vec::new(),
        };
        let call_id = Some(ask.call_id.into());
        let mut request =
            self.endpoint
                .make_request(ask.method, ask.uri, via, from, to, ask.sequence, call_id);
        for header in ask.headers {
            request.headers.push(header);
        }
        let key =
            TransactionKey::from_request(&request, TransactionRole::Client).map_err(failed)?;
        let endpoint = Arc::clone(&self.endpoint);
        let mut transaction = Transaction::new_client(key, request, endpoint, Some(connection));
        transaction.destination = Some(target);
        transaction.send().await.map_err(failed)?;
        let mut challenges = AuthRetry::new();
        let mut sequence = ask.sequence;
        while let Some(message) = transaction.receive().await {
            let SipMessage::Response(response) = message else {
                continue;
            };
            match (response.status_code.code(), credential) {
                (100..=199, _) => {}
                (401 | 407, Some(credential)) if challenges.should_answer(&response) => {
                    sequence += 1;
                    let answered =
                        handle_client_authenticate(sequence, &transaction, response, credential);
                    transaction = answered.await.map_err(failed)?;
                    transaction.send().await.map_err(failed)?;
                }
                _ => return Ok(response),
            }
        }
        Err("no answer".to_owned())
    }

    /// Where requests to `at` go, with a connection ready when it needs one.
    ///
    /// # Errors
    /// Why there is no connection, for people.
    async fn target(&self, trunk: &TrunkProfile, at: SocketAddr) -> Result<SipAddr, String> {
        match trunk.transport {
            Transport::Tls => {
                let name = self.secured.name(trunk, at);
                self.secured.connect(&name.addr.host.to_string()).await
            }
            Transport::Udp | Transport::Tcp => Ok(SipAddr {
                r#type: Some(wire(trunk.transport)),
                addr: at.into(),
            }),
        }
    }

    /// The URI of somebody at a trunk's far end.
    pub(super) fn host_uri(
        &self,
        trunk: &TrunkProfile,
        peer: SocketAddr,
        user: Option<&str>,
    ) -> Uri {
        let settings = &trunk.settings;
        let by_name = settings.registers || settings.proxy.is_some();
        let uri = match &settings.domain {
            Some(domain) if by_name => {
                let own = (settings.proxy.is_none()
                    && peer.port() != default_port(trunk.transport))
                .then(|| peer.port());
                named(domain, own)
            }
            _ => Uri {
                scheme: Some(Scheme::Sip),
                host_with_port: peer.into(),
                ..Uri::default()
            },
        };
        let uri = with_transport(uri, trunk.transport);
        match user {
            Some(user) => with_user(uri, user),
            None => uri,
        }
    }

    /// Who we are on a trunk, when nobody calls.
    fn own_uri(&self, trunk: &TrunkProfile) -> Uri {
        let settings = &trunk.settings;
        match (&settings.domain, &settings.user) {
            (Some(domain), Some(user)) if settings.registers => {
                with_user(named(domain, None), user)
            }
            _ => self.contact(Transport::Udp, None),
        }
    }
}

struct Ask {
    method: Method,
    uri: Uri,
    from: Uri,
    to: Uri,
    sequence: u32,
    call_id: String,
    headers: Vec<Header>,
}

/// A trunk's user name and password, when it has them.
pub(super) fn credential(trunk: &TrunkProfile) -> Option<Credential> {
    let settings = &trunk.settings;
    Some(Credential {
        username: settings.user.clone()?,
        password: settings.password.as_ref()?.reveal().to_owned(),
        ..Credential::default()
    })
}

/// A SIP URI of a host as written.
pub(super) fn named(host: &str, port: Option<u16>) -> Uri {
    let host = match host.parse() {
        Ok(ip) => sip::Host::IpAddr(ip),
        Err(_) => sip::Host::Domain(host.to_owned().into()),
    };
    Uri {
        scheme: Some(Scheme::Sip),
        host_with_port: sip::HostWithPort {
            host,
            port: port.map(Into::into),
        },
        ..Uri::default()
    }
}

fn with_user(uri: Uri, user: &str) -> Uri {
    let auth = Auth {
        user: user.to_owned(),
        password: None,
    };
    Uri {
        auth: Some(auth),
        ..uri
    }
}

fn with_transport(mut uri: Uri, transport: Transport) -> Uri {
    if transport != Transport::Udp {
        uri.params.push(sip::Param::Transport(wire(transport)));
    }
    uri
}

const fn default_port(transport: Transport) -> u16 {
    match transport {
        Transport::Udp | Transport::Tcp => 5060,
        Transport::Tls => 5061,
    }
}

/// For how long our Contact was taken: its own `expires` among those the registrar lists, else the answer's.
fn granted(response: &Response, contact_user: &str, asked: u32) -> u32 {
    let stated = || {
        response
            .header_value("Expires")
            .and_then(|value| value.trim().parse().ok())
    };
    let contacts = response.typed_contact_headers().unwrap_or_default();
    let mine = contacts
        .iter()
        .find(|c| c.uri.auth.as_ref().is_some_and(|a| a.user == contact_user));
    mine.and_then(sip::typed::Contact::expires)
        .or_else(stated)
        .unwrap_or(asked)
        .min(asked)
}
