//! The control API: everything the operator of a sandbox can do, over HTTP and JSON under `/_sandbox/`, for programs in
//! any language.
//!
//! Each route calls methods of [`Sandbox`] and shows the views that they return.

#![expect(clippy::unnecessary_wraps, reason = "all routes have one type")]

use crate::callback::{CallbackFilter, CallbackId};
use crate::clock::unix_millis;
use crate::error::{Error, ErrorKind, with_causes};
use crate::fault::{Fault, FaultId};
use crate::guard;
use crate::input::{Input, cut, required, wrong};
use crate::merchant::{Fee, KeySettings, MerchantStatus};
use crate::order::{Order, OrderFilter, direction_name};
use crate::sandbox::Sandbox;
use crate::scenario::Scenario;
use crate::web::{self, Form, OperatorRequest, Refused, Web};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware;
use axum::response::Response;
use axum::routing::{self, MethodRouter};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tarspay_sign::{CallbackText, PublicKey};
use tarspay_types::{Amount, BizType, Currency, MerchantNo, OrderState, PayOrderId, TrxId};
use tokio::sync::watch;

const ROOT: &str = "/_sandbox";

/// The calls of the merchant API. `cargo xtask pages` writes it, together with `docs/openapi.json`.
const OPENAPI: &str = include_str!("openapi.json");

/// The longest wait for an event: shorter than the patience of most HTTP clients.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

type Shown = Result<Value, Refused>;

/// The names that the members of a request may have.
type Names = &'static [&'static str];

const CALLBACKS: Names = &["pay_order_id", "status", "text", "after", "limit", "last"];
const FEE: Names = &["currency", "direction", "fixed", "basis_points"];

static FORM: Form = Form {
    read: members,
    refuse: |refused| {
        let error = json!({ "error": { "kind": refused.kind, "message": refused.message } });
        guard::json(refused.status, format!("{error}\n"))
    },
    headers: &[],
};

/// The routes. `stopping` becomes true when the sandbox stops.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(
    sandbox: Arc<Sandbox>,
    stopping: watch::Receiver<bool>,
) -> Router<S> {
    let web = Web { sandbox, form: &FORM };
    let routes = Router::new()
        .route("/health", get(&[], health))
        .route("/reset", post(&[], reset))
        .route("/openapi.json", get(&[], openapi))
        .route("/merchants", get(&[], |it| Ok(json!({ "merchants": it.sandbox.merchants()? }))))
        .route("/merchants/", get(&[], merchant))
        .route("/merchants/{merchant_no}", get(&[], merchant))
        .route(
            "/merchants/{merchant_no}/keys",
            post(&["public_key", "bound_ip", "expires_in_millis", "disabled"], register),
        )
        .route("/merchants/{merchant_no}/status", post(&["status"], set_status))
        .route(
            "/merchants/{merchant_no}/balances",
            get_post(balances, Some(&["currency", "available", "frozen"]), set_balance),
        )
        .route("/merchants/{merchant_no}/fees", post(FEE, |it| set_fee(it, Some(&merchant_no(it)?))))
        .route("/fees", post(FEE, |it| set_fee(it, None)))
        .route(
            "/orders",
            get(&["merchant_no", "merchant_order_no", "state", "text", "after", "limit", "last"], orders),
        )
        .route("/orders/", get(&[], |it| order(it, Sandbox::order)))
        .route("/orders/{id}", get(&[], |it| order(it, Sandbox::order)))
        .route("/orders/{id}/open", post(&[], |it| order(it, Sandbox::open_cashier)))
        .route("/orders/{id}/pay", post(&[], |it| order(it, Sandbox::pay)))
        .route("/orders/{id}/partial", post(&["amount"], pay_partially))
        .route("/orders/{id}/fail", post(&["reason"], |it| end(it, Sandbox::fail)))
        .route("/orders/{id}/reject", post(&["reason"], |it| end(it, Sandbox::reject)))
        .route("/orders/{id}/refund", post(&[], |it| order(it, Sandbox::refund)))
        .route("/orders/{id}/expire", post(&[], |it| order(it, Sandbox::expire)))
        .route("/transfers", post(&["reference", "amount"], record_transfer))
        .route("/callbacks", get(CALLBACKS, callbacks))
        .route("/callbacks/", get(&[], callback))
        .route("/callbacks/sign", post(&["body"], sign))
        .route("/callbacks/settle", routing::post(settle).fallback(async || Refused::method("POST")))
        .route(
            "/callbacks/test",
            routing::post(send_test_callback).fallback(async || Refused::method("POST")),
        )
        .route("/callbacks/{id}", get(&[], callback))
        .route("/callbacks/{id}/attempts", get(&["after", "limit"], attempts))
        .route("/callbacks/{id}/resend", post(&[], |it| Ok(json!(it.sandbox.resend(callback_id(it)?)?))))
        .route("/scenarios", get_post(scenarios, Some(&["shipped", "scenario", "toml"]), play))
        .route("/scenarios/clear", post(&[], |it| played(it, it.sandbox.clear_scenarios())))
        .route("/scenarios/{name}/clear", post(&[], |it| played(it, it.sandbox.clear_scenario(&it.id))))
        .route("/faults", get_post(faults, None, inject))
        .route("/faults/clear", post(&[], clear_faults))
        .route("/faults/{id}/clear", post(&[], clear_fault))
        .route("/calls/{number}", get(&[], recorded_call))
        .route("/clock", get(&[], clock))
        .route("/clock/advance", post(&["millis"], advance))
        .route("/clock/freeze", post(&[], freeze))
        .route("/clock/resume", post(&[], resume))
        .route(
            "/events",
            routing::get(move |it| events(it, stopping)).fallback(async || Refused::method("GET")),
        )
        .fallback(unknown_path);
    Router::new()
        // Not among the nested ones, which have no path that ends here.
        .route(&format!("{ROOT}/"), routing::any(unknown_path))
        .nest(ROOT, routes)
        .layer(middleware::from_fn_with_state(web.clone(), web::guarded))
        .with_state(web)
}

type Run = fn(&OperatorRequest) -> Shown;

fn get(names: Names, run: Run) -> MethodRouter<Web> {
    routing::get(move |it| respond(it, Some(names), run)).fallback(async || Refused::method("GET"))
}

fn post(names: Names, run: Run) -> MethodRouter<Web> {
    routing::post(move |it| respond(it, Some(names), run)).fallback(async || Refused::method("POST"))
}

/// A change without names refuses unknown members by itself.
fn get_post(look: Run, names: Option<Names>, change: Run) -> MethodRouter<Web> {
    routing::get(move |it| respond(it, Some(&[]), look))
        .post(move |it| respond(it, names, change))
        .fallback(async || Refused::method("GET, POST"))
}

async fn respond(it: OperatorRequest, names: Option<Names>, run: Run) -> Result<Response, Refused> {
    if let Some(names) = names {
        it.input.only(names)?;
    }
    show(it, run).await
}

async fn show(
    it: OperatorRequest,
    run: impl FnOnce(&OperatorRequest) -> Shown + Send + 'static,
) -> Result<Response, Refused> {
    let value = it.run(run).await?;
    // One line, as terminals like it.
    Ok(guard::json(StatusCode::OK, format!("{value}\n")))
}

/// The members of a POST. No body is an empty object.
fn members(head: &Parts, body: &[u8]) -> Result<Input, Refused> {
    if head.uri.query().is_some_and(|query| !query.is_empty()) {
        return Err("a POST has its members in a JSON body, and no query".to_owned().into());
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Input::default());
    }
    serde_json::from_slice(body).map(Input::new).map_err(|error| {
        // An error about data repeats what was found, in full.
        let why = if error.is_data() { String::new() } else { format!(": {error}") };
        format!("the body is not a JSON object{why}").into()
    })
}

async fn unknown_path(request: Request) -> Refused {
    let path = request.uri().path();
    let path = cut(path.strip_prefix(ROOT).unwrap_or(path));
    Refused::unknown("unknown_path", format!("there is nothing at {ROOT}{path}"))
}

fn health(it: &OperatorRequest) -> Shown {
    Ok(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "base_url": it.sandbox.base_url(),
        "merchant_no": it.sandbox.merchant().merchant_no(),
        "system_public_key": it.sandbox.system_public_key().to_string(),
    }))
}

fn reset(it: &OperatorRequest) -> Shown {
    it.sandbox.reset()?;
    health(it)
}

/// The calls of the gateway, at the address of this sandbox.
fn openapi(it: &OperatorRequest) -> Shown {
    #[expect(clippy::expect_used, reason = "a constant; a test of this crate reads it")]
    let mut document: Value = serde_json::from_str(OPENAPI).expect("a document without faults");
    document["servers"] = json!([{ "url": it.sandbox.base_url(), "description": "This sandbox" }]);
    Ok(document)
}

/// The merchant that the path names. A text that cannot be a merchant number is an unknown one.
fn merchant_no(it: &OperatorRequest) -> Result<MerchantNo, Refused> {
    it.id.parse().map_err(|_| unknown_merchant(&it.id))
}

fn unknown_merchant(id: &str) -> Refused {
    let message = format!("no merchant {}; register it with a key first", cut(id));
    Error::new(ErrorKind::UnknownMerchant, message).into()
}

fn merchant(it: &OperatorRequest) -> Shown {
    let merchants = it.sandbox.merchants()?;
    let found = merchants.iter().find(|merchant| merchant.merchant_no.as_str() == it.id);
    Ok(json!(found.ok_or_else(|| unknown_merchant(&it.id))?))
}

fn register(it: &OperatorRequest) -> Shown {
    let merchant_no: MerchantNo =
        it.id.parse().map_err(|error| wrong("merchant_no", format!("cannot be used: {error}")))?;
    let key: PublicKey = required("public_key", it.input.parsed("public_key")?)?;
    let mut settings = KeySettings::new();
    settings.bound_ip = it.input.parsed("bound_ip")?;
    settings.expires_in = it.input.number("expires_in_millis")?.map(Duration::from_millis);
    settings.disabled = it.input.flag("disabled")?;
    it.sandbox.register(merchant_no, key);
    it.sandbox.configure_key(&key, settings)?;
    merchant(it)
}

fn set_status(it: &OperatorRequest) -> Shown {
    let status = match required("status", it.input.text("status")?)? {
        "active" => MerchantStatus::Active,
        "disabled" => MerchantStatus::Disabled,
        "not_authenticated" => MerchantStatus::NotAuthenticated,
        _ => return Err(wrong("status", "must be active, disabled or not_authenticated").into()),
    };
    it.sandbox.set_merchant_status(&merchant_no(it)?, status)?;
    merchant(it)
}

fn balances(it: &OperatorRequest) -> Shown {
    Ok(json!({ "balances": it.sandbox.balances(&merchant_no(it)?)? }))
}

fn set_balance(it: &OperatorRequest) -> Shown {
    let merchant_no = merchant_no(it)?;
    let available: Amount = required("available", it.input.parsed("available")?)?;
    let frozen = it.input.parsed("frozen")?.unwrap_or(Amount::ZERO);
    match it.input.parsed::<Currency>("currency")? {
        Some(currency) => it.sandbox.set_balance_in(&merchant_no, &currency, available, frozen)?,
        None => it.sandbox.set_balance(&merchant_no, available, frozen)?,
    }
    balances(it)
}

/// Sets the fee of a merchant, or of everyone.
fn set_fee(it: &OperatorRequest, merchant_no: Option<&MerchantNo>) -> Shown {
    let currency: Currency = required("currency", it.input.parsed("currency")?)?;
    let direction = match required("direction", it.input.text("direction")?)? {
        "deposit" => BizType::DEPOSIT,
        "withdrawal" => BizType::WITHDRAWAL,
        _ => return Err(wrong("direction", "must be deposit or withdrawal").into()),
    };
    let basis_points = it.input.number("basis_points")?.unwrap_or(0);
    if basis_points > 10_000 {
        return Err(wrong("basis_points", "must be at most 10000, which is all").into());
    }
    let fee = Fee::new(it.input.parsed("fixed")?.unwrap_or(Amount::ZERO), basis_points);
    match merchant_no {
        Some(merchant_no) => it.sandbox.set_merchant_fee(merchant_no, &currency, direction, fee)?,
        None => it.sandbox.set_fee(&currency, direction, fee)?,
    }
    Ok(json!({
        "merchant_no": merchant_no,
        "currency": currency,
        "direction": direction_name(direction),
        "fixed": fee.fixed,
        "basis_points": fee.basis_points,
    }))
}

fn orders(it: &OperatorRequest) -> Shown {
    let (last, limit) = last_or_limit(it)?;
    let filter = OrderFilter {
        merchant_no: it.input.parsed("merchant_no")?,
        merchant_order_no: it.input.parsed("merchant_order_no")?,
        state: it.input.number::<u8>("state")?.map(|code| OrderState::from_code(code.into())),
        text: it.input.text("text")?.map(str::to_owned),
        after: it.input.parsed("after")?,
        limit: limit + u32::from(!last),
    };
    if last {
        let mut found = it.sandbox.orders_before(i64::MAX, filter)?;
        found.reverse();
        let found: Vec<_> = found.into_iter().map(|(_, order)| order).collect();
        return Ok(json!({ "orders": found, "next": null }));
    }
    paged("orders", limit, it.sandbox.find_orders(filter)?, |last| json!(last.pay_order_id))
}

/// Whether the latest entries of a list are asked for, and how many entries.
fn last_or_limit(it: &OperatorRequest) -> Result<(bool, u32), Refused> {
    let is_last = it.input.get("last").is_some();
    if let Some(other) = ["after", "limit"].into_iter().find(|name| is_last && it.input.get(name).is_some()) {
        return Err(wrong("last", format!("cannot be together with {other}")).into());
    }
    Ok((is_last, it.input.count(if is_last { "last" } else { "limit" })?))
}

/// A page of a list, and what `next` has if there is another page: one more entry than `limit` shows it.
fn paged<T: Serialize>(name: &str, limit: u32, mut found: Vec<T>, next: impl FnOnce(&T) -> Value) -> Shown {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_last = found.len() <= limit;
    found.truncate(limit);
    let next = found.last().filter(|_| !is_last).map(next);
    Ok(json!({ name: found, "next": next }))
}

/// Shows an order, after a step that it may take.
fn order(it: &OperatorRequest, take: impl FnOnce(&Sandbox, &PayOrderId) -> Result<Order, Error>) -> Shown {
    let id = it.sandbox.find_order(&it.id)?.pay_order_id;
    let order = take(&it.sandbox, &id)?;
    let mut view = json!(order);
    view["history"] = json!(it.sandbox.history(&id)?);
    view["planned"] = json!(it.sandbox.planned(&id)?);
    view["request"] = json!(order.request);
    Ok(view)
}

fn pay_partially(it: &OperatorRequest) -> Shown {
    let amount = required("amount", it.input.parsed("amount")?)?;
    order(it, |sandbox, id| sandbox.pay_partially(id, amount))
}

/// Fails or rejects an order.
fn end(
    it: &OperatorRequest,
    take: impl FnOnce(&Sandbox, &PayOrderId, String) -> Result<Order, Error>,
) -> Shown {
    let reason = it.input.text("reason")?.unwrap_or("requested by the operator of the sandbox").to_owned();
    order(it, |sandbox, id| take(sandbox, id, reason))
}

fn record_transfer(it: &OperatorRequest) -> Shown {
    let reference: TrxId = required("reference", it.input.parsed("reference")?)?;
    let amount: Amount = required("amount", it.input.parsed("amount")?)?;
    let paid = it.sandbox.record_transfer(&reference, amount)?;
    Ok(json!({ "reference": reference, "amount": amount, "paid": paid }))
}

fn callback_id(it: &OperatorRequest) -> Result<CallbackId, Error> {
    it.id.parse().map(CallbackId::from_number).map_err(|_| {
        let message = format!("no callback {}; take its number", cut(&it.id));
        Error::new(ErrorKind::UnknownCallback, message)
    })
}

fn callback(it: &OperatorRequest) -> Shown {
    Ok(json!(it.sandbox.callback(callback_id(it)?)?))
}

fn callbacks(it: &OperatorRequest) -> Shown {
    let (last, limit) = last_or_limit(it)?;
    let filter = CallbackFilter {
        order: it.input.parsed("pay_order_id")?,
        status: it.input.parsed("status")?,
        text: it.input.text("text")?.map(str::to_owned),
        after: it.input.number::<u32>("after")?.map(|number| CallbackId::from_number(number.into())),
        limit: limit + u32::from(!last),
    };
    if last {
        let mut found = it.sandbox.callbacks_before(i64::MAX, filter)?;
        found.reverse();
        return Ok(json!({ "callbacks": found, "next": null }));
    }
    paged("callbacks", limit, it.sandbox.find_callbacks(filter)?, |last| json!(last.id))
}

async fn settle(it: OperatorRequest) -> Result<Response, Refused> {
    it.input.only(CALLBACKS)?;
    it.sandbox.settle().await;
    show(it, callbacks).await
}

async fn send_test_callback(it: OperatorRequest) -> Result<Response, Refused> {
    it.input.only(&["url", "state"])?;
    let sent = json!(web::send_test_callback(&it).await?);
    Ok(guard::json(StatusCode::OK, format!("{sent}\n")))
}

fn recorded_call(it: &OperatorRequest) -> Shown {
    let call = it.id.parse().ok().and_then(|number| it.sandbox.recorded_call(number));
    let message =
        || format!("no call {}; take the number of its event; the latest 1,000 are kept", cut(&it.id));
    Ok(json!(call.ok_or_else(|| Refused::unknown("unknown_call", message()))?))
}

fn attempts(it: &OperatorRequest) -> Shown {
    let (after, limit) = (it.input.number::<u32>("after")?.map_or(0, u64::from), it.input.count("limit")?);
    let attempts = it.sandbox.attempts(callback_id(it)?, after, limit + 1)?;
    paged("attempts", limit, attempts, |_| json!(after + u64::from(limit)))
}

fn sign(it: &OperatorRequest) -> Shown {
    let body = required("body", it.input.text("body")?)?;
    let text = CallbackText::from_json(body.as_bytes())
        .map_err(|error| wrong("body", format!("cannot be signed: {}", with_causes(&error))))?;
    let signature = it.sandbox.sign_callback(&text).to_string();
    Ok(json!({ "body": text.as_str(), "signature": signature }))
}

fn scenarios(it: &OperatorRequest) -> Shown {
    let shipped: Vec<_> = Scenario::shipped_ones()
        .map(|scenario| json!({ "name": scenario.name(), "description": scenario.description() }))
        .collect();
    Ok(json!({ "scenarios": it.sandbox.scenarios()?, "shipped": shipped }))
}

fn play(it: &OperatorRequest) -> Shown {
    let input = &it.input;
    let scenario = match (input.text("shipped")?, input.get("scenario"), input.text("toml")?) {
        (Some(name), None, None) => Scenario::shipped(name)?,
        (None, Some(members), None) => Scenario::parse_json(&members.to_string())?,
        (None, None, Some(toml)) => Scenario::parse(toml)?,
        _ => return Err(wrong("shipped", "or \"scenario\" or \"toml\" must be there, and one alone").into()),
    };
    let shown = json!(scenario);
    it.sandbox.play(scenario)?;
    Ok(shown)
}

/// What is played after some were cleared.
fn played(it: &OperatorRequest, cleared: Result<(), Error>) -> Shown {
    cleared?;
    Ok(json!({ "scenarios": it.sandbox.scenarios()? }))
}

fn faults(it: &OperatorRequest) -> Shown {
    let faults: Vec<_> = it.sandbox.faults().iter().map(|(id, fault)| fault_view(*id, fault)).collect();
    Ok(json!({ "faults": faults }))
}

fn fault_view(id: FaultId, fault: &Fault) -> Value {
    let mut view = json!(fault);
    view["id"] = json!(id);
    view["what"] = json!(fault.to_string());
    view
}

fn inject(it: &OperatorRequest) -> Shown {
    let fault = Fault::try_from(it.input.members().clone())?;
    Ok(fault_view(it.sandbox.inject(fault.clone()), &fault))
}

fn clear_fault(it: &OperatorRequest) -> Shown {
    let known = it.id.parse().is_ok_and(|number| it.sandbox.clear_fault(FaultId::from_number(number)));
    if !known {
        let message = format!("no fault {}; it may be used up", cut(&it.id));
        return Err(Refused::unknown("unknown_fault", message));
    }
    faults(it)
}

fn clear_faults(it: &OperatorRequest) -> Shown {
    it.sandbox.clear_faults();
    faults(it)
}

fn clock(it: &OperatorRequest) -> Shown {
    let clock = it.sandbox.clock();
    Ok(json!({ "now": unix_millis(clock.now()), "is_frozen": clock.is_frozen() }))
}

fn advance(it: &OperatorRequest) -> Shown {
    let millis = required("millis", it.input.number("millis")?)?;
    it.sandbox.clock().advance(Duration::from_millis(millis));
    clock(it)
}

fn freeze(it: &OperatorRequest) -> Shown {
    it.sandbox.clock().freeze();
    clock(it)
}

fn resume(it: &OperatorRequest) -> Shown {
    it.sandbox.clock().resume();
    clock(it)
}

/// Waits for an event after a known one, until the time is up or the sandbox stops, and shows what has happened.
async fn events(it: OperatorRequest, mut stopping: watch::Receiver<bool>) -> Result<Response, Refused> {
    it.input.only(&["after", "limit", "last", "wait_millis"])?;
    let after = it.input.number("after")?.unwrap_or(0);
    let wait =
        it.input.number("wait_millis")?.map_or(Duration::ZERO, Duration::from_millis).min(LONGEST_WAIT);
    if !wait.is_zero() {
        tokio::select! {
            () = it.sandbox.event_after(after) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    let view = move |it: &OperatorRequest| {
        let mut events = it.sandbox.events_after(after);
        let last = events.last().map_or(after, |event| event.number);
        if it.input.get("last").is_some() {
            let most = usize::try_from(it.input.count("last")?).unwrap_or(usize::MAX);
            events.drain(..events.len().saturating_sub(most));
        }
        if it.input.get("limit").is_some() {
            events.truncate(usize::try_from(it.input.count("limit")?).unwrap_or(usize::MAX));
        }
        let last = events.last().map_or(last, |event| event.number);
        Ok(json!({ "events": events, "last": last }))
    };
    show(it, view).await
}
