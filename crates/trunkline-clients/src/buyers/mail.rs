//! Letters to buyers over the operator's mail server (SMTP). Until the text of a letter is sent, nothing of it was taken;
//! after that only the server's answer says what became of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use lettre::address::{Address, Envelope};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::CertificateDer;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use trunkline_core::base::Timestamp;
use trunkline_core::routing::delivery::{DeliverTo, PreparedMail, Reading, RefusedAs, Verdict};
use trunkline_engine::ports::BuyerMail;
use trunkline_engine::ports::buyers::{BuyerOutcome, BuyerReport, MailRequest, NotSent};
use trunkline_engine::ports::webhooks::Secret;

use super::trust;

/// Letters that are handed over at one time.
const AT_ONCE_MAX: usize = 8;
/// Longest wait for a connection to one of the server's addresses.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long a server that has the letter is waited for to say goodbye.
const QUIT_WAIT: Duration = Duration::from_secs(2);
/// Longest answer of a server that is shown, in characters.
const TOLD_MAX: usize = 300;

/// How the connection is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// From the beginning on, usually on port 465.
    Always,
    /// Before anything is said, usually on port 587.
    StartTls,
    /// Not at all.
    Never,
}

/// The operator's mail server.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is sealed.
    pub tls: MailTls,
    /// User name and password, where it asks for them.
    pub login: Option<(String, Secret)>,
    /// Whom letters are from, such as `Leads <leads@example.com>`.
    pub from: String,
}

/// Hands letters to the operator's mail server.
pub struct MailClient {
    ready: Option<Ready>,
    places: Semaphore,
}

struct Ready {
    settings: MailSettings,
    from: Mailbox,
    tls: Option<TlsParameters>,
    hello: ClientId,
}

/// That a letter was written by a program, so that nobody's holiday answers it (RFC 3834).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl MailClient {
    /// Without a mail server: nothing is sent, and whoever tries is told so.
    #[must_use]
    pub fn none() -> Self {
        Self {
            ready: None,
            places: Semaphore::new(AT_ONCE_MAX),
        }
    }

    /// Over this server, which is believed when the system believes its certificate.
    ///
    /// # Errors
    /// When the sender's address is none, or the host no name of a certificate.
    pub fn new(settings: MailSettings) -> Result<Self, String> {
        Self::trusting(settings, &trust::roots())
    }

    /// Whether letters can be from whom these say.
    ///
    /// # Errors
    /// With what to write instead.
    pub fn check(settings: &MailSettings) -> Result<(), String> {
        sender(settings).map(drop)
    }

    /// Over this server, and one with a certificate under these is believed, and no other.
    ///
    /// # Errors
    /// When the sender's address is none, or the host no name of a certificate.
    pub fn trusting(
        settings: MailSettings,
        roots: &[CertificateDer<'static>],
    ) -> Result<Self, String> {
        let from = sender(&settings)?;
        let tls = match settings.tls {
            MailTls::Never => None,
            MailTls::Always | MailTls::StartTls => Some(parameters(&settings.host, roots)?),
        };
        let hello = ClientId::Domain(from.email.domain().to_owned());
        Ok(Self {
            ready: Some(Ready {
                settings,
                from,
                tls,
                hello,
            }),
            places: Semaphore::new(AT_ONCE_MAX),
        })
    }
}

fn sender(settings: &MailSettings) -> Result<Mailbox, String> {
    settings.from.parse().map_err(|_| {
        format!(
            "`{}` is no sender; write one such as Leads <leads@example.com>",
            settings.from
        )
    })
}

fn parameters(host: &str, roots: &[CertificateDer<'static>]) -> Result<TlsParameters, String> {
    let mut builder =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::None);
    for root in roots {
        // One root that cannot be read is not believed; the others are.
        if let Ok(root) = Certificate::from_der(root.to_vec()) {
            builder = builder.add_root_certificate(root);
        }
    }
    builder
        .build_rustls()
        .map_err(|error| format!("`{host}` cannot be spoken to over TLS: {error}"))
}

/// How handing over ended.
enum Handed {
    /// The server has it.
    Taken,
    /// It does not want it.
    Refused(u16, String),
    /// Nothing was taken; another time may help.
    NotYet(String),
    /// The text was sent, and the answer was none.
    Broke(String),
}

impl Ready {
    /// Connects, and says who we are.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let settings = &self.settings;
        let server = (settings.host.as_str(), settings.port);
        let sealed = match settings.tls {
            MailTls::Always => self.tls.clone(),
            MailTls::StartTls | MailTls::Never => None,
        };
        let connecting = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(CONNECT_WAIT),
            &self.hello,
            sealed,
            None,
        );
        let mut connection = connecting.await?;
        if let (MailTls::StartTls, Some(tls)) = (settings.tls, &self.tls) {
            // A server that does not offer it is asked all the same, and says no.
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some((user, password)) = &settings.login {
            let login = Credentials::new(user.clone(), password.reveal().to_owned());
            let ways = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&ways, &login).await?;
        }
        Ok(connection)
    }

    /// Hands a letter over; `left` is set when its text is sent.
    async fn hand_over(
        &self,
        envelope: &Envelope,
        text: &[u8],
        left: &AtomicBool,
    ) -> (Handed, Option<AsyncSmtpConnection>) {
        let mut connection = match self.connect().await {
            Ok(connection) => connection,
            // A wrong password is the operator's to mend: it is no word on the letter.
            Err(error) => return (Handed::NotYet(words(&error)), None),
        };
        let opening = async {
            let from = envelope.from().cloned();
            connection.command(Mail::new(from, Vec::new())).await?;
            for to in envelope.to() {
                connection
                    .command(Rcpt::new(to.clone(), Vec::new()))
                    .await?;
            }
            connection.command(Data).await
        };
        if let Err(error) = opening.await {
            return (said_no(&error), None);
        }
        left.store(true, Ordering::SeqCst);
        match connection.message(text).await {
            Ok(_) => (Handed::Taken, Some(connection)),
            Err(error) if error.status().is_some() => (said_no(&error), None),
            Err(error) => (Handed::Broke(words(&error)), None),
        }
    }
}

/// An answer that is a no, or a connection that ended before the text was sent.
fn said_no(error: &Error) -> Handed {
    match error.status() {
        Some(code) if error.is_permanent() => Handed::Refused(u16::from(code), words(error)),
        _ => Handed::NotYet(words(error)),
    }
}

/// What went wrong, in the server's words where it had some.
fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(TOLD_MAX).collect()
}

#[async_trait]
impl BuyerMail for MailClient {
    fn is_set_up(&self) -> bool {
        self.ready.is_some()
    }

    async fn send(&self, letter: &MailRequest, deadline: Instant) -> BuyerReport {
        let began = Instant::now();
        let mut report = BuyerReport {
            outcome: BuyerOutcome::NotSent(NotSent::Busy),
            latency_ms: 0,
            request_shown: String::new(),
            answer_shown: String::new(),
        };
        let refused = |why: &str| BuyerOutcome::NotSent(NotSent::Refused(why.to_owned()));
        let Some(ready) = &self.ready else {
            report.outcome =
                refused("no mail server is set up; set one in [mail] of the configuration");
            return report;
        };
        let Ok(_place) = self.places.try_acquire() else {
            return report;
        };
        let prepared = letter.mail.prepare(&letter.values);
        let id = format!(
            "<{}.{}@{}>",
            letter.opportunity,
            letter.destination,
            ready.from.email.domain()
        );
        let Some(message) = message(ready, &prepared, &id, letter.now) else {
            report.outcome = refused("an address or the subject cannot be sent as it is");
            return report;
        };
        let left = AtomicBool::new(false);
        let (envelope, text) = (message.envelope().clone(), message.formatted());
        let handing = ready.hand_over(&envelope, &text, &left);
        let handed = timeout_at(deadline, handing).await;
        report.latency_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        if left.load(Ordering::SeqCst) {
            report.request_shown = prepared.shown;
        }
        let handed = handed.map(|(handed, open)| {
            // It has the letter; a goodbye is good manners and nobody waits for it.
            if let Some(mut open) = open {
                tokio::spawn(async move { timeout(QUIT_WAIT, open.quit()).await.map(drop) });
            }
            handed
        });
        report.outcome = match handed {
            Ok(Handed::Taken) => answered(Verdict::Accepted, Some(id), None, 250),
            Ok(Handed::Refused(code, why)) => {
                report.answer_shown.clone_from(&why);
                answered(Verdict::Refused(RefusedAs::Error), None, Some(why), code)
            }
            Ok(Handed::NotYet(why)) => BuyerOutcome::NotSent(NotSent::Unreachable(why)),
            Ok(Handed::Broke(why)) => BuyerOutcome::BrokeOff(why),
            Err(_) if left.load(Ordering::SeqCst) => BuyerOutcome::TimedOut,
            Err(_) => BuyerOutcome::NotSent(NotSent::Unreachable(
                "the mail server was not ready in time".to_owned(),
            )),
        };
        report
    }
}

/// The message as it travels; `None` when a part of it cannot.
fn message(ready: &Ready, mail: &PreparedMail, id: &str, now: Timestamp) -> Option<Message> {
    let millis = u64::try_from(now.as_millis()).ok()?;
    let mut message = Message::builder()
        .from(ready.from.clone())
        .subject(&mail.subject)
        .message_id(Some(id.to_owned()))
        .date(UNIX_EPOCH + Duration::from_millis(millis))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    for to in &mail.to {
        message = message.to(Mailbox::new(None, to.parse::<Address>().ok()?));
    }
    message.body(mail.body.clone()).ok()
}

fn answered(
    verdict: Verdict,
    id: Option<String>,
    reason: Option<String>,
    status: u16,
) -> BuyerOutcome {
    let reading = Reading {
        verdict,
        price: None,
        id,
        reason,
        redirect_url: None,
        expires_at: None,
        min_seconds: None,
        deliver_to: DeliverTo::default(),
        faults: Vec::new(),
    };
    BuyerOutcome::Answered(Box::new(reading), status)
}
