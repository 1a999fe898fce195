//! Amounts: exact text, order by value, arithmetic that never rounds.

use std::cmp::Ordering;
use std::collections::HashSet;

use proptest::prelude::*;
use tarspay_types::{Amount, Decode, ErrorKind};

use crate::support::{whole_text, written};

/// Any text that an amount accepts.
fn amount_text() -> impl Strategy<Value = String> {
    (1_usize..=28).prop_flat_map(|digits| {
        (0..digits).prop_flat_map(move |fraction| text_of(digits - fraction, fraction))
    })
}

fn text_of(whole: usize, fraction: usize) -> impl Strategy<Value = String> {
    let whole = if whole == 1 { "[0-9]".to_owned() } else { format!("[1-9][0-9]{{{}}}", whole - 1) };
    let fraction = if fraction == 0 { String::new() } else { format!("\\.[0-9]{{{fraction}}}") };
    proptest::string::string_regex(&format!("{whole}{fraction}")).unwrap()
}

/// 28 digits before and 28 after the point: an oracle that knows nothing of decimals.
fn aligned(text: &str) -> Vec<u8> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole:0>28}{fraction:0<28}").into_bytes()
}

/// Adds as on paper. The first digit is the carry.
fn paper_sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = left
        .iter()
        .zip(right)
        .rev()
        .map(|(left, right)| {
            let digit = left - b'0' + (right - b'0') + carry;
            carry = digit / 10;
            digit % 10 + b'0'
        })
        .collect();
    sum.push(carry + b'0');
    sum.reverse();
    sum
}

fn parse(text: &str) -> Amount {
    text.parse().unwrap()
}

#[test]
fn documented_amounts_keep_their_text() {
    for text in
        ["11713783", "100.00", "0", "0.00", "0.01", "6973", "1", "9999999999999999999999999999", "10.0"]
    {
        assert_eq!(parse(text).to_string(), text);
        assert_eq!(Amount::try_from(text).unwrap().to_string(), text);
    }
    let smallest = format!("0.{}1", "0".repeat(26));
    assert_eq!(parse(&smallest).to_string(), smallest);
}

#[test]
fn refusals_say_which_rule_was_broken() {
    let cases = [
        ("", ErrorKind::Empty),
        ("-1", ErrorKind::Negative),
        ("-0", ErrorKind::Negative),
        ("-", ErrorKind::Negative),
        ("+1", ErrorKind::NotDecimal),
        ("1e2", ErrorKind::NotDecimal),
        ("1E2", ErrorKind::NotDecimal),
        (" 1", ErrorKind::NotDecimal),
        ("1 ", ErrorKind::NotDecimal),
        ("1 000", ErrorKind::NotDecimal),
        ("1\n", ErrorKind::NotDecimal),
        (" ", ErrorKind::NotDecimal),
        (".", ErrorKind::NotDecimal),
        (".5", ErrorKind::NotDecimal),
        ("5.", ErrorKind::NotDecimal),
        ("1.2.3", ErrorKind::NotDecimal),
        ("1,5", ErrorKind::NotDecimal),
        ("1_000", ErrorKind::NotDecimal),
        ("007", ErrorKind::NotDecimal),
        ("00", ErrorKind::NotDecimal),
        ("00.5", ErrorKind::NotDecimal),
        ("0x10", ErrorKind::NotDecimal),
        ("NaN", ErrorKind::NotDecimal),
        ("inf", ErrorKind::NotDecimal),
        ("١٢", ErrorKind::NotDecimal),
        ("１２", ErrorKind::NotDecimal),
        ("10000000000000000000000000000", ErrorKind::TooManyDigits),
        ("79228162514264337593543950336", ErrorKind::TooManyDigits),
        ("0.0000000000000000000000000001", ErrorKind::TooManyDigits),
        ("1.0000000000000000000000000000", ErrorKind::TooManyDigits),
    ];
    for (text, kind) in cases {
        let error = Amount::parse(text).unwrap_err();
        assert_eq!(error.kind(), kind, "{text:?}");
        assert!(error.to_string().starts_with("amount "), "{error}");
    }
    assert_eq!(Amount::parse(&"9".repeat(1_000_000)).unwrap_err().kind(), ErrorKind::TooManyDigits);
}

#[test]
fn equality_and_hash_go_by_value() {
    assert_eq!(parse("100"), parse("100.00"));
    assert_eq!(parse("0"), parse("0.000"));
    assert_eq!(parse("0.00"), Amount::ZERO);
    assert_ne!(parse("100"), parse("100.01"));
    let same: HashSet<_> = ["100", "100.0", "100.00", "0", "0.0", "0.00"].map(parse).into();
    assert_eq!(same.len(), 2);
}

#[test]
fn whole_numbers_convert() {
    assert_eq!(Amount::from(u32::MAX).to_string(), "4294967295");
    assert_eq!(Amount::from(u64::MAX).to_string(), "18446744073709551615");
    assert_eq!(Amount::from(0_u32), Amount::ZERO);
}

#[test]
fn value_and_text_are_told_apart() {
    let amount = parse("100.00");
    assert!(amount.is_integer() && amount.fraction_digits() == 2);
    assert!(!parse("100.50").is_integer());
    assert_eq!(parse("100").fraction_digits(), 0);
    assert!(parse("0.00").is_zero() && !parse("0.01").is_zero());
}

#[test]
fn sums_keep_the_larger_scale() {
    let sum = |left: &str, right: &str| parse(left).checked_add(parse(right)).unwrap().to_string();
    assert_eq!(sum("1.00", "2"), "3.00");
    assert_eq!(sum("0", "2.50"), "2.50");
    assert_eq!(sum("0.000", "5"), "5.000");
    assert_eq!(sum("0", "0.00"), "0.00");
    assert_eq!(sum("0.1", "0.2"), "0.3");
    assert_eq!(sum("9.99", "0.01"), "10.00");
}

#[test]
fn arithmetic_beyond_the_limits_is_an_error() {
    let most = parse("9999999999999999999999999999");
    let add = |left: Amount, right: &str| left.checked_add(parse(right)).map_err(|error| error.kind());
    assert_eq!(add(most, "0"), Ok(most));
    assert_eq!(add(most, "1"), Err(ErrorKind::TooManyDigits));
    assert_eq!(add(most, "0.1"), Err(ErrorKind::TooManyDigits));
    assert_eq!(add(most, "0.000000000000000000000000001"), Err(ErrorKind::TooManyDigits));
    assert_eq!(most.checked_add(most).unwrap_err().kind(), ErrorKind::TooManyDigits);

    let subtract = |left: &str, right: &str| {
        parse(left).checked_sub(parse(right)).map(|rest| rest.to_string()).map_err(|error| error.kind())
    };
    assert_eq!(subtract("100.00", "0.5"), Ok("99.50".to_owned()));
    assert_eq!(subtract("1", "1.00"), Ok("0.00".to_owned()));
    assert_eq!(subtract("1", "1.01"), Err(ErrorKind::Negative));
    assert_eq!(subtract("0", "9999999999999999999999999999"), Err(ErrorKind::Negative));
    assert_eq!(
        subtract("9999999999999999999999999999", "0.000000000000000000000000001"),
        Err(ErrorKind::TooManyDigits)
    );
}

#[test]
fn formatting_never_shows_another_amount() {
    let amount = parse("12.345");
    assert_eq!(format!("{amount:.1}"), "12.345");
    assert_eq!(format!("{amount:>8}"), "  12.345");
    assert_eq!(format!("{amount:?}"), "Amount(12.345)");
    assert_eq!(format!("{amount:.1?}"), "Amount(12.345)");
}

#[test]
fn json_is_a_string_or_a_bare_number_with_its_own_text() {
    let cases = [
        ("\"100.00\"", "100.00"),
        ("100.00", "100.00"),
        ("0.10", "0.10"),
        ("11713783", "11713783"),
        ("9999999999999999999999999999", "9999999999999999999999999999"),
        ("0.1000000000000000055511151", "0.1000000000000000055511151"),
        (" 7 ", "7"),
        ("\"\\u0031.50\"", "1.50"),
    ];
    for (json, text) in cases {
        let amount: Amount = serde_json::from_str(json).unwrap();
        assert_eq!(amount.to_string(), text, "{json}");
        assert_eq!(written(&amount), text);
    }
}

#[test]
fn json_of_other_kinds_is_refused_without_its_value() {
    let cases = [
        "null",
        "true",
        "[1]",
        "{}",
        "\"\"",
        "-5",
        "\"-5\"",
        "1e-28",
        "1e30",
        "1e",
        "\"1,600.00\"",
        "\"secret\"",
        "\"1.\"",
        "\"007\"",
        "\" 1\"",
        "007",
        "12abc",
        "",
        "\"\\ud800\"",
    ];
    for json in cases {
        let error = Amount::from_json(json).unwrap_err();
        assert!(!whole_text(&error).contains("secret"), "{error:?}");
        assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
    }
}

proptest! {
    #[test]
    fn text_in_is_text_out(text in amount_text()) {
        let amount = parse(&text);
        prop_assert_eq!(amount.to_string(), text.as_str());
        prop_assert_eq!(written(&amount), text.as_str());
        prop_assert_eq!(Amount::from_json(&text).unwrap().to_string(), text.as_str());
        prop_assert_eq!(Amount::from_json(&format!("\"{text}\"")).unwrap().to_string(), text.as_str());
    }

    #[test]
    fn order_is_that_of_the_digits(left in amount_text(), right in amount_text()) {
        let expected = aligned(&left).cmp(&aligned(&right));
        prop_assert_eq!(parse(&left).cmp(&parse(&right)), expected);
        prop_assert_eq!(parse(&left) == parse(&right), expected == Ordering::Equal);
    }

    #[test]
    fn zeros_at_the_end_change_nothing_but_the_text(whole in 0_u64.., zeros in 1_usize..8) {
        let longer = parse(&format!("{whole}.{}", "0".repeat(zeros)));
        prop_assert_eq!(longer, Amount::from(whole));
        let set: HashSet<_> = [longer, Amount::from(whole)].into();
        prop_assert_eq!(set.len(), 1);
    }

    #[test]
    fn sums_are_exact_or_errors(left in amount_text(), right in amount_text()) {
        let expected = paper_sum(&aligned(&left), &aligned(&right));
        let scale = parse(&left).fraction_digits().max(parse(&right).fraction_digits());
        let whole_digits = expected[..29].iter().skip_while(|digit| **digit == b'0').count().max(1);
        match parse(&left).checked_add(parse(&right)) {
            Ok(sum) => {
                prop_assert_eq!(&aligned(&sum.to_string()), &expected[1..]);
                prop_assert_eq!(expected[0], b'0');
                prop_assert_eq!(sum.fraction_digits(), scale);
                prop_assert_eq!(sum.checked_sub(parse(&right)).unwrap(), parse(&left));
            }
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::TooManyDigits);
                prop_assert!(whole_digits + usize::try_from(scale).unwrap() > Amount::MAX_DIGITS);
            }
        }
    }

    #[test]
    fn an_exponent_moves_the_point(digits in 0_u64..1_000_000_000, places in 0_usize..18) {
        let read = |json: String| Amount::from_json(&json).unwrap().to_string();
        let more = if digits == 0 { "0".to_owned() } else { format!("{digits}{}", "0".repeat(places)) };
        prop_assert_eq!(read(format!("{digits}E+{places}")), more);
        let padded = format!("{digits:0width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        let point = if places == 0 { "" } else { "." };
        prop_assert_eq!(read(format!("\"{digits}e-{places}\"")), format!("{whole}{point}{fraction}"));
    }

    #[test]
    fn any_text_is_kept_or_refused(text in any::<String>()) {
        if let Ok(amount) = Amount::parse(&text) {
            prop_assert_eq!(amount.to_string(), text);
        }
    }

    #[test]
    fn text_like_an_amount_is_kept_or_refused(text in "[-+0-9.eE ]{0,34}") {
        if let Ok(amount) = Amount::parse(&text) {
            prop_assert_eq!(amount.to_string(), text);
        }
    }
}

#[test]
fn minor_units_go_in_and_out_exactly() {
    for (minor, digits, text) in [(1500, 2, "15.00"), (1500, 0, "1500"), (5, 3, "0.005"), (0, 2, "0.00")] {
        let amount = Amount::from_minor(minor, digits).unwrap();
        assert_eq!((amount.to_string(), amount.to_minor(digits)), (text.to_owned(), Some(minor)));
        assert_eq!(Amount::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Amount::parse("15.0000").unwrap().to_minor(2), Some(1500));
    assert_eq!(Amount::parse("15.001").unwrap().to_minor(2), None);
    assert_eq!(Amount::from(u64::MAX).to_minor(1), None);
    assert_eq!(Amount::from(1_u8).to_minor(u32::MAX), None);
    assert_eq!(Amount::from_minor(1, 27).unwrap().fraction_digits(), 27);
    for digits in [28, 29, u32::MAX] {
        assert_eq!(Amount::from_minor(1, digits).unwrap_err().kind(), ErrorKind::TooManyDigits);
    }
}

#[test]
fn sums_and_products_are_exact_or_refused() {
    let amount = |text| Amount::parse(text).unwrap();
    assert_eq!(Amount::checked_sum([]).unwrap().to_string(), "0");
    assert_eq!(Amount::checked_sum([amount("1.5"), amount("2.25")]).unwrap().to_string(), "3.75");
    assert_eq!(amount("1.50").checked_mul(3).unwrap().to_string(), "4.50");
    assert_eq!(amount("1.50").checked_mul(0).unwrap().to_string(), "0.00");
    let most = amount("9999999999999999999999999999");
    assert_eq!(Amount::checked_sum([most, amount("1")]).unwrap_err().kind(), ErrorKind::TooManyDigits);
    assert_eq!(most.checked_mul(2).unwrap_err().kind(), ErrorKind::TooManyDigits);
}

#[test]
fn decimals_and_integers_convert_exactly() {
    use rust_decimal::Decimal;
    let decimal: Decimal = "100.00".parse().unwrap();
    let amount = Amount::try_from(decimal).unwrap();
    assert_eq!((amount.to_string(), Decimal::from(amount).scale()), ("100.00".to_owned(), 2));
    assert_eq!(Amount::try_from(-Decimal::ZERO).unwrap().to_string(), "0");
    assert_eq!(Amount::try_from(-decimal).unwrap_err().kind(), ErrorKind::Negative);
    for refused in [Decimal::MAX, Decimal::new(1, 28)] {
        assert_eq!(Amount::try_from(refused).unwrap_err().kind(), ErrorKind::TooManyDigits);
    }
    assert_eq!(Amount::try_from(100).unwrap(), Amount::from(100_u16));
    assert_eq!(Amount::try_from(-1_i64).unwrap_err().kind(), ErrorKind::Negative);
}

#[test]
fn a_whole_amount_is_made_by_request_alone() {
    let amount = Amount::parse("500.00").unwrap();
    assert_eq!(amount.to_string(), "500.00");
    assert_eq!(amount.to_whole().unwrap().to_string(), "500");
    assert_eq!(Amount::parse("0.00").unwrap().to_whole().unwrap().to_string(), "0");
    assert_eq!(Amount::parse("500.50").unwrap().to_whole(), None);
}
