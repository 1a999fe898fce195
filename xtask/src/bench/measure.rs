//! All measurements, one after the other: the machine is left to each alone.

use super::{builds, callback, curve, http, page, request, sandbox};
use crate::shell::{Failure, say};

/// Measures everything, prints the table and writes it to `docs/performance.md`.
///
/// # Errors
///
/// If something does not build or run. A missed aim is not an error.
pub(crate) fn run() -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (name, measure) in [
        ("verification", curve::rows as fn() -> Result<Vec<page::Row>, Failure>),
        ("signing", request::rows),
        ("callbacks", callback::rows),
        ("calls", http::rows),
        ("the sandbox", sandbox::rows),
    ] {
        say(&format!("bench: {name}"));
        rows.extend(measure()?);
    }
    say("bench: clean builds");
    page::publish(&rows, &builds::weights()?)
}
