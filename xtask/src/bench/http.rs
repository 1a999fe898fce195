//! Balance calls over loopback: our client, hyper-util's and reqwest's, each a process of its own, in turns.

pub mod client;
pub mod server;

use super::child::Server;
use super::page::{Aim, Row, nanoseconds};
use super::stopwatch::median;
use crate::shell::{Failure, output};
use std::process::Command;

const ROUNDS: usize = 9;

/// What one client process reports, for one call each, but the memory.
#[derive(Clone, Copy)]
struct Report {
    sequential_wall: f64,
    sequential_cpu: f64,
    concurrent_wall: f64,
    concurrent_cpu: f64,
    peak_kib: f64,
    signing: f64,
}

impl Report {
    /// Reads the line that `client::run` prints.
    fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split_whitespace().map(str::parse::<f64>);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            sequential_wall: next()?,
            sequential_cpu: next()?,
            concurrent_wall: next()?,
            concurrent_cpu: next()?,
            peak_kib: next()?,
            signing: next()?,
        })
    }
}

const CLIENTS: [&str; 4] = ["tarspay", "hyper-util", "hyper-util-that-signs", "reqwest"];

/// A number of a report.
type Of = fn(&Report) -> f64;

/// The places of `CLIENTS` in a round.
const OURS: usize = 0;
const PRESIGNED: usize = 1;
const SIGNS: usize = 2;
const REQWEST: usize = 3;

/// What a call may take beside its signing, as a multiple of the rival's time.
const CPU_FACTOR: f64 = 1.15;

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let server = Server::start(this_program(&["bench-server"])?)?;
    let mut rounds: Vec<Vec<Report>> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        rounds.push(CLIENTS.iter().map(|client| report(&server, client)).collect::<Result<_, _>>()?);
    }
    // One number for all: it is large beside what is left when it is taken off.
    let signing = median(rounds.iter().flatten().map(|report| report.signing).collect());
    rounds.iter_mut().flatten().for_each(|report| report.signing = signing);
    Ok(table(&rounds))
}

fn table(rounds: &[Vec<Report>]) -> Vec<Row> {
    let kibibytes: fn(f64) -> String = |kib| format!("{:.1} MiB", kib / 1024.0);
    let row = |what, (rival, its_name): (usize, &'static str), show: fn(f64) -> String, of: [Of; 2]| {
        let pairs = || rounds.iter().map(|round| (of[0](&round[OURS]), of[1](&round[rival])));
        Row {
            what,
            subject: show(median(pairs().map(|(subject, _)| subject).collect())),
            rival: its_name,
            rival_took: show(median(pairs().map(|(_, rival)| rival).collect())),
            ratio: median(pairs().map(|(subject, rival)| subject / rival).collect()),
            aim: Aim::AtMost(1.0),
        }
    };
    let (one_by_one, at_once) = ("balance calls one by one", "balance calls 64 at a time");
    let idle = (PRESIGNED, "hyper-util, presigned: 1.15 × its CPU + signing");
    let busy = (SIGNS, "hyper-util, presigned, busy between calls: the same");
    let wall = (REQWEST, "reqwest: wall time, signing");
    let memory = (REQWEST, "reqwest: peak memory");
    let time: fn(f64) -> String = nanoseconds;
    vec![
        row(one_by_one, idle, time, [|ours| ours.sequential_cpu, |idle| allowed(idle.sequential_cpu, idle)]),
        row(
            one_by_one,
            busy,
            time,
            [|ours| ours.sequential_cpu, |busy| allowed(busy.sequential_cpu - busy.signing, busy)],
        ),
        row(at_once, idle, time, [|ours| ours.concurrent_cpu, |idle| allowed(idle.concurrent_cpu, idle)]),
        row(
            at_once,
            busy,
            time,
            [|ours| ours.concurrent_cpu, |busy| allowed(busy.concurrent_cpu - busy.signing, busy)],
        ),
        row(one_by_one, wall, time, [|report| report.sequential_wall; 2]),
        row(at_once, wall, time, [|report| report.concurrent_wall; 2]),
        row("balance calls", memory, kibibytes, [|report| report.peak_kib; 2]),
    ]
}

/// The CPU time that a call of ours may take, signing included, beside a rival who takes `posting` to post it.
fn allowed(posting: f64, report: &Report) -> f64 {
    CPU_FACTOR * posting + report.signing
}

fn report(server: &Server, client: &str) -> Result<Report, Failure> {
    let line = output(this_program(&["bench-client", client, &server.ready])?)?;
    Report::parse(&line).ok_or_else(|| Failure::new(format!("{client} reported {line:?}")))
}

fn this_program(words: &[&str]) -> Result<Command, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::to("find this program", error))?;
    let mut command = Command::new(program);
    command.args(words);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ours, presigned, signing, reqwest: the reports of one round, in microseconds.
    fn round(ours: f64) -> Vec<Report> {
        let report = |cpu, peak_kib| Report {
            sequential_wall: cpu + 10.0,
            sequential_cpu: cpu,
            concurrent_wall: cpu,
            concurrent_cpu: cpu,
            peak_kib,
            signing: 40.0,
        };
        vec![report(ours, 4096.0), report(20.0, 4096.0), report(70.0, 4096.0), report(100.0, 8192.0)]
    }

    #[test]
    fn a_client_may_take_its_signing_and_a_little_more_than_the_rival() {
        let ratios: Vec<f64> = table(&[round(63.0)]).iter().map(|row| row.ratio).collect();
        // 1.15 × 20 + 40 = 63, and 1.15 × (70 - 40) + 40 = 74.5.
        let expected = [63.0 / 63.0, 63.0 / 74.5, 63.0 / 63.0, 63.0 / 74.5, 73.0 / 110.0, 0.63, 0.5];
        assert_eq!(ratios.len(), expected.len());
        for (ratio, expected) in ratios.iter().zip(expected) {
            assert!((ratio - expected).abs() < 1e-9, "{ratios:?}");
        }
    }

    #[test]
    fn one_disturbed_round_changes_no_ratio() {
        let calm = table(&[round(50.0), round(50.0), round(50.0)]);
        let disturbed = table(&[round(50.0), round(5_000.0), round(50.0)]);
        for (calm, disturbed) in calm.iter().zip(&disturbed) {
            assert!((calm.ratio - disturbed.ratio).abs() < 1e-9);
        }
    }

    #[test]
    fn a_report_of_a_client_is_read_whole_or_not_at_all() {
        let report = Report::parse("1 2.5 3 4 5 6\n").unwrap();
        assert!((report.sequential_cpu - 2.5).abs() < 1e-9 && (report.signing - 6.0).abs() < 1e-9);
        assert!(Report::parse("1 2 3 4 5").is_none() && Report::parse("1 2 x 4 5 6").is_none());
    }
}
