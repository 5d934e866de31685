//! How what a reservation took is written down: once, with the reservation, so that what is given back is exactly that.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{
    AccountId, BuyerId, CampaignId, CapId, ContractId, DestinationId, FeedId,
};
use trunkline_core::routing::{
    CapUnit, Claim, Person, PlaceOwner, Places, Slot, Took, TookSlot, Window,
};

use crate::db::{DbError, Row, Val};

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    slots: Vec<StoredSlot>,
    places: Vec<StoredPlace>,
}

/// Cap, feed, window (from, to), counts until, what it counts, how much.
type StoredSlot = (i64, i64, i64, i64, i64, CapUnit, i64);
/// Kind, owner, name, how many there are, what a bid takes of a place.
type StoredPlace = (String, i64, String, u32, u8);

/// JSON for the column `took`.
pub(super) fn write(took: &Took) -> Result<Val, DbError> {
    let slot = |took: &TookSlot| {
        let [cap, feed, from, to, until] = slot_key(&took.slot);
        (cap, feed, from, to, until, took.counts, took.adds)
    };
    let place = |(owner, places): &(PlaceOwner, Places)| {
        let (kind, id, name) = owner_key(owner);
        let percent = places.reservation_percent;
        (kind.to_owned(), id, name.to_owned(), places.max, percent)
    };
    crate::convert::json(&Stored {
        slots: took.slots.iter().map(slot).collect(),
        places: took.places.iter().map(place).collect(),
    })
}

/// What the column `took` holds.
pub(crate) fn read(row: &Row) -> Result<Took, DbError> {
    let stored: Stored = crate::convert::from_json(row, "took")?;
    let slot = |(cap, feed, from, to, until, counts, adds)| TookSlot {
        slot: slot([cap, feed, from, to, until]),
        counts,
        adds,
    };
    let places = stored
        .places
        .into_iter()
        .map(|(kind, id, name, max, percent)| {
            let places = Places {
                max,
                reservation_percent: percent,
            };
            Ok((owner(&kind, id, &name)?, places))
        });
    let places = places.collect::<Result<_, DbError>>()?;
    Ok(Took::new(
        stored.slots.into_iter().map(slot).collect(),
        places,
    ))
}

/// A slot as its columns: cap, feed, window, until when it counts.
pub(crate) fn slot_key(slot: &Slot) -> [i64; 5] {
    [
        slot.cap.raw(),
        slot.feed.map_or(0, FeedId::raw),
        slot.window.from.as_millis(),
        slot.window.to.as_millis(),
        slot.counts_until.as_millis(),
    ]
}

fn slot([cap, feed, from, to, until]: [i64; 5]) -> Slot {
    Slot {
        cap: CapId::from_raw(cap),
        feed: (feed != 0).then(|| FeedId::from_raw(feed)),
        window: Window {
            from: Timestamp::from_millis(from),
            to: Timestamp::from_millis(to),
        },
        counts_until: Timestamp::from_millis(until),
    }
}

/// The slot in a row of `cap_counter`.
pub(crate) fn read_slot(row: &Row) -> Result<Slot, DbError> {
    Ok(slot([
        row.get("cap")?,
        row.get("feed")?,
        row.get("window_from")?,
        row.get("window_to")?,
        row.get("counts_until")?,
    ]))
}

/// An owner of places as its columns: kind, id, name.
pub(crate) fn owner_key(owner: &PlaceOwner) -> (&'static str, i64, &str) {
    match owner {
        PlaceOwner::Account(id) => ("account", id.raw(), ""),
        PlaceOwner::Campaign(id) => ("campaign", id.raw(), ""),
        PlaceOwner::Buyer(id) => ("buyer", id.raw(), ""),
        PlaceOwner::Destination(id) => ("destination", id.raw(), ""),
        PlaceOwner::Contract(id) => ("contract", id.raw(), ""),
        PlaceOwner::Group(id, name) => ("group", id.raw(), name),
    }
}

/// The owner of places that columns name.
pub(crate) fn owner(kind: &str, id: i64, name: &str) -> Result<PlaceOwner, DbError> {
    Ok(match kind {
        "account" => PlaceOwner::Account(AccountId::from_raw(id)),
        "campaign" => PlaceOwner::Campaign(CampaignId::from_raw(id)),
        "buyer" => PlaceOwner::Buyer(BuyerId::from_raw(id)),
        "destination" => PlaceOwner::Destination(DestinationId::from_raw(id)),
        "contract" => PlaceOwner::Contract(ContractId::from_raw(id)),
        "group" => PlaceOwner::Group(CampaignId::from_raw(id), Arc::from(name)),
        other => {
            let message = format!("`{other}` is no owner of places");
            return Err(DbError::other("read places", message));
        }
    })
}

/// A claim as the text that is unique in an account: scope, id, and everything that recognises the person.
pub(super) fn claim_text(claim: &Claim) -> String {
    let mut text = format!("{}:{}", claim.scope.word(), claim.within);
    let Person {
        phone,
        phone_sha256,
        email_sha256,
    } = claim.person;
    // Writing into a text does not fail.
    if let Some(phone) = phone {
        let _ = write!(text, ":p{}", phone.digits());
    }
    for (mark, hash) in [('h', phone_sha256), ('e', email_sha256)] {
        let Some(hash) = hash else { continue };
        let _ = write!(text, ":{mark}");
        for byte in hash {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}
