//! The members of a JSON object, without changing a character of their values.

use crate::{Error, ErrorKind};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Room for the members of every documented request without growing; the longest has 13.
const USUAL_MEMBERS: usize = 16;

/// The top-level members of one JSON object, in the order in which they stand in the text.
///
/// Nothing is decided here: a name may come twice, and a value may be one that cannot be signed.
/// [`Parameters`](crate::Parameters) and [`CallbackText`](crate::CallbackText) sort them and refuse
/// what has no rule.
///
/// ```
/// use tarspay_sign::Members;
///
/// let members = Members::from_json(br#"{ "state": 2, "fee": 1.50, "items": [1, 2] }"#)?;
/// let texts: Vec<_> = members.iter().map(|member| (member.name(), member.json())).collect();
/// assert_eq!(texts, [("state", "2"), ("fee", "1.50"), ("items", "[1, 2]")]);
/// # Ok::<(), tarspay_sign::Error>(())
/// ```
#[derive(Clone)]
pub struct Members<'a>(Vec<Member<'a>>);

/// One top-level member of a JSON object.
#[derive(Clone)]
pub struct Member<'a> {
    name: Cow<'a, str>,
    json: &'a str,
}

impl<'a> Member<'a> {
    /// The name, unescaped.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The JSON text of the value as it stands in the object, blanks inside it included.
    pub fn json(&self) -> &'a str {
        self.json
    }
}

impl<'a> Members<'a> {
    /// Reads the members of a JSON text: one object, with any white space.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidBody`] if the text is anything else.
    pub fn from_json(json: &'a [u8]) -> Result<Self, Error> {
        let members = Self::at_most(usize::MAX, json)?;
        // No body has more bytes than the address space.
        Ok(members.unwrap_or(Self(Vec::new())))
    }

    /// As [`from_json`](Self::from_json), and `None` if there are more members: what comes after
    /// those is not read.
    pub(crate) fn at_most(limit: usize, json: &'a [u8]) -> Result<Option<Self>, Error> {
        refuse_gzip(json)?;
        // Checked once for the whole text; `serde_json` would check each name and value.
        let text = std::str::from_utf8(json).map_err(|source| {
            Error::new(ErrorKind::InvalidBody, "the body is not UTF-8, as JSON has to be").with_source(source)
        })?;
        let mut has_more = false;
        let mut parser = serde_json::Deserializer::from_str(text);
        let members = List { limit, has_more: &mut has_more }
            .deserialize(&mut parser)
            .and_then(|members| parser.end().map(|()| members));
        match members {
            Ok(members) => Ok(Some(Self(members))),
            Err(_) if has_more => Ok(None),
            Err(source) => Err(not_an_object(text, source)),
        }
    }

    /// The members in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Member<'a>> {
        self.0.iter()
    }

    /// Names and JSON texts.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(|member| (member.name(), member.json()))
    }
}

impl<'m, 'a> IntoIterator for &'m Members<'a> {
    type Item = &'m Member<'a>;
    type IntoIter = std::slice::Iter<'m, Member<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Members<'_> {
    /// Shows the number of members only: the values can be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Members({})", self.0.len())
    }
}

impl fmt::Debug for Member<'_> {
    /// Shows the name only: the value can be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Names a compressed body, which would be said not to be UTF-8 otherwise.
pub(crate) fn refuse_gzip(body: &[u8]) -> Result<(), Error> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(());
    }
    let reason = "the body is compressed with gzip; decompress it first, or turn the compression off";
    Err(Error::new(ErrorKind::InvalidBody, reason))
}

/// Sorts members by the bytes of their names, and refuses a name that comes twice.
pub(crate) fn sorted<'m>(
    members: impl IntoIterator<Item = (&'m str, &'m str)>,
) -> Result<Vec<(&'m str, &'m str)>, Error> {
    let mut sorted: Vec<_> = members.into_iter().collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(sorted),
        Some(pair) => Err(Error::new(
            ErrorKind::InvalidBody,
            "named twice in the body; receivers disagree on which value counts, so name it once",
        )
        .with_field(pair[0].0)),
    }
}

/// Appends a name as a JSON string.
pub(crate) fn push_name(json: &mut String, name: &str) {
    if has_escapes(name) {
        json.push_str(&serde_json::Value::from(name).to_string());
    } else {
        json.extend(["\"", name, "\""]);
    }
}

/// Whether a text cannot stand between the quotes of a JSON string as it is.
pub(crate) fn has_escapes(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\'))
}

fn not_an_object(json: &str, source: serde_json::Error) -> Error {
    let reason = match source.classify() {
        Category::Data => "the body must be one JSON object".to_owned(),
        Category::Eof if json.bytes().all(|byte| byte.is_ascii_whitespace()) => {
            "the body is empty; for a request without a body use `Parameters::none()`".to_owned()
        }
        Category::Eof => "the body ends in the middle of its JSON object".to_owned(),
        Category::Syntax | Category::Io => {
            // It names what is wrong and the place, no value.
            return Error::new(ErrorKind::InvalidBody, format!("the body is not JSON: {source}"));
        }
    };
    let error = Error::new(ErrorKind::InvalidBody, reason);
    // A data error repeats the value that it found, which can be personal.
    if source.classify() == Category::Data { error } else { error.with_source(source) }
}

/// Reads members up to a limit, apart so that no other format than JSON can be tried on [`Members`].
struct List<'l> {
    limit: usize,
    has_more: &'l mut bool,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = Vec<Member<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(USUAL_MEMBERS);
        while let Some((Name(name), value)) = map.next_entry::<_, &RawValue>()? {
            if members.len() == self.limit {
                *self.has_more = true;
                return Err(A::Error::custom("too many members"));
            }
            members.push(Member { name, json: value.get() });
        }
        Ok(members)
    }
}

/// A name that borrows from the input if it has no escapes; serde's own `Cow` always copies.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
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

        deserializer.deserialize_str(NameVisitor)
    }
}
