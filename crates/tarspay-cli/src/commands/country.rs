//! `tarspay brazil`, `bangladesh`, `india`: the calls that only one market has.

use super::call::{self, Caller};
use crate::failure::Failure;
use crate::guard;
use std::fmt;
use std::str::FromStr;
use tarspay::types::Request;
use tarspay::types::market::bangladesh::{ReprocessingRequest, SubmissionRequest, TransactionQuery};
use tarspay::types::market::brazil::DepositByTrxIdQuery;
use tarspay::types::market::india::TransferByUtrQuery;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Brazil {
    /// Find a deposit by its transaction id, such as a PIX end-to-end id
    #[command(after_help = "Examples:\n  tarspay brazil query-trx-id E18236120202306301613s0998b0d9fe\n\n\
                            See also: tarspay withdrawal certificate")]
    QueryTrxId {
        #[command(flatten)]
        caller: Caller,
        /// The transaction id
        trx_id: String,
    },
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bangladesh {
    /// Look up a wallet transaction (under development at the gateway)
    #[command(name = "query-trx-id", after_help = "Examples:\n  tarspay bangladesh query-trx-id BI63CWYFV9")]
    Query {
        #[command(flatten)]
        caller: Caller,
        /// The transaction id of the wallet
        trx_id: String,
    },
    /// Settle a deposit that was paid and not settled (under development at the gateway)
    ///
    /// It changes the order. The exit code is 0 only if the response says success.
    #[command(
        name = "reprocess-trx-id",
        after_help = "Examples:\n  tarspay bangladesh reprocess-trx-id BI63CWYFV9 D1659318251029"
    )]
    Reprocess {
        #[command(flatten)]
        caller: Caller,
        /// The transaction id of the wallet
        trx_id: String,
        /// Your number of the order
        order_no: String,
        /// Do not ask at a production gateway
        #[arg(long)]
        yes: bool,
    },
    /// Submit the transaction id of a payment on your own cashier page (under development at the gateway)
    #[command(
        name = "submit-trx-id",
        after_help = "Examples:\n  tarspay bangladesh submit-trx-id P1560179978363322369 BI63CWYFV9"
    )]
    Submit {
        #[command(flatten)]
        caller: Caller,
        /// The gateway's number of the order
        pay_order_id: String,
        /// The transaction id of the wallet
        trx_id: String,
        /// Do not ask at a production gateway
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum India {
    /// Look up a payer's transfer by its UTR (under development at the gateway)
    #[command(after_help = "Examples:\n  tarspay india query-utr 231500000000 D1659318251029")]
    QueryUtr {
        #[command(flatten)]
        caller: Caller,
        /// The reference of the payer's transfer
        utr: String,
        /// Your number of the order
        order_no: String,
    },
}

fn read<T: FromStr<Err: std::error::Error + 'static>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error: T::Err| Failure::usage("the arguments").caused_by(&error))
}

/// Asks before a call that changes an order.
async fn confirm(
    caller: &Caller,
    request: &impl Request,
    order: &dyn fmt::Display,
    yes: bool,
) -> Result<(), Failure> {
    if caller.dry_run {
        return Ok(());
    }
    let client = caller.client()?;
    guard::confirm(&client, &format!("change the order {order} by {}", request.path()), &[], yes).await
}

pub(crate) async fn brazil(verb: Brazil) -> Result<(), Failure> {
    let Brazil::QueryTrxId { caller, trx_id } = verb;
    caller.show(DepositByTrxIdQuery::new(read(&trx_id)?)).await
}

pub(crate) async fn bangladesh(verb: Bangladesh) -> Result<(), Failure> {
    match verb {
        Bangladesh::Query { caller, trx_id } => caller.show(TransactionQuery::new(read(&trx_id)?)).await,
        Bangladesh::Reprocess { caller, trx_id, order_no, yes } => {
            let request = ReprocessingRequest::new(read(&trx_id)?, read(&order_no)?);
            confirm(&caller, &request, &order_no, yes).await?;
            let Some(response) = caller.call(request).await? else { return Ok(()) };
            call::show(&[], &response).map_err(Failure::after_the_call)?;
            if response.status.is_success() {
                return Ok(());
            }
            Err(Failure::refused(format!("the order {order_no} was not settled: status {}", response.status)))
        }
        Bangladesh::Submit { caller, pay_order_id, trx_id, yes } => {
            let request = SubmissionRequest::new(read(&pay_order_id)?, read(&trx_id)?)
                .map_err(|error| Failure::usage("the arguments").caused_by(&error))?;
            confirm(&caller, &request, &pay_order_id, yes).await?;
            caller.show(request).await
        }
    }
}

pub(crate) async fn india(verb: India) -> Result<(), Failure> {
    let India::QueryUtr { caller, utr, order_no } = verb;
    caller.show(TransferByUtrQuery::new(read(&utr)?, read(&order_no)?)).await
}
