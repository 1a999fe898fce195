//! The first stage: the parameters of a request, as they are signed and as they are sent.

use crate::members::{self, Members};
use crate::{Error, ErrorKind};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// Room for a text before it has to grow; that of a request with 13 members takes about 500 bytes.
const USUAL_BYTES: usize = 1024;

/// The parameters of a request: the `key=value` text that is signed, and the JSON body that is sent.
///
/// Both are made once, from the same members. The rules:
///
/// | member | in the text | source (`docs/wire.md`, section 4.1) |
/// |---|---|---|
/// | order | names ascending, by bytes | proven by R1 to R4 |
/// | string | its characters, raw: not quoted, escaped or percent-encoded, UTF-8 as it is | proven (R1, R4) |
/// | empty string | `key=` | proven (R2, R3) |
/// | `null` | left out of text *and* body | seen in clients |
/// | integer | its JSON text: `step=0` | seen in clients |
/// | `true`, `false` | its JSON text | inferred |
/// | fraction, exponent, object, array | refused with the member's name | no rule is known |
/// | a name twice | refused with the member's name | receivers would disagree |
///
/// A float that is not a number has no JSON form: serde writes it as `null`, so it is left out like
/// every `null`. Amounts are text, never floats.
///
/// ```
/// use tarspay_sign::Parameters;
///
/// let parameters = Parameters::from_json(br#"{ "wayCode": "PIX", "step": 0, "returnUrl": "", "attach": null }"#)?;
/// assert_eq!(parameters.as_str(), "returnUrl=&step=0&wayCode=PIX");
/// assert_eq!(parameters.body(), br#"{"returnUrl":"","step":0,"wayCode":"PIX"}"#);
/// # Ok::<(), tarspay_sign::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Parameters {
    text: String,
    body: String,
}

impl Parameters {
    /// A request without a body: the text and the body are empty.
    pub fn none() -> Self {
        Self { text: String::new(), body: String::new() }
    }

    /// The parameters of any value that serializes to a flat JSON object: a struct, a map, a
    /// `serde_json::Value`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidBody`] if the value does not serialize, or not to one object, or names a
    /// member twice; [`ErrorKind::UnsupportedValue`] if a member is a fraction, an object or an
    /// array.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut json, value).map_err(|source| {
            let reason = format!("the request does not serialize to JSON: {source}");
            Error::new(ErrorKind::InvalidBody, reason).with_source(source)
        })?;
        Self::from_json(&json)
    }

    /// The parameters of a JSON text: one object, in any order and with any white space.
    ///
    /// # Errors
    ///
    /// As [`from_value`](Self::from_value). An empty text is an error too; for a request without a
    /// body use [`none`](Self::none).
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        Self::from_members(Members::from_json(json)?.pairs())
    }

    /// The parameters of members that are at hand already: names, and the JSON text of each value,
    /// in any order.
    ///
    /// The result is that of [`from_json`](Self::from_json) on the object that they make up, and
    /// nothing is parsed again.
    ///
    /// ```
    /// use tarspay_sign::Parameters;
    ///
    /// let parameters = Parameters::from_members([("wayCode", r#""PIX""#), ("step", "0"), ("attach", "null")])?;
    /// assert_eq!(parameters, Parameters::from_json(br#"{"attach": null, "step": 0, "wayCode": "PIX"}"#)?);
    /// # Ok::<(), tarspay_sign::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidBody`] if a value is not a JSON text (blanks around it included) or a
    /// name comes twice; [`ErrorKind::UnsupportedValue`] if a value is a fraction, an object or an
    /// array.
    pub fn from_members<'m>(members: impl IntoIterator<Item = (&'m str, &'m str)>) -> Result<Self, Error> {
        let mut text = String::with_capacity(USUAL_BYTES);
        let mut body = String::with_capacity(USUAL_BYTES);
        body.push('{');
        for (name, json) in members::sorted(members)? {
            let Some(value) = signed_text(json).map_err(|error| error.with_field(name))? else { continue };
            if body.len() > 1 {
                text.push('&');
                body.push(',');
            }
            text.extend([name, "=", &value]);
            members::push_name(&mut body, name);
            body.push(':');
            body.push_str(json);
        }
        body.push('}');
        Ok(Self { text, body })
    }

    /// The last part of the string to sign: `key=value` joined by `&`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The body to send: the same members as compact JSON, names ascending; empty for a request
    /// without a body.
    pub fn body(&self) -> &[u8] {
        self.body.as_bytes()
    }

    pub(crate) fn into_body(self) -> String {
        self.body
    }
}

/// What stands for a JSON value in the text that is signed; `None` for a null, which is left out.
fn signed_text(json: &str) -> Result<Option<Cow<'_, str>>, Error> {
    let unsupported = |what: &str| {
        let reason =
            format!("{what} cannot be signed: the gateway documents no rule for it; send it as text");
        Err(Error::new(ErrorKind::UnsupportedValue, reason))
    };
    match json.as_bytes() {
        [b'"', ..] => text_of_string(json).map(Some),
        b"null" => Ok(None),
        b"true" | b"false" => Ok(Some(json.into())),
        [b'{', ..] => unsupported("an object"),
        [b'[', ..] => unsupported("an array"),
        [b'-' | b'0'..=b'9', ..] if is_integer(json) => Ok(Some(json.into())),
        [b'-' | b'0'..=b'9', ..] => unsupported("a number that is not an integer"),
        _ => Err(Error::new(ErrorKind::InvalidBody, "the value is not a JSON text")),
    }
}

fn text_of_string(json: &str) -> Result<Cow<'_, str>, Error> {
    let invalid = || {
        let reason = "not a JSON string, or it holds an escape that is not a character";
        Error::new(ErrorKind::InvalidBody, reason)
    };
    let inner = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).ok_or_else(invalid)?;
    if members::has_escapes(inner) {
        let text = serde_json::from_str::<String>(json).map_err(|source| invalid().with_source(source))?;
        return Ok(text.into());
    }
    // The common case: what stands between the quotes.
    Ok(inner.into())
}

fn is_integer(json: &str) -> bool {
    let digits = json.strip_prefix('-').unwrap_or(json);
    let is_canonical = digits == "0" || !digits.starts_with('0');
    is_canonical && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Debug for Parameters {
    /// Shows sizes only: the values can be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters")
            .field("text_bytes", &self.text.len())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
