//! Open sets of texts: currencies, countries, payment methods, kinds of payment data.

use crate::error::{Error, ErrorKind};
use crate::open::open_words;

open_words! {
    /// A currency as the gateway spells it, `currency`: three letters, fixed per market. Brazil's is `BRA`,
    /// not the ISO code `BRL` (`docs/wire.md`, section 11).
    ///
    /// ```
    /// use tarspay_types::Currency;
    ///
    /// assert_eq!(Currency::new("INR")?, Currency::INR);
    /// assert!(!Currency::new("BRL")?.is_known());
    /// # Ok::<(), tarspay_types::Error>(())
    /// ```
    pub struct Currency = "currency" {
        /// Argentina. Not documented, inferred from ISO 4217.
        ARS = "ARS";
        /// Bangladesh.
        BDT = "BDT";
        /// Brazil. The gateway uses `BRA` throughout.
        BRA = "BRA";
        /// Egypt.
        EGP = "EGP";
        /// Indonesia.
        IDR = "IDR";
        /// India.
        INR = "INR";
        /// Kenya.
        KES = "KES";
        /// Korea.
        KRW = "KRW";
        /// Mexico.
        MXN = "MXN";
        /// Malaysia.
        MYR = "MYR";
        /// Philippines.
        PHP = "PHP";
        /// Pakistan.
        PKR = "PKR";
        /// Thailand. Not documented, inferred from ISO 4217.
        THB = "THB";
        /// Türkiye. Not documented, inferred from ISO 4217.
        TRY = "TRY";
        /// Vietnam.
        VND = "VND";
    }
}

open_words! {
    /// A country in a response, `countryCode`: two letters, lower case (`docs/wire.md`, section 7.1).
    pub struct CountryCode = "country code" {
        /// Bangladesh.
        BANGLADESH = "bd";
        /// India.
        INDIA = "in";
        /// Kenya.
        KENYA = "ke";
        /// Malaysia.
        MALAYSIA = "my";
        /// Pakistan.
        PAKISTAN = "pk";
    }
}

open_words! {
    /// A payment method, `wayCode`. Which ones exist depends on the market and on deposit or withdrawal; case
    /// matters.
    ///
    /// Only the one that means the same in many markets has a constant here. Those of a market are in its
    /// module, such as [`market::kenya::way`](crate::market::kenya::way).
    pub struct WayCode = "way code" {
        /// The gateway's cashier page, where the payer chooses.
        CASHIER = "CASHIER";
    }
}

impl WayCode {
    /// A way code of the crate's own data, at compile time.
    pub(crate) const fn known(text: &'static str) -> Self {
        Self(std::borrow::Cow::Borrowed(text))
    }
}

open_words! {
    /// What kind of payment data a deposit answer holds, `payDataType`. Take nothing for granted from it:
    /// with `payurl` a wallet number has been seen in `payData` (`docs/wire.md`, section 11).
    pub struct PayDataType = "pay data type" {
        /// A page to send the payer to. The only documented value.
        PAY_URL = "payurl";
    }
}
