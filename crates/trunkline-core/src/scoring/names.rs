//! The names of the product's own features, each with the moment at which it is known.
//!
//! A new feature is a line here, a line in `catalogue.rs`, and how it reads in `sentence.rs`.

use super::features::Name;
use super::moment::{AfterCall, DialIn, Posted, Visit};

macro_rules! names {
    ($($moment:ident $group:literal { $($(#[$doc:meta])* $name:ident = $word:literal),* $(,)? })*) => {
        $($(
            $(#[$doc])*
            pub const $name: Name<'static, $moment> = Name::new($group, $word);
        )*)*
    };
}

names! {
    Visit "visit" {
        /// The broad way the visitor came.
        CHANNEL = "channel",
        /// The source's medium.
        MEDIUM = "medium",
        /// The source.
        SOURCE = "source",
        /// The advertiser's campaign.
        AD_CAMPAIGN = "ad_campaign",
        /// The keyword.
        KEYWORD = "keyword",
        /// Pages looked at.
        PAGES = "pages",
        /// Seconds on the site.
        ON_SITE_SECONDS = "on_site_seconds",
        /// Taps on a number.
        TAPS = "taps",
        /// Kind of device.
        DEVICE = "device",
        /// Visits before this one.
        VISITS_BEFORE = "visits_before",
        /// Whether a page for people who want to get in touch was among them.
        CONTACT_PAGE = "contact_page",
    }
    DialIn "call" {
        /// State or country of the caller's number.
        CALLER_AREA = "caller_area",
        /// How the caller's area lies to the visitor's.
        NEARNESS = "nearness",
        /// What the carrier vouches for.
        ATTESTATION = "attestation",
        /// Hour of the day in the account's zone.
        CALL_HOUR = "hour",
        /// Day of the week there.
        CALL_WEEKDAY = "weekday",
        /// Calls of the same caller before.
        CALLS_BEFORE = "calls_before",
        /// Whether somebody answered the caller before.
        KNOWN_CALLER = "known_caller",
        /// Points of screening.
        SCREENING_POINTS = "screening_points",
        /// The probability that the call belongs to the visit whose features these are.
        CREDIT = "credit",
    }
    Posted "lead" {
        /// State or province.
        LEAD_STATE = "state",
        /// Hour of the day in the account's zone.
        LEAD_HOUR = "hour",
        /// Day of the week there.
        LEAD_WEEKDAY = "weekday",
        /// Share of the campaign's fields that are filled in.
        COMPLETENESS = "completeness",
        /// Characters of everything that was written freely.
        TEXT_LENGTH = "text_length",
        /// Words of it.
        TEXT_WORDS = "text_words",
        /// Which proof of consent there is.
        CONSENT = "consent",
        /// Seconds from the consent to the lead.
        CONSENT_AGE_SECONDS = "consent_age_seconds",
        /// Leads of the same person before.
        LEADS_BEFORE = "leads_before",
    }
    Visit "traffic" {
        /// The feed.
        FEED = "feed",
        /// The publisher.
        PUBLISHER = "publisher",
        /// The campaign.
        CAMPAIGN = "campaign",
    }
    AfterCall "after" {
        /// How long caller and destination talked.
        TALK_SECONDS = "talk_seconds",
        /// What came of the call.
        RESULT = "result",
        /// What the buyer said of it.
        DISPOSITION = "disposition",
    }
    Visit "remote" {
        /// How much somebody wants something, as the remote model reads it.
        REMOTE_INTENT = "intent",
        /// How well the campaign fits, as it reads it.
        REMOTE_FIT = "fit",
        /// Whether it takes it for spam.
        REMOTE_SPAM = "spam",
        /// Whether it is about the campaign's trade.
        REMOTE_MATCH = "vertical_match",
        /// Whether it saw an attempt to instruct it.
        REMOTE_INJECTION = "injection_seen",
    }
}

/// The group of what callers answered in a call flow, by the names of its tags.
pub const ANSWER: &str = "answer";
/// The group of a lead's fields, by their names.
pub const FIELD: &str = "field";
