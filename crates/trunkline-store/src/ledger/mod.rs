//! The books: postings that are only added, what each book comes to, reports of buyers, holds, and everything that is
//! stored with them in one transaction.

use async_trait::async_trait;
use trunkline_core::base::id::{AccountId, BuyerId, PostingId};
use trunkline_core::base::{Currency, Money, Timestamp};
use trunkline_core::ledger::{ExternalId, Hold, Party, Posting, PostingKey, Reported, Subject};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::books::{
    BookBalance, BookedBefore, Books, Discrepancy, Seen, Settlement, Stored,
};

use crate::convert::{each, port_error};
use crate::db::{DbError, Row};
use crate::{Store, args};

mod postings;
mod settle;
mod verify;

use postings::{party_key, read_party, read_postings, subject_key};

pub(crate) use verify::ALL as VERIFY_STATEMENTS;

crate::statements! { "ledger";
    PUT_POSTING = "INSERT INTO posting (id, account, posting_key, about, subject_kind, subject, occurred_at, booked_at, currency) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    PUT_ENTRY = "INSERT INTO ledger_entry (posting, n, account, book, party_kind, party, amount) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ADD_TO_BALANCE = "INSERT INTO balance (account, book, party_kind, party, currency, amount, held) \
        VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (account, book, party_kind, party) DO UPDATE SET \
        amount = balance.amount + excluded.amount WHERE balance.currency = excluded.currency";
    /// One more was booked for it, and nobody did meanwhile.
    COUNT_BOOKED = "INSERT INTO booked (account, subject_kind, subject, times) VALUES ($1, $2, $3, $4 + 1) \
        ON CONFLICT (account, subject_kind, subject) DO UPDATE SET times = booked.times + 1 WHERE booked.times = $4";
    BOOKED = "SELECT times FROM booked WHERE account = $1 AND subject_kind = $2 AND subject = $3";
    POSTINGS_FOR = "SELECT p.id, p.posting_key, p.about, p.subject_kind, p.subject, p.occurred_at, p.booked_at, p.currency, \
        e.book, e.party_kind, e.party, e.amount FROM posting AS p JOIN ledger_entry AS e ON e.posting = p.id \
        WHERE p.account = $1 AND p.subject = $3 AND p.subject_kind = $2 ORDER BY p.id, e.n";
    POSTING = "SELECT p.id, p.posting_key, p.about, p.subject_kind, p.subject, p.occurred_at, p.booked_at, p.currency, \
        e.book, e.party_kind, e.party, e.amount FROM posting AS p JOIN ledger_entry AS e ON e.posting = p.id \
        WHERE p.account = $1 AND p.posting_key = $2 ORDER BY e.n";
    POSTINGS_OF_PARTY = "SELECT p.id, p.posting_key, p.about, p.subject_kind, p.subject, p.occurred_at, p.booked_at, p.currency, \
        e.book, e.party_kind, e.party, e.amount FROM (SELECT DISTINCT o.posting FROM ledger_entry AS o WHERE o.account = $1 \
        AND o.party = $2 AND o.party_kind = $3 AND o.posting < $4 ORDER BY o.posting DESC LIMIT $5) AS own \
        JOIN posting AS p ON p.id = own.posting JOIN ledger_entry AS e ON e.posting = p.id ORDER BY p.id DESC, e.n";
    PUT_REPORT = "INSERT INTO buyer_report (account, subject_kind, subject, n, buyer, external_id, reported_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REPORTS = "SELECT buyer, external_id, n FROM buyer_report WHERE account = $1 AND subject_kind = $2 AND subject = $3 \
        ORDER BY n";
    BALANCES = "SELECT book, party_kind, party, currency, amount, held FROM balance WHERE account = $1 \
        AND (amount <> 0 OR held <> 0) ORDER BY book, party_kind, party";
    HOLDS = "SELECT id, opportunity, buyer, amount, currency, expires_at, state, settled FROM hold \
        WHERE account = $1 AND buyer = $2 AND state = 'placed' ORDER BY id";
}

fn reported(row: &Row) -> Result<Reported, DbError> {
    let external: String = row.get("external_id")?;
    let external = ExternalId::read(&external)
        .ok_or_else(|| DbError::other("read a report", "its name is none"))?;
    Ok(Reported {
        buyer: row.get("buyer")?,
        external,
        n: row.get("n")?,
    })
}

fn hold(row: &Row) -> Result<Hold, DbError> {
    let currency: Currency = row.get("currency")?;
    let money = |micros| Money::from_micros(micros, currency);
    let restored = Hold::restore(
        (row.get("id")?, row.get("opportunity")?, row.get("buyer")?),
        money(row.get("amount")?),
        row.get("expires_at")?,
        row.get("state")?,
        money(row.get("settled")?),
    );
    restored.map_err(|error| DbError::other("read a hold", error))
}

fn balance(row: &Row) -> Result<BookBalance, DbError> {
    let currency: Currency = row.get("currency")?;
    Ok(BookBalance {
        book: row.get("book")?,
        party: read_party(row)?,
        amount: Money::from_micros(row.get("amount")?, currency),
        held: Money::from_micros(row.get("held")?, currency),
    })
}

impl Store {
    /// How often something was booked for a call or a lead.
    pub(super) async fn booked_times(
        &self,
        account: AccountId,
        subject: Subject,
    ) -> PortResult<i64> {
        let (kind, id) = subject_key(subject);
        let times = self.one_urgent(BOOKED, args![account, kind, id], |row| row.get("times"));
        Ok(times.await?.unwrap_or(0))
    }
}

#[async_trait]
impl Books for Store {
    async fn booked_before(
        &self,
        account: AccountId,
        subjects: &[Subject],
    ) -> PortResult<BookedBefore> {
        let mut before = BookedBefore::default();
        let mut postings = Vec::new();
        for &subject in subjects {
            let (kind, id) = subject_key(subject);
            let values = || args![account, kind, id];
            // The count first: whatever is booked after it was read makes the count another one.
            let times = self.booked_times(account, subject).await?;
            before.seen.push(Seen { subject, times });
            let rows = self.db.read_urgent(POSTINGS_FOR, values()).await;
            postings.extend(read_postings(&rows.map_err(port_error)?).map_err(port_error)?);
            let reports = self.many_urgent(REPORTS, values(), reported).await?;
            before.reports.extend(reports);
        }
        postings.sort_by_key(|(id, ..)| *id);
        before.postings = postings
            .into_iter()
            .map(|(_, posting, _)| posting)
            .collect();
        Ok(before)
    }

    async fn posting(
        &self,
        account: AccountId,
        key: PostingKey,
    ) -> PortResult<Option<(Posting, Option<Subject>)>> {
        let rows = self.db.read(POSTING, args![account, key.to_string()]).await;
        let found = read_postings(&rows.map_err(port_error)?).map_err(port_error)?;
        let first = found.into_iter().next();
        Ok(first.map(|(_, posting, subject)| (posting, subject)))
    }

    async fn book(
        &self,
        account: AccountId,
        settlement: &Settlement,
        at: Timestamp,
    ) -> PortResult<Stored> {
        self.settle_whole(account, settlement, at).await
    }

    async fn balances(&self, account: AccountId) -> PortResult<Vec<BookBalance>> {
        self.many(BALANCES, args![account], balance).await
    }

    async fn postings_of(
        &self,
        account: AccountId,
        party: Party,
        before: Option<PostingId>,
        limit: u32,
    ) -> PortResult<Vec<(PostingId, Posting)>> {
        let (kind, id) = party_key(party);
        let before = before.map_or(i64::MAX, PostingId::raw);
        let values = args![account, id, kind, before, limit];
        let rows = self.db.read(POSTINGS_OF_PARTY, values).await;
        let found = read_postings(&rows.map_err(port_error)?).map_err(port_error)?;
        Ok(found
            .into_iter()
            .map(|(id, posting, _)| (id, posting))
            .collect())
    }

    async fn holds(&self, account: AccountId, buyer: BuyerId) -> PortResult<Vec<Hold>> {
        let rows = self.db.read(HOLDS, args![account, buyer]).await;
        each(&rows.map_err(port_error)?, hold).map_err(port_error)
    }

    async fn verify(&self, account: AccountId) -> PortResult<Vec<Discrepancy>> {
        self.verify_all(account).await
    }
}
