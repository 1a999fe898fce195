//! Creating an order: the checks, and what is written.

use super::call::{Caller, Refusal, given, to_json};
use super::deposit_response::deposit_response;
use crate::clock::{later, millis, system_time};
use crate::event::EventKind;
use crate::life;
use crate::order::Order;
use crate::receiver::Receiver;
use crate::store::orders::{self, OrderKey, Record};
use crate::store::{StoreError, Tx};
use tarspay_types::market::{self, Market, Report, Rule, Violation};
use tarspay_types::{
    Amount, BizType, Currency, DepositRequest, Envelope, ErrorCode, Members, MerchantNo, MerchantOrderNo,
    NotifyUrl, OrderState, PayOrderId, Request, WayCode, Withdrawal, WithdrawalRequest,
};

pub(super) async fn deposit(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    let members = caller.members()?;
    let request = caller.read::<DepositRequest>();
    let parts =
        |it: &DepositRequest| (it.way_code.clone(), it.currency.clone(), it.amount, it.notify_url.clone());
    let record = place(caller, draft(caller, BizType::DEPOSIT, members, &request, parts)).await?;
    Ok(deposit_response(caller.shared, &record.order, &request?))
}

pub(super) async fn withdrawal(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    let members = caller.members()?;
    let request = caller.read::<WithdrawalRequest>();
    let parts =
        |it: &WithdrawalRequest| (it.way_code.clone(), it.currency.clone(), it.amount, it.notify_url.clone());
    let order = place(caller, draft(caller, BizType::WITHDRAWAL, members, &request, parts)).await?.order;
    Ok(to_json(&Envelope::success(Withdrawal::new(order.pay_order_id, order.merchant_order_no))))
}

/// An order that may be created, but for what only the state can tell.
struct Draft {
    merchant_no: MerchantNo,
    direction: BizType,
    market: &'static Market,
    way_code: WayCode,
    currency: Currency,
    amount: Amount,
    notify_url: NotifyUrl,
    request: Members,
    /// Limits that it breaks, and what is unusual about it.
    warnings: Vec<String>,
}

type Parts = (WayCode, Currency, Amount, NotifyUrl);

/// Checks a request against its market. Nothing here depends on the state.
fn draft<R: Request>(
    caller: &Caller<'_>,
    direction: BizType,
    members: &Members,
    request: &Result<R, Refusal>,
    parts: impl Fn(&R) -> Parts,
) -> Result<Draft, Refusal> {
    let known = given(members, "currency").and_then(|currency| market::by_currency(&currency));
    // The market of which nothing is known has the rules that hold everywhere.
    let market = known.unwrap_or(&market::ban_test::MARKET);
    let mut report = match direction {
        BizType::WITHDRAWAL => market.check_withdrawal(members),
        _ => market.check_deposit(members),
    };
    if caller.shared.settings.enforces_limits {
        report = report.enforce_limits();
    }
    refuse(&report, members)?;
    let request = request.as_ref().map_err(Refusal::clone)?;
    let (way_code, currency, amount, notify_url) = parts(request);
    if amount.is_zero() {
        return Err(Refusal::new(
            ErrorCode::AMOUNT_FORMAT_WRONG,
            "amount format wrong: `amount` is zero; give an amount above zero",
        ));
    }
    if known.is_none() {
        let report = market::check(request).unwrap_or_default();
        let unknown = |violation: &&Violation| violation.rule() == Rule::UnknownCurrency;
        let reason = report.violations().iter().find(unknown).map(ToString::to_string).unwrap_or_default();
        return Err(Refusal::new(ErrorCode::CHANNEL_UNKNOWN, format!("channel unknown: {reason}")));
    }
    check_way(market, direction, &report)?;
    let mut warnings: Vec<_> = report.warnings().map(ToString::to_string).collect();
    if let Err(reason) = Receiver::of(&notify_url, &caller.shared.settings.allowed_receivers) {
        warnings.push(format!("no callback will be sent to `notifyUrl`: {reason}"));
    }
    Ok(Draft {
        merchant_no: caller.merchant_no.clone(),
        direction,
        market,
        way_code,
        currency,
        amount,
        notify_url,
        request: members.clone(),
        warnings,
    })
}

/// All that refuses in one message, under the code of the first.
fn refuse(report: &Report, members: &Members) -> Result<(), Refusal> {
    let refusals: Vec<_> = report.refusals().collect();
    let Some(first) = refusals.first() else { return Ok(()) };
    let (code, meaning) = match (first.rule(), first.field()) {
        (Rule::NotUrl, field) if members.get(field).is_some_and(|url| url.contains("://")) => {
            // It has a scheme and perhaps a host, but it cannot be used.
            (ErrorCode::URL_NOT_SUPPORTED, "URL not supported")
        }
        (Rule::NotUrl, _) => (ErrorCode::URL_FORMAT_ERROR, "URL format error"),
        (Rule::NotAmount | Rule::ZeroAmount | Rule::BelowMinimum | Rule::AboveMaximum, _)
        | (Rule::Format, "amount") => (ErrorCode::AMOUNT_FORMAT_WRONG, "amount format wrong"),
        _ => (ErrorCode::PARAMETER_MISSING, "parameter missing or unusable"),
    };
    let all: Vec<_> = refusals.iter().map(ToString::to_string).collect();
    Err(Refusal::new(code, format!("{meaning}: {}", all.join("; "))))
}

/// A rule of the sandbox: where a market documents its ways, others are refused. A misspelt one is a mistake that the
/// real gateway would show too late.
fn check_way(market: &Market, direction: BizType, report: &Report) -> Result<(), Refusal> {
    let (offer, other) = match direction {
        BizType::WITHDRAWAL => (market.withdrawal(), market.deposit()),
        _ => (market.deposit(), market.withdrawal()),
    };
    if offer.ways().is_empty() {
        return Ok(());
    }
    let found = |rules: &[Rule]| -> Option<&Violation> {
        report.violations().iter().find(|violation| rules.contains(&violation.rule()))
    };
    let Some(violation) = found(&[Rule::UnknownWay, Rule::WaySpelling, Rule::WayNotOpen]) else {
        return Ok(());
    };
    let is_of_the_other_direction =
        violation.value().is_some_and(|value| other.way(value.trim_matches('`')).is_some());
    let (code, meaning) = if violation.rule() == Rule::WayNotOpen || is_of_the_other_direction {
        (ErrorCode::WAY_CODE_NOT_SUPPORTED, "way code not supported")
    } else {
        (ErrorCode::WAY_CODE_WRONG, "way code wrong")
    };
    Err(Refusal::new(code, format!("{meaning}: {violation}")))
}

/// Writes the order. A number that is taken is reported before anything else, so that a merchant who sends an order again
/// always learns that it exists.
async fn place(caller: &Caller<'_>, draft: Result<Draft, Refusal>) -> Result<Record, Refusal> {
    let number = caller.call.order_no.clone();
    caller
        .run(move |tx, merchant_no| {
            let Some(number) = number else {
                return Err(draft.err().unwrap_or_else(|| Refusal::missing("`mchOrderNo`")));
            };
            if orders::find(tx, &OrderKey::Number(merchant_no, &number))?.is_some() {
                return Err(Refusal::new(
                    ErrorCode::ORDER_NUMBER_EXISTS,
                    "merchant order number exists already; query it, or take a new number for a new order",
                ));
            }
            let draft = draft?;
            let warnings = draft.warnings.clone();
            let record = life::create(tx, new_record(tx, number, draft)?)?;
            for message in warnings {
                tx.report(EventKind::Warned { pay_order_id: record.order.pay_order_id.clone(), message });
            }
            Ok(record)
        })
        .await
}

fn new_record(tx: &Tx<'_>, number: MerchantOrderNo, draft: Draft) -> Result<Record, StoreError> {
    let id = tx.next_order();
    let is_deposit = draft.direction == BizType::DEPOSIT;
    let expires_at = is_deposit.then(|| later(tx.now, millis(tx.settings.deposit_lifetime)));
    let state = if is_deposit { first_state(draft.market) } else { OrderState::PROCESSING };
    Ok(Record {
        id,
        order: Order {
            direction: draft.direction,
            pay_order_id: pay_order_id(id, tx.now)?,
            merchant_no: draft.merchant_no,
            merchant_order_no: number,
            way_code: draft.way_code,
            currency: draft.currency,
            amount: draft.amount,
            pay_amount: Amount::ZERO,
            fee: Amount::ZERO,
            state,
            fail_reason: None,
            notify_url: draft.notify_url,
            created_at: system_time(tx.now),
            changed_at: system_time(tx.now),
            expires_at: expires_at.map(system_time),
            trx_id: None,
            request: draft.request,
        },
        expires_at,
    })
}

/// As in the market's example; 0 without an example.
fn first_state(market: &Market) -> OrderState {
    match market.key() {
        "pakistan" | "malaysia" | "bangladesh" => OrderState::PROCESSING,
        _ => OrderState::CREATING,
    }
}

/// A number in the gateway's form: `P` and 19 digits, of which the upper bits are the time and the lower ones count.
fn pay_order_id(id: i64, now: u64) -> Result<PayOrderId, StoreError> {
    /// The gateway's numbers count milliseconds from here, to judge by its examples: 2010-11-04T01:42:54.657Z.
    const EPOCH: u64 = 1_288_834_974_657;
    const COUNT_BITS: u32 = 22;
    let count = id.unsigned_abs() & ((1 << COUNT_BITS) - 1);
    let time = now.saturating_sub(EPOCH) & (u64::MAX >> COUNT_BITS);
    PayOrderId::new(format!("P{:019}", (time << COUNT_BITS) | count)).map_err(StoreError::damaged)
}
