//! What the demo's business did about its telephone: a reception that greets callers and asks what they need, and a caller
//! who is not let through any more.

use anyhow::Context;
use serde_json::json;
use trunkline_core::base::PhoneNumber;
use trunkline_core::base::id::AccountId;
use trunkline_core::call::flow::FlowDocument;
use trunkline_core::call::screening::{CallerPattern, ListEntry, ListKind};
use trunkline_engine::ports::configuration::Flow;

use crate::wiring::House;

/// Sells windows to a roofer, again and again.
pub(super) const UNWANTED: PhoneNumber = PhoneNumber::from_digits(12_815_550_166);

/// Puts the unwanted caller on the list of those who are refused.
///
/// # Errors
/// When the store refuses.
pub(super) async fn refuse(house: &House, account: AccountId) -> anyhow::Result<()> {
    let moment = &house.backend.moment;
    let entry = ListEntry {
        id: moment.id(),
        account,
        list: ListKind::Block,
        pattern: CallerPattern::Number(UNWANTED),
        note: "Sells windows, calls every week".to_owned(),
        added_by: None,
        added_at: moment.now(),
        expires_at: None,
    };
    let added = house.backend.screener.add(&entry).await;
    added.context("the demo's unwanted caller cannot be listed")
}

/// Opens the reception on a number. Without a speech engine nobody could hear it: then it stays a draft that no call runs.
///
/// # Errors
/// When the store refuses.
pub(super) async fn open(
    house: &House,
    account: AccountId,
    number: PhoneNumber,
) -> anyhow::Result<()> {
    let (moment, setup) = (&house.backend.moment, &house.backend.setup);
    let flow = Flow {
        id: moment.id(),
        account,
        name: "Reception".to_owned(),
        draft: reception()?,
        edits: 0,
        published: None,
        archived_at: None,
        created_at: moment.now(),
    };
    setup.create_flow(&flow).await?;
    if !house.backend.sounds.speaks() {
        return Ok(());
    }
    let published = setup.publish_flow(flow.id, flow.edits, None, moment.now());
    if let Err(error) = published.await {
        tracing::warn!(%error, "the demo's reception is not published");
        return Ok(());
    }
    let directory = house.backend.directory.now();
    let number = directory.number_by_digits(number);
    let mut number = number
        .context("the reception has no number")?
        .as_ref()
        .clone();
    number.flow = Some(flow.id);
    Ok(setup.put_number(&number).await?)
}

fn reception() -> anyhow::Result<FlowDocument> {
    let lines = ["business_line", "second_line"];
    let rings = |lines: &[&str]| -> Vec<serde_json::Value> {
        let ring = |to: &&str| json!({"to": to, "ring_timeout_s": 20});
        lines.iter().map(ring).collect()
    };
    let document = json!({
        "schema": 1,
        "start": "Greeting",
        "nodes": {
            "Greeting": {
                "kind": "recording_notice",
                "text": "Thank you for calling Tallgrass Roofing. This call may be recorded.",
                "consent": "announce",
                "on": {"done": "Menu"},
            },
            "Menu": {
                "kind": "menu",
                "text": "Press 1 for storm damage, or 2 for the office.",
                "choices": {"1": "Ring the crew", "2": "Ring the office"},
                "timeout_s": 4,
                "tries": 1,
                "barge_in": true,
                "on": {"default": "Ring the office"},
            },
            "Ring the crew": {
                "kind": "dial",
                "destinations": rings(&lines[1..]),
                "on": {"default": "Ring the office"},
            },
            "Ring the office": {
                "kind": "dial",
                "destinations": rings(&lines),
                "on": {"default": "Take a message"},
            },
            "Take a message": {
                "kind": "voicemail",
                "greeting": {"text": "We are all on a roof. Please leave your name and number after the tone."},
                "max_s": 120,
                "silence_s": 5,
                "beep": true,
            },
        },
    });
    serde_json::from_value(document).context("the demo's reception cannot be read")
}

#[cfg(test)]
mod tests {
    use trunkline_core::call::flow::{Ability, KnownThings};

    use super::reception;

    #[test]
    fn the_reception_can_be_published() {
        let document = reception().expect("a document");
        assert_eq!(document.nodes.len(), 5);
        let known = KnownThings {
            abilities: Ability::ALL.iter().copied().collect(),
            ..KnownThings::default()
        };
        assert_eq!(document.validate(&known), []);
    }
}
