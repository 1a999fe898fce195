//! Calls that are refused, each with its documented code and a text that says why.

use crate::http::{self, Request};
use crate::{BALANCE, Caller};
use tarspay_sandbox::Sandbox;
use tarspay_sign::PrivateKey;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

const SYSTEM_ERROR: i64 = -1;
const PARAMETER_MISSING: i64 = 5_003_001;
const MERCHANT_UNKNOWN: i64 = 5_003_002;
const API_KEY_UNKNOWN: i64 = 5_003_005;
const SIGNATURE_ERROR: i64 = 5_003_008;

const MAX_BODY_BYTES: usize = 64 * 1024;

/// Changes a correctly signed balance query, sends it, and afterwards sees that a good one is still answered.
async fn refused_after(change: impl FnOnce(&Caller, Request) -> Request, status: u16, code: i64) -> String {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let changed = change(&caller, caller.balance_query());
    let reason = changed.send(sandbox.address()).await.assert_refused(status, code);
    caller.balance_query().send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
    reason
}

#[tokio::test]
async fn each_header_that_is_missing_is_named() {
    for name in ["X-API-KEY", "X-API-NONCE", "X-API-SIGNATURE"] {
        let reason = refused_after(|_, query| query.without(name), 200, PARAMETER_MISSING).await;
        assert!(reason.contains(name), "{reason}");
    }
}

#[tokio::test]
async fn a_header_with_other_than_plain_text_counts_as_missing() {
    for name in ["X-API-KEY", "X-API-NONCE", "X-API-SIGNATURE"] {
        let reason = refused_after(|_, query| query.header(name, "ключ"), 200, PARAMETER_MISSING).await;
        assert!(reason.contains(name), "{reason}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_registered_is_unknown() {
    let change = |caller: &Caller, _| {
        Caller::new(PrivateKey::generate().unwrap(), &caller.merchant_no).balance_query()
    };
    refused_after(change, 200, API_KEY_UNKNOWN).await;
}

#[tokio::test]
async fn a_malformed_key_is_unknown() {
    for key in ["", "abc", &"0".repeat(66), &format!("04{}", "1".repeat(64)), &"g".repeat(66)] {
        refused_after(|_, query| query.header("X-API-KEY", key), 200, API_KEY_UNKNOWN).await;
    }
}

#[tokio::test]
async fn a_malformed_nonce_is_a_signature_error() {
    for nonce in
        ["", "abc", "-1", "+1704180814988", "01704180814988", "1704180814988.0", "18446744073709551616"]
    {
        let reason = refused_after(|_, query| query.header("X-API-NONCE", nonce), 200, SIGNATURE_ERROR).await;
        assert!(reason.contains("nonce"), "{reason}");
    }
}

#[tokio::test]
async fn a_malformed_signature_is_a_signature_error() {
    let raw_pair = "1".repeat(128);
    for signature in ["", "abc", "zz", "3006020101020101ff", "MEQCIHETEo0Wz", &raw_pair, &"3".repeat(1000)] {
        let reason =
            refused_after(|_, query| query.header("X-API-SIGNATURE", signature), 200, SIGNATURE_ERROR).await;
        assert!(reason.starts_with("sign error: "), "{reason}");
    }
}

#[tokio::test]
async fn a_signature_by_another_key_is_a_signature_error() {
    let change = |caller: &Caller, query: Request| {
        let forger = Caller::new(PrivateKey::generate().unwrap(), &caller.merchant_no);
        query.header("X-API-SIGNATURE", forger.balance_query().value("X-API-SIGNATURE"))
    };
    refused_after(change, 200, SIGNATURE_ERROR).await;
}

#[tokio::test]
async fn a_signature_over_another_path_nonce_or_body_is_a_signature_error() {
    refused_after(|_, query| query.path("/api/payInInfo"), 200, SIGNATURE_ERROR).await;
    refused_after(|_, query| query.path("/api/balanceinfo"), 200, SIGNATURE_ERROR).await;

    let change =
        |caller: &Caller, query: Request| query.header("X-API-NONCE", &caller.next_nonce().to_string());
    refused_after(change, 200, SIGNATURE_ERROR).await;

    for body in [r#"{"mchNo":"M1688443087"}"#, r#"{"mchNo":"M1688443086","amount":"1"}"#, "{}", ""] {
        refused_after(|_, query| query.body(body), 200, SIGNATURE_ERROR).await;
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_signed_is_a_signature_error() {
    let bodies = [
        "mchNo=M1688443086",
        r#"{"mchNo":"M1688443086""#,
        r#"["M1688443086"]"#,
        r#"{"mchNo":"M1688443086","mchNo":"M1688443086"}"#,
        r#"{"mchNo":{"a":1}}"#,
        r#"{"mchNo":"M1688443086","amount":1.5}"#,
        " ",
    ];
    for body in bodies {
        let reason = refused_after(|_, query| query.body(body), 200, SIGNATURE_ERROR).await;
        assert!(reason.contains("body"), "{body}: {reason}");
    }
    refused_after(|_, query| query.body(b"{\"mchNo\":\"\xff\"}"), 200, SIGNATURE_ERROR).await;
}

#[tokio::test]
async fn a_signed_body_without_a_merchant_number_lacks_a_parameter() {
    for body in ["{}", r#"{"mchNo":null}"#, r#"{"mchNo":""}"#, r#"{"merchant":"M1688443086"}"#] {
        let change = |caller: &Caller, _| caller.signed(BALANCE, caller.next_nonce(), body);
        let reason = refused_after(change, 200, PARAMETER_MISSING).await;
        assert!(reason.contains("mchNo"), "{body}: {reason}");
    }
}

#[tokio::test]
async fn a_merchant_number_that_cannot_be_one_is_refused_with_the_reason() {
    for number in ["M1688443086 ", "M1\\n"] {
        let body = format!(r#"{{"mchNo":"{number}"}}"#);
        let change = |caller: &Caller, _| caller.signed(BALANCE, caller.next_nonce(), &body);
        let reason = refused_after(change, 200, PARAMETER_MISSING).await;
        assert!(reason.contains("mchNo") && reason.contains("merchant number"), "{number}: {reason}");
    }
}

#[tokio::test]
async fn the_merchant_number_of_another_merchant_is_unknown_to_this_key() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let other = crate::merchant_no("M2");
    sandbox.register(other.clone(), PrivateKey::generate().unwrap().public_key());
    for stranger in [other.as_str(), "M3", "m1688443086"] {
        let body = format!(r#"{{"mchNo":"{stranger}"}}"#);
        let query = caller.signed(BALANCE, caller.next_nonce(), &body);
        query.send(sandbox.address()).await.assert_refused(200, MERCHANT_UNKNOWN);
    }
}

#[tokio::test]
async fn a_path_without_a_call_is_a_system_error_that_names_it() {
    for path in ["/api/nothing", "/", "/api/balanceInfo/", "/API/BALANCEINFO"] {
        let change = |caller: &Caller, _| caller.signed(path, caller.next_nonce(), &caller.body());
        let reason = refused_after(change, 200, SYSTEM_ERROR).await;
        assert!(reason.ends_with(&format!(" {path}")), "{reason}");
    }
}

#[tokio::test]
async fn an_unknown_path_tells_nothing_to_a_caller_without_a_signature() {
    refused_after(|_, _| Request::post("/api/nothing", "{}"), 200, PARAMETER_MISSING).await;
}

#[tokio::test]
async fn every_other_method_is_not_allowed() {
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let reason = refused_after(|_, query| query.method(method), 405, SYSTEM_ERROR).await;
        assert!(reason.contains("POST"), "{reason}");
    }
}

#[tokio::test]
async fn a_body_of_the_largest_size_is_read_and_a_larger_one_is_not() {
    let filled = |bytes: usize| {
        let frame = r#"{"mchNo":"M1688443086","note":""}"#;
        frame.replace(r#""note":""#, &format!(r#""note":"{}"#, "x".repeat(bytes - frame.len())))
    };
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let largest = caller.signed(BALANCE, caller.next_nonce(), &filled(MAX_BODY_BYTES));
    largest.send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");

    let change =
        |caller: &Caller, _| caller.signed(BALANCE, caller.next_nonce(), &filled(MAX_BODY_BYTES + 1));
    let reason = refused_after(change, 413, SYSTEM_ERROR).await;
    assert!(reason.contains(&MAX_BODY_BYTES.to_string()), "{reason}");
}

#[tokio::test]
async fn a_body_in_chunks_without_end_is_refused_at_the_limit() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let head = "POST /api/balanceInfo HTTP/1.1\r\nHost: sandbox\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("{MAX_BODY_BYTES:x}\r\n{}\r\n", "x".repeat(MAX_BODY_BYTES));
    stream.write_all(chunk.as_bytes()).await.unwrap();
    // One byte more than allowed; the end of the body never comes, the response does.
    stream.write_all(b"1\r\nx\r\n").await.unwrap();
    http::read_one(&mut stream).await.assert_refused(413, SYSTEM_ERROR);
}

#[tokio::test]
async fn a_key_that_is_used_often_still_refuses_what_it_has_not_signed() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for _ in 0..100 {
        let answer = caller.balance_query().send(sandbox.address()).await;
        answer.assert_balance("M1688443086", "1000000", "0");
    }
    let stranger = Caller::new(PrivateKey::generate().unwrap(), &caller.merchant_no);
    let forged = stranger.balance_query().header("X-API-KEY", &caller.key.public_key().to_string());
    forged.send(sandbox.address()).await.assert_refused(200, SIGNATURE_ERROR);
}
