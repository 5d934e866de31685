//! Letters to a small mail server: what it has is told as taken, what it refused is refused, and what nobody knows is unclear.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use trunkline_clients::{MailClient, MailSettings, MailTls};
use trunkline_core::base::id::{DestinationId, OpportunityId};
use trunkline_core::base::{PhoneNumber, Timestamp};
use trunkline_core::routing::delivery::{MailDocument, Slot, Values, Verdict};
use trunkline_engine::ports::BuyerMail;
use trunkline_engine::ports::buyers::{BuyerOutcome, MailRequest, NotSent, Standing};
use trunkline_engine::ports::webhooks::Secret;

/// How a server behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    /// Takes everything.
    Kind,
    /// Knows no such mailbox.
    NoMailbox,
    /// Wants to be asked again later.
    Later,
    /// Refuses the text.
    NoSpam,
    /// Goes away after the text.
    Vanishes,
    /// Says nothing after the text.
    Mute,
}

/// Talks SMTP on one connection; what it was told goes out line by line. Hands the stream back on STARTTLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    mood: Mood,
    tls: bool,
    tell: &UnboundedSender<String>,
) -> Option<S> {
    let mut stream = BufStream::new(stream);
    let mut say = String::from("220 mail.example\r\n");
    let mut in_text = false;
    if tls {
        say.clear();
    }
    loop {
        if stream.write_all(say.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return None;
        }
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        let line = line.trim_end();
        let _ = tell.send(line.to_owned());
        say = if in_text {
            if line != "." {
                String::new()
            } else {
                in_text = false;
                match mood {
                    Mood::NoSpam => "554 5.7.1 looks like spam\r\n".to_owned(),
                    Mood::Vanishes => return None,
                    Mood::Mute => std::future::pending().await,
                    _ => "250 2.0.0 queued as 1\r\n".to_owned(),
                }
            }
        } else {
            match line.split(' ').next().unwrap_or_default() {
                "EHLO" => "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n".to_owned(),
                "STARTTLS" => {
                    let go = stream.write_all(b"220 go\r\n").await;
                    go.and(stream.flush().await).expect("sent");
                    return Some(stream.into_inner());
                }
                "RCPT" if mood == Mood::NoMailbox => "550 5.1.1 no such mailbox\r\n".to_owned(),
                "RCPT" if mood == Mood::Later => "451 4.7.1 greylisted\r\n".to_owned(),
                "AUTH" => "235 welcome\r\n".to_owned(),
                "DATA" => {
                    in_text = true;
                    "354 go on\r\n".to_owned()
                }
                "QUIT" => "221 bye\r\n".to_owned(),
                _ => "250 ok\r\n".to_owned(),
            }
        };
    }
}

struct Server {
    port: u16,
    told: UnboundedReceiver<String>,
    certificate: CertificateDer<'static>,
}

async fn server(mood: Mood) -> Server {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate: CertificateDer<'static> = own.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a server");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let (acceptor, tell) = (acceptor.clone(), tell.clone());
            tokio::spawn(async move {
                let Some(stream) = talk(stream, mood, false, &tell).await else {
                    return;
                };
                if let Ok(sealed) = acceptor.accept(stream).await {
                    talk(sealed, mood, true, &tell).await;
                }
            });
        }
    });
    Server {
        port,
        told,
        certificate,
    }
}

fn settings(server: &Server, tls: MailTls) -> MailSettings {
    MailSettings {
        host: "localhost".to_owned(),
        port: server.port,
        tls,
        login: None,
        from: "Leads <leads@agency.example>".to_owned(),
    }
}

fn letter() -> MailRequest {
    let document = MailDocument {
        to: vec!["sales@roofs.example".to_owned()],
        subject: "Lead from {lead.city}".to_owned(),
        body: "Call {phone}\n.\nat once".to_owned(),
    };
    let mut values = Values::default();
    values.set_phone(PhoneNumber::from_digits(12_145_551_234));
    values.lead.insert(
        "city".to_owned(),
        "München\r\nBcc: all@roofs.example".to_owned(),
    );
    values.set(Slot::Zip, "75201");
    MailRequest {
        destination: DestinationId::from_raw(7),
        opportunity: OpportunityId::from_raw(8),
        mail: Arc::new(document.compile().expect("a letter")),
        values,
        now: Timestamp::from_millis(1_795_449_600_000),
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

async fn all_told(server: &mut Server, until: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let line = server.told.recv().await.expect("a line");
        lines.push(line.clone());
        if line == until {
            return lines;
        }
    }
}

#[tokio::test]
async fn a_letter_is_handed_over_whole_and_a_value_stays_inside_it() {
    let mut server = server(Mood::Kind).await;
    let client = MailClient::trusting(settings(&server, MailTls::Never), &[]).expect("a client");
    let sent = client.send(&letter(), soon()).await;
    assert_eq!(sent.outcome.standing(), Standing::Taken, "{sent:?}");
    let lines = all_told(&mut server, ".").await;
    assert!(
        lines.contains(&"EHLO agency.example".to_owned()),
        "{lines:?}"
    );
    let to: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("RCPT"))
        .collect();
    assert_eq!(
        to,
        ["RCPT TO:<sales@roofs.example>"],
        "nobody is written in by a value"
    );
    assert!(
        !lines.iter().any(|line| line.starts_with("Bcc")),
        "{lines:?}"
    );
    assert!(
        lines.contains(&"Auto-Submitted: auto-generated".to_owned()),
        "{lines:?}"
    );
    // A line that is only a point does not end it: lines that begin with one get another.
    assert!(lines.contains(&"..".to_owned()), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.contains("at once")),
        "{lines:?}"
    );
    assert!(
        !sent.request_shown.contains("2145551234"),
        "{}",
        sent.request_shown
    );
    let id = match &sent.outcome {
        BuyerOutcome::Answered(reading, 250) => reading.id.clone().expect("an id"),
        other => panic!("{other:?}"),
    };
    assert!(
        lines.contains(&format!("Message-ID: {id}")),
        "{id} {lines:?}"
    );
}

#[tokio::test]
async fn each_end_of_a_letter_is_told_as_it_was() {
    for (mood, standing) in [
        (Mood::NoMailbox, Standing::NotTaken),
        (Mood::Later, Standing::NotTaken),
        (Mood::NoSpam, Standing::NotTaken),
        (Mood::Vanishes, Standing::Unclear),
    ] {
        let server = server(mood).await;
        let client = MailClient::trusting(settings(&server, MailTls::Never), &[]).expect("it");
        let sent = client.send(&letter(), soon()).await;
        assert_eq!(sent.outcome.standing(), standing, "{sent:?}");
        match (mood, &sent.outcome) {
            (Mood::NoMailbox, BuyerOutcome::Answered(reading, 550)) => {
                assert!(matches!(reading.verdict, Verdict::Refused(_)));
                assert!(
                    reading
                        .reason
                        .as_deref()
                        .expect("words")
                        .contains("no such mailbox")
                );
            }
            // It may be tried again.
            (Mood::Later, BuyerOutcome::NotSent(NotSent::Unreachable(_)))
            | (Mood::NoSpam, BuyerOutcome::Answered(_, 554))
            | (Mood::Vanishes, BuyerOutcome::BrokeOff(_)) => {}
            (_, other) => panic!("{other:?}"),
        }
    }
    let mut server = server(Mood::Mute).await;
    let client = MailClient::trusting(settings(&server, MailTls::Never), &[]).expect("it");
    let sending = tokio::spawn(async move {
        client
            .send(&letter(), Instant::now() + Duration::from_millis(500))
            .await
    });
    let sent = sending.await.expect("told");
    assert_eq!(sent.outcome, BuyerOutcome::TimedOut);
    all_told(&mut server, ".").await;
    // Nobody set a server up, or nobody is there: nothing was sent.
    let sent = MailClient::none().send(&letter(), soon()).await;
    assert!(
        matches!(sent.outcome, BuyerOutcome::NotSent(NotSent::Refused(_))),
        "{sent:?}"
    );
    let nowhere = MailSettings {
        port: 1,
        ..settings(&server, MailTls::Never)
    };
    let client = MailClient::trusting(nowhere, &[]).expect("it");
    let sent = client.send(&letter(), soon()).await;
    assert!(
        matches!(sent.outcome, BuyerOutcome::NotSent(NotSent::Unreachable(_))),
        "{sent:?}"
    );
}

#[tokio::test]
async fn a_password_goes_only_to_a_server_whose_certificate_is_believed() {
    let mut server = server(Mood::Kind).await;
    let with_login = MailSettings {
        login: Some(("agency".to_owned(), Secret::new("t0p-s3cr3t"))),
        ..settings(&server, MailTls::StartTls)
    };
    let stranger = MailClient::trusting(with_login.clone(), &[]).expect("it");
    let sent = stranger.send(&letter(), soon()).await;
    assert!(
        matches!(sent.outcome, BuyerOutcome::NotSent(NotSent::Unreachable(_))),
        "{sent:?}"
    );
    let lines = all_told(&mut server, "STARTTLS").await;
    assert_eq!(lines, ["EHLO agency.example", "STARTTLS"]);
    let believed = [server.certificate.clone()];
    let client = MailClient::trusting(with_login, &believed).expect("it");
    let sent = client.send(&letter(), soon()).await;
    assert_eq!(sent.outcome.standing(), Standing::Taken, "{sent:?}");
    let lines = all_told(&mut server, ".").await;
    let place = |what: &str| lines.iter().position(|line| line.starts_with(what));
    assert!(place("STARTTLS") < place("AUTH PLAIN"), "{lines:?}");
    assert!(
        MailClient::new(MailSettings {
            from: "nobody".to_owned(),
            ..settings(&server, MailTls::Never)
        })
        .is_err()
    );
}
