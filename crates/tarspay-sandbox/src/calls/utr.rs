//! The UTR query, India only.

use super::{find, no_order, read};
use crate::engine::Engine;
use crate::refusal::{Refusal, to_json};
use crate::store::{StoreError, orders, transfers};
use tarspay_types::market::LookupStatus;
use tarspay_types::market::india::{TransferByUtr, TransferByUtrQuery};
use tarspay_types::{BizType, Currency, Envelope, MerchantNo, TrxId};

pub(super) async fn query(engine: &Engine, caller: &MerchantNo, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let TransferByUtrQuery { utr, merchant_order_no: number, .. } = read(caller, body)?;
    let merchant_no = caller.clone();
    let info = engine
        .store
        .call(move |tx| {
            let order = find(tx, &merchant_no, BizType::DEPOSIT, Some(&number), None)?
                .filter(|record| record.order.currency == Currency::INR)
                .ok_or_else(|| no_order(BizType::DEPOSIT))?;
            let reference = TrxId::new(utr.as_str()).map_err(StoreError::damaged)?;
            let transfer = transfers::find(tx, &reference)?;
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
                .filter(|record| record.order.merchant_no == merchant_no)
                .map(|record| record.order.merchant_order_no);
            Ok::<_, Refusal>(info)
        })
        .await?;
    Ok(to_json(&Envelope::success(info)))
}
