//! Bank lists, and the page that is made from all data.

use tarspay_types::market::{self, Bank, malaysia, pakistan, philippines};

fn codes(banks: &[&Bank]) -> Vec<&'static str> {
    banks.iter().map(|bank| bank.code()).collect()
}

#[test]
fn lists_are_as_long_as_documented_and_say_whether_they_end() {
    for market in market::ALL {
        let banks = market.withdrawal().banks();
        let ends = banks
            .all()
            .first()
            .zip(banks.all().last())
            .map(|(first, last)| [(first.code(), first.name()), (last.code(), last.name())]);
        let (count, complete, expected) = match market.key() {
            "pakistan" => (41, false, Some([("jazzcash", "jazzcash"), ("Keenu1", "Keenu1")])),
            "philippines" => (
                38,
                false,
                Some([("AUBKP", "Asia United Bank Corporation"), ("GW_PSB", "Philippine Savings Bank")]),
            ),
            "malaysia" => {
                (27, true, Some([("PUBLIC_BANK", "PUBLIC BANK"), ("SHOPEEPAY", "ShopeePay(ewallet)")]))
            }
            _ => (0, false, None),
        };
        assert_eq!(
            (banks.all().len(), banks.is_complete(), ends),
            (count, complete, expected),
            "{}",
            market.name()
        );
        assert!(market.deposit().banks().all().is_empty());
    }
}

#[test]
fn codes_are_unique_within_a_market() {
    for market in market::ALL {
        let mut codes = codes(&market.withdrawal().banks().all().iter().collect::<Vec<_>>());
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count, "{}", market.name());
    }
}

#[test]
fn a_bank_is_found_by_code_in_any_case_the_exact_spelling_first() {
    let banks = malaysia::MARKET.withdrawal().banks();
    assert_eq!(banks.by_code("TOUCH 'N_GO").unwrap().name(), "Touch 'n Go(ewallet)");
    assert_eq!(banks.by_code("uob").unwrap().code(), "UOB");
    assert_eq!((banks.by_code(""), banks.by_code("GRAB")), (None, None));
    let philippines = philippines::MARKET.withdrawal().banks();
    assert_eq!(philippines.by_code("UBP").unwrap().name(), "UNION BANK OF THE PHILIPPINES");
}

#[test]
fn a_search_takes_a_code_or_a_part_of_a_name_the_code_first() {
    let search = |text| codes(&malaysia::MARKET.withdrawal().banks().search(text));
    assert_eq!(search("cimb"), ["CIMB"]);
    assert_eq!(search("bsn"), ["BSN"]);
    assert_eq!(search("United OVERSEAS"), ["UNITED_OVERSEAS_BANK"]);
    assert_eq!(search(" islam "), ["BANK_ISLAM"]);
    assert_eq!(
        search("ewallet"),
        ["TOUCH 'N_GO", "BOOST", "GRABPAY", "WECHAT_PAY", "MAE", "BIGPAY", "SHOPEEPAY"]
    );
    let search = |text| codes(&pakistan::MARKET.withdrawal().banks().search(text));
    assert_eq!(search("HBL"), ["HBL", "HBL ASSET MANAGEMENT"]);
    assert_eq!(search("keenu bank"), ["KEENU Bank"]);
    assert_eq!(search("keenu"), ["KEENU", "KEENU Bank", "KEENU – IMD and 1IBFT Screen Addition", "Keenu1"]);
    for text in ["", " ", "no such bank"] {
        assert!(search(text).is_empty());
    }
}

#[test]
fn the_page_has_every_market_way_field_and_bank() {
    let page = market::page();
    for market in market::ALL {
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
    let page = market::page();
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
