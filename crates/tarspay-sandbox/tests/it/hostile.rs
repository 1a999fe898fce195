//! Whatever comes in, the server responses or closes, and goes on.

use crate::http::{self, Request, Response};
use crate::{BALANCE, Caller};
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::LazyLock;
use tarspay_sandbox::Sandbox;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// One server takes all the cases, so that damage done by one would show in the next.
static SERVER: LazyLock<(Runtime, Sandbox, Caller)> = LazyLock::new(server);

/// Another one, whose merchant moves money.
static ORDERS: LazyLock<(Runtime, Sandbox, Caller)> = LazyLock::new(server);

fn server() -> (Runtime, Sandbox, Caller) {
    let runtime = Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start()).unwrap();
    let caller = Caller::of(&sandbox);
    (runtime, sandbox, caller)
}

/// Sends bytes, ends the sending, and waits until the server has closed the connection.
async fn throw(bytes: &[u8]) {
    let mut stream = TcpStream::connect(SERVER.1.address()).await.unwrap();
    // The server may refuse and close while bytes are still on their way.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let _ = http::read_to_end(&mut stream).await;
}

async fn assert_a_good_call_works() {
    let (_, sandbox, caller) = &*SERVER;
    let response = caller.balance_query().send(sandbox.address()).await;
    response.assert_balance("M1688443086", "1000000", "0");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_make_the_server_die(bytes in vec(any::<u8>(), 0..2048)) {
        SERVER.0.block_on(async {
            throw(&bytes).await;
            assert_a_good_call_works().await;
        });
    }

    #[test]
    fn arbitrary_bytes_after_a_request_line_never_make_the_server_die(bytes in vec(any::<u8>(), 0..512)) {
        SERVER.0.block_on(async {
            throw(&[b"POST /api/balanceInfo HTTP/1.1\r\n", &bytes[..]].concat()).await;
            assert_a_good_call_works().await;
        });
    }

    #[test]
    fn one_damaged_byte_of_a_good_request_never_makes_the_server_die(at in any::<prop::sample::Index>(), byte: u8) {
        SERVER.0.block_on(async {
            let mut bytes = SERVER.2.balance_query().to_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            throw(&bytes).await;
            assert_a_good_call_works().await;
        });
    }

    #[test]
    fn arbitrary_headers_and_bodies_are_answered_with_a_refusal(
        key in "[ -~]{0,140}",
        nonce in "[ -~]{0,20}|[0-9]{10,20}",
        signature in "[ -~]{0,160}|30[0-9a-f]{130,146}",
        path in "/[!-\"$-;=@-\\[\\]_a-z~]{0,40}",
        body in vec(any::<u8>(), 0..400),
    ) {
        SERVER.0.block_on(async {
            let request = Request::post(&path, body)
                .header("X-API-KEY", &key)
                .header("X-API-NONCE", &nonce)
                .header("X-API-SIGNATURE", &signature);
            assert_ne!(answered(&request).await.code(), 0);
        });
    }

    #[test]
    fn a_registered_key_with_an_arbitrary_rest_is_answered_with_a_refusal(
        nonce in "[0-9]{10,20}",
        path in "/[a-z/|%]{0,40}",
        body in vec(any::<u8>(), 0..400),
    ) {
        SERVER.0.block_on(async {
            let changed = SERVER.2.balance_query().header("X-API-NONCE", &nonce).path(&path).body(body);
            assert_ne!(answered(&changed).await.code(), 0);
        });
    }

    #[test]
    fn arbitrary_signed_members_are_answered_with_an_envelope(name in "\\PC{1,20}", value in "\\PC{0,60}") {
        prop_assume!(name != "mchNo");
        SERVER.0.block_on(async {
            let (_, _, caller) = &*SERVER;
            let body = serde_json::json!({ "mchNo": caller.merchant_no, name.as_str(): value }).to_string();
            let query = caller.signed(BALANCE, caller.next_nonce(), &body);
            answered(&query).await.assert_balance("M1688443086", "1000000", "0");
        });
    }

    #[test]
    fn arbitrary_orders_are_answered_with_an_envelope(
        path in prop::sample::select(PATHS),
        currency in prop::sample::select(vec!["KES", "INR", "BRA", "BDT", "VND", "PKR", "XXX", ""]),
        way in "CASHIER|PIX|UPI|QR|EWALLET_BKASH|jazzcash|\\PC{0,12}",
        amount in "[0-9]{1,28}|[0-9]{1,14}\\.[0-9]{1,14}|\\PC{0,12}",
        url in "https://127.0.0.1/|http://\\PC{0,20}|\\PC{0,20}",
        number in "[A-Z][0-9]|\\PC{0,140}",
        rest in prop::collection::hash_map("[a-zA-Z]{1,12}", "\\PC{0,20}", 0..5),
    ) {
        ORDERS.0.block_on(async {
            let (_, sandbox, caller) = &*ORDERS;
            let mut body = serde_json::json!(rest);
            let members = [
                ("mchNo", caller.merchant_no.as_str()), ("currency", currency), ("wayCode", &way), ("amount", &amount),
                ("notifyUrl", &url), ("mchOrderNo", &number), ("trxId", &number), ("utr", &number),
            ];
            for (name, value) in members {
                body[name] = value.into();
            }
            let request = caller.signed(path, caller.next_nonce(), &body.to_string());
            let response = request.send(sandbox.address()).await;
            assert_eq!(response.status, 200);
            if response.code() == 0 && path.ends_with("unifiedOrder") {
                let id = response.json()["data"]["payOrderId"].as_str().unwrap().parse().unwrap();
                let order = sandbox.order(&id).unwrap();
                assert_eq!(order.merchant_order_no.as_str(), number);
                // Whatever comes of it, the order can be read again.
                let _ = sandbox.pay(&id);
                sandbox.order(&id).unwrap();
            }
        });
    }
}

const PATHS: &[&str] = &[
    "/api/pay/unifiedOrder",
    "/api/payOut/unifiedOrder",
    "/api/payInInfo",
    "/api/payOutInfo",
    "/api/payOutProof",
    "/api/orderInfo/trxId",
    "/api/utrQuery",
    "/api/trxQuery",
    "/api/trxSupplement",
    "/api/bd/P1/T1",
];

/// A whole response: a panic behind the connection would close it without one.
async fn answered(request: &Request) -> Response {
    request.send(SERVER.1.address()).await
}
