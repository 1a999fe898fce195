//! Scalars in other formats than JSON, and the impls that all values of a family share.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use serde::de::value::{
    Error as ValueError, F64Deserializer, MapDeserializer, StrDeserializer, U64Deserializer,
};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use tarspay_types::market::LookupStatus;
use tarspay_types::market::bangladesh::ReprocessStatus;
use tarspay_types::{
    Amount, BalanceAmount, BizType, CountryCode, Currency, Direction, ErrorCode, MerchantNo, MerchantOrderNo,
    NotifyUrl, OrderState, PayDataType, PayOrderId, PrivateText, ReturnUrl, TrxId, UnixSeconds, Utr, WayCode,
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
    let huge: Result<OrderState, ValueError> = OrderState::deserialize(u128::MAX.into_deserializer());
    assert!(!huge.unwrap_err().to_string().contains("340282"));
}

#[derive(Debug, PartialEq, Deserialize)]
struct Plain<T> {
    value: T,
    none: Option<T>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Around<T> {
    #[serde(flatten)]
    inside: Plain<T>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Untagged<T> {
    #[allow(dead_code, reason = "never matches: there to be tried first")]
    Other {
        other: T,
    },
    This(Plain<T>),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind")]
enum Tagged<T> {
    This(Plain<T>),
}

/// The value from each format in which it stands as this text, or as this integer.
fn is_read_everywhere<T: DeserializeOwned + PartialEq + Debug>(text: &str, integer: Option<u64>) {
    let expected = || Plain { value: from_path::<T>(text), none: None };
    let in_quotes = format!("{text:?}");
    for value in [Some(in_quotes), integer.map(|integer| integer.to_string())].into_iter().flatten() {
        let toml = format!("kind = \"This\"\nvalue = {value}");
        assert_eq!(toml::from_str::<Plain<T>>(&toml).unwrap(), expected());
        assert_eq!(toml::from_str::<Around<T>>(&toml).unwrap().inside, expected());
        assert_eq!(toml::from_str::<Untagged<T>>(&toml).unwrap(), Untagged::This(expected()));
        assert_eq!(toml::from_str::<Tagged<T>>(&toml).unwrap(), Tagged::This(expected()));
        let json = format!("{{\"kind\":\"This\",\"value\":{value},\"none\":null}}");
        assert_eq!(serde_json::from_str::<Plain<T>>(&json).unwrap(), expected());
        assert_eq!(serde_json::from_str::<Around<T>>(&json).unwrap().inside, expected());
        assert_eq!(serde_json::from_str::<Untagged<T>>(&json).unwrap(), Untagged::This(expected()));
        assert_eq!(serde_json::from_str::<Tagged<T>>(&json).unwrap(), Tagged::This(expected()));
        let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::from_value::<Plain<T>>(parsed).unwrap(), expected());
    }
    // As a web framework reads a query or a form.
    let query = MapDeserializer::<_, ValueError>::new([("value", text)].into_iter());
    assert_eq!(Plain::<T>::deserialize(query).unwrap(), expected());
    if let Some(integer) = integer {
        let by = |read: Result<T, ValueError>| assert_eq!(read.unwrap(), expected().value);
        by(T::deserialize(integer.into_deserializer()));
        by(T::deserialize(i64::try_from(integer).unwrap().into_deserializer()));
        by(T::deserialize(u128::from(integer).into_deserializer()));
        by(T::deserialize(i128::from(integer).into_deserializer()));
    }
}

#[test]
fn every_scalar_is_read_from_text_and_integers_of_any_format() {
    is_read_everywhere::<MerchantNo>("80002", Some(80002));
    is_read_everywhere::<MerchantOrderNo>("007", None);
    is_read_everywhere::<MerchantOrderNo>("7", Some(7));
    is_read_everywhere::<PayOrderId>("7", Some(7));
    is_read_everywhere::<TrxId>("7", Some(7));
    is_read_everywhere::<Utr>("7", Some(7));
    is_read_everywhere::<Amount>("100.00", Some(100));
    is_read_everywhere::<BalanceAmount>("-12.50", None);
    is_read_everywhere::<BalanceAmount>("3", Some(3));
    is_read_everywhere::<OrderState>("2", Some(2));
    is_read_everywhere::<BizType>("1", Some(1));
    is_read_everywhere::<ErrorCode>("-1", None);
    is_read_everywhere::<ErrorCode>("5003008", Some(5_003_008));
    is_read_everywhere::<LookupStatus>("1", Some(1));
    is_read_everywhere::<ReprocessStatus>("1", Some(1));
    is_read_everywhere::<UnixSeconds>("1659320053", Some(1_659_320_053));
    is_read_everywhere::<PrivateText>("254115555076", Some(254_115_555_076));
    is_read_everywhere::<Currency>("KES", None);
    is_read_everywhere::<CountryCode>("ke", None);
    is_read_everywhere::<WayCode>("CASHIER", None);
    is_read_everywhere::<PayDataType>("payurl", None);
    is_read_everywhere::<Direction>("deposit", None);
    is_read_everywhere::<NotifyUrl>("https://shop.example/notify", None);
    is_read_everywhere::<ReturnUrl>("", None);
}

#[test]
fn scalars_are_keys_of_maps() {
    let json = r#"{"KES":{"2":"1.50"},"BRA":{}}"#;
    let totals: BTreeMap<Currency, BTreeMap<OrderState, Amount>> = serde_json::from_str(json).unwrap();
    assert_eq!(totals[&Currency::KES][&OrderState::SUCCESS].to_string(), "1.50");
    assert_eq!(
        serde_json::to_value(&totals).unwrap(),
        serde_json::from_str::<serde_json::Value>(json).unwrap()
    );
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
