//! What merchants have, by currency: the only place where money moves.

use super::{StoreError, Tx};
use crate::{Error, ErrorKind};
use rusqlite::{OptionalExtension as _, params};
use tarspay_types::{Amount, Currency, MerchantNo};

/// Money that was set before the merchant's first use of a currency.
const NO_CURRENCY: &str = "";

#[derive(Clone, Copy, Debug)]
pub(crate) struct Purse {
    pub(crate) available: Amount,
    pub(crate) frozen: Amount,
}

impl Purse {
    pub(crate) const EMPTY: Self = Self { available: Amount::ZERO, frozen: Amount::ZERO };

    /// More that can be used.
    pub(crate) fn credit(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { available: sum(self.available, amount)?, ..self })
    }

    /// Less that can be used.
    pub(crate) fn debit(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { available: difference(self.available, amount)?, ..self })
    }

    /// From what can be used to what is held back.
    pub(crate) fn freeze(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { available: difference(self.available, amount)?, frozen: sum(self.frozen, amount)? })
    }

    /// What was held back can be used again.
    pub(crate) fn release(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { available: sum(self.available, amount)?, frozen: difference(self.frozen, amount)? })
    }

    /// What was held back has left.
    pub(crate) fn pay_out(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { frozen: difference(self.frozen, amount)?, ..self })
    }
}

/// What a merchant has in a currency.
pub(crate) fn get(tx: &Tx<'_>, merchant_no: &MerchantNo, currency: &Currency) -> Result<Purse, StoreError> {
    Ok(read(tx, merchant_no, currency.as_str())?.unwrap_or(Purse::EMPTY))
}

pub(crate) fn set(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    currency: &Currency,
    purse: Purse,
) -> Result<(), StoreError> {
    write(tx, merchant_no, currency.as_str(), purse)
}

/// What the balance query tells: what the merchant has in its own currency.
pub(crate) fn own(tx: &Tx<'_>, merchant_no: &MerchantNo) -> Result<Purse, StoreError> {
    let currency = own_currency(tx, merchant_no)?;
    let purse = read(tx, merchant_no, currency.as_deref().unwrap_or(NO_CURRENCY))?;
    Ok(purse.unwrap_or(Purse::EMPTY))
}

pub(crate) fn set_own(tx: &Tx<'_>, merchant_no: &MerchantNo, purse: Purse) -> Result<(), StoreError> {
    let currency = own_currency(tx, merchant_no)?;
    write(tx, merchant_no, currency.as_deref().unwrap_or(NO_CURRENCY), purse)
}

/// Makes this the merchant's own currency if it has none yet; what it has without a currency is from now on in this
/// one.
pub(crate) fn use_currency(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    currency: &Currency,
) -> Result<(), StoreError> {
    let first = tx
        .connection
        .prepare_cached("UPDATE merchants SET currency = ?2 WHERE merchant_no = ?1 AND currency IS NULL")?
        .execute(params![merchant_no.as_str(), currency.as_str()])?;
    if first == 0 {
        return Ok(());
    }
    if let Some(purse) = read(tx, merchant_no, NO_CURRENCY)? {
        write(tx, merchant_no, currency.as_str(), purse)?;
        tx.connection
            .prepare_cached("DELETE FROM balances WHERE merchant_no = ?1 AND currency = ?2")?
            .execute([merchant_no.as_str(), NO_CURRENCY])?;
    }
    Ok(())
}

/// All that a merchant has, by currency; money without a currency has none.
pub(crate) fn all(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
) -> Result<Vec<(Option<Currency>, Purse)>, StoreError> {
    let mut statement = tx.connection.prepare_cached(
        "SELECT currency, available, frozen FROM balances WHERE merchant_no = ?1 ORDER BY currency",
    )?;
    let mut rows = statement.query([merchant_no.as_str()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let currency: String = row.get(0)?;
        let currency = match currency.as_str() {
            NO_CURRENCY => None,
            _ => Some(Currency::new(currency).map_err(StoreError::damaged)?),
        };
        all.push((currency, purse(&row.get::<_, String>(1)?, &row.get::<_, String>(2)?)?));
    }
    Ok(all)
}

fn own_currency(tx: &Tx<'_>, merchant_no: &MerchantNo) -> Result<Option<String>, StoreError> {
    let currency = tx
        .connection
        .prepare_cached("SELECT currency FROM merchants WHERE merchant_no = ?1")?
        .query_row([merchant_no.as_str()], |row| row.get(0))
        .optional()?;
    Ok(currency.flatten())
}

fn read(tx: &Tx<'_>, merchant_no: &MerchantNo, currency: &str) -> Result<Option<Purse>, StoreError> {
    let texts: Option<(String, String)> = tx
        .connection
        .prepare_cached("SELECT available, frozen FROM balances WHERE merchant_no = ?1 AND currency = ?2")?
        .query_row([merchant_no.as_str(), currency], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    texts.map(|(available, frozen)| purse(&available, &frozen)).transpose()
}

fn write(tx: &Tx<'_>, merchant_no: &MerchantNo, currency: &str, purse: Purse) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached(
            "INSERT INTO balances (merchant_no, currency, available, frozen) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET available = ?3, frozen = ?4",
        )?
        .execute([merchant_no.as_str(), currency, &purse.available.to_string(), &purse.frozen.to_string()])?;
    Ok(())
}

fn purse(available: &str, frozen: &str) -> Result<Purse, StoreError> {
    let amount = |text: &str| Amount::parse(text).map_err(StoreError::damaged);
    Ok(Purse { available: amount(available)?, frozen: amount(frozen)? })
}

fn sum(one: Amount, other: Amount) -> Result<Amount, Error> {
    one.checked_add(other).map_err(|source| {
        Error::new(ErrorKind::InvalidAmount, "the balance would have more than 28 digits").with_source(source)
    })
}

fn difference(one: Amount, other: Amount) -> Result<Amount, Error> {
    one.checked_sub(other).map_err(|source| {
        let (kind, reason) = match source.kind() {
            tarspay_types::ErrorKind::Negative => {
                (ErrorKind::BalanceTooLow, format!("there is {one}, and {other} is needed"))
            }
            _ => (ErrorKind::InvalidAmount, "the balance would have more than 28 digits".to_owned()),
        };
        Error::new(kind, reason).with_source(source)
    })
}
