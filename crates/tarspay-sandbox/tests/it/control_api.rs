//! The control API: every route, what it refuses, and a whole life by HTTP alone.

use crate::http::{Answer, Request, in_time};
use crate::support::{DEPOSIT, Receiver, WITHDRAW, kenya, payout};
use crate::{BALANCE, Caller};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tarspay_sandbox::{Fault, Sandbox};
use tarspay_sign::PrivateKey;

async fn send(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> Answer {
    let host = sandbox.address().to_string();
    let request = Request::post(&format!("/_sandbox/{path}"), body).method(method).header("Host", &host);
    let answer = request.send(sandbox.address()).await;
    assert_eq!(answer.header("content-type"), Some("application/json;charset=utf-8"));
    let secret = sandbox.merchant().private_key().expose_hex();
    assert!(!answer.body.to_lowercase().contains(secret.as_str()), "{path} shows the private key");
    answer
}

async fn get(sandbox: &Sandbox, path: &str) -> Value {
    let answer = send(sandbox, "GET", path, "").await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

async fn post(sandbox: &Sandbox, path: &str, body: &Value) -> Value {
    let answer = send(sandbox, "POST", path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path} {body}: {answer:?}");
    answer.json()
}

/// A refusal: its kind and its text.
async fn refused(sandbox: &Sandbox, status: u16, method: &str, path: &str, body: &str) -> (String, String) {
    let answer = send(sandbox, method, path, body).await;
    assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
    let json = answer.json();
    assert_eq!(json.as_object().unwrap().len(), 1);
    let text = |name: &str| json["error"][name].as_str().unwrap().to_owned();
    (text("kind"), text("message"))
}

#[tokio::test]
async fn health_tells_where_to_start() {
    let sandbox = Sandbox::start().await.unwrap();
    let health = get(&sandbox, "health").await;
    assert_eq!(health["status"], "ok");
    assert_eq!(health["base_url"], sandbox.base_url());
    assert_eq!(health["merchant_no"], "M1688443086");
    assert_eq!(health["system_public_key"], sandbox.system_public_key().to_string());
}

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
    let told: Vec<_> = callbacks.iter().map(|callback| (&callback["state"], &callback["status"])).collect();
    assert_eq!(told, [(&json!(9), &json!("delivered")), (&json!(2), &json!("delivered"))]);
    assert_eq!(get(&sandbox, &format!("callbacks?pay_order_id={id}")).await, settled);
    assert_eq!(get(&sandbox, "callbacks?pay_order_id=P0").await, json!({ "callbacks": [], "next": null }));
    assert_eq!(get(&sandbox, "callbacks/2").await, callbacks[1]);
    assert_eq!(callbacks[1]["attempts"][0]["http_status"], 200);
    assert_eq!(post(&sandbox, "callbacks/2/resend", &json!({})).await["status"], "owed");
    in_time(post(&sandbox, "callbacks/settle", &json!({}))).await;
    assert_eq!(receiver.received().len(), 3);

    let balances = get(&sandbox, "merchants/M1688443086/balances").await;
    let kenyan = |balance: &&Value| balance["currency"] == "KES";
    let kes = balances["balances"].as_array().unwrap().iter().find(kenyan).unwrap().clone();
    assert_eq!(kes, json!({ "currency": "KES", "available": "1000100", "frozen": "0" }));
    assert_eq!(post(&sandbox, &format!("orders/{id}/refund"), &json!({})).await["state"], 5);
}

#[tokio::test]
async fn orders_end_in_every_other_way() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for (path, number, step, body, state) in [
        (DEPOSIT, "D1", "fail", json!({ "reason": "no money" }), 3),
        (DEPOSIT, "D2", "expire", json!({}), 6),
        (WITHDRAW, "W1", "reject", json!({ "reason": "closed" }), 8),
        (WITHDRAW, "W2", "fail", json!({}), 3),
        (WITHDRAW, "W3", "pay", json!({}), 2),
    ] {
        let order = if path == DEPOSIT { kenya(number, &json!({})) } else { payout(number, &json!({})) };
        let id = caller.create(&sandbox, path, &order).await;
        let moved = post(&sandbox, &format!("orders/{id}/{step}"), &body).await;
        assert_eq!(moved["state"], state, "{moved}");
        assert_eq!(moved["direction"], if path == DEPOSIT { "deposit" } else { "withdraw" });
        if let Some(reason) = body.get("reason") {
            assert_eq!(moved["fail_reason"], *reason);
        }
        let (kind, message) = refused(&sandbox, 409, "POST", &format!("orders/{id}/expire"), "").await;
        assert_eq!(kind, "invalid_transition", "{message}");
    }
}

#[tokio::test]
async fn a_merchant_is_registered_and_calls() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = PrivateKey::generate().unwrap();
    let public_key = key.public_key().to_string();
    let caller = Caller::new(key, &crate::merchant_no("M7"));
    let keys = json!({ "public_key": public_key });
    let merchant = post(&sandbox, "merchants/M7/keys", &keys).await;
    assert_eq!((&merchant["merchant_no"], &merchant["status"]), (&json!("M7"), &json!("active")));
    assert_eq!(merchant["keys"][0]["public_key"], public_key);
    let balances = post(&sandbox, "merchants/M7/balances", &json!({ "available": "12.50" })).await;
    assert_eq!(balances["balances"], json!([{ "currency": null, "available": "12.50", "frozen": "0" }]));
    caller.balance_query().send(sandbox.address()).await.assert_balance("M7", "12.50", "0");
    let kenyan = json!({ "currency": "KES", "available": "3", "frozen": "1" });
    post(&sandbox, "merchants/M7/balances", &kenyan).await;
    caller.balance_query().send(sandbox.address()).await.assert_balance("M7", "3", "1");

    for (status, code) in [("disabled", 5_003_003), ("not_authenticated", 5_003_004), ("active", 0)] {
        let shown = post(&sandbox, "merchants/M7/status", &json!({ "status": status })).await;
        assert_eq!(shown["status"], status);
        assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), code);
    }
    let bound = json!({ "public_key": public_key, "bound_ip": "127.0.0.2" });
    assert_eq!(post(&sandbox, "merchants/M7/keys", &bound).await["keys"][0]["bound_ip"], "127.0.0.2");
    assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), 5_003_007);
    let expiring = json!({ "public_key": public_key, "expires_in_millis": 1000 });
    post(&sandbox, "merchants/M7/keys", &expiring).await;
    post(&sandbox, "clock/advance", &json!({ "millis": 1001 })).await;
    assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), 5_003_006);
    post(&sandbox, "merchants/M7/keys", &json!({ "public_key": public_key, "disabled": true })).await;
    assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), 5_003_005);

    let all = get(&sandbox, "merchants").await;
    let numbers: Vec<_> =
        all["merchants"].as_array().unwrap().iter().map(|one| &one["merchant_no"]).collect();
    assert_eq!(numbers, ["M1688443086", "M7"]);
    assert_eq!(get(&sandbox, "merchants/M7").await["balances"][0], kenyan);
    // A path may be percent-encoded, and a number may have a slash in it.
    assert_eq!(get(&sandbox, "merchants/%4D7").await["merchant_no"], "M7");
    assert_eq!(post(&sandbox, "merchants/M%2F+8/keys", &keys).await["merchant_no"], "M/+8");
}

#[tokio::test]
async fn the_clock_is_looked_at_and_set() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let frozen = post(&sandbox, "clock/freeze", &json!({})).await;
    assert_eq!(frozen["is_frozen"], true);
    let advanced = post(&sandbox, "clock/advance", &json!({ "millis": 30 * 60 * 1000 })).await;
    assert_eq!(advanced["now"].as_u64().unwrap() - frozen["now"].as_u64().unwrap(), 30 * 60 * 1000);
    assert_eq!(get(&sandbox, &format!("orders/{id}")).await["state"], 6);
    assert_eq!(get(&sandbox, "clock").await, advanced);
    assert_eq!(post(&sandbox, "clock/resume", &json!({})).await["is_frozen"], false);
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
async fn fees_are_set_for_a_market_and_for_a_merchant() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let market = json!({ "currency": "KES", "direction": "deposit", "basis_points": 250, "fixed": "1" });
    let mut shown = market.clone();
    shown["merchant_no"] = Value::Null;
    assert_eq!(post(&sandbox, "fees", &market).await, shown);
    let own = json!({ "currency": "KES", "direction": "withdraw", "fixed": "3.50" });
    let shown = post(&sandbox, "merchants/M1688443086/fees", &own).await;
    assert_eq!((&shown["merchant_no"], &shown["basis_points"]), (&json!("M1688443086"), &json!(0)));
    for (path, body, fee) in
        [(DEPOSIT, kenya("D1", &json!({})), "3.50"), (WITHDRAW, payout("W1", &json!({})), "3.50")]
    {
        let id = caller.create(&sandbox, path, &body).await;
        assert_eq!(post(&sandbox, &format!("orders/{id}/pay"), &json!({})).await["fee"], fee);
    }
    for (body, named) in [
        (r#"{"direction":"deposit"}"#, "\"currency\" is missing"),
        (r#"{"currency":"KES"}"#, "\"direction\" is missing"),
        (r#"{"currency":"KES","direction":"1"}"#, "must be deposit or withdraw"),
        (r#"{"currency":"KES","direction":"deposit","basis_points":10001}"#, "at most 10000"),
        (r#"{"currency":"KES","direction":"deposit","fixed":1}"#, "\"fixed\" must be a text"),
    ] {
        let (_, message) = refused(&sandbox, 400, "POST", "fees", body).await;
        assert!(message.contains(named), "{body}: {message}");
    }
    let (kind, _) = refused(&sandbox, 404, "POST", "merchants/M9/fees", &own.to_string()).await;
    assert_eq!(kind, "unknown_merchant");
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
async fn scenarios_are_played_and_cleared() {
    let sandbox = Sandbox::start().await.unwrap();
    let listed = get(&sandbox, "scenarios").await;
    assert_eq!(listed["scenarios"], json!([]));
    assert!(listed["shipped"].as_array().unwrap().iter().any(|one| one["name"] == "paid-at-once"));
    let played = post(&sandbox, "scenarios", &json!({ "shipped": "paid-later" })).await;
    assert_eq!(
        (&played["name"], &played["steps"][1]),
        (&json!("paid-later"), &json!({ "after": "3m", "do": "pay" }))
    );
    // What is shown can be played.
    let mut own = played.clone();
    own["name"] = json!("own");
    assert_eq!(post(&sandbox, "scenarios", &json!({ "scenario": own })).await, own);
    let toml = "name = \"third\"\ndescription = \"T\"\n[[faults]]\nkind = \"lose_callback\"";
    post(&sandbox, "scenarios", &json!({ "toml": toml })).await;
    let names = |value: &Value| -> Vec<_> {
        value["scenarios"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
    };
    assert_eq!(names(&get(&sandbox, "scenarios").await), ["paid-later", "own", "third"]);

    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let order = get(&sandbox, &format!("orders/{id}")).await;
    let planned: Vec<_> = order["planned"].as_array().unwrap().iter().map(|one| &one["step"]).collect();
    assert_eq!(planned, ["open after 20s", "pay after 3m"]);
    let pay_at = order["planned"][1]["at"].as_u64().unwrap();
    assert_eq!(pay_at - order["created_at"].as_u64().unwrap(), 180_000);
    let events = get(&sandbox, "events").await["events"].to_string();
    assert!(events.contains(r#""kind":"scenario_took""#), "{events}");

    assert_eq!(names(&post(&sandbox, "scenarios/own/clear", &json!({})).await), ["paid-later", "third"]);
    assert_eq!(refused(&sandbox, 404, "POST", "scenarios/own/clear", "").await.0, "unknown_scenario");
    assert!(names(&post(&sandbox, "scenarios/clear", &json!({})).await).is_empty());

    for (body, status, kind, named) in [
        (json!({ "shipped": "nothing" }), 404, "unknown_scenario", "paid-at-once"),
        (json!({ "scenario": { "name": "x" } }), 400, "invalid_scenario", "`description`"),
        (json!({ "scenario": 5 }), 400, "invalid_scenario", "struct"),
        (json!({ "toml": "name = " }), 400, "invalid_scenario", "line 1"),
        (json!({}), 400, "invalid_request", "\"toml\""),
        (json!({ "shipped": "paid-later", "toml": "" }), 400, "invalid_request", "one alone"),
    ] {
        let found = refused(&sandbox, status, "POST", "scenarios", &body.to_string()).await;
        assert!(found.0 == kind && found.1.contains(named), "{body}: {found:?}");
    }
    assert_eq!(get(&sandbox, "scenarios").await["scenarios"], json!([]));
}

#[tokio::test]
async fn a_callback_of_ones_own_is_signed_and_a_reset_forgets_all() {
    let sandbox = Sandbox::start().await.unwrap();
    let signed = post(&sandbox, "callbacks/sign", &json!({ "body": r#"{"state":2,"mchNo":"M1"}"# })).await;
    let (body, signature) = (signed["body"].as_str().unwrap(), signed["signature"].as_str());
    let verifier = tarspay_sign::CallbackVerifier::new(sandbox.system_public_key());
    assert!(verifier.verify(signature, body.as_bytes()).is_ok());
    let (_, message) = refused(&sandbox, 400, "POST", "callbacks/sign", r#"{"body":"[]"}"#).await;
    assert!(message.contains("\"body\" cannot be signed"), "{message}");

    Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let health = post(&sandbox, "reset", &json!({})).await;
    assert_eq!(health, get(&sandbox, "health").await);
    assert_eq!(get(&sandbox, "orders").await["orders"], json!([]));
    assert_eq!(get(&sandbox, "events").await["events"][0]["kind"], "reset");
}

#[tokio::test]
async fn every_fault_can_be_asked_for() {
    let sandbox = Sandbox::start().await.unwrap();
    for (fault, expected) in [
        (json!({ "kind": "delay", "millis": 5 }), Fault::delay(Duration::from_millis(5))),
        (json!({ "kind": "drop_connection" }), Fault::drop_connection()),
        (json!({ "kind": "drop_connection", "after_commit": true }), Fault::drop_connection().after_commit()),
        (json!({ "kind": "http_status", "status": 502 }), Fault::http_status(502)),
        (json!({ "kind": "refuse", "code": -1 }), Fault::refuse(tarspay_types::ErrorCode::SYSTEM_ERROR)),
        (json!({ "kind": "truncate", "bytes": 9 }), Fault::truncate(9)),
        (json!({ "kind": "slow_answer", "millis": 5 }), Fault::slow_answer(Duration::from_millis(5))),
        (
            json!({ "kind": "unknown_state", "state": 7 }),
            Fault::unknown_state(tarspay_types::OrderState::from_code(7)),
        ),
        (json!({ "kind": "wrong_callback_signature" }), Fault::wrong_callback_signature()),
        (json!({ "kind": "high_s_callback_signature" }), Fault::high_s_callback_signature()),
        (json!({ "kind": "duplicate_callback", "copies": 2 }), Fault::duplicate_callback(2)),
        (json!({ "kind": "reorder_callbacks" }), Fault::reorder_callbacks()),
        (json!({ "kind": "lose_callback" }), Fault::lose_callback()),
        (json!({ "kind": "delay_callback", "millis": 5 }), Fault::delay_callback(Duration::from_millis(5))),
        (json!({ "kind": "forge_callback" }), Fault::forge_callback()),
    ] {
        let shown = post(&sandbox, "faults", &fault).await;
        assert_eq!((&shown["what"], &shown["times_left"]), (&json!(expected.to_string()), &json!(1)));
        assert_eq!(sandbox.faults().last().unwrap().1.to_string(), expected.to_string());
    }
    assert_eq!(get(&sandbox, "faults").await["faults"].as_array().unwrap().len(), 15);
    let left = post(&sandbox, "faults/3/clear", &json!({})).await;
    assert_eq!(left["faults"].as_array().unwrap().len(), 14);
    let (kind, _) = refused(&sandbox, 404, "POST", "faults/3/clear", "").await;
    assert_eq!(kind, "unknown_fault");
    assert_eq!(post(&sandbox, "faults/clear", &json!({})).await, json!({ "faults": [] }));

    let some =
        json!({ "kind": "refuse", "code": 5_003_008, "path": BALANCE, "times": 2, "chance_percent": 100 });
    let shown = post(&sandbox, "faults", &some).await;
    assert_eq!((&shown["path"], &shown["times_left"]), (&json!(BALANCE), &json!(2)));
    let caller = Caller::of(&sandbox);
    for code in [5_003_008, 5_003_008, 0] {
        assert_eq!(caller.balance_query().send(sandbox.address()).await.code(), code);
    }
    let always = json!({ "kind": "delay", "millis": 0, "always": true, "merchant_order_no": "D1" });
    let shown = post(&sandbox, "faults", &always).await;
    assert_eq!((&shown["times_left"], &shown["merchant_order_no"]), (&Value::Null, &json!("D1")));
}

#[tokio::test]
async fn events_come_after_a_number_and_are_waited_for() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    assert_eq!(get(&sandbox, "events").await, json!({ "events": [], "last": 0 }));
    assert_eq!(get(&sandbox, "events?after=0&wait_millis=1").await["last"], 0);
    caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let events = get(&sandbox, "events?wait_millis=20000").await;
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["state_changed", "called"]);
    assert_eq!(events["last"], 2);
    let rest = get(&sandbox, "events?after=1").await;
    assert_eq!(rest["events"], json!([events["events"][1]]));

    let waiting = get(&sandbox, "events?after=2&wait_millis=20000");
    let acting = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        caller.balance_query().send(sandbox.address()).await;
    };
    let (news, ()) = in_time(async { tokio::join!(waiting, acting) }).await;
    assert_eq!((&news["last"], &news["events"][0]["path"]), (&json!(3), &json!(BALANCE)));
}

#[tokio::test]
async fn a_stopping_sandbox_lets_those_go_who_wait() {
    let sandbox = Sandbox::start().await.unwrap();
    let address = sandbox.address();
    let request =
        Request::post("/_sandbox/events?wait_millis=20000", "").method("GET").header("Host", "localhost");
    let waiting = tokio::spawn(async move { request.send(address).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    in_time(sandbox.stop()).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(waiting.await.unwrap().json()["last"], 0);
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_named() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let partial = format!("orders/{id}/partial");
    let key = sandbox.system_public_key();
    for (path, body, named) in [
        (partial.as_str(), "{", "the body is no JSON object"),
        (&partial, "[]", "the body is no JSON object"),
        (&partial, "\"\u{fffd}", "the body is no JSON object"),
        (&partial, "{}", "\"amount\" is missing"),
        (&partial, r#"{"amount":null}"#, "\"amount\" is missing"),
        (&partial, r#"{"amount":1}"#, "\"amount\" must be a text"),
        (&partial, r#"{"amount":"-1"}"#, "\"amount\" cannot be used"),
        (&partial, r#"{"amount":"1","amuont":"1"}"#, "\"amuont\" is not known here; known: amount"),
        ("clock/advance", "{}", "\"millis\" is missing"),
        ("clock/advance", r#"{"millis":-1}"#, "\"millis\" must be a whole number"),
        ("clock/advance", r#"{"millis":1.5}"#, "\"millis\" must be a whole number"),
        ("clock/freeze", r#"{"now":1}"#, "\"now\" is not known here; known: none"),
        ("clock/freeze?now=1", "", "no query"),
        ("merchants/M7/keys", r#"{"public_key":"00"}"#, "\"public_key\" cannot be used"),
        ("merchants/%20/keys", &format!(r#"{{"public_key":"{key}"}}"#), "\"merchant_no\" cannot be used"),
        ("merchants/M1688443086/status", r#"{"status":"fine"}"#, "\"status\" must be active"),
        ("merchants/M1688443086/balances", r#"{"frozen":"1"}"#, "\"available\" is missing"),
        ("faults", "{}", "\"kind\" is missing"),
        ("faults", r#"{"kind":"rain"}"#, "\"kind\" must be one of delay"),
        ("faults", r#"{"kind":"delay"}"#, "\"millis\" is missing"),
        ("faults", r#"{"kind":"delay","millis":1,"bytes":1}"#, "\"bytes\" is of no use to delay"),
        ("faults", r#"{"kind":"http_status","status":70000}"#, "\"status\" must be a whole number"),
        ("faults", r#"{"kind":"refuse","code":"x"}"#, "\"code\" must be a whole number"),
        ("faults", r#"{"kind":"reorder_callbacks","times":0}"#, "\"times\" must be at least 1"),
        ("faults", r#"{"kind":"reorder_callbacks","times":1,"always":true}"#, "together with always"),
        ("faults", r#"{"kind":"reorder_callbacks","always":1}"#, "\"always\" must be true or false"),
        ("faults", r#"{"kind":"reorder_callbacks","seed":1}"#, "\"seed\" is of no use"),
        ("faults", r#"{"kind":"reorder_callbacks","chance_percent":101}"#, "at most 100"),
    ] {
        let (kind, message) = refused(&sandbox, 400, "POST", path, body).await;
        assert_eq!(kind, "invalid_request", "{path} {body}");
        assert!(message.contains(named), "{path} {body}: {message}");
    }
    let (kind, _) = refused(&sandbox, 400, "POST", &partial, r#"{"amount":"100"}"#).await;
    assert_eq!(kind, "invalid_amount");
    for path in ["orders?stat=2", "orders?state=x", "events?after=-1", "orders?state=%zz", "orders?state=%2"]
    {
        assert_eq!(refused(&sandbox, 400, "GET", path, "").await.0, "invalid_request", "{path}");
    }
    assert_eq!(sandbox.order(&id).unwrap().state, tarspay_types::OrderState::CREATING);
    assert!(sandbox.faults().is_empty());
}

#[tokio::test]
async fn what_is_unknown_is_not_found() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, kind) in [
        ("", "unknown_path"),
        ("nothing", "unknown_path"),
        ("health/", "unknown_path"),
        ("orders/P1/nothing", "unknown_path"),
        ("merchants/M9", "unknown_merchant"),
        ("merchants/%20", "unknown_merchant"),
        ("merchants/M9/balances", "unknown_merchant"),
        ("orders/P1", "unknown_order"),
        ("orders/", "unknown_order"),
        ("callbacks/1", "unknown_callback"),
        ("callbacks/x", "unknown_callback"),
    ] {
        assert_eq!(refused(&sandbox, 404, "GET", path, "").await.0, kind, "{path}");
    }
    assert_eq!(refused(&sandbox, 404, "POST", "orders/P1/pay", "").await.0, "unknown_order");
    assert_eq!(refused(&sandbox, 404, "POST", "callbacks/1/resend", "").await.0, "unknown_callback");
    let status = refused(&sandbox, 404, "POST", "merchants/M9/status", r#"{"status":"active"}"#).await;
    assert_eq!(status.0, "unknown_merchant");
}

#[tokio::test]
async fn another_method_is_told_which_is_allowed() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, methods, allowed) in [
        ("health", &["POST", "PUT", "DELETE", "OPTIONS", "X"][..], "GET"),
        ("orders/P1/pay", &["GET", "PUT", "DELETE"], "POST"),
        ("callbacks/settle", &["GET"], "POST"),
        ("faults", &["DELETE"], "GET, POST"),
        ("merchants/M1/balances", &["PATCH"], "GET, POST"),
    ] {
        for method in methods {
            let answer = send(&sandbox, method, path, "").await;
            assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{method} {path}");
            assert_eq!(answer.json()["error"]["kind"], "method_not_allowed");
        }
    }
}
