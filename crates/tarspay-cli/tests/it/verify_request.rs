//! `tarspay verify request`.

use crate::vectors::{Mismatch, Vector, mismatches};
use crate::{Done, Files, TEST_KEY, run, run_with_stdin, tarspay, text};
use serde_json::json;
use tarspay::sign::{Digest, PrivateKey};

const REQUESTS: [&str; 5] = ["R1", "R2", "R3", "R4", "K1"];

/// The arguments for a vector, but for its body.
fn args(vector: &Vector) -> Vec<String> {
    ["verify", "request"]
        .into_iter()
        .chain(["--public-key", vector.text("public_key"), "--path", vector.text("path")])
        .chain(["--nonce", vector.text("nonce"), "--signature", vector.text("signature")])
        .map(str::to_owned)
        .collect()
}

fn verify(args: &[String], more: &[&str], stdin: &str) -> Done {
    let args: Vec<_> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
    run_with_stdin(&mut tarspay(&args), stdin.as_bytes())
}

/// The arguments with the value after `name` replaced.
fn with(args: &[String], name: &str, value: &str) -> Vec<String> {
    let mut args = args.to_vec();
    let at = args.iter().position(|arg| arg == name).unwrap();
    value.clone_into(&mut args[at + 1]);
    args
}

#[test]
fn the_real_signatures_are_valid_over_a_file_and_standard_input() {
    let files = Files::new();
    for name in REQUESTS {
        let vector = Vector::named(name);
        for body in [vector.body(), vector.shuffled_body()] {
            let done = verify(&args(&vector), &["--body", "-"], &body).succeeded();
            assert!(done.stdout.starts_with("valid"), "{name}: {done:?}");
            let file = files.write("body.json", &body);
            verify(&args(&vector), &["--body", &file], "").succeeded();
        }
    }
}

#[test]
fn the_real_signatures_are_valid_over_the_string_to_sign() {
    for name in REQUESTS {
        let vector = Vector::named(name);
        let (key, signature) = (vector.text("public_key"), vector.text("signature"));
        let args = ["verify", "request", "--public-key", key, "--signature", signature, "--string-to-sign"];
        run(tarspay(&args).arg(vector.text("string_to_sign"))).succeeded();
        run(tarspay(&args).arg(format!("{} ", vector.text("string_to_sign")))).failed(1, &["not valid"]);
    }
}

#[test]
fn hex_is_read_in_either_case() {
    let vector = Vector::named("R1");
    let args = with(&args(&vector), "--signature", &vector.text("signature").to_uppercase());
    let args = with(&args, "--public-key", &vector.text("public_key").to_uppercase());
    verify(&args, &["--body", "-"], &vector.body()).succeeded();
}

#[test]
fn arguments_are_read_as_files_and_programs_hold_them() {
    let vector = Vector::named("R1");
    let good = args(&vector);
    for name in ["--public-key", "--signature", "--nonce"] {
        let value = &good[good.iter().position(|arg| arg == name).unwrap() + 1];
        let mut around = vec![
            format!("{value}\n"),
            format!(" {value}\r\n"),
            format!("\"{value}\""),
            format!("\u{feff}'{value}'\n"),
        ];
        if name != "--nonce" {
            around.extend([format!("0x{value}"), format!("\"0X{}\"\n", value.to_uppercase())]);
        }
        for value in around {
            verify(&with(&good, name, &value), &["--body", "-"], &vector.body()).succeeded();
        }
    }
    let key = format!("{}\n{}", vector.text("public_key"), vector.text("public_key"));
    verify(&with(&good, "--public-key", &key), &["--body", "-"], &vector.body())
        .failed(2, &["--public-key", "character 67 is a line end"]);
    let signature = format!("{}\n00", vector.text("signature"));
    let place = format!("--signature: character {} is not", vector.text("signature").len() + 1);
    for more in [&["--body", "-"][..], &["--body", "-", "--no-explain"]] {
        verify(&with(&good, "--signature", &signature), more, &vector.body()).failed(1, &[&place]);
    }
}

#[test]
fn what_was_changed_after_signing_is_not_valid() {
    for name in REQUESTS {
        let vector = Vector::named(name);
        let good = args(&vector);
        let other_key = Vector::named(if name == "R1" { "R2" } else { "R1" });
        let changed = [
            (good.clone(), vector.altered_body("amount")),
            (good.clone(), "{}".to_owned()),
            (with(&good, "--path", "/api/pay/unifiedOrder/"), vector.body()),
            (with(&good, "--nonce", "1704180814989"), vector.body()),
            (with(&good, "--signature", other_key.text("signature")), vector.body()),
            (with(&good, "--public-key", other_key.text("public_key")), vector.body()),
        ];
        for (args, body) in changed {
            let done = verify(&args, &["--body", "-", "--no-explain"], &body);
            let done = done.failed(1, &["not valid", "string to sign: POST|"]);
            assert_eq!((done.stdout.as_str(), done.stderr.lines().count()), ("", 3), "{done:?}");
        }
        verify(&good, &["--no-body", "--no-explain"], "").failed(1, &["not valid"]);
    }
}

#[test]
fn the_reason_shows_the_string_that_was_compared() {
    let vector = Vector::named("R4");
    let args = with(&args(&vector), "--nonce", "1");
    let done = verify(&args, &["--body", "-"], r#"{"name":"O'Brien \"É\"\n"}"#);
    let text = "string to sign: POST|/api/pay/unifiedOrder|1|name=O'Brien \"É\"\\n\n";
    done.failed(1, &[text, "digest: ", "no likely mistake"]);
}

/// The test key's signature of a digest.
fn signed(digest: &str) -> String {
    PrivateKey::from_hex(TEST_KEY).unwrap().sign(&Digest::from_hex(digest).unwrap()).to_string()
}

#[test]
fn the_likely_mistake_behind_a_signature_is_named() {
    let vector = Vector::named("K1");
    // SHA-256 of the string to sign: one hash too few.
    let once = signed("cfd5ba1d268278d514a4dfb10092b84a0ac2ffa267327318b5fc1d92fe00b77b");
    let wrong = with(&args(&vector), "--signature", &once);
    let done = verify(&wrong, &["--body", "-"], &vector.body());
    let done = done.failed(1, &["not valid", "hashed_once", "hash twice"]);
    assert_eq!(done.stdout, "");
    // The text was right, so it is shown once.
    assert!(done.stderr.contains("signed: ") && !done.stderr.contains("expected: "), "{done:?}");
    let verdict =
        verify(&wrong, &["--body", "-", "--json"], &vector.body()).failed(1, &["hashed_once"]).json();
    assert_eq!(verdict["mistakes"], json!(["hashed_once"]));
    assert!(text(&verdict, "explanation").contains("hash twice"), "{verdict}");
    // A callback, too.
    let body = r#"{"mchNo":"M1","state":2}"#;
    let once = signed("d035a4b51f455c59ff4057fc3d319e342ef67ac96a81644d464cd7c9915f0684");
    let callback = ["verify", "callback", "--public-key", vector.text("public_key"), "--signature", &once];
    let mut command = tarspay(&[&callback[..], &["--body", "-"]].concat());
    run_with_stdin(&mut command, body.as_bytes()).failed(1, &["not valid", "hashed_once"]);
}

#[test]
fn the_printed_samples_that_do_not_fit_their_page_are_not_valid() {
    let mismatches = mismatches("X-API-SIGNATURE");
    assert_eq!(mismatches.len(), 15);
    for Mismatch { sample, page } in mismatches {
        let mut command = tarspay(&["verify", "request", "--body", "-", "--no-explain"]);
        command.args(["--public-key", text(&page, "public_key"), "--path", text(&page, "path")]);
        command.args(["--nonce", text(&sample, "nonce"), "--signature", text(&sample, "signature")]);
        let body = page["printed_body"].to_string();
        run_with_stdin(&mut command, body.as_bytes()).failed(1, &["not valid", "string to sign"]);
    }
}

#[test]
fn a_malformed_signature_is_not_valid() {
    let vector = Vector::named("R1");
    let whole = vector.text("signature");
    for signature in ["", "00", "xyz", &whole[..whole.len() - 2], &format!("{whole}00"), &"1".repeat(128)] {
        let args = with(&args(&vector), "--signature", signature);
        verify(&args, &["--body", "-"], &vector.body()).failed(1, &["not valid: "]);
    }
}

#[test]
fn a_high_s_is_valid_unless_a_low_one_is_demanded() {
    for (name, code) in [("R1", 0), ("R2", 1), ("R3", 1), ("R4", 1), ("K1", 0)] {
        let vector = Vector::named(name);
        verify(&args(&vector), &["--body", "-"], &vector.body()).succeeded();
        let strict = verify(&args(&vector), &["--body", "-", "--low-s"], &vector.body());
        if code == 0 {
            strict.succeeded();
        } else {
            strict.failed(1, &["not valid", "s is high"]);
        }
    }
}

#[test]
fn the_verdict_is_one_json_object() {
    let vector = Vector::named("R2");
    let more = ["--body", "-", "--json"];
    assert_eq!(verify(&args(&vector), &more, &vector.body()).succeeded().json(), json!({ "valid": true }));

    let done = verify(&args(&vector), &more, "{}").failed(1, &["not valid"]);
    let verdict = done.json();
    assert_eq!(verdict["valid"], json!(false));
    assert!(done.stderr.contains(text(&verdict, "reason")), "{done:?}");
}

#[test]
fn unreadable_input_is_not_an_invalid_signature() {
    let (vector, files) = (Vector::named("R1"), Files::new());
    let (good, body) = (args(&vector), vector.body());
    let stdin = ["--body", "-"];
    for key in ["", "00", &vector.text("public_key")[2..], &format!("04{}", "0".repeat(128)), &"0".repeat(66)]
    {
        verify(&with(&good, "--public-key", key), &stdin, &body).failed(2, &["--public-key"]);
    }
    let missing = crate::as_argument(&files.path("missing.json"));
    verify(&good, &["--body", &missing], "").failed(2, &["cannot read the body", "missing.json"]);
    for body in ["", "not JSON", "[]", r#"{"a":1.5}"#, r#"{"a":"1","a":"1"}"#] {
        verify(&good, &stdin, body).failed(2, &["body"]);
    }
    verify(&with(&good, "--nonce", "now"), &stdin, &body).failed(2, &["--nonce"]);
    verify(&with(&good, "--path", "api"), &stdin, &body).failed(2, &["--path"]);
}

#[test]
fn wrong_usage_is_named() {
    let good = args(&Vector::named("R1"));
    verify(&good, &[], "").failed(2, &["--body", "--no-body", "--string-to-sign"]);
    verify(&good, &["--body", "-", "--string-to-sign", "x"], "").failed(2, &["cannot be used with"]);
    verify(&good, &["--string-to-sign", "x"], "").failed(2, &["cannot be used with"]);
    for name in ["--public-key", "--path", "--nonce", "--signature"] {
        let at = good.iter().position(|arg| arg == name).unwrap();
        let lacking = [&good[..at], &good[at + 2..]].concat();
        verify(&lacking, &["--body", "-"], "{}").failed(2, &[name]);
    }
}
