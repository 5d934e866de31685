//! Real-time bidding for calls: a publisher says who may call, and is told what the call is worth, whom to call and until
//! when. What was promised is reserved; the call that comes for it is in [`super::arrival`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use ring::digest::{Context, SHA256};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use trunkline_core::base::id::{AccountId, FeedId, GivenBidId, OpportunityId, ReservationId};
use trunkline_core::base::{Money, PhoneNumber, Sha256, Timestamp};
use trunkline_core::lead::{TestOutcome, Way, way};
use trunkline_core::routing::{
    ARRIVAL_GRACE_MS, Attempt, GivenBid, NextBid, OpportunityKind, Person, ReasonCode,
};

use super::bidding::{Asking, Auctioned, Auctions};
use super::bids::BidWon;
use super::offering::{by_contract, duplicate_days, later, least_taken, next_of};
use super::planned::{Planned, Wanted};
use super::reserving::Reserving;
use super::{Router, hash_of, in_time};
use crate::clock::Moment;
use crate::directory::SharedDirectory;
use crate::distribution::{FeedEntry, Market};
use crate::locks::KeyedLocks;
use crate::ports::bids::{BidRow, Gave, Give};
use crate::ports::routing::Asked;
use crate::ports::{Bids, PortResult};

/// Most pings that are worked on at one time; more are refused before anything is stored.
pub const PINGS_AT_WORK_MAX: usize = 1_000;
/// What a test is bid, in micro-units.
const TEST_MICROS: i64 = 10_000_000;

/// A publisher asks what a call is worth.
#[derive(Debug, Clone)]
pub struct CallPing {
    /// The market of the feed's account.
    pub market: Arc<Market>,
    /// The feed.
    pub feed: FeedEntry,
    /// Who is to call.
    pub caller: Option<PhoneNumber>,
    /// The hash of that, when it is all that is said.
    pub caller_sha256: Option<Sha256>,
    /// What is said of the caller, `zip` and `state` among it.
    pub tags: BTreeMap<String, String>,
    /// The least that the publisher takes.
    pub min_bid: Option<Money>,
    /// By which the publisher knows the ping; the caller and the tags when there is none.
    pub key: Option<String>,
    /// Nobody is asked, and nothing is kept.
    pub test: bool,
}

/// What a publisher is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallBid {
    /// A bid.
    Bid {
        /// The bid.
        bid: Box<GivenBid>,
        /// Whether it was given before to the same ping.
        cached: bool,
    },
    /// None.
    None {
        /// Why.
        reason: ReasonCode,
        /// What it was asked for, when it was looked at.
        opportunity: Option<OpportunityId>,
    },
    /// As many pings as may are being worked on.
    Busy,
}

/// Whoever knows which callers an account does not take.
#[async_trait]
pub trait Doorkeeper: Send + Sync {
    /// Whether a call of somebody would be refused, as far as that is known before it comes.
    async fn would_refuse(&self, account: AccountId, caller: PhoneNumber, at: Timestamp) -> bool;
}

/// Answers publishers' pings for calls.
pub struct Rtb {
    pub(super) moment: Moment,
    pub(super) directory: SharedDirectory,
    pub(super) router: Arc<Router>,
    pub(super) bids: Arc<dyn Bids>,
    auctions: Arc<Auctions>,
    door: Arc<dyn Doorkeeper>,
    pings: KeyedLocks<(FeedId, Sha256)>,
    room: Semaphore,
}

/// What is offered to the publisher, and reserved with a buyer.
struct Offered {
    attempt: u16,
    won: BidWon,
    amount: Money,
    min_seconds: u32,
    reservation: ReservationId,
    next: Vec<NextBid>,
}

/// What was learned on the way to an answer.
#[derive(Default)]
struct Heard {
    rows: Vec<BidRow>,
    auctions: Vec<Auctioned>,
}

impl Rtb {
    /// Over the plans of campaigns and stored bids.
    #[must_use]
    pub fn new(
        moment: Moment,
        directory: SharedDirectory,
        router: Arc<Router>,
        auctions: Arc<Auctions>,
        bids: Arc<dyn Bids>,
        door: Arc<dyn Doorkeeper>,
    ) -> Arc<Self> {
        Arc::new(Self {
            moment,
            directory,
            router,
            bids,
            auctions,
            door,
            pings: KeyedLocks::default(),
            room: Semaphore::new(PINGS_AT_WORK_MAX),
        })
    }

    /// Answers a ping.
    ///
    /// # Errors
    /// When the store is late or away: nothing was promised then.
    pub async fn ask(&self, ping: CallPing) -> PortResult<CallBid> {
        let began = Instant::now();
        let Ok(_room) = self.room.try_acquire() else {
            return Ok(CallBid::Busy);
        };
        if ping.test {
            return Ok(self.test(&ping));
        }
        let feed = ping.feed.feed.id;
        let asked = fingerprint(&ping);
        let _alone = self.pings.lock((feed, asked)).await;
        let now = self.moment.now();
        if let Some(bid) = self.bids.given_to(feed, asked, now).await? {
            let bid = Box::new(bid);
            return Ok(CallBid::Bid { bid, cached: true });
        }
        let wanted = self.wanted(&ping).await;
        let mut planned = self.router.plan(wanted).await?;
        let opportunity = Some(planned.record.opportunity.id);
        if let Some(reason) = planned.record.opportunity.reason {
            return Ok(CallBid::None {
                reason,
                opportunity,
            });
        }
        let numbers = self.numbers(&planned, feed);
        let mut heard = Heard::default();
        let offered = if numbers.is_empty() {
            Err(ReasonCode::NoNumber)
        } else {
            let offered = self.offer(&mut planned, &ping, began, &mut heard);
            offered.await?
        };
        let answer = match offered {
            Ok(offered) => {
                let reservation = offered.reservation;
                let gave = self.give(&mut planned, &ping, asked, offered, numbers, &mut heard);
                match gave.await {
                    Ok(Ok(answer)) => Ok(answer),
                    Ok(Err(reason)) => {
                        self.let_go(reservation).await;
                        Err(reason)
                    }
                    Err(error) => {
                        self.let_go(reservation).await;
                        return Err(error);
                    }
                }
            }
            Err(reason) => Err(reason),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(reason) => {
                self.close(&mut planned, reason, &heard.rows).await?;
                CallBid::None {
                    reason,
                    opportunity,
                }
            }
        };
        for auctioned in heard.auctions {
            self.auctions.keep_late(auctioned);
        }
        Ok(answer)
    }

    /// The number at which a bid is called by its name; `None` when there is none, or nobody knows in time.
    pub async fn number_of(&self, id: GivenBidId) -> Option<PhoneNumber> {
        let bid = in_time(self.router.step_wait, self.bids.given_bid(id)).await;
        let bid = bid.inspect_err(|error| {
            tracing::warn!(bid = %id, %error, "a call to a bid is not known");
        });
        Some(bid.ok()??.number)
    }

    /// The first of the plan who finds room and leaves enough for the publisher.
    async fn offer(
        &self,
        planned: &mut Planned,
        ping: &CallPing,
        began: Instant,
        heard: &mut Heard,
    ) -> PortResult<Result<Offered, ReasonCode>> {
        let floor = least_taken(ping, planned);
        let keep_ms = i64::from(ping.feed.pings.bid_valid_s) * 1_000 + ARRIVAL_GRACE_MS;
        let mut why = ReasonCode::NoCandidate;
        while let Some((attempt, what)) = planned.next_attempt() {
            let bids = match &what {
                Attempt::Auction { .. } => {
                    let asking = Asking {
                        attempt,
                        began,
                        deadline_ms: ping.feed.pings.deadline_ms,
                        publisher_floor: floor,
                    };
                    let mut auctioned = self.auctions.auction(planned, &asking).await;
                    heard.rows.append(&mut auctioned.rows);
                    let won = std::mem::replace(&mut auctioned.won, Err(why));
                    heard.auctions.push(auctioned);
                    won
                }
                Attempt::One(_) | Attempt::Together { .. } => by_contract(planned, &what, floor),
            };
            let bids = match bids {
                Ok(bids) => bids,
                Err(reason) => {
                    why = reason;
                    continue;
                }
            };
            for (place, bid) in bids.iter().enumerate() {
                // Without a margin for the publisher there is nothing to promise.
                let Some(amount) = bid.offer.filter(|_| planned.let_in.unpaid.is_none()) else {
                    why = ReasonCode::Duplicate;
                    continue;
                };
                let reserving = Reserving {
                    attempt,
                    contract: bid.contract,
                    bid: Some(bid.amount),
                    offered: false,
                    keep_ms,
                };
                let taken = self.router.reserve(planned, reserving).await?;
                let row = taken.and_then(|at| planned.attempts.get(at));
                let Some(reservation) = row.and_then(|row| row.reservation) else {
                    let last = planned.attempts.last();
                    why = last.and_then(|row| row.reason).unwrap_or(why);
                    continue;
                };
                let mut next: Vec<NextBid> = bids[place + 1..].iter().map(next_of).collect();
                next.extend(later(planned, amount));
                return Ok(Ok(Offered {
                    attempt,
                    won: bid.clone(),
                    amount,
                    min_seconds: bid.min_seconds,
                    reservation,
                    next,
                }));
            }
        }
        Ok(Err(why))
    }

    /// Stores what is promised, and names the number.
    async fn give(
        &self,
        planned: &mut Planned,
        ping: &CallPing,
        asked: Sha256,
        offered: Offered,
        numbers: Vec<PhoneNumber>,
        heard: &mut Heard,
    ) -> PortResult<Result<CallBid, ReasonCode>> {
        let now = self.moment.now();
        planned.promise(offered.amount);
        let opportunity = &planned.record.opportunity;
        let valid_ms = i64::from(ping.feed.pings.bid_valid_s) * 1_000;
        let own = now.plus_millis(valid_ms);
        let bid = GivenBid {
            id: self.moment.id_at(now),
            account: opportunity.account,
            campaign: opportunity.campaign,
            feed: ping.feed.feed.id,
            opportunity: opportunity.id,
            asked,
            caller: opportunity.person.phone,
            caller_sha256: opportunity.person.phone_sha256,
            amount: offered.amount,
            min_seconds: offered.min_seconds,
            duplicate_days: planned.feed().and_then(|feed| duplicate_days(feed)),
            number: numbers
                .first()
                .copied()
                .unwrap_or(PhoneNumber::from_digits(0)),
            alone: false,
            given_at: now,
            // No longer than the buyer's own.
            expires_at: offered.won.expires_at.map_or(own, |theirs| theirs.min(own)),
            attempt: offered.attempt,
            contract: offered.won.contract,
            to: offered.won.to,
            reservation: offered.reservation,
            next: offered.next,
            call: None,
        };
        let give = Give {
            bid,
            numbers,
            asked: std::mem::take(&mut heard.rows),
            record: planned.record.clone(),
            attempts: planned.attempts.clone(),
            at: now,
        };
        let gave = self.bids.give(&give).await;
        // What was learned is stored with whatever is answered instead.
        heard.rows = give.asked;
        Ok(match gave? {
            Gave::Yes(bid) => {
                heard.rows.clear();
                metrics::counter!("trunkline_call_bids_total", "answer" => "bid").increment(1);
                Ok(CallBid::Bid { bid, cached: false })
            }
            Gave::Same(bid) => {
                self.let_go(give.bid.reservation).await;
                let rows = std::mem::take(&mut heard.rows);
                self.close(planned, ReasonCode::Duplicate, &rows).await?;
                Ok(CallBid::Bid { bid, cached: true })
            }
            Gave::NoNumber => Err(ReasonCode::NoNumber),
        })
    }

    async fn let_go(&self, reservation: ReservationId) {
        if let Err(error) = self.router.release(reservation).await {
            tracing::warn!(%reservation, %error, "a reservation was not released; it ends by itself");
        }
    }

    /// Nobody is to have it: the record says why.
    async fn close(
        &self,
        planned: &mut Planned,
        reason: ReasonCode,
        rows: &[BidRow],
    ) -> PortResult<()> {
        let now = self.moment.now();
        planned.take_back(reason, now);
        let opportunities = &self.router.opportunities;
        tokio::try_join!(
            opportunities.put_opportunity(&planned.record),
            opportunities.put_attempts(&planned.attempts),
            self.bids.put_bids(rows),
        )?;
        metrics::counter!("trunkline_call_bids_total", "answer" => reason.word()).increment(1);
        Ok(())
    }

    async fn wanted(&self, ping: &CallPing) -> Wanted {
        let now = self.moment.now();
        let feed = &ping.feed.feed;
        let unwanted = match ping.caller {
            Some(caller) => self.door.would_refuse(feed.account, caller, now).await,
            None => false,
        };
        Wanted {
            id: self.moment.id_at(now),
            account: feed.account,
            kind: OpportunityKind::Call,
            call: None,
            campaign: feed.campaign,
            feed: Some(feed.id),
            person: Person {
                phone: ping.caller,
                phone_sha256: ping.caller.map(hash_of).or(ping.caller_sha256),
                email_sha256: None,
            },
            asked: Asked {
                zip: ping.tags.get("zip").cloned(),
                state: ping.tags.get("state").cloned(),
                tags: ping.tags.clone(),
                ..Asked::default()
            },
            floor: None,
            unwanted,
            came_at: now,
        }
    }

    /// The numbers of a feed that take calls, from another one on for each opportunity, so that few pings meet at one.
    fn numbers(&self, planned: &Planned, feed: FeedId) -> Vec<PhoneNumber> {
        let opportunity = &planned.record.opportunity;
        let directory = self.directory.now();
        let own = directory.numbers_of(opportunity.account).into_iter();
        let own = own.filter(|number| number.stage.takes_calls());
        let own = own.filter(|number| directory.feed_of(number) == Some(feed));
        let mut numbers: Vec<PhoneNumber> = own.map(|number| number.number).collect();
        if !numbers.is_empty() {
            let many = numbers.len() as u64;
            let from = opportunity.id.raw().cast_unsigned() % many;
            numbers.rotate_left(usize::try_from(from).unwrap_or(0));
        }
        numbers
    }

    /// What a test is answered, by its ZIP code alone.
    fn test(&self, ping: &CallPing) -> CallBid {
        let none = |reason| CallBid::None {
            reason,
            opportunity: None,
        };
        let zip = ping.tags.get("zip").map(String::as_str);
        match way(true, zip) {
            Way::Test(TestOutcome::Unsold) => return none(ReasonCode::NoCandidate),
            Way::Test(TestOutcome::Duplicate) => return none(ReasonCode::Duplicate),
            Way::Real | Way::Test(_) => {}
        }
        let feed = &ping.feed.feed;
        let directory = self.directory.now();
        let mut own = directory.numbers_of(feed.account).into_iter();
        let number = own.find(|number| directory.feed_of(number) == Some(feed.id));
        let Some(number) = number else {
            return none(ReasonCode::NoNumber);
        };
        let now = self.moment.now();
        let valid_ms = i64::from(ping.feed.pings.bid_valid_s) * 1_000;
        let bid = GivenBid {
            id: self.moment.id_at(now),
            account: feed.account,
            campaign: feed.campaign,
            feed: feed.id,
            opportunity: self.moment.id_at(now),
            asked: fingerprint(ping),
            caller: ping.caller,
            caller_sha256: ping.caller_sha256,
            amount: Money::from_micros(TEST_MICROS, ping.market.currency),
            min_seconds: 0,
            duplicate_days: ping
                .feed
                .terms
                .as_ref()
                .and_then(|feed| duplicate_days(feed)),
            number: number.number,
            alone: false,
            given_at: now,
            expires_at: now.plus_millis(valid_ms),
            attempt: 0,
            contract: self.moment.id_at(now),
            to: None,
            reservation: self.moment.id_at(now),
            next: Vec::new(),
            call: None,
        };
        CallBid::Bid {
            bid: Box::new(bid),
            cached: false,
        }
    }
}

/// The same for the same ping of a feed: by the publisher's key, else by everything that was said.
fn fingerprint(ping: &CallPing) -> Sha256 {
    let mut digest = Context::new(&SHA256);
    let mut add = |bytes: &[u8]| {
        digest.update(&(bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    add(b"trunkline call ping 1");
    add(&ping.feed.feed.id.raw().to_be_bytes());
    match &ping.key {
        Some(key) => {
            add(b"key");
            add(key.as_bytes());
        }
        None => {
            add(b"said");
            let digits = ping.caller.map_or(0, PhoneNumber::digits);
            add(&digits.to_be_bytes());
            add(ping.caller_sha256.as_ref().map_or(&[][..], |hash| hash));
            add(&ping.min_bid.map_or(0, Money::micros).to_be_bytes());
            for (name, value) in &ping.tags {
                add(name.as_bytes());
                add(value.as_bytes());
            }
        }
    }
    let mut hash = Sha256::default();
    hash.copy_from_slice(digest.finish().as_ref());
    hash
}

impl Planned {
    /// The publisher is promised this when it is sold.
    pub(super) fn promise(&mut self, amount: Money) {
        self.quoted = Some(amount);
        self.record.opportunity.payout = Some(amount);
    }

    /// Nothing is promised, and nobody is to have it.
    pub(super) fn take_back(&mut self, reason: ReasonCode, now: Timestamp) {
        self.quoted = None;
        self.record.opportunity.payout = None;
        for row in self
            .attempts
            .iter_mut()
            .filter(|row| row.ended_at.is_none())
        {
            row.ended_at = Some(now);
            row.reason = Some(reason);
        }
        self.close(Some(reason), now);
    }
}
