//! `tarspay demo`.

use crate::{run, run_with_stdin, tarspay, text};
use serde_json::json;
use tarspay::sign::{Digest, SignaturePolicy};

#[test]
fn the_transcript_shows_a_response_and_a_refusal_on_one_screen() {
    let stdout = run(&mut tarspay(&["demo"])).succeeded().stdout;
    assert!(stdout.contains("available 11713783.50"), "{stdout}");
    assert!(stdout.contains("5003008"), "{stdout}");
    assert!(stdout.contains("POST|/api/balanceInfo|"), "{stdout}");
    assert!(stdout.lines().count() <= 24, "{stdout}");
}

#[test]
fn the_json_shows_the_same() {
    let shown = run(&mut tarspay(&["demo", "--json"])).succeeded().json();
    assert_eq!(shown["balance"], json!({ "available_amount": "11713783.50", "frozen_amount": "250.00" }));
    assert_eq!(shown["forged"]["code"], json!(5_003_008));
    // The client cuts a longer text.
    let message = text(&shown["forged"], "message");
    assert!(message.starts_with("sign error") && message.ends_with("/calls"), "{shown}");
    assert!(text(&shown, "base_url").starts_with("http://127.0.0.1:"), "{shown}");
}

#[test]
fn its_signature_is_real() {
    let shown = run(&mut tarspay(&["demo", "--json"])).succeeded().json();
    let [key, string, signature] =
        ["public_key", "string_to_sign", "signature"].map(|name| text(&shown, name));

    let verify = ["verify", "request", "--public-key", key, "--signature", signature];
    run(tarspay(&verify).args(["--string-to-sign", string])).succeeded();
    // From the parts, as the merchant's own server would put them together.
    let [method, path, nonce, parameters] = string.split('|').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((method, path), ("POST", "/api/balanceInfo"));
    let merchant_no = text(&shown, "merchant_no");
    assert_eq!(parameters, format!("mchNo={merchant_no}"));
    let body = json!({ "mchNo": merchant_no }).to_string();
    let mut command = tarspay(&verify);
    command.args(["--path", path, "--nonce", nonce, "--body", "-"]);
    run_with_stdin(&mut command, body.as_bytes()).succeeded();
    // By the library.
    assert_eq!(Digest::of(string).to_string(), text(&shown, "digest"));
    let key: tarspay::sign::PublicKey = key.parse().unwrap();
    key.verify(&Digest::of(string), &signature.parse().unwrap(), SignaturePolicy::RequireLowS).unwrap();
}

#[test]
fn nothing_in_the_environment_changes_it() {
    let mut command = tarspay(&["demo"]);
    command.env("TARSPAY_PRIVATE_KEY", "nonsense").env("TARSPAY_API_URL", "nonsense");
    command.env("TARSPAY_MERCHANT_ID", "nonsense").env("HTTPS_PROXY", "http://127.0.0.1:9");
    command.env("http_proxy", "http://127.0.0.1:9").env("ALL_PROXY", "http://127.0.0.1:9");
    run(&mut command).succeeded();
}
