//! `tarspay doctor`: checks the way to the gateway, step by step.

use super::proxy::post;
use crate::failure::{Failure, with_causes};
use crate::settings::{self, Gateway, Settings};
use crate::{input, output, tls};
use axum::http::Uri;
use serde_json::{Value, json};
use std::io;
use std::time::{Duration, Instant, SystemTime};
use tarspay::sign::{NonceSource, Parameters, PrivateKey, RequestToSign};
use tarspay::transport::{self, Phase, Transport};
use tarspay::types::{BalanceQuery, Decode as _, Envelope, ErrorCode, MerchantNo, RawJson, Request as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// How long a name, a connection and a handshake may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// From which offset the clock is doubtful, and wrong. The gateway's window is not documented, and a
/// `Date` is exact to a second.
const DOUBTFUL_OFFSET: Duration = Duration::from_secs(5);
const WRONG_OFFSET: Duration = Duration::from_secs(60);

/// Variables of other programs for a proxy, which are not read.
const FOREIGN_PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

pub(crate) const EXAMPLES: &str = "\
Examples:
  tarspay doctor                                  # with TARSPAY_MERCHANT_ID and TARSPAY_PRIVATE_KEY
  tarspay doctor --public-key 03ab…               # the key as the back office shows it
  tarspay doctor --json | jq '.checks[] | select(.status != \"ok\")'";

#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    gateway: Gateway,
    /// The merchant's public key as the back office shows it, to compare with the private key
    #[arg(long, value_name = "HEX")]
    public_key: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Status {
    Ok,
    Warn,
    Fail,
}

/// The lines that were written, for JSON.
#[derive(Default)]
struct Report {
    checks: Vec<Value>,
    failed: usize,
}

impl Report {
    fn add(&mut self, status: Status, check: &str, detail: &str, advice: &str) -> Result<(), Failure> {
        self.failed += usize::from(status == Status::Fail);
        let (name, word) = match status {
            Status::Ok => ("ok", "ok  "),
            Status::Warn => ("warn", "warn"),
            Status::Fail => ("fail", "FAIL"),
        };
        if output::is_json() {
            let advice = Some(advice).filter(|advice| !advice.is_empty());
            self.checks.push(json!({ "check": check, "status": name, "detail": detail, "advice": advice }));
            return Ok(());
        }
        let then = if advice.is_empty() { "" } else { "; " };
        output::line(&format!("{word}  {check:11}  {detail}{then}{advice}"))
    }

    fn ok(&mut self, check: &str, detail: &str) -> Result<(), Failure> {
        self.add(Status::Ok, check, detail, "")
    }

    /// A setting that cannot be used.
    fn broken(&mut self, check: &str, failure: &Failure) -> Result<(), Failure> {
        let (reason, advice) = failure.parts();
        self.fail(check, reason, &advice)
    }

    fn fail(&mut self, check: &str, detail: &str, advice: &str) -> Result<(), Failure> {
        self.add(Status::Fail, check, detail, advice)
    }
}

pub(crate) async fn run(args: Doctor) -> Result<(), Failure> {
    let mut report = Report::default();
    check(&args, &mut report).await?;
    if output::is_json() {
        output::json(&json!({ "ok": report.failed == 0, "checks": report.checks }))?;
    }
    match report.failed {
        0 => Ok(()),
        1 => Err(Failure::refused("one check failed")),
        failed => Err(Failure::refused(format!("{failed} checks failed"))),
    }
}

async fn check(args: &Doctor, report: &mut Report) -> Result<(), Failure> {
    let settings = match args.gateway.settings() {
        Ok(settings) => settings,
        Err(failure) => return report.broken("gateway", &failure),
    };
    for (name, _) in settings::ALL {
        if let Some(setting) = settings.get(name) {
            report.ok("setting", &format!("{name} = {}, from {}", setting.shown(), setting.source))?;
        }
    }
    let merchant_no = settings.merchant_no();
    if let Err(failure) = &merchant_no {
        report.broken("merchant", failure)?;
    }
    let key = check_key(&settings, args.public_key.as_deref(), report)?;
    let transport = match settings.transport() {
        Ok(transport) => transport,
        Err(failure) => return report.broken("gateway", &failure),
    };
    let proxy = settings.proxy();
    if proxy.is_none()
        && let Some(name) = FOREIGN_PROXIES.iter().find(|name| std::env::var_os(name).is_some())
    {
        let advice = "set TARSPAY_PROXY if the gateway must be reached through a proxy";
        report.add(Status::Warn, "proxy", &format!("{name} is set, which tarspay does not read"), advice)?;
    }
    let is_tls = transport.base_url().starts_with("https://");
    let first_hop = proxy.filter(|_| is_tls);
    if !check_addresses(first_hop.unwrap_or(transport.base_url()), report).await? {
        return Ok(());
    }
    let Some(handshake) = check_connection(&transport, first_hop.is_some(), report).await? else {
        return Ok(());
    };
    check_gateway(&transport, &handshake, key.as_ref().zip(merchant_no.as_ref().ok()), report).await
}

fn check_key(
    settings: &Settings,
    registered: Option<&str>,
    report: &mut Report,
) -> Result<Option<PrivateKey>, Failure> {
    let key = match settings.private_key() {
        Ok(key) => key,
        Err(failure) => {
            report.broken("key", &failure)?;
            return Ok(None);
        }
    };
    let public_key = key.public_key();
    let own = format!("the private key is read; its public key is {public_key}");
    match registered.map(input::public_key).transpose()? {
        Some(registered) if registered != public_key => report.fail(
            "key",
            &format!("{own}, and not the one of --public-key"),
            "register this public key in the back office, or use the private key of the registered one",
        )?,
        Some(_) => report.ok("key", &format!("{own}, as registered"))?,
        None => report.ok("key", &own)?,
    }
    Ok(Some(key))
}

/// The name of the first hop and each of its addresses; whether one accepts connections.
async fn check_addresses(url: &str, report: &mut Report) -> Result<bool, Failure> {
    let uri: Uri = url.parse().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let default_port = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let addresses: Vec<_> = match in_time(lookup_host((host, uri.port_u16().unwrap_or(default_port)))).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            let reason = format!("{host} cannot be looked up: {error}");
            return report.fail("name", &reason, "check the host and the name server").map(|()| false);
        }
    };
    let all = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
    report.ok("name", &format!("{host} is {all}"))?;
    let mut results = Vec::new();
    for address in addresses {
        let started = Instant::now();
        let connected = in_time(TcpStream::connect(address)).await;
        results.push((address, connected.map(|_| started.elapsed().as_millis())));
    }
    let is_reached = results.iter().any(|(_, result)| result.is_ok());
    for (address, result) in results {
        let refused = |error: &io::Error| format!("{address}: {error}");
        match result {
            Ok(millis) => report.ok("tcp", &format!("{address} accepts connections after {millis} ms"))?,
            Err(error) if is_reached => {
                let advice = "others work, so calls are only slower";
                report.add(Status::Warn, "tcp", &refused(&error), advice)?;
            }
            Err(error) => {
                let advice = "check that it runs, the port, and firewalls on the way";
                report.fail("tcp", &refused(&error), advice)?;
            }
        }
    }
    Ok(is_reached)
}

async fn in_time<T>(task: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, task).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// What TLS there is, or why there is no connection.
async fn check_connection(
    transport: &Transport,
    has_proxy: bool,
    report: &mut Report,
) -> Result<Option<String>, Failure> {
    let stream = match transport.open_stream().await {
        Ok(stream) => stream,
        Err(error) => {
            let check = if has_proxy { "proxy" } else { "tcp" };
            return report.fail(check, &with_causes(&error), "").map(|()| None);
        }
    };
    if has_proxy {
        report.ok("proxy", "it opens a tunnel to the gateway")?;
    }
    let uri: Uri = transport.base_url().parse().unwrap_or_default();
    if uri.scheme_str() != Some("https") {
        report.add(Status::Ok, "tls", "not used: plain HTTP", "use it for a sandbox only")?;
        return Ok(Some(String::new()));
    }
    match in_time(tls::look_at(stream, uri.host().unwrap_or_default())).await {
        Ok(seen) => Ok(Some(seen)),
        Err(error) => {
            let advice = "TLS 1.2 or 1.3 is needed; check that this port speaks TLS";
            report.fail("tls", &format!("no handshake: {}", with_causes(&error)), advice).map(|()| None)
        }
    }
}

/// One balance query, signed if that is possible: it shows trust, clock and key.
async fn check_gateway(
    transport: &Transport,
    handshake: &str,
    signer: Option<(&PrivateKey, &MerchantNo)>,
    report: &mut Report,
) -> Result<(), Failure> {
    let path = BalanceQuery::new().path().into_owned();
    let before = SystemTime::now();
    let response = match signer {
        Some((key, merchant_no)) => {
            let cannot = |error| Failure::refused("no balance query can be made").caused_by(&error);
            let parameters = Parameters::from_value(&json!({ "mchNo": merchant_no })).map_err(cannot)?;
            let nonce = NonceSource::shared(&key.public_key()).next_nonce();
            post(transport, RequestToSign::new(&path, nonce, parameters).map_err(cannot)?.sign(key)).await
        }
        // What it says of a request without a signature does not matter.
        None => transport.post(&path, &[("Content-Type", "application/json")], "{}").await,
    };
    let sent = before + before.elapsed().unwrap_or_default() / 2;
    match &response {
        Err(error) if error.phase() == Some(Phase::Tls) => {
            let advice = "if a proxy of your company opens TLS, give --platform-roots; else the gateway is not who \
                          it says it is: send nothing";
            return report.fail("tls", &format!("{handshake}: {}", with_causes(error)), advice);
        }
        _ if handshake.is_empty() => {}
        _ => report.ok("tls", handshake)?,
    }
    let response = match response {
        Ok(response) => response,
        Err(error) => return report.fail("balance", &with_causes(&error), "try again later"),
    };
    check_clock(&response, sent, report)?;
    if signer.is_none() {
        let advice = "correct key and merchant number first";
        return report.add(Status::Warn, "balance", "not asked for, as nothing can be signed", advice);
    }
    let Ok(envelope) = Envelope::<RawJson>::from_slice(response.body()) else {
        let detail = format!("HTTP {}, and not a response of the gateway", response.status());
        return report.fail("balance", &detail, "check the base URL, and what is on the way");
    };
    let advice = match envelope.code {
        ErrorCode::SUCCESS => {
            return report.ok("balance", "the signed query is accepted: the key is registered");
        }
        ErrorCode::SIGNATURE_ERROR => "the key is not the registered one, or the clock is wrong",
        code if [5_003_002, 5_003_005].contains(&code.code()) => {
            "register the public key for this merchant in the back office, or correct the merchant number"
        }
        code if [5_003_006, 5_003_007].contains(&code.code()) => {
            "bind this machine's address to the key in the back office"
        }
        _ => "see the code in the gateway's documentation",
    };
    report.fail("balance", &format!("refused: {}", envelope.code), advice)
}

fn check_clock(response: &transport::Response, sent: SystemTime, report: &mut Report) -> Result<(), Failure> {
    let date = response.header("date").and_then(|date| std::str::from_utf8(date).ok());
    let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else {
        return report.add(Status::Warn, "clock", "not compared: the response has no Date", "");
    };
    let (offset, direction) = match sent.duration_since(date) {
        Ok(offset) => (offset, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let detail = format!("{} s {direction} the server's", offset.as_secs());
    if offset <= DOUBTFUL_OFFSET {
        return report.ok("clock", &detail);
    }
    let status = if offset > WRONG_OFFSET { Status::Fail } else { Status::Warn };
    report.add(status, "clock", &detail, "set this machine's clock; the nonce of each request is the time")
}
