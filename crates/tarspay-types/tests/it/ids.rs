//! Identifiers: checked texts that numbers may stand in for.

use std::str::FromStr;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;
use tarspay_types::{Balance, Decode, ErrorKind, MerchantNo, MerchantOrderNo, PayOrderId, TrxId, Utr};

use crate::support::{whole_text, written};

#[test]
fn documented_identifiers_are_kept() {
    for text in ["M1688443086", "80002", "E0000000020231214031156667989769", "SÉRNHG OODS12", "a b"] {
        let number: MerchantNo = text.parse().unwrap();
        assert_eq!(number.as_str(), text);
        assert_eq!(number.as_ref(), text);
        assert_eq!(number.to_string(), text);
        assert_eq!(String::from(number.clone()), text);
        assert_eq!(written(&number), text);
        assert_eq!(format!("{number:?}"), format!("MerchantNo({text:?})"));
    }
    assert_eq!(MerchantOrderNo::new("x".repeat(128)).unwrap().as_str().len(), 128);
}

#[test]
fn refusals_name_the_identifier_and_the_rule() {
    let cases = [
        ("", ErrorKind::Empty),
        (" M1", ErrorKind::SurroundingBlank),
        ("M1 ", ErrorKind::SurroundingBlank),
        ("\u{a0}M1", ErrorKind::SurroundingBlank),
        (" ", ErrorKind::SurroundingBlank),
        ("M\n1", ErrorKind::ControlCharacter),
        ("M1\r", ErrorKind::ControlCharacter),
        ("M\u{0}", ErrorKind::ControlCharacter),
        ("M\u{7f}", ErrorKind::ControlCharacter),
        ("M\u{85}1", ErrorKind::ControlCharacter),
    ];
    for (text, kind) in cases {
        let error = MerchantOrderNo::new(text).unwrap_err();
        assert_eq!(error.kind(), kind, "{text:?}");
        assert!(error.to_string().starts_with("merchant order number "), "{error}");
    }
    let longer = "x".repeat(129);
    assert_eq!(PayOrderId::new(longer.as_str()).unwrap_err().kind(), ErrorKind::TooLong);
    assert_eq!(TrxId::try_from(longer.as_str()).unwrap_err().kind(), ErrorKind::TooLong);
    assert_eq!(Utr::try_from(longer).unwrap_err().kind(), ErrorKind::TooLong);
    // 43 characters, 129 bytes: the limit counts bytes.
    assert_eq!(Utr::new("€".repeat(43)).unwrap_err().kind(), ErrorKind::TooLong);
}

#[test]
fn whole_numbers_stand_for_their_text() {
    let number = "1184196902791413760";
    let from_number: MerchantOrderNo = serde_json::from_str(number).unwrap();
    assert_eq!(from_number.as_str(), number);
    let huge = "123456789012345678901234567890";
    assert_eq!(MerchantOrderNo::from_json(huge).unwrap().as_str(), huge);
    assert_eq!(written(&from_number), number);
}

#[test]
fn other_json_is_refused_without_its_value() {
    for json in ["null", "true", "1.5", "-1", "1e5", "[]", "{}", "\"\"", "\"secret\\n\"", "0123", "\"secret"]
    {
        let error = MerchantNo::from_json(json).unwrap_err();
        assert!(!whole_text(&error).contains("secret"), "{error:?}");
    }
}

#[test]
fn identifiers_are_read_more_leniently_than_they_are_made() {
    fn kept<T: Decode + Serialize + AsRef<str> + FromStr>(json: &str, text: &str) {
        let read = T::from_json(json).unwrap();
        assert_eq!((read.as_ref(), written(&read)), (text, json!(text)));
        assert!(text.parse::<T>().is_err(), "{text}");
    }
    let long = "1".repeat(129);
    for (json, text) in [
        ("\" M1 \"", " M1 "),
        ("\"M1\u{a0}\"", "M1\u{a0}"),
        ("\" \"", " "),
        (&json!(long).to_string(), &long),
        (&long, &long),
    ] {
        kept::<MerchantNo>(json, text);
        kept::<MerchantOrderNo>(json, text);
        kept::<PayOrderId>(json, text);
        kept::<TrxId>(json, text);
        kept::<Utr>(json, text);
    }
}

#[test]
fn models_are_refused_in_formats_that_lose_the_text_of_numbers() {
    let error = toml::from_str::<Balance>("availableAmount = 1\nfrozenAmount = 0").unwrap_err();
    assert!(!error.to_string().is_empty());
}

proptest! {
    #[test]
    fn any_text_is_kept_or_refused(text in any::<String>()) {
        match MerchantNo::new(text.as_str()) {
            Ok(number) => prop_assert_eq!(number.as_str(), text.as_str()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn every_identifier_survives_json(text in "[!-~]([ -~é€]{0,40}[!-~])?") {
        let number = TrxId::new(text.as_str()).unwrap();
        let json = serde_json::to_string(&number).unwrap();
        prop_assert_eq!(TrxId::from_json(&json).unwrap(), number);
    }

    #[test]
    fn every_text_without_control_characters_is_read_as_it_came(text in any::<String>()) {
        let read = PayOrderId::from_json(&json!(text).to_string());
        if text.is_empty() || text.chars().any(char::is_control) {
            prop_assert!(read.is_err());
        } else {
            let read = read.unwrap();
            prop_assert_eq!(read.as_str(), text.as_str());
            prop_assert_eq!(PayOrderId::from_json(&serde_json::to_string(&read).unwrap()).unwrap(), read);
        }
    }
}
