//! The table: on the terminal, and as `docs/performance.md`.

use super::machine;
use crate::shell::{Failure, root, say};
use std::fmt::Write as _;
use std::fs;

/// One comparison.
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) subject: String,
    pub(super) rival: &'static str,
    pub(super) rival_took: String,
    pub(super) ratio: f64,
    pub(super) aim: Aim,
}

/// What the ratio should be.
#[derive(Clone, Copy)]
pub(super) enum Aim {
    AtMost(f64),
    AtLeast(f64),
}

impl Aim {
    fn met(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(limit) => ratio <= limit,
            Self::AtLeast(limit) => ratio >= limit,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(limit) => format!("at most {limit:.2}"),
            Self::AtLeast(limit) => format!("at least {limit:.2}"),
        }
    }
}

/// A size or a time without a limit, beside that of a comparable stack.
pub(super) struct Weight {
    pub(super) what: String,
    pub(super) crates: usize,
    pub(super) build: String,
    pub(super) binary: String,
}

pub(super) fn nanoseconds(time: f64) -> String {
    match time {
        ..1e3 => format!("{time:.0} ns"),
        1e3..1e6 => format!("{:.2} µs", time / 1e3),
        1e6..1e9 => format!("{:.2} ms", time / 1e6),
        _ => format!("{:.2} s", time / 1e9),
    }
}

/// Prints the page and writes it.
pub(super) fn publish(rows: &[Row], weights: &[Weight]) -> Result<(), Failure> {
    let page = page(rows, weights)?;
    say(&page);
    let path = root().join("docs/performance.md");
    fs::write(&path, page).map_err(|error| Failure::to("write docs/performance.md", error))
}

fn page(rows: &[Row], weights: &[Weight]) -> Result<String, Failure> {
    let mut page = format!(
        "# Performance\n\n\
         Measured and written by `cargo xtask bench`; every number is from one run.\n\n{}\n\
         Contenders take turns in one process, or in one process each where memory is measured. The ratio is\n\
         the median of the ratios of the rounds. It is stable on a busy machine; the times are less so. An\n\
         aim is not a promise for your machine.\n\n\
         | what | subject | rival | its time | ratio | aim | met |\n|---|---:|---|---:|---:|---|---|\n",
        machine::description()?
    );
    for row in rows {
        let met = if row.aim.met(row.ratio) { "yes" } else { "**no**" };
        let Row { what, subject, rival, rival_took, ratio, aim } = row;
        let aim = aim.words();
        writeln!(page, "| {what} | {subject} | {rival} | {rival_took} | {ratio:.2} | {aim} | {met} |")
            .map_err(|error| Failure::to("write the table", error))?;
    }
    page.push_str(
        "\n## Weight\n\nA program of ten lines that signs a request, or makes a call: crates in the tree of this\n\
         platform, a clean release build, and the stripped binary.\n\n\
         | depends on | crates | clean build | binary |\n|---|---:|---:|---:|\n",
    );
    for Weight { what, crates, build, binary } in weights {
        writeln!(page, "| {what} | {crates} | {build} | {binary} |")
            .map_err(|error| Failure::to("write the table", error))?;
    }
    page.push_str(NOTES);
    Ok(page)
}

/// What the numbers stand for.
const NOTES: &str = "
## How to read it

- **Verify** is `PreparedKey::verify` of a digest and a signature that were read before, beside the
  same of the rival, over 512 different signatures of one key. A prepared key takes a few
  milliseconds to make and 320 KiB; the generator's table of the same size is made once in a
  process. `CallbackVerifier` prepares its key on the 64th verification, or at once with
  `prepared()`.
- **Sign** goes from a struct of 13 members to the three headers and the body. It is k256's
  constant-time signing; the precomputed tables are not used with a secret.
- **String to sign and digest** is beside the double SHA-256 of the finished string alone, and makes
  7 heap allocations from a value and 6 from JSON, which `tests/allocations.rs` of `tarspay-sign`
  asserts.
- **Callback** goes from the raw bytes and the header to `Verified<Callback>`.
- **All cores** verifies a million callbacks in turns with one core; the ratio is the speed-up
  divided by the number of cores.
- **Balance calls** are 1,024 calls over loopback HTTP to a server in its own process, which
  responds at once. Each contender is a process with a runtime of one thread, able to use TLS if it
  is a complete client. CPU time is that of the client's thread. hyper-util posts the same presigned
  bytes every time and reads the response as bytes; beside it stands what the aim allows, 1.15 times
  its time and the time of signing, in two ways. A thread that signs between two calls has other
  contents of the caches than one that only posts. So what signing adds is measured with the same
  client: once with a signature before each call that is thrown away, once without. Signing in its
  own loop takes less time. reqwest signs each call with `tarspay-sign` and reads the response as
  `serde_json::Value`; ours reads a typed balance. Beside hyper-util our calls read that response,
  check what is sent, keep deadlines, know what was sent, and check once whether the connection was
  closed.
- **Sandbox** is `tarspay sandbox --data FILE`, which responds to a deposit when SQLite has it on
  the disk. The load is 100,000 different requests that were signed before, on 32 connections. Load
  and sandbox share the machine's cores: one thread of the load writes requests and reads responses,
  one of the sandbox does HTTP, verifies and decides, and one writes to SQLite; the kernel's
  loopback and the disk come on top. Before each 10,000 deposits the ceiling is measured alone on
  one core: `PublicKey::verify`, which is k256's. The sandbox itself verifies so until it has seen a
  key 64 times, and with a prepared key from then on. Memory is what its process holds.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_met_at_its_limit_and_missed_beyond_it() {
        assert!(Aim::AtMost(1.05).met(1.05) && !Aim::AtMost(1.05).met(1.06));
        assert!(Aim::AtLeast(0.9).met(0.9) && !Aim::AtLeast(0.9).met(0.89));
        assert!(!Aim::AtMost(1.0).met(f64::NAN) && !Aim::AtLeast(1.0).met(f64::NAN));
    }

    #[test]
    fn a_time_is_shown_in_its_unit() {
        assert_eq!(
            [999.0, 1_000.0, 1_500_000.0, 2e9].map(nanoseconds),
            ["999 ns", "1.00 µs", "1.50 ms", "2.00 s"]
        );
    }
}
