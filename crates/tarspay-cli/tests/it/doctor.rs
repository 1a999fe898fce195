//! `tarspay doctor`.

use crate::fake::{Fake, response};
use crate::running::{Running, reserve};
use crate::{Done, TEST_KEY, run, tarspay, tarspay_with_key, text};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use tarspay::sign::PrivateKey;

const ACCEPTED: &str = r#"{"code":0,"msg":"SUCCESS","data":{"availableAmount":"7","frozenAmount":"0"}}"#;

fn doctor(url: &str) -> Command {
    let mut command = tarspay_with_key(&["doctor", "--json"]);
    command.env("TARSPAY_MERCHANT_ID", "M1").env("TARSPAY_API_URL", url);
    command
}

/// Status and texts of the checks of this name.
fn checks(done: &Done, name: &str) -> Vec<(String, String)> {
    let report = done.json();
    let of_name = |check: &&Value| check["check"] == name;
    let checks = report["checks"].as_array().unwrap().iter().filter(of_name);
    checks
        .map(|check| {
            let advice = check["advice"].as_str().unwrap_or_default();
            (text(check, "status").to_owned(), format!("{}; {advice}", text(check, "detail")))
        })
        .collect()
}

/// The one check of this name has this status, and says this.
#[track_caller]
fn says(done: &Done, name: &str, status: &str, words: &[&str]) {
    let checks = checks(done, name);
    let [(found, shown)] = &checks[..] else { panic!("{name}: {checks:?} in {done:?}") };
    assert_eq!(found, status, "{name}: {shown}");
    for word in words {
        assert!(shown.contains(word), "{name}: no {word:?} in {shown}");
    }
}

#[test]
fn all_is_well_with_a_sandbox() {
    let (_sandbox, ready) = Running::start_json();
    let address = text(&ready, "listen");
    let doctor = |more: &[&str]| {
        let mut command = tarspay(&["doctor"]);
        command
            .env("TARSPAY_API_URL", text(&ready, "base_url"))
            .env("TARSPAY_PRIVATE_KEY", text(&ready, "private_key"))
            .args(["--merchant-id", text(&ready, "merchant_no")])
            .args(more);
        run(&mut command).succeeded()
    };
    let done = doctor(&["--json", "--public-key", text(&ready, "public_key")]);
    assert_eq!(done.json()["ok"], json!(true));
    let settings = checks(&done, "setting").into_iter().map(|(_, shown)| shown).collect::<String>();
    for words in ["TARSPAY_API_URL", "--merchant-id", "TARSPAY_PRIVATE_KEY", text(&ready, "base_url")] {
        assert!(settings.contains(words), "{settings}");
    }
    says(&done, "key", "ok", &[text(&ready, "public_key"), "as registered"]);
    says(&done, "name", "ok", &["127.0.0.1"]);
    says(&done, "tcp", "ok", &[address]);
    says(&done, "tls", "ok", &["plain HTTP"]);
    says(&done, "clock", "ok", &["0 s"]);
    says(&done, "balance", "ok", &["accepted"]);
    done.keeps_secret(text(&ready, "private_key"));
    let lines = doctor(&[]).stdout;
    assert!(lines.lines().all(|line| line.starts_with("ok    ")), "{lines}");
    assert!(lines.contains(&format!("ok    tcp          {address} accepts")), "{lines}");
}

#[test]
fn a_key_that_is_not_the_registered_one_is_named() {
    let (_sandbox, ready) = Running::start_json();
    let other = PrivateKey::from_hex(TEST_KEY).unwrap().public_key().to_string();
    let mut command = doctor(text(&ready, "base_url"));
    command.args(["--merchant-id", text(&ready, "merchant_no"), "--public-key", text(&ready, "public_key")]);
    let done = run(&mut command).failed(1, &["2 checks failed"]);
    says(&done, "key", "fail", &[&other, "--public-key", "back office"]);
    says(&done, "balance", "fail", &["5003005", "register the public key"]);
    done.keeps_secret(TEST_KEY);
    // The gateway says the same of a wrong merchant number, and a wrong signature has its own words.
    let done = run(&mut doctor(text(&ready, "base_url"))).failed(1, &["one check failed"]);
    says(&done, "balance", "fail", &["merchant number"]);
    for (code, advice) in [(5_003_008, "not the registered one"), (5_003_007, "bind"), (1, "documentation")] {
        let gateway = Fake::start(move |_| response(200, "", json!({ "code": code }).to_string()));
        let done = run(&mut doctor(&gateway.url())).failed(1, &["one check"]);
        says(&done, "balance", "fail", &[&code.to_string(), advice]);
    }
}

#[test]
fn settings_that_cannot_be_used_fail_and_the_rest_is_checked() {
    let gateway = Fake::start(|_| response(200, "", r#"{"code":5003008}"#));
    let done = run(tarspay(&["doctor", "--json", "--api-url"]).arg(gateway.url()));
    let done = done.failed(1, &["2 checks failed"]);
    says(&done, "key", "fail", &["no private key", "--key-file"]);
    says(&done, "merchant", "fail", &["--merchant-id"]);
    says(&done, "tcp", "ok", &[]);
    says(&done, "balance", "warn", &["nothing can be signed"]);
    assert_eq!(gateway.request().header("x-api-signature"), None);
    for (args, words) in [
        (["--api-url", "http://payment.tarspay.com"], "https://"),
        (["--proxy", "https://127.0.0.1:1"], "http://"),
        (["--proxy", "http://u:p@127.0.0.1:1"], "TARSPAY_PROXY"),
    ] {
        let done = run(doctor(tarspay::PRODUCTION_URL).args(args)).failed(1, &["one check failed"]);
        says(&done, "gateway", "fail", &[words]);
        assert!(checks(&done, "name").is_empty(), "nothing is looked up");
    }
    let done =
        run(doctor(&gateway.url()).env("HTTPS_PROXY", "http://secret@127.0.0.1:9")).failed(1, &["one check"]);
    says(&done, "proxy", "warn", &["HTTPS_PROXY", "TARSPAY_PROXY"]);
    done.keeps_secret("secret@");
}

#[test]
fn an_address_that_refuses_and_a_name_that_does_not_exist_are_named() {
    let (_reserved, address) = reserve();
    for scheme in ["http", "https"] {
        let done = run(&mut doctor(&format!("{scheme}://{address}"))).failed(1, &["one check failed"]);
        says(&done, "tcp", "fail", &[&address.to_string(), "refused", "firewalls"]);
        assert!(checks(&done, "balance").is_empty());
    }
    let done = run(&mut doctor("https://no-such-host.invalid")).failed(1, &["one check failed"]);
    says(&done, "name", "fail", &["no-such-host.invalid", "name server"]);
}

#[test]
fn every_address_of_a_name_is_tried() {
    // localhost has the address of IPv6 too on most machines, where nobody listens.
    let gateway = Fake::start(|_| response(200, "", ACCEPTED));
    let done = run(&mut doctor(&format!("http://localhost:{}", gateway.address.port())));
    let tried = checks(&done, "tcp");
    let named = checks(&done, "name")[0].1.matches(", ").count() + 1;
    assert_eq!(tried.len(), named, "{done:?}");
    assert!(tried.iter().any(|(status, _)| status == "ok"), "{done:?}");
    assert!(tried.iter().all(|(status, _)| status != "fail"), "{done:?}");
    assert_eq!(done.code, Some(0));
}

#[test]
fn a_clock_that_is_off_is_found_by_the_date_of_the_server() {
    const HOUR: u64 = 60 * 60;
    let now = SystemTime::now();
    for (date, status, words) in [
        (now + Duration::from_secs(HOUR), "fail", "behind the server"),
        (now - Duration::from_secs(HOUR), "fail", "ahead of the server"),
        (now - Duration::from_secs(30), "warn", "clock"),
    ] {
        let date = format!("Date: {}\r\n", httpdate::fmt_http_date(date));
        let gateway = Fake::start(move |_| response(200, &date, ACCEPTED));
        let done = run(&mut doctor(&gateway.url()));
        says(&done, "clock", status, &[words, "set this machine's clock"]);
        assert_eq!(done.code, Some(i32::from(status == "fail")));
    }
    for header in ["", "Date: yesterday\r\n"] {
        let gateway = Fake::start(move |_| response(200, header, ACCEPTED));
        let done = run(&mut doctor(&gateway.url())).succeeded();
        says(&done, "clock", "warn", &["no Date"]);
    }
}

#[test]
fn what_is_not_a_gateway_is_named() {
    for (reply, words) in [
        (response(502, "", "<html>"), "HTTP 502"),
        (Vec::new(), "waiting for the response"),
        (b"SSH-2.0-x\r\n\r\n".to_vec(), "not HTTP"),
    ] {
        let gateway = Fake::start(move |_| reply.clone());
        let done = run(&mut doctor(&gateway.url())).failed(1, &["one check failed"]);
        says(&done, "balance", "fail", &[words]);
    }
    // Plain HTTP where TLS is expected.
    let gateway = Fake::start(|_| response(200, "", ACCEPTED));
    let done = run(&mut doctor(&gateway.url().replace("http:", "https:"))).failed(1, &["one check failed"]);
    says(&done, "tls", "fail", &["no handshake", "TLS"]);
}

/// A server with a certificate of its own, which accepts every query.
struct TlsServer {
    address: SocketAddr,
    certificate: String,
    /// How many bytes came inside TLS.
    received: Arc<AtomicUsize>,
}

fn tls_server(version: &'static rustls::SupportedProtocolVersion) -> TlsServer {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "Nobody & Sons");
    params.distinguished_name.push(rcgen::DnType::CommonName, "Root \u{1b}[2J of nobody");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let (listener, config) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(config));
    let (address, received) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, config) = (stream.unwrap(), Arc::clone(&config));
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || {
                let mut connection = ServerConnection::new(config).unwrap();
                // Ends when the client does, or when it has its response.
                while connection.complete_io(&mut stream).is_ok_and(|(read, _)| read > 0) {
                    let mut buffer = [0; 4096];
                    let came = connection.reader().read(&mut buffer).unwrap_or(0);
                    counted.fetch_add(came, Ordering::SeqCst);
                    if buffer[..came].ends_with(b"}") {
                        let date = format!("Date: {}\r\n", httpdate::fmt_http_date(SystemTime::now()));
                        connection.writer().write_all(&response(200, &date, ACCEPTED)).unwrap();
                        connection.send_close_notify();
                        let _ = connection.complete_io(&mut stream);
                        return;
                    }
                }
            });
        }
    });
    TlsServer { address, certificate: certificate.pem(), received }
}

/// Elsewhere the operating system takes no variable for its roots.
#[cfg(target_os = "linux")]
#[test]
fn a_certificate_that_the_platform_trusts_is_shown_and_the_query_is_sent() {
    let server = tls_server(&rustls::version::TLS13);
    let files = crate::Files::new();
    let roots = files.write("roots.pem", &server.certificate);
    let mut command = doctor(&format!("https://{}", server.address));
    let done = run(command.arg("--platform-roots").env("SSL_CERT_FILE", roots)).succeeded();
    says(&done, "tls", "ok", &["TLS 1.3", "Nobody & Sons"]);
    says(&done, "balance", "ok", &["accepted"]);
}

#[test]
fn a_certificate_of_an_unknown_issuer_is_shown_with_its_issuer_and_nothing_is_sent() {
    for (version, name) in [(&rustls::version::TLS13, "TLS 1.3"), (&rustls::version::TLS12, "TLS 1.2")] {
        let server = tls_server(version);
        let done = run(&mut doctor(&format!("https://{}", server.address))).failed(1, &["one check failed"]);
        says(&done, "tls", "fail", &[name, "Nobody & Sons", "of nobody", "--platform-roots"]);
        assert!(!done.stdout.contains('\u{1b}') && checks(&done, "balance").is_empty(), "{done:?}");
        assert_eq!(server.received.load(Ordering::SeqCst), 0);
    }
}

/// A proxy that opens tunnels, or refuses them with this status.
fn proxy(refusal: Option<u16>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read_exact(&mut byte).is_err() {
                    break;
                }
                head.extend(byte);
            }
            // A connection without a request is a check of the address.
            let head = String::from_utf8(head).unwrap();
            let Some(target) = head.strip_prefix("CONNECT ") else { continue };
            if let Some(status) = refusal {
                let _ = stream.write_all(&response(status, "", ""));
                continue;
            }
            let mut gateway = TcpStream::connect(target.split(' ').next().unwrap()).unwrap();
            stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
            let (mut from, mut to) = (stream.try_clone().unwrap(), gateway.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut gateway, &mut stream));
        }
    });
    address
}

#[test]
fn through_a_proxy_its_address_and_its_tunnel_are_checked() {
    let gateway = tls_server(&rustls::version::TLS13).address;
    let url = format!("https://{gateway}");
    let through = proxy(None);
    let variable = format!("http://user:open-sesame@{through}");
    let done = run(doctor(&url).env("TARSPAY_PROXY", &variable)).failed(1, &["one check failed"]);
    says(&done, "tcp", "ok", &[&through.to_string()]);
    says(&done, "proxy", "ok", &["tunnel"]);
    says(&done, "tls", "fail", &["TLS 1.3", "Nobody & Sons"]);
    done.keeps_secret("open-sesame");
    assert!(checks(&done, "setting").iter().any(|(_, shown)| shown.contains(&through.to_string())));

    let (_reserved, nobody) = reserve();
    let done = run(doctor(&url).args(["--proxy", &format!("http://{nobody}")])).failed(1, &["one check"]);
    says(&done, "tcp", "fail", &[&nobody.to_string()]);
    for (status, words) in [(407, "TARSPAY_PROXY"), (403, "does not allow")] {
        let refusing = proxy(Some(status));
        let done =
            run(doctor(&url).args(["--proxy", &format!("http://{refusing}")])).failed(1, &["one check"]);
        says(&done, "proxy", "fail", &[&status.to_string(), words]);
        assert!(checks(&done, "tls").is_empty(), "{done:?}");
    }
}

#[test]
fn wrong_usage_is_named() {
    run(&mut tarspay_with_key(&["doctor", "--merchant-id", "M1", "--public-key", "02"]))
        .failed(2, &["--public-key"]);
}
