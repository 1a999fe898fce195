//! The digest that is signed: SHA-256 of SHA-256.

use crate::{Error, ErrorKind};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The 32 bytes that the curve signs: `SHA-256(SHA-256(text))`.
///
/// Give an external signer (a KMS or an HSM) these bytes as a *finished* digest: a service that
/// hashes its input once more signs something else. Shown as 64 lower-case hex digits.
///
/// Source of the rule: `docs/wire.md`, section 4.2; proven by the vectors R1 to R4 and C1.
///
/// ```
/// use tarspay_sign::Digest;
///
/// let digest = Digest::of("POST|/api/v1/test|1537498830736|amount=100&price=100");
/// assert_eq!(digest.as_bytes().len(), 32);
/// assert_eq!(digest.to_string().parse::<Digest>()?, digest);
/// # Ok::<(), tarspay_sign::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a text, or of the raw bytes of a callback.
    pub fn of(text: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(Sha256::digest(text)).into())
    }

    /// Reads a finished digest from 64 hex digits, of either case. Nothing is hashed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidDigest`] if the text is anything else.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| Error::new(ErrorKind::InvalidDigest, "a digest is 64 hex digits"))?;
        Ok(Self(bytes))
    }

    /// The 32 bytes, to hand to an external signer.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    /// Takes bytes that *are* the digest; nothing is hashed.
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

read_from_hex!(Digest);

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex_of(&self.0, &mut [0; 64]))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Writes lower-case hex into a buffer of at least twice the length. `hex::encode` goes through `char`s, which takes ten
/// times as long.
pub(crate) fn hex_of<'b>(bytes: &[u8], buffer: &'b mut [u8]) -> &'b str {
    let digits = buffer.get_mut(..2 * bytes.len()).unwrap_or_default();
    // It fails for a buffer of another length only, and hex digits are UTF-8.
    let _ = hex::encode_to_slice(bytes, digits);
    std::str::from_utf8(digits).unwrap_or_default()
}
