//! What a market asks of a request, as a schema that applies to requests in its currency.

use super::super::markets::{presence, words};
use super::{NOT_BLANK, mark, text};
use serde_json::{Map, Value, json};
use tarspay_types::Direction;
use tarspay_types::market::{ALL, Certainty, Field, Format, Market, Offer, Presence, Standing, Way};

/// What every market requires, whatever its own page says.
const REQUIRED: &[&str] = &["mchOrderNo", "wayCode", "currency", "amount", "notifyUrl"];

/// The schemas of all markets that say something about deposits or withdrawals, with their names.
pub(super) fn schemas(direction: Direction) -> Vec<(String, Value)> {
    let rules = ALL.iter().filter_map(|market| {
        let offer = match direction {
            Direction::Deposit => market.deposit(),
            Direction::Withdrawal => market.withdrawal(),
        };
        let says_nothing = offer.ways().is_empty() && offer.fields().is_empty() && offer.notes().is_empty();
        let currency = market.currency().filter(|_| !says_nothing)?;
        let name = format!("{}{}Rules", capital(market.key()), name(direction));
        Some((name, schema(market, currency.as_str(), offer)))
    });
    rules.collect()
}

/// `Deposit` or `Withdrawal`.
pub(super) fn name(direction: Direction) -> String {
    capital(direction.as_str())
}

fn capital(key: &str) -> String {
    key[..1].to_uppercase() + &key[1..]
}

fn schema(market: &Market, currency: &str, offer: &Offer) -> Value {
    let mut words = vec![format!("{}. The same as tables: {}.", market.name(), market.reference())];
    if !offer.vendor_pages().is_empty() {
        words.push(format!("Source: {}.", offer.vendor_pages()));
    }
    words.extend(market.notes().iter().chain(offer.notes()).map(|note| (*note).to_owned()));
    let mut properties = Map::new();
    for field in offer.fields() {
        properties.insert(field.name().to_owned(), property(field));
    }
    let of_currency = properties.entry("currency").or_insert_with(|| json!({}));
    of_currency["const"] = json!(currency);
    of_currency["x-certainty"] = json!(mark(market.currency_certainty()));
    if !offer.ways().is_empty() {
        let any_other = json!({ "description": "Any other: the set is open." });
        let ways: Value = offer.ways().iter().map(way).chain([any_other]).collect();
        properties.entry("wayCode").or_insert_with(|| json!({ "x-certainty": "doc" }))["anyOf"] = ways;
    }
    let mut then = json!({ "properties": properties });
    let required = offer.fields().iter().filter(|field| field.presence() == Presence::Required);
    let required: Vec<_> = required.map(Field::name).collect();
    if !required.is_empty() {
        then["required"] = json!(required);
    }
    let conditions: Vec<Value> = offer.fields().iter().filter_map(condition).collect();
    if !conditions.is_empty() {
        then["allOf"] = json!(conditions);
    }
    json!({
        "type": "object",
        "additionalProperties": true,
        "description": words.join(" "),
        "if": { "properties": { "currency": { "const": currency } }, "required": ["currency"] },
        "then": then,
    })
}

/// Whether a broken form refuses: only what the vendor says, of a field that is required.
fn refuses(field: &Field) -> bool {
    matches!(field.certainty(), Certainty::Documented | Certainty::ProvenBySignature)
}

fn property(field: &Field) -> Value {
    let mut words = words(field);
    if field.presence() != Presence::NotDocumented {
        words.insert(0, format!("required: {}", presence(field)));
    }
    let mut property = json!({ "x-certainty": mark(field.certainty()) });
    if !words.is_empty() {
        property["description"] = json!(text(&words.join("; ")));
    }
    if let Some(example) = field.example() {
        let is_integer = field.format() == Some(Format::Integer);
        let number = || example.parse::<i64>().ok().map(Value::from);
        property["examples"] = json!([is_integer.then(number).flatten().unwrap_or_else(|| json!(example))]);
    }
    let is_required = field.presence() == Presence::Required || REQUIRED.contains(&field.name());
    let form = field.format().filter(|_| is_required && refuses(field)).and_then(pattern);
    // The general schema has a form of the amount already.
    let is_plain = is_required && field.name() != "amount";
    if let Some(pattern) = form.or_else(|| is_plain.then(|| NOT_BLANK.to_owned())) {
        property["pattern"] = json!(pattern);
    }
    property
}

/// What is asked of a field with one way only.
fn condition(field: &Field) -> Option<Value> {
    let Presence::RequiredWith(way) = field.presence() else { return None };
    let form = field.format().filter(|_| refuses(field)).and_then(pattern);
    let pattern = form.unwrap_or_else(|| NOT_BLANK.to_owned());
    Some(json!({
        "if": { "properties": { "wayCode": { "const": way } }, "required": ["wayCode"] },
        "then": { "properties": { field.name(): { "pattern": pattern } }, "required": [field.name()] },
    }))
}

/// The form as a regular expression of ECMA-262.
fn pattern(format: Format) -> Option<String> {
    Some(match format {
        Format::Digits { prefix, count, .. } => format!("^{prefix}[0-9]{{{}}}$", count - prefix.len()),
        Format::StartsWith(prefix) => format!("^{prefix}"),
        Format::DigitsOnly | Format::WholeAmount => "^[0-9]+$".to_owned(),
        Format::Email => "^[^@]+@.".to_owned(),
        _ => return None,
    })
}

fn way(way: &Way) -> Value {
    let standing = match way.standing() {
        Standing::NotOpen => "not open at present",
        Standing::OnAnotherPage => "only on an older or foreign page",
        _ => "",
    };
    let words = [way.meaning(), way.note(), standing].into_iter().filter(|words| !words.is_empty());
    let words = words.collect::<Vec<_>>().join("; ");
    let mut schema = json!({
        "const": way.code(), "description": text(&words), "x-certainty": mark(way.certainty()),
    });
    for (name, limit) in [("x-minimum", way.minimum()), ("x-maximum", way.maximum())] {
        if let Some(limit) = limit {
            schema[name] = json!(limit);
        }
    }
    schema
}
