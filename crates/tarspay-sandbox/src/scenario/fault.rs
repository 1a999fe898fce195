//! A fault of a scenario: it strikes the calls that name an order, or its callbacks.

use crate::control_api::read_fault;
use crate::fault::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What chooses calls and orders by itself has no place in a scenario.
const FOREIGN: &[&str] = &["path", "merchant_order_no", "after_commit", "chance_percent", "seed"];

/// The members of a fault as the control API reads them, and `call`. A fault of a call strikes after its commit: before
/// it there is no order that it could belong to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
pub(crate) struct PlannedFault {
    members: Map<String, Value>,
    /// The calls that it strikes; all that name the order if it is none.
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
        let fault = read_fault(rest)?;
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
    pub(crate) fn strikes_call(&self, path: &str) -> bool {
        !self.fault.is_of_callbacks()
            && match self.call {
                None => true,
                Some(CallOfOrder::Create) => path.ends_with("/unifiedOrder"),
                Some(CallOfOrder::Query) => path == "/api/payInInfo" || path == "/api/payOutInfo",
            }
    }
}
