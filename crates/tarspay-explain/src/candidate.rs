//! A candidate: one way in which a signer may have put the text together, and the text that comes out.

use crate::body::{Body, Duplicates, Field, Order, Value};
use crate::encode::{
    Charset, JsonEscape, JsonWriter, Layout, NumberFormat, PercentRule, compact_json, formatted,
    formatted_amount, html_escaped, is_json_number, percent_decoded, percent_encoded, push_json_string,
};
use std::borrow::Cow;
use std::rc::Rc;

/// The four parts of the string to sign.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Method,
    Path,
    Nonce,
    Parameters,
}

/// The order of the parts; missing ones are `None`.
pub(crate) type Arrangement = [Option<Part>; 4];

pub(crate) const REQUEST: Arrangement =
    [Some(Part::Method), Some(Part::Path), Some(Part::Nonce), Some(Part::Parameters)];
pub(crate) const CALLBACK: Arrangement = [Some(Part::Parameters), None, None, None];

/// What precedes the parameters as received, and what may have been signed instead.
#[derive(Clone)]
pub(crate) struct Target<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) nonce: &'a str,
    pub(crate) other_nonces: Vec<&'a str>,
    pub(crate) hosts: Vec<&'a str>,
}

#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) arrangement: Arrangement,
    pub(crate) separator: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: Rc<str>,
    pub(crate) nonce: Rc<str>,
    pub(crate) parameters: Parameters,
    pub(crate) head: &'static str,
    pub(crate) tail: &'static str,
    /// Turns the characters into bytes, if not as UTF-8.
    pub(crate) charset: Option<Charset>,
}

impl Candidate {
    /// What the gateway does with a request.
    pub(crate) fn request(path: &str, nonce: &str) -> Self {
        Self {
            arrangement: REQUEST,
            separator: "|",
            method: "POST",
            path: path.into(),
            nonce: nonce.into(),
            parameters: Parameters::EXPECTED,
            head: "",
            tail: "",
            charset: None,
        }
    }

    /// What the gateway does with a callback. Path and nonce are there for the change to the formula of requests.
    pub(crate) fn callback(path: &str, nonce: &str) -> Self {
        Self { arrangement: CALLBACK, parameters: Parameters::CALLBACK, ..Self::request(path, nonce) }
    }

    pub(crate) fn text(&self, body: &Body<'_>) -> Vec<u8> {
        let mut text = Vec::with_capacity(body.raw.len() + self.path.len() + self.nonce.len() + 16);
        text.extend_from_slice(self.head.as_bytes());
        for (position, part) in self.arrangement.iter().flatten().enumerate() {
            if position > 0 {
                text.extend_from_slice(self.separator.as_bytes());
            }
            match part {
                Part::Method => text.extend_from_slice(self.method.as_bytes()),
                Part::Path => text.extend_from_slice(self.path.as_bytes()),
                Part::Nonce => text.extend_from_slice(self.nonce.as_bytes()),
                Part::Parameters => self.parameters.write(body, &mut text),
            }
        }
        text.extend_from_slice(self.tail.as_bytes());
        // Bytes that are not UTF-8 stay as they are.
        match (self.charset, std::str::from_utf8(&text)) {
            (Some(charset), Ok(characters)) => charset(characters),
            _ => text,
        }
    }
}

/// How the members are written; [`Parameters::EXPECTED`] is right for a request.
#[derive(Clone, Copy)]
pub(crate) struct Parameters {
    pub(crate) form: Form,
    pub(crate) order: Order,
    pub(crate) duplicates: Duplicates,
    pub(crate) values: Values,
    pub(crate) names: bool,
    pub(crate) drops_empty: bool,
    pub(crate) nulls: Nulls,
    /// False and true.
    pub(crate) booleans: [&'static str; 2],
    pub(crate) numbers: Option<(NumberFormat, NumbersIn)>,
    pub(crate) nested: &'static str,
    /// Between name and value, and between members.
    pub(crate) joiners: (&'static str, &'static str),
    pub(crate) layout: Layout,
    pub(crate) escape: JsonEscape,
    pub(crate) quotes: Quotes,
    /// Members of the body that the text does not have, as bits by their position.
    pub(crate) left_out: u64,
    /// The name of an empty member that the body does not have.
    pub(crate) extra: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Pairs,
    Json,
    /// The bytes of the body.
    Raw,
}

/// How the characters of a text are written in `key=value`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    Raw,
    Percent(PercentRule),
    Decoded {
        plus_is_blank: bool,
    },
    /// With what stands for the two quotes.
    Html([&'static str; 2]),
    /// The JSON text with its quotes.
    Quoted,
    /// The JSON text without its quotes.
    EscapesKept,
    /// Encoded again as JSON, without its quotes.
    Escaped(JsonEscape),
    Trimmed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    Dropped,
    /// Printed as this text; in JSON, kept.
    Printed(&'static str),
}

/// Which numbers are re-formatted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumbersIn {
    Literals,
    /// Texts that look like an amount.
    Texts,
}

/// Which JSON values change between text and number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    Kept,
    NumbersQuoted,
    TextsUnquoted,
}

impl Parameters {
    pub(crate) const EXPECTED: Self = Self {
        form: Form::Pairs,
        order: Order::Bytes,
        duplicates: Duplicates::Last,
        values: Values::Raw,
        names: true,
        drops_empty: false,
        nulls: Nulls::Dropped,
        booleans: ["false", "true"],
        numbers: None,
        nested: "",
        joiners: ("=", "&"),
        layout: Layout::Compact,
        escape: JsonEscape::Kept,
        quotes: Quotes::Kept,
        left_out: 0,
        extra: None,
    };

    /// Right for a callback: the JSON of the members, ordered.
    pub(crate) const CALLBACK: Self =
        Self { form: Form::Json, nulls: Nulls::Printed("null"), ..Self::EXPECTED };

    pub(crate) fn write(&self, body: &Body<'_>, out: &mut Vec<u8>) {
        if self.form == Form::Raw || !body.is_object() {
            out.extend_from_slice(body.raw);
        } else if self.form == Form::Json {
            out.extend_from_slice(self.json(body).as_bytes());
        } else {
            out.extend_from_slice(self.pairs(body, |_, _| {}).as_bytes());
        }
    }

    /// `key=value` of the members that are written; `note` is called after each with the field and the length of the text.
    pub(crate) fn pairs<'a, 'b>(
        &self,
        body: &'b Body<'a>,
        mut note: impl FnMut(&'b Field<'a>, usize),
    ) -> String {
        let mut text = String::with_capacity(body.raw.len());
        let mut first = true;
        let mut push = |text: &mut String, name: &str, value: &str| {
            if !std::mem::take(&mut first) {
                text.push_str(self.joiners.1);
            }
            if self.names {
                match self.values {
                    Values::Percent(rule) => text.push_str(&percent_encoded(name, rule)),
                    _ => text.push_str(name),
                }
                text.push_str(self.joiners.0);
            }
            text.push_str(value);
        };
        let mut extra = self.extra;
        for field in self.fields(body) {
            let Some(value) = self.value(field) else { continue };
            if let Some(name) = extra.take_if(|name| **name < *field.name) {
                push(&mut text, name, "");
            }
            push(&mut text, &field.name, &value);
            note(field, text.len());
        }
        if let Some(name) = extra {
            push(&mut text, name, "");
        }
        text
    }

    /// The members that are written, in their order.
    fn fields<'b, 'a>(&self, body: &'b Body<'a>) -> impl Iterator<Item = &'b Field<'a>> + use<'a, 'b> {
        let left_out = self.left_out;
        let ordered = body.ordered(self.order, self.duplicates);
        ordered
            .filter(move |(index, _)| left_out == 0 || left_out >> index.min(&63) & 1 == 0)
            .map(|(_, field)| field)
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
            Value::Bool(value) => self.booleans[usize::from(*value)].into(),
            Value::Number(text) => self.number(text),
            Value::Nested if self.nested.is_empty() => compact_json(field.json).into(),
            Value::Nested if self.nested == AS_RECEIVED => field.json.into(),
            Value::Nested => self.nested.into(),
        })
    }

    /// A JSON number.
    pub(crate) fn number<'f>(&self, text: &'f str) -> Cow<'f, str> {
        match self.numbers {
            Some((format, NumbersIn::Literals)) => formatted(text, format),
            _ => text.into(),
        }
    }

    /// A text that may be an amount.
    pub(crate) fn amount<'f>(&self, name: &str, text: &'f str) -> Cow<'f, str> {
        match self.numbers {
            Some((format, NumbersIn::Texts)) => formatted_amount(name, text, format),
            _ => text.into(),
        }
    }

    /// The members of a body as one JSON object.
    fn json(&self, body: &Body<'_>) -> String {
        let mut out = JsonWriter { text: String::with_capacity(body.raw.len() + 64), layout: self.layout };
        let mut empty = true;
        out.text.push('{');
        for field in self.fields(body) {
            let dropped = match &field.value {
                Value::Null => self.nulls == Nulls::Dropped,
                Value::Text(text) => text.is_empty() && self.drops_empty,
                _ => false,
            };
            if dropped {
                continue;
            }
            if std::mem::take(&mut empty) {
                out.line(1);
            } else {
                out.comma(1);
            }
            push_json_string(&mut out.text, &field.name, self.escape);
            out.colon();
            match &field.value {
                Value::Number(number) => {
                    let number = self.number(number);
                    let quote = if self.quotes == Quotes::NumbersQuoted { "\"" } else { "" };
                    out.text.extend([quote, &number, quote]);
                }
                Value::Text(text) if self.quotes == Quotes::TextsUnquoted && is_json_number(text) => {
                    out.text.push_str(text);
                }
                Value::Text(text) if self.amount(&field.name, text) != text.as_ref() => {
                    push_json_string(&mut out.text, &self.amount(&field.name, text), self.escape);
                }
                _ => out.value(field.json, self.escape),
            }
        }
        if !empty {
            out.line(0);
        }
        out.text.push('}');
        out.text
    }

    fn text<'f>(&self, field: &'f Field<'_>, text: &'f str) -> Cow<'f, str> {
        match self.values {
            Values::Raw => self.amount(&field.name, text),
            Values::Percent(rule) => percent_encoded(text, rule).into(),
            Values::Decoded { plus_is_blank } => percent_decoded(text, plus_is_blank).into(),
            Values::Html(quotes) => html_escaped(text, quotes).into(),
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
pub(crate) const AS_RECEIVED: &str = "as received";

fn without_quotes(json: &str) -> &str {
    json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(json)
}
