//! The schema and everything that runs on it, on both engines.

use std::collections::BTreeSet;

use trunkline_core::call::RecordingConsent;
use trunkline_engine::ports::Configuration;
use trunkline_store::db::statement::{for_postgres, for_sqlite};
use trunkline_store::db::{Db, DbOptions, Expect, Location, Statement, Transaction};
use trunkline_store::schema::{MIGRATIONS, TABLES, record_kinds, statements};
use trunkline_store::testing::TestDatabase;

use crate::conformance::world::open;

async fn migrated(database: &TestDatabase) -> Db {
    let location = Location::parse(&database.url).unwrap();
    Db::open(&location, DbOptions::default(), MIGRATIONS)
        .await
        .unwrap()
}

fn texts() -> Vec<(&'static str, String)> {
    let statements = statements().map(|statement| (statement.name, statement.sql.to_owned()));
    let rows = record_kinds().map(|kind| (kind.name, kind.row_sql()));
    statements.chain(rows).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_prepared_on_both_engines() {
    let [sqlite, postgres] = TestDatabase::both().await;
    let (_one, _two) = (migrated(&sqlite).await, migrated(&postgres).await);
    let file = rusqlite::Connection::open(&sqlite.url).unwrap();
    let (server, driver) = tokio_postgres::connect(&postgres.url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(driver);
    assert!(texts().len() > 60);
    for (name, sql) in texts() {
        let ours = file
            .prepare(&for_sqlite(&sql))
            .unwrap_or_else(|error| panic!("{name} on SQLite: {error}"));
        let theirs = server.prepare(&for_postgres(&sql)).await;
        let theirs = theirs.unwrap_or_else(|error| panic!("{name} on PostgreSQL: {error:?}"));
        assert_eq!(
            ours.parameter_count(),
            theirs.params().len(),
            "{name}: arguments"
        );
        let columns: Vec<&str> = theirs
            .columns()
            .iter()
            .map(tokio_postgres::Column::name)
            .collect();
        assert_eq!(
            ours.column_names().collect::<Vec<_>>(),
            columns,
            "{name}: columns"
        );
    }
    for kind in record_kinds() {
        let prepared = server.prepare(&for_postgres(&kind.batch_sql())).await;
        let prepared = prepared.unwrap_or_else(|error| panic!("batch of {}: {error:?}", kind.name));
        assert_eq!(prepared.params().len(), kind.columns.len(), "{}", kind.name);
    }
}

/// SQLite once read all calls of the account for every call that came.
#[tokio::test(flavor = "multi_thread")]
async fn calls_are_looked_up_by_the_index_that_finds_the_least() {
    let [sqlite, _postgres] = TestDatabase::both().await;
    let _migrated = migrated(&sqlite).await;
    let file = rusqlite::Connection::open(&sqlite.url).unwrap();
    file.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG,
        true,
    )
    .unwrap();
    for (name, index) in [
        ("assignment.SHOWINGS_OF", "showing_number"),
        ("assignment.TAPS_ON", "tap_number"),
        ("assignment.UNCONFIRMED_LEASES_OF", "lease_number"),
        ("call.CALLS_OF_CALLER", "call_caller"),
        ("call.CALLS_OF_SESSION", "call_session"),
        ("call.CALLS_ON_NUMBER", "call_number"),
        ("call.CALLED_BEFORE", "call_caller"),
        ("call.LAST_CREDITED", "call_caller"),
        ("call.NUMBER_HISTORY", "COVERING INDEX call_number"),
        ("call.BLOCKED_CALLS", "call_screened"),
        ("screening.EARLIER_TALKS", "call_caller"),
        ("call.KEPT_RECORDINGS", "recording_kept"),
        ("visitor.LATEST_FORM", "form_phone"),
        ("webhooks.CARRIER_NAME", "call_carrier_name"),
    ] {
        let statement = statements().find(|s| s.name == name).expect(name);
        let explained = format!("EXPLAIN QUERY PLAN {}", for_sqlite(statement.sql));
        let mut plan = file.prepare(&explained).unwrap();
        let nothing = vec![rusqlite::types::Null; plan.parameter_count()];
        let nothing = rusqlite::params_from_iter(nothing);
        let steps = plan.query_map(nothing, |row| row.get::<_, String>("detail"));
        let steps: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
        let first = steps
            .iter()
            .find(|step| step.contains("SEARCH"))
            .expect(name);
        assert!(first.contains(index), "{name}: {steps:?}");
    }
}

/// The daily job looks at thousands of batches in an account that keeps much: each must cost what is in it, whatever the
/// account has besides.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_kept_recordings_is_read_along_indexes_on_both_engines() {
    let [sqlite, postgres] = TestDatabase::both().await;
    let (_one, _two) = (migrated(&sqlite).await, migrated(&postgres).await);
    let name = "call.KEPT_RECORDINGS";
    let sql = statements().find(|s| s.name == name).expect(name).sql;

    let file = rusqlite::Connection::open(&sqlite.url).unwrap();
    let mut plan = file
        .prepare(&format!("EXPLAIN QUERY PLAN {}", for_sqlite(sql)))
        .unwrap();
    let nothing = vec![rusqlite::types::Null; plan.parameter_count()];
    let steps = plan.query_map(rusqlite::params_from_iter(nothing), |row| {
        row.get::<_, String>("detail")
    });
    let steps: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
    for index in [
        "recording USING INDEX recording_kept (account=? AND started_at>? AND started_at<?)",
        "opportunity USING INDEX opportunity_call (call=?)",
        "campaign USING INTEGER PRIMARY KEY (rowid=?)",
    ] {
        let found = steps
            .iter()
            .any(|step| step.starts_with(&format!("SEARCH {index}")));
        assert!(found, "{index}: {steps:?}");
    }

    let (server, driver) = tokio_postgres::connect(&postgres.url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(driver);
    // Of tables without rows it would read all; what counts is which indexes serve.
    let with_indexes = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan";
    server.batch_execute(with_indexes).await.unwrap();
    let prepare = format!(
        "PREPARE kept (BIGINT, BIGINT, BIGINT, BIGINT, BIGINT) AS {}",
        for_postgres(sql)
    );
    server.batch_execute(&prepare).await.unwrap();
    let explained = server
        .simple_query("EXPLAIN EXECUTE kept (1, 1, 1, 1, 1)")
        .await
        .unwrap();
    let lines: Vec<String> = explained
        .iter()
        .filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect();
    for index in ["recording_kept", "opportunity_call", "campaign_pkey"] {
        let found = lines
            .iter()
            .any(|line| line.contains(&format!("Index Scan using {index}")));
        assert!(found, "{index}: {lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_before_keep_what_they_chose_about_recording() {
    const PUT: Statement = Statement {
        name: "test.PUT_OLD_ACCOUNT",
        sql: "INSERT INTO account (id, name, zone, currency, country, countries_allowed, concurrent_calls_max, \
            daily_minutes_max, recording_waiver, created_at) \
            VALUES ($1, 'A', 'America/Chicago', 'USD', 'US', '[]', 1, 1, $2, 1)",
    };
    for database in TestDatabase::both().await {
        let location = Location::parse(&database.url).unwrap();
        let old = Db::open(&location, DbOptions::default(), &MIGRATIONS[..1])
            .await
            .unwrap();
        for (id, waiver) in [(1_i64, true), (2, false)] {
            let put = Transaction::new().step(PUT, vec![id.into(), waiver.into()], Expect::Rows(1));
            old.submit(put).await.unwrap();
        }
        old.close().await;
        drop(old);
        let accounts = open(&database).await.load().await.unwrap().accounts;
        let chosen: Vec<_> = accounts
            .iter()
            .map(|a| (a.recording_consent, a.recording_keep_days))
            .collect();
        let expected = [
            (RecordingConsent::Waiver, None),
            (RecordingConsent::Notice, None),
        ];
        assert_eq!(chosen, expected);
    }
}

#[test]
fn statements_and_kinds_have_names_of_their_own() {
    let mut names = BTreeSet::new();
    for name in statements()
        .map(|statement| statement.name)
        .chain(record_kinds().map(|kind| kind.name))
    {
        assert!(names.insert(name), "{name} is there twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_tables_is_whole_and_their_keys_are_right() {
    let [sqlite, postgres] = TestDatabase::both().await;
    let (_one, _two) = (migrated(&sqlite).await, migrated(&postgres).await);
    let listed: BTreeSet<(String, String)> = TABLES
        .iter()
        .map(|table| (table.name.to_owned(), table.key.join(",")))
        .collect();
    let file = rusqlite::Connection::open(&sqlite.url).unwrap();
    let mut found = file
        .prepare(
            "SELECT t.name, group_concat(c.name ORDER BY c.pk) FROM pragma_table_list AS t \
             JOIN pragma_table_info(t.name) AS c ON c.pk > 0 \
             WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'refinery%' GROUP BY t.name",
        )
        .unwrap();
    let found = found
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(found.collect::<Result<BTreeSet<_>, _>>().unwrap(), listed);
    let (server, driver) = tokio_postgres::connect(&postgres.url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(driver);
    let found = server
        .query(
            "SELECT k.table_name::text, string_agg(k.column_name::text, ',' ORDER BY k.ordinal_position) \
             FROM information_schema.key_column_usage AS k JOIN information_schema.table_constraints AS c \
             ON c.constraint_name = k.constraint_name AND c.constraint_type = 'PRIMARY KEY' \
             WHERE k.table_schema = 'public' AND k.table_name NOT LIKE 'refinery%' GROUP BY k.table_name",
            &[],
        )
        .await
        .unwrap();
    let found: BTreeSet<(String, String)> =
        found.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(found, listed);
}

#[test]
fn the_folder_of_migrations_and_the_list_agree() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let listed: Vec<String> = MIGRATIONS
        .iter()
        .map(|file| format!("{}.sql", file.name))
        .collect();
    assert_eq!(files, listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_migrates_nothing_and_two_starts_at_once_do_not_meet() {
    for database in TestDatabase::both().await {
        let first = migrated(&database).await;
        first.close().await;
        drop(first);
        migrated(&database).await.close().await;
    }
    let database = TestDatabase::postgres().await;
    tokio::join!(
        migrated(&database),
        migrated(&database),
        migrated(&database)
    );
}
