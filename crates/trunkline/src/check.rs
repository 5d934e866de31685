//! `trunkline check-config`: what is wrong, and what will not work as people expect.

use std::ops::RangeInclusive;
use std::path::Path;

use trunkline_clients::{MailClient, MailTls, SpeechChoice};
use trunkline_engine::visit_retention::{VISIT_DAYS_MAX, VISIT_DAYS_MIN};

use crate::atlas::CityFile;
use crate::config::Config;

/// Sites besides the first that are tested.
const CHECKED_SITES_MAX: usize = 100;
/// How long a call may be made to wait for the database, in milliseconds.
const STORE_WAIT_MS: RangeInclusive<u32> = 50..=10_000;

/// Something about a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether the server cannot start with it.
    pub(crate) fatal: bool,
    /// The setting.
    pub(crate) setting: &'static str,
    /// What is wrong, what was expected, what to do.
    pub(crate) message: String,
}

fn fatal(setting: &'static str, message: impl Into<String>) -> Finding {
    Finding {
        fatal: true,
        setting,
        message: message.into(),
    }
}

fn warning(setting: &'static str, message: impl Into<String>) -> Finding {
    Finding {
        fatal: false,
        setting,
        message: message.into(),
    }
}

/// Everything worth saying about a configuration.
pub(crate) fn findings(config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    check_url(config, &mut found);
    check_http(config, &mut found);
    check_voice(config, &mut found);
    check_speech(config, &mut found);
    check_mail(config, &mut found);
    check_geo(config, &mut found);
    check_visits(config, &mut found);
    check_checks(config, &mut found);
    if config
        .home_country
        .parse::<trunkline_core::base::Country>()
        .is_err()
    {
        found.push(fatal(
            "home_country",
            format!(
                "`{}` is not a country code; write two capitals such as US",
                config.home_country
            ),
        ));
    }
    if !config.database.url.is_empty() && !config.database.url.starts_with("postgres") {
        found.push(fatal(
            "database.url",
            "only postgres://… addresses are known; leave it empty for SQLite in the data folder",
        ));
    }
    found
}

/// What the server tests by itself.
fn check_checks(config: &Config, found: &mut Vec<Finding>) {
    for one in &config.check.sites() {
        let page = &one.page;
        let web = page.starts_with("https://") || page.starts_with("http://");
        if !page.is_empty() && !web {
            let message = format!(
                "`{page}` is no page; write its whole address, such as https://www.example.com/contact"
            );
            found.push(fatal("check.page", message));
        }
        if one.every_hours == 0 {
            found.push(fatal(
                "check.every_hours",
                "0 hours cannot lie between two tests; write 1 or more",
            ));
        }
    }
    if config.check.also.len() > CHECKED_SITES_MAX {
        let message =
            format!("at most {CHECKED_SITES_MAX} further sites can be tested, one after the other");
        found.push(fatal("check.also", message));
    }
    if config.check.also.iter().any(|one| one.site.is_empty()) {
        found.push(fatal(
            "check.also",
            "a further site has no name; write the name or the id of each",
        ));
    }
}

fn check_visits(config: &Config, found: &mut Vec<Finding>) {
    let days = config.visits.keep_days;
    if days != 0 && !(VISIT_DAYS_MIN..=VISIT_DAYS_MAX).contains(&days) {
        found.push(fatal(
            "visits.keep_days",
            format!(
                "{days} days cannot be kept to: attribution looks 30 days back; write {VISIT_DAYS_MIN} to \
                 {VISIT_DAYS_MAX}, or 0 to keep visits for ever"
            ),
        ));
    }
}

fn check_url(config: &Config, found: &mut Vec<Finding>) {
    let url = &config.public_url;
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    match host {
        None => found.push(fatal(
            "public_url",
            format!("`{url}` is no address; write it with https:// or http://"),
        )),
        Some(rest) if rest.is_empty() || rest.contains('/') => {
            found.push(fatal(
                "public_url",
                format!("`{url}` must be scheme and host only, without path or trailing slash"),
            ));
        }
        Some(rest) => {
            let local = rest.starts_with("127.")
                || rest.starts_with("localhost")
                || rest.starts_with("[::1]");
            if url.starts_with("http://") && !local {
                found.push(warning("public_url", "pages on https will not load the snippet over http (mixed content); put a certificate or a TLS proxy in front and write https://"));
            }
            if local && !config.http.listen.ip().is_loopback() {
                found.push(warning("public_url", "visitors cannot reach a loopback address; write the address of this server as browsers see it"));
            }
        }
    }
}

fn check_http(config: &Config, found: &mut Vec<Finding>) {
    let (certificate, key) = (&config.http.tls_certificate, &config.http.tls_key);
    check_certificate(
        [
            ("http.tls_certificate", certificate.as_deref()),
            ("http.tls_key", key.as_deref()),
        ],
        found,
    );
    if certificate.is_none() && key.is_none() {
        let behind_proxy = !config.http.trusted_proxies.is_empty();
        if config.public_url.starts_with("https://") && !behind_proxy {
            found.push(warning("http.trusted_proxies", "the public address is https but the server speaks http: when a proxy ends TLS, list its address, or every visitor seems to come from it"));
        }
    }
}

/// The files of a certificate and its key: both or neither, and of use.
fn check_certificate(files: [(&'static str, Option<&Path>); 2], found: &mut Vec<Finding>) {
    let [(certificate_setting, certificate), (key_setting, key)] = files;
    let (certificate, key) = match (certificate, key) {
        (None, None) => return,
        (Some(_), None) => {
            found.push(fatal(key_setting, "a certificate is given without its key"));
            return;
        }
        (None, Some(_)) => {
            found.push(fatal(
                certificate_setting,
                "a key is given without its certificate",
            ));
            return;
        }
        (Some(certificate), Some(key)) => (certificate, key),
    };
    let before = found.len();
    for (setting, path) in [(certificate_setting, certificate), (key_setting, key)] {
        if let Err(error) = std::fs::File::open(path) {
            let message = format!("{} cannot be read: {error}", path.display());
            found.push(fatal(setting, message));
        }
    }
    if found.len() > before {
        return;
    }
    if let Err(error) = crate::serve::certificate(certificate, key) {
        found.push(fatal(
            certificate_setting,
            format!("{error:#}; write a certificate chain and its key, both as PEM"),
        ));
    }
}

fn check_voice(config: &Config, found: &mut Vec<Finding>) {
    let voice = &config.voice;
    let (certificate, key) = (&voice.tls_certificate, &voice.tls_key);
    check_certificate(
        [
            ("voice.tls_certificate", certificate.as_deref()),
            ("voice.tls_key", key.as_deref()),
        ],
        found,
    );
    if !voice.tls.is_empty() && voice.tls.parse::<std::net::SocketAddr>().is_err() {
        found.push(fatal(
            "voice.tls",
            format!(
                "`{}` is no address and port such as 0.0.0.0:5061; leave it empty to turn TLS off",
                voice.tls
            ),
        ));
    }
    if !voice.tcp.is_empty() && voice.tcp.parse::<std::net::SocketAddr>().is_err() {
        found.push(fatal(
            "voice.tcp",
            format!(
                "`{}` is no address and port such as 0.0.0.0:5060; leave it empty to turn TCP off",
                voice.tcp
            ),
        ));
    }
    if let Err(wrong) = trunkline_core::base::SipHosts::read(&voice.sip_hosts) {
        found.push(fatal("voice.sip_hosts", wrong.to_string()));
    }
    if !STORE_WAIT_MS.contains(&voice.store_wait_ms) {
        found.push(fatal(
            "voice.store_wait_ms",
            format!(
                "write {} to {} milliseconds",
                STORE_WAIT_MS.start(),
                STORE_WAIT_MS.end()
            ),
        ));
    }
    if (voice.rtp_port_first, voice.rtp_port_last) != (0, 0) {
        if voice.rtp_port_first >= voice.rtp_port_last || voice.rtp_port_first < 1024 {
            found.push(fatal(
                "voice.rtp_port_first",
                "write a range of ports above 1023, first below last",
            ));
        } else {
            let room = usize::from(voice.rtp_port_last - voice.rtp_port_first).div_ceil(4);
            if room < voice.calls_max {
                found.push(warning("voice.rtp_port_last", format!("the media ports are enough for {room} calls, not for the {} of voice.calls_max", voice.calls_max)));
            }
        }
    }
    let bound_private = match voice.udp.ip() {
        std::net::IpAddr::V4(ip) => ip.is_private() || ip.is_unspecified(),
        std::net::IpAddr::V6(ip) => ip.is_unspecified(),
    };
    let public = config.public_url.starts_with("https://");
    if bound_private && public && voice.external_address.is_none() {
        found.push(warning("voice.external_address", "when this server sits behind NAT, carriers need its public address here, or there will be no sound; on a server with its own public address set voice.udp to it"));
    }
}

fn check_speech(config: &Config, found: &mut Vec<Finding>) {
    let speech = &config.speech;
    let without = "until then call flows that say a text cannot be published";
    match speech.choice() {
        SpeechChoice::Program(program) if program.installed().is_none() => {
            let name = program.name();
            found.push(warning(
                "speech.engine",
                format!("the program `{name}` is not on the PATH; install the package `{name}`; {without}"),
            ));
        }
        SpeechChoice::Http(url) if !url.starts_with("https://") && !url.starts_with("http://") => {
            found.push(warning(
                "speech.url",
                format!("`{url}` is no address of a speech server; write it with https:// or http://; {without}"),
            ));
        }
        SpeechChoice::Any if !speech.url.is_empty() => found.push(warning(
            "speech.url",
            "an address is used by the engine `http` alone; write engine = \"http\", or leave it out",
        )),
        SpeechChoice::Any
        | SpeechChoice::Program(_)
        | SpeechChoice::Http(_)
        | SpeechChoice::Nothing => {}
    }
}

fn check_mail(config: &Config, found: &mut Vec<Finding>) {
    let mail = &config.mail;
    let Some(server) = mail.server() else {
        let said = [&mail.user, &mail.password, &mail.from];
        if said.iter().any(|text| !text.is_empty()) {
            found.push(warning(
                "mail.host",
                "is empty, so that nothing is sent by e-mail; write the host of your mail server, such as smtp.example.com",
            ));
        }
        return;
    };
    let here = ["localhost", "127.0.0.1", "::1"].contains(&server.host.as_str());
    if server.tls == MailTls::Never && server.login.is_some() && !here {
        found.push(fatal(
            "mail.tls",
            "is \"none\", so that anybody on the way could read the password; write \"starttls\" or \"tls\", or leave user and password out",
        ));
    } else if server.tls == MailTls::Never && !here {
        found.push(warning(
            "mail.tls",
            "is \"none\", so that anybody on the way can read about leads; write \"starttls\" or \"tls\" when the server offers it",
        ));
    }
    if server.login.is_some() && mail.password.is_empty() {
        found.push(fatal(
            "mail.password",
            "is empty although there is a user; write it here, or in the variable TRUNKLINE_MAIL__PASSWORD",
        ));
    }
    if server.port == 0 {
        found.push(fatal(
            "mail.port",
            "0 is no port; write 587 for starttls or 465 for tls",
        ));
    }
    if let Err(message) = MailClient::check(&server) {
        found.push(fatal("mail.from", message));
    }
}

fn check_geo(config: &Config, found: &mut Vec<Finding>) {
    let Some(path) = &config.geo.file else {
        return;
    };
    match CityFile::open(path) {
        // A broken file must not keep calls from being taken: the server runs without it.
        Err(error) => found.push(warning(
            "geo.file",
            format!("{error}; until then visitors have no state and place"),
        )),
        Ok(file) if !file.knows_places() => found.push(warning(
            "geo.file",
            format!(
                "{} is a database of the kind `{}`, which knows no states and places; visitors stay without one until a city database stands here",
                path.display(),
                file.kind()
            ),
        )),
        Ok(_) => {}
    }
}

/// The line of the file on which a setting stands, for the message.
pub(crate) fn line_of(text: &str, setting: &str) -> Option<usize> {
    let (section, key) = setting
        .rsplit_once('.')
        .map_or((None, setting), |(s, k)| (Some(s), k));
    let mut current: Option<&str> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            current = Some(name.trim());
        } else if current == section && line.split('=').next().is_some_and(|k| k.trim() == key) {
            return Some(index + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(bool, &'static str)> {
        let config = Config::parse("c", text, std::iter::empty()).expect("a configuration");
        findings(&config)
            .into_iter()
            .map(|f| (f.fatal, f.setting))
            .collect()
    }

    #[test]
    fn what_will_not_work_is_said_before_it_fails() {
        assert_eq!(told("[http]\nlisten = \"127.0.0.1:8080\""), []);
        assert_eq!(told(""), [(false, "public_url")]);
        assert_eq!(
            told("public_url = \"http://track.example.com\""),
            [(false, "public_url")]
        );
        let proxied = "public_url = \"https://track.example.com\"\n[http]\ntrusted_proxies = [\"127.0.0.1/32\"]\n[voice]\nexternal_address = \"203.0.113.4\"";
        assert_eq!(told(proxied), []);
        assert_eq!(
            told("public_url = \"https://track.example.com\""),
            [
                (false, "http.trusted_proxies"),
                (false, "voice.external_address")
            ]
        );
        assert_eq!(
            told("public_url = \"track.example.com/x\"")[0],
            (true, "public_url")
        );
        let local = "[http]\nlisten = \"127.0.0.1:8080\"\n[speech]\n";
        assert_eq!(
            told(&format!("{local}engine = \"http\"")),
            [(false, "speech.url")]
        );
        assert_eq!(
            told(&format!("{local}url = \"http://127.0.0.1:5002\"")),
            [(false, "speech.url")]
        );
        assert_eq!(told(&format!("{local}engine = \"none\"")), []);
        let mail = "host = \"smtp.example.com\"\nfrom = \"Leads <leads@example.com>\"\n";
        for (more, told_of) in [
            ("", None),
            ("user = \"u\"\npassword = \"p\"", None),
            ("user = \"u\"", Some((true, "mail.password"))),
            ("tls = \"none\"", Some((false, "mail.tls"))),
            (
                "tls = \"none\"\nuser = \"u\"\npassword = \"p\"",
                Some((true, "mail.tls")),
            ),
            ("port = 0", Some((true, "mail.port"))),
        ] {
            let found = told(&format!("{local}[mail]\n{mail}{more}"));
            assert_eq!(found, Vec::from_iter(told_of), "{more}");
        }
        let found = told(&format!("{local}[mail]\nhost = \"smtp.example.com\""));
        assert_eq!(found, [(true, "mail.from")]);
        let found = told(&format!("{local}[mail]\nfrom = \"a@example.com\""));
        assert_eq!(found, [(false, "mail.host")]);
        for (check, setting) in [
            ("page = \"example.com\"", "check.page"),
            ("every_hours = 0", "check.every_hours"),
            ("also = [{ site = \"\" }]", "check.also"),
            (
                "also = [{ site = \"B\", page = \"ftp://b.example\" }]",
                "check.page",
            ),
        ] {
            let found = told(&format!("{local}[check]\nsite = \"A\"\n{check}"));
            assert_eq!(found, [(true, setting)], "{check}");
        }
        for (days, wrong) in [("30", true), ("31", false), ("0", false), ("3651", true)] {
            let found = told(&format!("{local}[visits]\nkeep_days = {days}"));
            let expected: &[_] = if wrong {
                &[(true, "visits.keep_days")]
            } else {
                &[]
            };
            assert_eq!(found, expected, "{days}");
        }
        assert_eq!(
            told("[http]\ntls_key = \"/nowhere\"")[1],
            (true, "http.tls_certificate")
        );
        let local = "[http]\nlisten = \"127.0.0.1:8080\"\n[voice]\n";
        for (voice, setting) in [
            ("tls_certificate = \"/nowhere\"", "voice.tls_key"),
            ("tls_key = \"/nowhere\"", "voice.tls_certificate"),
            ("tls = \"5061\"", "voice.tls"),
            (
                "tls_certificate = \"/nowhere\"\ntls_key = \"/dev/null\"",
                "voice.tls_certificate",
            ),
            (
                "tls_certificate = \"/dev/null\"\ntls_key = \"/dev/null\"",
                "voice.tls_certificate",
            ),
        ] {
            assert_eq!(
                told(&format!("{local}{voice}")),
                [(true, setting)],
                "{voice}"
            );
        }
    }

    #[test]
    fn a_setting_is_found_in_its_section() {
        let text = "public_url = \"x\"\n[http]\nlisten = 1\n[voice]\nudp = 2\n";
        assert_eq!(line_of(text, "public_url"), Some(1));
        assert_eq!(line_of(text, "voice.udp"), Some(5));
        assert_eq!(line_of(text, "voice.listen"), None);
    }
}
