//! The programs of `docs/signing.md` in other languages: each signs K1, and what it prints is verified. Its commands for
//! OpenSSL are run, too.

use super::outside::{Verdict, interpreter, verdict};
use crate::shell::{Failure, read, root, say, skip, write};
use std::path::Path;
use std::process::Command;
use tarspay_sign::{Digest, PublicKey, Signature, SignaturePolicy};

const PAGE: &str = "docs/signing.md";
const VECTORS: &str = "crates/tarspay-sign/vectors/documentation.json";

/// Where Debian and Ubuntu install Bouncy Castle.
const BOUNCY_CASTLE: &str = "/usr/share/java/bcprov.jar";

/// The words before a program's block, the name of its file, and the command, to which key and text are added.
const PROGRAMS: &[(&str, &str, &[&str])] = &[
    ("Python, ecdsa", "sign.py", &["python3", "sign.py"]),
    ("Python, cryptography", "sign.py", &["python3", "sign.py"]),
    ("Node", "sign.cjs", &["node", "sign.cjs"]),
    ("PHP", "sign.php", &["php", "sign.php"]),
    ("Ruby", "sign.rb", &["ruby", "sign.rb"]),
    ("Java, Bouncy Castle", "Sign.java", &["java", "-cp", BOUNCY_CASTLE, "Sign.java"]),
    ("Go, btcec", "main.go", &["sh", "-c", GO, "sh"]),
    ("C#", "sign.cs", &["sh", "-c", DOTNET, "sh"]),
];

const GO: &str = "{ go mod init sign && go mod tidy; } >/dev/null 2>&1 || exit 3; go run . \"$@\"";
/// A file alone can be run since .NET 10.
const DOTNET: &str =
    "case $(dotnet --version 2>/dev/null) in [1-9][0-9].*) dotnet run sign.cs -- \"$@\" ;; *) exit 3 ;; esac";

/// Runs each program whose language is installed, and says which are not.
pub(crate) fn run() -> Result<(), Failure> {
    let page = read(&root().join(PAGE))?;
    let vectors: serde_json::Value = serde_json::from_str(&read(&root().join(VECTORS))?)
        .map_err(|error| Failure::to("read the vectors", error))?;
    let vectors = vectors["vectors"].as_array().into_iter().flatten();
    let vector =
        vectors.into_iter().find(|vector| vector["name"] == "K1").unwrap_or(&serde_json::Value::Null);
    let member = |name: &str| vector[name].as_str().ok_or_else(|| Failure::new(format!("K1 has no {name}")));
    let (key, text) = (member("private_key")?, member("string_to_sign")?);
    let public_key: PublicKey =
        member("public_key")?.parse().map_err(|error| Failure::to("read the key of K1", error))?;
    for (title, file, command) in PROGRAMS {
        let name = format!("{PAGE}: {title}");
        match sign(program(&page, title)?, file, command, [key, text])? {
            Verdict::Agrees(signature) => {
                Signature::from_hex(&signature)
                    .and_then(|it| public_key.verify(&Digest::of(text), &it, SignaturePolicy::AcceptHighS))
                    .map_err(|error| Failure::new(format!("{name} printed {signature:?}: {error}")))?;
                say(&format!("vectors: {name}: its signature verifies"));
            }
            Verdict::Skipped(reason) => skip(&name, &reason),
            Verdict::Disagrees(report) => return Err(Failure::new(format!("{name} fails:\n{report}"))),
        }
    }
    openssl(&page)
}

/// The commands of the page for the shell, one after the other in one folder.
fn openssl(page: &str) -> Result<(), Failure> {
    let name = format!("{PAGE}: OpenSSL");
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let script: String = blocks.map(|(block, _)| block).collect();
    let script = format!("command -v openssl xxd >/dev/null || exit 3\n{script}");
    match sign(&script, "openssl.sh", &["sh", "-e", "openssl.sh"], [""; 2])? {
        Verdict::Agrees(text) if text.matches("Signature Verified Successfully").count() == 3 => {
            say(&format!("vectors: {name}: its signatures verify"));
        }
        Verdict::Agrees(report) | Verdict::Disagrees(report) => {
            return Err(Failure::new(format!("{name} fails:\n{report}")));
        }
        Verdict::Skipped(reason) => skip(&name, &reason),
    }
    Ok(())
}

/// The block after these words.
fn program<'p>(page: &'p str, title: &str) -> Result<&'p str, Failure> {
    let block = page.split_once(&format!("\n{title}:\n\n```")).and_then(|(_, rest)| {
        let (_, program) = rest.split_once('\n')?;
        Some(program.split_once("\n```\n")?.0)
    });
    block.ok_or_else(|| Failure::new(format!("{PAGE} has no program in {title}")))
}

fn sign(program: &str, file: &str, words: &[&str], arguments: [&str; 2]) -> Result<Verdict, Failure> {
    if words.contains(&BOUNCY_CASTLE) && !Path::new(BOUNCY_CASTLE).exists() {
        return Ok(Verdict::Skipped(format!("{BOUNCY_CASTLE} is not installed")));
    }
    let folder = tempfile::tempdir().map_err(|error| Failure::to("make a folder", error))?;
    write(&folder.path().join(file), program)?;
    let mut command = Command::new(interpreter(words[0])?);
    command.args(&words[1..]).args(arguments).current_dir(folder.path());
    Ok(match verdict(command, words[0]) {
        Verdict::Disagrees(report) if report.contains("ModuleNotFoundError") => {
            Verdict::Skipped("its package is not installed".to_owned())
        }
        verdict => verdict,
    })
}
