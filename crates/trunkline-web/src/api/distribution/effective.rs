//! The terms of a contract that are in force, each with the level that said it, for people who wonder why.

use serde::Serialize;
use serde_json::{Map, Value};
use trunkline_core::routing::{ContractTerms, Layer, Layers, Level, Parties, Shelf};
use trunkline_engine::distribution::Market;
use trunkline_engine::ports::distribution::Contract;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Values of which the most specific level wins.
const REPLACED: [&str; 13] = [
    "schedule",
    "last_call_s",
    "price",
    "payment",
    "duplicates",
    "priority",
    "weight",
    "ring_timeout_s",
    "recovery_s",
    "prior_connects_max",
    "bid_timeout_ms",
    "bid_max",
    "reservation_percent",
];
/// Values of which those of every level hold.
const TOGETHER: [&str; 4] = ["filter", "suppressed_by", "caps", "concurrency_max"];

/// The terms of a contract that are in force.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EffectiveTerms)]
pub(super) struct EffectiveItem {
    contract: String,
    /// The first level that is paused.
    paused_by: Option<&'static str>,
    /// Of each value the most specific level that said it; `default` when none did.
    values: Vec<EffectiveValue>,
    /// What holds of every level that said it.
    together: Vec<EffectiveValue>,
    /// The version of what each level says; 0 when it never said anything.
    versions: Vec<LevelVersion>,
}

/// A value, and who said it.
#[derive(Debug, Serialize, ToSchema)]
struct EffectiveValue {
    /// As in the document, such as `ring_timeout_s`.
    field: &'static str,
    #[schema(value_type = Object)]
    value: Value,
    /// `default`, `account`, `campaign`, `buyer`, `destination` or `contract`.
    from: &'static str,
}

/// The version of what a level says.
#[derive(Debug, Serialize, ToSchema)]
struct LevelVersion {
    level: &'static str,
    version: u32,
}

/// What is in force for a contract.
///
/// # Errors
/// 404 when it belongs to nothing.
pub(super) fn effective(market: &Market, contract: &Contract) -> Result<EffectiveItem, Problem> {
    let layers = market.layers(contract.id);
    let layers = layers.ok_or_else(|| Problem::not_found("contract"))?;
    let written: Vec<(Level, Map<String, Value>)> = layers
        .iter()
        .map(|(level, layer, _)| (*level, fields(layer)))
        .collect();
    let usual = usual(market)?;
    let values = REPLACED.into_iter().map(|field| {
        let mut said = written.iter().rev();
        let said = said.find_map(|(level, all)| Some((*level, all.get(field)?.clone())));
        let default = || usual.get(field).cloned().unwrap_or_default();
        let (from, value) = said.unwrap_or_else(|| (Level::Default, default()));
        EffectiveValue {
            field,
            value,
            from: from.word(),
        }
    });
    let together = TOGETHER.into_iter().flat_map(|field| {
        written.iter().filter_map(move |(level, all)| {
            Some(EffectiveValue {
                field,
                value: all.get(field)?.clone(),
                from: level.word(),
            })
        })
    });
    let paused = layers.iter().find(|(_, layer, _)| layer.paused);
    Ok(EffectiveItem {
        contract: contract.id.to_string(),
        paused_by: paused.map(|(level, ..)| level.word()),
        values: values.collect(),
        together: together.collect(),
        versions: layers
            .iter()
            .map(|(level, _, version)| LevelVersion {
                level: level.word(),
                version: *version,
            })
            .collect(),
    })
}

fn fields(layer: &Layer) -> Map<String, Value> {
    match serde_json::to_value(layer) {
        Ok(Value::Object(fields)) => fields,
        // A layer is always an object.
        Ok(_) | Err(_) => Map::new(),
    }
}

/// What holds when nobody says anything, as the core has it.
fn usual(market: &Market) -> Result<Map<String, Value>, Problem> {
    let nothing = Layer {
        concurrency_max: Some(1),
        ..Layer::default()
    };
    let layers = Layers {
        account: &nothing,
        campaign: &nothing,
        buyer: &nothing,
        destination: &nothing,
        contract: &nothing,
    };
    let nobody = trunkline_core::base::id::BuyerId::from_raw(0);
    let parties = Parties {
        contract: trunkline_core::base::Id::from_raw(0),
        destination: trunkline_core::base::Id::from_raw(0),
        buyer: nobody,
        company: nobody,
        campaign: trunkline_core::base::Id::from_raw(0),
        version: 0,
    };
    let terms = ContractTerms::resolve(parties, &layers, &Shelf::default(), market.currency);
    let terms = terms.map_err(|_| Problem::internal())?;
    let reservation_percent = terms.places.first().map(|(_, p)| p.reservation_percent);
    let pairs = [
        ("last_call_s", Value::from(terms.last_call_ms.value / 1_000)),
        ("payment", Value::from(terms.payment.value.word())),
        ("duplicates", Value::Array(Vec::new())),
        ("priority", Value::from(terms.priority.value)),
        ("weight", Value::from(terms.weight.value)),
        ("ring_timeout_s", Value::from(terms.ring_timeout_s.value)),
        ("recovery_s", Value::from(terms.recovery_s.value)),
        (
            "prior_connects_max",
            Value::from(terms.prior_connects_max.value),
        ),
        ("bid_timeout_ms", Value::from(terms.bid_timeout_ms.value)),
        ("reservation_percent", Value::from(reservation_percent)),
    ];
    let pairs = pairs.map(|(field, value)| (field.to_owned(), value));
    Ok(pairs.into_iter().collect())
}
