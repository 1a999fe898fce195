//! `tarspay sandbox`: its one line, where it listens, how it ends, and the scenarios that it knows.

use crate::running::{Running, balance_of, reserve};
use crate::{run, tarspay, text};
use serde_json::json;
use std::net::TcpListener;
use tarspay::sign::{PrivateKey, PublicKey};

#[test]
fn the_line_in_json_holds_what_a_client_needs() {
    let (_running, ready) = Running::start_json();
    assert_eq!(ready.as_object().unwrap().len(), 6);
    assert!(text(&ready, "base_url").starts_with("http://127.0.0.1:"));
    assert_eq!(format!("http://{}", text(&ready, "listen")), text(&ready, "base_url"));
    assert_eq!(text(&ready, "merchant_no"), "M1688443086");
    let key = PrivateKey::from_hex(text(&ready, "private_key")).unwrap();
    assert_eq!(key.public_key().to_string(), text(&ready, "public_key"));
    let system_key: PublicKey = text(&ready, "system_public_key").parse().unwrap();
    assert_ne!(system_key, key.public_key());
    run(&mut balance_of(&ready)).succeeded();
}

#[test]
fn the_line_in_text_holds_the_same() {
    let running = Running::start(&[]);
    let words: Vec<_> = running.ready.split(' ').collect();
    let [_, base_url, _, listen, _, merchant_no, _, private_key, _, public_key, _, _] = words[..] else {
        panic!("{}", running.ready)
    };
    let names: Vec<_> = words.iter().step_by(2).copied().collect();
    assert_eq!(names, ["sandbox", "listen", "merchant", "private-key", "public-key", "system-public-key"]);
    assert_eq!(format!("http://{listen}"), base_url);
    let ready = json!({ "base_url": base_url, "merchant_no": merchant_no, "private_key": private_key });
    run(&mut balance_of(&ready)).succeeded();
    assert_eq!(PrivateKey::from_hex(private_key).unwrap().public_key().to_string(), public_key);
}

#[test]
fn it_listens_on_the_address_that_is_given() {
    let (_reserved, address) = reserve();
    let running = Running::start(&["--listen", &address.to_string()]);
    assert!(running.ready.contains(&format!("http://{address} ")), "{}", running.ready);
}

#[cfg(unix)]
#[test]
fn it_ends_cleanly_on_interrupt_and_termination() {
    for signal in ["-INT", "-TERM"] {
        let (_reserved, address) = reserve();
        let (running, ready) = Running::start_json_on(&address.to_string());
        run(&mut balance_of(&ready)).succeeded();
        running.signal(signal);
        assert_eq!(running.ended(), (Some(0), String::new()), "{signal}");
        run(&mut balance_of(&ready)).failed(3, &["not sent"]);
    }
}

#[cfg(unix)]
#[test]
fn a_client_that_stalls_does_not_keep_it_from_ending() {
    use std::io::Write as _;
    let (running, ready) = Running::start_json();
    let address = text(&ready, "base_url").strip_prefix("http://").unwrap();
    let mut stalled = std::net::TcpStream::connect(address).unwrap();
    stalled.write_all(b"POST /api/balanceInfo HTTP/1.1\r\n").unwrap();
    run(&mut balance_of(&ready)).succeeded();
    running.signal("-INT");
    assert_eq!(running.ended(), (Some(0), String::new()));
}

#[test]
fn it_refuses_addresses_that_it_cannot_or_must_not_listen_on() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    run(&mut tarspay(&["sandbox", "--listen", &address])).failed(2, &["cannot start", &address, "port"]);
    run(&mut tarspay(&["sandbox", "--listen", "0.0.0.0:0"])).failed(2, &["cannot start", "loopback"]);
    // The word alone is not an address.
    run(&mut tarspay(&["sandbox", "--listen-on-network"])).failed(2, &["--listen"]);
    for garbage in ["", "8080", "localhost:8080", "127.0.0.1"] {
        run(&mut tarspay(&["sandbox", "--listen", garbage])).failed(2, &["cannot start", "127.0.0.1:8080"]);
    }
}

#[test]
fn it_listens_on_the_network_only_when_that_is_said() {
    let (_running, mut ready) = Running::start_json_with(&["--listen", "0.0.0.0:0", "--listen-on-network"]);
    let base_url = text(&ready, "base_url").to_owned();
    assert!(base_url.starts_with("http://127.0.0.1:"), "{base_url}");
    run(&mut balance_of(&ready)).succeeded();
    ready["private_key"] = json!(PrivateKey::generate().unwrap().expose_hex().as_str());
    run(&mut balance_of(&ready)).failed(1, &["5003005"]);
}

#[test]
fn the_scenarios_that_are_shipped_are_listed() {
    let listed = run(&mut tarspay(&["sandbox", "--list-scenarios"])).succeeded().stdout;
    assert!(listed.lines().count() >= 10);
    assert!(listed.lines().any(|line| line.starts_with("withdrawal-rejected ")), "{listed}");
    let listed = run(&mut tarspay(&["sandbox", "--list-scenarios", "--json"])).succeeded().stdout;
    let first: serde_json::Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    assert_eq!(first["name"], "callback-duplicated");
}

#[test]
fn an_invalid_scenario_is_refused_with_its_file_and_line() {
    run(&mut tarspay(&["sandbox", "--scenario", "paid-at-onse"])).failed(
        2,
        &["\"paid-at-onse\" does not come with the sandbox", "paid-at-once", "no file of this name"],
    );
    let key = "5eadf3e4".repeat(8);
    let shown = run(&mut tarspay(&["sandbox", "--scenario", &key])).failed(2, &["may be a key"]).stderr;
    assert!(!shown.contains("5eadf3e4"), "{shown}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "name = \"mine\"\ndescription = \"M\"\nstep = 1\n").unwrap();
    let file = file.to_str().unwrap();
    run(&mut tarspay(&["sandbox", "--scenario", file])).failed(2, &[file, "line 3", "`steps`"]);
    run(&mut tarspay(&["sandbox", "--deposit-lifetime", "soon"])).failed(2, &["--deposit-lifetime"]);
}
