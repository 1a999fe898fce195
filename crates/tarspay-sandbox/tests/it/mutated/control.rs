//! Every route of the control API.

use super::spoil::{spoils, spoilt};
use super::target::{MAX_BODY, Target, assert_readable, cases};
use crate::http::Request;
use crate::support::{DEPOSIT, WITHDRAWAL, kenya, payout};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// Every route of the control API, with members that are accepted.
fn routes(deposit: &str, withdrawal: &str) -> Vec<(&'static str, String, Value)> {
    let mut routes = vec![
        (
            "POST",
            "merchants/M2/keys".to_owned(),
            json!({
                "public_key": "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
                "bound_ip": "127.0.0.1", "expires_in_millis": 1000, "disabled": false,
            }),
        ),
        ("POST", "merchants/M2/status".to_owned(), json!({ "status": "active" })),
        (
            "POST",
            "merchants/M2/balances".to_owned(),
            json!({ "currency": "KES", "available": "1", "frozen": "2" }),
        ),
        (
            "POST",
            "faults".to_owned(),
            json!({
                "kind": "delay", "millis": 1, "path": "/api/none", "merchant_order_no": "NONE", "times": 1,
            }),
        ),
        (
            "POST",
            "faults".to_owned(),
            json!({
                "kind": "refuse", "code": 5_003_008, "merchant_order_no": "NONE", "chance_percent": 50, "seed": 1,
                "always": true, "after_commit": true,
            }),
        ),
        ("POST", "faults".to_owned(), json!({ "kind": "truncate", "bytes": 3, "merchant_order_no": "NONE" })),
        ("POST", "faults/1/clear".to_owned(), json!({})),
        ("POST", "faults/clear".to_owned(), json!({})),
        ("POST", "clock/advance".to_owned(), json!({ "millis": 1000 })),
        ("POST", "clock/freeze".to_owned(), json!({})),
        ("POST", "clock/resume".to_owned(), json!({})),
        ("POST", "callbacks/settle".to_owned(), json!({})),
        ("POST", "callbacks/1/resend".to_owned(), json!({})),
    ];
    for path in [
        "",
        "health",
        "merchants",
        "merchants/M2",
        "merchants/M2/balances",
        "orders",
        "orders?state=1",
        "faults",
        "clock",
        "callbacks",
        "callbacks/1",
        "callbacks?pay_order_id=P1",
        "events?after=0&wait_millis=0",
        "orders?merchant_no=M2&merchant_order_no=%ff",
        "merchants/%00",
        "orders/%F0%9F",
        "events?after=x",
    ] {
        routes.push(("GET", path.to_owned(), json!({})));
    }
    for id in [deposit, withdrawal] {
        for (verb, body) in [
            ("open", json!({})),
            ("pay", json!({})),
            ("partial", json!({ "amount": "5.5" })),
            ("fail", json!({ "reason": "no money" })),
            ("reject", json!({ "reason": "no" })),
            ("refund", json!({})),
            ("expire", json!({})),
        ] {
            routes.push(("POST", format!("orders/{id}/{verb}"), body));
        }
    }
    routes
}

#[test]
fn spoilt_control_requests_are_answered_and_the_money_adds_up() {
    let target = Target::start();
    let (caller, sandbox) = (&target.caller, &target.sandbox);
    let create = |number: usize| {
        target.runtime.block_on(async {
            let deposit = caller.create(sandbox, DEPOSIT, &kenya(&format!("D{number}"), &json!({}))).await;
            let withdrawal =
                caller.create(sandbox, WITHDRAWAL, &payout(&format!("W{number}"), &json!({}))).await;
            (deposit.to_string(), withdrawal.to_string())
        })
    };
    let mut number = 0;
    let mut orders = create(number);
    cases(1_500, &(any::<Index>(), spoils()), |(route, spoil)| {
        number += 1;
        if number % 20 == 0 {
            // The others have come to their end; faults that take effect would be in the way.
            sandbox.clear_faults();
            orders = create(number);
        }
        let routes = routes(&orders.0, &orders.1);
        let (method, path, body) = route.get(&routes);
        let body = if *method == "GET" { Vec::new() } else { spoilt(body, &spoil) };
        let too_long = body.len() > MAX_BODY;
        let request =
            Request::post(&format!("/_sandbox/{path}"), body).method(method).header("Host", "localhost");
        let responses = assert_readable(&target.throw(&request.to_bytes()));
        assert!(responses == 1 || too_long, "no response to {method} {path} {spoil:?}");
        if number % 50 == 0 {
            sandbox.clear_faults();
            target.assert_well();
        }
    });
    sandbox.clear_faults();
    target.assert_well();
    target.assert_money_adds_up();
}
