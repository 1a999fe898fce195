//! The money of a merchant adds up, whatever happens to its orders.

use crate::Caller;
use crate::support::{DEPOSIT, NOWHERE, WITHDRAWAL, amount};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use std::sync::LazyLock;
use std::time::Duration;
use tarspay_sandbox::{Fee, Sandbox};
use tarspay_types::{Amount, BizType, Currency, OrderState, PayOrderId};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

const START: u32 = 5_000;

#[derive(Clone, Debug)]
enum Action {
    Deposit { cents: u32 },
    Withdrawal { cents: u32 },
    Pay(usize),
    PayPart(usize, u32),
    Fail(usize),
    Reject(usize),
    Refund(usize),
    Expire(usize),
    Advance(u64),
    Fee { deposit: bool, fixed_cents: u32, basis_points: u16 },
}

fn action() -> impl Strategy<Value = Action> {
    let order = 0_usize..12;
    prop_oneof![
        3 => (1_u32..200_000).prop_map(|cents| Action::Deposit { cents }),
        3 => (1_u32..400_000).prop_map(|cents| Action::Withdrawal { cents }),
        4 => order.clone().prop_map(Action::Pay),
        2 => (order.clone(), 1_u32..200_000).prop_map(|(order, cents)| Action::PayPart(order, cents)),
        2 => order.clone().prop_map(Action::Fail),
        2 => order.clone().prop_map(Action::Reject),
        2 => order.clone().prop_map(Action::Refund),
        1 => order.prop_map(Action::Expire),
        1 => (0_u64..1000).prop_map(Action::Advance),
        1 => (any::<bool>(), 0_u32..500, 0_u16..=10_000)
            .prop_map(|(deposit, fixed_cents, basis_points)| Action::Fee { deposit, fixed_cents, basis_points }),
    ]
}

fn money(cents: u32) -> Amount {
    amount(&format!("{}.{:02}", cents / 100, cents % 100))
}

async fn act(sandbox: &Sandbox, caller: &Caller, orders: &mut Vec<PayOrderId>, action: Action) {
    let known = |at: usize| orders.get(at % orders.len().max(1)).cloned();
    // A refusal is as good as anything here: what counts is that the money adds up afterwards.
    match action {
        Action::Deposit { cents } | Action::Withdrawal { cents } => {
            let path = if matches!(action, Action::Deposit { .. }) { DEPOSIT } else { WITHDRAWAL };
            let body = json!({
                "mchOrderNo": format!("N{}", orders.len()), "wayCode": "QR", "currency": "VND",
                "amount": money(cents), "notifyUrl": NOWHERE,
            });
            let response = caller.call(sandbox, path, &body).await;
            assert!([0, 5_004_006].contains(&response.code()), "{response:?}");
            if response.code() == 0 {
                let id = response.json()["data"]["payOrderId"].as_str().unwrap().parse().unwrap();
                orders.push(id);
            }
        }
        Action::Pay(at) => drop(known(at).map(|id| sandbox.pay(&id))),
        Action::PayPart(at, cents) => drop(known(at).map(|id| sandbox.pay_partially(&id, money(cents)))),
        Action::Fail(at) => drop(known(at).map(|id| sandbox.fail(&id, "r"))),
        Action::Reject(at) => drop(known(at).map(|id| sandbox.reject(&id, "r"))),
        Action::Refund(at) => drop(known(at).map(|id| sandbox.refund(&id))),
        Action::Expire(at) => drop(known(at).map(|id| sandbox.expire(&id))),
        Action::Advance(seconds) => sandbox.clock().advance(Duration::from_secs(seconds)),
        Action::Fee { deposit, fixed_cents, basis_points } => {
            let direction = if deposit { BizType::DEPOSIT } else { BizType::WITHDRAWAL };
            let fee = Fee::new(money(fixed_cents), basis_points);
            sandbox.set_fee(&Currency::VND, direction, fee).unwrap();
        }
    }
}

/// What the merchant must have, counted from its orders alone: money in, money out, money held back.
fn assert_adds_up(sandbox: &Sandbox) {
    let (mut plus, mut minus, mut frozen) = (Amount::from(START), Amount::ZERO, Amount::ZERO);
    let add = |sum: Amount, more: Amount| sum.checked_add(more).unwrap();
    for order in sandbox.orders().unwrap() {
        let is_deposit = order.direction == BizType::DEPOSIT;
        let held = add(order.amount, order.fee);
        match order.state {
            OrderState::SUCCESS | OrderState::PARTLY_PAID if is_deposit => {
                assert!(order.fee <= order.pay_amount && order.pay_amount <= order.amount);
                plus = add(plus, order.pay_amount.checked_sub(order.fee).unwrap());
            }
            OrderState::SUCCESS => minus = add(minus, held),
            OrderState::PROCESSING if !is_deposit => (minus, frozen) = (add(minus, held), add(frozen, held)),
            _ => {}
        }
    }
    let balance = sandbox.balance(sandbox.merchant().merchant_no()).unwrap();
    assert_eq!(balance.available_amount, plus.checked_sub(minus).unwrap());
    assert_eq!(balance.frozen_amount, frozen);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_balance_adds_up_after_every_step_of_any_history(actions in vec(action(), 1..60)) {
        RUNTIME.block_on(async {
            let sandbox = Sandbox::start().await.unwrap();
            let caller = Caller::of(&sandbox);
            sandbox
                .set_balance_in(&caller.merchant_no, &Currency::VND, Amount::from(START), Amount::ZERO)
                .unwrap();
            let mut orders = Vec::new();
            for action in actions {
                act(&sandbox, &caller, &mut orders, action).await;
                assert_adds_up(&sandbox);
            }
            for id in &orders {
                let states: Vec<_> = sandbox.history(id).unwrap().iter().map(|change| change.to).collect();
                for pair in states.windows(2) {
                    let is_another_part = pair == [OrderState::PARTLY_PAID; 2];
                    assert!(pair[0] != pair[1] || is_another_part, "{states:?}");
                    assert!(pair[1].can_follow(pair[0]), "{states:?}");
                }
            }
        });
    }
}
