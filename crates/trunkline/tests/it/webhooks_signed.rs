//! Whom the webhooks of carriers believe: only what was signed for this very address, with the key of this trunk.

use reqwest::StatusCode;
use serde_json::json;

use crate::carrier_side::{CALLER, CarrierSide, TOKEN, form, incoming, next};

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_carrier_signed_for_this_very_address_is_believed() {
    let side = CarrierSide::start().await;
    let url = side.url("call");
    let odd = [
        ("CallSid", "CA1"),
        ("To", "+19995550000"),
        ("From", CALLER),
        ("Name", "Zoë & Söhne = 50 %"),
        ("Empty", ""),
        ("Tag", "b"),
        ("Tag", "a"),
        ("Tag", "b"),
    ];
    for signed in [
        url.clone(),
        format!("{url}?campaign=7&x=%20y"),
        url.replace(".example/", ".example:443/"),
    ] {
        let sent = signed.replace(":443/", "/");
        let headers = [("x-twilio-signature", side.sign(&signed, &odd))];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let (status, document) = side.send(&sent, &headers, form(&odd)).await;
        assert_eq!(status, StatusCode::OK, "{signed}: {document}");
        side.assert_built(
            &document,
            &json!([{"verb": "reject", "with": {"reason": "rejected"}}]),
        );
    }
    let body = r#"{"CallSid": "CA2", "To": "+19995550000"}"#;
    let (bound, signature) = side.sign_json(&url, body);
    let json_headers = [
        ("x-twilio-signature", signature.as_str()),
        ("content-type", "application/json"),
    ];
    let (status, text) = side.send(&bound, &json_headers, body.to_owned()).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let (status, _) = side
        .send(&bound, &json_headers, body.replace("CA2", "CA3"))
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN, "another body");
    // Forgeries: nothing is kept of them.
    let genuine = incoming("CA9");
    let signature = side.sign(&url, &genuine);
    let signed = [("x-twilio-signature", signature.as_str())];
    let other_trunk = url.replace(&side.trunk, "trk_0000000000001");
    for (what, url, headers, body, expected) in [
        (
            "no signature",
            &url,
            &[][..],
            form(&genuine),
            StatusCode::FORBIDDEN,
        ),
        (
            "another caller",
            &url,
            &signed[..],
            form(&genuine).replace("1234", "9999"),
            StatusCode::FORBIDDEN,
        ),
        (
            "another address",
            &format!("{url}?x=1"),
            &signed,
            form(&genuine),
            StatusCode::FORBIDDEN,
        ),
        (
            "no base64",
            &url,
            &[("x-twilio-signature", "%%%")],
            form(&genuine),
            StatusCode::FORBIDDEN,
        ),
        (
            "another trunk",
            &other_trunk,
            &signed,
            form(&genuine),
            StatusCode::NOT_FOUND,
        ),
        (
            "too large",
            &url,
            &signed,
            format!("a={}", "x".repeat(70_000)),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        let (status, problem) = side.send(url, headers, body).await;
        assert_eq!(status, expected, "{what}: {problem}");
        assert!(!problem.contains(TOKEN), "{what}: {problem}");
    }
    let calls = side.house.get("/api/v1/calls").await;
    assert_eq!(calls["items"], json!([]), "nothing changed");
    // Whoever sets it up is told of both: the last that was right, and why the last that was not was refused.
    let told = format!("/api/v1/trunks/{}/webhook", side.trunk);
    let told = side.house.get(&told).await;
    let (believed, refused) = (&told["last_believed_at"], &told["last_refused_at"]);
    assert!(
        believed.as_i64() <= refused.as_i64() && believed.is_i64(),
        "{told}"
    );
    let because = told["last_refused_because"].as_str().expect("a reason");
    assert!(
        because.ends_with('.') && !because.contains(TOKEN),
        "{because}"
    );
    // A step that we never gave is not believed though the carrier signs it.
    let dial = side.call("CA10").await;
    let moved = next(&dial).replace("/1?", "/2?");
    assert_eq!(
        side.post(&moved, &[("CallSid", "CA10")]).await.0,
        StatusCode::FORBIDDEN
    );
}
