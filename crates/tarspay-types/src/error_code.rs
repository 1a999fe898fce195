//! The gateway's error codes: the whole documented table, and what a code says after a create call.

use crate::open::open_codes;

open_codes! {
    /// The `code` of an answer (`docs/wire.md`, section 9): 0 means that the call was accepted.
    ///
    /// Code 0 says nothing about a payment; that is the [`OrderState`](crate::OrderState).
    ///
    /// ```
    /// use tarspay_types::ErrorCode;
    ///
    /// let code = ErrorCode::from_code(5_003_010);
    /// assert_eq!(code.meanings(), ["order state error", "creating the withdraw order failed"]);
    /// assert!(code.leaves_creation_open());
    /// ```
    pub struct ErrorCode = "error code" {
        SUCCESS = 0, "success";
        SYSTEM_ERROR = -1, "system error";
        PARAMETER_MISSING = 5_003_001, "parameter missing";
        MERCHANT_UNKNOWN = 5_003_002, "merchant or API key unknown";
        MERCHANT_DISABLED = 5_003_003, "merchant disabled";
        MERCHANT_NOT_AUTHENTICATED = 5_003_004, "merchant not authenticated";
        API_KEY_UNKNOWN = 5_003_005, "API key of the merchant unknown", "merchant or API key unknown";
        API_KEY_EXPIRED = 5_003_006, "API key expired";
        IP_ERROR = 5_003_007, "IP error";
        SIGNATURE_ERROR = 5_003_008, "signature error";
        WAY_CODE_NOT_SUPPORTED = 5_003_009, "way code not supported";
        ORDER_STATE_OR_WITHDRAW_FAILED = 5_003_010, "order state error", "creating the withdraw order failed";
        ORDER_NUMBER_EXISTS = 5_003_011, "merchant order number exists already";
        URL_FORMAT_ERROR = 5_003_012, "URL format error";
        CHANNEL_ERROR = 5_003_013, "channel error";
        RATE_NOT_SET_UP = 5_003_014, "rate of the merchant not set up";
        CHANNEL_UNKNOWN = 5_003_015, "channel unknown";
        CREATE_DEPOSIT_FAILED = 5_003_017, "creating the deposit order failed";
        QUERY_DEPOSIT_FAILED = 5_003_018, "querying the deposit order failed";
        QUERY_WITHDRAW_FAILED = 5_003_020, "querying the withdraw order failed";
        BALANCE_TOO_LOW = 5_004_006, "merchant balance too low";
        AMOUNT_FORMAT_WRONG = 500_321, "amount format wrong";
        URL_NOT_SUPPORTED = 500_322, "URL not supported";
        REMOTE_CLIENT_ERROR = 500_323, "remote client error";
        ORDER_EXPIRED = 500_324, "order expired";
        BALANCE_QUERY_ERROR = 500_326, "balance query error";
        WAY_CODE_WRONG = 500_327, "way code wrong";
    }
}

impl ErrorCode {
    /// Whether the call was accepted: code 0.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::SUCCESS)
    }

    /// Whether this code, as the answer to a create call, leaves open whether an order exists.
    ///
    /// If so, query by the merchant order number before anything else; never create a second order.
    ///
    /// False only for success and for the codes that refuse the call before an order can exist: those about the
    /// merchant, its key, its signature or its balance, and about a member of the request. True for every
    /// other code, documented or not. Section 11 of `docs/wire.md` names -1, 5003010, 5003013, 5003017 and
    /// 500323; the rest is caution of ours (section 12), since the meaning of a code is a few words.
    ///
    /// False for 5003011, too, which has a question of its own:
    /// [`is_order_number_taken`](Self::is_order_number_taken).
    pub const fn leaves_creation_open(self) -> bool {
        !matches!(
            self,
            Self::SUCCESS
                | Self::PARAMETER_MISSING
                | Self::MERCHANT_UNKNOWN
                | Self::MERCHANT_DISABLED
                | Self::MERCHANT_NOT_AUTHENTICATED
                | Self::API_KEY_UNKNOWN
                | Self::API_KEY_EXPIRED
                | Self::IP_ERROR
                | Self::SIGNATURE_ERROR
                | Self::WAY_CODE_NOT_SUPPORTED
                | Self::ORDER_NUMBER_EXISTS
                | Self::URL_FORMAT_ERROR
                | Self::RATE_NOT_SET_UP
                | Self::CHANNEL_UNKNOWN
                | Self::BALANCE_TOO_LOW
                | Self::AMOUNT_FORMAT_WRONG
                | Self::URL_NOT_SUPPORTED
                | Self::WAY_CODE_WRONG
        )
    }

    /// Whether the merchant order number is taken: 5003011.
    ///
    /// After a resend of the same order it means that the earlier attempt was accepted: query it
    /// (`docs/wire.md`, section 11). On a first attempt it means that the number belongs to another order.
    pub const fn is_order_number_taken(self) -> bool {
        matches!(self, Self::ORDER_NUMBER_EXISTS)
    }
}
