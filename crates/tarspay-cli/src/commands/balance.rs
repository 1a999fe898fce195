//! `tarspay balance`: the merchant's balance.

use crate::failure::Failure;
use crate::output;
use crate::settings::Gateway;
use serde_json::json;

#[derive(Debug, clap::Args)]
pub(crate) struct Balance {
    #[command(flatten)]
    gateway: Gateway,
}

pub(crate) async fn run(args: Balance) -> Result<(), Failure> {
    let client = args.gateway.client()?;
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
