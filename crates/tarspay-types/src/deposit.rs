//! Creating a deposit, `POST /api/pay/unifiedOrder`.

use std::collections::HashSet;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::amount::Amount;
use crate::decode::{Decode, DecodeError, deserialize_by_decode};
use crate::members::Members;
use crate::model::{model, request};
use crate::order::OrderState;
use crate::private::{NotifyUrl, PrivateText, ReturnUrl};
use crate::scalar::UnixSeconds;
use crate::text::{CountryCode, Currency, MerchantOrderNo, PayDataType, PayOrderId, WayCode};

request! {
    /// Asks for a deposit: money from a payer to the merchant (`docs/wire.md`, section 7.1). The
    /// response is a [`Deposit`].
    ///
    /// Which optional members a market wants, and in which format, differs (`docs/markets.md`).
    /// Only what is set is sent; an empty text is sent as an empty text.
    ///
    /// ```
    /// use tarspay_types::{Amount, Currency, DepositRequest, MerchantNo, MerchantOrderNo, NotifyUrl, Request, WayCode};
    ///
    /// let request = DepositRequest::new(
    ///     MerchantOrderNo::new("AJ56820230300926")?,
    ///     WayCode::CASHIER,
    ///     Currency::KES,
    ///     Amount::parse("100")?,
    ///     NotifyUrl::new("https://shop.example/notify")?,
    /// )
    /// .customer_contact("254115555076")
    /// .with_extra("note", "blue")?;
    ///
    /// let body = request.body(&MerchantNo::new("M1688443982")?)?.expect("a deposit request has a body");
    /// assert_eq!(body.get("customerContact"), Some("\"254115555076\""));
    /// assert_eq!(body.get("note"), Some("\"blue\""));
    /// assert!(!format!("{request:?}").contains("254115555076"));
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    pub struct DepositRequest: CreateDeposit, "/api/pay/unifiedOrder" -> Deposit, about merchant_order_no,
        echoes { merchant_order_no } {
        pub new {
            /// The merchant's number of the order. Never use one twice.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// The payment method, as the market spells it.
            way_code: WayCode = "wayCode";
            /// The currency, fixed per market.
            currency: Currency = "currency";
            /// The amount in the main unit of the currency, sent as it is written.
            amount: Amount = "amount";
            /// Where the callback goes.
            notify_url: NotifyUrl = "notifyUrl";
        }
        optional {
            /// Where the cashier page sends the payer back.
            return_url: ReturnUrl = "returnUrl";
            /// The payer's name.
            customer_name: PrivateText = "customerName";
            /// The payer's e-mail address.
            customer_email: PrivateText = "customerEmail";
            /// The payer's phone number; the format differs by market.
            customer_contact: PrivateText = "customerContact";
            /// The payer's bank card.
            customer_account_number: PrivateText = "customerAccountNumber";
            /// The title of the goods (Brazil, Mexico, Philippines, older Kenya page).
            subject: PrivateText = "subject";
            /// The description of the goods (Brazil, Mexico, Philippines).
            description: PrivateText = "body";
            /// A user id of the merchant (Egypt).
            attach: PrivateText = "attach";
            /// 0: use the gateway's own cashier page (Pakistan; seen in merchant code). No other
            /// value is known.
            step: i64 = "step";
        }
    }
}

model! {
    /// A deposit in the response to its creation (`docs/wire.md`, section 7.1).
    ///
    /// **Nothing is required**: a response with code 0 means that the order exists, and no odd or
    /// missing member may hide that. Which members always come is not documented. Without a
    /// [`pay_url`](Deposit::pay_url) or [`pay_data`](Deposit::pay_data) the payer cannot pay;
    /// without a [`pay_order_id`](Deposit::pay_order_id), query by the merchant order number. Only
    /// a `data` that is not an object, or in which a member stands twice, is unreadable; then, too,
    /// query.
    ///
    /// The response may repeat other values than were sent (a phone number without its leading 0).
    /// Do not compare; the order numbers identify the order.
    ///
    /// ```
    /// use tarspay_types::{Decode, Deposit, Envelope, OrderState};
    ///
    /// let bytes = br#"{"code":0,"msg":"SUCCESS","data":{"payOrderId":"P1553919495852986369","orderState":1,
    ///     "payUrl":"https://payment.tarspay.com/tarspayToC/#/order/in/P1553919495852986369","expiredTime":1659320053}}"#;
    /// let deposit: Deposit = Envelope::from_slice(bytes)?.into_result()?;
    /// assert_eq!(deposit.state, Some(OrderState::PROCESSING));
    /// assert!(deposit.pay_url.unwrap().as_str().starts_with("https://payment.tarspay.com/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct Deposit {
        required {}
        optional {
            /// The gateway's number of the order.
            pay_order_id: PayOrderId = "payOrderId";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// Where the order stands: 0 or 1 in the examples.
            state: OrderState = "orderState" | "state";
            /// The amount asked for, in the main unit of the currency.
            amount: Amount = "amount";
            /// The currency.
            currency: Currency = "currency";
            /// The country.
            country_code: CountryCode = "countryCode";
            /// The payer's phone number.
            customer_contact: PrivateText = "customerContact";
            /// What kind of payment data came. Take nothing for granted from it.
            pay_data_type: PayDataType = "payDataType";
            /// The page, or the link into an app, to send the payer to. Whoever has it can look at
            /// the order.
            pay_url: PrivateText = "payUrl";
            /// Payment data for the merchant's own page: the number of a virtual account, a QR
            /// code, a link into an app, or a wallet number (Indonesia, Korea, Bangladesh).
            pay_data: PrivateText = "payData";
            /// When the order expires (Pakistan, Bangladesh, Malaysia).
            expires_at: UnixSeconds = "expiredTime";
            /// Looks like the return URL that was sent (Pakistan, Bangladesh).
            request_url: PrivateText = "requestUrl";
            /// The description of the goods (Pakistan, Bangladesh).
            description: PrivateText = "body";
            /// An account number that the merchant did not send (Pakistan).
            original_account_number: PrivateText = "originalAccountNumber";
            /// The payee's name (Korea).
            account_name: PrivateText = "accountName";
            /// The receiving bank (Korea).
            bank_type: PrivateText = "typeBank";
            /// The ways to pay, for the merchant's own page.
            pay_ways: PayWays = "payWays";
        }
    }
}

impl Deposit {
    /// A deposit, as a gateway sends it; the rest can be set field by field.
    pub fn new(pay_order_id: PayOrderId, merchant_order_no: MerchantOrderNo, state: OrderState) -> Self {
        Self {
            pay_order_id: Some(pay_order_id),
            merchant_order_no: Some(merchant_order_no),
            state: Some(state),
            ..Self::with_required()
        }
    }
}

model! {
    /// One way to pay, an item of `payWays` (`docs/wire.md`, section 7.1).
    pub struct PayWay {
        required {}
        optional {
            /// The way code.
            way_code: WayCode = "payWay";
            /// The kind of way. Seen: `UPI`, `ewallet`, `bank`.
            kind: String = "payWayType";
            /// The address of a picture.
            logo: String = "payWayLogo";
            /// The country.
            country_code: CountryCode = "countryCode";
            /// Seen: 1 and 2. The meaning is not documented.
            skip_mode: i64 = "skipMode";
            /// What the payer needs to pay this way, in Bangladesh probably the wallet number of an
            /// agent; equals `payData` there.
            pay_code: PrivateText = "payCode";
            /// The gateway's number of this way.
            id: i64 = "id";
            /// Seen: 1. The meaning is not documented; it is not an order state.
            state: i64 = "state";
            /// Always 0 so far; the unit is not documented.
            created_at: i64 = "createdAt";
            /// Always 0 so far; the unit is not documented.
            updated_at: i64 = "updatedAt";
        }
    }
}

impl PayWay {
    /// A way to pay, as a gateway sends it; the rest can be set field by field.
    pub fn new(way_code: WayCode) -> Self {
        Self { way_code: Some(way_code), ..Self::with_required() }
    }
}

/// The ways to pay by group, `payWays`: a map from the name of a group (seen: `UPI`, `ewallet`,
/// `EWALLET`, `PFX`) to its ways. The set of groups is open.
///
/// A group that is not a list of objects cannot be used; it is left in [`extra`](PayWays::extra) as
/// it came.
///
/// ```
/// use tarspay_types::{Decode, PayWays};
///
/// let ways = PayWays::from_json(r#"{"UPI":[{"payWay":"UPI","skipMode":1}],"odd":null}"#)?;
/// let codes: Vec<_> = ways.iter().filter_map(|way| way.way_code.as_ref()).collect();
/// assert_eq!(codes[0].as_str(), "UPI");
/// assert_eq!(ways.extra.get("odd"), Some("null"));
/// # Ok::<(), tarspay_types::DecodeError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PayWays {
    groups: Vec<(String, Vec<PayWay>)>,
    /// Groups that cannot be used, exactly as they came.
    pub extra: Members,
}

impl PayWays {
    /// No ways.
    pub const fn new() -> Self {
        Self { groups: Vec::new(), extra: Members::new() }
    }

    /// Sets the ways of a group.
    #[must_use]
    pub fn with_group(mut self, name: impl Into<String>, ways: Vec<PayWay>) -> Self {
        let name = name.into();
        self.extra.remove(&name);
        match self.groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, place)) => *place = ways,
            None => self.groups.push((name, ways)),
        }
        self
    }

    /// The groups and their ways, in the order in which they came.
    pub fn groups(&self) -> impl Iterator<Item = (&str, &[PayWay])> {
        self.groups.iter().map(|(name, ways)| (name.as_str(), ways.as_slice()))
    }

    /// The ways of a group; none for a group that is not there.
    pub fn group(&self, name: &str) -> &[PayWay] {
        self.groups().find(|(known, _)| *known == name).map_or(&[], |(_, ways)| ways)
    }

    /// All ways of all groups.
    pub fn iter(&self) -> impl Iterator<Item = &PayWay> {
        self.groups.iter().flat_map(|(_, ways)| ways)
    }
}

impl fmt::Debug for PayWays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.groups()).entry(&"extra", &self.extra).finish()
    }
}

impl Serialize for PayWays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, ways) in self.groups() {
            map.serialize_entry(name, ways)?;
        }
        // Public as it is, `extra` may name a group that was set here; the group counts.
        let names: HashSet<&str> = self.groups().map(|(name, _)| name).collect();
        for (name, value) in self.extra.raw() {
            if !names.contains(name) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

impl Decode for PayWays {
    fn from_json(json: &str) -> Result<Self, DecodeError> {
        let mut ways = Self::new();
        for (name, value) in Members::from_json(json)?.into_raw() {
            match Decode::from_json(value.get()) {
                Ok(group) => ways.groups.push((name, group)),
                Err(_) => ways.extra.push(name, value),
            }
        }
        Ok(ways)
    }
}

deserialize_by_decode!(PayWays);
