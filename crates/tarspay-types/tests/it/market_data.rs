//! What each market offers, number by number, against values written out here.

use tarspay_types::market::{
    self, Certainty, Field, Format, Market, Offer, Presence, Standing, bangladesh, brazil, egypt, india,
    indonesia, kenya, korea, malaysia, mexico, pakistan, philippines, vietnam,
};
use tarspay_types::{CountryCode, Currency};

/// The ways as `code min-max`, a `-` alone where no limit is documented.
fn ways(offer: &Offer) -> Vec<String> {
    let text = |amount: Option<tarspay_types::Amount>| amount.map_or_else(String::new, |it| it.to_string());
    offer
        .ways()
        .iter()
        .map(|way| format!("{} {}-{}", way.code(), text(way.minimum()), text(way.maximum())))
        .collect()
}

/// The codes of the ways that stand so.
fn codes(offer: &Offer, standing: Standing) -> String {
    let codes: Vec<_> =
        offer.ways().iter().filter(|way| way.standing() == standing).map(|way| way.code().as_str()).collect();
    codes.join(" ")
}

#[test]
fn every_market_has_its_name_currency_and_country() {
    use Certainty::{Documented, Inferred};
    let expected = [
        ("brazil", "Brazil", Some("BRA"), Documented, None),
        ("mexico", "Mexico", Some("MXN"), Documented, None),
        ("argentina", "Argentina", Some("ARS"), Inferred, None),
        ("india", "India", Some("INR"), Documented, Some("in")),
        ("pakistan", "Pakistan", Some("PKR"), Documented, Some("pk")),
        ("bangladesh", "Bangladesh", Some("BDT"), Documented, Some("bd")),
        ("indonesia", "Indonesia", Some("IDR"), Documented, None),
        ("thailand", "Thailand", Some("THB"), Inferred, None),
        ("philippines", "Philippines", Some("PHP"), Documented, None),
        ("malaysia", "Malaysia", Some("MYR"), Documented, Some("my")),
        ("vietnam", "Vietnam", Some("VND"), Documented, None),
        ("egypt", "Egypt", Some("EGP"), Documented, None),
        ("kenya", "Kenya", Some("KES"), Documented, Some("ke")),
        ("korea", "Korea", Some("KRW"), Documented, None),
        ("turkiye", "Türkiye", Some("TRY"), Inferred, None),
        ("ban_test", "Ban_TEST", None, Inferred, None),
    ];
    let actual: Vec<_> = market::ALL
        .iter()
        .map(|market| {
            (
                market.key(),
                market.name(),
                market.currency().map(Currency::as_str),
                market.currency_certainty(),
                market.country_code().map(CountryCode::as_str),
            )
        })
        .collect();
    assert_eq!(actual, expected);
    let not_live: Vec<_> = market::ALL.iter().filter(|market| !market.is_live()).map(|it| it.key()).collect();
    assert_eq!(not_live, ["ban_test"]);
}

#[test]
fn markets_are_found_by_currency_and_name() {
    for market in market::ALL {
        for name in [market.name(), market.key(), &market.name().to_uppercase()] {
            assert_eq!(market::by_name(name).map(Market::key), Some(market.key()), "{name}");
        }
        if let Some(currency) = market.currency() {
            assert_eq!(market::by_currency(currency).map(Market::key), Some(market.key()));
        }
    }
    assert_eq!(market::by_currency(&Currency::new("BRL").unwrap()), None);
    assert_eq!((market::by_name("Atlantis"), market::by_name("")), (None, None));
    for currency in Currency::KNOWN {
        assert!(market::by_currency(currency).is_some(), "{currency}");
    }
}

#[test]
fn all_way_codes_and_limits_of_deposits_are_the_documented_ones() {
    let table: [(&Market, &[&str]); 12] = [
        (&brazil::MARKET, &["CASHIER 10-50000", "PIX 10-50000"]),
        (&mexico::MARKET, &["bank -", "store 10-", "va 10-", "CASHIER 10-"]),
        (&india::MARKET, &["CASHIER 100-50000", "UPI 100-50000"]),
        (&pakistan::MARKET, &["jazzcash 100-50000", "easypaisa 100-50000"]),
        (
            &bangladesh::MARKET,
            &["EWALLET_BKASH 100-30000", "EWALLET_NAGAD 100-30000", "EWALLET_BKASH_OFFICIAL 50-75000"],
        ),
        (
            &indonesia::MARKET,
            &[
                "BANK_BCA 10000-50000000",
                "BANK_BNI 10000-50000000",
                "BANK_BRI 10000-50000000",
                "BANK_BSI 10000-50000000",
                "BANK_CIMB 10000-50000000",
                "BANK_MANDIRI 10000-50000000",
                "BANK_DANAMON 10000-50000000",
                "BANK_PERMATA 10000-50000000",
                "BANK_BSS -",
                "BANK_MAY -",
                "EWALLET_DANA 10000-",
                "EWALLET_LINKAJA 10000-",
                "EWALLET_OVO 10000-",
                "EWALLET_SHOPEEPAY 10000-",
                "EWALLET_GOPAY -",
                "MART_ALFA -",
                "MART_INDO -",
                "QRIS -",
            ],
        ),
        (&philippines::MARKET, &["BANK 100-50000", "QR 100-50000"]),
        (&malaysia::MARKET, &["BANK 40-30000", "EWALLET 40-500", "CASHIER -"]),
        (&egypt::MARKET, &["EWALLET 30-10000", "CASHIER -"]),
        (&kenya::MARKET, &["CASHIER 100-250000", "EWALLET_MPESA 100-250000", "MPESA_TXNID 100-250000"]),
        (&korea::MARKET, &["va 10000-9000000"]),
        (
            &vietnam::MARKET,
            &[
                "QR 50000-300000000",
                "BIDV 10000-299999999",
                "MSB 10000-299999999",
                "TCB 10000-299999999",
                "CASHIER -",
            ],
        ),
    ];
    for (market, expected) in table {
        let mut actual = ways(market.deposit());
        if market.key() == "vietnam" {
            // The others are of the older page and have no limits; see below.
            assert!(actual.split_off(expected.len()).iter().all(|way| way.ends_with(" -")));
        }
        assert_eq!(actual, expected, "{}", market.name());
    }
    for key in ["argentina", "thailand", "turkiye", "ban_test"] {
        assert!(market::by_name(key).unwrap().deposit().ways().is_empty(), "{key}");
    }
}

#[test]
fn all_way_codes_and_limits_of_withdrawals_are_the_documented_ones() {
    for market in market::ALL {
        let expected: &[&str] = match market.key() {
            "brazil" => &["PIX -"],
            "india" => &["UPI 100-50000"],
            "bangladesh" => &["EWALLET_BKASH 100-50000", "EWALLET_NAGAD 100-50000"],
            "malaysia" => &["BANK 50-30000"],
            "kenya" => &["EWALLET_MPESA 100-70000"],
            _ => &[],
        };
        assert_eq!(ways(market.withdrawal()), expected, "{}", market.name());
    }
}

#[test]
fn ways_that_are_closed_or_on_other_pages_say_so() {
    for market in market::ALL {
        let (other_page, closed) = match market.key() {
            "bangladesh" => ("", "EWALLET_BKASH_OFFICIAL"),
            "indonesia" => ("BANK_BSS BANK_MAY EWALLET_GOPAY", ""),
            "kenya" => ("MPESA_TXNID", ""),
            "vietnam" => (
                "VCB ACB MBB VTB TPB SEA KLB MOMO VIETTELPAY VIETTEL MOBIFONE VINAPHONE VIETNAMOBILE ZING GATE \
                 VCOIN GARENA",
                "VIB SHB DAB EXB SAC SCB",
            ),
            _ => ("", ""),
        };
        assert_eq!(codes(market.deposit(), Standing::OnAnotherPage), other_page, "{}", market.name());
        assert_eq!(codes(market.deposit(), Standing::NotOpen), closed, "{}", market.name());
        assert_eq!(codes(market.withdrawal(), Standing::OnAnotherPage), "", "{}", market.name());
        assert_eq!(codes(market.withdrawal(), Standing::NotOpen), "", "{}", market.name());
    }
}

#[test]
fn ways_say_how_certain_they_are() {
    let mut found = Vec::new();
    for market in market::ALL {
        for (direction, offer) in [("deposit", market.deposit()), ("withdrawal", market.withdrawal())] {
            for way in offer.ways().iter().filter(|way| way.certainty() != Certainty::Documented) {
                found.push(format!("{} {direction} {} {}", market.key(), way.code(), way.certainty().mark()));
            }
        }
    }
    let expected = [
        "brazil withdrawal PIX [client]",
        "malaysia deposit CASHIER [verified]",
        "vietnam deposit BIDV [inferred]",
        "vietnam deposit MSB [inferred]",
        "vietnam deposit TCB [inferred]",
        "vietnam deposit CASHIER [verified]",
        "egypt deposit CASHIER [verified]",
    ];
    assert_eq!(found, expected);
}

#[test]
fn constants_spell_the_codes_of_the_tables() {
    for (constant, text) in [
        (mexico::way::BANK, "bank"),
        (mexico::way::STORE, "store"),
        (korea::way::VA, "va"),
        (pakistan::way::EASYPAISA, "easypaisa"),
        (pakistan::way::JAZZCASH, "jazzcash"),
        (kenya::way::EWALLET_MPESA, "EWALLET_MPESA"),
        (indonesia::way::QRIS, "QRIS"),
        (vietnam::way::MOMO, "MOMO"),
        (brazil::way::CASHIER, "CASHIER"),
    ] {
        assert_eq!(constant.as_str(), text);
    }
    assert_eq!(kenya::MARKET.withdrawal().way(kenya::way::EWALLET_MPESA).unwrap().meaning(), "M-Pesa");
    assert_eq!(kenya::MARKET.withdrawal().way("ewallet_mpesa"), None);
    assert_eq!(kenya::CURRENCY, Currency::KES);
}

#[test]
fn required_fields_are_those_that_the_vendor_calls_required() {
    let general = ["amount", "currency", "wayCode"];
    let required = |offer: &Offer| {
        let mut names = Vec::new();
        for field in offer.fields().iter().filter(|field| !general.contains(&field.name())) {
            match field.presence() {
                Presence::Required => names.push(field.name().to_owned()),
                Presence::RequiredWith(way) => names.push(format!("{} with {way}", field.name())),
                Presence::PerhapsRequiredWith(way) => {
                    names.push(format!("{} perhaps with {way}", field.name()));
                }
                _ => {}
            }
        }
        names.join(", ")
    };
    for market in market::ALL {
        let (deposit, withdrawal) = match market.key() {
            "brazil" => ("body, customerName", ""),
            "india" => ("", "customerName, customerEmail, customerContact"),
            "bangladesh" => ("", "walletId"),
            "philippines" => ("customerContact with QR, customerEmail perhaps with QR", ""),
            "kenya" => ("customerContact with EWALLET_MPESA", ""),
            _ => ("", ""),
        };
        assert_eq!(required(market.deposit()), deposit, "{}", market.name());
        assert_eq!(required(market.withdrawal()), withdrawal, "{}", market.name());
    }
}

#[test]
fn fields_are_those_of_the_documentation() {
    let names = |offer: &Offer| offer.fields().iter().map(Field::name).collect::<Vec<_>>().join(" ");
    let customer = "customerAccountNumber customerContact customerEmail customerName returnUrl";
    for market in market::ALL {
        let deposit = match market.key() {
            "brazil" => {
                "amount currency wayCode body subject customerName customerAccountNumber customerContact \
                 customerEmail returnUrl"
                    .to_owned()
            }
            "mexico" => format!("amount currency body {customer} subject wayCode"),
            "india" | "malaysia" => format!("amount currency wayCode {customer}"),
            "pakistan" => {
                "amount currency wayCode customerContact customerEmail customerName returnUrl step".to_owned()
            }
            "bangladesh" => "amount currency wayCode customerContact returnUrl".to_owned(),
            "philippines" => {
                "amount currency body customerContact customerEmail customerName returnUrl subject wayCode"
                    .to_owned()
            }
            "vietnam" => {
                "amount currency wayCode customerName returnUrl customerAccountNumber customerContact \
                 customerEmail"
                    .to_owned()
            }
            "egypt" => {
                "amount currency wayCode customerContact customerName customerAccountNumber customerEmail \
                 returnUrl attach"
                    .to_owned()
            }
            "kenya" => {
                "amount currency wayCode customerContact customerAccountNumber customerEmail customerName \
                 returnUrl"
                    .to_owned()
            }
            "korea" => "amount currency wayCode customerName returnUrl".to_owned(),
            _ => String::new(),
        };
        let withdrawal = match market.key() {
            "brazil" => {
                "accountTax amount bankName currency customerAccountNumber customerContact customerEmail \
                 customerName wayCode"
            }
            "india" => {
                "amount currency wayCode customerName customerEmail customerContact customerAccountNumber ifsc \
                 bankName address"
            }
            "bangladesh" => "amount currency wayCode walletId",
            "kenya" => "amount currency wayCode customerContact customerName customerEmail",
            _ => "",
        };
        assert_eq!(names(market.deposit()), deposit, "{}", market.name());
        assert_eq!(names(market.withdrawal()), withdrawal, "{}", market.name());
    }
}

#[test]
fn there_is_no_format_that_is_not_documented() {
    let mut found = Vec::new();
    for market in market::ALL {
        for (direction, offer) in [("deposit", market.deposit()), ("withdrawal", market.withdrawal())] {
            for field in offer.fields() {
                if let Some(format) = field.format() {
                    let (market, field) = (market.key(), field.name());
                    found.push(format!("{market} {direction} {field}: {}", format.describe()));
                }
            }
        }
    }
    let expected = [
        "brazil withdrawal accountTax: digits only, no punctuation",
        "brazil withdrawal customerAccountNumber: an e-mail address",
        "pakistan deposit amount: a whole number without decimals",
        "pakistan deposit customerContact: starts with 03, 11 digits",
        "pakistan deposit step: a JSON integer",
        "bangladesh withdrawal amount: a whole number without decimals",
        "bangladesh withdrawal walletId: starts with 0, 11 digits",
        "philippines deposit customerContact: starts with 9, 10 digits",
        "kenya deposit customerContact: starts with 254, no `+`",
        "kenya withdrawal amount: a whole number without decimals",
        "kenya withdrawal customerContact: starts with 254, no `+`",
    ];
    assert_eq!(found, expected);
    let key = brazil::MARKET.withdrawal().field("customerAccountNumber").unwrap();
    assert_eq!(key.format_condition(), Some(("bankName", "PIX_EMAIL")));
}

#[test]
fn examples_have_the_format_of_their_field() {
    for market in market::ALL {
        for offer in [market.deposit(), market.withdrawal()] {
            for field in offer.fields() {
                if let (Some(format), Some(example)) = (field.format(), field.example()) {
                    assert!(format.accepts(example), "{} {}", market.name(), field.name());
                }
            }
        }
    }
    assert!(!Format::Email.accepts("@b") && !Format::Email.accepts("a@") && Format::Email.accepts("a@b"));
}

#[test]
fn calls_of_one_market_only_are_listed() {
    for market in market::ALL {
        let calls = market.extra_calls().map(|calls| {
            calls
                .iter()
                .map(|call| {
                    let mark = if call.is_under_development() { "!" } else { "" };
                    format!("{}{mark}", call.path().unwrap_or("unknown"))
                })
                .collect::<Vec<_>>()
                .join(" ")
        });
        let expected = match market.key() {
            "brazil" => Some("/api/orderInfo/trxId /api/payOutProof"),
            "india" => Some("/api/utrQuery! unknown"),
            "bangladesh" => Some("/api/trxQuery! /api/trxSupplement! /api/bd/{payOrderId}/{trxId}!"),
            "argentina" | "turkiye" | "ban_test" => None,
            _ => Some(""),
        };
        assert_eq!(calls.as_deref(), expected, "{}", market.name());
    }
}
