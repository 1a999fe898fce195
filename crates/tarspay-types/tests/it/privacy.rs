//! Nothing personal in any `Debug` or error text.

use std::fmt::Debug;

use serde::Serialize;
use serde_json::{Value, json};
use tarspay_types::market::bangladesh::{Reprocessing, Submission, Transaction};
use tarspay_types::market::brazil::{Certificate, DepositByTrxId};
use tarspay_types::market::india::TransferByUtr;
use tarspay_types::{
    Callback, Decode, Deposit, DepositRequest, Envelope, Order, PrivateText, RawJson, Request, WithMerchant,
    Withdrawal, WithdrawalRequest,
};

use crate::support::{whole_text, written};
use crate::{calls, responses};

const MARK: &str = "Zephyrine-4711";

/// Members that `Debug` may show: numbers of orders and transfers, codes, ways, pictures.
const SHOWN: &[&str] = &[
    "mchNo",
    "mchOrderNo",
    "payOrderId",
    "trxId",
    "utr",
    "currency",
    "countryCode",
    "wayCode",
    "payWay",
    "payWayType",
    "payWayLogo",
    "payDataType",
];

/// Puts the mark into every member, also the nested ones, that is not shown on purpose.
fn mark(json: &mut Value) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                if name.ends_with("Url") {
                    *value = json!(format!("https://shop.example/{MARK}?{MARK}#{MARK}"));
                } else if value.is_object() || value.is_array() {
                    mark(value);
                } else if value.is_string() && !SHOWN.contains(&name.as_str()) {
                    *value = json!(MARK);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mark),
        _ => {}
    }
}

fn hides<T: Decode + Serialize + Debug>(mut json: Value) {
    mark(&mut json);
    json["tomorrow"] = json!(MARK);
    let model = T::from_json(&json.to_string()).unwrap();
    assert!(written(&model).to_string().contains(MARK), "the mark is in the model");
    assert!(!format!("{model:?} {model:#?}").contains(MARK), "{model:?}");
    let envelope = json!({"code": 0, "data": json, "sign": "30"}).to_string();
    let envelope = Envelope::<T>::from_json(&envelope).unwrap();
    assert!(!format!("{envelope:?}").contains(MARK), "{envelope:?}");
}

#[test]
fn debug_of_a_response_shows_nothing_personal() {
    hides::<Deposit>(responses::deposit());
    hides::<Withdrawal>(responses::withdrawal());
    hides::<Order>(responses::order());
    hides::<DepositByTrxId>(responses::order());
    hides::<Transaction>(responses::bangladesh_trx());
    hides::<Reprocessing>(responses::reprocessed());
    hides::<TransferByUtr>(responses::utr());
    hides::<Callback>({
        let mut json = responses::callback();
        json["customerName"] = json!("x");
        json
    });
    hides::<Certificate>(json!({"name": "x"}));
    hides::<Submission>(json!({"name": "x"}));
}

#[test]
fn debug_of_a_request_shows_nothing_personal() {
    let url = format!("https://shop.example/{MARK}?{MARK}");
    let deposit = calls::deposit()
        .return_url(tarspay_types::ReturnUrl::new(url.clone()).unwrap())
        .customer_name(MARK)
        .customer_email(MARK)
        .customer_contact(MARK)
        .customer_account_number(MARK)
        .subject(MARK)
        .description(MARK)
        .attach(MARK)
        .with_extra("x", MARK)
        .unwrap();
    let withdrawal = calls::withdrawal()
        .customer_name(MARK)
        .customer_email(MARK)
        .customer_contact(MARK)
        .customer_account_number(MARK)
        .account_tax(MARK)
        .bank_name(MARK)
        .ifsc(MARK)
        .address(MARK)
        .wallet_id(MARK)
        .with_extra("x", MARK)
        .unwrap();
    let mut texts = vec![format!("{deposit:?} {deposit:#?} {withdrawal:?} {withdrawal:#?}")];
    let merchant = tarspay_types::MerchantNo::new("M1").unwrap();
    texts.push(format!("{:?} {:?}", deposit.body(&merchant), withdrawal.body(&merchant)));
    let mut json = written(&WithMerchant::new(merchant.clone(), deposit));
    json["notifyUrl"] = json!(url);
    texts.push(format!("{:?}", WithMerchant::<DepositRequest>::from_json(&json.to_string()).unwrap()));
    let json = written(&WithMerchant::new(merchant, withdrawal));
    texts.push(format!("{:?}", WithMerchant::<WithdrawalRequest>::from_json(&json.to_string()).unwrap()));
    for text in texts {
        assert!(text.contains("mchOrderNo") || text.contains("D1"), "{text}");
        assert!(!text.contains(MARK), "{text}");
    }
}

#[test]
fn errors_never_repeat_a_value() {
    let odd = json!({ MARK: 1 });
    for json in [json!({"state": odd}), json!({"status": odd}), json!({"payOrderId": odd})] {
        let json = json.to_string();
        for error in [
            Order::from_json(&json).unwrap_err(),
            TransferByUtr::from_json(&json).unwrap_err(),
            Reprocessing::from_json(&json).unwrap_err(),
            Callback::from_json(&json).unwrap_err(),
        ] {
            assert!(!whole_text(&error).contains(MARK));
        }
    }
    let mut stored = written(&calls::deposit());
    for (name, value) in [("mchOrderNo", format!("{MARK} ")), ("returnUrl", MARK.to_owned())] {
        stored[name] = json!(value);
        let request = DepositRequest::from_json(&stored.to_string()).unwrap();
        assert!(!whole_text(&request.check().unwrap_err()).contains(MARK));
    }
    stored["amount"] = json!(MARK);
    assert!(!whole_text(&DepositRequest::from_json(&stored.to_string()).unwrap_err()).contains(MARK));
    assert!(!whole_text(&calls::deposit().with_extra("amount", MARK).unwrap_err()).contains(MARK));
    assert!(!whole_text(&tarspay_types::NotifyUrl::new(MARK).unwrap_err()).contains(MARK));
}

#[test]
fn private_values_show_their_length_alone() {
    assert_eq!(format!("{:?}", PrivateText::new("é€")), "PrivateText(2 characters)");
    assert_eq!(format!("{:?}", RawJson::from_json(" [1, 2] ").unwrap()), "RawJson(6 bytes)");
    assert_eq!(PrivateText::from_json("17.50").unwrap().as_str(), "17.50");
    assert!(PrivateText::from_json("[]").is_err() && PrivateText::from_json("null").is_err());
}
