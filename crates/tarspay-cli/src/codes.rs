//! Values that shells complete: `#[arg(long, add = codes::way_codes())]`.

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use std::collections::BTreeMap;
use tarspay::types::market::{self, Bank, Market};

/// Names of markets.
pub(crate) fn markets() -> ArgValueCandidates {
    candidates(|market| vec![market.key()])
}

/// Way codes, each with the markets that have it.
pub(crate) fn way_codes() -> ArgValueCandidates {
    candidates(|market| {
        let offers = [market.deposit(), market.withdrawal()];
        offers.iter().flat_map(|offer| offer.ways()).map(|way| way.code().as_str()).collect()
    })
}

/// Codes of banks and wallets, each with the markets that have it.
pub(crate) fn bank_codes() -> ArgValueCandidates {
    candidates(|market| market.withdrawal().banks().all().iter().map(Bank::code).collect())
}

fn candidates(of: fn(&'static Market) -> Vec<&'static str>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        let mut values = BTreeMap::<_, Vec<_>>::new();
        for market in market::ALL {
            for value in of(market) {
                let names = values.entry(value).or_default();
                if !names.contains(&market.name()) {
                    names.push(market.name());
                }
            }
        }
        let candidate = |(value, names): (&str, Vec<&str>)| {
            CompletionCandidate::new(value).help(Some(names.join(", ").into()))
        };
        values.into_iter().map(candidate).collect()
    })
}
