//! An auction: everybody who may bid is asked at the same time, and the core says what came of it.
//!
//! There is one deadline for all, counted from the auction's beginning. It ends before when nothing that may still be bid can
//! change who wins. Whoever answers behind its end is written down as late and never used: [`Held::outstanding`] has those,
//! for whoever keeps the log. Nothing here waits for anything but bids.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use trunkline_core::base::id::{BuyerId, ContractId};
use trunkline_core::base::{Money, Timestamp};
use trunkline_core::routing::delivery::{BreakerState, DeliverTo};
use trunkline_core::routing::{
    Auction, AuctionResult, AuctionTerms, Bid, BidOutcome, ReasonCode, Sale,
};

use crate::ports::Buyers;
use crate::ports::buyers::{BuyerOutcome, BuyerReport, BuyerRequest};

/// Somebody who may bid.
#[derive(Debug, Clone)]
pub struct Bidder {
    /// The contract.
    pub contract: ContractId,
    /// The buyer that stands for the company.
    pub company: BuyerId,
    /// The smaller wins a tie.
    pub priority: i32,
    /// The larger wins a tie of priorities.
    pub weight: u32,
    /// The most that is believed of it.
    pub bid_max: Option<Money>,
    /// Among how many buyers at most it takes a lead.
    pub legs_max: u8,
    /// From how many seconds on it pays by its contract; its answer may ask for more.
    pub min_seconds: u32,
    /// What it pays by its contract, whatever it answers; `None` when it pays what it bids.
    pub price: Option<Money>,
    /// What its server is asked; without a server it bids its price.
    pub ask: Option<Box<Ask>>,
}

/// A question to a buyer's server.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What is asked.
    pub request: BuyerRequest,
    /// How long the answer is waited for, in milliseconds. It may come behind the end of the auction.
    pub timeout_ms: u32,
}

/// What a buyer said with its bid.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// What it calls its bid.
    pub id: Option<String>,
    /// Its words.
    pub reason: Option<String>,
    /// Until when the bid holds.
    pub expires_at: Option<Timestamp>,
    /// From how many seconds on it pays.
    pub min_seconds: Option<u32>,
    /// Where the call is to go.
    pub deliver_to: DeliverTo,
}

/// What came of asking one bidder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It bid, and this came of it.
    Bid(BidOutcome),
    /// It did not, or nothing that can be used.
    NoBid(ReasonCode),
    /// It had not answered when the auction was over.
    Unanswered,
}

/// One bidder with what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BidLine {
    /// Whose it is.
    pub contract: ContractId,
    /// What it bid.
    pub amount: Option<Money>,
    /// Whether it pays that by its contract, whatever comes of the auction.
    pub by_contract: bool,
    /// How long the answer took, in milliseconds; `None` when nobody was asked.
    pub latency_ms: Option<u32>,
    /// What came of it.
    pub fate: Fate,
    /// What it said.
    pub said: Said,
    /// What was sent, as a log may show it.
    pub request_shown: String,
    /// What was answered, likewise.
    pub answer_shown: String,
}

/// What came of an auction.
#[derive(Debug)]
pub struct Held {
    /// What is sold, by places in the lines; or why nothing is.
    pub sale: Result<Sale, ReasonCode>,
    /// A line for every bidder, in their order.
    pub lines: Vec<BidLine>,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// Whether it ended before its deadline because nothing could change it.
    pub closed_early: bool,
    /// Whoever may still answer. Dropped, their requests are given up.
    pub outstanding: Outstanding,
}

/// Bidders who had not answered when the auction was over.
#[derive(Debug, Default)]
pub struct Outstanding {
    asked: JoinSet<Answer>,
    bidders: Vec<Bidder>,
}

/// An answer, and when it was there.
#[derive(Debug)]
struct Answer {
    place: usize,
    at: Instant,
    report: BuyerReport,
}

impl Fate {
    /// Why it has nothing of it; `None` when it won.
    #[must_use]
    pub const fn reason(&self) -> Option<ReasonCode> {
        match self {
            Self::Bid(outcome) => outcome.reason(),
            Self::NoBid(reason) => Some(*reason),
            Self::Unanswered => Some(ReasonCode::TimedOut),
        }
    }

    /// Whether the opportunity, or a leg of it, is its.
    #[must_use]
    pub const fn is_won(&self) -> bool {
        matches!(self, Self::Bid(BidOutcome::Won { .. }))
    }
}

/// Holds an auction that began at `began`: asks everybody at once, and settles when everybody has answered, when nothing can
/// change the result, or at the deadline of the terms.
pub async fn hold(
    buyers: &Arc<dyn Buyers>,
    auction: &Auction,
    bidders: Vec<Bidder>,
    terms: &AuctionTerms<'_>,
    began: Instant,
) -> Held {
    let deadline = began + Duration::from_millis(terms.deadline_ms.into());
    let mut room = Room::open(bidders, began);
    room.ask(buyers);
    let mut closed_early = false;
    while !room.asked.is_empty() {
        if room.is_decided(auction, terms) {
            closed_early = true;
            break;
        }
        tokio::select! {
            biased;
            answer = room.asked.join_next() => room.take(answer),
            () = sleep_until(deadline) => {
                while let Some(answer) = room.asked.try_join_next() {
                    room.take(Some(answer));
                }
                break;
            }
        }
    }
    room.settle(auction, terms, closed_early)
}

/// Where bids come together.
struct Room {
    began: Instant,
    bidders: Vec<Bidder>,
    lines: Vec<BidLine>,
    asked: JoinSet<Answer>,
    bids: Vec<Bid>,
    /// By bid: the bidder's place.
    places: Vec<usize>,
    /// Bidders whose answer is waited for.
    waiting: Vec<usize>,
    /// By place in `waiting`: the most that each can bid.
    limits: Vec<Option<Bid>>,
}

impl Room {
    fn open(bidders: Vec<Bidder>, began: Instant) -> Self {
        let many = bidders.len();
        Self {
            began,
            lines: bidders.iter().map(BidLine::unanswered).collect(),
            bidders,
            asked: JoinSet::new(),
            bids: Vec::with_capacity(many),
            places: Vec::with_capacity(many),
            waiting: Vec::with_capacity(many),
            limits: Vec::with_capacity(many),
        }
    }

    /// Asks everybody who has a server; the others bid at once.
    fn ask(&mut self, buyers: &Arc<dyn Buyers>) {
        for place in 0..self.bidders.len() {
            let bidder = &mut self.bidders[place];
            let Some(ask) = bidder.ask.take() else {
                match bidder.price {
                    Some(price) => self.bid(place, price, 0),
                    None => self.lines[place].fate = Fate::NoBid(ReasonCode::NoPrice),
                }
                continue;
            };
            let breaker = buyers.breaker(ask.request.destination, ask.request.now);
            if breaker.state == BreakerState::Open {
                self.lines[place].fate = Fate::NoBid(ReasonCode::BreakerOpen);
                continue;
            }
            let most = bidder.price.or(bidder.bid_max);
            self.limits.push(most.map(|most| bidder.bid(most, 0)));
            self.waiting.push(place);
            let buyers = Arc::clone(buyers);
            let until = self.began + Duration::from_millis(ask.timeout_ms.into());
            self.asked.spawn(async move {
                let report = buyers.ask(&ask.request, until).await;
                let at = Instant::now();
                Answer { place, at, report }
            });
        }
    }

    /// Takes an answer.
    fn take(&mut self, answer: Option<Result<Answer, JoinError>>) {
        let Some(answer) = answer else { return };
        let Answer { place, at, report } = match answer {
            Ok(answer) => answer,
            // Nobody knows whose it was: that one stays without an answer.
            Err(error) => return tracing::error!(%error, "asking for a bid failed"),
        };
        if let Some(index) = self.waiting.iter().position(|waiting| *waiting == place) {
            self.waiting.swap_remove(index);
            self.limits.swap_remove(index);
        }
        let arrived_ms = millis(at.saturating_duration_since(self.began));
        let line = &mut self.lines[place];
        if let Some(amount) = line.read(report, self.bidders[place].price) {
            self.bid(place, amount, arrived_ms);
        }
        for limit in self.limits.iter_mut().flatten() {
            limit.arrived_ms = arrived_ms;
        }
    }

    fn bid(&mut self, place: usize, amount: Money, arrived_ms: u32) {
        let line = &mut self.lines[place];
        line.amount = Some(amount);
        let mut bid = self.bidders[place].bid(amount, arrived_ms);
        bid.min_seconds = bid.min_seconds.max(line.said.min_seconds.unwrap_or(0));
        self.bids.push(bid);
        self.places.push(place);
    }

    fn is_decided(&self, auction: &Auction, terms: &AuctionTerms<'_>) -> bool {
        auction.can_close(&self.bids, &self.limits, terms)
    }

    fn settle(mut self, auction: &Auction, terms: &AuctionTerms<'_>, closed_early: bool) -> Held {
        let AuctionResult { sale, bids } = auction.settle(&self.bids, terms);
        for (outcome, place) in bids.iter().zip(&self.places) {
            self.lines[*place].fate = Fate::Bid(*outcome);
        }
        let places = |of: Vec<usize>| of.into_iter().map(|bid| self.places[bid]).collect();
        let sale = sale.map(|sale| Sale {
            legs: places(sale.legs),
            next: places(sale.next),
            ..sale
        });
        let took_ms = millis(self.began.elapsed());
        count(&self.lines, sale.as_ref().err(), took_ms);
        Held {
            sale,
            lines: self.lines,
            took_ms,
            closed_early,
            outstanding: Outstanding {
                asked: self.asked,
                bidders: self.bidders,
            },
        }
    }
}

impl Bidder {
    fn bid(&self, amount: Money, arrived_ms: u32) -> Bid {
        Bid {
            contract: self.contract,
            company: self.company,
            amount,
            arrived_ms,
            legs_max: self.legs_max,
            min_seconds: self.min_seconds,
            bid_max: self.bid_max.filter(|_| self.price.is_none()),
            priority: self.priority,
            weight: self.weight,
        }
    }
}

impl BidLine {
    fn unanswered(bidder: &Bidder) -> Self {
        Self {
            contract: bidder.contract,
            amount: None,
            by_contract: bidder.price.is_some(),
            latency_ms: None,
            fate: Fate::Unanswered,
            said: Said::default(),
            request_shown: String::new(),
            answer_shown: String::new(),
        }
    }

    /// Writes an answer down; the bid in it, when there is one that can be used.
    fn read(&mut self, report: BuyerReport, price: Option<Money>) -> Option<Money> {
        self.latency_ms = Some(report.latency_ms);
        self.request_shown = report.request_shown;
        self.answer_shown = report.answer_shown;
        let no_bid = report.outcome.no_bid();
        let mut bid = None;
        if let BuyerOutcome::Answered(reading, _) = report.outcome {
            bid = price.or(reading.price);
            self.amount = reading.price;
            self.said = Said {
                id: reading.id,
                reason: reading.reason,
                expires_at: reading.expires_at,
                min_seconds: reading.min_seconds,
                deliver_to: reading.deliver_to,
            };
        }
        let refused = no_bid.or(bid.is_none().then_some(ReasonCode::BidInvalid));
        if let Some(reason) = refused {
            self.fate = Fate::NoBid(reason);
            return None;
        }
        bid
    }
}

impl Outstanding {
    /// How many may still answer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.asked.len()
    }

    /// Whether nobody may any more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// The next answer, with its bidder's place: a bid in it is late. `None` when nobody is left.
    pub async fn next(&mut self) -> Option<(usize, BidLine)> {
        loop {
            let Answer { place, report, .. } = match self.asked.join_next().await? {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::error!(%error, "asking for a bid failed");
                    continue;
                }
            };
            let bidder = &self.bidders[place];
            let mut line = BidLine::unanswered(bidder);
            if let Some(amount) = line.read(report, bidder.price) {
                line.amount = Some(amount);
                line.fate = Fate::NoBid(ReasonCode::BidLate);
                count_one(&line);
            }
            return Some((place, line));
        }
    }
}

fn count(lines: &[BidLine], unsold: Option<&ReasonCode>, took_ms: u32) {
    let result = unsold.map_or("SOLD", |reason| reason.word());
    metrics::counter!("trunkline_auctions_total", "result" => result).increment(1);
    metrics::histogram!("trunkline_auction_ms").record(f64::from(took_ms));
    lines.iter().for_each(count_one);
}

fn count_one(line: &BidLine) {
    let outcome = line.fate.reason().map_or("WON", ReasonCode::word);
    metrics::counter!("trunkline_bids_total", "outcome" => outcome).increment(1);
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
