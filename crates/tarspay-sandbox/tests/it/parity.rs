//! The control API has a route for every operation of the Rust handle.

use crate::http::Request;
use tarspay_sandbox::Sandbox;

const ROUTES: &str = "health reset openapi.json merchants merchants/M1 merchants/M1/keys merchants/M1/status \
    merchants/M1/balances merchants/M1/fees fees orders orders/P1 orders/P1/open orders/P1/pay orders/P1/partial orders/P1/fail \
    orders/P1/reject orders/P1/refund orders/P1/expire transfers callbacks callbacks/1 callbacks/1/resend \
    callbacks/settle callbacks/sign callbacks/test calls/1 scenarios scenarios/x/clear scenarios/clear faults faults/1/clear faults/clear \
    clock clock/advance clock/freeze clock/resume events";

#[tokio::test]
async fn every_operation_has_its_route() {
    let sandbox = Sandbox::start().await.unwrap();
    for route in ROUTES.split_whitespace() {
        // A method that no route has is refused by the route if there is one.
        let request =
            Request::post(&format!("/_sandbox/{route}"), "").method("PUT").header("Host", "localhost");
        assert_eq!(request.send(sandbox.address()).await.status, 405, "{route}");
    }
}
