//! The members of an object while a model is read from it: borrowed from the text, taken out one by one.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::decode::{Decode, DecodeError, DecodeErrorKind};
use crate::members::Members;

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

    /// Whether there are no members.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
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
