//! Trunks as they are set up: what can be wrong with one, and where its hosts are.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use trunkline_core::call::trunk::CallerShown;
use trunkline_core::call::trunk::formats::PREFIX_MAX;

use super::{Setup, SetupError, invalid};
use crate::call::control::Transport;
use crate::call::trunk::{HostPort, Secret};
use crate::directory::Directory;
use crate::ports::configuration::{Resolver, Trunk};

/// Longest user name or password, in characters.
const CREDENTIAL_MAX: usize = 128;
/// Most addresses of one host that are remembered.
const ADDRESSES_PER_HOST_MAX: usize = 16;

impl Setup {
    /// Whether a trunk cannot be used because nobody knows where its host is.
    #[must_use]
    pub fn misses_a_host(&self) -> bool {
        let directory = self.directory.now();
        directory.trunks().iter().any(|trunk| {
            let profile = &trunk.profile;
            let settings = &profile.settings;
            trunk.peer_host.is_some() && profile.peer.is_none()
                || settings.registers && settings.registrar_at.is_none()
        })
    }

    /// Looks up again where the hosts of trunks are; only trunks with another answer are replaced.
    pub(super) async fn look_up_hosts(&self) {
        let before = self.directory.now();
        let mut moved = Vec::new();
        // Not while changes wait: a name server may be slow.
        for known in before.trunks() {
            let mut trunk = Trunk::clone(known);
            look_up(self.resolver.as_ref(), &mut trunk, &before).await;
            if trunk != **known {
                moved.push((Arc::clone(known), trunk));
            }
        }
        let _changing = self.changing.lock().await;
        let now = self.directory.now();
        // One that was set up anew meanwhile was looked up by that.
        let same = |known: &Arc<Trunk>| {
            let there = now.trunk(known.profile.id);
            there.is_some_and(|trunk| trunk == known)
        };
        moved.retain(|(known, _)| same(known));
        if !moved.is_empty() {
            let moved = moved.into_iter().map(|(_, trunk)| trunk).collect();
            self.directory.replace(now.with_trunks(moved));
        }
    }
}

/// A trunk of one account has a rate card in that account's currency: one of another would price nothing.
pub(super) fn check_rates(trunk: &Trunk, directory: &Directory) -> Result<(), SetupError> {
    let account = trunk.account.and_then(|id| directory.account(id));
    let (Some(account), Some(card)) = (account, &trunk.profile.settings.rates) else {
        return Ok(());
    };
    if card.currency() == account.currency {
        return Ok(());
    }
    let own = account.currency;
    Err(invalid(
        "rate_card.currency",
        format!("write {own}, the currency of the account"),
    ))
}

/// Checks a trunk.
pub(super) fn check(trunk: &Trunk) -> Result<(), SetupError> {
    let profile = &trunk.profile;
    let settings = &profile.settings;
    if profile.codecs.is_empty() {
        return Err(invalid("codecs", "write at least one of PCMU, PCMA"));
    }
    if settings.registers {
        check_registered(trunk)?;
    } else if profile.addresses.is_empty() && trunk.peer_host.is_some() {
        // One without a host may talk by its carrier's webhooks alone.
        return Err(invalid(
            "addresses",
            "write at least one address the carrier sends from, such as 203.0.113.7",
        ));
    }
    if settings.password.is_some() && settings.user.is_none() {
        return Err(invalid("user", "write the user name of the password"));
    }
    if settings.proxy.is_some() && trunk.peer_host.is_none() {
        return Err(invalid(
            "host",
            "write the carrier's host too; the proxy is only the way to it",
        ));
    }
    for (field, text) in [
        ("user", settings.user.as_deref()),
        ("password", settings.password.as_ref().map(Secret::reveal)),
    ] {
        let fits = |text: &str| {
            (1..=CREDENTIAL_MAX).contains(&text.chars().count())
                && !text.chars().any(|c| c.is_control() || c == '"')
        };
        if text.is_some_and(|text| !fits(text)) {
            return Err(invalid(
                field,
                format!("write 1 to {CREDENTIAL_MAX} characters without quotation marks"),
            ));
        }
    }
    let shown = &settings.caller_id;
    if shown.shown == CallerShown::Fixed && shown.fixed.is_none() {
        return Err(invalid(
            "caller_id_number",
            "write the number that is always shown, such as +1 214 555 0100",
        ));
    }
    let formats = &settings.formats;
    for (field, prefix) in [
        ("prefix_in", &formats.prefix_in),
        ("prefix_out", &formats.prefix_out),
        ("international_prefix", &formats.international_prefix),
    ] {
        let plain = |c: char| c.is_ascii_digit() || "+*#".contains(c);
        if prefix.len() > PREFIX_MAX || !prefix.chars().all(plain) {
            return Err(invalid(
                field,
                format!("write at most {PREFIX_MAX} digits, *, # or +"),
            ));
        }
    }
    Ok(())
}

fn check_registered(trunk: &Trunk) -> Result<(), SetupError> {
    let settings = &trunk.profile.settings;
    if trunk.peer_host.is_none() {
        return Err(invalid(
            "host",
            "write the carrier's host, such as sip.carrier.example",
        ));
    }
    if settings.user.is_none() {
        return Err(invalid("user", "write the user name the carrier gave you"));
    }
    if settings.password.is_none() {
        return Err(invalid(
            "password",
            "write the password the carrier gave you",
        ));
    }
    Ok(())
}

/// Looks the hosts of a trunk up and writes what they are into its profile; what was known before stays when a name
/// cannot be looked up now.
pub(super) async fn look_up(resolver: &dyn Resolver, trunk: &mut Trunk, before: &Directory) {
    let known = before.trunk(trunk.profile.id).map(Arc::clone);
    let host = trunk.peer_host.clone().map(|host| HostPort {
        host,
        port: Some(trunk.peer_port),
    });
    let proxy = trunk.profile.settings.proxy.clone();
    let registrar = trunk
        .profile
        .settings
        .registrar
        .clone()
        .or_else(|| host.clone());
    let next_hop = proxy.clone().or_else(|| host.clone());
    let registers_at = proxy.or(registrar);

    let peer = find(resolver, trunk, next_hop.as_ref()).await;
    let at = if trunk.profile.settings.registers {
        if registers_at == next_hop {
            peer.clone()
        } else {
            find(resolver, trunk, registers_at.as_ref()).await
        }
    } else {
        Vec::new()
    };
    let same = |t: &&Arc<Trunk>| {
        let (now, then) = (&trunk.profile.settings, &t.profile.settings);
        t.peer_host == trunk.peer_host
            && t.peer_port == trunk.peer_port
            && now.proxy == then.proxy
            && now.registrar == then.registrar
    };
    let known = known.as_ref().filter(same).map(|t| &t.profile);
    let mut ips: Vec<IpAddr> = peer
        .iter()
        .chain(&at)
        .map(|a| a.ip().to_canonical())
        .collect();
    if let Some(known) = known
        && (peer.is_empty() || trunk.profile.settings.registers && at.is_empty())
    {
        ips.extend(&known.settings.known_at);
    }
    ips.sort_unstable();
    ips.dedup();
    let domain = trunk.peer_host.clone();
    let profile = &mut trunk.profile;
    // A name with several addresses is told in another order each time; the one in use stays.
    let stays = |then: Option<SocketAddr>, now: &[SocketAddr]| {
        then.filter(|then| now.is_empty() || now.contains(then))
            .or_else(|| now.first().copied())
    };
    profile.peer = stays(known.and_then(|k| k.peer), &peer).filter(|_| domain.is_some());
    let settings = &mut profile.settings;
    let registrar_then = known.and_then(|k| k.settings.registrar_at);
    settings.registrar_at = stays(registrar_then, &at).filter(|_| settings.registers);
    settings.known_at = ips;
    settings.domain = domain;
}

/// The addresses of one host of a trunk.
async fn find(resolver: &dyn Resolver, trunk: &Trunk, host: Option<&HostPort>) -> Vec<SocketAddr> {
    let Some(HostPort { host, port }) = host else {
        return Vec::new();
    };
    let port = port.unwrap_or(match trunk.profile.transport {
        Transport::Udp | Transport::Tcp => 5060,
        Transport::Tls => 5061,
    });
    if let Ok(ip) = host.parse::<IpAddr>() {
        return vec![SocketAddr::new(ip, port)];
    }
    let mut found = resolver.resolve(host, port).await;
    found.truncate(ADDRESSES_PER_HOST_MAX);
    if found.is_empty() {
        let trunk = &trunk.profile.name;
        tracing::warn!(
            trunk,
            host,
            "the address of a trunk's host cannot be looked up"
        );
    }
    found
}
