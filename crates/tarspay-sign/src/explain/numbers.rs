//! How languages re-format numbers and booleans.

use std::borrow::Cow;

/// How numbers come out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    AsReceived,
    /// Zeros at the end of a fraction are lost: `100.00` as `100`. A number type without decimals, JavaScript, PHP.
    Trimmed,
    /// Like a float that always shows a fraction: `100` as `100.0`. Python, Java, Rust.
    Float,
    /// Two decimals: `100` as `100.00`. `number_format`, `toFixed(2)`.
    TwoDecimals,
    /// Go's `%v` of a `float64`: `1000000` as `1e+06`.
    GoFloat,
    /// A fraction cut off: `100.50` as `100`.
    Integer,
}

/// How `true` and `false` come out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Booleans {
    AsReceived,
    /// `True`, `False`: Python, C#.
    Capitalised,
    /// `1`, `0`.
    Digits,
    /// `1` and nothing: PHP.
    OneOrNothing,
}

/// Longer texts are no amounts; a bound on the work.
const MAX_DIGITS: usize = 40;

impl Numbers {
    /// A number after re-formatting; what is not plain decimal digits stays.
    pub(super) fn apply(self, text: &str) -> Cow<'_, str> {
        let formatted = match (self, parts(text)) {
            (Self::AsReceived, _) | (_, None) => None,
            (Self::Trimmed, Some(number)) => Some(number.trimmed()),
            (Self::Float, Some(number)) => {
                let trimmed = number.trimmed();
                Some(if trimmed.contains('.') { trimmed } else { trimmed + ".0" })
            }
            (Self::TwoDecimals, Some(number)) => number.two_decimals(),
            (Self::GoFloat, Some(number)) => Some(number.go_float()),
            (Self::Integer, Some(number)) => Some(format!("{}{}", number.sign, number.whole)),
        };
        formatted.map_or(Cow::Borrowed(text), Cow::Owned)
    }

    /// The same for a text: only one that looks like an amount is taken for a number.
    pub(super) fn apply_to_text<'a>(self, name: &str, text: &'a str) -> Cow<'a, str> {
        // A number without a fraction may be an order number or a phone; only an amount is surely a number.
        if text.contains('.') || name.to_ascii_lowercase().ends_with("amount") {
            self.apply(text)
        } else {
            Cow::Borrowed(text)
        }
    }
}

impl Booleans {
    pub(super) fn text(self, value: bool) -> &'static str {
        match (self, value) {
            (Self::AsReceived, true) => "true",
            (Self::AsReceived, false) => "false",
            (Self::Capitalised, true) => "True",
            (Self::Capitalised, false) => "False",
            (Self::Digits | Self::OneOrNothing, true) => "1",
            (Self::Digits, false) => "0",
            (Self::OneOrNothing, false) => "",
        }
    }
}

/// Whether a text could be written as a JSON number without a change.
pub(super) fn is_json_number(text: &str) -> bool {
    parts(text).is_some_and(|number| number.whole == "0" || !number.whole.starts_with('0'))
}

struct Decimal<'a> {
    sign: &'a str,
    whole: &'a str,
    fraction: &'a str,
}

fn parts(text: &str) -> Option<Decimal<'_>> {
    if text.len() > MAX_DIGITS {
        return None;
    }
    let (sign, digits) = if text.starts_with('-') { text.split_at(1) } else { ("", text) };
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some(pair) => pair,
        None => (digits, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (!whole.is_empty() && all_digits(whole) && all_digits(fraction)).then_some(Decimal {
        sign,
        whole,
        fraction,
    })
}

impl Decimal<'_> {
    fn trimmed(&self) -> String {
        let fraction = self.fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{}{}{point}{fraction}", self.sign, self.whole)
    }

    fn two_decimals(&self) -> Option<String> {
        let fraction = self.fraction.trim_end_matches('0');
        (fraction.len() <= 2).then(|| format!("{}{}.{fraction:0<2}", self.sign, self.whole))
    }

    fn go_float(&self) -> String {
        // An exponent from 10^6 on, hence from seven digits.
        if self.whole.len() < 7 || self.whole.starts_with('0') {
            return self.trimmed();
        }
        let exponent = self.whole.len() - 1;
        let digits = format!("{}{}", self.whole, self.fraction);
        let (first, rest) = digits.split_at(1);
        let rest = rest.trim_end_matches('0');
        let point = if rest.is_empty() { "" } else { "." };
        format!("{}{first}{point}{rest}e+{exponent:02}", self.sign)
    }
}
