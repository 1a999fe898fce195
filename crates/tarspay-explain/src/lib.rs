//! Why does my signature fail? Tries the likely mistakes of a signer, and names the ones that fit.
//!
//! Given what a gateway received, a [`FailedSignature`] tries each known [`Mistake`] and each pair of mistakes, and says
//! which of them give the signature. For sandboxes, support tools and tests; a production service only verifies, with
//! [`sign`].
//!
//! ```
//! use tarspay_explain::sign::{Digest, PrivateKey};
//! use tarspay_explain::{FailedSignature, Mistake, Outcome};
//!
//! fn explain(key: &PrivateKey) {
//!     // A signer that forgot to sort.
//!     let signed = "POST|/api/balanceInfo|1704180814988|mchNo=M1688443086&currency=BRA";
//!     let signature = key.sign(&Digest::of(signed)).to_string();
//!
//!     let body = br#"{"mchNo":"M1688443086","currency":"BRA"}"#;
//!     let explanation = FailedSignature::of_request("/api/balanceInfo", "1704180814988", body)
//!         .key(&key.public_key())
//!         .signature(&signature)
//!         .explain();
//!     assert_eq!(explanation.outcome(), Outcome::Explained);
//!     assert_eq!(explanation.mistakes(), [Mistake::MembersUnsorted]);
//!
//!     let finding = explanation.finding().expect("it was explained");
//!     assert_eq!(finding.signed_text(), signed);
//!     let difference = finding.first_difference().expect("the texts differ");
//!     assert_eq!((difference.offset(), difference.place()), (36, r#"member "currency""#));
//!
//!     println!("{explanation}"); // names the mistake and what to do; no values, so it may be logged
//!     println!("{}", explanation.report()); // with both texts
//! }
//! # explain(&PrivateKey::generate().unwrap());
//! ```
//!
//! # It accepts nothing
//!
//! An [`Explanation`] is not a verification, and cannot be turned into one. A signature that fits a wrong text is a wrong
//! signature. [`Outcome::NothingToExplain`] says that none of the mistakes was made, not that a request may be acted upon.
//!
//! # What is tried
//!
//! - One or two changes to the right text (order, encoding, members, path, nonce, parts, ends, character set), or one
//!   change and a wrong hash; each with every known key. Whatever can be seen on the signature itself (raw, base64, high
//!   `s`) comes on top. Changes that only make sense together, such as the habits of one JSON encoder, count as one.
//! - Equal texts are tried once. Of two explanations the shorter is given, then the one whose mistakes were tried first;
//!   [`Finding::equivalents`] holds the others of that length.
//! - Bodies that cannot be signed are tried too, as a lenient reader takes them. What is wrong with the body is reported
//!   besides ([`Mistake::BodyByteOrderMark`], [`Mistake::BodyWithoutRule`] and others), also if nothing else is found.
//! - Not tried: a key on another curve. A signature on P-256 cannot be told from a random one.
//!
//! # Limits
//!
//! | limit | value |
//! |---|---|
//! | body, path, nonces and hosts together | [`MAX_INPUT_BYTES`] |
//! | different digests compared with the keys | [`MAX_CANDIDATES`], or [`FailedSignature::max_candidates`] |
//! | text built | 2 KiB for each of these digests, and one text more |
//! | other nonces and hosts | four each |
//!
//! A digest costs 32 additions on the curve, whatever the number of keys. A usual body has one to four thousand
//! digests, which take some tens of milliseconds in an optimised build; the first search of a process makes a table of
//! 400 KB besides. [`Explanation::is_complete`] says whether a limit was reached.
#![forbid(unsafe_code)]

mod aligned;
mod body;
mod candidate;
mod changes;
mod encode;
mod explanation;
mod failed_signature;
mod finding;
mod mistake;
mod search;
mod signature;

pub use aligned::Aligned;
pub use explanation::{Explanation, Outcome, Report};
pub use failed_signature::{FailedSignature, MAX_INPUT_BYTES};
pub use finding::{Difference, Finding, Signer};
pub use mistake::Mistake;
pub use search::MAX_CANDIDATES;

/// Keys, digests and the right text, from the crate that this one stands on.
pub use tarspay_sign as sign;
