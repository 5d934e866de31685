//! Hosts of SIP addresses that the operator approves: whoever sets up a buyer has calls sent there, and the server carries
//! them.

use super::sip_address::{SipAddress, host_and_port};

/// Most entries.
const ENTRIES_MAX: usize = 1_000;

/// Approved hosts; none unless the operator names some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SipHosts(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// `*`
    Every,
    /// `*.pbx.example`: everything below the name. With its dot.
    Below(String),
    /// A name or an IP address.
    One(String),
}

/// An entry that approves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadSipHostsError {
    /// It is no host.
    #[error(
        "`{0}` is no host; write a name or an IP address such as pbx.example, *.pbx.example for all below a name, or * for every host"
    )]
    NoHost(String),
    /// There are more than can be looked through for each call.
    #[error("there are {0} hosts; at most {ENTRIES_MAX} can be named one by one")]
    TooMany(usize),
}

impl SipHosts {
    /// Reads what the operator wrote.
    ///
    /// # Errors
    /// With the first entry that is no host.
    pub fn read(entries: &[String]) -> Result<Self, ReadSipHostsError> {
        if entries.len() > ENTRIES_MAX {
            return Err(ReadSipHostsError::TooMany(entries.len()));
        }
        let entries: Result<_, _> = entries.iter().map(|entry| read(entry)).collect();
        entries.map(Self)
    }

    /// Whether calls may go to the host of this address.
    #[must_use]
    pub fn approve(&self, address: &SipAddress) -> bool {
        let host = address.host();
        self.0.iter().any(|entry| match entry {
            Entry::Every => true,
            Entry::Below(name) => host.ends_with(name.as_str()) && host.len() > name.len(),
            Entry::One(name) => host == name,
        })
    }
}

/// An entry is read as the host of an address is, so that one host is one text.
fn read(entry: &str) -> Result<Entry, ReadSipHostsError> {
    let text = entry.trim();
    if text == "*" {
        return Ok(Entry::Every);
    }
    let below = text.strip_prefix("*.");
    let host = below.unwrap_or(text);
    let host = match host.parse::<std::net::Ipv6Addr>() {
        Ok(ip) => format!("[{ip}]"),
        Err(_) => host.to_owned(),
    };
    let Ok((host, None)) = host_and_port(&host) else {
        return Err(ReadSipHostsError::NoHost(entry.to_owned()));
    };
    Ok(match below {
        Some(_) => Entry::Below(format!(".{host}")),
        None => Entry::One(host),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(entries: &[&str]) -> Result<SipHosts, ReadSipHostsError> {
        let entries: Vec<String> = entries.iter().map(|&entry| entry.to_owned()).collect();
        SipHosts::read(&entries)
    }

    #[test]
    fn only_what_the_operator_named_is_approved() {
        for (entries, address, approved) in [
            (&[][..], "sip:a@pbx.example", false),
            (&["pbx.example"], "sip:a@pbx.example", true),
            (&["PBX.example"], "sips:a@pbx.Example:5070", true),
            (&["pbx.example"], "sip:a@other.pbx.example", false),
            (&["pbx.example"], "sip:a@notpbx.example", false),
            (&["*.pbx.example"], "sip:a@other.pbx.example", true),
            (&["*.pbx.example"], "sip:a@pbx.example", false),
            (&["*.pbx.example"], "sip:a@notpbx.example", false),
            (&["pbx.example", "203.0.113.7"], "sip:a@203.0.113.7", true),
            (&["203.0.113.7"], "sip:a@203.0.113.70", false),
            (&["2001:db8::1"], "sip:a@[2001:db8:0::1]", true),
            (&["[2001:db8::1]"], "sip:a@[2001:db8::1]:5070", true),
            (&["*"], "sip:a@anything.example", true),
        ] {
            let hosts = hosts(entries).expect("hosts");
            let address = SipAddress::parse(address).expect(address);
            assert_eq!(hosts.approve(&address), approved, "{entries:?} {address}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for entry in [
            "",
            "sip:a@pbx.example",
            "pbx.example:5060",
            "pbx.example;transport=tcp",
            "pbx example",
            "**.example",
            "a@b",
        ] {
            assert_eq!(
                hosts(&["good.example", entry]),
                Err(ReadSipHostsError::NoHost(entry.to_owned()))
            );
        }
        let many = vec!["pbx.example"; ENTRIES_MAX + 1];
        assert_eq!(
            hosts(&many),
            Err(ReadSipHostsError::TooMany(ENTRIES_MAX + 1))
        );
    }
}
