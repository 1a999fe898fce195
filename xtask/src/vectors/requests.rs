//! Requests that are signed, rule by rule.

use super::keys::MERCHANT;
use super::suite::{About, Basis, Headers, Request};
use Basis::{Choice, Documented, Inferred, Proven, Seen};
use tarspay_sign::{Error, Nonce, Parameters, PrivateKey, RequestToSign, SignedRequest};

const PATH: &str = "/api/payOut/unifiedOrder";
const NONCE: u64 = 1_694_074_594_933;
const VALUES: &str = "23-values";
const STEPS: &str = "21-steps";

/// Id, rule, basis, comment, body. All but a few name the merchant, so that a gateway can look up the key.
type Row = (&'static str, &'static str, Basis, &'static str, &'static str);

const BODIES: &[Row] = &[
    (
        "order-sorted",
        STEPS,
        Proven,
        "Members in order already.",
        r#"{"amount":"10","currency":"BRA","mchNo":"M1693644864"}"#,
    ),
    (
        "order-reversed",
        STEPS,
        Proven,
        "The order of the body does not matter.",
        r#"{"mchNo":"M1693644864","currency":"BRA","amount":"10"}"#,
    ),
    (
        "order-capitals-first",
        VALUES,
        Inferred,
        "Bytes are compared: capitals come before small letters.",
        r#"{"b":"1","a":"2","B":"3","mchNo":"M1693644864"}"#,
    ),
    (
        "order-prefix-first",
        STEPS,
        Proven,
        "A name comes before a longer one that begins with it.",
        r#"{"amount2":"2","amount":"1","amountA":"3","mchNo":"M1693644864"}"#,
    ),
    (
        "order-digits-as-text",
        STEPS,
        Inferred,
        "Names are no numbers: 10 comes before 9.",
        r#"{"9":"nine","10":"ten","mchNo":"M1693644864"}"#,
    ),
    (
        "order-before-separator",
        STEPS,
        Inferred,
        "Names are sorted, not pairs: `a` before `a!`, though `=` comes after `!`.",
        r#"{"a!":"1","a":"2","mchNo":"M1693644864"}"#,
    ),
    (
        "order-utf8-not-utf16",
        VALUES,
        Inferred,
        "By UTF-8, U+FFFD comes before U+1F600; by UTF-16 it would come after.",
        "{\"\u{1F600}\":\"1\",\"\u{FFFD}\":\"2\",\"mchNo\":\"M1693644864\"}",
    ),
    (
        "order-decoded-names",
        STEPS,
        Inferred,
        "Names are sorted after their escapes are decoded: \\u0062 is b.",
        r#"{"c":"3","\u0062":"2","a":"1","mchNo":"M1693644864"}"#,
    ),
    (
        "white-space",
        STEPS,
        Proven,
        "White space between tokens is not signed.",
        "\r\n{ \"mchNo\" :\t\"M1693644864\" ,\n  \"amount\" : \"10\" }\n",
    ),
    ("empty-string", VALUES, Proven, "An empty string stays.", r#"{"returnUrl":"","mchNo":"M1693644864"}"#),
    (
        "empty-first-and-last",
        VALUES,
        Proven,
        "Empty strings at both ends leave no `&` there.",
        r#"{"a":"","mchNo":"M1693644864","z":""}"#,
    ),
    (
        "empty-name",
        VALUES,
        Inferred,
        "A name without characters is a name.",
        r#"{"":"1","mchNo":"M1693644864"}"#,
    ),
    (
        "null",
        VALUES,
        Seen,
        "null is left out, of the string and of the body.",
        r#"{"attach":null,"mchNo":"M1693644864","z":null}"#,
    ),
    (
        "null-as-text",
        VALUES,
        Inferred,
        "The text null is a text.",
        r#"{"attach":"null","mchNo":"M1693644864"}"#,
    ),
    (
        "null-only",
        VALUES,
        Inferred,
        "Nothing is left: PARAMS is empty, the body is {}.",
        r#"{"attach":null}"#,
    ),
    ("integer-zero", VALUES, Seen, "The digits as they stand.", r#"{"mchNo":"M1693644864","step":0}"#),
    ("integer-negative", VALUES, Inferred, "With its sign.", r#"{"mchNo":"M1693644864","step":-15}"#),
    (
        "integer-minus-zero",
        VALUES,
        Inferred,
        "The digits as they stand, not the number.",
        r#"{"mchNo":"M1693644864","step":-0}"#,
    ),
    (
        "integer-above-double",
        VALUES,
        Inferred,
        "2^53 + 1: a reader that makes doubles of numbers loses the last digit.",
        r#"{"mchNo":"M1693644864","step":9007199254740993}"#,
    ),
    (
        "integer-above-64-bits",
        VALUES,
        Inferred,
        "Digits have no limit.",
        r#"{"mchNo":"M1693644864","step":123456789012345678901234567890}"#,
    ),
    (
        "integer-as-text",
        VALUES,
        Proven,
        "A text of digits keeps all of them.",
        r#"{"amount":"0010.00","mchNo":"M1693644864"}"#,
    ),
    ("boolean-true", VALUES, Inferred, "The word.", r#"{"flag":true,"mchNo":"M1693644864"}"#),
    (
        "boolean-false",
        VALUES,
        Inferred,
        "The word, and not nothing.",
        r#"{"flag":false,"mchNo":"M1693644864"}"#,
    ),
    (
        "raw-address",
        VALUES,
        Proven,
        "Colon, slash, dot and hash stay raw.",
        r#"{"mchNo":"M1693644864","notifyUrl":"https://shop.example:8010/notify/#65"}"#,
    ),
    (
        "raw-at-and-blank",
        VALUES,
        Proven,
        "At sign and blanks stay raw, also at the ends.",
        r#"{"customerEmail":"a@b.example","customerName":" G D  W ","mchNo":"M1693644864"}"#,
    ),
    (
        "reserved-ampersand",
        VALUES,
        Inferred,
        "& stays raw, though the string can then be split in two ways.",
        r#"{"mchNo":"M1693644864","notifyUrl":"https://shop.example/?a=1&b=2"}"#,
    ),
    (
        "reserved-bar",
        VALUES,
        Inferred,
        "The separator stays raw in a value.",
        r#"{"customerName":"A|B|C","mchNo":"M1693644864"}"#,
    ),
    (
        "reserved-percent",
        VALUES,
        Inferred,
        "% and + stay: nothing is decoded either.",
        r#"{"customerName":"100%25+1","mchNo":"M1693644864"}"#,
    ),
    (
        "reserved-html",
        VALUES,
        Inferred,
        "Nothing is escaped for HTML.",
        r#"{"customerName":"<b>&amp;'","mchNo":"M1693644864"}"#,
    ),
    (
        "reserved-in-name",
        "9-what-the-signature-does-not-cover",
        Inferred,
        "Names stay raw too.",
        r#"{"a=1&b":"2","mchNo":"M1693644864"}"#,
    ),
    ("unicode-latin", VALUES, Seen, "UTF-8.", r#"{"customerName":"SÉRNHG OODS12","mchNo":"M1693644864"}"#),
    (
        "unicode-composed",
        VALUES,
        Seen,
        "Not normalised: one character é.",
        "{\"customerName\":\"Jos\u{e9}\",\"mchNo\":\"M1693644864\"}",
    ),
    (
        "unicode-decomposed",
        VALUES,
        Seen,
        "Not normalised: e and a combining accent.",
        "{\"customerName\":\"Jose\u{301}\",\"mchNo\":\"M1693644864\"}",
    ),
    (
        "unicode-astral",
        VALUES,
        Seen,
        "Four bytes of UTF-8 for one character.",
        "{\"customerName\":\"নাম 😀\",\"mchNo\":\"M1693644864\"}",
    ),
    (
        "unicode-line-separator",
        VALUES,
        Inferred,
        "U+2028 and U+007F are characters like others.",
        "{\"customerName\":\"a\u{2028}b\u{7f}\",\"mchNo\":\"M1693644864\"}",
    ),
    (
        "escape-unicode",
        VALUES,
        Seen,
        "The character is signed, the body keeps its escape.",
        r#"{"customerName":"Jos\u00e9","mchNo":"M1693644864"}"#,
    ),
    (
        "escape-pair",
        VALUES,
        Seen,
        "A pair of surrogates is one character.",
        r#"{"customerName":"\ud83d\uDE00","mchNo":"M1693644864"}"#,
    ),
    (
        "escape-slash",
        VALUES,
        Seen,
        "As PHP writes it.",
        r#"{"mchNo":"M1693644864","notifyUrl":"https:\/\/shop.example\/n"}"#,
    ),
    (
        "escape-quote-and-backslash",
        VALUES,
        Inferred,
        "The characters.",
        r#"{"customerName":"A \"B\" \\ C","mchNo":"M1693644864"}"#,
    ),
    (
        "escape-control",
        VALUES,
        Inferred,
        "Escaped control characters are signed raw.",
        r#"{"body":"a\nb\tc\u0000d\b\f\r","mchNo":"M1693644864"}"#,
    ),
    (
        "escape-in-name",
        VALUES,
        Inferred,
        "A name is signed decoded, and sent with the fewest escapes.",
        r#"{"mch\u004eo":"M1693644864","q\u0022\/\u001F":"1"}"#,
    ),
    ("empty-object", STEPS, Inferred, "No members: PARAMS is empty, the body is {}.", " { } "),
];

pub(crate) fn cases() -> Result<Vec<Request>, Error> {
    let mut cases = Vec::new();
    for &(id, rule, basis, comment, body) in BODIES {
        cases.push(case(About::new(id, rule, basis, comment), PATH, NONCE, Some(body))?);
    }
    let mut add = |id, rule, basis, comment, path, nonce, body| {
        case(About::new(id, rule, basis, comment), path, nonce, body).map(|case| cases.push(case))
    };
    let path_and_nonce = "24-path-and-nonce";
    let body = Some(r#"{"mchNo":"M1693644864"}"#);
    add(
        "no-body",
        STEPS,
        Inferred,
        "The string ends with the third separator, nothing is sent.",
        "/api/bd/P1/TRX1",
        NONCE,
        None,
    )?;
    add("path-balance", path_and_nonce, Proven, "Another call.", "/api/balanceInfo", NONCE, body)?;
    add(
        "path-raw",
        path_and_nonce,
        Inferred,
        "Nothing is decoded or tidied up in the path.",
        "/api//a%20b/%7E/;x=1&y/",
        NONCE,
        body,
    )?;
    add("path-root", path_and_nonce, Choice, "The shortest path.", "/", NONCE, body)?;
    add("nonce-zero", path_and_nonce, Choice, "The lowest nonce.", PATH, 0, body)?;
    add(
        "nonce-largest",
        path_and_nonce,
        Choice,
        "The largest nonce that tarspay takes.",
        PATH,
        u64::MAX,
        body,
    )?;

    let der = "25-der";
    let mut shaped = |id, comment, wanted: fn(&SignedRequest) -> bool| {
        let nonce = nonce_where(wanted)?;
        add(id, der, Documented, comment, PATH, nonce, body)
    };
    shaped("der-r-short", "r has a leading zero byte, which DER leaves out: 31 bytes or fewer.", |signed| {
        r_length(signed) < 32
    })?;
    shaped("der-r-long", "r begins with a bit 1, so a byte 00 stands before it.", |signed| {
        r_length(signed) == 33
    })?;
    shaped("der-s-short", "s has a leading zero byte, which DER leaves out.", |signed| {
        s_length(signed) < 32
    })?;
    shaped("digest-leading-zero", "The digest begins with 00 and still has 32 bytes.", |signed| {
        signed.digest().as_bytes()[0] == 0
    })?;
    Ok(cases)
}

fn r_length(signed: &SignedRequest) -> usize {
    signed.signature().to_der().get(3).map_or(0, |&length| length.into())
}

fn s_length(signed: &SignedRequest) -> usize {
    signed.signature().to_der().len() - r_length(signed) - 6
}

/// The first nonce whose signature has a shape.
fn nonce_where(wanted: fn(&SignedRequest) -> bool) -> Result<u64, Error> {
    for nonce in NONCE.. {
        if wanted(&sign(PATH, nonce, Some(r#"{"mchNo":"M1693644864"}"#))?.1) {
            return Ok(nonce);
        }
    }
    Ok(NONCE)
}

fn sign(path: &str, nonce: u64, body: Option<&str>) -> Result<(String, SignedRequest), Error> {
    let parameters =
        body.map_or_else(|| Ok(Parameters::none()), |body| Parameters::from_json(body.as_bytes()))?;
    let params = parameters.as_str().to_owned();
    let request = RequestToSign::new(path, Nonce::from_unix_millis(nonce), parameters)?;
    Ok((params, request.sign(&PrivateKey::from_hex(MERCHANT)?)))
}

fn case(about: About, path: &str, nonce: u64, body: Option<&str>) -> Result<Request, Error> {
    let (params, signed) = sign(path, nonce, body)?;
    let headers = signed.headers();
    Ok(Request {
        about,
        path: path.to_owned(),
        nonce: nonce.to_string(),
        body: body.map(str::to_owned),
        private_key: MERCHANT.to_owned(),
        public_key: headers.api_key().to_owned(),
        params,
        string_to_sign: signed.string_to_sign().to_owned(),
        digest: signed.digest().to_string(),
        signature: headers.signature().to_owned(),
        headers: Headers {
            key: headers.api_key().to_owned(),
            nonce: headers.nonce().to_owned(),
            signature: headers.signature().to_owned(),
        },
        // The body is made of JSON text.
        sent_body: String::from_utf8_lossy(signed.body()).into_owned(),
    })
}
