//! How a signer may have put the text together, and the text that comes out.

use super::body::Body;
use super::parameters::Parameters;
use std::rc::Rc;

/// The four parts of the string to sign.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Method,
    Path,
    Nonce,
    Parameters,
}

/// The order of the parts; missing ones are `None`.
pub(super) type Arrangement = [Option<Part>; 4];

pub(super) const REQUEST: Arrangement =
    [Some(Part::Method), Some(Part::Path), Some(Part::Nonce), Some(Part::Parameters)];
pub(super) const CALLBACK: Arrangement = [Some(Part::Parameters), None, None, None];

/// How the characters become bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Utf16Little,
    Utf16Big,
    Latin1,
    /// UTF-8 read as Latin-1 and encoded again.
    Utf8Twice,
    /// Everything else a question mark.
    Ascii,
}

#[derive(Clone)]
pub(super) struct Recipe {
    pub(super) arrangement: Arrangement,
    pub(super) separator: &'static str,
    pub(super) method: &'static str,
    pub(super) path: Rc<str>,
    pub(super) nonce: Rc<str>,
    pub(super) parameters: Parameters,
    pub(super) head: &'static str,
    pub(super) tail: &'static str,
    pub(super) charset: Charset,
}

impl Recipe {
    /// What the gateway does with a request.
    pub(super) fn request(path: &str, nonce: &str) -> Self {
        Self {
            arrangement: REQUEST,
            separator: "|",
            method: "POST",
            path: path.into(),
            nonce: nonce.into(),
            parameters: Parameters::EXPECTED,
            head: "",
            tail: "",
            charset: Charset::Utf8,
        }
    }

    /// What the gateway does with a callback. Path and nonce wait for the request's formula.
    pub(super) fn callback(path: &str, nonce: &str) -> Self {
        Self { arrangement: CALLBACK, parameters: Parameters::CALLBACK, ..Self::request(path, nonce) }
    }

    pub(super) fn text(&self, body: &Body<'_>) -> Vec<u8> {
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
        self.charset.encode(text)
    }
}

impl Charset {
    /// Bytes that are not UTF-8 stay as they are.
    fn encode(self, text: Vec<u8>) -> Vec<u8> {
        let Ok(characters) = std::str::from_utf8(&text) else { return text };
        match self {
            Self::Utf8 => text,
            Self::Utf16Little => characters.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Big => characters.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::Latin1 => characters.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect(),
            Self::Utf8Twice => text.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes(),
            Self::Ascii => characters.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect(),
        }
    }
}
