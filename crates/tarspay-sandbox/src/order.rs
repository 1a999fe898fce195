//! Orders as the owner of a sandbox sees them.

use std::time::SystemTime;
use tarspay_types::{
    Amount, BizType, Currency, Members, MerchantNo, MerchantOrderNo, NotifyUrl, OrderState, PayOrderId,
    PrivateText, TrxId, WayCode,
};

/// An order of a sandbox, as it stands.
///
/// Amounts are in the main unit of the currency, times on the sandbox's clock. `Debug` shows no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order {
    /// Deposit or withdrawal.
    pub direction: BizType,
    /// The gateway's number.
    pub pay_order_id: PayOrderId,
    /// Whose order it is.
    pub merchant_no: MerchantNo,
    /// The merchant's number.
    pub merchant_order_no: MerchantOrderNo,
    /// The payment method.
    pub way_code: WayCode,
    /// The currency, which tells the market.
    pub currency: Currency,
    /// The amount asked for.
    pub amount: Amount,
    /// The amount paid so far, all parts together; zero while nothing is. A failed withdrawal has the amount asked for, as in the gateway's examples.
    pub pay_amount: Amount,
    /// The merchant's fee. That of a deposit is known when it is paid.
    pub fee: Amount,
    /// Where it stands.
    pub state: OrderState,
    /// Why it failed.
    pub fail_reason: Option<PrivateText>,
    /// Where its callbacks go.
    pub notify_url: NotifyUrl,
    /// When it was created.
    pub created_at: SystemTime,
    /// When it last changed its state.
    pub changed_at: SystemTime,
    /// When it times out unless it is paid; deposits only.
    pub expires_at: Option<SystemTime>,
    /// The payer's transaction, once there is one; in India the UTR.
    pub trx_id: Option<TrxId>,
    /// The request that created it, as it came, with `mchNo`.
    pub request: Members,
}

/// One step in the life of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateChange {
    /// When, on the sandbox's clock.
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

/// What a merchant has in one currency, in its main unit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CurrencyBalance {
    /// The currency; `None` for money that was set before the merchant's first use of a currency.
    pub currency: Option<Currency>,
    /// What can be used.
    pub available: Amount,
    /// What is held back for withdrawals under way.
    pub frozen: Amount,
}
