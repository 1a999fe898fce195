//! Scenarios: what happens to an order, defined as data before the order exists.

mod step;

pub(crate) use step::{Action, Step};

use crate::error::{Error, ErrorKind};
use crate::fault::Fault;
use crate::order::{Order, direction_name};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;
use tarspay_types::{Amount, BizType, Currency, MerchantNo, WayCode, market};

/// The most steps, and the most faults, of a scenario.
const MOST: usize = 100;

/// The longest text of a scenario, in bytes. The shipped ones have less than a thousandth.
const MAX_BYTES: usize = 1024 * 1024;

/// The longest name, in characters.
const NAME: usize = 64;

/// What happens to the orders that it takes: steps at times after their creation, and faults of their calls and callbacks.
///
/// It is a TOML file, or a JSON object with the same members. [`Sandbox::play`](crate::Sandbox::play) has it take orders
/// from then on; what it plans for an order is written together with the order, and done by the sandbox's
/// [clock](crate::Sandbox::clock), also after a restart. A step that is not possible any more, because something else has
/// happened to the order, is skipped, and the event log says so.
///
/// ```
/// use tarspay_sandbox::Scenario;
///
/// let scenario = Scenario::parse(
///     r#"
///     name = "rejected-after-lunch"
///     description = "The bank turns a withdrawal down after an hour."
///
///     [orders]
///     direction = "withdrawal" # all members are optional; see docs/sandbox.md for the others
///
///     [[steps]]
///     after = "1h"
///     do = "reject"
///     reason = "account closed"
///     "#,
/// )?;
/// assert_eq!(scenario.name(), "rejected-after-lunch");
/// assert!(Scenario::shipped_ones().count() >= 10);
/// # Ok::<(), tarspay_sandbox::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Scenario {
    name: String,
    description: String,
    orders: Orders,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<PlannedFault>,
}

/// As it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    name: String,
    description: String,
    #[serde(default)]
    orders: Orders,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    faults: Vec<PlannedFault>,
}

impl TryFrom<Unchecked> for Scenario {
    type Error = String;

    fn try_from(it: Unchecked) -> Result<Self, String> {
        let Unchecked { name, description, orders, steps, faults } = it;
        let is_plain = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '-');
        if name.is_empty() || name.len() > NAME || !name.chars().all(is_plain) {
            return Err(format!("`name` must be of a-z, 0-9 and -, and of at most {NAME} characters"));
        }
        if description.trim().is_empty() || description.chars().any(is_unprintable) {
            return Err("`description` must be one line that says what happens".to_owned());
        }
        if steps.len() > MOST || faults.len() > MOST {
            return Err(format!("there must be at most {MOST} `steps` and {MOST} `faults`"));
        }
        if steps.is_empty() && faults.is_empty() {
            return Err("there must be `steps` or `faults`: nothing would happen".to_owned());
        }
        for (number, step) in (1..).zip(&steps) {
            if let Some(needed) = step.action.direction()
                && orders.direction() != Some(needed)
            {
                let direction = direction_name(needed);
                return Err(format!(
                    "`{step}`, number {number} of the steps, is only for orders of one direction; put direction = \"{direction}\" into `orders`"
                ));
            }
        }
        Ok(Self { name, description, orders, steps, faults })
    }
}

/// Whether a terminal would not show it as it is: control characters, and those that change direction or line.
fn is_unprintable(character: char) -> bool {
    character.escape_debug().len() > 1 && !matches!(character, '"' | '\'' | '\\')
}

impl Scenario {
    /// Reads a scenario in TOML.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidScenario`] with line and column, the member, and what is allowed there. No value of the text
    /// is repeated: a key that was taken for a scenario must not come out.
    pub fn parse(toml: &str) -> Result<Self, Error> {
        if toml.len() > MAX_BYTES {
            return Err(invalid(format!("a scenario has at most {MAX_BYTES} bytes")));
        }
        toml::from_str(toml).map_err(|error| {
            let before = error.span().and_then(|span| toml.get(..span.start)).unwrap_or_default();
            let line = 1 + before.matches('\n').count();
            let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
            invalid(format_args!("line {line}, column {column}: {}", without_values(error.message())))
        })
    }

    /// Reads a scenario in JSON, with the same members.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidScenario`].
    pub fn parse_json(json: &str) -> Result<Self, Error> {
        if json.len() > MAX_BYTES {
            return Err(invalid(format!("a scenario has at most {MAX_BYTES} bytes")));
        }
        serde_json::from_str(json).map_err(|error| invalid(without_values(&error.to_string())))
    }

    /// The one of this name that comes with the sandbox.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownScenario`] with the names that there are. A name that looks like a key is not repeated.
    pub fn shipped(name: &str) -> Result<Self, Error> {
        Self::shipped_ones().find(|scenario| scenario.name == name).ok_or_else(|| {
            let names: Vec<_> = Self::shipped_ones().map(|scenario| scenario.name).collect();
            let names = names.join(", ");
            Error::new(
                ErrorKind::UnknownScenario,
                format!("{} does not come with the sandbox; there are {names}", called(name)),
            )
        })
    }

    /// All that come with the sandbox, by their names.
    pub fn shipped_ones() -> impl Iterator<Item = Self> {
        // A test reads each of them.
        SHIPPED.iter().filter_map(|toml| Self::parse(toml).ok())
    }

    /// Its name: of a-z, 0-9 and hyphens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One line that says what happens.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether it takes an order, after this many others.
    pub(crate) fn takes(&self, order: &Order, taken: u64) -> bool {
        self.orders.fit(order, taken)
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(crate) fn faults(&self) -> &[PlannedFault] {
        &self.faults
    }
}

/// Which orders a scenario takes: those that match every member that is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Orders {
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "currency")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "way_code")]
    way_code: Option<WayCode>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "merchant_no")]
    merchant_no: Option<MerchantNo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_order_no_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "amount")]
    amount: Option<Amount>,
    /// How many it takes in all.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "first")]
    first: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Deposit,
    Withdrawal,
}

impl Orders {
    fn direction(&self) -> Option<BizType> {
        self.direction.map(|direction| match direction {
            Direction::Deposit => BizType::DEPOSIT,
            Direction::Withdrawal => BizType::WITHDRAWAL,
        })
    }

    /// Whether an order matches, after this many others were taken.
    fn fit(&self, order: &Order, taken: u64) -> bool {
        fn fits<T: PartialEq>(wanted: Option<&T>, found: &T) -> bool {
            wanted.is_none_or(|wanted| wanted == found)
        }
        self.first.is_none_or(|first| taken < first)
            && fits(self.direction().as_ref(), &order.direction)
            && fits(self.currency.as_ref(), &order.currency)
            && fits(self.way_code.as_ref(), &order.way_code)
            && fits(self.merchant_no.as_ref(), &order.merchant_no)
            && fits(self.amount.as_ref(), &order.amount)
            && self
                .merchant_order_no_prefix
                .as_ref()
                .is_none_or(|prefix| order.merchant_order_no.as_str().starts_with(prefix))
    }
}

fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Currency>, D::Error> {
    let currency = text("currency", deserializer)?;
    match &currency {
        Some(known) if market::by_currency(known).is_none() => {
            Err(wrong("currency", "no market has it; see docs/markets.md"))
        }
        _ => Ok(currency),
    }
}

fn way_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<WayCode>, D::Error> {
    text("way_code", deserializer)
}

fn merchant_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MerchantNo>, D::Error> {
    text("merchant_no", deserializer)
}

fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
    text("amount", deserializer)
}

fn first<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    match Option::deserialize(deserializer)? {
        Some(0) => Err(wrong("first", "must be at least 1")),
        first => Ok(first),
    }
}

/// A text that its own type reads.
fn text<'de, T, D>(member: &str, deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(|error| wrong(member, error))).transpose()
}

fn wrong<E: serde::de::Error>(member: &str, why: impl fmt::Display) -> E {
    E::custom(format_args!("`{member}` of `orders`: {why}"))
}

/// The members of a fault that choose calls and orders have no place in a scenario.
const FOREIGN: &[&str] = &["path", "merchant_order_no", "after_commit", "chance_percent", "seed"];

/// The members of a fault as the control API reads them, and `call`. A fault of a call applies after its commit: before
/// it there is no order that it could belong to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub(crate) struct PlannedFault {
    members: Map<String, Value>,
    /// The calls that it applies to; `None`: all that name the order.
    call: Option<CallOfOrder>,
    pub(crate) fault: Fault,
}

#[derive(Clone, Copy, Debug)]
enum CallOfOrder {
    Create,
    Query,
}

impl TryFrom<Map<String, Value>> for PlannedFault {
    type Error = String;

    fn try_from(members: Map<String, Value>) -> Result<Self, String> {
        if let Some(name) = FOREIGN.iter().find(|name| members.contains_key(**name)) {
            return Err(format!("`{name}` has no place in a fault of a scenario, which is about one order"));
        }
        let mut rest = members.clone();
        let call = match rest.remove("call") {
            None => None,
            Some(Value::String(call)) if call == "create" => Some(CallOfOrder::Create),
            Some(Value::String(call)) if call == "query" => Some(CallOfOrder::Query),
            Some(_) => return Err("`call` must be create or query".to_owned()),
        };
        let fault = Fault::try_from(rest)?;
        if call.is_some() && fault.is_of_callbacks() {
            return Err("`call` is of no use to a fault of callbacks".to_owned());
        }
        Ok(Self { members, call, fault: fault.after_commit() })
    }
}

impl From<PlannedFault> for Map<String, Value> {
    fn from(fault: PlannedFault) -> Self {
        fault.members
    }
}

impl PartialEq for PlannedFault {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl PlannedFault {
    pub(crate) fn applies_to_call(&self, path: &str) -> bool {
        !self.fault.is_of_callbacks()
            && match self.call {
                None => true,
                Some(CallOfOrder::Create) => path.ends_with("/unifiedOrder"),
                Some(CallOfOrder::Query) => path == "/api/payInInfo" || path == "/api/payOutInfo",
            }
    }
}

/// Our names have no word as long as a key, in bytes.
const LONGEST_WORD: usize = 40;

/// A scenario by the name that a caller gave it, which can be a key by mistake.
pub(crate) fn called(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric());
    if words.into_iter().any(|word| word.len() > LONGEST_WORD) {
        return "a scenario of this name (not repeated, as it may be a key)".to_owned();
    }
    format!("scenario {name:?}")
}

/// A message of serde without what was found: what is wrong with it, a member by its name, and what is allowed.
fn without_values(message: &str) -> String {
    const FOUND: &[&str] = &["unknown field ", "unknown variant ", "invalid type: ", "invalid value: "];
    let is_name =
        |text: &str| text.len() <= 40 && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_'));
    let mut text = message.to_owned();
    if let Some(at) = FOUND.iter().filter_map(|kind| message.find(kind)).min() {
        let (before, found) = message.split_at(at);
        let allowed = [", expected ", ", there are no "].iter().filter_map(|word| found.rfind(word)).max();
        let (found, allowed) = found.split_at(allowed.unwrap_or(found.len()));
        let mut parts = found.splitn(3, ['`', '"']);
        let kind = parts.next().unwrap_or_default().trim_end();
        let name = parts.next().filter(|name| kind == "unknown field" && is_name(name));
        let name = name.map(|name| format!(" `{name}`")).unwrap_or_default();
        text = format!("{before}{kind}{name}{allowed}");
    }
    let words = text.split_inclusive(|character: char| !character.is_ascii_alphanumeric());
    let shown: String = words.map(|word| if word.len() <= LONGEST_WORD { word } else { "…" }).collect();
    shown
        .chars()
        .map(|it| if is_unprintable(it) { it.escape_debug().to_string() } else { it.into() })
        .collect()
}

fn invalid(reason: impl fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidScenario, format!("the scenario cannot be used: {reason}"))
}

/// By their names.
const SHIPPED: &[&str] = &[
    include_str!("../scenarios/callback-duplicated.toml"),
    include_str!("../scenarios/callback-forged.toml"),
    include_str!("../scenarios/callback-high-s.toml"),
    include_str!("../scenarios/callback-lost-twice.toml"),
    include_str!("../scenarios/callbacks-reordered.toml"),
    include_str!("../scenarios/gateway-error-page.toml"),
    include_str!("../scenarios/gateway-slow.toml"),
    include_str!("../scenarios/nobody-pays.toml"),
    include_str!("../scenarios/paid-after-expiry.toml"),
    include_str!("../scenarios/paid-at-once.toml"),
    include_str!("../scenarios/paid-later.toml"),
    include_str!("../scenarios/partial-then-paid.toml"),
    include_str!("../scenarios/partial-then-refund.toml"),
    include_str!("../scenarios/partial-twice-then-paid.toml"),
    include_str!("../scenarios/payment-fails.toml"),
    include_str!("../scenarios/response-lost.toml"),
    include_str!("../scenarios/state-unknown.toml"),
    include_str!("../scenarios/withdrawal-fails.toml"),
    include_str!("../scenarios/withdrawal-paid.toml"),
    include_str!("../scenarios/withdrawal-rejected.toml"),
    include_str!("../scenarios/withdrawal-returned.toml"),
];

#[cfg(test)]
mod tests {
    use super::{SHIPPED, Scenario};

    #[test]
    fn every_shipped_scenario_can_be_read_and_the_names_are_in_order() {
        let names: Vec<_> =
            SHIPPED.iter().map(|toml| Scenario::parse(toml).unwrap().name().to_owned()).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(names.contains(&name), "{name} is shipped");
        }
    }

    #[test]
    fn a_scenario_is_the_same_after_the_way_through_json() {
        for scenario in Scenario::shipped_ones() {
            let json = serde_json::to_string(&scenario).unwrap();
            assert_eq!(Scenario::parse_json(&json).unwrap(), scenario, "{json}");
        }
    }
}
