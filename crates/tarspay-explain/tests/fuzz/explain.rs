//! Fuzz target: an explanation agrees with the verifier, and what it finds is what was signed.

use std::sync::LazyLock;
use tarspay_explain::{Explanation, FailedSignature, MAX_INPUT_BYTES, Mistake, Outcome};
use tarspay_sign::{
    CallbackText, CallbackVerifier, Digest, Parameters, PrivateKey, Signature, SignaturePolicy,
};

/// The published keys of the corpus of mistakes: the one that should have signed, and one that may have.
static KEYS: LazyLock<[PrivateKey; 2]> = LazyLock::new(|| {
    [
        "515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c",
        "25ba21f923ba2cce6e74d8c73325218bdb76c5ec7c4e990634da2934eb21f75e",
    ]
    .map(|hex| PrivateKey::from_hex(hex).expect("the corpus has keys"))
});

/// Four lines: path (none for a callback), nonce, signature, body. In the place of a signature, `=` has the right text
/// signed here, and `~` the body alone.
pub(crate) fn run(bytes: &[u8]) {
    let mut lines = bytes.splitn(4, |&byte| byte == b'\n');
    let mut text = || lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let (Some(path), Some(nonce), Some(signature)) = (text(), text(), text()) else { return };
    let body = lines.next().unwrap_or_default();
    let [key, other] = &*KEYS;

    let right = right_text(path, nonce, body);
    let signature = match (signature, &right) {
        ("=", Some(right)) => key.sign(&Digest::of(right)).to_string(),
        ("~", _) => key.sign(&Digest::of(body)).to_string(),
        _ => signature.to_owned(),
    };
    let failed = if path.is_empty() {
        FailedSignature::of_callback(body)
    } else {
        FailedSignature::of_request(path, nonce, body)
    };
    let explanation = failed
        .key(&key.public_key())
        .known_key("other", &other.public_key())
        .other_nonce("1")
        .host("localhost:8080")
        .signature(&signature)
        .explain();

    if path.len() + nonce.len() + body.len() <= MAX_INPUT_BYTES {
        let accepted = if path.is_empty() {
            CallbackVerifier::trusting(key.public_key()).verify(Some(&signature), body).is_ok()
        } else {
            right.is_some_and(|right| fits(key, &Digest::of(right), &signature))
        };
        assert_eq!(
            explanation.outcome() == Outcome::NothingToExplain,
            accepted,
            "the verifier says otherwise than {explanation:?}"
        );
    }
    agrees_with_itself(&explanation, &signature);
}

/// The text that the gateway expects under the signature of a request; `None` if the body has no signing rule.
fn right_text(path: &str, nonce: &str, body: &[u8]) -> Option<String> {
    if path.is_empty() {
        return CallbackText::from_json(body).ok().map(|text| text.as_str().to_owned());
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let parameters = if body.is_empty() { Parameters::none() } else { Parameters::from_json(body).ok()? };
    Some(format!("POST|{path}|{nonce}|{}", parameters.as_str()))
}

fn fits(key: &PrivateKey, digest: &Digest, signature: &str) -> bool {
    Signature::from_hex(signature).is_ok_and(|signature| {
        key.public_key().verify(digest, &signature, SignaturePolicy::AcceptHighS).is_ok()
    })
}

fn agrees_with_itself(explanation: &Explanation, signature: &str) {
    assert_eq!(explanation.finding().is_some(), explanation.outcome() == Outcome::Explained);
    // Both are for people, whatever the values are.
    assert!(!explanation.to_string().is_empty() && !explanation.report().to_string().is_empty());
    let Some(finding) = explanation.finding() else { return };
    assert!(!finding.mistakes().is_empty(), "explained by nothing");
    assert_eq!(finding.mistakes(), explanation.mistakes());
    if let Ok(signature) = Signature::from_hex(signature) {
        let signed = finding.signed_digest();
        let verdict = finding.signer().key().verify(&signed, &signature, SignaturePolicy::AcceptHighS);
        assert!(verdict.is_ok(), "the text of the finding was not signed: {:?}", finding.mistakes());
    }
    if finding.expected_text().is_none() {
        let is_of_body = |mistake: &Mistake| mistake.name().starts_with("body_");
        assert!(finding.mistakes().iter().any(is_of_body), "{:?}", finding.mistakes());
    }
}

/// The corpus of mistakes, and right signatures.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let corpus: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/mistakes.json")).expect("the corpus is JSON");
    let cases = corpus["cases"].as_array().into_iter().flatten().map(|case| {
        let text = |name: &str| case[name].as_str().unwrap_or_default();
        [text("path"), text("nonce"), text("signature"), text("body")].join("\n")
    });
    let right = [
        "/api/balanceInfo\n1704180814988\n=\n{\"mchNo\":\"M1688443086\"}",
        "/api/bd/P1/T1?a=b\n1704180814988\n=\n",
        "\n\n=\n{\"state\": 2, \"payOrderId\": \"P1\"}",
        "\n\n~\n{\"state\": 2, \"payOrderId\": \"P1\"}",
        "/api/balanceInfo\n1\n~\n{\"a\":[1.5],\"a\":null}",
    ];
    cases.chain(right.map(str::to_owned)).map(String::into_bytes).collect()
}
