//! Fuzz target: a body verifies as it came and in order, and no other body does.

use std::sync::LazyLock;
use tarspay_sign::{
    CallbackText, CallbackVerifier, Digest, ErrorKind, Members, PreparedKey, PrivateKey, SignaturePolicy,
    SignedForm,
};

struct Gateway {
    key: PrivateKey,
    prepared: PreparedKey,
    verifier: CallbackVerifier,
}

/// The published test key of the vector K1.
static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
    let key = PrivateKey::from_hex("515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c")
        .expect("the vector is a key");
    let verifier = CallbackVerifier::trusting(key.public_key()).prepared();
    Gateway { prepared: key.public_key().prepare(), key, verifier }
});

/// A part after a zero byte stands for the header; what comes before is the body.
pub(crate) fn run(bytes: &[u8]) {
    let Gateway { key, prepared, verifier } = &*GATEWAY;
    let (body, header) = match bytes.iter().rposition(|&byte| byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &b""[..]),
    };
    if body.len() > verifier.limit() {
        let refused = verifier.verify(None, body).map_err(|error| error.kind());
        assert_eq!(refused, Err(ErrorKind::BodyTooLarge));
        return;
    }
    for header in [None, Some("")] {
        let refused = verifier.verify(header, body).map_err(|error| error.kind());
        assert_eq!(refused, Err(ErrorKind::MissingSignature));
    }
    // Nobody has this key but this function, so no header that comes in can be its signature.
    assert!(verifier.verify(Some(&String::from_utf8_lossy(header)), body).is_err(), "a forgery");

    let digest = Digest::of(body);
    let signature = key.sign(&digest);
    assert!(key.public_key().verify(&digest, &signature, SignaturePolicy::RequireLowS).is_ok());
    assert!(prepared.verify(&digest, &signature, SignaturePolicy::RequireLowS).is_ok());
    let signature = signature.to_string();
    assert_eq!(verified(body, &signature), Some(SignedForm::AsReceived));

    // One byte more or less is another body, unless it was white space around what was signed in order.
    let longer = [body, b" "].concat();
    for other in
        [&longer[..], &body[..body.len().saturating_sub(1)]].into_iter().filter(|other| *other != body)
    {
        let is_the_same = is_small(other)
            && CallbackText::from_json(other).is_ok_and(|text| text.as_str().as_bytes() == body);
        assert_eq!(verified(other, &signature), is_the_same.then_some(SignedForm::Ordered));
    }

    let Ok(ordered) = CallbackText::from_json(body) else { return };
    let signature = ordered.sign(key).to_string();
    let ordered = ordered.as_str().as_bytes();
    let form = if ordered == body { Some(SignedForm::AsReceived) } else { Some(SignedForm::Ordered) };
    assert_eq!(verified(body, &signature), form.filter(|_| ordered == body || is_small(body)));
    assert_eq!(verified(ordered, &signature), Some(SignedForm::AsReceived));
}

/// Whether the ordered form is tried.
fn is_small(body: &[u8]) -> bool {
    let has_few = |text: CallbackText| {
        Members::from_json(text.as_str().as_bytes()).is_ok_and(|members| members.iter().count() <= 64)
    };
    body.len() <= 1536 && CallbackText::from_json(body).is_ok_and(has_few)
}

fn verified(body: &[u8], signature: &str) -> Option<SignedForm> {
    GATEWAY.verifier.verify(Some(signature), body).ok()
}

/// The callback of the documentation with its signature, and small bodies.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/documentation.json")).expect("the vectors are JSON");
    let printed =
        vectors["vectors"].as_array().into_iter().flatten().map(|vector| {
            format!("{}\0{}", vector["body"], vector["signature"].as_str().unwrap_or_default())
        });
    let odd = [
        r#"{"state": 2, "payOrderId": "P1742079917839712257"}"#,
        r#"{"a":{"z":1.50,"b":[ ]},"\u0041":"é\/"}"#,
        r#"{"a":1,"a":2}"#,
        "{}",
        "\u{feff}{ }",
        "",
        "not JSON",
    ];
    let members = |count: usize| {
        let names: Vec<_> = (0..count).rev().map(|number| format!("\"{number:02}\":1")).collect();
        format!("{{{}}}", names.join(","))
    };
    let large = [members(64), members(65), format!("{{ \"a\":\"{}\"}}", "x".repeat(1536))];
    printed.chain(odd.map(str::to_owned)).chain(large).map(String::into_bytes).collect()
}
