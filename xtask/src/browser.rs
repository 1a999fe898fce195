//! The sandbox's page in a real browser: installs Chromium where that can be done, and runs the test.

use crate::shell::{Failure, cargo, root, run as run_command, skip};
use std::process::{Command, Stdio};

const BROWSERS: [&str; 3] = ["chromium", "google-chrome", "chromium-browser"];

/// Runs the test of the page; where there is no browser, and none can be installed, says so.
///
/// # Errors
///
/// If the test fails.
pub fn run() -> Result<(), Failure> {
    if !is_there()
        && let Err(reason) = install()
    {
        skip("the page in a browser", &format!("there is none: {reason}"));
        return Ok(());
    }
    let words = ["test", "--locked", "--package", "xtask", "--test", "browser", "--", "--nocapture"];
    run_command(cargo(&root(), &words))
}

/// Whether there is a Chromium, by one of its names, with the driver that finds it.
pub fn is_there() -> bool {
    let starts = |program: &&str| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    starts(&"chromedriver") && BROWSERS.iter().any(starts)
}

/// Only root may, and only Debian and its kin call it so.
fn install() -> Result<(), Failure> {
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(words).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        run_command(apt)
    };
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", "chromium", "chromium-driver", "fonts-dejavu-core"])
}
