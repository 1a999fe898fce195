//! The key pair of a merchant and the public key of the gateway.

use crate::digest::hex_of;
use crate::{Digest, Error, ErrorKind, Signature, SignaturePolicy};
use k256::ecdsa::signature::hazmat::PrehashVerifier as _;
use k256::ecdsa::{SigningKey, VerifyingKey};
use k256::elliptic_curve::Generate as _;
use std::fmt;
use zeroize::Zeroizing;

/// The gateway's public key, the same in every market, as its documentation prints it. It verifies callbacks.
///
/// Source: `docs/wire.md`, section 2; proven by the vector C1.
pub const SYSTEM_PUBLIC_KEY: &str = "03029c655932f22aee81034d109795fbd7e23ca173ca27e195091d434e593a2e0f";

const PRIVATE_KEY_DIGITS: usize = 64;
pub(crate) const COMPRESSED_BYTES: usize = 33;
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

    pub(crate) fn from_number(bytes: &[u8; 32]) -> Result<Self, &'static str> {
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

/// The bytes of 64 hex digits, in constant time, since they are secret.
pub(crate) fn decode(digits: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    let all = base16ct::mixed::decode(digits, bytes.as_mut_slice()).ok()?.len() == 32;
    all.then_some(bytes)
}

pub(crate) fn invalid_private(reason: impl Into<String>) -> Error {
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
    /// Reads a public key from 66 hex digits, of either case: `02` or `03` and the 32 bytes of x, and nothing around them.
    /// To read a key as it was stored, [`parse`](str::parse) its text.
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
        f.write_str(hex_of(&self.bytes, &mut [0; 66]))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}
