//! `tarspay sandbox`.

use crate::running::{Running, balance_of, reserve};
use crate::{run, tarspay, text};
use serde_json::json;
use std::net::TcpListener;
use tarspay::sign::{PrivateKey, PublicKey};

#[test]
fn the_line_in_json_holds_what_a_client_needs() {
    let (_running, ready) = Running::start_json();
    assert_eq!(ready.as_object().unwrap().len(), 5);
    assert!(text(&ready, "base_url").starts_with("http://127.0.0.1:"));
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
    let [_, base_url, _, merchant_no, _, private_key, _, public_key, _, _] = words[..] else {
        panic!("{}", running.ready)
    };
    let names: Vec<_> = words.iter().step_by(2).copied().collect();
    assert_eq!(names, ["sandbox", "merchant", "private-key", "public-key", "system-public-key"]);
    let ready = json!({ "base_url": base_url, "merchant_no": merchant_no, "private_key": private_key });
    run(&mut balance_of(&ready)).succeeded();
    assert_eq!(PrivateKey::from_hex(private_key).unwrap().public_key().to_string(), public_key);
}

#[test]
fn it_listens_where_it_is_told() {
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
        run(&mut balance_of(&ready)).failed(1, &["not sent"]);
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
    run(&mut tarspay(&["sandbox", "--listen", &address])).failed(2, &["does not start", &address, "port"]);
    run(&mut tarspay(&["sandbox", "--listen", "0.0.0.0:0"])).failed(2, &["does not start", "loopback"]);
    for garbage in ["", "8080", "localhost:8080", "127.0.0.1"] {
        run(&mut tarspay(&["sandbox", "--listen", garbage])).failed(2, &["does not start", "127.0.0.1:8080"]);
    }
}
