//! `tarspay listen`.

use crate::fake::{Fake, Message, post, response, send};
use crate::running::{Running, reserve};
use crate::terminal::HOSTILE;
use crate::{Files, TEST_KEY, as_argument, run, tarspay, text};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use tarspay::SignedCallback;
use tarspay::sign::PrivateKey;
use tarspay::types::{Amount, Callback, OrderState};

const JSON: &str = "Content-Type: application/json\r\n";

fn gateway_key() -> PrivateKey {
    PrivateKey::from_hex(TEST_KEY).unwrap()
}

/// A callback to merchant M1, signed by the gateway.
fn callback(pay_order_id: &str, state: OrderState) -> SignedCallback {
    let mut callback = Callback::new(pay_order_id.parse().unwrap(), "D1".parse().unwrap(), state);
    callback.pay_amount = Some(Amount::parse("100").unwrap());
    callback.fail_reason = Some("private-value".into());
    SignedCallback::new(&"M1".parse().unwrap(), &callback, &gateway_key()).unwrap()
}

fn paid(pay_order_id: &str) -> SignedCallback {
    callback(pay_order_id, OrderState::SUCCESS)
}

fn command(args: &[&str]) -> Command {
    let mut command = tarspay(&["listen", "--listen", "127.0.0.1:0", "--json"]);
    command
        .env("TARSPAY_MERCHANT_ID", "M1")
        .env("TARSPAY_SYSTEM_PUBLIC_KEY", gateway_key().public_key().to_string())
        .args(args);
    command
}

struct Listen {
    running: Running,
    address: String,
}

impl Listen {
    fn start(args: &[&str]) -> Self {
        Self::of(&mut command(args))
    }

    fn of(command: &mut Command) -> Self {
        let running = Running::start_command(command);
        let ready: Value = serde_json::from_str(&running.ready).unwrap();
        assert_eq!(ready["event"], "ready");
        let address = text(&ready, "url").strip_prefix("http://").unwrap().to_owned();
        Self { running, address }
    }

    fn post(&self, callback: &SignedCallback) -> Message {
        send(&self.address, request(&self.address, callback))
    }

    /// The next line of stdout, which must say this.
    #[track_caller]
    fn event(&self, kind: &str) -> Value {
        let event = self.running.json_line();
        assert_eq!(event["event"], kind, "{event}");
        event
    }
}

fn request(address: &str, callback: &SignedCallback) -> Vec<u8> {
    let headers = format!("{JSON}X-RESP-SIGNATURE: {}\r\n", callback.signature());
    post(address, "/tarspay/notify", &headers, callback.body())
}

fn is_ok(response: &Message) -> bool {
    (response.status(), response.text()) == (200, "OK")
}

#[test]
fn a_verified_callback_is_kept_once_before_it_is_acknowledged_and_known_after_a_restart() {
    let files = Files::new();
    let path = as_argument(&files.path("callbacks.jsonl"));
    for (start, id) in [("P1", 1), ("P2", 2)] {
        let listen = Listen::start(&["--log", &path]);
        assert!(is_ok(&listen.post(&paid(start))));
        // The event is on the disk when OK has come.
        let kept = std::fs::read_to_string(&path).unwrap();
        let last: Value = serde_json::from_str(kept.lines().last().unwrap()).unwrap();
        assert_eq!((&last["id"], text(&last, "body")), (&json!(id), paid(start).body()));
        assert_eq!(text(&last, "signature"), paid(start).signature());
        let event = listen.event("callback");
        assert_eq!(
            (&event["id"], &event["repeated"], &event["answer"]),
            (&json!(id), &json!(false), &json!("OK"))
        );
        assert_eq!((text(&event, "pay_order_id"), &event["state"]), (start, &json!(2)));
        // All that were kept before are known.
        for known in ["P1", start] {
            assert!(is_ok(&listen.post(&paid(known))));
            let event = listen.event("callback");
            assert_eq!((&event["id"], &event["repeated"]), (&Value::Null, &json!(true)));
        }
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_line_that_was_torn_is_cut_off_and_its_callback_is_new() {
    let files = Files::new();
    let path = as_argument(&files.path("callbacks.jsonl"));
    let listen = Listen::start(&["--log", &path]);
    assert!(is_ok(&listen.post(&paid("P1"))) && is_ok(&listen.post(&paid("P2"))));
    drop(listen);
    let whole = std::fs::read_to_string(&path).unwrap();
    let first = whole.lines().next().unwrap().to_owned() + "\n";
    for torn in [whole.len() - 1, whole.len() - 40, first.len() + 1] {
        std::fs::write(&path, &whole[..torn]).unwrap();
        let listen = Listen::start(&["--log", &path]);
        assert!(listen.running.error_line().contains("cut off"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
        assert!(is_ok(&listen.post(&paid("P2"))));
        assert_eq!((&listen.event("callback")["id"]), &json!(2));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    }
}

#[test]
fn a_callback_is_acknowledged_only_after_every_receiver_has_accepted_it() {
    // The second receiver refuses at first.
    let status = std::sync::Arc::new(AtomicU16::new(500));
    let (first, own) = (Fake::start(|_| response(200, "", "OK")), std::sync::Arc::clone(&status));
    let second = Fake::start(move |_| response(own.load(Ordering::SeqCst), "", "OK"));
    let urls = [format!("{}/hook/a", first.url()), format!("{}/b", second.url())];
    let listen = Listen::start(&["--forward", &urls[0], "--forward", &urls[1]]);
    let refused = listen.post(&paid("P1"));
    assert_eq!((refused.status(), refused.text()), (503, "not forwarded"));
    let event = listen.event("callback");
    let [a, b] = event["forwards"].as_array().unwrap().clone().try_into().unwrap();
    assert_eq!((&a["ok"], &a["http_status"], &a["reply"]), (&json!(true), &json!(200), &json!("OK")));
    assert_eq!(
        (&b["ok"], &b["failed_phase"], &b["url"]),
        (&json!(false), &json!("response status"), &json!(urls[1]))
    );
    // It comes as the gateway sent it.
    let came = first.request();
    assert_eq!((came.path(), came.text()), ("/hook/a", paid("P1").body()));
    assert_eq!(came.header("x-resp-signature"), Some(paid("P1").signature()));
    assert_eq!(came.header("content-type"), Some("application/json"));

    // The gateway sends it again: it goes only where it has not been accepted.
    status.store(201, Ordering::SeqCst);
    assert!(is_ok(&listen.post(&paid("P1"))));
    let event = listen.event("callback");
    assert_eq!((event["forwards"].as_array().unwrap().len(), &event["answer"]), (1, &json!("OK")));
    assert!(is_ok(&listen.post(&paid("P1"))));
    assert_eq!(listen.event("callback")["repeated"], json!(true));
    assert_eq!((first.rest(), second.rest()), (0, 2));
}

#[test]
fn test_callbacks_about_two_orders_are_two_and_a_repeated_one_is_forwarded_on_demand() {
    let files = Files::new();
    let key = PrivateKey::generate().unwrap();
    let file = files.write("test.key", key.expose_hex().as_str());
    let log = as_argument(&files.path("log"));
    let receiver = Fake::start(|_| response(200, "", "OK"));
    let start = |more: &[&str]| {
        let mut command = tarspay(&["listen", "--listen", "127.0.0.1:0", "--merchant-id", "M1"]);
        command.args(["--json", "--public-key", &key.public_key().to_string()]);
        command.args(["--forward", &receiver.url(), "--log", &log]).args(more);
        let running = Running::start_command(&mut command);
        let ready: Value = serde_json::from_str(&running.ready).unwrap();
        (running, text(&ready, "url").to_owned())
    };
    let send = |to: &str, more: &[&str]| {
        let mut command = tarspay(&["callback", "send", "--merchant-id", "M1", "--state", "success"]);
        run(command.args(["--key-file", &file, "--to", to]).args(more)).succeeded();
    };
    let replay = |to: &str| run(&mut tarspay(&["callback", "replay", "1", "--log", &log, "--to", to]));
    let (running, url) = start(&[]);
    for (id, order) in [(1, "A"), (2, "B")] {
        send(&url, &["--order-no", order, "--set", "orderAmount=7"]);
        let event = running.json_line();
        assert_eq!((&event["id"], &event["repeated"]), (&json!(id), &json!(false)), "{event}");
        let body = receiver.request().json();
        assert_eq!((text(&body, "mchOrderNo"), text(&body, "payOrderId")), (order, &*format!("P-{order}")));
    }
    replay(&url).succeeded();
    let event = running.json_line();
    assert_eq!((&event["repeated"], &event["forwards"]), (&json!(true), &json!([])), "{event}");
    assert_eq!(receiver.rest(), 0);
    drop(running);

    let (running, url) = start(&["--forward-repeated"]);
    replay(&url).succeeded();
    let event = running.json_line();
    assert_eq!((&event["repeated"], &event["forwards"][0]["ok"]), (&json!(true), &json!(true)), "{event}");
    assert_eq!(text(&receiver.request().json(), "mchOrderNo"), "A");
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 2, "kept once");
    run(&mut tarspay(&["listen", "--merchant-id", "M1", "--forward-repeated"])).failed(2, &["--forward"]);
}

#[test]
fn the_phase_in_which_a_forward_failed_is_shown() {
    let (_reserved, nobody) = reserve();
    let replies: [(Vec<u8>, &str, Value); 5] = [
        (Vec::new(), "response status", Value::Null),
        (b"SSH-2.0-x\r\n\r\n".to_vec(), "response status", Value::Null),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nO".to_vec(), "response body", json!(200)),
        (response(302, "Location: http://127.0.0.1:1/\r\n", "OK"), "response status", json!(302)),
        (response(200, "", "ok"), "response body", json!(200)),
    ];
    for (reply, phase, status) in replies {
        let receiver = Fake::start(move |_| reply.clone());
        let listen = Listen::start(&["--forward", &receiver.url()]);
        assert_eq!(listen.post(&paid("P1")).status(), 503);
        let forward = listen.event("callback")["forwards"][0].clone();
        assert_eq!((text(&forward, "failed_phase"), &forward["http_status"]), (phase, &status), "{forward}");
    }
    let listen = Listen::start(&["--forward", &format!("http://{nobody}/")]);
    assert_eq!(listen.post(&paid("P1")).status(), 503);
    let forward = listen.event("callback")["forwards"][0].clone();
    assert_eq!(text(&forward, "failed_phase"), "connect");
    // What is kept is acknowledged, whatever the receiver says.
    let files = Files::new();
    let path = as_argument(&files.path("log"));
    let listen = Listen::start(&["--forward", &format!("http://{nobody}/"), "--log", &path]);
    assert!(is_ok(&listen.post(&paid("P1"))));
    assert_eq!(listen.event("callback")["forwards"][0]["ok"], json!(false));
}

#[test]
fn what_is_not_a_verified_callback_is_refused_and_counted_without_its_values() {
    let receiver = Fake::start(|_| response(200, "", "OK"));
    let listen = Listen::start(&["--forward", &receiver.url()]);
    let address = &listen.address;
    let other = Callback::new("P1".parse().unwrap(), "D1".parse().unwrap(), OrderState::SUCCESS);
    let other = SignedCallback::new(&"M2".parse().unwrap(), &other, &gateway_key()).unwrap();
    let stranger = PrivateKey::generate().unwrap();
    let forged = Callback::new("P1".parse().unwrap(), "D1".parse().unwrap(), OrderState::SUCCESS);
    let forged = SignedCallback::new(&"M1".parse().unwrap(), &forged, &stranger).unwrap();
    let signed = |body: &str| {
        let text = tarspay::sign::CallbackText::from_json(body.as_bytes()).unwrap();
        let headers = format!("{JSON}X-RESP-SIGNATURE: {}\r\n", text.sign(&gateway_key()));
        post(address, "/", &headers, text.as_str())
    };
    let good = request(address, &paid("P1"));
    let changed = String::from_utf8(good.clone()).unwrap().replace("private-value", "private-other");
    let large = format!("X-RESP-SIGNATURE: {}\r\n", paid("P1").signature());
    let requests: [(Vec<u8>, u16); 8] = [
        (request(address, &forged), 401),
        (request(address, &other), 403),
        (changed.into_bytes(), 401),
        (post(address, "/", JSON, paid("P1").body()), 401),
        (post(address, "/", "X-RESP-SIGNATURE: 00\r\n", paid("P1").body()), 401),
        (post(address, "/", &large, "x".repeat(64 * 1024 + 1)), 413),
        (signed(r#"{"mchNo":"M1","note":"private-value"}"#), 422),
        (String::from_utf8(good).unwrap().replacen("POST", "GET", 1).into_bytes(), 405),
    ];
    let mut shown = String::new();
    for (at, (request, status)) in requests.iter().enumerate() {
        assert_eq!(send(address, request).status(), *status, "{at}");
        let event = listen.event("refused");
        assert_eq!((&event["http_status"], &event["refused"]), (&json!(status), &json!(at + 1)), "{event}");
        shown += &event.to_string();
    }
    for hidden in ["private", "D1", "M2", paid("P1").signature()] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert_eq!(receiver.rest(), 0);
    assert!(is_ok(&listen.post(&paid("P1"))));
    assert!(!listen.event("callback").to_string().contains("private"));
}

#[test]
fn without_a_receiver_or_a_file_nothing_is_acknowledged() {
    let listen = Listen::start(&[]);
    let note = listen.running.error_line();
    assert!(note.contains("--forward") && note.contains("--log"), "{note}");
    for _ in 0..2 {
        assert_eq!(listen.post(&paid("P1")).status(), 503);
        let event = listen.event("callback");
        assert_eq!((&event["answer"], &event["repeated"]), (&json!("503"), &json!(false)));
    }
}

#[test]
fn it_says_that_it_lives_and_how_old_the_last_callback_is() {
    let listen = Listen::start(&["--heartbeat", "20ms"]);
    let life = || loop {
        let line = listen.running.error_line();
        // The note that nothing is acknowledged comes first.
        if let Ok(line) = serde_json::from_str::<Value>(&line) {
            return line["heartbeat"].clone();
        }
    };
    let first = life();
    assert_eq!((&first["verified"], &first["last_seconds_ago"]), (&json!(0), &Value::Null));
    listen.post(&paid("P1"));
    send(&listen.address, post(&listen.address, "/", "", "x"));
    let last = std::iter::repeat_with(life).find(|life| life["refused"] == 1).unwrap();
    assert_eq!(last["verified"], json!(1));
    assert!(last["last_seconds_ago"].is_u64(), "{last}");
}

#[test]
fn the_text_for_people_shows_the_same_on_lines_that_are_escaped() {
    let receiver = Fake::start(|_| response(200, "", HOSTILE));
    let mut command = tarspay(&["listen", "--listen", "127.0.0.1:0", "--merchant-id", "M1", "--public-key"]);
    command.arg(gateway_key().public_key().to_string()).args([
        "--forward",
        &receiver.url(),
        "--heartbeat",
        "20ms",
    ]);
    let running = Running::start_command(&mut command);
    let address = running.ready.split(' ').nth(2).unwrap().strip_prefix("http://").unwrap().to_owned();
    send(&address, request(&address, &paid("P1")));
    let (line, forward) = (running.line(), running.line());
    for words in ["order D1 P1, ", "success", "paid 100 of ?", "answered 503"] {
        assert!(line.contains(words), "{line}");
    }
    for words in [&receiver.url(), "HTTP 200", "failed in response body", "202e"] {
        assert!(forward.contains(words), "{forward}");
    }
    assert!(!forward.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{forward}");
    send(&address, post(&address, "/", "", HOSTILE));
    assert!(running.line().starts_with("refused (1 so far): "));
    assert!(running.error_line().starts_with("listening: "));
}

#[cfg(unix)]
#[test]
fn an_interrupt_waits_for_the_callback_in_flight() {
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let receiver = Fake::start(move |_| {
        let _ = wait.recv();
        response(200, "", "OK")
    });
    let listen = Listen::start(&["--forward", &receiver.url()]);
    let (address, request) = (listen.address.clone(), request(&listen.address, &paid("P1")));
    let gateway = std::thread::spawn(move || send(&address, request));
    receiver.request();
    // The same callback meanwhile is neither forwarded nor acknowledged.
    assert_eq!(listen.post(&paid("P1")).status(), 503);
    listen.running.signal("-INT");
    release.send(()).unwrap();
    assert!(is_ok(&gateway.join().unwrap()));
    assert_eq!(listen.event("callback")["answer"], "OK");
    assert_eq!(listen.running.ended(), (Some(0), String::new()));
}

/// Like `listen`, with a limit of the shell.
#[cfg(unix)]
fn limited(limit: &str, args: &[&str]) -> Command {
    let plain = command(args);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; {limit}; exec \"$@\"")]).arg("sh").arg(plain.get_program());
    shell.args(plain.get_args()).env_clear();
    for (name, value) in plain.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell
}

#[cfg(unix)]
#[test]
fn a_log_that_cannot_be_written_ends_it_and_the_callback_is_not_acknowledged() {
    let files = Files::new();
    let path = as_argument(&files.path("callbacks.jsonl"));
    // One or two blocks of 512 bytes, by the shell.
    let listen = Listen::of(&mut limited("ulimit -f 2", &["--log", &path]));
    let acknowledged = (0..20).take_while(|at| is_ok(&listen.post(&paid(&format!("P{at}"))))).count();
    assert!((1..20).contains(&acknowledged), "{acknowledged}");
    for _ in 0..acknowledged {
        listen.event("callback");
    }
    let (code, stderr) = listen.running.ended();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("log cannot be written"), "{stderr}");
    // All that were acknowledged are there, and no other.
    let listen = Listen::start(&["--log", &path]);
    for at in 0..=acknowledged {
        assert!(is_ok(&listen.post(&paid(&format!("P{at}")))));
        assert_eq!(listen.event("callback")["repeated"], json!(at < acknowledged), "{at}");
    }
}

#[cfg(unix)]
#[test]
fn a_log_that_was_removed_ends_it_and_the_callback_is_not_acknowledged() {
    let files = Files::new();
    let path = as_argument(&files.path("callbacks.jsonl"));
    let listen = Listen::start(&["--log", &path]);
    // Under another name it still is the same file.
    std::fs::rename(&path, files.path("renamed")).unwrap();
    assert!(is_ok(&listen.post(&paid("P1"))));
    listen.event("callback");
    std::fs::remove_file(files.path("renamed")).unwrap();
    assert_eq!(listen.post(&paid("P2")).status(), 503);
    let (code, stderr) = listen.running.ended();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("the file was removed"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn it_ends_if_no_connection_can_be_accepted_any_more() {
    let listen = Listen::of(&mut limited("ulimit -n 24", &[]));
    let connections: Vec<_> =
        (0..40).map(|_| std::net::TcpStream::connect(&listen.address).unwrap()).collect();
    let (code, stderr) = listen.running.ended();
    assert_eq!(code, Some(1));
    assert!(stderr.contains("nothing can be received any more"), "{stderr}");
    drop(connections);
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let files = Files::new();
    let folder = as_argument(&files.path(""));
    let missing = as_argument(&files.path("no/such/folder/log"));
    let other = files.write("notes.txt", "{\"id\":1}\n");
    let taken = as_argument(&files.path("taken"));
    let _listen = Listen::start(&["--log", &taken]);
    let key = &TEST_KEY[..20];
    for (args, words) in [
        (&["--forward", "http://192.0.2.7/"][..], &["this machine", "--forward-to-network"][..]),
        (&["--forward", "https://shop.example/"], &["this machine", "--forward-to-network"]),
        (&["--forward", "http://localhost.shop.example/"], &["--forward-to-network"]),
        (&["--forward", "http://127.0.0.1/?a=b"], &["neither user name nor query"]),
        (&["--forward", "127.0.0.1:3000"], &["http://"]),
        (&["--forward", "ftp://127.0.0.1/"], &["is refused"]),
        (&["--forward", "http://user:pass@127.0.0.1/"], &["neither user name nor query"]),
        (&["--listen", "0.0.0.0:0"], &["--listen-on-network"]),
        (&["--log", &folder], &["cannot use the log"]),
        (&["--log", &missing], &["cannot use the log"]),
        (&["--log", &other], &["not a log of tarspay listen", "line 1"]),
        (&["--log", &taken], &["in use by another tarspay listen"]),
        (&["--heartbeat", "0s"], &["--heartbeat"]),
        (&["--heartbeat", "soon"], &["--heartbeat"]),
        (&["--public-key", key], &["--public-key"]),
    ] {
        let mut command = tarspay(&["listen", "--merchant-id", "M1"]);
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let done = run(command.args(args)).failed(2, words);
        assert!(!done.stderr.contains("pass@"), "{done:?}");
    }
    run(&mut tarspay(&["listen"])).failed(2, &["TARSPAY_MERCHANT_ID"]);
}

#[test]
fn a_callback_is_stored_in_the_inbox_before_it_is_acknowledged() {
    let files = Files::new();
    let database = as_argument(&files.path("shop.db"));
    run(&mut command(&["--inbox", &database])).failed(2, &["tarspay inbox migrate"]);
    let inbox =
        |verb: &str| run(&mut tarspay(&["inbox", verb, "--database", &database, "--json"])).succeeded();
    inbox("migrate");
    let listen = Listen::start(&["--inbox", &database]);
    for (callback, accepted) in [(paid("P1"), 1), (paid("P1"), 1), (paid("P2"), 2)] {
        assert_eq!(listen.post(&callback).status(), 200);
        assert_eq!(listen.event("callback")["answer"], "OK");
        assert_eq!(inbox("status").json()["accepted"]["count"], accepted);
    }
}
