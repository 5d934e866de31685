//! What is known of an opportunity: the only things that filters can ask about.
//!
//! [`Facts::of`] turns what the engine knows into texts once per opportunity, so that a thousand contracts can look at them
//! without writing anything. An empty value is the same as none.

use std::collections::BTreeMap;

use super::text;
use crate::base::schedule::Day;
use crate::base::{Country, PhoneNumber, Timestamp, Zone, area_code_of, sha256_text, words};
pub use crate::base::{Sha256, parse_sha256, zip_digits};
use crate::call::screening::Vouched;
use crate::visitor::Source;

words! {
    /// What is on offer.
    OpportunityKind {
        /// A call.
        Call = "call",
        /// A lead.
        Lead = "lead",
    }
}

words! {
    /// What filters can ask about besides tags.
    Field {
        /// `call` or `lead`.
        Kind = "kind",
        /// The caller's or the lead's phone number, in E.164 form.
        Phone = "phone",
        /// SHA-256 of the phone number, as 64 hexadecimal digits.
        PhoneSha256 = "phone_sha256",
        /// SHA-256 of the e-mail address, as 64 hexadecimal digits.
        EmailSha256 = "email_sha256",
        /// Five digits.
        Zip = "zip",
        /// Two letters of a state or province.
        State = "state",
        /// Three digits.
        AreaCode = "area_code",
        /// Two letters.
        Country = "country",
        /// The broad way the visitor came, such as `paid_search`.
        Channel = "channel",
        /// The medium, such as `cpc`.
        Medium = "medium",
        /// The source, such as `google`.
        Source = "source",
        /// The advertiser's campaign.
        AdCampaign = "ad_campaign",
        /// The keyword.
        Term = "term",
        /// The ad or placement.
        Content = "content",
        /// 0 to 100.
        Score = "score",
        /// What the carrier vouches for: `full`, `partial`, `gateway`, `nothing`, `forged`.
        Attestation = "attestation",
        /// How often the same person came to the account before.
        TimesBefore = "times_before",
    }
}

/// What the engine knows.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Call or lead.
    pub kind: OpportunityKind,
    /// Tags by their names.
    pub tags: &'a BTreeMap<String, String>,
    /// The caller's or the lead's number, when it is known.
    pub phone: Option<PhoneNumber>,
    /// Its hash, when it is known.
    pub phone_sha256: Option<Sha256>,
    /// The hash of the e-mail address, when it is known.
    pub email_sha256: Option<Sha256>,
    /// ZIP code; digits behind the first five do not matter.
    pub zip: Option<&'a str>,
    /// State or province; that of the area code when none is given.
    pub state: Option<&'a str>,
    /// Country; that of the number when none is given.
    pub country: Option<Country>,
    /// Where the visitor came from, when it is known.
    pub source: Option<&'a Source>,
    /// The score, when there is one.
    pub score: Option<u8>,
    /// What the carrier vouches for; `None` for leads.
    pub attestation: Option<Vouched>,
    /// How often the same person came to the account before.
    pub times_before: u32,
}

/// The same, prepared for a thousand contracts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Tags with a value, by the fingerprints of their names.
    tags: Box<[TagValue<'a>]>,
    texts: [Option<Box<str>>; Field::ALL.len()],
    clock: Option<Clock>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct TagValue<'a> {
    fingerprint: u64,
    name: &'a str,
    value: &'a str,
}

/// What the clock on the wall shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The day of the week.
    pub day: Day,
    /// Minutes since midnight.
    pub minute: u16,
}

impl<'a> Facts<'a> {
    /// Prepares what is known; weekdays and hours are those of `zone` at `now`.
    #[must_use]
    pub fn of(known: &Known<'a>, zone: &Zone, now: Timestamp) -> Self {
        let tags = known.tags.iter().map(|(name, value)| TagValue {
            fingerprint: text::fingerprint(name),
            name,
            value: value.trim(),
        });
        let mut tags: Vec<_> = tags.filter(|tag| !tag.value.is_empty()).collect();
        tags.sort_unstable_by_key(|tag| (tag.fingerprint, tag.name));
        let mut facts = Self {
            tags: tags.into(),
            texts: [const { None }; Field::ALL.len()],
            clock: zone.wall_clock(now).map(|(date, minute)| Clock {
                day: date.weekday().into(),
                minute,
            }),
        };
        for field in Field::ALL {
            let text = text_of(known, *field);
            facts.texts[*field as usize] = text.filter(|t| !t.trim().is_empty()).map(Into::into);
        }
        facts
    }

    /// The value of a field; `None` when it is not known or empty.
    #[must_use]
    pub fn field(&self, field: Field) -> Option<&str> {
        self.texts[field as usize].as_deref()
    }

    /// The value of a tag; `None` when there is none or it is empty.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tag_by(text::fingerprint(name), name)
    }

    /// The same for whoever has the fingerprint of the name.
    pub(super) fn tag_by(&self, fingerprint: u64, name: &str) -> Option<&str> {
        let from = self
            .tags
            .partition_point(|tag| tag.fingerprint < fingerprint);
        let mut near = self.tags[from..]
            .iter()
            .take_while(|tag| tag.fingerprint == fingerprint);
        near.find(|tag| tag.name == name).map(|tag| tag.value)
    }

    /// What the clock shows; `None` outside the calendar's range.
    #[must_use]
    pub const fn clock(&self) -> Option<Clock> {
        self.clock
    }
}

pub(super) fn text_of(known: &Known<'_>, field: Field) -> Option<String> {
    let source = known.source;
    let owned = |text: &str| text.to_owned();
    match field {
        Field::Kind => Some(known.kind.word().to_owned()),
        Field::Phone => known.phone.map(|p| p.to_string()),
        Field::PhoneSha256 => known.phone_sha256.map(sha256_text),
        Field::EmailSha256 => known.email_sha256.map(sha256_text),
        Field::Zip => known.zip.and_then(zip_digits).map(owned),
        Field::State => known
            .state
            .filter(|s| !s.trim().is_empty())
            .or_else(|| known.phone.and_then(area_code_of).map(|area| area.state))
            .map(|s| s.trim().to_ascii_uppercase()),
        Field::AreaCode => known
            .phone
            .and_then(PhoneNumber::area_code)
            .map(|code| format!("{code:03}")),
        Field::Country => known
            .country
            .or_else(|| known.phone.and_then(PhoneNumber::country))
            .map(|c| c.code().to_owned()),
        Field::Channel => source.map(|s| s.channel.word().to_owned()),
        Field::Medium => source.map(|s| s.medium.clone()),
        Field::Source => source.map(|s| s.source.clone()),
        Field::AdCampaign => source.and_then(|s| s.ad_campaign.clone()),
        Field::Term => source.and_then(|s| s.term.clone()),
        Field::Content => source.and_then(|s| s.content.clone()),
        Field::Score => known.score.map(|s| s.to_string()),
        Field::Attestation => known.attestation.map(|a| a.word().to_owned()),
        Field::TimesBefore => Some(known.times_before.to_string()),
    }
}
