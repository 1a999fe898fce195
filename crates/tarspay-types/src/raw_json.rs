//! One JSON value as its exact text.

use std::fmt;

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::decode::{Decode, DecodeError, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::members::Members;

/// One JSON value as its exact text: a response whose shape is not documented, or the body of a request.
///
/// Two are equal when their texts are. `Debug` shows the length alone, since the value may be personal.
///
/// ```
/// use tarspay_types::{Decode, RawJson};
///
/// let json = RawJson::from_json(r#"{"url": "https://bank.example/proof.pdf", "rate": 1.50}"#)?;
/// assert_eq!(json.value().unwrap()["url"], "https://bank.example/proof.pdf");
/// assert_eq!(json.members().unwrap().get("rate"), Some("1.50"));
/// # Ok::<(), tarspay_types::DecodeError>(())
/// ```
#[derive(Clone)]
pub struct RawJson(String);

/// Room for the JSON of a value before it has to grow; a deposit with all its members takes about 500 bytes.
const USUAL_BYTES: usize = 1024;

impl RawJson {
    /// The JSON of a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJson`] when the value does not serialise.
    pub fn new(value: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut json, value)
            .map_err(|error| Error::new("value", ErrorKind::NotJson).caused_by(error))?;
        Self::of_bytes(json)
    }

    /// Adds a member at the end of an object, which ends with its brace and has no such member; `is_first` if it has none.
    pub(crate) fn with_member(
        self,
        is_first: bool,
        name: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Self, Error> {
        let refuse = |error| Error::new("value", ErrorKind::NotJson).caused_by(error);
        let mut json = self.0.into_bytes();
        json.pop(); // the brace
        if !is_first {
            json.push(b',');
        }
        serde_json::to_writer(&mut json, name).map_err(refuse)?;
        json.push(b':');
        serde_json::to_writer(&mut json, value).map_err(refuse)?;
        json.push(b'}');
        Self::of_bytes(json)
    }

    /// Of what `serde_json` has written, which is UTF-8.
    fn of_bytes(json: Vec<u8>) -> Result<Self, Error> {
        String::from_utf8(json)
            .map(Self)
            .map_err(|error| Error::new("value", ErrorKind::NotJson).caused_by(error.utf8_error()))
    }

    /// The exact text.
    pub fn get(&self) -> &str {
        &self.0
    }

    /// The value, parsed. A number with a fraction becomes a float here. `None` when the value is nested too
    /// deeply for `serde_json` to parse.
    pub fn value(&self) -> Option<serde_json::Value> {
        serde_json::from_str(self.get()).ok()
    }

    /// The members, if it is an object without double names.
    pub fn members(&self) -> Option<Members> {
        Members::from_json(self.get()).ok()
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.get().len())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        value.serialize(serializer)
    }
}

impl Decode for RawJson {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let value: &RawValue = serde_json::from_str(json).map_err(DecodeError::not_json)?;
        Ok(Self(value.get().to_owned()))
    }
}

deserialize_by_decode!(RawJson);

/// For calls that may answer without `data`: null is `None`, anything else is kept, and an accepted call without
/// `data` is a response, `None`.
///
/// ```
/// use tarspay_types::{Decode, Envelope, RawJson};
///
/// let envelope = Envelope::<Option<RawJson>>::from_json(r#"{"code":0,"msg":"SUCCESS"}"#)?;
/// assert_eq!(envelope.into_result(), Ok(None));
/// # Ok::<(), tarspay_types::DecodeError>(())
/// ```
impl Decode for Option<RawJson> {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let json = RawJson::from_json(json)?;
        Ok((json.get() != "null").then_some(json))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}
