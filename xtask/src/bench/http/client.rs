//! One client in a process of its own: it warms up, calls one by one and 64 at a time, and prints what that took.

use super::super::sample::KEY;
use super::super::stopwatch::as_f64;
use crate::shell::{Failure, say};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client as HyperClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use std::fs;
use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use tarspay::sign::{NonceSource, Parameters, PrivateKey, RequestToSign, SignedRequest};
use tarspay::{Client, Credentials};

const TASKS: usize = 64;
const CALLS_OF_A_TASK: usize = 16;
const CALLS: usize = TASKS * CALLS_OF_A_TASK;
const PATH: &str = "/api/balanceInfo";

type Anything = Box<dyn std::error::Error + Send + Sync>;

/// Measures the client of this name and prints one line: wall and CPU time of a call one by one, the same 64 at a time,
/// the peak memory in KiB, and the time that signing takes.
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
            "tarspay" => ours(address).await,
            "hyper-util" => hyper_util(address, false).await,
            "hyper-util-that-signs" => hyper_util(address, true).await,
            "reqwest" => reqwest(address).await,
            other => Err(format!("no client is called {other}").into()),
        }
    });
    say(&line.map_err(|error: Anything| Failure::to(&format!("measure {client}"), error))?);
    Ok(())
}

async fn ours(address: &str) -> Result<String, Anything> {
    let client = Client::builder(Credentials::new("M1688443086".parse()?, KEY.parse()?))
        .base_url(format!("http://{address}"))
        .build()?;
    measure(move || {
        let client = client.clone();
        async move {
            black_box(client.balance().await?);
            Ok(())
        }
    })
    .await
}

/// Posts the same bytes every time. With `signs` it signs before each call and throws that away: a thread that works
/// between two calls finds caches and scheduler in another state than one that only waits.
async fn hyper_util(address: &str, signs: bool) -> Result<String, Anything> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: HyperClient<_, Full<Bytes>> = HyperClient::builder(TokioExecutor::new()).build(connector);
    let (key, nonces) = (KEY.parse()?, NonceSource::new());
    let signed = sign(&key, &nonces)?;
    let body = Bytes::copy_from_slice(signed.body());
    let url = format!("http://{address}{PATH}");
    measure(move || {
        if signs {
            black_box(sign(&key, &nonces).is_ok());
        }
        let (client, body) = (client.clone(), body.clone());
        let mut request = hyper::Request::post(&url).header("content-type", "application/json");
        for (name, value) in signed.headers().pairs() {
            request = request.header(name, value);
        }
        async move {
            let answer = client.request(request.body(Full::new(body))?).await?;
            black_box(answer.into_body().collect().await?.to_bytes());
            Ok(())
        }
    })
    .await
}

async fn reqwest(address: &str) -> Result<String, Anything> {
    // Ready for HTTPS, as ours is; the calls are plain HTTP.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return Err("there is a provider already".into());
    }
    let client = reqwest::Client::builder().build()?;
    let key: PrivateKey = KEY.parse()?;
    let nonces = NonceSource::new();
    let url = format!("http://{address}{PATH}");
    measure(move || {
        let request = client.post(&url).header("content-type", "application/json");
        let signed = sign(&key, &nonces);
        async move {
            let (headers, body) = signed?.into_parts();
            let request = headers
                .pairs()
                .into_iter()
                .fold(request, |request, (name, value)| request.header(name, value));
            let answer = request.body(body).send().await?.bytes().await?;
            black_box(serde_json::from_slice::<serde_json::Value>(&answer)?);
            Ok(())
        }
    })
    .await
}

fn sign(key: &PrivateKey, nonces: &NonceSource) -> Result<SignedRequest, tarspay::sign::Error> {
    let parameters = Parameters::from_json(br#"{"mchNo":"M1688443086"}"#)?;
    Ok(RequestToSign::new(PATH, nonces.next_nonce(), parameters)?.sign(key))
}

async fn measure<Call, Response>(call: Call) -> Result<String, Anything>
where
    Call: Fn() -> Response + Send + Sync + 'static,
    Response: Future<Output = Result<(), Anything>> + Send,
{
    let (call, mut numbers) = (Arc::new(call), Vec::new());
    in_turn(&*call, CALLS_OF_A_TASK).await?;
    for concurrent in [false, true] {
        let (start, cpu) = (Instant::now(), cpu_nanoseconds()?);
        if concurrent {
            at_once(&call).await?;
        } else {
            in_turn(&*call, CALLS).await?;
        }
        numbers.push(start.elapsed().as_secs_f64() * 1e9 / as_f64(CALLS));
        numbers.push((cpu_nanoseconds()? - cpu) / as_f64(CALLS));
    }
    numbers.push(peak_kib()?);
    numbers.push(signing_nanoseconds()?);
    Ok(numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(" "))
}

async fn in_turn<Call, Response>(call: &Call, count: usize) -> Result<(), Anything>
where
    Call: Fn() -> Response,
    Response: Future<Output = Result<(), Anything>>,
{
    for _ in 0..count {
        call().await?;
    }
    Ok(())
}

async fn at_once<Call, Response>(call: &Arc<Call>) -> Result<(), Anything>
where
    Call: Fn() -> Response + Send + Sync + 'static,
    Response: Future<Output = Result<(), Anything>> + Send,
{
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let call = Arc::clone(call);
            tokio::spawn(async move {
                for _ in 0..CALLS_OF_A_TASK {
                    call().await?;
                }
                Ok::<_, Anything>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// How long this thread has run on a processor. Linux alone tells.
fn cpu_nanoseconds() -> Result<f64, Anything> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

/// The most memory that this process has had.
fn peak_kib() -> Result<f64, Anything> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn signing_nanoseconds() -> Result<f64, Anything> {
    let (key, nonces) = (KEY.parse()?, NonceSource::new());
    let cpu = cpu_nanoseconds()?;
    for _ in 0..CALLS {
        black_box(sign(&key, &nonces)?);
    }
    Ok((cpu_nanoseconds()? - cpu) / as_f64(CALLS))
}
