//! The commands other than `serve` and `demo`, one file each.

pub(crate) mod account;
pub(crate) mod backup;
pub(crate) mod check_call;
pub(crate) mod check_config;
pub(crate) mod db;
pub(crate) mod simulate;
pub(crate) mod user;
