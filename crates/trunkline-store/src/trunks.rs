//! Trunks and their passwords, which are sealed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use trunkline_core::base::id::TrunkId;
use trunkline_core::call::trunk::{CallerIdPolicy, NumberFormats};
use trunkline_engine::call::control::{Cidr, Codec, TrunkProfile};
use trunkline_engine::call::trunk::{HostPort, Secret, TrunkSettings};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::configuration::Trunk;

use crate::carriers::without_carrier;
use crate::configuration::now;
use crate::convert::{from_json, json, port_error};
use crate::db::{DbError, Expect, Outcome, Row, Transaction, Val};
use crate::webhooks::without_webhook;
use crate::{Store, args};

mod rates;

crate::statements! { "trunks";
    TRUNKS = "SELECT t.id, t.account, t.name, t.addresses, t.peer_host, t.peer_port, t.transport, t.codecs, t.nat, \
        t.kind, t.user_name, t.registrar, t.proxy, t.tls_ca, t.priority, t.number_style, t.number_country, \
        t.international_prefix, t.prefix_in, t.prefix_out, t.caller_id, t.caller_id_number, t.asserts_identity, \
        t.tells_diversion, t.trusts_identity, t.rate_card, t.created_at, c.sealed \
        FROM trunk AS t LEFT JOIN credential AS c ON c.owner = t.id AND c.kind = 'trunk_password' ORDER BY t.id";
    PUT_TRUNK = "INSERT INTO trunk (id, account, name, addresses, peer_host, peer_port, transport, codecs, nat, kind, \
        user_name, registrar, proxy, tls_ca, priority, number_style, number_country, international_prefix, prefix_in, \
        prefix_out, caller_id, caller_id_number, asserts_identity, tells_diversion, trusts_identity, rate_card, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23, $24, $25, $26, $27) ON CONFLICT (id) DO UPDATE SET account = excluded.account, name = excluded.name, \
        addresses = excluded.addresses, peer_host = excluded.peer_host, peer_port = excluded.peer_port, \
        transport = excluded.transport, codecs = excluded.codecs, nat = excluded.nat, kind = excluded.kind, \
        user_name = excluded.user_name, registrar = excluded.registrar, proxy = excluded.proxy, \
        tls_ca = excluded.tls_ca, priority = excluded.priority, number_style = excluded.number_style, \
        number_country = excluded.number_country, international_prefix = excluded.international_prefix, \
        prefix_in = excluded.prefix_in, prefix_out = excluded.prefix_out, caller_id = excluded.caller_id, \
        caller_id_number = excluded.caller_id_number, asserts_identity = excluded.asserts_identity, \
        tells_diversion = excluded.tells_diversion, trusts_identity = excluded.trusts_identity, \
        rate_card = excluded.rate_card";
    PUT_PASSWORD = "INSERT INTO credential (owner, kind, sealed, created_at) VALUES ($1, 'trunk_password', $2, $3) \
        ON CONFLICT (owner, kind) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at";
    DELETE_PASSWORD = "DELETE FROM credential WHERE owner = $1 AND kind = 'trunk_password'";
    DELETE_TRUNK = "DELETE FROM trunk WHERE id = $1";
}

/// The word of a trunk that registers, and that of others.
const REGISTERED: &str = "registered";
const ADDRESS: &str = "address";

/// What a trunk's password is sealed for.
fn place(trunk: TrunkId) -> String {
    format!("trunk/{}", trunk.raw())
}

impl Store {
    /// All trunks, oldest first, their passwords opened.
    pub(crate) async fn load_trunks(&self) -> PortResult<Vec<Trunk>> {
        self.many(TRUNKS, args![], |row| {
            let mut trunk = read(row)?;
            if let Some(sealed) = row.get::<Option<Vec<u8>>>("sealed")? {
                let opened = self.sealer.open(&place(trunk.profile.id), &sealed)?;
                let text = String::from_utf8(opened)
                    .map_err(|_| DbError::other("read a password", "it is not text"))?;
                trunk.profile.settings.password = Some(Secret::new(text));
            }
            Ok(trunk)
        })
        .await
    }

    /// Inserts or replaces a trunk with its password.
    pub(crate) async fn store_trunk(&self, trunk: &Trunk) -> PortResult<()> {
        let id = trunk.profile.id;
        let whole = Transaction::new().step(
            PUT_TRUNK,
            values(trunk).map_err(port_error)?,
            Expect::Rows(1),
        );
        let whole = match &trunk.profile.settings.password {
            Some(password) => {
                let sealed = self.sealer.seal(&place(id), password.reveal().as_bytes());
                let sealed = sealed.map_err(port_error)?;
                whole.step(PUT_PASSWORD, args![id, sealed, now()], Expect::Rows(1))
            }
            None => whole.step(DELETE_PASSWORD, args![id], Expect::Any),
        };
        self.run_whole(whole).await
    }

    /// Removes a trunk with its password and how its carrier talked; a conflict while numbers are bound to it.
    pub(crate) async fn remove_trunk(&self, id: TrunkId) -> PortResult<bool> {
        let whole = without_carrier(without_webhook(id), id)
            .step(DELETE_PASSWORD, args![id], Expect::Any)
            .step(DELETE_TRUNK, args![id], Expect::Any);
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(results) => Ok(results.last().is_some_and(|last| last.count > 0)),
            Outcome::Unexpected { .. } => Ok(false),
        }
    }
}

fn values(trunk: &Trunk) -> Result<Vec<Val>, DbError> {
    let profile = &trunk.profile;
    let settings = &profile.settings;
    let addresses: Vec<String> = profile.addresses.iter().map(Cidr::to_string).collect();
    let codecs: Vec<&str> = profile.codecs.iter().map(|codec| codec.word()).collect();
    let kind = if settings.registers {
        REGISTERED
    } else {
        ADDRESS
    };
    let mut values = args![
        profile.id,
        trunk.account,
        &profile.name,
        json(&addresses)?,
        trunk.peer_host.as_ref(),
        trunk.peer_port,
        profile.transport,
        json(&codecs)?,
        profile.nat,
        kind,
        settings.user.as_ref(),
        settings.registrar.as_ref().map(HostPort::to_string),
        settings.proxy.as_ref().map(HostPort::to_string),
        settings.tls_ca.as_ref().map(ToString::to_string),
        settings.priority,
    ];
    let formats = &settings.formats;
    let country = formats.country.map(|country| country.code().to_owned());
    values.extend(args![
        formats.style.word(),
        country,
        &formats.international_prefix,
        &formats.prefix_in,
        &formats.prefix_out,
    ]);
    let caller_id = &settings.caller_id;
    values.extend(args![
        caller_id.shown.word(),
        caller_id.fixed,
        caller_id.asserted,
        caller_id.diversion,
        caller_id.trusted,
        settings.rates.as_deref().map(rates::text_of).transpose()?,
        trunk.created_at,
    ]);
    Ok(values)
}

fn read(row: &Row) -> Result<Trunk, DbError> {
    let addresses: Vec<String> = from_json(row, "addresses")?;
    let addresses = addresses
        .iter()
        .map(|text| Cidr::parse(text))
        .collect::<Result<_, _>>();
    let codecs: Vec<String> = from_json(row, "codecs")?;
    let peer_host: Option<String> = row.get("peer_host")?;
    let peer_port: u16 = row.get("peer_port")?;
    let ip = peer_host
        .as_ref()
        .and_then(|host| host.parse::<IpAddr>().ok());
    Ok(Trunk {
        profile: TrunkProfile {
            id: row.get("id")?,
            name: row.get("name")?,
            addresses: addresses.map_err(|error| DbError::other("read addresses", error))?,
            // A host name is looked up by whoever dials it.
            peer: ip.map(|ip| SocketAddr::new(ip, peer_port)),
            transport: row.get("transport")?,
            codecs: codecs
                .iter()
                .filter_map(|word| Codec::from_word(word))
                .collect(),
            nat: row.get("nat")?,
            settings: settings(row)?,
        },
        peer_host,
        peer_port,
        account: row.get("account")?,
        created_at: row.get("created_at")?,
    })
}

fn settings(row: &Row) -> Result<TrunkSettings, DbError> {
    let host = |column| -> Result<Option<HostPort>, DbError> {
        let text = row.get::<Option<String>>(column)?;
        Ok(text.and_then(|text| HostPort::parse(&text)))
    };
    Ok(TrunkSettings {
        registers: row.get::<String>("kind")? == REGISTERED,
        user: row.get("user_name")?,
        password: None,
        registrar: host("registrar")?,
        proxy: host("proxy")?,
        tls_ca: row.get::<Option<String>>("tls_ca")?.map(Into::into),
        priority: row.get("priority")?,
        formats: NumberFormats {
            style: row.get("number_style")?,
            country: row.get("number_country")?,
            international_prefix: row.get("international_prefix")?,
            prefix_in: row.get("prefix_in")?,
            prefix_out: row.get("prefix_out")?,
        },
        caller_id: CallerIdPolicy {
            shown: row.get("caller_id")?,
            fixed: row.get("caller_id_number")?,
            asserted: row.get("asserts_identity")?,
            diversion: row.get("tells_diversion")?,
            trusted: row.get("trusts_identity")?,
        },
        rates: rates::read(row)?.map(Arc::new),
        ..TrunkSettings::default()
    })
}
