//! The page for people, read and used as a browser does it: what it shows, and what its forms do.

use crate::Caller;
use crate::http::{Request, Response};
use crate::support::{DEPOSIT, Receiver, WITHDRAWAL, kenya, payout};
use serde_json::json;
use std::time::Duration;
use tarspay_sandbox::Sandbox;
use tarspay_types::{OrderState, PayOrderId};

pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Response {
    let request = Request::post(path, "").method("GET").header("Host", &sandbox.address().to_string());
    request.send(sandbox.address()).await
}

/// A form as a browser posts it from a page of the sandbox.
pub(crate) fn form(sandbox: &Sandbox, path: &str, body: &str) -> Request {
    let host = sandbox.address().to_string();
    Request::post(path, body)
        .header("Host", &host)
        .header("Origin", &format!("http://{host}"))
        .header("Sec-Fetch-Site", "same-origin")
        .header("Content-Type", "application/x-www-form-urlencoded")
}

async fn post(sandbox: &Sandbox, path: &str, body: &str) -> Response {
    form(sandbox, path, body).send(sandbox.address()).await
}

async fn deposit(sandbox: &Sandbox, caller: &Caller, number: &str) -> PayOrderId {
    caller.create(sandbox, DEPOSIT, &kenya(number, &json!({}))).await
}

fn state(sandbox: &Sandbox, id: &PayOrderId) -> OrderState {
    sandbox.order(id).unwrap().state
}

#[track_caller]
fn assert_shows(response: &Response, status: u16, texts: &[&str]) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
    for text in texts {
        assert!(response.body.contains(text), "{text:?} is not in {}", response.body);
    }
}

#[tokio::test]
async fn pay_url_is_the_cashier_page_and_opening_it_opens_the_order() {
    let sandbox = Sandbox::start().await.unwrap();
    let data = Caller::of(&sandbox).data(&sandbox, DEPOSIT, &kenya("D1", &json!({}))).await;
    let path = data["payUrl"].as_str().unwrap().strip_prefix(sandbox.base_url()).unwrap();
    let id = PayOrderId::new(data["payOrderId"].as_str().unwrap()).unwrap();
    assert_eq!(state(&sandbox, &id), OrderState::CREATING);
    let page = get(&sandbox, path).await;
    assert_shows(&page, 200, &["100 KES", "Kenya", "CASHIER", "D1", "M1688443086", "Pay until"]);
    for step in ["pay", "partial", "fail", "expire"] {
        assert!(page.body.contains(&format!(r#"action="/pay/{id}/{step}""#)), "{step}");
    }
    assert_eq!(state(&sandbox, &id), OrderState::PROCESSING);
}

#[tokio::test]
async fn each_button_of_the_cashier_page_does_what_it_says() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for (step, body, to, shown) in [
        ("pay", "", OrderState::SUCCESS, "Paid"),
        ("partial", "amount=12.5", OrderState::PARTLY_PAID, "12.5 KES"),
        ("fail", "", OrderState::FAILED, "The payment failed"),
        ("expire", "", OrderState::TIMED_OUT, "Expired"),
    ] {
        let id = deposit(&sandbox, &caller, step).await;
        let response = post(&sandbox, &format!("/pay/{id}/{step}"), body).await;
        assert_eq!(
            (response.status, response.header("location")),
            (303, Some(&*format!("/pay/{id}"))),
            "{step}"
        );
        assert_eq!(state(&sandbox, &id), to);
        let page = get(&sandbox, &format!("/pay/{id}")).await;
        assert_shows(&page, 200, &[shown]);
        assert!(!page.body.contains("<form") && !page.body.contains("<button"), "{step}: {}", page.body);
    }
}

#[tokio::test]
async fn a_click_that_comes_too_late_changes_nothing_and_says_what_happened() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let id = deposit(&sandbox, &caller, "D1").await;
    sandbox.clock().advance(Duration::from_secs(30 * 60));
    for step in ["pay", "fail", "expire", "partial"] {
        let response = post(&sandbox, &format!("/pay/{id}/{step}"), "amount=1").await;
        assert_shows(&response, 409, &["Nothing was done", "It is timed out.", r#"role="alert""#]);
    }
    assert_eq!(state(&sandbox, &id), OrderState::TIMED_OUT);
    // The owner of the sandbox can still play a late payment.
    assert_eq!(post(&sandbox, &format!("/orders/{id}/pay"), "").await.status, 303);
    assert_eq!(state(&sandbox, &id), OrderState::SUCCESS);
    assert_shows(&post(&sandbox, &format!("/pay/{id}/pay"), "").await, 409, &["It is success."]);
}

#[tokio::test]
async fn a_part_that_is_none_is_refused_and_shown_again() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let id = deposit(&sandbox, &caller, "D1").await;
    for amount in ["0", "100", "100.01", "-1", "1e2", "", "12 KES", "0x10", "%22%3E%3Cb%3E", "1%00"] {
        for place in ["pay", "orders"] {
            let response =
                post(&sandbox, &format!("/{place}/{id}/partial"), &format!("amount={amount}")).await;
            assert_shows(&response, 400, &[r#"role="alert""#, r#"aria-invalid="true""#]);
            assert!(!response.body.contains("<b>"), "{}", response.body);
        }
    }
    let response = post(&sandbox, &format!("/pay/{id}/partial"), "amount=1,5").await;
    assert_shows(&response, 400, &[r#"value="1,5""#, "decimal number such as 12 or 12.50"]);
    assert_shows(&post(&sandbox, &format!("/pay/{id}/partial"), "").await, 400, &["decimal number"]);
    assert!(state(&sandbox, &id).is_pending());
    assert_eq!(post(&sandbox, &format!("/pay/{id}/partial"), "amount=+99.99+").await.status, 303);
    assert_eq!(sandbox.order(&id).unwrap().pay_amount.to_string(), "99.99");
}

#[tokio::test]
async fn only_ways_that_are_scanned_have_a_code() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for (changes, has_code) in [
        (json!({ "wayCode": "QR", "currency": "VND", "amount": "100000" }), true),
        (
            json!({ "wayCode": "QR", "currency": "PHP", "amount": "100", "customerContact": "9123456789" }),
            true,
        ),
        (json!({}), false),
    ] {
        let number = format!("D{}", changes["currency"].as_str().unwrap_or_default());
        let id = caller.create(&sandbox, DEPOSIT, &kenya(&number, &changes)).await;
        let page = get(&sandbox, &format!("/pay/{id}")).await;
        assert_shows(&page, 200, &[]);
        let code =
            page.body.contains(r#"role="img""#) && page.body.contains("<title id=\"qr-title\">QR code to");
        assert_eq!(code, has_code, "{changes}");
    }
}

#[tokio::test]
async fn numbers_that_nobody_has_are_not_found() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let withdrawal = caller.create(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await;
    let id = deposit(&sandbox, &caller, "D1").await;
    for path in
        ["/pay/P1", "/pay/", "/pay/%00", "/pay/%3Cb%3E", "/orders/P1", "/page/x", "/pay", "/pay/a/b/c"]
    {
        let response = get(&sandbox, path).await;
        assert_shows(&response, 404, &["Not found"]);
        assert!(!response.body.contains("<b>"), "{path}: {}", response.body);
    }
    assert_shows(
        &get(&sandbox, &format!("/pay/{withdrawal}")).await,
        404,
        &["a withdrawal has no cashier page"],
    );
    for path in [
        "/pay/P1/pay".to_owned(),
        format!("/pay/{withdrawal}/pay"),
        format!("/pay/{id}/refund"),
        format!("/pay/{id}/resend"),
        format!("/pay/{id}/"),
        format!("/orders/{id}/steal"),
        format!("/orders/{id}"),
        format!("/orders/{id}/pay/twice"),
    ] {
        assert_shows(&post(&sandbox, &path, "").await, 404, &["Not found"]);
    }
    assert_eq!(state(&sandbox, &withdrawal), OrderState::PROCESSING);
    assert_eq!(state(&sandbox, &id), OrderState::CREATING);
}

#[tokio::test]
async fn the_address_of_a_refused_form_leads_back_to_its_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let id = deposit(&sandbox, &caller, "D1").await;
    let response = get(&sandbox, &format!("/pay/{id}/pay")).await;
    assert_eq!((response.status, response.header("location")), (303, Some(&*format!("/pay/{id}"))));
    assert_eq!(state(&sandbox, &id), OrderState::CREATING);
}

#[tokio::test]
async fn an_owner_has_a_button_for_every_step_an_order_can_take_and_for_no_other() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let buttons = async |id: &PayOrderId| {
        let page = get(&sandbox, &format!("/orders/{id}")).await;
        let steps = ["pay", "partial", "fail", "reject", "expire", "refund"];
        let has = |step: &&&str| page.body.contains(&format!(r#"action="/orders/{id}/{step}""#));
        steps.iter().filter(has).copied().collect::<Vec<_>>().join(" ")
    };
    let id = deposit(&sandbox, &caller, "D1").await;
    assert_eq!(buttons(&id).await, "pay partial fail expire");
    assert_eq!(post(&sandbox, &format!("/orders/{id}/partial"), "amount=40").await.status, 303);
    assert_eq!(buttons(&id).await, "pay partial refund");
    let page = get(&sandbox, &format!("/orders/{id}")).await;
    assert!(page.body.contains("less than 60."), "another part is less than what is still to pay");
    assert_eq!(post(&sandbox, &format!("/orders/{id}/refund"), "").await.status, 303);
    assert_eq!(buttons(&id).await, "");
    assert_shows(&post(&sandbox, &format!("/orders/{id}/pay"), "").await, 409, &["cannot come to"]);

    let id = caller.create(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await;
    assert_eq!(buttons(&id).await, "pay fail reject");
    assert_eq!(post(&sandbox, &format!("/orders/{id}/reject"), "").await.status, 303);
    assert_eq!(state(&sandbox, &id), OrderState::REJECTED);
}

#[tokio::test]
async fn callbacks_are_shown_with_every_attempt_and_signature_and_are_sent_again() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let receiver = Receiver::ok().await;
    let id = caller.deposit_to(&sandbox, "D1", &receiver.url()).await;
    let other = deposit(&sandbox, &caller, "D2").await;
    sandbox.pay(&id).unwrap();
    sandbox.settle().await;
    let again = |id: &PayOrderId, form: &'static str| {
        let path = format!("/orders/{id}/resend");
        let sandbox = &sandbox;
        async move { post(sandbox, &path, form).await.status }
    };
    assert_eq!(again(&id, "callback=1").await, 303);
    sandbox.settle().await;
    let arrived = receiver.until(2).await;
    assert_eq!(arrived.len(), 2);
    for path in ["/", "/callbacks", &format!("/orders/{id}")] {
        let page = get(&sandbox, path).await;
        assert_shows(&page, 200, &["delivered", "HTTP 200 OK"]);
        for one in &arrived {
            assert!(page.body.contains(one.signature().unwrap()), "{path}");
        }
    }
    for (order, form, status) in
        [(&other, "callback=1", 404), (&id, "callback=2", 404), (&id, "", 404), (&id, "callback=x", 400)]
    {
        assert_eq!(again(order, form).await, status, "{form}");
    }
}

#[tokio::test]
async fn a_refused_signature_is_explained_in_the_log() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let query = caller.balance_query().header("X-API-SIGNATURE", "<script>alert(1)</script>");
    let response = query.send(sandbox.address()).await;
    let names = response.header("x-sandbox-explain").unwrap();
    for path in ["/", "/log", "/page/log?after=0"] {
        assert_shows(&get(&sandbox, path).await, 200, &["Why the signature was refused", names, "<pre>"]);
    }
    let last = sandbox.events().last().unwrap().number;
    assert_eq!(get(&sandbox, &format!("/page/log?after={last}")).await.body, "");
}

#[tokio::test]
async fn long_lists_are_shown_in_parts() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for number in 0..45 {
        let id = deposit(&sandbox, &caller, &format!("D{number}")).await;
        sandbox.pay(&id).unwrap();
    }
    for (path, row) in [("/orders", "<tr role=\"row\"><td"), ("/callbacks", "<details class=\"callback\"")] {
        let (mut next, mut counts) = (Some(path.to_owned()), Vec::new());
        while let Some(path) = next {
            let page = get(&sandbox, &path).await;
            counts.push(page.body.matches(row).count());
            let link = page.body.split("<a href=\"").find(|link| link.contains("rel=\"next\""));
            next = link.map(|link| link.split_once('"').unwrap().0.to_owned());
        }
        assert_eq!(counts, [20, 20, 5], "{path}");
    }
    let overview = get(&sandbox, "/").await;
    assert_eq!(overview.body.matches("<tr role=\"row\"><td").count(), 8);
    assert_shows(&overview, 200, &["href=\"/_sandbox/openapi.json\""]);
    for path in ["/orders?before=x", "/log?before=1.5", "/page/log?after=-1"] {
        assert_shows(&get(&sandbox, path).await, 400, &["whole number"]);
    }
}

#[tokio::test]
async fn merchants_are_shown_with_public_keys_and_balances_and_in_parts() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = sandbox.merchant().private_key().public_key();
    let page = get(&sandbox, "/merchants").await;
    assert_shows(&page, 200, &["M1688443086", &key.to_string(), "KES", "1000000", "active"]);
    for number in 10..40 {
        sandbox.register(crate::merchant_no(&format!("A{number}")), key);
    }
    assert_shows(&get(&sandbox, "/merchants").await, 200, &["A29", "after=A29"]);
    let rest = get(&sandbox, "/merchants?after=A29").await;
    assert_shows(&rest, 200, &["A30", "M1688443086"]);
    assert!(!rest.body.contains("A29<") && !rest.body.contains("rel=\"next\""));
}

#[tokio::test]
async fn a_clock_far_beyond_all_calendars_is_shown_too() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    sandbox.clock().advance(Duration::from_secs(300_000_000_000));
    let id = deposit(&sandbox, &caller, "D1").await;
    assert_shows(&get(&sandbox, &format!("/orders/{id}")).await, 200, &["after the year 9999"]);
}
