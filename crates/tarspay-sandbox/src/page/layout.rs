//! What all pages have around them: the document, the way about, and the lists' way on.

use maud::{DOCTYPE, Markup, html};

/// Which part of the sandbox a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    None,
    Home,
    Merchants,
    Orders,
    Callbacks,
    Log,
}

const TABS: &[(Tab, &str, &str)] = &[
    (Tab::Home, "/", "Overview"),
    (Tab::Merchants, "/merchants", "Merchants"),
    (Tab::Orders, "/orders", "Orders"),
    (Tab::Callbacks, "/callbacks", "Callbacks"),
    (Tab::Log, "/log", "Log"),
];

/// A page of the sandbox's owner.
pub(super) fn page(title: &str, tab: Tab, content: &Markup) -> Markup {
    document(
        title,
        &html! {
            header.top {
                a.brand href="/" { "TarsPay " span { "sandbox" } }
                nav aria-label="Sandbox" {
                    ul {
                        @for (known, path, name) in TABS {
                            li { a href=(path) aria-current=[(*known == tab).then_some("page")] { (name) } }
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
                script src="/page/log.js" defer {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                (body)
            }
        }
    }
}

/// Links to the beginning of a list and to what follows on a part of it.
pub(super) fn paging(name: &str, path: &str, is_first: bool, next: Option<&str>) -> Markup {
    html! {
        @if !is_first || next.is_some() {
            nav.paging aria-label=(name) {
                @if !is_first { a href=(path) { "To the first page" } }
                @if let Some(next) = next { a href={ (path) "?" (next) } rel="next" { "Next page" } }
            }
        }
    }
}
