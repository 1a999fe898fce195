//! Brazil: PIX in `BRA`, which is what the gateway calls the real; certificates, and deposits by
//! transaction id.

use super::field::{Field, Format};
use super::way::ways;
use super::{Certainty, ExtraCall, Market, Offer};
use crate::amount::Amount;
use crate::decode::{Decode, DecodeError, deserialize_by_decode};
use crate::error::{Error, ErrorKind};
use crate::members::RawJson;
use crate::model::{model, request};
use crate::order::OrderState;
use crate::text::{Currency, MerchantNo, MerchantOrderNo, PayOrderId, TrxId};
use serde::{Serialize, Serializer};

/// The currency of every order: `BRA`, not the ISO code `BRL`.
pub const CURRENCY: Currency = Currency::BRA;

ways! {
    "Brazil";
    CASHIER = "CASHIER", "The gateway's cashier page"
        deposit ["10".."50,000"];
    PIX = "PIX", "PIX"
        deposit ["10".."50,000"] "without the cashier page"
        withdrawal [] .seen();
}

/// All that is known about Brazil.
pub static MARKET: Market = Market {
    name: "Brazil",
    key: "brazil",
    reference: "docs/markets.md#brazil",
    live: true,
    currency: Some(CURRENCY),
    currency_certainty: Certainty::Documented,
    country_code: None,
    notes: &["The currency is fixed: `BRA`, not the ISO code `BRL`, which no page uses."],
    deposit: Offer {
        pages: "tarspay-en api-287746223",
        ways: DEPOSIT_WAYS,
        fields: &[
            Field::required("amount", "decimals not documented").like("83"),
            Field::required("currency", ""),
            Field::required("wayCode", ""),
            Field::required("body", "description of the goods").like("buy card"),
            Field::open("subject", "title of the goods; required on an older page").like("test"),
            Field::required(
                "customerName",
                "a note on a change of Brazilian policy goes with it; its text is not documented in full",
            )
            .like("GDW"),
            Field::optional("customerAccountNumber", "payer's bank card"),
            Field::optional("customerContact", "payer's mobile"),
            Field::optional("customerEmail", ""),
            Field::open("returnUrl", "required on an older page, absent from the newer example"),
        ],
        ..Offer::NOTHING
    },
    withdrawal: Offer {
        ways: WITHDRAWAL_WAYS,
        fields: &[
            Field::seen(
                "accountTax",
                "payee's CPF or CNPJ; the sample has 15 digits, neither 11 (CPF) nor 14 (CNPJ), so the \
                 length is not checked",
            )
            .format_of(Format::DigitsOnly)
            .like("112233445566778"),
            Field::seen("amount", "").like("10"),
            Field::seen("bankName", "type of the PIX key; the names of the other types are not documented")
                .like("PIX_EMAIL"),
            Field::seen("currency", ""),
            Field::seen("customerAccountNumber", "the PIX key")
                .payee()
                .format_of(Format::Email)
                .when("bankName", "PIX_EMAIL"),
            Field::seen("customerContact", "the sample has 11 digits, no country code"),
            Field::seen("customerEmail", ""),
            Field::seen("customerName", "may hold non-ASCII letters, signed over their raw UTF-8 bytes")
                .like("SÉRNHG OODS12"),
            Field::seen("wayCode", ""),
        ],
        notes: &["No page describes it; all of this was seen in working merchant code."],
        ..Offer::NOTHING
    },
    extra_calls: Some(&[
        ExtraCall {
            name: "Query TrxId",
            path: Some("/api/orderInfo/trxId"),
            reference: "docs/wire.md section 7.7",
            under_development: false,
        },
        ExtraCall {
            name: "Withdrawal payment certificate",
            path: Some("/api/payOutProof"),
            reference: "docs/wire.md section 7.5",
            under_development: false,
        },
    ]),
    contradictions: &[
        "Balance response: the schema says `machNo`, the example `mchNo` (tarspay-en api-287746229).",
        "The callback sample verifies with currency `IDR` only (vector C1); its amounts are an Indonesian \
         order's.",
        "The deposit, TrxId and balance pages carry headers that fit no body or are marked optional: \
         docs/wire.md section 3.",
        "An older page (tarspay-all-eg doc-3095260) requires `returnUrl`, has no `customerName`, and a \
         merchant number `80002` instead of `M…`.",
    ],
    not_documented: "The response to a deposit; the pages of query deposit and query withdrawal; for \
         withdrawals the limits, the other types of PIX key (CPF, CNPJ, phone, random key) and the \
         required flags; the response to the certificate; the rest of the TrxId response; a table of codes.",
};

request! {
    /// Asks for the payment certificate of a withdrawal; Brazil only (`docs/wire.md`, section 7.5).
    /// The response is a [`Certificate`].
    ///
    /// Needs one of the two numbers, and both may be given.
    pub struct CertificateQuery: Read, "/api/payOutProof" -> Certificate, about merchant_order_no,
        checked by CertificateQuery::names_an_order {
        new {}
        optional {
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The gateway's number of the order.
            pay_order_id: PayOrderId = "payOrderId";
        }
    }
}

impl CertificateQuery {
    /// The request for the withdrawal with this `mchOrderNo`.
    pub fn by_merchant_order_no(merchant_order_no: MerchantOrderNo) -> Self {
        Self::new().merchant_order_no(merchant_order_no)
    }

    /// The request for the withdrawal with this `payOrderId`.
    pub fn by_pay_order_id(pay_order_id: PayOrderId) -> Self {
        Self::new().pay_order_id(pay_order_id)
    }

    const fn names_an_order(&self) -> Result<(), Error> {
        if self.merchant_order_no.is_none() && self.pay_order_id.is_none() {
            return Err(Error::new("`mchOrderNo` or `payOrderId`", ErrorKind::Missing));
        }
        Ok(())
    }
}

/// A payment certificate: whatever JSON the gateway sends as `data`, since nothing about it is
/// documented (`docs/wire.md`, section 7.5).
///
/// ```
/// use tarspay_types::{Decode, Envelope, market::brazil::Certificate};
///
/// let bytes = br#"{"code":0,"msg":"SUCCESS","data":{"mchOrderNo":"W1","anything":[1]}}"#;
/// let certificate: Certificate = Envelope::from_slice(bytes)?.into_result()?;
/// assert_eq!(certificate.data.value().unwrap()["anything"][0], 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// The JSON as it came: an object, a text, anything.
    pub data: RawJson,
}

impl Certificate {
    /// A certificate, as a gateway sends it.
    pub const fn new(data: RawJson) -> Self {
        Self { data }
    }
}

impl Serialize for Certificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.data.serialize(serializer)
    }
}

impl Decode for Certificate {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        RawJson::from_json(json).map(Self::new)
    }
}

deserialize_by_decode!(Certificate);

request! {
    /// Finds a deposit by its transaction id; Brazil only (`docs/wire.md`, section 7.7). The
    /// response is a [`DepositByTrxId`].
    ///
    /// The id is a PIX end-to-end id in the example. Bangladesh has
    /// [another call](super::bangladesh::TransactionQuery).
    pub struct DepositByTrxIdQuery: Read, "/api/orderInfo/trxId" -> DepositByTrxId {
        pub new {
            /// The transaction id.
            trx_id: TrxId = "trxId";
        }
        optional {}
    }
}

model! {
    /// A deposit that was found by its transaction id (`docs/wire.md`, section 7.7).
    ///
    /// Only currency and fee are documented; the other members are those of a deposit query, which
    /// are to be expected. So nothing is required, and whatever else comes is in `extra`.
    pub struct DepositByTrxId {
        required {}
        optional {
            /// The currency.
            currency: Currency = "currency";
            /// The merchant's fee.
            fee: Amount = "fee";
            /// The transaction id. Inferred.
            trx_id: TrxId = "trxId";
            /// Where the order stands. Inferred.
            state: OrderState = "state" | "orderState";
            /// The gateway's number of the order. Inferred.
            pay_order_id: PayOrderId = "payOrderId";
            /// The merchant's number of the order. Inferred.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The merchant's number. Inferred.
            merchant_no: MerchantNo = "mchNo" | "machNo";
            /// The amount asked for, in the main unit of the currency. Inferred.
            order_amount: Amount = "orderAmount";
            /// The amount paid, in the main unit of the currency. Inferred.
            pay_amount: Amount = "payAmount";
        }
    }
}

impl DepositByTrxId {
    /// A deposit that was found, as a gateway sends it; the rest can be set field by field.
    pub fn new(currency: Currency, fee: Amount) -> Self {
        Self { currency: Some(currency), fee: Some(fee), ..Self::with_required() }
    }
}
