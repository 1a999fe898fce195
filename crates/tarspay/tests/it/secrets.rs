//! No key and no personal value shows in `Debug`, or in errors. What `tracing` gets:
//! `tests/tracing.rs`.

use tarspay::sign::PrivateKey;
use tarspay::{CallbackVerifier, Credentials};

fn credentials(key: &PrivateKey) -> Credentials {
    Credentials::new("M1".parse().unwrap(), key.clone())
}

#[test]
fn debug_never_shows_the_private_key() {
    let key = PrivateKey::generate().unwrap();
    let verifier = CallbackVerifier::trusting("M1".parse().unwrap(), key.public_key());
    let shown = format!("{:?} {verifier:?}", credentials(&key));
    assert!(!shown.contains(key.expose_hex().as_str()));
    assert!(shown.contains(&key.public_key().to_string()), "what identifies the caller is shown");
}

#[cfg(feature = "client")]
mod of_calls {
    use super::credentials;
    use crate::personal::{PERSONAL, client, deposit};
    use crate::scripted::{Scripted, Step};
    use std::error::Error as _;
    use std::fmt::Write as _;
    use tarspay::sign::PrivateKey;
    use tarspay::types::{Amount, Currency, NotifyUrl, WayCode, WithdrawalRequest};
    use tarspay::{Client, Error};

    fn withdrawal() -> WithdrawalRequest {
        WithdrawalRequest::new(
            "ORDER-2".parse().unwrap(),
            WayCode::new("UPI").unwrap(),
            Currency::INR,
            Amount::from(100_u32),
            NotifyUrl::new("https://shop.example/notify").unwrap(),
        )
        .customer_name(PERSONAL)
        .customer_email(PERSONAL)
        .customer_contact(PERSONAL)
        .customer_account_number(PERSONAL)
        .account_tax(PERSONAL)
        .bank_name(PERSONAL)
        .ifsc(PERSONAL)
        .address(PERSONAL)
        .wallet_id(PERSONAL)
    }

    fn everything(error: &Error) -> String {
        let mut text = format!("{error} {error:?}");
        let mut next = error.source();
        while let Some(source) = next {
            write!(text, " {source} {source:?}").unwrap();
            next = source.source();
        }
        text
    }

    #[tokio::test]
    async fn no_debug_and_no_error_of_a_call_shows_a_key_or_a_personal_value() {
        let key = PrivateKey::generate().unwrap();
        let data = format!(
            r#""data":{{"payOrderId":"P1","mchOrderNo":"ORDER-1","customerContact":"{PERSONAL}","payUrl":"{PERSONAL}","accountName":"{PERSONAL}"}}"#
        );
        let server = Scripted::playing([
            Step::json(&format!(r#"{{"code":0,{data}}}"#)),
            // Unreadable responses that repeat what they were sent.
            Step::json(&format!(r#"{{"code":"{PERSONAL}"}}"#)),
            Step::json(&format!(r#"["{PERSONAL}"]"#)),
            Step::json_with("502 Bad Gateway", PERSONAL),
            Step::lost(),
        ])
        .await;
        let client = client(&server.base_url, &key);
        let (deposit, withdrawal) = (deposit(), withdrawal());
        let mut shown =
            format!("{client:?} {deposit:?} {withdrawal:?} {:?}", Client::builder(credentials(&key)));
        write!(shown, "{:?} {:?}", client.place_deposit(&deposit), client.place_withdrawal(&withdrawal))
            .unwrap();
        write!(shown, "{:?} {:?}", client.call(deposit.clone()), client.balance()).unwrap();

        let placed = client.place_deposit(&deposit).await.unwrap();
        write!(shown, "{placed:?}").unwrap();
        for _ in 0..4 {
            shown.push_str(&everything(&client.call(deposit.clone()).await.unwrap_err()));
        }
        let mut refused = deposit.clone();
        refused.amount = Amount::from(0_u32);
        refused.currency = Currency::KES;
        shown.push_str(&everything(&client.place_deposit(&refused).await.unwrap_err()));

        for secret in [PERSONAL, key.expose_hex().as_str()] {
            let position = shown.find(secret);
            assert_eq!(position, None, "{:?}", position.map(|at| &shown[at.saturating_sub(200)..at]));
        }
        assert!(shown.contains("ORDER-1"), "order numbers may be shown");
    }
}
