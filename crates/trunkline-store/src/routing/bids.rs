//! Bids that were asked for, and bids that were given.
//!
//! Whoever gives a bid changes rows in this order: `given_ping`, `given_number`, `given_bid`, `opportunity`.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use trunkline_core::base::id::{AccountId, CallId, ContractId, FeedId, GivenBidId, OpportunityId};
use trunkline_core::base::{
    Callee, Currency, Money, PhoneNumber, Sha256, SipAddress, Timestamp, parse_sha256, sha256_text,
};
use trunkline_core::routing::{ARRIVAL_GRACE_MS, GivenBid, NextBid};
use trunkline_engine::ports::bids::{
    BidRow, Bids, Gave, Give, GivenFilter, GivenRow, GivenState, Missed,
};
use trunkline_engine::ports::{PortError, PortResult};

use super::opportunity::{PUT_ATTEMPT, hash, money, put_attempt, put_opportunity};
use crate::convert::{called_address, called_number, from_json, json, port_error, read_callee};
use crate::db::{DbError, Expect, Outcome, Row, Transaction, Val};
use crate::{Store, args};

/// How many numbers are tried until one is shared.
const NUMBERS_TRIED_MAX: usize = 8;
/// How often it is tried again when the same ping is given a bid and loses it at the same time.
const TRIES_MAX: usize = 4;

macro_rules! given {
    ($where:literal) => {
        concat!(
            "SELECT id, account, campaign, feed, opportunity, asked, caller, caller_sha256, amount, currency, min_seconds, \
             duplicate_days, number, alone, given_at, expires_at, attempt, contract, deliver_to, reservation, takes_over, \
             call, arrived_at, closed_at, deliver_to_sip FROM given_bid WHERE ",
            $where
        )
    };
}

crate::statements! { "bids";
    PUT_BID = "INSERT INTO bid (opportunity, attempt, contract, account, buyer, destination, asked_at, latency_ms, amount, \
        currency, reason, takes_over, name, said, min_seconds) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
        $13, $14, $15) ON CONFLICT (opportunity, attempt, contract) DO UPDATE SET latency_ms = excluded.latency_ms, \
        amount = excluded.amount, reason = excluded.reason, takes_over = excluded.takes_over, name = excluded.name, \
        said = excluded.said, min_seconds = excluded.min_seconds WHERE bid.account = excluded.account";
    BIDS = "SELECT opportunity, attempt, contract, account, buyer, destination, asked_at, latency_ms, amount, currency, \
        reason, takes_over, name, said, min_seconds FROM bid WHERE opportunity = $1 AND account = $2 \
        ORDER BY attempt, contract";
    CLAIM_PING = "INSERT INTO given_ping (feed, asked, account, bid, holds_until) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (feed, asked) DO UPDATE SET bid = excluded.bid, holds_until = excluded.holds_until \
        WHERE given_ping.holds_until < $6";
    CLAIM_NUMBER = "INSERT INTO given_number (number, account, bid, holds_until) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (number) DO UPDATE SET account = excluded.account, bid = excluded.bid, \
        holds_until = excluded.holds_until WHERE given_number.holds_until < $5";
    PUT_GIVEN = "INSERT INTO given_bid (id, account, campaign, feed, opportunity, asked, caller, caller_sha256, amount, \
        currency, min_seconds, duplicate_days, number, alone, given_at, expires_at, attempt, contract, deliver_to, \
        reservation, takes_over, deliver_to_sip) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
        $16, $17, $18, $19, $20, $21, $22)";
    GIVEN_BID = given!("id = $1");
    GIVEN_TO = given!("id = (SELECT p.bid FROM given_ping AS p WHERE p.feed = $1 AND p.asked = $2 AND p.holds_until >= $3) \
        AND call IS NULL");
    GIVEN_AT = given!("number = $1 AND given_at >= $2 AND call IS NULL ORDER BY given_at DESC, id DESC LIMIT $3");
    GIVEN_FOR = given!("opportunity = $1 AND account = $2 ORDER BY id LIMIT 20");
    GIVEN_OF = given!("feed = $1 AND account = $2 AND id < $3 AND (CAST($4 AS TEXT) IS NULL \
        OR ($4 = 'called' AND call IS NOT NULL) OR ($4 = 'missed' AND call IS NULL AND closed_at IS NOT NULL) \
        OR ($4 = 'waiting' AND call IS NULL AND closed_at IS NULL)) ORDER BY id DESC LIMIT $5");
    ARRIVED = "UPDATE given_bid SET call = $2, arrived_at = $3, closed_at = $3 WHERE id = $1 AND closed_at IS NULL";
    OPPORTUNITY_CALLED = "UPDATE opportunity SET call = $2 WHERE id = (SELECT g.opportunity FROM given_bid AS g \
        WHERE g.id = $1) AND call IS NULL";
    FREE_PING = "DELETE FROM given_ping WHERE feed = (SELECT g.feed FROM given_bid AS g WHERE g.id = $1) \
        AND asked = (SELECT g.asked FROM given_bid AS g WHERE g.id = $1) AND bid = $1";
    FREE_NUMBER = "DELETE FROM given_number WHERE number = (SELECT g.number FROM given_bid AS g WHERE g.id = $1) \
        AND bid = $1";
    MISSED = "SELECT id, account, opportunity FROM given_bid WHERE closed_at IS NULL AND expires_at < $1 \
        ORDER BY expires_at, id LIMIT $2";
    CLOSE_GIVEN = "UPDATE given_bid SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL";
    OPPORTUNITY_MISSED = "UPDATE opportunity SET ended_at = $2, reason = 'EXPIRED', payout = NULL WHERE id = $1 \
        AND ended_at IS NULL AND call IS NULL";
    ATTEMPTS_MISSED = "UPDATE attempt SET ended_at = $2, reason = 'EXPIRED' WHERE opportunity = $1 AND ended_at IS NULL";
}

fn put_bids(bids: &[BidRow], whole: &mut Transaction) {
    for bid in bids {
        let values = args![
            bid.opportunity,
            bid.attempt,
            bid.contract,
            bid.account,
            bid.buyer,
            bid.destination,
            bid.asked_at,
            bid.latency_ms,
            bid.amount.map(Money::micros),
            &bid.currency,
            bid.reason,
            bid.next,
            bid.name.as_deref(),
            bid.said.as_deref(),
            bid.min_seconds,
        ];
        whole.push(PUT_BID, values, Expect::Rows(1));
    }
}

fn read_bid(row: &Row) -> Result<BidRow, DbError> {
    let currency: Currency = row.get("currency")?;
    Ok(BidRow {
        opportunity: row.get("opportunity")?,
        attempt: row.get("attempt")?,
        contract: row.get("contract")?,
        account: row.get("account")?,
        buyer: row.get("buyer")?,
        destination: row.get("destination")?,
        asked_at: row.get("asked_at")?,
        latency_ms: row.get("latency_ms")?,
        amount: money(row, "amount", currency)?,
        currency,
        reason: row.get("reason")?,
        next: row.get("takes_over")?,
        name: row.get("name")?,
        said: row.get("said")?,
        min_seconds: row.get("min_seconds")?,
    })
}

/// Contract, micro-units, whom to ring.
type Next = (i64, i64, Option<StoredCallee>);

/// Somebody who is rung: digits, or a SIP address.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredCallee {
    Number(u64),
    Sip(String),
}

impl From<&Callee> for StoredCallee {
    fn from(to: &Callee) -> Self {
        match to {
            Callee::Number(number) => Self::Number(number.digits()),
            Callee::Sip(address) => Self::Sip(address.to_string()),
        }
    }
}

impl StoredCallee {
    fn read(self) -> Option<Callee> {
        match self {
            Self::Number(digits) => Some(PhoneNumber::from_digits(digits).into()),
            Self::Sip(text) => SipAddress::parse(&text).ok().map(Callee::Sip),
        }
    }
}

fn given_values(bid: &GivenBid) -> Result<Vec<Val>, DbError> {
    let next = bid.next.iter().map(|next| -> Next {
        let to = next.to.as_ref().map(StoredCallee::from);
        (next.contract.raw(), next.amount.micros(), to)
    });
    Ok(args![
        bid.id,
        bid.account,
        bid.campaign,
        bid.feed,
        bid.opportunity,
        sha256_text(bid.asked),
        bid.caller,
        bid.caller_sha256.map(Vec::from),
        bid.amount.micros(),
        &bid.amount.currency(),
        bid.min_seconds,
        bid.duplicate_days,
        bid.number,
        bid.alone,
        bid.given_at,
        bid.expires_at,
        bid.attempt,
        bid.contract,
        called_number(bid.to.as_ref()),
        bid.reservation,
        json(&next.collect::<Vec<_>>())?,
        called_address(bid.to.as_ref()),
    ])
}

fn read_given(row: &Row) -> Result<GivenBid, DbError> {
    let currency: Currency = row.get("currency")?;
    let asked: String = row.get("asked")?;
    let no_hash = || DbError::other("read asked".to_owned(), "it is no hash");
    let next: Vec<Next> = from_json(row, "takes_over")?;
    let next = next.into_iter().map(|(contract, micros, to)| NextBid {
        contract: ContractId::from_raw(contract),
        amount: Money::from_micros(micros, currency),
        to: to.and_then(StoredCallee::read),
    });
    Ok(GivenBid {
        id: row.get("id")?,
        account: row.get("account")?,
        campaign: row.get("campaign")?,
        feed: row.get("feed")?,
        opportunity: row.get("opportunity")?,
        asked: parse_sha256(&asked).ok_or_else(no_hash)?,
        caller: row.get("caller")?,
        caller_sha256: hash(row, "caller_sha256")?,
        amount: Money::from_micros(row.get("amount")?, currency),
        min_seconds: row.get("min_seconds")?,
        duplicate_days: row.get("duplicate_days")?,
        number: row.get("number")?,
        alone: row.get("alone")?,
        given_at: row.get("given_at")?,
        expires_at: row.get("expires_at")?,
        attempt: row.get("attempt")?,
        contract: row.get("contract")?,
        to: read_callee(row, "deliver_to", "deliver_to_sip")?,
        reservation: row.get("reservation")?,
        next: next.collect(),
        call: row.get("call")?,
    })
}

fn read_given_row(row: &Row) -> Result<GivenRow, DbError> {
    Ok(GivenRow {
        bid: read_given(row)?,
        arrived_at: row.get("arrived_at")?,
        closed_at: row.get("closed_at")?,
    })
}

/// Everything that is stored with a bid. Its guards stand in front: that the ping has none, and that its number is free.
fn whole_of(give: &Give, bid: &GivenBid) -> Result<Transaction, DbError> {
    let asked = sha256_text(bid.asked);
    let ping = args![
        bid.feed,
        &asked,
        bid.account,
        bid.id,
        bid.expires_at,
        give.at
    ];
    let mut whole = Transaction::new().step(CLAIM_PING, ping, Expect::Rows(1));
    if bid.alone {
        let until = bid.expires_at.plus_millis(ARRIVAL_GRACE_MS);
        let number = args![bid.number, bid.account, bid.id, until, give.at];
        whole.push(CLAIM_NUMBER, number, Expect::Rows(1));
    }
    whole.push(PUT_GIVEN, given_values(bid)?, Expect::Rows(1));
    whole.append(put_opportunity(&give.record)?);
    for attempt in &give.attempts {
        whole.push(PUT_ATTEMPT, put_attempt(attempt), Expect::Rows(1));
    }
    put_bids(&give.asked, &mut whole);
    Ok(whole)
}

/// What came of trying with one number.
enum Tried {
    Given,
    /// The ping has a bid.
    PingTaken,
    NumberTaken,
}

impl Store {
    async fn try_give(&self, give: &Give, bid: &GivenBid) -> PortResult<Tried> {
        let whole = whole_of(give, bid).map_err(port_error)?;
        match self.db.submit(whole).await.map_err(port_error)? {
            Outcome::Committed(_) => Ok(Tried::Given),
            Outcome::Unexpected { index: 0, .. } => Ok(Tried::PingTaken),
            Outcome::Unexpected { index: 1, .. } if bid.alone => Ok(Tried::NumberTaken),
            Outcome::Unexpected { .. } => {
                Err(PortError::Conflict("belongs to another account".to_owned()))
            }
        }
    }

    /// With a number of its own, or one that is shared.
    async fn give_once(&self, give: &Give) -> PortResult<Option<Gave>> {
        let known = give.bid.caller.is_some() || give.bid.caller_sha256.is_some();
        let numbers = give.numbers.iter().take(NUMBERS_TRIED_MAX);
        let alone = numbers.map(|number| (*number, true));
        let shared = give.numbers.first().filter(|_| known);
        let shared = shared.map(|number| (*number, false));
        for (number, alone) in alone.chain(shared) {
            let bid = GivenBid {
                number,
                alone,
                ..give.bid.clone()
            };
            match self.try_give(give, &bid).await? {
                Tried::Given => return Ok(Some(Gave::Yes(Box::new(bid)))),
                Tried::NumberTaken => {}
                Tried::PingTaken => {
                    let same = self.given_to(bid.feed, bid.asked, give.at).await?;
                    return Ok(same.map(|same| Gave::Same(Box::new(same))));
                }
            }
        }
        Ok(Some(Gave::NoNumber))
    }

    async fn close_one(&self, missed: &Missed, now: Timestamp) -> PortResult<bool> {
        let id = missed.bid;
        let opportunity = missed.opportunity;
        let any = Expect::Any;
        let whole = Transaction::new()
            .step(FREE_PING, args![id], any)
            .step(FREE_NUMBER, args![id], any)
            .step(CLOSE_GIVEN, args![id, now], Expect::Rows(1))
            .step(OPPORTUNITY_MISSED, args![opportunity, now], any)
            .step(ATTEMPTS_MISSED, args![opportunity, now], any);
        let outcome = self.db.submit(whole).await.map_err(port_error)?;
        Ok(outcome.is_committed())
    }
}

#[async_trait]
impl Bids for Store {
    async fn put_bids(&self, bids: &[BidRow]) -> PortResult<()> {
        let mut whole = Transaction::new();
        put_bids(bids, &mut whole);
        self.submit_all(whole).await
    }

    async fn bids(
        &self,
        account: AccountId,
        opportunity: OpportunityId,
    ) -> PortResult<Vec<BidRow>> {
        self.many(BIDS, args![opportunity, account], read_bid).await
    }

    async fn give(&self, give: &Give) -> PortResult<Gave> {
        for _ in 0..TRIES_MAX {
            if let Some(gave) = self.give_once(give).await? {
                return Ok(gave);
            }
        }
        let message = "the same ping is given a bid again and again".to_owned();
        Err(PortError::Unavailable(message))
    }

    async fn given_to(
        &self,
        feed: FeedId,
        asked: Sha256,
        now: Timestamp,
    ) -> PortResult<Option<GivenBid>> {
        let values = args![feed, sha256_text(asked), now];
        self.one(GIVEN_TO, values, read_given).await
    }

    async fn given_bid(&self, id: GivenBidId) -> PortResult<Option<GivenBid>> {
        self.one(GIVEN_BID, args![id], read_given).await
    }

    async fn given_for(
        &self,
        account: AccountId,
        opportunity: OpportunityId,
    ) -> PortResult<Vec<GivenRow>> {
        let values = args![opportunity, account];
        self.many(GIVEN_FOR, values, read_given_row).await
    }

    async fn given_of(&self, filter: &GivenFilter) -> PortResult<Vec<GivenRow>> {
        let before = filter.before.map_or(i64::MAX, GivenBidId::raw);
        let values = args![
            filter.feed,
            filter.account,
            before,
            filter.state.map(GivenState::word),
            filter.limit
        ];
        self.many(GIVEN_OF, values, read_given_row).await
    }

    async fn given_at(
        &self,
        number: PhoneNumber,
        since: Timestamp,
        limit: u32,
    ) -> PortResult<Vec<GivenBid>> {
        let values = args![number, since, limit];
        self.many_urgent(GIVEN_AT, values, read_given).await
    }

    async fn arrived(&self, id: GivenBidId, call: CallId, at: Timestamp) -> PortResult<bool> {
        let any = Expect::Any;
        let whole = Transaction::new()
            .step(FREE_PING, args![id], any)
            .step(FREE_NUMBER, args![id], any)
            .step(ARRIVED, args![id, call, at], Expect::Rows(1))
            .step(OPPORTUNITY_CALLED, args![id, call], any);
        let outcome = self.db.submit(whole).await.map_err(port_error)?;
        Ok(outcome.is_committed())
    }

    async fn close_missed(&self, now: Timestamp, limit: u32) -> PortResult<Vec<Missed>> {
        let missed = self.many(MISSED, args![now, limit], |row| {
            Ok(Missed {
                bid: row.get("id")?,
                account: row.get("account")?,
                opportunity: row.get("opportunity")?,
            })
        });
        let mut closed = Vec::new();
        for missed in missed.await? {
            if self.close_one(&missed, now).await? {
                closed.push(missed);
            }
        }
        Ok(closed)
    }
}
