//! The calls about a payer's transaction id: one in Brazil, three in Bangladesh.

use super::call::{Caller, Refusal, find, no_order, signed, to_json};
use crate::life;
use crate::store::Tx;
use crate::store::orders::{self, OrderKey};
use tarspay_types::market::LookupStatus;
use tarspay_types::market::bangladesh::{
    ReprocessStatus, Reprocessing, ReprocessingRequest, SubmissionRequest, Transaction, TransactionQuery,
};
use tarspay_types::market::brazil::{DepositByTrxId, DepositByTrxIdQuery};
use tarspay_types::{BizType, Currency, Envelope, ErrorCode, MerchantNo, OrderState, TrxId};

/// Finds a deposit of the merchant by its transaction.
pub(super) async fn brazil(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    let DepositByTrxIdQuery { trx_id, .. } = caller.read()?;
    let found =
        caller.run(move |tx, _| orders::find(tx, &OrderKey::TrxId(&trx_id)).map_err(Refusal::from)).await?;
    let order = found
        .map(|record| record.order)
        .filter(|order| {
            order.merchant_no == caller.merchant_no
                && order.direction == BizType::DEPOSIT
                && order.currency == Currency::BRA
        })
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::QUERY_DEPOSIT_FAILED,
                "querying the deposit order failed: no deposit of this merchant in Brazil has this trxId",
            )
        })?;
    let mut response = DepositByTrxId::new(order.currency, order.fee);
    response.trx_id = order.trx_id;
    response.state = Some(order.state);
    response.pay_order_id = Some(order.pay_order_id);
    response.merchant_order_no = Some(order.merchant_order_no);
    response.merchant_no = Some(order.merchant_no);
    response.order_amount = Some(order.amount);
    response.pay_amount = Some(order.pay_amount);
    Ok(to_json(&Envelope::success(response)))
}

/// Tells whether a transaction has come in, and whether an order can still have it.
pub(super) async fn bangladesh(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    let TransactionQuery { trx_id, .. } = caller.read()?;
    let response = caller
        .run(move |tx, merchant_no| {
            let transfer = orders::find_transfer(tx, &trx_id)?;
            let (status, message) = match transfer.as_ref().map(|it| it.order) {
                None => (LookupStatus::FAILED, "not paid"),
                Some(None) => (LookupStatus::FOUND, "found"),
                Some(Some(_)) => (LookupStatus::FAILED, "an order has used the transaction"),
            };
            let user = match transfer.as_ref().and_then(|it| it.order) {
                Some(id) => orders::by_id(tx, id)?,
                None => None,
            };
            let mut response = Transaction::new(status, trx_id);
            response.message = Some(message.into());
            response.amount = transfer.map(|it| it.amount);
            response.merchant_order_no = user
                .filter(|record| record.order.merchant_no == *merchant_no)
                .map(|record| record.order.merchant_order_no);
            Ok::<_, Refusal>(response)
        })
        .await?;
    Ok(signed(caller.shared, response))
}

/// Settles an order with a transaction that has come in; a timed-out one too.
pub(super) async fn reprocess(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    let ReprocessingRequest { trx_id, merchant_order_no: number, .. } = caller.read()?;
    let response = caller
        .run(move |tx, merchant_no| {
            let mut record = find(tx, merchant_no, BizType::DEPOSIT, Some(&number), None)?
                .filter(|record| record.order.currency == Currency::BDT)
                .ok_or_else(|| no_order(BizType::DEPOSIT))?;
            let (status, message) = match orders::find_transfer(tx, &trx_id)? {
                None => (ReprocessStatus::FAILED, "not paid"),
                Some(transfer) if transfer.order.is_some() => {
                    (ReprocessStatus::FAILED, "an order has used the transaction")
                }
                // A part that was paid before stays; the rest cannot be told apart from another order's money.
                Some(_) if !can_be_settled(record.order.state) => {
                    (ReprocessStatus::FAILED, "the order has ended and cannot be settled")
                }
                Some(transfer) => {
                    life::pay_by_transfer(tx, &mut record, &trx_id, transfer.amount)?;
                    (ReprocessStatus::SUCCESS, "success")
                }
            };
            let order = record.order;
            let mut response = Reprocessing::new(status, order.pay_order_id, order.merchant_order_no, trx_id);
            response.message = Some(message.into());
            Ok::<_, Refusal>(response)
        })
        .await?;
    Ok(signed(caller.shared, response))
}

/// Takes the transaction that the payer names. Whether it is the right one shows in the order.
pub(super) async fn submit(caller: &Caller<'_>, submit: SubmissionRequest) -> Result<Vec<u8>, Refusal> {
    caller.run(move |tx, merchant_no| take(tx, merchant_no, submit.pay_order_id(), submit.trx_id())).await?;
    Ok(to_json(&Envelope::<serde_json::Value>::without_data(ErrorCode::SUCCESS, "SUCCESS")))
}

fn take(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    pay_order_id: &tarspay_types::PayOrderId,
    trx_id: &TrxId,
) -> Result<(), Refusal> {
    let mut record = find(tx, merchant_no, BizType::DEPOSIT, None, Some(pay_order_id))?
        .filter(|record| record.order.currency == Currency::BDT)
        .ok_or_else(|| no_order(BizType::DEPOSIT))?;
    if record.order.state == OrderState::TIMED_OUT {
        return Err(Refusal::new(
            ErrorCode::ORDER_EXPIRED,
            "order expired: reprocess it with the transaction id if it was paid",
        ));
    }
    if !record.order.state.is_pending() {
        return Err(Refusal::new(
            ErrorCode::ORDER_STATE_OR_WITHDRAWAL_FAILED,
            format!("order state error: the deposit is in state {}", record.order.state),
        ));
    }
    match orders::find_transfer(tx, trx_id)? {
        Some(transfer) if transfer.order.is_none() => {
            life::pay_by_transfer(tx, &mut record, trx_id, transfer.amount)?;
        }
        _ => {
            record.order.trx_id = Some(trx_id.clone());
            life::open(tx, &mut record)?;
            orders::update(tx, &record)?;
        }
    }
    Ok(())
}

fn can_be_settled(state: OrderState) -> bool {
    state.is_pending() || state == OrderState::TIMED_OUT
}
