//! The promises of the store, kept on SQLite and PostgreSQL alike. One binary with one PostgreSQL per process.

mod conformance;
mod db;
mod kill;
mod schema;
mod sounds;
mod spool;
