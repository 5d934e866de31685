//! From what is known of a visit, a call, a lead and its traffic to features.
//!
//! Free text is counted, never read, and what tells who somebody is stays out. Traits by which it is forbidden in many
//! trades to choose people (age, sex, where exactly they live) stay out too, unless the account lets them in.

use std::collections::BTreeMap;

use super::features::{Features, Name};
use super::moment::{At, AvailableBy, DialIn, IvrDone, Posted, Visit};
use super::names;
use crate::base::id::{CampaignId, FeedId, PublisherId};
use crate::base::{Nearness, PhoneNumber, Timestamp, Zone, area_code_of, words};
use crate::call::screening::Vouched;
use crate::lead::{FieldDef, FieldType, Fields, Lead};
use crate::visitor::{Device, Source};

/// Parts of names of fields that tell a trait by which people must not be chosen, or stand for one.
const TRAITS: &[&str] = &[
    "age",
    "ages",
    "birth",
    "born",
    "dob",
    "sex",
    "gender",
    "race",
    "ethnic",
    "religio",
    "marital",
    "married",
    "nationality",
    "disab",
    "pregnan",
    "zip",
    "zipcode",
    "postal",
    "postcode",
    "language",
];

words! {
    /// Whether traits by which people must not be chosen in credit, housing, work and insurance may be features.
    #[derive(Default)]
    Traits {
        /// They are left out.
        #[default]
        LeftOut = "left_out",
        /// The account answers for it.
        Used = "used",
    }
}

words! {
    /// Which proof of consent a lead brings.
    Consent {
        /// None.
        Nothing = "nothing",
        /// A certificate of a service.
        Certificate = "certificate",
        /// Our own record of it.
        OwnRecord = "own_record",
        /// Both.
        Both = "both",
    }
}

/// What is known of a visit.
#[derive(Debug, Clone, Copy)]
pub struct VisitFacts<'a> {
    /// Where it came from.
    pub source: &'a Source,
    /// Pages looked at.
    pub pages: u32,
    /// How long it has been on the site, in milliseconds.
    pub on_site_ms: i64,
    /// Taps on a number.
    pub taps: u32,
    /// The device, when the browser tells.
    pub device: Option<Device>,
    /// Visits of the same visitor before.
    pub visits_before: u32,
    /// Whether a page for people who want to get in touch was among them.
    pub contact_page: bool,
}

/// What is known of a call when it rings.
#[derive(Debug, Clone, Copy)]
pub struct CallFacts<'a> {
    /// When it came.
    pub at: Timestamp,
    /// The account's zone.
    pub zone: &'a Zone,
    /// Who calls; only the area becomes a feature.
    pub caller: Option<PhoneNumber>,
    /// How the caller's area lies to the visitor's, when both are known.
    pub nearness: Option<Nearness>,
    /// What the carrier vouches for.
    pub vouched: Vouched,
    /// Calls of the same caller to the account before.
    pub calls_before: u32,
    /// Whether somebody answered one of them.
    pub known_caller: bool,
    /// Points of screening.
    pub screening_points: u32,
    /// The probability that the call belongs to the visit whose features are beside these; `None` without a visit.
    pub credit: Option<f64>,
}

/// What is known of a lead when it is posted.
#[derive(Debug, Clone, Copy)]
pub struct LeadFacts<'a> {
    /// When it came.
    pub at: Timestamp,
    /// The account's zone.
    pub zone: &'a Zone,
    /// The lead.
    pub lead: &'a Lead,
    /// The fields of its campaign.
    pub fields: &'a Fields,
    /// Whether protected traits may be features.
    pub traits: Traits,
    /// Which proof of consent there is.
    pub consent: Consent,
    /// When it was given.
    pub consent_at: Option<Timestamp>,
    /// Leads of the same person before.
    pub leads_before: u32,
}

/// Whose traffic it is.
#[derive(Debug, Clone, Copy)]
pub struct Traffic {
    /// The campaign.
    pub campaign: CampaignId,
    /// The publisher, when it is bought.
    pub publisher: Option<PublisherId>,
    /// The feed, when it is bought.
    pub feed: Option<FeedId>,
}

words! {
    /// How much somebody wants something.
    Intent {
        /// Not at all.
        None = "none",
        /// A little.
        Low = "low",
        /// Somewhat.
        Medium = "medium",
        /// Much.
        High = "high",
        /// Now.
        Urgent = "urgent",
    }
}

words! {
    /// Whether something is spam.
    Spam {
        /// It is not.
        No = "no",
        /// It may be.
        Maybe = "maybe",
        /// It is.
        Yes = "yes",
    }
}

words! {
    /// Whether it is about the campaign's trade.
    TradeMatch {
        /// It is.
        Yes = "yes",
        /// It is not.
        No = "no",
        /// Nobody can say.
        Unclear = "unclear",
    }
}

/// What a remote model said: closed words only. Together they move a score within a clamp, whatever they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteAnswer {
    /// How much somebody wants something.
    pub intent: Intent,
    /// How well the campaign fits, 0 to 4; more is taken for 4.
    pub fit: u8,
    /// Whether it is spam.
    pub spam: Spam,
    /// Whether it is about the campaign's trade.
    pub trade: TradeMatch,
    /// Whether the text tried to give instructions.
    pub injection_seen: bool,
}

impl<M: At> Features<M>
where
    Visit: AvailableBy<M>,
{
    /// Adds what is known of the visit.
    pub fn visit(&mut self, facts: &VisitFacts<'_>) {
        let source = facts.source;
        self.text(names::CHANNEL, source.channel.word());
        self.text(names::MEDIUM, &source.medium);
        self.text(names::SOURCE, &source.source);
        self.text_or_missing(names::AD_CAMPAIGN, source.ad_campaign.as_deref());
        self.text_or_missing(names::KEYWORD, source.term.as_deref());
        self.number(names::PAGES, f64::from(facts.pages));
        self.number(names::ON_SITE_SECONDS, facts.on_site_ms as f64 / 1_000.0);
        self.number(names::TAPS, f64::from(facts.taps));
        self.text_or_missing(names::DEVICE, facts.device.map(Device::word));
        self.number(names::VISITS_BEFORE, f64::from(facts.visits_before));
        self.flag(names::CONTACT_PAGE, facts.contact_page);
    }

    /// Adds whose traffic it is.
    pub fn traffic(&mut self, traffic: Traffic) {
        self.text(names::CAMPAIGN, &traffic.campaign.to_string());
        let publisher = traffic.publisher.map(|id| id.to_string());
        self.text_or_missing(names::PUBLISHER, publisher.as_deref());
        let feed = traffic.feed.map(|id| id.to_string());
        self.text_or_missing(names::FEED, feed.as_deref());
    }

    /// Adds what a remote model said in time.
    pub fn remote(&mut self, answer: RemoteAnswer) {
        const FITS: [&str; 5] = ["0", "1", "2", "3", "4"];
        self.text(names::REMOTE_INTENT, answer.intent.word());
        self.text(names::REMOTE_FIT, FITS[usize::from(answer.fit.min(4))]);
        self.text(names::REMOTE_SPAM, answer.spam.word());
        self.text(names::REMOTE_MATCH, answer.trade.word());
        self.flag(names::REMOTE_INJECTION, answer.injection_seen);
    }
}

impl<M: At> Features<M>
where
    DialIn: AvailableBy<M>,
{
    /// Adds what is known of the call.
    pub fn call(&mut self, facts: &CallFacts<'_>) {
        self.text_or_missing(
            names::CALLER_AREA,
            facts.caller.and_then(area_of).as_deref(),
        );
        self.text_or_missing(names::NEARNESS, facts.nearness.map(nearness_word));
        self.text(names::ATTESTATION, facts.vouched.word());
        if let Some((weekday, hour)) = clock(facts.zone, facts.at) {
            self.text(names::CALL_WEEKDAY, weekday);
            self.text(names::CALL_HOUR, &hour.to_string());
        }
        self.number(names::CALLS_BEFORE, f64::from(facts.calls_before));
        self.flag(names::KNOWN_CALLER, facts.known_caller);
        self.number(names::SCREENING_POINTS, f64::from(facts.screening_points));
        self.number_or_missing(names::CREDIT, facts.credit);
    }
}

impl<M: At> Features<M>
where
    IvrDone: AvailableBy<M>,
{
    /// Adds what the caller answered, as the tags of the call flow.
    pub fn answers(&mut self, tags: &BTreeMap<String, String>) {
        for (name, value) in tags {
            if let Some(name) = Name::<IvrDone>::given(names::ANSWER, name) {
                self.text(name, value);
            }
        }
    }
}

impl<M: At> Features<M>
where
    Posted: AvailableBy<M>,
{
    /// Adds what is known of the lead.
    pub fn lead(&mut self, facts: &LeadFacts<'_>) {
        self.text_or_missing(names::LEAD_STATE, facts.lead.state.as_deref());
        if let Some((weekday, hour)) = clock(facts.zone, facts.at) {
            self.text(names::LEAD_WEEKDAY, weekday);
            self.text(names::LEAD_HOUR, &hour.to_string());
        }
        self.text(names::CONSENT, facts.consent.word());
        let consent_age = facts.consent_at.map(|at| facts.at.millis_since(at));
        self.number_or_missing(
            names::CONSENT_AGE_SECONDS,
            consent_age.map(|ms| ms as f64 / 1_000.0),
        );
        self.number(names::LEADS_BEFORE, f64::from(facts.leads_before));
        self.fields(facts);
    }

    fn fields(&mut self, facts: &LeadFacts<'_>) {
        let (mut asked, mut filled, mut letters, mut words) = (0_u32, 0_u32, 0_usize, 0_usize);
        for field in facts.fields.defs() {
            asked += 1;
            let value = facts.lead.values.get(&field.name);
            let value = value.map(str::trim).filter(|value| !value.is_empty());
            filled += u32::from(value.is_some());
            if field.is_personal() || (facts.traits == Traits::LeftOut && is_trait(field)) {
                continue;
            }
            if let (FieldType::Text, Some(text)) = (&field.of, value) {
                letters += text.chars().count();
                words += text.split_whitespace().count();
            }
            self.field(field, value);
        }
        if asked > 0 {
            self.number(names::COMPLETENESS, f64::from(filled) / f64::from(asked));
        }
        self.number(names::TEXT_LENGTH, letters as f64);
        self.number(names::TEXT_WORDS, words as f64);
    }

    /// What a field's type lets it say. Texts, addresses and certificates only whether they are there.
    fn field(&mut self, field: &FieldDef, value: Option<&str>) {
        let Some(name) = Name::<Posted>::given(names::FIELD, &field.name) else {
            return;
        };
        match &field.of {
            FieldType::Number(_) | FieldType::Money(_) => {
                self.number_or_missing(name, value.and_then(|value| value.parse().ok()));
            }
            FieldType::Choice(_)
            | FieldType::YesNo
            | FieldType::State
            | FieldType::Country
            | FieldType::Zip => self.text_or_missing(name, value),
            // A day tells its year; the rest of it would be one of many thousand words.
            FieldType::Date(_) => {
                let year = value.and_then(|value| value.get(..4)?.parse().ok());
                self.number_or_missing(name, year);
            }
            FieldType::Text
            | FieldType::Url
            | FieldType::Ip
            | FieldType::ConsentText
            | FieldType::Certificate
            | FieldType::Sellers
            | FieldType::Sha256
            | FieldType::Phone
            | FieldType::Email => self.flag(name, value.is_some()),
        }
    }
}

/// Whether a field tells a trait by which people must not be chosen, or stands for one.
fn is_trait(field: &FieldDef) -> bool {
    let is_birth = match &field.of {
        FieldType::Date(range) => range.years_ago_min.is_some() || range.years_ago_max.is_some(),
        FieldType::Zip => true,
        _ => false,
    };
    let mut parts = field.name.split('_');
    // Short words stand for themselves: `agency` is no age.
    let tells = |part: &str, word: &str| part == word || (word.len() > 4 && part.starts_with(word));
    is_birth || parts.any(|part| TRAITS.iter().any(|word| tells(part, word)))
}

/// State or province; outside North America the country.
fn area_of(number: PhoneNumber) -> Option<String> {
    let state = area_code_of(number).map(|code| code.state);
    let state = state.filter(|state| !state.is_empty());
    state
        .map(str::to_owned)
        .or_else(|| number.country().map(|country| country.code().to_owned()))
}

const fn nearness_word(nearness: Nearness) -> &'static str {
    match nearness {
        Nearness::SamePlace => "same_place",
        Nearness::SameState => "same_state",
        Nearness::Elsewhere => "elsewhere",
        Nearness::SameCountry => "same_country",
        Nearness::OtherCountry => "other_country",
    }
}

/// Day of the week and hour as the zone's clocks show them.
fn clock(zone: &Zone, at: Timestamp) -> Option<(&'static str, u16)> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let (date, minute) = zone.wall_clock(at)?;
    let day = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
    Some((DAYS.get(day)?, minute / 60))
}
