//! Callbacks: signed as received, signed in order, and forged.

use super::keys::{GATEWAY, STRANGER};
use super::refusal;
use super::suite::{About, Basis, Callback};
use Basis::{Choice, Documented, Proven};
use tarspay_sign::{
    CallbackText, CallbackVerifier, Digest, Error, PrivateKey, PublicKey, SYSTEM_PUBLIC_KEY, SignedForm,
};

const STEPS: &str = "4-callback-signature";
const ORDERED: &str = "41-the-ordered-text";
const MAX_BYTES: usize = 64 * 1024;
const C1: &str = "3046022100ae8634a9db66c069030483012e7d0e38ebca6d924b82d8bb2e240764dafeb4f3022100ba3e3bd90346652e681b4b1b25e55d983002d84160fb9c696fb20ea3e4742e76";
const C1_BODY: &str = r#"{"bizType":2,"currency":"IDR","failReason":"payment failed","fee":"6973","mchNo":"M1696154848","mchOrderNo":"1184196902791413760","orderAmount":"31500","payAmount":"31500","payOrderId":"P1734517376779485186","state":3}"#;
const C1_MIXED: &str = "{\n  \"state\": 3, \"payOrderId\": \"P1734517376779485186\", \"bizType\": 2,\n  \"currency\": \"IDR\", \"failReason\": \"payment failed\", \"fee\": \"6973\", \"mchNo\": \"M1696154848\",\n  \"mchOrderNo\": \"1184196902791413760\", \"orderAmount\": \"31500\", \"payAmount\": \"31500\"\n}";
const SIMPLE: &str = r#"{"payOrderId":"P1","state":2}"#;

/// Id, rule, basis, comment, the body as received, the text that was signed.
type Row = (&'static str, &'static str, Basis, &'static str, &'static [u8], &'static [u8]);

const SIGNED: &[Row] = &[
    (
        "callback-in-order",
        STEPS,
        Proven,
        "In order and compact: both forms are one.",
        SIMPLE.as_bytes(),
        SIMPLE.as_bytes(),
    ),
    (
        "callback-raw-order",
        STEPS,
        Choice,
        "Signed as sent, members out of order.",
        br#"{"state":2,"payOrderId":"P1"}"#,
        br#"{"state":2,"payOrderId":"P1"}"#,
    ),
    (
        "callback-raw-line-end",
        STEPS,
        Choice,
        "Signed as sent, with white space and a line end.",
        b"{ \"state\": 2 }\n",
        b"{ \"state\": 2 }\n",
    ),
    (
        "callback-raw-twice",
        STEPS,
        Choice,
        "What verifies as received is not read: a name twice.",
        br#"{"state":2,"state":3}"#,
        br#"{"state":2,"state":3}"#,
    ),
    (
        "callback-raw-no-json",
        STEPS,
        Choice,
        "What verifies as received is not read: no JSON.",
        b"state=2",
        b"state=2",
    ),
    (
        "callback-raw-no-utf8",
        STEPS,
        Choice,
        "What verifies as received is not read: Latin-1.",
        b"{\"a\":\"\xe9\"}",
        b"{\"a\":\"\xe9\"}",
    ),
    ("callback-raw-empty", STEPS, Choice, "What verifies as received is not read: an empty body.", b"", b""),
    (
        "callback-ordered",
        ORDERED,
        Choice,
        "Signed in order, sent in another one.",
        br#"{"state":2,"payOrderId":"P1"}"#,
        SIMPLE.as_bytes(),
    ),
    (
        "callback-ordered-white-space",
        ORDERED,
        Choice,
        "White space goes between tokens, and stays inside strings.",
        b"\t{ \"b\" : \" x  y \" ,\r\n\"a\":\t1 } \n",
        br#"{"a":1,"b":" x  y "}"#,
    ),
    (
        "callback-ordered-number",
        ORDERED,
        Choice,
        "Numbers keep their characters.",
        br#"{"b":1.50,"a":1E+2,"c":-0}"#,
        br#"{"a":1E+2,"b":1.50,"c":-0}"#,
    ),
    (
        "callback-ordered-escape",
        ORDERED,
        Choice,
        "Strings keep their escapes.",
        br#"{"b":"\u00e9\/\"\u003c","a":"1"}"#,
        br#"{"a":"1","b":"\u00e9\/\"\u003c"}"#,
    ),
    (
        "callback-ordered-unicode",
        ORDERED,
        Choice,
        "Strings keep their characters.",
        "{\"b\":\"é😀\u{2028}\",\"a\":\"1\"}".as_bytes(),
        "{\"a\":\"1\",\"b\":\"é😀\u{2028}\"}".as_bytes(),
    ),
    (
        "callback-ordered-null",
        ORDERED,
        Choice,
        "null, empty strings and booleans stay.",
        br#"{"c":null,"b":"","a":true}"#,
        br#"{"a":true,"b":"","c":null}"#,
    ),
    (
        "callback-ordered-nested",
        ORDERED,
        Choice,
        "An object as a value keeps its order and loses its white space.",
        br#"{"b":{ "z" : [ 1 , "a b" ], "y":{} },"a":[]}"#,
        br#"{"a":[],"b":{"z":[1,"a b"],"y":{}}}"#,
    ),
    (
        "callback-ordered-nested-twice",
        ORDERED,
        Choice,
        "Names are compared at the top only.",
        br#"{"b":{"a":1,"a":2},"a":1}"#,
        br#"{"a":1,"b":{"a":1,"a":2}}"#,
    ),
    (
        "callback-ordered-name",
        ORDERED,
        Choice,
        "A name is decoded, and written with the fewest escapes.",
        br#"{"z\u0061\/":1,"\u0022\u005c\u000a\u001F\u007f\u00e9":2}"#,
        "{\"\\\"\\\\\\n\\u001f\u{7f}é\":2,\"za/\":1}".as_bytes(),
    ),
    (
        "callback-ordered-name-short-escapes",
        ORDERED,
        Choice,
        "Each control character that has a short escape gets it.",
        br#"{"z":1,"\u0008\u0009\u000a\u000c\u000d":2}"#,
        br#"{"\b\t\n\f\r":2,"z":1}"#,
    ),
    (
        "callback-ordered-nested-name",
        ORDERED,
        Choice,
        "A name inside a value belongs to the value and keeps its escapes.",
        br#"{"b":{"\u0062\/":1},"a":1}"#,
        br#"{"a":1,"b":{"\u0062\/":1}}"#,
    ),
    (
        "callback-ordered-lone-surrogate",
        ORDERED,
        Choice,
        "Also an escape that is no character stays in a value.",
        br#"{"b":"\ud83d","a":1}"#,
        br#"{"a":1,"b":"\ud83d"}"#,
    ),
    (
        "callback-ordered-utf8",
        ORDERED,
        Choice,
        "Names by their UTF-8: U+FFFD before U+1F600.",
        "{\"\u{1F600}\":1,\"\u{FFFD}\":2,\"a\":3,\"B\":4}".as_bytes(),
        "{\"B\":4,\"a\":3,\"\u{FFFD}\":2,\"\u{1F600}\":1}".as_bytes(),
    ),
    ("callback-ordered-empty", ORDERED, Choice, "An object without members.", b" { } ", b"{}"),
    // From here on the verifier must refuse.
    (
        "forged-state",
        STEPS,
        Documented,
        "A value was changed.",
        br#"{"payOrderId":"P1","state":2}"#,
        br#"{"payOrderId":"P1","state":3}"#,
    ),
    (
        "forged-member-added",
        STEPS,
        Documented,
        "A member was added.",
        br#"{"payOrderId":"P1","state":2,"x":1}"#,
        SIMPLE.as_bytes(),
    ),
    (
        "forged-member-removed",
        STEPS,
        Documented,
        "A member was removed.",
        br#"{"state":2}"#,
        SIMPLE.as_bytes(),
    ),
    (
        "forged-type",
        STEPS,
        Documented,
        "\"2\" is not 2.",
        br#"{"payOrderId":"P1","state":"2"}"#,
        SIMPLE.as_bytes(),
    ),
    (
        "forged-reformatted-number",
        ORDERED,
        Choice,
        "1.5 is not 1.50: numbers are compared as text.",
        br#"{"a":1.5}"#,
        br#"{"a":1.50}"#,
    ),
    (
        "forged-reescaped-value",
        ORDERED,
        Choice,
        "\\/ is not /: values are compared as text.",
        br#"{"a":"\/"}"#,
        br#"{"a":"/"}"#,
    ),
    (
        "forged-null-dropped",
        ORDERED,
        Choice,
        "null is a member like others in a callback.",
        br#"{"a":1,"b":null}"#,
        br#"{"a":1}"#,
    ),
    (
        "forged-other-order",
        STEPS,
        Choice,
        "Signed in an order that is neither the one received nor the ascending one.",
        br#"{"b":2,"a":1,"c":3}"#,
        br#"{"c":3,"b":2,"a":1}"#,
    ),
    (
        "forged-request-formula",
        STEPS,
        Proven,
        "PARAMS of a request in place of JSON.",
        SIMPLE.as_bytes(),
        b"payOrderId=P1&state=2",
    ),
    (
        "forged-line-end",
        STEPS,
        Proven,
        "A line feed was signed that was not sent.",
        SIMPLE.as_bytes(),
        b"{\"payOrderId\":\"P1\",\"state\":2}\n",
    ),
    (
        "body-twice",
        STEPS,
        Choice,
        "Not verified as received, and no order for a name twice.",
        br#"{"state":2,"state":2}"#,
        br#"{"state":2}"#,
    ),
    (
        "body-twice-escaped",
        STEPS,
        Choice,
        "Names are compared decoded.",
        br#"{"state":2,"st\u0061te":2}"#,
        br#"{"state":2}"#,
    ),
    (
        "body-lone-surrogate-in-name",
        STEPS,
        Choice,
        "A name that cannot be decoded cannot be put in order.",
        br#"{"\ud83d":1, "a":1}"#,
        br#"{"\ud83d":1,"a":1}"#,
    ),
    ("body-array", STEPS, Documented, "Not an object.", br"[ 1 ]", br"[1]"),
    ("body-no-json", STEPS, Documented, "Not JSON.", b"state=3", b"state=2"),
    ("body-no-utf8", STEPS, Documented, "Not UTF-8.", b"{\"a\":\"\xe9\" }", b"{\"a\":\"\xe9\"}"),
    ("body-empty", STEPS, Documented, "No body.", b"", b"{}"),
    (
        "body-bom",
        STEPS,
        Documented,
        "A byte order mark that was not signed.",
        b"\xef\xbb\xbf{\"a\":1}",
        br#"{"a":1}"#,
    ),
];

pub(crate) fn cases() -> Result<Vec<Callback>, Error> {
    let gateway = PrivateKey::from_hex(GATEWAY)?;
    let key = gateway.public_key();
    let sign = |text: &[u8]| gateway.sign(&Digest::of(text)).to_string();
    let mut cases = Vec::new();
    let mut add = |id, rule, basis, comment, key, signature: Option<&str>, body: &[u8], max_bytes| {
        cases.push(case(About::new(id, rule, basis, comment), key, signature, body, max_bytes));
    };
    let system = PublicKey::from_hex(SYSTEM_PUBLIC_KEY)?;
    add(
        "callback-c1",
        STEPS,
        Proven,
        "Signed by the real gateway, with a high s.",
        system,
        Some(C1),
        C1_BODY.as_bytes(),
        MAX_BYTES,
    );
    add(
        "callback-c1-ordered",
        ORDERED,
        Proven,
        "The same members, in another order and with white space.",
        system,
        Some(C1),
        C1_MIXED.as_bytes(),
        MAX_BYTES,
    );
    add(
        "callback-c1-wrong-key",
        STEPS,
        Proven,
        "The real gateway's signature, and a verifier with another key.",
        key,
        Some(C1),
        C1_BODY.as_bytes(),
        MAX_BYTES,
    );
    for &(id, rule, basis, comment, body, signed) in SIGNED {
        add(id, rule, basis, comment, key, Some(&sign(signed)), body, MAX_BYTES);
    }
    let body = SIMPLE.as_bytes();
    let good = sign(body);
    let stranger = PrivateKey::from_hex(STRANGER)?.sign(&Digest::of(body)).to_string();
    let (upper, longer) = (good.to_uppercase(), format!("{good}00"));
    let mut simple = |id, basis, comment, signature, max_bytes| {
        add(id, STEPS, basis, comment, key, signature, body, max_bytes);
    };
    simple("header-upper-case", Choice, "Either case is read.", Some(upper.as_str()), MAX_BYTES);
    simple(
        "header-missing",
        Choice,
        "Never trusted, though pages call the header optional.",
        None,
        MAX_BYTES,
    );
    simple("header-empty", Choice, "The same as missing.", Some(""), MAX_BYTES);
    simple("header-no-hex", Documented, "Not hex.", Some("not a signature!"), MAX_BYTES);
    simple("header-no-der", Documented, "Hex, but no DER.", Some("deadbeef"), MAX_BYTES);
    simple("header-byte-behind", Choice, "A byte after the sequence.", Some(longer.as_str()), MAX_BYTES);
    simple("header-stranger", Documented, "Signed by another key.", Some(stranger.as_str()), MAX_BYTES);
    simple("size-at-limit", Choice, "A body as large as the limit is read.", Some(good.as_str()), body.len());
    simple(
        "size-above-limit",
        Choice,
        "One byte more is refused before anything else.",
        Some(good.as_str()),
        body.len() - 1,
    );
    simple(
        "size-above-limit-unsigned",
        Choice,
        "The size comes before the missing header.",
        None,
        body.len() - 1,
    );
    Ok(cases)
}

fn case(about: About, key: PublicKey, signature: Option<&str>, body: &[u8], max_bytes: usize) -> Callback {
    let verdict = CallbackVerifier::trusting(key).max_bytes(max_bytes).verify(signature, body);
    let ordered = CallbackText::from_json(body).ok();
    let (form, digest) = match verdict {
        Ok(SignedForm::AsReceived) => (Some("as_received"), Some(Digest::of(body))),
        Ok(_) => (Some("ordered"), ordered.as_ref().map(CallbackText::digest)),
        Err(_) => (None, None),
    };
    Callback {
        about,
        public_key: key.to_string(),
        signature: signature.map(str::to_owned),
        body_hex: hex::encode(body),
        body: std::str::from_utf8(body).ok().map(str::to_owned),
        max_bytes,
        valid: verdict.is_ok(),
        form,
        ordered: ordered.map(|text| text.as_str().to_owned()),
        digest: digest.map(|digest| digest.to_string()),
        refused_as: verdict.err().map(|error| refusal(error.kind())),
    }
}
