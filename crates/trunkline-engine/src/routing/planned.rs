//! An opportunity on its way through its plan: what was decided, on which terms, and what was tried so far.

use std::collections::VecDeque;
use std::sync::Arc;

use trunkline_core::base::id::{
    AccountId, CallId, CampaignId, ContractId, ContractKind, FeedId, IdMap, OpportunityId,
};
use trunkline_core::base::{Callee, Money, Timestamp, Zone};
use trunkline_core::routing::{
    Attempt, Before, Comer, ContractTerms, Facts, FeedTerms, Known, LetIn, MostPrice,
    OpportunityKind, Outcome, Person, PriceBook, ReasonCode, Routes, TurnChange,
};

use super::bids::BidWon;
use crate::distribution::Market;
use crate::ports::routing::{Asked, AttemptRow, Opportunity, OpportunityRecord, Stock};

/// An opportunity that is to be planned.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its id.
    pub id: OpportunityId,
    /// The account.
    pub account: AccountId,
    /// Call or lead.
    pub kind: OpportunityKind,
    /// The call.
    pub call: Option<CallId>,
    /// What it is for.
    pub campaign: CampaignId,
    /// The feed it came through. One of another campaign counts as none: its publisher is paid for its own.
    pub feed: Option<FeedId>,
    /// Who it is.
    pub person: Person,
    /// What filters may ask; how often the person came before is added.
    pub asked: Asked,
    /// The least that a buyer must pay.
    pub floor: Option<Money>,
    /// Whether screening would refuse the caller. Whoever called has been screened before.
    pub unwanted: bool,
    /// When it came.
    pub came_at: Timestamp,
}

/// An opportunity that was planned.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The opportunity as it stands, with its plan and its trace.
    pub record: OpportunityRecord,
    /// What was tried so far, those that found no room among it.
    pub attempts: Vec<AttemptRow>,
    /// What it was let in with.
    pub let_in: LetIn,
    /// How often a buyer had it and gave it back.
    pub prior_connects: u32,
    pub(super) market: Arc<Market>,
    pub(super) routes: Option<Arc<Routes>>,
    pub(super) feed: Option<Arc<FeedTerms>>,
    pub(super) zone: Zone,
    pub(super) floor: Option<Money>,
    pub(super) unwanted: bool,
    pub(super) turns: Vec<TurnChange>,
    /// How many of the turns were taken.
    pub(super) turns_taken: usize,
    /// What was billed to contracts this month before.
    sold: IdMap<ContractKind, u32>,
    /// How many the feed was paid for this month before.
    paid: u32,
    /// The next attempt of the plan.
    pub(super) next: u16,
    /// Those of an attempt who could not ring beside the others, with its place in the plan.
    pub(super) beside: Option<(u16, Vec<ContractId>)>,
    /// What its publisher was promised when it is sold; what the terms of the feed say when nothing was.
    pub(super) quoted: Option<Money>,
    /// The attempt whose bid was given and is called now, by its place among those that were made, and where the buyer wants
    /// the call.
    pub(super) called: Option<(usize, Option<Callee>)>,
    /// From how many connected seconds on buyers pay, by their bids.
    asked_from_s: IdMap<ContractKind, u32>,
    /// What buyers call their bids.
    bid_names: IdMap<ContractKind, String>,
    /// Bids of an auction that were not tried yet, with its place in the plan.
    pub(super) bids: VecDeque<(u16, BidWon)>,
}

impl Planned {
    pub(super) fn new(wanted: Wanted, market: Arc<Market>, zone: Zone) -> Self {
        let campaign = market.campaign(wanted.campaign);
        let routes = campaign.and_then(|campaign| campaign.routes.clone());
        let plan_version = campaign.map(|campaign| campaign.plan_version);
        let feed = wanted.feed.and_then(|id| market.feed(id));
        let feed = feed.and_then(|feed| feed.terms.clone());
        let feed = feed.filter(|feed| feed.campaign == wanted.campaign);
        let opportunity = Opportunity {
            id: wanted.id,
            account: wanted.account,
            kind: wanted.kind,
            call: wanted.call,
            campaign: wanted.campaign,
            feed: feed.as_ref().map(|feed| feed.feed),
            publisher: feed.as_ref().map(|feed| feed.publisher),
            feed_version: feed.as_ref().map(|feed| feed.version),
            plan_version: plan_version.filter(|version| *version > 0),
            came_at: wanted.came_at,
            ended_at: None,
            reason: None,
            sold_to: None,
            currency: market.currency,
            revenue: None,
            payout: None,
            person: wanted.person,
        };
        let record = OpportunityRecord {
            opportunity,
            asked: wanted.asked,
            planned: Vec::new(),
            trace: Vec::new(),
            stopped_by: None,
        };
        Self {
            floor: wanted.floor,
            unwanted: wanted.unwanted,
            ..Self::at(record, Vec::new(), market, routes, feed, zone)
        }
    }

    /// As it stands in the store.
    pub(super) fn restored(
        record: OpportunityRecord,
        attempts: Vec<AttemptRow>,
        market: Arc<Market>,
        zone: Zone,
    ) -> Self {
        let opportunity = &record.opportunity;
        let campaign = market.campaign(opportunity.campaign);
        let routes = campaign.and_then(|campaign| campaign.routes.clone());
        let feed = opportunity.feed.and_then(|id| market.feed(id));
        let feed = feed.and_then(|feed| feed.terms.clone());
        // What is written of an open one is what was promised.
        let open = opportunity.ended_at.is_none();
        let quoted = opportunity.payout.filter(|_| open);
        Self {
            quoted,
            ..Self::at(record, attempts, market, routes, feed, zone)
        }
    }

    fn at(
        record: OpportunityRecord,
        attempts: Vec<AttemptRow>,
        market: Arc<Market>,
        routes: Option<Arc<Routes>>,
        feed: Option<Arc<FeedTerms>>,
        zone: Zone,
    ) -> Self {
        Self {
            record,
            attempts,
            let_in: LetIn::default(),
            prior_connects: 0,
            market,
            routes,
            feed,
            zone,
            floor: None,
            unwanted: false,
            turns: Vec::new(),
            turns_taken: 0,
            sold: IdMap::default(),
            paid: 0,
            next: 0,
            beside: None,
            quoted: None,
            called: None,
            asked_from_s: IdMap::default(),
            bid_names: IdMap::default(),
            bids: VecDeque::new(),
        }
    }

    /// What was sold and paid this month before.
    pub(super) fn count(&mut self, stock: &Stock) {
        self.sold = stock.sold.iter().copied().collect();
        let feed = self.record.opportunity.feed;
        let mut paid = stock.paid.iter();
        self.paid = paid
            .find(|(id, _)| Some(*id) == feed)
            .map_or(0, |(_, times)| *times);
    }

    /// Who it is, and how they came.
    #[must_use]
    pub fn comer(&self) -> Comer {
        let opportunity = &self.record.opportunity;
        Comer {
            opportunity: opportunity.id,
            person: opportunity.person,
            campaign: opportunity.campaign,
            feed: opportunity.feed.unwrap_or(FeedId::from_raw(0)),
        }
    }

    /// What is known of it.
    #[must_use]
    pub fn known(&self) -> Known<'_> {
        let OpportunityRecord {
            opportunity, asked, ..
        } = &self.record;
        Known {
            kind: opportunity.kind,
            tags: &asked.tags,
            phone: opportunity.person.phone,
            phone_sha256: opportunity.person.phone_sha256,
            email_sha256: opportunity.person.email_sha256,
            zip: asked.zip.as_deref(),
            state: asked.state.as_deref(),
            country: asked.country,
            source: asked.source.as_ref(),
            score: asked.score,
            attestation: asked.attestation,
            times_before: asked.times_before,
        }
    }

    /// What filters and prices may ask; clocks show the moment at which it came.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts::of(&self.known(), &self.zone, self.record.opportunity.came_at)
    }

    /// From how many connected seconds on the publisher is paid by the terms of its feed.
    #[must_use]
    pub fn paid_from_s(&self) -> u32 {
        let payout = self.feed.as_ref().and_then(|feed| feed.payout.as_ref());
        let from_ms = payout.map_or(0, PriceBook::billable_from_ms);
        u32::try_from(from_ms / 1_000).unwrap_or(u32::MAX)
    }

    /// The plan made ready that it goes through; `None` when its campaign has none.
    #[must_use]
    pub const fn routes(&self) -> Option<&Arc<Routes>> {
        self.routes.as_ref()
    }

    /// The terms of its feed.
    #[must_use]
    pub const fn feed(&self) -> Option<&Arc<FeedTerms>> {
        self.feed.as_ref()
    }

    /// The market it was planned in.
    #[must_use]
    pub const fn market(&self) -> &Arc<Market> {
        &self.market
    }

    /// The terms of a contract, as they were when it was planned.
    #[must_use]
    pub fn terms(&self, contract: ContractId) -> Option<Arc<ContractTerms>> {
        let planned = self.routes.as_ref().and_then(|r| r.terms(contract));
        let now = || self.market.contract(contract)?.terms.as_ref();
        planned.or_else(now).cloned()
    }

    /// What the buyer of a contract would pay at most, and whether it would not pay because it had the person before.
    #[must_use]
    pub fn price(&self, contract: ContractId) -> (Option<Money>, bool) {
        let mut lines = self.record.trace.iter();
        let line = lines.find(|line| line.contract == contract);
        match line.map(|line| line.outcome) {
            Some(Outcome::Eligible { price, unpaid, .. }) => {
                (price.map(|MostPrice { amount, .. }| amount), unpaid)
            }
            Some(Outcome::Refused(_)) | None => (None, false),
        }
    }

    /// What the publisher may come to be paid at most, when a buyer pays `revenue`; `None` when nothing or nobody knows.
    #[must_use]
    pub fn payout(&self, revenue: Option<Money>) -> Option<Money> {
        if self.let_in.unpaid.is_some() {
            return None;
        }
        let feed = self.feed.as_ref()?;
        let before = Before {
            bid: None,
            other: revenue,
            sold: self.paid,
        };
        let came_at = self.record.opportunity.came_at;
        let quote = feed.payout.as_ref()?.quote(&self.facts(), came_at, &before);
        quote?.most
    }

    /// A buyer bid, and pays from so many connected seconds on.
    pub(super) fn asks_from(&mut self, contract: ContractId, seconds: Option<u32>) {
        if let Some(seconds) = seconds {
            self.asked_from_s.insert(contract, seconds);
        }
    }

    /// From how many connected seconds on a buyer pays by its bid; its contract may say more.
    #[must_use]
    pub fn asked_from_s(&self, contract: ContractId) -> u32 {
        self.asked_from_s.get(&contract).copied().unwrap_or(0)
    }

    /// A buyer bid, and calls its bid so.
    pub(super) fn names_bid(&mut self, contract: ContractId, name: Option<String>) {
        if let Some(name) = name {
            self.bid_names.insert(contract, name);
        }
    }

    /// What a buyer calls its bid.
    pub(super) fn bid_name(&self, contract: ContractId) -> Option<&str> {
        self.bid_names.get(&contract).map(String::as_str)
    }

    /// How many a contract was billed for this month before.
    #[must_use]
    pub fn sold(&self, contract: ContractId) -> u32 {
        self.sold.get(&contract).copied().unwrap_or(0)
    }

    /// How many the feed was paid for this month before.
    #[must_use]
    pub const fn paid(&self) -> u32 {
        self.paid
    }

    /// Whether more is to be tried after what is tried now.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let waits = !self.bids.is_empty() || self.beside.is_some() || self.called.is_some();
        waits || usize::from(self.next) < self.record.planned.len()
    }

    /// The next attempt of the plan with its place; each is given once.
    pub fn next_attempt(&mut self) -> Option<(u16, Attempt)> {
        let place = self.next;
        let attempt = self.record.planned.get(usize::from(place))?.clone();
        self.next += 1;
        Some((place, attempt))
    }

    /// Its plan has come to its end, and nobody has it.
    pub fn run_out(&mut self, at: Timestamp) {
        let reason = self.why_unsold(false);
        self.close(Some(reason), at);
    }

    /// Nothing more is tried; why it was not sold.
    pub fn close(&mut self, reason: Option<ReasonCode>, at: Timestamp) {
        let opportunity = &mut self.record.opportunity;
        opportunity.ended_at = Some(at);
        opportunity.reason = reason;
    }
}
