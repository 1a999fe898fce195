//! Merchants and API keys in the store.

use super::{StoreError, Tx};
use crate::keys::{ApiKey, MerchantStatus};
use rusqlite::{Connection, OptionalExtension as _, params};
use tarspay_sign::PublicKey;
use tarspay_types::MerchantNo;

/// Adds a merchant if it is new.
pub(crate) fn add_merchant(tx: &Tx<'_>, merchant_no: &MerchantNo) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached("INSERT INTO merchants (merchant_no) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([merchant_no.as_str()])?;
    Ok(())
}

/// The status of a merchant; `None` if it is not known.
pub(crate) fn status(tx: &Tx<'_>, merchant_no: &MerchantNo) -> Result<Option<MerchantStatus>, StoreError> {
    let code = tx
        .connection
        .prepare_cached("SELECT status FROM merchants WHERE merchant_no = ?1")?
        .query_row([merchant_no.as_str()], |row| row.get(0))
        .optional()?;
    Ok(code.map(MerchantStatus::from_code))
}

/// All merchants with their status, by number.
pub(crate) fn merchants(tx: &Tx<'_>) -> Result<Vec<(MerchantNo, MerchantStatus)>, StoreError> {
    let mut statement =
        tx.connection.prepare_cached("SELECT merchant_no, status FROM merchants ORDER BY merchant_no")?;
    let mut rows = statement.query([])?;
    let mut merchants = Vec::new();
    while let Some(row) = rows.next()? {
        merchants.push((super::orders::parsed(row, 0)?, MerchantStatus::from_code(row.get(1)?)));
    }
    Ok(merchants)
}

pub(crate) fn set_status(
    tx: &Tx<'_>,
    merchant_no: &MerchantNo,
    status: MerchantStatus,
) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached("UPDATE merchants SET status = ?2 WHERE merchant_no = ?1")?
        .execute(params![merchant_no.as_str(), status.code()])?;
    Ok(())
}

/// Writes a key, in place of what was known about it.
pub(crate) fn put(tx: &Tx<'_>, key: &ApiKey) -> Result<(), StoreError> {
    tx.connection
        .prepare_cached(
            "INSERT INTO api_keys (public_key, merchant_no, bound_ip, expires_at, disabled)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (public_key) DO UPDATE SET merchant_no = ?2, bound_ip = ?3, expires_at = ?4, disabled = ?5",
        )?
        .execute(params![
            key.key.to_string(),
            key.owner.as_str(),
            key.bound_ip.map(|ip| ip.to_string()),
            key.expires_at,
            key.disabled,
        ])?;
    Ok(())
}

/// All keys, when a sandbox starts.
pub(crate) fn all(connection: &Connection) -> Result<Vec<ApiKey>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT public_key, merchant_no, status, bound_ip, expires_at, disabled
         FROM api_keys JOIN merchants USING (merchant_no)",
    )?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let ip: Option<String> = row.get(3)?;
        keys.push(ApiKey {
            key: PublicKey::from_hex(&row.get::<_, String>(0)?).map_err(StoreError::damaged)?,
            owner: MerchantNo::new(row.get::<_, String>(1)?).map_err(StoreError::damaged)?,
            owner_status: MerchantStatus::from_code(row.get(2)?),
            bound_ip: ip.map(|ip| ip.parse()).transpose().map_err(StoreError::damaged)?,
            expires_at: row.get(4)?,
            disabled: row.get(5)?,
        });
    }
    Ok(keys)
}
