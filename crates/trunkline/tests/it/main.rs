//! The real program on loopback: started as a person would, spoken to over HTTP and SIP, killed and
//! started again. One binary, because linking costs more than running.

mod access;
mod attribution;
mod calls;
mod carrier_side;
mod carriers;
mod check;
mod compliance;
mod costs;
mod crash;
mod delivery;
mod demo;
mod distribution;
mod flows;
mod geo;
mod house;
mod inventory;
mod lead_crash;
mod leads;
mod mmdb;
mod operator;
mod opportunities;
mod passwords;
mod prompts;
mod retention;
mod routing;
mod rtb;
mod screening;
mod secure;
mod setup;
mod snippet;
mod trunks;
mod user_agent;
mod verticals;
mod webhooks;
mod webhooks_signed;
