//! Fuzz target: any JSON text becomes parameters and a callback text, or neither; once canonical, it stays so.

use serde_json::value::RawValue;
use std::collections::BTreeMap;
use tarspay_sign::{CallbackText, Nonce, Parameters, RequestToSign};

pub(crate) fn run(bytes: &[u8]) {
    path_and_nonce(bytes);
    let Ok(ordered) = CallbackText::from_json(bytes) else {
        assert!(Parameters::from_json(bytes).is_err(), "signed as a request, yet no JSON object");
        return;
    };
    let again = CallbackText::from_json(ordered.as_str().as_bytes()).expect("what is ordered is JSON");
    assert_eq!(again.as_str(), ordered.as_str(), "ordering twice changes something");

    // Read by a second way: a map of names, sorted by their bytes, to the text of their values.
    let members: Members = serde_json::from_slice(bytes).expect("a callback text is a JSON object");
    let shuffled = shuffled(&members);
    let from_shuffled = CallbackText::from_json(shuffled.as_bytes()).expect("the same members");
    assert_eq!(from_shuffled.as_str(), ordered.as_str(), "the order or the white space counts");

    let Ok(parameters) = Parameters::from_json(bytes) else { return };
    assert_eq!(parameters.as_str(), text(&members), "not what the rules say");
    let again = Parameters::from_json(parameters.body()).expect("a body that is sent is JSON");
    assert!(again == parameters, "reading the body that is sent changes something");
    assert!(Parameters::from_json(shuffled.as_bytes()).is_ok_and(|shuffled| shuffled == parameters));
    assert!(Parameters::from_value(&members).is_ok_and(|from_value| from_value == parameters));
}

type Members = BTreeMap<String, Box<RawValue>>;

/// `key=value` by the rules of `docs/signing.md`, written once more.
fn text(members: &Members) -> String {
    let pairs: Vec<_> = members
        .iter()
        .filter(|(_, value)| value.get() != "null")
        .map(|(name, value)| {
            let text = serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned());
            format!("{name}={text}")
        })
        .collect();
    pairs.join("&")
}

/// The members in descending order with white space around everything.
fn shuffled(members: &Members) -> String {
    let pairs: Vec<_> = members
        .iter()
        .rev()
        .map(|(name, value)| {
            let name = serde_json::to_string(name).expect("a text has a JSON form");
            format!(" {name}\t: {}\r\n", value.get())
        })
        .collect();
    format!("\n{{{}}} ", pairs.join(","))
}

/// The same bytes as the path and as the nonce of a request.
fn path_and_nonce(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(request) = RequestToSign::new(text, Nonce::from_unix_millis(1), Parameters::none()) {
        assert_eq!(request.path(), text);
        assert_eq!(request.string_to_sign(), format!("POST|{text}|1|"));
        assert_eq!(text.find(['|', '?', '#', ' ', '\r', '\n']), None, "ambiguous in a string to sign");
    }
    if let Ok(nonce) = text.parse::<Nonce>() {
        assert_eq!(nonce.to_string(), text, "the header and the text under the signature differ");
    }
}

/// The bodies that the documentation signs, and one of every kind of value.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/documentation.json")).expect("the vectors are JSON");
    let bodies = vectors["vectors"].as_array().into_iter().flatten().map(|vector| vector["body"].to_string());
    let odd = [
        r#"{ "wayCode": "PIX", "step": 0, "returnUrl": "", "attach": null, "on": true }"#,
        r#"{"\u0061":"\u00e9\n\/","a b":"x&y=z|%2B+","\ud83e\udd80":"","é":-12}"#,
        r#"{"a":1.0}"#,
        r#"{"a":{"c":1, "b" : [ 1e3 , " } " ]},"a ":[]}"#,
        r#"{"a":1,"\u0061":2}"#,
        "{}",
        "/api/bd/P1/T1",
        "1704180814988",
    ];
    bodies.chain(odd.map(str::to_owned)).map(String::into_bytes).collect()
}
