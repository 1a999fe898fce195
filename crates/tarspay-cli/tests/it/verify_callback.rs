//! `tarspay verify callback`.

use crate::vectors::{Mismatch, Vector, mismatches};
use crate::{Done, Files, TEST_KEY, run, run_with_stdin, tarspay, text};
use serde_json::json;
use tarspay::sign::{Digest, PrivateKey};

fn verify(more: &[&str], body: &str) -> Done {
    let callback = Vector::named("C1");
    let args = [&["verify", "callback", "--signature", callback.text("signature")], more].concat();
    run_with_stdin(&mut tarspay(&args), body.as_bytes())
}

#[test]
fn the_real_callback_is_valid_with_the_system_key() {
    let callback = Vector::named("C1");
    let done = verify(&["--body", "-"], &callback.body()).succeeded();
    assert_eq!(done.stdout, "valid: over the bytes as received\n");
    verify(&["--body", "-", "--public-key", callback.text("public_key")], &callback.body()).succeeded();
    let file = Files::new();
    verify(&["--body", &file.write("callback.json", callback.body())], "").succeeded();
}

#[test]
fn a_body_in_another_order_is_valid_and_named_as_such() {
    let done = verify(&["--body", "-"], &Vector::named("C1").shuffled_body()).succeeded();
    assert_eq!(done.stdout, "valid: over the members as ordered compact JSON\n");
}

#[test]
fn a_byte_order_mark_of_an_editor_is_not_part_of_the_body() {
    let body = format!("\u{feff}{}", Vector::named("C1").body());
    let done = verify(&["--body", "-"], &body).failed(0, &["a byte order mark, which is left out"]);
    assert_eq!(done.stdout, "valid: over the bytes as received\n");
}

/// Not in order, so that the ordered form is another text.
const UNSORTED: &str = r#"{"state":2,"mchNo":"M1"}"#;

/// Verifies a body with the signature that the test key made of these bytes.
fn verify_signed(signed: &[u8], body: &[u8], more: &[&str]) -> Done {
    let key = PrivateKey::from_hex(TEST_KEY).unwrap();
    let (signature, public) = (key.sign(&Digest::of(signed)).to_string(), key.public_key().to_string());
    let args = ["verify", "callback", "--body", "-", "--signature", &signature, "--public-key", &public];
    run_with_stdin(tarspay(&args).args(more), body)
}

#[test]
fn a_body_is_valid_as_its_bytes_are_or_without_what_an_editor_adds() {
    let marked = format!("\u{feff}{UNSORTED}");
    let wide: Vec<_> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (line, marked_line) = (format!("{UNSORTED}\n"), format!("{marked}\r\n"));
    let (mark, end) = ("a byte order mark, which is left out", "a line end that was not signed");
    let wide_note = "is UTF-16, and is read as UTF-8";
    for (signed, body, notes) in [
        (marked.as_bytes(), marked.as_bytes(), &[][..]),
        (&wide, &wide, &[]),
        (line.as_bytes(), line.as_bytes(), &[]),
        (UNSORTED.as_bytes(), marked.as_bytes(), &[mark]),
        (UNSORTED.as_bytes(), &wide, &[wide_note]),
        (UNSORTED.as_bytes(), line.as_bytes(), &[end]),
        (UNSORTED.as_bytes(), marked_line.as_bytes(), &[mark, end]),
        (marked.as_bytes(), marked_line.as_bytes(), &[end]),
    ] {
        let done = verify_signed(signed, body, &[]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(0), "valid: over the bytes as received\n"));
        assert_eq!(done.stderr.lines().count(), notes.len(), "{done:?}");
        assert!(notes.iter().all(|note| done.stderr.contains(note)), "{notes:?}, but {done:?}");
    }
    // One line end, and nothing else.
    for body in [format!("{UNSORTED}\n\n"), format!("{UNSORTED} "), format!("{UNSORTED}x\n")] {
        assert_ne!(verify_signed(UNSORTED.as_bytes(), body.as_bytes(), &[]).code, Some(0), "{body:?}");
    }
    verify_signed(b"{}", b"\xef\xbb\xbf\xef\xbb\xbf{}", &[]).failed(2, &["two byte order marks"]);
}

#[test]
fn a_line_end_of_an_editor_does_not_hide_the_mistake() {
    let key = PrivateKey::from_hex(TEST_KEY).unwrap();
    // SHA-256 of `UNSORTED`: one hash too few.
    let once = "4bd5cd2923dfe06daa7ce7c7932b6b19a42319f801905fcde596a753f7065df3";
    let (signature, public) =
        (key.sign(&Digest::from_hex(once).unwrap()).to_string(), key.public_key().to_string());
    let args = ["verify", "callback", "--body", "-", "--signature", &signature, "--public-key", &public];
    let verify = |body: String| run_with_stdin(tarspay(&args).arg("--json"), body.as_bytes());
    for body in [format!("{UNSORTED}\n"), format!("\u{feff}{UNSORTED}\r\n")] {
        let whole = verify(UNSORTED.to_owned()).failed(1, &["not valid"]).json();
        assert_eq!(verify(body).failed(1, &["not valid"]).json()["mistakes"], whole["mistakes"]);
    }
}

#[test]
fn the_signed_text_stands_in_for_the_body() {
    let callback = Vector::named("C1");
    verify(&["--string-to-sign", callback.text("string_to_sign")], "").succeeded();
    // It is the text itself: nothing is put in order, and it need not be JSON.
    for other in [callback.shuffled_body(), "not JSON".to_owned(), String::new()] {
        verify(&["--string-to-sign", &other], "").failed(1, &["not valid"]);
    }
    verify(&["--string-to-sign", "x", "--body", "-"], "{}").failed(2, &["cannot be used with"]);
}

#[test]
fn what_was_changed_after_signing_is_not_valid() {
    let callback = Vector::named("C1");
    let done = verify(&["--body", "-"], &callback.altered_body("payAmount")).failed(1, &["not valid"]);
    assert_eq!(done.stdout, "");
    // As one page of the documentation prints it.
    verify(&["--body", "-"], &callback.body().replace("IDR", "BRA")).failed(1, &["not valid"]);
    let other = Vector::named("R1");
    verify(&["--body", "-", "--public-key", other.text("public_key")], &callback.body())
        .failed(1, &["not valid", "key"]);
}

#[test]
fn the_printed_samples_that_do_not_fit_their_page_are_not_valid() {
    let mismatches = mismatches("X-RESP-SIGNATURE");
    assert_eq!(mismatches.len(), 2);
    for Mismatch { sample, page } in mismatches {
        let args = ["verify", "callback", "--body", "-", "--signature", text(&sample, "signature")];
        let body = page["printed_body"].to_string();
        run_with_stdin(&mut tarspay(&args), body.as_bytes()).failed(1, &["not valid"]);
    }
}

#[test]
fn a_malformed_signature_is_not_valid() {
    for signature in ["", "00", "xyz", &"1".repeat(128)] {
        let args = ["verify", "callback", "--body", "-", "--signature", signature];
        run_with_stdin(&mut tarspay(&args), Vector::named("C1").body().as_bytes())
            .failed(1, &["not valid: "]);
    }
}

#[test]
fn the_verdict_is_one_json_object() {
    let callback = Vector::named("C1");
    let more = ["--body", "-", "--json"];
    let received = json!({ "valid": true, "signed": "over the bytes as received" });
    assert_eq!(verify(&more, &callback.body()).succeeded().json(), received);
    let ordered = json!({ "valid": true, "signed": "over the members as ordered compact JSON" });
    assert_eq!(verify(&more, &callback.shuffled_body()).succeeded().json(), ordered);

    let done = verify(&more, &callback.altered_body("fee")).failed(1, &["not valid"]);
    let verdict = done.json();
    assert_eq!(verdict["valid"], json!(false));
    assert!(done.stderr.contains(text(&verdict, "reason")), "{done:?}");
}

#[test]
fn unreadable_input_and_wrong_usage_are_named() {
    for body in ["", "not JSON", "[]", r#"{"a":"1","a":"1"}"#] {
        verify(&["--body", "-"], body).failed(2, &["body"]);
    }
    verify(&["--body", "-"], &" ".repeat(64 * 1024 + 1)).failed(2, &["body", "65536"]);
    verify(&["--body", "/no/such/file"], "").failed(2, &["cannot read the body", "/no/such/file"]);
    verify(&["--body", "-", "--public-key", "03"], "{}").failed(2, &["--public-key"]);
    verify(&[], "").failed(2, &["--body", "--string-to-sign"]);
    run(&mut tarspay(&["verify", "callback", "--body", "-"])).failed(2, &["--signature"]);
    run(&mut tarspay(&["verify"])).failed(2, &["request", "callback"]);
}
