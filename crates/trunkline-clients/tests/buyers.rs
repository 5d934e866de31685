//! Buyers' servers over real sockets: whatever they do, what is told of it is true, and a post goes out once.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use trunkline_clients::{ANSWER_BYTES_MAX, BuyerClient, PER_DESTINATION_MAX};
use trunkline_core::base::id::{DestinationId, OpportunityId};
use trunkline_core::base::{Country, Currency, Money, PhoneNumber, Timestamp};
use trunkline_core::routing::delivery::{
    BreakerState, EndpointDocument, FAILURES_MAX, REST_MS, Reading, RefusedAs, Values, Verdict,
};
use trunkline_engine::ports::Buyers;
use trunkline_engine::ports::buyers::{BuyerOutcome, BuyerReport, BuyerRequest, NotSent, Standing};
use trunkline_engine::ports::webhooks::Secret;

const NOW: Timestamp = Timestamp::from_millis(1_795_449_600_000);
/// Long enough that a machine that is busy answers, and never waited for by a test that passes.
const PATIENT: Duration = Duration::from_secs(60);

/// What a server does with one request.
#[derive(Clone)]
enum Does {
    /// Answers this and goes on listening on the connection.
    Says(Vec<u8>),
    /// Answers this and ends the connection.
    SaysAndEnds(Vec<u8>),
    /// Sends a byte now and then and never ends.
    Trickles,
    /// Says nothing.
    Silent,
}

/// A request as a server saw it, and on which connection.
#[derive(Debug)]
struct Seen {
    connection: usize,
    head: String,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

struct Server {
    address: SocketAddr,
    seen: UnboundedReceiver<Seen>,
}

/// Serves one connection until it ends.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    connection: usize,
    does: impl Fn(usize) -> Does,
    tell: UnboundedSender<Seen>,
) {
    let mut got = Vec::new();
    let mut n = 0;
    loop {
        let end = loop {
            let end = got.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break end;
            }
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(read) => got.extend_from_slice(&buffer[..read]),
            }
        };
        let head = String::from_utf8(got[..end].to_vec()).expect("text");
        let mut seen = Seen {
            connection,
            head,
            body: String::new(),
        };
        let length: usize = seen
            .header("content-length")
            .map_or(0, |text| text.parse().expect("a length"));
        while got.len() < end + 4 + length {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.expect("a body");
            assert!(read > 0, "the request breaks off");
            got.extend_from_slice(&buffer[..read]);
        }
        seen.body = String::from_utf8(got[end + 4..end + 4 + length].to_vec()).expect("text");
        got.drain(..end + 4 + length);
        let _ = tell.send(seen);
        match does(n) {
            Does::Says(bytes) => {
                // Who is answered too much may have gone away.
                let _ = stream.write_all(&bytes).await;
            }
            Does::SaysAndEnds(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Does::Trickles => {
                let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
                let _ = stream.write_all(head).await;
                while stream.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                return;
            }
            Does::Silent => std::future::pending().await,
        }
        n += 1;
    }
}

async fn server(does: impl Fn(usize) -> Does + Clone + Send + 'static) -> Server {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, seen) = unbounded_channel();
    tokio::spawn(async move {
        for connection in 0.. {
            let (stream, _) = listener.accept().await.expect("a connection");
            tokio::spawn(serve(stream, connection, does.clone(), tell.clone()));
        }
    });
    Server { address, seen }
}

fn says(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn json(body: &str) -> Vec<u8> {
    says("200 OK", "application/json", body.as_bytes())
}

/// An endpoint whose ping and post go to this address and whose answer is read from JSON, XML or text.
fn endpoint(url: &str, auth: &str) -> EndpointDocument {
    let read =
        |place: &str, value: &str| format!(r#"{{"read": {{"from": {place}, "value": {value}}}}}"#);
    let accept = [
        read(r#"{"json": "$.status"}"#, r#"{"is": "ok"}"#),
        read(r#"{"xpath": "/answer/status"}"#, r#"{"is": "ok"}"#),
        read(r#"{"regex": "^result=([a-z]+)"}"#, r#"{"is": "ok"}"#),
    ]
    .join(",");
    let exchange = format!(
        r#"{{"request": {{"method": "POST", "url": "{url}", {auth} "body": {{"json": {{"zip": "{{zip}}", "wait": "{{deadline_ms:number}}", "at": "{{now}}"}}}}}},
            "answer": {{"accept_when": {{"any": [{accept}]}},
              "price": [{{"json": "$.price"}}, {{"xpath": "/answer/price"}}, {{"regex": "price=([0-9.]+)"}}],
              "id": [{{"json": "$.id"}}]}}}}"#
    );
    let text = format!(r#"{{"schema": 1, "ping": {exchange}, "post": {exchange}}}"#);
    serde_json::from_str(&text).expect(&text)
}

fn request_to(url: &str, auth: &str) -> BuyerRequest {
    let mut values = Values::default();
    values.set(trunkline_core::routing::delivery::Slot::Zip, "75201");
    values.set_phone(PhoneNumber::from_digits(12_145_551_234));
    BuyerRequest {
        destination: DestinationId::from_raw(7),
        opportunity: OpportunityId::from_raw(8),
        endpoint: Arc::new(endpoint(url, auth).compile().expect("an endpoint")),
        values,
        secrets: Arc::new(BTreeMap::from([(
            "key".to_owned(),
            Secret::new("t0p-s3cr3t"),
        )])),
        currency: Currency::USD,
        bid_max: Some(Money::from_micros(500_000_000, Currency::USD)),
        home: Country::US,
        now: NOW,
    }
}

fn request(server: &Server) -> BuyerRequest {
    request_to(&format!("http://{}/in", server.address), "")
}

fn client() -> BuyerClient {
    let _ = rustls::crypto::ring::default_provider().install_default();
    BuyerClient::trusting(true, &[])
}

fn soon() -> Instant {
    Instant::now() + PATIENT
}

fn reading(report: &BuyerReport) -> &Reading {
    match &report.outcome {
        BuyerOutcome::Answered(reading, _) => reading,
        other => panic!("no answer: {other:?}"),
    }
}

#[tokio::test]
async fn answers_in_json_forms_and_xml_are_read_and_what_is_none_is_unknown() {
    let cases = [
        (
            json(r#"{"status": "ok", "price": 12.5, "id": "x1"}"#),
            Verdict::Accepted,
            Some(12_500_000),
        ),
        (
            says(
                "200 OK",
                "text/xml",
                b"<answer><status>ok</status><price>3</price></answer>",
            ),
            Verdict::Accepted,
            Some(3_000_000),
        ),
        (
            says("200 OK", "text/plain", b"result=ok&price=7.25"),
            Verdict::Accepted,
            Some(7_250_000),
        ),
        (
            json(r#"{"status": "no"}"#),
            Verdict::Refused(RefusedAs::NoCoverage),
            None,
        ),
        (
            says("200 OK", "text/html", b"<h1>It works!"),
            Verdict::Unknown,
            None,
        ),
        (
            says("302 Found", "text/html", b"elsewhere"),
            Verdict::Unknown,
            None,
        ),
        (
            says("429 Too Many", "text/html", b""),
            Verdict::Refused(RefusedAs::RateLimited),
            None,
        ),
        (
            says("500 Oops", "text/html", b"sorry"),
            Verdict::Unknown,
            None,
        ),
    ];
    for (said, verdict, micros) in cases {
        let shown = String::from_utf8_lossy(&said).into_owned();
        let server = server(move |_| Does::Says(said.clone())).await;
        let post = client().post(&request(&server), soon()).await;
        let read = reading(&post);
        assert_eq!(read.verdict, verdict, "{shown}");
        assert_eq!(read.price.map(Money::micros), micros, "{shown}");
    }
}

#[tokio::test]
async fn a_request_carries_its_values_and_proof_and_the_log_carries_no_secret() {
    let key = "t0p-s3cr3t";
    for (auth, header, value) in [
        (
            r#""auth": {"bearer": {"secret": "key"}},"#,
            "authorization",
            format!("Bearer {key}"),
        ),
        (
            r#""auth": {"basic": {"user": "us", "secret": "key"}},"#,
            "authorization",
            "Basic dXM6dDBwLXMzY3IzdA==".to_owned(),
        ),
        (
            r#""auth": {"header": {"name": "X-Key", "secret": "key"}},"#,
            "x-key",
            key.to_owned(),
        ),
    ] {
        let mut server = server(|_| Does::Says(json(r#"{"status": "ok"}"#))).await;
        let request = request_to(&format!("http://{}/in?a=b", server.address), auth);
        let post = client().post(&request, soon()).await;
        let seen = server.seen.recv().await.expect("a request");
        assert!(
            seen.head.starts_with("POST /in?a=b HTTP/1.1\r\n"),
            "{}",
            seen.head
        );
        assert_eq!(seen.header(header), Some(value.as_str()), "{}", seen.head);
        assert_eq!(
            seen.header("host"),
            Some(server.address.to_string().as_str())
        );
        assert_eq!(seen.header("accept-encoding"), Some("identity"));
        let body: serde_json::Value = serde_json::from_str(&seen.body).expect("JSON");
        assert_eq!(
            (&body["zip"], &body["at"]),
            (&"75201".into(), &NOW.to_rfc3339().into())
        );
        let wait = body["wait"].as_u64().expect("a wait");
        assert!((1..=60_000).contains(&wait), "{wait}");
        assert!(
            post.request_shown.contains("75201"),
            "{}",
            post.request_shown
        );
        assert!(!post.request_shown.contains(key) && !post.answer_shown.contains(key));
    }
    // The signature is that of the bytes that arrive.
    let auth = r#""auth": {"hmac_sha256": {"secret": "key", "header": "X-Sign", "timestamp_header": "X-Time", "prefix": "sha256=", "encoding": "hex"}},"#;
    let mut server = server(|_| Does::Says(json(r#"{"status": "ok"}"#))).await;
    let request = request_to(&format!("http://{}/in", server.address), auth);
    client().post(&request, soon()).await;
    let seen = server.seen.recv().await.expect("a request");
    let signed = format!("1795449600.{}", seen.body);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
    let tag = ring::hmac::sign(&key, signed.as_bytes());
    let hex: String = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(seen.header("x-time"), Some("1795449600"));
    assert_eq!(
        seen.header("x-sign"),
        Some(format!("sha256={hex}").as_str())
    );
}

#[tokio::test]
async fn answers_that_are_too_long_packed_without_end_or_broken_off_are_none() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![b' '; 50 << 20]).expect("packed");
    let bomb = bomb.finish().expect("packed");
    assert!(bomb.len() < ANSWER_BYTES_MAX, "small on the wire");
    let packed = |encoding: &str, body: &[u8]| {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {length}\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let long = vec![b' '; 10 << 20];
    for (what, does) in [
        (
            "10 MB",
            Does::Says(says("200 OK", "application/json", &long)),
        ),
        ("bomb", Does::Says(packed("gzip", &bomb))),
        ("no gzip", Does::Says(packed("gzip", b"no gzip at all"))),
        ("brotli", Does::Says(packed("br", b"whatever"))),
        (
            "half",
            Does::SaysAndEnds(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf".to_vec()),
        ),
        ("no head", Does::SaysAndEnds(b"HTTP/1.1 200".to_vec())),
        (
            "no HTTP",
            Does::SaysAndEnds(b"220 smtp.example ESMTP\r\n".to_vec()),
        ),
        ("nothing", Does::SaysAndEnds(Vec::new())),
    ] {
        let mut server = server(move |_| does.clone()).await;
        let post = client().post(&request(&server), soon()).await;
        assert!(
            matches!(post.outcome, BuyerOutcome::BrokeOff(_)),
            "{what}: {post:?}"
        );
        assert_eq!(post.outcome.standing(), Standing::Unclear, "{what}");
        server.seen.recv().await.expect("it went out");
        assert!(server.seen.try_recv().is_err(), "{what}: once");
    }
    // Packed although nobody asked, and whole: a sale does not hang on that.
    let mut small = GzEncoder::new(Vec::new(), Compression::fast());
    small
        .write_all(br#"{"status": "ok", "price": 2}"#)
        .expect("packed");
    let small = packed("gzip", &small.finish().expect("packed"));
    let server = server(move |_| Does::Says(small.clone())).await;
    let post = client().post(&request(&server), soon()).await;
    assert_eq!(reading(&post).verdict, Verdict::Accepted);
}

#[tokio::test]
async fn nothing_is_waited_for_behind_the_deadline_and_what_was_sent_is_not_called_unsent() {
    for does in [Does::Silent, Does::Trickles] {
        let mut server = server(move |_| does.clone()).await;
        let (client, request) = (client(), request(&server));
        let posting = tokio::spawn(async move {
            let deadline = Instant::now() + Duration::from_millis(400);
            (client.post(&request, deadline).await, deadline.elapsed())
        });
        server.seen.recv().await.expect("it went out");
        let (post, late) = posting.await.expect("told");
        assert_eq!(post.outcome, BuyerOutcome::TimedOut);
        assert_eq!(post.outcome.standing(), Standing::Unclear);
        assert!(!post.request_shown.is_empty());
        assert!(late < PATIENT, "{late:?}");
    }
    // The deadline is over before anything: nothing leaves, whatever the server would have said.
    let mut server = server(|_| Does::Says(json(r#"{"status": "ok"}"#))).await;
    let post = client().post(&request(&server), Instant::now()).await;
    assert!(
        matches!(post.outcome, BuyerOutcome::NotSent(NotSent::Unreachable(_))),
        "{post:?}"
    );
    assert_eq!(post.outcome.standing(), Standing::NotTaken);
    assert!(server.seen.try_recv().is_err());
    assert_eq!(post.request_shown, "");
}

#[tokio::test]
async fn a_server_that_is_away_or_not_on_the_open_internet_is_sent_nothing() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let away = request_to(&format!("http://{address}/in"), "");
    let post = client().post(&away, soon()).await;
    assert!(
        matches!(post.outcome, BuyerOutcome::NotSent(NotSent::Unreachable(_))),
        "{post:?}"
    );
    for url in [
        "https://10.0.0.1/in",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:192.168.1.1]/in",
        "http://1.1.1.1/in",
    ] {
        let post = client().post(&request_to(url, ""), soon()).await;
        assert!(
            matches!(post.outcome, BuyerOutcome::NotSent(NotSent::Refused(_))),
            "{url}: {post:?}"
        );
    }
    // Without leave this machine is as private as any other.
    let mut server = server(|_| Does::Says(json("{}"))).await;
    let strict = BuyerClient::trusting(false, &[]);
    let post = strict.post(&request(&server), soon()).await;
    assert!(
        matches!(post.outcome, BuyerOutcome::NotSent(NotSent::Refused(_))),
        "{post:?}"
    );
    assert!(server.seen.try_recv().is_err());
    // A secret that is not set keeps the request here.
    let mut bare = request_to(
        "https://1.1.1.1/in",
        r#""auth": {"bearer": {"secret": "key"}},"#,
    );
    bare.secrets = Arc::default();
    let post = client().post(&bare, soon()).await;
    assert!(
        matches!(post.outcome, BuyerOutcome::NotSent(NotSent::Unprepared(_))),
        "{post:?}"
    );
}

#[tokio::test]
async fn pings_share_a_connection_and_a_post_never_takes_one_that_was_used() {
    let mut server = server(|_| Does::Says(json(r#"{"status": "ok"}"#))).await;
    let (client, request) = (client(), request(&server));
    for _ in 0..3 {
        client.ask(&request, soon()).await;
    }
    for _ in 0..2 {
        client.post(&request, soon()).await;
    }
    client.ask(&request, soon()).await;
    let mut connections = Vec::new();
    for _ in 0..6 {
        let seen = server.seen.recv().await.expect("a request");
        connections.push(seen.connection);
        let closes = seen.header("connection") == Some("close");
        assert_eq!(closes, (3..5).contains(&(connections.len() - 1)));
    }
    assert_eq!(connections, [0, 0, 0, 1, 2, 0]);
}

#[tokio::test]
async fn a_ping_whose_kept_connection_is_gone_goes_out_on_another() {
    let once = |n| match n {
        0 => Does::SaysAndEnds(json(r#"{"status": "ok"}"#)),
        _ => Does::Silent,
    };
    let mut server = server(once).await;
    let (client, request) = (client(), request(&server));
    for connection in 0..3 {
        let ping = client.ask(&request, soon()).await;
        assert_eq!(reading(&ping).verdict, Verdict::Accepted);
        let seen = server.seen.recv().await.expect("a request");
        assert_eq!(seen.connection, connection);
    }
}

#[tokio::test]
async fn a_server_that_fails_is_left_alone_and_then_tried_once() {
    let server = server(|_| Does::Says(says("503 Away", "text/plain", b""))).await;
    let (client, mut request) = (client(), request(&server));
    for _ in 0..FAILURES_MAX {
        client.ask(&request, soon()).await;
    }
    let view = client.breaker(request.destination, NOW);
    assert_eq!(view.state, BreakerState::Open);
    for _ in 0..2 {
        let resting = client.post(&request, soon()).await;
        assert_eq!(resting.outcome, BuyerOutcome::NotSent(NotSent::Resting));
    }
    // Another destination has a breaker of its own.
    let other = BuyerRequest {
        destination: DestinationId::from_raw(9),
        ..request.clone()
    };
    assert!(matches!(
        client.ask(&other, soon()).await.outcome,
        BuyerOutcome::Answered(_, 503)
    ));
    // After its rest one goes through; it fails, and the rest begins anew.
    request.now = NOW.plus_millis(REST_MS + 1_000);
    assert!(matches!(
        client.ask(&request, soon()).await.outcome,
        BuyerOutcome::Answered(_, 503)
    ));
    let resting = client.ask(&request, soon()).await;
    assert_eq!(resting.outcome, BuyerOutcome::NotSent(NotSent::Resting));
    // The next one is answered, and all go through again.
    let healed = self::server(|_| Does::Says(json(r#"{"status": "ok"}"#))).await;
    let mut healthy = self::request(&healed);
    healthy.now = request.now.plus_millis(REST_MS + 1_000);
    for _ in 0..2 {
        assert_eq!(
            reading(&client.ask(&healthy, soon()).await).verdict,
            Verdict::Accepted
        );
    }
    assert_eq!(
        client.breaker(healthy.destination, healthy.now).state,
        BreakerState::Closed
    );
}

#[tokio::test]
async fn a_probe_that_nobody_waits_for_any_more_is_given_back() {
    let mut server = server(|_| Does::Silent).await;
    let (client, mut request) = (Arc::new(client()), request(&server));
    let gone = request_to("http://127.0.0.1:1/in", "");
    for _ in 0..FAILURES_MAX {
        client.ask(&gone, soon()).await;
    }
    request.now = NOW.plus_millis(REST_MS + 1_000);
    let (own, probe) = (Arc::clone(&client), request.clone());
    let asking = tokio::spawn(async move { own.ask(&probe, soon()).await });
    server.seen.recv().await.expect("the probe");
    asking.abort();
    assert!(asking.await.expect_err("thrown away").is_cancelled());
    let own = Arc::clone(&client);
    tokio::spawn(async move { own.ask(&request, soon()).await });
    server.seen.recv().await.expect("another probe");
}

#[tokio::test]
async fn only_so_many_requests_are_on_their_way_to_one_destination() {
    let mut server = server(|_| Does::Silent).await;
    let client = Arc::new(client());
    let asking: Vec<_> = (0..PER_DESTINATION_MAX)
        .map(|_| {
            let (client, request) = (Arc::clone(&client), request(&server));
            tokio::spawn(async move { client.ask(&request, soon()).await })
        })
        .collect();
    for _ in 0..PER_DESTINATION_MAX {
        server.seen.recv().await.expect("a request");
    }
    let busy = client.ask(&request(&server), soon()).await;
    assert_eq!(busy.outcome, BuyerOutcome::NotSent(NotSent::Busy));
    for one in &asking {
        one.abort();
    }
    for one in asking {
        assert!(one.await.expect_err("thrown away").is_cancelled());
    }
    let request = request(&server);
    tokio::spawn(async move { client.ask(&request, soon()).await });
    server.seen.recv().await.expect("there is room again");
}

#[tokio::test]
async fn over_tls_only_a_server_whose_certificate_is_believed_gets_anything() {
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
    let (tell, mut seen) = unbounded_channel();
    tokio::spawn(async move {
        for connection in 0.. {
            let (stream, _) = listener.accept().await.expect("a connection");
            let (acceptor, tell) = (acceptor.clone(), tell.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let does = |_| Does::Says(json(r#"{"status": "ok", "id": "tls"}"#));
                    serve(stream, connection, does, tell).await;
                }
            });
        }
    });
    let request = request_to(&format!("https://localhost:{port}/in"), "");
    let stranger = BuyerClient::trusting(true, &[]);
    let post = stranger.post(&request, soon()).await;
    assert!(
        matches!(post.outcome, BuyerOutcome::NotSent(NotSent::Unreachable(_))),
        "{post:?}"
    );
    assert_eq!(
        post.outcome.standing(),
        Standing::NotTaken,
        "the handshake is no word of it"
    );
    assert!(seen.try_recv().is_err());
    let client = BuyerClient::trusting(true, &[certificate]);
    let post = client.post(&request, soon()).await;
    assert_eq!(reading(&post).id.as_deref(), Some("tls"));
    seen.recv().await.expect("it arrived");
    // The name counts, not only who signed.
    let by_number = request_to(&format!("https://127.0.0.1:{port}/in"), "");
    let post = client.post(&by_number, soon()).await;
    assert!(
        matches!(post.outcome, BuyerOutcome::NotSent(NotSent::Unreachable(_))),
        "{post:?}"
    );
}
