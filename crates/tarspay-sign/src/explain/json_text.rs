//! JSON written anew, in the ways of different encoders.

use super::body::{Body, Value};
use super::escape::{JsonEscape, push_json_string};
use super::numbers::is_json_number;
use super::parameters::{Nulls, Parameters, Quotes};

/// White space between the tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Compact,
    /// A blank after comma and colon: Python.
    Blanks,
    /// One member a line.
    Pretty {
        indent: &'static str,
        colon: &'static str,
    },
}

/// Deeper levels are indented no further, so that a deeply nested body does not grow with the square of its depth.
const MAX_INDENT: usize = 16;

/// The members of a body as one JSON object.
pub(super) fn write(parameters: &Parameters, body: &Body<'_>) -> String {
    let mut out = Writer { text: String::with_capacity(body.raw.len() + 64), layout: parameters.layout };
    let mut empty = true;
    out.text.push('{');
    for field in body.ordered(parameters.order, parameters.duplicates) {
        let dropped = match &field.value {
            Value::Null => parameters.nulls == Nulls::Dropped,
            Value::Text(text) => text.is_empty() && parameters.drops_empty,
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
        push_json_string(&mut out.text, &field.name, parameters.escape);
        out.colon();
        match &field.value {
            Value::Number(number) => {
                let number = parameters.number(number);
                let quote = if parameters.quotes == Quotes::NumbersQuoted { "\"" } else { "" };
                out.text.extend([quote, &number, quote]);
            }
            Value::Text(text) if parameters.quotes == Quotes::TextsUnquoted && is_json_number(text) => {
                out.text.push_str(text);
            }
            Value::Text(text) if parameters.amount(&field.name, text) != text.as_ref() => {
                push_json_string(&mut out.text, &parameters.amount(&field.name, text), parameters.escape);
            }
            _ => out.value(field.json, parameters.escape),
        }
    }
    if !empty {
        out.line(0);
    }
    out.text.push('}');
    out.text
}

/// A JSON value without the white space between its tokens.
pub(super) fn compact(json: &str) -> String {
    let mut out = Writer { text: String::with_capacity(json.len()), layout: Layout::Compact };
    out.value(json, JsonEscape::Kept);
    out.text
}

struct Writer {
    text: String,
    layout: Layout,
}

impl Writer {
    fn line(&mut self, depth: usize) {
        if let Layout::Pretty { indent, .. } = self.layout {
            self.text.push('\n');
            for _ in 0..depth.min(MAX_INDENT) {
                self.text.push_str(indent);
            }
        }
    }

    fn comma(&mut self, depth: usize) {
        self.text.push(',');
        if self.layout == Layout::Blanks {
            self.text.push(' ');
        }
        self.line(depth);
    }

    fn colon(&mut self) {
        self.text.push_str(match self.layout {
            Layout::Compact => ":",
            Layout::Blanks => ": ",
            Layout::Pretty { colon, .. } => colon,
        });
    }

    /// A value of the top level, token by token: it is well formed, serde has read it.
    fn value(&mut self, json: &str, escape: JsonEscape) {
        let mut depth: usize = 1;
        let mut rest = json;
        // An empty object or array stays in one line, so a line begins only with what follows the bracket.
        let mut opened = false;
        while let Some(character) = rest.chars().next() {
            let length = if character == '"' { string_length(rest) } else { character.len_utf8() };
            let (token, after) = rest.split_at(length);
            rest = after;
            if matches!(character, ' ' | '\t' | '\n' | '\r') {
                continue;
            }
            let closes = matches!(character, '}' | ']');
            if closes {
                depth = depth.saturating_sub(1);
            }
            // After an opening bracket, unless it closes at once; before a closing one, unless it opened just now.
            if std::mem::take(&mut opened) != closes {
                self.line(depth);
            }
            match character {
                '{' | '[' => {
                    depth += 1;
                    self.text.push(character);
                    opened = true;
                }
                ',' => self.comma(depth),
                ':' => self.colon(),
                '"' if escape != JsonEscape::Kept => match serde_json::from_str::<String>(token) {
                    Ok(decoded) => push_json_string(&mut self.text, &decoded, escape),
                    Err(_) => self.text.push_str(token),
                },
                _ => self.text.push_str(token),
            }
        }
    }
}

/// The length of the JSON string at the start, quotes included.
fn string_length(json: &str) -> usize {
    let mut escaped = false;
    for (position, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return position + 1,
            _ => {}
        }
    }
    json.len()
}
