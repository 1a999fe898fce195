//! Callbacks (webhooks): verified, read, and passed on only if they name our merchant.

#[cfg(feature = "axum")]
pub(crate) mod extract;
#[cfg(any(feature = "axum", feature = "tower"))]
pub(crate) mod http;
#[cfg(feature = "tower")]
pub(crate) mod layer;
pub(crate) mod signed;

use crate::sign::{self, PublicKey, SignedForm};
use crate::types::{Callback, Decode as _, MerchantNo};
use crate::{Error, env};
use std::fmt;

/// A callback that a [`CallbackVerifier`] has accepted. It is signed with a trusted key and, unless
/// any merchant is accepted, names our merchant number. Only the verifier makes one.
///
/// ```
/// use tarspay::{Verified, types::Callback};
///
/// // A handler that cannot be called with an unverified callback.
/// fn on_callback(callback: &Verified<Callback>) -> String {
///     let Callback { merchant_order_no, state, .. } = callback.get();
///     format!("{merchant_order_no} is now {state}")
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    form: SignedForm,
    body: Vec<u8>,
    signature: String,
}

impl<T> Verified<T> {
    /// The verified value.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// The verified value, without the proof.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The form in which the body was signed.
    pub fn signed_form(&self) -> SignedForm {
        self.form
    }

    /// The raw body as received, for an audit table. It can contain personal data.
    pub fn raw_body(&self) -> &[u8] {
        &self.body
    }

    /// The value of the header `X-RESP-SIGNATURE` as received, for an audit table. It does not
    /// identify a callback, because one callback has several valid signatures.
    pub fn signature(&self) -> &str {
        &self.signature
    }
}

impl<T: fmt::Debug> fmt::Debug for Verified<T> {
    /// Shows only the length of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("value", &self.value)
            .field("form", &self.form)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Verifies and reads callbacks (webhooks), and accepts those for your merchant number only.
///
/// One system key signs the callbacks of all merchants. Somebody else can register, place a deposit
/// with your order number, your amount and your notify URL, and pay it: the gateway then posts a
/// success to you, and its signature is valid. Therefore a callback that names another merchant, or
/// does not name one, is refused.
///
/// Respond to a verified callback with the bare text `OK` once it is stored, whatever its state.
/// The same callback can come several times, and anyone who has seen one can send it again.
/// [`Callback`] and the examples `callback_axum` and `callback_hyper` show what to compare before
/// you book it.
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
/// let verifier = CallbackVerifier::production("M1696154848".parse()?);
/// let callback = verifier.verify(Some(signature), body)?;
/// assert_eq!(callback.get().state, OrderState::FAILED);
///
/// let somebody_else = CallbackVerifier::production("M1655535407".parse()?);
/// assert!(somebody_else.verify(Some(signature), body).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CallbackVerifier {
    signatures: sign::CallbackVerifier,
    /// The merchants whose callbacks are accepted; `None` for all.
    merchants: Option<Vec<MerchantNo>>,
    #[cfg(any(feature = "axum", feature = "tower"))]
    receiver: http::Receiver,
}

impl CallbackVerifier {
    /// Trusts the gateway's own key, and accepts callbacks for this merchant.
    pub fn production(merchant_no: MerchantNo) -> Self {
        Self::new(merchant_no, sign::CallbackVerifier::production())
    }

    /// Trusts another key: that of a sandbox, or of a test. Accepts callbacks for this merchant.
    pub fn trusting(merchant_no: MerchantNo, key: PublicKey) -> Self {
        Self::new(merchant_no, sign::CallbackVerifier::trusting(key))
    }

    fn new(merchant_no: MerchantNo, signatures: sign::CallbackVerifier) -> Self {
        Self {
            signatures,
            merchants: Some(vec![merchant_no]),
            #[cfg(any(feature = "axum", feature = "tower"))]
            receiver: http::Receiver::default(),
        }
    }

    /// Reads the environment. Accepts callbacks for the merchant in `TARSPAY_MERCHANT_ID`. Trusts
    /// the key in `TARSPAY_SYSTEM_PUBLIC_KEY` (a sandbox prints its key), by default the gateway's
    /// own. An empty variable counts as not set.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid), naming the variable that is missing or cannot be
    /// used.
    pub fn from_env() -> Result<Self, Error> {
        let merchant_no = env::required("TARSPAY_MERCHANT_ID")?;
        Ok(match env::optional("TARSPAY_SYSTEM_PUBLIC_KEY")? {
            Some(key) => Self::trusting(merchant_no, key),
            None => Self::production(merchant_no),
        })
    }

    /// Trusts one more key, for example during a key rotation.
    #[must_use]
    pub fn and_key(self, key: PublicKey) -> Self {
        Self { signatures: self.signatures.and_key(key), ..self }
    }

    /// Accepts callbacks for one more of your merchant numbers. Then store orders by merchant
    /// number and order number.
    #[must_use]
    pub fn and_merchant(mut self, merchant_no: MerchantNo) -> Self {
        if let Some(merchants) = &mut self.merchants {
            merchants.push(merchant_no);
        }
        self
    }

    /// Accepts callbacks for every merchant, including strangers. Compare
    /// [`merchant_no`](Callback::merchant_no) yourself before you book anything.
    #[must_use]
    pub fn accept_any_merchant(self) -> Self {
        Self { merchants: None, ..self }
    }

    /// Precomputes the keys now, when a server starts: see
    /// [`sign::CallbackVerifier::prepared`](crate::sign::CallbackVerifier::prepared).
    #[must_use]
    pub fn prepared(self) -> Self {
        Self { signatures: self.signatures.prepared(), ..self }
    }

    /// Sets the largest body that is accepted, in bytes. Default: 64 KiB.
    #[must_use]
    pub fn max_bytes(self, bytes: usize) -> Self {
        Self { signatures: self.signatures.max_bytes(bytes), ..self }
    }

    /// The largest body that is accepted, in bytes. Read no more of a body than this.
    pub fn limit(&self) -> usize {
        self.signatures.limit()
    }

    /// Verifies the raw body against the value of the header `X-RESP-SIGNATURE` (`None` if the
    /// header is missing), reads it, and compares the merchant number.
    ///
    /// # Errors
    ///
    /// In this order: [`CallbackRefused`](crate::ErrorKind::CallbackRefused) if the signature is
    /// missing, malformed or does not fit, or the body is too large;
    /// [`CallbackUnreadable`](crate::ErrorKind::CallbackUnreadable) if it is signed but its body
    /// lacks what a callback must have;
    /// [`CallbackForOtherMerchant`](crate::ErrorKind::CallbackForOtherMerchant) if it names another
    /// merchant, or does not name one.
    pub fn verify(&self, signature: Option<&str>, body: &[u8]) -> Result<Verified<Callback>, Error> {
        let form = self.signatures.verify(signature, body).map_err(Error::callback_refused)?;
        let value = Callback::from_slice(body).map_err(Error::callback_unreadable)?;
        if let Some(merchants) = &self.merchants
            && !value.merchant_no.as_ref().is_some_and(|named| merchants.contains(named))
        {
            return Err(Error::callback_for_other_merchant());
        }
        let signature = signature.unwrap_or_default().to_owned();
        Ok(Verified { value, form, body: body.to_vec(), signature })
    }
}
