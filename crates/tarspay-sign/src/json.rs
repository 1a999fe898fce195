//! Reading the members of a JSON object without changing a character of their values.

use crate::{Error, ErrorKind};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;

/// The members of one object: on the stack while they are as few as in every documented request, of which the longest has
/// 13.
pub(crate) type Members<'a> = SmallVec<[Member<'a>; 16]>;

/// One top-level member: its name, unescaped, and the JSON text of its value as it was written.
pub(crate) struct Member<'a> {
    /// The first bytes of the name as a number, which mostly tells two names apart.
    first: u64,
    /// Borrowed if it stands in the JSON text as it is, without escapes.
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: &'a RawValue,
}

/// The value of a member, by what a string to sign can make of it.
pub(crate) enum Scalar<'a> {
    Null,
    Text(Cow<'a, str>),
    /// An integer or a boolean: its JSON text.
    Literal(&'a str),
    /// What has no signing rule, in words for an error.
    Unsupported(&'static str),
}

/// Reads one JSON object and sorts its members by the bytes of their names, into a list that is large to move.
pub(crate) fn read_sorted<'a>(json: &'a [u8], members: &mut Members<'a>) -> Result<&'a str, Error> {
    let text = read(json, members)?;
    // Equal neighbours have been compared with each other by any sort, so without a meeting there are none.
    let mut equals_met = false;
    members.sort_unstable_by(|a, b| {
        let order = a.first.cmp(&b.first).then_with(|| a.name.cmp(&b.name));
        equals_met |= order.is_eq();
        order
    });
    if !equals_met {
        return Ok(text);
    }
    for pair in members.windows(2) {
        if pair[0].name == pair[1].name {
            return Err(Error::new(
                ErrorKind::InvalidBody,
                "named twice in the body; receivers disagree on which value counts, so name it once",
            )
            .with_field(pair[1].name.as_ref()));
        }
    }
    Ok(text)
}

/// Reads one JSON object: its members as they stand, a name twice included.
#[cfg(feature = "explain")]
pub(crate) fn members(json: &[u8]) -> Result<Members<'_>, Error> {
    let mut members = Members::default();
    read(json, &mut members)?;
    Ok(members)
}

fn read<'a>(json: &'a [u8], members: &mut Members<'a>) -> Result<&'a str, Error> {
    // Once for the whole text, where `serde_json` would do it for each name and value.
    let text = std::str::from_utf8(json).map_err(|source| {
        Error::new(ErrorKind::InvalidBody, "the body is not UTF-8, as JSON has to be").with_source(source)
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Fill(members)
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|source| not_an_object(json, source))?;
    Ok(text)
}

impl<'a> Member<'a> {
    fn new(name: Cow<'a, str>, value: &'a RawValue) -> Self {
        // Zeros stand behind a shorter name. They sort as its end does: before every other byte, and with zeros of a longer
        // name the whole names decide.
        let mut first = [0; 8];
        match name.as_bytes().first_chunk() {
            Some(bytes) => first = *bytes,
            None => first[..name.len()].copy_from_slice(name.as_bytes()),
        }
        Self { first: u64::from_be_bytes(first), name, value }
    }

    /// Appends the name, a colon and the value as it was written.
    pub(crate) fn push_to(&self, body: &mut String, json: &str) -> Result<(), Error> {
        if let Some(written) = self.without_blanks(json) {
            body.push_str(written);
            return Ok(());
        }
        self.push_name(body)?;
        body.push(':');
        body.push_str(self.value.get());
        Ok(())
    }

    /// The member as it stands in the text from which it was read, if it is compact there: one piece instead of five.
    fn without_blanks<'t>(&self, json: &'t str) -> Option<&'t str> {
        let Cow::Borrowed(name) = self.name else { return None };
        let value = self.value.get();
        let place = |part: &str| part.as_ptr().addr().checked_sub(json.as_ptr().addr());
        let (start, value_start) = (place(name)?.checked_sub(1)?, place(value)?);
        // A quote on each side of the name, and a colon.
        let written = json.get(start..value_start + value.len())?;
        (written.len() == name.len() + 3 + value.len()).then_some(written)
    }

    /// Appends the name as a JSON string.
    pub(crate) fn push_name(&self, json: &mut String) -> Result<(), Error> {
        match &self.name {
            // Borrowed from JSON text, so it stood there without an escape.
            Cow::Borrowed(name) => {
                json.push('"');
                json.push_str(name);
                json.push('"');
            }
            Cow::Owned(name) => json.push_str(&serde_json::to_string(name).map_err(|source| {
                Error::new(ErrorKind::InvalidBody, "a member name could not be written").with_source(source)
            })?),
        }
        Ok(())
    }

    pub(crate) fn scalar(&self) -> Result<Scalar<'a>, Error> {
        let text = self.value.get();
        Ok(match text.as_bytes() {
            // The common case, a string without escapes: what stands between the quotes.
            [b'"', inner @ .., b'"'] if !has_backslash(inner) => {
                Scalar::Text(Cow::Borrowed(&text[1..text.len() - 1]))
            }
            [b'"', ..] => Scalar::Text(
                serde_json::from_str::<BorrowedText<'a>>(text)
                    .map_err(|source| {
                        Error::new(ErrorKind::InvalidBody, "the string holds an escape that is no character")
                            .with_field(self.name.as_ref())
                            .with_source(source)
                    })?
                    .0,
            ),
            [b'n', ..] => Scalar::Null,
            [b't' | b'f', ..] => Scalar::Literal(text),
            [b'{', ..] => Scalar::Unsupported("an object"),
            [b'[', ..] => Scalar::Unsupported("an array"),
            _ if text.contains(['.', 'e', 'E']) => Scalar::Unsupported("a number that is not an integer"),
            _ => Scalar::Literal(text),
        })
    }
}

/// Looks at every byte, since a search that can stop early is slower on texts as short as these.
fn has_backslash(text: &[u8]) -> bool {
    text.iter().fold(0, |found, &byte| found | u8::from(byte == b'\\')) != 0
}

/// Appends the text of a JSON value without the white space between its tokens.
pub(crate) fn push_compact(json: &mut String, value: &RawValue) {
    let mut in_string = false;
    let mut escaped = false;
    json.extend(value.get().chars().filter(|&character| {
        if in_string {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                _ => {}
            }
            return true;
        }
        in_string = character == '"';
        !matches!(character, ' ' | '\t' | '\n' | '\r')
    }));
}

fn not_an_object(json: &[u8], source: serde_json::Error) -> Error {
    let reason = match source.classify() {
        Category::Data => "the body must be one JSON object".to_owned(),
        Category::Eof if json.iter().all(u8::is_ascii_whitespace) => {
            "the body is empty; for a request without a body use `Parameters::none()`".to_owned()
        }
        Category::Eof => "the body ends in the middle of its JSON object".to_owned(),
        Category::Syntax | Category::Io => {
            format!("the body is not JSON: see line {}, column {}", source.line(), source.column())
        }
    };
    let error = Error::new(ErrorKind::InvalidBody, reason);
    // A data error repeats the value that it found, which can be personal; the others name a place only.
    if source.classify() == Category::Data { error } else { error.with_source(source) }
}

/// Reads the members of an object.
struct Fill<'l, 'a>(&'l mut Members<'a>);

impl<'de> DeserializeSeed<'de> for Fill<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((BorrowedText(name), value)) = map.next_entry()? {
            self.0.push(Member::new(name, value));
        }
        Ok(())
    }
}

/// Text that borrows from the input where it has no escapes; serde's own `Cow` always copies.
struct BorrowedText<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for BorrowedText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = BorrowedText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(BorrowedText(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(BorrowedText(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}
