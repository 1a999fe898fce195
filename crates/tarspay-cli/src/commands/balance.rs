//! `tarspay balance`: the merchant's balance.

use super::call::{Caller, curl};
use crate::failure::Failure;
use crate::output;
use serde_json::json;
use tarspay::types::BalanceQuery;

#[derive(Debug, clap::Args)]
pub(crate) struct Balance {
    #[command(flatten)]
    caller: Caller,
}

pub(crate) async fn run(args: Balance) -> Result<(), Failure> {
    let (client, credentials) = args.caller.open()?;
    if args.caller.dry_run {
        return curl(&client, &credentials, &BalanceQuery::new());
    }
    let balance = client.balance().await.map_err(|error| Failure::of_call("no balance", &error))?;
    let (available, frozen) = (balance.available_amount.to_string(), balance.frozen_amount.to_string());
    let merchant_no = balance.merchant_no.as_ref().unwrap_or_else(|| client.merchant_no()).to_string();
    if output::is_json() {
        return output::json(
            &json!({ "merchant_no": merchant_no, "available_amount": available, "frozen_amount": frozen }),
        );
    }
    output::table(&[("merchant", &merchant_no), ("available", &available), ("frozen", &frozen)])
}
