//! Shows the balance, in a script without async code:
//!
//! ```sh
//! TARSPAY_MERCHANT_ID=M1688443086 TARSPAY_PRIVATE_KEY=... \
//!     cargo run -p tarspay --example balance --features blocking
//! ```
//!
//! With `TARSPAY_API_URL` it asks a sandbox.
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use tarspay::blocking::Client;

/// What is shown.
///
/// # Errors
///
/// Those of the call.
pub fn balance(client: &Client) -> Result<String, tarspay::Error> {
    let balance = client.balance()?;
    Ok(format!("{} available, {} frozen", balance.available_amount, balance.frozen_amount))
}

fn main() -> Result<(), tarspay::Error> {
    println!("{}", balance(&Client::from_env()?)?);
    Ok(())
}
