//! Every market and every call: a valid request is accepted, and answered as its market's example is.

use crate::support::{DEPOSIT, QUERY_DEPOSIT, QUERY_WITHDRAWAL, WITHDRAWAL, amount, kenya, payout, valid};
use crate::{BALANCE, Caller};
use serde_json::{Value, json};
use tarspay_sandbox::{EventKind, Sandbox};
use tarspay_types::market::{self, Market, Offer, Standing};
use tarspay_types::{PayOrderId, TrxId, WayCode};

fn markets() -> impl Iterator<Item = &'static Market> {
    market::ALL.iter().copied().filter(|market| market.currency().is_some())
}

/// The ways that can be used; any text where none is documented.
fn ways(offer: &Offer) -> Vec<WayCode> {
    if offer.ways().is_empty() {
        return vec![WayCode::new("ANY").unwrap()];
    }
    let open = offer.ways().iter().filter(|way| way.standing() != Standing::NotOpen);
    open.map(|way| way.code().clone()).collect()
}

#[tokio::test]
async fn a_deposit_by_every_way_of_every_market_is_created_and_found() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for market in markets() {
        for way in ways(market.deposit()) {
            let number = format!("D-{}-{way}", market.key());
            let body = valid(market, market.deposit(), &way, &number);
            let data = caller.data(&sandbox, DEPOSIT, &body).await;
            let id = data["payOrderId"].as_str().unwrap();
            assert_eq!((id.len(), &id[..1]), (20, "P"));
            assert_eq!(data["mchOrderNo"], number);
            assert_eq!(data["amount"], body["amount"]);
            assert_eq!(data["currency"], body["currency"]);
            assert_eq!(data["payDataType"], "payurl");
            assert_eq!(data["payUrl"], format!("{}/pay/{id}", sandbox.base_url()));
            assert_eq!(data["countryCode"], json!(market.country_code()));
            assert!(matches!(data["orderState"].as_i64(), Some(0 | 1)), "{data}");

            for query in [json!({ "mchOrderNo": number }), json!({ "payOrderId": id })] {
                let info = caller.data(&sandbox, QUERY_DEPOSIT, &query).await;
                let expected = json!({
                    "state": data["orderState"], "payOrderId": id, "mchOrderNo": number, "fee": "0",
                    "mchNo": caller.merchant_no, "orderAmount": body["amount"], "payAmount": "0",
                    "currency": body["currency"],
                });
                assert_eq!(info, expected);
            }
        }
    }
}

#[tokio::test]
async fn a_withdrawal_by_every_way_of_every_market_is_created_and_found() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    for market in markets() {
        for way in ways(market.withdrawal()) {
            let number = format!("W-{}-{way}", market.key());
            let body = valid(market, market.withdrawal(), &way, &number);
            let data = caller.data(&sandbox, WITHDRAWAL, &body).await;
            assert_eq!(data.as_object().unwrap().len(), 2, "the two documented members: {data}");
            for query in [json!({ "mchOrderNo": number }), json!({ "payOrderId": data["payOrderId"] })] {
                let info = caller.data(&sandbox, QUERY_WITHDRAWAL, &query).await;
                let expected = json!({
                    "state": 1, "payOrderId": data["payOrderId"], "mchOrderNo": number, "fee": "0",
                    "mchNo": caller.merchant_no, "orderAmount": body["amount"], "payAmount": "0",
                    "currency": body["currency"],
                });
                assert_eq!(info, expected);
            }
        }
    }
}

/// The response to a deposit without what differs from run to run.
async fn response(sandbox: &Sandbox, market: &Market, way: &str, changes: &Value) -> Value {
    let caller = Caller::of(sandbox);
    let mut body = valid(market, market.deposit(), &WayCode::new(way.to_owned()).unwrap(), "D1");
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    let mut data = caller.data(sandbox, DEPOSIT, &body).await;
    let members = data.as_object_mut().unwrap();
    for name in ["payOrderId", "mchOrderNo", "payUrl", "amount", "currency", "payDataType"] {
        assert!(members.remove(name).is_some(), "{name}");
    }
    data
}

fn way(code: &str, kind: &str, country: &str) -> Value {
    json!({
        "payWay": code, "payWayType": kind, "countryCode": country, "skipMode": 1, "id": 20, "state": 1,
        "createdAt": 0, "updatedAt": 0,
        "payWayLogo": "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'/%3E",
    })
}

#[tokio::test]
async fn the_responses_of_india_and_kenya_have_the_members_of_their_examples() {
    let sandbox = Sandbox::start().await.unwrap();
    let india =
        response(&sandbox, &market::india::MARKET, "CASHIER", &json!({ "customerContact": "9123456789" }))
            .await;
    let expected = json!({
        "countryCode": "in", "customerContact": "9123456789", "orderState": 0,
        "payWays": { "UPI": [way("UPI", "UPI", "in")] },
    });
    assert_eq!(india, expected);

    let sandbox = Sandbox::start().await.unwrap();
    let kenya = response(&sandbox, &market::kenya::MARKET, "EWALLET_MPESA", &json!({})).await;
    let expected = json!({
        "countryCode": "ke", "customerContact": "254700000001", "orderState": 0,
        "payWays": { "EWALLET": [way("EWALLET_MPESA", "ewallet", "ke")] },
    });
    assert_eq!(kenya, expected);
}

#[tokio::test]
async fn the_responses_of_malaysia_pakistan_and_bangladesh_have_a_time_and_their_own_members() {
    let sandbox = Sandbox::builder().clock(|| 1_704_180_814_988).start().await.unwrap();
    let caller = Caller::at(&sandbox, 1_704_180_814_988);
    let half_an_hour_later = 1_704_180_814 + 1800;

    let body = valid(&market::malaysia::MARKET, market::malaysia::MARKET.deposit(), &WayCode::CASHIER, "M");
    let malaysia = caller.data(&sandbox, DEPOSIT, &body).await;
    assert_eq!((&malaysia["expiredTime"], &malaysia["orderState"]), (&json!(half_an_hour_later), &json!(1)));
    let ways = malaysia["payWays"]["PFX"].as_array().unwrap();
    assert_eq!(
        (&ways[0]["payWayType"], &ways[0]["skipMode"], ways[0].get("id")),
        (&json!("bank"), &json!(2), None)
    );

    let pakistan = &market::pakistan::MARKET;
    let mut body = valid(pakistan, pakistan.deposit(), &WayCode::new("jazzcash").unwrap(), "P");
    body["customerContact"] = json!("03001234567");
    body["returnUrl"] = json!("https://shop.example/back");
    let response = caller.data(&sandbox, DEPOSIT, &body).await;
    assert_eq!(response["customerContact"], "3001234567");
    assert_eq!(response["requestUrl"], "https://shop.example/back");
    assert_eq!(response["body"], "Test");
    assert_eq!(response["expiredTime"], half_an_hour_later);
    assert!(response["originalAccountNumber"].is_string());
    assert_eq!(response["payWays"]["ewallet"][0]["payWay"], "jazzcash");

    let bangladesh = &market::bangladesh::MARKET;
    let mut body = valid(bangladesh, bangladesh.deposit(), &WayCode::new("EWALLET_BKASH").unwrap(), "B");
    body["customerContact"] = json!("01011111111");
    let response = caller.data(&sandbox, DEPOSIT, &body).await;
    let wallet = response["payData"].as_str().unwrap();
    assert!(wallet.len() == 11 && wallet.starts_with('0'), "{wallet}");
    assert_eq!(response["payWays"]["ewallet"][0]["payCode"], wallet);
    assert_eq!(response["customerContact"], "01011111111");
}

#[tokio::test]
async fn the_responses_of_korea_and_indonesia_have_what_the_merchants_own_page_needs() {
    let sandbox = Sandbox::start().await.unwrap();
    let korea = response(&sandbox, &market::korea::MARKET, "va", &json!({})).await;
    for name in ["payData", "accountName", "typeBank"] {
        assert!(korea[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    for (way, begins) in
        [("BANK_BCA", "88"), ("EWALLET_OVO", "http://"), ("EWALLET_DANA", "dana://"), ("QRIS", "http://")]
    {
        let sandbox = Sandbox::start().await.unwrap();
        let response = response(&sandbox, &market::indonesia::MARKET, way, &json!({})).await;
        assert!(response["payData"].as_str().unwrap().starts_with(begins), "{response}");
    }
}

#[tokio::test]
async fn a_brazilian_deposit_is_found_by_its_transaction_id_and_a_withdrawal_has_a_certificate() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let brazil = &market::brazil::MARKET;
    let pix = WayCode::new("PIX").unwrap();
    let id = caller.create(&sandbox, DEPOSIT, &valid(brazil, brazil.deposit(), &pix, "D1")).await;
    let order = sandbox.pay(&id).unwrap();
    let trx_id = order.trx_id.unwrap();
    assert_eq!((trx_id.as_str().len(), &trx_id.as_str()[..1]), (32, "E"));
    let data = caller.data(&sandbox, "/api/orderInfo/trxId", &json!({ "trxId": trx_id })).await;
    assert_eq!(
        (&data["mchOrderNo"], &data["state"], &data["currency"]),
        (&json!("D1"), &json!(2), &json!("BRA"))
    );

    let id = caller.create(&sandbox, WITHDRAWAL, &valid(brazil, brazil.withdrawal(), &pix, "W1")).await;
    let query = json!({ "mchOrderNo": "W1" });
    caller.call(&sandbox, "/api/payOutProof", &query).await.assert_refused(200, 5_003_010);
    sandbox.pay(&id).unwrap();
    for query in [query, json!({ "payOrderId": id }), json!({ "payOrderId": id, "mchOrderNo": "W1" })] {
        let data = caller.data(&sandbox, "/api/payOutProof", &query).await;
        assert_eq!((&data["payOrderId"], &data["state"]), (&json!(id), &json!(2)));
    }
    // Only Brazil has them.
    caller.create(&sandbox, WITHDRAWAL, &payout("W2", &json!({}))).await;
    let other = json!({ "mchOrderNo": "W2" });
    caller.call(&sandbox, "/api/payOutProof", &other).await.assert_refused(200, 5_003_020);
    let nobodys = json!({ "trxId": "E0" });
    caller.call(&sandbox, "/api/orderInfo/trxId", &nobodys).await.assert_refused(200, 5_003_018);
}

fn bangladesh(number: &str) -> Value {
    let market = &market::bangladesh::MARKET;
    valid(market, market.deposit(), &WayCode::new("EWALLET_BKASH").unwrap(), number)
}

#[tokio::test]
async fn a_transaction_of_bangladesh_is_looked_up_and_settles_an_order_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let first = caller.create(&sandbox, DEPOSIT, &bangladesh("D1")).await;
    caller.create(&sandbox, DEPOSIT, &bangladesh("D2")).await;
    let trx_id = TrxId::new("BI63CWYFV9").unwrap();
    let query = json!({ "trxId": trx_id });
    let reprocess = |number: &str| json!({ "trxId": trx_id, "mchOrderNo": number });

    let data = caller.data(&sandbox, "/api/trxQuery", &query).await;
    assert_eq!((&data["status"], &data["message"]), (&json!(0), &json!("not paid")));
    let data = caller.data(&sandbox, "/api/trxSupplement", &reprocess("D1")).await;
    let expected = json!({
        "status": 0, "message": "not paid", "payOrderId": first, "mchOrderNo": "D1", "trxId": trx_id,
    });
    assert_eq!(data, expected);

    assert_eq!(sandbox.record_transfer(&trx_id, amount("100")).unwrap(), None);
    let data = caller.data(&sandbox, "/api/trxQuery", &query).await;
    assert_eq!((&data["status"], &data["amount"]), (&json!(1), &json!("100")));
    // A deposit that has timed out can be made up.
    sandbox.expire(&first).unwrap();
    let response = caller.call(&sandbox, "/api/trxSupplement", &reprocess("D1")).await;
    assert_eq!(response.json()["data"]["status"], 1);
    assert!(response.json()["sign"].is_string());
    assert_eq!(sandbox.order(&first).unwrap().state.code(), 2);

    let data = caller.data(&sandbox, "/api/trxSupplement", &reprocess("D2")).await;
    assert_eq!(data["status"], 0);
    let data = caller.data(&sandbox, "/api/trxQuery", &query).await;
    assert_eq!((&data["status"], &data["mchOrderNo"]), (&json!(0), &json!("D1")));
}

#[tokio::test]
async fn a_submitted_transaction_pays_the_deposit_before_or_after_the_money_comes() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let submit = async |id: &PayOrderId, trx_id: &str| {
        let path = format!("/api/bd/{id}/{trx_id}");
        caller.signed_without_body(&path).send(sandbox.address()).await
    };
    let early = caller.create(&sandbox, DEPOSIT, &bangladesh("D1")).await;
    let response = submit(&early, "EARLY1").await;
    assert_eq!(response.body, r#"{"code":0,"msg":"SUCCESS"}"#);
    assert_eq!(sandbox.order(&early).unwrap().state.code(), 1);
    let paid = sandbox.record_transfer(&TrxId::new("EARLY1").unwrap(), amount("100")).unwrap().unwrap();
    assert_eq!((paid.pay_order_id, paid.state.code()), (early.clone(), 2));

    let late = caller.create(&sandbox, DEPOSIT, &bangladesh("D2")).await;
    sandbox.record_transfer(&TrxId::new("LATE1").unwrap(), amount("40")).unwrap();
    assert_eq!(submit(&late, "LATE1").await.code(), 0);
    let order = sandbox.order(&late).unwrap();
    assert_eq!((order.state.code(), order.pay_amount), (9, amount("40")));

    submit(&early, "OTHER1").await.assert_refused(200, 5_003_010);
    let expired = caller.create(&sandbox, DEPOSIT, &bangladesh("D3")).await;
    sandbox.expire(&expired).unwrap();
    submit(&expired, "OTHER2").await.assert_refused(200, 500_324);
    submit(&PayOrderId::new("P1").unwrap(), "OTHER3").await.assert_refused(200, 5_003_018);
}

#[tokio::test]
async fn a_utr_of_india_is_looked_up() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let india = &market::india::MARKET;
    let upi = WayCode::new("UPI").unwrap();
    let first = caller.create(&sandbox, DEPOSIT, &valid(india, india.deposit(), &upi, "D1")).await;
    caller.create(&sandbox, DEPOSIT, &valid(india, india.deposit(), &upi, "D2")).await;
    let query = |utr: &str, number: &str| json!({ "utr": utr, "mchOrderNo": number });
    let status =
        async |utr: &str, number: &str| caller.data(&sandbox, "/api/utrQuery", &query(utr, number)).await;
    assert_eq!(status("22028512360777878", "D1").await["status"], 0);
    sandbox.record_transfer(&TrxId::new("22028512360777878").unwrap(), amount("100")).unwrap();
    let found = status("22028512360777878", "D1").await;
    assert_eq!((&found["status"], &found["amount"]), (&json!(1), &json!("100")));

    let utr = sandbox.pay(&first).unwrap().trx_id.unwrap();
    assert_eq!(utr.as_str().len(), 12);
    let other = status(utr.as_str(), "D2").await;
    assert_eq!((&other["status"], &other["mchOrderNo"]), (&json!(0), &json!("D1")));
    assert_eq!(status(utr.as_str(), "D1").await.get("mchOrderNo"), None);
    caller.call(&sandbox, "/api/utrQuery", &query("1", "D9")).await.assert_refused(200, 5_003_018);
}

#[tokio::test]
async fn the_balance_query_is_about_the_currency_that_was_used_first() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let balance = async || caller.data(&sandbox, BALANCE, &json!({})).await["availableAmount"].clone();
    sandbox.set_balance(&caller.merchant_no, amount("500"), amount("0")).unwrap();
    assert_eq!(balance().await, "500");
    caller.create(&sandbox, WITHDRAWAL, &payout("W1", &json!({}))).await;
    assert_eq!(balance().await, "400");
    // Other currencies are counted apart.
    let india = &market::india::MARKET;
    let body = valid(india, india.withdrawal(), &WayCode::new("UPI").unwrap(), "W2");
    caller.create(&sandbox, WITHDRAWAL, &body).await;
    assert_eq!(balance().await, "400");
    let all = sandbox.balances(&caller.merchant_no).unwrap();
    let of = |code: &str| {
        let found = all.iter().find(|it| it.currency.as_ref().is_some_and(|it| it.as_str() == code)).unwrap();
        (found.available.to_string(), found.frozen.to_string())
    };
    assert_eq!(of("INR"), ("999900".to_owned(), "100".to_owned()));
    assert_eq!(of("KES"), ("400".to_owned(), "100".to_owned()));
}

#[tokio::test]
async fn limits_warn_in_the_event_log_unless_they_are_enforced() {
    let below = kenya("D1", &json!({ "amount": "20" }));
    let sandbox = Sandbox::start().await.unwrap();
    Caller::of(&sandbox).create(&sandbox, DEPOSIT, &below).await;
    let warned = sandbox.events().into_iter().find_map(|event| match event.kind {
        EventKind::Warned { message, .. } => Some(message),
        _ => None,
    });
    assert!(warned.unwrap().contains("below the published minimum of 100"));

    let strict = Sandbox::builder().enforce_limits().start().await.unwrap();
    let reason = Caller::of(&strict).call(&strict, DEPOSIT, &below).await.assert_refused(200, 500_321);
    assert!(reason.contains("minimum of 100"), "{reason}");
}
