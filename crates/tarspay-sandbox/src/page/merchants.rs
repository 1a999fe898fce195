//! Merchants with their public keys and balances.

use super::layout::{self, PAGE, Tab, is_full};
use super::request::{Problem, Values};
use crate::merchant::{CurrencyBalance, MerchantStatus, RegisteredMerchant};
use crate::sandbox::Sandbox;
use maud::{Markup, html};
use tarspay_types::Currency;

/// A merchant with its balances.
pub(super) struct Account {
    merchant: RegisteredMerchant,
    balances: Vec<CurrencyBalance>,
}

pub(super) fn page(sandbox: &Sandbox, query: &Values) -> Result<Markup, Problem> {
    let after = query.get("after").unwrap_or_default();
    let accounts = accounts(sandbox, after)?;
    let last = accounts.last().filter(|_| is_full(&accounts));
    let next = last.map(|last| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("after", last.merchant.merchant_no.as_str()).finish()
    });
    Ok(layout::page(
        "Merchants",
        Tab::Merchants,
        &html! {
            h1 { "Merchants" }
            (list(&accounts))
            (layout::paging("Pages of merchants", "/merchants", after.is_empty(), next.as_deref()))
        },
    ))
}

/// The first ones after a number.
pub(super) fn accounts(sandbox: &Sandbox, after: &str) -> Result<Vec<Account>, Problem> {
    let mut accounts = Vec::new();
    for merchant in sandbox.merchants_after(after, PAGE)? {
        let balances = sandbox.balances(&merchant.merchant_no)?;
        accounts.push(Account { merchant, balances });
    }
    Ok(accounts)
}

pub(super) fn list(accounts: &[Account]) -> Markup {
    html! {
        @if accounts.is_empty() { p.empty { "No merchant here." } }
        @for account in accounts { (one(account)) }
    }
}

fn one(Account { merchant, balances }: &Account) -> Markup {
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
            @if balances.is_empty() { p.empty { "No balance yet." } }
            @else {
                ul.balances aria-label={ "Balances of " (merchant.merchant_no.as_str()) } {
                    @for balance in balances {
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
