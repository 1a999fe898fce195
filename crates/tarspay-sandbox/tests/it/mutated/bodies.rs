//! Bodies: every call, spoilt, and signed again where it can be.

use super::spoil::{spoils, spoilt};
use super::target::{MAX_BODY, Target, assert_readable, cases};
use crate::http::Request;
use crate::support::{DEPOSIT, QUERY_DEPOSIT, QUERY_WITHDRAWAL, WITHDRAWAL, kenya, payout, valid};
use crate::{BALANCE, Caller};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tarspay_sign::Parameters;
use tarspay_types::market;

/// Every call with a body that is accepted, but for the numbers of orders that are not there; and each market's creation.
fn calls() -> Vec<(&'static str, Value)> {
    let mut calls = vec![
        (BALANCE, json!({})),
        (DEPOSIT, kenya("D", &json!({ "returnUrl": "https://shop.example/", "extra": "x" }))),
        (WITHDRAWAL, payout("W", &json!({}))),
        (QUERY_DEPOSIT, json!({ "mchOrderNo": "D" })),
        (QUERY_WITHDRAWAL, json!({ "mchOrderNo": "W" })),
        ("/api/payOutProof", json!({ "mchOrderNo": "W" })),
        ("/api/orderInfo/trxId", json!({ "trxId": "E00000000000000000000000000000001" })),
        ("/api/utrQuery", json!({ "utr": "412345678901", "mchOrderNo": "D" })),
        ("/api/trxQuery", json!({ "trxId": "SBX0000001" })),
        ("/api/trxSupplement", json!({ "trxId": "SBX0000001", "mchOrderNo": "D", "payOrderId": "P1" })),
        ("/api/bd/P1/T1", json!({})),
    ];
    for market in market::ALL.iter().filter(|market| market.currency().is_some()) {
        for (path, offer) in [(DEPOSIT, market.deposit()), (WITHDRAWAL, market.withdrawal())] {
            if let Some(way) = offer.ways().first() {
                calls.push((path, valid(market, offer, way.code(), "N")));
            }
        }
    }
    calls
}

/// Signs what can be signed; what cannot carries the signature of something else.
fn sign(caller: &Caller, path: &str, body: &[u8]) -> Request {
    match std::str::from_utf8(body) {
        Ok(text) if Parameters::from_json(body).is_ok() => caller.signed(path, caller.next_nonce(), text),
        _ => caller.signed(path, caller.next_nonce(), "{}").body(body),
    }
}

#[test]
fn signed_bodies_spoilt_in_every_way_are_answered_and_move_no_money() {
    let target = Target::start();
    let mut number = 0;
    let mut accepted = 0;
    cases(1_500, &(select(calls()), spoils(), any::<bool>()), |((path, mut body), spoil, pay)| {
        number += 1;
        body["mchNo"] = target.caller.merchant_no.as_str().into();
        if path.ends_with("unifiedOrder") {
            body["mchOrderNo"] = format!("N{number}").into();
        }
        let bytes = spoilt(&body, &spoil);
        let response = target.throw(&sign(&target.caller, path, &bytes).to_bytes());
        // A body above the limit may be cut off by the refusal.
        assert!(assert_readable(&response) == 1 || bytes.len() > MAX_BODY, "no response to {spoil:?}");
        let json: Value = response
            .split(|byte| *byte == b'\n')
            .next_back()
            .and_then(|body| serde_json::from_slice(body).ok())
            .unwrap_or_default();
        if let Some(id) = json["data"]["payOrderId"].as_str().filter(|_| path.ends_with("unifiedOrder")) {
            accepted += 1;
            if pay {
                // A balance that gets too long is refused.
                let _ = target.sandbox.pay(&id.parse().unwrap());
            }
        }
        if number % 50 == 0 {
            target.assert_well();
        }
    });
    assert!(accepted > 50, "only {accepted} orders were accepted");
    target.assert_well();
    target.assert_money_adds_up();
}
