//! `tarspay deposit create`, `tarspay withdrawal create`: one order for one intent, whatever is lost.

use super::call::{self, Caller, Untyped};
use super::sandbox::stop_signal;
use crate::failure::Failure;
use crate::members::{Body, Fields, Given, ORDER_NO};
use crate::{guard, output};
use serde::Serialize;
use serde_json::json;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use tarspay::types::market::{self, Report, Violation};
use tarspay::types::{
    Decode, DepositRequest, Direction, Effect, ErrorCode, Members, MerchantOrderNo, OrderQuery, RawJson,
    WithdrawalRequest,
};
use tarspay::{Client, ErrorKind, Matches, OrderRequest, Place, Placeable, Placed};
use tokio::time::sleep;

/// How long an order that was sent may be missing from look-ups: the client's quiet time.
const QUIET_TIME: Duration = Duration::from_secs(5);

/// The request of one kind of order, and how it is placed.
pub(crate) trait Placing: OrderRequest<Response: Placeable + Serialize> + Decode {
    fn place<'a>(&'a self, client: &'a Client) -> Place<'a, Self>;
    fn resume<'a>(&'a self, client: &'a Client) -> Place<'a, Self>;
}

impl Placing for DepositRequest {
    fn place<'a>(&'a self, client: &'a Client) -> Place<'a, Self> {
        client.place_deposit(self)
    }

    fn resume<'a>(&'a self, client: &'a Client) -> Place<'a, Self> {
        client.resume_deposit(self)
    }
}

impl Placing for WithdrawalRequest {
    fn place<'a>(&'a self, client: &'a Client) -> Place<'a, Self> {
        client.place_withdrawal(self)
    }

    fn resume<'a>(&'a self, client: &'a Client) -> Place<'a, Self> {
        client.resume_withdrawal(self)
    }
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Create<R: OrderRequest> {
    #[command(flatten)]
    caller: Caller,
    #[command(flatten)]
    fields: Fields<R>,
    #[command(flatten)]
    body: Body,
    /// Your number of the order, never used before [default: a new one]
    #[arg(long, value_name = "NUMBER", alias = "mch-order-no", conflicts_with = "resume")]
    order_no: Option<String>,
    /// Write the number to this new file before anything is sent, and not only to the terminal
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "dry_run"])]
    order_file: Option<PathBuf>,
    /// Resume the order that may have been sent under this number, with the same members; if the
    /// gateway does not know the number, nothing is sent
    #[arg(long, value_name = "NUMBER")]
    resume: Option<String>,
    /// With --resume, create the order under this number if the gateway does not know it: for a number
    /// of --order-file, which nobody has typed
    #[arg(long = "or-create", requires = "resume", conflicts_with_all = ["order_no", "order_file"])]
    if_unknown: bool,
    /// Send despite warnings
    #[arg(long)]
    force: bool,
    /// Send members that no market documents
    #[arg(long)]
    allow_unknown: bool,
    /// Do not ask before an order at a production gateway
    #[arg(long)]
    yes: bool,
    /// Longest time for all attempts and look-ups, such as 30s
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    deadline: Option<Duration>,
}

pub(crate) async fn run<R: Placing>(args: Create<R>) -> Result<(), Failure> {
    let mut given = Given::default();
    args.fields.add_to(&mut given)?;
    args.body.add_to(&mut given)?;
    if !args.allow_unknown {
        given.require_known(R::DIRECTION)?;
    }
    let (client, credentials) = args.caller.open()?;
    given.without_merchant(client.merchant_no())?;
    match (&args.resume, &args.order_no) {
        (Some(number), _) => given.text(ORDER_NO, number, "--resume")?,
        (None, Some(number)) => given.text(ORDER_NO, number, "--order-no")?,
        (None, None) => {}
    }
    let is_new = given.members.get(ORDER_NO).is_none();
    if is_new {
        given.text(ORDER_NO, &new_number(R::DIRECTION), "a new number")?;
    }
    let members = given.members;
    if args.resume.is_none() {
        // What may have been sent is looked up, whatever the rules say today.
        check(R::DIRECTION, &members, args.force)?;
    }
    let request = R::from_members(&members)
        .map_err(|error| Failure::usage(format!("no {}", R::DIRECTION)).caused_by(&error))?;
    if args.caller.dry_run {
        return call::curl(&client, &credentials, &request);
    }
    let order_no = request.merchant_order_no().cloned();
    let order_no = order_no.ok_or_else(|| Failure::usage("no order number; give --order-no"))?;
    let only_known = args.resume.is_some() && !args.if_unknown;
    let verb = if only_known { "resume" } else { "create" };
    let action = format!("{verb} {}", described(R::DIRECTION, &members, &order_no));
    guard::confirm(&client, &action, &payee(R::DIRECTION, &members), args.yes).await?;
    // Listen for the signal first: whoever reads the number may send it at once.
    let stop = stop_signal()?;
    keep_number(R::DIRECTION, &order_no, args.order_file.as_deref(), is_new)?;
    let place = if args.resume.is_some() { request.resume(&client) } else { request.place(&client) };
    let placing = async {
        if only_known {
            require_known(&client, R::DIRECTION, &order_no, args.deadline).await?;
        }
        Ok(place.deadline(args.deadline).await)
    };
    let placed = tokio::select! {
        placed = placing => placed?,
        stopped = stop => {
            stopped?;
            let reason = format!("interrupted; the {} {order_no} may exist", R::DIRECTION);
            return Err(resumable(Failure::interrupted(reason), &order_no));
        }
    };
    match placed {
        Ok(placed) => report(R::DIRECTION, &order_no, &placed, args.resume.is_some()),
        Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
            let what = format!("the {} {order_no} may exist", R::DIRECTION);
            Err(resumable(Failure::of_call(&what, &error), &order_no))
        }
        Err(error) => {
            let failure = Failure::of_call(&format!("no {} {order_no}", R::DIRECTION), &error);
            Err(failure.fact("order_no", order_no.as_str()))
        }
    }
}

/// Refuses a number that the gateway does not know, such as a mistyped one. "No such order" is believed
/// if it is said again after the quiet time, until which the order may not be visible yet.
async fn require_known(
    client: &Client,
    direction: Direction,
    order_no: &MerchantOrderNo,
    deadline: Option<Duration>,
) -> Result<(), Failure> {
    let doubt = || Failure::in_doubt(format!("the {direction} {order_no} may exist"));
    let is_not_found = |error: &tarspay::Error| {
        let is_broken = error.status().is_some_and(|status| status == 429 || status >= 500);
        error.code().is_some_and(ErrorCode::is_order_not_found) && !is_broken
    };
    let begun = Instant::now();
    loop {
        let asked_after = begun.elapsed();
        let left = deadline.map(|deadline| deadline.saturating_sub(asked_after));
        let query = client.call(OrderQuery::new(direction, order_no.clone())).deadline(left);
        let failure = match query.await {
            Ok(order) if order.merchant_order_no.is_some() => return Ok(()),
            Ok(_) => doubt().within("the response names no order"),
            Err(error) if !is_not_found(&error) => {
                doubt().caused_by(&error).fact("code", error.code().map(ErrorCode::code))
            }
            Err(_) if asked_after >= QUIET_TIME => {
                let reason = format!(
                    "the gateway knows no {direction} {order_no}, also not {}s later; nothing was sent",
                    QUIET_TIME.as_secs()
                );
                return Err(Failure::new(1, "not_found", reason)
                    .fact("order_no", order_no.as_str())
                    .detail("Look at the number: another one would be a second order.")
                    .detail("If it is right, create the order under it: add --or-create."));
            }
            Err(_) if left.is_some_and(|left| left <= QUIET_TIME) => doubt()
                .within("the gateway does not know it yet, and --deadline ends before it is asked again"),
            Err(_) => {
                output::status(&format!("the gateway knows no {direction} {order_no}; it is asked again"));
                sleep(QUIET_TIME).await;
                output::status("");
                continue;
            }
        };
        return Err(resumable(failure, order_no));
    }
}

/// The failure of an order that may exist.
fn resumable(failure: Failure, order_no: &MerchantOrderNo) -> Failure {
    failure.fact("order_no", order_no.as_str()).detail(format!(
        "Do not create it a second time: give the same command with --resume {order_no}, without --order-no."
    ))
}

/// Time and chance make it new, also among processes that begin in one millisecond.
fn new_number(direction: Direction) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let letter = if direction == Direction::Deposit { 'D' } else { 'W' };
    let chance = RandomState::new().hash_one(std::process::id()) & 0xff_ffff_ffff;
    format!("{letter}{now}{chance:010x}")
}

/// Shows every rule of its market that the request breaks. A warning refuses too, unless forced.
fn check(direction: Direction, members: &Members, force: bool) -> Result<(), Failure> {
    let effect = match direction {
        Direction::Deposit => Effect::CreateDeposit,
        Direction::Withdrawal => Effect::CreateWithdrawal,
    };
    let request = Untyped { path: String::new(), effect, members: Some(members.clone()) };
    let report = market::check(&request)
        .map_err(|error| Failure::refused("the request cannot be checked").caused_by(&error))?;
    if report.violations().is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = report.to_string().lines().map(str::to_owned).collect();
    if force && !report.refuses() {
        for line in lines {
            output::note(&line, &json!({ "warning": line }));
        }
        return Ok(());
    }
    let reason = if report.refuses() {
        format!("the {direction} breaks the rules of its market; nothing was sent")
    } else {
        format!("the {direction} is unusual for its market; nothing was sent; give --force to send it anyway")
    };
    let failure = Failure::refused(reason).fact("violations", violations(&report));
    Err(lines.into_iter().fold(failure, Failure::detail))
}

fn violations(report: &Report) -> Vec<serde_json::Value> {
    let describe = |refuses: bool| {
        move |violation: &Violation| {
            json!({ "member": violation.field(), "message": violation.message(), "refuses": refuses,
                    "source": violation.source().to_string() })
        }
    };
    report.refusals().map(describe(true)).chain(report.warnings().map(describe(false))).collect()
}

/// What a person confirms.
fn described(direction: Direction, members: &Members, order_no: &MerchantOrderNo) -> String {
    let text = |name| members.get(name).unwrap_or_default().trim_matches('"');
    format!("the {direction} {order_no} of {} {} by {}", text("amount"), text("currency"), text("wayCode"))
}

/// Whom a withdrawal pays: a line for each member that does not describe the order itself.
fn payee(direction: Direction, members: &Members) -> Vec<String> {
    let is_payee = |name: &str| !["amount", "currency", "wayCode", "notifyUrl", ORDER_NO].contains(&name);
    let shown = members.iter().filter(|(name, _)| direction == Direction::Withdrawal && is_payee(name));
    shown.map(|(name, json)| format!("  {name}: {}", json.trim_matches('"'))).collect()
}

/// Puts the number where it is found again, before anything is sent.
fn keep_number(
    direction: Direction,
    order_no: &MerchantOrderNo,
    file: Option<&Path>,
    is_new: bool,
) -> Result<(), Failure> {
    if let Some(path) = file {
        output::new_file(path, order_no.as_str()).map_err(|error| {
            let reason = format!("cannot write the new file {}; nothing was sent", path.display());
            let failure = Failure::usage(reason).caused_by(&error);
            if error.kind() != std::io::ErrorKind::AlreadyExists {
                return failure;
            }
            failure.detail(
                "It may hold the number of an order that exists: give it by --resume, or another file.",
            )
        })?;
    }
    let text = format!("tarspay: {direction} {order_no}");
    let is_read =
        output::note(&text, &json!({ "direction": direction.as_str(), "order_no": order_no.as_str() }));
    if is_new && file.is_none() && !is_read {
        let reason = "nobody reads the order number, and it would be lost; nothing was sent";
        return Err(Failure::usage(reason).detail("Give --order-no NUMBER or --order-file FILE."));
    }
    Ok(())
}

fn report<A: Placeable + Serialize>(
    direction: Direction,
    order_no: &MerchantOrderNo,
    placed: &Placed<A>,
    resumed: bool,
) -> Result<(), Failure> {
    let (outcome, response) = match placed {
        Placed::Created { response, .. } => ("created", RawJson::new(response)),
        Placed::Recovered { order, .. } => ("recovered", RawJson::new(order)),
        Placed::AlreadyExisted { order, .. } => ("already_existed", RawJson::new(order)),
        _ => ("placed", RawJson::new(&())),
    };
    let matches = match placed.matches() {
        Matches::Yes => "yes",
        Matches::No => "no",
        _ => "unknown",
    };
    let response =
        response.map_err(|error| Failure::refused("the response cannot be shown").caused_by(&error))?;
    let facts = [
        ("outcome", outcome),
        ("order_no", order_no.as_str()),
        ("matches", matches),
        ("compared", "amount and currency"),
    ];
    call::show(&facts.map(|(name, value)| (name, value.to_owned())), &response)
        .map_err(|failure| resumable(failure.after_the_call(), order_no))?;
    if placed.matches() == Matches::No {
        let reason = format!("the order {order_no} has another amount or currency than this request");
        return Err(Failure::in_doubt(reason)
            .fact("order_no", order_no.as_str())
            .detail("The number was probably used before. Have a person look before anything else."));
    }
    if resumed || matches!(placed, Placed::AlreadyExisted { .. }) {
        let warning = format!(
            "the gateway cannot say for whom the {direction} {order_no} is; compare the payer or payee with your records"
        );
        output::note(&format!("warning: {warning}"), &json!({ "warning": warning }));
    }
    if let Some(state) = placed.state().filter(|state| state.is_ended() && !state.is_success()) {
        let reason = format!("the {direction} {order_no} exists, and did not succeed: state {state}");
        return Err(Failure::refused(reason).fact("order_no", order_no.as_str()).fact("state", state.code()));
    }
    Ok(())
}
