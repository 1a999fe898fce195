//! Single things as people read them: times, states, amounts, numbers of orders.

use super::problem::Problem;
use maud::{Markup, html};
use std::fmt::Write as _;
use std::time::SystemTime;
use tarspay_types::{Amount, Currency, OrderState, PayOrderId};

/// A text that is no number of an order is that of none.
pub(super) fn order_id(text: &str) -> Result<PayOrderId, Problem> {
    text.parse().map_err(|_| Problem::not_found("There is no order of this number."))
}

/// In UTC, to the second.
pub(super) fn time(at: SystemTime) -> Markup {
    let mut text = String::new();
    if write!(text, "{}", humantime::format_rfc3339_seconds(at)).is_err() {
        // The clock can be put forward as far as one likes.
        return html! { "after the year 9999" };
    }
    let readable = text.replace('T', " ").replace('Z', " UTC");
    html! { time datetime=(text) { (readable) } }
}

pub(super) fn state_name(state: OrderState) -> &'static str {
    match state {
        OrderState::CREATING => "created",
        OrderState::PROCESSING => "processing",
        OrderState::SUCCESS => "success",
        OrderState::FAILED => "failed",
        OrderState::REFUNDED => "refunded",
        OrderState::TIMED_OUT => "timed out",
        OrderState::REJECTED => "rejected",
        OrderState::PARTLY_PAID => "partly paid",
        _ => "unknown",
    }
}

/// A state with its code. Its colour says nothing that the words do not.
pub(super) fn state(state: OrderState) -> Markup {
    let tone = match state {
        OrderState::CREATING | OrderState::PROCESSING => "open",
        OrderState::SUCCESS => "good",
        OrderState::PARTLY_PAID => "mind",
        OrderState::FAILED | OrderState::REJECTED => "bad",
        _ => "over",
    };
    html! { span.badge.(tone) { (state.code()) " " (state_name(state)) } }
}

pub(super) fn money(amount: Amount, currency: &Currency) -> Markup {
    html! { span.money { (amount.to_string()) " " (currency.as_str()) } }
}
