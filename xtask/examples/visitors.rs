//! New visitors, as many as a server can take: the load tool of the benchmark `assign`, and the bare
//! server it is measured beside.
//!
//! `visitors fire ADDRESS COUNT PER_SECOND FIRST KEY=HOST…` sends `COUNT` assignments over 64 kept
//! connections, evenly at `PER_SECOND` or (0) each as soon as the one before is answered. Visitors are
//! numbered from `FIRST`; every one has an address, a query and a click id of its own. It prints one line
//! of JSON when every request is answered.
//!
//! `visitors constant FILE` serves the file's content as the answer to everything, with hyper and nothing
//! else, and prints its address.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

/// The same allocator as the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

/// Connections that are kept open.
const CONNECTIONS: usize = 512;
/// Most addresses the visitors come from; a server may limit how much one of them asks.
const ADDRESSES: usize = 60_000;
/// Longest time a load may take.
const LONGEST: Duration = Duration::from_secs(60);
/// Largest answer that is read.
const ANSWER_MAX: usize = 16 * 1024;
/// Width of a step of the latencies, and how many there are: up to 5 s.
const STEP_US: usize = 20;
const STEPS: usize = 250_000;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["constant", file] => constant(&std::fs::read(file)?.into()),
        ["fire", to, count, per_second, first, sites @ ..] if !sites.is_empty() => fire(&Load {
            to: to.parse()?,
            count: count.parse()?,
            per_second: per_second.parse()?,
            first: first.parse()?,
            sites: sites
                .iter()
                .filter_map(|s| s.split_once('='))
                .map(owned)
                .collect(),
        }),
        _ => Err("write fire ADDRESS COUNT PER_SECOND FIRST KEY=HOST… or constant FILE".into()),
    }
}

fn owned((key, host): (&str, &str)) -> (String, String) {
    (key.to_owned(), host.to_owned())
}

/// Serves one answer.
fn constant(body: &Bytes) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let body = body.clone();
            let service = hyper::service::service_fn(move |request| answer(request, body.clone()));
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    })
}

async fn answer(
    request: Request<Incoming>,
    body: Bytes,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    let mut response = Response::new(Full::new(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// What is to be sent.
struct Load {
    to: SocketAddr,
    count: usize,
    per_second: f64,
    first: usize,
    /// Keys and hosts.
    sites: Vec<(String, String)>,
}

/// What came back.
struct Seen {
    sent: Cell<usize>,
    answers: Cell<usize>,
    tokens: Cell<usize>,
    pool: Cell<usize>,
    latencies: RefCell<Vec<u32>>,
}

fn fire(load: &Load) -> Result<(), Failure> {
    let seen = Rc::new(Seen {
        sent: Cell::new(0),
        answers: Cell::new(0),
        tokens: Cell::new(0),
        pool: Cell::new(0),
        latencies: RefCell::new(vec![0; STEPS]),
    });
    let load = Rc::new(Load {
        sites: load.sites.clone(),
        ..*load
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    let started = Instant::now();
    // Something is always to be done, so that no answer has to wake the tool from sleep, which the server would pay for.
    local.spawn_local(async {
        loop {
            tokio::task::yield_now().await;
        }
    });
    local.block_on(&runtime, async {
        let all: Vec<_> = (0..CONNECTIONS)
            .map(|index| {
                tokio::task::spawn_local(connection(
                    Rc::clone(&load),
                    Rc::clone(&seen),
                    index,
                    started,
                ))
            })
            .collect();
        for one in all {
            one.await.map_err(|e| e.to_string())??;
        }
        Ok::<(), String>(())
    })?;
    report(&seen, started.elapsed().as_secs_f64())?;
    Ok(())
}

/// One connection: its share of the visitors, one after the other.
async fn connection(
    load: Rc<Load>,
    seen: Rc<Seen>,
    index: usize,
    started: Instant,
) -> Result<(), String> {
    let told = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(load.to).await.map_err(told)?;
    stream.set_nodelay(true).map_err(told)?;
    let (mut request, mut body) = (Vec::with_capacity(2_048), Vec::with_capacity(1_024));
    let mut answer = vec![0; ANSWER_MAX];
    let mut turn = index;
    while seen.sent.get() < load.count && started.elapsed() < LONGEST {
        let visitor = load.first + seen.sent.replace(seen.sent.get() + 1);
        write_request(&load, visitor, &mut request, &mut body).map_err(told)?;
        let mut asked = Instant::now();
        if load.per_second > 0.0 {
            // A request that had to wait for the answer before it counts from when it was due.
            let due = started + Duration::from_secs_f64(turn as f64 / load.per_second);
            if due > asked {
                tokio::time::sleep_until(due.into()).await;
                asked = Instant::now();
            } else {
                asked = due;
            }
            turn += CONNECTIONS;
        }
        stream.write_all(&request).await.map_err(told)?;
        let length = read_answer(&mut stream, &mut answer).await?;
        note(&seen, &answer[..length], asked.elapsed());
    }
    Ok(())
}

fn write_request(
    load: &Load,
    visitor: usize,
    request: &mut Vec<u8>,
    body: &mut Vec<u8>,
) -> std::io::Result<()> {
    let (key, host) = &load.sites[visitor % load.sites.len()];
    let address = visitor % ADDRESSES;
    body.clear();
    write!(
        body,
        "{{\"v\":1,\"c\":1,\"page\":\"https://{host}/roofing?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=Cj0KCQ{visitor:012}\",\
         \"ref\":\"https://www.google.com/\",\"consent\":2,\"targets\":[]}}"
    )?;
    request.clear();
    write!(
        request,
        "POST /t/{key}/assign HTTP/1.1\r\nHost: {}\r\nOrigin: https://{host}\r\nReferer: https://{host}/\r\n\
         User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1\r\n\
         Accept: */*\r\nAccept-Language: en-US,en;q=0.9\r\nAccept-Encoding: gzip, deflate, br\r\nContent-Type: text/plain;charset=UTF-8\r\n\
         X-Forwarded-For: 10.{}.{}.7\r\nContent-Length: {}\r\n\r\n",
        load.to,
        address / 250,
        address % 250,
        body.len()
    )?;
    request.extend_from_slice(body);
    Ok(())
}

/// Reads one answer whole; its length.
async fn read_answer(stream: &mut TcpStream, answer: &mut [u8]) -> Result<usize, String> {
    let mut have = 0;
    loop {
        let got = stream
            .read(&mut answer[have..])
            .await
            .map_err(|e| e.to_string())?;
        if got == 0 {
            return Err("the server closed a connection, or its answer is too large".to_owned());
        }
        have += got;
        let Some(head) = find(&answer[..have], b"\r\n\r\n") else {
            continue;
        };
        let name = b"content-length: ";
        let Some(at) = find(&answer[..head].to_ascii_lowercase(), name) else {
            return Err("an answer without length".to_owned());
        };
        let digits = answer[at + name.len()..head]
            .iter()
            .take_while(|b| b.is_ascii_digit());
        let length = digits.fold(0, |sum, b| sum * 10 + usize::from(b - b'0'));
        if have >= head + 4 + length {
            return Ok(have);
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn note(seen: &Seen, answer: &[u8], took: Duration) {
    let add = |count: &Cell<usize>, yes: bool| count.set(count.get() + usize::from(yes));
    let good = answer.starts_with(b"HTTP/1.1 200 ");
    add(&seen.answers, good);
    add(
        &seen.tokens,
        good && find(answer, b"\"token\":\"").is_some(),
    );
    add(
        &seen.pool,
        good && find(answer, b"\"kind\":\"pool\"").is_some(),
    );
    let step = usize::try_from(took.as_micros()).unwrap_or(usize::MAX) / STEP_US;
    seen.latencies.borrow_mut()[step.min(STEPS - 1)] += 1;
}

fn report(seen: &Seen, seconds: f64) -> std::io::Result<()> {
    let latencies = seen.latencies.borrow();
    let total: u64 = latencies.iter().copied().map(u64::from).sum();
    let at = |share: f64| {
        let wanted = (total as f64 * share).ceil() as u64;
        let mut sum = 0;
        let reached = |count: &u32| {
            sum += u64::from(*count);
            sum >= wanted
        };
        let step = latencies.iter().position(reached).unwrap_or(0);
        (step * STEP_US) as f64 / 1_000.0
    };
    writeln!(
        std::io::stdout(),
        "{{\"sent\":{},\"answers\":{},\"tokens\":{},\"pool\":{},\"seconds\":{seconds:.3},\"per_second\":{:.1},\"p50_ms\":{},\"p99_ms\":{}}}",
        seen.sent.get(),
        seen.answers.get(),
        seen.tokens.get(),
        seen.pool.get(),
        seen.answers.get() as f64 / seconds,
        at(0.5),
        at(0.99),
    )
}
