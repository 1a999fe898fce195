//! `tarspay explain`: from what somebody pasted to what must be changed.

use crate::{Done, Files, TEST_KEY, run, run_with_stdin, tarspay, text};
use serde_json::{Value, json};
use tarspay::sign::{Digest, PrivateKey};

const PATH: &str = "/api/balanceInfo";
const NONCE: &str = "1704180814988";
const BODY: &str = r#"{"mchNo":"M1688443086","currency":"BRA","customerName":"João's"}"#;
const TEXT: &str = "POST|/api/balanceInfo|1704180814988|currency=BRA&customerName=João's&mchNo=M1688443086";
const UNSORTED: &str =
    "POST|/api/balanceInfo|1704180814988|mchNo=M1688443086&currency=BRA&customerName=João's";

fn key() -> PrivateKey {
    PrivateKey::from_hex(TEST_KEY).unwrap()
}

fn public_key() -> String {
    key().public_key().to_string()
}

fn signed(text: impl AsRef<[u8]>) -> String {
    key().sign(&Digest::of(text)).to_string()
}

/// The signature headers of a request whose signer signed this text.
fn headers(text: &str) -> [(&'static str, String); 3] {
    [("X-API-KEY", public_key()), ("X-API-NONCE", NONCE.to_owned()), ("x-api-signature", signed(text))]
}

fn curl(text: &str, body: &str) -> String {
    let headers = headers(text).map(|(name, value)| format!(" -H '{name}: {value}'")).join("");
    format!("curl https://payment.tarspay.com{PATH}{headers} -H 'Content-Type: application/json' {body}")
}

fn http(text: &str, body: &str) -> String {
    let headers = headers(text).map(|(name, value)| format!("{name}: {value}\r\n")).join("");
    format!("POST {PATH} HTTP/1.1\r\nHost: payment.tarspay.com\r\n{headers}\r\n{body}")
}

fn explain(args: &[&str], pasted: &str) -> Done {
    run_with_stdin(&mut tarspay(&[&["explain", "request"], args].concat()), pasted.as_bytes())
}

#[track_caller]
fn assert_valid(pasted: &str) {
    let done = explain(&["-"], pasted);
    assert!((done.code, done.stdout.starts_with("valid: ")) == (Some(0), true), "{pasted}\n{done:?}");
}

/// Every way in which shells and browsers write the same body.
fn spellings() -> Vec<String> {
    let json = BODY.replace('\'', r"'\''");
    let ansi = BODY.replace('\'', r"\'").replace('ã', r"\u00e3");
    let double = BODY.replace('"', "\\\"");
    vec![
        format!("--data-raw '{json}'"),
        format!("-d '{json}' | jq ."),
        format!("--data-binary '{json}' > out.txt"),
        format!("--json '{json}'; echo done"),
        format!("-d'{json}'"),
        format!("-sSX POST -k --compressed -m 10 -o /dev/null -d '{json}'"),
        format!("-XPOST --max-time 10 \\\n  --data '{json}'"),
        format!("-X POST \\\r\n  --data '{json}' # sent by hand"),
        format!("--data-raw $'{ansi}'"),
        format!("--data-raw \"{double}\" --no-such-option"),
    ]
}

#[test]
fn a_curl_command_is_read_however_a_shell_or_a_browser_writes_it() {
    for body in spellings() {
        assert_valid(&curl(TEXT, &body));
        assert_valid(&format!("  $ {}\n", curl(TEXT, &body)));
        // A command over several lines, without what joins them.
        assert_valid(&curl(TEXT, &body).replace(" -H", "\n -H"));
    }
    // As Chrome copies it for Windows.
    let windows = curl(TEXT, &format!("--data-raw '{}'", BODY.replace("'s", "s").replace('"', "\\\"")));
    let windows = windows.replace("João's", "Joãos").replace('\'', "\"").replace(" -H", " ^\r\n  -H");
    let carets = windows.replace("\\\"", "^\\^\"").replace(" \"", " ^\"").replace("\" ", "^\" ");
    for pasted in [windows, carets] {
        let done = explain(&["-", "--json"], &pasted);
        let verdict = done.failed(1, &["not valid"]).json();
        assert_eq!(text(&verdict, "string_to_sign"), TEXT.replace('\'', ""), "{pasted}");
    }
}

#[test]
fn a_raw_request_and_json_are_read_too() {
    let raw = http(TEXT, BODY);
    assert_valid(&raw);
    assert_valid(&raw.replace("\r\n", "\n"));
    assert_valid(&raw.replace(" /api", " https://payment.tarspay.com/api"));
    // An editor's line end at the end, where the length is known.
    let length = format!("content-length: {}\r\nHost", BODY.len());
    assert_valid(&(raw.replace("Host", &length) + "\n"));
    let named: Value =
        headers(TEXT).into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    let listed: Vec<_> =
        headers(TEXT).into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let url = format!("https://payment.tarspay.com{PATH}");
    let har = json!({ "method": "POST", "url": url, "headers": listed, "postData": { "text": BODY } });
    let other = json!({ "request": { "method": "GET", "url": url, "headers": [] } });
    for json in [
        json!({ "log": { "entries": [other, { "request": har.clone() }] } }),
        har,
        json!({ "path": PATH, "httpMethod": "POST", "headers": named.clone(), "body": BODY }),
        json!({ "url": url, "headers": named.clone(), "body": serde_json::from_str::<Value>(BODY).unwrap() }),
    ] {
        assert_valid(&json.to_string());
    }
    let files = Files::new();
    let body = files.write("body.json", BODY);
    let done = explain(&["-", "--path", PATH, "--body", &body], &named.to_string());
    assert_eq!(done.code, Some(0), "{done:?}");
}

#[test]
fn the_output_of_verbose_curl_is_read_with_the_body_beside_it() {
    let lines = http(TEXT, "");
    let marked: Vec<_> = lines.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
    let pasted = format!("* Connected\n{}\n< HTTP/1.1 200 OK\n{{}}\n", marked.join("\n"));
    let file = Files::new();
    let done = explain(&["-", "--body", &file.write("body.json", BODY)], &pasted);
    assert_eq!(done.code, Some(0), "{done:?}");
}

#[test]
fn what_is_wrong_is_said_with_both_texts_and_a_mark() {
    let done = explain(&["-"], &curl(UNSORTED, &spellings()[0])).failed(1, &["not valid"]);
    let rows: Vec<_> = done.stdout.lines().collect();
    let mark = rows.iter().position(|row| row.trim() == "^").expect("a mark");
    let at = rows[mark].find('^').unwrap();
    assert!(rows[mark - 2].starts_with("signed:   POST|") && rows[mark - 1].starts_with("expected: POST|"));
    assert_eq!((&rows[mark - 2][at..=at], &rows[mark - 1][at..=at]), ("m", "c"), "{done:?}");
    assert!(done.stdout.contains("(members_unsorted): sort the members by name"), "{done:?}");
    assert!(
        rows.iter()
            .all(|row| row.starts_with("string to sign: ") || !row.starts_with("signed") || row.len() <= 100)
    );

    let verdict = explain(&["-", "--json"], &http(UNSORTED, BODY)).failed(1, &["not valid"]).json();
    assert_eq!(verdict["mistakes"], json!(["members_unsorted"]));
    assert_eq!(verdict["first_difference"], json!({ "byte": 36, "place": "member \"currency\"" }));
    assert_eq!((text(&verdict, "signed"), text(&verdict, "string_to_sign")), (UNSORTED, TEXT));
    assert_eq!(verdict["valid"], json!(false));
}

#[test]
fn what_is_remarkable_apart_from_the_signature_is_noted() {
    let good = curl(TEXT, &spellings()[0]);
    for (pasted, code, note) in [
        (
            good.replace("x-api-signature", "X_API_SIGNATUR"),
            1,
            "X-API-SIGNATURE is missing; given: X-API-KEY, X-API-NONCE, X_API_SIGNATUR",
        ),
        (good.replace("X-API-KEY", "Authorization"), 1, "X-API-KEY is missing"),
        (good.replace(&public_key(), "abc"), 1, "the public key cannot be read"),
        (good.replace("curl", "curl -X PUT"), 0, "the method is PUT"),
        (good.replace("--data-raw", "-G -d"), 1, "the method is GET"),
        (
            good.replace("-H 'Content-Type: application/json'", ""),
            0,
            "Content-Type is application/x-www-form-urlencoded",
        ),
        (good.replace(NONCE, "soon"), 1, "header_nonce_not_millis"),
        (http(TEXT, BODY).replace("Host", "Content-Length: 9999\r\nHost"), 0, "the body is not complete"),
        (http(TEXT, &format!("{BODY},")), 1, "body_without_rule"),
    ] {
        let done = explain(&["-"], &pasted);
        assert_eq!(done.code, Some(code), "{pasted}\n{done:?}");
        assert!(done.stdout.contains(note), "no {note:?}: {done:?}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error_that_names_the_place() {
    let good = curl(TEXT, &spellings()[0]);
    for (pasted, words) in [
        ("curl 'https://x/y".to_owned(), &["line 1, column 6", "not closed"][..]),
        (good.replace(" -H", " \\\n -H") + " \"", &["line 5", "not closed"]),
        (good.replace(NONCE, "'$NONCE'"), &["column", "paste the command with its values"]),
        (good.replace(NONCE, "'\"${NONCE}\"'"), &["column"]),
        (good.replace(NONCE, "'`date`'"), &["column"]),
        ("curl https://x/y -d $'\\q'".to_owned(), &["line 1, column 23", "escape is not known"]),
        ("curl https://x/y -d $'\\ud800'".to_owned(), &["escape is not a character"]),
        ("curl -d '{}'".to_owned(), &["no URL"]),
        ("curl https://x/y -H".to_owned(), &["-H has no value"]),
        ("curl https://x/y -H @headers.txt".to_owned(), &["@headers.txt", "paste"]),
        ("curl https://x/y -H nonsense".to_owned(), &["nonsense is no header"]),
        ("curl https://x/y -F a=b".to_owned(), &["sends a form"]),
        ("curl https://x/y --data-urlencode a=b".to_owned(), &["sends a form"]),
        ("curl https://x/y -d @-".to_owned(), &["standard input", "--body FILE"]),
        ("POST /x HTTP/1.1\nno header\n\n{}".to_owned(), &["line 2", "Name: value"]),
        ("HTTP/1.1 200 OK\n\n{}".to_owned(), &["this is a response"]),
        ("POST /x HTTP/1.1\nTransfer-Encoding: chunked\n\n0\n".to_owned(), &["in chunks"]),
        ("{\"a\"".to_owned(), &["the JSON cannot be read", "column"]),
        (BODY.to_owned(), &["--body FILE"]),
        (r#"{"log":{"entries":[]}}"#.to_owned(), &["no request of this HAR file"]),
        (String::new(), &["not enough is given"]),
        (
            "root:x:0:0:root:/root:/bin/sh\nd-b:x:1:1::/:/bin/sh\n".to_owned(),
            &["none of the formats", "curl"],
        ),
        ("Dear Sir,\n".to_owned(), &["none of the formats", "HAR"]),
        ("[1]".to_owned(), &["none of the formats"]),
    ] {
        explain(&["-"], &pasted).failed(2, words);
    }
    explain(&["--curl", "/no/such/file"], "").failed(2, &["what was pasted", "/no/such/file"]);
    explain(&["--header", "nonsense"], "").failed(2, &["--header", "Name: value"]);
    explain(&[], "").failed(2, &["--path", "--nonce", "--signature", "--body"]);
}

#[test]
fn a_file_of_a_curl_command_is_read_only_with_a_word() {
    let files = Files::new();
    files.write("body.json", BODY.replace(",\"currency", ",\n\"currency"));
    let here = |args: &[&str], body: &str| {
        let mut command = tarspay(&[&["explain", "request", "-"], args].concat());
        run_with_stdin(command.current_dir(files.path("")), curl(TEXT, body).as_bytes())
    };
    for body in ["-d @body.json", "--data-binary @body.json", "--json @body.json"] {
        let done = here(&[], body).failed(0, &["reads the body from body.json", body]);
        assert!(done.stdout.starts_with("valid"), "{done:?}");
    }
    here(&[], "-d @gone.json").failed(2, &["cannot read the body", "gone.json"]);
    let other = files.write("other.json", BODY);
    here(&["--body", &other], "-d @gone.json").succeeded();
}

#[test]
fn a_byte_order_mark_is_left_out_and_a_pipe_needs_no_flag() {
    let har = json!({ "path": PATH, "headers": headers(TEXT).into_iter().collect::<std::collections::BTreeMap<_, _>>(), "body": BODY });
    for pasted in [curl(TEXT, &spellings()[0]), http(TEXT, BODY), har.to_string()] {
        let done = explain(&["-"], &format!("\u{feff}{pasted}")).failed(0, &["byte order mark"]);
        assert!(done.stdout.starts_with("valid: ") && !done.stdout.contains("method"), "{done:?}");
        assert!(explain(&[], &pasted).succeeded().stdout.starts_with("valid: "));
        // Flags that do not stand for a part of it.
        explain(&["--low-s", "--public-key", &public_key()], &pasted).succeeded();
    }
    let body = r#"{"state":2,"mchNo":"M1"}"#;
    let dump = format!("POST /notify HTTP/1.1\r\nX-Resp-Signature: {}\r\n\r\n{body}", signed(body));
    let mut callback = tarspay(&["explain", "callback", "--public-key", &public_key()]);
    assert!(run_with_stdin(&mut callback, dump.as_bytes()).succeeded().stdout.starts_with("valid: "));
}

#[test]
fn the_key_of_the_header_is_recognised_beside_another_one() {
    let other = PrivateKey::generate().unwrap().public_key().to_string();
    let done = explain(&["-", "--public-key", &other], &http(TEXT, BODY)).failed(1, &["not valid"]);
    let key = public_key();
    assert!(done.stdout.contains(&key) && done.stdout.contains("the X-API-KEY of the request"), "{done:?}");
    assert!(!done.stdout.contains(&format!("{key} (not known)")), "{done:?}");
}

#[test]
fn flags_replace_what_was_pasted() {
    let pasted = http(TEXT, BODY);
    let other = "1704180814999";
    let signature = signed(TEXT.replace(NONCE, other));
    for args in [
        ["--nonce", other, "--signature", &signature],
        ["-H", &format!("X-Api-Nonce: {other}"), "-H", &format!("X-API-SIGNATURE: {signature}")],
    ] {
        let done = explain(&[&["-"], &args[..]].concat(), &pasted);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.stdout.starts_with("valid"), "{done:?}");
    }
    let url = "http://127.0.0.1:8080/api/pay/unifiedOrder?x=1";
    let verdict = explain(&["-", "--path", url, "--json"], &pasted).failed(1, &["not valid"]).json();
    assert!(text(&verdict, "string_to_sign").starts_with("POST|/api/pay/unifiedOrder|"), "{verdict}");
    assert_eq!(verdict["mistakes"], json!(["path_of_other_call"]));
    let empty = explain(&["-", "--no-body", "--json"], &pasted).failed(1, &["not valid"]).json();
    assert_eq!(text(&empty, "string_to_sign"), format!("POST|{PATH}|{NONCE}|"));
}

#[test]
fn a_text_alone_is_held_against_the_form_that_it_must_have() {
    let with = |text: &str, signature: &str| {
        let key = public_key();
        let args =
            ["explain", "request", "--string-to-sign", text, "--signature", signature, "--public-key", &key];
        run(&mut tarspay(&args))
    };
    with(TEXT, &signed(TEXT)).succeeded();
    // The query of a URL is not taken for members.
    let url =
        TEXT.replace("&mchNo", "&notifyUrl=https://shop.example/?b=1&a=2&z=3").replace("=M1688443086", "");
    with(&url, &signed(&url)).succeeded();
    // These are signed as they stand, but the gateway makes another text of a request.
    for (text, word) in [
        (UNSORTED.to_owned(), "members_unsorted"),
        (TEXT.replace("POST", "post"), "method_in_lower_case"),
        (format!("{TEXT}\n"), "a line end follows the text"),
        (TEXT.replace(PATH, "api/balanceInfo"), "leading_slash_missing"),
        (TEXT.replace('|', "&"), "must look like POST|/api/balanceInfo|"),
        (String::new(), "must look like"),
    ] {
        let done = with(&text, &signed(&text)).failed(1, &["the signature fits this text, but the gateway"]);
        assert!(done.stdout.contains(word), "no {word:?} in {done:?}");
    }
    // Hashed once more by the signing function.
    let more = key().sign(&Digest::of(*Digest::of(TEXT).as_bytes())).to_string();
    let done = with(TEXT, &more).failed(1, &["not made over this text"]);
    assert!(done.stdout.contains("- the"), "{done:?}");
}

#[test]
fn a_digest_is_explained_without_any_key() {
    let digest = |text: &str| Digest::of(text).to_string();
    let with = |text: &str, digest: &str, more: &[&str]| {
        let args = ["explain", "request", "--string", text, "--digest", digest];
        run(tarspay(&args).args(more))
    };
    let done = with(TEXT, &digest(TEXT), &[]).succeeded();
    assert_eq!(done.stdout, "valid: this is the digest of the text that the gateway makes\n");
    for (text, signed, word) in [
        (UNSORTED, UNSORTED.to_owned(), "members_unsorted"),
        (TEXT, format!("{TEXT}\n"), "a line end follows the text"),
        (TEXT, "something else".to_owned(), "your text is the one that the gateway checks"),
    ] {
        let done = with(text, &digest(&signed), &[]).failed(1, &["the digest is not that of the text"]);
        assert!(done.stdout.contains(word) && !done.stdout.contains("key"), "no {word:?} in {done:?}");
    }
    with(TEXT, "00", &[]).failed(2, &["--digest"]);
    with(TEXT, &digest(TEXT), &["--signature", "00"]).failed(2, &["cannot be used with"]);
}

#[test]
fn a_text_beside_the_request_is_compared_with_the_right_one() {
    let pasted = http(&format!("{TEXT} "), BODY);
    let done = explain(&["-", "--string-to-sign", TEXT], &pasted).failed(1, &["not valid"]);
    assert!(done.stdout.contains("your text is the one that the gateway checks"), "{done:?}");
    let other = TEXT.replace("BRA", "BRL");
    let done = explain(&["-", "--string-to-sign", &other], &http(TEXT, BODY)).succeeded();
    assert!(done.stdout.contains("note: your text is not the one that was signed"), "{done:?}");
    let done = explain(&["-", "--string-to-sign", &other], &http("x", BODY)).failed(1, &["not valid"]);
    let rows: Vec<_> = done.stdout.lines().skip_while(|row| !row.starts_with("your text, and")).collect();
    assert!(rows[1].contains("BRL") && rows[2].contains("BRA") && rows[3].trim() == "^", "{done:?}");
}

#[test]
fn a_callback_is_explained_from_a_dump() {
    let body = r#"{"state":2,"mchNo":"M1"}"#;
    let dump =
        |signature: &str| format!("POST /notify HTTP/1.1\r\nX-Resp-Signature: {signature}\r\n\r\n{body}");
    let callback = |args: &[&str], pasted: &str| {
        run_with_stdin(&mut tarspay(&[&["explain", "callback", "-"], args].concat()), pasted.as_bytes())
    };
    let key = ["--public-key", &public_key()];
    let done = callback(&key, &dump(&signed(body))).succeeded();
    assert_eq!(done.stdout, "valid: over the bytes as received\n");
    let blanks = signed(r#"{"state": 2, "mchNo": "M1"}"#);
    let done = callback(&key, &dump(&blanks)).failed(1, &["not valid"]);
    assert!(done.stdout.contains("json_with_blanks") && done.stdout.contains("\nexpected: {"), "{done:?}");
    let verdict =
        callback(&[&key[..], &["--json"]].concat(), &dump(&blanks)).failed(1, &["not valid"]).json();
    assert_eq!(verdict["mistakes"], json!(["members_unsorted", "json_with_blanks"]));
    callback(&[], "POST /notify HTTP/1.1\r\n\r\n{}")
        .failed(1, &["X-RESP-SIGNATURE is missing", "--signature"]);
    run(&mut tarspay(&["explain", "callback"])).failed(2, &["not enough is given"]);
}
