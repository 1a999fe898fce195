//! Callbacks: verified first, read second, handed on only then.

#[cfg(feature = "axum")]
pub(crate) mod extract;
#[cfg(any(feature = "axum", feature = "tower"))]
pub(crate) mod http;
#[cfg(feature = "tower")]
pub(crate) mod layer;
pub(crate) mod signed;

use crate::Error;
use crate::sign::{self, PublicKey, SignedForm};
use crate::types::{Callback, Decode as _};
use std::ops::Deref;

/// Something whose signature was verified. Only [`CallbackVerifier`] makes one.
///
/// ```
/// use tarspay::{Verified, types::Callback};
///
/// // A handler that cannot be called with an unverified callback.
/// fn on_callback(callback: &Verified<Callback>) -> String {
///     format!("{} is now {}", callback.merchant_order_no, callback.state)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    form: SignedForm,
}

impl<T> Verified<T> {
    /// What was verified, without the proof.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// In which form the body was signed.
    pub fn signed_form(&self) -> SignedForm {
        self.form
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Verifies and reads callbacks.
///
/// Answer a verified callback with the bare text `OK`, whatever its state, once it is stored. The same callback can come
/// several times, and anyone who has seen one can send it again: act once on each
/// [`deduplication_key`](Callback::deduplication_key).
///
/// ```
/// use tarspay::CallbackVerifier;
/// use tarspay::types::OrderState;
///
/// // The header X-RESP-SIGNATURE and the raw body.
/// let signature = "3046022100ae8634a9db66c069030483012e7d0e38ebca6d924b82d8bb2e240764dafeb4f3\
///                  022100ba3e3bd90346652e681b4b1b25e55d983002d84160fb9c696fb20ea3e4742e76";
/// let body = br#"{"bizType":2,"currency":"IDR","failReason":"payment failed","fee":"6973","mchNo":"M1696154848","mchOrderNo":"1184196902791413760","orderAmount":"31500","payAmount":"31500","payOrderId":"P1734517376779485186","state":3}"#;
///
/// let callback = CallbackVerifier::production().verify(Some(signature), body)?;
/// assert_eq!(callback.state, OrderState::FAILED);
/// # Ok::<(), tarspay::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CallbackVerifier(sign::CallbackVerifier);

impl CallbackVerifier {
    /// Trusts the gateway's own key.
    pub fn production() -> Self {
        Self(sign::CallbackVerifier::production())
    }

    /// Trusts another key: that of a sandbox, or of a test.
    pub fn trusting(key: PublicKey) -> Self {
        Self(sign::CallbackVerifier::trusting(key))
    }

    /// Trusts one more key, for the time of a key rotation.
    #[must_use]
    pub fn and_key(self, key: PublicKey) -> Self {
        Self(self.0.and_key(key))
    }

    /// Sets the largest body that is accepted, in bytes; 64 KiB at first.
    #[must_use]
    pub fn max_bytes(self, bytes: usize) -> Self {
        Self(self.0.max_bytes(bytes))
    }

    /// The largest body that is accepted, in bytes: what to limit the reading of the body to.
    pub fn limit(&self) -> usize {
        self.0.limit()
    }

    /// Verifies the raw body against the value of the header `X-RESP-SIGNATURE`, `None` if there is no such header,
    /// and reads it.
    ///
    /// # Errors
    ///
    /// [`CallbackRefused`](crate::ErrorKind::CallbackRefused) if the signature is missing, malformed or does not fit, or
    /// the body is too large; [`CallbackUnreadable`](crate::ErrorKind::CallbackUnreadable) if it is signed but its body
    /// lacks what a callback must have.
    pub fn verify(&self, signature: Option<&str>, body: &[u8]) -> Result<Verified<Callback>, Error> {
        let form = self.0.verify(signature, body).map_err(Error::callback_refused)?;
        let value = Callback::from_slice(body).map_err(Error::callback_unreadable)?;
        Ok(Verified { value, form })
    }
}
