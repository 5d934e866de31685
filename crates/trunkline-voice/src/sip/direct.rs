//! The line to somebody at a SIP address. It is like a trunk for one call: a trunk lends its codecs and says how callers are
//! shown, and nothing of its secrets goes along.

use std::net::SocketAddr;
use std::sync::Arc;

use trunkline_core::base::{SipAddress, SipTransport};
use trunkline_engine::call::control::{Transport, TrunkProfile};
use trunkline_engine::call::trunk::TrunkSettings;

/// The line to `address`, which is at `at`.
pub(crate) fn line_to(
    trunk: &TrunkProfile,
    address: &SipAddress,
    at: SocketAddr,
) -> Arc<TrunkProfile> {
    Arc::new(TrunkProfile {
        id: trunk.id,
        name: address.masked(),
        addresses: Vec::new(),
        peer: Some(at),
        transport: match address.transport() {
            SipTransport::Udp => Transport::Udp,
            SipTransport::Tcp => Transport::Tcp,
            SipTransport::Tls => Transport::Tls,
        },
        codecs: trunk.codecs.clone(),
        nat: false,
        settings: TrunkSettings {
            formats: trunk.settings.formats.clone(),
            caller_id: trunk.settings.caller_id.clone(),
            domain: Some(address.host().to_owned()),
            ..TrunkSettings::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::base::id::TrunkId;
    use trunkline_engine::call::control::Codec;
    use trunkline_engine::call::trunk::Secret;

    #[test]
    fn a_trunk_lends_its_manners_and_none_of_its_secrets() {
        let trunk = TrunkProfile {
            id: TrunkId::from_raw(7),
            name: "Carrier".to_owned(),
            addresses: Vec::new(),
            peer: None,
            transport: Transport::Udp,
            codecs: vec![Codec::Pcma],
            nat: true,
            settings: TrunkSettings {
                registers: true,
                user: Some("us".to_owned()),
                password: Some(Secret::new("hunter2".to_owned())),
                domain: Some("carrier.example".to_owned()),
                ..TrunkSettings::default()
            },
        };
        let address = SipAddress::parse("sips:sales@pbx.example").expect("an address");
        let at = SocketAddr::from(([203, 0, 113, 7], 5061));
        let line = line_to(&trunk, &address, at);
        assert_eq!((line.peer, line.transport), (Some(at), Transport::Tls));
        assert_eq!(line.codecs, [Codec::Pcma]);
        assert!(!line.nat && line.addresses.is_empty());
        let settings = &line.settings;
        assert_eq!(settings.domain.as_deref(), Some("pbx.example"));
        assert!(!settings.registers && settings.user.is_none() && settings.password.is_none());
    }
}
