//! One story, told on both engines: an account is set up, visitors come and see numbers, callers call.

mod access;
mod arrivals;
mod bids;
mod books;
mod call_log;
mod called;
mod callers;
pub(crate) mod calls;
mod carriers;
mod compliance;
mod configuration;
mod copy;
mod costs;
mod distribution;
mod history;
mod labels;
mod leads;
mod opportunities;
mod outbox;
mod past_calls;
mod past_visits;
mod posted;
mod published;
mod racing;
mod recordings;
mod reservations;
mod routed;
mod screening;
mod sold_leads;
mod toll;
mod webhooks;
pub(crate) mod world;

pub(crate) use world::World;
