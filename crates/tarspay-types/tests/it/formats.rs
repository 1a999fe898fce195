//! Scalars in other formats than JSON, and the impls that all values of a family share.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use serde::de::value::{Error as ValueError, F64Deserializer, StrDeserializer, U64Deserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use tarspay_types::{
    Amount, BizType, CountryCode, Currency, Direction, ErrorCode, MerchantNo, MerchantOrderNo, NotifyUrl,
    OrderState, PayDataType, PayOrderId, PrivateText, ReturnUrl, TrxId, UnixSeconds, Utr, WayCode,
};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    number: MerchantOrderNo,
    amount: Amount,
    state: OrderState,
    currency: Currency,
    direction: Direction,
    notify_url: NotifyUrl,
    name: PrivateText,
    at: UnixSeconds,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flattened {
    id: u32,
    #[serde(flatten)]
    row: Row,
}

const TOML: &str = r#"
number = 1184196902791413760
amount = "100.00"
state = 9
currency = "KES"
direction = "withdrawal"
notify_url = "https://shop.example/notify"
name = "A"
at = 1659320053
"#;

#[test]
fn scalars_are_read_from_toml() {
    let row: Row = toml::from_str(TOML).unwrap();
    assert_eq!((row.number.as_str(), row.amount.to_string()), ("1184196902791413760", "100.00".to_owned()));
    assert_eq!((row.state, row.direction), (OrderState::PARTLY_PAID, Direction::Withdrawal));
    assert_eq!(row.at, UnixSeconds::new(1_659_320_053));
}

#[test]
fn scalars_are_read_in_a_flattened_struct_and_from_a_json_value() {
    let row: Row = toml::from_str(TOML).unwrap();
    let flattened = Flattened { id: 7, row };
    let json = serde_json::to_string(&flattened).unwrap();
    assert_eq!(serde_json::from_str::<Flattened>(&json).unwrap(), flattened);
    let with_a_number = json.replace("\"100.00\"", "100");
    assert_eq!(serde_json::from_str::<Flattened>(&with_a_number).unwrap(), flattened);
    let value = serde_json::to_value(&flattened).unwrap();
    assert_eq!(serde_json::from_value::<Flattened>(value).unwrap(), flattened);
}

#[test]
fn a_bare_json_number_keeps_its_text() {
    #[derive(Deserialize)]
    struct Price {
        amount: Amount,
    }
    let price: Price = serde_json::from_str(r#"{"amount": 100.00}"#).unwrap();
    assert_eq!(price.amount.to_string(), "100.00");
}

#[test]
fn what_is_not_exact_or_no_scalar_is_refused_without_its_value() {
    let refuse = |toml: &str| toml::from_str::<Row>(toml).unwrap_err().message().to_owned();
    for (good, bad) in [
        ("\"100.00\"", "731.25"),
        ("\"100.00\"", "-731"),
        ("= 9", "= true"),
        ("\"KES\"", "5731"),
        ("\"withdrawal\"", "\"w731\""),
        ("\"A\"", "{ a = 731 }"),
        ("1659320053", "-731"),
        ("\"https://shop.example/notify\"", "\"shop731\""),
    ] {
        assert!(TOML.contains(good));
        let message = refuse(&TOML.replace(good, bad));
        assert!(!message.contains("731"), "{message}");
    }
    let float: F64Deserializer<ValueError> = 1.5.into_deserializer();
    assert!(Amount::deserialize(float).is_err());
}

/// As a web framework reads a part of a path.
fn from_path<T: DeserializeOwned>(text: &str) -> T {
    let part: StrDeserializer<'_, ValueError> = text.into_deserializer();
    T::deserialize(part).unwrap()
}

fn family<T>(text: &str)
where
    T: FromStr + TryFrom<String> + AsRef<str> + Into<String> + Serialize + DeserializeOwned + Clone,
    T: for<'a> TryFrom<&'a str> + PartialEq + Debug,
{
    let value: T = from_path(text);
    assert_eq!(value.as_ref(), text);
    assert_eq!(text.parse().ok(), Some(value.clone()));
    assert_eq!(T::try_from(text).ok(), Some(value.clone()));
    assert_eq!(T::try_from(text.to_owned()).ok(), Some(value.clone()));
    assert_eq!(serde_json::to_value(&value).unwrap(), text);
    assert_eq!(Into::<String>::into(value), text);
}

fn shown_family<T>(text: &str)
where
    T: FromStr + TryFrom<String> + AsRef<str> + Into<String> + Serialize + DeserializeOwned + Clone,
    T: for<'a> TryFrom<&'a str> + PartialEq + Debug + Display,
{
    family::<T>(text);
    assert_eq!(from_path::<T>(text).to_string(), text);
}

#[test]
fn texts_of_a_family_have_the_same_impls() {
    shown_family::<MerchantNo>("M1");
    shown_family::<MerchantOrderNo>("D1");
    shown_family::<PayOrderId>("P1");
    shown_family::<TrxId>("T1");
    shown_family::<Utr>("22");
    shown_family::<Currency>("KES");
    shown_family::<CountryCode>("ke");
    shown_family::<WayCode>("CASHIER");
    shown_family::<PayDataType>("payurl");
    // Private ones have no `Display`.
    family::<NotifyUrl>("https://shop.example/notify");
    family::<ReturnUrl>("myshop://return");
    family::<PrivateText>("A");
}

#[test]
fn codes_convert_from_and_to_integers() {
    let code: U64Deserializer<ValueError> = 2_u64.into_deserializer();
    assert_eq!(OrderState::deserialize(code).unwrap(), OrderState::SUCCESS);
    assert_eq!(from_path::<OrderState>("2"), OrderState::SUCCESS);
    assert_eq!((i64::from(BizType::DEPOSIT), ErrorCode::from(7)), (1, ErrorCode::from_code(7)));
}

#[test]
fn a_direction_is_a_plain_text() {
    for (direction, text, biz_type) in [
        (Direction::Deposit, "deposit", BizType::DEPOSIT),
        (Direction::Withdrawal, "withdrawal", BizType::WITHDRAWAL),
    ] {
        assert_eq!((direction.to_string(), text.parse().ok()), (text.to_owned(), Some(direction)));
        assert_eq!(serde_json::to_value(direction).unwrap(), text);
        assert_eq!(from_path::<Direction>(text), direction);
        assert_eq!(BizType::from(direction), biz_type);
        assert_eq!(Direction::try_from(biz_type).ok(), Some(direction));
    }
    for text in ["", "Deposit", "1", "withdraw"] {
        assert!(text.parse::<Direction>().is_err(), "{text}");
    }
    assert!(Direction::try_from(BizType::from_code(3)).is_err());
}
