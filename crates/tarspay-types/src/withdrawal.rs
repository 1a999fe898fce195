//! Creating a withdrawal, `POST /api/payOut/unifiedOrder`.

use crate::amount::Amount;
use crate::model::{model, request};
use crate::order::OrderState;
use crate::private::{NotifyUrl, PrivateText};
use crate::text::{Currency, MerchantOrderNo, PayOrderId, WayCode};

request! {
    /// Asks for a withdrawal: money from the merchant's balance to a payee (`docs/wire.md`, section
    /// 7.3). The response is a [`Withdrawal`].
    ///
    /// Which optional members a market wants, and in which format, differs (`docs/markets.md`).
    /// Where a market lists bank codes, the member that carries one is not documented; once known,
    /// [`with_extra`](WithdrawalRequest::with_extra) sends it.
    ///
    /// ```
    /// use tarspay_types::{Amount, Currency, MerchantNo, MerchantOrderNo, NotifyUrl, Request, WayCode, WithdrawalRequest};
    ///
    /// let request = WithdrawalRequest::new(
    ///     MerchantOrderNo::new("W202211300001")?,
    ///     WayCode::new("EWALLET_BKASH")?,
    ///     Currency::BDT,
    ///     Amount::parse("100")?,
    ///     NotifyUrl::new("https://shop.example/notify")?,
    /// )
    /// .wallet_id("01011111111");
    /// let body = request.body(&MerchantNo::new("M1688443982")?)?.expect("a withdrawal request has a body");
    /// assert_eq!(body.get("walletId"), Some("\"01011111111\""));
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    pub struct WithdrawalRequest: CreateWithdrawal, "/api/payOut/unifiedOrder" -> Withdrawal, about merchant_order_no,
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
            /// The payee's name (India, Kenya, Brazil).
            customer_name: PrivateText = "customerName";
            /// The payee's e-mail address (India, Kenya, Brazil).
            customer_email: PrivateText = "customerEmail";
            /// The payee's phone number; the format differs by market (India, Kenya, Brazil).
            customer_contact: PrivateText = "customerContact";
            /// The payee's bank account (India), or the PIX key (Brazil; seen in merchant code).
            customer_account_number: PrivateText = "customerAccountNumber";
            /// The digits of the payee's CPF or CNPJ (Brazil; seen in merchant code).
            account_tax: PrivateText = "accountTax";
            /// The payee's bank in free text (India), or the type of the PIX key, `PIX_EMAIL`
            /// (Brazil; seen in merchant code).
            bank_name: PrivateText = "bankName";
            /// The code of the payee's bank branch (India).
            ifsc: PrivateText = "ifsc";
            /// The payee's address (India).
            address: PrivateText = "address";
            /// The payee's wallet number (Bangladesh).
            wallet_id: PrivateText = "walletId";
        }
    }
}

model! {
    /// A withdrawal in the response to its creation (`docs/wire.md`, section 7.3). The two order
    /// numbers are seen in merchant code, the rest of the response is not documented.
    ///
    /// **Nothing is required**: a response with code 0 means that the order exists, and no odd or
    /// missing member may hide that.
    pub struct Withdrawal {
        required {}
        optional {
            /// The gateway's number of the order.
            pay_order_id: PayOrderId = "payOrderId";
            /// The merchant's number of the order.
            merchant_order_no: MerchantOrderNo = "mchOrderNo";
            /// Where the order stands, if the gateway says so here. Inferred from the deposit's
            /// response.
            state: OrderState = "orderState" | "state";
        }
    }
}

impl Withdrawal {
    /// A withdrawal, as a gateway sends it; the rest can be set field by field.
    pub fn new(pay_order_id: PayOrderId, merchant_order_no: MerchantOrderNo) -> Self {
        Self {
            pay_order_id: Some(pay_order_id),
            merchant_order_no: Some(merchant_order_no),
            ..Self::with_required()
        }
    }
}
