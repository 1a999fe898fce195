//! What can be done to a JSON object.

use super::target::MAX_BODY;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// JSON in place of a member: all types, and what is at their limits.
pub(super) fn values() -> impl Strategy<Value = String> {
    let fixed = select(vec![
        "null",
        "true",
        "false",
        "0",
        "-1",
        "-0.0",
        "1e400",
        "1E-400",
        "12345678901234567890123456789012345",
        "0.1",
        "9223372036854775808",
        "-9223372036854775809",
        "[]",
        "{}",
        "[1,[2,{\"a\":null}]]",
        "{\"\":{\"\":\"\"}}",
        "\"\"",
        "\" \"",
        "\"0\"",
        "\"-1\"",
        "\"1e5\"",
        "\"0.00000000000000000000000001\"",
        "\"٣\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\ud83d\\ude00\"",
        "\"a\\r\\nX-Api-Key: b\"",
        "\"'; DROP TABLE orders; --\"",
        "\"%00\"",
        "\"9999999999999999999999999999\"",
        "\"http://[::1]:0/\"",
        "\"http://127.0.0.1:99999/\"",
        "\"http://\\u0000/\"",
        "01",
        "+1",
        "NaN",
        "'a'",
        "\"\u{7f}\"",
        "\"\\x\"",
    ]);
    prop_oneof![
        6 => fixed.prop_map(str::to_owned),
        1 => (1_usize..3000).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
        1 => (1_usize..3000).prop_map(|depth| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth)),
        1 => (1_usize..5000).prop_map(|length| format!("\"{}\"", "x".repeat(length))),
        1 => (1_usize..500).prop_map(|length| "9".repeat(length)),
        1 => "\\PC{0,20}".prop_map(|text| json!(text).to_string()),
    ]
}

/// What is done to a JSON object.
#[derive(Clone, Debug)]
pub(super) enum Spoil {
    Nothing,
    Replace(Index, String),
    Remove(Index),
    /// The same name twice, with different values.
    Double(Index, String),
    Rename(Index, String),
    Truncate(Index),
    Byte(Index, u8),
    /// Something else instead.
    Whole(String),
    /// Spaces after it, to just below, at and above the limit of a body.
    Pad(isize),
}

pub(super) fn spoils() -> impl Strategy<Value = Spoil> {
    let at = any::<Index>;
    prop_oneof![
        1 => Just(Spoil::Nothing),
        8 => (at(), values()).prop_map(|(at, value)| Spoil::Replace(at, value)),
        2 => at().prop_map(Spoil::Remove),
        2 => (at(), values()).prop_map(|(at, value)| Spoil::Double(at, value)),
        1 => (at(), "\\PC{0,40}").prop_map(|(at, name)| Spoil::Rename(at, name)),
        1 => at().prop_map(Spoil::Truncate),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Spoil::Byte(at, byte)),
        1 => values().prop_map(Spoil::Whole),
        1 => (-1_isize..=1).prop_map(Spoil::Pad),
    ]
}

pub(super) fn spoilt(body: &Value, spoil: &Spoil) -> Vec<u8> {
    let members = body.as_object().unwrap();
    let mut texts: Vec<_> =
        members.iter().map(|(name, value)| (json!(name).to_string(), value.to_string())).collect();
    let count = texts.len().max(1);
    match spoil {
        Spoil::Replace(at, value) => {
            if let Some(member) = texts.get_mut(at.index(count)) {
                member.1.clone_from(value);
            }
        }
        Spoil::Remove(at) => drop(texts.drain(at.index(count)..).next()),
        Spoil::Double(at, value) => {
            if let Some((name, _)) = texts.get(at.index(count)).cloned() {
                texts.push((name, value.clone()));
            }
        }
        Spoil::Rename(at, name) => {
            if let Some(member) = texts.get_mut(at.index(count)) {
                member.0 = json!(name).to_string();
            }
        }
        _ => {}
    }
    let texts: Vec<_> = texts.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let mut bytes = format!("{{{}}}", texts.join(",")).into_bytes();
    match spoil {
        Spoil::Truncate(at) => bytes.truncate(at.index(bytes.len())),
        Spoil::Byte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Spoil::Whole(text) => bytes = text.clone().into_bytes(),
        Spoil::Pad(more) => bytes.resize(MAX_BODY.saturating_add_signed(*more), b' '),
        _ => {}
    }
    bytes
}
