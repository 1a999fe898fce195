//! `tarspay inbox`: what an operator sees of a merchant's inbox, and does about it.

#[cfg(feature = "postgres")]
mod postgres;

use crate::failure::Failure;
use crate::{input, output};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tarspay_inbox::{Error, ErrorKind, Inbox, Order, Waiting};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tarspay inbox status --database shop.db
  tarspay inbox parked --database postgres://shop@db.internal/shop
  tarspay inbox replay 7          # with TARSPAY_DATABASE_URL in the environment

The database is named by --database or TARSPAY_DATABASE_URL. A password comes from that variable, from
PGPASSWORD, or from the file that PGPASSFILE names, ~/.pgpass by default; never from an argument.

Exit codes: 1 no such parked order, 2 wrong usage, 3 the database did not do it: try again.")]
pub(crate) struct Operate {
    /// File of SQLite, or URL or keywords of PostgreSQL, for which this program needs its feature
    /// `postgres` [default: the environment variable TARSPAY_DATABASE_URL]
    #[arg(long, global = true, value_name = "FILE|postgres://…")]
    database: Option<String>,
    /// PostgreSQL: trust the root certificates in this PEM file, not Mozilla's
    #[arg(long, global = true, value_name = "FILE")]
    root_certificates: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show how much waits, and since when
    #[command(after_help = "Examples:\n  tarspay inbox status --database shop.db --json")]
    Status,
    /// List the orders that wait for a person, those that wait longest first, at most 1,000
    ///
    /// The reason can have the text of your handler's error.
    #[command(after_help = "Examples:\n  tarspay inbox parked --database shop.db")]
    Parked,
    /// Take a parked order up again, with all its attempts
    ///
    /// If it was parked for a contradiction, the gateway is asked, and its answer is believed.
    #[command(after_help = "Examples:\n  tarspay inbox replay 7 --database shop.db")]
    Replay {
        /// Number of the order's row, as `parked` shows it
        id: i64,
    },
    /// Close a parked order: nothing is applied and the gateway is not asked
    ///
    /// If there is news about it all the same, it is parked again.
    #[command(
        after_help = "Examples:\n  tarspay inbox discard 7 --reason 'booked by hand' --database shop.db"
    )]
    Discard {
        /// Number of the order's row, as `parked` shows it
        id: i64,
        /// Why, for whoever looks at it later
        #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
        reason: String,
    },
    /// Delete what is settled and has not changed for long; safe while everything runs
    #[command(after_help = "Examples:\n  tarspay inbox prune --unchanged-for 90d --database shop.db")]
    Prune {
        /// For how long it has not changed; at least 14d
        #[arg(long, value_name = "TIME", default_value = "30d", value_parser = humantime::parse_duration)]
        unchanged_for: Duration,
    },
    /// Make the tables, or bring them to this version; safe while everything runs
    #[command(after_help = "Examples:\n  tarspay inbox migrate --database shop.db")]
    Migrate,
}

pub(crate) async fn run(args: Operate) -> Result<(), Failure> {
    let makes_tables = matches!(args.verb, Verb::Migrate);
    let inbox = open(args.database, args.root_certificates.as_deref(), makes_tables).await?;
    match args.verb {
        Verb::Status => status(&inbox).await,
        Verb::Parked => {
            let orders = inbox.parked().await.map_err(|error| failed(&error))?;
            if output::is_json() {
                let orders: Vec<_> = orders.iter().map(order_json).collect();
                return output::json(&json!({ "orders": orders }));
            }
            orders.iter().try_for_each(|order| output::line(&order_line(order)))
        }
        Verb::Replay { id } => {
            let is_done = inbox.replay(id).await.map_err(|error| failed(&error))?;
            changed(id, is_done, "replayed", "is taken up again")
        }
        Verb::Discard { id, reason } => {
            let is_done = inbox.discard(id, &reason).await.map_err(|error| failed(&error))?;
            changed(id, is_done, "discarded", "is closed")
        }
        Verb::Prune { unchanged_for } => {
            let rows = inbox.prune(unchanged_for).await.map_err(|error| failed(&error))?;
            if output::is_json() {
                return output::json(&json!({ "deleted_rows": rows }));
            }
            output::line(&format!("rows deleted: {rows}"))
        }
        Verb::Migrate => {
            inbox.migrate().await.map_err(|error| failed(&error))?;
            if output::is_json() {
                return output::json(&json!({ "is_migrated": true }));
            }
            output::line("the tables are those of this version")
        }
    }
}

async fn status(inbox: &Inbox) -> Result<(), Failure> {
    let status = inbox.status().await.map_err(|error| failed(&error))?;
    let rows = [
        ("accepted", "callbacks accepted", status.accepted),
        ("to_apply", "orders to apply", status.to_apply),
        ("in_doubt", "orders in doubt", status.in_doubt),
        ("open", "orders open", status.open),
        ("parked", "orders parked", status.parked),
    ];
    if output::is_json() {
        let json = |(name, _, waiting): (&str, _, Waiting)| {
            let oldest = waiting.oldest.map(|age| age.as_secs_f64());
            (name.to_owned(), json!({ "count": waiting.count, "oldest_seconds": oldest }))
        };
        return output::json(&rows.map(json).into_iter().collect());
    }
    let text = |(_, name, Waiting { count, oldest, .. })| {
        (
            name,
            oldest.map_or_else(|| count.to_string(), |age| format!("{count}, the oldest for {}", time(age))),
        )
    };
    let rows: [(&str, String); 5] = rows.map(text);
    output::table(&rows.each_ref().map(|(name, text)| (*name, text.as_str())))
}

/// Whole seconds are enough for people.
fn time(age: Duration) -> String {
    humantime::format_duration(Duration::from_secs(age.as_secs())).to_string()
}

fn order_line(order: &Order) -> String {
    let money = match (order.amount, &order.currency) {
        (Some(amount), Some(currency)) => format!("{amount} {currency}"),
        _ => "-".to_owned(),
    };
    let Order { id, merchant_order_no, status, .. } = order;
    let reason = order.parked.as_deref().unwrap_or_default();
    format!(
        "{id}  {merchant_order_no}  {money}  {}  for {}  {reason}",
        status.state,
        time(order.unchanged_for)
    )
}

/// Without the pay URL and the payment data.
fn order_json(order: &Order) -> serde_json::Value {
    let state = |status: tarspay::types::OrderStatus| status.state.code();
    json!({
        "id": order.id,
        "merchant_no": order.merchant_no.as_str(),
        "merchant_order_no": order.merchant_order_no.as_str(),
        "pay_order_id": order.pay_order_id.as_ref().map(tarspay::types::PayOrderId::as_str),
        "direction": order.direction.map(tarspay::types::Direction::as_str),
        "amount": order.amount.map(|amount| amount.to_string()),
        "currency": order.currency.as_ref().map(tarspay::types::Currency::as_str),
        "state": state(order.status),
        "paid": order.status.paid().map(|paid| paid.to_string()),
        "applied_state": order.applied.map(state),
        "reason": order.parked,
        "attempts": order.attempts,
        "waits_seconds": order.unchanged_for.as_secs_f64(),
    })
}

fn changed(id: i64, is_done: bool, member: &str, what: &str) -> Result<(), Failure> {
    if !is_done {
        let reason = format!("no parked order has the number {id}: see `tarspay inbox parked`");
        return Err(Failure::refused(reason));
    }
    if output::is_json() {
        return output::json(&json!({ member: id }));
    }
    output::line(&format!("order {id} {what}"))
}

fn failed(error: &Error) -> Failure {
    match error.kind() {
        ErrorKind::Invalid => Failure::usage("the inbox").caused_by(error),
        _ => Failure::of_database("the inbox").caused_by(error),
    }
}

/// The inbox in this database, which has its tables.
pub(crate) async fn with_tables(database: String) -> Result<Inbox, Failure> {
    let inbox = open(Some(database), None, false).await?;
    inbox.status().await.map_err(|error| failed(&error))?;
    Ok(inbox)
}

async fn open(database: Option<String>, roots: Option<&Path>, makes_it: bool) -> Result<Inbox, Failure> {
    let is_argument = database.is_some();
    let named = match database {
        Some(text) => Some(text),
        None => input::variable("TARSPAY_DATABASE_URL")?,
    };
    let named = named.ok_or_else(|| {
        Failure::usage("no database: set TARSPAY_DATABASE_URL or give --database FILE|postgres://…")
    })?;
    let builder = if is_postgres(&named) {
        postgres::builder(named, is_argument, roots)?
    } else {
        if !makes_it && !Path::new(&named).exists() {
            let reason = format!("there is no file {named}; `tarspay inbox migrate` makes it");
            return Err(Failure::usage(reason));
        }
        Inbox::sqlite(&named)
    };
    builder.open().await.map_err(|error| failed(&error))
}

fn is_postgres(database: &str) -> bool {
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| database.starts_with(scheme));
    is_url || database.starts_with("host=") || database.contains(" host=")
}

#[cfg(not(feature = "postgres"))]
mod postgres {
    use crate::failure::Failure;
    use std::path::Path;

    pub(super) fn builder(_: String, _: bool, _: Option<&Path>) -> Result<tarspay_inbox::Builder, Failure> {
        let reason = "this program was built without PostgreSQL; install it with `--features postgres`";
        Err(Failure::usage(reason))
    }
}
