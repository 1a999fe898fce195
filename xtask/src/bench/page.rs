//! The table, on the terminal and as `docs/performance.md`, and its plot.

use super::machine;
use super::profile::{self, Part};
use crate::shell::{Failure, root, say, write};

/// One comparison.
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) subject: f64,
    pub(super) rival: &'static str,
    pub(super) rival_took: f64,
    pub(super) unit: Unit,
    pub(super) ratio: f64,
    pub(super) aim: Aim,
}

/// What the numbers of a row count.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    Nanoseconds,
    Kibibytes,
    PerSecond,
}

impl Unit {
    fn show(self, number: f64) -> String {
        match self {
            Self::Nanoseconds => nanoseconds(number),
            Self::Kibibytes => format!("{:.1} MiB", number / 1024.0),
            Self::PerSecond => format!("{number:.0}/s"),
        }
    }
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

/// Prints the page and writes it, and the plot.
pub(super) fn publish(rows: &[Row], parts: &[Part], weights: &[Weight]) -> Result<(), Failure> {
    let page = page(rows, parts, weights)?;
    say(&page);
    write(&root().join("docs/performance.md"), &page)?;
    write(&root().join("docs/performance.svg"), &plot(rows))
}

fn page(rows: &[Row], parts: &[Part], weights: &[Weight]) -> Result<String, Failure> {
    let mut page = "# Performance\n\n\
         Measured and written by `cargo xtask bench`; every number is from one run.\n\n"
        .to_owned();
    page += &table(rows);
    page += "\n![Time of each comparison of the table, ours and the rival's](performance.svg)\n\n";
    page += &machine::description()?;
    page += NOTES;
    page += &profile::lines(parts);
    page += WHY;
    page.extend(weights.iter().map(|Weight { what, crates, build, binary }| {
        format!("| {what} | {crates} | {build} | {binary} |\n")
    }));
    Ok(page)
}

/// The rows as a table of Markdown.
pub(super) fn table(rows: &[Row]) -> String {
    let head = "| what | ours | rival | its | ratio | aim | met |\n|---|---:|---|---:|---:|---|---|\n";
    let line = |row: &Row| {
        let met = if row.aim.met(row.ratio) { "yes" } else { "**no**" };
        let Row { what, subject, rival, rival_took, unit, ratio, aim } = row;
        let (ours, its, aim) = (unit.show(*subject), unit.show(*rival_took), aim.words());
        format!("| {what} | {ours} | {rival} | {its} | {ratio:.2} | {aim} | {met} |\n")
    };
    rows.iter().fold(head.to_owned(), |table, row| table + &line(row))
}

/// Two bars for each comparison of times, each pair to its own scale.
fn plot(rows: &[Row]) -> String {
    const HEIGHT: usize = 46;
    let rows: Vec<_> = rows.iter().filter(|row| row.unit == Unit::Nanoseconds).collect();
    let mut plot = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 {}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        rows.len() * HEIGHT + 10
    );
    plot.extend(rows.iter().enumerate().flat_map(|(number, row)| {
        let longer = row.subject.max(row.rival_took);
        [("tarspay", row.what, row.subject, "#2563eb"), ("rival", row.rival, row.rival_took, "#9ca3af")]
            .into_iter()
            .enumerate()
            .map(move |(line, (class, label, took, colour))| {
                let (top, width) = (number * HEIGHT + 10 + line * 18, 300.0 * took / longer);
                format!(
                    "<text x=\"440\" y=\"{base}\" text-anchor=\"end\">{label}</text>\
                     <rect class=\"{class}\" x=\"450\" y=\"{top}\" width=\"{width:.0}\" height=\"14\" fill=\"{colour}\"/>\
                     <text x=\"{end:.0}\" y=\"{base}\">{took}</text>\n",
                    base = top + 11,
                    label = label.replace('`', ""),
                    end = 458.0 + width,
                    took = row.unit.show(took),
                )
            })
    }));
    plot + "</svg>\n"
}

/// What the numbers stand for, up to the lines of the next table.
const NOTES: &str = "
Contenders take turns, each as its own users run it: the rivals are a program of their own
([xtask/rivals](../xtask/rivals/Cargo.toml)), k256 and reqwest with their default features. The
ratio is the median of the ratios of the rounds. It is stable on a busy machine; the times are less
so. An aim is not a promise for your machine.

- **Sign** goes from a struct of 13 members to the three headers and the body, beside a bare
  signature of a digest. It is k256's constant-time signing with its table for the generator: 30 KiB
  of memory, made at the first signature.
- **libsecp256k1** signs with a context that is kept and was randomised once.
- **Verify** is `PreparedKey::verify` of a digest and a signature that were read before, over 512
  different signatures of one key. A prepared key takes a few milliseconds to make and 320 KiB; the
  generator's table of the same size is made once in a process. `CallbackVerifier` prepares its key
  on the 64th verification, or at once with `prepared()`.
- **Callback** goes from the raw bytes and the header to `Verified<Callback>`.
- **All cores** verifies a million callbacks in turns with one core; the ratio is the speed-up
  divided by the number of cores.
- **Calls** are 1,024 over loopback HTTP to a server in its own process, which responds at once.
  Each client is a process with a runtime of one thread; CPU time is that of this thread. hyper-util
  signs each call with tarspay-sign and reads the same typed balance. reqwest signs each call with
  k256 and reads a `serde_json::Value`. Beside them, ours checks what is sent, keeps deadlines, knows
  what was sent, and checks once whether the connection was closed.
- **`place_deposit`** checks the request against its market, sends it and reads what was created.
- **Sandbox** is `tarspay sandbox --data FILE`, which responds to a deposit when SQLite has it on
  the disk. The load is 100,000 different requests that were signed before, on 32 connections. Load
  and sandbox share the machine's cores: one thread of the load writes requests and reads responses,
  one of the sandbox does HTTP, verifies and decides, and one writes to SQLite; the kernel's
  loopback and the disk come on top. Before each 10,000 deposits k256's verifications on one core
  are measured alone. Memory is what the sandbox's process holds.
- **Inbox** accepts 512 callbacks at a time, each from raw bytes until it is on the disk, without
  HTTP. Its rival verifies digests and writes digest and body, 256 in a transaction, over the same
  engine with the same durability, in one thread. Two inboxes in one PostgreSQL, as two processes
  with a receiver each, are measured where there are at least four cores: with fewer they only take
  them from the server. Memory is that of the whole benchmark. A claim is the statement by which a
  worker takes 8 of 1,000 due orders, the newest of so many. If the due orders are spread over all,
  SQLite reads more pages. `cargo xtask bench --inbox` measures these alone.

## Where the time goes

Parts of the rows above, measured alone in the same run.

| part | takes |
|---|---:|
";

/// What the parts explain, up to the lines of the last table.
const WHY: &str = "
What to compare them with:

- **Sign.** The parts beside k256's signature are what a caller needs besides: members in order,
  text, hash, headers. What is left, up to the row above, comes with k256's table: version 0.14
  copies its 30 KiB for each signature (`let table = *BASEPOINT_TABLE`), so what comes before and
  after finds little in the first cache.
- **libsecp256k1** is to be compared with k256's signature alone, which signing cannot undercut.
- **Callback.** Hashing the body, and reading it and its signature, are the difference.
- **All cores.** Hashing shares nothing between the cores: it shows how this machine scales.
- **Wall time.** Both clients wait for the kernel's loopback and the server, which a bare socket
  shows alone, and for their signature. Less than that no client takes.
- **`place_deposit`** writes, checks and signs eight members, not one, and reads seven.

## Weight

A program of ten lines that signs a request, or makes a call: crates in the tree of this
platform, a clean release build, and the stripped binary.

| depends on | crates | clean build | binary |
|---|---:|---:|---:|
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
    fn the_plot_has_a_pair_of_bars_for_each_comparison_of_times() {
        let row = |unit, subject, rival_took| Row {
            what: "`sign`",
            subject,
            rival: "rival",
            rival_took,
            unit,
            ratio: subject / rival_took,
            aim: Aim::AtMost(1.0),
        };
        let plot = plot(&[row(Unit::Nanoseconds, 1_500.0, 3_000.0), row(Unit::Kibibytes, 1.0, 2.0)]);
        assert_eq!(plot.matches("class=\"tarspay\"").count(), 1);
        assert!(plot.contains("width=\"150\"") && plot.contains("width=\"300\""), "{plot}");
        assert!(plot.contains(">sign</text>") && plot.contains(">1.50 µs</text>"), "{plot}");
    }

    #[test]
    fn a_time_is_shown_in_its_unit() {
        assert_eq!(
            [999.0, 1_000.0, 1_500_000.0, 2e9].map(nanoseconds),
            ["999 ns", "1.00 µs", "1.50 ms", "2.00 s"]
        );
    }
}
