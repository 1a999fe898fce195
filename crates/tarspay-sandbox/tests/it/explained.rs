//! A refused signature comes with the name of the mistake: in a header, in the text and in the event log.

use crate::http::{Request, Response};
use crate::support::{DEPOSIT, kenya};
use crate::{BALANCE, Caller, merchant_no};
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;
use tarspay_sandbox::{EventKind, Sandbox, SignatureExplanation};
use tarspay_sign::{Digest, Nonce, PrivateKey, Signature};
use tokio::runtime::Runtime;

const HEADER: &str = "X-Sandbox-Explain";
const SIGNATURE_ERROR: i64 = 5_003_008;

/// A call signed over a text that the test writes itself.
fn signed_text(caller: &Caller, nonce: Nonce, body: &str, text: &str) -> Request {
    let signature = caller.key.sign(&Digest::of(text));
    with_signature(caller, nonce, body, &signature.to_string())
}

fn with_signature(caller: &Caller, nonce: Nonce, body: &str, signature: &str) -> Request {
    Request::post(BALANCE, body)
        .header("X-API-KEY", &caller.key.public_key().to_string())
        .header("X-API-NONCE", &nonce.to_string())
        .header("X-API-SIGNATURE", signature)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            text.push(if at > group.len() { '=' } else { digit.into() });
        }
    }
    text
}

/// What the last call's event says about its signature.
fn told(sandbox: &Sandbox) -> Option<SignatureExplanation> {
    let events = sandbox.events();
    let Some(EventKind::Called { explanation, .. }) = events.last().map(|event| &event.kind) else {
        panic!("a call")
    };
    explanation.clone()
}

/// Sends a call that is refused, sees that header, text and event agree, and gives the header and the text.
async fn explained(sandbox: &Sandbox, request: &Request) -> (String, String) {
    let answer = request.send(sandbox.address()).await;
    let reason = answer.assert_refused(200, SIGNATURE_ERROR);
    let names = answer.header(HEADER).unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    assert!(reason.starts_with("sign error: ") && reason.contains("; see http://127.0.0.1:"), "{reason}");
    assert!(reason.chars().count() <= 256, "a client keeps all of it: {reason}");
    let event = told(sandbox).unwrap();
    assert_eq!(event.names, names);
    assert!(!event.details.is_empty());
    (names, reason)
}

#[tokio::test]
async fn a_text_hashed_once_is_named() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, nonce) = (Caller::of(&sandbox), Caller::of(&sandbox).next_nonce());
    // What SHA256withECDSA gives over the text.
    let text = format!("POST|{BALANCE}|{nonce}|mchNo={}", caller.merchant_no);
    let once = Digest::from(<[u8; 32]>::from(Sha256::digest(&text)));
    let request = with_signature(&caller, nonce, &caller.body(), &caller.key.sign(&once).to_string());
    let (names, reason) = explained(&sandbox, &request).await;
    assert_eq!(names, "hashed_once");
    assert!(reason.contains(": most likely: the text was hashed once; to do: hash twice: "), "{reason}");
    assert!(reason.ends_with(&format!("; see {}/calls", sandbox.base_url())), "{reason}");
    let digest = Digest::of(&text).to_string();
    let right = format!("; to compare: {} bytes, digest {}; ", text.len(), &digest[..8]);
    assert!(reason.contains(&right), "{reason}");
    assert!(told(&sandbox).unwrap().details.contains("hash twice"));
}

#[tokio::test]
async fn percent_encoded_values_and_members_unsorted_are_named_without_a_value() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let body = r#"{"mchNo":"M1688443086","customerName":"Grace Nakamura"}"#;
    let nonce = caller.next_nonce();
    let encoded = format!("POST|{BALANCE}|{nonce}|customerName=Grace%20Nakamura&mchNo=M1688443086");
    let (names, reason) = explained(&sandbox, &signed_text(&caller, nonce, body, &encoded)).await;
    assert!(names.starts_with("percent_encoded_"), "{names}");
    assert!(reason.contains("percent-encoded"), "{reason}");

    let unsorted = format!("POST|{BALANCE}|{nonce}|mchNo=M1688443086&customerName=Grace Nakamura");
    let (names, reason) = explained(&sandbox, &signed_text(&caller, nonce, body, &unsorted)).await;
    assert_eq!(names, "members_unsorted");
    let log = format!("{names} {reason} {:?}", sandbox.events());
    assert!(!log.contains("Grace") && !log.contains("Nakamura"), "{log}");
}

#[tokio::test]
async fn two_mistakes_are_both_named() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, nonce) = (Caller::of(&sandbox), Caller::of(&sandbox).next_nonce());
    let text = format!("POST|http://sandbox{BALANCE}|{nonce}|mchNo=M1688443086\n");
    let (names, reason) = explained(&sandbox, &signed_text(&caller, nonce, &caller.body(), &text)).await;
    assert_eq!(names, "url_in_path+trailing_newline");
    assert!(reason.contains(", and "), "{reason}");
}

#[tokio::test]
async fn the_query_and_the_own_address_are_known() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, nonce) = (Caller::of(&sandbox), Caller::of(&sandbox).next_nonce());
    let target = format!("{BALANCE}?a=1");
    let text = format!("POST|{target}|{nonce}|mchNo=M1688443086");
    let request = signed_text(&caller, nonce, &caller.body(), &text).path(&target);
    assert_eq!(explained(&sandbox, &request).await.0, "query_in_path");
    let text = format!("POST|{}{BALANCE}|{nonce}|mchNo=M1688443086", sandbox.base_url());
    let request = signed_text(&caller, nonce, &caller.body(), &text);
    assert_eq!(explained(&sandbox, &request).await.0, "url_in_path");
}

#[tokio::test]
async fn the_key_of_another_merchant_is_named_however_many_there_are() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, other) = (Caller::of(&sandbox), PrivateKey::generate().unwrap());
    sandbox.register(merchant_no("M2"), other.public_key());
    let other = Caller::new(other, &caller.merchant_no);
    for _ in 0..2 {
        let key = caller.key.public_key().to_string();
        let (names, reason) = explained(&sandbox, &other.balance_query().header("X-API-KEY", &key)).await;
        assert_eq!(names, "other_key+key-of-merchant-M2");
        assert!(reason.contains("(key-of-merchant-M2)"), "{reason}");
        // More than are tried one by one; the key is looked up then.
        for number in 0..80 {
            let merchant_no = merchant_no(&format!("M3{number}"));
            sandbox.register(merchant_no, PrivateKey::generate().unwrap().public_key());
        }
    }
}

#[tokio::test]
async fn a_signature_in_base64_is_named() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let query = caller.balance_query();
    let signature: Signature = query.value("X-API-SIGNATURE").parse().unwrap();
    let request = query.header("X-API-SIGNATURE", &base64(&signature.to_der()));
    assert_eq!(explained(&sandbox, &request).await.0, "signature_base64");
}

#[tokio::test]
async fn what_no_mistake_gives_is_unexplained() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let query = caller.balance_query();
    let foreign = PrivateKey::generate().unwrap().sign(&Digest::of("something else")).to_string();
    let (names, reason) = explained(&sandbox, &query.clone().header("X-API-SIGNATURE", &foreign)).await;
    assert_eq!(names, "unexplained");
    assert!(!reason.contains("most likely"), "{reason}");
    assert!(
        reason.contains("; to compare: 53 bytes, digest ") && reason.contains("no likely mistake"),
        "{reason}"
    );
    for (garbage, expected) in [
        ("zz", "unexplained+signature_unreadable"),
        ("deadbeef", "unexplained+signature_unreadable"),
        ("", "unexplained+signature_missing"),
        (&"3".repeat(1000), "unexplained+signature_unreadable"),
    ] {
        let (names, _) = explained(&sandbox, &query.clone().header("X-API-SIGNATURE", garbage)).await;
        assert_eq!(names, expected, "{garbage}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_signed_is_named() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, nonce) = (Caller::of(&sandbox), Caller::of(&sandbox).next_nonce());
    let text = format!("POST|{BALANCE}|{nonce}|amount=1.50&mchNo=M1688443086");
    let body = r#"{"amount":1.50,"mchNo":"M1688443086"}"#;
    let (names, _) = explained(&sandbox, &signed_text(&caller, nonce, body, &text)).await;
    assert_eq!(names, "body_without_rule");
}

#[tokio::test]
async fn what_fits_twice_is_said_twice_and_what_is_seen_on_the_request_is_said() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let body = r#"{"mchNo":"M1688443086","customerName":"Grace Nakamura"}"#;
    let send = async |text: &dyn Fn(Nonce) -> String, path: &str, body: &str| {
        let nonce = caller.next_nonce();
        explained(&sandbox, &signed_text(&caller, nonce, body, &text(nonce)).path(path)).await
    };
    let (names, reason) = send(
        &|nonce| format!("POST|{BALANCE}|{nonce}|customerName=Grace%20Nakamura&mchNo=M1688443086"),
        BALANCE,
        body,
    )
    .await;
    assert!(names.starts_with("percent_encoded_"), "{names}");
    assert!(reason.contains("encodeURIComponent; to do: "), "{reason}");
    let details = told(&sandbox).unwrap().details;
    assert!(details.contains("percent_encoded_rfc3986"), "{details}");

    let (names, reason) =
        send(&|nonce| format!("POST|{BALANCE}|{nonce}|mchNo=M1688443086"), BALANCE, body).await;
    assert_eq!(names, "member_not_signed");
    assert!(reason.contains("added to the body after signing (\"customerName\")"), "{reason}");

    let right = |nonce| format!("POST|{BALANCE}|{nonce}|mchNo=M1688443086");
    let plain = caller.body();
    for (path, body, name) in [
        (format!("/{BALANCE}"), plain.clone(), "slash_too_many_in_url"),
        (BALANCE.to_owned(), format!("\u{feff}{plain}"), "body_byte_order_mark"),
        (BALANCE.to_owned(), plain.replace('}', ",}"), "body_trailing_comma"),
    ] {
        let (names, reason) = send(&right, &path, &body).await;
        assert_eq!(names, name);
        assert!(!reason.contains("another call"), "{reason}");
    }
    for (body, name, clue) in [
        (&b"\x1f\x8b\x08\x00"[..], "unexplained+body_compressed", "compressed"),
        (b"\xff\xfe{\x00", "unexplained+body_not_utf8", "not in UTF-8"),
        (b"{'mchNo':1}", "unexplained+body_without_rule", "not one JSON object"),
        (br#"{"amount":NaN}"#, "unexplained+body_not_a_number", "NaN"),
        (b"mchNo=M1688443086", "unexplained+body_form", "form-encoded"),
        (b"", "unexplained+body_empty", "the body is empty"),
    ] {
        let request = signed_text(&caller, caller.next_nonce(), "", "something else").body(body);
        let (names, reason) = explained(&sandbox, &request).await;
        assert_eq!(names, name);
        assert!(reason.contains(clue) && !reason.contains("another curve"), "{reason}");
    }
}

#[tokio::test]
async fn the_mistake_of_python_ecdsa_is_named_with_its_remedy() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, nonce) = (Caller::of(&sandbox), Caller::of(&sandbox).next_nonce());
    let text = format!("POST|{BALANCE}|{nonce}|mchNo={}", caller.merchant_no);
    // `sign(digest, sigencode=sigencode_der)`: ECDSA takes the 20 bytes of SHA-1 as a number.
    let digest = Digest::of(&text);
    let mut besides = [0; 32];
    besides[12..].copy_from_slice(&sha1::Sha1::digest(digest.as_bytes()));
    let signature = caller.key.sign(&Digest::from(besides)).to_string();
    let (names, reason) =
        explained(&sandbox, &with_signature(&caller, nonce, &caller.body(), &signature)).await;
    assert_eq!(names, "hashed_with_sha1");
    assert!(
        reason.contains("hashed with SHA-1 in addition to SHA-256") && reason.contains("sign_digest"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_header_that_comes_twice_must_say_the_same() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for name in ["X-API-KEY", "X-API-NONCE", "X-API-SIGNATURE"] {
        let query = caller.balance_query();
        let value = query.value(name).to_owned();
        let twice = |other: &str| query.clone().header(name, &format!("{value}\r\n{name}: {other}"));
        let reason = twice("00").send(sandbox.address()).await.assert_refused(200, 5_003_001);
        assert!(reason.contains(name) && reason.contains("send it once"), "{reason}");
        assert_eq!(twice(&value).send(sandbox.address()).await.code(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_wrong_content_type_is_accepted_and_told() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for (value, what) in [
        (None, Some("is missing")),
        (Some("application/x-www-form-urlencoded"), Some("does not say JSON")),
        (Some("application/json;charset=gbk"), Some("names another charset")),
        (Some("application/json\r\nContent-Type: application/json"), Some("more than once")),
        (Some("application/json"), None),
        (Some("application/json;charset=utf-8"), None),
        (Some("Application/JSON; Charset=\"UTF-8\""), None),
    ] {
        let query = caller.balance_query();
        let query = value.into_iter().fold(query, |query, value| query.header("Content-Type", value));
        assert_eq!(query.send(sandbox.address()).await.code(), 0);
        let events = sandbox.events();
        let Some(EventKind::Called { warning, .. }) = events.last().map(|event| &event.kind) else {
            panic!("a call")
        };
        assert_eq!(warning.is_some(), what.is_some(), "{value:?}: {warning:?}");
        if let (Some(warning), Some(what)) = (warning, what) {
            assert!(
                warning.contains(what) && warning.contains("application/json;charset=utf-8"),
                "{warning}"
            );
        }
    }
    // A call without a body has nothing to describe.
    let path = "/api/bd/P1/T1";
    caller.signed_without_body(path).send(sandbox.address()).await;
    let events = sandbox.events();
    let Some(EventKind::Called { warning: None, .. }) = events.last().map(|event| &event.kind) else {
        panic!("no warning")
    };
}

#[tokio::test]
async fn neither_an_accepted_call_nor_another_refusal_is_explained() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let query = caller.balance_query();
    let assert_unexplained = |answer: &Response, code: i64| {
        assert_eq!(answer.code(), code, "{answer:?}");
        assert_eq!(answer.header(HEADER), None, "{answer:?}");
        assert_eq!(told(&sandbox), None);
    };
    assert_unexplained(&query.send(sandbox.address()).await, 0);
    // Its nonce is used now: the signature is right.
    assert_unexplained(&query.send(sandbox.address()).await, SIGNATURE_ERROR);
    let old = caller.signed(BALANCE, Nonce::from_unix_millis(1), &caller.body());
    assert_unexplained(&old.send(sandbox.address()).await, SIGNATURE_ERROR);
    let malformed = query.clone().header("X-API-NONCE", "now");
    assert_unexplained(&malformed.send(sandbox.address()).await, SIGNATURE_ERROR);
    assert_unexplained(&query.without("X-API-KEY").send(sandbox.address()).await, 5_003_001);
    let wrong = caller.call(&sandbox, DEPOSIT, &kenya("D1", &json!({ "wayCode": "PIX" }))).await;
    assert_ne!(wrong.code(), 0);
    assert_unexplained(&wrong, wrong.code());
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let sandbox = Sandbox::builder().explain(false).start().await.unwrap();
    let query = Caller::of(&sandbox).balance_query().header("X-API-SIGNATURE", "zz");
    let answer = query.send(sandbox.address()).await;
    let reason = answer.assert_refused(200, SIGNATURE_ERROR);
    assert!(reason.contains("base64 is not used here; to compare: "), "{reason}");
    assert_eq!((answer.header(HEADER), told(&sandbox)), (None, None));
}

#[tokio::test]
async fn many_wrong_signatures_at_once_are_all_refused_and_good_calls_go_on() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let foreign = PrivateKey::generate().unwrap().sign(&Digest::of("something else")).to_string();
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let (request, address) =
                (caller.balance_query().header("X-API-SIGNATURE", &foreign), sandbox.address());
            tokio::spawn(async move { request.send(address).await })
        })
        .collect();
    caller.balance_query().send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
    let mut looked_into = 0;
    for call in calls {
        let answer = call.await.unwrap();
        answer.assert_refused(200, SIGNATURE_ERROR);
        match answer.header(HEADER) {
            Some("unexplained") => looked_into += 1,
            other => assert_eq!(other, Some("busy")),
        }
    }
    assert!(looked_into > 0);
}

static SERVER: LazyLock<(Runtime, Sandbox, Caller)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let caller = Caller::of(&sandbox);
    (runtime, sandbox, caller)
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_signature_and_the_body_are_the_call_is_refused_with_a_plain_short_header(
        signature in "[ -~]{0,160}|30[0-9a-f]{130,146}|[0-9a-f]{128}|[0-9A-Za-z+/]{84,96}={0,2}",
        body in "\\PC{0,60}|\\{\"mchNo\":\"M1688443086\",\"\\PC{0,10}\":\"\\PC{0,10}\"\\}",
        query in "|\\?[a-z=&%]{0,20}",
    ) {
        SERVER.0.block_on(async {
            let (_, sandbox, caller) = &*SERVER;
            let request = with_signature(caller, caller.next_nonce(), &body, &signature);
            let answer = request.path(&format!("{BALANCE}{query}")).send(sandbox.address()).await;
            answer.assert_refused(200, SIGNATURE_ERROR);
            let names = answer.header(HEADER).unwrap();
            assert!(names.len() <= 300, "{names}");
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte);
            assert!(!names.is_empty() && names.bytes().all(plain), "{names}");
            caller.balance_query().send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
        });
    }
}
