//! `tarspay keygen`: a new key pair.

use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::io::ErrorKind;
use std::path::PathBuf;
use tarspay::sign::PrivateKey;

#[derive(Debug, clap::Args)]
pub(crate) struct Keygen {
    /// Write the private key to this new file, readable by its owner only, and not to the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Keygen) -> Result<(), Failure> {
    let key = PrivateKey::generate().map_err(|error| Failure::usage("no key").caused_by(&error))?;
    let public_key = key.public_key().to_string();
    if let Some(path) = &args.out {
        output::new_file(path, &key.expose_hex()).map_err(|error| {
            let failure = Failure::usage(format!("cannot write the new file {}", path.display()));
            match error.kind() {
                ErrorKind::AlreadyExists => {
                    failure.caused_by(&error).detail("It is unchanged. Give --out another name.")
                }
                _ => failure.caused_by(&error),
            }
        })?;
        if output::is_json() {
            return output::json(
                &json!({ "public_key": public_key, "key_file": path.display().to_string() }),
            );
        }
        return output::table(&[
            ("public key", &public_key),
            ("private key", &format!("in {}", path.display())),
        ]);
    }
    // Unlike other results, a key cannot be made again.
    let lost = || Failure::usage("cannot write the result: nobody reads the key; give --out FILE");
    if output::is_discarded() {
        return Err(lost());
    }
    let private_key = key.expose_hex();
    let is_read = if output::is_json() {
        let pair = json!({ "public_key": public_key, "private_key": private_key.as_str() });
        output::line_if_read(&pair.to_string())?
    } else {
        output::table_if_read(&[("public key", &public_key), ("private key", &private_key)])?
    };
    is_read.then_some(()).ok_or_else(lost)
}
