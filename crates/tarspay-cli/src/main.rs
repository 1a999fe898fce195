//! The `tarspay` command: sign, verify, query, and run the local sandbox gateway.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    tarspay_cli::main()
}
