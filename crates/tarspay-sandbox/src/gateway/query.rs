//! The queries: orders, balance, the certificate of a withdrawal, and India's UTR.

use super::call::{Caller, Refusal, find, no_order, to_json};
use crate::order::Order;
use crate::store::{StoreError, merchants, orders};
use serde_json::json;
use tarspay_types::market::LookupStatus;
use tarspay_types::market::brazil::{Certificate, CertificateQuery};
use tarspay_types::market::india::{TransferByUtr, TransferByUtrQuery};
use tarspay_types::{
    Balance, BalanceQuery, BizType, Currency, Envelope, ErrorCode, OrderState, RawJson, TrxId,
};

pub(super) async fn deposit(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    Ok(to_json(&Envelope::success(info(order(caller, BizType::DEPOSIT).await?))))
}

pub(super) async fn withdrawal(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    Ok(to_json(&Envelope::success(info(order(caller, BizType::WITHDRAWAL).await?))))
}

/// The order of a query, which has one of the two numbers, or both, as a query for a certificate has.
async fn order(caller: &Caller<'_>, direction: BizType) -> Result<Order, Refusal> {
    let CertificateQuery { merchant_order_no: number, pay_order_id: id, .. } = caller.read()?;
    caller
        .run(move |tx, merchant_no| {
            let found = find(tx, merchant_no, direction, number.as_ref(), id.as_ref())?;
            Ok(found.ok_or_else(|| no_order(direction))?.order)
        })
        .await
}

fn info(order: Order) -> tarspay_types::Order {
    let mut info = tarspay_types::Order::new(order.pay_order_id, order.merchant_order_no, order.state);
    info.merchant_no = Some(order.merchant_no);
    info.order_amount = Some(order.amount);
    info.pay_amount = Some(order.pay_amount);
    info.currency = Some(order.currency);
    info.fee = Some(order.fee);
    info
}

/// The balance query: what the merchant has in its own currency, the one that it used first.
pub(super) async fn balance(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    let _: BalanceQuery = caller.read()?;
    let balance = caller.run(|tx, merchant_no| Ok(merchants::own_balance(tx, merchant_no)?)).await?;
    let balance = Balance::new(caller.merchant_no.clone(), balance.available, balance.frozen);
    Ok(to_json(&Envelope::success(balance)))
}

/// The payment certificate of a withdrawal, Brazil only. Its members are the sandbox's choice: nothing about a certificate
/// is documented.
pub(super) async fn certificate(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    let order = order(caller, BizType::WITHDRAWAL).await?;
    if order.currency != Currency::BRA {
        return Err(Refusal::new(
            ErrorCode::QUERY_WITHDRAWAL_FAILED,
            format!(
                "querying the withdrawal order failed: only Brazil has certificates, not {}",
                order.currency
            ),
        ));
    }
    if order.state != OrderState::SUCCESS {
        return Err(Refusal::new(
            ErrorCode::ORDER_STATE_OR_WITHDRAWAL_FAILED,
            format!(
                "order state error: only a withdrawal that is paid has a certificate, this one is {}",
                order.state
            ),
        ));
    }
    let data = RawJson::new(&json!({
        "amount": order.amount,
        "currency": order.currency,
        "mchNo": order.merchant_no,
        "mchOrderNo": order.merchant_order_no,
        "payOrderId": order.pay_order_id,
        "state": order.state,
        "trxId": order.trx_id,
    }))
    .map_err(StoreError::damaged)?;
    Ok(to_json(&Envelope::success(Certificate::new(data))))
}

/// The UTR query, India only.
pub(super) async fn utr(caller: &Caller<'_>) -> Result<Vec<u8>, Refusal> {
    let TransferByUtrQuery { utr, merchant_order_no: number, .. } = caller.read()?;
    let info = caller
        .run(move |tx, merchant_no| {
            let order = find(tx, merchant_no, BizType::DEPOSIT, Some(&number), None)?
                .filter(|record| record.order.currency == Currency::INR)
                .ok_or_else(|| no_order(BizType::DEPOSIT))?;
            let reference = TrxId::new(utr.as_str()).map_err(StoreError::damaged)?;
            let transfer = orders::find_transfer(tx, &reference)?;
            let (status, message, other) = match transfer.as_ref().map(|it| it.order) {
                None => (LookupStatus::FAILED, "not paid", None),
                Some(None) if order.order.state.is_success() => {
                    (LookupStatus::FAILED, "the order is paid already", None)
                }
                Some(None) => (LookupStatus::FOUND, "found", None),
                Some(Some(id)) if id == order.id => {
                    (LookupStatus::FAILED, "the transfer has paid this order already", None)
                }
                Some(Some(id)) => {
                    (LookupStatus::FAILED, "another order has used the transfer", orders::by_id(tx, id)?)
                }
            };
            let mut info = TransferByUtr::new(status, utr);
            info.message = Some(message.into());
            info.amount = transfer.map(|it| it.amount);
            info.merchant_order_no = other
                .filter(|record| record.order.merchant_no == *merchant_no)
                .map(|record| record.order.merchant_order_no);
            Ok::<_, Refusal>(info)
        })
        .await?;
    Ok(to_json(&Envelope::success(info)))
}
