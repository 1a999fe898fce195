//! Calls that can move real money are made on purpose only.

use crate::commands::sandbox::stop_signal;
use crate::failure::Failure;
use crate::output;
use std::io::IsTerminal as _;
use std::net::IpAddr;
use tarspay::Client;
use tokio::task::spawn_blocking;

/// The paths of all documented calls that only look something up (docs/wire.md, section 7).
const DOCUMENTED_QUERIES: [&str; 7] = [
    "/api/balanceInfo",
    "/api/orderInfo/trxId",
    "/api/payInInfo",
    "/api/payOutInfo",
    "/api/payOutProof",
    "/api/trxQuery",
    "/api/utrQuery",
];

/// Whether this is the path of a documented query. Any other path may change something.
pub(crate) fn is_documented_query(path: &str) -> bool {
    DOCUMENTED_QUERIES.contains(&path)
}

/// Whether real money can move at this base URL, as [`tarspay::Client::base_url`] writes it. Any host
/// over HTTPS counts, since it can pass calls on; only this machine and the host of
/// `--plain-http-host` can be a sandbox.
pub(crate) fn is_production(base_url: &str) -> bool {
    let Some(host) = base_url.strip_prefix("https://") else { return base_url.contains("tarspay.com") };
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name).trim_matches(['[', ']']).trim_end_matches('.');
    let is_loopback = name.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback());
    !(is_loopback || name == "localhost" || name.ends_with(".localhost"))
}

/// Asks before a production call that moves money, unless `--yes` was given. A script cannot be asked.
/// `details` may be personal, and are shown on the terminal of the person who gave them, alone.
pub(crate) async fn confirm(
    client: &Client,
    action: &str,
    details: &[String],
    yes: bool,
) -> Result<(), Failure> {
    let base_url = client.base_url();
    if yes || !is_production(base_url) {
        return Ok(());
    }
    let action = format!("{action} for merchant {}", client.merchant_no());
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        let reason = format!("this would {action} at {base_url}, with real money; nothing was sent");
        return Err(Failure::usage(reason).detail("To do so in a script, give --yes."));
    }
    output::message(&format!("tarspay: this will {action} at {base_url}, with real money."));
    for line in details {
        output::message(line);
    }
    // Listen for the signal first: whoever reads the question may send it at once.
    let stop = stop_signal()?;
    output::message("Type yes to go on:");
    // If the read goes on after Ctrl-C, it ends with the program.
    let reply = spawn_blocking(|| std::io::stdin().lines().next());
    tokio::select! {
        reply = reply => match reply {
            Ok(Some(Ok(reply))) if reply.trim() == "yes" => Ok(()),
            _ => Err(Failure::refused("not confirmed; nothing was sent")),
        },
        stopped = stop => {
            stopped?;
            Err(Failure::interrupted("interrupted; nothing was sent"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{DOCUMENTED_QUERIES, is_documented_query, is_production};
    use tarspay::types::market::{bangladesh, brazil, india};
    use tarspay::types::{BalanceQuery, OrderQuery, Request};

    #[test]
    fn the_documented_queries_are_the_calls_that_only_read() {
        fn path(request: &impl Request) -> String {
            assert!(request.effect().is_read());
            request.path().into_owned()
        }
        let no = || "D1".parse().unwrap();
        let queries = [
            path(&BalanceQuery::new()),
            path(&brazil::DepositByTrxIdQuery::new("T1".parse().unwrap())),
            path(&OrderQuery::deposit(no())),
            path(&OrderQuery::withdrawal(no())),
            path(&brazil::CertificateQuery::by_merchant_order_no(no())),
            path(&bangladesh::TransactionQuery::new("T1".parse().unwrap())),
            path(&india::TransferByUtrQuery::new("1".parse().unwrap(), no())),
        ];
        assert_eq!(queries, DOCUMENTED_QUERIES);
        assert!(queries.iter().all(|path| is_documented_query(path)));
        for path in
            ["", "/api/pay/unifiedOrder", "/api/trxSupplement", "/api/balanceInfo/", "//api/balanceInfo"]
        {
            assert!(!is_documented_query(path), "{path}");
        }
    }

    #[test]
    fn only_this_machine_and_plain_http_can_be_a_sandbox() {
        for url in [
            tarspay::PRODUCTION_URL,
            "https://payment.tarspay.com.",
            "https://203.0.113.7:8443",
            "https://[2001:db8::1]",
            "https://localhost.example",
            "http://payment.tarspay.com",
        ] {
            assert!(is_production(url), "{url}");
        }
        for url in [
            "http://127.0.0.1:8080",
            "http://sandbox:8080",
            "https://localhost",
            "https://[::1]:443",
            "https://a.localhost:1",
        ] {
            assert!(!is_production(url), "{url}");
        }
    }
}
