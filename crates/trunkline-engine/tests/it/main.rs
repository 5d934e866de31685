//! The use cases with a clock set by hand and ports in memory.

mod arrivals;
mod auctions;
mod away;
mod beacons;
mod calls;
mod configuration;
mod costs;
mod distribution;
mod floods;
mod flows;
mod in_step;
mod lines;
mod matches;
mod outbox;
mod page_check;
mod ports;
mod published;
mod resting;
mod retention;
mod routing;
mod screening;
mod sounds;
mod sources;
mod supply;
mod trunks;
mod world;
