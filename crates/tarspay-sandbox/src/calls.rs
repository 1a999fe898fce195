//! The calls of the merchant API, one module each, and the way from a path to its call.

mod balance;
mod certificate;
mod create;
pub(crate) mod deposit_answer;
mod query;
mod trx_id;
mod utr;

use crate::engine::Engine;
use crate::gateway::Call;
use crate::refusal::{Refusal, with_causes};
use crate::store::Tx;
use crate::store::orders::{self, Record, Which};
use crate::{Error, plan};
use tarspay_types::market::bangladesh::SubmissionRequest;
use tarspay_types::{
    BizType, Decode, ErrorCode, Members, MerchantNo, MerchantOrderNo, PayOrderId, Request, WithMerchant,
};

/// Answers a call of this merchant with the JSON of an envelope.
pub(crate) async fn answer(
    engine: &Engine,
    caller: &MerchantNo,
    call: &Call<'_>,
) -> Result<Vec<u8>, Refusal> {
    match call.path {
        "/api/pay/unifiedOrder" => create::deposit(engine, caller, call.body).await,
        "/api/payInInfo" => query::deposit(engine, caller, call.body).await,
        "/api/payOut/unifiedOrder" => create::withdrawal(engine, caller, call.body).await,
        "/api/payOutInfo" => query::withdrawal(engine, caller, call.body).await,
        "/api/payOutProof" => certificate::certificate(engine, caller, call.body).await,
        "/api/balanceInfo" => balance::balance(engine, caller, call.body).await,
        "/api/orderInfo/trxId" => trx_id::brazil(engine, caller, call.body).await,
        "/api/utrQuery" => utr::query(engine, caller, call.body).await,
        "/api/trxQuery" => trx_id::bangladesh(engine, caller, call.body).await,
        "/api/trxSupplement" => trx_id::reprocess(engine, caller, call.body).await,
        path => match SubmissionRequest::from_path(path) {
            Some(submit) => trx_id::submit(engine, caller, submit).await,
            None => Err(Refusal::new(ErrorCode::SYSTEM_ERROR, format!("the sandbox has no call at {path}"))),
        },
    }
}

/// The members of a body that must come from this merchant; what the request itself requires is not looked at.
fn members(caller: &MerchantNo, body: &[u8]) -> Result<Members, Refusal> {
    let WithMerchant { merchant_no, request, .. } = WithMerchant::<Members>::from_slice(body)
        .map_err(|error| Refusal::new(ErrorCode::PARAMETER_MISSING, with_causes(&error)))?;
    MerchantNo::new(merchant_no.as_str())
        .map_err(|error| Refusal::missing(format_args!("`mchNo`: {error}")))?;
    if merchant_no != *caller {
        return Err(Refusal::new(
            ErrorCode::MERCHANT_UNKNOWN,
            "merchant unknown: mchNo is not the merchant of this API key",
        ));
    }
    Ok(request)
}

/// Reads a request of this merchant that has all that the call requires.
fn read<R: Decode + Request>(caller: &MerchantNo, body: &[u8]) -> Result<R, Refusal> {
    members(caller, body)?;
    request(body)
}

/// Reads a request with all that the call requires.
fn request<R: Decode + Request>(body: &[u8]) -> Result<R, Refusal> {
    let WithMerchant { request, .. } =
        WithMerchant::<R>::from_slice(body).map_err(|error| Refusal::missing(with_causes(&error)))?;
    request.check().map_err(Refusal::missing)?;
    Ok(request)
}

/// The member of this name, if it can be used.
fn given<T: Decode>(members: &Members, name: &str) -> Option<T> {
    members.get(name).and_then(|json| T::from_json(json).ok())
}

/// The merchant's order with one of these numbers, or with both; timed out first if it is due. `None` if there is
/// none of this direction.
fn find(
    tx: &Tx<'_>,
    caller: &MerchantNo,
    direction: BizType,
    number: Option<&MerchantOrderNo>,
    id: Option<&PayOrderId>,
) -> Result<Option<Record>, Error> {
    let found = match (number, id) {
        (Some(number), _) => orders::find(tx, &Which::Number(caller, number))?,
        (None, Some(id)) => orders::find(tx, &Which::PayOrderId(id))?,
        (None, None) => None,
    };
    let fits = |record: &Record| {
        record.order.merchant_no == *caller
            && record.order.direction == direction
            && id.is_none_or(|id| record.order.pay_order_id == *id)
    };
    let Some(mut record) = found.filter(fits) else { return Ok(None) };
    plan::catch_up_with(tx, &mut record)?;
    Ok(Some(record))
}

/// What a query answers that finds nothing.
fn no_order(direction: BizType) -> Refusal {
    match direction {
        BizType::WITHDRAWAL => Refusal::new(
            ErrorCode::QUERY_WITHDRAWAL_FAILED,
            "querying the withdrawal order failed: this merchant has no withdrawal of this number",
        ),
        _ => Refusal::new(
            ErrorCode::QUERY_DEPOSIT_FAILED,
            "querying the deposit order failed: this merchant has no deposit of this number",
        ),
    }
}
