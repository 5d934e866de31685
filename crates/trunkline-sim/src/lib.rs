//! A seeded world around Trunkline: visitors, callers, a carrier and a business, which speak the real
//! protocols (HTTP, SIP, RTP) over loopback. It knows nothing of the server's inside.

pub mod audio;
pub mod carrier;
pub mod chance;
pub mod demo_site;
pub mod number_shop;
pub mod simulate;
pub mod trade;
pub mod visitor;
pub mod world;
