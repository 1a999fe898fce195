//! A slip: one thing that a signer may do differently. This module holds what requests and callbacks share.

use super::body::{Body, Duplicates, Order, Value};
use super::escape::JsonEscape;
use super::json_text::Layout;
use super::mistake::Mistake;
use super::numbers::{Booleans, Numbers};
use super::parameters::{AS_RECEIVED, NumbersIn, Parameters};
use super::recipe::{Charset, Recipe};

/// One thing done differently, with the mistakes that name it.
pub(super) struct Slip {
    pub(super) mistakes: Vec<Mistake>,
    /// What it changes: two slips go together only if they change different things.
    pub(super) place: Place,
    /// Unlikely enough to be tried alone and with a wrong hash only.
    pub(super) alone: bool,
    pub(super) change: Box<dyn Fn(&mut Recipe)>,
}

/// Places of a recipe, as bits.
pub(super) type Place = u32;

pub(super) const METHOD: Place = 1;
pub(super) const PATH: Place = 1 << 1;
pub(super) const NONCE: Place = 1 << 2;
pub(super) const ARRANGEMENT: Place = 1 << 3;
pub(super) const ENDS: Place = 1 << 4;
pub(super) const CHARSET: Place = 1 << 5;
pub(super) const ORDER: Place = 1 << 6;
pub(super) const VALUES: Place = 1 << 7;
pub(super) const EMPTY: Place = 1 << 8;
pub(super) const NULLS: Place = 1 << 9;
pub(super) const NUMBERS: Place = 1 << 10;
pub(super) const BOOLEANS: Place = 1 << 11;
pub(super) const JOINERS: Place = 1 << 12;
pub(super) const DUPLICATES: Place = 1 << 13;
pub(super) const NESTED: Place = 1 << 14;
pub(super) const SEPARATOR: Place = 1 << 15;
/// Everything about the parameters.
pub(super) const FORM: Place =
    ORDER | VALUES | EMPTY | NULLS | NUMBERS | BOOLEANS | JOINERS | DUPLICATES | NESTED;

/// A list of slips that grows by small calls.
pub(super) struct Slips(pub(super) Vec<Slip>);

impl Slips {
    pub(super) fn add(&mut self, place: Place, mistakes: &[Mistake], change: impl Fn(&mut Recipe) + 'static) {
        let mistakes = mistakes.to_vec();
        self.0.push(Slip { mistakes, place, alone: false, change: Box::new(change) });
    }

    pub(super) fn add_alone(
        &mut self,
        place: Place,
        mistakes: &[Mistake],
        change: impl Fn(&mut Recipe) + 'static,
    ) {
        self.add(place, mistakes, change);
        if let Some(slip) = self.0.last_mut() {
            slip.alone = true;
        }
    }

    /// The order of the members, empty ones, names twice, nested values.
    pub(super) fn add_members(&mut self, body: &Body<'_>) {
        for (order, mistake) in [
            (Order::Received, Mistake::MembersUnsorted),
            (Order::IgnoringCase, Mistake::SortedIgnoringCase),
            (Order::Descending, Mistake::SortedDescending),
        ] {
            self.add(ORDER, &[mistake], move |recipe| recipe.parameters.order = order);
        }
        if body.any(|value| matches!(value, Value::Text(text) if text.is_empty())) {
            self.add(EMPTY, &[Mistake::EmptyDropped], |recipe| recipe.parameters.drops_empty = true);
        }
        if body.names_twice() {
            for duplicates in [Duplicates::First, Duplicates::All] {
                self.add(DUPLICATES, &[Mistake::DuplicateKept], move |recipe| {
                    recipe.parameters.duplicates = duplicates;
                });
            }
        }
    }

    pub(super) fn add_numbers(&mut self, body: &Body<'_>) {
        let mut places = vec![NumbersIn::Texts];
        if body.any(|value| matches!(value, Value::Number(_))) {
            places.push(NumbersIn::Literals);
        }
        for place in places {
            for numbers in
                [Numbers::Trimmed, Numbers::Float, Numbers::TwoDecimals, Numbers::GoFloat, Numbers::Integer]
            {
                self.add(NUMBERS, &[Mistake::NumbersReformatted], move |recipe| {
                    recipe.parameters.numbers = (numbers, place);
                });
            }
        }
    }

    /// Booleans and nested values in `key=value`.
    pub(super) fn add_literals(&mut self, body: &Body<'_>) {
        if body.any(|value| matches!(value, Value::Bool(_))) {
            for booleans in [Booleans::Capitalised, Booleans::Digits, Booleans::OneOrNothing] {
                self.add(BOOLEANS, &[Mistake::BooleansReformatted], move |recipe| {
                    recipe.parameters.booleans = booleans;
                });
            }
        }
        if body.any(|value| matches!(value, Value::Nested)) {
            for nested in [AS_RECEIVED, "[object Object]", "Array"] {
                self.add(NESTED, &[Mistake::NestedPrinted], move |recipe| recipe.parameters.nested = nested);
            }
        }
    }

    /// What follows the text, and what stands before it.
    pub(super) fn add_ends(&mut self) {
        for (tail, mistake) in [
            ("\n", Mistake::TrailingNewline),
            ("\r\n", Mistake::TrailingNewline),
            (" ", Mistake::TrailingBlank),
            ("&", Mistake::TrailingSeparator),
            ("|", Mistake::TrailingSeparator),
        ] {
            self.add(ENDS, &[mistake], move |recipe| recipe.tail = tail);
        }
        self.add(ENDS, &[Mistake::ByteOrderMark], |recipe| recipe.head = "\u{feff}");
    }

    pub(super) fn add_charsets(&mut self) {
        for (charset, mistake) in [
            (Charset::Latin1, Mistake::Latin1),
            (Charset::Utf8Twice, Mistake::Utf8Twice),
            (Charset::Ascii, Mistake::AsciiOnly),
            (Charset::Utf16Little, Mistake::Utf16),
            (Charset::Utf16Big, Mistake::Utf16),
        ] {
            self.add(CHARSET, &[mistake], move |recipe| recipe.charset = charset);
        }
    }
}

/// The ways in which encoders write JSON, with the mistakes that name each.
pub(super) fn encoders() -> impl Iterator<Item = (Layout, JsonEscape, Vec<Mistake>)> {
    let layouts = [
        (Layout::Compact, None),
        (Layout::Blanks, Some(Mistake::JsonWithBlanks)),
        (Layout::Pretty { indent: "  ", colon: ": " }, Some(Mistake::JsonWithBlanks)),
        (Layout::Pretty { indent: "    ", colon: ": " }, Some(Mistake::JsonWithBlanks)),
        (Layout::Pretty { indent: "\t", colon: ": " }, Some(Mistake::JsonWithBlanks)),
        (Layout::Pretty { indent: "  ", colon: " : " }, Some(Mistake::JsonWithBlanks)),
    ];
    let escapes: [(JsonEscape, &[Mistake]); 7] = [
        (JsonEscape::Kept, &[]),
        (JsonEscape::Plain, &[Mistake::JsonUnescaped]),
        (JsonEscape::Unicode, &[Mistake::JsonUnicodeEscaped]),
        (JsonEscape::Slashes, &[Mistake::JsonSlashesEscaped]),
        (JsonEscape::SlashesUnicode, &[Mistake::JsonUnicodeEscaped, Mistake::JsonSlashesEscaped]),
        (JsonEscape::Html, &[Mistake::JsonHtmlEscaped]),
        (JsonEscape::DotNet, &[Mistake::JsonUnicodeEscaped, Mistake::JsonHtmlEscaped]),
    ];
    layouts.into_iter().flat_map(move |(layout, blanks)| {
        escapes.into_iter().map(move |(escape, escaped)| {
            let mistakes = blanks.into_iter().chain(escaped.iter().copied()).collect();
            (layout, escape, mistakes)
        })
    })
}

/// The parameters as JSON by one encoder.
pub(super) fn json(order: Order, layout: Layout, escape: JsonEscape) -> Parameters {
    Parameters { order, layout, escape, ..Parameters::CALLBACK }
}
