//! Pages are read as visitors get them, and hostile ones are refused or bounded.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use trunkline_clients::PageClient;
use trunkline_engine::ports::Pages;
use trunkline_engine::ports::pages::{PageRead, PageRefusal, PageRequest};

/// Answers every connection with the same bytes, and without end if `endless`.
async fn server(answer: String, endless: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let more = "<p>2145550100</p>".repeat(1_000);
                while endless && stream.write_all(more.as_bytes()).await.is_ok() {}
            });
        }
    });
    address
}

async fn read(url: &str, loopback: bool) -> Result<PageRead, PageRefusal> {
    // Only one provider can be installed, whichever test comes first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = PageRequest {
        url: url.to_owned(),
        look_for: "/t/key".to_owned(),
        ..PageRequest::default()
    };
    PageClient::new(loopback).read(&request).await
}

fn page(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

#[tokio::test]
async fn a_page_is_read_over_its_redirects() {
    let body = "<p>Call 214-555-0100</p><script src='/t/key/loader.js'></script>";
    let last = server(page(body), false).await;
    let first = server(redirect(&format!("http://{last}/there")), false).await;
    let read = read(&format!("http://{first}/"), true).await.expect("read");
    assert_eq!(read.url, format!("http://{last}/there"));
    assert_eq!((read.status, read.holds, read.cut), (200, true, false));
    assert_eq!(read.passages[0].text, "Call 214-555-0100");
}

#[tokio::test]
async fn this_machine_is_asked_only_where_the_operator_allows_it() {
    let address = server(page("<p>2145550100</p>"), false).await;
    let by_name = format!("http://localhost:{}/", address.port());
    for url in [format!("http://{address}/"), by_name] {
        let refused = read(&url, false).await;
        assert!(matches!(refused, Err(PageRefusal::Address(_))), "{url}");
    }
}

#[tokio::test]
async fn a_redirect_into_a_private_network_is_not_followed() {
    for to in [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://[fd00:ec2::254]/",
        "file:///etc/passwd",
    ] {
        let address = server(redirect(to), false).await;
        let refused = read(&format!("http://{address}/"), true).await;
        assert!(
            matches!(refused, Err(PageRefusal::Address(_))),
            "{to}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let address = server(redirect("/again"), false).await;
    let refused = read(&format!("http://{address}/"), true).await;
    assert!(
        matches!(refused, Err(PageRefusal::Unreadable(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_body_without_an_end_is_cut() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n";
    let address = server(head.to_owned(), true).await;
    let read = read(&format!("http://{address}/"), true)
        .await
        .expect("read");
    assert!(read.cut);
    assert!(!read.passages.is_empty());
}

#[tokio::test]
async fn what_is_compressed_or_no_page_is_not_taken_apart() {
    for head in [
        "Content-Type: text/html\r\nContent-Encoding: gzip",
        "Content-Type: application/octet-stream",
    ] {
        let answer = format!(
            "HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
        );
        let address = server(answer, false).await;
        let refused = read(&format!("http://{address}/"), true).await;
        assert!(matches!(refused, Err(PageRefusal::Unreadable(_))), "{head}");
    }
}
