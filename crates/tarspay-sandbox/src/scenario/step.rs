//! A step of a scenario: an action on an order, and its time after the creation.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;
use tarspay_types::{Amount, BizType, TrxId};

/// The latest that a step can be: a sandbox is not run for longer.
const LATEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// The member `after`, and those of the action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub(crate) struct Step {
    /// On the sandbox's clock.
    pub(crate) after: Duration,
    pub(crate) action: Action,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Action {
    Open {},
    Pay {},
    /// Either `amount` or `percent` of the whole.
    PayPartially {
        #[serde(skip_serializing_if = "Option::is_none")]
        amount: Option<Amount>,
        #[serde(skip_serializing_if = "Option::is_none")]
        percent: Option<u8>,
    },
    Fail {
        #[serde(default = "no_reason")]
        reason: String,
    },
    Reject {
        #[serde(default = "no_reason")]
        reason: String,
    },
    Refund {},
    Expire {},
    /// Of all that was asked for, and by the reference that the merchant has submitted, unless told otherwise.
    RecordTransfer {
        #[serde(skip_serializing_if = "Option::is_none")]
        amount: Option<Amount>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<TrxId>,
    },
}

fn no_reason() -> String {
    "a scenario wants it so".to_owned()
}

impl TryFrom<Map<String, Value>> for Step {
    type Error = String;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, String> {
        const WRONG_TIME: &str = "`after` must be a time such as \"0s\", \"3m\" or \"1h 30m\"";
        let after = members.remove("after").ok_or("`after` is missing")?;
        let after =
            after.as_str().and_then(|after| humantime::parse_duration(after).ok()).ok_or(WRONG_TIME)?;
        if after > LATEST {
            return Err("`after` must be at most 366 days".to_owned());
        }
        let name = members.get("do").and_then(Value::as_str).unwrap_or_default().to_owned();
        let read = serde_json::from_value(Value::Object(members));
        let action: Action = read.map_err(|error| match error.to_string() {
            error if name.is_empty() || error.starts_with("unknown variant") => format!("`do`: {error}"),
            error => format!("{name}: {error}"),
        })?;
        if let Action::PayPartially { amount: Some(amount), .. }
        | Action::RecordTransfer { amount: Some(amount), .. } = &action
            && amount.is_zero()
        {
            return Err("`amount` must be above zero".to_owned());
        }
        match &action {
            Action::PayPartially { amount: None, percent: Some(0 | 100..) } => {
                Err("`percent` must be from 1 to 99".to_owned())
            }
            Action::PayPartially { amount: None, percent: None }
            | Action::PayPartially { amount: Some(_), percent: Some(_) } => {
                Err("pay_partially takes either `amount` or `percent`".to_owned())
            }
            _ => Ok(Self { after, action }),
        }
    }
}

impl From<Step> for Map<String, Value> {
    fn from(step: Step) -> Self {
        let mut members = step.action.members();
        members.insert("after".to_owned(), humantime::format_duration(step.after).to_string().into());
        members
    }
}

impl Action {
    fn members(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            // An enum with a tag is an object.
            _ => Map::new(),
        }
    }

    /// The direction of the orders to which it can happen, if it is one alone.
    pub(super) fn direction(&self) -> Option<BizType> {
        match self {
            Self::Open {} | Self::PayPartially { .. } | Self::Expire {} | Self::RecordTransfer { .. } => {
                Some(BizType::DEPOSIT)
            }
            Self::Reject { .. } => Some(BizType::WITHDRAWAL),
            Self::Pay {} | Self::Fail { .. } | Self::Refund {} => None,
        }
    }
}

/// As in `pay after 3m`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.action.members();
        let action = members.get("do").and_then(Value::as_str).unwrap_or_default();
        write!(f, "{action} after {}", humantime::format_duration(self.after))
    }
}
