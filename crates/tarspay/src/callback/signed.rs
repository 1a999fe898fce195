//! Signed callbacks for tests of a callback handler.

use crate::Error;
use crate::sign::{CALLBACK_SIGNATURE_HEADER, CallbackText, PrivateKey};
use crate::types::{Callback, MerchantNo};

/// A callback as the gateway would send it, signed with your own key.
///
/// Give the public key to the handler's [`CallbackVerifier`](crate::CallbackVerifier), and post
/// [`body`](Self::body) with [`header`](Self::header) to it.
///
/// ```
/// use tarspay::sign::PrivateKey;
/// use tarspay::types::{Amount, Callback, OrderState};
/// use tarspay::{CallbackVerifier, SignedCallback};
///
/// let (key, merchant_no) = (PrivateKey::generate()?, "M1688443086".parse()?);
/// let mut callback = Callback::new("P1742079917839712257".parse()?, "D1659318251029".parse()?, OrderState::SUCCESS);
/// callback.pay_amount = Some(Amount::parse("100")?);
/// let signed = SignedCallback::new(&merchant_no, &callback, &key)?;
///
/// let verifier = CallbackVerifier::trusting(merchant_no, key.public_key());
/// let received = verifier.verify(Some(signed.signature()), signed.body().as_bytes())?;
/// assert_eq!(received.get().status(), callback.status());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SignedCallback {
    text: CallbackText,
    signature: String,
}

impl SignedCallback {
    /// Signs a callback to this merchant as the gateway does: its members as ordered compact JSON.
    /// The merchant number takes the place of the callback's own, which may be missing.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) if the callback does not serialize to one JSON
    /// object.
    pub fn new(merchant_no: &MerchantNo, callback: &Callback, key: &PrivateKey) -> Result<Self, Error> {
        let mut callback = callback.clone();
        callback.merchant_no = Some(merchant_no.clone());
        let text = CallbackText::from_value(&callback).map_err(Error::cannot_sign)?;
        let signature = text.sign(key).to_string();
        Ok(Self { text, signature })
    }

    /// The body to post.
    pub fn body(&self) -> &str {
        self.text.as_str()
    }

    /// The signature, hex.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Name and value of the header to post it with.
    pub fn header(&self) -> (&'static str, &str) {
        (CALLBACK_SIGNATURE_HEADER, &self.signature)
    }
}
