//! A client, and a deposit whose personal members all hold one word, by which a leak is found.

use tarspay::sign::PrivateKey;
use tarspay::types::{Amount, Currency, DepositRequest, NotifyUrl, ReturnUrl, WayCode};
use tarspay::{Client, Credentials, RetryPolicy};

/// Stands in every personal member.
pub(crate) const PERSONAL: &str = "Zz9Personal9zZ";

/// One that tries once.
pub(crate) fn client(base_url: &str, key: &PrivateKey) -> Client {
    Client::builder(Credentials::new("M1".parse().unwrap(), key.clone()))
        .base_url(base_url)
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

pub(crate) fn deposit() -> DepositRequest {
    DepositRequest::new(
        "ORDER-1".parse().unwrap(),
        WayCode::CASHIER,
        Currency::BRA,
        Amount::from(100_u32),
        NotifyUrl::new(format!("https://shop.example/notify?token={PERSONAL}")).unwrap(),
    )
    .return_url(ReturnUrl::new(format!("https://shop.example/{PERSONAL}")).unwrap())
    .customer_name(PERSONAL)
    .customer_email(PERSONAL)
    .customer_contact(PERSONAL)
    .customer_account_number(PERSONAL)
    .subject(PERSONAL)
    .description(PERSONAL)
    .attach(PERSONAL)
    .with_extra("note", PERSONAL)
    .unwrap()
}
