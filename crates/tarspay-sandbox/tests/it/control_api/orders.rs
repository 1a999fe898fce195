//! Orders: looked for, moved to each of their ends, and the transfers that pay for them.

use super::{get, post, refused};
use crate::Caller;
use crate::http::in_time;
use crate::support::{DEPOSIT, Receiver, WITHDRAWAL, kenya, payout};
use serde_json::{Value, json};
use tarspay_sandbox::Sandbox;

#[tokio::test]
async fn a_whole_deposit_goes_by_http_alone() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, receiver) = (Caller::of(&sandbox), Receiver::ok().await);
    let data = caller.data(&sandbox, DEPOSIT, &kenya("D1", &json!({ "notifyUrl": receiver.url() }))).await;
    let id = data["payOrderId"].as_str().unwrap();

    let found = get(&sandbox, "orders?merchant_no=M1688443086&merchant_order_no=D1&state=0").await;
    assert_eq!(found["orders"].as_array().unwrap().len(), 1);
    assert_eq!(found["orders"][0]["pay_order_id"], id);
    assert_eq!(get(&sandbox, "orders?merchant_order_no=D2").await, json!({ "orders": [], "next": null }));
    assert_eq!(get(&sandbox, "orders?state=2").await, json!({ "orders": [], "next": null }));

    assert_eq!(post(&sandbox, &format!("orders/{id}/open"), &json!({})).await["state"], 1);
    let partly = post(&sandbox, &format!("orders/{id}/partial"), &json!({ "amount": "40" })).await;
    assert_eq!((&partly["state"], &partly["pay_amount"]), (&json!(9), &json!("40")));
    let paid = post(&sandbox, &format!("orders/{id}/pay"), &json!({})).await;
    assert_eq!((&paid["state"], &paid["pay_amount"]), (&json!(2), &json!("100")));
    let steps: Vec<_> = paid["history"].as_array().unwrap().iter().map(|step| step["to"].clone()).collect();
    assert_eq!(steps, [0, 1, 9, 2]);
    assert_eq!(paid["request"]["mchOrderNo"], "D1");
    assert_eq!(get(&sandbox, &format!("orders/{id}")).await, paid);

    let settled = in_time(post(&sandbox, "callbacks/settle", &json!({}))).await;
    let callbacks = settled["callbacks"].as_array().unwrap();
    let found: Vec<_> = callbacks.iter().map(|callback| (&callback["state"], &callback["status"])).collect();
    assert_eq!(found, [(&json!(9), &json!("delivered")), (&json!(2), &json!("delivered"))]);
    assert_eq!(get(&sandbox, &format!("callbacks?pay_order_id={id}")).await, settled);
    assert_eq!(get(&sandbox, "callbacks?pay_order_id=P0").await, json!({ "callbacks": [], "next": null }));
    assert_eq!(get(&sandbox, "callbacks/2").await, callbacks[1]);
    assert_eq!(callbacks[1]["attempts"][0]["http_status"], 200);
    assert_eq!(post(&sandbox, "callbacks/2/resend", &json!({})).await["status"], "due");
    in_time(post(&sandbox, "callbacks/settle", &json!({}))).await;
    assert_eq!(receiver.received().len(), 3);

    let balances = get(&sandbox, "merchants/M1688443086/balances").await;
    let kenyan = |balance: &&Value| balance["currency"] == "KES";
    let kes = balances["balances"].as_array().unwrap().iter().find(kenyan).unwrap().clone();
    assert_eq!(kes, json!({ "currency": "KES", "available": "1000100", "frozen": "0" }));
    assert_eq!(post(&sandbox, &format!("orders/{id}/refund"), &json!({})).await["state"], 5);
}

#[tokio::test]
async fn a_deposit_is_paid_in_two_parts_by_http() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, receiver) = (Caller::of(&sandbox), Receiver::ok().await);
    let id = caller.deposit_to(&sandbox, "D1", &receiver.url()).await;
    let path = format!("orders/{id}/partial");
    for (part, paid) in [("40", "40"), ("50", "90")] {
        let partly = post(&sandbox, &path, &json!({ "amount": part })).await;
        assert_eq!((&partly["state"], &partly["pay_amount"]), (&json!(9), &json!(paid)));
    }
    assert_eq!(refused(&sandbox, 400, "POST", &path, r#"{"amount":"10"}"#).await.0, "invalid_amount");
    in_time(post(&sandbox, "callbacks/settle", &json!({}))).await;
    let found: Vec<_> =
        receiver.received().iter().map(|received| received.json()["payAmount"].clone()).collect();
    assert_eq!(found, ["40", "90"]);
}

#[tokio::test]
async fn orders_end_in_every_other_way() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for (path, number, step, body, state) in [
        (DEPOSIT, "D1", "fail", json!({ "reason": "no money" }), 3),
        (DEPOSIT, "D2", "expire", json!({}), 6),
        (WITHDRAWAL, "W1", "reject", json!({ "reason": "closed" }), 8),
        (WITHDRAWAL, "W2", "fail", json!({}), 3),
        (WITHDRAWAL, "W3", "pay", json!({}), 2),
    ] {
        let order = if path == DEPOSIT { kenya(number, &json!({})) } else { payout(number, &json!({})) };
        let id = caller.create(&sandbox, path, &order).await;
        let moved = post(&sandbox, &format!("orders/{id}/{step}"), &body).await;
        assert_eq!(moved["state"], state, "{moved}");
        assert_eq!(moved["direction"], if path == DEPOSIT { "deposit" } else { "withdrawal" });
        if let Some(reason) = body.get("reason") {
            assert_eq!(moved["fail_reason"], *reason);
        }
        let (kind, message) = refused(&sandbox, 409, "POST", &format!("orders/{id}/expire"), "").await;
        assert_eq!(kind, "invalid_transition", "{message}");
    }
}

#[tokio::test]
async fn orders_and_callbacks_come_page_by_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, receiver) = (Caller::of(&sandbox), Receiver::ok().await);
    let mut ids = Vec::new();
    for number in ["D1", "D2", "D3", "D4", "D5"] {
        let id = caller.deposit_to(&sandbox, number, &receiver.url()).await;
        sandbox.pay(&id).unwrap();
        ids.push(json!(id));
    }
    let page = |list: &'static str, name: &'static str, size: usize| {
        let sandbox = &sandbox;
        async move {
            let (mut seen, mut path) = (Vec::new(), format!("{list}limit={size}"));
            loop {
                let page = get(sandbox, &path).await;
                let items = page[if name == "id" { "callbacks" } else { "orders" }].as_array().unwrap();
                assert!(items.len() <= size);
                seen.extend(items.iter().map(|item| item[name].clone()));
                if page["next"].is_null() {
                    return seen;
                }
                assert_eq!(items.len(), size);
                path = format!("{list}limit={size}&after={}", page["next"].to_string().replace('"', ""));
            }
        }
    };
    for size in [1, 2, 5, 6, 1000] {
        assert_eq!(page("orders?", "pay_order_id", size).await, ids, "{size}");
        assert_eq!(page("orders?state=2&merchant_no=M1688443086&", "pay_order_id", size).await, ids);
        assert_eq!(page("callbacks?", "id", size).await, [1, 2, 3, 4, 5], "{size}");
    }
    let of_one = format!("callbacks?pay_order_id={}", ids[2].as_str().unwrap());
    assert_eq!(get(&sandbox, &of_one).await["callbacks"][0]["id"], 3);
    assert_eq!(get(&sandbox, "events?limit=2").await["last"], 2);
    for path in
        ["orders?limit=0", "orders?limit=1001", "callbacks?limit=x", "callbacks?after=x", "events?limit=0"]
    {
        assert_eq!(refused(&sandbox, 400, "GET", path, "").await.0, "invalid_request", "{path}");
    }
    assert_eq!(refused(&sandbox, 404, "GET", "orders?after=P1", "").await.0, "unknown_order");
}

#[tokio::test]
async fn a_transfer_is_recorded_and_a_second_one_of_its_reference_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    let transfer = json!({ "reference": "UTR1", "amount": "100.50" });
    let shown = post(&sandbox, "transfers", &transfer).await;
    assert_eq!(shown, json!({ "reference": "UTR1", "amount": "100.50", "paid": null }));
    let (kind, _) = refused(&sandbox, 400, "POST", "transfers", &transfer.to_string()).await;
    assert_eq!(kind, "invalid_amount");
    let (_, message) = refused(&sandbox, 400, "POST", "transfers", r#"{"amount":"1"}"#).await;
    assert!(message.contains("\"reference\" is missing"), "{message}");
}

#[tokio::test]
async fn an_order_is_found_by_either_number_unless_several_merchants_have_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let (kind, message) = refused(&sandbox, 404, "GET", "orders/D1", "").await;
    assert_eq!((kind.as_str(), message.as_str()), ("unknown_order", "no order D1; there are none yet"));
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D 1/ä", &json!({}))).await;
    assert_eq!(get(&sandbox, "orders/D%201%2F%C3%A4").await["pay_order_id"], json!(id));
    caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    assert_eq!(post(&sandbox, "orders/D1/pay", &json!({})).await["state"], 2);
    let (_, message) = refused(&sandbox, 404, "POST", "orders/D2/pay", "").await;
    assert!(
        message.starts_with("no order D2; the latest are D1 (P") && message.contains(id.as_str()),
        "{message}"
    );
    let (_, message) = refused(&sandbox, 409, "POST", "orders/D1/pay", "").await;
    assert!(message.contains("it can change to 5 ("), "{message}");

    let other = Caller::new(tarspay_sign::PrivateKey::generate().unwrap(), &crate::merchant_no("M7"));
    sandbox.register(other.merchant_no.clone(), other.key.public_key());
    let others = other.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let (_, message) = refused(&sandbox, 404, "POST", "orders/D1/refund", "").await;
    assert!(message.starts_with("several merchants have an order D1") && message.contains(others.as_str()));
    assert_eq!(get(&sandbox, &format!("orders/{others}")).await["merchant_no"], "M7");
}

#[tokio::test]
async fn lists_have_their_last_entries_and_those_that_are_looked_for() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for number in ["D1", "D2", "W3"] {
        let id = caller.create(&sandbox, DEPOSIT, &kenya(number, &json!({}))).await;
        sandbox.pay(&id).unwrap();
    }
    for (path, list, member, found) in [
        ("orders?last=2", "orders", "merchant_order_no", json!(["D2", "W3"])),
        ("orders?last=2&text=D", "orders", "merchant_order_no", json!(["D1", "D2"])),
        ("orders?text=W3&state=2", "orders", "merchant_order_no", json!(["W3"])),
        ("callbacks?last=1", "callbacks", "id", json!([3])),
        ("callbacks?text=D&status=undeliverable", "callbacks", "id", json!([1, 2])),
        ("callbacks?last=5&status=due", "callbacks", "id", json!([])),
        ("events?last=2", "events", "kind", json!(["state_changed", "callback_given_up"])),
    ] {
        let page = get(&sandbox, path).await;
        let entries = page[list].as_array().unwrap().iter();
        assert_eq!(json!(entries.map(|entry| &entry[member]).collect::<Vec<_>>()), found, "{path}: {page}");
    }
    for path in ["orders?last=1&limit=1", "orders?last=1&after=P1", "orders?last=0", "callbacks?status=sent"]
    {
        assert_eq!(refused(&sandbox, 400, "GET", path, "").await.0, "invalid_request", "{path}");
    }
}

#[tokio::test]
async fn a_test_callback_is_sent_and_a_call_is_shown_as_it_came() {
    let sandbox = Sandbox::start().await.unwrap();
    let receiver = Receiver::ok().await;
    let sent = post(&sandbox, "callbacks/test", &json!({ "url": receiver.url() })).await;
    assert_eq!((&sent["attempt"]["is_delivered"], &sent["url"]), (&json!(true), &json!(receiver.url())));
    assert_eq!(sent["body"], receiver.received()[0].body);
    for body in
        ["{}", r#"{"url":"https://127.0.0.1/"}"#, r#"{"url":1}"#, r#"{"url":"http://127.0.0.1/","stat":1}"#]
    {
        assert_eq!(
            refused(&sandbox, 400, "POST", "callbacks/test", body).await.0,
            "invalid_request",
            "{body}"
        );
    }
    Caller::of(&sandbox).balance_query().send(sandbox.address()).await;
    let call = get(&sandbox, "calls/1").await;
    assert_eq!(call["body"], r#"{"mchNo":"M1688443086"}"#);
    assert!(call["string_to_sign"].as_str().unwrap().starts_with("POST|/api/balanceInfo|"), "{call}");
    assert!(call["response"].as_str().unwrap().contains("SUCCESS"), "{call}");
    assert_eq!(call["headers"][0], json!(["Host", "sandbox"]));
    for path in ["calls/2", "calls/x"] {
        assert_eq!(refused(&sandbox, 404, "GET", path, "").await.0, "unknown_call");
    }
    post(&sandbox, "reset", &json!({})).await;
    assert_eq!(refused(&sandbox, 404, "GET", "calls/1", "").await.0, "unknown_call");
}
