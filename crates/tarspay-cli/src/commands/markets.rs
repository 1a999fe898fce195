//! `tarspay markets`: what each market offers, and the check of a request against it. Nothing is sent.

use crate::commands::completions;
use crate::failure::Failure;
use crate::input;
use crate::members::unknown_members;
use crate::output::{self, Mark};
use serde_json::{Value, json};
use std::path::PathBuf;
use tarspay::types::market::{self, Field, Market, Offer, Presence, Report, Violation, Way};
use tarspay::types::{Amount, Decode as _, Direction, Members};

#[derive(Debug, clap::Args)]
pub(crate) struct Markets {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the markets
    #[command(
        after_help = "Examples:\n  tarspay markets list --way-code CASHIER\n  tarspay markets list --json"
    )]
    List {
        /// Only those that have this way
        #[arg(long, value_name = "CODE", add = completions::way_codes())]
        way_code: Option<String>,
    },
    /// Show the ways, limits and fields of a market
    #[command(after_help = "Examples:\n  tarspay markets show kenya\n  tarspay markets show KE --json")]
    Show {
        /// Its name, country code or currency
        #[arg(value_parser = found, add = completions::markets())]
        market: &'static Market,
    },
    /// List the codes of banks and wallets that a market pays out to
    #[command(after_help = "Examples:\n  tarspay markets banks malaysia\n  tarspay markets banks MY islam")]
    Banks {
        /// Its name, country code or currency
        #[arg(value_parser = found, add = completions::markets())]
        market: &'static Market,
        /// Only those with this code, or with this text in the name
        #[arg(add = completions::bank_codes())]
        search: Option<String>,
    },
    /// Check the body of a deposit or a withdrawal: everything that is wrong, at once
    ///
    /// What refuses is structural: a missing field, a wrong form. Limits and advice warn, because the
    /// vendor's published figures are a snapshot. The way code says whether it is a deposit or a
    /// withdrawal, unless the market has it for both.
    #[command(after_help = "Examples:\n  tarspay markets check --body deposit.json\n  \
                            tarspay markets check --withdrawal --enforce-limits --body withdrawal.json")]
    Check(Check),
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct Check {
    /// File with the JSON body, - for standard input
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// It is a deposit
    #[arg(long, conflicts_with = "withdrawal")]
    deposit: bool,
    /// It is a withdrawal
    #[arg(long)]
    withdrawal: bool,
    /// The market [default: that of the currency]
    #[arg(long, value_parser = found, add = completions::markets())]
    market: Option<&'static Market>,
    /// Refuse amounts beyond the published limits
    #[arg(long)]
    enforce_limits: bool,
    /// Allow members that no market documents
    #[arg(long)]
    allow_unknown: bool,
}

/// The market that somebody means.
fn found(text: &str) -> Result<&'static Market, String> {
    let currency = |market: &Market| market.currency().map(|currency| currency.as_str().to_lowercase());
    let given = text.to_lowercase();
    let has_currency = |market: &&&Market| {
        // The first two letters of a currency are its country.
        currency(market).is_some_and(|own| own == given || (given.len() == 2 && own.starts_with(&given)))
    };
    market::by_name(text).or_else(|| market::ALL.iter().find(has_currency).copied()).ok_or_else(|| {
        let names: Vec<_> = market::ALL.iter().map(|market| market.key()).collect();
        format!("there is no such market; known: {}", names.join(", "))
    })
}

pub(crate) fn run(args: Markets) -> Result<(), Failure> {
    match args.command.unwrap_or(Command::List { way_code: None }) {
        Command::List { way_code } => list(way_code.as_deref()),
        Command::Show { market } if output::is_json() => output::json(&market_json(market)),
        Command::Show { market } => show(market),
        Command::Banks { market, search } => banks(market, search.as_deref()),
        Command::Check(check) => check.run(),
    }
}

fn list(way: Option<&str>) -> Result<(), Failure> {
    let has = |offer: &Offer| way.is_none_or(|way| offer.way(way).is_some());
    let fits = |market: &&Market| has(market.deposit()) || has(market.withdrawal());
    let markets = market::ALL.iter().copied().filter(fits);
    if output::is_json() {
        let markets: Vec<_> = markets.map(market_json).collect();
        return output::json(&json!({ "markets": markets }));
    }
    output::line("market       currency  deposit ways  withdrawal ways  bank codes")?;
    for market in markets {
        let counts =
            [market.deposit().ways().len(), market.withdrawal().ways().len(), banks_of(market).len()];
        let (currency, [deposit, withdrawal, banks]) = (currency(market), counts);
        output::line(&format!("{:12} {currency:8} {deposit:13} {withdrawal:16} {banks:11}", market.key()))?;
    }
    Ok(())
}

fn currency(market: &Market) -> &str {
    market.currency().map_or("–", |currency| currency.as_str())
}

fn banks_of(market: &Market) -> &'static [market::Bank] {
    market.withdrawal().banks().all()
}

fn show(market: &Market) -> Result<(), Failure> {
    let live = if market.is_live() { "" } else { ", a test group: not for customers" };
    output::line(&format!("{}: currency {}{live}", market.name(), currency(market)))?;
    market.notes().iter().try_for_each(|note| output::line(&format!("  {note}")))?;
    for (title, offer) in [("Deposit", market.deposit()), ("Withdrawal", market.withdrawal())] {
        output::line(title)?;
        let ways: Vec<_> = offer.ways().iter().map(|way| (way.code().as_str(), way_text(way))).collect();
        let fields: Vec<_> = offer.fields().iter().map(|field| (field.name(), field_text(field))).collect();
        if ways.is_empty() && fields.is_empty() {
            output::line("  not documented")?;
        }
        let width = ways.iter().chain(&fields).map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, text) in ways.iter().chain(&fields) {
            output::line(format!("  {name:width$}  {text}").trim_end())?;
        }
        offer.notes().iter().try_for_each(|note| output::line(&format!("  {note}")))?;
    }
    if !banks_of(market).is_empty() {
        output::line(&format!("Bank and wallet codes: tarspay markets banks {}", market.key()))?;
    }
    output::line(&format!("Not documented: {}", market.not_documented()))?;
    output::line(&format!("Sources: {}", market.reference()))
}

fn way_text(way: &Way) -> String {
    let limits = match (way.minimum(), way.maximum()) {
        (None, None) => "limits not documented".to_owned(),
        (from, to) => {
            let bound = |word, amount: Option<Amount>| amount.map(|amount| format!("{word} {amount}"));
            [bound("from", from), bound("to", to)].into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
    };
    let note = if way.note().is_empty() { "" } else { "; " };
    format!("{}, {limits}{note}{}", way.meaning(), way.note())
}

fn field_text(field: &Field) -> String {
    let presence = match field.presence() {
        Presence::Required => "required".to_owned(),
        Presence::RequiredWith(way) => format!("required with {way}"),
        Presence::PerhapsRequiredWith(way) => format!("perhaps required with {way}"),
        Presence::Optional => "optional".to_owned(),
        _ => "not said whether required".to_owned(),
    };
    let format = field.format().map(|format| format.describe());
    let note = Some(field.note().to_owned()).filter(|note| !note.is_empty());
    let example = field.example().map(|example| format!("such as {example}"));
    [Some(presence), format, note, example].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn market_json(market: &Market) -> Value {
    json!({
        "name": market.name(),
        "key": market.key(),
        "currency": market.currency(),
        "country_code": market.country_code(),
        "live": market.is_live(),
        "notes": market.notes(),
        "deposit": offer_json(market.deposit()),
        "withdrawal": offer_json(market.withdrawal()),
        "bank_codes": banks_of(market).len(),
        "not_documented": market.not_documented(),
        "source": market.reference(),
    })
}

fn offer_json(offer: &Offer) -> Value {
    let way = |way: &Way| json!({ "code": way.code(), "minimum": way.minimum(), "maximum": way.maximum(), "text": way_text(way) });
    let field = |field: &Field| {
        let with = match field.presence() {
            Presence::RequiredWith(way) => Some(way),
            _ => None,
        };
        let required = field.presence() == Presence::Required;
        json!({ "name": field.name(), "required": required, "required_with": with, "text": field_text(field) })
    };
    json!({
        "ways": offer.ways().iter().map(way).collect::<Vec<_>>(),
        "fields": offer.fields().iter().map(field).collect::<Vec<_>>(),
        "notes": offer.notes(),
    })
}

fn banks(market: &Market, search: Option<&str>) -> Result<(), Failure> {
    let list = market.withdrawal().banks();
    let found = search.map_or_else(|| list.all().iter().collect(), |text| list.search(text));
    if output::is_json() {
        let banks: Vec<_> =
            found.iter().map(|bank| json!({ "code": bank.code(), "name": bank.name() })).collect();
        return output::json(
            &json!({ "market": market.key(), "complete": list.is_complete(), "banks": banks }),
        );
    }
    let width = found.iter().map(|bank| bank.code().chars().count()).max().unwrap_or(0);
    found.iter().try_for_each(|bank| output::line(&format!("{:width$}  {}", bank.code(), bank.name())))?;
    if found.is_empty() || !list.is_complete() {
        let rest = match (list.all().len(), search) {
            (0, _) => "no bank codes are documented for this market",
            (_, Some(_)) if found.is_empty() => "no documented bank fits; leave the text out to see all",
            _ => "the vendor's list goes on: other codes exist",
        };
        output::message(&format!("tarspay: {rest}"));
    }
    Ok(())
}

const WHICH: &str = "the way code does not say which it is: give --deposit or --withdrawal";

impl Check {
    fn run(&self) -> Result<(), Failure> {
        let members = input::text(&self.body, "the body")?;
        let members =
            Members::from_json(&members).map_err(|error| Failure::usage("the body").caused_by(&error))?;
        let text = |name: &str| members.value(name).and_then(|value| value.as_str().map(str::to_owned));
        let by_currency = || {
            let given = text("currency")?;
            market::ALL.iter().copied().find(|market| currency(market) == given)
        };
        let market = self.market.or_else(by_currency).ok_or_else(|| {
            let names: Vec<_> = market::ALL
                .iter()
                .map(|market| format!("{} ({})", currency(market), market.name()))
                .collect();
            Failure::refused("the body has no currency of a documented market")
                .detail(format!("Known: {}. Or name the market: --market NAME.", names.join(", ")))
        })?;
        let has_way = |offer: &Offer| text("wayCode").is_some_and(|way| offer.way(&way).is_some());
        let is_withdrawal = match (has_way(market.deposit()), has_way(market.withdrawal())) {
            _ if self.deposit || self.withdrawal => self.withdrawal,
            (true, false) => false,
            (false, true) => true,
            _ => return Err(Failure::usage(WHICH)),
        };
        let (direction, report) = if is_withdrawal {
            (Direction::Withdrawal, market.check_withdrawal(&members))
        } else {
            (Direction::Deposit, market.check_deposit(&members))
        };
        let report = if self.enforce_limits { report.enforce_limits() } else { report };
        let unknown = if self.allow_unknown { Vec::new() } else { unknown_members(&members, direction) };
        say(market, direction, &report, &unknown)
    }
}

/// Says what the market's rules find, and which members are not known.
fn say(market: &Market, what: Direction, report: &Report, unknown: &[String]) -> Result<(), Failure> {
    let is_refused = report.refuses() || !unknown.is_empty();
    if output::is_json() {
        let list =
            |violations: Vec<&Violation>| violations.into_iter().map(violation_json).collect::<Vec<_>>();
        let refusals = [list(report.refusals().collect()), unknown_json(unknown)].concat();
        output::json(&json!({
            "accepted": !is_refused,
            "market": market.key(),
            "direction": what,
            "refusals": refusals,
            "warnings": list(report.warnings().collect()),
        }))?;
    } else {
        report.refusals().try_for_each(|one| output::marked(Mark::Bad, "refused:", &one.to_string()))?;
        unknown.iter().try_for_each(|one| output::marked(Mark::Bad, "refused:", one))?;
        report.warnings().try_for_each(|one| output::marked(Mark::Warning, "warning:", &one.to_string()))?;
    }
    let (refusals, warnings) = (report.refusals().count() + unknown.len(), report.warnings().count());
    if is_refused {
        let reason = format!("as a {what} in {} the request breaks rules: {refusals}", market.name());
        let failure = Failure::refused(reason);
        return Err(if unknown.is_empty() {
            failure
        } else {
            failure.detail("A member that you know to be right is allowed by --allow-unknown.")
        });
    }
    if output::is_json() {
        return Ok(());
    }
    output::marked(
        Mark::Good,
        "accepted:",
        &format!("as a {what} in {}; warnings: {warnings}", market.name()),
    )
}

/// As [`violation_json`].
fn unknown_json(unknown: &[String]) -> Vec<Value> {
    unknown.iter().map(|message| json!({ "field": null, "rule": "Unknown", "message": message })).collect()
}

fn violation_json(violation: &Violation) -> Value {
    json!({
        "field": violation.field(),
        "rule": format!("{:?}", violation.rule()),
        "message": violation.message(),
        "given": violation.value(),
        "source": violation.source().page(),
        "certainty": violation.source().certainty().to_string(),
    })
}
