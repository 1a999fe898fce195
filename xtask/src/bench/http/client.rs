//! One client in a process of its own, and hyper-util's client that does the same work.

use super::calls::{Anything, BALANCE_PATH, KEY, measure};
use crate::shell::{Failure, say};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client as HyperClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use tarspay::sign::{NonceSource, Parameters, PrivateKey, RequestToSign};
use tarspay::types::market::kenya;
use tarspay::types::{Amount, Balance, Decode as _, DepositRequest, Envelope, NotifyUrl};
use tarspay::{Client, Credentials};

/// Measures the client of this name and prints its report.
///
/// # Errors
///
/// If a call fails.
pub(crate) fn run(client: &str, address: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::to("make a runtime", error))?;
    let line = runtime.block_on(async {
        match client {
            "balance" => balance(address).await,
            "place_deposit" => place_deposit(address).await,
            "hyper-util" => hyper_util(address).await,
            other => Err(format!("no client is called {other}").into()),
        }
    });
    say(&line.map_err(|error: Anything| Failure::to(&format!("measure {client}"), error))?);
    Ok(())
}

fn client(address: &str) -> Result<Client, Anything> {
    let credentials = Credentials::new("M1688443086".parse()?, KEY.parse()?);
    Ok(Client::builder(credentials).base_url(format!("http://{address}")).build()?)
}

async fn balance(address: &str) -> Result<String, Anything> {
    let client = client(address)?;
    measure(move || {
        let client = client.clone();
        async move {
            black_box(client.balance().await?);
            Ok(())
        }
    })
    .await
}

async fn place_deposit(address: &str) -> Result<String, Anything> {
    let client = client(address)?;
    let numbers = AtomicUsize::new(0);
    measure(move || {
        let client = client.clone();
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        async move {
            let request = DepositRequest::new(
                format!("D{number}").parse()?,
                kenya::way::EWALLET_MPESA,
                kenya::CURRENCY,
                Amount::from(1500_u32),
                NotifyUrl::new("https://shop.example/notify")?,
            )
            .customer_contact("254115555076");
            black_box(client.place_deposit(&request).await?);
            Ok(())
        }
    })
    .await
}

/// The same signature and the same read of the response, on hyper-util's pool.
async fn hyper_util(address: &str) -> Result<String, Anything> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: HyperClient<_, Full<Bytes>> = HyperClient::builder(TokioExecutor::new()).build(connector);
    let (key, nonces): (PrivateKey, _) = (KEY.parse()?, NonceSource::new());
    let url = format!("http://{address}{BALANCE_PATH}");
    measure(move || {
        let client = client.clone();
        let request = hyper::Request::post(&url).header("content-type", "application/json");
        let parameters = Parameters::from_json(super::calls::BODY.as_bytes());
        let signed = parameters
            .and_then(|parameters| RequestToSign::new(BALANCE_PATH, nonces.next_nonce(), parameters))
            .map(|request| request.sign(&key));
        async move {
            let (headers, body) = signed?.into_parts();
            let request = headers
                .pairs()
                .into_iter()
                .fold(request, |request, (name, value)| request.header(name, value));
            let response = client.request(request.body(Full::from(body))?).await?;
            let response = response.into_body().collect().await?.to_bytes();
            black_box(Envelope::<Balance>::from_slice(&response)?.into_result()?);
            Ok(())
        }
    })
    .await
}
