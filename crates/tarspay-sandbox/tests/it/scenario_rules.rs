//! Scenarios of one's own: what they may say, which orders they take, and what becomes of their plans.

use crate::http::in_time;
use crate::support::{DEPOSIT, NOWHERE, Receiver, WITHDRAWAL, kenya, payout};
use crate::{Caller, merchant_no};
use serde_json::json;
use std::time::Duration;
use tarspay_sandbox::{ErrorKind, EventKind, Sandbox, Scenario};
use tarspay_types::{OrderState, PayOrderId};

fn scenario(name: &str, rest: &str) -> Scenario {
    Scenario::parse(&text(name, rest)).unwrap()
}

fn text(name: &str, rest: &str) -> String {
    format!("name = \"{name}\"\ndescription = \"A test.\"\n{rest}")
}

async fn started() -> (Sandbox, Caller) {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.clock().freeze();
    let caller = Caller::of(&sandbox);
    (sandbox, caller)
}

fn state(sandbox: &Sandbox, id: &PayOrderId) -> i64 {
    sandbox.order(id).unwrap().state.code()
}

/// The steps that were skipped, with the reasons.
fn skipped(sandbox: &Sandbox) -> Vec<(String, String)> {
    let skip = |kind| match kind {
        EventKind::ScenarioSkipped { step, reason, .. } => Some((step, reason)),
        _ => None,
    };
    sandbox.events().into_iter().filter_map(|event| skip(event.kind)).collect()
}

#[test]
fn a_wrong_file_is_refused_with_the_place_and_what_is_allowed() {
    let step = |rest: &str| text("x", &format!("[[steps]]\n{rest}"));
    let deposit = |rest: &str| text("x", &format!("orders.direction = \"deposit\"\n[[steps]]\n{rest}"));
    let fault = |rest: &str| text("x", &format!("[[faults]]\n{rest}"));
    for (toml, named) in [
        ("", &["`name`"][..]),
        ("name = \"x\"", &["`description`"]),
        ("name = ", &["line 1"]),
        (&text("x", ""), &["`steps`", "`faults`"]),
        (&text("Big Name", "[[steps]]\nafter=\"0s\"\ndo=\"pay\""), &["`name`", "a-z"]),
        (&text("x", "step = []"), &["line 3", "unknown field `step`", "`steps`"]),
        (&text("x", "[orders]\ncurency = \"KES\""), &["line 4", "`curency`", "`currency`"]),
        (&text("x", "[orders]\ncurrency = \"XYZ\""), &["line 4", "`currency`", "no market"]),
        (&text("x", "[orders]\namount = 12.5"), &["line 4", "string"]),
        (&text("x", "[orders]\namount = \"1e3\""), &["line 4", "`amount`"]),
        (&text("x", "[orders]\ndirection = \"both\""), &["line 4", "`deposit`", "`withdrawal`"]),
        (&text("x", "[orders]\nfirst = 0"), &["line 4", "`first`"]),
        (&step("do = \"pay\""), &["line 3", "`after`"]),
        (&step("after = \"soon\"\ndo = \"pay\""), &["line 3", "`after`", "3m"]),
        (&step("after = \"367d\"\ndo = \"pay\""), &["line 3", "366 days"]),
        (&step("after = \"1m\"\ndo = \"steal\""), &["line 3", "`do`", "`refund`", "`record_transfer`"]),
        (&step("after = \"1m\"\ndo = \"pay\"\namount = \"1\""), &["line 3", "`amount`", "pay", "no fields"]),
        (&step("after = \"1m\"\ndo = \"fail\"\npercent = 1"), &["`percent`", "fail", "reason"]),
        (
            &step("after = \"1m\"\ndo = \"reject\""),
            &["reject after 1m", "number 1", "direction = \"withdrawal\""],
        ),
        (&step("after = \"1m\"\ndo = \"expire\""), &["expire after 1m", "direction = \"deposit\""]),
        (&deposit("after = \"1m\"\ndo = \"reject\""), &["direction = \"withdrawal\""]),
        (&deposit("after = \"1m\"\ndo = \"pay_partially\""), &["`amount`", "`percent`"]),
        (&deposit("after = \"1m\"\ndo = \"pay_partially\"\npercent = 100"), &["`percent`", "1 to 99"]),
        (&deposit("after = \"1m\"\ndo = \"pay_partially\"\namount = \"0\""), &["`amount`", "above zero"]),
        (&fault("kind = \"rain\""), &["line 3", "kind", "must be one of delay"]),
        (&fault("kind = \"delay\""), &["line 3", "\"millis\" is missing"]),
        (&fault("kind = \"delay\"\nmillis = 1.5"), &["millis", "must be a whole number"]),
        (&fault("kind = \"refuse\"\ncode = 1\ncall = \"pay\""), &["`call`", "create or query"]),
        (&fault("kind = \"lose_callback\"\ncall = \"query\""), &["`call`", "callbacks"]),
        (
            &fault("kind = \"lose_callback\"\nmerchant_order_no = \"D1\""),
            &["`merchant_order_no`", "one order"],
        ),
        (&fault("kind = \"lose_callback\"\nchance_percent = 5"), &["`chance_percent`"]),
        (&fault("kind = \"lose_callback\"\ncopies = 5"), &["\"copies\" is not known here"]),
    ] {
        let error = Scenario::parse(toml).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidScenario);
        let message = error.to_string();
        for name in named {
            assert!(message.contains(name), "{toml}\n{message}\nhas no {name}");
        }
    }
    let error = Scenario::parse("name = \"x\"\nname = ").unwrap_err();
    assert_eq!(error.to_string().matches("line 2, column").count(), 1, "{error}");
    let error = Scenario::parse(&"#".repeat(1024 * 1024 + 1)).unwrap_err();
    assert!(error.to_string().contains("1048576"), "{error}");
    let many = text("x", &"[[steps]]\nafter = \"0s\"\ndo = \"pay\"\n".repeat(101));
    assert!(Scenario::parse(&many).unwrap_err().to_string().contains("at most 100"));
    let error = Scenario::shipped("paid-at-onse").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownScenario);
    assert!(error.to_string().contains("paid-at-once"), "{error}");
    let key = "5eadf3e4".repeat(8);
    for name in [key.clone(), format!("0x{key}"), format!("{key}.toml")] {
        let error = Scenario::shipped(&name).unwrap_err().to_string();
        assert!(!error.contains("5eadf3e4") && error.contains("may be a key"), "{error}");
    }
}

#[test]
fn no_error_repeats_a_value_of_the_file_or_moves_the_cursor() {
    const KEY: &str = "515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c";
    const BASE64: &str = "MHQCAQEEIFFerfPktWIZyO7RFuo6Psn4ZFx1BMTtsbxnvCAA9EJcoAcGBSuBBAAK";
    let whole = |rest: &str| text("x", rest);
    let step = |rest: &str| text("x", &format!("[[steps]]\n{rest}"));
    let fault = |rest: &str| text("x", &format!("[[faults]]\n{rest}"));
    for key in [KEY, BASE64, "\u{1b}[31mKEY\u{9b}\u{7}", "\u{202e}\u{2028}KEY\u{85}", "a, expected KEY"] {
        for toml in [
            key.to_owned(),
            format!("{key}\n"),
            format!("{key}=="),
            format!("key = {key}"),
            format!("{key} = 1"),
            format!("\"{key}\" = 1"),
            format!("private_key = \"{key}\""),
            format!("name = \"{key}\"\ndescription = \"d\"\n"),
            format!("name = [\"{key}\"]"),
            format!("description = '{key}'\nname = 'x'\nsteps = '{key}'"),
            whole(&format!("steps = \"{key}\"")),
            whole(&format!("orders = \"{key}\"")),
            whole(&format!("[orders]\namount = \"{key}\"")),
            whole(&format!("[orders]\ncurrency = \"{key}\"")),
            whole(&format!("[orders]\ndirection = \"{key}\"")),
            whole(&format!("[orders]\nfirst = \"{key}\"")),
            whole(&format!("[orders]\nway_code = [\"{key}\"]")),
            step(&format!("after = \"{key}\"\ndo = \"pay\"")),
            step(&format!("after = \"1m\"\ndo = \"{key}\"")),
            step(&format!("after = \"1m\"\ndo = \"pay\"\n\"{key}\" = 1")),
            step(&format!("after = \"1m\"\ndo = \"record_transfer\"\namount = \"{key}\"")),
            fault(&format!("kind = \"{key}\"")),
            fault(&format!("kind = \"delay\"\nmillis = \"{key}\"")),
            fault(&format!("kind = \"delay\"\nmillis = 1\ncall = \"{key}\"")),
            fault(&format!("kind = \"delay\"\nmillis = 1\n\"{key}\" = 1")),
        ] {
            let error = Scenario::parse(&toml).unwrap_err().to_string();
            assert!(error.contains("line "), "{error}");
            let secret = key.trim_start_matches("a, expected ");
            assert!(!error.contains(&secret[..secret.len().min(24)]) && !error.contains("KEY"), "{error}");
            assert!(!error.contains(|c: char| c.is_control() || "\u{202e}\u{2028}".contains(c)), "{error:?}");
        }
    }
    let json = format!(r#"{{"name":"x","description":"d","steps":["{KEY}"]}}"#);
    assert!(!Scenario::parse_json(&json).unwrap_err().to_string().contains("515ead"));
}

#[tokio::test]
async fn only_orders_that_fit_are_taken() {
    let (sandbox, caller) = started().await;
    let other = Caller::new(tarspay_sign::PrivateKey::generate().unwrap(), &merchant_no("M2"));
    sandbox.register(other.merchant_no.clone(), other.key.public_key());
    sandbox
        .play(scenario(
            "choosy",
            r#"
            orders = { direction = "deposit", currency = "KES", way_code = "CASHIER", merchant_no = "M1688443086",
                       merchant_order_no_prefix = "T-", amount = "100.00", first = 2 }
            [[steps]]
            after = "0s"
            do = "pay"
            "#,
        ))
        .unwrap();
    let mut ids = Vec::new();
    for (caller, path, body) in [
        (&caller, DEPOSIT, kenya("D1", &json!({}))),
        (&caller, DEPOSIT, kenya("T-other-amount", &json!({ "amount": "101" }))),
        (
            &caller,
            DEPOSIT,
            kenya("T-other-way", &json!({ "wayCode": "EWALLET_MPESA", "customerContact": "254115555076" })),
        ),
        (&caller, WITHDRAWAL, payout("T-withdrawal", &json!({}))),
        (&other, DEPOSIT, kenya("T-other-merchant", &json!({}))),
        (&caller, DEPOSIT, kenya("T-1", &json!({}))),
        (&caller, DEPOSIT, kenya("T-2", &json!({}))),
        (&caller, DEPOSIT, kenya("T-3", &json!({}))),
    ] {
        ids.push(caller.create(&sandbox, path, &body).await);
    }
    let states: Vec<_> = ids.iter().map(|id| state(&sandbox, id)).collect();
    assert_eq!(states, [0, 0, 0, 1, 0, 2, 2, 0]);
}

#[tokio::test]
async fn the_first_scenario_that_fits_takes_an_order_and_a_name_is_played_once() {
    let (sandbox, caller) = started().await;
    let fails = |first: u32| {
        scenario("fails", &format!("orders.first = {first}\n[[steps]]\nafter = \"0s\"\ndo = \"fail\""))
    };
    sandbox.play(fails(1)).unwrap();
    sandbox.play(scenario("pays", "[[steps]]\nafter = \"0s\"\ndo = \"pay\"")).unwrap();
    let states = |numbers: &'static [&'static str]| {
        let (sandbox, caller) = (&sandbox, &caller);
        async move {
            let mut states = Vec::new();
            for number in numbers {
                let id = caller.create(sandbox, DEPOSIT, &kenya(number, &json!({}))).await;
                states.push(state(sandbox, &id));
            }
            states
        }
    };
    assert_eq!(states(&["D1", "D2"]).await, [3, 2]);
    sandbox.play(fails(2)).unwrap();
    let names: Vec<_> = sandbox.scenarios().unwrap().iter().map(|it| it.name().to_owned()).collect();
    assert_eq!(names, ["fails", "pays"]);
    assert_eq!(states(&["D3", "D4", "D5"]).await, [3, 3, 2], "its count began anew");
    sandbox.clear_scenario("pays").unwrap();
    assert_eq!(sandbox.clear_scenario("pays").unwrap_err().kind(), ErrorKind::UnknownScenario);
    assert_eq!(states(&["D6"]).await, [0]);
    sandbox.clear_scenarios().unwrap();
    assert!(sandbox.scenarios().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_planned_is_shown_and_outlives_its_scenario() {
    let (sandbox, caller) = started().await;
    sandbox.play(Scenario::shipped("paid-later").unwrap()).unwrap();
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    sandbox.clear_scenarios().unwrap();
    let created = sandbox.order(&id).unwrap().created_at;
    let plan = |sandbox: &Sandbox| -> Vec<_> {
        let planned = sandbox.planned(&id).unwrap().into_iter();
        planned.map(|it| (it.at.duration_since(created).unwrap().as_secs(), it.scenario, it.step)).collect()
    };
    let pay = (180, "paid-later".to_owned(), "pay after 3m".to_owned());
    assert_eq!(plan(&sandbox), [(20, "paid-later".to_owned(), "open after 20s".to_owned()), pay.clone()]);
    sandbox.clock().advance(Duration::from_secs(20));
    assert_eq!(plan(&sandbox), [pay]);
    sandbox.clock().advance(Duration::from_secs(160));
    assert_eq!(plan(&sandbox), []);
    assert_eq!(state(&sandbox, &id), 2);
    let nothing = PayOrderId::new("P1").unwrap();
    assert_eq!(sandbox.planned(&nothing).unwrap_err().kind(), ErrorKind::UnknownOrder);
}

#[tokio::test]
async fn a_step_that_is_not_possible_any_more_is_skipped_and_said_so() {
    let (sandbox, caller) = started().await;
    sandbox.play(Scenario::shipped("partial-then-refund").unwrap()).unwrap();
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    sandbox.fail(&id, "by hand").unwrap();
    sandbox.clock().advance(Duration::from_secs(3600));
    assert_eq!(state(&sandbox, &id), 3);
    let steps = skipped(&sandbox);
    let [(partial, why), (refund, _)] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!((partial.as_str(), refund.as_str()), ("pay_partially after 1m", "refund after 1h"));
    assert!(why.contains("in state 3"), "{why}");
    assert_eq!(sandbox.planned(&id).unwrap(), []);
}

#[tokio::test]
async fn a_skipped_step_leaves_nothing_half_done() {
    let (sandbox, caller) = started().await;
    // A payment opens the cashier page first; this one would then have more than 28 digits in the balance.
    let most = crate::support::amount(&"9".repeat(28));
    sandbox.set_balance_in(&caller.merchant_no, &tarspay_types::Currency::KES, most, most).unwrap();
    sandbox.play(Scenario::shipped("paid-at-once").unwrap()).unwrap();
    let receiver = Receiver::ok().await;
    let id = caller.deposit_to(&sandbox, "D1", &receiver.url()).await;
    in_time(sandbox.settle()).await;
    assert_eq!(state(&sandbox, &id), 0);
    assert_eq!(sandbox.history(&id).unwrap().len(), 1);
    assert_eq!(skipped(&sandbox).len(), 1);
    assert!(receiver.received().is_empty());
    let changes = sandbox.events().into_iter().filter(|it| matches!(it.kind, EventKind::StateChanged { .. }));
    assert_eq!(changes.count(), 1, "the event of the undone step is undone too");
}

#[tokio::test]
async fn a_jump_of_the_clock_does_everything_in_its_order() {
    let (sandbox, caller) = started().await;
    // Times out after 30 minutes, and is paid after 40: late, and not in time.
    sandbox.play(scenario("late", "[[steps]]\nafter = \"40m\"\ndo = \"pay\"")).unwrap();
    let late = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    sandbox.clear_scenarios().unwrap();
    // Paid at the very moment at which it would time out: in time.
    sandbox.play(scenario("just", "[[steps]]\nafter = \"30m\"\ndo = \"pay\"")).unwrap();
    let just = caller.create(&sandbox, DEPOSIT, &kenya("D2", &json!({}))).await;
    sandbox.clock().advance(Duration::from_secs(3600));
    let states = |id| -> Vec<_> { sandbox.history(id).unwrap().iter().map(|it| it.to.code()).collect() };
    assert_eq!(states(&late), [0, 6, 2]);
    assert_eq!(states(&just), [0, 1, 2]);
}

#[tokio::test]
async fn a_recorded_transfer_pays_by_the_reference_that_was_submitted() {
    let (sandbox, caller) = started().await;
    let transfer = r#"
        orders.direction = "deposit"
        [[steps]]
        after = "1m"
        do = "record_transfer"
        amount = "60"
        reference = "123456789012"
        "#;
    sandbox.play(scenario("transfer", transfer)).unwrap();
    let first = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    sandbox.clock().advance(Duration::from_secs(60));
    // Nobody has submitted it: the money waits, and a second transfer of the reference does not count.
    assert_eq!(state(&sandbox, &first), 0);
    caller.create(&sandbox, DEPOSIT, &kenya("D2", &json!({}))).await;
    sandbox.clock().advance(Duration::from_secs(60));
    assert!(skipped(&sandbox)[0].1.contains("already"), "{:?}", skipped(&sandbox));

    sandbox.clear_scenarios().unwrap();
    let unnamed = "orders.direction = \"deposit\"\n[[steps]]\nafter = \"1m\"\ndo = \"record_transfer\"";
    sandbox.play(scenario("unnamed", unnamed)).unwrap();
    caller.create(&sandbox, DEPOSIT, &kenya("D3", &json!({}))).await;
    sandbox.clock().advance(Duration::from_secs(60));
    assert!(skipped(&sandbox)[1].1.contains("no reference"), "{:?}", skipped(&sandbox));
}

#[tokio::test]
async fn plans_and_faults_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    let receiver = Receiver::ok().await;
    let start = || async {
        let sandbox = Sandbox::builder().data(&file).start().await.unwrap();
        sandbox.clock().freeze();
        sandbox
    };
    let sandbox = start().await;
    let caller = Caller::of(&sandbox);
    sandbox.play(Scenario::shipped("callback-lost-twice").unwrap()).unwrap();
    let id = caller.deposit_to(&sandbox, "D1", &receiver.url()).await;
    in_time(sandbox.stop()).await;

    let sandbox = start().await;
    assert_eq!(sandbox.planned(&id).unwrap().len(), 1);
    sandbox.clock().advance(Duration::from_secs(10));
    in_time(sandbox.settle()).await;
    assert_eq!(state(&sandbox, &id), 2);
    assert_eq!(sandbox.callbacks().unwrap()[0].attempts.len(), 1, "lost once");
    in_time(sandbox.stop()).await;

    let sandbox = start().await;
    assert_eq!(sandbox.scenarios().unwrap()[0].name(), "callback-lost-twice");
    sandbox.clock().advance(Duration::from_secs(10));
    in_time(sandbox.settle()).await;
    assert!(receiver.received().is_empty(), "lost for the second time, not for the first again");
    sandbox.clock().advance(Duration::from_secs(30));
    in_time(sandbox.settle()).await;
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(
        caller.create(&sandbox, DEPOSIT, &kenya("D2", &json!({}))).await,
        sandbox.orders().unwrap()[1].pay_order_id
    );
    assert_eq!(sandbox.planned(&sandbox.orders().unwrap()[1].pay_order_id).unwrap().len(), 1, "still played");
}

#[tokio::test]
async fn a_running_clock_takes_the_steps_by_itself() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.play(scenario("soon", "[[steps]]\nafter = \"50ms\"\ndo = \"pay\"")).unwrap();
    let receiver = Receiver::ok().await;
    Caller::of(&sandbox).deposit_to(&sandbox, "D1", &receiver.url()).await;
    let told = receiver.until(1).await;
    assert_eq!(told[0].json()["state"], OrderState::SUCCESS.code());
}

#[tokio::test]
async fn an_order_that_is_refused_is_not_taken() {
    let (sandbox, caller) = started().await;
    sandbox.play(scenario("one", "orders.first = 1\n[[steps]]\nafter = \"0s\"\ndo = \"pay\"")).unwrap();
    caller
        .call(&sandbox, DEPOSIT, &kenya("D1", &json!({ "amount": "0" })))
        .await
        .assert_refused(200, 500_321);
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({ "notifyUrl": NOWHERE }))).await;
    assert_eq!(state(&sandbox, &id), 2, "the refused one did not count");
}

#[tokio::test]
async fn a_reset_puts_everything_back_to_the_first_day() {
    let (sandbox, caller) = started().await;
    let other = Caller::new(tarspay_sign::PrivateKey::generate().unwrap(), &merchant_no("M2"));
    sandbox.register(other.merchant_no.clone(), other.key.public_key());
    sandbox.play(Scenario::shipped("paid-at-once").unwrap()).unwrap();
    sandbox.inject(tarspay_sandbox::Fault::delay(Duration::ZERO).on_path("/never"));
    let receiver = Receiver::ok().await;
    let id = caller.deposit_to(&sandbox, "D1", &receiver.url()).await;
    caller.create(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await;
    let fee = tarspay_sandbox::Fee::new(crate::support::amount("5"), 0);
    sandbox.set_fee(&tarspay_types::Currency::KES, tarspay_types::BizType::DEPOSIT, fee).unwrap();
    sandbox.set_merchant_status(&caller.merchant_no, tarspay_sandbox::MerchantStatus::Disabled).unwrap();
    sandbox.clock().advance(Duration::from_secs(86_400));
    in_time(sandbox.settle()).await;
    let advanced = sandbox.clock().now();
    let last = sandbox.callbacks().unwrap()[0].id;

    sandbox.reset().unwrap();
    assert!(sandbox.orders().unwrap().is_empty() && sandbox.callbacks().unwrap().is_empty());
    assert!(sandbox.faults().is_empty() && sandbox.scenarios().unwrap().is_empty());
    assert!(!sandbox.clock().is_frozen() && sandbox.clock().now() < advanced);
    let events = sandbox.events();
    assert_eq!(events.iter().map(|it| it.kind.clone()).collect::<Vec<_>>(), [EventKind::Reset]);
    assert!(events[0].number > 1);
    assert_eq!(sandbox.merchants().unwrap().len(), 1);
    caller.balance_query().send(sandbox.address()).await.assert_balance("M1688443086", "1000000", "0");
    assert_eq!(other.balance_query().send(sandbox.address()).await.code(), 5_003_005);
    assert_eq!(sandbox.order(&id).unwrap_err().kind(), ErrorKind::UnknownOrder);

    // It goes on as a new one does, without the fee and with the old number of the order.
    let again = caller.deposit_to(&sandbox, "D1", &receiver.url()).await;
    let paid = sandbox.pay(&again).unwrap();
    assert!(paid.fee.is_zero());
    in_time(sandbox.settle()).await;
    assert_eq!(receiver.received().len(), 2);
    assert!(sandbox.callbacks().unwrap()[0].id > last);
}
