//! The configuration: one TOML file plus `TRUNKLINE_…` variables. Every setting has a default that
//! works on a laptop.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use ipnet::IpNet;
use serde::Deserialize;
use trunkline_clients::{MailSettings, MailTls, SpeechChoice, SpeechProgram};
use trunkline_core::base::Country;
use trunkline_engine::call::STORE_WAIT;
use trunkline_engine::ports::webhooks::Secret;

/// The SQLite database in the data folder.
pub(crate) const SQLITE_FILE: &str = "trunkline.db";

/// Prefix of environment variables; two underscores stand for the dot of a section:
/// `TRUNKLINE_HTTP__LISTEN` is `http.listen`.
const VARIABLES: &str = "TRUNKLINE_";

/// All settings. `docs/configuration.md` and `trunkline.example.toml` describe them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Folder of the database, keys, recordings, sounds and spool.
    pub(crate) data_dir: PathBuf,
    /// Address under which browsers reach the server, without trailing slash.
    pub(crate) public_url: String,
    /// How numbers without country code are read, unless an account says otherwise.
    pub(crate) home_country: String,
    pub(crate) http: Http,
    pub(crate) database: Database,
    pub(crate) voice: VoiceSection,
    pub(crate) speech: SpeechSection,
    pub(crate) mail: MailSection,
    pub(crate) geo: Geo,
    pub(crate) visits: Visits,
    pub(crate) check: Check,
    pub(crate) log: Log,
}

/// The HTTP edge.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    /// Address to listen on.
    pub(crate) listen: SocketAddr,
    /// PEM file of the certificate chain; with it the server speaks TLS.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub(crate) tls_key: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Who may read `/metrics`.
    pub(crate) metrics_allow: Vec<IpNet>,
    /// Longest life of a login, in days.
    pub(crate) login_days: u32,
    /// Whether "Test a page" may read pages of this machine.
    pub(crate) page_tests_loopback: bool,
    /// Whether webhooks of call flows may ask this machine, and buyers' servers be on it.
    pub(crate) webhooks_loopback: bool,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Database {
    /// `postgres://…`; empty for SQLite in the data folder.
    pub(crate) url: String,
}

/// SIP and media.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct VoiceSection {
    /// Address SIP over UDP listens on.
    pub(crate) udp: SocketAddr,
    /// Address SIP over TCP listens on; empty turns it off.
    pub(crate) tcp: String,
    /// Address SIP over TLS listens on, when there is a certificate; empty turns it off.
    pub(crate) tls: String,
    /// PEM file of the certificate chain shown to carriers.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// PEM file of the certificate's key.
    pub(crate) tls_key: Option<PathBuf>,
    /// Public address when the server sits behind NAT.
    pub(crate) external_address: Option<IpAddr>,
    /// First UDP port of media.
    pub(crate) rtp_port_first: u16,
    /// Last UDP port of media.
    pub(crate) rtp_port_last: u16,
    /// Most calls at one time.
    pub(crate) calls_max: usize,
    /// Most new calls in one second.
    pub(crate) setups_per_second: u32,
    /// Longest call, in minutes.
    pub(crate) call_minutes_max: u32,
    /// How long a call waits for each thing the database knows before it goes on without, in milliseconds.
    pub(crate) store_wait_ms: u32,
    /// A connected call without a packet from both sides for this long is ended, in seconds.
    pub(crate) rtp_inactivity_s: u32,
    /// Session interval asked for (RFC 4028), in seconds.
    pub(crate) session_expires_s: u32,
    /// Hosts that buyers' SIP addresses may name.
    pub(crate) sip_hosts: Vec<String>,
    /// Whether buyers' SIP addresses may be on this machine or in a private network.
    pub(crate) private_peers: bool,
    /// Recording stops below this much free disk, in megabytes.
    pub(crate) recording_free_mb_min: u64,
}

/// Who speaks the texts of call flows.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SpeechSection {
    /// Which engine.
    pub(crate) engine: SpeechEngine,
    /// Address of a server that speaks; for `http`.
    pub(crate) url: String,
    /// Voice of texts that name none; empty for the engine's own.
    pub(crate) voice: String,
    /// Language of texts that name none; empty for the engine's own.
    pub(crate) language: String,
}

/// A speech engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SpeechEngine {
    #[default]
    Auto,
    Flite,
    EspeakNg,
    Http,
    None,
}

impl SpeechSection {
    /// What is looked for.
    pub(crate) fn choice(&self) -> SpeechChoice {
        match self.engine {
            SpeechEngine::Auto => SpeechChoice::Any,
            SpeechEngine::Flite => SpeechChoice::Program(SpeechProgram::Flite),
            SpeechEngine::EspeakNg => SpeechChoice::Program(SpeechProgram::EspeakNg),
            SpeechEngine::Http => SpeechChoice::Http(self.url.clone()),
            SpeechEngine::None => SpeechChoice::Nothing,
        }
    }
}

/// The mail server over which leads are sent to buyers by e-mail.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MailSection {
    /// Its host; empty: nothing is sent by e-mail.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// How the connection is sealed.
    pub(crate) tls: MailSealing,
    /// User name, where the server asks for one.
    pub(crate) user: String,
    /// Its password.
    pub(crate) password: String,
    /// Whom letters are from.
    pub(crate) from: String,
}

impl std::fmt::Debug for MailSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailSection")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// How the connection to a mail server is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MailSealing {
    /// Before anything is said.
    StartTls,
    /// From the beginning on.
    Tls,
    /// Not at all.
    None,
}

impl Default for MailSection {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            tls: MailSealing::StartTls,
            user: String::new(),
            password: String::new(),
            from: String::new(),
        }
    }
}

impl MailSection {
    /// The server, when there is one.
    pub(crate) fn server(&self) -> Option<MailSettings> {
        let login = (self.user.clone(), Secret::new(self.password.clone()));
        (!self.host.is_empty()).then(|| MailSettings {
            host: self.host.clone(),
            port: self.port,
            tls: match self.tls {
                MailSealing::StartTls => MailTls::StartTls,
                MailSealing::Tls => MailTls::Always,
                MailSealing::None => MailTls::Never,
            },
            login: (!self.user.is_empty()).then_some(login),
            from: self.from.clone(),
        })
    }
}

/// Where visitors are.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Geo {
    /// A city database in the MaxMind DB format; none: nobody is looked up.
    pub(crate) file: Option<PathBuf>,
}

/// How long visits are kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Visits {
    /// Days that page views and showings are kept; 0: for ever.
    pub(crate) keep_days: u32,
}

/// The server's own test of a site.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Check {
    /// Name or id of the site; empty: no test runs by itself.
    pub(crate) site: String,
    /// Hours between two tests.
    pub(crate) every_hours: u32,
    /// A page of the site that carries its block; empty: no page is read.
    pub(crate) page: String,
    /// Further sites.
    pub(crate) also: Vec<CheckedSite>,
}

/// A site that is tested.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckedSite {
    /// Its name or id.
    pub(crate) site: String,
    /// A page of it that carries its block; empty: no page is read.
    #[serde(default)]
    pub(crate) page: String,
    /// Hours between two tests.
    #[serde(default = "every_day")]
    pub(crate) every_hours: u32,
}

const fn every_day() -> u32 {
    24
}

impl Check {
    /// Every site that is tested.
    pub(crate) fn sites(&self) -> Vec<CheckedSite> {
        let first = CheckedSite {
            site: self.site.clone(),
            page: self.page.clone(),
            every_hours: self.every_hours,
        };
        let all = std::iter::once(first).chain(self.also.iter().cloned());
        all.filter(|one| !one.site.is_empty()).collect()
    }
}

/// The log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// `pretty` or `json`.
    pub(crate) format: LogFormat,
    /// Filter directives such as `info` or `info,trunkline_voice=debug`.
    pub(crate) level: String,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Pretty,
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            public_url: "http://127.0.0.1:8080".to_owned(),
            home_country: "US".to_owned(),
            http: Http::default(),
            database: Database::default(),
            voice: VoiceSection::default(),
            speech: SpeechSection::default(),
            mail: MailSection::default(),
            geo: Geo::default(),
            visits: Visits::default(),
            check: Check::default(),
            log: Log::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8080)),
            tls_certificate: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            metrics_allow: vec![IpNet::from(IpAddr::from([127, 0, 0, 1]))],
            login_days: 30,
            page_tests_loopback: false,
            webhooks_loopback: false,
        }
    }
}

impl Default for VoiceSection {
    fn default() -> Self {
        Self {
            udp: SocketAddr::from(([0, 0, 0, 0], 5060)),
            tcp: "0.0.0.0:5060".to_owned(),
            tls: "0.0.0.0:5061".to_owned(),
            tls_certificate: None,
            tls_key: None,
            external_address: None,
            rtp_port_first: 10_000,
            rtp_port_last: 19_999,
            calls_max: 2_000,
            setups_per_second: 400,
            call_minutes_max: 240,
            store_wait_ms: u32::try_from(STORE_WAIT.as_millis()).unwrap_or(u32::MAX),
            rtp_inactivity_s: 60,
            session_expires_s: 1_800,
            sip_hosts: Vec::new(),
            private_peers: false,
            recording_free_mb_min: 500,
        }
    }
}

impl Default for Visits {
    fn default() -> Self {
        Self { keep_days: 90 }
    }
}

impl Default for Check {
    fn default() -> Self {
        Self {
            site: String::new(),
            every_hours: every_day(),
            page: String::new(),
            also: Vec::new(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            level: "info".to_owned(),
        }
    }
}

impl Config {
    /// Reads the file (when one is given) and the variables.
    ///
    /// # Errors
    /// With file, line and what was expected.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let text = match file {
            Some(path) => std::fs::read_to_string(path).with_context(|| {
                format!("the configuration file {} cannot be read", path.display())
            })?,
            None => String::new(),
        };
        let name = file.map_or_else(|| "configuration".to_owned(), |p| p.display().to_string());
        let variables = std::env::vars()
            .filter_map(|(key, value)| Some((key.strip_prefix(VARIABLES)?.to_lowercase(), value)))
            .filter(|(key, _)| is_setting(key));
        Self::parse(&name, &text, variables)
    }

    /// Reads a text and variables given as lower-case keys without prefix.
    pub(crate) fn parse(
        name: &str,
        text: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        // The text alone first, so that its errors carry line and column.
        toml::from_str::<Self>(text)
            .map_err(|error| anyhow!("{name}: {}", one_line(text, &error)))?;
        let mut table: toml::Table = toml::from_str(text)?;
        for (key, value) in variables {
            set(&mut table, &key, &value)
                .with_context(|| format!("{VARIABLES}{}", key.to_uppercase()))?;
        }
        table.try_into().map_err(|error: toml::de::Error| {
            anyhow!("a {VARIABLES}… variable: {}", error.message())
        })
    }

    /// Where the database is.
    pub(crate) fn database_location(&self) -> String {
        if self.database.url.is_empty() {
            format!("sqlite:{}", self.data_dir.join(SQLITE_FILE).display())
        } else {
            self.database.url.clone()
        }
    }

    /// Folder of the recordings.
    pub(crate) fn recordings(&self) -> PathBuf {
        self.data_dir.join("recordings")
    }

    /// Folder of stored and spoken sounds.
    pub(crate) fn prompts(&self) -> PathBuf {
        self.data_dir.join("prompts")
    }

    /// The socket on which a running server takes commands.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.data_dir.join("control.sock")
    }

    /// How long a call waits for what the database knows.
    pub(crate) fn store_wait(&self) -> Duration {
        Duration::from_millis(self.voice.store_wait_ms.into())
    }

    /// The home country; checked by [`crate::check`].
    pub(crate) fn home(&self) -> Country {
        self.home_country.parse().unwrap_or(Country::US)
    }
}

/// Whether a variable names a setting; others with the prefix belong to other programs.
fn is_setting(key: &str) -> bool {
    let first = key.split("__").next().unwrap_or("");
    [
        "data_dir",
        "public_url",
        "home_country",
        "http",
        "database",
        "voice",
        "speech",
        "mail",
        "geo",
        "visits",
        "check",
        "log",
    ]
    .contains(&first)
}

fn one_line(text: &str, error: &toml::de::Error) -> String {
    let line = error
        .span()
        .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = error.message().replace('\n', " ");
    line.map_or(message.clone(), |line| format!("line {line}: {message}"))
}

/// Puts a variable into the table. Its text is read as TOML when it is one, else as a string.
fn set(table: &mut toml::Table, key: &str, value: &str) -> anyhow::Result<()> {
    let mut parts: Vec<&str> = key.split("__").collect();
    let last = parts.pop().context("an empty name")?;
    let mut place = table;
    for part in parts {
        let entry = place
            .entry(part)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()));
        place = entry.as_table_mut().context("is no section")?;
    }
    let parsed = toml::from_str::<toml::Table>(&format!("value = {value}")).ok();
    let parsed = parsed.and_then(|mut t| t.remove("value"));
    place.insert(
        last.to_owned(),
        parsed.unwrap_or_else(|| toml::Value::String(value.to_owned())),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<Config> {
        let variables = variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::parse("trunkline.toml", text, variables)
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        assert_eq!(parse("", &[]).expect("a configuration"), Config::default());
    }

    #[test]
    fn the_example_file_is_the_defaults() {
        let example = include_str!("../../../trunkline.example.toml");
        assert_eq!(
            parse(example, &[]).expect("a configuration"),
            Config::default()
        );
    }

    #[test]
    fn each_site_is_tested_by_its_own_schedule() {
        let text = "[check]\nsite = \"One\"\nevery_hours = 6\nalso = [{ site = \"Two\", page = \"https://two.example/\" }, \
            { site = \"Three\", every_hours = 1 }]\n";
        let sites = parse(text, &[]).expect("a configuration").check.sites();
        let told: Vec<_> = sites
            .iter()
            .map(|one| (one.site.as_str(), one.page.as_str(), one.every_hours))
            .collect();
        let expected = [
            ("One", "", 6),
            ("Two", "https://two.example/", 24),
            ("Three", "", 1),
        ];
        assert_eq!(told, expected);
        assert!(Check::default().sites().is_empty());
    }

    #[test]
    fn variables_win_over_the_file() {
        let variables = [
            ("public_url", "https://t.example"),
            ("http__listen", "127.0.0.1:9"),
            ("voice__calls_max", "7"),
            ("http__trusted_proxies", "[\"10.0.0.0/8\"]"),
        ];
        let got = parse("public_url = \"http://other\"\n", &variables).expect("a configuration");
        assert_eq!(got.public_url, "https://t.example");
        assert_eq!(got.http.listen.port(), 9);
        assert_eq!(got.voice.calls_max, 7);
        assert_eq!(got.http.trusted_proxies.len(), 1);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, told) in [
            (
                "\n[http]\nlisten = \"nowhere\"\n",
                "trunkline.toml: line 3: invalid socket address syntax",
            ),
            (
                "[voice]\ncals_max = 3\n",
                "trunkline.toml: line 2: unknown field `cals_max`",
            ),
            (
                "public_url = 3\n",
                "trunkline.toml: line 1: invalid type: integer `3`, expected a string",
            ),
        ] {
            let error = parse(text, &[]).expect_err("a mistake").to_string();
            assert!(error.starts_with(told), "{error}");
        }
        let error = parse("", &[("voice__calls_max", "many")])
            .expect_err("a mistake")
            .to_string();
        assert!(error.contains("variable"), "{error}");
    }
}
