//! What all pages have in common: the document, navigation, paging, and how times, states and amounts look.

use crate::web::{OperatorRequest, Refused};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};
use std::fmt::{Display, Write as _};
use std::time::SystemTime;
use tarspay_types::{Amount, Currency, OrderState};

pub(super) const PAGE: u32 = 20;

const TABS: &[(&str, &str)] = &[
    ("/", "Overview"),
    ("/calls", "Calls"),
    ("/orders", "Orders"),
    ("/callbacks", "Callbacks"),
    ("/merchants", "Merchants"),
    ("/log", "Log"),
];

/// A page of the sandbox's operator, in the part of the sandbox that begins at this path.
pub(super) fn page(title: &str, part: &str, content: &Markup) -> Markup {
    document(
        title,
        &html! {
            header.top {
                a.brand href="/" { "TarsPay " span { "sandbox" } }
                nav aria-label="Sandbox" {
                    ul {
                        @for (path, name) in TABS {
                            li { a href=(path) aria-current=[(*path == part).then_some("page")] { (name) } }
                        }
                    }
                }
            }
            main #content { (content) }
            footer { p { "A local gateway for development. No money moves here." } }
        },
    )
}

/// A page of the payer.
pub(super) fn cashier(title: &str, content: &Markup, footer: &Markup) -> Markup {
    document(
        title,
        &html! {
            header.top.narrow { p.brand { "TarsPay " span { "sandbox" } } p.quiet { "no real money" } }
            main #content.narrow { (content) }
            footer.narrow { (footer) }
        },
    )
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · TarsPay sandbox" }
                link rel="icon" href="/page/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/page/style.css";
                script src="/page/page.js" defer {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                (body)
            }
        }
    }
}

/// A page of a list, with links to its first page and, by this query, to the next one.
pub(super) fn list(title: &str, path: &str, content: &Markup, is_first: bool, next: Option<&str>) -> Markup {
    let content = html! {
        h1 { (title) }
        (content)
        @if !is_first || next.is_some() {
            nav.paging aria-label={ "Pages: " (title) } {
                @if !is_first { a href=(path) { "To the first page" } }
                @if let Some(next) = next { a href={ (path) "?" (next) } rel="next" { "Next page" } }
            }
        }
    };
    page(title, path, &content)
}

/// What a list is searched for: a text, and one of the choices that the list has.
pub(super) struct Search {
    text: String,
    only: String,
}

impl Search {
    pub(super) fn of(it: &OperatorRequest) -> Result<Self, Refused> {
        let value = |name| it.input.text(name).map(|text| text.unwrap_or_default().trim().to_owned());
        Ok(Self { text: value("q")?, only: value("only")? })
    }

    pub(super) fn text(&self) -> Option<String> {
        Some(self.text.clone()).filter(|text| !text.is_empty())
    }

    pub(super) fn only(&self) -> Option<&str> {
        Some(self.only.as_str()).filter(|only| !only.is_empty())
    }

    /// The query of the next page.
    pub(super) fn query(&self, name: &str, value: impl Display) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("q", &self.text), ("only", &self.only), (name, &format!("{value}"))] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    /// The form above the list.
    pub(super) fn form(&self, label: &str, all: &str, choices: &[(&str, &str)]) -> Markup {
        html! {
            form.search role="search" method="get" {
                input type="search" name="q" aria-label=(label) placeholder=(label) maxlength="200" value=(self.text);
                @if !choices.is_empty() {
                    select name="only" aria-label="Show" {
                        option value="" { (all) }
                        @for (value, name) in choices { option value=(value) selected[self.only == *value] { (name) } }
                    }
                }
                button { "Search" }
            }
        }
    }
}

/// The last entry of a list that is full, so that there may be more.
pub(super) fn last_of_full<T>(shown: &[T]) -> Option<&T> {
    shown.last().filter(|_| u32::try_from(shown.len()).is_ok_and(|count| count >= PAGE))
}

/// Why a page is not shown, or a step not taken.
pub(super) fn refusal(status: StatusCode, message: &str) -> Markup {
    let places = TABS.iter().filter(|(path, _)| *path != "/");
    let title = match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
            "This cannot be used"
        }
        StatusCode::CONFLICT => "Too late",
        _ => "Something went wrong",
    };
    let content = html! {
        h1 { (title) }
        p { (message) }
        p { a href="/" { "To the sandbox" } }
        @if status == StatusCode::NOT_FOUND {
            p { "What you look for may be in one of these lists, which can be searched:" }
            ul { @for (path, name) in places { li { a href=(path) { (name) } } } }
        }
    };
    page(title, "", &content)
}

/// In UTC, to the second. The script shows it in local time, with UTC on hover.
pub(super) fn time(at: SystemTime) -> Markup {
    let mut text = String::new();
    if write!(text, "{}", humantime::format_rfc3339_seconds(at)).is_err() {
        // The clock can be put forward without a limit.
        return html! { "after the year 9999" };
    }
    let readable = text.replace('T', " ").replace('Z', " UTC");
    html! { time datetime=(text) { (readable) } }
}

pub(super) fn state_name(state: OrderState) -> &'static str {
    match state {
        OrderState::CREATING => "created",
        OrderState::PROCESSING => "processing",
        OrderState::SUCCESS => "success",
        OrderState::FAILED => "failed",
        OrderState::REFUNDED => "refunded",
        OrderState::TIMED_OUT => "timed out",
        OrderState::REJECTED => "rejected",
        OrderState::PARTLY_PAID => "partly paid",
        _ => "unknown",
    }
}

/// A state with its code. Its colour says nothing that the words do not.
pub(super) fn state(state: OrderState) -> Markup {
    let tone = match state {
        OrderState::CREATING | OrderState::PROCESSING => "open",
        OrderState::SUCCESS => "good",
        OrderState::PARTLY_PAID => "mind",
        OrderState::FAILED | OrderState::REJECTED => "bad",
        _ => "over",
    };
    html! { span.badge.(tone) { (state.code()) " " (state_name(state)) } }
}

pub(super) fn money(amount: Amount, currency: &Currency) -> Markup {
    html! { span.money { (grouped(amount)) " " (currency.as_str()) } }
}

/// An amount with commas between the thousands.
pub(super) fn grouped(amount: Amount) -> String {
    let text = amount.to_string();
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut shown = String::new();
    for (at, digit) in whole.char_indices() {
        if at > 0 && digit.is_ascii_digit() && (whole.len() - at).is_multiple_of(3) && !shown.ends_with('-') {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown + rest
}

pub(super) fn html(status: StatusCode, page: &Markup) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.0.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::grouped;
    use tarspay_types::Amount;

    #[test]
    fn amounts_are_grouped_by_thousands() {
        for (amount, shown) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("12345.6789", "12,345.6789"),
            ("1000000.50", "1,000,000.50"),
            ("123456789", "123,456,789"),
        ] {
            assert_eq!(grouped(Amount::parse(amount).unwrap()), shown);
        }
    }
}
