//! The schema: migrations, tables, and the lists of everything that runs on them.

use crate::db::{MigrationFile, RecordKind, Statement, Table};
use crate::{
    access, arrivals, assignment, call, carriers, checks, configuration, distribution, labels,
    lead, ledger, newest, outbox, past_calls, past_visits, routing, screening, trunks, visitor,
    webhooks,
};

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        /// The migrations in order. A released file is never edited; a change is a new file, and only adds.
        pub const MIGRATIONS: &[MigrationFile] = &[$(MigrationFile {
            name: $name,
            sql: include_str!(concat!("../migrations/", $name, ".sql")),
        }),*];
    };
}
migrations!(
    "V0001__spine",
    "V0002__prompts",
    "V0003__retention",
    "V0004__trunks",
    "V0005__voice_webhooks",
    "V0006__screening",
    "V0007__alarms_and_one_time_passwords",
    "V0008__depth",
    "V0009__carriers",
    "V0010__whose_numbers",
    "V0011__distribution",
    "V0012__routing_and_ledger",
    "V0013__open_opportunities",
    "V0014__leads",
    "V0015__bids",
    "V0016__bids_of_a_feed",
    "V0017__compliance",
    "V0018__sip_addresses",
    "V0019__campaign_recordings",
    "V0020__telephony_cost",
);

macro_rules! tables {
    ($($name:literal ($($key:literal),+)),* $(,)?) => {
        /// Every table with its primary key, those that are referred to before those that refer to them.
        pub const TABLES: &[Table] = &[$(Table { name: $name, key: &[$($key),+] }),*];
    };
}
tables! {
    "instance" ("id"),
    "account" ("id"),
    "app_user" ("id"),
    "membership" ("id"),
    "login" ("id"),
    "api_key" ("id"),
    "credential" ("owner", "kind"),
    "trunk" ("id"),
    "voice_webhook" ("trunk"),
    "carrier" ("trunk"),
    "call_flow" ("id"),
    "flow_version" ("flow", "version"),
    "prompt" ("id"),
    "publisher" ("id"),
    "campaign" ("id"),
    "feed" ("id"),
    "buyer" ("id"),
    "destination" ("id"),
    "contract" ("id"),
    "item_list" ("id"),
    "item_list_part" ("list", "revision", "part"),
    "terms_version" ("thing", "version"),
    "site" ("id"),
    "site_version" ("site", "version"),
    "swap_target" ("id"),
    "pool" ("id"),
    "tracking_number" ("id"),
    "site_check" ("site"),
    "published_number" ("number", "site"),
    "block_seen" ("site", "version"),
    "session" ("id"),
    "touch" ("session", "id"),
    "page_view" ("session", "id"),
    "lease" ("id"),
    "showing" ("id"),
    "showing_end" ("showing", "at"),
    "tap" ("id"),
    "form" ("id"),
    "call" ("id"),
    "call_event" ("call", "id"),
    "recording" ("id"),
    "recording_fetch" ("call", "name"),
    "label" ("id"),
    "attribution_model" ("id"),
    "screening" ("account"),
    "screening_entry" ("id"),
    "purchase" ("id"),
    "opportunity" ("id"),
    "attempt" ("opportunity", "n"),
    "reservation" ("id"),
    "cap_counter" ("cap", "feed", "window_from", "window_to"),
    "cap_line" ("cap", "feed"),
    "place_counter" ("account", "kind", "owner", "name"),
    "claim" ("account", "claimed"),
    "taken" ("opportunity", "contract"),
    "turn" ("campaign", "contract", "name"),
    "sold" ("kind", "owner", "month_from"),
    "posting" ("id"),
    "ledger_entry" ("posting", "n"),
    "balance" ("account", "book", "party_kind", "party"),
    "booked" ("account", "subject_kind", "subject"),
    "buyer_report" ("account", "subject_kind", "subject", "n"),
    "hold" ("id"),
    "outbox_event" ("id"),
    "lead" ("id"),
    "lead_leg" ("lead", "n"),
    "lead_event" ("lead", "n"),
    "consent_record" ("account", "number"),
    "lead_return" ("lead", "contract"),
    "bid" ("opportunity", "attempt", "contract"),
    "given_bid" ("id"),
    "given_ping" ("feed", "asked"),
    "given_number" ("number"),
}

/// Every statement of the store, for the test that prepares each on both engines.
pub fn statements() -> impl Iterator<Item = Statement> {
    [
        access::ALL,
        configuration::ALL,
        distribution::things::ALL,
        distribution::terms::ALL,
        distribution::lists::ALL,
        distribution::secrets::ALL,
        trunks::ALL,
        visitor::ALL,
        arrivals::ALL,
        assignment::ALL,
        call::ALL,
        checks::ALL,
        labels::ALL,
        past_calls::ALL,
        past_visits::ALL,
        screening::ALL,
        newest::ALL,
        webhooks::ALL,
        carriers::ALL,
        routing::ALL,
        routing::OPPORTUNITY_STATEMENTS,
        routing::BID_STATEMENTS,
        ledger::ALL,
        ledger::VERIFY_STATEMENTS,
        outbox::ALL,
        lead::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Every kind of record of the group commit.
pub fn record_kinds() -> impl Iterator<Item = &'static RecordKind> {
    [
        visitor::KINDS,
        assignment::KINDS,
        call::KINDS,
        labels::KINDS,
        past_calls::KINDS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
