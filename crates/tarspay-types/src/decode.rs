//! Reading JSON leniently: the trait [`Decode`], its error, and the members of an object that is
//! being read.

use std::borrow::Cow;
use std::collections::HashSet;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::Error;
use crate::members::Members;
use crate::text::quoted;

/// A type that can be read from the JSON that the gateway sends.
///
/// Every model of this crate implements it with errors that name the member and never repeat a
/// value, and implements [`serde::Deserialize`] through it. Numbers keep their text exactly as it
/// came, so a model must be read from JSON text by `serde_json`; other serde formats are refused,
/// and `serde_json::Value` has already turned `100.00` into `100.0`. Scalars (amounts, numbers of
/// orders, states, currencies, URLs) are read from texts and integers of any self-describing serde
/// format.
///
/// Your own type becomes a response with an empty `impl Decode for MyResponse {}`: it is then read
/// by its `Deserialize`.
pub trait Decode: DeserializeOwned {
    /// Reads one JSON value from its text.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the text is not JSON or not this type.
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let _: &RawValue = serde_json::from_str(json).map_err(DecodeError::not_json)?;
        // The text of serde's own error is dropped: it may repeat the value.
        serde_json::from_str(json).map_err(|_| DecodeError::new(DecodeErrorKind::Unreadable))
    }

    /// Reads one JSON value from bytes.
    ///
    /// Bytes that are not UTF-8 are replaced by U+FFFD if they stand in a member that only people
    /// read: `msg`, `message`, `failReason`.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Decode::from_json). [`DecodeErrorKind::Gzip`] when the bytes are
    /// compressed, and [`NotJson`](DecodeErrorKind::NotJson) when others than those above are not
    /// UTF-8.
    fn from_slice(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::from_json(&text_of(bytes)?)
    }

    /// Reads members that are at hand already. A request takes them as they are; other types are
    /// read from their JSON.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Decode::from_json).
    fn from_members(members: &Members) -> Result<Self, DecodeError> {
        Self::from_json(&serde_json::to_string(members).map_err(DecodeError::not_json)?)
    }

    /// The value that stands for a response without `data`, for calls whose responses have none;
    /// otherwise `None`.
    fn absent() -> Option<Self> {
        None
    }
}

impl Decode for serde_json::Value {}

/// A list; one item that cannot be read makes it unreadable.
impl<T: Decode> Decode for Vec<T> {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let _: &RawValue = serde_json::from_str(json).map_err(DecodeError::not_json)?;
        let items: Vec<&RawValue> =
            serde_json::from_str(json).map_err(|_| DecodeError::from(Error::wrong_type("list", "a list")))?;
        items.into_iter().map(|item| T::from_json(item.get())).collect()
    }
}

/// The bytes with which every gzip stream begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// Members that only people read.
const FOR_PEOPLE: [&str; 3] = ["msg", "message", "failReason"];

/// The text of a body.
pub(crate) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    if bytes.starts_with(GZIP) {
        return Err(DecodeError::new(DecodeErrorKind::Gzip));
    }
    std::str::from_utf8(bytes).map(Cow::Borrowed).or_else(|error| {
        let text = String::from_utf8_lossy(bytes);
        if is_damaged_for_people_only(&text, true) { Ok(text) } else { Err(DecodeError::not_json(error)) }
    })
}

/// Whether all replaced bytes of an object stand in texts for people, its own or those of its `data`.
fn is_damaged_for_people_only(json: &str, has_data: bool) -> bool {
    let is_intact = |text: &str| !text.contains(char::REPLACEMENT_CHARACTER);
    Unread::from_json(json).is_ok_and(|members| {
        members.0.iter().all(|(name, value)| {
            let value = value.get();
            let is_for_people = FOR_PEOPLE.contains(&&**name) && value.starts_with('"');
            let is_data = has_data && name == "data";
            is_intact(name)
                && (is_intact(value) || is_for_people || is_data && is_damaged_for_people_only(value, false))
        })
    })
}

/// JSON that came in cannot be used.
///
/// [`path`](DecodeError::path) names the member, for example `data.availableAmount`. Neither the
/// text nor the sources repeat a value of the JSON.
#[derive(Debug, Clone)]
pub struct DecodeError {
    path: String,
    kind: DecodeErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Why JSON that came in cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes are not JSON in UTF-8, or they end too early.
    NotJson,
    /// The bytes are compressed with gzip, which was not asked for.
    Gzip,
    /// A JSON object was expected and something else came.
    NotAnObject,
    /// A member that the caller cannot do without is absent or null.
    Missing,
    /// A member stands twice in one object.
    Duplicate,
    /// A member is there but cannot be read as its type; [`source`](StdError::source) says why
    /// where that is known.
    Unreadable,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind) -> Self {
        Self { path: String::new(), kind, source: None }
    }

    pub(crate) fn not_json(source: impl StdError + Send + Sync + 'static) -> Self {
        Self { path: String::new(), kind: DecodeErrorKind::NotJson, source: Some(Arc::new(source)) }
    }

    pub(crate) fn duplicate(name: &str) -> Self {
        Self::new(DecodeErrorKind::Duplicate).within(name)
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::new(DecodeErrorKind::Missing).within(name)
    }

    /// The same error, seen from the object that holds the value as its member `name`.
    pub(crate) fn within(mut self, name: &str) -> Self {
        // A name may come from outside (a duplicate, unknown member).
        let mut path = quoted(name, 64);
        if !self.path.is_empty() {
            path.push('.');
            path.push_str(&self.path);
        }
        self.path = path;
        self
    }

    /// Where the value stands: names of members joined by points, empty for the whole text. Each
    /// name is escaped, and cut after 64 characters.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Why a value cannot be used, without its place.
    pub(crate) fn into_cause(self) -> Arc<dyn StdError + Send + Sync> {
        match self.source {
            Some(source) => source,
            None => Arc::new(self),
        }
    }

    /// Why the JSON cannot be used.
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }
}

impl From<Error> for DecodeError {
    fn from(error: Error) -> Self {
        Self { path: String::new(), kind: DecodeErrorKind::Unreadable, source: Some(Arc::new(error)) }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str("the text received")?;
        } else {
            write!(f, "member `{}`", self.path)?;
        }
        f.write_str(match self.kind {
            DecodeErrorKind::NotJson => " is not JSON in UTF-8, or is cut short",
            DecodeErrorKind::Gzip => {
                " is compressed with gzip, which was not asked for; turn compression off in the proxy that adds it"
            }
            DecodeErrorKind::NotAnObject => " is not a JSON object",
            DecodeErrorKind::Missing => " is required but missing or null",
            DecodeErrorKind::Duplicate => " stands more than once in its object; which one counts is unknown",
            DecodeErrorKind::Unreadable => " cannot be read as its type",
        })
    }
}

/// Equal are errors of the same kind at the same place.
impl PartialEq for DecodeError {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, self.kind) == (&other.path, other.kind)
    }
}

impl Eq for DecodeError {}

impl StdError for DecodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Implements [`serde::Deserialize`] of a type by its [`Decode`].
macro_rules! deserialize_by_decode {
    ($name:ident $(<$parameter:ident>)?) => {
        impl<'de, $($parameter: $crate::decode::Decode)?> serde::Deserialize<'de> for $name $(<$parameter>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
                $crate::decode::Decode::from_json(json.get()).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use deserialize_by_decode;

/// Members that no field has taken, in their order, no name twice. What is left becomes a model's
/// `extra`.
pub(crate) struct Unread<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Room for the members of every documented response without growing.
const USUAL_MEMBERS: usize = 16;

/// What some editors and libraries write before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

impl<'a> Unread<'a> {
    /// Reads the JSON text of an object, with or without a byte order mark.
    pub(crate) fn from_json(json: &'a str) -> Result<Self, DecodeError> {
        let unread = Self::with_duplicates(json)?;
        unread.named_twice().map_or(Ok(()), |name| Err(DecodeError::duplicate(name)))?;
        Ok(unread)
    }

    /// Reads an object in which members may stand twice, which is for the caller to decide upon.
    pub(crate) fn with_duplicates(json: &'a str) -> Result<Self, DecodeError> {
        let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
        serde_json::from_str(json).map_err(|error: serde_json::Error| {
            // The text of a data error would repeat the value. In an object it is about a name.
            if error.is_data() && !json.trim_start().starts_with('{') {
                DecodeError::new(DecodeErrorKind::NotAnObject)
            } else {
                DecodeError::not_json(error)
            }
        })
    }

    /// The JSON texts of all members of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.get())
    }

    /// Keeps the first member of each name.
    pub(crate) fn drop_duplicates(&mut self) {
        let mut names = HashSet::new();
        self.0.retain(|(name, _)| names.insert(name.clone()));
    }

    pub(crate) fn of(members: &'a Members) -> Self {
        Self(members.raw().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
    }

    /// A name that stands twice.
    pub(crate) fn named_twice(&self) -> Option<&str> {
        // Sorting finds duplicates in good time however many members a hostile body has.
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }

    /// Takes out the first usable one of the members `names`, which are other spellings of one
    /// thing. What is not usable stays.
    pub(crate) fn require<T: Decode>(&mut self, names: &[&str]) -> Result<T, DecodeError> {
        self.take(names, |json| json == "null" && T::from_json(json).is_err())?
            .ok_or_else(|| DecodeError::missing(names.first().copied().unwrap_or_default()))
    }

    /// As [`require`](Self::require), where having none is fine. An empty text means none.
    pub(crate) fn optional<T: Decode>(&mut self, names: &[&str]) -> Option<T> {
        self.take(names, |json| matches!(json, "null" | "\"\"")).ok().flatten()
    }

    /// Takes out a member of a request, where an empty text is a value like any other: it is signed
    /// and sent.
    pub(crate) fn given<T: Decode>(&mut self, name: &str) -> Option<T> {
        self.take(&[name], |json| json == "null").ok().flatten()
    }

    /// `Ok(None)` if none of the members is there; the first refusal if none that is there can be read.
    fn take<T: Decode>(
        &mut self,
        names: &[&str],
        is_none: fn(&str) -> bool,
    ) -> Result<Option<T>, DecodeError> {
        let mut refusal = None;
        for name in names {
            let Some(position) = self.0.iter().position(|(known, _)| known == name) else { continue };
            let json = self.0[position].1.get();
            if is_none(json) {
                continue;
            }
            match T::from_json(json) {
                Ok(value) => {
                    self.0.remove(position);
                    return Ok(Some(value));
                }
                Err(error) => refusal = refusal.or(Some(error.within(name))),
            }
        }
        refusal.map_or(Ok(None), Err)
    }

    /// What is left, copied.
    pub(crate) fn into_members(self) -> Members {
        let mut members = Members::new();
        for (name, value) in self.0 {
            members.push(name.into_owned(), value.to_owned());
        }
        members
    }
}

/// The text of a JSON string, borrowed if it has no escapes.
fn unquoted(json: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    match json.strip_prefix('"').and_then(|json| json.strip_suffix('"')) {
        Some(text) if !text.contains('\\') => Ok(Cow::Borrowed(text)),
        _ => serde_json::from_str(json).map(Cow::Owned),
    }
}

impl<'de> Deserialize<'de> for Unread<'de> {
    /// Of the members as they stand in the text, duplicates included.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Unread<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unread<'de>, A::Error> {
                let mut members = Vec::with_capacity(USUAL_MEMBERS);
                while let Some((name, value)) = map.next_entry::<&RawValue, _>()? {
                    members.push((unquoted(name.get()).map_err(A::Error::custom)?, value));
                }
                Ok(Unread(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
