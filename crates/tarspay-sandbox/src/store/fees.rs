//! Fees in the store: of a merchant, or of a whole currency.

use super::{StoreError, Tx};
use crate::Fee;
use rusqlite::{OptionalExtension as _, params};
use tarspay_types::{Amount, BizType, Currency, MerchantNo};

/// The merchant of a fee that is everyone's.
const EVERYONE: &str = "";

pub(crate) fn set(
    tx: &Tx<'_>,
    merchant_no: Option<&MerchantNo>,
    currency: &Currency,
    direction: BizType,
    fee: Fee,
) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached(
            "INSERT INTO fees (merchant_no, currency, direction, fixed, basis_points) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET fixed = ?4, basis_points = ?5",
        )?
        .execute(params![
            merchant_no.map_or(EVERYONE, MerchantNo::as_str),
            currency.as_str(),
            direction.code(),
            fee.fixed.to_string(),
            fee.basis_points,
        ])?;
    Ok(())
}

/// The merchant's own fee, else that of the currency, else none.
pub(crate) fn get(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    currency: &Currency,
    direction: BizType,
) -> Result<Fee, StoreError> {
    let found: Option<(String, u16)> = tx
        .connection
        .prepare_cached(
            "SELECT fixed, basis_points FROM fees
             WHERE merchant_no IN (?1, '') AND currency = ?2 AND direction = ?3
             ORDER BY merchant_no DESC LIMIT 1",
        )?
        .query_row(params![merchant_no.as_str(), currency.as_str(), direction.code()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    Ok(match found {
        None => Fee::NONE,
        Some((fixed, basis_points)) => {
            Fee::new(Amount::parse(&fixed).map_err(StoreError::damaged)?, basis_points)
        }
    })
}
