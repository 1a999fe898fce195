//! Merchants, their keys, balances and fees.

use crate::clock::{later, millis};
use crate::error::{Error, ErrorKind, with_causes};
use crate::event::EventKind;
use crate::keys::ApiKey;
use crate::merchant::{CurrencyBalance, Fee, KeySettings, MerchantStatus, RegisteredMerchant};
use crate::sandbox::Sandbox;
use crate::store::Tx;
use crate::store::merchants::{self, Balance};
use std::sync::Arc;
use tarspay_sign::PublicKey;
use tarspay_types::{Amount, BizType, Currency, MerchantNo};

/// # Merchants, keys, balances and fees
///
/// A merchant has a balance per currency. The gateway's balance query has no currency; it reports what the merchant has in
/// its *own* currency, which is the first one that it uses: that of its first order, or of the first
/// [`set_balance_in`](Sandbox::set_balance_in). Money that is [set](Sandbox::set_balance) before that, without a currency,
/// becomes money in that currency.
impl Sandbox {
    /// All merchants with their keys and balances, by number.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn merchants(&self) -> Result<Vec<RegisteredMerchant>, Error> {
        self.merchants_after("", u32::MAX)
    }

    /// The merchants with greater numbers, by number.
    pub(crate) fn merchants_after(
        &self,
        number: impl Into<String>,
        limit: u32,
    ) -> Result<Vec<RegisteredMerchant>, Error> {
        let number = number.into();
        let keys = Arc::clone(&self.shared.keys);
        self.shared.store.run(move |tx| {
            let found = merchants::after(tx, &number, limit)?.into_iter();
            let view = |(merchant_no, status)| {
                let balances = merchants::balances(tx, &merchant_no)?;
                Ok(RegisteredMerchant { keys: keys.of(&merchant_no), merchant_no, status, balances })
            };
            found.map(view).collect()
        })
    }

    /// Registers a public key with a merchant. A new merchant is added with a balance of zero. A merchant may have several
    /// keys; a key belongs to the merchant it was last registered with.
    ///
    /// If the file of the state cannot be written, the key works until the sandbox stops, and the event log says so.
    pub fn register(&self, merchant_no: MerchantNo, key: PublicKey) {
        let mut api_key = ApiKey::new(key, merchant_no);
        let new = api_key.clone();
        let written = self.shared.store.run(move |tx| {
            merchants::add(tx, &new.owner)?;
            merchants::put_key(tx, &new)?;
            Ok::<_, Error>(merchants::status(tx, &new.owner)?.unwrap_or_default())
        });
        if let Err(error) = &written {
            let message = format!("a key is not written: {}", with_causes(error));
            self.shared.report(EventKind::Failed { message });
        }
        api_key.owner_status = written.unwrap_or_default();
        self.shared.keys.set(api_key);
    }

    /// Sets what a key may do, in place of what was set before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownKey`] if the key was not registered, [`ErrorKind::Store`].
    pub fn configure_key(&self, key: &PublicKey, settings: KeySettings) -> Result<(), Error> {
        let mut known = self.shared.keys.find(&key.to_string()).ok_or_else(|| {
            Error::new(ErrorKind::UnknownKey, format!("no key {key}; register it with a merchant first"))
        })?;
        known.bound_ip = settings.bound_ip;
        known.expires_at = settings.expires_in.map(|after| later(self.shared.clock.now(), millis(after)));
        known.disabled = settings.disabled;
        let written = known.clone();
        self.shared.store.run(move |tx| merchants::put_key(tx, &written).map_err(Error::from))?;
        self.shared.keys.set(known);
        Ok(())
    }

    /// Sets whether the gateway lets a merchant call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownMerchant`] if the merchant was not registered, [`ErrorKind::Store`].
    pub fn set_merchant_status(&self, merchant_no: &MerchantNo, status: MerchantStatus) -> Result<(), Error> {
        self.with_merchant(merchant_no, move |tx, merchant_no| {
            Ok(merchants::set_status(tx, merchant_no, status)?)
        })?;
        self.shared.keys.set_status(merchant_no, status);
        Ok(())
    }

    /// Sets what a merchant has in its own currency: what the balance query reports.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownMerchant`] if the merchant was not registered, [`ErrorKind::Store`].
    pub fn set_balance(
        &self,
        merchant_no: &MerchantNo,
        available: Amount,
        frozen: Amount,
    ) -> Result<(), Error> {
        let balance = Balance { available, frozen };
        self.with_merchant(merchant_no, move |tx, merchant_no| {
            Ok(merchants::set_balance(tx, merchant_no, None, balance)?)
        })
    }

    /// Sets what a merchant has in a currency, which becomes its own if it has none yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownMerchant`] if the merchant was not registered, [`ErrorKind::Store`].
    pub fn set_balance_in(
        &self,
        merchant_no: &MerchantNo,
        currency: &Currency,
        available: Amount,
        frozen: Amount,
    ) -> Result<(), Error> {
        let (currency, balance) = (currency.clone(), Balance { available, frozen });
        self.with_merchant(merchant_no, move |tx, merchant_no| {
            merchants::use_currency(tx, merchant_no, &currency)?;
            Ok(merchants::set_balance(tx, merchant_no, Some(&currency), balance)?)
        })
    }

    /// What the balance query reports to this merchant.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownMerchant`] if the merchant was not registered, [`ErrorKind::Store`].
    pub fn balance(&self, merchant_no: &MerchantNo) -> Result<tarspay_types::Balance, Error> {
        let balance =
            self.with_merchant(merchant_no, |tx, merchant_no| Ok(merchants::own_balance(tx, merchant_no)?))?;
        Ok(tarspay_types::Balance::new(merchant_no.clone(), balance.available, balance.frozen))
    }

    /// All that a merchant has, by currency.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownMerchant`] if the merchant was not registered, [`ErrorKind::Store`].
    pub fn balances(&self, merchant_no: &MerchantNo) -> Result<Vec<CurrencyBalance>, Error> {
        self.with_merchant(merchant_no, |tx, merchant_no| Ok(merchants::balances(tx, merchant_no)?))
    }

    /// Sets the fee for new orders in a currency, for every merchant without its own fee. Default: none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn set_fee(&self, currency: &Currency, direction: BizType, fee: Fee) -> Result<(), Error> {
        let currency = currency.clone();
        self.shared
            .store
            .run(move |tx| merchants::set_fee(tx, None, &currency, direction, fee).map_err(Error::from))
    }

    /// Sets a merchant's own fee for new orders in a currency.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownMerchant`] if the merchant was not registered, [`ErrorKind::Store`].
    pub fn set_merchant_fee(
        &self,
        merchant_no: &MerchantNo,
        currency: &Currency,
        direction: BizType,
        fee: Fee,
    ) -> Result<(), Error> {
        let currency = currency.clone();
        self.with_merchant(merchant_no, move |tx, merchant_no| {
            Ok(merchants::set_fee(tx, Some(merchant_no), &currency, direction, fee)?)
        })
    }

    /// Runs a job with a merchant, if it is known.
    fn with_merchant<T: Send + 'static>(
        &self,
        merchant_no: &MerchantNo,
        job: impl FnOnce(&Tx<'_>, &MerchantNo) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let merchant_no = merchant_no.clone();
        self.shared.store.run(move |tx| {
            if merchants::status(tx, &merchant_no)?.is_none() {
                return Err(Error::new(
                    ErrorKind::UnknownMerchant,
                    format!("no merchant {merchant_no}; register it with a key first"),
                ));
            }
            job(tx, &merchant_no)
        })
    }
}
