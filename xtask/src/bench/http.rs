//! Balance calls over loopback: our client, hyper-util's and reqwest's, each a process of its own, in turns.

pub mod client;
pub mod server;

use super::page::{Aim, Row, nanoseconds};
use super::stopwatch::median;
use crate::shell::{Failure, output};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

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

/// What a call took beside its signing.
const SEQUENTIAL_CPU: Of = |report| report.sequential_cpu - report.signing;
const CONCURRENT_CPU: Of = |report| report.concurrent_cpu - report.signing;

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let server = Server::start()?;
    let mut rounds: Vec<Vec<Report>> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        rounds.push(CLIENTS.iter().map(|client| server.report(client)).collect::<Result<_, _>>()?);
    }
    // One number for all: it is large beside what is left when it is taken off.
    let signing = median(rounds.iter().flatten().map(|report| report.signing).collect());
    rounds.iter_mut().flatten().for_each(|report| report.signing = signing);
    Ok(table(&rounds))
}

fn table(rounds: &[Vec<Report>]) -> Vec<Row> {
    let kibibytes: fn(f64) -> String = |kib| format!("{:.1} MiB", kib / 1024.0);
    let row = |what, (rival, its_name): (usize, &'static str), show: fn(f64) -> String, aim, of: [Of; 2]| {
        let pairs = || rounds.iter().map(|round| (of[0](&round[0]), of[1](&round[rival])));
        Row {
            what,
            subject: show(median(pairs().map(|(subject, _)| subject).collect())),
            rival: its_name,
            rival_took: show(median(pairs().map(|(_, rival)| rival).collect())),
            ratio: median(pairs().map(|(subject, rival)| subject / rival).collect()),
            aim: Aim::AtMost(aim),
        }
    };
    let (one_by_one, at_once) = ("balance calls one by one", "balance calls 64 at a time");
    let [presigned, signs, reqwest] = [
        (1, "hyper-util: CPU, presigned"),
        (2, "hyper-util: CPU, signing taken off"),
        (3, "reqwest: wall time, signing"),
    ];
    let memory = (3, "reqwest: peak memory");
    let time: fn(f64) -> String = nanoseconds;
    vec![
        row(one_by_one, presigned, time, 1.15, [SEQUENTIAL_CPU, |report| report.sequential_cpu]),
        row(one_by_one, signs, time, 1.15, [SEQUENTIAL_CPU; 2]),
        row(at_once, presigned, time, 1.15, [CONCURRENT_CPU, |report| report.concurrent_cpu]),
        row(at_once, signs, time, 1.15, [CONCURRENT_CPU; 2]),
        row(one_by_one, reqwest, time, 1.0, [|report| report.sequential_wall; 2]),
        row(at_once, reqwest, time, 1.0, [|report| report.concurrent_wall; 2]),
        row("balance calls", memory, kibibytes, 1.0, [|report| report.peak_kib; 2]),
    ]
}

/// The server's process, which ends with this value.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Result<Self, Failure> {
        let mut process = this_program(&["bench-server"])?
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::to("start the server", error))?;
        let mut address = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut address)
                .map_err(|error| Failure::to("read the server's address", error))?;
        }
        Ok(Self { process, address: address.trim().to_owned() })
    }

    fn report(&self, client: &str) -> Result<Report, Failure> {
        let line = output(this_program(&["bench-client", client, &self.address])?)?;
        Report::parse(&line).ok_or_else(|| Failure::new(format!("{client} reported {line:?}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // If it has ended by itself there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn this_program(words: &[&str]) -> Result<Command, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::to("find this program", error))?;
    let mut command = Command::new(program);
    command.args(words);
    Ok(command)
}
