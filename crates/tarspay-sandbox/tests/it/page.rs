//! The page for people, read and used as a browser does it: what it shows, and what its forms do.

use crate::http::{Request, Response};
use crate::support::{DEPOSIT, Receiver, WITHDRAWAL, kenya, payout};
use crate::{BALANCE, Caller};
use serde_json::json;
use std::time::Duration;
use tarspay_sandbox::{Event, EventKind, Sandbox};
use tarspay_types::{OrderState, PayOrderId};

/// The page of the latest call.
pub(crate) async fn last_call(sandbox: &Sandbox) -> Response {
    let events = sandbox.events();
    let is_call = |event: &&Event| matches!(event.kind, EventKind::Called { .. });
    get(sandbox, &format!("/calls/{}", events.iter().rfind(is_call).unwrap().number)).await
}

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
    assert_shows(&post(&sandbox, &format!("/orders/{id}/pay"), "").await, 409, &["cannot change to"]);

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
    assert_eq!(get(&sandbox, "/").await.body.matches("<tr role=\"row\"><td").count(), 8);
    let page = get(&sandbox, "/orders?q=D&only=2").await;
    assert!(page.body.contains("q=D&amp;only=2&amp;before="), "the next page keeps the search: {page:?}");
    for path in ["/orders?before=x", "/log?before=1.5", "/page/log?after=-1"] {
        assert_shows(&get(&sandbox, path).await, 400, &["whole number"]);
    }
}

#[tokio::test]
async fn merchants_are_shown_with_public_keys_and_balances_and_in_parts() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = sandbox.merchant().private_key().public_key();
    let page = get(&sandbox, "/merchants").await;
    assert_shows(&page, 200, &["M1688443086", &key.to_string(), "KES", "1,000,000", "active"]);
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

#[tokio::test]
async fn a_call_is_shown_with_its_request_and_response_and_what_had_to_be_signed() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let id = caller.create(&sandbox, DEPOSIT, &kenya("D1", &json!({ "customerName": "A & B" }))).await;
    let order = format!("/orders/{id}");
    let nonce = caller.next_nonce();
    assert_shows(
        &last_call(&sandbox).await,
        200,
        &[
            "POST /api/pay/unifiedOrder\nHost: sandbox\n",
            "X-API-KEY: ",
            "X-API-SIGNATURE: 30",
            "&quot;customerName&quot;:&quot;A &amp; B&quot;",
            "&quot;msg&quot;:&quot;SUCCESS&quot;",
            "POST|/api/pay/unifiedOrder|",
            "|amount=100&amp;currency=KES&amp;",
            &order,
        ],
    );
    // Two members in the wrong order.
    let body = r#"{"mchNo":"M1688443086","currency":"KES"}"#;
    let text = format!("POST|{BALANCE}|{nonce}|mchNo=M1688443086&currency=KES");
    let signature = caller.key.sign(&tarspay_sign::Digest::of(&text)).to_string();
    let request = caller.signed(BALANCE, nonce, body).header("X-API-SIGNATURE", &signature);
    request.header("Cookie", "session=1").send(sandbox.address()).await;
    let page = last_call(&sandbox).await;
    assert_shows(&page, 200, &["members_unsorted", "Must be signed", "Was signed", "<tr class=\"differs\""]);
    assert_eq!(page.body.matches("class=\"differs\"").count(), 2, "{page:?}");
    assert!(!page.body.contains("session=1"), "{page:?}");
    // A signature that nothing explains.
    caller.balance_query().header("X-API-SIGNATURE", "zz").send(sandbox.address()).await;
    let page = last_call(&sandbox).await;
    assert_shows(&page, 200, &["String to sign", "POST|/api/balanceInfo|"]);
    assert!(!page.body.contains("Was signed"), "{page:?}");
    for path in ["/calls/1", "/calls/99", "/calls/x", "/calls/"] {
        assert_shows(&get(&sandbox, path).await, 404, &["Not found"]);
    }
    assert_shows(&get(&sandbox, "/calls/1").await, 404, &["Call no. 1 is not kept; the latest 1,000"]);
}

#[tokio::test]
async fn what_faults_made_of_a_response_is_said_beside_it() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    sandbox.inject(tarspay_sandbox::Fault::truncate(3));
    sandbox.inject(tarspay_sandbox::Fault::slow_response(Duration::from_millis(1)));
    let _ = crate::http::exchange(sandbox.address(), &caller.balance_query().to_bytes()).await;
    let number = sandbox.events().last().unwrap().number;
    let made = "made of the response: cut the response after 3 bytes, take 1ms for the response";
    assert_shows(&get(&sandbox, &format!("/calls/{number}")).await, 200, &[made, "availableAmount"]);
}

#[tokio::test]
async fn lists_are_searched_and_filtered() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let mut ids = Vec::new();
    for number in ["shoes-1", "shoes-2", "hats-1"] {
        ids.push(deposit(&sandbox, &caller, number).await);
    }
    sandbox.pay(&ids[0]).unwrap();
    sandbox.pay(&ids[2]).unwrap();
    sandbox.settle().await;
    caller.call(&sandbox, DEPOSIT, &kenya("shoes-1", &json!({}))).await;
    let last = ids[1].as_str();
    for (path, shown) in [
        ("/orders?q=shoes", "shoes-1 shoes-2"),
        ("/orders?q=shoes&only=2", "shoes-1"),
        ("/orders?q=&only=0", "shoes-2"),
        (&format!("/orders?q={}", &last[last.len() - 4..]), "shoes-2"),
        ("/orders?q=%25", ""),
        ("/orders?only=77", ""),
        ("/callbacks?q=hats", "hats-1"),
        ("/callbacks?q=s-1&only=undeliverable", "shoes-1 hats-1"),
        ("/callbacks?only=delivered", ""),
        ("/calls?only=refused", "shoes-1"),
        ("/calls?q=HATS&only=accepted", "hats-1"),
        ("/calls", "shoes-1 shoes-2 hats-1"),
        ("/log?q=5003011", "shoes-1"),
        ("/log?q=%3Cb%3E", ""),
    ] {
        let page = get(&sandbox, path).await;
        assert_shows(&page, 200, &[r#"role="search""#]);
        let shown_list = page.body.split_once("</form>").unwrap().1;
        let names = ["shoes-1", "shoes-2", "hats-1"].into_iter().zip(&ids);
        let found = names.filter(|(name, id)| shown_list.contains(name) || shown_list.contains(id.as_str()));
        assert_eq!(found.map(|(name, _)| name).collect::<Vec<_>>().join(" "), shown, "{path}: {shown_list}");
        assert!(!page.body.contains("<b>"), "{path}");
    }
    for (path, words) in
        [("/orders?only=x", "code of a state"), ("/callbacks?only=sent", "must be due, delivered")]
    {
        assert_shows(&get(&sandbox, path).await, 400, &[words]);
    }
}

#[tokio::test]
async fn the_first_page_says_how_to_start_and_has_the_clock() {
    let sandbox = Sandbox::start().await.unwrap();
    let key = sandbox.merchant().private_key().public_key().to_string();
    let page = get(&sandbox, "/").await;
    let (system_key, url) = (sandbox.system_public_key().to_string(), sandbox.base_url().to_owned());
    let start = [
        "eval &quot;$(tarspay sandbox env)&quot;",
        "TARSPAY_API_URL",
        &url,
        "M1688443086",
        &key,
        &system_key,
    ];
    assert_shows(&page, 200, &start);
    let before = sandbox.clock().now();
    let step = async |step: &str, body: &str| post(&sandbox, &format!("/clock/{step}"), body).await;
    let moved = step("advance", "seconds=1800").await;
    assert_eq!((moved.status, moved.header("location")), (303, Some("/")));
    assert!(sandbox.clock().now() >= before + Duration::from_secs(1800));
    assert_eq!(step("freeze", "").await.status, 303);
    assert!(sandbox.clock().is_frozen());
    assert_shows(&get(&sandbox, "/").await, 200, &["frozen", "Resume"]);
    assert_eq!(step("resume", "").await.status, 303);
    assert!(!sandbox.clock().is_frozen());
    for (name, body, status) in [("advance", "", 400), ("advance", "seconds=x", 400), ("back", "", 404)] {
        assert_shows(&step(name, body).await, status, &["<h1>"]);
    }
    assert_eq!(get(&sandbox, "/clock/freeze").await.header("location"), Some("/"));
}

#[tokio::test]
async fn a_test_callback_is_signed_and_its_outcome_is_shown() {
    let sandbox = Sandbox::start().await.unwrap();
    let receiver = Receiver::scripted([crate::support::Reply::With(401, "<b>who?</b>")]).await;
    let send = async |form: &str| post(&sandbox, "/callbacks/test", form).await;
    let url = receiver.url().replace(':', "%3A").replace('?', "%3F").replace('=', "%3D");
    let shown = send(&format!("url={url}&state=9")).await;
    assert_shows(
        &shown,
        200,
        &["HTTP 401", "&lt;b&gt;who?", "&quot;state&quot;:9", "&quot;payAmount&quot;:&quot;600&quot;"],
    );
    assert_shows(&send(&format!("url={url}&state=2")).await, 200, &["HTTP 200 OK"]);
    let arrived = receiver.until(2).await;
    let digest = tarspay_sign::Digest::of(&arrived[1].body);
    let signature = arrived[1].signature().unwrap().parse().unwrap();
    let policy = tarspay_sign::SignaturePolicy::AcceptHighS;
    sandbox.system_public_key().verify(&digest, &signature, policy).unwrap();
    assert_eq!(arrived[1].json()["mchNo"], "M1688443086");
    assert_eq!(sandbox.callbacks().unwrap(), []);
    for (form, words) in [
        ("url=https%3A%2F%2F127.0.0.1%2Fx", "http only"),
        ("url=http%3A%2F%2Fshop.example%2F", "not loopback"),
        ("url=shop", "cannot be used"),
        ("", "is missing"),
        ("url=http%3A%2F%2F127.0.0.1%3A1%2F&state=x", "whole number"),
    ] {
        assert_shows(&send(form).await, 400, &[words, r#"role="alert""#, r#"aria-invalid="true""#]);
    }
    assert_shows(&get(&sandbox, "/callbacks/test").await, 200, &["<form"]);
}

#[tokio::test]
async fn a_person_who_looks_for_what_is_not_there_gets_a_page() {
    let sandbox = Sandbox::start().await.unwrap();
    for (path, words) in [
        ("/nothing", "There is no such page"),
        ("/favicon.ico", "There is no such page"),
        ("/api/pay/unifiedOrder", "takes a signed POST"),
        ("/orders/P1/steal/it", "There is no such page"),
    ] {
        let request = Request::post(path, "").method("GET").header("Host", "localhost");
        let response = request.header("Accept", "text/html,*/*;q=0.8").send(sandbox.address()).await;
        assert_shows(&response, 404, &["Not found", words, r#"<a href="/calls">Calls</a>"#]);
    }
}
