//! The vocabulary of the TarsPay payment gateway: requests, responses, callbacks, amounts, states
//! and codes.
//!
//! Models only: nothing here sends, signs or encrypts. The rules come from `docs/wire.md` in the
//! repository; where the gateway's documentation contradicts itself, the models are strict in what
//! they write and lenient in what they read.
//!
//! # A tour
//!
//! An [`Amount`] is exact decimal text. What goes in comes out, and comparison goes by value:
//!
//! ```
//! use tarspay_types::{Amount, Error};
//!
//! fn compare() -> Result<(), Error> {
//!     let amount = Amount::parse("100.00")?;
//!     assert_eq!(amount.to_string(), "100.00");
//!     assert!(amount == Amount::from(100_u32) && amount < Amount::parse("100.01")?);
//!     Ok(())
//! }
//! # compare().unwrap();
//! ```
//!
//! Numbers of merchants and orders are types of their own ([`MerchantNo`], [`MerchantOrderNo`],
//! [`PayOrderId`], [`TrxId`], [`Utr`]), so they cannot be mixed up. Sets that the gateway may widen
//! are open: [`OrderState`], [`BizType`], [`ErrorCode`], [`Currency`], [`CountryCode`],
//! [`WayCode`], [`PayDataType`]. Known values are constants; an unknown one survives:
//!
//! ```
//! use tarspay_types::OrderState;
//!
//! fn keep_an_unknown_state() {
//!     let state = OrderState::from_code(7);
//!     assert!(!state.is_known() && !state.is_ended() && !state.counts_as_failure());
//!     assert_eq!(state.code(), 7);
//! }
//! # keep_an_unknown_state();
//! ```
//!
//! A [`Request`] names its path and its response. A response comes in an [`Envelope`]:
//!
//! ```
//! use std::error::Error;
//! use tarspay_types::{Balance, BalanceQuery, Decode, Envelope, MerchantNo, Request};
//!
//! fn read_a_balance(merchant: &MerchantNo, response: &[u8]) -> Result<Balance, Box<dyn Error>> {
//!     let _body = BalanceQuery::new().body(merchant)?; // sign it, send it, then read what came back
//!     Ok(Envelope::from_slice(response)?.into_result()?)
//! }
//! # let merchant = MerchantNo::new("M1688443086").unwrap();
//! # let response = br#"{"code":0,"data":{"availableAmount":"11713783","frozenAmount":0,"new":1.0},"msg":"SUCCESS"}"#;
//! # let balance = read_a_balance(&merchant, response).unwrap();
//! # assert_eq!(balance.frozen_amount, tarspay_types::Amount::ZERO);
//! # assert_eq!(balance.extra.get("new"), Some("1.0"));
//! ```
//!
//! # Calls
//!
//! | call | request | response | effect |
//! |---|---|---|---|
//! | query balance | [`BalanceQuery`] | [`Balance`] | read |
//! | create deposit | [`DepositRequest`] | [`Deposit`] | creates |
//! | query deposit | [`OrderQuery::deposit`] | [`Order`] | read |
//! | create withdrawal | [`WithdrawalRequest`] | [`Withdrawal`] | creates |
//! | query withdrawal | [`OrderQuery::withdrawal`] | [`Order`] | read |
//! | payment certificate (Brazil) | [`CertificateQuery`](market::brazil::CertificateQuery) | [`Certificate`](market::brazil::Certificate) | read |
//! | query deposit by transaction id (Brazil) | [`DepositByTrxIdQuery`](market::brazil::DepositByTrxIdQuery) | [`DepositByTrxId`](market::brazil::DepositByTrxId) | read |
//! | query transaction (Bangladesh) | [`TransactionQuery`](market::bangladesh::TransactionQuery) | [`Transaction`](market::bangladesh::Transaction) | read |
//! | reprocess a deposit (Bangladesh) | [`ReprocessingRequest`](market::bangladesh::ReprocessingRequest) | [`Reprocessing`](market::bangladesh::Reprocessing) | changes an order |
//! | submit a transaction id (Bangladesh) | [`SubmissionRequest`](market::bangladesh::SubmissionRequest) | [`Submission`](market::bangladesh::Submission) | changes an order |
//! | query transfer by UTR (India) | [`TransferByUtrQuery`](market::india::TransferByUtrQuery) | [`TransferByUtr`](market::india::TransferByUtr) | read |
//!
//! A call that only one market has is in the market's module. A response has the name of its
//! request without `Query`, which only reads, or `Request`, which changes something.
//!
//! The result of an order comes as a [`Callback`]. What it, or the response to a query, says that
//! was not known before: [`OrderStatus::news_after`]. India's UTR replenishment is in the
//! documentation's menu, but its path is not documented, so it is not offered.
//!
//! A request takes what every market requires as arguments, what some want by setters, and what is
//! not documented by `with_extra`. [`Request::check`] runs before anything is sent. Create
//! responses require nothing: code 0 means that the order exists, whatever else came.
//!
//! # Personal data
//!
//! `Debug` shows order numbers, codes, amounts, currencies and ways, but of every free text only
//! its length ([`PrivateText`]), of a merchant's URL only scheme and host, and of unknown members
//! only their names. The one exception is the message of an [`Envelope`], which a [`Refusal`] needs
//! to say why.
//!
//! # Markets
//!
//! What each market offers and asks for is data: way codes, limits, fields, formats, bank codes. Type
//! `market::kenya::`, and see [`market`] for the check of a request before it is sent.
//!
//! # Reading
//!
//! All models read through [`Decode`], and through serde by way of it. What a caller cannot do
//! without is required. An optional member that is absent or cannot be used is `None`, and whatever
//! came stays in the model's `extra` ([`Members`]), so nothing is lost: a model that is read and
//! written again has the same members. The one exception is a member with two spellings that came
//! in both: the usable one is written under the first name, and hides an unusable one there.
//!
//! | oddity | is read as |
//! |---|---|
//! | a text for a number, a number for a text | what it stands for |
//! | `1.1713783E7`, `"0E-2"` as an [`Amount`] | 11713783, 0.00 |
//! | `"-1"`, `"1,600.00"` as an [`Amount`] | unknown: `None`, and the text in `extra` |
//! | the same in a [`Balance`] | -1, and an unknown value: see [`BalanceAmount`] |
//! | `2.0`, `2e0` as a code or a state | 2 |
//! | identifiers and words that are long or have blanks at their ends | as they came; [`Request::check`] refuses to send them |
//! | `data` that cannot be read | [`ResponseError::Unreadable`], with the rest in the [`Envelope`] |
//! | a byte order mark | nothing |
//! | bytes that are not UTF-8 | U+FFFD in texts for people, refused elsewhere |
//! | a member twice | refused, except in a refusal |
//!
//! Models are read from JSON text with `serde_json`; other formats cannot keep the text of numbers
//! and are refused. Scalars (amounts, numbers, states, words, URLs) are read and written in every
//! self-describing format: TOML, a path or a form, `#[serde(flatten)]`, untagged enums. A format
//! that guesses the type of a text (CSV) drops the zeros before a number; read such a column as
//! `String`, and convert it.
//!
//! # Errors
//!
//! [`Error`] for values and requests made here, [`DecodeError`] for JSON that came in,
//! [`ResponseError`] for a refusal. None of them repeats a value, except the gateway's own message
//! and code in a [`Refusal`]. The message is cut after 256 characters, and the name of a member
//! after 64.

mod amount;
mod balance;
mod callback;
mod decode;
mod deposit;
mod envelope;
mod error;
pub mod market;
mod members;
mod model;
mod order;
mod private;
mod request;
mod scalar;
mod text;
mod withdrawal;

pub use amount::Amount;
pub use balance::{Balance, BalanceAmount, BalanceQuery};
pub use callback::{Callback, DeduplicationKey};
pub use decode::{Decode, DecodeError, DecodeErrorKind};
pub use deposit::{Deposit, DepositRequest, PayWay, PayWays};
pub use envelope::{Envelope, ErrorCode, Refusal, ResponseError};
pub use error::{Error, ErrorKind};
pub use members::{Members, RawJson};
pub use order::{BizType, Direction, News, Order, OrderQuery, OrderState, OrderStatus};
pub use private::{NotifyUrl, PrivateText, ReturnUrl};
pub use request::{Effect, Request, WithMerchant};
pub use scalar::UnixSeconds;
pub use text::{
    CountryCode, Currency, MerchantNo, MerchantOrderNo, PayDataType, PayOrderId, TrxId, Utr, WayCode,
};
pub use withdrawal::{Withdrawal, WithdrawalRequest};

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
