//! The chart of books: which there are, whose they are, and which side makes them more.

use std::fmt;

use crate::base::id::{BuyerId, PublisherId, TrunkId};
use crate::base::words;

words! {
    /// A book. What is booked twice, once on each side, is always in two of these.
    Book {
        /// What a buyer owes.
        BuyerReceivable = "buyer_receivable",
        /// What a buyer paid ahead and has not spent.
        BuyerWallet = "buyer_wallet",
        /// What a publisher earned and has not been paid.
        PublisherPayable = "publisher_payable",
        /// What a carrier is owed for minutes.
        CarrierPayable = "carrier_payable",
        /// What services for look-ups, transcripts and scores are owed.
        ServicePayable = "service_payable",
        /// What was received and paid.
        Cash = "cash",
        /// What calls and leads were sold for.
        Revenue = "revenue",
        /// What publishers are paid for them.
        Payout = "payout",
        /// What the minutes cost.
        TelephonyCost = "telephony_cost",
        /// What was looked up, written down or scored.
        EnrichmentCost = "enrichment_cost",
        /// What was given or taken by hand, outside every rule.
        Adjustments = "adjustments",
        /// What rounding an invoice to cents left over.
        Rounding = "rounding",
    }
}

words! {
    /// A side of a book. An amount on the debit side is positive in an entry, one on the credit side negative.
    BookSide {
        /// The left one: what is there, what is owed to us, what was spent.
        Debit = "debit",
        /// The right one: what we owe, what was earned.
        Credit = "credit",
    }
}

/// Whose book it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The account's own.
    House,
    /// A buyer's.
    Buyer(BuyerId),
    /// A publisher's.
    Publisher(PublisherId),
    /// That of the carrier behind a trunk.
    Carrier(TrunkId),
}

words! {
    /// What kind of party a book is kept for.
    PartyKind {
        /// For the account itself.
        House = "house",
        /// For each buyer.
        Buyer = "buyer",
        /// For each publisher.
        Publisher = "publisher",
        /// For each carrier.
        Carrier = "carrier",
    }
}

impl Party {
    /// What kind it is.
    #[must_use]
    pub const fn kind(self) -> PartyKind {
        match self {
            Self::House => PartyKind::House,
            Self::Buyer(_) => PartyKind::Buyer,
            Self::Publisher(_) => PartyKind::Publisher,
            Self::Carrier(_) => PartyKind::Carrier,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::House => f.write_str("house"),
            Self::Buyer(id) => id.fmt(f),
            Self::Publisher(id) => id.fmt(f),
            Self::Carrier(id) => id.fmt(f),
        }
    }
}

impl Book {
    /// The side that makes it more.
    #[must_use]
    pub const fn grows_on(self) -> BookSide {
        match self {
            Self::BuyerReceivable
            | Self::Cash
            | Self::Payout
            | Self::TelephonyCost
            | Self::EnrichmentCost
            | Self::Adjustments
            | Self::Rounding => BookSide::Debit,
            Self::BuyerWallet
            | Self::PublisherPayable
            | Self::CarrierPayable
            | Self::ServicePayable
            | Self::Revenue => BookSide::Credit,
        }
    }

    /// For whom it is kept.
    #[must_use]
    pub const fn kept_for(self) -> PartyKind {
        match self {
            Self::BuyerReceivable | Self::BuyerWallet => PartyKind::Buyer,
            Self::PublisherPayable => PartyKind::Publisher,
            Self::CarrierPayable => PartyKind::Carrier,
            Self::ServicePayable
            | Self::Cash
            | Self::Revenue
            | Self::Payout
            | Self::TelephonyCost
            | Self::EnrichmentCost
            | Self::Adjustments
            | Self::Rounding => PartyKind::House,
        }
    }

    /// Whether it tells how much was earned or spent, and not what is there or owed.
    #[must_use]
    pub const fn is_result(self) -> bool {
        match self {
            Self::Revenue
            | Self::Payout
            | Self::TelephonyCost
            | Self::EnrichmentCost
            | Self::Adjustments
            | Self::Rounding => true,
            Self::BuyerReceivable
            | Self::BuyerWallet
            | Self::PublisherPayable
            | Self::CarrierPayable
            | Self::ServicePayable
            | Self::Cash => false,
        }
    }

    /// What it means when it is more, for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::BuyerReceivable => "The buyer owes this and will be invoiced.",
            Self::BuyerWallet => "The buyer paid this ahead and has not spent it.",
            Self::PublisherPayable => "The publisher earned this and has not been paid.",
            Self::CarrierPayable => "The carrier is owed this for minutes.",
            Self::ServicePayable => "Services for look-ups, transcripts and scores are owed this.",
            Self::Cash => "This was received and has not been paid out.",
            Self::Revenue => "Calls and leads were sold for this.",
            Self::Payout => "Publishers are paid this for calls and leads.",
            Self::TelephonyCost => "The minutes of calls cost this.",
            Self::EnrichmentCost => "Look-ups, transcripts and scores cost this.",
            Self::Adjustments => "This was given by hand, outside every rule.",
            Self::Rounding => "Rounding invoices to cents cost this.",
        }
    }
}
