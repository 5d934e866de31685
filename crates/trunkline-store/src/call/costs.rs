//! The legs of a call that used minutes, and what they cost, as columns.

use serde::{Deserialize, Serialize};
use trunkline_core::base::id::TrunkId;
use trunkline_core::base::{Currency, Money, PhoneNumber, Timestamp};
use trunkline_engine::ports::calls::{CallCost, CallRow, LegRow};

use crate::args;
use crate::convert::json;
use crate::db::{DbError, Row, Val};

/// A leg inside the JSON column. What it cost is in the currency of the call's cost.
#[derive(Serialize, Deserialize)]
struct StoredLeg {
    trunk: i64,
    to: Option<u64>,
    answered_at: i64,
    connected_ms: Option<i64>,
    cost: Option<i64>,
}

/// The four columns: legs, cost, what of it the dialled ones cost, and its currency.
pub(super) fn cost_values(call: &CallRow) -> Result<Vec<Val>, DbError> {
    let legs: Vec<StoredLeg> = call
        .legs
        .iter()
        .map(|leg| StoredLeg {
            trunk: leg.trunk.raw(),
            to: leg.to.map(PhoneNumber::digits),
            answered_at: leg.answered_at.as_millis(),
            connected_ms: leg.connected_ms,
            cost: leg.cost.map(Money::micros),
        })
        .collect();
    let legs = if legs.is_empty() {
        Val::Null
    } else {
        json(&legs)?
    };
    let mut values = vec![legs];
    let currency = call.cost.map(|cost| cost.total.currency());
    values.extend(args![
        call.cost.map(|cost| cost.total.micros()),
        call.cost.map(|cost| cost.outbound.micros()),
        currency.map(|currency| currency.code().to_owned()),
    ]);
    Ok(values)
}

pub(super) fn read_cost(row: &Row) -> Result<Option<CallCost>, DbError> {
    let known = (
        row.get::<Option<i64>>("telephony_cost")?,
        row.get::<Option<i64>>("outbound_cost")?,
        currency(row)?,
    );
    Ok(match known {
        (Some(total), Some(outbound), Some(currency)) => Some(CallCost {
            total: Money::from_micros(total, currency),
            outbound: Money::from_micros(outbound, currency),
        }),
        _ => None,
    })
}

pub(super) fn read_legs(row: &Row) -> Result<Vec<LegRow>, DbError> {
    let Some(text) = row.get::<Option<String>>("legs")? else {
        return Ok(Vec::new());
    };
    let legs: Vec<StoredLeg> = serde_json::from_str(&text)
        .map_err(|error| DbError::other("read the legs of a call", error))?;
    let currency = currency(row)?;
    let read = |leg: StoredLeg| LegRow {
        trunk: TrunkId::from_raw(leg.trunk),
        to: leg.to.map(PhoneNumber::from_digits),
        answered_at: Timestamp::from_millis(leg.answered_at),
        connected_ms: leg.connected_ms,
        cost: leg
            .cost
            .zip(currency)
            .map(|(micros, currency)| Money::from_micros(micros, currency)),
    };
    Ok(legs.into_iter().map(read).collect())
}

fn currency(row: &Row) -> Result<Option<Currency>, DbError> {
    row.get("cost_currency")
}
