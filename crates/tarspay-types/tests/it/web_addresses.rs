//! Notify and return URLs: what is taken, what is refused, what a log sees.

use proptest::prelude::*;
use tarspay_types::{Decode, ErrorKind, NotifyUrl, ReturnUrl};

use crate::support::written;

#[test]
fn addresses_of_the_documentation_are_taken_as_they_are() {
    for text in [
        "http://47.241.33.220:8896/tarspay/notify",
        "https://www.baidu.com",
        "https://merchant-test.tarspay.com/#/",
        "http://zbebcdlb.gm/rdcpxzitbx",
        "HTTPS://shop.example?a=1&b=%20",
        "https://[::1]:8080/",
        "http://localhost",
        "https://магазин.example/путь",
    ] {
        assert_eq!(NotifyUrl::new(text).unwrap().as_str(), text);
        assert_eq!(written(&ReturnUrl::new(text).unwrap()), text);
    }
}

#[test]
fn what_nobody_can_call_is_refused() {
    for (text, kind) in [
        ("string", ErrorKind::NotWebAddress),
        ("shop.example/notify", ErrorKind::NotWebAddress),
        ("https:shop.example", ErrorKind::NotWebAddress),
        ("https:/shop.example", ErrorKind::NotWebAddress),
        ("https://", ErrorKind::NotWebAddress),
        ("https:///path", ErrorKind::NotWebAddress),
        ("https://?a", ErrorKind::NotWebAddress),
        ("https://:443/", ErrorKind::NotWebAddress),
        ("https://user@/", ErrorKind::NotWebAddress),
        ("https://shop.example/a b", ErrorKind::NotWebAddress),
        (" https://shop.example", ErrorKind::NotWebAddress),
        ("https://shop.example\u{a0}", ErrorKind::NotWebAddress),
        ("https://shop.example/\r\nX: 1", ErrorKind::ControlCharacter),
        ("https://shop.example/\0", ErrorKind::ControlCharacter),
    ] {
        assert_eq!(NotifyUrl::new(text).unwrap_err().kind(), kind, "{text:?}");
        assert_eq!(ReturnUrl::new(text).unwrap_err().kind(), kind, "{text:?}");
    }
    assert!(NotifyUrl::from_json("17").is_err());
}

#[test]
fn a_return_url_may_have_any_scheme_and_a_notify_url_may_not() {
    for (text, shown) in [
        ("myshop://return", "myshop://return/…"),
        ("MyShop://", "myshop:///…"),
        ("myshop://user:secret@return/secret?secret#secret", "myshop://return/…"),
        ("myshop://token=secret", "myshop://token/…"),
        ("intent:#Intent;S.token=secret;end", "intent:…"),
        ("com.shop-1.app+x:/secret", "com.shop-1.app+x:…"),
        ("ftp://shop.example", "ftp://shop.example/…"),
        ("localhost:8080/secret", "localhost:…"),
    ] {
        let address = ReturnUrl::new(text).unwrap();
        assert_eq!(address.as_str(), text);
        assert_eq!(format!("{address:?}"), format!("ReturnUrl({shown})"));
        assert_eq!(ReturnUrl::from_json(&written(&address).to_string()).unwrap(), address);
        assert_eq!(NotifyUrl::new(text).unwrap_err().kind(), ErrorKind::NotWebAddress, "{text}");
    }
    for (text, kind) in [
        ("myshop:", ErrorKind::NotWebAddress),
        (":return", ErrorKind::NotWebAddress),
        ("1shop:return", ErrorKind::NotWebAddress),
        ("my_shop:return", ErrorKind::NotWebAddress),
        ("mÿshop:return", ErrorKind::NotWebAddress),
        ("myshop/return:x", ErrorKind::NotWebAddress),
        ("my shop:return", ErrorKind::NotWebAddress),
        ("myshop: return", ErrorKind::NotWebAddress),
        ("myshop:return\n", ErrorKind::ControlCharacter),
    ] {
        assert_eq!(ReturnUrl::new(text).unwrap_err().kind(), kind, "{text:?}");
    }
}

#[test]
fn only_a_return_url_may_be_empty() {
    assert_eq!(NotifyUrl::new("").unwrap_err().kind(), ErrorKind::Empty);
    assert_eq!(ReturnUrl::new("").unwrap(), ReturnUrl::EMPTY);
    assert_eq!(format!("{:?}", ReturnUrl::EMPTY), "ReturnUrl(empty)");
}

#[test]
fn debug_shows_scheme_and_host_alone() {
    for text in [
        "https://user:secret@shop.example/secret",
        "https://shop.example?token=secret",
        "https://shop.example#secret",
        "https://user:sec@ret@shop.example\\secret",
    ] {
        assert_eq!(format!("{:?}", NotifyUrl::new(text).unwrap()), "NotifyUrl(https://shop.example/…)");
    }
}

proptest! {
    #[test]
    fn any_text_is_taken_as_it_is_or_refused(text in "(https?://|app:)?\\PC{0,20}") {
        if let Ok(address) = ReturnUrl::new(text.clone()) {
            prop_assert_eq!(address.as_str(), &text);
            prop_assert_eq!(ReturnUrl::from_json(&serde_json::to_string(&address).unwrap()).unwrap(), address);
        }
        if let Ok(address) = NotifyUrl::new(text.clone()) {
            prop_assert!(ReturnUrl::new(text.clone()).is_ok());
            prop_assert_eq!(address.as_str(), &text);
            prop_assert_eq!(NotifyUrl::from_json(&serde_json::to_string(&address).unwrap()).unwrap(), address);
        }
    }
}
