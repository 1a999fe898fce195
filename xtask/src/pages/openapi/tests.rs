//! The document against what it describes: the examples, the models, the check of the markets, and a sandbox.

use super::{BROKEN_EXAMPLES, CALLS, Examples, document};
use crate::shell::say;
use crate::vectors::outside::{LINTER, Verdict, check};
use boon::{Compiler, SchemaIndex, Schemas};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use tarspay_sandbox::Sandbox;
use tarspay_sign::{NonceSource, Parameters, RequestToSign};
use tarspay_types::market::{self, bangladesh, brazil, india};
use tarspay_types::{
    Balance, BalanceQuery, Callback, Decode, Deposit, DepositRequest, Direction, Envelope, Members, Order,
    OrderQuery, Request, WithMerchant, Withdrawal, WithdrawalRequest,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The document, and the schemas of it that were compiled.
struct Validator {
    document: Value,
    compiler: Compiler,
    schemas: Schemas,
}

impl Validator {
    const URL: &str = "https://schema.example/openapi.json";

    fn new() -> Self {
        let (document, mut compiler) = (document().unwrap(), Compiler::new());
        compiler.add_resource(Self::URL, document.clone()).unwrap();
        Self { document, compiler, schemas: Schemas::new() }
    }

    /// A schema by its name.
    fn named(&mut self, name: &str) -> SchemaIndex {
        self.compile(&format!("/components/schemas/{name}"))
    }

    /// The schema of the body of a request, or of a response, to this path.
    fn of_call(&mut self, path: &str, body: &str) -> SchemaIndex {
        let path = path.replace('/', "~1").replace('{', "%7B").replace('}', "%7D");
        self.compile(&format!("/paths/{path}/post{body}/content/application~1json/schema"))
    }

    fn compile(&mut self, pointer: &str) -> SchemaIndex {
        self.compiler.compile(&format!("{}#{pointer}", Self::URL), &mut self.schemas).unwrap()
    }

    fn accepts(&self, schema: SchemaIndex, value: &Value) -> bool {
        self.schemas.validate(value, schema).is_ok()
    }

    fn must_accept(&self, schema: SchemaIndex, value: &Value, what: &str) {
        if let Err(error) = self.schemas.validate(value, schema) {
            panic!("{what}: {value}\n{error}");
        }
    }

    /// A value with every member that the schema names.
    fn sample(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.sample(self.document.pointer(&name[1..]).unwrap());
        }
        if let Some(value) =
            schema.get("const").or_else(|| schema["enum"].get(0)).or_else(|| schema["examples"].get(0))
        {
            return value.clone();
        }
        if let Some(first) = schema["anyOf"].get(0).filter(|_| schema.get("properties").is_none()) {
            return self.sample(first);
        }
        match schema["type"].as_str().or_else(|| schema["type"][0].as_str()) {
            Some("integer") => json!(1),
            Some("string") => json!("x"),
            _ => schema["properties"].as_object().map_or_else(
                || json!({ "group": [self.sample(&schema["additionalProperties"]["items"])] }),
                |members| members.iter().map(|(name, schema)| (name.clone(), self.sample(schema))).collect(),
            ),
        }
    }

    /// The model reads every member of the schema into a field, and has no other field.
    fn pins<T: Decode + Serialize + Debug>(&mut self, name: &str) {
        let sample = self.sample(&self.document["components"]["schemas"][name]);
        let schema = self.named(name);
        self.must_accept(schema, &sample, name);
        let read = T::from_json(&sample.to_string()).unwrap();
        let fields = format!("{read:?}");
        assert!(!fields.contains(": None"), "{name} lacks a member that the model has: {fields}");
        let extra = fields.matches("extra: ").count() - fields.matches("extra: {}").count();
        assert_eq!(extra, 0, "{name} has a member that the model lacks: {fields}");
        assert_eq!(serde_json::to_value(read).unwrap(), sample, "{name}");
    }
}

#[test]
fn every_example_fits_its_schema_unless_it_breaks_the_rules_of_its_own_page() {
    let mut validator = Validator::new();
    let mut bodies = vec![(
        validator.named("Callback"),
        validator.document["webhooks"]["orderResult"]["post"]["requestBody"]["content"]["application/json"]
            .clone(),
    )];
    for path in validator.document["paths"].as_object().unwrap().clone().keys() {
        for body in ["/requestBody", "/responses/200"] {
            if let Some(shown) = validator.document["paths"][path]["post"].pointer(body).cloned() {
                bodies.push((validator.of_call(path, body), shown["content"]["application/json"].clone()));
            }
        }
    }
    let mut seen = BTreeSet::new();
    for (schema, content) in bodies {
        for (name, example) in content["examples"].as_object().into_iter().flatten() {
            validator.must_accept(schema, &example["value"], name);
            assert!(seen.insert(name.clone()), "{name} is shown twice");
        }
    }
    let files = Examples::read().unwrap().0;
    assert_eq!(seen.len() + BROKEN_EXAMPLES.len(), files.len());
    for (name, value) in files.iter().filter(|(name, _)| !seen.contains(name)) {
        let request = if name.contains("-deposit") { "DepositRequest" } else { "CertificateQuery" };
        let schema = validator.named(request);
        assert!(BROKEN_EXAMPLES.contains(&name.as_str()) && !validator.accepts(schema, value), "{name}");
    }
}

#[test]
fn schemas_have_exactly_the_members_of_the_models() {
    let mut it = Validator::new();
    it.pins::<WithMerchant<BalanceQuery>>("BalanceQuery");
    it.pins::<Balance>("Balance");
    it.pins::<WithMerchant<DepositRequest>>("DepositRequest");
    it.pins::<Deposit>("Deposit");
    it.pins::<Order>("QueriedDeposit");
    it.pins::<WithMerchant<WithdrawalRequest>>("WithdrawalRequest");
    it.pins::<Withdrawal>("Withdrawal");
    it.pins::<Order>("QueriedWithdrawal");
    it.pins::<WithMerchant<brazil::CertificateQuery>>("CertificateQuery");
    it.pins::<WithMerchant<brazil::DepositByTrxIdQuery>>("DepositByTrxIdQuery");
    it.pins::<brazil::DepositByTrxId>("DepositByTrxId");
    it.pins::<WithMerchant<india::TransferByUtrQuery>>("TransferByUtrQuery");
    it.pins::<india::TransferByUtr>("TransferByUtr");
    it.pins::<WithMerchant<bangladesh::TransactionQuery>>("TransactionQuery");
    it.pins::<bangladesh::Transaction>("Transaction");
    it.pins::<WithMerchant<bangladesh::ReprocessingRequest>>("ReprocessingRequest");
    it.pins::<bangladesh::Reprocessing>("Reprocessing");
    it.pins::<Callback>("Callback");
    it.pins::<Envelope<Balance>>("BalanceResponse");
    for (direction, name) in
        [(Direction::Deposit, "DepositQuery"), (Direction::Withdrawal, "WithdrawalQuery")]
    {
        let both = [
            OrderQuery::new(direction, "D1".parse().unwrap()),
            OrderQuery::by_pay_order_id(direction, "P1".parse().unwrap()),
        ];
        let sent =
            both.map(|query| serde_json::to_value(query.body(&"M1".parse().unwrap()).unwrap()).unwrap());
        let schema = it.named(name);
        for body in &sent {
            it.must_accept(schema, body, name);
        }
        let members: BTreeSet<_> = sent.iter().flat_map(|body| body.as_object().unwrap().keys()).collect();
        let known = it.document["components"]["schemas"][name]["properties"].as_object().unwrap();
        assert_eq!(known.keys().collect::<BTreeSet<_>>(), members, "{name}");
    }
}

#[test]
fn every_path_is_a_call_of_the_types_and_every_fact_has_a_certainty() {
    fn visit(value: &Value, place: &str) {
        let words = ["doc", "verified", "client", "inferred", "ours"];
        for (name, inner) in value.as_object().into_iter().flatten() {
            if name == "x-enum-certainty" {
                let known =
                    inner.as_array().unwrap().iter().all(|word| words.contains(&word.as_str().unwrap()));
                assert!(
                    known && inner.as_array().unwrap().len() == value["enum"].as_array().unwrap().len(),
                    "{place}"
                );
            } else if name == "x-certainty" {
                assert!(inner.as_str().is_some_and(|word| words.contains(&word)), "{place}: {inner}");
            } else if name == "properties" && !place.ends_with("/if") && !place.ends_with("/allOf/then") {
                for (member, schema) in inner.as_object().unwrap() {
                    assert!(schema["x-certainty"].is_string(), "{place}: {member}");
                }
            }
            visit(inner, &format!("{place}/{name}"));
        }
        for inner in value.as_array().into_iter().flatten() {
            visit(inner, place);
        }
    }
    let document = document().unwrap();
    visit(&document, "");
    let (order, trx) = ("D1".parse().unwrap(), "T1".parse().unwrap());
    let submission =
        bangladesh::SubmissionRequest::new("payOrderId".parse().unwrap(), "trxId".parse().unwrap());
    let request = |json| DepositRequest::from_json(json).unwrap();
    let deposit =
        r#"{"mchOrderNo":"D1","wayCode":"UPI","currency":"INR","amount":"1","notifyUrl":"http://a.example"}"#;
    let paths = [
        BalanceQuery::new().path().into_owned(),
        request(deposit).path().into_owned(),
        WithdrawalRequest::from_json(deposit).unwrap().path().into_owned(),
        OrderQuery::deposit("D1".parse().unwrap()).path().into_owned(),
        OrderQuery::withdrawal("D1".parse().unwrap()).path().into_owned(),
        brazil::CertificateQuery::by_pay_order_id("P1".parse().unwrap()).path().into_owned(),
        brazil::DepositByTrxIdQuery::new("T1".parse().unwrap()).path().into_owned(),
        india::TransferByUtrQuery::new("1".parse().unwrap(), "D1".parse().unwrap()).path().into_owned(),
        bangladesh::TransactionQuery::new("T1".parse().unwrap()).path().into_owned(),
        bangladesh::ReprocessingRequest::new(trx, order).path().into_owned(),
        submission.unwrap().path().replace("/payOrderId/trxId", "/{payOrderId}/{trxId}"),
    ];
    let known: BTreeSet<_> = document["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(known, BTreeSet::from(paths));
}

/// A body with some members changed; null takes one out.
fn with(mut body: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    body
}

fn order(changes: &Value) -> Value {
    let body = json!({
        "mchNo": "M1", "mchOrderNo": "D1", "wayCode": "CASHIER", "currency": "KES", "amount": "100",
        "notifyUrl": "https://shop.example/notify",
    });
    with(body, changes)
}

#[test]
fn a_wrong_body_is_refused_and_an_open_one_is_not() {
    let mut validator = Validator::new();
    let callback = |changes| {
        let body = json!({
            "bizType": 1, "currency": "INR", "fee": "1", "mchNo": "M1", "mchOrderNo": "D1", "orderAmount": "100",
            "payAmount": "100", "payOrderId": "P1", "state": 2,
        });
        with(body, changes)
    };
    let balance = |changes| {
        with(
            json!({ "code": 0, "msg": "SUCCESS", "data": { "mchNo": "M1",
        "availableAmount": "-1", "frozenAmount": "0" } }),
            changes,
        )
    };
    for (schema, body, accepted) in [
        ("DepositRequest", order(&json!({})), true),
        ("DepositRequest", order(&json!({ "amount": 100 })), false),
        ("DepositRequest", order(&json!({ "amount": "1e3" })), false),
        ("DepositRequest", order(&json!({ "amount": "-1" })), false),
        ("DepositRequest", order(&json!({ "amount": "007" })), false),
        ("DepositRequest", order(&json!({ "amount": "1,600.00" })), false),
        ("DepositRequest", order(&json!({ "amount": "100.00" })), true),
        ("DepositRequest", order(&json!({ "amount": null })), false),
        ("DepositRequest", order(&json!({ "mchNo": null })), false),
        ("DepositRequest", order(&json!({ "mchOrderNo": " " })), false),
        ("DepositRequest", order(&json!({ "notifyUrl": "shop.example/notify" })), false),
        ("DepositRequest", order(&json!({ "notifyUrl": "https://:8080/notify" })), false),
        ("DepositRequest", order(&json!({ "returnUrl": "" })), true),
        ("DepositRequest", order(&json!({ "returnUrl": "myshop://return" })), true),
        ("DepositRequest", order(&json!({ "returnUrl": "https:return" })), false),
        ("DepositRequest", order(&json!({ "returnUrl": "shop.example" })), false),
        ("DepositRequest", order(&json!({ "step": "0" })), false),
        ("DepositRequest", order(&json!({ "customerName": 5 })), false),
        ("DepositRequest", order(&json!({ "unknown": "x", "count": 1, "flag": true })), true),
        ("DepositRequest", order(&json!({ "unknown": { "a": 1 } })), false),
        ("DepositRequest", order(&json!({ "unknown": 1.5 })), false),
        ("DepositRequest", order(&json!({ "currency": "XXX", "wayCode": "NEW" })), true),
        ("DepositRequest", order(&json!({ "wayCode": "EWALLET_MPESA" })), false),
        (
            "DepositRequest",
            order(&json!({ "wayCode": "EWALLET_MPESA", "customerContact": "0711222333" })),
            false,
        ),
        (
            "DepositRequest",
            order(&json!({ "wayCode": "EWALLET_MPESA", "customerContact": "254711222333" })),
            true,
        ),
        ("DepositRequest", order(&json!({ "currency": "BRA" })), false),
        ("WithdrawalRequest", order(&json!({ "currency": "BDT", "walletId": "01011111111" })), true),
        ("WithdrawalRequest", order(&json!({ "currency": "BDT", "walletId": "0101111111" })), false),
        ("WithdrawalRequest", order(&json!({ "amount": "100.00" })), false),
        ("CertificateQuery", json!({ "mchNo": "M1" }), false),
        ("CertificateQuery", json!({ "mchNo": "M1", "payOrderId": "P1" }), true),
        ("Callback", callback(&json!({})), true),
        ("Callback", callback(&json!({ "state": 77, "bizType": 9, "currency": "XXX", "new": [1] })), true),
        ("Callback", callback(&json!({ "state": "2" })), false),
        ("Callback", callback(&json!({ "state": null })), false),
        ("Callback", callback(&json!({ "payAmount": 100 })), false),
        ("Callback", callback(&json!({ "payOrderId": null })), false),
        ("BalanceResponse", balance(&json!({})), true),
        ("BalanceResponse", balance(&json!({ "code": 5_003_008 })), false),
        ("BalanceResponse", balance(&json!({ "code": "0" })), false),
        ("BalanceResponse", balance(&json!({ "data": null })), false),
        ("BalanceResponse", balance(&json!({ "data": { "mchNo": "M1", "frozenAmount": "0" } })), false),
        (
            "BalanceResponse",
            balance(&json!({ "data": { "mchNo": "M1", "availableAmount": 5, "frozenAmount": "0" } })),
            false,
        ),
        ("Refusal", json!({ "code": 5_003_008, "msg": "sign error", "data": {} }), true),
        ("Refusal", json!({ "code": 123 }), true),
        ("Refusal", json!({ "code": 0 }), false),
        ("Refusal", json!({ "code": "5003008" }), false),
        ("Refusal", json!({ "msg": "sign error" }), false),
    ] {
        let index = validator.named(schema);
        assert_eq!(validator.accepts(index, &body), accepted, "{schema} {body}");
    }
}

fn fitting(field: &market::Field) -> Value {
    json!(match field.format() {
        _ if field.name() == "returnUrl" => "https://shop.example/back".to_owned(),
        Some(market::Format::Digits { prefix, count, .. }) => format!("{prefix:0<count$}"),
        Some(market::Format::StartsWith(prefix)) => format!("{prefix}711222333"),
        Some(market::Format::Email) => "payer@shop.example".to_owned(),
        Some(market::Format::Integer) => return json!(0),
        _ => field.example().unwrap_or("12345").to_owned(),
    })
}

/// Bodies of a market: with all fields and with those that are required, and each with one member broken.
fn bodies(market: &market::Market, offer: &market::Offer) -> Vec<Value> {
    let mut bodies = Vec::new();
    // Those that change what is required, and one that does not.
    let matters = |way: &&str| {
        offer.fields().iter().any(|field| field.is_required_with(way) && !field.is_required_with("ANY"))
    };
    let ways = offer.ways().iter().map(|way| way.code().as_str()).filter(matters).chain(["ANY"]);
    for (way, is_full) in ways.flat_map(|way| [(way, true), (way, false)]) {
        let mut body = order(&json!({ "wayCode": way, "currency": market.currency() }));
        for field in offer.fields().iter().filter(|field| is_full || field.is_required_with(way)) {
            if body.get(field.name()).is_none() {
                body[field.name()] = fitting(field);
            }
        }
        for name in body.as_object().unwrap().keys() {
            let is_text = body[name].is_string();
            let broken = ["", " ", "12.5", "100.00", "03001234567", "a@b.example"];
            // Another currency is another market's, and blanks for a URL mean none to the check.
            let broken = broken.iter().filter(|_| is_text && name != "currency");
            let broken = broken.filter(|text| name != "returnUrl" || !text.trim().is_empty());
            bodies.extend(broken.map(|text| with(body.clone(), &json!({ name.as_str(): text }))));
            bodies.extend((name != "mchNo").then(|| with(body.clone(), &json!({ name.as_str(): null }))));
        }
        bodies.push(body);
    }
    bodies
}

#[test]
fn the_rules_of_a_market_refuse_what_its_check_refuses_and_nothing_else() {
    let mut validator = Validator::new();
    let (mut accepted, mut refused) = (0, 0);
    for direction in [Direction::Deposit, Direction::Withdrawal] {
        let schema = validator.named(&format!("{}Request", super::markets::name(direction)));
        for market in market::ALL.iter().filter(|market| market.currency().is_some()) {
            let is_deposit = direction == Direction::Deposit;
            for body in bodies(market, if is_deposit { market.deposit() } else { market.withdrawal() }) {
                let members = Members::from_json(&body.to_string()).unwrap();
                let report = if is_deposit {
                    market.check_deposit(&members)
                } else {
                    market.check_withdrawal(&members)
                };
                assert_eq!(
                    validator.accepts(schema, &body),
                    !report.refuses(),
                    "{direction} {body}\n{report}"
                );
                *(if report.refuses() { &mut refused } else { &mut accepted }) += 1;
            }
        }
    }
    assert!(accepted > 500 && refused > 500, "{accepted} {refused}");
}

/// Sends a signed request as it is, and returns the JSON of the response.
async fn send(sandbox: &Sandbox, nonces: &NonceSource, path: &str, body: Option<&Value>) -> Value {
    let text = body.map(Value::to_string).unwrap_or_default();
    let parameters = match body {
        Some(_) => Parameters::from_json(text.as_bytes()).unwrap(),
        None => Parameters::none(),
    };
    let signed = RequestToSign::new(path, nonces.next_nonce(), parameters).unwrap();
    let signed = signed.sign(sandbox.merchant().private_key());
    let headers = signed.headers().pairs().map(|(name, value)| format!("{name}: {value}\r\n")).concat();
    let length = text.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{text}"
    );
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn calls_of_a_sandbox_and_its_callbacks_fit_the_document() {
    let mut validator = Validator::new();
    let sandbox = Sandbox::start().await.unwrap();
    let nonces = NonceSource::shared(&sandbox.merchant().private_key().public_key());
    let mut codes = BTreeSet::new();
    let (mut ids, mut seen) = (Map::new(), BTreeSet::new());
    let mch_no = sandbox.merchant().merchant_no();
    let deposit = |number: &str, changes: &Value| {
        let body =
            order(&json!({ "mchNo": mch_no, "mchOrderNo": number, "notifyUrl": "http://127.0.0.1:9/n" }));
        with(body, changes)
    };
    let about = |changes: &Value| with(json!({ "mchNo": mch_no }), changes);
    let (create, withdraw) = ("/api/pay/unifiedOrder", "/api/payOut/unifiedOrder");
    let phone = json!("254115555076");
    let bkash = json!({ "currency": "BDT", "wayCode": "EWALLET_BKASH" });
    for (path, body, is_accepted) in [
        (create, deposit("D1", &json!({})), true),
        (create, deposit("D2", &json!({ "wayCode": "EWALLET_MPESA", "customerContact": phone })), true),
        (create, deposit("D3", &json!({ "currency": "INR", "customerContact": "9123456789" })), true),
        (create, deposit("D4", &json!({ "currency": "MYR" })), true),
        (create, deposit("D5", &json!({ "currency": "PKR", "wayCode": "jazzcash", "step": 0 })), true),
        (create, deposit("D6", &bkash), true),
        (create, deposit("D7", &json!({ "currency": "BRA", "body": "goods", "customerName": "A" })), true),
        (create, deposit("D1", &json!({})), false),
        (create, deposit("D8", &json!({ "wayCode": "EWALLET_MPESA" })), false),
        (create, deposit("D9", &json!({ "amount": "x" })), false),
        (create, deposit("D9", &json!({ "notifyUrl": "shop.example" })), false),
        (withdraw, deposit("W1", &json!({ "wayCode": "EWALLET_MPESA", "customerContact": phone })), true),
        (withdraw, deposit("W2", &json!({ "wayCode": "EWALLET_MPESA", "amount": "1.5" })), false),
        ("/api/payInInfo", about(&json!({ "mchOrderNo": "D1" })), true),
        ("/api/payInInfo", about(&json!({ "mchOrderNo": "none" })), false),
        ("/api/payOutInfo", about(&json!({ "mchOrderNo": "W1" })), true),
        ("/api/payOutProof", about(&json!({ "mchOrderNo": "W1" })), false),
        ("/api/balanceInfo", about(&json!({})), true),
        ("/api/balanceInfo", json!({ "mchNo": "M9" }), false),
        ("/api/orderInfo/trxId", about(&json!({ "trxId": "none" })), false),
        ("/api/utrQuery", about(&json!({ "utr": "22028512360777878", "mchOrderNo": "D3" })), true),
        ("/api/trxQuery", about(&json!({ "trxId": "BI63CWYFV9" })), true),
        ("/api/trxSupplement", about(&json!({ "trxId": "BI63CWYFV9", "mchOrderNo": "D6" })), true),
        ("/api/bd/{payOrderId}/{trxId}", Value::Null, true),
    ] {
        let to = path.replace("{payOrderId}", ids.get("D6").and_then(Value::as_str).unwrap_or_default());
        let body = Some(&body).filter(|body| body.is_object());
        let response = send(&sandbox, &nonces, &to.replace("{trxId}", "BI63CWYFV9"), body).await;
        let schema = validator.of_call(path, "/responses/200");
        validator.must_accept(schema, &response, path);
        assert_eq!(response["code"] == 0, is_accepted, "{path} {body:?}: {response}");
        if let Some(body) = body.filter(|_| is_accepted) {
            let schema = validator.of_call(path, "/requestBody");
            validator.must_accept(schema, body, path);
            if let Some(id) = response["data"].get("payOrderId") {
                ids.insert(body["mchOrderNo"].as_str().unwrap().to_owned(), id.clone());
            }
        }
        codes.insert(response["code"].as_i64().unwrap());
        seen.insert(path);
    }
    assert_eq!(seen.len(), CALLS.len(), "every call is made");
    assert!(codes.len() > 4, "{codes:?}");

    let id = |number: &str| ids[number].as_str().unwrap().parse().unwrap();
    sandbox.pay_partially(&id("D1"), "40".parse().unwrap()).unwrap();
    sandbox.pay(&id("D1")).unwrap();
    sandbox.fail(&id("D2"), "no money").unwrap();
    sandbox.pay(&id("W1")).unwrap();
    let callback = validator.named("Callback");
    let callbacks = sandbox.callbacks().unwrap();
    assert_eq!(callbacks.len(), 4);
    for sent in callbacks {
        validator.must_accept(callback, &serde_json::from_str(sent.body.as_str()).unwrap(), "callback");
    }
    sandbox.stop().await;
}

#[test]
fn the_linter_finds_every_fault_of_a_document() {
    let mut document = document().unwrap();
    let body = "/paths/~1api~1pay~1unifiedOrder/post/requestBody/content/application~1json";
    let faults = [
        ("/paths/~1api~1payInInfo/post/operationId", json!("queryBalance"), "operation-operationId-unique"),
        (
            "/paths/~1api~1trxQuery/post/responses/default/content/application~1json/schema/$ref",
            json!("#/gone"),
            "no-unresolved-refs",
        ),
        (
            &format!("{body}/examples/kenya-deposit-request/value/amount"),
            json!(100),
            "no-invalid-media-type-examples",
        ),
        ("/components/schemas/ReceivedAmount/type", json!("money"), "struct"),
    ];
    for (place, wrong, _) in &faults {
        *document.pointer_mut(place).unwrap() = wrong.clone();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("openapi.json");
    fs::write(&path, document.to_string()).unwrap();
    match check(&LINTER, &path).unwrap() {
        Verdict::Skipped(reason) => say(&format!("SKIPPED: {}: {reason}", LINTER.name)),
        Verdict::Disagrees(report) => {
            for (place, _, rule) in &faults {
                assert!(report.contains(rule), "{place}: {report}");
            }
        }
        Verdict::Agrees(said) => panic!("{said}"),
    }
}
