//! The page `docs/markets.md`, written from the data.

use std::fmt::Write as _;

use super::ALL;
use super::certainty::Certainty;
use super::field::{Field, Presence};
use super::offer::{ExtraCall, Market, Offer};
use super::way::{Standing, Way};
use crate::amount::Amount;

const INTRODUCTION: &str = "\
# Markets

What differs from market to market: way codes, limits, fields, formats, bank codes. What is the same everywhere stands in
[wire.md](wire.md).

<!-- Made from the data in crates/tarspay-types/src/market. Change it there. -->

## How to read this page

Each fact carries a mark that says how certain it is:

| mark | meaning |
|---|---|
| `[doc]` | the vendor's documentation says it |
| `[verified]` | a signature printed in the documentation proves it (the vectors R1 to R4 and C1) |
| `[client]` | seen in working merchant code, not in the documentation |
| `[inferred]` | a conclusion; nobody states it |

A fact without a mark is `[doc]`. \"Not documented\" means unknown, not \"not allowed\". Pages of the vendor are cited in the short
form of [wire.md](wire.md).

**Limits warn.** They are the vendor's published figures, a snapshot, in units of the currency `[inferred]`; the vendor's own
examples break some of them. A request beyond a limit is reported as a warning and can be sent, unless the caller enforces
limits.

**Way codes** are case-sensitive as far as known; send them as spelt here. Any other text can be sent too; it is reported as a
warning.

**Fields.** `mchNo`, `mchOrderNo`, `notifyUrl`, `wayCode`, `currency` and `amount` are required in every market, whatever its own
page says, and `notifyUrl` and `returnUrl` must be `http://` or `https://` URLs. In the tables \"required\" is the documentation's
word; \"–\" means not documented. A documented format refuses a request where the field is required there; elsewhere it warns,
since the vendor's examples break it. Of the rules in the tables, only those marked `[doc]` or `[verified]` refuse.

**Bank codes.** Which field carries one is documented in no market.
";

/// The whole of `docs/markets.md`.
pub fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    overview(&mut page);
    for market in ALL {
        section(&mut page, market);
    }
    page.replace("docs/wire.md", "[wire.md](wire.md)")
}

/// Adds a line. Writing to a `String` cannot fail.
macro_rules! line {
    ($page:expr) => { $page.push('\n') };
    ($page:expr, $($format:tt)+) => {{
        let _ = writeln!($page, $($format)+);
    }};
}

fn overview(page: &mut String) {
    line!(page, "\n## Overview\n");
    line!(
        page,
        "| market | Rust | currency | deposit way codes | withdrawal way codes | bank codes | calls of its own |"
    );
    line!(page, "|---|---|---|---|---|---|---|");
    for market in ALL {
        let banks = market.withdrawal().banks();
        let banks = match banks.all().len() {
            0 => "–".to_owned(),
            count if banks.is_complete() => count.to_string(),
            count => format!("{count} and more"),
        };
        line!(
            page,
            "| [{}](#{}) | `market::{}` | {} | {} | {} | {banks} | {} |",
            market.name(),
            anchor(market),
            market.key(),
            currency(market),
            codes(market.deposit()),
            codes(market.withdrawal()),
            extra_calls(market, ExtraCall::name),
        );
    }
}

fn section(page: &mut String, market: &Market) {
    line!(page, "\n## {}\n", market.name());
    let country =
        market.country_code().map_or_else(|| "not documented".to_owned(), |code| format!("`{code}`"));
    line!(
        page,
        "Currency: {}. Country code in answers: {country}. Rust: `market::{}`.",
        currency(market),
        market.key()
    );
    list(page, market.notes());
    offer(page, "Deposit", market, market.deposit());
    offer(page, "Withdrawal", market, market.withdrawal());
    line!(page, "\n### Calls of its own\n");
    match market.extra_calls() {
        None => line!(page, "Not documented."),
        Some([]) => line!(page, "None in the menu."),
        Some(calls) => {
            for call in calls {
                let path = call
                    .path()
                    .map_or_else(|| "path not documented".to_owned(), |path| format!("`POST {path}`"));
                let development =
                    if call.is_under_development() { "; marked as under development" } else { "" };
                line!(page, "- {}: {path}{development}; {}", call.name(), call.reference());
            }
        }
    }
    if !market.contradictions().is_empty() {
        line!(page, "\n### Contradictions");
        list(page, market.contradictions());
    }
    line!(page, "\n### Not documented\n\n{}", market.not_documented());
}

fn offer(page: &mut String, title: &str, market: &Market, offer: &Offer) {
    line!(page, "\n### {title}");
    if !offer.vendor_pages().is_empty() {
        line!(page, "\nSource: {}.", offer.vendor_pages());
    }
    if offer.ways().is_empty() && offer.fields().is_empty() {
        line!(page, "\nWay codes, limits and fields: not documented.");
    } else if offer.ways().is_empty() {
        line!(page, "\nWay codes and limits: not documented.");
    } else {
        line!(page, "\n| way code | from | to | meaning | certainty |\n|---|---|---|---|---|");
        for way in offer.ways() {
            let bound = |amount: Option<Amount>| amount.map_or_else(|| "–".to_owned(), grouped);
            let (from, to) = (bound(way.minimum()), bound(way.maximum()));
            line!(
                page,
                "| `{}` | {from} | {to} | {} | `{}` |",
                way.code(),
                meaning(way),
                way.certainty().mark()
            );
        }
    }
    if offer.fields().is_empty() && !offer.ways().is_empty() {
        line!(page, "\nFields: not documented.");
    } else if !offer.fields().is_empty() {
        line!(page, "\n| field | required | rule | certainty |\n|---|---|---|---|");
        for field in offer.fields() {
            let (name, presence, mark) = (field.name(), presence(field), field.certainty().mark());
            line!(page, "| {name} | {presence} | {} | `{mark}` |", rule(market, field));
        }
    }
    list(page, offer.notes());
    let banks = offer.banks();
    if !banks.all().is_empty() {
        let extent = if banks.is_complete() { "complete" } else { "**the list goes on**" };
        line!(page, "\nBank and wallet codes, {extent}:\n\n| code | name |\n|---|---|");
        for bank in banks.all() {
            line!(page, "| `{}` | {} |", bank.code(), bank.name());
        }
        list(page, banks.notes());
    }
}

fn list(page: &mut String, items: &[&str]) {
    if !items.is_empty() {
        line!(page);
    }
    for item in items {
        line!(page, "- {item}");
    }
}

fn currency(market: &Market) -> String {
    match market.currency() {
        None => "not documented".into(),
        Some(currency) => format!("`{currency}` `{}`", market.currency_certainty().mark()),
    }
}

fn codes(offer: &Offer) -> String {
    let (offered, others): (Vec<_>, Vec<_>) =
        offer.ways().iter().partition(|way| way.standing() == Standing::Offered);
    let offered: Vec<_> = offered.into_iter().map(code).collect();
    match (offered.len(), others.len()) {
        (0, 0) => "not documented".into(),
        (_, 0) => offered.join(" "),
        (_, others) => format!("{} (and {others} closed or on other pages)", offered.join(" ")),
    }
}

/// The way code, with a mark unless it is documented.
fn code(way: &Way) -> String {
    match way.certainty() {
        Certainty::Documented => format!("`{}`", way.code()),
        certainty => format!("`{}` `{}`", way.code(), certainty.mark()),
    }
}

fn extra_calls(market: &Market, show: fn(&ExtraCall) -> &'static str) -> String {
    match market.extra_calls() {
        None => "not documented".into(),
        Some([]) => "–".into(),
        Some(calls) => calls.iter().map(show).collect::<Vec<_>>().join("; "),
    }
}

fn meaning(way: &Way) -> String {
    match way.note() {
        "" => way.meaning().into(),
        note => format!("{}; {note}", way.meaning()),
    }
}

fn presence(field: &Field) -> String {
    match field.presence() {
        Presence::Required => "yes".into(),
        Presence::RequiredWith(way) => format!("yes with `{way}`, else no"),
        Presence::PerhapsRequiredWith(way) => format!("no; perhaps with `{way}`"),
        Presence::Optional => "no".into(),
        Presence::NotDocumented => "–".into(),
    }
}

fn rule(market: &Market, field: &Field) -> String {
    let mut parts = Vec::new();
    if let Some(currency) = market.currency().filter(|_| field.name() == "currency") {
        parts.push(format!("`{currency}`"));
    }
    if let Some(format) = field.format() {
        let condition = field
            .format_condition()
            .map_or_else(String::new, |(other, value)| format!(" where `{other}` is `{value}`"));
        parts.push(format!("{}{condition}", format.describe()));
    }
    if !field.note().is_empty() {
        parts.push(field.note().to_owned());
    }
    if let Some(example) = field.example() {
        parts.push(format!("example `{example}`"));
    }
    parts.join("; ")
}

/// The amount with commas between its thousands.
fn grouped(amount: Amount) -> String {
    let digits = amount.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The market's heading as a link's target.
fn anchor(market: &Market) -> &'static str {
    market.reference().split_once('#').map_or("", |(_, anchor)| anchor)
}
