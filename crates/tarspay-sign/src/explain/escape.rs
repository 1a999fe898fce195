//! How languages escape text: percent-encoding, HTML, JSON.

use std::fmt::Write as _;

/// A rule of percent-encoding: which bytes stay, what becomes of a blank, which hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PercentRule {
    /// ASCII signs that stay as they are, beside letters and digits.
    stays: &'static [u8],
    blank: &'static str,
    lower: bool,
}

impl PercentRule {
    const fn new(stays: &'static [u8], blank: &'static str) -> Self {
        Self { stays, blank, lower: false }
    }

    /// JavaScript `encodeURIComponent`.
    pub(super) const COMPONENT: Self = Self::new(b"-_.!~*'()", "%20");
    /// RFC 3986: PHP `rawurlencode`, .NET `Uri.EscapeDataString`, Python `quote(safe="")`.
    pub(super) const RFC3986: Self = Self::new(b"-_.~", "%20");
    /// PHP `urlencode` and `http_build_query`.
    pub(super) const PHP: Self = Self::new(b"-_.", "+");
    /// Java `URLEncoder`, `URLSearchParams` of browsers and Node.
    pub(super) const JAVA: Self = Self::new(b"-_.*", "+");
    /// Go `url.QueryEscape`, Python `quote_plus` and `urlencode`.
    pub(super) const GO: Self = Self::new(b"-_.~", "+");
    /// .NET `WebUtility.UrlEncode`.
    pub(super) const DOTNET: Self = Self::new(b"-_.!*()", "+");
    /// .NET `HttpUtility.UrlEncode`.
    pub(super) const DOTNET_LOWER: Self = Self { stays: b"-_.!*()", blank: "+", lower: true };
    /// Python `quote`, which leaves slashes.
    pub(super) const PATH: Self = Self::new(b"-_.~/", "%20");
    /// JavaScript `encodeURI`.
    pub(super) const URI: Self = Self::new(b"-_.!~*'();/?:@&=+$,#", "%20");
}

pub(super) fn percent_encoded(text: &str, rule: PercentRule) -> String {
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
pub(super) fn percent_decoded(text: &str, plus_is_blank: bool) -> String {
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

/// How `'` is written in HTML; languages differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Apostrophe {
    Stays,
    Decimal,
    Hex,
}

pub(super) fn html_escaped(text: &str, apostrophe: Apostrophe) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match (character, apostrophe) {
            ('&', _) => out.push_str("&amp;"),
            ('<', _) => out.push_str("&lt;"),
            ('>', _) => out.push_str("&gt;"),
            ('"', Apostrophe::Decimal) => out.push_str("&#34;"),
            ('"', _) => out.push_str("&quot;"),
            ('\'', Apostrophe::Decimal) => out.push_str("&#39;"),
            ('\'', Apostrophe::Hex) => out.push_str("&#x27;"),
            _ => out.push(character),
        }
    }
    out
}

/// How a JSON encoder writes the characters of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonEscape {
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
pub(super) fn push_json_string(out: &mut String, text: &str, escape: JsonEscape) {
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
