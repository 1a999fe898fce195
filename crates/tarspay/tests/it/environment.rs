//! What the environment says. A process cannot safely change its own, so each case runs in a child.

use std::process::Command;
use tarspay::sign::PrivateKey;
use tarspay::{CallbackVerifier, Client, Credentials};

/// What the child says of these variables.
fn shown(variables: &[(&str, &str)]) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment::child", "--ignored", "--nocapture"])
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    String::from_utf8(child.stdout).unwrap()
}

#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn child() {
    let show = |name: &str, result: Result<String, tarspay::Error>| {
        println!("{name}: {}", result.unwrap_or_else(|error| error.to_string()));
    };
    show("credentials", Credentials::from_env().map(|credentials| format!("{credentials:?}")));
    show("client", Client::from_env().map(|client| client.base_url().to_owned()));
    show("verifier", CallbackVerifier::from_env().map(|verifier| format!("{verifier:?}")));
}

#[test]
fn everything_comes_from_the_variables_of_the_command() {
    let (key, system) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap().public_key());
    // A secret from a file ends in a line feed.
    for (before, after) in [("", ""), ("", "\n"), (" ", "\r\n")] {
        let around = |text: &str| format!("{before}{text}{after}");
        let shown = shown(&[
            ("TARSPAY_MERCHANT_ID", &around("M1")),
            ("TARSPAY_PRIVATE_KEY", &around(&key.expose_hex())),
            ("TARSPAY_API_URL", &around("http://127.0.0.1:8787")),
            ("TARSPAY_SYSTEM_PUBLIC_KEY", &around(&system.to_string())),
        ]);
        assert!(shown.contains(&key.public_key().to_string()) && shown.contains("M1"), "{shown}");
        assert!(shown.contains("client: http://127.0.0.1:8787"), "{shown}");
        assert!(shown.contains(&system.to_string()), "{shown}");
        assert!(!shown.contains(key.expose_hex().as_str()));
    }
}

#[test]
fn a_variable_that_is_missing_or_empty_is_named_or_has_its_default() {
    let key = PrivateKey::generate().unwrap().expose_hex();
    let missing = shown(&[("TARSPAY_MERCHANT_ID", " \n"), ("TARSPAY_PRIVATE_KEY", &key)]);
    for what in ["credentials", "client", "verifier"] {
        let error = format!("{what}: the environment variable TARSPAY_MERCHANT_ID is not set");
        assert!(missing.contains(&error), "{missing}");
    }
    let defaults = shown(&[
        ("TARSPAY_MERCHANT_ID", "M1"),
        ("TARSPAY_PRIVATE_KEY", &key),
        ("TARSPAY_API_URL", ""),
        ("TARSPAY_SYSTEM_PUBLIC_KEY", ""),
    ]);
    // Without root certificates there is no client of the production gateway.
    let client = if cfg!(feature = "webpki-roots") { tarspay::PRODUCTION_URL } else { "" };
    assert!(defaults.contains(&format!("client: {client}")), "{defaults}");
    assert!(defaults.contains(tarspay::sign::SYSTEM_PUBLIC_KEY), "{defaults}");
}

#[test]
fn plain_http_to_another_host_takes_a_variable_of_its_own() {
    let key = PrivateKey::generate().unwrap().expose_hex();
    for (host, client) in [
        ("sandbox", "client: http://sandbox:8787\n"),
        ("", "must begin with https://"),
        ("sandbox2", "must begin with https://"),
        ("http://sandbox", "without scheme, port and path"),
    ] {
        let shown = shown(&[
            ("TARSPAY_MERCHANT_ID", "M1"),
            ("TARSPAY_PRIVATE_KEY", &key),
            ("TARSPAY_API_URL", "http://sandbox:8787"),
            ("TARSPAY_PLAIN_HTTP_HOST", host),
        ]);
        assert!(shown.contains(client), "{host}: {shown}");
    }
}

#[test]
fn a_value_that_cannot_be_used_is_named_and_not_shown() {
    let secret = "ZZ9SECRETZZ9";
    let key = PrivateKey::generate().unwrap().expose_hex();
    for (proxy, client) in [
        (format!("http://user:{secret}@127.0.0.1:3128\n"), "client: http://127.0.0.1:8787\n"),
        (String::new(), "client: http://127.0.0.1:8787\n"),
        (format!("user:{secret}@127.0.0.1:3128"), "the proxy's URL must begin with"),
        (format!("http://user:{secret}%@127.0.0.1:3128"), "write %25"),
    ] {
        let shown = shown(&[
            ("TARSPAY_MERCHANT_ID", "M1"),
            ("TARSPAY_PRIVATE_KEY", &key),
            ("TARSPAY_API_URL", "http://127.0.0.1:8787"),
            ("TARSPAY_PROXY", &proxy),
        ]);
        assert!(shown.contains(client) && !shown.contains(secret), "{shown}");
    }
    let shown = shown(&[
        ("TARSPAY_MERCHANT_ID", "M1"),
        ("TARSPAY_PRIVATE_KEY", secret),
        ("TARSPAY_SYSTEM_PUBLIC_KEY", secret),
    ]);
    assert!(shown.contains("TARSPAY_PRIVATE_KEY cannot be used: character 1 is not a hex digit"), "{shown}");
    assert!(shown.contains("TARSPAY_SYSTEM_PUBLIC_KEY cannot be used"), "{shown}");
    assert!(!shown.contains(secret));
}
