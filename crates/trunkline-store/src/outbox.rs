//! What is to be told outside: rows that wait, are being sent, and what came of them.

use async_trait::async_trait;
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{AccountId, OutboxEventId};
use trunkline_engine::ports::PortResult;
use trunkline_engine::ports::outbox::{Delivery, Outbox, OutboxEvent, OutboxRow, OutboxState};

use crate::convert::{each, port_error};
use crate::db::{DbError, Expect, Outcome, Row, Transaction, Val};
use crate::{Store, args};

crate::statements! { "outbox";
    PUT_EVENT = "INSERT INTO outbox_event (id, account, kind, about, body, after_crash, state, due_at, tries, made_at, trouble) \
        VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, 0, $8, '') ON CONFLICT (id) DO NOTHING";
    TAKE_EVENTS = "WITH pick AS MATERIALIZED (SELECT o.id FROM outbox_event AS o WHERE o.state = 'waiting' AND o.due_at <= $1 \
        ORDER BY o.due_at, o.id LIMIT $2 /*pg: FOR UPDATE SKIP LOCKED*/) \
        UPDATE outbox_event SET state = 'sending', tries = tries + 1 WHERE id IN (SELECT id FROM pick) \
        RETURNING id, account, kind, about, body, after_crash, state, due_at, tries, made_at, ended_at, trouble";
    TAKE_EVENT = "UPDATE outbox_event SET state = 'sending', tries = tries + 1 WHERE id = $1 AND state = 'waiting' \
        RETURNING id, account, kind, about, body, after_crash, state, due_at, tries, made_at, ended_at, trouble";
    DELIVERED = "UPDATE outbox_event SET state = $2, due_at = COALESCE($3, due_at), trouble = $4, ended_at = $5 \
        WHERE id = $1 AND state = 'sending'";
    RESEND_AFTER_CRASH = "UPDATE outbox_event SET state = 'waiting', due_at = $1 WHERE state = 'sending' \
        AND after_crash = 'resend'";
    UNKNOWN_AFTER_CRASH = "UPDATE outbox_event SET state = 'unknown', ended_at = $1, \
        trouble = 'the process ended while it was being sent' WHERE state = 'sending' AND after_crash = 'unknown'";
    /// The schedule begins anew.
    SEND_AGAIN = "UPDATE outbox_event SET state = 'waiting', tries = 0, due_at = $3, ended_at = NULL WHERE account = $1 AND id = $2 \
        AND state IN ('dead', 'unknown')";
    EVENTS_IN = "SELECT id, account, kind, about, body, after_crash, state, due_at, tries, made_at, ended_at, trouble \
        FROM outbox_event WHERE account = $1 AND state = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
}

pub(crate) fn event_values(event: &OutboxEvent) -> Vec<Val> {
    args![
        event.id,
        event.account,
        &event.kind,
        event.about,
        &event.body,
        event.after_crash,
        event.due_at,
        event.made_at,
    ]
}

/// What came of sending an event.
pub(crate) fn delivered_values(id: OutboxEventId, delivery: &Delivery, at: Timestamp) -> Vec<Val> {
    let none = None::<Timestamp>;
    match delivery {
        Delivery::Done => args![id, OutboxState::Done, none, "", at],
        Delivery::Again(due_at, why) => args![id, OutboxState::Waiting, *due_at, why, none],
        Delivery::Unknown(why) => args![id, OutboxState::Unknown, none, why, at],
        Delivery::Dead(why) => args![id, OutboxState::Dead, none, why, at],
    }
}

fn event(row: &Row) -> Result<OutboxRow, DbError> {
    Ok(OutboxRow {
        event: OutboxEvent {
            id: row.get("id")?,
            account: row.get("account")?,
            kind: row.get("kind")?,
            about: row.get("about")?,
            body: row.get("body")?,
            after_crash: row.get("after_crash")?,
            due_at: row.get("due_at")?,
            made_at: row.get("made_at")?,
        },
        state: row.get("state")?,
        tries: row.get("tries")?,
        ended_at: row.get("ended_at")?,
        trouble: row.get("trouble")?,
    })
}

#[async_trait]
impl Outbox for Store {
    async fn put_event(&self, event: &OutboxEvent) -> PortResult<()> {
        let put = self.change(PUT_EVENT, event_values(event), Expect::Any);
        put.await.map(drop)
    }

    async fn take(&self, now: Timestamp, limit: u32) -> PortResult<Vec<OutboxRow>> {
        let whole = Transaction::new().step(TAKE_EVENTS, args![now, limit], Expect::Any);
        let Outcome::Committed(results) = self.db.submit(whole).await.map_err(port_error)? else {
            return Ok(Vec::new());
        };
        let rows = results.first().map_or(&[][..], |result| &result.rows);
        let mut taken = each(rows, event).map_err(port_error)?;
        taken.sort_by_key(|row| (row.event.due_at, row.event.id));
        Ok(taken)
    }

    async fn take_event(&self, id: OutboxEventId) -> PortResult<Option<OutboxRow>> {
        let whole = Transaction::new().step(TAKE_EVENT, args![id], Expect::Any);
        let Outcome::Committed(results) = self.db.submit(whole).await.map_err(port_error)? else {
            return Ok(None);
        };
        let rows = results.first().map_or(&[][..], |result| &result.rows);
        rows.first().map(event).transpose().map_err(port_error)
    }

    async fn delivered(
        &self,
        id: OutboxEventId,
        delivery: &Delivery,
        at: Timestamp,
    ) -> PortResult<bool> {
        let values = delivered_values(id, delivery, at);
        Ok(self.change(DELIVERED, values, Expect::Any).await? > 0)
    }

    async fn after_crash(&self, now: Timestamp) -> PortResult<(u64, u64)> {
        let again = self.change(RESEND_AFTER_CRASH, args![now], Expect::Any);
        let again = again.await?;
        let unknown = self.change(UNKNOWN_AFTER_CRASH, args![now], Expect::Any);
        Ok((again, unknown.await?))
    }

    async fn send_again(
        &self,
        account: AccountId,
        id: OutboxEventId,
        now: Timestamp,
    ) -> PortResult<bool> {
        let values = args![account, id, now];
        Ok(self.change(SEND_AGAIN, values, Expect::Any).await? > 0)
    }

    async fn events_in(
        &self,
        account: AccountId,
        state: OutboxState,
        before: Option<OutboxEventId>,
        limit: u32,
    ) -> PortResult<Vec<OutboxRow>> {
        let before = before.map_or(i64::MAX, OutboxEventId::raw);
        self.many(EVENTS_IN, args![account, state, before, limit], event)
            .await
    }
}
