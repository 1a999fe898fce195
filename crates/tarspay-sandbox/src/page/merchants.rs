//! Merchants with their public keys and balances.

use super::AT_ONCE;
use super::layout::{self, Tab};
use super::problem::Problem;
use crate::store::balances::{self, Purse};
use crate::store::pages;
use crate::{Error, MerchantStatus, Sandbox};
use maud::{Markup, html};
use tarspay_types::{Currency, MerchantNo};

/// A merchant with what it has.
pub(super) struct Account {
    merchant_no: MerchantNo,
    status: MerchantStatus,
    purses: Vec<(Option<Currency>, Purse)>,
}

pub(super) fn page(sandbox: &Sandbox, after: &str) -> Result<Markup, Problem> {
    let accounts = some(sandbox, after)?;
    let last = accounts.last().filter(|_| accounts.len() == AT_ONCE);
    let next = last.map(|last| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("after", last.merchant_no.as_str()).finish()
    });
    Ok(layout::page(
        "Merchants",
        Tab::Merchants,
        &html! {
            h1 { "Merchants" }
            (list(sandbox, &accounts))
            (layout::paging("Pages of merchants", "/merchants", after.is_empty(), next.as_deref()))
        },
    ))
}

/// The first ones after a number.
pub(super) fn some(sandbox: &Sandbox, after: &str) -> Result<Vec<Account>, Problem> {
    let after = after.to_owned();
    Ok(sandbox.engine.store.run(move |tx| {
        let found = pages::merchants(tx, &after, AT_ONCE)?;
        let with_purses = found.into_iter().map(|(merchant_no, status)| {
            let purses = balances::all(tx, &merchant_no)?;
            Ok(Account { merchant_no, status, purses })
        });
        with_purses.collect::<Result<Vec<_>, Error>>()
    })?)
}

pub(super) fn list(sandbox: &Sandbox, accounts: &[Account]) -> Markup {
    html! {
        @if accounts.is_empty() { p.empty { "No merchant here." } }
        @for account in accounts { (one(sandbox, account)) }
    }
}

fn one(sandbox: &Sandbox, account: &Account) -> Markup {
    let (tone, status) = match account.status {
        MerchantStatus::Active => ("good", "active"),
        MerchantStatus::Disabled => ("bad", "disabled"),
        MerchantStatus::NotAuthenticated => ("mind", "not authenticated"),
    };
    html! {
        article.card aria-label=(account.merchant_no.as_str()) {
            p.name { b { (account.merchant_no.as_str()) } " " span.badge.(tone) { (status) } }
            @for key in sandbox.engine.keys.of(&account.merchant_no) {
                p.signature {
                    span.quiet { "Public key" @if key.disabled { ", disabled" } } " " code { (key.key.to_string()) }
                }
            }
            @if account.purses.is_empty() { p.empty { "No balance yet." } }
            @else {
                ul.purses aria-label={ "Balances of " (account.merchant_no.as_str()) } {
                    @for (currency, purse) in &account.purses {
                        li {
                            span.currency { (currency.as_ref().map_or("any currency", Currency::as_str)) } " "
                            span.money { (purse.available.to_string()) }
                            @if !purse.frozen.is_zero() { " " span.quiet { (purse.frozen.to_string()) " held back" } }
                        }
                    }
                }
            }
        }
    }
}
