//! The members of a body, read more leniently than it may be signed, and what is wrong with it as JSON.

use crate::encode::string_length;
use crate::mistake::Mistake;
use std::borrow::Cow;
use std::collections::HashMap;
use tarspay_sign::Members;

/// One top-level member.
pub(crate) struct Field<'a> {
    pub(crate) name: String,
    /// The JSON text of the value, as received.
    pub(crate) json: &'a str,
    pub(crate) value: Value<'a>,
}

pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    /// A number, as received.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// An object or an array.
    Nested,
}

/// The order in which members are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Bytes,
    Received,
    IgnoringCase,
    Descending,
}

/// Which of the members with one name count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duplicates {
    Last,
    First,
    All,
}

/// A body with its members, each order computed once: names twice, fractions and nested values included.
pub(crate) struct Body<'a> {
    pub(crate) raw: &'a [u8],
    /// `None` if the body is not one JSON object.
    fields: Option<Vec<Field<'a>>>,
    bytes: Vec<usize>,
    ignoring_case: Vec<usize>,
    /// By field: whether one of the same name comes before, and after.
    repeats: Vec<(bool, bool)>,
}

impl<'a> Body<'a> {
    /// Reads a body from its JSON as [`Json`] has it. An empty one counts as an object without members, as in a request
    /// without a body.
    pub(crate) fn read(raw: &'a [u8], json: &'a Json<'a>) -> Self {
        let fields = if raw.is_empty() { Some(Vec::new()) } else { read_fields(&json.text) };
        let list = fields.as_deref().unwrap_or_default();
        let mut bytes: Vec<usize> = (0..list.len()).collect();
        bytes.sort_by(|&a, &b| list[a].name.cmp(&list[b].name));
        let lower: Vec<String> = list.iter().map(|field| field.name.to_lowercase()).collect();
        let mut ignoring_case: Vec<usize> = (0..list.len()).collect();
        ignoring_case.sort_by(|&a, &b| lower[a].cmp(&lower[b]));
        let repeats = repeats(list);
        Self { raw, fields, bytes, ignoring_case, repeats }
    }

    pub(crate) fn is_object(&self) -> bool {
        self.fields.is_some()
    }

    pub(crate) fn fields(&self) -> &[Field<'a>] {
        self.fields.as_deref().unwrap_or_default()
    }

    /// The members in an order with their positions, each name as often as `duplicates` says.
    pub(crate) fn ordered(
        &self,
        order: Order,
        duplicates: Duplicates,
    ) -> impl Iterator<Item = (usize, &Field<'a>)> {
        let fields = self.fields();
        (0..fields.len()).filter_map(move |position| {
            let index = match order {
                Order::Received => position,
                Order::Bytes => self.bytes[position],
                Order::IgnoringCase => self.ignoring_case[position],
                Order::Descending => self.bytes[fields.len() - 1 - position],
            };
            let (before, after) = self.repeats[index];
            let counts = match duplicates {
                Duplicates::Last => !after,
                Duplicates::First => !before,
                Duplicates::All => true,
            };
            counts.then(|| (index, &fields[index]))
        })
    }

    pub(crate) fn any(&self, test: impl Fn(&Value<'a>) -> bool) -> bool {
        self.fields().iter().any(|field| test(&field.value))
    }

    pub(crate) fn names_twice(&self) -> bool {
        self.repeats.iter().any(|&(before, _)| before)
    }
}

fn read_fields(raw: &[u8]) -> Option<Vec<Field<'_>>> {
    let members = Members::from_json(raw).ok()?;
    Some(members.iter().map(|member| field(member.name().to_owned(), member.json())).collect())
}

fn field(name: String, json: &str) -> Field<'_> {
    let value = match json.as_bytes().first() {
        Some(b'"') => Value::Text(match serde_json::from_str::<String>(json) {
            Ok(text) => Cow::Owned(text),
            // An escape that is not a character: take what stands between the quotes.
            Err(_) => Cow::Borrowed(json.get(1..json.len().saturating_sub(1)).unwrap_or_default()),
        }),
        Some(b'n') => Value::Null,
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'{' | b'[') => Value::Nested,
        _ => Value::Number(json),
    };
    Field { name, json, value }
}

fn repeats(fields: &[Field<'_>]) -> Vec<(bool, bool)> {
    let mut latest: HashMap<&str, usize> = HashMap::with_capacity(fields.len());
    let mut repeats = vec![(false, false); fields.len()];
    for (index, field) in fields.iter().enumerate() {
        if let Some(earlier) = latest.insert(&field.name, index) {
            repeats[index].0 = true;
            repeats[earlier].1 = true;
        }
    }
    repeats
}

/// The JSON of a body as a lenient reader takes it, and what keeps a strict one from reading it.
pub(crate) struct Json<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    pub(crate) mistake: Option<Mistake>,
}

impl<'a> Json<'a> {
    pub(crate) fn of(raw: &'a [u8]) -> Self {
        if let Some(rest) = raw.strip_prefix(b"\xef\xbb\xbf") {
            return Self { text: rest.into(), mistake: Some(Mistake::BodyByteOrderMark) };
        }
        let seen = |mistake| Self { text: raw.into(), mistake: Some(mistake) };
        match raw {
            // gzip, zlib, Zstandard.
            [0x1f, 0x8b, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                return seen(Mistake::BodyCompressed);
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{', 0, ..] | [0, b'{', ..] => {
                return seen(Mistake::BodyNotUtf8);
            }
            _ => {}
        }
        let Ok(text) = std::str::from_utf8(raw) else { return seen(Mistake::BodyNotUtf8) };
        if raw.is_empty() || Members::from_json(raw).is_ok() {
            return Self { text: raw.into(), mistake: None };
        }
        let (mended, mistake) = mended(text);
        if Members::from_json(mended.as_bytes()).is_ok() {
            return Self { text: mended.into_bytes().into(), mistake };
        }
        let is_form = !text.contains(['{', '[', '"']) && text.contains('=');
        seen(if is_form { Mistake::BodyForm } else { Mistake::BodyWithoutRule })
    }
}

/// The text without commas before a closing bracket, and with `NaN` and `Infinity` as texts.
fn mended(text: &str) -> (String, Option<Mistake>) {
    let mut out = String::with_capacity(text.len() + 16);
    let mut mistake = None;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let is_word = rest.starts_with(['N', 'I', '-']);
        let word =
            ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| is_word && rest.starts_with(word));
        let length = match (character, word) {
            ('"', _) => string_length(rest),
            (_, Some(word)) => word.len(),
            _ => character.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        if word.is_some() {
            mistake = Some(Mistake::BodyNotANumber);
            out.extend(["\"", token, "\""]);
        } else if character == ',' && after.trim_start().starts_with(['}', ']']) {
            mistake = Some(Mistake::BodyTrailingComma);
        } else {
            out.push_str(token);
        }
    }
    (out, mistake)
}
