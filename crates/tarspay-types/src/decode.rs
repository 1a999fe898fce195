//! Reading JSON leniently: the trait [`Decode`], its error, and the members of an object that is being read.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind};
use crate::members::Members;

/// A type that can be read from the JSON that the gateway sends.
///
/// Every model of this crate implements it with errors that name the member and never repeat a value, and
/// implements [`serde::Deserialize`] through it. Numbers keep their text exactly as it came, so a model must
/// be read from JSON text by `serde_json`; other serde formats are refused, and `serde_json::Value` has
/// already turned `100.00` into `100.0`. Scalars (amounts, numbers of orders, states, currencies, URLs) are read from
/// texts and integers of any self-describing serde format.
///
/// Your own type becomes a response with an empty `impl Decode for MyResponse {}`: it is then read by its
/// `Deserialize`.
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

    /// Reads one JSON value from UTF-8 bytes.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Decode::from_json), and [`DecodeErrorKind::NotJson`] when the bytes are not UTF-8.
    fn from_slice(bytes: &[u8]) -> Result<Self, DecodeError> {
        let json = std::str::from_utf8(bytes).map_err(DecodeError::not_json)?;
        Self::from_json(json)
    }

    /// Reads members that are at hand already. A request takes them as they are; other types are read from their JSON.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Decode::from_json).
    fn from_members(members: &Members) -> Result<Self, DecodeError> {
        Self::from_json(&serde_json::to_string(members).map_err(DecodeError::not_json)?)
    }

    /// The value that stands for a response without `data`, for calls whose responses have none; otherwise
    /// `None`.
    fn absent() -> Option<Self> {
        None
    }
}

impl Decode for serde_json::Value {}

/// A list; one item that cannot be read makes it unreadable.
impl<T: Decode> Decode for Vec<T> {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let _: &RawValue = serde_json::from_str(json).map_err(DecodeError::not_json)?;
        let items: Vec<&RawValue> = serde_json::from_str(json)
            .map_err(|_| DecodeError::from(Error::new("list", ErrorKind::WrongType)))?;
        items.into_iter().map(|item| T::from_json(item.get())).collect()
    }
}

/// JSON that came in cannot be used.
///
/// [`path`](DecodeError::path) names the member, for example `data.availableAmount`. Neither the text nor the
/// sources repeat a value of the JSON.
#[derive(Debug)]
pub struct DecodeError {
    path: String,
    kind: DecodeErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Why JSON that came in cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The bytes are not JSON in UTF-8, or they end too early.
    NotJson,
    /// A JSON object was expected and something else came.
    NotAnObject,
    /// A member that the caller cannot do without is absent or null.
    Missing,
    /// A member stands twice in one object.
    Duplicate,
    /// A member is there but cannot be read as its type; [`source`](StdError::source) says why where that is
    /// known.
    Unreadable,
}

impl DecodeError {
    pub(crate) fn new(kind: DecodeErrorKind) -> Self {
        Self { path: String::new(), kind, source: None }
    }

    pub(crate) fn not_json(source: impl StdError + Send + Sync + 'static) -> Self {
        Self { path: String::new(), kind: DecodeErrorKind::NotJson, source: Some(Box::new(source)) }
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::new(DecodeErrorKind::Missing).within(name)
    }

    /// The same error, seen from the object that holds the value as its member `name`.
    pub(crate) fn within(mut self, name: &str) -> Self {
        // A name may come from outside (a duplicate, unknown member): escaped and cut, it can do no harm in a
        // log.
        const LONGEST: usize = 64;
        let mut path: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
        if !self.path.is_empty() {
            path.push('.');
            path.push_str(&self.path);
        }
        self.path = path;
        self
    }

    /// Where the value stands: names of members joined by points, empty for the whole text.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Why the JSON cannot be used.
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }
}

impl From<Error> for DecodeError {
    fn from(error: Error) -> Self {
        Self { path: String::new(), kind: DecodeErrorKind::Unreadable, source: Some(Box::new(error)) }
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
            DecodeErrorKind::NotAnObject => " is not a JSON object",
            DecodeErrorKind::Missing => " is missing or null and cannot be done without",
            DecodeErrorKind::Duplicate => " stands more than once in its object; which one counts is unknown",
            DecodeErrorKind::Unreadable => " cannot be read as its type",
        })
    }
}

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

/// Members that no field has taken, in their order, no name twice. What is left becomes a model's `extra`, and only that
/// is copied.
pub(crate) struct Unread<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Room for the members of any documented object, so that reading one asks for it once.
const USUAL_MEMBERS: usize = 16;

impl<'a> Unread<'a> {
    /// Reads the JSON text of an object.
    pub(crate) fn from_json(json: &'a str) -> Result<Self, DecodeError> {
        let unread: Self = serde_json::from_str(json).map_err(|error| {
            // The text of a data error would repeat the value.
            if error.is_data() {
                DecodeError::new(DecodeErrorKind::NotAnObject)
            } else {
                DecodeError::not_json(error)
            }
        })?;
        match unread.named_twice() {
            Some(name) => Err(DecodeError::new(DecodeErrorKind::Duplicate).within(name)),
            None => Ok(unread),
        }
    }

    pub(crate) fn of(members: &'a Members) -> Self {
        Self(members.raw().map(|(name, value)| (name.into(), value)).collect())
    }

    fn named_twice(&self) -> Option<&str> {
        let names = || self.0.iter().map(|(name, _)| &**name);
        if self.0.len() <= USUAL_MEMBERS {
            // Few names mostly differ in their lengths already, and need no memory to be sorted in.
            return names()
                .enumerate()
                .find(|&(index, name)| names().take(index).any(|other| other == name))
                .map(|(_, name)| name);
        }
        // Sorting finds duplicates in good time however many members a hostile body has.
        let mut names: Vec<&str> = names().collect();
        names.sort_unstable();
        names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
    }

    /// Takes out the first usable one of the members `names`, which are other spellings of one thing. What is
    /// not usable stays.
    pub(crate) fn require<T: Decode>(&mut self, names: &[&str]) -> Result<T, DecodeError> {
        self.take(names, |json| json == "null")?
            .ok_or_else(|| DecodeError::missing(names.first().copied().unwrap_or_default()))
    }

    /// As [`require`](Self::require), where having none is fine. An empty text means none.
    pub(crate) fn optional<T: Decode>(&mut self, names: &[&str]) -> Option<T> {
        self.take(names, |json| matches!(json, "null" | "\"\"")).ok().flatten()
    }

    /// Takes out a member of a request, where an empty text is a value like any other: it is signed and sent.
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

    /// The exact JSON text of the member's value.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.get())
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
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Unread(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A name that borrows from the input where it has no escapes; serde's own `Cow` always copies.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}
