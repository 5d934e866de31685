//! What placeholders stand for: everything a buyer may be told of an opportunity, as texts by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::super::facts::{Field, Known, text_of};
use crate::base::{PhoneNumber, words};

words! {
    /// What is known by a name of its own, as it stands between braces.
    Slot {
        /// `call` or `lead`.
        Kind = "kind",
        /// The person's number, such as `+12145550100`.
        Phone = "phone",
        /// The same without its plus sign.
        PhoneNoPlus = "phone_no_plus",
        /// The same without its country code.
        PhoneNational = "phone_national",
        /// SHA-256 of the number, as 64 hexadecimal digits.
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
        /// What the carrier vouches for.
        Attestation = "attestation",
        /// How often the same person came before.
        TimesBefore = "times_before",
        /// `true` or `false`: whether the same person came before, as the terms count it.
        IsDuplicate = "is_duplicate",
        /// Our name of the opportunity.
        OpportunityId = "opportunity_id",
        /// Our name of the call.
        CallId = "call_id",
        /// Our name of the lead.
        LeadId = "lead_id",
        /// Our name of the campaign.
        CampaignId = "campaign_id",
        /// Our name of the feed.
        FeedId = "feed_id",
        /// Our name of the publisher.
        PublisherId = "publisher_id",
        /// What the publisher calls its own source.
        SubId = "sub_id",
        /// Our name of the buyer.
        BuyerId = "buyer_id",
        /// Our name of the destination.
        DestinationId = "destination_id",
        /// Our name of the contract.
        ContractId = "contract_id",
        /// What the buyer called its answer to the ping.
        PingId = "ping_id",
        /// Our name of the bid.
        BidId = "bid_id",
        /// What the buyer bid, in a post.
        Price = "price",
        /// The least a bid must be.
        BidMin = "bid_min",
        /// Milliseconds in which an answer still counts.
        DeadlineMs = "deadline_ms",
        /// When it is sent, such as `2026-07-01T14:03:08.120Z`.
        Now = "now",
        /// The same in seconds since 1970.
        NowUnix = "now_unix",
        /// When the call came or the form was sent.
        CreatedAt = "created_at",
        /// How consent was proved, such as `trusted_form`.
        ConsentType = "consent_type",
        /// The certificate's id.
        ConsentId = "consent_id",
        /// The certificate's address.
        ConsentUrl = "consent_url",
        /// The text the person agreed to.
        ConsentText = "consent_text",
        /// The page the person came to.
        LandingPage = "landing_page",
        /// The person's browser.
        UserAgent = "user_agent",
        /// The person's address on the Internet.
        Ip = "ip",
        /// `true` in test mode.
        Test = "test",
    }
}

impl Slot {
    /// Whether it says who the person is or how to reach them. Hashes do not, for whoever has no list to compare.
    #[must_use]
    pub const fn is_identity(self) -> bool {
        matches!(
            self,
            Self::Phone | Self::PhoneNoPlus | Self::PhoneNational | Self::Ip
        )
    }

    /// What logs do not show.
    pub(super) const fn is_masked(self) -> bool {
        self.is_identity() || matches!(self, Self::PhoneSha256 | Self::EmailSha256)
    }
}

/// Whether a field of a lead, or a tag, has by its name something in it that says who the person is.
#[must_use]
pub fn is_identity_name(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let hashed = ["sha256", "sha1", "md5", "hash"];
    if hashed.iter().any(|hash| plain.ends_with(hash)) {
        return false;
    }
    let exact = [
        "name",
        "fname",
        "lname",
        "first",
        "last",
        "surname",
        "cell",
        "tel",
        "ip",
        "ipaddress",
        "dob",
        "ssn",
        "mail",
    ];
    let inside = [
        "firstname",
        "lastname",
        "fullname",
        "middlename",
        "givenname",
        "familyname",
        "email",
        "phone",
        "mobile",
        "telephone",
        "address",
        "street",
        "socialsecurity",
        "birth",
        "caller",
    ];
    exact.contains(&plain.as_str()) || inside.iter().any(|part| plain.contains(part))
}

/// What placeholders stand for. What is empty is the same as what is not there.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Values {
    /// What has a name of its own.
    pub known: BTreeMap<Slot, String>,
    /// The tags of a call or lead.
    pub tags: BTreeMap<String, String>,
    /// The fields of a lead.
    pub lead: BTreeMap<String, String>,
    /// Click identifiers of the visit, such as `gclid`.
    pub clicks: BTreeMap<String, String>,
    /// Fields and tags that say who the person is, besides those whose names tell.
    pub identity: BTreeSet<String>,
}

impl Values {
    /// From what the rules of routing know.
    #[must_use]
    pub fn of(known: &Known<'_>) -> Self {
        let mut values = Self {
            tags: known.tags.clone(),
            ..Self::default()
        };
        for field in Field::ALL {
            // Every field has a place of the same name.
            if let (Some(slot), Some(text)) =
                (Slot::from_word(field.word()), text_of(known, *field))
            {
                values.set(slot, text);
            }
        }
        if let Some(phone) = known.phone {
            values.set_phone(phone);
        }
        values
    }

    /// Says what a name stands for.
    pub fn set(&mut self, slot: Slot, value: impl Into<String>) {
        self.known.insert(slot, value.into());
    }

    /// The person's number, in each way it can be written.
    pub fn set_phone(&mut self, phone: PhoneNumber) {
        self.set(Slot::Phone, phone.to_string());
        self.set(Slot::PhoneNoPlus, phone.digits().to_string());
        self.set(Slot::PhoneNational, phone.national_digits());
    }

    /// Whether a field or a tag says who the person is.
    pub(super) fn is_identity(&self, name: &str) -> bool {
        is_identity_name(name) || self.identity.contains(name)
    }

    /// The texts that no log shows, the longest first.
    pub(super) fn hidden(&self) -> Vec<&str> {
        let known = self.known.iter().filter(|(slot, _)| slot.is_masked());
        let known = known.map(|(_, text)| text);
        let named = self.lead.iter().chain(&self.tags);
        let named = named.filter(|(name, _)| self.is_identity(name));
        let all = known.chain(named.map(|(_, text)| text));
        all.map(|text| text.trim()).collect()
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = self.known.keys().map(|slot| slot.word()).collect();
        f.debug_struct("Values")
            .field("known", &known)
            .field("tags", &self.tags.keys())
            .field("lead", &self.lead.keys())
            .finish_non_exhaustive()
    }
}
