//! Outgoing HTTP and mail: buyers, webhooks, carriers' number APIs, scoring services. Nothing calls
//! out yet, so nothing is here; the crate exists so that its place in the order of the house is kept.
