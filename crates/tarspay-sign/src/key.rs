//! The key pair of a merchant and the public key of the gateway.

use crate::{Digest, Error, ErrorKind, Signature, SignaturePolicy};
use k256::ecdsa::signature::hazmat::PrehashVerifier as _;
use k256::ecdsa::{SigningKey, VerifyingKey};
use k256::elliptic_curve::Generate as _;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// The gateway's public key, the same in every market, as its documentation prints it. It verifies callbacks.
///
/// Source: `docs/wire.md`, section 2; proven by the vector C1.
pub const SYSTEM_PUBLIC_KEY: &str = "03029c655932f22aee81034d109795fbd7e23ca173ca27e195091d434e593a2e0f";

const PRIVATE_KEY_DIGITS: usize = 64;
/// The longest text of a stored key: far above UTF-16 with quotes and line ends.
const MAX_STORED_BYTES: usize = 1024;
const COMPRESSED_BYTES: usize = 33;
const UNCOMPRESSED_BYTES: usize = 65;

/// What stands before the point in an X.509 `SubjectPublicKeyInfo`, after the two bytes of the outer tag and length: the
/// algorithm `id-ecPublicKey`, the named curve secp256k1, and the tag of a bit string (RFC 5480).
const SPKI_ALGORITHM: [u8; 19] = [
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
    0x0a, 0x03,
];

/// A merchant's private key: a number on secp256k1 that signs requests.
///
/// It is wiped from memory on drop. `Debug` shows the public key only; there is no `Display`.
///
/// Signing is constant-time (`k256`) and deterministic (RFC 6979): the same digest always gives the same signature.
///
/// ```
/// use tarspay_sign::PrivateKey;
///
/// let key = PrivateKey::from_hex("515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c")?;
/// assert_eq!(
///     key.public_key().to_string(),
///     "0353bff99033789d833fe369748e27831b142568b3d879263276290b961c93957c"
/// );
/// # Ok::<(), tarspay_sign::Error>(())
/// ```
#[derive(Clone)]
pub struct PrivateKey {
    secret: SigningKey,
    /// Kept, because every request sends it.
    public: PublicKey,
}

impl PrivateKey {
    /// Reads a private key from 64 hex digits, of either case (32 bytes, big-endian), and nothing around them. To read a
    /// key as it was stored, [`parse`](str::parse) its text or read [its file](Self::from_file).
    ///
    /// The gateway's documentation gives no format for private keys; this is the common one (`docs/wire.md`,
    /// section 2, inferred).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPrivateKey`] if the text is anything else, or the number is zero or not below the order
    /// of the curve. The error never repeats the text.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        if text.len() != PRIVATE_KEY_DIGITS {
            return Err(invalid_private(format!(
                "a private key is {PRIVATE_KEY_DIGITS} hex digits, this text has {} bytes; \
                 give the digits alone, without 0x, blanks or line ends",
                text.len()
            )));
        }
        let bytes = decode(text.as_bytes())
            .ok_or_else(|| invalid_private("a private key holds the hex digits 0-9, a-f and A-F only"))?;
        Self::from_number(&bytes).map_err(invalid_private)
    }

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

    /// Generates a private key from the operating system's random source. Its number is below 2^255.
    ///
    /// The gateway's own Java class reads a private key as a signed number, so that one with the top bit set does not work
    /// there. The curve's order is just below 2^256, so half of all keys are left, and a search for a key takes as long
    /// as before: the best known one costs about 2^128 steps for either range.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RandomSource`] if the operating system gives no random bytes.
    pub fn generate() -> Result<Self, Error> {
        loop {
            let secret = SigningKey::try_generate().map_err(|source| {
                let reason = "the operating system gave no random bytes for a new key";
                Error::new(ErrorKind::RandomSource, reason).with_source(source)
            })?;
            if Zeroizing::new(<[u8; 32]>::from(secret.to_bytes()))[0] < 0x80 {
                return Ok(Self::of(secret));
            }
        }
    }

    fn in_file(file: File, path: &Path) -> Result<Self, Error> {
        Self::from_reader(file).map_err(|error| error.about(&format!("the key in {}", quoted(path))))
    }

    /// Reads a key as it is stored. The reason of a refusal says where the fault is, and not what the text is.
    fn stored(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_STORED_BYTES {
            return Err(format!("a private key is {PRIVATE_KEY_DIGITS} hex digits, and this is far longer"));
        }
        let text = narrow(bytes);
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
        match decode(digits) {
            Some(bytes) => Self::from_number(&bytes).map_err(str::to_owned),
            None => Err(why_not_a_key(digits, skipped)),
        }
    }

    fn from_number(bytes: &[u8; 32]) -> Result<Self, &'static str> {
        SigningKey::from_slice(bytes).map(Self::of).map_err(|_| {
            "this number is not a private key of secp256k1: it is zero or not below the order of the curve"
        })
    }

    fn of(secret: SigningKey) -> Self {
        let public = PublicKey::from_verifying_key(*secret.verifying_key());
        Self { secret, public }
    }

    /// The public key to register in the merchant back office.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Signs a digest. The signature has a low `s`.
    pub fn sign(&self, digest: &Digest) -> Signature {
        let (signature, _) = self.secret.sign_prehash_recoverable(digest.as_bytes());
        Signature::from_ecdsa(signature).with_low_s()
    }

    /// The key as 64 lower-case hex digits, to store it. The text wipes itself on drop; keep it out of logs.
    pub fn expose_hex(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(<[u8; 32]>::from(self.secret.to_bytes()));
        Zeroizing::new(base16ct::lower::encode_string(bytes.as_slice()))
    }
}

impl std::str::FromStr for PrivateKey {
    type Err = Error;

    /// Reads a key as it was stored; see [`from_reader`](PrivateKey::from_reader).
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::stored(text.as_bytes()).map_err(invalid_private)
    }
}

impl TryFrom<&str> for PrivateKey {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

/// The bytes of 64 hex digits, in constant time, since they are secret.
fn decode(digits: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    let all = base16ct::mixed::decode(digits, bytes.as_mut_slice()).ok()?.len() == 32;
    all.then_some(bytes)
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

/// Why this text is not 64 hex digits, after so many characters that were passed over.
fn why_not_a_key(digits: &[u8], skipped: usize) -> String {
    let rule = format!("a private key is {PRIVATE_KEY_DIGITS} hex digits");
    if digits.is_empty() {
        return format!("there is nothing in it; {rule}");
    }
    if digits.starts_with(b"-----BEGIN") {
        return format!(
            "this is PEM; {rule}, which `openssl ec -in FILE -noout -text` shows under priv, with colons between"
        );
    }
    if let Some(at) = digits.iter().position(|byte| !byte.is_ascii_hexdigit()) {
        let what = match digits[at] {
            b' ' | b'\t' => "a blank",
            b'\r' | b'\n' => "a line end",
            b'"' | b'\'' => "a quotation mark",
            0 => "NUL, as in UTF-16 without a byte order mark (save it as UTF-8)",
            0x80.. => "not ASCII",
            _ => "not a hex digit",
        };
        return format!("character {} is {what}; {rule}, and nothing else", skipped + at + 1);
    }
    let hint = match digits {
        [b'0', b'2' | b'3', ..] if digits.len() == 2 * COMPRESSED_BYTES => ", like a public key",
        [b'0', b'0', ..] if digits.len() == 2 * COMPRESSED_BYTES => "; leave out the first two zeros",
        _ => "",
    };
    format!("{rule}, and this text has {}{hint}", digits.len())
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

fn invalid_private(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidPrivateKey, reason)
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}

/// A public key: a point on secp256k1. It identifies a merchant (`X-API-KEY`) and verifies signatures.
///
/// Shown in its compressed form, as 66 lower-case hex digits.
#[derive(Clone, Copy)]
pub struct PublicKey {
    point: VerifyingKey,
    bytes: [u8; COMPRESSED_BYTES],
}

impl PublicKey {
    /// Reads a public key from 66 hex digits, of either case: `02` or `03` and the 32 bytes of x.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPublicKey`] if the text is anything else, or no point of the curve has this x.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        let mut bytes = [0_u8; COMPRESSED_BYTES];
        if text.len() != 2 * COMPRESSED_BYTES {
            return Err(invalid(match text.len() {
                130 => {
                    "this is an uncompressed public key; give its compressed form, 66 hex digits, \
                        or read its bytes with `PublicKey::from_sec1_bytes`"
                }
                PRIVATE_KEY_DIGITS => {
                    "a public key is 66 hex digits; this text has 64, like a private key: keep it secret"
                }
                _ => "a public key is 66 hex digits: 02 or 03, then the 32 bytes of x",
            }));
        }
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| invalid("a public key holds the hex digits 0-9, a-f and A-F only"))?;
        Self::from_sec1_bytes(&bytes)
    }

    /// Reads a public key from a SEC1 point: 33 bytes compressed (`02` or `03`, then x) or 65 uncompressed (`04`, then x
    /// and y).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPublicKey`] if the bytes are anything else, or not a point of secp256k1.
    pub fn from_sec1_bytes(bytes: &[u8]) -> Result<Self, Error> {
        match bytes {
            [2 | 3, ..] if bytes.len() == COMPRESSED_BYTES => {}
            [4, ..] if bytes.len() == UNCOMPRESSED_BYTES => {}
            _ if bytes.len() == COMPRESSED_BYTES => {
                return Err(invalid("a compressed public key begins with 02 or 03"));
            }
            _ => {
                return Err(invalid(
                    "a SEC1 public key has 33 bytes and begins with 02 or 03, or has 65 bytes and begins with 04",
                ));
            }
        }
        VerifyingKey::from_sec1_bytes(bytes).map(Self::from_verifying_key).map_err(|source| {
            invalid("this is not a point of secp256k1; check the digits and the curve").with_source(source)
        })
    }

    /// Reads a public key from the DER of an X.509 `SubjectPublicKeyInfo`, as a KMS returns it and as the base64 of a
    /// `PUBLIC KEY` PEM file holds it. The curve must be named, and the point may be compressed or not.
    ///
    /// ```
    /// use tarspay_sign::PublicKey;
    ///
    /// // openssl ec -in key.pem -pubout -outform DER
    /// let der = [
    ///     "3056301006072a8648ce3d020106052b8104000a034200",
    ///     "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    ///     "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
    /// ];
    /// let key = PublicKey::from_spki_der(&hex::decode(der.concat())?)?;
    /// assert_eq!(key.to_string(), "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPublicKey`] if the bytes are anything else, the curve is another one, or the point is not on
    /// it.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, Error> {
        spki_point(der)
            .ok_or_else(|| {
                invalid(
                    "not the DER of a SubjectPublicKeyInfo with the named curve secp256k1 (1.3.132.0.10); \
                     keys on other curves, such as P-256, cannot be used",
                )
            })
            .and_then(Self::from_sec1_bytes)
    }

    /// The gateway's own public key, [`SYSTEM_PUBLIC_KEY`], which verifies callbacks.
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a constant; a test reads it")]
    pub fn system() -> Self {
        Self::from_hex(SYSTEM_PUBLIC_KEY).expect("the printed system key is a point of the curve")
    }

    /// Checks a signature of a digest. To check many with one key, [`prepare`](Self::prepare) it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignatureMismatch`] if this key did not sign this digest, [`ErrorKind::HighS`] if it did but `s`
    /// is high and the policy refuses that.
    pub fn verify(
        &self,
        digest: &Digest,
        signature: &Signature,
        policy: SignaturePolicy,
    ) -> Result<(), Error> {
        signature.judge(self.fits(digest, signature), policy)
    }

    /// Whether this key made this signature of this digest, with either `s`.
    pub(crate) fn fits(&self, digest: &Digest, signature: &Signature) -> bool {
        // k256 refuses a high s, which the gateway makes; the same signature with the low s is the same statement.
        self.point.verify_prehash(digest.as_bytes(), signature.with_low_s().as_ecdsa()).is_ok()
    }

    /// The 33 bytes of the compressed point.
    pub fn as_bytes(&self) -> &[u8; 33] {
        &self.bytes
    }

    fn from_verifying_key(point: VerifyingKey) -> Self {
        let mut bytes = [0_u8; COMPRESSED_BYTES];
        bytes.copy_from_slice(point.to_sec1_point(true).as_bytes());
        Self { point, bytes }
    }

    pub(crate) fn as_affine(&self) -> &k256::AffinePoint {
        self.point.as_affine()
    }
}

read_from_hex!(PublicKey);

fn invalid(reason: &str) -> Error {
    Error::new(ErrorKind::InvalidPublicKey, reason)
}

/// The point of a `SubjectPublicKeyInfo`: all that varies in one for this curve is the point and its length.
fn spki_point(der: &[u8]) -> Option<&[u8]> {
    let [0x30, length, rest @ ..] = der else { return None };
    let [bits, 0, point @ ..] = rest.strip_prefix(&SPKI_ALGORITHM)? else { return None };
    let fits = usize::from(*length) == rest.len() && usize::from(*bits) == 1 + point.len();
    fits.then_some(point)
}

impl AsRef<[u8]> for PublicKey {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl std::hash::Hash for PublicKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.bytes))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}
