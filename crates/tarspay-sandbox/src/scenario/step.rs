//! A step of a scenario: an action on an order, and its time after the creation.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use tarspay_types::{Amount, BizType, TrxId};

/// The latest that a step can be: a sandbox is not run for longer.
const LATEST: Duration = Duration::from_secs(366 * 24 * 3600);

const NO_REASON: &str = "a scenario wants it so";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub(crate) struct Step {
    /// On the sandbox's clock.
    pub(crate) after: Duration,
    pub(crate) action: Action,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Open,
    Pay,
    PayPartially(Part),
    Fail(String),
    Reject(String),
    Refund,
    Expire,
    /// Of all that was asked for, and by the reference that the merchant has submitted, unless told otherwise.
    RecordTransfer {
        amount: Option<Amount>,
        reference: Option<TrxId>,
    },
}

/// What is paid in part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Part {
    Amount(Amount),
    Percent(u8),
}

/// As it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    after: String,
    #[serde(rename = "do")]
    verb: Verb,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Open,
    Pay,
    PayPartially,
    Fail,
    Reject,
    Refund,
    Expire,
    RecordTransfer,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pay => "pay",
            Self::PayPartially => "pay_partially",
            Self::Fail => "fail",
            Self::Reject => "reject",
            Self::Refund => "refund",
            Self::Expire => "expire",
            Self::RecordTransfer => "record_transfer",
        }
    }

    /// The members that go with it.
    fn members(self) -> &'static [&'static str] {
        match self {
            Self::Open | Self::Pay | Self::Refund | Self::Expire => &[],
            Self::PayPartially => &["amount", "percent"],
            Self::Fail | Self::Reject => &["reason"],
            Self::RecordTransfer => &["amount", "reference"],
        }
    }
}

impl TryFrom<Unchecked> for Step {
    type Error = String;

    fn try_from(it: Unchecked) -> Result<Self, String> {
        let after = humantime::parse_duration(&it.after).map_err(|error| {
            format!("`after` must be a time such as \"0s\", \"3m\" or \"1h 30m\": {error}")
        })?;
        if after > LATEST {
            return Err("`after` must be at most 366 days".to_owned());
        }
        let allowed = it.verb.members();
        for (name, is_there) in [
            ("amount", it.amount.is_some()),
            ("percent", it.percent.is_some()),
            ("reason", it.reason.is_some()),
            ("reference", it.reference.is_some()),
        ] {
            if is_there && !allowed.contains(&name) {
                let verb = it.verb.name();
                let known = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
                return Err(format!("`{name}` is of no use to {verb}, which takes {known}"));
            }
        }
        let amount = it.amount.as_deref().map(positive).transpose()?;
        let reason = it.reason.unwrap_or_else(|| NO_REASON.to_owned());
        let action = match it.verb {
            Verb::Open => Action::Open,
            Verb::Pay => Action::Pay,
            Verb::PayPartially => Action::PayPartially(match (amount, it.percent) {
                (Some(amount), None) => Part::Amount(amount),
                (None, Some(percent @ 1..=99)) => Part::Percent(percent),
                (None, Some(_)) => return Err("`percent` must be from 1 to 99".to_owned()),
                _ => return Err("pay_partially takes either `amount` or `percent`".to_owned()),
            }),
            Verb::Fail => Action::Fail(reason),
            Verb::Reject => Action::Reject(reason),
            Verb::Refund => Action::Refund,
            Verb::Expire => Action::Expire,
            Verb::RecordTransfer => Action::RecordTransfer {
                amount,
                reference: it
                    .reference
                    .map(TrxId::new)
                    .transpose()
                    .map_err(|error| format!("`reference` cannot be used: {error}"))?,
            },
        };
        Ok(Self { after, action })
    }
}

impl From<Step> for Unchecked {
    fn from(step: Step) -> Self {
        let after = humantime::format_duration(step.after).to_string();
        let verb = step.action.verb();
        let mut it = Self { after, verb, amount: None, percent: None, reason: None, reference: None };
        match step.action {
            Action::PayPartially(Part::Amount(amount)) => it.amount = Some(amount.to_string()),
            Action::PayPartially(Part::Percent(percent)) => it.percent = Some(percent),
            Action::Fail(reason) | Action::Reject(reason) => it.reason = Some(reason),
            Action::RecordTransfer { amount, reference } => {
                it.amount = amount.map(|amount| amount.to_string());
                it.reference = reference.map(|reference| reference.as_str().to_owned());
            }
            Action::Open | Action::Pay | Action::Refund | Action::Expire => {}
        }
        it
    }
}

fn positive(text: &str) -> Result<Amount, String> {
    let amount = Amount::parse(text).map_err(|error| format!("`amount` cannot be used: {error}"))?;
    if amount.is_zero() { Err("`amount` must be above zero".to_owned()) } else { Ok(amount) }
}

impl Action {
    fn verb(&self) -> Verb {
        match self {
            Self::Open => Verb::Open,
            Self::Pay => Verb::Pay,
            Self::PayPartially(_) => Verb::PayPartially,
            Self::Fail(_) => Verb::Fail,
            Self::Reject(_) => Verb::Reject,
            Self::Refund => Verb::Refund,
            Self::Expire => Verb::Expire,
            Self::RecordTransfer { .. } => Verb::RecordTransfer,
        }
    }

    /// The direction of the orders to which it can happen, if it is one alone.
    pub(super) fn direction(&self) -> Option<BizType> {
        match self {
            Self::Open | Self::PayPartially(_) | Self::Expire | Self::RecordTransfer { .. } => {
                Some(BizType::DEPOSIT)
            }
            Self::Reject(_) => Some(BizType::WITHDRAWAL),
            Self::Pay | Self::Fail(_) | Self::Refund => None,
        }
    }
}

/// As in `pay after 3m`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {}", self.action.verb().name(), humantime::format_duration(self.after))
    }
}
