//! The first stage: the parameters of a request, as they are signed and as they are sent.

use crate::json::{self, Members, Scalar};
use crate::{Error, ErrorKind};
use serde::Serialize;
use std::fmt;

/// The parameters of a request: the `key=value` text that is signed, and the JSON body that is sent.
///
/// Both are made from the same members, once. The rules:
///
/// | member | in the text | source (`docs/wire.md`, section 4.1) |
/// |---|---|---|
/// | order | names ascending, by bytes | proven by R1 to R4 |
/// | string | its characters, raw: nothing quoted, escaped or percent-encoded, UTF-8 as it is | proven (R1, R4) |
/// | empty string | `key=` | proven (R2, R3) |
/// | `null` | left out of text *and* body | seen in clients |
/// | integer | its JSON text: `step=0` | seen in clients |
/// | `true`, `false` | its JSON text | inferred |
/// | fraction, exponent, object, array | refused with the member's name | no rule is known |
/// | a name twice | refused with the member's name | receivers would disagree |
///
/// A float that is not a number has no JSON form: serde writes it as `null`, so it is left out like every `null`.
/// Amounts are text; never let a float near them.
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

/// Room for the JSON of a value before it has to grow; a request of 13 members takes about 500 bytes.
const VALUE_BYTES: usize = 1024;

/// Room beside the text for `POST|`, a path, `|`, a nonce and `|`, so that the string to sign needs no memory of its own.
pub(crate) const ROOM_IN_FRONT: usize = 96;

impl Parameters {
    /// A request without a body: the text and the body are empty.
    pub fn none() -> Self {
        Self { text: String::new(), body: String::new() }
    }

    /// The parameters of any value that serializes to a flat JSON object: a struct, a map, a `serde_json::Value`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidBody`] if the value does not serialize, or not to one object, or names a member twice;
    /// [`ErrorKind::UnsupportedValue`] if a member is a fraction, an object or an array.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        let mut json = Vec::with_capacity(VALUE_BYTES);
        serde_json::to_writer(&mut json, value).map_err(|source| {
            Error::new(ErrorKind::InvalidBody, "the request does not serialize to JSON").with_source(source)
        })?;
        Self::from_json(&json)
    }

    /// The parameters of a JSON text: one object, in any order and with any white space.
    ///
    /// # Errors
    ///
    /// As [`from_value`](Self::from_value). No bytes are an error too; a request without a body is
    /// [`none`](Self::none).
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let mut members = Members::default();
        let json = json::read_sorted(json, &mut members)?;
        let mut text = String::with_capacity(json.len() + ROOM_IN_FRONT);
        let mut body = String::with_capacity(json.len());
        body.push('{');
        for member in &members {
            let value = match member.scalar()? {
                Scalar::Null => continue,
                Scalar::Unsupported(what) => {
                    return Err(Error::new(
                        ErrorKind::UnsupportedValue,
                        format!(
                            "{what} cannot be signed: the gateway documents no rule for it; send it as text"
                        ),
                    )
                    .with_field(member.name.as_ref()));
                }
                Scalar::Text(value) => value,
                Scalar::Literal(value) => value.into(),
            };
            if body.len() > 1 {
                text.push('&');
                body.push(',');
            }
            text.push_str(&member.name);
            text.push('=');
            text.push_str(&value);
            member.push_to(&mut body, json)?;
        }
        body.push('}');
        Ok(Self { text, body })
    }

    /// The last part of the string to sign: `key=value` joined by `&`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The body to send: the same members as compact JSON, names ascending; empty for a request without a body.
    pub fn body(&self) -> &[u8] {
        self.body.as_bytes()
    }

    /// The text, with room for what a string to sign puts in front of it, and the body.
    pub(crate) fn into_parts(self) -> (String, String) {
        (self.text, self.body)
    }
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
