//! The state machine of an order: its steps, what each does to the balance, and when the merchant gets a callback.
//!
//! All of it happens inside one job of the store: a step is done completely, with its money and its callback, or not at all.

use crate::clock::system_time;
use crate::error::{Error, ErrorKind};
use crate::event::EventKind;
use crate::order::{Order, direction_name};
use crate::plan;
use crate::receiver::Receiver;
use crate::schedule::Delivery;
use crate::store::merchants::{self, Balance, difference, sum};
use crate::store::orders::{OrderKey, Record};
use crate::store::{StoreError, Tx, callbacks, orders};
use tarspay_sign::CallbackText;
use tarspay_types::{Amount, BizType, Callback, Currency, OrderState, TrxId};

/// The steps of each direction. [`OrderState::can_follow`] must allow them too.
const DEPOSIT_STEPS: &[(OrderState, &[OrderState])] = &[
    (
        OrderState::CREATING,
        &[
            OrderState::PROCESSING,
            OrderState::SUCCESS,
            OrderState::PARTLY_PAID,
            OrderState::FAILED,
            OrderState::TIMED_OUT,
        ],
    ),
    (
        OrderState::PROCESSING,
        &[OrderState::SUCCESS, OrderState::PARTLY_PAID, OrderState::FAILED, OrderState::TIMED_OUT],
    ),
    (OrderState::TIMED_OUT, &[OrderState::SUCCESS, OrderState::PARTLY_PAID]),
    // The payer pays another part.
    (OrderState::PARTLY_PAID, &[OrderState::PARTLY_PAID, OrderState::SUCCESS, OrderState::REFUNDED]),
    (OrderState::SUCCESS, &[OrderState::REFUNDED]),
];
const WITHDRAWAL_STEPS: &[(OrderState, &[OrderState])] = &[
    (OrderState::PROCESSING, &[OrderState::SUCCESS, OrderState::FAILED, OrderState::REJECTED]),
    (OrderState::SUCCESS, &[OrderState::REFUNDED]),
];

/// The states for which callbacks are documented.
const REPORTED: [OrderState; 3] = [OrderState::SUCCESS, OrderState::FAILED, OrderState::PARTLY_PAID];

/// Writes a new order; the amount and fee of a withdrawal are frozen.
pub(crate) fn create(tx: &Tx<'_>, mut record: Record) -> Result<Record, Error> {
    let order = &mut record.order;
    merchants::use_currency(tx, &order.merchant_no, &order.currency)?;
    if order.direction == BizType::WITHDRAWAL {
        order.fee = fee(tx, order, order.amount)?;
        let held = sum(order.amount, order.fee)?;
        move_money(tx, order, |balance| balance.freeze(held))?;
    }
    orders::insert(tx, &record)?;
    orders::note_change(tx, &record, None, None)?;
    if let Some(at) = record.expires_at {
        tx.due(at);
    }
    plan::take(tx, &record)?;
    Ok(record)
}

pub(crate) fn open(tx: &Tx<'_>, record: &mut Record) -> Result<(), Error> {
    if record.order.state == OrderState::CREATING {
        step(tx, record, OrderState::PROCESSING, None)?;
    }
    Ok(())
}

/// A deposit is paid in full, or a withdrawal has reached its payee.
pub(crate) fn pay(tx: &Tx<'_>, record: &mut Record) -> Result<(), Error> {
    let amount = record.order.amount;
    if record.order.direction == BizType::WITHDRAWAL {
        check_step(&record.order, OrderState::SUCCESS)?;
        let held = sum(amount, record.order.fee)?;
        move_money(tx, &record.order, |balance| balance.pay_out(held))?;
        record.order.pay_amount = amount;
        record.order.trx_id = Some(made_up_trx_id(record)?);
        return step(tx, record, OrderState::SUCCESS, None);
    }
    receive(tx, record, OrderState::SUCCESS, amount)
}

/// A part of a deposit is paid, or one more part.
pub(crate) fn pay_partially(tx: &Tx<'_>, record: &mut Record, part: Amount) -> Result<(), Error> {
    let order = &record.order;
    check_step(order, OrderState::PARTLY_PAID)?;
    let missing = rest(order)?;
    if part.is_zero() || part >= missing {
        return Err(Error::new(
            ErrorKind::InvalidAmount,
            format!(
                "a part must be more than 0 and less than {missing}, which is what is still to pay, not {part}"
            ),
        ));
    }
    let paid = sum(order.pay_amount, part)?;
    receive(tx, record, OrderState::PARTLY_PAID, paid)
}

/// What is still to pay of a deposit.
pub(crate) fn rest(order: &Order) -> Result<Amount, Error> {
    difference(order.amount, order.pay_amount)
}

/// A transfer of this reference pays a deposit: in full, or in part if it is smaller.
pub(crate) fn pay_by_transfer(
    tx: &Tx<'_>,
    record: &mut Record,
    reference: &TrxId,
    amount: Amount,
) -> Result<(), Error> {
    record.order.trx_id = Some(reference.clone());
    orders::put_transfer(tx, reference, amount, Some(record.id))?;
    if amount < record.order.amount { pay_partially(tx, record, amount) } else { pay(tx, record) }
}

/// A transfer of this reference has come in; the order that it has paid, if one waits for it.
pub(crate) fn record_transfer(
    tx: &Tx<'_>,
    reference: &TrxId,
    amount: Amount,
) -> Result<Option<Record>, Error> {
    let invalid = |reason| Err(Error::new(ErrorKind::InvalidAmount, reason));
    if amount.is_zero() {
        return invalid("the amount of a transfer must be above zero");
    }
    if orders::find_transfer(tx, reference)?.is_some() {
        return invalid("there is a transfer of this reference already");
    }
    orders::put_transfer(tx, reference, amount, None)?;
    let Some(mut record) = orders::find(tx, &OrderKey::TrxId(reference))? else { return Ok(None) };
    if !record.order.state.is_pending() {
        return Ok(None);
    }
    pay_by_transfer(tx, &mut record, reference, amount)?;
    Ok(Some(record))
}

pub(crate) fn expire(tx: &Tx<'_>, record: &mut Record) -> Result<(), Error> {
    end_unpaid(tx, record, OrderState::TIMED_OUT, None)
}

/// Money goes back to where it came from: a deposit's to the payer, a withdrawal's to the merchant, each with its fee.
pub(crate) fn refund(tx: &Tx<'_>, record: &mut Record) -> Result<(), Error> {
    check_step(&record.order, OrderState::REFUNDED)?;
    let order = &record.order;
    if order.direction == BizType::WITHDRAWAL {
        let back = sum(order.amount, order.fee)?;
        move_money(tx, order, |balance| balance.credit(back))?;
    } else {
        let back = difference(order.pay_amount, order.fee)?;
        move_money(tx, order, |balance| balance.debit(back))?;
    }
    step(tx, record, OrderState::REFUNDED, None)
}

/// Money of a payer has come in, `paid` in all.
fn receive(tx: &Tx<'_>, record: &mut Record, to: OrderState, paid: Amount) -> Result<(), Error> {
    check_step(&record.order, to)?;
    open(tx, record)?;
    let order = &mut record.order;
    let credited = difference(order.pay_amount, order.fee)?;
    // Never so high that the merchant would have less than after an earlier part.
    let fee = fee(tx, order, paid)?.min(difference(paid, credited)?);
    let more = difference(difference(paid, fee)?, credited)?;
    move_money(tx, order, |balance| balance.credit(more))?;
    (order.pay_amount, order.fee) = (paid, fee);
    let reference = reference(tx, record)?;
    orders::put_transfer(tx, &reference, paid, Some(record.id))?;
    record.order.trx_id = Some(reference);
    step(tx, record, to, None)
}

/// The order's transaction id, unless it was handed in wrongly and is another order's.
fn reference(tx: &Tx<'_>, record: &Record) -> Result<TrxId, Error> {
    let Some(known) = &record.order.trx_id else { return made_up_trx_id(record) };
    match orders::find_transfer(tx, known)?.and_then(|transfer| transfer.order) {
        Some(other) if other != record.id => made_up_trx_id(record),
        _ => Ok(known.clone()),
    }
}

/// An order fails, is rejected or times out; what was frozen for a withdrawal is available again.
pub(crate) fn end_unpaid(
    tx: &Tx<'_>,
    record: &mut Record,
    to: OrderState,
    reason: Option<&str>,
) -> Result<(), Error> {
    check_step(&record.order, to)?;
    if to != OrderState::TIMED_OUT {
        open(tx, record)?;
    }
    let order = &mut record.order;
    if order.direction == BizType::WITHDRAWAL {
        let held = sum(order.amount, order.fee)?;
        move_money(tx, order, |balance| balance.release(held))?;
        // As in the documented callbacks of failed withdrawals: a trap for those who conclude from the amount.
        order.pay_amount = order.amount;
    }
    order.fail_reason = reason.map(Into::into);
    step(tx, record, to, reason)
}

pub(crate) fn can_come_to(order: &Order, to: OrderState) -> bool {
    let steps = if order.direction == BizType::WITHDRAWAL { WITHDRAWAL_STEPS } else { DEPOSIT_STEPS };
    let allowed = steps.iter().any(|(from, next)| *from == order.state && next.contains(&to));
    allowed && to.can_follow(order.state)
}

fn check_step(order: &Order, to: OrderState) -> Result<(), Error> {
    if can_come_to(order, to) {
        return Ok(());
    }
    let steps = if order.direction == BizType::WITHDRAWAL { WITHDRAWAL_STEPS } else { DEPOSIT_STEPS };
    let possible = steps.iter().filter(|(from, _)| *from == order.state).flat_map(|(_, next)| *next);
    let possible: Vec<_> = possible.filter(|to| can_come_to(order, **to)).map(ToString::to_string).collect();
    let (direction, id, state) = (direction_name(order.direction), &order.pay_order_id, order.state);
    let possible = if possible.is_empty() { "no other".to_owned() } else { possible.join(", ") };
    Err(Error::new(
        ErrorKind::InvalidTransition,
        format!(
            "the {direction} {id} is in state {state} and cannot change to {to}; it can change to {possible}"
        ),
    ))
}

/// Writes the step, the event and the merchant's callback.
fn step(tx: &Tx<'_>, record: &mut Record, to: OrderState, reason: Option<&str>) -> Result<(), Error> {
    check_step(&record.order, to)?;
    let from = std::mem::replace(&mut record.order.state, to);
    record.order.changed_at = system_time(tx.now);
    orders::update(tx, record)?;
    orders::note_change(tx, record, Some(from), reason)?;
    if REPORTED.contains(&to) || (tx.settings.notifies_all_ends && to.is_ended()) {
        add_callback(tx, record)?;
    }
    Ok(())
}

fn add_callback(tx: &Tx<'_>, record: &Record) -> Result<(), Error> {
    let order = &record.order;
    let mut callback =
        Callback::new(order.pay_order_id.clone(), order.merchant_order_no.clone(), order.state);
    callback.biz_type = Some(order.direction);
    callback.merchant_no = Some(order.merchant_no.clone());
    callback.order_amount = Some(order.amount);
    callback.pay_amount = Some(order.pay_amount);
    callback.currency = Some(order.currency.clone());
    callback.fee = Some(order.fee);
    callback.fail_reason.clone_from(&order.fail_reason);
    let text = CallbackText::from_value(&callback).map_err(StoreError::damaged)?;
    let receiver = Receiver::of(&order.notify_url, &tx.settings.allowed_receivers).map(|it| it.name());
    let id = callbacks::insert(tx, record, text.as_str(), &receiver)?;
    match receiver {
        Ok(receiver) => tx.deliver(Delivery { id, receiver, at: tx.now, faults: None }),
        Err(reason) => tx.report(EventKind::CallbackGivenUp {
            callback: id,
            pay_order_id: order.pay_order_id.clone(),
            reason,
        }),
    }
    Ok(())
}

fn move_money(
    tx: &Tx<'_>,
    order: &Order,
    change: impl FnOnce(Balance) -> Result<Balance, Error>,
) -> Result<(), Error> {
    let balance = change(merchants::balance(tx, &order.merchant_no, Some(&order.currency))?)?;
    Ok(merchants::set_balance(tx, &order.merchant_no, Some(&order.currency), balance)?)
}

fn fee(tx: &Tx<'_>, order: &Order, amount: Amount) -> Result<Amount, Error> {
    let fee = merchants::fee(tx, &order.merchant_no, &order.currency, order.direction)?;
    fee.of(amount)
        .ok_or_else(|| Error::new(ErrorKind::InvalidAmount, "the fee would have more than 28 digits"))
}

/// A reference as the market's payers have it.
fn made_up_trx_id(record: &Record) -> Result<TrxId, Error> {
    let id = record.id;
    let text = match &record.order.currency {
        currency if *currency == Currency::BRA => format!("E{id:031}"),
        currency if *currency == Currency::INR => format!("4{id:011}"),
        _ => format!("SBX{id:07}"),
    };
    Ok(TrxId::new(text).map_err(StoreError::damaged)?)
}
