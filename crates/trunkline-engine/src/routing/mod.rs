//! Station **routing** as a use case: takes a call or a lead through the plan of its campaign.
//!
//! [`Router::plan`] reads what is used and what is known of the person, has the core plan, and records the opportunity.
//! Every attempt is then [reserved](Router::reserve) before it is made, [connected](Router::connect) when a buyer takes it,
//! and [given up](Router::give_up) when nobody does. What it came to is stored with the end of the call or the lead, in one
//! transaction with the money; [`Router::end_call`] does it for calls.
//!
//! No step takes longer than [`PLAN_WAIT`] or [`STEP_WAIT`]: a store that is late or away is an error, and whoever holds the
//! call goes on without a buyer.

pub mod arrival;
pub mod auction;
pub(crate) mod availability;
pub mod bidding;
mod bids;
mod end_call;
mod gate;
mod offering;
mod planned;
mod posts;
mod reserving;
mod restart;
mod ringing;
pub mod rtb;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use trunkline_core::base::id::{
    AccountId, CampaignId, ContractId, ContractKind, IdMap, ReservationId,
};
use trunkline_core::base::{PhoneNumber, Sha256, Timestamp, Zone};
use trunkline_core::routing::{
    CapWindow, Offer, Past, Performance, Plan, ReasonCode, Turns, plan, repeat,
};

use crate::clock::Moment;
use crate::directory::SharedDirectory;
use crate::distribution::Market;
use crate::ports::routing::{Stepped, Stock};
use crate::ports::{Books, Opportunities, PortError, PortResult, Reservations};

pub use bids::{BidWon, Bidders};
pub use end_call::CallEnding;
pub use planned::{Planned, Wanted};
pub use posts::{CALL_POST, CallPostTeller, CallPosts};
pub use reserving::Reserving;
pub use ringing::ToRing;

/// Longest wait for everything a plan needs, and for its record: a caller hears ringing meanwhile.
pub const PLAN_WAIT: Duration = Duration::from_millis(1_700);
/// Longest wait for one step of a reservation.
pub const STEP_WAIT: Duration = Duration::from_millis(1_200);
/// How often reservations are looked for whose time is over: what they took is free again so late at most.
pub const EXPIRE_EVERY: Duration = Duration::from_millis(500);
/// How many are ended at once.
const EXPIRE_BATCH: u32 = 200;
/// How much of a person's past is looked at, by each thing that recognises them.
const PAST_MAX: u32 = 200;
/// How long past results are believed.
const PERFORMANCE_MS: i64 = 10_000;
/// Most contracts whose past results are kept in memory.
const PERFORMANCE_MAX: usize = 10_000;

/// Takes opportunities through plans.
pub struct Router {
    pub(crate) moment: Moment,
    pub(crate) directory: SharedDirectory,
    pub(crate) reservations: Arc<dyn Reservations>,
    pub(crate) opportunities: Arc<dyn Opportunities>,
    pub(crate) books: Arc<dyn Books>,
    plan_wait: Duration,
    pub(crate) step_wait: Duration,
    /// Whoever asks for bids.
    bidders: OnceLock<Arc<dyn Bidders>>,
    /// Whoever tells buyers' servers of calls.
    posts: OnceLock<Arc<CallPosts>>,
    /// Past results of contracts, and when they were read.
    performance: Mutex<IdMap<ContractKind, (Timestamp, Performance)>>,
    /// Calls that ended while the store was away: what they came to is stored as soon as it is back.
    unsettled: Mutex<Vec<(CallEnding, Vec<Planned>)>>,
}

/// What was read for a plan.
struct Seen {
    stock: Stock,
    turns: Turns,
    past: Vec<Past>,
    performance: IdMap<ContractKind, Performance>,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is complete, so a panic elsewhere leaves it valid.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The hash by which partners know a number.
pub(crate) fn hash_of(number: PhoneNumber) -> Sha256 {
    let digest = ring::digest::digest(&ring::digest::SHA256, number.to_string().as_bytes());
    let mut hash = Sha256::default();
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// When the month of an account began.
fn month_from(zone: &Zone, now: Timestamp) -> Timestamp {
    CapWindow::month(zone.clone()).at(now).from
}

async fn in_time<T>(
    wait: Duration,
    work: impl Future<Output = PortResult<T>> + Send,
) -> PortResult<T> {
    let late = |_| PortError::Unavailable("no answer in time".to_owned());
    timeout(wait, work).await.map_err(late)?
}

impl Router {
    /// Over what is stored; markets are kept with the directory.
    #[must_use]
    pub fn new(
        moment: Moment,
        directory: SharedDirectory,
        reservations: Arc<dyn Reservations>,
        opportunities: Arc<dyn Opportunities>,
        books: Arc<dyn Books>,
    ) -> Self {
        Self {
            moment,
            directory,
            reservations,
            opportunities,
            books,
            plan_wait: PLAN_WAIT,
            step_wait: STEP_WAIT,
            bidders: OnceLock::new(),
            posts: OnceLock::new(),
            performance: Mutex::default(),
            unsettled: Mutex::default(),
        }
    }

    /// The same with other waits, where nobody waits for an answer.
    #[must_use]
    pub fn waiting(mut self, plan: Duration, step: Duration) -> Self {
        self.plan_wait = plan;
        self.step_wait = step;
        self
    }

    /// Plans an opportunity and records it. What keeps its feed or campaign from taking anything is in the record as its
    /// reason; nobody is asked then.
    ///
    /// # Errors
    /// When there is no such campaign, or the store is late or away.
    pub async fn plan(&self, wanted: Wanted) -> PortResult<Planned> {
        let planned = in_time(self.plan_wait, async {
            let planned = self.planned(wanted).await?;
            self.opportunities.put_opportunity(&planned.record).await?;
            Ok(planned)
        });
        let planned = planned.await?;
        let reason = planned.record.opportunity.reason;
        let reason = reason.map_or("", ReasonCode::word);
        metrics::counter!("trunkline_opportunities_total", "reason" => reason).increment(1);
        Ok(planned)
    }

    /// The same without a record: to see what would be.
    ///
    /// # Errors
    /// When there is no such campaign, or the store is late or away.
    pub async fn rehearse(&self, wanted: Wanted) -> PortResult<Planned> {
        in_time(self.plan_wait, self.planned(wanted)).await
    }

    async fn planned(&self, wanted: Wanted) -> PortResult<Planned> {
        let now = self.moment.now();
        let (market, zone) = self.market(wanted.account, wanted.campaign)?;
        let mut planned = Planned::new(wanted, market, zone);
        let seen = self.look(&planned, now).await?;
        self.decide(&mut planned, &seen, now);
        Ok(planned)
    }

    /// The market of an account that has this campaign, and the account's zone.
    fn market(&self, account: AccountId, campaign: CampaignId) -> PortResult<(Arc<Market>, Zone)> {
        let missing = || PortError::Conflict(format!("there is no campaign {campaign}"));
        let market = self.directory.markets().of(account);
        let market = market.filter(|market| market.campaign(campaign).is_some());
        let zone = self
            .directory
            .peek()
            .account(account)
            .map(|a| a.zone.clone());
        market.zip(zone).ok_or_else(missing)
    }

    /// Reads everything that a plan needs, at the same time.
    async fn look(&self, planned: &Planned, now: Timestamp) -> PortResult<Seen> {
        let opportunity = &planned.record.opportunity;
        let account = opportunity.account;
        let month = month_from(&planned.zone, now);
        let (stock, turns, past, performance) = tokio::try_join!(
            self.reservations.stock(account, now, month),
            self.reservations.turns(opportunity.campaign),
            self.opportunities
                .past(account, &opportunity.person, PAST_MAX),
            self.performance(planned, now),
        )?;
        Ok(Seen {
            stock,
            turns,
            past,
            performance,
        })
    }

    /// Past results of the contracts that are chosen by them; those that were read a moment ago are believed.
    async fn performance(
        &self,
        planned: &Planned,
        now: Timestamp,
    ) -> PortResult<IdMap<ContractKind, Performance>> {
        let mut found = IdMap::default();
        let performers = planned.routes.as_ref().map(|routes| routes.performers());
        for (contract, wanted) in performers.unwrap_or_default() {
            let known = held(&self.performance).get(&contract).copied();
            let fresh = known.filter(|(at, _)| now.millis_since(*at) < PERFORMANCE_MS);
            let performance = match fresh {
                Some((_, performance)) => performance,
                None => self.read_performance(contract, wanted, now).await?,
            };
            found.insert(contract, performance);
        }
        Ok(found)
    }

    async fn read_performance(
        &self,
        contract: ContractId,
        wanted: u32,
        now: Timestamp,
    ) -> PortResult<Performance> {
        let read = self.opportunities.performance(contract, wanted).await?;
        let mut known = held(&self.performance);
        if known.len() >= PERFORMANCE_MAX {
            known.retain(|_, (at, _)| now.millis_since(*at) < PERFORMANCE_MS);
        }
        if known.len() < PERFORMANCE_MAX {
            known.insert(contract, (now, read));
        }
        Ok(read)
    }

    /// Lets the opportunity in or not, and has the core plan it.
    #[expect(
        clippy::unused_self,
        reason = "it is a step of planning like the others, and reads as one"
    )]
    fn decide(&self, planned: &mut Planned, seen: &Seen, now: Timestamp) {
        let comer = planned.comer();
        let times = repeat(&comer, &seen.past, now).times;
        let asked = &mut planned.record.asked;
        asked.times_before = asked.times_before.max(times);
        planned.count(&seen.stock);
        let counted = seen.stock.slots.iter().copied().collect();
        if let Err(reason) = planned.let_in(&comer, &seen.past, &counted, now) {
            planned.close(Some(reason), now);
            return;
        }
        let Some(routes) = planned.routes.clone() else {
            planned.close(Some(ReasonCode::NoCandidate), now);
            return;
        };
        let mut availability = availability::of(
            &seen.stock,
            &planned.market,
            planned.record.opportunity.campaign,
        );
        availability.caps = routes.uses(comer.feed, now, &counted);
        availability.performance.clone_from(&seen.performance);
        let facts = planned.facts();
        let offer = Offer {
            facts: &facts,
            comer,
            past: &seen.past,
            floor: planned.floor,
            payout: planned.payout(None),
            prior_connects: 0,
        };
        let chance = planned.record.opportunity.id.raw().cast_unsigned();
        let Plan {
            attempts,
            trace,
            turns,
        } = plan(&routes, &offer, &availability, &seen.turns, now, chance);
        drop(facts);
        planned.turns = turns;
        planned.record.trace = trace;
        planned.record.planned = attempts;
        if planned.record.planned.is_empty() {
            planned.close(Some(ReasonCode::NoCandidate), now);
        }
    }

    /// The bid is called or the lead is posted: see [`Reservations::offer`].
    ///
    /// # Errors
    /// When the store is late or away.
    pub async fn offer(&self, id: ReservationId) -> PortResult<Stepped> {
        let now = self.moment.now();
        in_time(self.step_wait, self.reservations.offer(id, now)).await
    }

    /// Gives what was reserved more time; false when it is over.
    ///
    /// # Errors
    /// When the store is late or away.
    pub async fn renew(&self, id: ReservationId, keep_ms: i64) -> PortResult<bool> {
        let now = self.moment.now();
        let until = now.plus_millis(keep_ms);
        in_time(self.step_wait, self.reservations.renew(id, now, until)).await
    }

    /// Gives back what was reserved.
    ///
    /// # Errors
    /// When the store is late or away; it ends by itself then.
    pub async fn release(&self, id: ReservationId) -> PortResult<Stepped> {
        let now = self.moment.now();
        in_time(self.step_wait, self.reservations.release(id, now)).await
    }

    /// Ends every reservation whose time is over; how many. Call it every [`EXPIRE_EVERY`].
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn expire(&self) -> PortResult<u32> {
        let mut ended = 0;
        loop {
            let now = self.moment.now();
            let some = self.reservations.expire(now, EXPIRE_BATCH).await?;
            ended += some;
            if some < EXPIRE_BATCH {
                break;
            }
        }
        if ended > 0 {
            metrics::counter!("trunkline_reservations_expired_total").increment(ended.into());
        }
        Ok(ended)
    }
}
