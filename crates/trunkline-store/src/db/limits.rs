//! Every limit of the database layer in one place.

/// Entries (records and submitted transactions) that may wait for the writer; more are refused at once.
pub const WRITER_QUEUE_MAX: usize = 32_768;
/// Entries put into one transaction.
pub const BATCH_ENTRIES_MAX: usize = 2_048;
/// Above so many entries a second, and [`GATHER_FROM_CROWD`] in a group, groups are gathered for [`GATHER_US`] before
/// they are committed; when little comes, every entry is committed at once.
pub const GATHER_FROM_PER_SECOND: f64 = 500.0;
/// Entries of a group on average from which they come from more than one side.
pub const GATHER_FROM_CROWD: f64 = 1.2;
/// How often the pace of what comes is looked at, in milliseconds.
pub const PACE_MS: f64 = 50.0;
/// How long a group is gathered, in microseconds: little beside what a caller or a page notices, and enough for a
/// fraction of the commits.
pub const GATHER_US: u64 = 12_000;
/// Reads that may wait for a reader thread.
pub const READ_QUEUE_MAX: usize = 1_024;
/// Urgent look-ups that share one read transaction.
pub const URGENT_TOGETHER_MAX: usize = 16;
/// How long a read may run.
pub const READ_MS_MAX: u64 = 10_000;
/// How long a control-plane transaction may keep the writer waiting for its next statement.
pub const TX_IDLE_MS_MAX: u64 = 2_000;
/// How often a transaction that met another one is run again.
pub const RETRIES_MAX: u32 = 6;
/// The first pause before running again; doubled each time.
pub const RETRY_PAUSE_MS: u64 = 5;
/// How long SQLite waits for a lock of another connection.
pub const BUSY_MS_MAX: u64 = 5_000;
/// Pause between two passive checkpoints.
pub const CHECKPOINT_EVERY_MS: u64 = 1_000;
/// Above this size of the write-ahead log the writer itself restarts the log between two batches.
pub const WAL_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long the writer may wait for readers when it restarts the log.
pub const WAL_RESTART_MS_MAX: u64 = 50;
/// Prepared statements kept per connection.
pub const PREPARED_MAX: usize = 512;
/// How long to wait for a free PostgreSQL connection.
pub const CONNECTION_WAIT_MS_MAX: u64 = 5_000;
/// How long a PostgreSQL server may take to accept a connection.
pub const CONNECT_MS_MAX: u64 = 5_000;
/// How long data sent to PostgreSQL may stay unacknowledged by its machine before the connection counts as lost.
pub const UNACKNOWLEDGED_MS_MAX: u64 = 10_000;
/// How long a connection to PostgreSQL may be idle before its machine is asked whether it is still there.
pub const KEEPALIVE_IDLE_MS: u64 = 30_000;
/// How long a group commit on PostgreSQL may take; above the server's own limit for a statement, [`READ_MS_MAX`].
pub const BATCH_MS_MAX: u64 = 15_000;
/// How long writing a batch entry by entry may take on PostgreSQL: a round trip per record.
pub const REPLAY_MS_MAX: u64 = 60_000;
/// Rows per step of a copy between databases.
pub const COPY_PAGE_ROWS: i64 = 2_000;
