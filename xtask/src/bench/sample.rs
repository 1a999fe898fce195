//! What is signed and verified: a request of 13 members, as the longest documented one has, and callbacks.

use serde::Serialize;
use std::ops::Range;
use tarspay::sign::{CallbackText, Digest, Nonce, Parameters, PrivateKey, RequestToSign};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    mch_no: String,
    mch_order_no: String,
    currency: String,
    amount: String,
    way_code: String,
    customer_name: String,
    customer_email: String,
    customer_phone: String,
    identity_no: String,
    notify_url: String,
    return_url: String,
    product_detail: String,
    step: u8,
}

pub(super) const MERCHANT_NO: &str = "M1688443086";

pub(super) fn order() -> Order {
    Order {
        mch_no: MERCHANT_NO.to_owned(),
        mch_order_no: "ORDER20250102030405".to_owned(),
        currency: "BRL".to_owned(),
        amount: "100.00".to_owned(),
        way_code: "PIX".to_owned(),
        customer_name: "Maria da Silva".to_owned(),
        customer_email: "maria@example.com".to_owned(),
        customer_phone: "5511999999999".to_owned(),
        identity_no: "12345678909".to_owned(),
        notify_url: "https://merchant.example/callbacks/tarspay".to_owned(),
        return_url: "https://merchant.example/thanks".to_owned(),
        product_detail: "Order 20250102030405".to_owned(),
        step: 0,
    }
}

pub(super) fn request(parameters: Parameters) -> Result<RequestToSign, tarspay::sign::Error> {
    RequestToSign::new("/api/pay/unifiedOrder", Nonce::from_unix_millis(1_704_180_814_988), parameters)
}

/// A callback as it comes in, with what is needed to verify its signature alone.
pub(super) struct Signed {
    pub(super) body: String,
    pub(super) header: String,
    pub(super) digest: Digest,
    pub(super) signature: tarspay::sign::Signature,
}

/// Different callbacks of one gateway.
pub(super) fn callbacks(key: &PrivateKey, orders: Range<usize>) -> Result<Vec<Signed>, tarspay::sign::Error> {
    orders
        .map(|index| {
            let json = format!(
                r#"{{"bizType":1,"currency":"BRL","fee":"1.50","mchNo":"{MERCHANT_NO}","mchOrderNo":"ORDER{index:012}","orderAmount":"100.00","payAmount":"100.00","payOrderId":"P17{index:016}","state":2}}"#
            );
            let text = CallbackText::from_json(json.as_bytes())?;
            let signature = text.sign(key);
            Ok(Signed { header: signature.to_string(), digest: text.digest(), signature, body: json })
        })
        .collect()
}
