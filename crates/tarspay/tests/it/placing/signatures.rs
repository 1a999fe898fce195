//! A refused signature: a wrong key, or the second copy of a request that something on the way has repeated.

use super::{CREATE, EXISTS, FOUND, NO_SUCH_ORDER, QUERY, assert_recovered, client, deposit, place};
use crate::scripted::{Scripted, Step};
use tarspay::types::ErrorCode;
use tarspay::{ErrorKind, RetryPolicy};

#[tokio::test]
async fn a_refused_signature_may_be_that_of_a_second_copy() {
    let refused = Step::json(r#"{"code":5003008,"msg":"sign error"}"#);
    let (result, server) = place([refused.clone(), Step::json(FOUND)]).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, QUERY]);

    let steps = [refused, Step::json(NO_SUCH_ORDER), Step::json(EXISTS), Step::json(FOUND)];
    let (result, server) = place(steps).await;
    assert_recovered(&result.unwrap());
    assert_eq!(server.paths(), [CREATE, QUERY, CREATE, QUERY]);
}

#[tokio::test]
async fn a_signature_that_is_always_refused_is_a_refusal_and_not_a_doubt() {
    let (result, server) = place([Step::json(r#"{"code":5003008,"msg":"sign error"}"#)]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(ErrorCode::SIGNATURE_ERROR)));
    assert_eq!(server.paths(), [CREATE, QUERY, CREATE, QUERY, CREATE, QUERY], "as with a wrong key");
}

#[tokio::test]
async fn a_refused_signature_is_believed_if_the_gateway_then_finds_no_order() {
    let refused = Step::json(r#"{"code":5003008,"msg":"sign error"}"#);
    for unfound in ["5003018", "5003020"] {
        let none = Step::json(&format!(r#"{{"code":{unfound},"msg":"query failed"}}"#));
        let server = Scripted::playing([refused.clone(), none]).await;
        let request = deposit();
        let placing = client(&server.base_url).place_deposit(&request).retry(RetryPolicy::none()).await;
        let error = placing.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Rejected, Some(ErrorCode::SIGNATURE_ERROR)));
        assert_eq!(server.paths(), [CREATE, QUERY]);
    }
}

#[tokio::test]
async fn a_refused_signature_and_then_nobody_there_is_in_doubt() {
    let refused = Step::json(r#"{"code":5003008,"msg":"sign error"}"#);
    let server = Scripted::playing_once([refused, Step::json(NO_SUCH_ORDER)]).await;
    let error = client(&server.base_url).place_deposit(&deposit()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "not the NotSent of the last attempt");
    assert_eq!(server.paths(), [CREATE, QUERY]);
}

#[tokio::test]
async fn a_refused_signature_is_believed_only_if_the_gateway_could_be_asked() {
    let refused = Step::json(r#"{"code":5003008,"msg":"sign error"}"#);
    let other = FOUND.replace("\"D1\"", "\"D2\"");
    let busy = Step::json(r#"{"code":-1,"msg":"system error"}"#);
    let elsewhere = Step::json(r#"{"code":5003007,"msg":"ip error"}"#);
    let broken = Step::json_with("502 Bad Gateway", "<html>");
    for unclear in [Step::lost(), broken, Step::json(&other), busy, elsewhere] {
        let server = Scripted::playing([refused.clone(), unclear.clone()]).await;
        let request = deposit();
        let placing = client(&server.base_url).place_deposit(&request).retry(RetryPolicy::none()).await;
        let error = placing.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{unclear:?}");
        assert_eq!(error.code(), Some(ErrorCode::SIGNATURE_ERROR), "what the gateway said is kept");
        assert_eq!(server.paths(), [CREATE, QUERY, QUERY], "it is asked a last time");
    }
    let server = Scripted::playing([refused, Step::lost(), Step::json(FOUND)]).await;
    let request = deposit();
    let placing = client(&server.base_url).place_deposit(&request).retry(RetryPolicy::none()).await;
    assert_recovered(&placing.unwrap());
}
