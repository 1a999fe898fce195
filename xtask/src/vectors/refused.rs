//! Requests that a signer must refuse, and as what.

use super::refusal;
use super::suite::{About, Basis, RefusedRequest};
use Basis::{Choice, Documented, Proven};
use tarspay_sign::{Error, Nonce, Parameters, RequestToSign};

const PATH: &str = "/api/payOut/unifiedOrder";
const NONCE: &str = "1694074594933";

type Row = (&'static str, Basis, &'static str, &'static [u8]);

const BODIES: &[Row] = &[
    ("refuse-fraction", Choice, "No rule is known: send amounts as strings.", br#"{"amount":10.5}"#),
    ("refuse-fraction-zero", Choice, "1.0 is written as a fraction.", br#"{"amount":1.0}"#),
    ("refuse-exponent", Choice, "No rule is known for an exponent.", br#"{"amount":1e2}"#),
    ("refuse-object", Choice, "No rule is known for an object.", br#"{"mchNo":"M1","extra":{"a":"1"}}"#),
    ("refuse-object-empty", Choice, "An empty object is an object.", br#"{"extra":{}}"#),
    ("refuse-array", Choice, "No rule is known for an array.", br#"{"extra":["a"]}"#),
    ("refuse-array-empty", Choice, "An empty array is an array.", br#"{"extra":[]}"#),
    (
        "refuse-twice",
        Choice,
        "A name twice: receivers disagree on which value counts.",
        br#"{"amount":"1","amount":"2"}"#,
    ),
    ("refuse-twice-equal", Choice, "Also with equal values.", br#"{"amount":"1","amount":"1"}"#),
    (
        "refuse-twice-null",
        Choice,
        "Also if one of them would be left out.",
        br#"{"amount":"1","amount":null}"#,
    ),
    ("refuse-twice-escaped", Choice, "Names are compared decoded.", br#"{"amount":"1","am\u006funt":"2"}"#),
    (
        "refuse-lone-surrogate",
        Choice,
        "An escape that is no character has no UTF-8.",
        br#"{"customerName":"\ud83d"}"#,
    ),
    (
        "refuse-lone-surrogate-reversed",
        Choice,
        "A pair in the wrong order.",
        br#"{"customerName":"\ude00\ud83d"}"#,
    ),
    (
        "refuse-lone-surrogate-in-name",
        Choice,
        "The same in a name; such a name cannot be told.",
        br#"{"\ud83d":"1"}"#,
    ),
    ("refuse-array-body", Documented, "A body is one object.", br#"[{"mchNo":"M1"}]"#),
    ("refuse-string-body", Documented, "A body is one object.", br#""mchNo""#),
    (
        "refuse-null-body",
        Documented,
        "null is not an object; a request without a body has no text at all.",
        b"null",
    ),
    ("refuse-empty-body", Choice, "An empty text is no JSON; say that there is no body instead.", b""),
    ("refuse-two-objects", Documented, "One object, and nothing after it.", br#"{"a":"1"}{"b":"2"}"#),
    ("refuse-cut-off", Documented, "The end is missing.", br#"{"amount":"10"#),
    (
        "refuse-control-character",
        Documented,
        "JSON has no raw line feed in a string; escape it.",
        b"{\"body\":\"a\nb\"}",
    ),
    ("refuse-unit-separator", Documented, "JSON has no raw U+001F in a string.", b"{\"body\":\"a\x1fb\"}"),
    ("refuse-nul", Documented, "JSON has no raw NUL in a string.", b"{\"body\":\"a\0b\"}"),
    ("refuse-bom", Documented, "JSON has no byte order mark.", b"\xef\xbb\xbf{\"mchNo\":\"M1\"}"),
    ("refuse-latin-1", Documented, "JSON is UTF-8; this is Latin-1.", b"{\"customerName\":\"Jos\xe9\"}"),
    (
        "refuse-utf8-surrogate",
        Documented,
        "UTF-8 has no surrogates (CESU-8).",
        b"{\"customerName\":\"\xed\xa0\xbd\xed\xb8\x80\"}",
    ),
    (
        "refuse-utf8-overlong",
        Documented,
        "UTF-8 has one form for each character.",
        b"{\"customerName\":\"\xc0\xaf\"}",
    ),
    ("refuse-comma-at-end", Documented, "Not JSON.", br#"{"a":"1",}"#),
    ("refuse-single-quotes", Documented, "Not JSON.", b"{'a':'1'}"),
    ("refuse-comment", Documented, "Not JSON.", br#"{"a":"1"/* */}"#),
    ("refuse-leading-zero", Documented, "Not JSON.", br#"{"step":01}"#),
    ("refuse-plus", Documented, "Not JSON.", br#"{"step":+1}"#),
    ("refuse-nan", Documented, "Not JSON.", br#"{"amount":NaN}"#),
    ("refuse-escape-unknown", Documented, "Not JSON.", br#"{"a":"\x41"}"#),
    (
        "refuse-form-feed",
        Documented,
        "JSON has four kinds of white space; U+000C is none.",
        b"{\x0c\"a\":\"1\"}",
    ),
    (
        "refuse-no-break-space",
        Documented,
        "JSON has four kinds of white space; U+00A0 is none.",
        b"{\xc2\xa0\"a\":\"1\"}",
    ),
];

const PATHS: &[(&str, Basis, &str, &str)] = &[
    ("refuse-path-no-slash", Proven, "The slash belongs to the path.", "api/balanceInfo"),
    ("refuse-path-address", Proven, "No scheme and host.", "https://payment.tarspay.com/api/balanceInfo"),
    ("refuse-path-empty", Choice, "The shortest path is a slash.", ""),
    ("refuse-path-query", Choice, "No query.", "/api/balanceInfo?a=1"),
    ("refuse-path-fragment", Choice, "No fragment.", "/api/balanceInfo#a"),
    ("refuse-path-bar", Choice, "The separator in a path would move the limits.", "/api|/balanceInfo"),
    ("refuse-path-blank", Choice, "Visible ASCII only.", "/api/balance Info"),
    ("refuse-path-unicode", Choice, "Visible ASCII only; percent-encode what is not.", "/api/é"),
    ("refuse-path-delete", Choice, "Visible ASCII only; U+007F is none.", "/api/balanceInfo\u{7f}"),
    ("refuse-path-line-feed", Choice, "Visible ASCII only.", "/api/balanceInfo\n"),
];

const NONCES: &[(&str, &str, &str)] = &[
    ("refuse-nonce-empty", "No digits.", ""),
    ("refuse-nonce-sign", "No sign.", "-1694074594933"),
    ("refuse-nonce-plus", "No sign.", "+1694074594933"),
    ("refuse-nonce-leading-zero", "One text for each number.", "01694074594933"),
    ("refuse-nonce-fraction", "No fraction.", "1694074594.933"),
    ("refuse-nonce-hex", "Decimal.", "18a6f2b1a35"),
    ("refuse-nonce-blank", "No blanks.", " 1694074594933"),
    ("refuse-nonce-other-digits", "ASCII digits only.", "１６９４０７４５９４９３３"),
    ("refuse-nonce-too-large", "2^64: tarspay takes 64 bits.", "18446744073709551616"),
];

/// The cases that are indeed refused; one that is signed is left out, and the test of the ids finds it missing.
pub(crate) fn cases() -> Vec<RefusedRequest> {
    let bodies = BODIES.iter().map(|&(id, basis, comment, body)| {
        let rule = match id {
            _ if basis as u8 == Documented as u8 => "21-steps",
            _ => "23-values",
        };
        (About::new(id, rule, basis, comment), PATH, NONCE, body)
    });
    let good: &[u8] = br#"{"mchNo":"M1693644864"}"#;
    let rule = "24-path-and-nonce";
    let paths = PATHS
        .iter()
        .map(|&(id, basis, comment, path)| (About::new(id, rule, basis, comment), path, NONCE, good));
    let nonces =
        NONCES.iter().map(|&(id, comment, nonce)| (About::new(id, rule, Choice, comment), PATH, nonce, good));
    bodies
        .chain(paths)
        .chain(nonces)
        .filter_map(|(about, path, nonce, body)| case(about, path, nonce, body))
        .collect()
}

fn case(about: About, path: &str, nonce: &str, body: &[u8]) -> Option<RefusedRequest> {
    let error = string_to_sign(path, nonce, body).err()?;
    Some(RefusedRequest {
        about,
        path: path.to_owned(),
        nonce: nonce.to_owned(),
        body_hex: hex::encode(body),
        body: std::str::from_utf8(body).ok().map(str::to_owned),
        refused_as: refusal(error.kind()),
        member: error.field().map(str::to_owned),
    })
}

fn string_to_sign(path: &str, nonce: &str, body: &[u8]) -> Result<RequestToSign, Error> {
    let nonce: Nonce = nonce.parse()?;
    RequestToSign::new(path, nonce, Parameters::from_json(body)?)
}
