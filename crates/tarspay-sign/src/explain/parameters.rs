//! The last part of a string to sign, in the ways in which a signer may write it: `key=value`, JSON, or the raw body.

use super::body::{Body, Duplicates, Field, Order, Value};
use super::escape::{
    Apostrophe, JsonEscape, PercentRule, html_escaped, percent_decoded, percent_encoded, push_json_string,
};
use super::json_text::{self, Layout};
use super::numbers::{Booleans, Numbers};
use std::borrow::Cow;

/// How the members are written; [`Parameters::EXPECTED`] is right for a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) form: Form,
    pub(super) order: Order,
    pub(super) duplicates: Duplicates,
    pub(super) values: Values,
    pub(super) names: bool,
    pub(super) drops_empty: bool,
    pub(super) nulls: Nulls,
    pub(super) booleans: Booleans,
    pub(super) numbers: (Numbers, NumbersIn),
    pub(super) nested: &'static str,
    /// Between name and value, and between members.
    pub(super) joiners: (&'static str, &'static str),
    pub(super) layout: Layout,
    pub(super) escape: JsonEscape,
    pub(super) quotes: Quotes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Pairs,
    Json,
    /// The bytes of the body.
    Raw,
}

/// What becomes of the characters of a text in `key=value`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Raw,
    Percent(PercentRule),
    Decoded {
        plus_is_blank: bool,
    },
    Html(Apostrophe),
    /// The JSON text with its quotes.
    Quoted,
    /// The JSON text without its quotes.
    EscapesKept,
    /// Encoded anew as JSON, without its quotes.
    Escaped(JsonEscape),
    Trimmed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    Dropped,
    /// Printed as this text; in JSON, kept.
    Printed(&'static str),
}

/// Which numbers are re-formatted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NumbersIn {
    Literals,
    /// Texts that look like an amount.
    Texts,
}

/// Which JSON values change between text and number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    Kept,
    NumbersQuoted,
    TextsUnquoted,
}

impl Parameters {
    pub(super) const EXPECTED: Self = Self {
        form: Form::Pairs,
        order: Order::Bytes,
        duplicates: Duplicates::Last,
        values: Values::Raw,
        names: true,
        drops_empty: false,
        nulls: Nulls::Dropped,
        booleans: Booleans::AsReceived,
        numbers: (Numbers::AsReceived, NumbersIn::Literals),
        nested: "",
        joiners: ("=", "&"),
        layout: Layout::Compact,
        escape: JsonEscape::Kept,
        quotes: Quotes::Kept,
    };

    /// Right for a callback: the JSON of the members, ordered.
    pub(super) const CALLBACK: Self =
        Self { form: Form::Json, nulls: Nulls::Printed("null"), ..Self::EXPECTED };

    pub(super) fn write(&self, body: &Body<'_>, out: &mut Vec<u8>) {
        if self.form == Form::Raw || !body.is_object() {
            out.extend_from_slice(body.raw);
        } else if self.form == Form::Json {
            out.extend_from_slice(json_text::write(self, body).as_bytes());
        } else {
            out.extend_from_slice(self.pairs(body, |_, _| {}).as_bytes());
        }
    }

    /// `key=value` of the members that are written; `note` learns each field and the length of the text behind it.
    pub(super) fn pairs<'a, 'b>(
        &self,
        body: &'b Body<'a>,
        mut note: impl FnMut(&'b Field<'a>, usize),
    ) -> String {
        let mut text = String::with_capacity(body.raw.len());
        let mut first = true;
        for field in body.ordered(self.order, self.duplicates) {
            let Some(value) = self.value(field) else { continue };
            if !std::mem::take(&mut first) {
                text.push_str(self.joiners.1);
            }
            if self.names {
                match self.values {
                    Values::Percent(rule) => text.push_str(&percent_encoded(&field.name, rule)),
                    _ => text.push_str(&field.name),
                }
                text.push_str(self.joiners.0);
            }
            text.push_str(&value);
            note(field, text.len());
        }
        text
    }

    /// The text of a value; `None` if the member is left out.
    fn value<'f>(&self, field: &'f Field<'_>) -> Option<Cow<'f, str>> {
        Some(match &field.value {
            Value::Null => match self.nulls {
                Nulls::Dropped => return None,
                Nulls::Printed(text) => text.into(),
            },
            Value::Text(text) if text.is_empty() && self.drops_empty => return None,
            Value::Text(text) => self.text(field, text),
            Value::Bool(value) => self.booleans.text(*value).into(),
            Value::Number(text) => self.number(text),
            Value::Nested if self.nested.is_empty() => json_text::compact(field.json).into(),
            Value::Nested if self.nested == AS_RECEIVED => field.json.into(),
            Value::Nested => self.nested.into(),
        })
    }

    /// A JSON number.
    pub(super) fn number<'f>(&self, text: &'f str) -> Cow<'f, str> {
        match self.numbers {
            (numbers, NumbersIn::Literals) => numbers.apply(text),
            (_, NumbersIn::Texts) => text.into(),
        }
    }

    /// A text that may be an amount.
    pub(super) fn amount<'f>(&self, name: &str, text: &'f str) -> Cow<'f, str> {
        match self.numbers {
            (numbers, NumbersIn::Texts) => numbers.apply_to_text(name, text),
            (_, NumbersIn::Literals) => text.into(),
        }
    }

    fn text<'f>(&self, field: &'f Field<'_>, text: &'f str) -> Cow<'f, str> {
        match self.values {
            Values::Raw => self.amount(&field.name, text),
            Values::Percent(rule) => percent_encoded(text, rule).into(),
            Values::Decoded { plus_is_blank } => percent_decoded(text, plus_is_blank).into(),
            Values::Html(apostrophe) => html_escaped(text, apostrophe).into(),
            Values::Quoted => field.json.into(),
            Values::EscapesKept => without_quotes(field.json).into(),
            Values::Escaped(escape) => {
                let mut quoted = String::with_capacity(text.len() + 2);
                push_json_string(&mut quoted, text, escape);
                without_quotes(&quoted).to_owned().into()
            }
            Values::Trimmed => text.trim().into(),
        }
    }
}

/// A value of [`Parameters::nested`]: the JSON text, blanks included.
pub(super) const AS_RECEIVED: &str = "as received";

fn without_quotes(json: &str) -> &str {
    json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(json)
}
