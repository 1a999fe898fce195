//! A refused signature: a wrong key, or the second copy of a request that something on the way has
//! repeated.

use super::{
    CREATE, EXISTS, FOUND, NO_SUCH_ORDER, QUERY, assert_recovered, assert_refused, builder, client, deposit,
    place,
};
use crate::scripted::{Scripted, Step};
use std::time::Duration;
use tarspay::types::ErrorCode;
use tarspay::{ErrorKind, RetryPolicy};

const SIGN_ERROR: &str = r#"{"code":5003008,"msg":"sign error"}"#;

#[tokio::test]
async fn a_refused_signature_may_be_that_of_a_second_copy() {
    let refused = Step::json(SIGN_ERROR);
    let (result, server) = place([refused.clone(), Step::json(FOUND)]).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, QUERY]);

    let steps = [refused, Step::json(NO_SUCH_ORDER), Step::json(EXISTS), Step::json(FOUND)];
    let (result, server) = place(steps).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, QUERY, CREATE, QUERY]);
}

#[tokio::test]
async fn a_key_that_every_look_up_is_refused_for_is_wrong_and_not_a_doubt() {
    let (result, server) = place([Step::json(SIGN_ERROR)]).await;
    assert_refused(result, ErrorKind::Rejected, ErrorCode::SIGNATURE_ERROR);
    assert_eq!(server.paths(), [CREATE, QUERY, QUERY, QUERY, QUERY, QUERY], "the last after the quiet time");

    // One refused look-up proves no wrong key: it may be a second copy as well.
    let refused = Step::json(SIGN_ERROR);
    let steps = [refused.clone(), refused.clone(), refused, Step::json(FOUND)];
    let (result, _server) = place(steps).await;
    assert_recovered(&result.unwrap());
}

#[tokio::test]
async fn a_refused_signature_is_believed_if_the_order_is_not_found_after_the_quiet_time() {
    for unfound in ["5003018", "5003020"] {
        let none = Step::json(&format!(r#"{{"code":{unfound},"msg":"query failed"}}"#));
        let server = Scripted::playing([Step::json(SIGN_ERROR), none]).await;
        let request = deposit();
        let result = client(&server.base_url).place_deposit(&request).retry(RetryPolicy::none()).await;
        assert_refused(result, ErrorKind::Rejected, ErrorCode::SIGNATURE_ERROR);
        assert_eq!(server.paths(), [CREATE, QUERY, QUERY]);
    }
    // The first copy lands late.
    let server =
        Scripted::playing([Step::json(SIGN_ERROR), Step::json(NO_SUCH_ORDER), Step::json(FOUND)]).await;
    let request = deposit();
    let result = client(&server.base_url).place_deposit(&request).retry(RetryPolicy::none()).await;
    assert_recovered(&result.unwrap());
}

#[tokio::test]
async fn a_refused_signature_and_then_nobody_there_is_in_doubt() {
    let server = Scripted::playing_once([Step::json(SIGN_ERROR), Step::json(NO_SUCH_ORDER)]).await;
    let client = builder(&server.base_url).quiet_time(Duration::from_millis(5)).build().unwrap();
    let error = client.place_deposit(&deposit()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "not the NotSent of the last attempt");
    assert_eq!(error.code(), Some(ErrorCode::SIGNATURE_ERROR), "what the gateway said is kept");
    assert_eq!(server.paths(), [CREATE, QUERY]);
}

#[tokio::test]
async fn a_refused_signature_is_believed_only_if_the_gateway_could_be_asked() {
    let other = FOUND.replace("\"D1\"", "\"D2\"");
    let busy = Step::json(r#"{"code":-1,"msg":"system error"}"#);
    let broken = Step::json_with("502 Bad Gateway", "<html>");
    for unclear in [Step::lost(), broken, Step::json(&other), busy] {
        let server = Scripted::playing([Step::json(SIGN_ERROR), unclear.clone()]).await;
        let request = deposit();
        let result = client(&server.base_url).place_deposit(&request).retry(RetryPolicy::none()).await;
        assert_refused(result, ErrorKind::OutcomeUnknown, ErrorCode::SIGNATURE_ERROR);
        assert_eq!(server.paths(), [CREATE, QUERY, QUERY, QUERY], "{unclear:?}: it is asked again");
    }
    let server = Scripted::playing([Step::json(SIGN_ERROR), Step::lost(), Step::json(FOUND)]).await;
    let request = deposit();
    let placing = client(&server.base_url).place_deposit(&request).retry(RetryPolicy::none()).await;
    assert_recovered(&placing.unwrap());
}

#[tokio::test]
async fn an_address_or_a_merchant_without_access_is_a_refusal_once_the_quiet_time_has_passed() {
    for code in [ErrorCode::IP_ERROR, ErrorCode::MERCHANT_DISABLED, ErrorCode::API_KEY_EXPIRED] {
        let (result, server) = place([super::code(code)]).await;
        assert_refused(result, ErrorKind::Rejected, code);
        assert_eq!(server.paths().len(), 6);
        // The second copy came from an address that is not bound, the first one from one that is.
        let (result, _server) = place([super::code(code), Step::json(FOUND)]).await;
        assert_recovered(&result.unwrap());
    }
}

#[tokio::test]
async fn look_ups_without_access_count_only_in_a_row() {
    let refused = Step::json(SIGN_ERROR);
    let lost = Step::lost();
    let steps = [
        refused.clone(),
        refused.clone(),
        lost.clone(),
        refused.clone(),
        refused.clone(),
        lost.clone(),
        refused.clone(),
        refused,
        lost,
    ];
    let (result, _server) = place(steps).await;
    assert_refused(result, ErrorKind::OutcomeUnknown, ErrorCode::SIGNATURE_ERROR);
}
