//! How the page looks on a phone and on a desk, by day and by night: measured, and pictured for people to judge.

use crate::driver::Browser;
use crate::shop::Shop;
use serde_json::json;
use tarspay::types::market::{kenya, philippines};

const PHONE: (u32, u32) = (360, 740);
const DESK: (u32, u32) = (1280, 900);

/// Texts whose colour is too close to what is behind them: below 4.5 to 1, as WCAG AA asks.
const TOO_PALE: &str = r#"
    const read = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
    const light = (color) => {
        const [r, g, b] = color.map((part) => {
            const share = part / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = read(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color.slice(0, 3);
        }
        return [255, 255, 255];
    };
    const pale = [];
    for (const element of document.body.querySelectorAll("*")) {
        const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!hasText || !element.checkVisibility()) continue;
        const [a, b] = [light(read(getComputedStyle(element).color).slice(0, 3)), light(behind(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) pale.push(`${element.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
    }
    return pale;
"#;

/// What a screen reader would stumble over.
const UNNAMED: &str = r#"
    const faults = [];
    let level = 0;
    for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
        const next = Number(heading.tagName[1]);
        if (next > level + 1) faults.push(`${heading.tagName} after H${level}: ${heading.textContent}`);
        level = next;
    }
    if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
    if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
    for (const input of document.querySelectorAll("input:not([type=hidden])"))
        if (!input.labels.length) faults.push(`no label: ${input.name}`);
    for (const named of document.querySelectorAll("[aria-labelledby], [aria-describedby]"))
        for (const attribute of ["aria-labelledby", "aria-describedby"])
            for (const id of (named.getAttribute(attribute) ?? "").split(" "))
                if (id && !document.getElementById(id)) faults.push(`${attribute} of nothing: ${id}`);
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    if (new Set(ids).size !== ids.length) faults.push(`an id twice: ${ids}`);
    for (const button of document.querySelectorAll("button, a"))
        if (!button.textContent.trim()) faults.push("a button or link without a text");
    if (!document.documentElement.lang || !document.title) faults.push("no language or title");
    return faults;
"#;

const TOO_WIDE: &str = "return document.documentElement.scrollWidth > document.documentElement.clientWidth";

pub(crate) async fn are_good(browser: &Browser, shop: &Shop) {
    let open = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "1500").await;
    let scanned = shop.deposit(philippines::way::QR, philippines::CURRENCY, "2500.50").await;
    let failed = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "120").await;
    shop.sandbox.fail(&failed.pay_order_id, "the payer pressed cancel").unwrap();
    let paid = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "80000").await;
    shop.sandbox.pay(&paid.pay_order_id).unwrap();
    shop.sandbox.settle().await;
    shop.wrong_signature().await;

    let pages = [
        ("home", shop.page("/")),
        ("merchants", shop.page("/merchants")),
        ("orders", shop.page("/orders")),
        ("callbacks", shop.page("/callbacks")),
        ("log", shop.page("/log")),
        ("order", shop.page(&format!("/orders/{}", paid.pay_order_id))),
        ("order-open", shop.page(&format!("/orders/{}", open.pay_order_id))),
        ("cashier", open.pay_url),
        ("cashier-qr", scanned.pay_url),
        ("cashier-paid", paid.pay_url),
        ("cashier-failed", failed.pay_url),
        ("not-found", shop.page("/pay/P0")),
    ];
    for (screen, size) in [("phone", PHONE), ("desk", DESK)] {
        for (tone, is_dark) in [("light", false), ("dark", true)] {
            for (name, url) in &pages {
                let what = format!("{name}-{screen}-{tone}");
                browser.screen(size, is_dark).await;
                browser.open(url).await;
                // All that can be opened is, so that it is measured too.
                browser.run("for (const one of document.querySelectorAll('details')) one.open = true").await;
                assert_eq!(browser.run(TOO_WIDE).await, false, "{what} scrolls sideways");
                assert_eq!(browser.run(TOO_PALE).await, json!([]), "{what}");
                assert_eq!(browser.run(UNNAMED).await, json!([]), "{what}");
                browser
                    .run("for (const one of document.querySelectorAll('details ~ details')) one.open = false")
                    .await;
                let height = browser.run("return document.documentElement.scrollHeight").await;
                let height = u32::try_from(height.as_u64().unwrap()).unwrap().clamp(size.1, 6000);
                browser.screen((size.0, height), is_dark).await;
                browser.picture(&format!("{what}.png")).await;
            }
        }
    }
    // The page that is not found is all there is to complain about.
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|one| one.contains("status of 404")), "{complaints:?}");
}
