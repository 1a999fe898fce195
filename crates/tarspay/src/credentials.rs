//! Credentials: the merchant number, and the private key or the signer that has it.

use crate::sign::{PrivateKey, PublicKey};
use crate::types::MerchantNo;
use crate::{Error, env};
use std::fmt;

#[cfg(feature = "client")]
pub use signer::{Signer, Signing};

/// A merchant number and the private key whose public key is registered for it.
///
/// The key may be elsewhere, see [`with_signer`](Self::with_signer). `Debug` shows the merchant
/// number and the public key. A private key is wiped from memory on drop.
///
/// ```
/// use tarspay::Credentials;
///
/// # let key_text = "515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c";
/// // let key_text = std::env::var("TARSPAY_PRIVATE_KEY")?;
/// let credentials = Credentials::new("M1688443086".parse()?, key_text.parse()?);
/// assert!(!format!("{credentials:?}").contains(key_text));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    merchant_no: MerchantNo,
    key: Key,
}

/// What signs.
#[derive(Clone)]
pub(crate) enum Key {
    Private(PrivateKey),
    #[cfg(feature = "client")]
    Elsewhere(PublicKey, std::sync::Arc<dyn Signer>),
}

impl Credentials {
    /// Credentials from their parts.
    pub fn new(merchant_no: MerchantNo, private_key: PrivateKey) -> Self {
        Self { merchant_no, key: Key::Private(private_key) }
    }

    /// Credentials whose private key is elsewhere, such as in a KMS or an HSM: see [`Signer`].
    /// `public_key` is the registered one. [`PublicKey::from_spki_der`] reads what a KMS returns.
    #[cfg(feature = "client")]
    pub fn with_signer(
        merchant_no: MerchantNo,
        public_key: PublicKey,
        signer: impl Signer + 'static,
    ) -> Self {
        Self { merchant_no, key: Key::Elsewhere(public_key, std::sync::Arc::new(signer)) }
    }

    /// Reads the environment: the merchant number in `TARSPAY_MERCHANT_ID`, the private key in
    /// `TARSPAY_PRIVATE_KEY`. The command `tarspay` reads the same variables. An empty variable
    /// counts as not set.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid), naming the variable that is missing or cannot be
    /// used.
    pub fn from_env() -> Result<Self, Error> {
        Ok(Self::new(env::required("TARSPAY_MERCHANT_ID")?, env::required("TARSPAY_PRIVATE_KEY")?))
    }

    /// The merchant number.
    pub fn merchant_no(&self) -> &MerchantNo {
        &self.merchant_no
    }

    /// The public key that is registered for the merchant.
    pub fn public_key(&self) -> PublicKey {
        match &self.key {
            Key::Private(key) => key.public_key(),
            #[cfg(feature = "client")]
            Key::Elsewhere(key, _) => *key,
        }
    }

    /// The private key; `None` if a [`Signer`] has it.
    pub fn private_key(&self) -> Option<&PrivateKey> {
        match &self.key {
            Key::Private(key) => Some(key),
            #[cfg(feature = "client")]
            Key::Elsewhere(..) => None,
        }
    }

    #[cfg(feature = "client")]
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("merchant_no", &self.merchant_no)
            .field("public_key", &self.public_key())
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "client")]
mod signer {
    use crate::sign::{Digest, PrivateKey, Signature};
    use std::error::Error as StdError;
    use std::pin::Pin;
    use std::sync::Arc;

    /// Signs digests with a private key that the program does not have: a KMS, an HSM, another
    /// process.
    ///
    /// A client with such [credentials](crate::Credentials::with_signer) asks for one signature for
    /// each attempt, those of placing, resuming and waiting included.
    ///
    /// - The time that it takes counts within the deadline of the call, and within
    ///   [`call_timeout`](crate::transport::Builder::call_timeout). When either has passed, the
    ///   future is dropped.
    /// - If it fails, that attempt was [not sent](crate::ErrorKind::NotSent), and is repeated as
    ///   such. An order that an earlier attempt left in doubt stays in doubt. The error is in the
    ///   chain of sources, so its text is shown: keep secrets out of it.
    /// - The signature is checked against the public key before anything is sent. One that does not
    ///   fit, because it is of another key or the service hashed the digest once more, is a failure.
    ///
    /// ```
    /// use tarspay::sign::{Digest, Signature};
    /// use tarspay::{Signer, Signing};
    ///
    /// struct Kms; // with the client of your service
    ///
    /// # impl Kms { async fn sign_digest(&self, _: &[u8; 32]) -> Result<Vec<u8>, std::io::Error> { Ok(Vec::new()) } }
    /// impl Signer for Kms {
    ///     fn sign<'a>(&'a self, digest: &'a Digest) -> Signing<'a> {
    ///         Box::pin(async move {
    ///             let der = self.sign_digest(digest.as_bytes()).await?;
    ///             Ok(Signature::from_der(&der)?)
    ///         })
    ///     }
    /// }
    /// ```
    pub trait Signer: Send + Sync {
        /// Signs these 32 bytes as they are, without hashing them again. A high `s` is accepted; the
        /// client sends the low one.
        fn sign<'a>(&'a self, digest: &'a Digest) -> Signing<'a>;
    }

    /// The future of [`Signer::sign`].
    pub type Signing<'a> =
        Pin<Box<dyn Future<Output = Result<Signature, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;

    impl Signer for PrivateKey {
        fn sign<'a>(&'a self, digest: &'a Digest) -> Signing<'a> {
            Box::pin(async move { Ok(self.sign(digest)) })
        }
    }

    impl<S: Signer + ?Sized> Signer for Arc<S> {
        fn sign<'a>(&'a self, digest: &'a Digest) -> Signing<'a> {
            (**self).sign(digest)
        }
    }
}
