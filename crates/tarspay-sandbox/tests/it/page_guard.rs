//! What the page does not let in or out: values of strangers as HTML, pages of other origins, keys, personal values.

use crate::Caller;
use crate::http::{Request, Response};
use crate::page::{form, get};
use crate::support::{DEPOSIT, kenya};
use serde_json::json;
use tarspay_sandbox::{Event, EventKind, Sandbox};
use tarspay_types::{OrderState, PayOrderId};

const HOSTILE: &str = r#""><script>alert('x')</script>&amp;"#;

async fn deposit(sandbox: &Sandbox) -> PayOrderId {
    Caller::of(sandbox).create(sandbox, DEPOSIT, &kenya("D1", &json!({}))).await
}

#[tokio::test]
async fn values_of_merchants_are_text_on_every_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let body = kenya(HOSTILE, &json!({ "returnUrl": format!("https://shop.example/?{HOSTILE}") }));
    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &body).await;
    sandbox.fail(&id, HOSTILE).unwrap();
    let is_call = |event: &&Event| matches!(event.kind, EventKind::Called { .. });
    let call = sandbox.events().iter().find(is_call).unwrap().number;
    let (call, order, cashier) = (format!("/calls/{call}"), format!("/orders/{id}"), format!("/pay/{id}"));
    for path in ["/", "/orders", "/callbacks", "/calls", &call, "/log", &order, &cashier] {
        let page = get(&sandbox, path).await;
        assert_eq!(page.status, 200);
        assert!(
            !page.body.contains("<script>") && !page.body.contains("&amp;amp;amp;"),
            "{path}: {}",
            page.body
        );
        if path != "/callbacks" {
            assert!(page.body.contains("&quot;&gt;&lt;script&gt;"), "{path}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn only_a_web_address_becomes_a_link_back_to_the_merchant() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for (number, url, is_linked) in [
        ("D1", "https://shop.example/thanks?order=1&x=2", true),
        ("D2", "javascript:alert(1)", false),
        ("D3", "data:text/html,x", false),
        ("D4", "javascript://shop.example/%0aalert(1)", false),
    ] {
        let response = caller.call(&sandbox, DEPOSIT, &kenya(number, &json!({ "returnUrl": url }))).await;
        if response.code() != 0 {
            assert!(!is_linked, "{url}: {response:?}");
            continue;
        }
        let id: PayOrderId = response.json()["data"]["payOrderId"].as_str().unwrap().parse().unwrap();
        sandbox.pay(&id).unwrap();
        let page = get(&sandbox, &format!("/pay/{id}")).await;
        assert_eq!(page.body.contains("Back to the merchant"), is_linked, "{url}");
        assert!(!page.body.contains("javascript:") && !page.body.contains("data:text"), "{url}");
    }
}

#[tokio::test]
async fn no_private_key_and_no_value_of_the_payer_is_shown() {
    let sandbox = Sandbox::start().await.unwrap();
    let personal = json!({
        "customerName": "Wanjiru Kamau", "customerEmail": "wanjiru@shop.example", "customerContact": "254711222333",
    });
    let id = Caller::of(&sandbox).create(&sandbox, DEPOSIT, &kenya("D1", &personal)).await;
    let key = sandbox.merchant().private_key().expose_hex().to_string();
    let shown = crate::page::last_call(&sandbox).await.body;
    assert!(shown.contains("Wanjiru Kamau") && !shown.contains(&key), "a call is shown as it came: {shown}");
    for path in ["/", "/merchants", "/calls", "/log", &format!("/orders/{id}"), &format!("/pay/{id}")] {
        let body = get(&sandbox, path).await.body;
        for secret in [key.as_str(), "Wanjiru", "wanjiru@", "254711222333"] {
            assert!(!body.contains(secret), "{secret} is on {path}");
        }
    }
}

fn assert_forbidden(response: &Response) {
    assert_eq!(response.status, 403, "{response:?}");
    assert!(response.body.contains("Not allowed"), "{response:?}");
}

#[tokio::test]
async fn forms_of_other_origins_and_names_do_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = deposit(&sandbox).await;
    let pay = form(&sandbox, &format!("/pay/{id}/pay"), "");
    let host = sandbox.address().to_string();
    for (name, value) in [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", &*format!("https://{host}")),
        ("Origin", "http://127.0.0.1:1"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Host", "evil.example"),
        ("Host", ""),
    ] {
        assert_forbidden(&pay.clone().header(name, value).send(sandbox.address()).await);
        let refund = form(&sandbox, &format!("/orders/{id}/pay"), "").header(name, value);
        assert_forbidden(&refund.send(sandbox.address()).await);
    }
    for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json", ""] {
        let response = pay.clone().header("Content-Type", kind).send(sandbox.address()).await;
        assert_eq!(response.status, 400, "{kind}");
    }
    assert_eq!(sandbox.order(&id).unwrap().state, OrderState::CREATING);
    let large = pay.clone().body(vec![b'a'; 64 * 1024 + 1]).send(sandbox.address()).await;
    assert_eq!(large.status, 413);
    assert_eq!(pay.send(sandbox.address()).await.status, 303);
}

#[tokio::test]
async fn a_name_that_was_pointed_at_this_machine_sees_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = deposit(&sandbox).await;
    for path in ["/", "/orders", "/page/log", "/page/style.css", &format!("/pay/{id}")] {
        for host in ["evil.example", "127.0.0.1.evil.example", "10.0.0.1"] {
            let request = Request::post(path, "").method("GET").header("Host", host);
            assert_forbidden(&request.send(sandbox.address()).await);
        }
    }
    assert_eq!(sandbox.order(&id).unwrap().state, OrderState::CREATING);
    // A shop sends its payer here from its own page.
    let host = sandbox.address().to_string();
    let from_shop = Request::post(&format!("/pay/{id}"), "").method("GET").header("Host", &host);
    assert_eq!(from_shop.header("Sec-Fetch-Site", "cross-site").send(sandbox.address()).await.status, 200);
}

#[tokio::test]
async fn only_a_navigation_opens_the_cashier_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let id = deposit(&sandbox).await;
    let host = sandbox.address().to_string();
    let visit = Request::post(&format!("/pay/{id}"), "").method("GET").header("Host", &host);
    let as_document = visit.clone().header("Sec-Fetch-Dest", "document");
    let all = ["image", "empty", "script", "style", "iframe", "embed", "object", "", "Document"];
    let mut others: Vec<_> = all.iter().map(|kind| visit.clone().header("Sec-Fetch-Dest", kind)).collect();
    for (name, value) in [
        ("Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("Purpose", "prefetch"),
        ("X-Moz", "prefetch"),
    ] {
        others.extend([visit.clone().header(name, value), as_document.clone().header(name, value)]);
    }
    // Without `Sec-Fetch-Dest`, as over plain HTTP to a public name.
    for accept in [
        "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
        "image/webp,video/*;q=0.8,image/png,image/*;q=0.8,*/*;q=0.5",
        "IMAGE/*",
        "text/css,*/*;q=0.1",
        "video/webm,video/*;q=0.9,*/*;q=0.5",
        "application/json",
        "",
    ] {
        others.push(visit.clone().header("Accept", accept));
    }
    others.push(visit.clone().method("HEAD"));
    for request in others {
        assert_eq!(request.send(sandbox.address()).await.status, 200, "{request:?}");
        assert_eq!(sandbox.order(&id).unwrap().state, OrderState::CREATING, "{request:?}");
    }
    assert_eq!(as_document.send(sandbox.address()).await.status, 200);
    assert_eq!(sandbox.order(&id).unwrap().state, OrderState::PROCESSING);
}

#[tokio::test]
async fn a_program_and_a_browser_without_fetch_metadata_open_the_cashier_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let (caller, host) = (Caller::of(&sandbox), sandbox.address().to_string());
    for (at, accept) in [
        None,
        Some("*/*"),
        Some("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"),
        Some("application/json, text/plain, */*"),
        Some("Text/HTML"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = caller.create(&sandbox, DEPOSIT, &kenya(&format!("D{at}"), &json!({}))).await;
        let visit = Request::post(&format!("/pay/{id}"), "").method("GET").header("Host", &host);
        let visit = accept.map_or_else(|| visit.clone(), |accept| visit.clone().header("Accept", accept));
        assert_eq!(visit.send(sandbox.address()).await.status, 200);
        assert_eq!(sandbox.order(&id).unwrap().state, OrderState::PROCESSING, "{accept:?}");
    }
}

#[tokio::test]
async fn every_response_to_a_browser_is_fenced_in() {
    let sandbox = Sandbox::start().await.unwrap();
    for (method, path, host) in [
        ("GET", "/_sandbox/health", "localhost"),
        ("GET", "/_sandbox/none", "localhost"),
        ("GET", "/_sandbox/openapi.json", "localhost"),
        ("PUT", "/_sandbox/health", "localhost"),
        ("GET", "/_sandbox/health", "evil.example"),
        ("GET", "/nope", "localhost"),
        ("GET", "/nope", "evil.example"),
        ("PUT", "/orders", "localhost"),
        ("POST", "/api/balanceInfo", "localhost"),
        ("GET", "/orders/none/none/none", "localhost"),
    ] {
        let request = Request::post(path, "").method(method).header("Host", host);
        let response = request.send(sandbox.address()).await;
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{path} {host}");
        assert_eq!(response.header("cross-origin-resource-policy"), Some("same-origin"), "{path} {host}");
    }
    let id = deposit(&sandbox).await;
    for path in
        ["/", "/page/style.css", "/page/page.js", "/page/icon.svg", "/pay/none", &format!("/pay/{id}")]
    {
        let response = get(&sandbox, path).await;
        let policy = response.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(response.header("referrer-policy"), Some("same-origin"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        for inline in ["<style", " style=", " onclick=", "<script>", "src=\"http", "href=\"//"] {
            assert!(!response.body.contains(inline), "{inline} is in {path}");
        }
    }
}

#[tokio::test]
async fn calls_of_the_gateway_stay_calls_of_the_gateway() {
    let sandbox = Sandbox::start().await.unwrap();
    for path in ["/", "/merchants", "/page/log", "/payment", "/api/pay/unifiedOrder"] {
        let response = Request::post(path, "{}").send(sandbox.address()).await;
        assert_eq!((response.status, response.json()["code"].is_i64()), (200, true), "{path}: {response:?}");
    }
    for path in ["/api/pay/unifiedOrder", "/payment", "/ordersx"] {
        get(&sandbox, path).await.assert_refused(405, -1);
    }
}
