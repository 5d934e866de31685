//! Publishers, campaigns, feeds, buyers, destinations and contracts. What is put is bound to its account: a row that is
//! there keeps it, and what it names must be of the same.

use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::AccountId;
use trunkline_core::routing::DeliveryKind;
use trunkline_engine::ports::distribution::{
    AllDistribution, Buyer, Campaign, Contract, Delivery, Destination, Feed, FeedKey, Publisher,
    TermsVersion, ThingChange,
};
use trunkline_engine::ports::{PortError, PortResult};

use super::terms::put_first;
use crate::convert::{from_json, json, port_error};
use crate::db::{DbError, Expect, Outcome, Row, Statement, Transaction, Val};
use crate::{Store, args};

crate::statements! { "distribution_things";
    PUBLISHERS = "SELECT id, account, name, note, archived_at, created_at FROM publisher WHERE account = $1 ORDER BY id";
    PUT_PUBLISHER = "INSERT INTO publisher (id, account, name, note, archived_at, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, note = excluded.note, archived_at = excluded.archived_at \
        WHERE publisher.account = excluded.account";
    CAMPAIGNS = "SELECT id, account, name, vertical, plan, fields, leads, duplicates, compliance, recordings, paused, archived_at, created_at \
        FROM campaign WHERE account = $1 ORDER BY id";
    PUT_CAMPAIGN = "INSERT INTO campaign (id, account, name, vertical, plan, fields, leads, duplicates, compliance, recordings, paused, \
        archived_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
        vertical = excluded.vertical, fields = excluded.fields, leads = excluded.leads, duplicates = excluded.duplicates, \
        compliance = excluded.compliance, recordings = excluded.recordings, paused = excluded.paused, archived_at = excluded.archived_at WHERE campaign.account = excluded.account";
    FEEDS = "SELECT id, account, campaign, publisher, key_hash, key_prefix, key_made_at, form_key, paused, archived_at, \
        created_at FROM feed WHERE account = $1 ORDER BY id";
    PUT_FEED = "INSERT INTO feed (id, account, campaign, publisher, key_hash, key_prefix, key_made_at, form_key, paused, \
        archived_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO UPDATE SET \
        key_hash = excluded.key_hash, key_prefix = excluded.key_prefix, key_made_at = excluded.key_made_at, \
        paused = excluded.paused, archived_at = excluded.archived_at WHERE feed.account = excluded.account";
    BUYERS = "SELECT id, account, name, company, credit_limit_micros, zone, note, paused, archived_at, created_at FROM buyer \
        WHERE account = $1 ORDER BY id";
    PUT_BUYER = "INSERT INTO buyer (id, account, name, company, credit_limit_micros, zone, note, paused, archived_at, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
        company = excluded.company, credit_limit_micros = excluded.credit_limit_micros, zone = excluded.zone, \
        note = excluded.note, paused = excluded.paused, archived_at = excluded.archived_at \
        WHERE buyer.account = excluded.account";
    DESTINATIONS = "SELECT id, account, buyer, name, kind, address, endpoint, paused, archived_at, created_at \
        FROM destination WHERE account = $1 ORDER BY id";
    PUT_DESTINATION = "INSERT INTO destination (id, account, buyer, name, kind, address, endpoint, paused, archived_at, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
        kind = excluded.kind, address = excluded.address, endpoint = excluded.endpoint, paused = excluded.paused, \
        archived_at = excluded.archived_at WHERE destination.account = excluded.account";
    CONTRACTS = "SELECT id, account, campaign, destination, name, paused, archived_at, created_at FROM contract \
        WHERE account = $1 ORDER BY id";
    PUT_CONTRACT = "INSERT INTO contract (id, account, campaign, destination, name, paused, archived_at, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
        paused = excluded.paused, archived_at = excluded.archived_at WHERE contract.account = excluded.account";
}

impl Store {
    /// Everything of an account but its terms and lists.
    pub(super) async fn load_things(&self, account: AccountId) -> PortResult<AllDistribution> {
        Ok(AllDistribution {
            publishers: self.many(PUBLISHERS, args![account], publisher).await?,
            campaigns: self.many(CAMPAIGNS, args![account], campaign).await?,
            feeds: self.many(FEEDS, args![account], feed).await?,
            buyers: self.many(BUYERS, args![account], buyer).await?,
            destinations: self.many(DESTINATIONS, args![account], destination).await?,
            contracts: self.many(CONTRACTS, args![account], contract).await?,
            ..AllDistribution::default()
        })
    }

    pub(super) async fn store_thing(
        &self,
        thing: &ThingChange,
        first: Option<&TermsVersion>,
    ) -> PortResult<()> {
        let (statement, values) = put_values(thing).map_err(port_error)?;
        let mut whole = Transaction::new().step(statement, values, Expect::Rows(1));
        if let Some(first) = first {
            put_first(&mut whole, first).map_err(port_error)?;
        }
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Unexpected { .. } => {
                Err(PortError::Conflict("belongs to something else".to_owned()))
            }
        }
    }
}

fn put_values(thing: &ThingChange) -> Result<(Statement, Vec<Val>), DbError> {
    Ok(match thing {
        ThingChange::Publisher(p) => (
            PUT_PUBLISHER,
            args![
                p.id,
                p.account,
                &p.name,
                &p.note,
                p.archived_at,
                p.created_at
            ],
        ),
        ThingChange::Campaign(c) => (
            PUT_CAMPAIGN,
            args![
                c.id,
                c.account,
                &c.name,
                c.vertical.as_ref(),
                c.plan,
                &c.fields,
                json(&c.leads)?,
                json(&c.duplicates)?,
                json(&c.compliance)?,
                json(&c.recordings)?,
                c.paused,
                c.archived_at,
                c.created_at,
            ],
        ),
        ThingChange::Feed(f) => (
            PUT_FEED,
            args![
                f.id,
                f.account,
                f.campaign,
                f.publisher,
                f.key.hash.as_slice(),
                &f.key.prefix,
                f.key.made_at,
                &f.form_key,
                f.paused,
                f.archived_at,
                f.created_at,
            ],
        ),
        ThingChange::Buyer(b) => (
            PUT_BUYER,
            args![
                b.id,
                b.account,
                &b.name,
                b.company,
                b.credit_limit_micros,
                b.zone.as_ref(),
                &b.note,
                b.paused,
                b.archived_at,
                b.created_at,
            ],
        ),
        ThingChange::Destination(d) => {
            let (address, endpoint) = match &d.delivery {
                Delivery::Phone(number) => (number.to_string(), None),
                Delivery::Sip(address) => (address.clone(), None),
                Delivery::Http(endpoint) => (String::new(), Some(endpoint)),
                Delivery::Email(address, endpoint) => (address.clone(), endpoint.as_ref()),
                Delivery::None => (String::new(), None),
            };
            let values = args![
                d.id,
                d.account,
                d.buyer,
                &d.name,
                d.delivery.kind(),
                address,
                endpoint,
                d.paused,
                d.archived_at,
                d.created_at,
            ];
            (PUT_DESTINATION, values)
        }
        ThingChange::Contract(c) => (
            PUT_CONTRACT,
            args![
                c.id,
                c.account,
                c.campaign,
                c.destination,
                &c.name,
                c.paused,
                c.archived_at,
                c.created_at,
            ],
        ),
    })
}

fn publisher(row: &Row) -> Result<Publisher, DbError> {
    Ok(Publisher {
        id: row.get("id")?,
        account: row.get("account")?,
        name: row.get("name")?,
        note: row.get("note")?,
        archived_at: row.get("archived_at")?,
        created_at: row.get("created_at")?,
    })
}

fn campaign(row: &Row) -> Result<Campaign, DbError> {
    Ok(Campaign {
        id: row.get("id")?,
        account: row.get("account")?,
        name: row.get("name")?,
        vertical: row.get("vertical")?,
        plan: row.get("plan")?,
        fields: row.get("fields")?,
        leads: from_json(row, "leads")?,
        duplicates: from_json(row, "duplicates")?,
        compliance: from_json(row, "compliance")?,
        recordings: from_json(row, "recordings")?,
        paused: row.get("paused")?,
        archived_at: row.get("archived_at")?,
        created_at: row.get("created_at")?,
    })
}

fn feed(row: &Row) -> Result<Feed, DbError> {
    let hash = row.get::<Vec<u8>>("key_hash")?.try_into();
    let hash = hash.map_err(|_| DbError::other("read a feed", "its key has not 32 bytes"))?;
    Ok(Feed {
        id: row.get("id")?,
        account: row.get("account")?,
        campaign: row.get("campaign")?,
        publisher: row.get("publisher")?,
        key: FeedKey {
            hash,
            prefix: row.get("key_prefix")?,
            made_at: row.get("key_made_at")?,
        },
        form_key: row.get("form_key")?,
        paused: row.get("paused")?,
        archived_at: row.get("archived_at")?,
        created_at: row.get("created_at")?,
    })
}

fn buyer(row: &Row) -> Result<Buyer, DbError> {
    Ok(Buyer {
        id: row.get("id")?,
        account: row.get("account")?,
        name: row.get("name")?,
        company: row.get("company")?,
        credit_limit_micros: row.get("credit_limit_micros")?,
        zone: row.get("zone")?,
        note: row.get("note")?,
        paused: row.get("paused")?,
        archived_at: row.get("archived_at")?,
        created_at: row.get("created_at")?,
    })
}

fn destination(row: &Row) -> Result<Destination, DbError> {
    let address: String = row.get("address")?;
    let endpoint: Option<String> = row.get("endpoint")?;
    let delivery = match row.get("kind")? {
        DeliveryKind::Phone => Delivery::Phone(
            PhoneNumber::parse_e164(&address)
                .map_err(|error| DbError::other("read a destination", error))?,
        ),
        DeliveryKind::Sip => Delivery::Sip(address),
        DeliveryKind::Http => Delivery::Http(endpoint.unwrap_or_default()),
        DeliveryKind::Email => Delivery::Email(address, endpoint),
        DeliveryKind::None => Delivery::None,
    };
    Ok(Destination {
        id: row.get("id")?,
        account: row.get("account")?,
        buyer: row.get("buyer")?,
        name: row.get("name")?,
        delivery,
        paused: row.get("paused")?,
        archived_at: row.get("archived_at")?,
        created_at: row.get("created_at")?,
    })
}

fn contract(row: &Row) -> Result<Contract, DbError> {
    Ok(Contract {
        id: row.get("id")?,
        account: row.get("account")?,
        campaign: row.get("campaign")?,
        destination: row.get("destination")?,
        name: row.get("name")?,
        paused: row.get("paused")?,
        archived_at: row.get("archived_at")?,
        created_at: row.get("created_at")?,
    })
}
