//! Who is asked in an attempt of a plan that is an auction, what they are told, and what is written down of their answers.
//!
//! A ping never says who the person is, unless the buyer's endpoint may be told: hashes stand in the place of numbers and
//! addresses. Whoever is asked and answers too late is written down all the same.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;
use trunkline_core::base::{Country, Money, Timestamp};
use trunkline_core::routing::delivery::{Slot, Step, Values};
use trunkline_core::routing::{
    AuctionTerms, Before, BidOutcome, ContractTerms, Facts, LEGS_MAX, Level, OpportunityKind,
    ReasonCode,
};

use super::auction::{Ask, BidLine, Bidder, Fate, Held, hold};
use super::bids::{BidWon, Bidders};
use super::planned::Planned;
use crate::clock::Moment;
use crate::distribution::Reach;
use crate::ports::bids::{BidRow, SAID_MAX};
use crate::ports::buyers::BuyerRequest;
use crate::ports::{Bids, Buyers};
use crate::posting::name_parties;

/// Asks buyers' servers for bids, and keeps what they answered.
pub struct Auctions {
    moment: Moment,
    buyers: Arc<dyn Buyers>,
    bids: Arc<dyn Bids>,
    home: Country,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asking {
    /// The attempt of the plan, which is an auction.
    pub attempt: u16,
    /// When it began.
    pub began: Instant,
    /// The longest it may take, in milliseconds; its own rules may say less.
    pub deadline_ms: u32,
    /// The least that the publisher takes.
    pub publisher_floor: Option<Money>,
}

/// What came of asking.
#[derive(Debug)]
pub struct Auctioned {
    /// Bids that may be taken, the best first; or why there is none.
    pub won: Result<Vec<BidWon>, ReasonCode>,
    /// What came of each bidder, to be stored.
    pub rows: Vec<BidRow>,
    /// Whoever may still answer.
    late: Late,
}

/// Bidders who may still answer, with what is written down of them.
#[derive(Debug)]
struct Late {
    held: super::auction::Outstanding,
    rows: Vec<BidRow>,
}

impl Auctions {
    /// Over buyers' servers and stored bids. Numbers without a country code are at `home`.
    #[must_use]
    pub fn new(
        moment: Moment,
        buyers: Arc<dyn Buyers>,
        bids: Arc<dyn Bids>,
        home: Country,
    ) -> Arc<Self> {
        Arc::new(Self {
            moment,
            buyers,
            bids,
            home,
        })
    }

    /// Asks everybody in an attempt at the same time. Nothing is stored yet: see [`Auctions::keep`] and
    /// [`Auctions::keep_late`].
    pub async fn auction(&self, planned: &Planned, asking: &Asking) -> Auctioned {
        let now = self.moment.now();
        let attempt = planned.record.planned.get(usize::from(asking.attempt));
        let contracts = attempt.map_or(&[][..], |attempt| attempt.contracts());
        let group = attempt.and_then(trunkline_core::routing::Attempt::group);
        let routes = planned.routes();
        let auction = routes.and_then(|routes| routes.auction(group?));
        let Some(auction) = auction else {
            return Auctioned::nothing(ReasonCode::NoCandidate);
        };
        let facts = planned.facts();
        let deadline_ms = asking.deadline_ms.min(auction.timeout_ms());
        let terms = AuctionTerms {
            facts: &facts,
            floor: planned.floor,
            publisher_floor: asking.publisher_floor,
            deadline_ms,
            min_seconds: planned.paid_from_s(),
        };
        let told = told(planned);
        let asked: Vec<Arc<ContractTerms>> = contracts
            .iter()
            .filter_map(|contract| planned.terms(*contract))
            .collect();
        let bidders = asked
            .iter()
            .map(|terms| self.bidder(planned, terms, &facts, &told, now))
            .collect();
        let held = hold(&self.buyers, auction, bidders, &terms, asking.began).await;
        let row = |(line, terms): (&BidLine, &Arc<ContractTerms>)| {
            row_of(planned, asking.attempt, line, terms, &held, now)
        };
        let rows: Vec<BidRow> = held.lines.iter().zip(&asked).map(row).collect();
        let won = won(&held);
        Auctioned {
            won,
            late: Late {
                held: held.outstanding,
                rows: rows.clone(),
            },
            rows,
        }
    }

    /// Who a contract is in an auction, and what its server is asked.
    fn bidder(
        &self,
        planned: &Planned,
        terms: &ContractTerms,
        facts: &Facts<'_>,
        told: &Values,
        now: Timestamp,
    ) -> Bidder {
        let parties = &terms.parties;
        let (most, unpaid) = planned.price(parties.contract);
        let zero = Money::zero(terms.currency);
        let price = if unpaid {
            Some(zero)
        } else if bids(planned, terms, facts) {
            None
        } else {
            most
        };
        let is_call = planned.record.opportunity.kind == OpportunityKind::Call;
        let book = terms.price.as_ref();
        let from_ms = book.map_or(0, |book| book.value.billable_from_ms());
        Bidder {
            contract: parties.contract,
            company: parties.company,
            priority: terms.priority.value,
            weight: terms.weight.value,
            bid_max: terms.bid_max.map(|most| most.value),
            legs_max: if is_call { 1 } else { LEGS_MAX },
            min_seconds: u32::try_from(from_ms / 1_000).unwrap_or(u32::MAX),
            price,
            ask: self.ask(planned, terms, told, unpaid, now),
        }
    }

    /// What the server of a contract is asked; nothing when it has none that is asked for bids.
    fn ask(
        &self,
        planned: &Planned,
        terms: &ContractTerms,
        told: &Values,
        unpaid: bool,
        now: Timestamp,
    ) -> Option<Box<Ask>> {
        let opportunity = &planned.record.opportunity;
        let parties = &terms.parties;
        let Reach::Server { endpoint, secrets } = planned.market().reach(parties.destination)?
        else {
            return None;
        };
        if !endpoint.has(Step::Ping) {
            return None;
        }
        let mut values = told.clone();
        name_parties(&mut values, terms, unpaid);
        let own = endpoint.timeout_ms(Step::Ping, opportunity.kind);
        let timeout_ms = match terms.bid_timeout_ms.from {
            Level::Default => own,
            _ => own.min(terms.bid_timeout_ms.value),
        };
        Some(Box::new(Ask {
            request: BuyerRequest {
                destination: parties.destination,
                opportunity: opportunity.id,
                endpoint: Arc::clone(endpoint),
                values,
                secrets: Arc::clone(secrets),
                currency: opportunity.currency,
                bid_max: terms.bid_max.map(|most| most.value),
                home: self.home,
                now,
            },
            timeout_ms,
        }))
    }

    /// Stores what came of asking, and waits for those who are late, while nobody waits for it.
    pub fn keep(self: &Arc<Self>, auctioned: Auctioned) {
        let bids = Arc::clone(&self.bids);
        tokio::spawn(async move {
            put(bids.as_ref(), &auctioned.rows).await;
            auctioned.late.keep(bids.as_ref()).await;
        });
    }

    /// Waits for those who are late, while nobody waits for it; what came of the others is stored already.
    pub fn keep_late(self: &Arc<Self>, auctioned: Auctioned) {
        if auctioned.late.held.is_empty() {
            return;
        }
        let bids = Arc::clone(&self.bids);
        tokio::spawn(async move { auctioned.late.keep(bids.as_ref()).await });
    }
}

/// Asks for a call while its caller hears it ring, and for a lead's post.
pub struct AskBidders(pub Arc<Auctions>);

#[async_trait]
impl Bidders for AskBidders {
    async fn ask(&self, planned: &mut Planned, attempt: u16) -> Vec<BidWon> {
        let asking = Asking {
            attempt,
            began: Instant::now(),
            deadline_ms: u32::MAX,
            publisher_floor: None,
        };
        let mut auctioned = self.0.auction(planned, &asking).await;
        let won = std::mem::replace(&mut auctioned.won, Err(ReasonCode::NoCandidate));
        for row in &auctioned.rows {
            planned.asks_from(row.contract, row.min_seconds);
        }
        self.0.keep(auctioned);
        let won = won.unwrap_or_default();
        for bid in &won {
            planned.names_bid(bid.contract, bid.name.clone());
        }
        won
    }
}

impl Auctioned {
    fn nothing(reason: ReasonCode) -> Self {
        Self {
            won: Err(reason),
            rows: Vec::new(),
            late: Late {
                held: super::auction::Outstanding::default(),
                rows: Vec::new(),
            },
        }
    }
}

impl Late {
    async fn keep(mut self, bids: &dyn Bids) {
        while let Some((place, line)) = self.held.next().await {
            let Some(row) = self.rows.get_mut(place) else {
                continue;
            };
            row.latency_ms = line.latency_ms;
            row.amount = line.amount;
            row.reason = line.fate.reason();
            say(row, &line);
            put(bids, std::slice::from_ref(row)).await;
        }
    }
}

async fn put(bids: &dyn Bids, rows: &[BidRow]) {
    if let Err(error) = bids.put_bids(rows).await {
        metrics::counter!("trunkline_bids_not_kept_total")
            .increment(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        tracing::warn!(%error, "what buyers bid is not kept");
    }
}

/// Whether a contract pays what it bids.
fn bids(planned: &Planned, terms: &ContractTerms, facts: &Facts<'_>) -> bool {
    let before = Before {
        bid: None,
        other: planned.payout(None),
        sold: planned.sold(terms.parties.contract),
    };
    let came_at = planned.record.opportunity.came_at;
    let book = terms.price.as_ref();
    let quote = book.and_then(|book| book.value.quote(facts, came_at, &before));
    quote.is_some_and(|quote| quote.is_bid)
}

/// What everybody is told of an opportunity.
pub(super) fn told(planned: &Planned) -> Values {
    let opportunity = &planned.record.opportunity;
    let mut values = Values::of(&planned.known());
    values.set(Slot::OpportunityId, opportunity.id.to_string());
    values.set(Slot::CampaignId, opportunity.campaign.to_string());
    values.set(Slot::CreatedAt, opportunity.came_at.to_rfc3339());
    let tags = &planned.record.asked.tags;
    for (slot, id) in [
        (Slot::CallId, opportunity.call.map(|id| id.to_string())),
        (Slot::FeedId, opportunity.feed.map(|id| id.to_string())),
        (
            Slot::PublisherId,
            opportunity.publisher.map(|id| id.to_string()),
        ),
        (Slot::SubId, tags.get("sub_id").cloned()),
        (Slot::ConsentType, tags.get("consent_type").cloned()),
        (Slot::ConsentId, tags.get("consent_id").cloned()),
        (Slot::ConsentUrl, tags.get("consent_url").cloned()),
    ] {
        if let Some(text) = id {
            values.set(slot, text);
        }
    }
    values
}

/// The bids that may be taken, the best first.
fn won(held: &Held) -> Result<Vec<BidWon>, ReasonCode> {
    let sale = held.sale.as_ref().map_err(|reason| *reason)?;
    let places = sale.legs.iter().chain(&sale.next);
    let bid = |place: &usize| {
        let line = held.lines.get(*place)?;
        let amount = match line.fate {
            Fate::Bid(BidOutcome::Won { pays }) if !line.by_contract => pays,
            _ => line.amount?,
        };
        Some(BidWon {
            contract: line.contract,
            amount,
            to: line.said.deliver_to.callee(),
            name: line.said.id.clone(),
            offer: Some(sale.offer),
            min_seconds: sale.min_seconds,
            expires_at: line.said.expires_at,
        })
    };
    Ok(places.filter_map(bid).collect())
}

/// What is stored of a bidder.
fn row_of(
    planned: &Planned,
    attempt: u16,
    line: &BidLine,
    terms: &ContractTerms,
    held: &Held,
    at: Timestamp,
) -> BidRow {
    let opportunity = &planned.record.opportunity;
    let lost = line.fate == Fate::Unanswered && held.closed_early;
    let reason = if lost {
        Some(ReasonCode::AuctionLost)
    } else {
        line.fate.reason()
    };
    let mut row = BidRow {
        opportunity: opportunity.id,
        attempt,
        contract: line.contract,
        account: opportunity.account,
        buyer: terms.parties.buyer,
        destination: terms.parties.destination,
        asked_at: at,
        latency_ms: line.latency_ms,
        amount: line.amount,
        currency: opportunity.currency,
        reason,
        next: match line.fate {
            Fate::Bid(BidOutcome::Next { place }) => Some(place),
            _ => None,
        },
        name: None,
        said: None,
        min_seconds: None,
    };
    say(&mut row, line);
    row
}

fn say(row: &mut BidRow, line: &BidLine) {
    let short = |text: &String| text.chars().take(SAID_MAX).collect();
    row.name = line.said.id.as_ref().map(short);
    row.said = line.said.reason.as_ref().map(short);
    row.min_seconds = line.said.min_seconds;
}
