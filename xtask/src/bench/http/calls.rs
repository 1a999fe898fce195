//! What each client does: calls one by one, and 64 at a time. The program of the rivals includes this file.

use std::fs;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

/// The published test key, of no value.
pub(crate) const KEY: &str = "515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c";
pub(crate) const BALANCE_PATH: &str = "/api/balanceInfo";
pub(crate) const BODY: &str = r#"{"mchNo":"M1688443086"}"#;

const TASKS: u32 = 64;
const CALLS_OF_A_TASK: u32 = 16;
const CALLS: u32 = TASKS * CALLS_OF_A_TASK;

pub(crate) type Anything = Box<dyn std::error::Error + Send + Sync>;

/// Wall and CPU time of a call one by one, the same 64 at a time, in nanoseconds, and the peak memory in KiB.
pub(crate) async fn measure<Call, Response>(call: Call) -> Result<String, Anything>
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
        numbers.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
        numbers.push((cpu_nanoseconds()? - cpu) / f64::from(CALLS));
    }
    numbers.push(peak_kib()?);
    Ok(numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(" "))
}

async fn in_turn<Call, Response>(call: &Call, count: u32) -> Result<(), Anything>
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
            tokio::spawn(async move { in_turn(&*call, CALLS_OF_A_TASK).await })
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
