//! Real requests, signed by other software than ours, pass the sandbox as they passed the gateway.

use crate::http::Request;
use crate::merchant_no;
use serde_json::Value;
use tarspay_sandbox::Sandbox;

/// The codes that are about key and signature.
const NOT_AUTHENTICATED: [i64; 4] = [5_003_001, 5_003_002, 5_003_005, 5_003_008];

fn requests() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tarspay-sign/vectors/documentation.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let all = file["vectors"].as_array().unwrap();
    all.iter().filter(|vector| vector["kind"] == "request").cloned().collect()
}

/// A sandbox in which the merchant of a vector is registered and whose clock stands at the vector's time.
async fn sandbox_of(vector: &Value) -> Sandbox {
    let now: u64 = text(vector, "nonce").parse().unwrap();
    let sandbox = Sandbox::builder().clock(move || now).start().await.unwrap();
    let owner = merchant_no(vector["body"]["mchNo"].as_str().unwrap());
    sandbox.register(owner, text(vector, "public_key").parse().unwrap());
    sandbox
}

fn sent(vector: &Value) -> Request {
    Request::post(text(vector, "path"), vector["body"].to_string())
        .header("X-API-KEY", text(vector, "public_key"))
        .header("X-API-NONCE", text(vector, "nonce"))
        .header("X-API-SIGNATURE", text(vector, "signature"))
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

#[tokio::test]
async fn the_real_signatures_are_authentic() {
    let names: Vec<_> = requests().iter().map(|vector| text(vector, "name").to_owned()).collect();
    assert_eq!(names, ["R1", "R2", "R3", "R4", "K1"]);
    for vector in requests() {
        let sandbox = sandbox_of(&vector).await;
        let response = sent(&vector).send(sandbox.address()).await;
        assert!(!NOT_AUTHENTICATED.contains(&response.code()), "{}: {response:?}", vector["name"]);
    }
}

#[tokio::test]
async fn the_real_signatures_fit_no_other_amount() {
    for mut vector in requests() {
        let sandbox = sandbox_of(&vector).await;
        vector["body"]["amount"] = Value::from("99999");
        sent(&vector).send(sandbox.address()).await.assert_refused(200, 5_003_008);
    }
}

/// The requests of the conformance suite that are calls of a merchant.
fn suite() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tarspay-sign/vectors/conformance.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut requests = file["requests"].as_array().unwrap().clone();
    requests.retain(|request| text(request, "path") == "/api/payOut/unifiedOrder");
    requests
}

/// What the sandbox says of a request of the suite under this signature.
async fn code_of(request: &Value, signature: &str) -> i64 {
    let now: u64 = text(request, "nonce").parse().unwrap();
    let sandbox = Sandbox::builder().clock(move || now).explain(false).start().await.unwrap();
    sandbox.register(merchant_no("M1693644864"), text(request, "public_key").parse().unwrap());
    let sent = Request::post(text(request, "path"), text(request, "sent_body"))
        .header("X-API-KEY", text(request, "public_key"))
        .header("X-API-NONCE", text(request, "nonce"))
        .header("X-API-SIGNATURE", signature);
    sent.send(sandbox.address()).await.code()
}

#[tokio::test]
async fn the_requests_of_the_conformance_suite_are_authentic_and_no_other_signature_fits_them() {
    let requests = suite();
    assert!(requests.len() > 40, "{}", requests.len());
    for (place, request) in requests.iter().enumerate() {
        let code = code_of(request, text(request, "signature")).await;
        // Most of them lack what a withdrawal needs, which is looked at behind the signature.
        assert!(![5_003_002, 5_003_005, 5_003_008].contains(&code), "{}: {code}", request["id"]);
        // The neighbour's signature, unless the two sign the same text.
        let neighbour = &requests[(place + 1) % requests.len()];
        if neighbour["digest"] != request["digest"] {
            assert_eq!(code_of(request, text(neighbour, "signature")).await, 5_003_008, "{}", request["id"]);
        }
    }
}
