//! Calls that are answered.

use crate::http::{self, Request};
use crate::{BALANCE, Caller};
use tarspay_sandbox::Sandbox;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_signed_balance_query_is_answered_with_the_documented_envelope() {
    let sandbox = Sandbox::start().await.unwrap();
    let response = Caller::of(&sandbox).balance_query().send(sandbox.address()).await;
    response.assert_balance("M1688443086", "1000000", "0");
}

#[tokio::test]
async fn order_of_members_and_white_space_are_no_part_of_the_signature() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let nonce = caller.next_nonce();
    let signed = caller.signed(BALANCE, nonce, r#"{"mchNo":"M1688443086","note":"a"}"#);
    let sent = signed.body("\r\n{ \"note\" :\t\"\\u0061\" ,\n \"mchNo\" : \"M1688443086\" } ");
    sent.send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
}

#[tokio::test]
async fn null_members_are_no_part_of_the_signature() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let sent = caller.balance_query().body(r#"{"attach":null,"mchNo":"M1688443086"}"#);
    sent.send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
}

#[tokio::test]
async fn header_names_and_hex_are_read_in_either_case() {
    let sandbox = Sandbox::start().await.unwrap();
    let query = Caller::of(&sandbox).balance_query();
    let shouted = ["X-API-KEY", "X-API-NONCE", "X-API-SIGNATURE"]
        .iter()
        .fold(Request::post(BALANCE, r#"{"mchNo":"M1688443086"}"#), |request, name| {
            request.header(&name.to_lowercase(), &query.value(name).to_uppercase())
        });
    shouted.send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
}

#[tokio::test]
async fn a_high_s_is_accepted() {
    let sandbox = Sandbox::start().await.unwrap();
    let query = Caller::of(&sandbox).balance_query();
    let high = with_high_s(query.value("X-API-SIGNATURE"));
    assert!(high.parse::<tarspay_sign::Signature>().unwrap().is_high_s());
    let query = query.header("X-API-SIGNATURE", &high);
    query.send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
}

#[tokio::test]
async fn one_connection_carries_many_calls() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    for _ in 0..3 {
        let request = caller.balance_query().head("keep-alive") + &caller.body();
        stream.write_all(request.as_bytes()).await.unwrap();
        http::read_one(&mut stream).await.assert_balance("M1688443086", "1000000", "0");
        let refused = caller.balance_query().without("X-API-KEY").head("keep-alive") + &caller.body();
        stream.write_all(refused.as_bytes()).await.unwrap();
        http::read_one(&mut stream).await.assert_refused(200, 5_003_001);
    }
}

/// The mirror image `(r, n - s)` of a signature with a low `s`, put together by hand.
fn with_high_s(low: &str) -> String {
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let der = bytes(low);
    let r_end = 4 + usize::from(der[3]);
    let (r, s) = (&der[2..r_end], &der[r_end + 2..]);
    let mut difference = bytes(ORDER);
    let mut borrow = false;
    for (place, digit) in difference.iter_mut().rev().enumerate() {
        let subtract = s.iter().rev().nth(place).copied().unwrap_or(0);
        let (once, under) = digit.overflowing_sub(subtract);
        let (twice, under_again) = once.overflowing_sub(u8::from(borrow));
        (*digit, borrow) = (twice, under || under_again);
    }
    // Above half the order its first bit is set, so it takes a leading zero.
    let mut mirrored = vec![0x30, u8::try_from(r.len() + 2 + 33).unwrap()];
    mirrored.extend_from_slice(r);
    mirrored.extend_from_slice(&[0x02, 33, 0]);
    mirrored.extend_from_slice(&difference);
    mirrored.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
