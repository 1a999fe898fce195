//! Pays the rows of a file, each once, however often it is run:
//!
//! ```sh
//! TARSPAY_MERCHANT_ID=M1688443086 TARSPAY_PRIVATE_KEY=... \
//!     cargo run -p tarspay --example withdrawals --features blocking -- rows.csv
//! ```
//!
//! A row is `order number,bKash wallet,amount`. The order numbers are in the file, so they are stored
//! before anything is sent, and a row never gets a second one. The numbers of rows that were begun
//! are written to `rows.begun`: when it runs again after a crash, these are resumed.
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use std::collections::HashSet;
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use tarspay::Matches;
use tarspay::blocking::Client;
use tarspay::types::{NotifyUrl, WithdrawalRequest, market::bangladesh};

/// Pays the rows of `file`, and reports each in a line.
///
/// # Errors
///
/// If a row cannot be read, before anything is sent, or the journal cannot be written.
pub fn pay(client: &Client, file: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    // A file with a row that cannot be read is not begun.
    let requests = read(file)?;
    let journal = file.with_extension("begun");
    let begun = match fs::read_to_string(&journal) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let mut journal = OpenOptions::new().create(true).append(true).open(journal)?;
    let mut report = Vec::new();
    for request in &requests {
        let number = &request.merchant_order_no;
        let placed = if begun.lines().any(|line| line == number.as_str()) {
            client.resume_withdrawal(request)
        } else {
            writeln!(journal, "{number}")?;
            journal.sync_all()?;
            client.place_withdrawal(request)
        };
        report.push(match placed {
            Ok(placed) if placed.matches() == Matches::No => {
                format!("{number}: not paid, another order has this number")
            }
            Ok(_) => format!("{number}: accepted"),
            Err(error) if error.is_outcome_unknown() => {
                format!("{number}: in doubt, run this again: {error}")
            }
            Err(error) => format!("{number}: not paid: {error}"),
        });
    }
    Ok(report)
}

fn read(file: &Path) -> Result<Vec<WithdrawalRequest>, Box<dyn Error>> {
    let (mut requests, mut numbers) = (Vec::new(), HashSet::new());
    for row in fs::read_to_string(file)?.lines() {
        let [number, wallet, amount] = row.split(',').map(str::trim).collect::<Vec<_>>()[..] else {
            return Err("a row is: order number,bKash wallet,amount".into());
        };
        if !numbers.insert(number.to_owned()) {
            return Err(format!("the order number {number} is in two rows").into());
        }
        let request = WithdrawalRequest::new(
            number.parse()?,
            bangladesh::way::EWALLET_BKASH,
            bangladesh::CURRENCY,
            amount.parse()?,
            NotifyUrl::new("https://shop.example/tarspay/notify")?,
        );
        requests.push(request.wallet_id(wallet));
    }
    Ok(requests)
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("which file?")?;
    for line in pay(&Client::from_env()?, Path::new(&file))? {
        println!("{line}");
    }
    Ok(())
}
