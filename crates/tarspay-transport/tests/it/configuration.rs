//! What a builder accepts and what it refuses, before any connection.

use std::time::Duration;

use tarspay_transport::{Builder, Delivery, Error, ErrorKind, Transport};

use crate::certificates::Identity;

/// A builder that has something to trust, whatever the features.
fn builder(base_url: &str) -> Builder {
    Transport::builder(base_url).add_root_certificate_der(Identity::of(&["gateway.test"]).der())
}

#[track_caller]
fn assert_refused(result: Result<Transport, Error>, hint: &str) {
    let error = result.expect_err(hint);
    assert_eq!((error.kind(), error.phase()), (ErrorKind::InvalidConfiguration, None), "{error:?}");
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.is_invalid());
    assert!(error.to_string().contains(hint), "{hint}: {error}");
}

#[test]
fn good_base_urls_are_reduced_to_their_plain_form() {
    for (url, plain) in [
        ("https://payment.tarspay.com", "https://payment.tarspay.com"),
        ("https://payment.tarspay.com/", "https://payment.tarspay.com"),
        ("HTTPS://Payment.TarsPay.com:443/", "https://payment.tarspay.com"),
        ("https://gateway.test:8443", "https://gateway.test:8443"),
        ("https://192.0.2.1", "https://192.0.2.1"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost", "http://localhost"),
        ("http://LOCALHOST:8080", "http://localhost:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://127.8.9.1:9", "http://127.8.9.1:9"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("http://[::ffff:127.0.0.1]:9", "http://[::ffff:127.0.0.1]:9"),
        ("http://localhost.:9", "http://localhost.:9"),
        ("http://Shop.LocalHost:9", "http://shop.localhost:9"),
        ("http://a.b.localhost.", "http://a.b.localhost."),
    ] {
        assert_eq!(builder(url).build().unwrap().base_url(), plain, "{url}");
    }
}

#[test]
fn bad_base_urls_are_refused() {
    for (url, hint) in [
        ("", "base URL"),
        ("payment.tarspay.com", "https://"),
        ("/path", "https://"),
        ("ftp://gateway.test", "https://"),
        ("https://", "base URL"),
        ("https:///", "base URL"),
        ("https://:443", "base URL"),
        ("https://gateway .test", "ASCII"),
        ("https://gateway.test\n", "ASCII"),
        ("https://g\u{e4}teway.test", "ASCII"),
        ("https://user@gateway.test", "user name"),
        ("https://user:secret@gateway.test", "user name"),
        ("https://gateway.test/prefix", "signed path"),
        ("https://gateway.test//", "signed path"),
        ("https://gateway.test?x=1", "query"),
        ("https://gateway.test/#x", "query"),
        ("https://gateway.test:0", "port"),
        ("https://gateway.test:", "port"),
        ("https://gateway.test:65536", "port"),
        ("https://gateway.test:+80", "port"),
        ("https://[::1]x:80", "base URL"),
        ("https://gateway_.test*", "host"),
        ("https://-gateway.test", "host"),
    ] {
        assert_refused(builder(url).build(), hint);
    }
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for url in [
        "http://payment.tarspay.com",
        "http://192.168.0.1",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://128.0.0.1",
        "http://[::]",
        "http://[::2]",
        "http://[::ffff:10.0.0.1]",
        "http://localhost.example.com",
        "http://localhost..",
        "http://xlocalhost",
        "http://sandbox:8787",
        "http://127.0.0.1.example.com",
        "http://127.1",
        "http://2130706433",
    ] {
        assert_refused(builder(url).build(), "must begin with https://");
    }
}

#[test]
fn plain_http_to_another_host_is_allowed_by_its_name_alone() {
    for (host, url) in [
        ("sandbox", "http://sandbox:8787"),
        ("Sandbox", "http://sandBOX"),
        ("sandbox.internal", "http://sandbox.internal:80/"),
        ("10.0.0.7", "http://10.0.0.7:8787"),
        ("[fd00::7]", "http://[fd00::7]:8787"),
        // It allows one host more and forbids nothing.
        ("sandbox", "http://127.0.0.1:8787"),
        ("sandbox", "https://gateway.test"),
    ] {
        builder(url).allow_plain_http_to(host).build().unwrap();
    }
    for url in [
        "http://sandbox2:8787",
        "http://sandbox.:8787",
        "http://sandbox.example.com",
        "http://x.sandbox",
        "http://payment.tarspay.com",
        "http://10.0.0.7",
    ] {
        assert_refused(builder(url).allow_plain_http_to("sandbox").build(), "must begin with https://");
    }
    for host in
        ["", "*", "http://sandbox", "sandbox:8787", "sandbox/", "user@sandbox", "a b", "a,b", "s\u{e4}"]
    {
        for url in ["http://sandbox:8787", "https://gateway.test"] {
            assert_refused(builder(url).allow_plain_http_to(host).build(), "without scheme, port and path");
        }
    }
}

#[test]
fn bad_proxies_are_refused() {
    for (url, hint) in [
        ("", "proxy's URL"),
        ("proxy:3128", "http"),
        ("https://proxy:3128", "TLS to the proxy"),
        ("socks5://proxy:1080", "http"),
        ("http://proxy", "must name a port"),
        ("http://user:secret@proxy", "must name a port"),
        ("http://user:100%@proxy:3128", "%25"),
        ("http://user:a/b@proxy:3128", "port"),
        ("user:secret@proxy:3128", "http"),
        ("http://proxy:3128/path", "after the host and port"),
        ("http://proxy:0", "port"),
    ] {
        assert_refused(builder("https://gateway.test").proxy(url).build(), hint);
    }
    for url in [
        "http://proxy:3128",
        "http://proxy:3128/",
        "http://proxy:80",
        "http://[::1]:3128",
        "http://user:secret@proxy:3128",
        "http://user@proxy:3128/",
        "http://user:s%40cret:@[::1]:3128",
    ] {
        builder("https://gateway.test").proxy(url).build().unwrap();
    }
}

#[test]
fn a_password_without_a_proxy_is_refused() {
    let builder = builder("https://gateway.test");
    assert_refused(builder.clone().proxy_authorization("Basic eDp5").build(), "no proxy");
    let twice = builder.clone().proxy("http://user@proxy:3128").proxy_authorization("Basic eDp5");
    assert_refused(twice.build(), "only one");
    let builder = builder.proxy("http://proxy:3128");
    assert_refused(builder.proxy_authorization("Basic\n").build(), "proxy_authorization");
}

#[test]
fn a_root_that_is_no_certificate_is_refused() {
    let builder = builder("https://gateway.test").add_root_certificate_der(b"-----BEGIN".to_vec());
    assert_refused(builder.build(), "DER");
}

#[test]
fn a_bad_user_agent_is_refused() {
    for agent in ["", "a\nb", &"x".repeat(257)] {
        assert_refused(builder("https://gateway.test").user_agent(agent).build(), "user_agent");
    }
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let limits = "Limits { connect_timeout: 10s, response_head_timeout: 30s, call_timeout: 60s, \
                  pool_idle_timeout: 30s, max_response_bytes: 1048576, max_response_head_bytes: 65536 }";
    let shown = format!("{:?}", Transport::builder("https://gateway.test"));
    assert_eq!(shown, format!("Builder {{ limits: {limits}, .. }}"));
}

#[test]
fn absurd_deadlines_are_refused_by_name() {
    type Set = fn(Builder, Duration) -> Builder;
    let all: [(&str, Set); 4] = [
        ("connect_timeout", Builder::connect_timeout),
        ("response_head_timeout", Builder::response_head_timeout),
        ("call_timeout", Builder::call_timeout),
        ("pool_idle_timeout", Builder::pool_idle_timeout),
    ];
    for (name, set) in all {
        for value in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(3601), Duration::MAX] {
            assert_refused(set(builder("https://gateway.test"), value).build(), name);
        }
        for value in [Duration::from_millis(1), Duration::from_secs(3600)] {
            set(builder("https://gateway.test"), value).build().unwrap();
        }
    }
}

#[test]
fn absurd_sizes_are_refused_by_name() {
    for bytes in [0, usize::MAX] {
        assert_refused(
            builder("https://gateway.test").max_response_bytes(bytes).build(),
            "max_response_bytes",
        );
    }
    for bytes in [0, 8191, usize::MAX] {
        let builder = builder("https://gateway.test").max_response_head_bytes(bytes);
        assert_refused(builder.build(), "max_response_head_bytes");
    }
    builder("https://gateway.test").max_response_bytes(1).max_response_head_bytes(8192).build().unwrap();
}
