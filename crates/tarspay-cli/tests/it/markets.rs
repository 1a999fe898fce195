//! `tarspay markets`.

use crate::{Done, run, run_with_stdin, tarspay, text};
use serde_json::json;
use tarspay::types::market;

fn markets(args: &[&str]) -> Done {
    run(&mut tarspay(&[&["markets"], args].concat()))
}

#[test]
fn every_market_is_listed_and_shown_with_all_its_ways_fields_and_banks() {
    let list = markets(&[]).succeeded().stdout;
    assert_eq!(markets(&["list"]).succeeded().stdout, list);
    let json = markets(&["--json"]).succeeded().json();
    assert_eq!(json["markets"].as_array().unwrap().len(), market::ALL.len());
    for market in market::ALL {
        assert!(list.contains(&format!("\n{} ", market.key())), "{list}");
        let shown = markets(&["show", market.key()]).succeeded().stdout;
        let json = markets(&["show", market.name(), "--json"]).succeeded().json();
        let banks = markets(&["banks", market.key(), "--json"]).succeeded().json();
        for (name, offer) in [("deposit", market.deposit()), ("withdrawal", market.withdrawal())] {
            for way in offer.ways() {
                assert!(shown.contains(&format!("\n  {} ", way.code())), "{} in {shown}", way.code());
            }
            for field in offer.fields() {
                assert!(shown.contains(&format!("\n  {} ", field.name())), "{} in {shown}", field.name());
            }
            assert_eq!(json[name]["ways"].as_array().unwrap().len(), offer.ways().len());
            assert_eq!(json[name]["fields"].as_array().unwrap().len(), offer.fields().len());
        }
        let all = market.withdrawal().banks().all();
        assert_eq!(banks["banks"].as_array().unwrap().len(), all.len());
        assert_eq!(json["bank_codes"], json!(all.len()));
    }
    let kenya = markets(&["show", "kenya", "--json"]).succeeded().json();
    assert_eq!(kenya["deposit"]["ways"][1]["minimum"], json!("100"), "amounts are texts");
}

#[test]
fn a_market_is_found_by_name_country_or_currency() {
    for name in ["kenya", "Kenya", "KE", "ke", "KES", "kes"] {
        assert!(markets(&["show", name]).succeeded().stdout.starts_with("Kenya: currency KES\n"));
    }
    for (name, code) in [("BR", "brazil"), ("IN", "india"), ("ID", "indonesia"), ("Türkiye", "turkiye")] {
        assert_eq!(text(&markets(&["show", name, "--json"]).succeeded().json(), "key"), code);
    }
    for name in ["", "X", "XX", "atlantis"] {
        markets(&["show", name]).failed(2, &["no such market", "kenya"]);
    }
}

#[test]
fn ways_and_banks_are_searched() {
    let with = markets(&["list", "--way-code", "EWALLET_MPESA"]).succeeded().stdout;
    assert_eq!(with.lines().count(), 2, "{with}");
    assert!(with.contains("\nkenya "), "{with}");
    let found = markets(&["banks", "MY", "islam"]).succeeded().stdout;
    assert_eq!(found, "BANK_ISLAM  Bank Islam\n");
    let none = markets(&["banks", "MY", "no such bank"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    markets(&["banks", "kenya"]).failed(0, &["no bank codes are documented"]);
    markets(&["banks", "pakistan"]).failed(0, &["the vendor's list goes on"]);
}

/// A deposit that is accepted.
const DEPOSIT: &str = r#"{"mchOrderNo":"D1","wayCode":"CASHIER","currency":"KES","amount":"1500",
    "notifyUrl":"https://shop.example/notify"}"#;

fn check(args: &[&str], body: &str) -> Done {
    let args = [&["markets", "check", "--body", "-"], args].concat();
    run_with_stdin(&mut tarspay(&args), body.as_bytes())
}

#[test]
fn a_request_is_checked_and_everything_is_said_at_once() {
    let done = check(&[], DEPOSIT).succeeded();
    assert_eq!(done.stdout, "accepted: as a deposit in Kenya; warnings: 0\n");
    let small = DEPOSIT.replace("1500", "20");
    let done = check(&[], &small).succeeded();
    assert!(done.stdout.starts_with("warning: `amount` is below the published minimum of 100"), "{done:?}");
    let done = check(&["--enforce-limits"], &small).failed(1, &["as a deposit in Kenya"]);
    assert!(done.stdout.starts_with("refused: `amount`"), "{done:?}");

    let wrong = small.replace("CASHIER", "EWALLET_MPESA").replace("https://shop", "shop");
    let done = check(&["--deposit"], &wrong).failed(1, &["breaks rules: 2"]);
    assert_eq!((done.stdout.matches("refused: ").count(), done.stdout.matches("warning: ").count()), (2, 1));
    let done = check(&["--deposit", "--json"], &wrong).failed(1, &["breaks rules: 2"]);
    let report = done.json();
    assert_eq!((&report["accepted"], text(&report, "direction")), (&json!(false), "deposit"));
    let rules = |list: &str| -> Vec<_> {
        report[list].as_array().unwrap().iter().map(|one| text(one, "rule").to_owned()).collect()
    };
    assert_eq!(
        (rules("refusals"), rules("warnings")),
        (vec!["Missing".to_owned(), "NotUrl".to_owned()], vec!["BelowMinimum".to_owned()])
    );
    assert_eq!(check(&["--json"], DEPOSIT).succeeded().json()["accepted"], json!(true));
}

#[test]
fn members_that_nothing_documents_are_refused_with_everything_else() {
    let body =
        DEPOSIT.replace('{', r#"{"amuont":"1","walletId":"0","foo":"b","#).replace("https://shop", "shop");
    let done = check(&["--deposit"], &body).failed(1, &["breaks rules: 4", "--allow-unknown"]);
    for words in ["unknown member `amuont`; did you mean `amount`?", "`notifyUrl`"] {
        assert!(done.stdout.contains(words), "{done:?}");
    }
    assert!(
        done.stdout.contains("`walletId` is not documented for a deposit, only for a withdrawal (Bangladesh"),
        "{done:?}"
    );
    assert!(done.stdout.contains("unknown member `foo`; no market documents it for a deposit\n"), "{done:?}");
    let report = check(&["--json"], &body).failed(1, &["breaks rules: 4"]).json();
    assert_eq!((&report["accepted"], report["refusals"].as_array().unwrap().len()), (&json!(false), 4));
    check(&["--allow-unknown"], &body).failed(1, &["breaks rules: 1"]);
}

#[test]
fn direction_and_market_are_those_of_the_body_or_asked_for() {
    let both = DEPOSIT.replace("CASHIER", "EWALLET_MPESA");
    check(&[], &both).failed(2, &["--deposit", "--withdrawal"]);
    let done = check(&["--withdrawal"], &both);
    assert!(done.stdout.contains("withdrawal in Kenya"), "{done:?}");
    check(&["--deposit", "--withdrawal"], &both).failed(2, &["cannot be used with"]);
    let other = DEPOSIT.replace("KES", "EUR");
    check(&[], &other).failed(1, &["no currency of a documented market", "KES (Kenya)", "--market NAME"]);
    let done = check(&["--market", "kenya"], &other).failed(1, &["in Kenya"]);
    assert!(done.stdout.contains("refused: `currency` is not this market's"), "{done:?}");
}

#[test]
fn no_personal_value_is_shown_and_unreadable_input_is_named() {
    let body = DEPOSIT.replace('{', r#"{"customerContact":"999888777","#).replace("CASHIER", "EWALLET_MPESA");
    for more in [&["--deposit"][..], &["--deposit", "--json"]] {
        check(more, &body).failed(1, &["Kenya"]).keeps_secret("999888777");
    }
    for body in ["", "not JSON", "[]", r#"{"a":1,"a":2}"#] {
        check(&["--deposit"], body).failed(2, &["the body"]);
    }
    run(&mut tarspay(&["markets", "check"])).failed(2, &["--body"]);
}
