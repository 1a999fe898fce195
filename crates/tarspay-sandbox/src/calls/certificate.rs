//! The payment certificate of a withdrawal, Brazil only.

use super::{find, no_order, read};
use crate::engine::Engine;
use crate::refusal::{Refusal, to_json};
use crate::store::StoreError;
use serde_json::json;
use tarspay_types::market::brazil::{Certificate, CertificateQuery};
use tarspay_types::{BizType, Currency, Envelope, ErrorCode, MerchantNo, OrderState, RawJson};

/// Answers with members of the sandbox's choice: nothing about a certificate is documented.
pub(super) async fn certificate(
    engine: &Engine,
    caller: &MerchantNo,
    body: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let request: CertificateQuery = read(caller, body)?;
    let merchant_no = caller.clone();
    let (number, id) = (request.merchant_order_no, request.pay_order_id);
    let found = engine
        .store
        .call(move |tx| {
            find(tx, &merchant_no, BizType::WITHDRAWAL, number.as_ref(), id.as_ref()).map_err(Refusal::from)
        })
        .await?;
    let order = found.ok_or_else(|| no_order(BizType::WITHDRAWAL))?.order;
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
                "order state error: a certificate is of a withdrawal that is paid, this one is {}",
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
