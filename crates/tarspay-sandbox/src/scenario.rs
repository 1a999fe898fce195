//! Scenarios: what happens to an order, written down as data before the order exists.

mod fault;
mod orders;
mod step;

pub(crate) use fault::PlannedFault;
pub(crate) use step::{Action, Part, Step};

use crate::{Error, ErrorKind, Order};
use orders::Orders;
use serde::{Deserialize, Serialize};
use std::fmt;
use tarspay_types::BizType;

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
        if description.trim().is_empty() || description.chars().any(char::is_control) {
            return Err("`description` must be one line that says what happens".to_owned());
        }
        if steps.len() > MOST || faults.len() > MOST {
            return Err(format!("there must be at most {MOST} `steps` and {MOST} `faults`"));
        }
        if steps.is_empty() && faults.is_empty() {
            return Err("there must be `steps` or `faults`: nothing would happen".to_owned());
        }
        for (number, step) in (1..).zip(&steps) {
            let needed = step.action.direction();
            if needed.is_some() && needed != orders.direction() {
                let direction = if needed == Some(BizType::WITHDRAWAL) { "withdrawal" } else { "deposit" };
                return Err(format!(
                    "`{step}`, number {number} of the steps, is for {direction}s alone; put direction = \"{direction}\" into `orders`"
                ));
            }
        }
        Ok(Self { name, description, orders, steps, faults })
    }
}

impl Scenario {
    /// Reads a scenario in TOML.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidScenario`] with the line, the member, and what is allowed there.
    pub fn parse(toml: &str) -> Result<Self, Error> {
        if toml.len() > MAX_BYTES {
            return Err(invalid(format!("a scenario has at most {MAX_BYTES} bytes")));
        }
        toml::from_str(toml).map_err(|error| invalid(error.to_string().trim_end()))
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
        serde_json::from_str(json).map_err(invalid)
    }

    /// The one of this name that comes with the sandbox.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownScenario`] with the names that there are.
    pub fn shipped(name: &str) -> Result<Self, Error> {
        Self::shipped_ones().find(|scenario| scenario.name == name).ok_or_else(|| {
            let names: Vec<_> = Self::shipped_ones().map(|scenario| scenario.name).collect();
            Error::new(
                ErrorKind::UnknownScenario,
                format!("no scenario {name:?} comes with the sandbox; there are {}", names.join(", ")),
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

    /// Whether it takes an order, after so many others.
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

fn invalid(reason: impl fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidScenario, format!("the scenario cannot be used: {reason}"))
}

/// By their names.
const SHIPPED: &[&str] = &[
    include_str!("../scenarios/answer-lost.toml"),
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
