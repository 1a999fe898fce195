//! Where private keys come from, and that no output ever shows them.

use crate::{Files, TEST_KEY, run, run_with_stdin, tarspay, tarspay_with_key, text};

const SIGN: [&str; 6] = ["sign", "--path", "/x", "--nonce", "1", "--no-body"];
const PUBLIC_KEY: &str = "0353bff99033789d833fe369748e27831b142568b3d879263276290b961c93957c";

#[test]
fn a_key_comes_from_the_environment() {
    let done = run(tarspay_with_key(&SIGN).arg("--json")).succeeded();
    assert_eq!(text(&done.json()["headers"], "X-API-KEY"), PUBLIC_KEY);
    done.keeps_secret(TEST_KEY);
}

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_key_is_read_as_editors_and_shells_store_it() {
    let files = Files::new();
    for content in [
        TEST_KEY.to_owned(),
        format!("{TEST_KEY}\r\n"),
        format!("0x{TEST_KEY}\n"),
        format!("\u{feff}\"{}\"\n", TEST_KEY.to_uppercase()),
    ] {
        let file = files.write("key", &content);
        let mut piped = tarspay(&SIGN);
        piped.args(["--key-file", "-", "--json"]);
        for done in [
            run(tarspay(&SIGN).args(["--key-file", &file, "--json"])),
            run_with_stdin(&mut piped, content.as_bytes()),
            run(tarspay(&SIGN).env("TARSPAY_PRIVATE_KEY", &content).arg("--json")),
        ] {
            assert_eq!(text(&done.json()["headers"], "X-API-KEY"), PUBLIC_KEY);
            done.succeeded().keeps_secret(TEST_KEY);
        }
    }
    let file = files.write("key", utf16(TEST_KEY));
    run(tarspay(&SIGN).args(["--key-file", &file])).succeeded();
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused_unless_that_is_allowed_by_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let files = Files::new();
    let file = files.write("my key", TEST_KEY);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let sign = || {
        let mut command = tarspay(&SIGN);
        command.args(["--key-file", &file]);
        command
    };
    let mends = format!("chmod 600 '{file}'");
    let variable = "TARSPAY_ALLOW_READABLE_KEY_FILE";
    for refused in [&mut sign(), sign().env(variable, ""), sign().env(variable, "false")] {
        run(refused).failed(2, &["0644", &mends, "--allow-readable-key-file"]).keeps_secret(TEST_KEY);
    }
    for allowed in [sign().arg("--allow-readable-key-file"), sign().env(variable, "1")] {
        run(allowed).succeeded();
    }
    // The command that is named does mend it.
    assert!(std::process::Command::new("sh").args(["-c", &mends]).status().unwrap().success());
    run(&mut sign()).succeeded();
}

#[test]
fn a_key_file_goes_before_the_environment() {
    let file = Files::new();
    let path = file.write("key", TEST_KEY);
    let done =
        run(tarspay(&SIGN).env("TARSPAY_PRIVATE_KEY", "1".repeat(64)).args(["--key-file", &path, "--json"]));
    assert_eq!(text(&done.succeeded().json()["headers"], "X-API-KEY"), PUBLIC_KEY);
}

#[test]
fn without_a_key_both_ways_to_give_one_are_named() {
    run(&mut tarspay(&SIGN)).failed(2, &["no private key", "TARSPAY_PRIVATE_KEY", "--key-file"]);
    run(tarspay(&SIGN).env("TARSPAY_PRIVATE_KEY", "")).failed(2, &["no private key", "--key-file"]);
    run(&mut tarspay(&["balance", "--merchant-id", "M1"])).failed(2, &["TARSPAY_PRIVATE_KEY", "--key-file"]);
}

#[test]
fn a_malformed_key_is_refused_and_never_shown() {
    let files = Files::new();
    let malformed = [
        format!("{TEST_KEY}00"),
        TEST_KEY[..63].to_owned(),
        format!("{}z", &TEST_KEY[..63]),
        format!("{TEST_KEY}\n{TEST_KEY}"),
        format!("ключ {TEST_KEY}"),
        "f".repeat(64),
        "ab cd ".repeat(20),
    ];
    for key in malformed {
        let done = run(tarspay(&SIGN).env("TARSPAY_PRIVATE_KEY", &key));
        done.failed(2, &["TARSPAY_PRIVATE_KEY"]).keeps_secret(&key);
        let file = files.write("key", &key);
        let done = run(tarspay(&SIGN).args(["--key-file", &file]));
        done.failed(2, &["the key in", "key"]).keeps_secret(&key);
    }
}

#[test]
fn a_key_file_that_is_not_text_is_refused_and_never_shown() {
    let files = Files::new();
    let file = files.write("key", [TEST_KEY.as_bytes(), b"\xff"].concat());
    let done = run(tarspay(&SIGN).args(["--key-file", &file]));
    done.failed(2, &["the key in", "character 65 is not ASCII"]).keeps_secret(TEST_KEY);
}

#[cfg(unix)]
#[test]
fn an_environment_that_is_not_unicode_is_refused_and_never_shown() {
    use std::os::unix::ffi::OsStrExt as _;
    let key = [TEST_KEY.as_bytes(), b"\xff"].concat();
    let done = run(tarspay(&SIGN).env("TARSPAY_PRIVATE_KEY", std::ffi::OsStr::from_bytes(&key)));
    done.failed(2, &["TARSPAY_PRIVATE_KEY"]).keeps_secret(TEST_KEY);
}

#[test]
fn a_key_file_in_place_of_a_body_is_refused_and_never_shown() {
    let files = Files::new();
    for content in [TEST_KEY.to_owned(), format!("\"{TEST_KEY}\""), format!("\u{feff}{TEST_KEY}\r\n")] {
        let file = files.write("key", content);
        for command in [
            &["sign", "--path", "/x"][..],
            &[
                "verify",
                "request",
                "--public-key",
                PUBLIC_KEY,
                "--signature",
                "00",
                "--path",
                "/x",
                "--nonce",
                "1",
            ],
            &["verify", "callback", "--signature", "3006020101020101"],
        ] {
            let done = run(tarspay_with_key(command).args(["--body", &file]));
            done.failed(2, &["body"]).keeps_secret(TEST_KEY);
        }
    }
}

#[test]
fn a_key_file_that_is_missing_is_named() {
    let missing = crate::as_argument(&Files::new().path("no-such-key"));
    run(tarspay(&SIGN).args(["--key-file", &missing]))
        .failed(2, &["cannot read the key file", "no-such-key"]);
}

#[test]
fn a_key_in_place_of_its_file_is_refused_and_never_shown() {
    for key in [TEST_KEY.to_owned(), format!("0x{TEST_KEY}"), TEST_KEY[..63].to_uppercase()] {
        let done = run(tarspay(&SIGN).args(["--key-file", &key]));
        done.failed(2, &["--key-file", "not the path of a key file"]).keeps_secret(TEST_KEY);
    }
}

#[test]
fn there_is_no_argument_for_a_private_key() {
    let done = run(tarspay(&SIGN).args(["--private-key", TEST_KEY]));
    done.failed(2, &["--private-key"]).keeps_secret(TEST_KEY);
    for key in
        [TEST_KEY.to_owned(), TEST_KEY[..63].to_uppercase(), format!("0x{TEST_KEY}"), format!("{TEST_KEY}z")]
    {
        for args in
            [&[key.as_str()][..], &["sign", &key], &["sandbox", &key], &["sandbox", "log", "--last", &key]]
        {
            for json in [&[][..], &["--json"]] {
                let done = run(&mut tarspay(&[json, args].concat()));
                done.failed(2, &["not shown: it may be a key"]).keeps_secret(&key);
            }
        }
    }
    // What cannot be a key is shown, to be corrected.
    run(&mut tarspay(&["blance", "D1659318251029"])).failed(2, &["'blance'", "'balance'"]);
}

#[test]
fn a_private_key_in_place_of_a_public_one_is_never_shown() {
    let verify =
        ["verify", "request", "--string-to-sign", "x", "--signature", "00", "--public-key", TEST_KEY];
    run(&mut tarspay(&verify)).failed(2, &["--public-key", "keep it secret"]).keeps_secret(TEST_KEY);
}
