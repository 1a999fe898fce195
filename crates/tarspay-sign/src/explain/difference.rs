//! Where two texts begin to differ.

use super::body::Body;
use super::recipe::{Part, Recipe};
use std::fmt;

/// Bytes of context on either side.
const CONTEXT: usize = 24;

/// The first byte in which the text that was signed differs from the text that is expected.
///
/// The contexts hold values of the body: personal data, not for logs. `Debug` leaves them out.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    offset: usize,
    place: String,
    signed: String,
    expected: String,
}

impl Difference {
    pub(super) fn between(signed: &[u8], expected: &[u8], spans: &Spans) -> Option<Self> {
        if signed == expected {
            return None;
        }
        let offset = common_prefix(signed, expected);
        Some(Self {
            offset,
            place: spans.place(offset),
            signed: context(signed, offset),
            expected: context(expected, offset),
        })
    }

    /// The number of bytes that both texts begin with.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// In which part of the expected text: "the path", or a member with its name. Names only, no values.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What was signed around the difference, at most 24 bytes on either side.
    pub fn signed_context(&self) -> &str {
        &self.signed
    }

    /// What is expected around the difference, at most 24 bytes on either side.
    pub fn expected_context(&self) -> &str {
        &self.expected
    }
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Difference")
            .field("offset", &self.offset)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// How many bytes two texts begin with in common.
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The bytes around an offset, not cut within a character, with dots where more follows.
fn context(text: &[u8], offset: usize) -> String {
    let is_inside = |position: usize| text.get(position).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut start = offset.saturating_sub(CONTEXT);
    // A character has at most four bytes; other bytes of this form are no UTF-8 and are shown as they can be.
    (0..3).for_each(|_| start += usize::from(start < offset && is_inside(start)));
    let mut end = (offset + CONTEXT).min(text.len());
    (0..3).for_each(|_| end -= usize::from(end > offset && is_inside(end)));
    let dots = |more: bool| if more { "…" } else { "" };
    format!("{}{}{}", dots(start > 0), String::from_utf8_lossy(&text[start..end]), dots(end < text.len()))
}

/// The names of the stretches of the expected text, by the offset at which each ends, its separator included.
pub(super) struct Spans(Vec<(usize, String)>);

impl Spans {
    /// Of the text that the gateway expects.
    pub(super) fn of(right: &Recipe, body: &Body<'_>) -> Self {
        let mut spans = Vec::new();
        if right.arrangement[0] != Some(Part::Method) {
            return Self(spans);
        }
        let mut end = 0;
        for (part, name) in
            [(right.method, "the method"), (&*right.path, "the path"), (&*right.nonce, "the nonce")]
        {
            end += part.len() + right.separator.len();
            spans.push((end, name.to_owned()));
        }
        let joiner = right.parameters.joiners.1.len();
        right.parameters.pairs(body, |field, length| {
            spans.push((end + length + joiner, format!("member {:?}", field.name)));
        });
        // Nothing follows the last one. Without members it is the nonce, and its separator does follow.
        if let Some((last, _)) = spans.last_mut().filter(|(last, _)| *last > end) {
            *last -= joiner;
        }
        Self(spans)
    }

    fn place(&self, offset: usize) -> String {
        if self.0.is_empty() {
            return "the JSON text".to_owned();
        }
        let after = self.0.partition_point(|&(end, _)| end <= offset);
        self.0.get(after).map_or_else(|| "the end".to_owned(), |(_, name)| name.clone())
    }
}
