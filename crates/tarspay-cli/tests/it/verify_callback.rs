//! `tarspay verify callback`.

use crate::vectors::{Mismatch, Vector, mismatches};
use crate::{Done, Files, run, run_with_stdin, tarspay, text};
use serde_json::json;

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
