//! Deposits in the sandbox: how many it takes in a second, durably, and what memory they leave behind.

mod load;

use super::child::Child;
use super::page::{Aim, Row, Unit};
use super::stopwatch::{as_f64, median};
use crate::shell::{Failure, cargo, root, run as run_command};
use load::Merchant;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Created in so many turns; the first turns fill the caches and the event log, and do not count.
const TURNS: usize = 10;
const TURNS_THAT_FILL: usize = 2;
const ORDERS_IN_A_TURN: usize = 10_000;

/// How many signatures are verified before each turn.
const VERIFICATIONS: usize = 2_000;

pub(super) fn rows(rivals: &Child) -> Result<Vec<Row>, Failure> {
    run_command(cargo(&root(), &["build", "--release", "--locked", "--package", "tarspay-cli"]))?;
    let this = std::env::current_exe().map_err(|error| Failure::to("find this program", error))?;
    let programs = this.parent().unwrap_or(Path::new("."));
    // Beside the programs and not in /tmp, which can be memory: the orders have to be written to a disk.
    let folder = tempfile::tempdir_in(programs).map_err(|error| Failure::to("make a folder", error))?;
    let mut command = Command::new(programs.join("tarspay"));
    command.args(["sandbox", "--json", "--data"]).arg(folder.path().join("state.db"));
    let server = Child::start(command)?;
    let merchant = Merchant::read(&server.ready)?;

    let (mut turns, mut memory) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        let first = turn * ORDERS_IN_A_TURN;
        let requests = merchant.deposits(first..first + ORDERS_IN_A_TURN)?;
        let ceiling = verifications_per_second(rivals)?;
        let taken = load::create(&merchant.address, requests)?;
        turns.push((as_f64(ORDERS_IN_A_TURN) / taken.as_secs_f64(), ceiling));
        memory.push(resident_kib(server.id())?);
    }
    Ok(table(&turns[TURNS_THAT_FILL..], &memory[TURNS_THAT_FILL - 1..]))
}

/// Of the deposits and the verifications in a second of each turn, and of the memory before the first and after each.
fn table(turns: &[(f64, f64)], memory: &[f64]) -> Vec<Row> {
    let (filled, last) =
        (memory.first().copied().unwrap_or(f64::NAN), memory.last().copied().unwrap_or(f64::NAN));
    vec![
        Row {
            what: "sandbox: deposits in a second, durable",
            subject: median(turns.iter().map(|turn| turn.0).collect()),
            rival: "signatures that k256 verifies in a second on one core",
            rival_took: median(turns.iter().map(|turn| turn.1).collect()),
            unit: Unit::PerSecond,
            ratio: median(turns.iter().map(|(deposits, ceiling)| deposits / ceiling).collect()),
            aim: Aim::AtLeast(0.60),
        },
        Row {
            what: "sandbox: memory after 100,000 orders",
            subject: last,
            rival: "after 20,000",
            rival_took: filled,
            unit: Unit::Kibibytes,
            ratio: last / filled,
            aim: Aim::AtMost(1.25),
        },
    ]
}

/// The ceiling: k256 on one core.
fn verifications_per_second(rivals: &Child) -> Result<f64, Failure> {
    let taken = rivals.ask(&format!("k256-verify {VERIFICATIONS}"))?;
    let nanoseconds: f64 = taken.parse().map_err(|error| Failure::to("measure k256-verify", error))?;
    Ok(1e9 / nanoseconds)
}

/// The memory that a process holds. Linux alone tells.
pub(super) fn resident_kib(process: u32) -> Result<f64, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::to("see the memory of a process", error);
    let status = fs::read_to_string(format!("/proc/{process}/status")).map_err(|error| failed(&error))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_held_against_the_ceiling_of_its_own_turn() {
        // The machine slows down: both do.
        let rows = table(&[(6_000.0, 10_000.0), (3_000.0, 5_000.0), (700.0, 1_000.0)], &[1.0]);
        assert!((rows[0].ratio - 0.6).abs() < 1e-9, "{}", rows[0].ratio);
        assert_eq!((rows[0].subject, rows[0].rival_took), (3_000.0, 5_000.0));
    }

    #[test]
    fn memory_is_that_of_the_end_beside_that_of_full_caches() {
        let rows = table(&[], &[20.0 * 1024.0, 90.0 * 1024.0, 22.0 * 1024.0]);
        assert!((rows[1].ratio - 1.1).abs() < 1e-9);
        assert_eq!((rows[1].subject, rows[1].rival_took), (22.0 * 1024.0, 20.0 * 1024.0));
        assert!(table(&[], &[])[1].ratio.is_nan());
    }

    #[test]
    fn the_turns_make_the_orders_that_the_table_names() {
        assert_eq!((TURNS * ORDERS_IN_A_TURN, TURNS_THAT_FILL * ORDERS_IN_A_TURN), (100_000, 20_000));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_holds_memory_and_a_missing_one_is_an_error() {
        assert!(resident_kib(std::process::id()).unwrap() > 100.0);
        assert!(resident_kib(u32::MAX).is_err());
    }
}
