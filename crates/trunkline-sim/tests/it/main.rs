//! The simulator against itself and against small stubs: what it promises to the tests that use it.

mod carrier;
mod demo_site;
mod plan;
mod stub;
mod trade;
mod visitor;
mod world;
