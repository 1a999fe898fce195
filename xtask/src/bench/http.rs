//! Balance calls over loopback: our client, hyper-util's and reqwest's, each a process of its own, in turns.

pub(crate) mod client;
pub(crate) mod server;

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

/// Of one round: ours, and what it is held against.
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
    let (wall, memory) = ("reqwest: wall time, signing", "reqwest: peak memory");
    let mebibytes: fn(f64) -> String = |kib| format!("{:.1} MiB", kib / 1024.0);
    vec![
        cpu_row(rounds, one_by_one, IN_PLACE, |report| report.sequential_cpu, signing_in_place),
        cpu_row(rounds, at_once, IN_PLACE, |report| report.concurrent_cpu, signing_in_place),
        cpu_row(rounds, one_by_one, ALONE, |report| report.sequential_cpu, signing_alone),
        cpu_row(rounds, at_once, ALONE, |report| report.concurrent_cpu, signing_alone),
        row(one_by_one, wall, nanoseconds, |round| {
            (round[OURS].sequential_wall, round[REQWEST].sequential_wall)
        }),
        row(at_once, wall, nanoseconds, |round| {
            (round[OURS].concurrent_wall, round[REQWEST].concurrent_wall)
        }),
        row("balance calls", memory, mebibytes, |round| (round[OURS].peak_kib, round[REQWEST].peak_kib)),
    ]
}

const IN_PLACE: &str = "hyper-util, presigned: 1.15 × its CPU + what signing adds to it";
const ALONE: &str = "hyper-util, presigned: 1.15 × its CPU + signing in a loop of its own";

/// The CPU time of one kind of calls.
type Cpu = fn(&Report) -> f64;

/// Our CPU time, beside what it may be: that of posting and a little more, and that of signing.
fn cpu_row(
    rounds: &[Vec<Report>],
    what: &'static str,
    rival: &'static str,
    cpu: Cpu,
    signing: fn(&[Report], Cpu) -> f64,
) -> Row {
    let of_rounds =
        |number: &dyn Fn(&[Report]) -> f64| median(rounds.iter().map(|round| number(round)).collect());
    let posting = |round: &[Report]| cpu(&round[PRESIGNED]);
    Row {
        what,
        subject: nanoseconds(of_rounds(&|round| cpu(&round[OURS]))),
        rival,
        rival_took: format!(
            "{CPU_FACTOR} × {} + {}",
            nanoseconds(of_rounds(&posting)),
            nanoseconds(of_rounds(&|round| signing(round, cpu)))
        ),
        ratio: of_rounds(&|round| cpu(&round[OURS]) / (CPU_FACTOR * posting(round) + signing(round, cpu))),
        aim: Aim::AtMost(1.0),
    }
}

/// Between two calls, with caches and a scheduler as they are then.
fn signing_in_place(round: &[Report], cpu: Cpu) -> f64 {
    cpu(&round[SIGNS]) - cpu(&round[PRESIGNED])
}

/// Again and again, with nothing between.
fn signing_alone(round: &[Report], _: Cpu) -> f64 {
    median(round.iter().map(|report| report.signing).collect())
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
        let rows = table(&[round(63.0)]);
        // 1.15 × 20 + (70 - 20) = 73, and 1.15 × 20 + 40 = 63.
        let expected = [63.0 / 73.0, 63.0 / 73.0, 1.0, 1.0, 73.0 / 110.0, 0.63, 0.5];
        assert_eq!(rows.len(), expected.len());
        for (row, expected) in rows.iter().zip(expected) {
            assert!((row.ratio - expected).abs() < 1e-9, "{}", row.ratio);
        }
        assert_eq!(rows[0].rival_took, "1.15 × 20 ns + 50 ns");
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
