//! Keys as they are stored: in files, in variables, by editors and shells.

use crate::key::{COMPRESSED_BYTES, decode, invalid_private};
use crate::{Error, ErrorKind, PrivateKey, PublicKey};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// The longest text of a stored key: far above UTF-16 with quotes and line ends.
const MAX_STORED_BYTES: usize = 1024;

impl PrivateKey {
    /// Reads the file of a private key, as [`from_reader`](Self::from_reader) does. On Unix, refuses a file that other
    /// users can read or change.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), tarspay_sign::Error> {
    /// // tarspay keygen --out merchant.key
    /// let key = tarspay_sign::PrivateKey::from_file("merchant.key")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::KeyFileUnreadable`], [`ErrorKind::KeyFileExposed`] with the command that mends it, or
    /// [`ErrorKind::InvalidPrivateKey`]. All name the file, and none repeats what it holds.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = open(path)?;
        refuse_exposed(&file, path)?;
        Self::in_file(file, path)
    }

    /// Reads the file of a private key that other users may read, such as a secret that an orchestrator mounts with mode
    /// 0644. Otherwise as [`from_file`](Self::from_file).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::KeyFileUnreadable`] or [`ErrorKind::InvalidPrivateKey`].
    pub fn from_exposed_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::in_file(open(path)?, path)
    }

    /// Reads a private key as editors, shells and other programs store it, up to the end of the input: 64 hex digits of
    /// either case, in UTF-8, or in UTF-16 with a byte order mark. A byte order mark, white space around the digits, a
    /// pair of quotes and `0x` are passed over. [`parse`](str::parse) reads a text in the same way. What is read is wiped
    /// from memory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::KeyFileUnreadable`] if the input cannot be read, [`ErrorKind::InvalidPrivateKey`] if it is anything
    /// else. The error names the position of the first character that does not fit, and never repeats the text.
    pub fn from_reader(mut reader: impl Read) -> Result<Self, Error> {
        let mut buffer = Zeroizing::new([0_u8; MAX_STORED_BYTES + 1]);
        let mut length = 0;
        while length < buffer.len() {
            match reader.read(&mut buffer[length..]) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable("cannot read the private key", error)),
            }
        }
        Self::stored(&buffer[..length]).map_err(invalid_private)
    }

    fn in_file(file: File, path: &Path) -> Result<Self, Error> {
        Self::from_reader(file).map_err(|error| error.about(&format!("the key in {}", quoted(path))))
    }

    /// Reads a key as it is stored. The reason of a refusal says where the fault is, and not what the text is.
    fn stored(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_STORED_BYTES {
            return Err(format!("{}, and this is far longer", PRIVATE.is));
        }
        let text = narrow(bytes);
        let (digits, skipped) = bare(&text);
        match decode(digits) {
            Some(bytes) => Self::from_number(&bytes).map_err(str::to_owned),
            None => {
                Err(why_not_hex(digits, skipped, &PRIVATE).unwrap_or_else(|| wrong_length_private(digits)))
            }
        }
    }
}

impl std::str::FromStr for PrivateKey {
    type Err = Error;

    /// Reads a key as it was stored; see [`from_reader`](PrivateKey::from_reader).
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::stored(text.as_bytes()).map_err(invalid_private)
    }
}

impl std::str::FromStr for PublicKey {
    type Err = Error;

    /// Reads a key as it was stored: 66 hex digits of either case. A byte order mark, white space around the digits, a
    /// pair of quotes and `0x` are passed over. The error names the position of the first character that does not fit.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = narrow(text.as_bytes());
        let (digits, skipped) = bare(&text);
        match why_not_hex(digits, skipped, &PUBLIC) {
            Some(reason) => Err(Error::new(ErrorKind::InvalidPublicKey, reason)),
            // Hex digits are UTF-8.
            None => Self::from_hex(&String::from_utf8_lossy(digits)),
        }
    }
}

impl TryFrom<&str> for PrivateKey {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl TryFrom<&str> for PublicKey {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

/// One byte for each character: UTF-16 is made narrow, without its byte order mark or that of UTF-8. What is not ASCII
/// becomes some byte that is not ASCII.
fn narrow(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return Zeroizing::new(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).to_vec()),
    };
    // The capacity suffices, so that no part of the key stays behind in a smaller allocation.
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
    text.extend(bytes[2..].chunks(2).map(|pair| match *pair {
        [first, second] => u8::try_from(unit([first, second])).unwrap_or(u8::MAX),
        _ => u8::MAX,
    }));
    text
}

/// The digits without what stands around them, and how many characters stand before them.
fn bare(text: &[u8]) -> (&[u8], usize) {
    let mut skipped = text.len() - text.trim_ascii_start().len();
    let mut digits = text.trim_ascii();
    if let [first @ (b'"' | b'\''), inside @ .., last] = digits
        && first == last
    {
        (digits, skipped) = (inside, skipped + 1);
    }
    if let [b'0', b'x' | b'X', rest @ ..] = digits {
        (digits, skipped) = (rest, skipped + 2);
    }
    (digits, skipped)
}

/// What a kind of key is, and how it is got from PEM.
struct Rule {
    is: &'static str,
    from_pem: &'static str,
}

const PRIVATE: Rule = Rule {
    is: "a private key is 64 hex digits",
    from_pem: "`openssl ec -in FILE -noout -text` shows under priv, with colons between",
};

const PUBLIC: Rule = Rule {
    is: "a public key is 66 hex digits",
    from_pem: "`openssl ec -pubin -in FILE -noout -text -conv_form compressed` shows under pub, with colons between",
};

/// Why this text is not hex digits, after so many characters that were passed over.
fn why_not_hex(digits: &[u8], skipped: usize, rule: &Rule) -> Option<String> {
    let Rule { is: rule, from_pem } = rule;
    if digits.is_empty() {
        return Some(format!("there is nothing in it; {rule}"));
    }
    if digits.starts_with(b"-----BEGIN") {
        return Some(format!("this is PEM; {rule}, which {from_pem}"));
    }
    let at = digits.iter().position(|byte| !byte.is_ascii_hexdigit())?;
    let what = match digits[at] {
        b' ' | b'\t' => "a blank",
        b'\r' | b'\n' => "a line end",
        b'"' | b'\'' => "a quotation mark",
        0 => "NUL, as in UTF-16 without a byte order mark (save it as UTF-8)",
        0x80.. => "not ASCII",
        _ => "not a hex digit",
    };
    Some(format!("character {} is {what}; {rule}, and nothing else", skipped + at + 1))
}

fn wrong_length_private(digits: &[u8]) -> String {
    let hint = match digits {
        [b'0', b'2' | b'3', ..] if digits.len() == 2 * COMPRESSED_BYTES => ", like a public key",
        [b'0', b'0', ..] if digits.len() == 2 * COMPRESSED_BYTES => "; leave out the first two zeros",
        _ => "",
    };
    format!("{}, and this text has {}{hint}", PRIVATE.is, digits.len())
}

fn open(path: &Path) -> Result<File, Error> {
    // A key that was given in place of its file must not be repeated.
    let text = path.as_os_str().as_encoded_bytes();
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    if text.len() >= 60 && text.iter().all(u8::is_ascii_hexdigit) {
        let reason = "this is not the path of a key file, but looks like the key itself";
        return Err(Error::new(ErrorKind::KeyFileUnreadable, reason));
    }
    File::open(path).map_err(|error| unreadable(&cannot_read(path), error))
}

/// Refuses a file that other users can read or change. What is not a regular file, such as a pipe, has no lasting mode.
#[cfg(unix)]
fn refuse_exposed(file: &File, path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS: u32 = 0o077;
    let about = file.metadata().map_err(|error| unreadable(&cannot_read(path), error))?;
    let mode = about.permissions().mode() & 0o777;
    if !about.is_file() || mode & OTHERS == 0 {
        return Ok(());
    }
    let reason =
        format!("other users can use the key file, its mode is {mode:04o}; run: chmod 600 {}", quoted(path));
    Err(Error::new(ErrorKind::KeyFileExposed, reason))
}

#[cfg(not(unix))]
fn refuse_exposed(_: &File, _: &Path) -> Result<(), Error> {
    Ok(())
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read the key file {}", quoted(path))
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

fn unreadable(reason: &str, source: io::Error) -> Error {
    Error::new(ErrorKind::KeyFileUnreadable, reason).with_source(source)
}
