//! Which addresses may be asked when a person sets the address: hosts of the open Internet, by their resolved address.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;
use trunkline_core::base::is_public;
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

#[cfg(test)]
mod tests {
    use super::*;

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
