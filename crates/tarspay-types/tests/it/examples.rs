//! The documentation's own example bodies, every file of `tests/data`.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use tarspay_types::market::LookupStatus;
use tarspay_types::market::bangladesh::{
    Reprocessing, ReprocessingRequest, Submission, Transaction, TransactionQuery,
};
use tarspay_types::market::brazil::{CertificateQuery, DepositByTrxIdQuery};
use tarspay_types::market::india::TransferByUtrQuery;
use tarspay_types::{
    Amount, Balance, BalanceQuery, Callback, Currency, Decode, DecodeErrorKind, Deposit, DepositRequest,
    Envelope, ErrorKind, Members, MerchantOrderNo, Order, OrderQuery, OrderState, PayDataType, Request,
    ReturnUrl, UnixSeconds, WithMerchant, WithdrawalRequest,
};

use crate::support::written;

/// The examples whose amount is a placeholder, so that they cannot be read as a request.
const WITHOUT_AMOUNT: &[&str] = &["mexico-deposit-request", "philippines-deposit-request"];

fn again<T: Decode + Serialize>(json: &[u8]) -> Value {
    written(&T::from_slice(json).unwrap())
}

/// Reads a request as a server does, and on its own; checks that it could be sent, unless it is a placeholder.
fn request<R: Request + Decode + std::fmt::Debug>(name: &str, json: &[u8]) -> Value {
    if WITHOUT_AMOUNT.contains(&name) {
        let error = R::from_slice(json).unwrap_err();
        assert_eq!((error.path(), error.kind()), ("amount", DecodeErrorKind::Unreadable), "{name}");
        return again::<WithMerchant<Members>>(json);
    }
    let alone = R::from_slice(json).unwrap();
    if name == "brazil-certificate-request" {
        // Its numbers are empty.
        let error = alone.check().unwrap_err();
        assert_eq!((error.what(), error.kind()), ("mchOrderNo", ErrorKind::Unusable));
        let error = WithMerchant::<R>::from_slice(json).unwrap_err();
        assert_eq!((error.path(), error.kind()), ("mchNo", DecodeErrorKind::Unreadable));
        return written(&alone);
    }
    alone.check().unwrap();
    assert_eq!(written(&alone), serde_json::from_slice::<Value>(json).unwrap(), "{name}");
    let received = WithMerchant::<R>::from_slice(json).unwrap();
    if let Ok(body) = received.request.body(&received.merchant_no) {
        assert_eq!(written(&body.unwrap()), written(&received), "what is sent is what was read: {name}");
    }
    written(&received)
}

/// A query for a withdrawal, which is made from its number.
fn query(json: &[u8]) -> Value {
    let WithMerchant { merchant_no, request, .. } = WithMerchant::<Members>::from_slice(json).unwrap();
    let number = MerchantOrderNo::from_json(request.get("mchOrderNo").unwrap()).unwrap();
    written(&WithMerchant::new(merchant_no, OrderQuery::withdrawal(number)))
}

#[test]
fn every_example_is_read_and_written_with_the_same_members() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let json = fs::read(&path).unwrap();
        let written = match name.split_once('-').unwrap() {
            (_, "balance-request") => request::<BalanceQuery>(name, &json),
            (_, "balance-response") => again::<Envelope<Balance>>(&json),
            (_, "deposit-request" | "deposit-old-request" | "deposit-inr-request") => {
                request::<DepositRequest>(name, &json)
            }
            (_, "deposit-response") => again::<Envelope<Deposit>>(&json),
            (_, "withdraw-request") => request::<WithdrawalRequest>(name, &json),
            (_, "withdraw-query-request") => query(&json),
            (_, "withdraw-query-response") => again::<Envelope<Order>>(&json),
            (_, "certificate-request") => request::<CertificateQuery>(name, &json),
            ("brazil", "trxid-query-request") => request::<DepositByTrxIdQuery>(name, &json),
            ("bangladesh", "trxid-query-request") => request::<TransactionQuery>(name, &json),
            ("bangladesh", "trxid-query-response") => again::<Envelope<Transaction>>(&json),
            (_, "trxid-reprocess-request") => request::<ReprocessingRequest>(name, &json),
            (_, "trxid-reprocess-response") => again::<Envelope<Reprocessing>>(&json),
            (_, "trxid-submit-response") => again::<Envelope<Submission>>(&json),
            (_, "utr-query-request") => request::<TransferByUtrQuery>(name, &json),
            (_, "callback") => again::<Callback>(&json),
            _ => panic!("no type is known for {name}"),
        };
        assert_eq!(written, serde_json::from_slice::<Value>(&json).unwrap(), "{name}");
        count += 1;
    }
    assert_eq!(count, 39);
}

fn response<T: Decode>(json: &[u8]) -> T {
    Envelope::<T>::from_slice(json).unwrap().into_result().unwrap()
}

#[test]
fn examples_leave_nothing_over() {
    let balance: Balance = response(include_bytes!("../data/brazil-balance-response.json"));
    assert!(balance.extra.is_empty() && balance.available_amount.to_string() == "11713783");
    for callback in [
        &include_bytes!("../data/brazil-callback.json")[..],
        include_bytes!("../data/egypt-callback.json"),
        include_bytes!("../data/india-callback.json"),
    ] {
        let callback = Callback::from_slice(callback).unwrap();
        assert!(callback.extra.is_empty() && callback.currency.unwrap().is_known());
    }
    for json in [
        &include_bytes!("../data/india-deposit-response.json")[..],
        include_bytes!("../data/kenya-deposit-response.json"),
        include_bytes!("../data/malaysia-deposit-response.json"),
    ] {
        let deposit: Deposit = response(json);
        let ways = deposit.pay_ways.unwrap();
        assert!(deposit.extra.is_empty() && ways.extra.is_empty());
        assert!(ways.iter().all(|way| way.extra.is_empty()));
    }
    let order: Order = response(include_bytes!("../data/kenya-withdraw-query-response.json"));
    assert!(order.extra.is_empty());
    let found: Transaction = response(include_bytes!("../data/bangladesh-trxid-query-response.json"));
    assert!(found.extra.is_empty() && found.status == LookupStatus::FAILED);
    let again: Reprocessing = response(include_bytes!("../data/bangladesh-trxid-reprocess-response.json"));
    assert!(again.extra.is_empty() && !again.status.is_success());
    let submitted: Submission = response(include_bytes!("../data/bangladesh-trxid-submit-response.json"));
    assert_eq!(submitted, Submission::new());
}

#[test]
fn a_documented_deposit_response_is_read() {
    let deposit: Deposit = response(include_bytes!("../data/malaysia-deposit-response.json"));
    assert_eq!(deposit.pay_order_id.unwrap().as_str(), "P1553919495852986369");
    assert_eq!(deposit.merchant_order_no.unwrap().as_str(), "D1659318251029");
    assert_eq!(deposit.state, Some(OrderState::PROCESSING));
    assert_eq!((deposit.amount, deposit.currency), (Some(Amount::from(130_u32)), Some(Currency::MYR)));
    assert_eq!(deposit.expires_at, Some(UnixSeconds::new(1_659_320_053)));
    assert_eq!(deposit.pay_data_type, Some(PayDataType::PAY_URL));
    assert_eq!(deposit.pay_data, None);
    let ways = deposit.pay_ways.unwrap();
    let [way] = ways.group("PFX") else { panic!("{ways:?}") };
    assert_eq!((way.kind.as_deref(), way.skip_mode, way.id), (Some("bank"), Some(2), None));
    assert!(ways.group("UPI").is_empty());
}

#[test]
fn documented_requests_leave_nothing_over() {
    for json in [
        &include_bytes!("../data/egypt-deposit-request.json")[..],
        include_bytes!("../data/india-deposit-request.json"),
        include_bytes!("../data/kenya-deposit-old-request.json"),
        include_bytes!("../data/korea-deposit-request.json"),
    ] {
        assert!(WithMerchant::<DepositRequest>::from_slice(json).unwrap().request.extra.is_empty());
    }
    let json = include_bytes!("../data/india-deposit-request.json");
    let request = WithMerchant::<DepositRequest>::from_slice(json).unwrap().request;
    assert_eq!(request.return_url, Some(ReturnUrl::EMPTY), "an empty text is kept");
    let json = include_bytes!("../data/india-withdraw-request.json");
    assert!(WithMerchant::<WithdrawalRequest>::from_slice(json).unwrap().request.extra.is_empty());
}
