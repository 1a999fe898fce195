//! The response to a new deposit, with the members that its market's example has.

use super::call::{signed, to_json};
use crate::order::Order;
use crate::sandbox::Shared;
use std::time::SystemTime;
use tarspay_types::market::{self, Standing};
use tarspay_types::{
    Currency, Deposit, DepositRequest, Envelope, PayDataType, PayWay, PayWays, PrivateText, UnixSeconds,
    WayCode,
};

/// An empty picture: the documented member is the address of one, and the sandbox refers to no foreign server.
const LOGO: &str = "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'/%3E";

pub(super) fn deposit_response(shared: &Shared, order: &Order, request: &DepositRequest) -> Vec<u8> {
    let market = market::by_currency(&order.currency);
    let mut deposit = Deposit::new(order.pay_order_id.clone(), order.merchant_order_no.clone(), order.state);
    let pay_url = pay_url(&shared.base_url, order);
    deposit.amount = Some(order.amount);
    deposit.currency = Some(order.currency.clone());
    deposit.country_code = market.and_then(|market| market.country_code().cloned());
    deposit.customer_contact.clone_from(&request.customer_contact);
    deposit.pay_data_type = Some(PayDataType::PAY_URL);
    deposit.pay_data = pay_data(order, &pay_url).map(PrivateText::new);
    deposit.pay_url = Some(PrivateText::new(pay_url));
    deposit.pay_ways = Some(pay_ways(order, deposit.pay_data.as_ref()));
    let expires_at = order.expires_at.map(UnixSeconds::from_system_time);
    let return_url = request.return_url.as_ref().map(|url| PrivateText::from(url.as_str()));
    let description = || Some(request.description.clone().unwrap_or_else(|| PrivateText::from("Test")));
    match &order.currency {
        currency if *currency == Currency::PKR => {
            deposit.expires_at = expires_at;
            deposit.request_url = return_url;
            deposit.description = description();
            deposit.original_account_number = Some(PrivateText::new(wallet(order)));
            // As in the example: without the leading 0 that was sent.
            deposit.customer_contact = request
                .customer_contact
                .as_ref()
                .map(PrivateText::as_str)
                .map(|contact| PrivateText::from(contact.strip_prefix('0').unwrap_or(contact)));
        }
        currency if *currency == Currency::BDT => {
            deposit.expires_at = expires_at;
            deposit.request_url = return_url;
            deposit.description = description();
        }
        currency if *currency == Currency::MYR => deposit.expires_at = expires_at,
        currency if *currency == Currency::KRW => {
            deposit.account_name = Some(PrivateText::from("TarsPay Sandbox"));
            deposit.bank_type = Some(PrivateText::from("Sandbox Bank"));
        }
        _ => {}
    }
    if has_sign(&order.currency) { signed(shared, deposit) } else { to_json(&Envelope::success(deposit)) }
}

/// The markets whose examples have the member `sign`.
fn has_sign(currency: &Currency) -> bool {
    [Currency::INR, Currency::MYR, Currency::KES].contains(currency)
}

/// The address of the order's cashier page.
pub(crate) fn pay_url(base_url: &str, order: &Order) -> String {
    format!("{base_url}/pay/{}", order.pay_order_id)
}

/// What the payer needs on the merchant's own page, where that is documented.
pub(crate) fn pay_data(order: &Order, pay_url: &str) -> Option<String> {
    let way = order.way_code.as_str();
    match &order.currency {
        currency if *currency == Currency::BDT => Some(wallet(order)),
        currency if *currency == Currency::KRW => Some(account(order)),
        currency if *currency == Currency::IDR => match way {
            "EWALLET_OVO" | "QRIS" => Some(pay_url.to_owned()),
            "EWALLET_DANA" | "EWALLET_LINKAJA" => Some(format!(
                "{}://pay/{}",
                way.trim_start_matches("EWALLET_").to_lowercase(),
                order.pay_order_id
            )),
            way if way.starts_with("BANK_") => Some(account(order)),
            _ => None,
        },
        _ => None,
    }
}

/// The ways to pay, in the groups of the examples; elsewhere the group is the kind in the code: `BANK_BCA` is in `BANK`.
fn pay_ways(order: &Order, pay_data: Option<&PrivateText>) -> PayWays {
    let market = market::by_currency(&order.currency);
    let mut ways: Vec<WayCode> = vec![order.way_code.clone()];
    if order.way_code == WayCode::CASHIER {
        // On the cashier page the payer chooses.
        ways = market.map_or_else(Vec::new, |market| {
            let offered = market.deposit().ways().iter();
            offered
                .filter(|way| way.standing() == Standing::Offered && *way.code() != WayCode::CASHIER)
                .map(|way| way.code().clone())
                .collect()
        });
    }
    if order.currency == Currency::MYR {
        // The one way of its example is on no list of the market's ways.
        ways = WayCode::new("PFX").into_iter().collect();
    }
    let country = market.and_then(|market| market.country_code().cloned());
    let mut all = PayWays::new();
    for code in ways {
        let (group, kind) = group(&order.currency, code.as_str());
        let mut way = PayWay::new(code);
        way.kind = Some(kind);
        way.logo = Some(LOGO.to_owned());
        way.country_code.clone_from(&country);
        if order.currency == Currency::MYR {
            way.skip_mode = Some(2);
        } else {
            way.skip_mode = Some(1);
            way.id = Some(20);
            way.state = Some(1);
            way.created_at = Some(0);
            way.updated_at = Some(0);
        }
        if order.currency == Currency::BDT {
            way.pay_code = pay_data.cloned();
        }
        let mut in_group = all.group(&group).to_vec();
        in_group.push(way);
        all = all.with_group(group, in_group);
    }
    all
}

/// The group of a way, and its kind.
fn group(currency: &Currency, code: &str) -> (String, String) {
    let kind = code.split('_').next().unwrap_or(code);
    let (group, kind) = match currency {
        currency if *currency == Currency::PKR || *currency == Currency::BDT => ("ewallet", "ewallet"),
        currency if *currency == Currency::KES => ("EWALLET", "ewallet"),
        currency if *currency == Currency::MYR => ("PFX", "bank"),
        _ => (kind, kind),
    };
    (group.to_owned(), kind.to_owned())
}

/// The number of a wallet: 11 digits, the first of them 0.
fn wallet(order: &Order) -> String {
    format!("01{}", last_digits(order, 9))
}

/// The number of a virtual account.
fn account(order: &Order) -> String {
    format!("88{}", last_digits(order, 14))
}

/// So many digits that differ from order to order.
fn last_digits(order: &Order, count: usize) -> String {
    let created = order.created_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let digits: String = order.pay_order_id.as_str().chars().filter(char::is_ascii_digit).collect();
    let digits = format!("{created}{digits}");
    digits[digits.len().saturating_sub(count)..].to_owned()
}
