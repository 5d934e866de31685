//! HTTPS by the server itself, with a certificate of the test's own; and what it says of files that are of no use.

use std::path::Path;
use std::process::{Command, Output};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use reqwest::{Method, StatusCode, Version};
use serde_json::json;
use trunkline_store::testing::TestDatabase;

use crate::house::House;

const FILES: [&str; 2] = ["certificate.pem", "key.pem"];

fn self_signed() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate")
}

/// The settings of a server with the certificate and key that lie in a folder.
fn over_tls(folder: &Path, settings: &str) -> String {
    let [certificate, key] = FILES.map(|name| folder.join(name));
    let tls = format!("[http]\ntls_certificate = {certificate:?}\ntls_key = {key:?}");
    settings.replacen("[http]", &tls, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_page_and_the_numbers_of_a_page_are_served_over_tls() {
    let made = self_signed();
    let certificate = made.cert.pem();
    let key = made.signing_key.serialize_pem();
    let house = House::start_trusting(
        Some(certificate.clone()),
        TestDatabase::sqlite(),
        |folder, settings| {
            std::fs::write(folder.join(FILES[0]), &certificate).expect("written");
            std::fs::write(folder.join(FILES[1]), &key).expect("written");
            over_tls(folder, &settings)
        },
    )
    .await;

    // Signing in happened on the way here; the page it happens on, and a page of a site.
    let page = house.send_as("", Method::GET, "/", None).await;
    assert_eq!(
        (page.status(), page.version()),
        (StatusCode::OK, Version::HTTP_2)
    );
    let page = page.text().await.expect("a page");
    assert!(page.contains("Trunkline"), "{page}");
    let trunk = house
        .add_trunk("127.0.0.1:5060".parse().expect("an address"))
        .await;
    let site = house.add_site().await;
    let numbers = house.add_pool(&site, &trunk, 1).await;
    let answer = house.assign(&site, "/?gclid=x", None, json!({})).await;
    assert_eq!(answer["numbers"][0]["n"], numbers[0].as_str());
    let token = answer["token"].as_str().expect("a token");
    assert!(house.shown(&site, token).await.is_success());

    // Whoever does not trust the certificate, or speaks without TLS, gets nothing.
    let elsewhere = House::start().await;
    let stranger = elsewhere.client.get(house.url("/healthz")).send().await;
    assert!(stranger.is_err());
    let plain = house.url("/healthz").replacen("https", "http", 1);
    assert!(elsewhere.client.get(plain).send().await.is_err());
    let trusted = house.send_as("", Method::GET, "/healthz", None).await;
    assert_eq!(trusted.status(), StatusCode::OK);
}

#[test]
fn a_certificate_that_is_of_no_use_is_named_with_what_to_write() {
    let made = self_signed();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let other = self_signed().signing_key.serialize_pem();
    for (files, told) in [
        ([Some("no PEM"), Some(key.as_str())], "holds no certificate"),
        ([Some(certificate.as_str()), Some("no PEM")], "holds no PEM"),
        ([Some(&certificate), Some(&other)], "does not fit"),
        ([None, Some(&key)], "cannot be read"),
    ] {
        let folder = tempfile::TempDir::new().expect("a folder");
        for (name, text) in FILES.iter().zip(files) {
            if let Some(text) = text {
                std::fs::write(folder.path().join(name), text).expect("written");
            }
        }
        let data = folder.path().join("data");
        let settings = format!("data_dir = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n");
        let file = folder.path().join("trunkline.toml");
        std::fs::write(&file, over_tls(folder.path(), &settings)).expect("written");
        for command in ["serve", "check-config"] {
            let output = run(&file, command);
            let said = [&output.stdout[..], &output.stderr[..]].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(!output.status.success(), "{command}: {said}");
            assert!(
                said.contains("http.tls_certificate") && said.contains(told),
                "{command}, {told}: {said}"
            );
        }
        assert!(!data.exists(), "nothing was begun");
    }
}

fn run(config: &Path, command: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    program.arg("--config").arg(config).arg(command);
    program.output().expect("the program runs")
}
