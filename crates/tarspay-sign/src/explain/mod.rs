//! Why does my signature fail? Tries the likely mistakes of a signer, and names the ones that fit.
//!
//! Given what a gateway received, an [`Inquiry`] tries each known [`Mistake`] and each pair of mistakes, and says which
//! of them give the signature. For sandboxes, support tools and tests; not for the way of a request.
//!
//! ```
//! use tarspay_sign::explain::{Inquiry, Mistake, Outcome};
//! use tarspay_sign::{Digest, PrivateKey};
//!
//! let key = PrivateKey::generate()?;
//! // A signer that forgot to sort.
//! let signed = "POST|/api/balanceInfo|1704180814988|mchNo=M1688443086&currency=BRA";
//! let signature = key.sign(&Digest::of(signed)).to_string();
//!
//! let body = br#"{"mchNo":"M1688443086","currency":"BRA"}"#;
//! let explanation = Inquiry::request("/api/balanceInfo", "1704180814988", body)
//!     .key(&key.public_key())
//!     .signature(&signature)
//!     .investigate();
//! assert_eq!(explanation.outcome(), Outcome::Explained);
//! assert_eq!(explanation.mistakes(), [Mistake::MembersUnsorted]);
//!
//! let finding = explanation.finding().expect("it was explained");
//! assert_eq!(finding.signed_text(), signed);
//! let difference = finding.first_difference().expect("the texts differ");
//! assert_eq!((difference.offset(), difference.place()), (36, r#"member "currency""#));
//!
//! println!("{explanation}"); // names the mistake and what to do; no values, fit for a log
//! println!("{}", explanation.report()); // both texts too
//! # Ok::<(), tarspay_sign::Error>(())
//! ```
//!
//! # It accepts nothing
//!
//! An [`Explanation`] is not a verification, and there is no way from one to the other. A signature that fits a wrong
//! text is a wrong signature. [`Outcome::NothingToExplain`] says that none of the mistakes was made, not that a
//! request may be acted upon.
//!
//! # What is tried
//!
//! - One or two slips in the text (order, encoding, members, path, nonce, parts, ends, character set), or one slip and
//!   a wrong hash; each with every known key. What can be seen on the signature itself (raw, base64, high `s`) comes
//!   on top. Slips that need another slip to make sense, as JSON in the manner of one encoder, count as one.
//! - Texts that are equal are tried once. Of two explanations the shorter is given, then the one whose mistakes were
//!   tried first; [`Finding::equivalents`] holds the others of that length.
//! - Bodies that cannot be signed (names twice, fractions, nested values, no JSON) are tried too, and reported as
//!   [`Mistake::BodyWithoutRule`].
//! - Not tried: a key on another curve. A signature on P-256 cannot be told from a random one.
//!
//! # Limits
//!
//! | limit | value |
//! |---|---|
//! | body, path, nonces and hosts together | [`MAX_INQUIRY_BYTES`] |
//! | different digests compared with the keys | [`MAX_CANDIDATES`] |
//! | text built | [`MAX_TEXT_BYTES`], and one text more |
//! | known keys | [`MAX_KNOWN_KEYS`] |
//! | other nonces and hosts | four each |
//!
//! A digest costs one multiplication on the curve, whatever the number of keys. A usual body has one to three thousand
//! digests, some tens of milliseconds in an optimised build. [`Explanation::is_complete`] says whether a limit was met.

mod base64;
mod body;
mod callback_slips;
mod curve;
mod difference;
mod escape;
mod explanation;
mod finding;
mod hashing;
mod inquiry;
mod json_text;
mod mistake;
mod numbers;
mod parameters;
mod reading;
mod recipe;
mod report;
mod request_slips;
mod search;
mod slips;

pub use difference::Difference;
pub use explanation::{Explanation, Outcome};
pub use finding::{Finding, Signer};
pub use inquiry::{Inquiry, MAX_INQUIRY_BYTES, MAX_KNOWN_KEYS};
pub use mistake::Mistake;
pub use report::Report;
pub use search::{MAX_CANDIDATES, MAX_TEXT_BYTES};
