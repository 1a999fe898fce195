//! The sandbox's page as a person uses it, in a real browser. Skipped, visibly, where there is none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, also in its helpers"
)]

mod driver;
mod looks;
mod shop;

use driver::{Browser, Driver};
use fantoccini::key::Key;
use shop::Shop;
use tarspay::types::{OrderState, market::kenya};

/// Everything in one test, as a browser takes longer to start than all of it takes.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_in_a_browser() {
    let Some(driver) = Driver::start().await else { return };
    let mut shop = Shop::open().await;

    let profile = tempfile::tempdir().unwrap();
    let browser = driver.browser(&profile, true).await;
    let client = browser.client.clone();
    // In a task of its own, so that a failure closes the browser too.
    let with_scripts = tokio::spawn(async move {
        a_click_pays_and_the_merchant_is_told(&browser, &mut shop).await;
        the_keyboard_alone_pays(&browser, &mut shop).await;
        a_wrong_part_is_told_beside_its_field(&browser, &shop).await;
        the_log_is_live(&browser, &shop).await;
        looks::are_good(&browser, &shop).await;
        shop
    })
    .await;
    client.close().await.unwrap();
    let mut shop = with_scripts.unwrap();

    let profile = tempfile::tempdir().unwrap();
    let browser = driver.browser(&profile, false).await;
    let client = browser.client.clone();
    let without =
        tokio::spawn(async move { everything_works_without_scripts(&browser, &mut shop).await }).await;
    client.close().await.unwrap();
    without.unwrap();
}

async fn a_click_pays_and_the_merchant_is_told(browser: &Browser, shop: &mut Shop) {
    let deposit = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "1500").await;
    browser.open(&deposit.pay_url).await;
    assert!(browser.text("h1").await.contains("1500 KES"));
    browser.click("button.primary").await;
    assert_eq!(browser.text("[role=status] h2").await, "Paid");
    assert_eq!(browser.count("button").await, 0);
    shop.is_told(&deposit, OrderState::SUCCESS).await;
    assert_eq!(browser.complaints().await, [""; 0]);
}

async fn the_keyboard_alone_pays(browser: &Browser, shop: &mut Shop) {
    let deposit = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "250").await;
    browser.open(&deposit.pay_url).await;
    let mut passed = Vec::new();
    loop {
        browser.press(Key::Tab).await;
        let focused = browser.client.active_element().await.unwrap().text().await.unwrap();
        let is_visible = "return getComputedStyle(document.activeElement).outlineStyle !== 'none'";
        assert_eq!(browser.run(is_visible).await, true, "the focus on {focused:?} shows");
        passed.push(focused);
        if passed.last().is_some_and(|text| text == "Pay 250 KES") {
            break;
        }
        assert!(passed.len() < 5, "the way to the button is long: {passed:?}");
    }
    browser.press(Key::Enter).await;
    assert_eq!(browser.text("[role=status] h2").await, "Paid");
    shop.is_told(&deposit, OrderState::SUCCESS).await;
}

async fn a_wrong_part_is_told_beside_its_field(browser: &Browser, shop: &Shop) {
    let deposit = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "300").await;
    browser.open(&deposit.pay_url).await;
    browser.find("#part").await.send_keys("three hundred").await.unwrap();
    browser.press(Key::Enter).await;
    assert!(browser.text("[role=alert]").await.contains("decimal number"));
    assert_eq!(browser.find("#part").await.prop("value").await.unwrap().as_deref(), Some("three hundred"));
    assert_eq!(shop.state(&deposit), OrderState::PROCESSING);
    // The status 400 of the response is all there is to complain about.
    let complaints = browser.complaints().await;
    assert!(complaints.iter().all(|one| one.contains("status of 400")), "{complaints:?}");
}

async fn the_log_is_live(browser: &Browser, shop: &Shop) {
    browser.open(&shop.page("/")).await;
    let deposit = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "777").await;
    browser.find(&format!("#log a[href='/orders/{}']", deposit.pay_order_id)).await;
    assert!(browser.find("#changed").await.is_displayed().await.unwrap());
    assert_eq!(browser.complaints().await, [""; 0]);
}

async fn everything_works_without_scripts(browser: &Browser, shop: &mut Shop) {
    browser.open(&shop.page("/")).await;
    browser.find("#log li").await;
    assert_eq!(browser.count("#events + button, .log + button, button[type=button]").await, 0);
    let deposit = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "900").await;
    browser.open(&deposit.pay_url).await;
    browser.find("#part").await.send_keys("400.50").await.unwrap();
    browser.click(".partial button").await;
    assert_eq!(browser.text("[role=status] h2").await, "Paid in part");
    shop.is_told(&deposit, OrderState::PARTLY_PAID).await;
}
