//! The handler that gives a fact to a program in another language, here by its stdin. An error is that of the process.

use crate::entry;
use serde_json::json;
use std::io::{Error, Result};
use std::process::Stdio;
use tarspay_inbox::Fact;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

pub async fn book(mut program: Command, fact: &Fact) -> Result<()> {
    let (number, paid) = entry(fact);
    let json = json!({"id": fact.id(), "lease": fact.lease(), "number": number, "paid": paid}).to_string();
    let mut process = program.stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
    if let Some(mut stdin) = process.stdin.take() {
        stdin.write_all(json.as_bytes()).await?;
    }
    let status = process.wait().await?;
    if status.success() { Ok(()) } else { Err(Error::other(format!("the program ended with {status}"))) }
}
