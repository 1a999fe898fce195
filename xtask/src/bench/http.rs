//! Calls over loopback: our client's, hyper-util's and reqwest's, each a process of its own, in turns.

pub(crate) mod calls;
pub(crate) mod client;
pub(crate) mod server;

use super::child::Child;
use super::page::{Aim, Row, Unit};
use super::stopwatch::median;
use crate::shell::{Failure, output};
use std::path::Path;
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
    /// Reads the line that `calls::measure` makes.
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

/// The clients of this program, in the order of a round; reqwest's comes last.
const CLIENTS: [&str; 3] = ["balance", "place_deposit", "hyper-util"];

/// The places in a round.
const BALANCE: usize = 0;
const PLACE_DEPOSIT: usize = 1;
const HYPER_UTIL: usize = 2;
const REQWEST: usize = 3;

pub(super) fn rows(rivals: &Path) -> Result<Vec<Row>, Failure> {
    let this = std::env::current_exe().map_err(|error| Failure::to("find this program", error))?;
    let mut server = Command::new(&this);
    server.arg("bench-server");
    let server = Child::start(server)?;
    let round = || {
        let ours = CLIENTS.map(|client| report(&this, &["bench-client", client, &server.ready]));
        ours.into_iter().chain([report(rivals, &["reqwest", &server.ready])]).collect()
    };
    let rounds: Vec<Vec<Report>> = (0..ROUNDS).map(|_| round()).collect::<Result<_, _>>()?;
    Ok(table(&rounds))
}

fn report(program: &Path, words: &[&str]) -> Result<Report, Failure> {
    let mut command = Command::new(program);
    command.args(words);
    let line = output(command)?;
    Report::parse(&line).ok_or_else(|| Failure::new(format!("{words:?} reported {line:?}")))
}

fn table(rounds: &[Vec<Report>]) -> Vec<Row> {
    let row = |what, rival, (subject_at, rival_at): (usize, usize), number: fn(&Report) -> f64, aim| {
        let of = |at: usize| rounds.iter().map(move |round| number(&round[at]));
        Row {
            what,
            subject: median(of(subject_at).collect()),
            rival,
            rival_took: median(of(rival_at).collect()),
            unit: Unit::Nanoseconds,
            ratio: median(of(subject_at).zip(of(rival_at)).map(|(ours, theirs)| ours / theirs).collect()),
            aim: Aim::AtMost(aim),
        }
    };
    let (one_by_one, at_once) = ("balance calls one by one", "balance calls 64 at a time");
    let cpu = "hyper-util, same signature and read: CPU time";
    let (wall, memory) = ("reqwest and k256: wall time", "reqwest and k256: peak memory");
    vec![
        row(one_by_one, cpu, (BALANCE, HYPER_UTIL), |report| report.sequential_cpu, 1.10),
        row(at_once, cpu, (BALANCE, HYPER_UTIL), |report| report.concurrent_cpu, 1.10),
        row(one_by_one, wall, (BALANCE, REQWEST), |report| report.sequential_wall, 0.90),
        row(at_once, wall, (BALANCE, REQWEST), |report| report.concurrent_wall, 0.90),
        Row {
            unit: Unit::Kibibytes,
            ..row("balance calls", memory, (BALANCE, REQWEST), |report| report.peak_kib, 1.0)
        },
        row(
            "`place_deposit` one by one",
            "a balance call: CPU time",
            (PLACE_DEPOSIT, BALANCE),
            |report| report.sequential_cpu,
            1.10,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reports of one round, in nanoseconds.
    fn round(ours: f64) -> Vec<Report> {
        let report = |cpu, peak_kib| Report {
            sequential_wall: cpu + 10.0,
            sequential_cpu: cpu,
            concurrent_wall: cpu,
            concurrent_cpu: cpu,
            peak_kib,
        };
        vec![report(ours, 4096.0), report(70.0, 4096.0), report(60.0, 4096.0), report(100.0, 8192.0)]
    }

    #[test]
    fn each_row_has_its_rival() {
        let rows = table(&[round(63.0)]);
        let expected = [63.0 / 60.0, 63.0 / 60.0, 73.0 / 110.0, 0.63, 0.5, 70.0 / 63.0];
        assert_eq!(rows.len(), expected.len());
        for (row, expected) in rows.iter().zip(expected) {
            assert!((row.ratio - expected).abs() < 1e-9, "{}: {}", row.rival, row.ratio);
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
