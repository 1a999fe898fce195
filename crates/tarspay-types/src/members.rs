//! JSON that is kept as its exact text: the members of an object, and one value.

use std::fmt;

use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::decode::{Decode, DecodeError, Unread, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::request::{MERCHANT, Outgoing};
use crate::text::check;

/// The members of one JSON object: names in their order, no name twice, values as their exact JSON
/// text.
///
/// Models keep in a field `extra` of this type what they do not know: members that the gateway
/// adds, and known members whose value cannot be used (null, an empty text, an amount below zero).
/// So nothing that came in is lost, and `100.00` stays `100.00`.
///
/// Two are equal when they hold the same names with the same texts, in any order. `Debug` shows
/// names only, since values may be personal.
///
/// ```
/// use tarspay_types::{Decode, Members};
///
/// let members = Members::from_json(r#"{"rate": 1.50, "name": "A"}"#)?;
/// assert_eq!(members.get("rate"), Some("1.50"));
/// assert_eq!(format!("{members:?}"), r#"{"rate", "name"}"#);
/// # Ok::<(), tarspay_types::DecodeError>(())
/// ```
#[derive(Clone, Default)]
pub struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// No members.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many members there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no members.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The exact JSON text of the member's value: a text has its quotes, a number its digits as
    /// they came.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.position(name).map(|position| self.0[position].1.get())
    }

    /// The member's value, parsed. A number with a fraction becomes a float here;
    /// [`get`](Members::get) keeps its text.
    ///
    /// `None` also when the value is nested too deeply for `serde_json` to parse.
    pub fn value(&self, name: &str) -> Option<serde_json::Value> {
        serde_json::from_str(self.get(name)?).ok()
    }

    /// Names and exact JSON texts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    /// Sets a member: a new one is added at the end, an existing one keeps its place.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJson`] when the value does not serialise; the members are unchanged then.
    pub fn insert(
        &mut self,
        name: impl Into<String>,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        let name = name.into();
        let value = serde_json::value::to_raw_value(value)
            .map_err(|error| Error::new("member", ErrorKind::NotJson).caused_by(error))?;
        match self.position(&name) {
            Some(position) => self.0[position].1 = value,
            None => self.0.push((name, value)),
        }
        Ok(())
    }

    /// Removes a member. Returns the exact JSON text of its value.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        self.position(name).map(|position| self.0.remove(position).1.get().to_owned())
    }

    /// Adds a member to a request whose own members are `known`, if it can be signed.
    pub(crate) fn insert_flat(
        &mut self,
        known: &[&str],
        name: String,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        const WHAT: &str = "extra member";
        check("name of an extra member", &name)?;
        if name == MERCHANT {
            return Err(Error::new(WHAT, ErrorKind::MerchantGiven));
        }
        if known.contains(&name.as_str()) {
            return Err(Error::new(WHAT, ErrorKind::KnownMember));
        }
        let mut alone = Self::new();
        alone.insert(name.as_str(), value)?;
        let flat = alone.get(&name).is_some_and(|json| match json.as_bytes() {
            [b'"', ..] | b"true" | b"false" => true,
            [b'-' | b'0'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
            _ => false,
        });
        if flat { self.insert(name, value) } else { Err(Error::new(WHAT, ErrorKind::NotFlat)) }
    }

    /// Whether an optional member of a request, if it has a value or came with one, has one that
    /// can be sent.
    pub(crate) fn check_optional<T: Outgoing + Decode>(
        &self,
        name: &'static str,
        value: Option<&T>,
    ) -> Result<(), Error> {
        match (value, self.get(name)) {
            (Some(value), _) => value.check_outgoing(name),
            (None, Some(json)) if json != "null" => {
                let error = Error::new(name, ErrorKind::Unusable);
                Err(match T::from_json(json) {
                    Ok(_) => error,
                    Err(why) => error.caused_by(why.into_cause()),
                })
            }
            (None, _) => Ok(()),
        }
    }

    pub(crate) fn raw(&self) -> impl Iterator<Item = (&str, &RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    pub(crate) fn into_raw(self) -> Vec<(String, Box<RawValue>)> {
        self.0
    }

    /// Adds a member whose name is known to be new.
    pub(crate) fn push(&mut self, name: String, value: Box<RawValue>) {
        self.0.push((name, value));
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == name)
    }

    fn sorted(&self) -> Vec<(&str, &str)> {
        let mut members: Vec<_> = self.iter().collect();
        members.sort_unstable();
        members
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.sorted() == other.sorted()
    }
}

impl Eq for Members {}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Decode for Members {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        Unread::from_json(json).map(Unread::into_members)
    }

    fn from_members(members: &Members) -> Result<Self, DecodeError> {
        Ok(members.clone())
    }
}

deserialize_by_decode!(Members);

/// Writes known members first, then those extra members whose name has not been written.
pub(crate) struct Writer<'e, M> {
    map: M,
    extra: &'e Members,
    /// Names, remembered only if there is something extra.
    written: Vec<&'static str>,
}

impl<'e, M: SerializeMap> Writer<'e, M> {
    pub(crate) fn new(map: M, extra: &'e Members) -> Self {
        Self { map, extra, written: Vec::new() }
    }

    pub(crate) fn required(&mut self, name: &'static str, value: &impl Serialize) -> Result<(), M::Error> {
        if !self.extra.is_empty() {
            self.written.push(name);
        }
        self.map.serialize_entry(name, value)
    }

    pub(crate) fn optional(
        &mut self,
        name: &'static str,
        value: Option<&impl Serialize>,
    ) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.required(name, value))
    }

    pub(crate) fn finish(mut self) -> Result<M::Ok, M::Error> {
        for (name, value) in &self.extra.0 {
            if !self.written.contains(&name.as_str()) {
                self.map.serialize_entry(name, value)?;
            }
        }
        self.map.end()
    }
}

/// One JSON value as its exact text: a response whose shape is not documented, or the body of a
/// request.
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

impl RawJson {
    /// The JSON of a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotJson`] when the value does not serialise.
    pub fn new(value: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        serde_json::to_string(value)
            .map(Self)
            .map_err(|error| Error::new("value", ErrorKind::NotJson).caused_by(error))
    }

    /// The exact text.
    pub fn get(&self) -> &str {
        &self.0
    }

    /// The value, parsed. A number with a fraction becomes a float here. `None` when the value is
    /// nested too deeply for `serde_json` to parse.
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

/// For calls whose response may have no `data`: null is `None`, anything else is kept, and an
/// accepted call without `data` is a response, `None`.
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
