//! The books of the merchants against those of the sandbox, with all money computed anew in whole
//! hundredths.

use super::merchant::{Existence, Merchant, Order};
use super::shop::Shop;
use crate::owner::Owner;
use crate::text;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use tarspay::Client;

/// The merchant's first balance.
pub(super) const MONEY: u32 = 50_000_000;
pub(super) const FIXED_FEE: u32 = 1;
pub(super) const FEE_BASIS_POINTS: u16 = 250;

/// The states that have a callback: paid, failed, paid in part.
const NOTIFIED: [i64; 3] = [2, 3, 9];

/// Longer than the gateway waits before it sends a callback again, for the first time.
const LATER: &str = r#"{"millis":60000}"#;

fn fee(amount: i128) -> i128 {
    // Half up, from hundredths times basis points.
    i128::from(FIXED_FEE) * 100 + (amount * i128::from(FEE_BASIS_POINTS) + 5_000) / 10_000
}

fn hundredths(value: &Value) -> i128 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is not an amount"));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

/// All orders or callbacks, page by page.
async fn all(owner: &Owner, what: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("{what}?limit=500");
    loop {
        let page = owner.look(&path).await;
        all.extend(page[what].as_array().unwrap().iter().cloned());
        match &page["next"] {
            Value::Null => return all,
            Value::String(next) => path = format!("{what}?limit=500&after={next}"),
            next => path = format!("{what}?limit=500&after={next}"),
        }
    }
}

/// Every order is as acknowledged, and the balances are what the orders come to.
pub(super) async fn compare(owner: &Owner, client: &Client, merchants: &[Merchant]) {
    let shown = all(owner, "orders").await;
    let mut existing = HashMap::new();
    for order in &shown {
        let double = existing.insert(text(order, "merchant_order_no"), order);
        assert!(double.is_none(), "twice: {order}");
    }
    let (mut available, mut frozen) = (i128::from(MONEY) * 100, 0);
    for order in merchants.iter().flat_map(|merchant| &merchant.orders) {
        let found = existing.remove(order.number.as_str());
        match (order.existence, found) {
            (Existence::Acknowledged, None) => panic!("lost: {order:?}"),
            (Existence::Refused | Existence::NotSent, Some(found)) => {
                panic!("{order:?} was reported as failed, and exists: {found}")
            }
            (_, Some(found)) => {
                compare_order(order, found);
                let (more, held) = moved(order, found);
                available += more;
                frozen += held;
            }
            (_, None) => {}
        }
    }
    assert!(existing.is_empty(), "orders that nobody placed: {existing:?}");
    let merchant_no = client.merchant_no();
    let balances = owner.look(&format!("merchants/{merchant_no}/balances")).await;
    let is_ours = |balance: &&Value| balance["currency"] == "KES";
    let balance = balances["balances"].as_array().unwrap().iter().find(is_ours).unwrap();
    let shown = (hundredths(&balance["available"]), hundredths(&balance["frozen"]));
    assert_eq!(shown, (available, frozen), "the money is what the orders come to");
}

fn compare_order(order: &Order, found: &Value) {
    let state = found["state"].as_i64().unwrap();
    let first = i64::from(order.is_withdrawal);
    let acknowledged = order.states.last().copied().unwrap_or(first);
    assert!(state == acknowledged || Some(state) == order.asked, "{order:?} is {found}");
    assert_eq!(hundredths(&found["amount"]), i128::from(order.amount), "{order:?}");
    assert_eq!(text(found, "direction"), if order.is_withdrawal { "withdrawal" } else { "deposit" });
    if let Some(id) = &order.id {
        assert_eq!(text(found, "pay_order_id"), id);
    }
}

/// What an order has done to the money that can be used, and to the money that is held back. Not
/// from what the sandbox says was paid, but from the amount and the state.
fn moved(order: &Order, found: &Value) -> (i128, i128) {
    let (amount, part) = (i128::from(order.amount), i128::from(order.part()));
    let held = amount + fee(amount);
    let received = |paid: i128| {
        assert_eq!(hundredths(&found["pay_amount"]), paid, "{found}");
        assert_eq!(hundredths(&found["fee"]), fee(paid), "{found}");
        (paid - fee(paid), 0)
    };
    match (order.is_withdrawal, found["state"].as_i64().unwrap()) {
        (true, 1) => (-held, held),
        (true, 2) => (-held, 0),
        (true, 3 | 5 | 8) | (false, 0 | 1 | 3 | 5 | 6) => (0, 0),
        (false, 2) => received(amount),
        (false, 9) => received(part),
        other => panic!("{other:?} is not a possible state: {found}"),
    }
}

/// Every step that was acknowledged is in the history, and no other one is.
pub(super) async fn compare_histories(owner: &Owner, merchants: &[Merchant]) {
    for order in merchants.iter().flat_map(|merchant| &merchant.orders) {
        let Some(id) = &order.id else { continue };
        let shown = owner.look(&format!("orders/{id}")).await;
        let steps = shown["history"].as_array().unwrap().iter();
        let states: Vec<_> = steps.map(|step| step["to"].as_i64().unwrap()).collect();
        assert_eq!(states, order.states, "{order:?}");
    }
}

/// Each state that has a callback has one that arrives, and no other one ever arrived.
pub(super) async fn compare_callbacks(owner: &Owner, shop: &Shop) {
    let mut expected = HashMap::new();
    for order in all(owner, "orders").await {
        let id = text(&order, "pay_order_id").to_owned();
        for step in owner.look(&format!("orders/{id}")).await["history"].as_array().unwrap() {
            let state = step["to"].as_i64().unwrap();
            if NOTIFIED.contains(&state) {
                expected.insert((id.clone(), state), order.clone());
            }
        }
    }
    assert!(!expected.is_empty());
    owner.change("callbacks/settle", "").await;
    // Some were refused when they came first.
    for _ in 0..3 {
        owner.change("clock/advance", LATER).await;
        owner.change("callbacks/settle", "").await;
    }
    let mut sent = HashSet::new();
    for callback in &all(owner, "callbacks").await {
        let key = (text(callback, "pay_order_id").to_owned(), callback["state"].as_i64().unwrap());
        assert!(expected.contains_key(&key), "not expected: {callback}");
        assert_eq!(text(callback, "status"), "delivered", "{callback}");
        assert!(sent.insert(key), "twice: {callback}");
    }
    let seen = shop.seen.lock().unwrap();
    assert_eq!(seen.refused, [""; 0], "all that arrives is verified");
    for (key, order) in &expected {
        assert!(sent.contains(key), "no callback for {key:?}");
        let callback =
            seen.verified.get(key).unwrap_or_else(|| panic!("the callback of {key:?} is lost")).get();
        assert_eq!(callback.merchant_order_no.as_str(), text(order, "merchant_order_no"));
        let amount = callback.order_amount.as_ref().unwrap().to_string();
        assert_eq!(hundredths(&amount.into()), hundredths(&order["amount"]), "{key:?}");
    }
    for key in seen.verified.keys() {
        assert!(expected.contains_key(key), "a callback for {key:?}, which never was");
    }
}
