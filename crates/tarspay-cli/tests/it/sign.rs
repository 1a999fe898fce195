//! `tarspay sign`.

use crate::vectors::Vector;
use crate::{Files, run, run_with_stdin, tarspay, tarspay_with_key, text};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

const PATH: &str = "/api/payOut/unifiedOrder";
const NONCE: &str = "1694074594933";

fn known_answer() -> serde_json::Value {
    let vector = Vector::named("K1");
    json!({
        "string_to_sign": vector.text("string_to_sign"),
        "digest": vector.text("digest"),
        "signature": vector.text("signature"),
        "headers": {
            "X-API-KEY": vector.text("public_key"),
            "X-API-NONCE": NONCE,
            "X-API-SIGNATURE": vector.text("signature"),
        },
        "body": vector.body(),
    })
}

#[test]
fn the_known_answer_from_a_file_to_the_last_byte() {
    let (vector, files) = (Vector::named("K1"), Files::new());
    for body in [vector.body(), vector.shuffled_body()] {
        let file = files.write("body.json", body);
        let args = ["sign", "--path", PATH, "--nonce", NONCE, "--body", &file, "--json"];
        assert_eq!(run(&mut tarspay_with_key(&args)).succeeded().json(), known_answer());
    }
}

#[test]
fn the_known_answer_from_standard_input_to_the_last_byte() {
    let args = ["sign", "--path", PATH, "--nonce", NONCE, "--body", "-", "--json"];
    let vector = Vector::named("K1");
    for body in [vector.body(), vector.shuffled_body()] {
        let done = run_with_stdin(&mut tarspay_with_key(&args), body.as_bytes());
        assert_eq!(done.succeeded().json(), known_answer());
    }
}

#[test]
fn the_text_shows_every_stage() {
    let vector = Vector::named("K1");
    let args = ["sign", "--path", PATH, "--nonce", NONCE, "--body", "-"];
    let done = run_with_stdin(&mut tarspay_with_key(&args), vector.body().as_bytes()).succeeded();
    let expected = format!(
        "string to sign   {}\ndigest           {}\nX-API-KEY        {}\nX-API-NONCE      {NONCE}\nX-API-SIGNATURE  {}\nbody             {}\n",
        vector.text("string_to_sign"),
        vector.text("digest"),
        vector.text("public_key"),
        vector.text("signature"),
        vector.body(),
    );
    assert_eq!(done.stdout, expected);
}

#[test]
fn a_request_without_a_body_has_empty_parameters() {
    let args = ["sign", "--path", "/api/bd/P1/T1", "--nonce", "1", "--no-body", "--json"];
    let signed = run(&mut tarspay_with_key(&args)).succeeded().json();
    assert_eq!(text(&signed, "string_to_sign"), "POST|/api/bd/P1/T1|1|");
    assert_eq!(text(&signed, "body"), "");
}

#[test]
fn the_nonce_is_the_current_time_in_milliseconds_unless_given() {
    let now = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let before = now();
    let done = run(&mut tarspay_with_key(&["sign", "--path", "/x", "--no-body", "--json"])).succeeded();
    let signed = done.json();
    let nonce = text(&signed["headers"], "X-API-NONCE");
    assert_eq!(nonce.len(), 13);
    assert!((before..=now()).contains(&nonce.parse().unwrap()), "{nonce}");
    assert_eq!(text(&signed, "string_to_sign"), format!("POST|/x|{nonce}|"));
}

#[test]
fn values_are_signed_raw_and_null_is_left_out() {
    let body = r#"{"b":"É / ' \" \u0041\n","c":null,"d":"","a":true,"e":0}"#;
    let args = ["sign", "--path", "/x", "--nonce", "1", "--body", "-"];
    let json = run_with_stdin(tarspay_with_key(&args).arg("--json"), body.as_bytes()).succeeded().json();
    assert_eq!(text(&json, "string_to_sign"), "POST|/x|1|a=true&b=É / ' \" A\n&d=&e=0");
    assert_eq!(text(&json, "body"), r#"{"a":true,"b":"É / ' \" \u0041\n","d":"","e":0}"#);

    // For people: the same characters, but no control character reaches the terminal.
    let shown = run_with_stdin(&mut tarspay_with_key(&args), body.as_bytes()).succeeded().stdout;
    assert!(shown.contains("POST|/x|1|a=true&b=É / ' \" A\\n&d=&e=0\n"), "{shown}");
    let hostile =
        run_with_stdin(&mut tarspay_with_key(&args), br#"{"a":"\u001b[2J\u0007"}"#).succeeded().stdout;
    assert!(!hostile.contains(['\u{1b}', '\u{7}']), "{hostile:?}");
}

#[test]
fn a_body_that_cannot_be_signed_is_named_with_its_fault() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "--no-body"),
        (b" \n", "--no-body"),
        (b"amount=1", "not JSON"),
        (b"{\"amount\":", "middle"),
        (b"[1]", "one JSON object"),
        (b"\"text\"", "one JSON object"),
        (br#"{"amount":1.5}"#, "amount"),
        (br#"{"a":{"b":1}}"#, "\"a\""),
        (br#"{"twice":"1","twice":"1"}"#, "twice"),
    ];
    for (body, word) in cases {
        let args = ["sign", "--path", "/x", "--body", "-"];
        let done = run_with_stdin(&mut tarspay_with_key(&args), body).failed(2, &["body", word]);
        assert_eq!(done.stdout, "");
        assert!(!done.stderr.contains("Parameters"), "words of the library, not of the command: {done:?}");
    }
    let done =
        run_with_stdin(&mut tarspay_with_key(&["sign", "--path", "/x", "--body", "-"]), b"{\"a\":\"\xff\"}");
    done.failed(2, &["body"]);
}

#[test]
fn a_body_is_read_as_editors_and_shells_store_it_and_a_note_says_so() {
    let (vector, files) = (Vector::named("K1"), Files::new());
    let marked = format!("\u{feff}{}\r\n", vector.shuffled_body());
    let wide = |bytes: fn(u16) -> [u8; 2]| marked.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    for (body, note) in [
        (marked.clone().into_bytes(), "a byte order mark, which is left out"),
        (wide(u16::to_le_bytes), "is UTF-16, and is read as UTF-8"),
        (wide(u16::to_be_bytes), "is UTF-16, and is read as UTF-8"),
    ] {
        let file = files.write("body.json", body);
        let args = ["sign", "--path", PATH, "--nonce", NONCE, "--body", &file, "--json"];
        let done = run(&mut tarspay_with_key(&args)).failed(0, &["the body", note]);
        assert_eq!(done.json(), known_answer());
        let (key, signature) = (vector.text("public_key"), vector.text("signature"));
        let verify = ["verify", "request", "--public-key", key, "--signature", signature, "--path", PATH];
        let more = ["--nonce", NONCE, "--body", &file];
        run(&mut tarspay(&[&verify[..], &more].concat())).failed(0, &["the body", note]);
    }
    for half in [&b"\xff\xfe{\0}"[..], b"\xfe\xff\xd8\0", b"\xff\xfe\0\xdc"] {
        let file = files.write("body.json", half);
        run(tarspay_with_key(&["sign", "--path", PATH, "--body"]).arg(file)).failed(2, &["half a character"]);
    }
}

#[test]
fn what_keeps_a_body_from_being_text_is_named_and_a_place_once() {
    let wide: Vec<_> = "{\"a\":\"1\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (body, words) in [
        (wide, ["byte 2 is NUL", "UTF-16 without a byte order mark"]),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}".to_vec(), ["two byte order marks", "save it as UTF-8"]),
        (b"\xff\xfe\xff\xfe{\0}\0".to_vec(), ["two byte order marks", "save it as UTF-8"]),
        (br#"{"a":1,}"#.to_vec(), ["line 1 column 8", "trailing comma"]),
    ] {
        let args = ["sign", "--path", "/x", "--body", "-"];
        let done = run_with_stdin(&mut tarspay_with_key(&args), &body).failed(2, &words);
        assert!(done.stderr.matches("column").count() < 2, "{done:?}");
    }
}

#[test]
fn input_that_cannot_be_read_is_named() {
    let (files, args) = (Files::new(), ["sign", "--path", "/x", "--body"]);
    let missing = crate::as_argument(&files.path("missing.json"));
    run(tarspay_with_key(&args).arg(&missing)).failed(2, &["cannot read the body", "missing.json"]);
    run(tarspay_with_key(&args).arg(files.path(""))).failed(2, &["cannot read the body"]);
    let huge = files.write("huge.json", vec![b' '; 1024 * 1024 + 1]);
    run(tarspay_with_key(&args).arg(huge)).failed(2, &["the body", "1048576"]);
}

#[test]
fn wrong_paths_and_nonces_are_refused_and_what_is_around_a_nonce_is_not() {
    for nonce in [format!("{NONCE}\n"), format!("\u{feff}\"{NONCE}\"\r\n")] {
        run(&mut tarspay_with_key(&["sign", "--path", "/x", "--no-body", "--nonce", &nonce])).succeeded();
    }
    for path in ["", "api/x", "https://payment.tarspay.com/api/x", "/a b", "/a|b", "/a?b=c", "/é"] {
        run(&mut tarspay_with_key(&["sign", "--path", path, "--no-body"])).failed(2, &["--path"]);
    }
    for nonce in ["", "abc", "+1", "01", "0x1", "1.5", "99999999999999999999"] {
        let args = ["sign", "--path", "/x", "--no-body", "--nonce", nonce];
        run(&mut tarspay_with_key(&args)).failed(2, &["--nonce", "milliseconds"]);
    }
}

#[test]
fn wrong_usage_is_named() {
    run(&mut tarspay_with_key(&["sign"])).failed(2, &["--path", "--body", "--no-body"]);
    run(&mut tarspay_with_key(&["sign", "--path", "/x"])).failed(2, &["--body", "--no-body"]);
    run(&mut tarspay_with_key(&["sign", "--no-body"])).failed(2, &["--path"]);
    let both = ["sign", "--path", "/x", "--no-body", "--body", "-"];
    run(&mut tarspay_with_key(&both)).failed(2, &["cannot be used with"]);
}
