//! The use cases with a clock set by hand and ports in memory.

mod arrivals;
mod calls;
mod flows;
mod matches;
mod page_check;
mod ports;
mod resting;
mod retention;
mod screening;
mod sounds;
mod supply;
mod trunks;
