//! `tarspay balance`: the merchant's balance.

use crate::args::Balance;
use crate::failure::{Failure, with_causes};
use crate::{input, output};
use serde_json::json;
use tarspay::types::MerchantNo;
use tarspay::{Client, Credentials, Error, ErrorKind};

pub(crate) async fn run(mut args: Balance) -> Result<(), Failure> {
    let key = input::private_key(&args.key)?;
    if args.proxy.as_ref().is_some_and(|url| url.contains('@')) {
        let reason =
            "--proxy must hold no password, which other users could see; give this URL in TARSPAY_PROXY";
        return Err(Failure::unreadable(reason));
    }
    if args.proxy.is_none() {
        args.proxy = input::variable("TARSPAY_PROXY")?;
    }
    let merchant_no: MerchantNo = args
        .merchant_id
        .as_deref()
        .ok_or_else(|| {
            Failure::unreadable("no merchant number: set TARSPAY_MERCHANT_ID or give --merchant-id NUMBER")
        })?
        .parse()
        .map_err(|error| Failure::unreadable("--merchant-id or TARSPAY_MERCHANT_ID").caused_by(&error))?;
    let Balance { plain_http_host, proxy, platform_roots, .. } = args;
    let client = Client::builder(Credentials::new(merchant_no, key))
        .base_url(args.api_url)
        .transport(move |mut transport| {
            if platform_roots {
                transport = transport.platform_verifier();
            }
            if let Some(host) = plain_http_host {
                transport = transport.allow_plain_http_to(&host);
            }
            match &proxy {
                Some(url) => transport.proxy(url),
                None => transport,
            }
        })
        .build()
        .map_err(|error| Failure::unreadable("cannot call this gateway").caused_by(&error))?;

    let balance = match client.balance().await {
        Ok(balance) => balance,
        Err(error) => {
            if args.output.json {
                output::json(&describe(&error))?;
            }
            return Err(Failure::refused("no balance").caused_by(&error));
        }
    };
    let (available, frozen) = (balance.available_amount.to_string(), balance.frozen_amount.to_string());
    let merchant_no = balance.merchant_no.as_ref().unwrap_or_else(|| client.merchant_no()).to_string();
    if args.output.json {
        return output::json(
            &json!({ "merchant_no": merchant_no, "available_amount": available, "frozen_amount": frozen }),
        );
    }
    output::table(&[("merchant", &merchant_no), ("available", &available), ("frozen", &frozen)])
}

/// What a machine can act upon.
pub(crate) fn describe(error: &Error) -> serde_json::Value {
    let kind = match error.kind() {
        ErrorKind::Invalid => "invalid",
        ErrorKind::NotSent => "not_sent",
        ErrorKind::OutcomeUnknown => "outcome_unknown",
        ErrorKind::NoResponse => "no_response",
        ErrorKind::Rejected => "rejected",
        _ => "other",
    };
    json!({
        "error": {
            "kind": kind,
            "code": error.code().map(tarspay::types::ErrorCode::code),
            "message": with_causes(error),
            "can_repeat_query": error.can_repeat_query(),
        }
    })
}
