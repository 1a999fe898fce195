//! How the page looks on a phone and on a desk, by day and by night: measured, and pictured for people to judge.

use crate::driver::Browser;
use crate::shop::Shop;
use serde_json::json;
use tarspay::types::market::{kenya, philippines};

const PHONE: (u32, u32) = (360, 740);
const DESK: (u32, u32) = (1280, 900);

/// Returns what is too pale, too wide, or without a name for a screen reader.
const FAULTS: &str = include_str!("looks.js");

pub(crate) async fn are_good(browser: &Browser, shop: &Shop) {
    let open = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "1500").await;
    let scanned = shop.deposit(philippines::way::QR, philippines::CURRENCY, "2500.50").await;
    let failed = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "120").await;
    shop.sandbox.fail(&failed.pay_order_id, "the payer pressed cancel").unwrap();
    let paid = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "80000").await;
    shop.sandbox.pay(&paid.pay_order_id).unwrap();
    shop.sandbox.settle().await;
    shop.wrong_signature().await;
    shop.unsorted().await;
    let refused = shop.sandbox.events().last().unwrap().number;

    let pages = [
        ("home", shop.page("/")),
        ("calls", shop.page("/calls")),
        ("call-refused", shop.page(&format!("/calls/{refused}"))),
        ("call-other-key", shop.page(&format!("/calls/{}", refused - 1))),
        ("test-callback", shop.page("/callbacks/test")),
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
                assert_eq!(browser.run(FAULTS).await, json!([]), "{what}");
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
