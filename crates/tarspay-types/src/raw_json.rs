//! One JSON value of unknown shape, as its exact text.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::decode::{Decode, DecodeError, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::members::Members;

/// One JSON value as its exact text, for answers whose shape is not documented.
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
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The JSON of a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJson`] when the value does not serialise.
    pub fn new(value: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        serde_json::value::to_raw_value(value)
            .map(Self)
            .map_err(|error| Error::new("value", ErrorKind::NotJson).caused_by(error))
    }

    /// The exact text.
    pub fn get(&self) -> &str {
        self.0.get()
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
        self.0.serialize(serializer)
    }
}

impl Decode for RawJson {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        serde_json::from_str(json).map(Self).map_err(DecodeError::not_json)
    }
}

deserialize_by_decode!(RawJson);

/// For calls that may answer without `data`: null is `None`, anything else is kept, and an accepted call without
/// `data` is an answer, `None`.
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
