//! `tarspay keygen`.

use crate::{Files, as_argument, run, tarspay, text};
use tarspay::sign::PrivateKey;

/// The public key under which `tarspay sign` signs with a private key.
fn signs_as(private_key: &str) -> String {
    let mut command = tarspay(&["sign", "--path", "/x", "--no-body", "--json"]);
    let signed = run(command.env("TARSPAY_PRIVATE_KEY", private_key)).succeeded().json();
    text(&signed["headers"], "X-API-KEY").to_owned()
}

#[test]
fn the_text_shows_a_key_pair_that_signs() {
    let stdout = run(&mut tarspay(&["keygen"])).succeeded().stdout;
    let [public, private] = stdout.lines().collect::<Vec<_>>().try_into().unwrap();
    let public = public.strip_prefix("public key   ").unwrap();
    let private = private.strip_prefix("private key  ").unwrap();
    assert_eq!((public.len(), private.len()), (66, 64));
    assert_eq!(signs_as(private), public);
}

#[test]
fn the_json_shows_a_key_pair_that_signs() {
    let pair = run(&mut tarspay(&["keygen", "--json"])).succeeded().json();
    assert_eq!(pair.as_object().unwrap().len(), 2);
    assert_eq!(signs_as(text(&pair, "private_key")), text(&pair, "public_key"));
}

#[test]
fn every_key_is_new() {
    let key = || text(&run(&mut tarspay(&["keygen", "--json"])).succeeded().json(), "public_key").to_owned();
    assert_ne!(key(), key());
}

#[test]
fn with_out_the_private_key_goes_to_the_file_alone() {
    let files = Files::new();
    let path = files.path("merchant.key");
    let done = run(tarspay(&["keygen", "--out"]).arg(&path)).succeeded();
    let content = std::fs::read_to_string(&path).unwrap();
    let private = content.strip_suffix('\n').unwrap();
    let public = PrivateKey::from_hex(private).unwrap().public_key().to_string();
    done.keeps_secret(private);
    assert!(done.stdout.contains(&public) && done.stdout.contains("merchant.key"), "{done:?}");

    let sign = ["sign", "--path", "/x", "--no-body", "--json", "--key-file", &as_argument(&path)];
    let signed = run(&mut tarspay(&sign)).succeeded().json();
    assert_eq!(text(&signed["headers"], "X-API-KEY"), public);
}

#[test]
fn with_out_the_json_names_the_file() {
    let files = Files::new();
    let path = as_argument(&files.path("merchant.key"));
    let done = run(&mut tarspay(&["keygen", "--json", "--out", &path])).succeeded();
    let private = std::fs::read_to_string(&path).unwrap();
    done.keeps_secret(private.trim());
    let made = done.json();
    assert_eq!(made.as_object().unwrap().len(), 2);
    assert_eq!(text(&made, "key_file"), path);
    assert_eq!(
        text(&made, "public_key"),
        PrivateKey::from_hex(private.trim()).unwrap().public_key().to_string()
    );
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let files = Files::new();
    let path = files.path("merchant.key");
    run(tarspay(&["keygen", "--out"]).arg(&path)).succeeded();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_is_never_overwritten() {
    let files = Files::new();
    let path = files.write("merchant.key", "precious");
    run(&mut tarspay(&["keygen", "--out", &path]))
        .failed(2, &["cannot write the new file", "merchant.key", "another name"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    let nowhere = as_argument(&files.path("no/such/directory/key"));
    run(&mut tarspay(&["keygen", "--out", &nowhere])).failed(2, &["cannot write the new file"]);
}
