//! Text from outside, or from files, reaches the terminal escaped, whatever the command. For
//! `tarspay balance` see `balance.rs`.

use crate::{Done, run, run_with_stdin, tarspay, tarspay_with_key};
use serde_json::{Value, json};

/// ESC and what it begins, BEL, DEL, C1, line and paragraph separators, marks of direction, and
/// characters that are not seen.
pub(crate) const HOSTILE: &str = "\u{1b}]0;gone\u{7}\u{1b}[2J\u{7f}\u{9b}31m\u{85}\u{2028}\u{2029}\u{202e}\u{2066}\u{200f}\u{61c}\u{feff}\u{200b}\r\u{8}\u{e0041}.";

/// It is shown, and no character of it reaches the terminal as it is.
#[track_caller]
pub(crate) fn escaped(done: &Done) {
    let shown = format!("{}{}", done.stdout, done.stderr);
    for character in HOSTILE.chars().filter(|character| !character.is_ascii_graphic()) {
        assert!(!shown.contains(character), "{:?} in {done:?}", character.escape_unicode().to_string());
    }
    assert!(shown.to_lowercase().contains("202e"), "it is shown, escaped: {done:?}");
}

/// As text, and as JSON.
fn both(args: &[&str]) -> [Vec<String>; 2] {
    [&[][..], &["--json"]].map(|more| [args, more].concat().into_iter().map(str::to_owned).collect())
}

fn with_key(args: &[String]) -> std::process::Command {
    tarspay_with_key(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn sign_escapes_values_names_and_the_body() {
    let body = json!({ "a": HOSTILE, HOSTILE: "b" }).to_string();
    for args in both(&["sign", "--path", "/x", "--body", "-"]) {
        let done = run_with_stdin(&mut with_key(&args), body.as_bytes()).succeeded();
        escaped(&done);
        // What is shown is still the body.
        let shown = match args.last().unwrap().as_str() {
            "--json" => done.json()["body"].as_str().unwrap().to_owned(),
            _ => done.stdout.lines().last().unwrap().strip_prefix("body").unwrap().to_owned(),
        };
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown, serde_json::from_str::<Value>(&body).unwrap());
    }
    let twice = format!(r#"{{{0}:"1",{0}:"2"}}"#, Value::from(HOSTILE));
    escaped(
        &run_with_stdin(&mut with_key(&both(&["sign", "--path", "/x", "--body", "-"])[0]), twice.as_bytes())
            .failed(2, &["the body"]),
    );
}

#[test]
fn verify_escapes_the_text_that_was_checked() {
    let key = &run(&mut tarspay(&["keygen", "--json"])).json()["public_key"];
    let key = key.as_str().unwrap();
    let body = json!({ "a": HOSTILE }).to_string();
    let signature = "3006020101020101";
    let request = ["verify", "request", "--public-key", key, "--signature", signature];
    for args in both(&[&request[..], &["--path", "/x", "--nonce", "1", "--body", "-"]].concat()) {
        escaped(&run_with_stdin(&mut with_key(&args), body.as_bytes()).failed(1, &["not valid"]));
    }
    for args in both(&[&request[..], &["--string-to-sign", HOSTILE]].concat()) {
        escaped(&run(&mut with_key(&args)).failed(1, &["not valid"]));
    }
    let twice = format!(r#"{{{0}:"1",{0}:"2"}}"#, Value::from(HOSTILE));
    for args in both(&["verify", "callback", "--signature", signature, "--body", "-"]) {
        escaped(&run_with_stdin(&mut with_key(&args), twice.as_bytes()).failed(2, &["the body"]));
    }
}

#[test]
fn explain_escapes_whatever_was_pasted() {
    let body = json!({ "a": HOSTILE }).to_string();
    let named = json!({ "path": "/x", "headers": { format!("X-API-{HOSTILE}"): "a" } }).to_string();
    let twice = format!(r#"{{{0}:"1",{0}:"2"}}"#, Value::from(HOSTILE));
    let curl = format!("curl https://h/x -H 'X-API-SIGNATURE: 3006020101020101' --data-raw '{body}'");
    for (args, pasted) in [
        (&["explain", "request", "-", "--nonce", "1"][..], curl.clone()),
        (&["explain", "request", "-"], named),
        (&["explain", "request", "-", "--string", HOSTILE], curl),
        (
            &["explain", "callback", "-"],
            format!("POST /x HTTP/1.1\nX-RESP-SIGNATURE: 3006020101020101\n\n{twice}"),
        ),
        (
            &["markets", "check", "--deposit", "--market", "kenya", "--body", "-"],
            json!({ "wayCode": HOSTILE, HOSTILE: [1] }).to_string(),
        ),
    ] {
        for args in both(args) {
            let done = run_with_stdin(&mut with_key(&args), pasted.as_bytes());
            assert!(matches!(done.code, Some(1 | 2)), "{done:?}");
            escaped(&done);
        }
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_and_arguments_are_escaped() {
    let files = crate::Files::new();
    for args in both(&["keygen", "--out"]) {
        let name = files.path(&format!("{HOSTILE}{}", args.len()));
        escaped(&run(tarspay(&["keygen"]).args(&args[2..]).arg("--out").arg(&name)).succeeded());
        escaped(&run(tarspay(&["keygen", "--out"]).arg(&name)).failed(2, &["cannot write"]));
    }
    let missing = files.path("no-such-folder").join(HOSTILE);
    for args in [
        &["sign", "--path", "/x", "--body"][..],
        &["sign", "--path", "/x", "--no-body", "--key-file"],
        &["sandbox", "--scenario"],
        &["sandbox", "--data"],
        &["keygen"],
        &["explain", "request"],
        &["explain", "callback", "--body"],
        &["markets", "show"],
    ] {
        escaped(&run(tarspay_with_key(args).arg(&missing)).failed(2, &["202e"]));
    }
    let scenario = files.write("mine.toml", format!("name = \"{HOSTILE}\"\n{HOSTILE}"));
    let done = run(&mut tarspay(&["sandbox", "--scenario", &scenario])).failed(2, &["mine.toml"]);
    assert!(!done.stderr.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{done:?}");
}
