//! Merchants in the store: keys, fees, and balances by currency, which change nowhere else.

use super::{StoreError, Tx, Uint, parsed, uint_or_null};
use crate::error::{Error, ErrorKind};
use crate::keys::ApiKey;
use crate::merchant::{CurrencyBalance, Fee, MerchantStatus};
use rusqlite::{Row, params};
use tarspay_sign::PublicKey;
use tarspay_types::{Amount, BizType, Currency, MerchantNo};

/// Money that was set before the merchant's first use of a currency.
const NO_CURRENCY: &str = "";

/// The merchant of a fee that applies to everyone.
const EVERYONE: &str = "";

pub(crate) fn add(tx: &Tx<'_>, merchant_no: &MerchantNo) -> Result<(), StoreError> {
    let sql = "INSERT INTO merchants (merchant_no) VALUES (?1) ON CONFLICT DO NOTHING";
    tx.execute(sql, [merchant_no.as_str()])?;
    Ok(())
}

pub(crate) fn status(tx: &Tx<'_>, merchant_no: &MerchantNo) -> Result<Option<MerchantStatus>, StoreError> {
    let sql = "SELECT status FROM merchants WHERE merchant_no = ?1";
    tx.one(sql, [merchant_no.as_str()], |row| Ok(MerchantStatus::from_code(row.get(0)?)))
}

/// Merchants with their status, by number: those with greater numbers than this one.
pub(crate) fn after(
    tx: &Tx<'_>,
    after: &str,
    limit: u32,
) -> Result<Vec<(MerchantNo, MerchantStatus)>, StoreError> {
    tx.all(
        "SELECT merchant_no, status FROM merchants WHERE merchant_no > ?1 ORDER BY merchant_no LIMIT ?2",
        params![after, limit],
        |row| Ok((parsed(row, 0)?, MerchantStatus::from_code(row.get(1)?))),
    )
}

pub(crate) fn set_status(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    status: MerchantStatus,
) -> Result<(), StoreError> {
    let sql = "UPDATE merchants SET status = ?2 WHERE merchant_no = ?1";
    tx.execute(sql, params![merchant_no.as_str(), status as i64])?;
    Ok(())
}

/// Writes a key, in place of what was known about it.
pub(crate) fn put_key(tx: &Tx<'_>, key: &ApiKey) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO api_keys (public_key, merchant_no, bound_ip, expires_at, disabled)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (public_key) DO UPDATE SET merchant_no = ?2, bound_ip = ?3, expires_at = ?4, disabled = ?5",
        params![
            key.key.to_string(),
            key.owner.as_str(),
            key.bound_ip.map(|ip| ip.to_string()),
            key.expires_at.map(Uint),
            key.disabled,
        ],
    )?;
    Ok(())
}

/// All keys, when a sandbox starts.
pub(crate) fn all_keys(tx: &Tx<'_>) -> Result<Vec<ApiKey>, StoreError> {
    let sql = "SELECT public_key, merchant_no, status, bound_ip, expires_at, disabled
         FROM api_keys JOIN merchants USING (merchant_no)";
    tx.all(sql, [], |row| {
        let ip: Option<String> = row.get(3)?;
        Ok(ApiKey {
            key: PublicKey::from_hex(&row.get::<_, String>(0)?).map_err(StoreError::damaged)?,
            owner: parsed(row, 1)?,
            owner_status: MerchantStatus::from_code(row.get(2)?),
            bound_ip: ip.map(|ip| ip.parse()).transpose().map_err(StoreError::damaged)?,
            expires_at: uint_or_null(row, 4)?,
            disabled: row.get(5)?,
        })
    })
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Balance {
    pub(crate) available: Amount,
    pub(crate) frozen: Amount,
}

impl Balance {
    pub(crate) const ZERO: Self = Self { available: Amount::ZERO, frozen: Amount::ZERO };

    pub(crate) fn credit(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { available: sum(self.available, amount)?, ..self })
    }

    pub(crate) fn debit(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { available: difference(self.available, amount)?, ..self })
    }

    pub(crate) fn freeze(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { available: difference(self.available, amount)?, frozen: sum(self.frozen, amount)? })
    }

    pub(crate) fn release(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { available: sum(self.available, amount)?, frozen: difference(self.frozen, amount)? })
    }

    /// Takes from what is frozen: it has been paid out.
    pub(crate) fn pay_out(self, amount: Amount) -> Result<Self, Error> {
        Ok(Self { frozen: difference(self.frozen, amount)?, ..self })
    }
}

/// What a merchant has in a currency; by default in its own, which the balance query reports.
pub(crate) fn balance(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    currency: Option<&Currency>,
) -> Result<Balance, StoreError> {
    let sql = "SELECT available, frozen FROM balances WHERE merchant_no = ?1 AND currency = coalesce(?2, (
        SELECT coalesce(currency, '') FROM merchants WHERE merchant_no = ?1))";
    let values = params![merchant_no.as_str(), currency.map(Currency::as_str)];
    Ok(tx.one(sql, values, balance_of)?.unwrap_or(Balance::ZERO))
}

pub(crate) fn own_balance(tx: &Tx<'_>, merchant_no: &MerchantNo) -> Result<Balance, StoreError> {
    balance(tx, merchant_no, None)
}

pub(crate) fn set_balance(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    currency: Option<&Currency>,
    balance: Balance,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO balances (merchant_no, currency, available, frozen)
         SELECT merchant_no, coalesce(?2, currency, ''), ?3, ?4 FROM merchants WHERE merchant_no = ?1
         ON CONFLICT DO UPDATE SET available = ?3, frozen = ?4",
        params![
            merchant_no.as_str(),
            currency.map(Currency::as_str),
            balance.available.to_string(),
            balance.frozen.to_string()
        ],
    )?;
    Ok(())
}

/// Makes this the merchant's own currency if it has none yet; what it has without a currency is from now on in this one.
pub(crate) fn use_currency(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    currency: &Currency,
) -> Result<(), StoreError> {
    let names = [merchant_no.as_str(), currency.as_str()];
    let first = "UPDATE merchants SET currency = ?2 WHERE merchant_no = ?1 AND currency IS NULL";
    if tx.execute(first, names)? > 0 {
        tx.execute(
            "UPDATE OR REPLACE balances SET currency = ?2 WHERE merchant_no = ?1 AND currency = ''",
            names,
        )?;
    }
    Ok(())
}

pub(crate) fn balances(tx: &Tx<'_>, merchant_no: &MerchantNo) -> Result<Vec<CurrencyBalance>, StoreError> {
    tx.all(
        "SELECT available, frozen, currency FROM balances WHERE merchant_no = ?1 ORDER BY currency",
        [merchant_no.as_str()],
        |row| {
            let Balance { available, frozen } = balance_of(row)?;
            let currency: String = row.get(2)?;
            let currency = (currency != NO_CURRENCY).then(|| Currency::new(currency)).transpose();
            Ok(CurrencyBalance { currency: currency.map_err(StoreError::damaged)?, available, frozen })
        },
    )
}

fn balance_of(row: &Row<'_>) -> Result<Balance, StoreError> {
    Ok(Balance { available: parsed(row, 0)?, frozen: parsed(row, 1)? })
}

/// Sets a merchant's own fee, or that of everyone.
pub(crate) fn set_fee(
    tx: &Tx<'_>,
    merchant_no: Option<&MerchantNo>,
    currency: &Currency,
    direction: BizType,
    fee: Fee,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO fees (merchant_no, currency, direction, fixed, basis_points) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET fixed = ?4, basis_points = ?5",
        params![
            merchant_no.map_or(EVERYONE, MerchantNo::as_str),
            currency.as_str(),
            direction.code(),
            fee.fixed.to_string(),
            fee.basis_points,
        ],
    )?;
    Ok(())
}

/// The merchant's own fee, else that of the currency, else none.
pub(crate) fn fee(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    currency: &Currency,
    direction: BizType,
) -> Result<Fee, StoreError> {
    let fee = tx.one(
        "SELECT fixed, basis_points FROM fees WHERE merchant_no IN (?1, '') AND currency = ?2 AND direction = ?3
         ORDER BY merchant_no DESC LIMIT 1",
        params![merchant_no.as_str(), currency.as_str(), direction.code()],
        |row| Ok(Fee::new(parsed(row, 0)?, row.get(1)?)),
    )?;
    Ok(fee.unwrap_or_default())
}

const MANY_DIGITS: &str = "the sum would have more than 28 digits";

pub(crate) fn sum(one: Amount, other: Amount) -> Result<Amount, Error> {
    one.checked_add(other)
        .map_err(|source| Error::new(ErrorKind::InvalidAmount, MANY_DIGITS).with_source(source))
}

pub(crate) fn difference(one: Amount, other: Amount) -> Result<Amount, Error> {
    one.checked_sub(other).map_err(|source| match source.kind() {
        // The source would say that an amount is below zero, and the amount of the request is not.
        tarspay_types::ErrorKind::Negative => {
            Error::new(ErrorKind::BalanceTooLow, format!("there is {one}, and {other} is needed"))
        }
        _ => Error::new(ErrorKind::InvalidAmount, MANY_DIGITS).with_source(source),
    })
}
