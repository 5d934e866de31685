//! The demo's account: who may sign in, the trunk to the simulated carrier, the site with its pool,
//! and the business's telephones.

use std::sync::Arc;

use anyhow::Context;
use trunkline_core::assignment::{
    NumberStage, NumberUse, PoolRule, PoolSettings, Site, SwapSettings, SwapTarget, TrackingNumber,
};
use trunkline_core::base::id::{AccountId, PoolId, SiteId, SwapTargetId, TrunkId};
use trunkline_core::base::{Country, Currency, Money, PhoneNumber, Zone};
use trunkline_core::call::trunk::{Increments, LegRate, Prefix, RateCard};
use trunkline_core::call::{RecordingConsent, TollPolicy, TollUse};
use trunkline_core::report::QUALIFIED_SECONDS;
use trunkline_core::visitor::{Channel, SourceRules, SourceSelector};
use trunkline_engine::call::control::{Cidr, Codec, Transport, TrunkProfile};
use trunkline_engine::call::trunk::TrunkSettings;
use trunkline_engine::ports::Access;
use trunkline_engine::ports::access::{Membership, Role, User};
use trunkline_engine::ports::configuration::{Account, Trunk};
use trunkline_sim::audio::{Part, Speaker, Talk, Voice};
use trunkline_sim::carrier::{Behaviour, Carrier, Line};
use trunkline_web::password;

use crate::keys;
use crate::wiring::House;

/// Whom to sign in as.
pub(super) const EMAIL: &str = "demo@trunkline.local";
/// With what; a demo on loopback has no secrets.
pub(super) const PASSWORD: &str = "trunkline-demo";

/// All numbers are of the range 555-0100 to 555-0199, which is set aside for fiction.
pub(super) const fn number(area: u64, last: u64) -> PhoneNumber {
    PhoneNumber::from_digits((1_000 + area) * 10_000_000 + 5_550_000 + last)
}

/// The number on the pages of `web/demo-site`.
const PRINTED: PhoneNumber = number(469, 163);
/// The business's telephones.
const BUSINESS_LINE: PhoneNumber = number(214, 190);
const SECOND_LINE: PhoneNumber = number(214, 191);
/// Numbers of the pool. After a call a number stays with its caller for 15 minutes, and the world
/// makes a call on one of them every 40 seconds: half of them are taken, and a newcomer gets one that
/// nobody saw for long, so that their call is credited to them.
pub(super) const POOL_SIZE: u64 = 60;
/// When the telephones are answered without a plan, in milliseconds.
const ANSWER_AFTER_MS: u64 = 4_000;

/// What the rest of the demo needs to know.
pub(super) struct Demo {
    pub(super) account: AccountId,
    pub(super) site: SiteId,
    pub(super) trunk: TrunkId,
    /// Numbers that are printed on paper and in directories.
    pub(super) printed: Vec<PhoneNumber>,
}

/// Sets everything up on an empty house.
///
/// # Errors
/// When the store refuses.
pub(super) async fn set_up(house: &House, carrier: &Carrier) -> anyhow::Result<Demo> {
    let account = put_account(house).await?;
    put_user(house, account).await?;
    let trunk = put_trunk(house, carrier).await?;
    let (site, target) = put_site(house, account).await?;
    let pool = put_pool(house, account, site, target).await?;
    let base = Base {
        house,
        account,
        trunk,
        site,
    };
    base.put_numbers(pool).await?;
    let printed = base.put_printed().await?;
    for (number, person) in [(BUSINESS_LINE, 11), (SECOND_LINE, 12)] {
        carrier.connect(number, telephone(person));
    }
    Ok(Demo {
        account,
        site,
        trunk,
        printed,
    })
}

/// A telephone of the business; callers of the demo decide what it does.
const fn telephone(person: u64) -> Line {
    Line {
        behaviour: Behaviour::Answer {
            after_ms: ANSWER_AFTER_MS,
        },
        voice: Voice::Speech(Speaker {
            talk: Talk(person),
            part: Part::Business,
            person,
        }),
        hangs_up_after_ms: None,
    }
}

async fn put_account(house: &House) -> anyhow::Result<AccountId> {
    let moment = &house.backend.moment;
    let account = Account {
        id: moment.id(),
        name: "Northgate Leads".to_owned(),
        zone: Zone::parse("America/Chicago")?,
        currency: Currency::USD,
        country: Country::US,
        toll: TollPolicy::default(),
        recording_consent: RecordingConsent::Waiver,
        recording_keep_days: None,
        qualified_seconds: QUALIFIED_SECONDS,
        created_at: moment.now(),
    };
    for line in [BUSINESS_LINE, SECOND_LINE] {
        let permitted = account.toll.permit(&line.into(), TollUse::default());
        permitted.with_context(|| format!("the demo cannot dial {line}"))?;
    }
    house.backend.setup.put_account(&account).await?;
    Ok(account.id)
}

async fn put_user(house: &House, account: AccountId) -> anyhow::Result<()> {
    let moment = &house.backend.moment;
    let password_hash = tokio::task::spawn_blocking(|| password::hash(PASSWORD)).await??;
    let user = User {
        id: moment.id(),
        email: EMAIL.to_owned(),
        name: "Dana Whitfield".to_owned(),
        password_hash,
        // It is on the page of the demo: there is nothing to protect.
        password_once: false,
        totp_secret: None,
        operator: true,
        created_at: moment.now(),
    };
    house.store.put_user(&user).await?;
    let membership = Membership {
        id: moment.id(),
        user: user.id,
        account,
        role: Role::Owner,
    };
    Ok(house.store.put_membership(&membership).await?)
}

/// What carriers in the United States take for a minute, or about so much.
fn rates() -> anyhow::Result<RateCard> {
    let usd = |per_minute| Money::parse(per_minute, Currency::USD);
    let rate = |per_minute, increments| -> anyhow::Result<LegRate> {
        Ok(LegRate::new(usd(per_minute)?, increments)?)
    };
    let (sixes, minutes) = (Increments::new(6, 6)?, Increments::MINUTES);
    let prefixes = [
        ("+1", "0.0098", sixes),
        ("+1800", "0", sixes),
        ("+44", "0.0180", minutes),
        ("+447", "0.0390", minutes),
    ];
    let prefixes = prefixes
        .into_iter()
        .map(|(prefix, per_minute, increments)| {
            Ok((Prefix::parse(prefix)?, rate(per_minute, increments)?))
        });
    let prefixes = prefixes.collect::<anyhow::Result<Vec<_>>>()?;
    let inbound = rate("0.0062", sixes)?;
    Ok(RateCard::new(Currency::USD, Some(inbound), None, prefixes)?)
}

async fn put_trunk(house: &House, carrier: &Carrier) -> anyhow::Result<TrunkId> {
    let moment = &house.backend.moment;
    let peer = carrier.address();
    let trunk = Trunk {
        profile: TrunkProfile {
            id: moment.id(),
            name: "Demo carrier".to_owned(),
            addresses: vec![Cidr::parse(&peer.ip().to_string())?],
            peer: Some(peer),
            transport: Transport::Udp,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            nat: false,
            settings: TrunkSettings {
                rates: Some(Arc::new(rates()?)),
                ..TrunkSettings::default()
            },
        },
        peer_host: Some(peer.ip().to_string()),
        peer_port: peer.port(),
        account: None,
        created_at: moment.now(),
    };
    house.backend.setup.put_trunk(&trunk).await?;
    Ok(trunk.profile.id)
}

async fn put_site(house: &House, account: AccountId) -> anyhow::Result<(SiteId, SwapTargetId)> {
    let moment = &house.backend.moment;
    let target = SwapTarget {
        id: moment.id(),
        label: "Main line".to_owned(),
        number: PRINTED,
    };
    let (id, target_id) = (moment.id(), target.id);
    let key: [u8; 8] = keys::random()?;
    let site = Site {
        id,
        account,
        key: format!("{:016x}", u64::from_ne_bytes(key)),
        name: "Tallgrass Roofing".to_owned(),
        hosts: vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
        zone: Zone::parse("America/Chicago")?,
        targets: vec![target],
        source_numbers_win: false,
        source_rules: SourceRules::default(),
        swap: SwapSettings::default(),
        draft: None,
        published_at: moment.now(),
        config_version: 1,
        flow: None,
        created_at: moment.now(),
    };
    house.backend.setup.put_site(site).await?;
    Ok((id, target_id))
}

async fn put_pool(
    house: &House,
    account: AccountId,
    site: SiteId,
    target: SwapTargetId,
) -> anyhow::Result<PoolId> {
    let moment = &house.backend.moment;
    let pool = PoolSettings {
        id: moment.id(),
        account,
        site,
        target,
        name: "Web visitors".to_owned(),
        strict: false,
        rule: PoolRule::default(),
        feed: None,
        created_at: moment.now(),
    };
    house.backend.setup.put_pool(&pool).await?;
    Ok(pool.id)
}

/// What all numbers have in common.
struct Base<'a> {
    house: &'a House,
    account: AccountId,
    trunk: TrunkId,
    site: SiteId,
}

impl Base<'_> {
    fn tracking(&self, number: PhoneNumber, kind: NumberUse, label: &str) -> TrackingNumber {
        let moment = &self.house.backend.moment;
        TrackingNumber {
            id: moment.id(),
            account: self.account,
            trunk: self.trunk,
            number,
            kind,
            label: label.to_owned(),
            site: Some(self.site),
            target: None,
            pool: None,
            selector: SourceSelector::default(),
            business_line: BUSINESS_LINE,
            second_line: Some(SECOND_LINE),
            flow: None,
            feed: None,
            stage: NumberStage::InUse,
            stage_since: moment.now(),
            created_at: moment.now(),
        }
    }

    async fn put(&self, number: TrackingNumber) -> anyhow::Result<()> {
        Ok(self.house.backend.setup.put_number(&number).await?)
    }

    /// The numbers that visitors are shown.
    async fn put_numbers(&self, pool: PoolId) -> anyhow::Result<()> {
        for index in 0..POOL_SIZE {
            // Those from 150 on belong to sources, and one is printed.
            let last = if index < 50 { 100 + index } else { 120 + index };
            let shown = self.tracking(number(469, last), NumberUse::Pool, "");
            self.put(TrackingNumber {
                pool: Some(pool),
                ..shown
            })
            .await?;
        }
        let of = |channel| SourceSelector {
            channel,
            ..SourceSelector::default()
        };
        let overflow = [
            (150, "Overflow, paid search", Some(Channel::PaidSearch)),
            (151, "Overflow, everything else", None),
        ];
        for (last, label, channel) in overflow {
            let shown = self.tracking(number(469, last), NumberUse::Source, label);
            self.put(TrackingNumber {
                pool: Some(pool),
                selector: of(channel),
                ..shown
            })
            .await?;
        }
        let by_source = [
            (152, "Newsletter", Channel::Email),
            (153, "Facebook ads", Channel::PaidSocial),
        ];
        for (last, label, channel) in by_source {
            let shown = self.tracking(number(469, last), NumberUse::Source, label);
            self.put(TrackingNumber {
                selector: of(Some(channel)),
                ..shown
            })
            .await?;
        }
        Ok(())
    }

    /// The numbers on paper and in directories.
    async fn put_printed(&self) -> anyhow::Result<Vec<PhoneNumber>> {
        let printed = [
            (120, "Flyer, April"),
            (121, "Google Business Profile"),
            (122, "Yard signs"),
        ];
        for (last, label) in printed {
            let number = self.tracking(number(214, last), NumberUse::Static, label);
            self.put(TrackingNumber {
                site: None,
                ..number
            })
            .await?;
        }
        Ok(printed.map(|(last, _)| number(214, last)).into())
    }
}

#[cfg(test)]
mod tests {
    use trunkline_core::assignment::pool::{COOL_DOWN_MS, SOFT_FLOOR_MS};
    use trunkline_sim::world::{Happening, Pace, Plan};

    use super::POOL_SIZE;

    const HOUR_MS: u64 = 3_600_000;
    const RINGS_MS: u64 = 20_000;

    /// From when to when a visit keeps others from its number.
    fn holds(at_ms: u64, what: &Happening) -> Option<(u64, u64)> {
        let Happening::Visit(visit) = what else {
            return None;
        };
        let stay: u64 = visit.pages.iter().map(|page| page.ms).sum();
        let seen = stay + SOFT_FLOOR_MS.unsigned_abs();
        let called = visit.call.as_ref().map_or(0, |call| {
            let again = call.again.as_ref();
            let again = again.map_or(0, |(wait, talk)| wait + RINGS_MS + talk.talk_ms);
            let over = call.after_ms + RINGS_MS + call.conversation.talk_ms + again;
            over + COOL_DOWN_MS.unsigned_abs()
        });
        Some((at_ms, at_ms + seen.max(called)))
    }

    #[test]
    fn a_quarter_of_the_pool_is_free_however_long_the_demo_runs() {
        for seed in 1..=5 {
            let plan = Plan::new(seed, Pace::demo());
            let held: Vec<(u64, u64)> = plan
                .take_while(|entry| entry.at_ms < 3 * HOUR_MS)
                .filter_map(|entry| holds(entry.at_ms, &entry.what))
                .collect();
            let most = (0..180).map(|minute| {
                let now = minute * 60_000;
                held.iter()
                    .filter(|(from, to)| (*from..*to).contains(&now))
                    .count() as u64
            });
            let most = most.max().unwrap_or(0);
            assert!(
                most * 4 <= POOL_SIZE * 3,
                "seed {seed}: {most} of {POOL_SIZE} are taken"
            );
        }
    }
}
