//! Merchants with their public keys and balances.

use super::layout::{self, PAGE, Tab, is_full};
use super::request::{Problem, Values};
use crate::merchant::{MerchantStatus, RegisteredMerchant};
use crate::sandbox::Sandbox;
use maud::{Markup, html};
use tarspay_types::Currency;

pub(super) fn page(sandbox: &Sandbox, query: &Values) -> Result<Markup, Problem> {
    let after = query.get("after").unwrap_or_default();
    let merchants = sandbox.merchants_after(after, PAGE)?;
    let last = merchants.last().filter(|_| is_full(&merchants));
    let next = last.map(|last| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("after", last.merchant_no.as_str()).finish()
    });
    Ok(layout::page(
        "Merchants",
        Tab::Merchants,
        &html! {
            h1 { "Merchants" }
            (list(&merchants))
            (layout::paging("Pages of merchants", "/merchants", after.is_empty(), next.as_deref()))
        },
    ))
}

pub(super) fn list(merchants: &[RegisteredMerchant]) -> Markup {
    html! {
        @if merchants.is_empty() { p.empty { "No merchant here." } }
        @for merchant in merchants { (one(merchant)) }
    }
}

fn one(merchant: &RegisteredMerchant) -> Markup {
    let (tone, status) = match merchant.status {
        MerchantStatus::Active => ("good", "active"),
        MerchantStatus::Disabled => ("bad", "disabled"),
        MerchantStatus::NotAuthenticated => ("mind", "not authenticated"),
    };
    html! {
        article.card aria-label=(merchant.merchant_no.as_str()) {
            p.name { b { (merchant.merchant_no.as_str()) } " " span.badge.(tone) { (status) } }
            @for key in &merchant.keys {
                p.signature {
                    span.quiet { "Public key" @if key.disabled { ", disabled" } } " " code { (key.public_key.to_string()) }
                }
            }
            @if merchant.balances.is_empty() { p.empty { "No balance yet." } }
            @else {
                ul.balances aria-label={ "Balances of " (merchant.merchant_no.as_str()) } {
                    @for balance in &merchant.balances {
                        li {
                            span.currency { (balance.currency.as_ref().map_or("any currency", Currency::as_str)) } " "
                            span.money { (balance.available.to_string()) }
                            @if !balance.frozen.is_zero() { " " span.quiet { (balance.frozen.to_string()) " frozen" } }
                        }
                    }
                }
            }
        }
    }
}
