//! The public API of every library as text, in `xtask/public-api/`: what a change adds or breaks is seen in its diff.
//!
//! The text comes from rustdoc's JSON, whose format changes with the compiler. A compiler that writes another format than
//! the one the crate `public-api` reads leaves the check undone, and that is said.

use crate::shell::{Failure, cargo, output, say, skip, target_folder};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

/// The libraries whose API users build on, in the order of `docs/architecture.md`.
pub const LIBRARIES: &[&str] =
    &["tarspay-types", "tarspay-sign", "tarspay-explain", "tarspay-transport", "tarspay", "tarspay-sandbox"];

/// The version of rustdoc's JSON that the crate `public-api` reads.
const FORMAT: u64 = 57;

/// Crates that every Rust program has, and the primitive type that our traits are implemented for.
const STANDARD: &[&str] = &["alloc", "core", "i64", "std"];

/// Foreign types that may stand in the API, and why.
const FOREIGN: &[(&str, &str)] = &[
    ("axum_core::extract::FromRequest", "feature axum: what makes a verified callback an extractor"),
    ("axum_core::extract::Request", "feature axum: in the method of that trait"),
    ("axum_core::extract::from_ref::FromRef", "feature axum: where the extractor finds its verifier"),
    ("axum_core::response::Response", "feature axum: in the method of that trait"),
    ("axum_core::response::into_response::IntoResponse", "feature axum: what makes a value an answer"),
    ("bytes::bytes::Bytes", "a body that is handed on without copying; every HTTP crate has it"),
    ("http::request::Request", "feature tower: what a service takes"),
    ("http::response::Response", "feature tower: what a service answers"),
    ("http_body::Body", "feature tower: a service may have any body"),
    ("http_body_util::full::Full", "feature tower: the body of the layer's answers"),
    ("serde_core::de::Deserialize", "the trait every Rust program deserializes with"),
    ("serde_core::de::DeserializeOwned", "the same, for a value without borrows"),
    ("serde_core::de::Deserializer", "in the method of that trait"),
    ("serde_core::ser::Serialize", "the trait every Rust program serializes with"),
    ("serde_core::ser::Serializer", "in the method of that trait"),
    ("serde_json::value::Value", "members that a model does not know, kept as they came"),
    ("tower_layer::Layer", "feature tower: the trait of the layer"),
    ("tower_service::Service", "feature tower: the trait of the service"),
    ("zeroize::Zeroizing", "private key text that is wiped when it is dropped"),
];

/// Where the texts stand, below the workspace's folder.
pub const FOLDER: &str = "xtask/public-api";

/// Where the text of a library stands, below the workspace's folder.
pub fn path(library: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{library}.txt"))
}

/// Writes the text of every library of the workspace in `root`, or with `check` compares it. Foreign types are checked
/// either way.
///
/// # Errors
///
/// If rustdoc fails, a text is not current, or a foreign type is not on the list.
pub fn run(root: &Path, check: bool) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for library in LIBRARIES {
        let Some(text) = text(root, library)? else { return Ok(()) };
        let strangers = strangers(&text);
        faults.extend(strangers.iter().map(|stranger| {
            format!("{library}: {stranger} stands in the public API; hide it, or list it with its reason in xtask/src/api.rs")
        }));
        let path = root.join(path(library));
        if check {
            let stands = fs::read_to_string(&path).unwrap_or_default();
            if stands != text {
                let (removed, added) = difference(&stands, &text);
                faults.push(format!(
                    "{library}: the public API has changed; look at it and run `cargo xtask api`\n{}",
                    shown(&removed, &added)
                ));
            }
        } else {
            let folder = path.parent().unwrap_or(root);
            fs::create_dir_all(folder).map_err(|error| Failure::to("make xtask/public-api", error))?;
            fs::write(&path, &text)
                .map_err(|error| Failure::to(&format!("write {}", path.display()), error))?;
        }
        say(&format!("api: {library}: {} lines", text.lines().count()));
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::new(faults.join("\n"))) }
}

/// The text of one library with every feature, or `None` (and a line that says so) if this compiler's format is not ours.
fn text(root: &Path, library: &str) -> Result<Option<String>, Failure> {
    let words = ["rustdoc", "--quiet", "--locked", "--lib", "--all-features", "--package", library, "--"];
    let mut rustdoc = cargo(root, &[&words[..], &["-Zunstable-options", "--output-format", "json"]].concat());
    // The format is unstable, and stable compilers write it only so.
    rustdoc.env("RUSTC_BOOTSTRAP", "1");
    output(rustdoc)?;
    let json = target_folder(root)?.join("doc").join(format!("{}.json", library.replace('-', "_")));
    let written =
        fs::read_to_string(&json).map_err(|error| Failure::to(&format!("read {}", json.display()), error))?;
    match format_of(&written) {
        Some(FORMAT) => {}
        other => {
            let other = other.map_or_else(|| "unknown".to_owned(), |version| version.to_string());
            let why = format!("this compiler writes rustdoc's JSON in format {other}, not {FORMAT}");
            skip(&format!("the public API of {library}"), &why);
            return Ok(None);
        }
    }
    let api = public_api::Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map_err(|error| Failure::to(&format!("read {}", json.display()), error))?;
    Ok(Some(api.to_string()))
}

/// The version that rustdoc wrote at the end of its JSON.
fn format_of(json: &str) -> Option<u64> {
    let (_, rest) = json.rsplit_once("\"format_version\":")?;
    rest.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// Foreign paths that are not on the list.
fn strangers(text: &str) -> BTreeSet<&str> {
    let ours = |name: &str| LIBRARIES.iter().any(|library| library.replace('-', "_") == name);
    text.split(|character: char| !(character.is_alphanumeric() || "_:".contains(character)))
        .filter(|word| {
            // A crate is lower case; `Self::` and type parameters are not, and a word without `::` names no other crate.
            word.split_once("::").is_some_and(|(first, _)| {
                first.starts_with(|character: char| character.is_ascii_lowercase())
                    && !STANDARD.contains(&first)
                    && !ours(first)
            })
        })
        .filter(|word| {
            !FOREIGN.iter().any(|(allowed, _)| {
                word.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            })
        })
        .collect()
}

/// Lines that only `before` has, and lines that only `after` has. A line that changed is in both.
pub fn difference<'t>(before: &'t str, after: &'t str) -> (BTreeSet<&'t str>, BTreeSet<&'t str>) {
    let before: BTreeSet<&str> = before.lines().collect();
    let after: BTreeSet<&str> = after.lines().collect();
    (before.difference(&after).copied().collect(), after.difference(&before).copied().collect())
}

/// A difference, as a person reads it.
pub fn shown(removed: &BTreeSet<impl Display>, added: &BTreeSet<impl Display>) -> String {
    let removed = removed.iter().map(|line| format!("  - {line}"));
    let added = added.iter().map(|line| format!("  + {line}"));
    removed.chain(added).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{difference, format_of, strangers};

    #[test]
    fn a_foreign_type_that_is_not_listed_is_found_and_others_are_not() {
        let text = "pub fn tarspay_sign::f<T: serde_core::ser::Serialize>(T::Item) -> core::option::Option<rusqlite::Connection>";
        assert_eq!(strangers(text).into_iter().collect::<Vec<_>>(), ["rusqlite::Connection"]);
        assert!(strangers("pub fn tarspay::f(&str) -> tarspay_types::Amount").is_empty());
    }

    #[test]
    fn a_listed_path_does_not_allow_a_longer_name() {
        let found = strangers("serde_core::ser::Serialize serde_core::ser::SerializeMap");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["serde_core::ser::SerializeMap"]);
    }

    #[test]
    fn a_changed_line_is_removed_and_added() {
        let (removed, added) = difference("a\nb\n", "a\nc\n");
        assert_eq!((removed.into_iter().next(), added.into_iter().next()), (Some("b"), Some("c")));
    }

    #[test]
    fn the_format_is_read_from_the_end_of_the_json() {
        assert_eq!(format_of(r#"{"index":{},"format_version":57}"#), Some(57));
        assert_eq!(format_of("{}"), None);
    }
}
