//! Where an order stands.

use super::{find, no_order, read_whole};
use crate::Order;
use crate::engine::Engine;
use crate::refusal::{Refusal, to_json};
use tarspay_types::{
    BizType, DepositQuery, Envelope, MerchantNo, MerchantOrderNo, OrderInfo, PayOrderId, WithdrawalQuery,
};

pub(super) async fn deposit(engine: &Engine, caller: &MerchantNo, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let query: DepositQuery = read_whole(caller, body)?;
    order(engine, caller, BizType::DEPOSIT, query.merchant_order_no, query.pay_order_id).await
}

pub(super) async fn withdrawal(
    engine: &Engine,
    caller: &MerchantNo,
    body: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let query: WithdrawalQuery = read_whole(caller, body)?;
    order(engine, caller, BizType::WITHDRAWAL, query.merchant_order_no, query.pay_order_id).await
}

async fn order(
    engine: &Engine,
    caller: &MerchantNo,
    direction: BizType,
    number: Option<MerchantOrderNo>,
    id: Option<PayOrderId>,
) -> Result<Vec<u8>, Refusal> {
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
