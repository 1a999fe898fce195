//! Which path does what, by which method.

use super::input::{Input, decoded};
use super::refused::Refused;
use super::{callbacks, faults, merchants, orders, scenarios, shown, time};
use crate::Sandbox;
use axum::http::Method;
use serde_json::Value;

const CALLBACKS: &[&str] = &["pay_order_id", "after", "limit"];
const FEE: &[&str] = &["currency", "direction", "fixed", "basis_points"];

/// Does what a path stands for. The text is the second segment of the path.
pub(super) type Run = fn(&Sandbox, &str, &Input) -> Result<Value, Refused>;

/// What is waited for before.
#[derive(Clone, Copy)]
pub(super) enum First {
    Nothing,
    /// Callbacks that are due.
    Settle,
    /// Something that happens.
    Event,
}

#[derive(Clone, Copy)]
pub(super) struct Action {
    pub(super) run: Run,
    /// The names that its input may have.
    pub(super) members: &'static [&'static str],
    pub(super) first: First,
}

#[derive(Clone, Copy)]
pub(super) struct Resource {
    get: Option<Action>,
    post: Option<Action>,
}

impl Resource {
    pub(super) fn find(path: &[String]) -> Option<Self> {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        Some(match path[..] {
            ["health"] => get(&[], |sandbox, _, _| Ok(shown::health(sandbox))),

            ["merchants"] => get(&[], merchants::list),
            ["merchants", _] => get(&[], merchants::one),
            ["merchants", _, "keys"] => {
                post(&["public_key", "bound_ip", "expires_in_millis", "disabled"], merchants::register)
            }
            ["merchants", _, "status"] => post(&["status"], merchants::set_status),
            ["merchants", _, "balances"] => Self {
                get: get(&[], merchants::balances).get,
                ..post(&["currency", "available", "frozen"], merchants::set_balance)
            },

            ["merchants", _, "fees"] => post(FEE, merchants::set_merchant_fee),
            ["fees"] => post(FEE, merchants::set_fee),

            ["orders"] => get(&["merchant_no", "merchant_order_no", "state", "after", "limit"], orders::list),
            ["orders", _] => get(&[], orders::one),
            ["orders", _, "open"] => post(&[], orders::open),
            ["orders", _, "pay"] => post(&[], orders::pay),
            ["orders", _, "partial"] => post(&["amount"], orders::partial),
            ["orders", _, "fail"] => post(&["reason"], orders::fail),
            ["orders", _, "reject"] => post(&["reason"], orders::reject),
            ["orders", _, "refund"] => post(&[], orders::refund),
            ["orders", _, "expire"] => post(&[], orders::expire),

            ["transfers"] => post(&["reference", "amount"], orders::record_transfer),

            ["scenarios"] => Self {
                get: get(&[], scenarios::list).get,
                ..post(&["shipped", "scenario", "toml"], scenarios::play)
            },
            ["scenarios", "clear"] => post(&[], scenarios::clear_all),
            ["scenarios", _, "clear"] => post(&[], scenarios::clear),

            ["callbacks"] => get(CALLBACKS, callbacks::list),
            ["callbacks", "sign"] => post(&["body"], callbacks::sign),
            ["callbacks", "settle"] => post(CALLBACKS, callbacks::list).after(First::Settle),
            ["callbacks", _] => get(&[], callbacks::one),
            ["callbacks", _, "resend"] => post(&[], callbacks::resend),

            ["faults"] => Self {
                get: get(&[], |sandbox, _, _| Ok(faults::list(sandbox))).get,
                ..post(faults::MEMBERS, faults::inject)
            },
            ["faults", "clear"] => post(&[], |sandbox, _, _| Ok(faults::clear_all(sandbox))),
            ["faults", _, "clear"] => post(&[], faults::clear),

            ["clock"] => get(&[], |sandbox, _, _| Ok(time::clock(sandbox))),
            ["clock", "advance"] => post(&["millis"], time::advance),
            ["clock", "freeze"] => post(&[], |sandbox, _, _| Ok(time::freeze(sandbox))),
            ["clock", "resume"] => post(&[], |sandbox, _, _| Ok(time::resume(sandbox))),

            ["events"] => get(&["after", "limit", "wait_millis"], time::events).after(First::Event),

            ["reset"] => post(&[], |sandbox, _, _| {
                sandbox.reset()?;
                Ok(shown::health(sandbox))
            }),
            _ => return None,
        })
    }

    pub(super) fn action(self, method: &Method) -> Result<Action, Refused> {
        let action = match *method {
            Method::GET => self.get,
            Method::POST => self.post,
            _ => None,
        };
        action.ok_or_else(|| {
            Refused::method(match (self.get, self.post) {
                (Some(_), Some(_)) => "GET, POST",
                (Some(_), None) => "GET",
                _ => "POST",
            })
        })
    }

    fn after(mut self, first: First) -> Self {
        for action in [&mut self.get, &mut self.post].into_iter().flatten() {
            action.first = first;
        }
        self
    }
}

/// The parts of a path between slashes, of which the first one is empty.
pub(super) fn segments(path: &str) -> Result<Vec<String>, Refused> {
    // A plus is a plus in a path.
    path.split('/').skip(1).map(|segment| decoded(&segment.replace('+', "%2B"))).collect()
}

fn get(members: &'static [&'static str], run: Run) -> Resource {
    Resource { get: Some(Action { run, members, first: First::Nothing }), post: None }
}

fn post(members: &'static [&'static str], run: Run) -> Resource {
    Resource { get: None, post: Some(Action { run, members, first: First::Nothing }) }
}
