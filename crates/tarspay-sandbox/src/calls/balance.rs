//! The balance query.

use super::read;
use crate::engine::Engine;
use crate::refusal::{Refusal, to_json};
use crate::store::balances;
use tarspay_types::{Balance, BalanceRequest, Envelope, MerchantNo};

/// Answers what the merchant has in its own currency: the one that it used first.
pub(super) async fn balance(engine: &Engine, caller: &MerchantNo, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let _: BalanceRequest = read(caller, body)?;
    let merchant_no = caller.clone();
    let purse = engine.store.call(move |tx| balances::own(tx, &merchant_no).map_err(Refusal::from)).await?;
    Ok(to_json(&Envelope::success(Balance::new(caller.clone(), purse.available, purse.frozen))))
}
