//! Why an opportunity or one contract was refused: one closed list of codes, each with a sentence for people.
//!
//! The words are for machines of partners and stay for ever; the sentences are for people and say what happened. The
//! numbers that were compared are not here but in the trace.

use crate::base::words;
use crate::lead::RefusalCode;

words! {
    /// Why an opportunity was not taken, or why a contract was not offered it. Members stand in the order in which they
    /// are asked.
    ReasonCode {
        /// No feed has this key.
        BadKey = "BAD_KEY",
        /// The feed is paused.
        FeedPaused = "FEED_PAUSED",
        /// The campaign is paused.
        CampaignPaused = "CAMPAIGN_PAUSED",
        /// The feed asked too often.
        RateLimited = "RATE_LIMITED",
        /// A field that must be there is not.
        MissingField = "MISSING_FIELD",
        /// A field has a value that cannot be.
        InvalidField = "INVALID_FIELD",
        /// No valid proof of consent.
        ConsentMissing = "CONSENT_MISSING",
        /// The number is on a do-not-call list.
        DoNotCall = "DNC",
        /// The number belongs to somebody who is known to sue.
        Litigator = "LITIGATOR",
        /// The carrier vouches for the number less than is asked for.
        AttestationLow = "ATTESTATION_LOW",
        /// Screening refused the caller.
        Blocked = "BLOCKED",
        /// The feed is outside its hours.
        FeedClosed = "FEED_CLOSED",
        /// A cap of the feed is reached.
        FeedCapped = "FEED_CAPPED",
        /// No number of the feed is free for a call to come.
        NoNumber = "NO_NUMBER",
        /// The campaign had the same person before.
        Duplicate = "DUPLICATE",
        /// The contract, or what it belongs to, is paused.
        ContractPaused = "CONTRACT_PAUSED",
        /// The contract is outside its hours, or too near to their end.
        ContractClosed = "CONTRACT_CLOSED",
        /// A filter does not let it through.
        FilterMismatch = "FILTER_MISMATCH",
        /// The buyer had the same person before.
        BuyerDuplicate = "BUYER_DUPLICATE",
        /// The buyer's suppression list has it.
        Suppressed = "SUPPRESSED",
        /// It was connected more often already than the contract accepts.
        PriorConnects = "PRIOR_CONNECTS",
        /// No price rule fits.
        NoPrice = "NO_PRICE",
        /// The buyer's balance does not cover the price.
        BalanceLow = "BALANCE_LOW",
        /// A cap is reached.
        CapReached = "CAP_REACHED",
        /// A cap that is spread over the day has no room yet.
        CapPaced = "CAP_PACED",
        /// Every place for calls at the same time is taken.
        ConcurrencyFull = "CONCURRENCY_FULL",
        /// The price is below what is asked for.
        BelowFloor = "BELOW_FLOOR",
        /// A weight of zero, with others beside it.
        WeightZero = "WEIGHT_ZERO",
        /// The endpoint failed too often and rests.
        BreakerOpen = "BREAKER_OPEN",
        /// The buyer answered and does not want it.
        NoBid = "NO_BID",
        /// The buyer's answer cannot be read as a bid.
        BidInvalid = "BID_INVALID",
        /// The buyer's answer came after the auction.
        BidLate = "BID_LATE",
        /// The buyer did not answer in time.
        TimedOut = "TIMED_OUT",
        /// Another bid was better.
        AuctionLost = "AUCTION_LOST",
        /// What would be left after the promised payout is too little.
        MarginLow = "MARGIN_LOW",
        /// No contract could take it.
        NoCandidate = "NO_CANDIDATE",
        /// Whoever could take it was asked, and nobody did.
        NotTaken = "NOT_TAKEN",
        /// The caller hung up before anybody took the call.
        CallerLeft = "CALLER_LEFT",
        /// The destination cannot be reached in the way that it is set up.
        Unreachable = "UNREACHABLE",
        /// The post differs from its ping.
        PingMismatch = "PING_MISMATCH",
        /// The bid or the ping is not valid any more.
        Expired = "EXPIRED",
        /// The buyer refused what was posted.
        BuyerRejected = "BUYER_REJECTED",
        /// Something of ours failed.
        SystemError = "SYSTEM_ERROR",
    }
}

/// What was refused before routing is refused for the reason of the same word.
impl From<RefusalCode> for ReasonCode {
    fn from(code: RefusalCode) -> Self {
        match code {
            RefusalCode::MissingField => Self::MissingField,
            RefusalCode::InvalidField => Self::InvalidField,
            RefusalCode::ConsentMissing => Self::ConsentMissing,
            RefusalCode::PingMismatch => Self::PingMismatch,
            RefusalCode::Expired => Self::Expired,
        }
    }
}

impl ReasonCode {
    /// What happened, as a sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::BadKey => "The key belongs to no feed.",
            Self::FeedPaused => "The feed is paused.",
            Self::CampaignPaused => "The campaign is paused.",
            Self::RateLimited => "The feed asks more often than it may.",
            Self::MissingField => "A field that is required is missing.",
            Self::InvalidField => "A field has a value that it cannot have.",
            Self::ConsentMissing => "There is no valid proof of consent.",
            Self::DoNotCall => "The number is on a do-not-call list.",
            Self::Litigator => "The number is on the list of people who sue over calls.",
            Self::AttestationLow => "The carrier vouches for the caller's number too little.",
            Self::Blocked => "Screening refused the caller.",
            Self::FeedClosed => "The feed is outside its hours.",
            Self::FeedCapped => "A cap of the feed is reached.",
            Self::NoNumber => "The feed has no number that is free for the call.",
            Self::Duplicate => "The campaign had the same person before.",
            Self::ContractPaused => "The contract, or what it belongs to, is paused.",
            Self::ContractClosed => "The contract is outside its hours, or too near to their end.",
            Self::FilterMismatch => "A filter of the contract does not let it through.",
            Self::BuyerDuplicate => "The buyer had the same person before.",
            Self::Suppressed => "It is on a list that the buyer does not want.",
            Self::PriorConnects => "It was connected before more often than the contract accepts.",
            Self::NoPrice => "No price rule of the contract fits.",
            Self::BalanceLow => "The buyer's balance does not cover the price.",
            Self::CapReached => "A cap is reached.",
            Self::CapPaced => "A cap is spread over the day and has no room yet.",
            Self::ConcurrencyFull => "The most calls at the same time are reached.",
            Self::BelowFloor => "The price is below what is asked for.",
            Self::WeightZero => "The contract has a weight of zero, and others could take it.",
            Self::BreakerOpen => {
                "The buyer's endpoint failed too often and is left alone for a while."
            }
            Self::NoBid => "The buyer answered and does not want it.",
            Self::BidInvalid => "The buyer's answer could not be read as a bid.",
            Self::BidLate => "The buyer's answer came after the auction was over.",
            Self::TimedOut => "The buyer did not answer in time.",
            Self::AuctionLost => "Another bid was better.",
            Self::MarginLow => "Too little would be left after what was promised to the publisher.",
            Self::NoCandidate => "No contract could take it.",
            Self::NotTaken => "Everybody who could take it was asked, and nobody did.",
            Self::CallerLeft => "The caller hung up before anybody took the call.",
            Self::Unreachable => "The destination cannot be reached as it is set up.",
            Self::PingMismatch => "What was posted differs from what was pinged.",
            Self::Expired => "The bid or the ping is not valid any more.",
            Self::BuyerRejected => "The buyer refused what was posted.",
            Self::SystemError => "Something on this server failed.",
        }
    }

    /// Whether it is about one contract, with others that may still take the opportunity.
    #[must_use]
    pub const fn is_about_a_contract(self) -> bool {
        matches!(
            self,
            Self::ContractPaused
                | Self::ContractClosed
                | Self::FilterMismatch
                | Self::BuyerDuplicate
                | Self::Suppressed
                | Self::PriorConnects
                | Self::NoPrice
                | Self::BalanceLow
                | Self::CapReached
                | Self::CapPaced
                | Self::ConcurrencyFull
                | Self::BelowFloor
                | Self::WeightZero
                | Self::BreakerOpen
                | Self::NoBid
                | Self::BidInvalid
                | Self::BidLate
                | Self::TimedOut
                | Self::AuctionLost
                | Self::MarginLow
                | Self::Unreachable
                | Self::BuyerRejected
        )
    }
}
