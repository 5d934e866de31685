//! Whether everything adds up: entries of a posting to nothing, balances to their entries, holds to what is set aside, and
//! counters to what reservations took.
//!
//! Each kind is read by one statement, so what is compared is of one moment as long as nothing is written meanwhile.

use std::collections::BTreeMap;

use trunkline_core::base::id::{AccountId, ReservationId};
use trunkline_core::routing::{Came, Moved, Progress, Stage, Took, advance, begin};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::books::Discrepancy;

use crate::db::{DbError, Row};
use crate::routing::took::{self, owner_key, slot_key};
use crate::{Store, args};

/// Reservations that are read at once.
const PAGE: u32 = 2_000;

crate::statements! { "verify";
    UNBALANCED = "SELECT posting, CAST(sum(amount) AS BIGINT) AS comes_to FROM ledger_entry WHERE account = $1 \
        GROUP BY posting HAVING sum(amount) <> 0 ORDER BY posting LIMIT 1000";
    BOOK_SUMS = "SELECT e.book, e.party_kind, e.party, CAST(sum(e.amount) AS BIGINT) AS amount FROM ledger_entry AS e \
        WHERE e.account = $1 GROUP BY e.book, e.party_kind, e.party ORDER BY e.book, e.party_kind, e.party";
    HELD_SUMS = "SELECT buyer, CAST(sum(amount) AS BIGINT) AS held FROM hold WHERE account = $1 AND state = 'placed' \
        GROUP BY buyer ORDER BY buyer";
    EVERY_BALANCE = "SELECT book, party_kind, party, amount, held FROM balance WHERE account = $1 \
        ORDER BY book, party_kind, party";
    EVERY_COUNTER = "SELECT cap, feed, window_from, window_to, used, reserved FROM cap_counter WHERE account = $1 \
        ORDER BY cap, feed, window_from, window_to";
    EVERY_PLACE = "SELECT kind, owner, name, legs, bids FROM place_counter WHERE account = $1 ORDER BY kind, owner, name";
    EVERY_RESERVATION = "SELECT id, stage, took, made_at, came_billable, came_revenue, came_payout, last_open \
        FROM reservation WHERE account = $1 AND id > $2 ORDER BY id LIMIT $3";
}

/// Two numbers: used and reserved, legs and bids, amount and held.
type Pair = (i64, i64);

/// What is stored beside what was added up, by name.
#[derive(Default)]
struct Compared(BTreeMap<String, (Pair, Pair)>);

impl Compared {
    fn stored(&mut self, name: String, pair: Pair) {
        self.0.entry(name).or_default().0 = pair;
    }

    fn add(&mut self, name: String, pair: Pair) {
        let sum = &mut self.0.entry(name).or_default().1;
        *sum = (sum.0.saturating_add(pair.0), sum.1.saturating_add(pair.1));
    }

    fn differ(self) -> impl Iterator<Item = (String, Pair, Pair)> {
        let all = self.0.into_iter().map(|(name, (a, b))| (name, a, b));
        all.filter(|(_, stored, added_up)| stored != added_up)
    }
}

fn book_name(row: &Row) -> Result<String, DbError> {
    let (book, kind) = (row.get::<String>("book")?, row.get::<String>("party_kind")?);
    Ok(format!("{book} {kind} {}", row.get::<i64>("party")?))
}

fn counter_name([cap, feed, from, to]: [i64; 4]) -> String {
    format!("cap {cap} feed {feed} from {from} to {to}")
}

fn place_name((kind, owner, name): (&str, i64, &str)) -> String {
    format!("places of {kind} {owner} {name}")
}

/// A reservation, with everything that it did to numbers.
struct Past {
    id: ReservationId,
    took: Took,
    moves: Vec<Moved>,
}

fn past(row: &Row) -> Result<Past, DbError> {
    let took = took::read(row)?;
    let stage: Stage = row.get("stage")?;
    // What was used before the end is used after it.
    let last: Stage = row.get("last_open")?;
    let mut moves = vec![begin(&took, last != Stage::Bid)];
    let mut go = |progress| {
        let from = moves.last().map_or(Stage::Bid, |moved| moved.stage);
        moves.extend(advance(from, &took, progress));
    };
    if last == Stage::Connected {
        go(Progress::Connect);
    }
    match stage {
        Stage::Settled => go(Progress::Settle(Came {
            billable: row.get("came_billable")?,
            revenue: row.get("came_revenue")?,
            payout: row.get("came_payout")?,
        })),
        Stage::Released => go(Progress::Release),
        Stage::Expired => go(Progress::Expire),
        Stage::Bid | Stage::Offered | Stage::Connected => {}
    }
    Ok(Past {
        id: row.get("id")?,
        took,
        moves,
    })
}

impl Store {
    pub(super) async fn verify_all(&self, account: AccountId) -> PortResult<Vec<Discrepancy>> {
        let unbalanced = self.many(UNBALANCED, args![account], |row| {
            let (posting, sum) = (row.get("posting")?, row.get("comes_to")?);
            Ok(Discrepancy::Posting(posting, sum))
        });
        let mut found = unbalanced.await?;
        let books = self.compare_books(account).await?;
        found.extend(
            books
                .differ()
                .map(|(book, stored, added_up)| Discrepancy::Balance {
                    book,
                    stored,
                    added_up,
                }),
        );
        let counters = self.compare_counters(account).await?;
        found.extend(
            counters
                .differ()
                .map(|(name, stored, added_up)| Discrepancy::Counter {
                    name,
                    stored,
                    added_up,
                }),
        );
        Ok(found)
    }

    async fn compare_books(&self, account: AccountId) -> PortResult<Compared> {
        let mut compared = Compared::default();
        let stored = self.many(EVERY_BALANCE, args![account], |row| {
            Ok((book_name(row)?, (row.get("amount")?, row.get("held")?)))
        });
        for (name, pair) in stored.await? {
            compared.stored(name, pair);
        }
        let sums = self.many(BOOK_SUMS, args![account], |row| {
            Ok((book_name(row)?, row.get("amount")?))
        });
        for (name, amount) in sums.await? {
            compared.add(name, (amount, 0));
        }
        let held = self.many(HELD_SUMS, args![account], |row| {
            Ok((row.get::<i64>("buyer")?, row.get("held")?))
        });
        for (buyer, held) in held.await? {
            compared.add(format!("buyer_wallet buyer {buyer}"), (0, held));
        }
        Ok(compared)
    }

    async fn compare_counters(&self, account: AccountId) -> PortResult<Compared> {
        let mut compared = Compared::default();
        let counters = self.many(EVERY_COUNTER, args![account], |row| {
            let slot = [
                row.get("cap")?,
                row.get("feed")?,
                row.get("window_from")?,
                row.get("window_to")?,
            ];
            Ok((counter_name(slot), (row.get("used")?, row.get("reserved")?)))
        });
        for (name, pair) in counters.await? {
            compared.stored(name, pair);
        }
        let places = self.many(EVERY_PLACE, args![account], |row| {
            let (kind, name) = (row.get::<String>("kind")?, row.get::<String>("name")?);
            let name = place_name((&kind, row.get("owner")?, &name));
            Ok((name, (row.get("legs")?, row.get("bids")?)))
        });
        for (name, pair) in places.await? {
            compared.stored(name, pair);
        }
        let mut after = ReservationId::from_raw(i64::MIN);
        loop {
            let values = args![account, after, PAGE];
            let page = self.many(EVERY_RESERVATION, values, past).await?;
            let Some(last) = page.last() else {
                return Ok(compared);
            };
            after = last.id;
            page.iter().for_each(|past| past.add_to(&mut compared));
        }
    }
}

impl Past {
    fn add_to(&self, compared: &mut Compared) {
        for moved in &self.moves {
            for slot in &moved.slots {
                let [cap, feed, from, to, _] = slot_key(&slot.slot);
                let name = counter_name([cap, feed, from, to]);
                compared.add(name, (slot.used, slot.reserved));
            }
            for (owner, _) in &self.took.places {
                compared.add(place_name(owner_key(owner)), (moved.legs, moved.bids));
            }
        }
    }
}
