//! The database layer itself, on a schema of its own.

use trunkline_store::args;
use trunkline_store::db::{
    ColumnType, Copied, Db, DbError, DbOptions, Expect, Location, MigrationFile, Outcome,
    RecordKind, Row, Statement, Table, Transaction, Write, copy, limits,
};
use trunkline_store::testing::TestDatabase;

const MIGRATIONS: &[MigrationFile] = &[MigrationFile {
    name: "V0001__things",
    sql: "CREATE TABLE thing (id BIGINT PRIMARY KEY, size BIGINT NOT NULL, weight DOUBLE PRECISION, name TEXT, body BYTEA)\
          /*pg: WITH (fillfactor = 80)*/;\n\
          CREATE TABLE word (lang TEXT NOT NULL, word TEXT NOT NULL, uses BIGINT NOT NULL, PRIMARY KEY (lang, word));",
}];
const TABLES: &[Table] = &[
    Table {
        name: "thing",
        key: &["id"],
    },
    Table {
        name: "word",
        key: &["lang", "word"],
    },
];

const fn statement(name: &'static str, sql: &'static str) -> Statement {
    Statement { name, sql }
}
const ADD: Statement = statement(
    "add",
    "INSERT INTO thing (id, size, name) VALUES ($1, $2, $3)",
);
const SWAP_ORDER: Statement = statement("swap", "UPDATE thing SET size = $2 WHERE id = $1");
const TAKE: Statement = statement(
    "take",
    "UPDATE thing SET size = size - 1 WHERE id = $1 AND size > 0",
);
const SIZE: Statement = statement(
    "size",
    "SELECT size FROM thing WHERE id = $1 /*pg: FOR SHARE*/",
);
const COUNT: Statement = statement("count", "SELECT count(*) AS n FROM thing");
const NAMES: Statement = statement(
    "names",
    "SELECT id, size, weight, name, body FROM thing ORDER BY id",
);
const FOR_EVER: Statement = statement(
    "for_ever",
    "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) AS n FROM c",
);

static THING: RecordKind = RecordKind {
    name: "thing",
    table: "thing",
    columns: &[
        ("id", ColumnType::Int),
        ("size", ColumnType::Int),
        ("weight", ColumnType::Real),
        ("name", ColumnType::Text),
        ("body", ColumnType::Blob),
    ],
    write: Write::Insert(
        "ON CONFLICT (id) DO UPDATE SET size = excluded.size, name = excluded.name",
    ),
    key: 1,
};
static NEW_THING: RecordKind = RecordKind {
    name: "new_thing",
    table: "thing",
    columns: &[("id", ColumnType::Int), ("size", ColumnType::Int)],
    write: Write::Insert(""),
    key: 0,
};
static GROW: RecordKind = RecordKind {
    name: "grow",
    table: "thing",
    columns: &[("id", ColumnType::Int), ("size", ColumnType::Int)],
    write: Write::Update("t.size < new.size"),
    key: 1,
};

async fn open(database: &TestDatabase) -> Db {
    let location = Location::parse(&database.url).unwrap();
    Db::open(&location, DbOptions::default(), MIGRATIONS)
        .await
        .unwrap()
}

async fn size(db: &Db, id: i64) -> Option<i64> {
    let row = db.read_opt(SIZE, args![id]).await.unwrap();
    row.map(|row| row.get("size").unwrap())
}

async fn count(db: &Db) -> i64 {
    db.read(COUNT, args![]).await.unwrap()[0].get("n").unwrap()
}

fn thing(id: i64, size: i64, name: &str) -> trunkline_store::db::Record {
    THING.record(args![id, size, 0.5, name, vec![1_u8, 0, 255]])
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_bind_by_number_not_by_order_of_appearance() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        let outcome = db
            .submit(
                Transaction::new()
                    .step(ADD, args![7_i64, 1_i64, "x"], Expect::Rows(1))
                    .step(SWAP_ORDER, args![7_i64, 99_i64], Expect::Rows(1)),
            )
            .await;
        assert!(outcome.unwrap().is_committed());
        assert_eq!(size(&db, 7).await, Some(99));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submitted_transaction_takes_effect_whole_or_not_at_all() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        db.submit(Transaction::new().step(ADD, args![1_i64, 1_i64, "one"], Expect::Rows(1)))
            .await
            .unwrap();
        let take = || {
            Transaction::new()
                .step(SWAP_ORDER, args![1_i64, 1_i64], Expect::AtLeast(0))
                .step(TAKE, args![1_i64], Expect::Rows(1))
                .step(TAKE, args![1_i64], Expect::Rows(1))
        };
        assert_eq!(
            db.submit(take()).await.unwrap(),
            Outcome::Unexpected { index: 2, rows: 0 }
        );
        assert_eq!(size(&db, 1).await, Some(1));
        let twice = Transaction::new().step(ADD, args![1_i64, 5_i64, "again"], Expect::Rows(1));
        assert!(db.submit(twice).await.unwrap_err().is_conflict());
        assert_eq!(size(&db, 1).await, Some(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_place_is_never_taken_twice_by_racing_transactions() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        db.submit(Transaction::new().step(ADD, args![1_i64, 10_i64, "ten"], Expect::Rows(1)))
            .await
            .unwrap();
        let racers: Vec<_> = (0..40)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    let take = Transaction::new().step(TAKE, args![1_i64], Expect::Rows(1));
                    db.submit(take).await.unwrap().is_committed()
                })
            })
            .collect();
        let mut taken = 0;
        for racer in racers {
            taken += i32::from(racer.await.unwrap());
        }
        assert_eq!((taken, size(&db, 1).await), (10, Some(0)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interactive_transaction_commits_rolls_back_or_is_abandoned() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        let add = |id: i64, keep: bool| {
            let db = db.clone();
            async move {
                db.tx(move |t| {
                    Box::pin(async move {
                        t.execute(ADD, args![id, 1_i64, "x"]).await?;
                        let seen = t.query_opt(SIZE, args![id]).await?;
                        if !keep {
                            t.abandon();
                        }
                        seen.ok_or(DbError::Closed)?.get::<i64>(0)
                    })
                })
                .await
            }
        };
        assert_eq!(add(1, true).await.unwrap(), 1);
        assert_eq!(add(2, false).await.unwrap(), 1);
        assert!(add(1, true).await.unwrap_err().is_conflict());
        assert_eq!(count(&db).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_interactive_transaction_leaves_nothing_and_frees_the_writer() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        let (entered, inside) = tokio::sync::oneshot::channel();
        let mut entered = Some(entered);
        let held = db.clone();
        let task = tokio::spawn(async move {
            held.tx(|t| {
                let entered = entered.take();
                Box::pin(async move {
                    t.execute(ADD, args![1_i64, 1_i64, "x"]).await?;
                    let _ = entered.map(|entered| entered.send(()));
                    std::future::pending::<Result<(), DbError>>().await
                })
            })
            .await
        });
        inside.await.unwrap();
        task.abort();
        let _ = task.await;
        db.submit(Transaction::new().step(ADD, args![1_i64, 2_i64, "y"], Expect::Rows(1)))
            .await
            .unwrap();
        assert_eq!(size(&db, 1).await, Some(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_acknowledged_only_after_its_commit() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        for id in 0..50 {
            db.record(vec![thing(id, id, "n")])
                .unwrap()
                .durable()
                .await
                .unwrap();
            assert_eq!(size(&db, id).await, Some(id), "another connection sees it");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_one_batch_keep_their_order_and_replays_change_nothing() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        let handed_over: Vec<_> = (0..500)
            .map(|n| {
                db.record(vec![thing(n % 10, n, "v"), GROW.record(args![n % 10, n])])
                    .unwrap()
            })
            .collect();
        for recorded in handed_over {
            recorded.durable().await.unwrap();
        }
        for _ in 0..2 {
            assert_eq!(count(&db).await, 10);
            for id in 0..10 {
                assert_eq!(size(&db, id).await, Some(490 + id));
            }
            // An older state of a row does not come back through a guarded update.
            db.record(vec![GROW.record(args![3_i64, 1_i64])])
                .unwrap()
                .durable()
                .await
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_record_costs_only_itself() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        db.record(vec![NEW_THING.record(args![5_i64, 0_i64])])
            .unwrap()
            .durable()
            .await
            .unwrap();
        let handed_over: Vec<_> = (0..10)
            .map(|id| {
                db.record(vec![
                    THING.record(args![id + 100, id, 0.0, "x", vec![0_u8]]),
                    NEW_THING.record(args![id, id]),
                ])
            })
            .collect();
        for (id, recorded) in handed_over.into_iter().enumerate() {
            let stored = recorded.unwrap().durable().await;
            assert_eq!(stored.is_err(), id == 5, "{stored:?}");
        }
        assert_eq!(
            count(&db).await,
            19,
            "what stood beside the bad record went with it, the rest stayed"
        );
        assert_eq!(size(&db, 105).await, None);
    }
}

/// Refuses every new word, by turns as a bad record and as a transaction that met another one.
const QUARRELSOME: &[MigrationFile] = &[
    MIGRATIONS[0],
    MigrationFile {
        name: "V0002__quarrel",
        sql: "CREATE SEQUENCE turn;\
              CREATE FUNCTION quarrel() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN \
                IF nextval(''turn'') % 2 = 1 THEN RAISE EXCEPTION USING ERRCODE = ''23514''; END IF; \
                RAISE EXCEPTION USING ERRCODE = ''40001''; END';\
              CREATE TRIGGER quarrel BEFORE INSERT ON word FOR EACH ROW EXECUTE FUNCTION quarrel()",
    },
];
static WORD: RecordKind = RecordKind {
    name: "word",
    table: "word",
    columns: &[
        ("lang", ColumnType::Text),
        ("word", ColumnType::Text),
        ("uses", ColumnType::Int),
    ],
    write: Write::Insert(""),
    key: 0,
};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_given_a_connection_with_a_broken_transaction() {
    let database = TestDatabase::postgres().await;
    let location = Location::parse(&database.url).unwrap();
    let db = Db::open(&location, DbOptions::default(), QUARRELSOME)
        .await
        .unwrap();
    // The first turn fails the batch, the second one its replay, which leaves a transaction open.
    let word = db.record(vec![WORD.record(args!["en", "call", 1_i64])]);
    assert!(word.unwrap().durable().await.is_err());
    for id in 0..DbOptions::default().connections as i64 {
        let recorded = db.record(vec![NEW_THING.record(args![id, id])]);
        recorded.unwrap().durable().await.unwrap();
        assert_eq!(count(&db).await, id + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_refused_at_once() {
    let database = TestDatabase::sqlite();
    let db = open(&database).await;
    let (entered, inside) = tokio::sync::oneshot::channel();
    let (leave, left) = tokio::sync::oneshot::channel::<()>();
    let (mut entered, mut left) = (Some(entered), Some(left));
    let held = db.clone();
    let holder = tokio::spawn(async move {
        held.tx(|t| {
            let (entered, left) = (entered.take(), left.take());
            Box::pin(async move {
                t.execute(ADD, args![-1_i64, 1_i64, "x"]).await?;
                let _ = entered.map(|entered| entered.send(()));
                if let Some(left) = left {
                    let _ = left.await;
                }
                Ok(())
            })
        })
        .await
    });
    inside.await.unwrap();
    let mut refused = 0;
    for id in 0..=limits::WRITER_QUEUE_MAX as i64 + 10 {
        match db.record_behind(vec![NEW_THING.record(args![id, id])]) {
            Ok(()) => {}
            Err(DbError::QueueFull { queue: "writer" }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refused, 11);
    leave.send(()).unwrap();
    // On a slow machine the writer may have given up on the holder; the queue goes on either way.
    let _ = holder.await.unwrap();
    db.close().await;
    let db = reopened(&database, db).await;
    assert!(
        count(&db).await >= limits::WRITER_QUEUE_MAX as i64,
        "closing writes what waits"
    );
}

async fn reopened(database: &TestDatabase, db: Db) -> Db {
    drop(db);
    open(database).await
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_writes_everything_that_was_handed_over() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        for id in 0..3_000 {
            db.record_behind(vec![NEW_THING.record(args![id, id])])
                .unwrap();
        }
        db.close().await;
        assert!(matches!(db.record_behind(vec![]), Err(DbError::Closed)));
        let db = reopened(&database, db).await;
        assert_eq!(count(&db).await, 3_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_takes_too_long_is_ended() {
    for database in TestDatabase::both().await {
        let db = open(&database).await;
        let late = db.read_within(FOR_EVER, args![], 50).await;
        assert!(matches!(late, Err(DbError::TimedOut { .. })), "{late:?}");
        assert_eq!(count(&db).await, 0, "and the next one is answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_urgent_read_is_answered_while_every_other_reader_is_busy() {
    for database in TestDatabase::both().await {
        let location = Location::parse(&database.url).unwrap();
        let options = DbOptions {
            readers: 1,
            connections: 2,
            urgent_readers: 1,
            urgent_connections: 1,
        };
        let db = Db::open(&location, options, MIGRATIONS).await.unwrap();
        let slow = || db.read(FOR_EVER, args![]);
        tokio::select! {
            biased;
            _ = async { tokio::join!(slow(), slow()) } => panic!("they count until their time is over"),
            rows = db.read_urgent(COUNT, args![]) => assert_eq!(rows.unwrap().len(), 1),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_cannot_open_the_same_file() {
    let database = TestDatabase::sqlite();
    let first = open(&database).await;
    let location = Location::parse(&database.url).unwrap();
    let second = Db::open(&location, DbOptions::default(), MIGRATIONS).await;
    assert!(
        second
            .err()
            .unwrap()
            .to_string()
            .contains("another program")
    );
    drop(first);
}

async fn filled(db: &Db) -> Vec<Row> {
    for id in 0..5_000_i64 {
        let name = if id % 3 == 0 {
            None
        } else {
            Some(format!("näme {id}"))
        };
        let weight = if id % 5 == 0 {
            None
        } else {
            Some(id as f64 / 7.0)
        };
        let body = if id % 7 == 0 {
            None
        } else {
            Some(vec![id as u8; (id % 40) as usize])
        };
        db.record_behind(vec![THING.record(args![
            id - 2_500,
            id * 1_000_000_007,
            weight,
            name,
            body
        ])])
        .unwrap();
    }
    db.record(vec![thing(9_999_999, -1, "nul\0byte")])
        .unwrap()
        .durable()
        .await
        .unwrap();
    db.read(NAMES, args![]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_holds_the_same_rows_on_either_engine() {
    let [a, b] = TestDatabase::both().await;
    let [c, d] = TestDatabase::both().await;
    let (first, second) = (open(&a).await, open(&b).await);
    let rows = filled(&first).await;
    assert_eq!(rows.len(), 5_001);
    let copied = copy(&first, &second, TABLES).await.unwrap();
    assert_eq!(
        copied[0],
        Copied {
            table: "thing",
            rows: 5_001
        }
    );
    assert_eq!(second.read(NAMES, args![]).await.unwrap(), rows);
    for target in [&c, &d] {
        let target = open(target).await;
        copy(&second, &target, TABLES).await.unwrap();
        assert_eq!(target.read(NAMES, args![]).await.unwrap(), rows);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_refuses_a_target_with_rows() {
    let [a, b] = TestDatabase::both().await;
    let (first, second) = (open(&a).await, open(&b).await);
    filled(&first).await;
    second
        .record(vec![thing(1, 1, "there")])
        .unwrap()
        .durable()
        .await
        .unwrap();
    let refused = copy(&first, &second, TABLES).await.unwrap_err();
    assert!(refused.to_string().contains("not empty"), "{refused}");
    assert_eq!(count(&second).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_a_whole_database() {
    let database = TestDatabase::sqlite();
    let db = open(&database).await;
    let rows = filled(&db).await;
    let file = format!("{}.backup", database.url);
    db.backup(file.as_ref()).await.unwrap();
    assert!(
        db.backup(file.as_ref()).await.is_err(),
        "an existing file is not overwritten"
    );
    let restored = Db::open(
        &Location::parse(&file).unwrap(),
        DbOptions::default(),
        MIGRATIONS,
    )
    .await
    .unwrap();
    assert_eq!(restored.read(NAMES, args![]).await.unwrap(), rows);
}
