//! Taking everything that an attempt needs in one transaction, and naming what there was not enough of.
//!
//! Each statement that compares has a meaning; when it changes no row, nothing of the transaction takes effect, and the
//! numbers that it compared are read. When they have changed so that it would fit now, it is tried again.

use trunkline_core::base::id::{FeedId, OpportunityId};
use trunkline_core::base::{Money, Timestamp};
use trunkline_core::routing::{
    CapTake, Claim, Counting, DuplicateRule, Live, Moved, PersonField, Took, TookSlot, Turn, begin,
};
use trunkline_engine::ports::routing::{HoldTake, Reserve, Reserved, Short};
use trunkline_engine::ports::{PortError, PortResult};

use super::sql;
use super::took::{self, claim_text, owner_key, slot_key};
use crate::convert::{json, port_error};
use crate::db::{DbError, Expect, Outcome, Statement, Transaction, Val};
use crate::{Store, args};

/// How often a reservation is tried that others got in the way of.
const TRIES_MAX: usize = 8;

/// What a statement compares.
#[derive(Clone, Copy)]
enum Meaning<'a> {
    /// Nothing: it changes a row, or the program is wrong.
    Plain,
    /// Whether the reservation is made already.
    Itself,
    /// Whether somebody else is being sold the person.
    Claim(u16, &'a Claim),
    /// Whether the person came before.
    Past(u16, &'a DuplicateRule, &'a Claim),
    /// Whether there is room under a cap.
    Cap(&'a CapTake),
    /// Whether there is a place.
    Place(usize),
    /// Whether there is money.
    Hold(&'a HoldTake),
}

/// A transaction with the meaning of each of its statements.
struct Asking<'a> {
    reserve: &'a Reserve,
    whole: Transaction,
    meanings: Vec<Meaning<'a>>,
}

impl<'a> Asking<'a> {
    fn ask(&mut self, statement: Statement, values: Vec<Val>, expect: u64, meaning: Meaning<'a>) {
        self.whole.push(statement, values, Expect::Rows(expect));
        self.meanings.push(meaning);
    }
}

impl Store {
    pub(super) async fn reserve_whole(&self, reserve: &Reserve) -> PortResult<Reserved> {
        if let Some(short) = self.never(reserve).await? {
            return Ok(Reserved::No(short));
        }
        let claims = claims(reserve);
        for _ in 0..TRIES_MAX {
            let Asking {
                whole, meanings, ..
            } = asking(reserve, &claims).map_err(port_error)?;
            let index = match self.db.submit(whole).await.map_err(port_error)? {
                Outcome::Committed(_) => return Ok(Reserved::Yes),
                Outcome::Unexpected { index, .. } => index,
            };
            let meaning = meanings.get(index).copied().unwrap_or(Meaning::Plain);
            match self.answer(reserve, meaning).await? {
                Some(reserved) => return Ok(reserved),
                None => metrics::counter!("trunkline_reservations_again_total").increment(1),
            }
        }
        let message = format!("others got in the way {TRIES_MAX} times");
        Err(PortError::Unavailable(message))
    }

    /// What cannot be had even if nobody has anything of it: an empty counter is not compared by the database.
    async fn never(&self, reserve: &Reserve) -> PortResult<Option<Short>> {
        for cap in &reserve.caps {
            if cap.slots().iter().any(|slot| slot.adds > slot.most) {
                let short = self.short_of_cap(cap, reserve.at).await?;
                return Ok(short);
            }
        }
        for (place, (of, _, places)) in reserve.places.iter().enumerate() {
            if places.max == 0 {
                let live = self.live(reserve, place).await?;
                let (of, places) = (*of, *places);
                return Ok(Some(Short::Places { of, live, places }));
            }
        }
        Ok(None)
    }

    /// The numbers that a statement compared; `None` when it would fit now.
    async fn answer(
        &self,
        reserve: &Reserve,
        meaning: Meaning<'_>,
    ) -> PortResult<Option<Reserved>> {
        let short = match meaning {
            Meaning::Plain => {
                let message = format!("{} could not be reserved", reserve.id);
                return Err(PortError::Failed(message));
            }
            Meaning::Itself => {
                let there = self.reservation_row(reserve.id).await?;
                let same =
                    there.is_some_and(|r| r.reservation.opportunity == reserve.comer.opportunity);
                return if same {
                    Ok(Some(Reserved::Yes))
                } else {
                    Err(PortError::Conflict(format!("{} is another's", reserve.id)))
                };
            }
            Meaning::Claim(rule, claim) => {
                let values = args![reserve.account, claim_text(claim)];
                let other = self.one_urgent(sql::CLAIM, values, |row| row.get("opportunity"));
                other.await?.map(|other| Short::Duplicate { rule, other })
            }
            Meaning::Past(place, rule, claim) => {
                let (statement, values) = past(reserve, rule, claim);
                let other = self.one_urgent(statement, values, |row| row.get("opportunity"));
                let other: Option<OpportunityId> = other.await?;
                other.map(|other| Short::Duplicate { rule: place, other })
            }
            Meaning::Cap(cap) => self.short_of_cap(cap, reserve.at).await?,
            Meaning::Place(place) => {
                let live = self.live(reserve, place).await?;
                let place = reserve.places.get(place);
                let full = place.filter(|(_, _, places)| !places.fit(live));
                full.map(|(of, _, places)| Short::Places {
                    of: *of,
                    live,
                    places: *places,
                })
            }
            Meaning::Hold(hold) => self.short_of_money(reserve, hold).await?,
        };
        Ok(short.map(Reserved::No))
    }

    async fn short_of_cap(&self, cap: &CapTake, at: Timestamp) -> PortResult<Option<Short>> {
        let values = args![cap.cap, cap.feed.map_or(0, FeedId::raw), at];
        let uses = self
            .many_urgent(sql::SLOTS_OF, values, super::stock::slot_use)
            .await?;
        let room = cap.no_room(at, &uses);
        Ok(room.map(|room| Short::Cap { of: cap.of, room }))
    }

    async fn live(&self, reserve: &Reserve, place: usize) -> PortResult<Live> {
        let Some((_, owner, _)) = reserve.places.get(place) else {
            return Ok(Live::default());
        };
        let (kind, owner, name) = owner_key(owner);
        let values = args![reserve.account, kind, owner, name];
        let found = self.one_urgent(sql::PLACE, values, super::stock::live);
        Ok(found.await?.unwrap_or_default())
    }

    async fn short_of_money(
        &self,
        reserve: &Reserve,
        hold: &HoldTake,
    ) -> PortResult<Option<Short>> {
        let currency = hold.amount.currency();
        let values = args![reserve.account, reserve.taker.buyer];
        let found = self.one_urgent(sql::WALLET, values, super::stock::wallet);
        let zero = Money::zero(currency);
        let (there, held) = found.await?.unwrap_or((zero, zero));
        let available = there
            .plus(hold.credit_limit)
            .and_then(|sum| sum.minus(held));
        let available = available.map_err(|error| PortError::Failed(error.to_string()))?;
        let covers = available.micros() >= hold.amount.micros();
        Ok((!covers).then_some(Short::Balance {
            available,
            price: hold.amount,
        }))
    }
}

/// Every claim with its rule and the rule's place, in the order of their texts.
fn claims(reserve: &Reserve) -> Vec<(u16, &DuplicateRule, Claim)> {
    let mut found = Vec::new();
    for (place, rule) in (0_u16..).zip(&reserve.duplicates) {
        let claims = rule.claims(&reserve.comer, Some(reserve.taker));
        found.extend(claims.into_iter().map(|claim| (place, rule, claim)));
    }
    found.sort_by_key(|(_, _, claim)| claim_text(claim));
    found
}

/// What a reservation takes.
fn whole_of(reserve: &Reserve) -> Took {
    let slots = reserve.caps.iter().flat_map(|cap| {
        let took = |slot: trunkline_core::routing::SlotTake| TookSlot {
            slot: slot.slot,
            counts: cap.counts,
            adds: slot.adds,
        };
        cap.slots().into_iter().map(took)
    });
    let places = reserve.places.iter();
    let places = places.map(|(_, owner, places)| (owner.clone(), *places));
    Took::new(slots.collect(), places.collect())
}

fn asking<'a>(
    reserve: &'a Reserve,
    claims: &'a [(u16, &'a DuplicateRule, Claim)],
) -> Result<Asking<'a>, DbError> {
    let took = whole_of(reserve);
    let moved = begin(&took, reserve.offered);
    let mut asking = Asking {
        reserve,
        whole: Transaction::new(),
        meanings: Vec::new(),
    };
    asking.rows(&took, &moved, claims)?;
    asking.people(claims);
    asking.caps(&moved);
    asking.places(&took, &moved);
    asking.turns();
    asking.money();
    Ok(asking)
}

impl<'a> Asking<'a> {
    /// The reservation and what belongs to it alone.
    fn rows(
        &mut self,
        took: &Took,
        moved: &Moved,
        claims: &[(u16, &DuplicateRule, Claim)],
    ) -> Result<(), DbError> {
        let Reserve {
            id,
            account,
            comer,
            taker,
            at,
            expires_at,
            ..
        } = self.reserve;
        let mut texts: Vec<String> = claims.iter().map(|(_, _, c)| claim_text(c)).collect();
        texts.dedup();
        let values = args![
            *id,
            *account,
            comer.opportunity,
            taker.contract,
            taker.buyer,
            comer.campaign,
            comer.feed,
            moved.stage,
            took::write(took)?,
            json(&texts)?,
            *at,
            *expires_at,
        ];
        self.ask(sql::PUT_RESERVATION, values, 1, Meaning::Itself);
        if let Some(hold) = &self.reserve.hold {
            let values = args![
                hold.id,
                *account,
                *id,
                comer.opportunity,
                taker.buyer,
                hold.amount.micros(),
                &hold.amount.currency(),
                *expires_at,
            ];
            self.ask(sql::PUT_HOLD, values, 1, Meaning::Plain);
        }
        let person = comer.person;
        let values = args![
            comer.opportunity,
            taker.contract,
            *account,
            self.reserve.came_at,
            person.phone,
            person.phone_sha256.map(Vec::from),
            person.email_sha256.map(Vec::from),
            comer.campaign,
            comer.feed,
            taker.buyer,
            taker.company,
            self.reserve.offered.then_some(*at),
        ];
        self.ask(sql::PUT_TAKEN, values, 1, Meaning::Plain);
        Ok(())
    }

    /// The person is nobody else's at the same time, and did not come before.
    fn people(&mut self, claims: &'a [(u16, &'a DuplicateRule, Claim)]) {
        let mut last = None;
        for (place, _, claim) in claims {
            let text = claim_text(claim);
            if last.as_ref() == Some(&text) {
                continue;
            }
            let values = args![self.reserve.account, &text, self.reserve.comer.opportunity];
            self.ask(sql::PUT_CLAIM, values, 1, Meaning::Claim(*place, claim));
            last = Some(text);
        }
        // Only now: whoever had the claim before has written down what came of it.
        for (place, rule, claim) in claims {
            let (statement, values) = past(self.reserve, rule, claim);
            self.ask(statement, values, 0, Meaning::Past(*place, rule, claim));
        }
    }

    fn caps(&mut self, moved: &Moved) {
        let takes = self.reserve.caps.iter();
        let takes = takes.flat_map(|cap| cap.slots().into_iter().map(move |slot| (cap, slot)));
        let mut takes: Vec<_> = takes.collect();
        takes.sort_by_key(|(_, take)| take.slot);
        takes.dedup_by_key(|(_, take)| take.slot);
        for (cap, take) in takes {
            let Some(slot) = moved.slots.iter().find(|moved| moved.slot == take.slot) else {
                continue;
            };
            let [id, feed, from, to, until] = slot_key(&take.slot);
            let account = self.reserve.account;
            let (used, reserved) = (slot.used, slot.reserved);
            let mut values = args![
                id, feed, from, to, until, account, used, reserved, take.most
            ];
            let statement = if let Counting::Rolling { span_ms, .. } = cap.counting {
                self.ask(sql::STAND_IN_LINE, args![id, feed], 1, Meaning::Plain);
                values.extend(args![self.reserve.at, span_ms]);
                sql::TAKE_SLICE
            } else {
                sql::TAKE_SLOT
            };
            self.ask(statement, values, 1, Meaning::Cap(cap));
        }
    }

    fn places(&mut self, took: &Took, moved: &Moved) {
        for (owner, places) in &took.places {
            let mut asked = self.reserve.places.iter();
            let place = asked.position(|(_, asked, _)| asked == owner);
            let (kind, id, name) = owner_key(owner);
            let percent = places.reservation_percent.min(100);
            let most = i64::from(places.max) * 100;
            let account = self.reserve.account;
            let values = args![
                account, kind, id, name, moved.legs, moved.bids, percent, most
            ];
            let meaning = place.map_or(Meaning::Plain, Meaning::Place);
            self.ask(sql::TAKE_PLACE, values, 1, meaning);
        }
    }

    fn turns(&mut self) {
        let mut turns: Vec<_> = self.reserve.turns.iter().collect();
        turns.sort();
        for (turn, credit) in turns {
            let (contract, name) = match turn {
                Turn::Contract(id) => (id.raw(), ""),
                Turn::Group(name) => (0, &**name),
            };
            let campaign = self.reserve.comer.campaign;
            let values = args![campaign, contract, name, self.reserve.account, *credit];
            self.ask(sql::PUT_TURN, values, 1, Meaning::Plain);
        }
    }

    fn money(&mut self) {
        let Some(hold) = &self.reserve.hold else {
            return;
        };
        let (amount, credit) = (hold.amount.micros(), hold.credit_limit.micros());
        let buyer = self.reserve.taker.buyer;
        let currency = hold.amount.currency();
        let values = args![self.reserve.account, buyer, &currency, amount, credit];
        let statement = if credit >= amount {
            sql::SET_ASIDE_ON_CREDIT
        } else {
            sql::SET_ASIDE
        };
        self.ask(statement, values, 1, Meaning::Hold(hold));
    }
}

/// The look at the past that goes with a claim.
fn past(reserve: &Reserve, rule: &DuplicateRule, claim: &Claim) -> (Statement, Vec<Val>) {
    let person = &claim.person;
    let email = person.email_sha256.map(Vec::from);
    let both = rule.all_fields && rule.fields.contains(&PersonField::Email);
    let (statement, first): (_, Val) = match (person.phone, person.phone_sha256) {
        (Some(phone), _) => (sql::PAST_WITH_PHONE, phone.into()),
        (None, Some(hash)) => (sql::PAST_WITH_PHONE_SHA256, Vec::from(hash).into()),
        (None, None) => (sql::PAST_WITH_EMAIL, email.clone().into()),
    };
    let since = rule.since(reserve.at);
    let values = args![
        reserve.account,
        first,
        since.unwrap_or(Timestamp::from_millis(i64::MIN)),
        reserve.comer.opportunity,
        rule.scope.word(),
        claim.within,
        rule.after.word(),
        both,
        email,
    ];
    (statement, values)
}
