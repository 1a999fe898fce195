//! The schemas of the document.

use super::wire::{Fact, Section};
use super::{CALLS, NOT_BLANK, mark, markets, reference};
use crate::shell::Failure;
use serde_json::{Map, Value, json};
use tarspay_types::market::bangladesh::ReprocessStatus;
use tarspay_types::market::{ALL, LookupStatus};
use tarspay_types::{BizType, CountryCode, Direction, ErrorCode, OrderState, PayDataType};

/// Where a member stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Request,
    /// The `data` of a response, or a callback.
    Response,
    /// An item of `payWays`.
    PayWay,
}

/// All schemas by their names.
pub(super) fn schemas(page: &str) -> Result<Map<String, Value>, Failure> {
    let mut schemas = scalars();
    for call in CALLS {
        let section = Section::find(page, call.section)?;
        if let Some(name) = call.request {
            schemas.insert(name.to_owned(), object(name, &section.facts("req")?, Place::Request));
        }
        if let Some(name) = call.data {
            let (items, members): (Vec<_>, _) =
                section.facts("data")?.into_iter().partition(|fact| fact.name.starts_with('.'));
            let schema = match &members[..] {
                [] => json!({ "description": "Not documented: anything." }),
                members => object(name, members, Place::Response),
            };
            schemas.insert(name.to_owned(), schema);
            if !items.is_empty() {
                schemas.insert("PayWay".to_owned(), object("PayWay", &items, Place::PayWay));
            }
        }
        let envelope = Section::find(page, "6")?.plain_facts("field")?;
        schemas.insert(accepted(call.data), accepted_envelope(&envelope, call.data));
    }
    schemas.insert("Refusal".to_owned(), refusal());
    let callback = Section::find(page, "10")?.facts("req")?;
    schemas.insert("Callback".to_owned(), object("Callback", &callback, Place::Response));
    for direction in [Direction::Deposit, Direction::Withdrawal] {
        let of_markets = markets::schemas(direction);
        let request = format!("{}Request", markets::name(direction));
        schemas[&request]["allOf"] = of_markets.iter().map(|(name, _)| reference(name)).collect();
        schemas.extend(of_markets);
    }
    Ok(schemas)
}

/// The name of the schema of a response with code 0.
pub(super) fn accepted(data: Option<&str>) -> String {
    format!("{}Response", data.unwrap_or("Submission"))
}

fn accepted_envelope(envelope: &[Fact<'_>], data: Option<&str>) -> Value {
    let mut schema = object("Envelope", envelope, Place::Response);
    schema["properties"]["code"]["const"] = json!(0);
    schema["required"] = json!(["code", "msg"]);
    if let Some(data) = data {
        schema["required"] = json!(["code", "msg", "data"]);
        schema["properties"]["data"]["$ref"] = reference(data)["$ref"].clone();
        schema["properties"]["data"].as_object_mut().map(|data| data.remove("type"));
    }
    schema
}

/// Our reading of what no page describes: only the code counts.
fn refusal() -> Value {
    json!({
        "type": "object",
        "description": "A refused call. No page has an example; `msg` and `data` can be missing or null.",
        "x-certainty": "ours",
        "properties": {
            "code": { "$ref": reference("ErrorCode")["$ref"], "not": { "const": 0 }, "x-certainty": "doc" },
            "msg": { "type": ["string", "null"], "description": "The reason in words.", "x-certainty": "doc" },
            "data": { "description": "Not documented.", "x-certainty": "ours" },
        },
        "required": ["code"],
        "additionalProperties": true,
    })
}

/// A header or a value in the path.
pub(super) fn parameter(place: &str, fact: &Fact<'_>) -> Value {
    // Our rule, so that a value can never become another path.
    let pattern = if place == "path" { "^[0-9A-Za-z]+$" } else { "^[0-9A-Fa-f]+$" };
    json!({
        "name": fact.name,
        "in": place,
        "required": true,
        "description": fact.words(),
        "schema": { "type": "string", "pattern": pattern },
        "x-certainty": fact.certainty(),
    })
}

/// The headers of a request, which no generator of clients can fill in: the signature depends on the body.
pub(super) fn headers(page: &str) -> Result<Value, Failure> {
    let facts = Section::find(page, "3")?.plain_facts("header")?;
    let signing =
        "How to make it: docs/signing.md. `tarspay proxy` adds all three headers to what passes through it.";
    let mut schemes = Map::new();
    for (scheme, header) in
        [("apiKey", "X-API-KEY"), ("apiNonce", "X-API-NONCE"), ("apiSignature", "X-API-SIGNATURE")]
    {
        let fact = facts.iter().find(|fact| fact.name.trim_matches('`') == header);
        let fact =
            fact.ok_or_else(|| Failure::new(format!("docs/wire.md: section 3 does not list {header}")))?;
        let scheme_of = json!({
            "type": "apiKey", "in": "header", "name": header,
            "description": format!("{} {signing}", fact.words()), "x-certainty": fact.certainty(),
        });
        schemes.insert(scheme.to_owned(), scheme_of);
    }
    Ok(schemes.into())
}

fn object(name: &str, facts: &[Fact<'_>], place: Place) -> Value {
    let mut properties = Map::new();
    for fact in facts {
        let member = fact.name.trim_start_matches('.');
        let property = property(name, member, fact, place);
        match properties.get_mut(member) {
            None => _ = properties.insert(member.to_owned(), property),
            // A member that two markets use for different things, which need not be equally certain.
            Some(first) => {
                let known = first["description"].as_str().unwrap_or_default().to_owned();
                let (words, mark) = (fact.words(), fact.certainty().unwrap_or_default());
                first["description"] = json!(format!("{known} {} `[{mark}]`.", words.trim_end_matches('.')));
            }
        }
    }
    let required: Vec<_> = facts.iter().filter(|fact| fact.is_required()).map(|fact| fact.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": true });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let one_of_two = facts.iter().filter(|fact| fact.is_one_of_two());
    let one_of_two: Vec<_> = one_of_two.map(|fact| json!({ "required": [fact.name] })).collect();
    if !one_of_two.is_empty() {
        schema["anyOf"] = json!(one_of_two);
    }
    if place == Place::Request {
        // What has a rule for signing.
        schema["additionalProperties"] =
            json!({ "type": ["string", "integer", "boolean"], "x-certainty": "ours" });
    }
    schema
}

fn property(schema: &str, member: &str, fact: &Fact<'_>, place: Place) -> Value {
    let can_be_null = fact.kind().ends_with(" or null");
    let kind = fact.kind().trim_end_matches(" or null").replace("number", "integer");
    let mut property = match scalar(schema, member, place) {
        Some(scalar) if can_be_null => json!({ "anyOf": [reference(scalar), { "type": "null" }] }),
        Some(scalar) => reference(scalar),
        None if can_be_null => json!({ "type": [kind, "null"] }),
        None if member == "payWays" => {
            json!({ "type": "object", "additionalProperties": { "type": "array", "items": reference("PayWay") } })
        }
        None => json!({ "type": kind }),
    };
    if !fact.words().is_empty() {
        property["description"] = json!(fact.words());
    }
    property["x-certainty"] = json!(fact.certainty());
    let must_not_be_blank = fact.is_required() || fact.is_one_of_two();
    let has_form = matches!(member, "amount" | "notifyUrl");
    if place == Place::Request && must_not_be_blank && !has_form {
        property["pattern"] = json!(NOT_BLANK);
    }
    property
}

/// The schema of the values that a member can have, where it is more than a type.
fn scalar(schema: &str, member: &str, place: Place) -> Option<&'static str> {
    Some(match member {
        "payWay" => "WayCode",
        "countryCode" => "CountryCode",
        _ if place == Place::PayWay => return None,
        "amount" if place == Place::Request => "Amount",
        "amount" | "orderAmount" | "payAmount" | "fee" | "availableAmount" | "frozenAmount" => {
            "ReceivedAmount"
        }
        "bizType" => "BizType",
        "currency" => "Currency",
        "notifyUrl" => "NotifyUrl",
        "orderState" | "state" => "OrderState",
        "payDataType" => "PayDataType",
        "returnUrl" => "ReturnUrl",
        "status" if schema == "Reprocessing" => "ReprocessStatus",
        "status" => "LookupStatus",
        "wayCode" => "WayCode",
        _ => return None,
    })
}

/// A known value of an open set: its name in programs, what it means, and how certain it is.
struct Known {
    value: Value,
    name: Option<&'static str>,
    meaning: String,
    certainty: &'static str,
}

/// An open set. Generators of clients read the values as one `enum`, beside any other value of their type, and names and
/// meanings in its order.
fn open(kind: &str, description: &str, known: impl Iterator<Item = Known>) -> Value {
    let known: Vec<Known> = known.collect();
    let mut values = json!({
        "type": kind,
        "enum": known.iter().map(|known| &known.value).collect::<Vec<_>>(),
        "x-enum-descriptions": known.iter().map(|known| &known.meaning).collect::<Vec<_>>(),
        "x-enum-certainty": known.iter().map(|known| known.certainty).collect::<Vec<_>>(),
    });
    if let Some(names) = known.iter().map(|known| known.name).collect::<Option<Vec<_>>>() {
        values["x-enum-varnames"] = json!(names);
    }
    let any_other = json!({ "type": kind, "description": "Any other: the set is open." });
    json!({ "type": kind, "description": description, "anyOf": [values, any_other] })
}

/// An open set of integers.
macro_rules! codes {
    ($type:ty, $description:literal) => {
        open(
            "integer",
            $description,
            <$type>::KNOWN.iter().map(|value| Known {
                value: json!(value),
                name: value.name(),
                meaning: value.meanings().join(", or "),
                certainty: "doc",
            }),
        )
    };
}

fn scalars() -> Map<String, Value> {
    let web = r"^[Hh][Tt][Tt][Pp][Ss]?://([^\s/?#]*@)?[^\s/?#@:]\S*$";
    let word = |value: Value, meaning: &str, certainty| Known {
        value,
        name: None,
        meaning: meaning.to_owned(),
        certainty,
    };
    let currencies = ALL.iter().filter_map(|market| {
        let certainty = mark(market.currency_certainty());
        Some(word(json!(market.currency()?), market.name(), certainty))
    });
    let countries = CountryCode::KNOWN.iter().map(|code| {
        let market = ALL.iter().find(|market| market.country_code() == Some(code));
        word(json!(code), market.map_or("", |market| market.name()), "doc")
    });
    let kinds = PayDataType::KNOWN.iter().map(|kind| word(json!(kind), "a page to send the payer to", "doc"));
    let scalars = [
        (
            "Amount",
            json!({
                "type": "string", "pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$", "examples": ["100", "100.00"],
                "description": "Decimal text in the main unit of the currency (rupee, real), never a number. \
                    It is signed and sent as it is written. Limits of a way are in the schemas of the markets.",
                "x-certainty": "ours",
            }),
        ),
        (
            "ReceivedAmount",
            json!({
                "type": "string", "examples": ["100", "100.00"],
                "description": "Decimal text in the main unit of the currency. Keep the text as it came.",
            }),
        ),
        (
            "NotifyUrl",
            json!({
                "type": "string", "pattern": web, "examples": ["https://shop.example/notify"],
                "description": "`http://` or `https://` and a host, without blanks.", "x-certainty": "ours",
            }),
        ),
        (
            "ReturnUrl",
            json!({
                "type": "string", "examples": ["https://shop.example/thanks"],
                "description": "As `notifyUrl`, or the link of an app with a scheme of its own, or empty.",
                "anyOf": [
                    { "const": "" },
                    reference("NotifyUrl"),
                    { "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$", "not": { "pattern": "^[Hh][Tt][Tt][Pp][Ss]?:" } },
                ],
                "x-certainty": "ours",
            }),
        ),
        (
            "WayCode",
            json!({
                "type": "string", "examples": ["CASHIER"],
                "description": "A payment method; case matters. Those of a market are in its schema.",
            }),
        ),
        ("BizType", codes!(BizType, "Which way the money goes.")),
        ("CountryCode", open("string", "Two letters, lower case.", countries)),
        ("Currency", open("string", "Three letters, one currency for each market.", currencies)),
        ("ErrorCode", codes!(ErrorCode, "Why a call was refused. 0: it was accepted.")),
        ("LookupStatus", codes!(LookupStatus, "What came of looking up a payment.")),
        (
            "OrderState",
            codes!(
                OrderState,
                "Where an order stands. The outcome is this alone, never the code or an amount."
            ),
        ),
        ("PayDataType", open("string", "What kind of payment data came. Take nothing for granted.", kinds)),
        (
            "ReprocessStatus",
            codes!(ReprocessStatus, "What came of reprocessing: 1 is success, anything else is not."),
        ),
    ];
    scalars.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
