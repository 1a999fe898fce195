//! `tarspay keygen`: a new key pair.

use crate::failure::Failure;
use crate::output;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
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
        write_new(path, &key)?;
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

/// Writes a key to a file that must not exist yet: a key is never overwritten.
fn write_new(path: &Path, key: &PrivateKey) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let cannot = |error: std::io::Error| {
        Failure::usage(format!("cannot write the new file {}", path.display())).caused_by(&error)
    };
    let mut file = options.open(path).map_err(cannot)?;
    writeln!(file, "{}", key.expose_hex().as_str()).and_then(|()| file.sync_all()).map_err(cannot)
}
