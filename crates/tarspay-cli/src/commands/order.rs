//! `tarspay deposit` and `tarspay withdrawal`: create an order, get its state, wait for its end.

use super::call::{self, Caller};
use super::create::{self, Create};
use super::sandbox::stop_signal;
use crate::failure::Failure;
use crate::output;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tarspay::DEFAULT_WAIT;
use tarspay::types::market::brazil::CertificateQuery;
use tarspay::types::{DepositRequest, Direction, MerchantOrderNo, OrderQuery, PayOrderId, WithdrawalRequest};
use tokio::time::{Instant, interval};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Deposit {
    /// Create a deposit once, even if a response is lost
    ///
    /// Its number is on stderr, or in --order-file, before anything is sent. The exit code is 0 if the
    /// order exists, 1 if it was refused or has failed, 3 if it was not sent, and 4 if it may exist:
    /// then --resume.
    #[command(
        after_help = "Examples:\n  tarspay deposit create --way-code EWALLET_MPESA --currency KES --amount 500 \\\n    \
                            --customer-contact 254115555076 --notify-url https://shop.example/notify\n  \
                            tarspay deposit create --body deposit.json --set amount=500 --order-file order.txt\n  \
                            tarspay deposit create --body deposit.json --set amount=500 --resume \"$(cat order.txt)\" --or-create"
    )]
    Create(Box<Create<DepositRequest>>),
    /// Get the state of a deposit
    #[command(after_help = "Examples:\n  tarspay deposit get D1659318251029 --json")]
    Get(Get),
    /// Wait until a deposit has ended
    ///
    /// The exit code is 0 if it succeeded, 1 if it ended in another way, and 4 if it is still pending
    /// at the deadline.
    #[command(after_help = "Examples:\n  tarspay deposit wait D1659318251029 --deadline 10m && echo paid")]
    Wait(Wait),
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Withdrawal {
    /// Create a withdrawal once, even if a response is lost
    ///
    /// Its number is on stderr, or in --order-file, before anything is sent. The exit code is 0 if the
    /// order exists, 1 if it was refused or has failed, 3 if it was not sent, and 4 if it may exist:
    /// then --resume.
    #[command(
        after_help = "Examples:\n  tarspay withdrawal create --way-code EWALLET_BKASH --currency BDT --amount 500 \\\n    \
                            --wallet-id 01011111111 --notify-url https://shop.example/notify\n  \
                            tarspay withdrawal create --body payout.json --order-file order.txt\n  \
                            tarspay withdrawal create --body payout.json --resume \"$(cat order.txt)\" --or-create"
    )]
    Create(Box<Create<WithdrawalRequest>>),
    /// Get the state of a withdrawal
    #[command(after_help = "Examples:\n  tarspay withdrawal get W202211300001 --json")]
    Get(Get),
    /// Wait until a withdrawal has ended
    ///
    /// The exit code is 0 if it succeeded, 1 if it ended in another way, and 4 if it is still pending
    /// at the deadline.
    #[command(after_help = "Examples:\n  tarspay withdrawal wait W202211300001 --deadline 1h")]
    Wait(Wait),
    /// Get the payment certificate of a withdrawal, in Brazil
    #[command(after_help = "Examples:\n  tarspay withdrawal certificate W202211300001 --json")]
    Certificate(Get),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    #[command(flatten)]
    caller: Caller,
    /// Your number of the order
    #[arg(value_name = "ORDER_NO", required_unless_present = "pay_order_id")]
    order_no: Option<String>,
    /// The gateway's number of the order, if you have nothing else
    #[arg(long, value_name = "ID", conflicts_with = "order_no")]
    pay_order_id: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Wait {
    #[command(flatten)]
    caller: Caller,
    /// Your number of the order
    #[arg(value_name = "ORDER_NO")]
    order_no: String,
    /// Longest time to wait, such as 90s or 1h [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    deadline: Option<Duration>,
}

pub(crate) async fn deposit(verb: Deposit) -> Result<(), Failure> {
    match verb {
        Deposit::Create(args) => create::run(*args).await,
        Deposit::Get(args) => get(args, Direction::Deposit).await,
        Deposit::Wait(args) => wait(args, Direction::Deposit).await,
    }
}

pub(crate) async fn withdrawal(verb: Withdrawal) -> Result<(), Failure> {
    match verb {
        Withdrawal::Create(args) => create::run(*args).await,
        Withdrawal::Get(args) => get(args, Direction::Withdrawal).await,
        Withdrawal::Wait(args) => wait(args, Direction::Withdrawal).await,
        Withdrawal::Certificate(args) => {
            let query = match args.number()? {
                Number::Ours(number) => CertificateQuery::by_merchant_order_no(number),
                Number::Gateways(id) => CertificateQuery::by_pay_order_id(id),
            };
            args.caller.show(query).await
        }
    }
}

enum Number {
    Ours(MerchantOrderNo),
    Gateways(PayOrderId),
}

impl Get {
    fn number(&self) -> Result<Number, Failure> {
        let wrong = |error: tarspay::types::Error| Failure::usage("the order number").caused_by(&error);
        match (&self.order_no, &self.pay_order_id) {
            (Some(number), _) => number.parse().map(Number::Ours).map_err(wrong),
            (None, id) => id.as_deref().unwrap_or_default().parse().map(Number::Gateways).map_err(wrong),
        }
    }
}

async fn get(args: Get, direction: Direction) -> Result<(), Failure> {
    let query = match args.number()? {
        Number::Ours(number) => OrderQuery::new(direction, number),
        Number::Gateways(id) => OrderQuery::by_pay_order_id(direction, id),
    };
    args.caller.show(query).await.map_err(|failure| match failure.kind() {
        "rejected" => failure.detail(
            "Check the number; `tarspay config show` shows which merchant and which gateway were asked.",
        ),
        _ => failure,
    })
}

async fn wait(args: Wait, direction: Direction) -> Result<(), Failure> {
    let order_no: MerchantOrderNo =
        args.order_no.parse().map_err(|error| Failure::usage("the order number").caused_by(&error))?;
    if args.caller.dry_run {
        return args.caller.show(OrderQuery::new(direction, order_no)).await;
    }
    let client = args.caller.client()?;
    let stop = stop_signal()?;
    let deadline = args.deadline.unwrap_or(DEFAULT_WAIT);
    let state = Arc::new(Mutex::new("not known yet".to_owned()));
    let seen = Arc::clone(&state);
    let query = client.wait_for_order(direction, order_no.clone()).deadline(deadline).observe(move |order| {
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = order.state.to_string();
    });
    let begun = Instant::now();
    let show_status = async {
        let mut seconds = interval(Duration::from_secs(1));
        loop {
            seconds.tick().await;
            let state = state.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let passed = humantime::format_duration(Duration::from_secs(begun.elapsed().as_secs()));
            let all = humantime::format_duration(deadline);
            output::status(&format!("{direction} {order_no}: state {state}, {passed} of {all}"));
        }
    };
    let waited = tokio::select! {
        waited = query => waited,
        stopped = stop => {
            output::status("");
            stopped?;
            let reason = format!("interrupted; the {direction} {order_no} is not cancelled");
            return Err(Failure::interrupted(reason).detail(format!("Wait again: tarspay {direction} wait {order_no}")));
        }
        () = show_status => return Ok(()),
    };
    output::status("");
    let waited = waited.map_err(|error| {
        let what = format!("the state of the {direction} {order_no} is not known");
        // A refused query says nothing about the order.
        match error.code() {
            Some(code) => Failure::in_doubt(what).caused_by(&error).fact("code", code.code()),
            None => Failure::of_call(&what, &error),
        }
    })?;
    call::show(&[], &waited.order)?;
    let state = waited.order.state;
    let failure = if !waited.ended {
        let reason = format!("the {direction} {order_no} has not ended: state {state}");
        Failure::in_doubt(reason).detail(format!("Wait again: tarspay {direction} wait {order_no}"))
    } else if state.is_success() {
        return Ok(());
    } else {
        Failure::refused(format!("the {direction} {order_no} did not succeed: state {state}"))
    };
    Err(failure.fact("order_no", order_no.as_str()).fact("state", state.code()))
}
