//! Balance calls over loopback: our client, hyper-util's and reqwest's, each a process of its own, in turns.

pub mod client;
pub mod server;

use super::child::Server;
use super::page::{Aim, Row, nanoseconds};
use super::stopwatch::median;
use crate::shell::{Failure, output};
use std::process::Command;

const ROUNDS: usize = 21;

/// What one client process reports, for one call each, but the memory.
#[derive(Clone, Copy)]
struct Report {
    sequential_wall: f64,
    sequential_cpu: f64,
    concurrent_wall: f64,
    concurrent_cpu: f64,
    peak_kib: f64,
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
        })
    }
}

const CLIENTS: [&str; 4] = ["tarspay", "hyper-util", "hyper-util-that-signs", "reqwest"];

/// The places of `CLIENTS` in a round.
const OURS: usize = 0;
const PRESIGNED: usize = 1;
const SIGNS: usize = 2;
const REQWEST: usize = 3;

/// What a call may take beside its signing, as a multiple of the rival's time.
const CPU_FACTOR: f64 = 1.15;

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let server = Server::start(this_program(&["bench-server"])?)?;
    let round = |_| CLIENTS.iter().map(|client| report(&server, client)).collect();
    let rounds: Vec<Vec<Report>> = (0..ROUNDS).map(round).collect::<Result<_, _>>()?;
    Ok(table(&rounds))
}

/// What a round says: ours, and what it is held against.
type Pair = fn(&[Report]) -> (f64, f64);

fn table(rounds: &[Vec<Report>]) -> Vec<Row> {
    let row = |what, rival, show: fn(f64) -> String, pair: Pair| {
        let pairs: Vec<_> = rounds.iter().map(|round| pair(round)).collect();
        Row {
            what,
            subject: show(median(pairs.iter().map(|(ours, _)| *ours).collect())),
            rival,
            rival_took: show(median(pairs.iter().map(|(_, theirs)| *theirs).collect())),
            ratio: median(pairs.iter().map(|(ours, theirs)| ours / theirs).collect()),
            aim: Aim::AtMost(1.0),
        }
    };
    let (one_by_one, at_once) = ("balance calls one by one", "balance calls 64 at a time");
    let cpu = "hyper-util, presigned: 1.15 × its CPU + signing";
    let wall = "reqwest: wall time, signing";
    let time: fn(f64) -> String = nanoseconds;
    vec![
        row(one_by_one, cpu, time, |round| allowed(round, |report| report.sequential_cpu)),
        row(at_once, cpu, time, |round| allowed(round, |report| report.concurrent_cpu)),
        row(one_by_one, wall, time, |round| (round[OURS].sequential_wall, round[REQWEST].sequential_wall)),
        row(at_once, wall, time, |round| (round[OURS].concurrent_wall, round[REQWEST].concurrent_wall)),
        row(
            "balance calls",
            "reqwest: peak memory",
            |kib| format!("{:.1} MiB", kib / 1024.0),
            |round| (round[OURS].peak_kib, round[REQWEST].peak_kib),
        ),
    ]
}

/// The CPU time of ours, and what it may be: that of posting and a little more, and what signing adds to it where it is done
/// between two calls, with caches and a scheduler as they are then.
fn allowed(round: &[Report], cpu: fn(&Report) -> f64) -> (f64, f64) {
    let (posting, signing) = (cpu(&round[PRESIGNED]), cpu(&round[SIGNS]) - cpu(&round[PRESIGNED]));
    (cpu(&round[OURS]), CPU_FACTOR * posting + signing)
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
        };
        vec![report(ours, 4096.0), report(20.0, 4096.0), report(70.0, 4096.0), report(100.0, 8192.0)]
    }

    #[test]
    fn a_client_may_take_what_signing_adds_and_a_little_more_than_the_rival() {
        let ratios: Vec<f64> = table(&[round(63.0)]).iter().map(|row| row.ratio).collect();
        // 1.15 × 20 + (70 - 20) = 73.
        let expected = [63.0 / 73.0, 63.0 / 73.0, 73.0 / 110.0, 0.63, 0.5];
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
        let report = Report::parse("1 2.5 3 4 5\n").unwrap();
        assert!((report.sequential_cpu - 2.5).abs() < 1e-9 && (report.peak_kib - 5.0).abs() < 1e-9);
        assert!(Report::parse("1 2 3 4").is_none() && Report::parse("1 2 x 4 5").is_none());
    }
}
