//! Merchants, their keys, balances and fees.

use crate::clock::{later, millis, system_time};
use crate::event::EventKind;
use crate::keys::ApiKey;
use crate::refusal::with_causes;
use crate::store::balances::{self, Purse};
use crate::store::{Tx, fees, keys};
use crate::{
    CurrencyBalance, Error, ErrorKind, Fee, KeySettings, MerchantStatus, RegisteredKey, RegisteredMerchant,
    Sandbox,
};
use tarspay_sign::PublicKey;
use tarspay_types::{Amount, Balance, BizType, Currency, MerchantNo};

/// # Merchants, keys, balances and fees
///
/// A merchant has a balance per currency. The balance query of the gateway names none; it answers what the merchant has in
/// its *own* currency, which is the first one that it uses: that of its first order, or of the first
/// [`set_balance_in`](Sandbox::set_balance_in). Money that is [set](Sandbox::set_balance) before that, without a currency,
/// becomes money in that currency.
impl Sandbox {
    /// All merchants with their keys, by number.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn merchants(&self) -> Result<Vec<RegisteredMerchant>, Error> {
        let all = self.engine.store.run(|tx| keys::merchants(tx).map_err(Error::from))?;
        Ok(all
            .into_iter()
            .map(|(merchant_no, status)| {
                let keys = self.engine.keys.of(&merchant_no).into_iter().map(|key| RegisteredKey {
                    public_key: key.key,
                    bound_ip: key.bound_ip,
                    expires_at: key.expires_at.map(system_time),
                    disabled: key.disabled,
                });
                RegisteredMerchant { keys: keys.collect(), merchant_no, status }
            })
            .collect())
    }

    /// Registers a public key with a merchant, who is added if new, with a balance of zero. A merchant may have several
    /// keys; a key belongs to the merchant it was last registered with.
    ///
    /// If the file of the state cannot be written, the key works until the sandbox stops, and the event log says so.
    pub fn register(&self, merchant_no: MerchantNo, key: PublicKey) {
        let mut api_key = ApiKey {
            key,
            owner: merchant_no,
            owner_status: MerchantStatus::Active,
            bound_ip: None,
            expires_at: None,
            disabled: false,
        };
        let new = api_key.clone();
        let written = self.engine.store.run(move |tx| {
            keys::add_merchant(tx, &new.owner)?;
            keys::put(tx, &new)?;
            Ok::<_, Error>(keys::status(tx, &new.owner)?.unwrap_or_default())
        });
        if let Err(error) = &written {
            let message = format!("a key is not written: {}", with_causes(error));
            self.engine.events.push(self.engine.hand.now(), EventKind::Failed { message });
        }
        api_key.owner_status = written.unwrap_or_default();
        self.engine.keys.set(api_key);
    }

    /// Sets what a key may do, in place of what was set before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownKey`] if the key was not registered, [`ErrorKind::Store`].
    pub fn configure_key(&self, key: &PublicKey, settings: KeySettings) -> Result<(), Error> {
        let mut known = self.engine.keys.find(&key.to_string()).ok_or_else(|| {
            Error::new(ErrorKind::UnknownKey, format!("no key {key}; register it with a merchant first"))
        })?;
        known.bound_ip = settings.bound_ip;
        known.expires_at = settings.expires_in.map(|after| later(self.engine.hand.now(), millis(after)));
        known.disabled = settings.disabled;
        let written = known.clone();
        self.engine.store.run(move |tx| keys::put(tx, &written).map_err(Error::from))?;
        self.engine.keys.set(known);
        Ok(())
    }

    /// Sets whether the gateway lets a merchant call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownMerchant`] if the merchant was not registered, [`ErrorKind::Store`].
    pub fn set_merchant_status(&self, merchant_no: &MerchantNo, status: MerchantStatus) -> Result<(), Error> {
        self.change(merchant_no, move |tx, merchant_no| Ok(keys::set_status(tx, merchant_no, status)?))?;
        self.engine.keys.set_status(merchant_no, status);
        Ok(())
    }

    /// Sets what a merchant has in its own currency: what the balance query answers.
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
        let purse = Purse { available, frozen };
        self.change(merchant_no, move |tx, merchant_no| Ok(balances::set_own(tx, merchant_no, purse)?))
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
        let (currency, purse) = (currency.clone(), Purse { available, frozen });
        self.change(merchant_no, move |tx, merchant_no| {
            balances::use_currency(tx, merchant_no, &currency)?;
            Ok(balances::set(tx, merchant_no, &currency, purse)?)
        })
    }

    /// What the balance query answers to this merchant.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownMerchant`] if the merchant was not registered, [`ErrorKind::Store`].
    pub fn balance(&self, merchant_no: &MerchantNo) -> Result<Balance, Error> {
        let purse = self.change(merchant_no, |tx, merchant_no| Ok(balances::own(tx, merchant_no)?))?;
        Ok(Balance::new(merchant_no.clone(), purse.available, purse.frozen))
    }

    /// All that a merchant has, by currency.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownMerchant`] if the merchant was not registered, [`ErrorKind::Store`].
    pub fn balances(&self, merchant_no: &MerchantNo) -> Result<Vec<CurrencyBalance>, Error> {
        let all = self.change(merchant_no, |tx, merchant_no| Ok(balances::all(tx, merchant_no)?))?;
        let balance =
            |(currency, Purse { available, frozen })| CurrencyBalance { currency, available, frozen };
        Ok(all.into_iter().map(balance).collect())
    }

    /// Sets the fee for new orders in a currency, for every merchant that has none of its own. It is nothing at first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`].
    pub fn set_fee(&self, currency: &Currency, direction: BizType, fee: Fee) -> Result<(), Error> {
        let currency = currency.clone();
        self.engine.store.run(move |tx| fees::set(tx, None, &currency, direction, fee).map_err(Error::from))
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
        self.change(merchant_no, move |tx, merchant_no| {
            Ok(fees::set(tx, Some(merchant_no), &currency, direction, fee)?)
        })
    }

    /// Does something with a merchant that is known.
    fn change<T: Send + 'static>(
        &self,
        merchant_no: &MerchantNo,
        change: impl FnOnce(&Tx<'_>, &MerchantNo) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let merchant_no = merchant_no.clone();
        self.engine.store.run(move |tx| {
            if keys::status(tx, &merchant_no)?.is_none() {
                return Err(Error::new(
                    ErrorKind::UnknownMerchant,
                    format!("no merchant {merchant_no}; register it with a key first"),
                ));
            }
            change(tx, &merchant_no)
        })
    }
}
