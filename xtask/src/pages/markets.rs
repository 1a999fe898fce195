//! `docs/markets.md`, made from the data of `tarspay_types::market`.

use std::fmt::Write as _;
use tarspay_types::Amount;
use tarspay_types::market::{ALL, Certainty, ExtraCall, Field, Market, Offer, Presence, Standing, Way};

const INTRODUCTION: &str = include_str!("markets.md");

/// The whole of `docs/markets.md`.
pub(super) fn page() -> String {
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

pub(super) fn presence(field: &Field) -> String {
    match field.presence() {
        Presence::Required => "yes".into(),
        Presence::RequiredWith(way) => format!("yes with `{way}`, else no"),
        Presence::PerhapsRequiredWith(way) => format!("no; perhaps with `{way}`"),
        Presence::Optional => "no".into(),
        _ => "–".into(),
    }
}

fn rule(market: &Market, field: &Field) -> String {
    let mut parts = words(field);
    if let Some(currency) = market.currency().filter(|_| field.name() == "currency") {
        parts.insert(0, format!("`{currency}`"));
    }
    if let Some(example) = field.example() {
        parts.push(format!("example `{example}`"));
    }
    parts.join("; ")
}

/// The form of a field, and what else to know.
pub(super) fn words(field: &Field) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(format) = field.format() {
        let condition = field
            .format_condition()
            .map_or_else(String::new, |(other, value)| format!(" where `{other}` is `{value}`"));
        parts.push(format!("{}{condition}", format.describe()));
    }
    if !field.note().is_empty() {
        parts.push(field.note().to_owned());
    }
    parts
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

#[cfg(test)]
mod tests {
    use super::{ALL, page};

    #[test]
    fn the_page_has_every_market_way_field_and_bank() {
        let page = page();
        for market in ALL {
            let (_, anchor) = market.reference().split_once("docs/markets.md#").unwrap();
            assert_eq!(anchor, market.name().to_lowercase(), "the anchor is what the heading becomes");
            let heading = format!("\n## {}\n", market.name());
            let section = page.split_once(&heading).unwrap().1;
            let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
            for offer in [market.deposit(), market.withdrawal()] {
                for way in offer.ways() {
                    assert!(
                        section.contains(&format!("\n| `{}` | ", way.code())),
                        "{} {}",
                        market.name(),
                        way.code()
                    );
                }
                for field in offer.fields() {
                    assert!(
                        section.contains(&format!("\n| {} | ", field.name())),
                        "{} {}",
                        market.name(),
                        field.name()
                    );
                }
                for bank in offer.banks().all() {
                    assert!(section.contains(&format!("\n| `{}` | {} |\n", bank.code(), bank.name())));
                }
            }
            for text in market.contradictions().iter().chain([&market.not_documented()]) {
                assert!(section.contains(&text.replace("docs/wire.md", "[wire.md](wire.md)")), "{text}");
            }
        }
        assert!(page.contains("\n| `EWALLET_MPESA` | 100 | 70,000 | M-Pesa; "));
        assert!(page.contains("\n| `QR` | 50,000 | 300,000,000 | QR | `[doc]` |\n"));
    }

    #[test]
    fn the_tables_of_the_page_have_no_ragged_rows() {
        let page = page();
        let mut columns = None;
        for line in page.lines() {
            if line.starts_with('|') {
                let count = line.matches('|').count();
                assert_eq!(*columns.get_or_insert(count), count, "{line}");
            } else {
                columns = None;
            }
        }
        assert!(page.ends_with(".\n") && !page.contains("\n\n\n") && !page.contains('\t'));
    }
}
