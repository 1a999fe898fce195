//! Fuzz target: callbacks, the request of every call, amounts and addresses, as a gateway or a receiver reads them.

use super::examples::EXAMPLES;
use super::spellings::are_mixed;
use std::fmt::Debug;
use tarspay_types::market::bangladesh::{ReprocessingRequest, TransactionQuery};
use tarspay_types::market::brazil::{CertificateQuery, DepositByTrxIdQuery};
use tarspay_types::market::india::TransferByUtrQuery;
use tarspay_types::{
    Amount, BalanceQuery, Callback, Decode, DepositRequest, Members, MerchantOrderNo, NotifyUrl, Request,
    WithMerchant, WithdrawalRequest,
};

pub(crate) fn run(bytes: &[u8]) {
    same_again::<Callback>(bytes);
    request::<BalanceQuery>(bytes);
    request::<DepositRequest>(bytes);
    request::<WithdrawalRequest>(bytes);
    same_again::<WithMerchant<Members>>(bytes);
    request::<CertificateQuery>(bytes);
    request::<DepositByTrxIdQuery>(bytes);
    request::<TransactionQuery>(bytes);
    request::<ReprocessingRequest>(bytes);
    request::<TransferByUtrQuery>(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        values(text);
    }
}

fn same_again<T: Decode + serde::Serialize + Eq + Debug>(bytes: &[u8]) -> Option<T> {
    let model = T::from_slice(bytes).ok()?;
    let written = serde_json::to_string(&model).expect("what was read can be written");
    let again = T::from_json(&written).expect("what was written can be read");
    assert!(again == model || are_mixed(bytes), "{model:?} is read again as {again:?}");
    assert_eq!(serde_json::to_string(&again).ok(), Some(written), "writing again changes something");
    Some(model)
}

/// What is sent is what passed the check, and is read as the same request.
fn request<R: Request + Decode + Eq + Debug>(bytes: &[u8]) {
    same_again::<R>(bytes);
    let Some(WithMerchant { merchant_no, request, .. }) = same_again::<WithMerchant<R>>(bytes) else {
        return;
    };
    match request.body(&merchant_no) {
        Ok(body) => {
            assert!(request.check().is_ok(), "sent against the check");
            let body = serde_json::to_vec(&body).expect("a body is JSON");
            let sent = WithMerchant::<R>::from_slice(&body).expect("a body that is sent can be read");
            assert_eq!(sent, WithMerchant::new(merchant_no, request));
        }
        Err(error) => assert_eq!(error.to_string().find(char::is_control), None, "unfit for a log"),
    }
}

fn values(text: &str) {
    if let Ok(amount) = Amount::parse(text) {
        assert_eq!(amount.to_string(), text, "the text of an amount is kept");
        assert!(Amount::parse(&amount.to_string()).is_ok_and(|again| again == amount));
    }
    if let Ok(number) = MerchantOrderNo::new(text) {
        assert_eq!(number.as_str(), text);
    }
    if let Ok(url) = NotifyUrl::new(text) {
        assert_eq!(url.as_str(), text);
        assert_eq!(text.find(char::is_control), None, "an address that breaks a line");
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let odd = ["100.00", "0", "79228162514264337593543950335", "https://shop.example/n?a=1", "T-2024_01"];
    let odd = odd.map(|text| text.as_bytes().to_vec());
    EXAMPLES.iter().map(|json| json.to_vec()).chain(odd).collect()
}
