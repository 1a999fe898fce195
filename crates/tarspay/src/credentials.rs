//! Credentials: the merchant number and the private key.

use crate::sign::PrivateKey;
use crate::types::MerchantNo;
use crate::{Error, env};

/// A merchant number and the private key whose public key is registered for it.
///
/// `Debug` shows the merchant number and the public key. The private key is wiped from memory on
/// drop.
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
#[derive(Clone, Debug)]
pub struct Credentials {
    merchant_no: MerchantNo,
    private_key: PrivateKey,
}

impl Credentials {
    /// Credentials from their parts.
    pub fn new(merchant_no: MerchantNo, private_key: PrivateKey) -> Self {
        Self { merchant_no, private_key }
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

    /// The private key.
    pub fn private_key(&self) -> &PrivateKey {
        &self.private_key
    }
}
