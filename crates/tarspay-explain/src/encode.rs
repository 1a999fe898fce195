//! How languages and their libraries write values: percent-encoding, HTML, numbers, JSON.

use crate::mistake::Mistake;
use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_normalization::UnicodeNormalization as _;

/// Turns characters into bytes.
pub(crate) type Charset = fn(&str) -> Vec<u8>;

/// The wrong ones, in pairs with other changes.
pub(crate) const CHARSETS: &[(Mistake, Charset)] = &[
    (Mistake::Latin1, |text| text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()),
    (Mistake::Utf8Twice, |text| text.bytes().map(char::from).collect::<String>().into_bytes()),
    (Mistake::AsciiOnly, |text| text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect()),
    (Mistake::Utf16, |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    (Mistake::Utf16, |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
];

/// Rarer ones, alone.
pub(crate) const RARE_CHARSETS: &[(Mistake, Charset)] = &[
    (Mistake::Windows1252, |text| encoded(text, encoding_rs::WINDOWS_1252)),
    (Mistake::Gbk, |text| encoded(text, encoding_rs::GBK)),
    (Mistake::LowBytes, |text| text.encode_utf16().map(|unit| unit.to_le_bytes()[0]).collect()),
    (Mistake::UnicodeNormalised, |text| text.nfc().collect::<String>().into_bytes()),
    (Mistake::UnicodeNormalised, |text| text.nfd().collect::<String>().into_bytes()),
];

/// What the encoding does not have becomes a question mark.
fn encoded(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * text.len());
    for character in text.chars() {
        match encoding.encode(character.encode_utf8(&mut [0; 4])) {
            (encoded, _, false) => bytes.extend_from_slice(&encoded),
            _ => bytes.push(b'?'),
        }
    }
    bytes
}

/// A rule of percent-encoding: which bytes stay, how a blank is written, and the case of hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PercentRule {
    /// ASCII characters that stay as they are, besides letters and digits.
    stays: &'static [u8],
    blank: &'static str,
    lower: bool,
}

impl PercentRule {
    const fn new(stays: &'static [u8], blank: &'static str) -> Self {
        Self { stays, blank, lower: false }
    }

    /// JavaScript `encodeURIComponent`.
    pub(crate) const COMPONENT: Self = Self::new(b"-_.!~*'()", "%20");
    /// RFC 3986: PHP `rawurlencode`, .NET `Uri.EscapeDataString`, Python `quote(safe="")`.
    pub(crate) const RFC3986: Self = Self::new(b"-_.~", "%20");
    /// PHP `urlencode` and `http_build_query`.
    pub(crate) const PHP: Self = Self::new(b"-_.", "+");
    /// Java `URLEncoder`, `URLSearchParams` of browsers and Node.
    pub(crate) const JAVA: Self = Self::new(b"-_.*", "+");
    /// Go `url.QueryEscape`, Python `quote_plus` and `urlencode`.
    pub(crate) const GO: Self = Self::new(b"-_.~", "+");
    /// .NET `WebUtility.UrlEncode`.
    pub(crate) const DOTNET: Self = Self::new(b"-_.!*()", "+");
    /// .NET `HttpUtility.UrlEncode`.
    pub(crate) const DOTNET_LOWER: Self = Self { stays: b"-_.!*()", blank: "+", lower: true };
    /// Python `quote`, which leaves slashes.
    pub(crate) const PATH: Self = Self::new(b"-_.~/", "%20");
    /// JavaScript `encodeURI`.
    pub(crate) const URI: Self = Self::new(b"-_.!~*'();/?:@&=+$,#", "%20");
}

pub(crate) fn percent_encoded(text: &str, rule: PercentRule) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || rule.stays.contains(&byte) {
            out.push(char::from(byte));
        } else if byte == b' ' {
            out.push_str(rule.blank);
        } else {
            // Writing to a String never fails.
            let _ = if rule.lower { write!(out, "%{byte:02x}") } else { write!(out, "%{byte:02X}") };
        }
    }
    out
}

/// Decodes `%XX` and `+`, as frameworks do to forms; what is not an escape stays.
pub(crate) fn percent_decoded(text: &str, plus_is_blank: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        position += 1;
        match byte {
            b'+' if plus_is_blank => out.push(b' '),
            b'%' => match bytes.get(position..position + 2).and_then(hex_byte) {
                Some(decoded) => {
                    out.push(decoded);
                    position += 2;
                }
                None => out.push(byte),
            },
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let mut byte = [0];
    hex::decode_to_slice(digits, &mut byte).ok()?;
    Some(byte[0])
}

/// Escapes for HTML; languages differ in how they write `"` and `'`.
pub(crate) fn html_escaped(text: &str, [quote, apostrophe]: [&str; 2]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str(quote),
            '\'' => out.push_str(apostrophe),
            _ => out.push(character),
        }
    }
    out
}

/// How a JSON encoder writes the characters of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonEscape {
    /// As received.
    Kept,
    /// Only what must be escaped.
    Plain,
    /// Beyond ASCII as `\uXXXX`: Python.
    Unicode,
    /// `\/`: PHP with `JSON_UNESCAPED_UNICODE`.
    Slashes,
    /// `\/` and `\uXXXX`: PHP.
    SlashesUnicode,
    /// `&`, `<`, `>` and two line separators as `\uXXXX`: Go.
    Html,
    /// Beyond ASCII, and what matters to HTML, as `\uXXXX` in capitals: .NET.
    DotNet,
}

/// Appends a JSON string.
pub(crate) fn push_json_string(out: &mut String, text: &str, escape: JsonEscape) {
    // A string always has a JSON form; without one nothing would be written, and nothing would verify.
    let plain = serde_json::to_string(text).unwrap_or_default();
    if matches!(escape, JsonEscape::Kept | JsonEscape::Plain) {
        out.push_str(&plain);
        return;
    }
    let inner = plain.get(1..plain.len().saturating_sub(1)).unwrap_or_default();
    let slashes = matches!(escape, JsonEscape::Slashes | JsonEscape::SlashesUnicode);
    let unicode = matches!(escape, JsonEscape::Unicode | JsonEscape::SlashesUnicode | JsonEscape::DotNet);
    out.push('"');
    for character in inner.chars() {
        let escaped = match character {
            '/' if slashes => {
                out.push_str("\\/");
                continue;
            }
            '&' | '<' | '>' | '\u{2028}' | '\u{2029}' if escape == JsonEscape::Html => true,
            '&' | '<' | '>' | '\'' | '+' | '`' if escape == JsonEscape::DotNet => true,
            _ => unicode && !character.is_ascii(),
        };
        if !escaped {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String never fails.
            let _ = if escape == JsonEscape::DotNet {
                write!(out, "\\u{unit:04X}")
            } else {
                write!(out, "\\u{unit:04x}")
            };
        }
    }
    out.push('"');
}

/// Writes a number in another way; `None` if it would be wrong to.
pub(crate) type NumberFormat = fn(&Decimal<'_>) -> Option<String>;

pub(crate) const NUMBER_FORMATS: &[NumberFormat] = &[
    // Zeros at the end of a fraction are lost: `100.00` as `100`. A number type without decimals, JavaScript, PHP.
    |number| Some(number.trimmed()),
    // Like a float that always shows a fraction: `100` as `100.0`. Python, Java, Rust.
    |number| {
        let trimmed = number.trimmed();
        Some(if trimmed.contains('.') { trimmed } else { trimmed + ".0" })
    },
    // Two decimals: `100` as `100.00`. `number_format`, `toFixed(2)`.
    |number| number.two_decimals(),
    // Go's `%v` of a `float64`: `1000000` as `1e+06`.
    |number| Some(number.go_float()),
    // A fraction cut off: `100.50` as `100`.
    |number| Some(format!("{}{}", number.sign, number.integer)),
];

/// Longer texts are not amounts; this bounds the work.
const MAX_DIGITS: usize = 40;

/// A number after re-formatting; what is not plain decimal digits stays.
pub(crate) fn formatted(text: &str, format: NumberFormat) -> Cow<'_, str> {
    parts(text).and_then(|number| format(&number)).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The same for a text, if it looks like an amount: digits without a fraction may be an order number or a phone number.
pub(crate) fn formatted_amount<'a>(name: &str, text: &'a str, format: NumberFormat) -> Cow<'a, str> {
    let is_amount = text.contains('.') || name.to_ascii_lowercase().ends_with("amount");
    if is_amount { formatted(text, format) } else { text.into() }
}

/// Whether a text could be written as a JSON number without a change.
pub(crate) fn is_json_number(text: &str) -> bool {
    parts(text).is_some_and(|number| number.integer == "0" || !number.integer.starts_with('0'))
}

pub(crate) struct Decimal<'a> {
    sign: &'a str,
    integer: &'a str,
    fraction: &'a str,
}

fn parts(text: &str) -> Option<Decimal<'_>> {
    if text.len() > MAX_DIGITS {
        return None;
    }
    let (sign, digits) = if text.starts_with('-') { text.split_at(1) } else { ("", text) };
    let (integer, fraction) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some(pair) => pair,
        None => (digits, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (!integer.is_empty() && all_digits(integer) && all_digits(fraction)).then_some(Decimal {
        sign,
        integer,
        fraction,
    })
}

impl Decimal<'_> {
    fn trimmed(&self) -> String {
        let fraction = self.fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{}{}{point}{fraction}", self.sign, self.integer)
    }

    fn two_decimals(&self) -> Option<String> {
        let fraction = self.fraction.trim_end_matches('0');
        (fraction.len() <= 2).then(|| format!("{}{}.{fraction:0<2}", self.sign, self.integer))
    }

    fn go_float(&self) -> String {
        // An exponent from 10^6 on, hence from seven digits.
        if self.integer.len() < 7 || self.integer.starts_with('0') {
            return self.trimmed();
        }
        let exponent = self.integer.len() - 1;
        let digits = format!("{}{}", self.integer, self.fraction);
        let (first, rest) = digits.split_at(1);
        let rest = rest.trim_end_matches('0');
        let point = if rest.is_empty() { "" } else { "." };
        format!("{}{first}{point}{rest}e+{exponent:02}", self.sign)
    }
}

/// White space between the tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
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

/// A JSON value without the white space between its tokens.
pub(crate) fn compact_json(json: &str) -> String {
    let mut out = JsonWriter { text: String::with_capacity(json.len()), layout: Layout::Compact };
    out.value(json, JsonEscape::Kept);
    out.text
}

/// Writes JSON token by token.
pub(crate) struct JsonWriter {
    pub(crate) text: String,
    pub(crate) layout: Layout,
}

impl JsonWriter {
    pub(crate) fn line(&mut self, depth: usize) {
        if let Layout::Pretty { indent, .. } = self.layout {
            self.text.push('\n');
            for _ in 0..depth.min(MAX_INDENT) {
                self.text.push_str(indent);
            }
        }
    }

    pub(crate) fn comma(&mut self, depth: usize) {
        self.text.push(',');
        if self.layout == Layout::Blanks {
            self.text.push(' ');
        }
        self.line(depth);
    }

    pub(crate) fn colon(&mut self) {
        self.text.push_str(match self.layout {
            Layout::Compact => ":",
            Layout::Blanks => ": ",
            Layout::Pretty { colon, .. } => colon,
        });
    }

    /// A value of the top level, token by token. It is well formed, as serde has read it.
    pub(crate) fn value(&mut self, json: &str, escape: JsonEscape) {
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
pub(crate) fn string_length(json: &str) -> usize {
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
