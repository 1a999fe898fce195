//! What is shown, as JSON. Amounts are decimal text, times Unix milliseconds, states the gateway's codes. No private key
//! is among it.

use crate::event::{Event, EventKind};
use crate::{
    Attempt, CallbackStatus, CurrencyBalance, Fault, FaultId, Fee, MerchantStatus, Order, OutgoingCallback,
    PlannedStep, RegisteredKey, RegisteredMerchant, Sandbox, Scenario, StateChange,
};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tarspay_types::{BizType, Currency, MerchantNo, OrderState};

pub(super) fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, crate::clock::millis)
}

pub(super) fn health(sandbox: &Sandbox) -> Value {
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "base_url": sandbox.base_url(),
        "merchant_no": sandbox.merchant().merchant_no(),
        "system_public_key": sandbox.system_public_key().to_string(),
    })
}

pub(super) fn merchant(merchant: &RegisteredMerchant) -> Value {
    let status = match merchant.status {
        MerchantStatus::Active => "active",
        MerchantStatus::Disabled => "disabled",
        MerchantStatus::NotAuthenticated => "not_authenticated",
    };
    let keys: Vec<_> = merchant.keys.iter().map(key).collect();
    json!({ "merchant_no": merchant.merchant_no, "status": status, "keys": keys })
}

fn key(key: &RegisteredKey) -> Value {
    json!({
        "public_key": key.public_key.to_string(),
        "bound_ip": key.bound_ip.map(|ip| ip.to_string()),
        "expires_at": key.expires_at.map(millis),
        "disabled": key.disabled,
    })
}

pub(super) fn balances(balances: &[CurrencyBalance]) -> Value {
    let one = |CurrencyBalance { currency, available, frozen }: &CurrencyBalance| json!({ "currency": currency, "available": available, "frozen": frozen });
    balances.iter().map(one).collect()
}

pub(super) fn fee(
    merchant_no: Option<&MerchantNo>,
    currency: &Currency,
    direction: BizType,
    fee: Fee,
) -> Value {
    json!({
        "merchant_no": merchant_no,
        "currency": currency,
        "direction": direction_name(direction),
        "fixed": fee.fixed,
        "basis_points": fee.basis_points,
    })
}

fn direction_name(direction: BizType) -> &'static str {
    if direction == BizType::WITHDRAWAL { "withdrawal" } else { "deposit" }
}

pub(super) fn order(order: &Order) -> Value {
    json!({
        "direction": direction_name(order.direction),
        "pay_order_id": order.pay_order_id,
        "merchant_no": order.merchant_no,
        "merchant_order_no": order.merchant_order_no,
        "way_code": order.way_code,
        "currency": order.currency,
        "amount": order.amount,
        "pay_amount": order.pay_amount,
        "fee": order.fee,
        "state": order.state.code(),
        "fail_reason": order.fail_reason,
        "notify_url": order.notify_url,
        "created_at": millis(order.created_at),
        "changed_at": millis(order.changed_at),
        "expires_at": order.expires_at.map(millis),
        "trx_id": order.trx_id,
    })
}

pub(super) fn planned(step: &PlannedStep) -> Value {
    json!({ "at": millis(step.at), "scenario": step.scenario, "step": step.step })
}

pub(super) fn scenario(scenario: &Scenario) -> Value {
    json!({ "name": scenario.name(), "description": scenario.description() })
}

/// Cuts what was asked for beyond a page, and tells after which one the next page begins.
pub(super) fn cut<T>(page: &mut Vec<T>, limit: u32) -> Option<&T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if page.len() <= limit {
        return None;
    }
    page.truncate(limit);
    page.last()
}

pub(super) fn step(step: &StateChange) -> Value {
    json!({
        "at": millis(step.at),
        "from": step.from.map(OrderState::code),
        "to": step.to.code(),
        "pay_amount": step.pay_amount,
        "reason": step.reason,
    })
}

pub(super) fn callback(callback: &OutgoingCallback) -> Value {
    let status = match callback.status {
        CallbackStatus::Owed => "owed",
        CallbackStatus::Delivered => "delivered",
        CallbackStatus::Parked => "parked",
        CallbackStatus::Undeliverable => "undeliverable",
    };
    let attempts: Vec<_> = callback.attempts.iter().map(attempt).collect();
    json!({
        "id": callback.id.number(),
        "pay_order_id": callback.pay_order_id,
        "state": callback.state.code(),
        "url": callback.url,
        "body": callback.body,
        "status": status,
        "reason": callback.reason,
        "created_at": millis(callback.created_at),
        "next_at": callback.next_at.map(millis),
        "attempts": attempts,
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "at": millis(attempt.at),
        "http_status": attempt.http_status,
        "answer": attempt.answer,
        "error": attempt.error,
        "signature": attempt.signature.to_string(),
        "is_delivered": attempt.is_delivered(),
    })
}

pub(super) fn fault(id: FaultId, fault: &Fault) -> Value {
    json!({
        "id": id.number(),
        "what": fault.to_string(),
        "path": fault.path,
        "merchant_order_no": fault.order,
        "times_left": fault.left,
    })
}

pub(super) fn event(event: &Event) -> Value {
    let (kind, mut shown) = match &event.kind {
        EventKind::Called { path, merchant_no, merchant_order_no, code, message, explanation } => (
            "called",
            json!({
                "path": path, "merchant_no": merchant_no, "merchant_order_no": merchant_order_no,
                "code": code.code(), "message": message,
                "explanation": explanation.as_ref().map(|found| json!({
                    "names": found.names, "details": found.details,
                })),
            }),
        ),
        EventKind::StateChanged { pay_order_id, from, to } => (
            "state_changed",
            json!({ "pay_order_id": pay_order_id, "from": from.map(OrderState::code), "to": to.code() }),
        ),
        EventKind::Warned { pay_order_id, message } => {
            ("warned", json!({ "pay_order_id": pay_order_id, "message": message }))
        }
        EventKind::CallbackAttempted { callback, pay_order_id, delivered, outcome } => (
            "callback_attempted",
            json!({
                "callback": callback.number(), "pay_order_id": pay_order_id,
                "delivered": delivered, "outcome": outcome,
            }),
        ),
        EventKind::CallbackGivenUp { callback, pay_order_id, reason } => (
            "callback_given_up",
            json!({ "callback": callback.number(), "pay_order_id": pay_order_id, "reason": reason }),
        ),
        EventKind::FaultStruck { fault, what } => {
            ("fault_struck", json!({ "fault": fault.number(), "what": what }))
        }
        EventKind::ScenarioTook { pay_order_id, scenario } => {
            ("scenario_took", json!({ "pay_order_id": pay_order_id, "scenario": scenario }))
        }
        EventKind::ScenarioSkipped { pay_order_id, scenario, step, reason } => (
            "scenario_skipped",
            json!({ "pay_order_id": pay_order_id, "scenario": scenario, "step": step, "reason": reason }),
        ),
        EventKind::ScenarioStruck { pay_order_id, scenario, what } => {
            ("scenario_struck", json!({ "pay_order_id": pay_order_id, "scenario": scenario, "what": what }))
        }
        EventKind::ForgerySent { callback, pay_order_id, believed, outcome } => (
            "forgery_sent",
            json!({
                "callback": callback.number(), "pay_order_id": pay_order_id,
                "believed": believed, "outcome": outcome,
            }),
        ),
        EventKind::Reset => ("reset", json!({})),
        EventKind::Failed { message } => ("failed", json!({ "message": message })),
    };
    shown["number"] = event.number.into();
    shown["at"] = millis(event.at).into();
    shown["kind"] = kind.into();
    shown
}
