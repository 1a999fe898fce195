//! Where an order stands.

use super::{find, no_order, read};
use crate::Order;
use crate::engine::Engine;
use crate::refusal::{Refusal, to_json};
use tarspay_types::market::brazil::CertificateQuery;
use tarspay_types::{BizType, Envelope, MerchantNo, OrderInfo};

pub(super) async fn deposit(engine: &Engine, caller: &MerchantNo, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    order(engine, caller, BizType::DEPOSIT, body).await
}

pub(super) async fn withdrawal(
    engine: &Engine,
    caller: &MerchantNo,
    body: &[u8],
) -> Result<Vec<u8>, Refusal> {
    order(engine, caller, BizType::WITHDRAWAL, body).await
}

async fn order(
    engine: &Engine,
    caller: &MerchantNo,
    direction: BizType,
    body: &[u8],
) -> Result<Vec<u8>, Refusal> {
    // A query has the body of a request for a certificate: one of the two numbers, or both.
    let CertificateQuery { merchant_order_no: number, pay_order_id: id, .. } = read(caller, body)?;
    let merchant_no = caller.clone();
    let found = engine
        .store
        .call(move |tx| {
            find(tx, &merchant_no, direction, number.as_ref(), id.as_ref()).map_err(Refusal::from)
        })
        .await?;
    let record = found.ok_or_else(|| no_order(direction))?;
    Ok(to_json(&Envelope::success(info(record.order))))
}

fn info(order: Order) -> OrderInfo {
    let mut info = OrderInfo::new(order.pay_order_id, order.merchant_order_no, order.state);
    info.merchant_no = Some(order.merchant_no);
    info.order_amount = Some(order.amount);
    info.pay_amount = Some(order.pay_amount);
    info.currency = Some(order.currency);
    info.fee = Some(order.fee);
    info
}
