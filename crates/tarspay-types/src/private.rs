//! Texts that are kept out of logs: personal data, and the URLs that a merchant gives to the gateway.
//!
//! `Debug` hides them and there is no `Display`.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::error::{Error, ErrorKind};
use crate::scalar::{FromScalar, Scalar, read_as_scalar};
use crate::text::text_impls;

/// A text that must not reach a log: a name, a phone number, an e-mail address, an account or
/// wallet number, a tax id, payment data, or free text that may repeat one of them.
///
/// `Debug` shows its length alone, and there is no `Display`; ask for
/// [`as_str`](PrivateText::as_str) where the text itself is wanted. Any text is allowed, the empty
/// one too: in a request it is signed and sent as it is (`docs/wire.md`, section 11). Which formats
/// a market wants is not checked here.
///
/// **JSON**: written as a string, read from a string or a number, whose text is kept as it came.
///
/// ```
/// use tarspay_types::PrivateText;
///
/// let name = PrivateText::from("홍길동");
/// assert_eq!(name.as_str(), "홍길동");
/// assert_eq!(format!("{name:?}"), "PrivateText(3 characters)");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrivateText(String);

impl PrivateText {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateText({} characters)", self.0.chars().count())
    }
}

impl AsRef<str> for PrivateText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for PrivateText {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

impl From<&str> for PrivateText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for PrivateText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<PrivateText> for String {
    fn from(text: PrivateText) -> Self {
        text.0
    }
}

impl Serialize for PrivateText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl FromScalar for PrivateText {
    fn from_scalar(scalar: &Scalar<'_>) -> Result<Self, Error> {
        match scalar {
            Scalar::Text(text) => Ok(Self::from(text.as_ref())),
            Scalar::Number(number) => Ok(Self::from(*number)),
            Scalar::Other => Err(Error::wrong_type("text", "a text or a number")),
        }
    }
}

read_as_scalar!(PrivateText);

/// What a log may show of an address.
struct Origin<'a> {
    scheme: &'a str,
    /// Without what stands before the `@` of `https://user:secret@host/`.
    host: Option<&'a str>,
}

/// The origin of `http://` or `https://` and a host.
///
/// No more is asked than that somebody can be reached there: the documented examples have plain
/// HTTP, bare IP addresses, ports and fragments.
fn web<'a>(what: &'static str, text: &'a str) -> Result<Origin<'a>, Error> {
    let origin = any_scheme(what, text)?;
    if is_web(origin.scheme) { Ok(origin) } else { Err(Error::new(what, ErrorKind::NotWebAddress)) }
}

/// The origin of a URL with any scheme; with `http` or `https` it has a host.
fn any_scheme<'a>(what: &'static str, text: &'a str) -> Result<Origin<'a>, Error> {
    let refuse = |kind| Err(Error::new(what, kind));
    if text.is_empty() {
        return refuse(ErrorKind::Empty);
    }
    if text.chars().any(char::is_control) {
        return refuse(ErrorKind::ControlCharacter);
    }
    let Some((scheme, rest)) = text.split_once(':') else { return refuse(ErrorKind::NotWebAddress) };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    if !is_scheme || rest.is_empty() || rest.contains(char::is_whitespace) {
        return refuse(ErrorKind::NotWebAddress);
    }
    // A backslash ends the host for every browser.
    let authority =
        rest.strip_prefix("//").map(|rest| rest.split(['/', '\\', '?', '#']).next().unwrap_or_default());
    let host = authority.map(|authority| authority.rsplit('@').next().unwrap_or_default());
    if is_web(scheme) && host.is_none_or(|host| host.is_empty() || host.starts_with(':')) {
        return refuse(ErrorKind::NotWebAddress);
    }
    Ok(Origin { scheme, host })
}

fn is_web(scheme: &str) -> bool {
    ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme.to_ascii_lowercase())?;
        if let Some(host) = self.host {
            // An app's link may have anything where a host stands: `myshop://token=secret`.
            let is_of_a_host = |letter: char| letter.is_alphanumeric() || "-._:[]".contains(letter);
            let host = host.split(|letter| !is_of_a_host(letter)).next().unwrap_or_default();
            write!(f, "//{host}/")?;
        }
        f.write_str("…")
    }
}

macro_rules! addresses {
    ($(
        $(#[$attribute:meta])*
        $name:ident = $what:literal, $origin:ident, empty: $empty:literal;
    )*) => { $(
        $(#[$attribute])*
        /// `Debug` shows the scheme and, after a `//`, the host alone, since the rest may hold a
        /// secret or an identity.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Checks and wraps a ", $what, ".")]
            ///
            /// # Errors
            ///
            /// [`ErrorKind::NotWebAddress`], [`ControlCharacter`](ErrorKind::ControlCharacter) or
            /// [`Empty`](ErrorKind::Empty).
            pub fn new(text: impl Into<String>) -> Result<Self, Error> {
                let text = text.into();
                if !($empty && text.is_empty()) {
                    $origin($what, &text)?;
                }
                Ok(Self(text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match $origin($what, &self.0) {
                    Ok(origin) => write!(f, "{}({origin})", stringify!($name)),
                    Err(_) => write!(f, "{}(empty)", stringify!($name)),
                }
            }
        }

        impl FromScalar for $name {
            fn from_scalar(scalar: &Scalar<'_>) -> Result<Self, Error> {
                match scalar {
                    Scalar::Text(text) => Self::new(text.as_ref()),
                    _ => Err(Error::wrong_type($what, "a text")),
                }
            }
        }

        text_impls!($name);
    )* };
}

addresses! {
    /// Where the gateway posts the callback of an order, `notifyUrl`.
    ///
    /// **Text**: `http://` or `https://`, a host, no blanks, no control characters (our rules; the
    /// gateway documents none). What comes after the host is up to you.
    ///
    /// ```
    /// use tarspay_types::NotifyUrl;
    ///
    /// assert!(NotifyUrl::new("http://47.241.33.220:8896/tarspay/notify").is_ok());
    /// assert!(NotifyUrl::new("shop.example/notify").is_err());
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    ///
    NotifyUrl = "notify URL", web, empty: false;

    /// Where the cashier page sends the payer back, `returnUrl`.
    ///
    /// **Text**: as of a [`NotifyUrl`]; or the link of an app, which is any other scheme (an ASCII
    /// letter, then letters, digits, `+`, `-` or `.`), `:`, and something after it without blanks
    /// and control characters (our rules; whether the gateway takes such a link is not documented);
    /// or empty, which is signed and sent as such (`docs/wire.md`, section 4.1).
    ///
    /// ```
    /// use tarspay_types::ReturnUrl;
    ///
    /// for text in ["https://shop.example/thanks", "myshop://return", "intent:#Intent;scheme=myshop;end", ""] {
    ///     assert!(ReturnUrl::new(text).is_ok());
    /// }
    /// assert!(ReturnUrl::new("shop.example/thanks").is_err());
    /// assert_eq!(format!("{:?}", ReturnUrl::new("myshop://return?order=1")?), "ReturnUrl(myshop://return/…)");
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    ///
    ReturnUrl = "return URL", any_scheme, empty: true;
}

impl ReturnUrl {
    /// The empty address, sent as `"returnUrl":""`. Leaving the member out is the usual way.
    pub const EMPTY: Self = Self(String::new());
}
