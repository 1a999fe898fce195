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
        times_are_local_with_utc_on_hover(&browser, &shop).await;
        a_refused_call_shows_what_had_to_be_signed(&browser, &shop).await;
        the_clock_and_a_test_callback_are_on_the_first_page(&browser, &mut shop).await;
        a_list_is_searched(&browser, &shop).await;
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
    assert!(browser.text("h1").await.contains("1,500 KES"));
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

async fn times_are_local_with_utc_on_hover(browser: &Browser, shop: &Shop) {
    browser.open(&shop.page("/orders")).await;
    let time = browser.find("td time").await;
    let utc = time.attr("title").await.unwrap().unwrap();
    let at = time.attr("datetime").await.unwrap().unwrap();
    assert_eq!(utc, at.replace('T', " ").replace('Z', " UTC"));
    let local = format!("return new Date('{at}').toLocaleString('sv')");
    assert_eq!(browser.run(&local).await, time.text().await.unwrap());
}

async fn a_refused_call_shows_what_had_to_be_signed(browser: &Browser, shop: &Shop) {
    shop.unsorted().await;
    browser.screen((1280, 900), false).await;
    browser.open(&shop.page("/calls?only=refused")).await;
    browser.click(".log li a").await;
    assert!(browser.text(".headline").await.contains("5003008"));
    assert!(browser.text("details summary").await.contains("members_unsorted"));
    assert_eq!(browser.text(".compare .differs mark").await, "currency=KES&");
    // Side by side, and each as it is on the wire.
    let sides =
        "return [...document.querySelectorAll('.beside pre')].map(it => it.getBoundingClientRect().top)";
    let sides = browser.run(sides).await;
    assert_eq!(sides[0], sides[1]);
    assert!(browser.text("[aria-labelledby=request] pre").await.contains("X-API-SIGNATURE: 30"));
    assert!(browser.text("[aria-labelledby=response] pre").await.contains("sign error"));
    assert_eq!(browser.complaints().await, [""; 0]);
}

async fn the_clock_and_a_test_callback_are_on_the_first_page(browser: &Browser, shop: &mut Shop) {
    browser.open(&shop.page("/")).await;
    let before = shop.sandbox.clock().now();
    browser.click("form[action='/clock/advance'] button").await;
    browser.find("form[action='/clock/freeze']").await;
    assert!(shop.sandbox.clock().now() >= before + std::time::Duration::from_mins(1));
    browser.find("#url").await.send_keys(shop.notify_url.as_str()).await.unwrap();
    browser.press(Key::Enter).await;
    assert_eq!(browser.text(".attempts .badge").await, "HTTP 200 OK");
    assert_eq!(
        browser.find("#url").await.prop("value").await.unwrap().as_deref(),
        Some(shop.notify_url.as_str())
    );
    assert_eq!(shop.told().await.state, OrderState::SUCCESS);
}

async fn a_list_is_searched(browser: &Browser, shop: &Shop) {
    browser.open(&shop.page("/orders")).await;
    let all = browser.count("tbody tr").await;
    let number = browser.text("tbody tr:last-child td:nth-child(2) .quiet").await;
    browser.find("input[type=search]").await.send_keys(&number).await.unwrap();
    browser.press(Key::Enter).await;
    browser.find(&format!("input[value='{number}']")).await;
    assert_eq!((all > 1, browser.count("tbody tr").await), (true, 1));
}

async fn everything_works_without_scripts(browser: &Browser, shop: &mut Shop) {
    browser.open(&shop.page("/")).await;
    browser.find("#log li").await;
    assert!(browser.text("#log time").await.ends_with(" UTC"));
    assert_eq!(browser.count("#events + button, .log + button, button[type=button]").await, 0);
    let deposit = shop.deposit(kenya::way::CASHIER, kenya::CURRENCY, "900").await;
    browser.open(&deposit.pay_url).await;
    browser.find("#part").await.send_keys("400.50").await.unwrap();
    browser.click(".partial button").await;
    assert_eq!(browser.text("[role=status] h2").await, "Paid in part");
    shop.is_told(&deposit, OrderState::PARTLY_PAID).await;
}
