//! The routes of merchants: keys, status, balances and fees.

use super::request::Refused;
use crate::error::{Error, ErrorKind};
use crate::input::{Input, required, wrong};
use crate::merchant::{Fee, KeySettings, MerchantStatus};
use crate::order::direction_name;
use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::time::Duration;
use tarspay_sign::PublicKey;
use tarspay_types::{Amount, BizType, Currency, MerchantNo};

pub(super) fn list(sandbox: &Sandbox, _: &str, _: &Input) -> Result<Value, Refused> {
    Ok(json!({ "merchants": sandbox.merchants()? }))
}

pub(super) fn one(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    let merchants = sandbox.merchants()?;
    let found = merchants.iter().find(|merchant| merchant.merchant_no.as_str() == id);
    Ok(json!(found.ok_or_else(|| unknown(id))?))
}

pub(super) fn register(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    let merchant_no: MerchantNo =
        id.parse().map_err(|error| wrong("merchant_no", format!("cannot be used: {error}")))?;
    let key: PublicKey = required("public_key", input.parsed("public_key")?)?;
    let mut settings = KeySettings::new();
    settings.bound_ip = input.parsed("bound_ip")?;
    settings.expires_in = input.number("expires_in_millis")?.map(Duration::from_millis);
    settings.disabled = input.flag("disabled")?;
    sandbox.register(merchant_no, key);
    sandbox.configure_key(&key, settings)?;
    one(sandbox, id, input)
}

pub(super) fn set_status(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    let status = match required("status", input.text("status")?)? {
        "active" => MerchantStatus::Active,
        "disabled" => MerchantStatus::Disabled,
        "not_authenticated" => MerchantStatus::NotAuthenticated,
        _ => return Err(wrong("status", "must be active, disabled or not_authenticated").into()),
    };
    sandbox.set_merchant_status(&known(id)?, status)?;
    one(sandbox, id, input)
}

pub(super) fn balances(sandbox: &Sandbox, id: &str, _: &Input) -> Result<Value, Refused> {
    Ok(json!({ "balances": sandbox.balances(&known(id)?)? }))
}

pub(super) fn set_balance(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    let merchant_no = known(id)?;
    let available: Amount = required("available", input.parsed("available")?)?;
    let frozen = input.parsed("frozen")?.unwrap_or(Amount::ZERO);
    match input.parsed::<Currency>("currency")? {
        Some(currency) => sandbox.set_balance_in(&merchant_no, &currency, available, frozen)?,
        None => sandbox.set_balance(&merchant_no, available, frozen)?,
    }
    balances(sandbox, id, input)
}

pub(super) fn set_fee(sandbox: &Sandbox, _: &str, input: &Input) -> Result<Value, Refused> {
    let fee = NewFee::read(input)?;
    sandbox.set_fee(&fee.currency, fee.direction, fee.fee)?;
    Ok(fee.view(None))
}

pub(super) fn set_merchant_fee(sandbox: &Sandbox, id: &str, input: &Input) -> Result<Value, Refused> {
    let merchant_no = known(id)?;
    let fee = NewFee::read(input)?;
    sandbox.set_merchant_fee(&merchant_no, &fee.currency, fee.direction, fee.fee)?;
    Ok(fee.view(Some(&merchant_no)))
}

struct NewFee {
    currency: Currency,
    direction: BizType,
    fee: Fee,
}

impl NewFee {
    fn read(input: &Input) -> Result<Self, Refused> {
        let currency = required("currency", input.parsed("currency")?)?;
        let direction = match required("direction", input.text("direction")?)? {
            "deposit" => BizType::DEPOSIT,
            "withdrawal" => BizType::WITHDRAWAL,
            _ => return Err(wrong("direction", "must be deposit or withdrawal").into()),
        };
        let basis_points = input.number("basis_points")?.unwrap_or(0);
        if basis_points > 10_000 {
            return Err(wrong("basis_points", "must be at most 10000, which is all").into());
        }
        let fixed = input.parsed("fixed")?.unwrap_or(Amount::ZERO);
        Ok(Self { currency, direction, fee: Fee::new(fixed, basis_points) })
    }

    fn view(&self, merchant_no: Option<&MerchantNo>) -> Value {
        json!({
            "merchant_no": merchant_no,
            "currency": self.currency,
            "direction": direction_name(self.direction),
            "fixed": self.fee.fixed,
            "basis_points": self.fee.basis_points,
        })
    }
}

/// A text that cannot be a merchant number is an unknown one.
fn known(id: &str) -> Result<MerchantNo, Refused> {
    id.parse().map_err(|_| unknown(id))
}

fn unknown(id: &str) -> Refused {
    let message = format!("no merchant {}; register it with a key first", id.escape_debug());
    Error::new(ErrorKind::UnknownMerchant, message).into()
}
