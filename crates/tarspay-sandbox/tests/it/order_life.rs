//! The life of an order: which steps there are, what each does to the money, and that no other is possible.

use crate::Caller;
use crate::support::{DEPOSIT, WITHDRAWAL, amount, kenya, payout, short};
use serde_json::json;
use tarspay_sandbox::{Error, ErrorKind, Fee, Order, Sandbox};
use tarspay_types::{BizType, Currency, OrderState, PayOrderId};

/// What the merchant has in Kenya: available and frozen.
fn money(sandbox: &Sandbox) -> (String, String) {
    let all = sandbox.balances(sandbox.merchant().merchant_no()).unwrap();
    let kenya = all.into_iter().find(|it| it.currency == Some(Currency::KES)).unwrap();
    (kenya.available.to_string(), kenya.frozen.to_string())
}

fn has(available: &str, frozen: &str) -> (String, String) {
    (available.to_owned(), frozen.to_owned())
}

async fn started() -> (Sandbox, Caller) {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    sandbox.set_balance_in(&caller.merchant_no, &Currency::KES, amount("1000"), amount("0")).unwrap();
    (sandbox, caller)
}

fn states(sandbox: &Sandbox, id: &PayOrderId) -> Vec<i64> {
    sandbox.history(id).unwrap().iter().map(|change| change.to.code()).collect()
}

#[tokio::test]
async fn a_deposit_is_paid_and_refunded() {
    let (sandbox, caller) = started().await;
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    assert_eq!(money(&sandbox), has("1000", "0"));
    assert_eq!(short(&sandbox.pay(&id).unwrap()), (2, "100".to_owned(), "0".to_owned()));
    assert_eq!(money(&sandbox), has("1100", "0"));
    assert_eq!(sandbox.refund(&id).unwrap().state, OrderState::REFUNDED);
    assert_eq!(money(&sandbox), has("1000", "0"));
    assert_eq!(states(&sandbox, &id), [0, 1, 2, 5]);
}

#[tokio::test]
async fn a_deposit_is_paid_in_part_and_then_in_full() {
    let (sandbox, caller) = started().await;
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({ "amount": "100.00" }))).await;
    let part = sandbox.pay_partially(&id, amount("40.5")).unwrap();
    assert_eq!((part.state, part.pay_amount.to_string()), (OrderState::PARTLY_PAID, "40.5".to_owned()));
    assert_eq!(money(&sandbox), has("1040.5", "0"));
    let whole = sandbox.pay(&id).unwrap();
    assert_eq!((whole.state, whole.pay_amount.to_string()), (OrderState::SUCCESS, "100.00".to_owned()));
    assert_eq!(money(&sandbox), has("1100.00", "0"));
    assert_eq!(states(&sandbox, &id), [0, 1, 9, 2]);
}

#[tokio::test]
async fn a_deposit_is_paid_in_two_parts_and_then_in_full() {
    let (sandbox, caller) = started().await;
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({ "amount": "1500" }))).await;
    sandbox.pay_partially(&id, amount("400")).unwrap();
    let second = sandbox.pay_partially(&id, amount("500")).unwrap();
    assert_eq!((second.state, second.pay_amount), (OrderState::PARTLY_PAID, amount("900")));
    assert_eq!(money(&sandbox), has("1900", "0"));
    for part in ["0", "600", "600.01", "900"] {
        let error = sandbox.pay_partially(&id, amount(part)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAmount, "{part}");
        assert!(error.to_string().contains("less than 600,"), "{error}");
    }
    assert_eq!(short(&sandbox.pay(&id).unwrap()), (2, "1500".to_owned(), "0".to_owned()));
    assert_eq!(money(&sandbox), has("2500", "0"));
    let history = sandbox.history(&id).unwrap();
    let paid: Vec<_> = history.iter().map(|step| (step.to.code(), step.pay_amount.to_string())).collect();
    let expected = [(0, "0"), (1, "0"), (9, "400"), (9, "900"), (2, "1500")];
    assert_eq!(paid, expected.map(|(state, amount)| (state, amount.to_owned())));
    let found: Vec<_> =
        sandbox.callbacks().unwrap().iter().map(|callback| callback.body.as_str().to_owned()).collect();
    for (body, expected) in found.iter().zip([(9, "400"), (9, "900"), (2, "1500")]) {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (body["state"].as_i64(), body["payAmount"].as_str()),
            (Some(expected.0), Some(expected.1))
        );
    }
    assert_eq!(found.len(), 3, "each part has its callback");
}

#[tokio::test]
async fn a_part_is_more_than_nothing_and_less_than_all() {
    let (sandbox, caller) = started().await;
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    for part in ["0", "0.00", "100", "100.00", "101"] {
        let error = sandbox.pay_partially(&id, amount(part)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAmount, "{part}");
    }
    assert_eq!(states(&sandbox, &id), [0]);
}

#[tokio::test]
async fn a_deposit_fails_with_its_reason() {
    let (sandbox, caller) = started().await;
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let order = sandbox.fail(&id, "payer went away").unwrap();
    assert_eq!(order.state, OrderState::FAILED);
    assert_eq!(order.fail_reason.as_ref().map(AsRef::as_ref), Some("payer went away"));
    assert_eq!(order.pay_amount, amount("0"));
    assert!(!format!("{order:?}").contains("went away"));
    assert_eq!(money(&sandbox), has("1000", "0"));
    assert_eq!(sandbox.history(&id).unwrap()[2].reason, Some("payer went away".into()));
}

#[tokio::test]
async fn opening_the_cashier_page_makes_a_deposit_processing_and_changes_nothing_later() {
    let (sandbox, caller) = started().await;
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    assert_eq!(sandbox.open_cashier(&id).unwrap().state, OrderState::PROCESSING);
    assert_eq!(sandbox.open_cashier(&id).unwrap().state, OrderState::PROCESSING);
    sandbox.pay(&id).unwrap();
    assert_eq!(sandbox.open_cashier(&id).unwrap().state, OrderState::SUCCESS);
    assert_eq!(states(&sandbox, &id), [0, 1, 2]);
}

#[tokio::test]
async fn a_withdrawal_holds_its_money_back_until_it_ends() {
    let (sandbox, caller) = started().await;
    for (number, end, state, after) in [
        ("W1", Sandbox::pay as fn(&Sandbox, &PayOrderId) -> Result<Order, Error>, 2, has("900", "0")),
        ("W2", |sandbox, id| sandbox.fail(id, "no such account"), 3, has("900", "0")),
        ("W3", |sandbox, id| sandbox.reject(id, "not today"), 8, has("900", "0")),
    ] {
        let before: u32 = money(&sandbox).0.parse().unwrap();
        let id = caller.create(&sandbox, WITHDRAWAL, &payout(number, &json!({}))).await;
        assert_eq!(money(&sandbox), has(&(before - 100).to_string(), "100"));
        assert_eq!(sandbox.order(&id).unwrap().state, OrderState::PROCESSING);
        let ended = end(&sandbox, &id).unwrap();
        assert_eq!(ended.state.code(), state);
        // As in the documented callbacks: the amount says nothing about the outcome.
        assert_eq!(ended.pay_amount, amount("100"));
        assert_eq!(money(&sandbox), after, "{number}");
    }
}

#[tokio::test]
async fn a_withdrawal_that_was_paid_can_come_back() {
    let (sandbox, caller) = started().await;
    let id = caller.create(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await;
    sandbox.pay(&id).unwrap();
    assert_eq!(sandbox.refund(&id).unwrap().state, OrderState::REFUNDED);
    assert_eq!(money(&sandbox), has("1000", "0"));
}

#[tokio::test]
async fn fees_are_taken_from_a_deposit_and_on_top_of_a_withdrawal() {
    let (sandbox, caller) = started().await;
    let merchant_no = &caller.merchant_no;
    let fee = Fee::new(amount("1"), 250);
    sandbox.set_fee(&Currency::KES, BizType::DEPOSIT, fee).unwrap();
    sandbox.set_fee(&Currency::KES, BizType::WITHDRAWAL, Fee::new(amount("9"), 0)).unwrap();
    sandbox
        .set_merchant_fee(merchant_no, &Currency::KES, BizType::WITHDRAWAL, Fee::new(amount("2"), 0))
        .unwrap();

    let deposit = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    assert_eq!(short(&sandbox.pay_partially(&deposit, amount("40")).unwrap()).2, "2");
    assert_eq!(money(&sandbox), has("1038", "0"));
    assert_eq!(short(&sandbox.pay(&deposit).unwrap()).2, "3.50");
    assert_eq!(money(&sandbox), has("1096.50", "0"));
    sandbox.refund(&deposit).unwrap();
    assert_eq!(money(&sandbox), has("1000.00", "0"));

    let withdrawal = caller.create(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await;
    assert_eq!(money(&sandbox), has("898.00", "102"));
    // The fee of an order is the one at its creation.
    sandbox.set_merchant_fee(merchant_no, &Currency::KES, BizType::WITHDRAWAL, Fee::NONE).unwrap();
    sandbox.pay(&withdrawal).unwrap();
    assert_eq!(money(&sandbox), has("898.00", "0"));
}

#[tokio::test]
async fn a_fee_is_never_more_than_what_was_paid() {
    let (sandbox, caller) = started().await;
    sandbox.set_fee(&Currency::KES, BizType::DEPOSIT, Fee::new(amount("500"), 0)).unwrap();
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    assert_eq!(short(&sandbox.pay(&id).unwrap()), (2, "100".to_owned(), "100".to_owned()));
    assert_eq!(money(&sandbox), has("1000", "0"));
}

#[tokio::test]
async fn a_refund_needs_the_money() {
    let (sandbox, caller) = started().await;
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    sandbox.pay(&id).unwrap();
    sandbox.set_balance(&caller.merchant_no, amount("99"), amount("0")).unwrap();
    let error = sandbox.refund(&id).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BalanceTooLow);
    assert_eq!(sandbox.order(&id).unwrap().state, OrderState::SUCCESS);
}

type Step = fn(&Sandbox, &PayOrderId) -> Result<Order, Error>;

const STEPS: [(&str, Step); 6] = [
    ("pay", Sandbox::pay),
    ("part", |sandbox, id| sandbox.pay_partially(id, 40_u32.into())),
    ("fail", |sandbox, id| sandbox.fail(id, "r")),
    ("reject", |sandbox, id| sandbox.reject(id, "r")),
    ("refund", Sandbox::refund),
    ("expire", Sandbox::expire),
];

/// After each way to an end, which steps go on.
async fn assert_steps(path: &str, table: &[(&[&str], &[&str])]) {
    let (sandbox, caller) = started().await;
    let step = |name: &str| STEPS.iter().find(|(known, _)| *known == name).unwrap().1;
    for (before, allowed) in table {
        for (name, next) in STEPS {
            let number = format!("{before:?}{name}");
            let body = if path == DEPOSIT { kenya(&number, &json!({})) } else { payout(&number, &json!({})) };
            let id = caller.create(&sandbox, path, &body).await;
            for name in *before {
                step(name)(&sandbox, &id).unwrap();
            }
            let (was, money_before) = (sandbox.order(&id).unwrap(), money(&sandbox));
            match next(&sandbox, &id) {
                Ok(now) => {
                    assert!(allowed.contains(&name), "{name} after {before:?}");
                    assert!(now.state.can_follow(was.state));
                }
                Err(error) => {
                    assert!(!allowed.contains(&name), "{name} after {before:?}: {error}");
                    // Of 100, two parts of 40 leave less than a third such part.
                    let too_much = name == "part" && before == &["part", "part"];
                    let kind = if too_much { ErrorKind::InvalidAmount } else { ErrorKind::InvalidTransition };
                    assert_eq!(error.kind(), kind);
                    assert_eq!((sandbox.order(&id).unwrap(), money(&sandbox)), (was, money_before));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_deposit_takes_the_documented_steps_and_no_others() {
    assert_steps(
        DEPOSIT,
        &[
            (&[], &["pay", "part", "fail", "expire"]),
            (&["pay"], &["refund"]),
            (&["part"], &["part", "pay", "refund"]),
            (&["part", "part"], &["pay", "refund"]),
            (&["fail"], &[]),
            (&["expire"], &["pay", "part"]),
            (&["expire", "pay"], &["refund"]),
            (&["pay", "refund"], &[]),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_withdrawal_takes_the_documented_steps_and_no_others() {
    assert_steps(
        WITHDRAWAL,
        &[
            (&[], &["pay", "fail", "reject"]),
            (&["pay"], &["refund"]),
            (&["fail"], &[]),
            (&["reject"], &[]),
            (&["pay", "refund"], &[]),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_order_that_is_not_there_is_unknown() {
    let (sandbox, caller) = started().await;
    let id = PayOrderId::new("P1").unwrap();
    assert_eq!(sandbox.order(&id).unwrap_err().kind(), ErrorKind::UnknownOrder);
    assert_eq!(sandbox.history(&id).unwrap_err().kind(), ErrorKind::UnknownOrder);
    for (_, step) in STEPS {
        assert_eq!(step(&sandbox, &id).unwrap_err().kind(), ErrorKind::UnknownOrder);
    }
    let number = "D1".parse().unwrap();
    let error = sandbox.order_by_number(&caller.merchant_no, &number).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownOrder);
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let order = sandbox.order_by_number(&caller.merchant_no, &number).unwrap();
    assert_eq!(order, sandbox.order(&id).unwrap());
    assert_eq!(sandbox.orders().unwrap(), [order]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_one_order_sent_many_times_at_once_exactly_one_is_created() {
    let (sandbox, caller) = started().await;
    let body = payout("W1", &json!({}));
    let calls = (0..32).map(|_| caller.call(&sandbox, WITHDRAWAL, &body));
    let codes: Vec<_> = join_all(calls).await.iter().map(crate::http::Response::code).collect();
    assert_eq!(codes.iter().filter(|&&code| code == 0).count(), 1);
    assert_eq!(codes.iter().filter(|&&code| code == 5_003_011).count(), 31);
    assert_eq!(money(&sandbox), has("900", "100"));
}

/// Runs futures that borrow at the same time.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
