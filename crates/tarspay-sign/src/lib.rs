//! Request signatures and callback verification for the TarsPay payment gateway.
//!
//! This crate is usable alone: no HTTP, no async runtime, no models. It signs requests and verifies
//! callbacks (webhooks). Every rule is in `docs/signing.md`, and every fact behind it in
//! `docs/wire.md`.
//!
//! # Sign a request
//!
//! Each stage can be inspected: parameters → string to sign → digest → signature → headers.
//!
//! ```
//! use tarspay_sign::{Error, NonceSource, Parameters, PrivateKey, RequestToSign};
//!
//! fn sign_a_balance_query(key: &PrivateKey) -> Result<(), Error> {
//!     let nonces = NonceSource::shared(&key.public_key()); // one for all requests of a key
//!     let parameters = Parameters::from_json(br#"{"mchNo":"M1688443086"}"#)?; // or any Serialize value
//!     let request = RequestToSign::new("/api/balanceInfo", nonces.next_nonce(), parameters)?;
//!     println!("{}", request.string_to_sign());
//!     println!("{}", request.digest());
//!
//!     let signed = request.sign(key);
//!     for (name, value) in signed.headers().pairs() {
//!         println!("{name}: {value}");
//!     }
//!     Ok(()) // send `signed.body()` byte for byte
//! }
//! # sign_a_balance_query(&PrivateKey::generate().unwrap()).unwrap();
//! ```
//!
//! A key that lives in a KMS or an HSM signs the digest there; see [`RequestToSign::with_signature`].
//!
//! # Verify a callback
//!
//! ```
//! use tarspay_sign::{CallbackVerifier, Error, SignedForm};
//!
//! fn verify(signature: Option<&str>, body: &[u8]) -> Result<SignedForm, Error> {
//!     // The value of the header X-RESP-SIGNATURE, and the raw body.
//!     CallbackVerifier::production().verify(signature, body)
//! }
//! # // A real callback.
//! # let signature = "3046022100ae8634a9db66c069030483012e7d0e38ebca6d924b82d8bb2e240764dafeb4f3\
//! #                  022100ba3e3bd90346652e681b4b1b25e55d983002d84160fb9c696fb20ea3e4742e76";
//! # let body = br#"{"bizType":2,"currency":"IDR","failReason":"payment failed","fee":"6973","mchNo":"M1696154848","mchOrderNo":"1184196902791413760","orderAmount":"31500","payAmount":"31500","payOrderId":"P1734517376779485186","state":3}"#;
//! # assert_eq!(verify(Some(signature), body).unwrap(), SignedForm::AsReceived);
//! ```
//!
//! One system key signs for all merchants, so then compare `mchNo` in the body with your own number.
//!
//! # Why does my signature fail?
//!
//! Compare [`RequestToSign::string_to_sign`] with yours byte by byte; then the digest: it is
//! SHA-256 of SHA-256, not of the text alone. `docs/signing.md` lists the usual causes. The crate
//! `tarspay-explain` looks for them: it names the mistakes that give a signature, and never accepts
//! one.
#![forbid(unsafe_code)]

/// The ways from text to a type with a `from_hex`.
macro_rules! read_from_hex {
    ($type:ident) => {
        impl std::str::FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::from_hex(text)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = Error;

            fn try_from(text: &str) -> Result<Self, Error> {
                Self::from_hex(text)
            }
        }
    };
}

mod callback;
mod digest;
mod error;
mod key;
mod members;
mod nonce;
mod parameters;
mod prepared;
mod request;
mod signature;
mod stored_key;

pub use callback::{
    CALLBACK_SIGNATURE_HEADER, CallbackText, CallbackVerifier, DEFAULT_MAX_CALLBACK_BYTES, SignedForm,
};
pub use digest::Digest;
pub use error::{Error, ErrorKind};
pub use key::{PrivateKey, PublicKey, SYSTEM_PUBLIC_KEY};
pub use members::{Member, Members};
pub use nonce::{Clock, Nonce, NonceSource, SystemClock};
pub use parameters::Parameters;
pub use prepared::PreparedKey;
pub use request::{
    API_KEY_HEADER, API_NONCE_HEADER, API_SIGNATURE_HEADER, Headers, RequestToSign, SignedRequest,
};
pub use signature::{Signature, SignaturePolicy};
