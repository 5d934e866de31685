//! Trunks on the wire: what is shown of one, and what may be written.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use trunkline_core::base::{Country, Currency, PhoneNumber, Timestamp};
use trunkline_core::call::trunk::{
    CallerIdPolicy, CallerShown, Health, NumberFormats, NumberStyle, Registration,
};
use trunkline_engine::call::control::{Cidr, Codec, Transport};
use trunkline_engine::call::trunk::{HostPort, Secret, TrunkSettings};
use trunkline_engine::ports::configuration::Trunk;
use trunkline_engine::trunks::TrunkState;
use utoipa::ToSchema;

use super::rate_card::{self, RateCardItem};
use crate::auth::{Caller, Need};
use crate::problem::Problem;

/// Ports of SIP without and with TLS (RFC 3261, 19.1.2).
pub(super) const SIP_PORT: u16 = 5060;
const SIPS_PORT: u16 = 5061;
/// Most addresses of one trunk.
const ADDRESSES_MAX: usize = 200;
/// Longest certificates of one trunk, in bytes.
const CA_MAX: usize = 32 * 1024;

/// A SIP trunk. Everything about how it is set up is null on a trunk that all accounts share, for everybody but the
/// operator: what other tenants see of it is its name, whether it can dial, and how it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trunk)]
pub(super) struct TrunkItem {
    id: String,
    name: String,
    /// Whether every account of the instance may use it.
    shared: bool,
    /// Whether it has a host, so that calls can go out on it.
    dials: bool,
    /// Whether its carrier talks by webhooks, so that calls come in and go out that way.
    by_webhook: Option<bool>,
    /// `address`: known by the addresses its requests come from; `registered`: we register there with a user name and
    /// password.
    kind: Option<&'static str>,
    /// Addresses or ranges its requests come from. Those of the hosts of a registered trunk need not be listed.
    addresses: Option<Vec<String>>,
    /// The carrier's host, where outgoing calls are sent; null for a trunk that only takes calls in.
    host: Option<String>,
    port: Option<u16>,
    /// `udp`, `tcp` or `tls`.
    transport: Option<&'static str>,
    /// User name; only the operator sees it.
    user: Option<String>,
    /// Whether a password is stored. It is never shown.
    has_password: Option<bool>,
    /// The registrar, when it is not the host.
    registrar: Option<String>,
    /// Where everything is sent, when it is not the host.
    proxy: Option<String>,
    /// Certificates (PEM) that the far end's must come from, instead of those the system trusts.
    tls_ca: Option<String>,
    /// The smaller, the sooner it is tried on outgoing calls.
    priority: Option<u16>,
    formats: Option<TrunkFormats>,
    caller_id: Option<TrunkCallerId>,
    /// What the carrier takes for minutes; null when nobody wrote it down.
    rate_card: Option<RateCardItem>,
    /// Codecs, best first.
    codecs: Option<Vec<&'static str>>,
    /// Whether the far end sits behind NAT.
    nat: Option<bool>,
    health: TrunkHealth,
    registration: TrunkRegistration,
    created_at: i64,
}

/// How numbers are written on a trunk.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct TrunkFormats {
    /// `e164_plus` (+12145550100), `e164` (12145550100) or `national` (2145550100).
    style: String,
    /// Country in which numbers without a country code are read and written; null: that of the instance.
    country: Option<String>,
    /// What stands before numbers of other countries in the national style, such as 011; empty: a plus sign.
    #[serde(default)]
    international_prefix: String,
    /// What the carrier puts before the dialled number, and what is taken off.
    #[serde(default)]
    prefix_in: String,
    /// What is put before numbers that are dialled.
    #[serde(default)]
    prefix_out: String,
}

/// Which number a trunk shows.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct TrunkCallerId {
    /// `flow` (what the call flow says), `tracking_number` or `fixed`.
    shown: String,
    /// The number of `fixed`.
    number: Option<String>,
    /// Whether the number is also sent as P-Asserted-Identity, with Privacy for withheld ones.
    #[serde(default)]
    asserted: bool,
    /// Whether the tracking number is sent as Diversion.
    #[serde(default)]
    diversion: bool,
    /// Whether the carrier's P-Asserted-Identity and attestation are believed.
    trusted: bool,
}

/// Whether a trunk's far end answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrunkHealth {
    /// `unknown`, `ok` or `failing`.
    state: &'static str,
    /// Since when it is so.
    since: Option<i64>,
    checked_at: Option<i64>,
    /// Time to its last answer, in milliseconds.
    rtt_ms: Option<u32>,
    error: Option<String>,
}

/// Where a trunk's registration stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrunkRegistration {
    /// `none`, `registered`, `refused` or `failing`.
    state: &'static str,
    expires_at: Option<i64>,
    error: Option<String>,
}

/// A trunk to make or change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct TrunkInput {
    name: Option<String>,
    /// `address` or `registered`.
    kind: Option<String>,
    addresses: Option<Vec<String>>,
    /// Host name or address; empty for a trunk that only takes calls in.
    host: Option<String>,
    port: Option<u16>,
    transport: Option<String>,
    /// User name; empty for none.
    user: Option<String>,
    /// Password; empty removes it. It must be written again when host, registrar, proxy or transport change.
    password: Option<String>,
    /// `host` or `host:port`; empty: the host.
    registrar: Option<String>,
    /// `host` or `host:port`; empty: none.
    proxy: Option<String>,
    /// PEM; empty: those the system trusts.
    tls_ca: Option<String>,
    priority: Option<u16>,
    formats: Option<TrunkFormats>,
    caller_id: Option<TrunkCallerId>,
    /// What the carrier takes for minutes; one without a rate removes it.
    rate_card: Option<RateCardItem>,
    codecs: Option<Vec<String>>,
    nat: Option<bool>,
    shared: Option<bool>,
}

impl TrunkHealth {
    /// Errors name hosts and addresses: they are told to those who see these anyway.
    pub(super) fn of(health: &Health, sees: bool) -> Self {
        Self {
            state: health.state.word(),
            since: health.since.map(Timestamp::as_millis),
            checked_at: health.checked_at.map(Timestamp::as_millis),
            rtt_ms: health.rtt_ms,
            error: health.error.clone().filter(|_| sees),
        }
    }
}

impl TrunkRegistration {
    fn of(registration: &Registration, sees: bool) -> Self {
        Self {
            state: registration.state.word(),
            expires_at: registration.expires_at.map(Timestamp::as_millis),
            error: registration.error.clone().filter(|_| sees),
        }
    }
}

/// Whether the caller may see how a trunk is set up: one that all accounts share is the operator's business.
pub(super) fn sees_settings(trunk: &Trunk, caller: &Caller) -> bool {
    trunk.account.is_some() || caller.may(Need::Operate).is_ok()
}

/// What is shown of a trunk.
pub(super) fn item(
    trunk: &Trunk,
    by_webhook: bool,
    state: &TrunkState,
    caller: &Caller,
) -> TrunkItem {
    let profile = &trunk.profile;
    let sees = sees_settings(trunk, caller);
    let outline = TrunkItem {
        id: profile.id.to_string(),
        name: profile.name.clone(),
        shared: trunk.account.is_none(),
        dials: trunk.peer_host.is_some(),
        by_webhook: None,
        kind: None,
        addresses: None,
        host: None,
        port: None,
        transport: None,
        user: None,
        has_password: None,
        registrar: None,
        proxy: None,
        tls_ca: None,
        priority: None,
        formats: None,
        caller_id: None,
        rate_card: None,
        codecs: None,
        nat: None,
        health: TrunkHealth::of(&state.health, sees),
        registration: TrunkRegistration::of(&state.registration, sees),
        created_at: trunk.created_at.as_millis(),
    };
    if !sees {
        return outline;
    }
    let settings = &profile.settings;
    let operates = caller.may(Need::Operate).is_ok();
    TrunkItem {
        by_webhook: Some(by_webhook),
        kind: Some(if settings.registers {
            "registered"
        } else {
            "address"
        }),
        addresses: Some(profile.addresses.iter().map(ToString::to_string).collect()),
        host: trunk.peer_host.clone(),
        port: Some(trunk.peer_port),
        transport: Some(profile.transport.word()),
        user: settings.user.clone().filter(|_| operates),
        has_password: Some(settings.password.is_some()),
        registrar: settings.registrar.as_ref().map(ToString::to_string),
        proxy: settings.proxy.as_ref().map(ToString::to_string),
        tls_ca: settings.tls_ca.as_ref().map(ToString::to_string),
        priority: Some(settings.priority),
        formats: Some(formats_item(&settings.formats)),
        caller_id: Some(caller_id_item(&settings.caller_id)),
        rate_card: settings.rates.as_deref().map(RateCardItem::from),
        codecs: Some(profile.codecs.iter().map(|c| c.word()).collect()),
        nat: Some(profile.nat),
        ..outline
    }
}

fn formats_item(formats: &NumberFormats) -> TrunkFormats {
    TrunkFormats {
        style: formats.style.word().to_owned(),
        country: formats.country.map(|country| country.code().to_owned()),
        international_prefix: formats.international_prefix.clone(),
        prefix_in: formats.prefix_in.clone(),
        prefix_out: formats.prefix_out.clone(),
    }
}

fn caller_id_item(policy: &CallerIdPolicy) -> TrunkCallerId {
    TrunkCallerId {
        shown: policy.shown.word().to_owned(),
        number: policy.fixed.map(|number| number.to_string()),
        asserted: policy.asserted,
        diversion: policy.diversion,
        trusted: policy.trusted,
    }
}

/// A trunk with what was written; `currency` is that of the caller's account.
pub(super) fn merge(
    mut trunk: Trunk,
    input: TrunkInput,
    caller: &Caller,
    currency: Currency,
) -> Result<Trunk, Problem> {
    let before = trunk.clone();
    let given = input.password.is_some();
    if let Some(name) = input.name {
        trunk.profile.name = name.trim().to_owned();
    }
    if let Some(addresses) = input.addresses {
        trunk.profile.addresses = read_addresses(&addresses)?;
    }
    if let Some(host) = input.host {
        trunk.peer_host = read_host("host", &host, false)?.map(|host| host.host);
    }
    if let Some(transport) = input.transport {
        let known = Transport::from_word(&transport);
        trunk.profile.transport =
            known.ok_or_else(|| Problem::invalid("transport", "Write udp, tcp or tls."))?;
    }
    trunk.peer_port =
        input
            .port
            .unwrap_or(match (trunk.profile.transport, before.profile.transport) {
                (Transport::Tls, Transport::Udp | Transport::Tcp)
                    if trunk.peer_port == SIP_PORT =>
                {
                    SIPS_PORT
                }
                (Transport::Udp | Transport::Tcp, Transport::Tls)
                    if trunk.peer_port == SIPS_PORT =>
                {
                    SIP_PORT
                }
                _ => trunk.peer_port,
            });
    if let Some(codecs) = input.codecs {
        let read = |c: &String| {
            Codec::from_word(c).ok_or_else(|| Problem::invalid("codecs", "Write PCMU or PCMA."))
        };
        trunk.profile.codecs = codecs.iter().map(read).collect::<Result<_, _>>()?;
    }
    trunk.profile.nat = input.nat.unwrap_or(trunk.profile.nat);
    if let Some(shared) = input.shared {
        trunk.account = (!shared).then_some(caller.account);
    }
    let settings = &mut trunk.profile.settings;
    if let Some(kind) = input.kind {
        settings.registers = match kind.as_str() {
            "address" => false,
            "registered" => true,
            _ => return Err(Problem::invalid("kind", "Write address or registered.")),
        };
    }
    if let Some(user) = input.user {
        let user = user.trim();
        settings.user = (!user.is_empty()).then(|| user.to_owned());
    }
    if let Some(password) = input.password {
        settings.password = (!password.is_empty()).then(|| Secret::new(password));
    }
    if let Some(registrar) = input.registrar {
        settings.registrar = read_host("registrar", &registrar, true)?;
    }
    if let Some(proxy) = input.proxy {
        settings.proxy = read_host("proxy", &proxy, true)?;
    }
    if let Some(pem) = input.tls_ca {
        settings.tls_ca = read_certificates(&pem)?;
    }
    settings.priority = input.priority.unwrap_or(settings.priority);
    if let Some(formats) = input.formats {
        settings.formats = read_formats(formats)?;
    }
    if let Some(policy) = input.caller_id {
        settings.caller_id = read_caller_id(policy)?;
    }
    if let Some(card) = input.rate_card {
        settings.rates = rate_card::read(&card, currency)?.map(Arc::new);
    }
    if !given && trunk.profile.settings.password.is_some() && goes_elsewhere(&before, &trunk) {
        return Err(Problem::invalid(
            "password",
            "Write the password again: it is only ever sent to the host it was written for.",
        ));
    }
    Ok(trunk)
}

/// Whether a password would be sent somewhere else, or with less protection, than before.
fn goes_elsewhere(before: &Trunk, after: &Trunk) -> bool {
    let ways = |trunk: &Trunk| {
        let TrunkSettings {
            registrar,
            proxy,
            tls_ca,
            ..
        } = trunk.profile.settings.clone();
        (trunk.peer_host.clone(), registrar, proxy, tls_ca)
    };
    let weaker =
        before.profile.transport == Transport::Tls && after.profile.transport != Transport::Tls;
    ways(before) != ways(after) || before.peer_port != after.peer_port || weaker
}

fn read_addresses(addresses: &[String]) -> Result<Vec<Cidr>, Problem> {
    if addresses.len() > ADDRESSES_MAX {
        return Err(Problem::invalid(
            "addresses",
            format!("Write at most {ADDRESSES_MAX} addresses."),
        ));
    }
    let read = |a: &String| {
        Cidr::parse(a.trim()).map_err(|e| Problem::invalid("addresses", e.to_string()))
    };
    addresses.iter().map(read).collect()
}

fn read_host(
    field: &'static str,
    text: &str,
    with_port: bool,
) -> Result<Option<HostPort>, Problem> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let host = HostPort::parse(text).filter(|host| with_port || host.port.is_none());
    let expected = if with_port {
        "such as sip.carrier.example or sip.carrier.example:5070"
    } else {
        "such as sip.carrier.example; the port has a field of its own"
    };
    let wrong = || {
        let text: String = text.trim().chars().take(60).collect();
        Problem::invalid(field, format!("`{text}` is not a host {expected}."))
    };
    host.map(Some).ok_or_else(wrong)
}

fn read_certificates(pem: &str) -> Result<Option<Arc<str>>, Problem> {
    use tokio_rustls::rustls::RootCertStore;
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    let pem = pem.trim();
    if pem.is_empty() {
        return Ok(None);
    }
    let mut store = RootCertStore::empty();
    let mut certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    let usable = pem.len() <= CA_MAX
        && certificates.all(|certificate| certificate.is_ok_and(|c| store.add(c).is_ok()))
        && !store.is_empty();
    // A key has no place here, and would be shown to whoever reads the trunk.
    if !usable || pem.contains("PRIVATE KEY") {
        return Err(Problem::invalid(
            "tls_ca",
            "Paste one or more certificates in PEM form, which begin with -----BEGIN CERTIFICATE-----, and nothing else.",
        ));
    }
    Ok(Some(pem.into()))
}

fn read_formats(input: TrunkFormats) -> Result<NumberFormats, Problem> {
    let style = NumberStyle::from_word(&input.style).ok_or_else(|| {
        Problem::invalid("formats", "Write e164_plus, e164 or national as the style.")
    })?;
    let country = input.country.filter(|code| !code.is_empty());
    let country = country.map(|code| code.parse::<Country>()).transpose();
    Ok(NumberFormats {
        style,
        country: country.map_err(|_| {
            Problem::invalid(
                "country",
                "Write the two capitals of a country, such as US.",
            )
        })?,
        international_prefix: input.international_prefix.trim().to_owned(),
        prefix_in: input.prefix_in.trim().to_owned(),
        prefix_out: input.prefix_out.trim().to_owned(),
    })
}

fn read_caller_id(input: TrunkCallerId) -> Result<CallerIdPolicy, Problem> {
    let shown = CallerShown::from_word(&input.shown).ok_or_else(|| {
        Problem::invalid(
            "caller_id",
            "Write flow, tracking_number or fixed as what is shown.",
        )
    })?;
    let number = input.number.filter(|text| !text.trim().is_empty());
    let number = number.map(|text| PhoneNumber::parse_e164(text.trim()));
    Ok(CallerIdPolicy {
        shown,
        fixed: number
            .transpose()
            .map_err(|e| Problem::invalid("caller_id_number", e.to_string()))?,
        asserted: input.asserted,
        diversion: input.diversion,
        trusted: input.trusted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_names_the_carrier_is_told_to_those_who_may_know_it() {
        let error = Some("sip.carrier.example does not answer".to_owned());
        let health = Health {
            error: error.clone(),
            ..Health::default()
        };
        assert_eq!(TrunkHealth::of(&health, true).error, error);
        assert_eq!(TrunkHealth::of(&health, false).error, None);
        let registration = Registration {
            error: error.clone(),
            ..Registration::default()
        };
        assert_eq!(TrunkRegistration::of(&registration, true).error, error);
        assert_eq!(TrunkRegistration::of(&registration, false).error, None);
    }
}
