//! What the Rust handle can do, the control API can do too.

use crate::http::Request;
use tarspay_sandbox::Sandbox;

/// Each method of `Sandbox` and of its clock, and the route that does the same; or why there is none.
const TABLE: &[(&str, Result<&str, &str>)] = &[
    ("start", Err("HTTP comes after it")),
    ("builder", Err("HTTP comes after it")),
    ("stop", Err("the program that started it does that")),
    ("base_url", Ok("health")),
    ("address", Ok("health")),
    ("system_public_key", Ok("health")),
    ("merchant", Ok("health")),
    ("merchant_no", Ok("health")),
    ("private_key", Err("no answer holds a private key")),
    ("sign_callback", Ok("callbacks/sign")),
    ("clock", Ok("clock")),
    ("now", Ok("clock")),
    ("is_frozen", Ok("clock")),
    ("advance", Ok("clock/advance")),
    ("freeze", Ok("clock/freeze")),
    ("resume", Ok("clock/resume")),
    ("inject", Ok("faults")),
    ("faults", Ok("faults")),
    ("clear_fault", Ok("faults/1/clear")),
    ("clear_faults", Ok("faults/clear")),
    ("events", Ok("events")),
    ("tail", Ok("events")),
    ("merchants", Ok("merchants")),
    ("register", Ok("merchants/M1/keys")),
    ("configure_key", Ok("merchants/M1/keys")),
    ("set_merchant_status", Ok("merchants/M1/status")),
    ("set_balance", Ok("merchants/M1/balances")),
    ("set_balance_in", Ok("merchants/M1/balances")),
    ("balance", Ok("merchants/M1/balances")),
    ("balances", Ok("merchants/M1/balances")),
    ("set_fee", Ok("fees")),
    ("set_merchant_fee", Ok("merchants/M1/fees")),
    ("order", Ok("orders/P1")),
    ("order_by_number", Ok("orders")),
    ("orders", Ok("orders")),
    ("find_orders", Ok("orders")),
    ("history", Ok("orders/P1")),
    ("planned", Ok("orders/P1")),
    ("open_cashier", Ok("orders/P1/open")),
    ("pay", Ok("orders/P1/pay")),
    ("pay_partially", Ok("orders/P1/partial")),
    ("fail", Ok("orders/P1/fail")),
    ("reject", Ok("orders/P1/reject")),
    ("refund", Ok("orders/P1/refund")),
    ("expire", Ok("orders/P1/expire")),
    ("record_transfer", Ok("transfers")),
    ("callbacks", Ok("callbacks")),
    ("callbacks_of", Ok("callbacks")),
    ("find_callbacks", Ok("callbacks")),
    ("callback", Ok("callbacks/1")),
    ("resend", Ok("callbacks/1/resend")),
    ("settle", Ok("callbacks/settle")),
    ("play", Ok("scenarios")),
    ("scenarios", Ok("scenarios")),
    ("clear_scenario", Ok("scenarios/x/clear")),
    ("clear_scenarios", Ok("scenarios/clear")),
    ("reset", Ok("reset")),
];

/// Where the handle and its clock have their methods.
const SOURCES: &[&str] = &[
    include_str!("../../src/sandbox.rs"),
    include_str!("../../src/control/callbacks.rs"),
    include_str!("../../src/control/merchants.rs"),
    include_str!("../../src/control/orders.rs"),
    include_str!("../../src/control/pages.rs"),
    include_str!("../../src/control/reset.rs"),
    include_str!("../../src/control/scenarios.rs"),
    include_str!("../../src/control/time.rs"),
];

#[test]
fn every_method_is_in_the_table_and_the_table_has_no_other() {
    let methods = SOURCES.iter().flat_map(|source| source.lines()).filter_map(|line| {
        let rest = line.strip_prefix("    pub ")?;
        let rest = rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ")?;
        rest.split_once('(').map(|(name, _)| name)
    });
    let mut methods: Vec<_> = methods.filter(|name| *name != "new").collect();
    let mut table: Vec<_> = TABLE.iter().map(|(name, _)| *name).collect();
    methods.sort_unstable();
    table.sort_unstable();
    assert_eq!(methods, table);
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/control")).unwrap().count();
    assert_eq!(files + 1, SOURCES.len(), "a module of control/ is not looked at");
}

#[tokio::test]
async fn every_route_of_the_table_is_there() {
    let sandbox = Sandbox::start().await.unwrap();
    for route in TABLE.iter().filter_map(|(_, route)| route.ok()) {
        // A method that no route has is refused by the route if there is one.
        let request =
            Request::post(&format!("/_sandbox/{route}"), "").method("PUT").header("Host", "localhost");
        assert_eq!(request.send(sandbox.address()).await.status, 405, "{route}");
    }
}
