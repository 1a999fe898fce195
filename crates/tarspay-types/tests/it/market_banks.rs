//! Bank lists.

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
