//! Fuzz target: the envelope of every response; what is read, written and read again is the same.

use super::examples::EXAMPLES;
use super::spellings::are_mixed;
use std::fmt::Debug;
use tarspay_types::market::bangladesh::{Reprocessing, Submission, Transaction};
use tarspay_types::market::brazil::{Certificate, DepositByTrxId};
use tarspay_types::market::india::TransferByUtr;
use tarspay_types::{Balance, Decode, Deposit, Envelope, Order, ResponseError, Withdrawal};

pub(crate) fn run(bytes: &[u8]) {
    let read = [
        response::<Balance>(bytes),
        response::<Deposit>(bytes),
        response::<Withdrawal>(bytes),
        response::<Order>(bytes),
        response::<Certificate>(bytes),
        response::<DepositByTrxId>(bytes),
        response::<Transaction>(bytes),
        response::<Reprocessing>(bytes),
        response::<Submission>(bytes),
        response::<TransferByUtr>(bytes),
    ];
    // A refusal is a refusal, whatever the call was.
    let refused = read.contains(&Some(false));
    assert!(!refused || read.iter().all(|read| *read == Some(false)), "the types disagree on a refusal");
}

/// Whether the call was accepted; `None` if the bytes are no such response.
fn response<T: Decode + serde::Serialize + Eq + Clone + Debug>(bytes: &[u8]) -> Option<bool> {
    let Ok(envelope) = Envelope::<T>::from_slice(bytes) else {
        assert!(serde_json::from_slice::<Envelope<T>>(bytes).is_err(), "serde reads more than Decode");
        return None;
    };
    let written = serde_json::to_string(&envelope).expect("what was read can be written");
    let again = Envelope::<T>::from_json(&written).expect("what was written can be read");
    assert!(again == envelope || are_mixed(bytes), "{envelope:?} is read again as {again:?}");
    assert_eq!(serde_json::to_string(&again).ok(), Some(written), "writing again changes something");
    if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() && std::str::from_utf8(bytes).is_ok() {
        assert_eq!(serde_json::from_slice::<Envelope<T>>(bytes).ok().as_ref(), Some(&envelope));
    }

    let accepted = envelope.code.is_success();
    match envelope.into_result() {
        Ok(_) | Err(ResponseError::DataMissing | ResponseError::Unreadable(_)) => assert!(accepted),
        Err(ResponseError::Refused(refusal)) => {
            assert!(!accepted && !refusal.code.is_success());
            assert_eq!(refusal.to_string().find(char::is_control), None, "unfit for a log");
        }
        Err(other) => panic!("an unknown error: {other}"),
    }
    Some(accepted)
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let odd = [
        r#"{"code":5003008,"msg":"sign error","data":{}}"#,
        r#"{"code":"0","msg":"","data":"","sign":null,"new":[1.50]}"#,
        r#"{"code":5.003008E6,"msg":["a"],"msg":"b","data":7}"#,
        r#"{"code":0.0,"data":{"availableAmount":-12.50,"frozenAmount":"1E400","state":"2e0","payAmount":"0E-8"}}"#,
        r#"{"code":0,"data":{"orderState":"1","state":2,"amount":1.0,"payWays":{"UPI":[{"id":1}],"x":7},"machNo":"M1"}}"#,
    ];
    let odd = odd.map(|json| json.as_bytes().to_vec());
    EXAMPLES.iter().map(|json| json.to_vec()).chain(odd).collect()
}
