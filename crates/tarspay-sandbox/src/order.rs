//! Orders as the operator of a sandbox sees them.

use crate::clock::as_millis;
use serde::{Serialize, Serializer};
use std::time::SystemTime;
use tarspay_types::{
    Amount, BizType, Currency, Members, MerchantNo, MerchantOrderNo, NotifyUrl, OrderState, PayOrderId,
    PrivateText, TrxId, WayCode,
};

/// An order of a sandbox, as it stands.
///
/// Amounts are in the main unit of the currency, times on the sandbox's clock. `Debug` shows no personal data. Serialises as
/// the control API shows it in a list: without [`request`](Order::request).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Order {
    /// Deposit or withdrawal.
    #[serde(serialize_with = "direction")]
    pub direction: BizType,
    /// The gateway's number.
    pub pay_order_id: PayOrderId,
    /// The merchant.
    pub merchant_no: MerchantNo,
    /// The merchant's number.
    pub merchant_order_no: MerchantOrderNo,
    /// The payment method.
    pub way_code: WayCode,
    /// The currency, which implies the market.
    pub currency: Currency,
    /// The amount asked for.
    pub amount: Amount,
    /// The amount paid so far, all parts together; zero while nothing is. A failed withdrawal has the amount asked for, as in
    /// the gateway's examples.
    pub pay_amount: Amount,
    /// The merchant's fee. That of a deposit is known when it is paid.
    pub fee: Amount,
    /// The state.
    pub state: OrderState,
    /// Why it failed.
    pub fail_reason: Option<PrivateText>,
    /// Where its callbacks go.
    pub notify_url: NotifyUrl,
    /// When it was created.
    #[serde(serialize_with = "as_millis")]
    pub created_at: SystemTime,
    /// When it last changed its state.
    #[serde(serialize_with = "as_millis")]
    pub changed_at: SystemTime,
    /// When it times out unless it is paid; deposits only.
    #[serde(serialize_with = "as_millis")]
    pub expires_at: Option<SystemTime>,
    /// The payer's transaction, once there is one; in India the UTR.
    pub trx_id: Option<TrxId>,
    /// The request that created it, as it came, with `mchNo`.
    #[serde(skip)]
    pub request: Members,
}

/// One change of an order's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StateChange {
    /// When, on the sandbox's clock.
    #[serde(serialize_with = "as_millis")]
    pub at: SystemTime,
    /// The state before; `None` for the creation.
    pub from: Option<OrderState>,
    /// The state after.
    pub to: OrderState,
    /// The amount paid after the step.
    pub pay_amount: Amount,
    /// Why, if a reason was given.
    pub reason: Option<PrivateText>,
}

/// A step that a scenario will take with an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PlannedStep {
    /// When, on the sandbox's clock.
    #[serde(serialize_with = "as_millis")]
    pub at: SystemTime,
    /// The name of the scenario.
    pub scenario: String,
    /// The step, as in `pay after 3m`.
    pub step: String,
}

/// Which orders are meant: those that match every member that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderFilter {
    /// Only of this merchant.
    pub merchant_no: Option<MerchantNo>,
    /// Only of this merchant's number.
    pub merchant_order_no: Option<MerchantOrderNo>,
    /// Only in this state.
    pub state: Option<OrderState>,
    /// Only those that have this text in the gateway's or the merchant's number.
    pub text: Option<String>,
    /// Only those created after this one: the last of the page before.
    pub after: Option<PayOrderId>,
    /// The most that are listed. Default: 100.
    pub limit: u32,
}

impl Default for OrderFilter {
    fn default() -> Self {
        Self { merchant_no: None, merchant_order_no: None, state: None, text: None, after: None, limit: 100 }
    }
}

/// The name of a direction, also in JSON and TOML.
pub(crate) fn direction_name(direction: BizType) -> &'static str {
    if direction == BizType::WITHDRAWAL { "withdrawal" } else { "deposit" }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn direction<S: Serializer>(direction: &BizType, serializer: S) -> Result<S::Ok, S::Error> {
    direction_name(*direction).serialize(serializer)
}
