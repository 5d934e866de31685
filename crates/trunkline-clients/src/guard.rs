//! Which addresses may be asked when a person sets the address: hosts of the open Internet, by their resolved address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;
use trunkline_engine::ports::pages::PageRefusal;
use url::{Host, Url};

/// How long a name may take to resolve.
const RESOLVE_WAIT: Duration = Duration::from_secs(3);
/// Longest address, in bytes.
pub(crate) const URL_MAX: usize = 2_048;

/// An address that was checked, with the one socket address a request to it may use.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) url: Url,
    pub(crate) host: String,
    pub(crate) address: SocketAddr,
}

/// Checks an address and resolves its host once. Every address that the host has must be allowed: one that is not says
/// that the name is not what it seems.
pub(crate) async fn check(url: Url, loopback: bool) -> Result<Checked, PageRefusal> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused(
            "Write an address that begins with https:// or http://.",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("Leave user name and password out of the address."));
    }
    let port = url.port_or_known_default().unwrap_or(443);
    let host = url
        .host()
        .ok_or_else(|| refused("Write the page's whole address."))?;
    let found: Vec<SocketAddr> = match host {
        Host::Ipv4(ip) => vec![(ip, port).into()],
        Host::Ipv6(ip) => vec![(ip, port).into()],
        Host::Domain(name) => {
            let nobody = || PageRefusal::Unreadable(format!("No address was found for {name}."));
            let found = timeout(RESOLVE_WAIT, lookup_host((name, port))).await;
            found
                .map_err(|_| nobody())?
                .map_err(|_| nobody())?
                .collect()
        }
    };
    let allowed =
        |a: &SocketAddr| is_public(a.ip()) || (loopback && a.ip().to_canonical().is_loopback());
    if !found.iter().all(allowed) {
        return Err(refused(
            "This address is not on the open Internet, so it is not asked. Write the address that visitors use.",
        ));
    }
    let address = found.first().copied();
    let address =
        address.ok_or_else(|| PageRefusal::Unreadable("The host has no address.".to_owned()))?;
    let host = url.host_str().unwrap_or("").to_owned();
    Ok(Checked { url, host, address })
}

fn refused(why: &str) -> PageRefusal {
    PageRefusal::Address(why.to_owned())
}

/// Whether an address is one of the open Internet: not this machine, not a private or shared network, not the links and
/// metadata services beside them, not reserved, and not a wrapping of such an IPv4 address (RFC 6890 and its registries).
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // Mapped and translated IPv4: what they wrap decides.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        [0x2002, high, low, ..] => embedded(high, low),
        // Only 2000::/3 is given out; of it, Teredo, benchmarking and documentation are none.
        [0x2001, 0 | 2 | 0xdb8, ..] | [0x3fff, ..] => false,
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_internet_is_public() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().expect(inside)), "{inside}");
        }
        for outside in [
            "1.1.1.1",
            "93.184.215.14",
            "172.15.0.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(is_public(outside.parse().expect(outside)), "{outside}");
        }
    }

    #[tokio::test]
    async fn an_address_in_disguise_is_refused() {
        for bad in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://169.254.169.254/latest/meta-data",
            "http://localhost/",
            "http://localhost./",
            "ftp://1.1.1.1/",
            "file:///etc/passwd",
            "https://user:secret@1.1.1.1/",
        ] {
            let checked = check(Url::parse(bad).expect(bad), false).await;
            assert!(
                matches!(
                    checked,
                    Err(PageRefusal::Address(_) | PageRefusal::Unreadable(_))
                ),
                "{bad}"
            );
        }
        let checked = check(
            Url::parse("http://1.1.1.1:8080/x").expect("an address"),
            false,
        )
        .await;
        assert_eq!(
            checked.expect("allowed").address,
            "1.1.1.1:8080".parse().expect("an address")
        );
        assert!(
            check(
                Url::parse("http://127.0.0.1:99/").expect("an address"),
                true
            )
            .await
            .is_ok()
        );
        assert!(
            check(Url::parse("http://10.0.0.1/").expect("an address"), true)
                .await
                .is_err()
        );
    }
}
