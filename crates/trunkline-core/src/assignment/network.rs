//! The network a visitor comes from, and how much of a pool one network may hold.
//!
//! A script that pretends to be many visitors would otherwise empty a pool. It comes from few networks, so once a pool runs
//! short each network gets a share and no more; whoever is turned away sees the number of its source.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The part of a pool that one network may hold once half of the pool is taken.
pub const SHARE_MAX: usize = 4;
/// So many numbers one network may always hold: a household or a small office.
pub const SHARE_MIN: usize = 3;

/// The network of an address: 24 bits of IPv4, 48 of IPv6, which is what one subscriber or one server has at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Network(u64);

/// Marks IPv6 in [`Network`].
const V6: u64 = 1 << 63;
/// Marks IPv4.
const V4: u64 = 1 << 62;

impl Network {
    /// Not known, or one that says nothing about visitors. It has no limit.
    pub const UNKNOWN: Self = Self(0);

    /// Of an address. Addresses of this machine and of private networks are those of a proxy or a test, not of visitors.
    #[must_use]
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) if v4.is_loopback() || v4.is_private() || v4.is_unspecified() => {
                Self::UNKNOWN
            }
            IpAddr::V4(v4) => Self(V4 | u64::from(v4.to_bits() >> 8)),
            IpAddr::V6(v6) if v6.is_loopback() || v6.is_unique_local() || v6.is_unspecified() => {
                Self::UNKNOWN
            }
            IpAddr::V6(v6) => Self(V6 | (v6.to_bits() >> 80) as u64),
        }
    }

    /// As it is stored with a lease.
    #[must_use]
    pub const fn stored(self) -> i64 {
        self.0.cast_signed()
    }

    /// From how it is stored.
    #[must_use]
    pub const fn from_stored(stored: i64) -> Self {
        Self(stored.cast_unsigned())
    }

    /// Whether it has a share to keep to.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 != 0
    }
}

/// How many numbers of a pool of this size one network may hold once the pool runs short.
#[must_use]
pub fn share_of(size: usize) -> usize {
    (size / SHARE_MAX).max(SHARE_MIN)
}

impl fmt::Display for Network {
    /// As a prefix: `203.0.113.0/24`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 & V6 != 0 {
            let bits = u128::from(self.0 & !V6) << 80;
            write!(f, "{}/48", Ipv6Addr::from_bits(bits))
        } else if self.0 & V4 != 0 {
            let bits = ((self.0 & !V4) << 8) as u32;
            write!(f, "{}/24", Ipv4Addr::from_bits(bits))
        } else {
            f.write_str("an unknown network")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_network_and_proxies_have_none() {
        let of = |ip: &str| Network::of(ip.parse().unwrap());
        assert_eq!(of("203.0.113.7"), of("203.0.113.200"));
        assert_eq!(of("::ffff:203.0.113.7"), of("203.0.113.200"));
        assert_ne!(of("203.0.113.7"), of("203.0.114.7"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:ffff::9"));
        assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
        for ip in ["203.0.113.7", "2001:db8:1::1", "::1"] {
            assert_eq!(Network::from_stored(of(ip).stored()), of(ip), "{ip}");
        }
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "::1",
            "fd00::1",
            "0.0.0.0",
        ] {
            assert_eq!(of(ip), Network::UNKNOWN, "{ip}");
        }
    }

    #[test]
    fn a_network_is_told_as_its_prefix() {
        let told = |ip: &str| Network::of(ip.parse().unwrap()).to_string();
        assert_eq!(told("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(told("2001:db8:1:2::1"), "2001:db8:1::/48");
    }
}
