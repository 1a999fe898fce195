//! Bangladesh: the wallets bKash and Nagad in `BDT`, and the calls about a wallet transaction.
//!
//! The vendor marks these calls as under development; expect that the gateway refuses them.

use super::field::{Field, Format};
use super::way::ways;
use super::{Certainty, ExtraCall, LookupStatus, Market, Offer};
use crate::amount::Amount;
use crate::decode::{Decode, DecodeError, Unread, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::members::{Members, RawJson};
use crate::model::{model, request};
use crate::private::PrivateText;
use crate::request::{Effect, Request};
use crate::scalar::open_codes;
use crate::text::{CountryCode, Currency, MerchantNo, MerchantOrderNo, PayOrderId, TrxId, check};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;

/// The currency of every order.
pub const CURRENCY: Currency = Currency::BDT;

ways! {
    "Bangladesh";
    EWALLET_BKASH = "EWALLET_BKASH", "bKash wallet"
        deposit ["100".."30,000"] "agent"
        withdrawal ["100".."50,000"];
    EWALLET_NAGAD = "EWALLET_NAGAD", "Nagad wallet"
        deposit ["100".."30,000"] "agent"
        withdrawal ["100".."50,000"];
    EWALLET_BKASH_OFFICIAL = "EWALLET_BKASH_OFFICIAL", "bKash wallet, official"
        deposit ["50".."75,000"] "under maintenance, not supported for now" .not_open();
}

/// All that is known about Bangladesh.
pub static MARKET: Market = Market {
    name: "Bangladesh",
    key: "bangladesh",
    reference: "docs/markets.md#bangladesh",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: Some(CountryCode::BANGLADESH),
    notes: &[],
    deposit: Offer {
        pages: "tarspay-en api-287746203",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::open("amount", "").like("100"),
            Field::open("currency", ""),
            Field::open("wayCode", ""),
            Field::open("customerContact", "format not documented").like("01011111111"),
            Field::open("returnUrl", ""),
        ],
        notes: &[
            "Response: `payData` and `payWays.ewallet[].payCode` hold an 11-digit number with leading 0, \
             probably the agent's wallet `[inferred]`; `expiredTime`, `requestUrl`, `body`; \
             `customerContact` keeps its 0.",
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer {
        pages: "tarspay-en api-287746207",
        ways: WITHDRAWAL_WAYS,
        fields: &[
            Field::required("amount", "").format_of(Format::WholeAmount),
            Field::required("currency", ""),
            Field::required("wayCode", ""),
            Field::required("walletId", "payee's wallet")
                .payee()
                .format_of(Format::Digits { prefix: "0", count: 11 }),
        ],
        notes: &["No name, e-mail or contact is listed."],
        ..Offer::NOTHING
    },
    extra_calls: Some(&[
        ExtraCall {
            name: "Query TrxId",
            path: Some("/api/trxQuery"),
            reference: "docs/wire.md section 7.10",
            under_development: true,
        },
        ExtraCall {
            name: "Reprocess TrxId",
            path: Some("/api/trxSupplement"),
            reference: "docs/wire.md section 7.11",
            under_development: true,
        },
        ExtraCall {
            name: "Submit TrxId, for merchants with their own cashier page",
            path: Some("/api/bd/{payOrderId}/{trxId}"),
            reference: "docs/wire.md section 7.12",
            under_development: true,
        },
    ]),
    contradictions: &[
        "Deposit response example: amount 48888, over the maximum of 30,000, and of another order.",
        "Withdrawal page: the headers of key and nonce optional, a name printed `X-API-SIGNA TURE`.",
        "One `sign` value stands under two different TrxId responses; the query response lacks two members \
         that its schema requires.",
    ],
    not_documented: "Types and required flags of a deposit; the response to a withdrawal; the pages of order \
         queries, balance and callback; a table of codes.",
};

request! {
    /// Looks up a wallet transaction; Bangladesh only (`docs/wire.md`, section 7.10). The response is a
    /// [`Transaction`]. Marked as under development: expect a refusal.
    ///
    /// Brazil has [another call](super::brazil::DepositByTrxIdQuery).
    pub struct TransactionQuery: Read, "/api/trxQuery" -> Transaction {
        pub new {
            /// The transaction id of the wallet.
            trx_id: TrxId = "trxId";
        }
        optional {}
    }
}

model! {
    /// What the gateway knows about a wallet transaction (`docs/wire.md`, section 7.10).
    pub struct Transaction {
        required {
            /// The outcome.
            status: LookupStatus = "status";
        }
        optional {
            /// The gateway's text, `not paid` in the example. `Debug` does not show it.
            message: PrivateText = "message";
            /// The transaction id of the wallet.
            trx_id: TrxId = "trxId";
            /// The amount. Absent in the example although called required.
            amount: Amount = "amount";
            /// The order that has used this transaction, if there is one.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
        }
    }
}

impl Transaction {
    /// A lookup, as a gateway sends it; the rest can be set field by field.
    pub fn new(status: LookupStatus, trx_id: TrxId) -> Self {
        Self { trx_id: Some(trx_id), ..Self::with_required(status) }
    }
}

request! {
    /// Settles an order that the payer paid and that was not settled; Bangladesh only
    /// (`docs/wire.md`, section 7.11). The response is a [`Reprocessing`]. Marked as under
    /// development: expect a refusal.
    ///
    /// It changes the order, and whether it may be repeated is not documented: look at the order first.
    pub struct ReprocessingRequest: Other, "/api/trxSupplement" -> Reprocessing, about merchant_order_no,
        echoes { merchant_order_no, trx_id } {
        pub new {
            /// The transaction id of the wallet.
            trx_id: TrxId = "trxId";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
        }
        optional {}
    }
}

model! {
    /// What came of reprocessing (`docs/wire.md`, section 7.11). The outcome is
    /// [`status`](Reprocessing::status): a failure comes with code 0 too.
    pub struct Reprocessing {
        required {
            /// The outcome: 1 is success, anything else is not.
            status: ReprocessStatus = "status";
        }
        optional {
            /// The gateway's text. `Debug` does not show it.
            message: PrivateText = "message";
            /// The gateway's number of the order.
            pay_order_id: PayOrderId = "payOrderId";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The transaction id of the wallet.
            trx_id: TrxId = "trxId";
        }
    }
}

impl Reprocessing {
    /// An outcome, as a gateway sends it; the rest can be set field by field.
    pub fn new(
        status: ReprocessStatus,
        pay_order_id: PayOrderId,
        merchant_order_no: MerchantOrderNo,
        trx_id: TrxId,
    ) -> Self {
        Self {
            pay_order_id: Some(pay_order_id),
            merchant_order_no: Some(merchant_order_no),
            trx_id: Some(trx_id),
            ..Self::with_required(status)
        }
    }
}

open_codes! {
    /// What came of reprocessing a payment, `status` (`docs/wire.md`, section 7.11): 1 is success,
    /// anything else is not. A failure still has `code` 0 in its envelope.
    pub struct ReprocessStatus = "reprocess status" {
        FAILED = 0, "failed";
        SUCCESS = 1, "success";
    }
}

impl ReprocessStatus {
    /// Whether the order was settled: 1 alone.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::SUCCESS)
    }
}

const PATH: &str = "/api/bd/";

/// Hands in the transaction id of a payment; Bangladesh only, for merchants with a cashier page of
/// their own (`docs/wire.md`, section 7.12). The response is a [`Submission`]. Marked as under
/// development: expect a refusal.
///
/// Without a correct transaction id, handed in after the payment, such an order gets no callback.
///
/// Both values stand in the path and there is no body. They may hold ASCII letters and digits only
/// (our rule), so that a value can never become another path.
///
/// The JSON of this type, an object with `payOrderId` and `trxId`, is never sent; it is for those
/// who keep requests.
///
/// ```
/// use tarspay_types::market::bangladesh::SubmissionRequest;
/// use tarspay_types::{MerchantNo, PayOrderId, Request, TrxId};
///
/// let submit = SubmissionRequest::new(PayOrderId::new("P1560179978363322369")?, TrxId::new("BI63CWYFV9")?)?;
/// assert_eq!(submit.path(), "/api/bd/P1560179978363322369/BI63CWYFV9");
/// assert_eq!(submit.body(&MerchantNo::new("M1658884178")?)?, None);
///
/// assert!(SubmissionRequest::new(PayOrderId::new("P1/../..")?, TrxId::new("BI63CWYFV9")?).is_err());
/// # Ok::<(), tarspay_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionRequest {
    pay_order_id: PayOrderId,
    trx_id: TrxId,
}

impl SubmissionRequest {
    /// The request for this order and this transaction.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotAlphanumeric`] when one of them holds anything else than ASCII letters and
    /// digits; [`TooLong`](ErrorKind::TooLong) when one that was read from JSON has more than 128
    /// bytes.
    pub fn new(pay_order_id: PayOrderId, trx_id: TrxId) -> Result<Self, Error> {
        for (what, text) in [("pay order id", pay_order_id.as_str()), ("transaction id", trx_id.as_str())] {
            if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(Error::new(what, ErrorKind::NotAlphanumeric));
            }
            check(what, text)?;
        }
        Ok(Self { pay_order_id, trx_id })
    }

    /// Reads the request from the path of a call, for whoever receives one. `None` when it is the
    /// path of another call, or holds values that [`new`](SubmissionRequest::new) refuses.
    pub fn from_path(path: &str) -> Option<Self> {
        let (pay_order_id, trx_id) = path.strip_prefix(PATH)?.split_once('/')?;
        Self::new(PayOrderId::new(pay_order_id).ok()?, TrxId::new(trx_id).ok()?).ok()
    }

    /// The gateway's number of the order.
    pub const fn pay_order_id(&self) -> &PayOrderId {
        &self.pay_order_id
    }

    /// The transaction id of the wallet.
    pub const fn trx_id(&self) -> &TrxId {
        &self.trx_id
    }
}

impl Request for SubmissionRequest {
    type Response = Submission;

    fn path(&self) -> Cow<'_, str> {
        format!("{PATH}{}/{}", self.pay_order_id, self.trx_id).into()
    }

    fn effect(&self) -> Effect {
        Effect::Other
    }

    fn body(&self, _: &MerchantNo) -> Result<Option<Members>, Error> {
        Ok(None)
    }
}

impl Serialize for SubmissionRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("payOrderId", &self.pay_order_id)?;
        map.serialize_entry("trxId", &self.trx_id)?;
        map.end()
    }
}

impl Decode for SubmissionRequest {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let mut members = Unread::from_json(json)?;
        Ok(Self::new(members.require(&["payOrderId"])?, members.require(&["trxId"])?)?)
    }
}

deserialize_by_decode!(SubmissionRequest);

/// A transaction id was handed in (`docs/wire.md`, section 7.12). The documented response has no
/// `data`; whether the id was correct shows in the order.
///
/// A server sends [`Envelope::without_data`](crate::Envelope::without_data).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Submission {
    /// What came as `data` all the same.
    pub data: Option<RawJson>,
}

impl Submission {
    /// The documented response: nothing.
    pub const fn new() -> Self {
        Self { data: None }
    }
}

impl Serialize for Submission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.data.serialize(serializer)
    }
}

impl Decode for Submission {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        Decode::from_json(json).map(|data| Self { data })
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

deserialize_by_decode!(Submission);
