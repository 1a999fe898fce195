//! Reading a body more leniently than it may be signed: names twice, fractions and nested values included.

use crate::Members;
use std::borrow::Cow;
use std::collections::HashMap;

/// One top-level member.
pub(super) struct Field<'a> {
    pub(super) name: String,
    /// The JSON text of the value, as received.
    pub(super) json: &'a str,
    pub(super) value: Value<'a>,
}

pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    /// A number, as received.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// An object or an array.
    Nested,
}

/// In which order members are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Bytes,
    Received,
    IgnoringCase,
    Descending,
}

/// Which of the members with one name count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicates {
    Last,
    First,
    All,
}

/// The members of a body, with each order worked out once.
pub(super) struct Body<'a> {
    pub(super) raw: &'a [u8],
    /// `None` if the body is not one JSON object.
    fields: Option<Vec<Field<'a>>>,
    bytes: Vec<usize>,
    ignoring_case: Vec<usize>,
    /// By field: whether one of the same name comes before, and after.
    repeats: Vec<(bool, bool)>,
}

impl<'a> Body<'a> {
    /// Reads a body. No bytes count as an object without members, as in a request without a body.
    pub(super) fn read(raw: &'a [u8]) -> Self {
        let fields = if raw.is_empty() { Some(Vec::new()) } else { read_fields(raw) };
        let list = fields.as_deref().unwrap_or_default();
        let mut bytes: Vec<usize> = (0..list.len()).collect();
        bytes.sort_by(|&a, &b| list[a].name.cmp(&list[b].name));
        let lower: Vec<String> = list.iter().map(|field| field.name.to_lowercase()).collect();
        let mut ignoring_case: Vec<usize> = (0..list.len()).collect();
        ignoring_case.sort_by(|&a, &b| lower[a].cmp(&lower[b]));
        let repeats = repeats(list);
        Self { raw, fields, bytes, ignoring_case, repeats }
    }

    pub(super) fn is_object(&self) -> bool {
        self.fields.is_some()
    }

    pub(super) fn fields(&self) -> &[Field<'a>] {
        self.fields.as_deref().unwrap_or_default()
    }

    /// The members in an order, each name as often as `duplicates` says.
    pub(super) fn ordered(&self, order: Order, duplicates: Duplicates) -> impl Iterator<Item = &Field<'a>> {
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
            counts.then(|| &fields[index])
        })
    }

    pub(super) fn any(&self, test: impl Fn(&Value<'a>) -> bool) -> bool {
        self.fields().iter().any(|field| test(&field.value))
    }

    pub(super) fn names_twice(&self) -> bool {
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
            // An escape that is no character: what stands between the quotes is all there is.
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
