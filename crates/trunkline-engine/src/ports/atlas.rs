//! Where network addresses are. The address is looked up and forgotten; only the answer is kept.

use std::net::IpAddr;

use trunkline_core::base::Locality;

/// Tells where an address is believed to be.
pub trait Atlas: Send + Sync {
    /// The state or province of North America, and the place, of an address; `None` when it is unknown or
    /// elsewhere. Answers from memory: it is asked on the way to every assignment.
    fn locate(&self, address: IpAddr) -> Option<Locality>;
}
