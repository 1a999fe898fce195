//! Signatures: strict DER in hex. We write a low `s` and read either.

use crate::digest::hex_of;
use crate::{Error, ErrorKind};
use k256::ecdsa;
use std::fmt;

/// The longest DER signature on secp256k1: a header of two bytes and two integers of 35.
const MAX_DER_BYTES: usize = 72;

/// An ECDSA signature over secp256k1.
///
/// On the wire it is the hex text of a DER `SEQUENCE { r INTEGER, s INTEGER }`: lower case is
/// written, either case is read. DER is read strictly: minimal lengths, minimal integers, nothing
/// after the end, `r` and `s` in range.
///
/// Signatures are *malleable*: for each `(r, s)` the pair `(r, n - s)` verifies too, so a signature
/// never identifies a message. The gateway sends high and low `s` (vectors R1 to R4, C1); this
/// crate writes low `s` only.
///
/// Source of the rules: `docs/wire.md`, section 4.2.
///
/// ```
/// use tarspay_sign::{Digest, PrivateKey, Signature};
///
/// let signature = PrivateKey::generate()?.sign(&Digest::of("text"));
/// let from_header: Signature = signature.to_string().parse()?;
/// assert_eq!(from_header, signature);
///
/// // Many signing services return r and s, not DER.
/// let from_service = Signature::from_rs(&signature.r(), &signature.s())?;
/// assert_eq!(from_service, signature);
/// # Ok::<(), tarspay_sign::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(ecdsa::Signature);

/// Whether a signature with a high `s` is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignaturePolicy {
    /// Accept high and low `s`, as the gateway does and as its own signatures need.
    #[default]
    AcceptHighS,
    /// Refuse a high `s`. For protocols of your own that need one signature for one message.
    RequireLowS,
}

impl Signature {
    /// Reads the hex text of a DER signature, of either case.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingSignature`] if the text is empty, [`ErrorKind::MalformedSignature`] if
    /// it is not hex or not strict DER.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::new(ErrorKind::MissingSignature, "the signature is empty"));
        }
        let malformed = |reason: &str| Error::new(ErrorKind::MalformedSignature, reason);
        if text.len() > 2 * MAX_DER_BYTES {
            return Err(malformed("a signature has at most 144 hex digits; this text is longer"));
        }
        let mut buffer = [0_u8; MAX_DER_BYTES];
        let der = &mut buffer[..text.len() / 2];
        hex::decode_to_slice(text, der).map_err(|_| {
            malformed(
                "a signature is an even number of the hex digits 0-9, a-f and A-F; base64 is not used here",
            )
        })?;
        Self::from_der(der)
    }

    /// Reads a strict DER signature, for example one that an external signer returned.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedSignature`] if the bytes are not strict DER of two integers in range.
    /// For a raw 64-byte `r‖s` pair use [`from_rs`](Self::from_rs).
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        ecdsa::Signature::from_der(der).map(Self).map_err(|source| {
            let reason = if der.len() == 64 {
                "64 bytes look like a raw r and s; read them with `Signature::from_rs`"
            } else {
                "not a strict DER signature: SEQUENCE { r INTEGER, s INTEGER } with minimal lengths, nothing \
                 after it, r and s between 1 and the order of secp256k1"
            };
            Error::new(ErrorKind::MalformedSignature, reason).with_source(source)
        })
    }

    /// A signature from its two numbers, each as 32 bytes, big-endian.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MalformedSignature`] if one of them is zero or not below the order of secp256k1.
    pub fn from_rs(r: &[u8; 32], s: &[u8; 32]) -> Result<Self, Error> {
        ecdsa::Signature::from_scalars(*r, *s).map(Self).map_err(|source| {
            let reason = "r and s must be at least 1 and below the order of secp256k1";
            Error::new(ErrorKind::MalformedSignature, reason).with_source(source)
        })
    }

    /// The number `r`, big-endian.
    pub fn r(&self) -> [u8; 32] {
        self.0.split_bytes().0.into()
    }

    /// The number `s`, big-endian.
    pub fn s(&self) -> [u8; 32] {
        self.0.split_bytes().1.into()
    }

    /// The DER bytes.
    pub fn to_der(&self) -> Vec<u8> {
        self.0.to_der().as_bytes().to_vec()
    }

    /// Whether `s` is above half the order of the curve.
    pub fn is_high_s(&self) -> bool {
        self.0.normalize_s() != self.0
    }

    /// The equivalent signature with a low `s`: this one, or `(r, n - s)`.
    #[must_use]
    pub fn with_low_s(&self) -> Self {
        Self(self.0.normalize_s())
    }

    /// The equivalent signature with a high `s`, as the gateway may send it: for a sandbox and for
    /// tests of a verifier.
    #[must_use]
    pub fn with_high_s(&self) -> Self {
        let (r, s) = self.with_low_s().0.split_scalars();
        // The negative of a number in range is in range.
        ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).map_or(*self, Self)
    }

    /// The verdict on a signature, given whether it fits: a mismatch comes before a broken policy.
    pub(crate) fn judge(&self, fits: bool, policy: SignaturePolicy) -> Result<(), Error> {
        if !fits {
            return Err(Error::new(
                ErrorKind::SignatureMismatch,
                "the signature was not made over this text with this key; compare the string to sign byte by byte, \
                 and check which key pair signed",
            ));
        }
        if policy == SignaturePolicy::RequireLowS && self.is_high_s() {
            return Err(Error::new(
                ErrorKind::HighS,
                "the signature fits, but its s is high and a low s is required; normalise s when signing",
            ));
        }
        Ok(())
    }

    pub(crate) fn from_ecdsa(signature: ecdsa::Signature) -> Self {
        Self(signature)
    }

    pub(crate) fn as_ecdsa(&self) -> &ecdsa::Signature {
        &self.0
    }
}

read_from_hex!(Signature);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; 2 * MAX_DER_BYTES];
        f.write_str(hex_of(self.0.to_der().as_bytes(), &mut buffer))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}
