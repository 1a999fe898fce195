//! Responses of every sort: passed on, cut short, too large, or no HTTP at all.

use tarspay_transport::{Delivery, Error, ErrorKind, Phase, Response};

use crate::server::Server;
use crate::{assert_failed, patient, post};

/// What a call makes of these bytes, after which the server closes the connection.
async fn response_to(bytes: impl Into<Vec<u8>>) -> Result<Response, Error> {
    let bytes = bytes.into();
    let server = Server::plain(move |mut peer| {
        let bytes = bytes.clone();
        async move {
            peer.request().await.unwrap();
            peer.send(bytes).await;
            peer.close().await;
        }
    })
    .await;
    let transport = patient(&server.url()).max_response_bytes(1000).build().unwrap();
    let result = post(&transport).await;
    assert_eq!(server.seen.requests().len(), 1, "sent once, whatever the response");
    result
}

#[tokio::test]
async fn every_status_is_a_response() {
    for status in [200, 201, 400, 401, 403, 404, 429, 500, 502, 503, 504, 599] {
        let bytes = format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\n{{}}");
        let response = response_to(bytes).await.unwrap();
        assert_eq!((response.status(), response.body()), (status, &b"{}"[..]));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::plain(|peer| peer.response_all(200, "stolen")).await;
        let location = elsewhere.url();
        let bytes = format!("HTTP/1.1 {status} X\r\nlocation: {location}/\r\ncontent-length: 0\r\n\r\n");
        let response = response_to(bytes).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.header("Location"), Some(format!("{location}/").as_bytes()));
        assert_eq!(elsewhere.seen.connections(), 0);
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf_8_pass_through() {
    let mut bytes = b"HTTP/1.1 200 OK\r\nx-odd: \xff\xfe\r\ncontent-length: 4\r\n\r\n".to_vec();
    bytes.extend_from_slice(&[0xff, 0x00, 0xfe, b'\n']);
    let response = response_to(bytes).await.unwrap();
    assert_eq!(response.body(), [0xff, 0x00, 0xfe, b'\n']);
    assert_eq!(response.header("x-odd"), Some(&b"\xff\xfe"[..]));
    assert_eq!(&response.into_body()[..], [0xff, 0x00, 0xfe, b'\n']);
}

#[tokio::test]
async fn the_three_ways_to_delimit_a_body_are_understood() {
    for bytes in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello",
    ] {
        assert_eq!(response_to(bytes).await.unwrap().body(), b"hello", "{bytes}");
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_accepted() {
    let body = "x".repeat(1000);
    for bytes in [
        format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{body}"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e8\r\n{body}\r\n0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"),
    ] {
        assert_eq!(response_to(bytes).await.unwrap().body(), body.as_bytes());
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let body = "x".repeat(1001);
    for bytes in [
        // Announced: refused without reading, so the body need not even come.
        "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551600\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n{body}\r\n0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"),
    ] {
        let result = response_to(bytes).await;
        let error =
            assert_failed(result, ErrorKind::ResponseTooLarge, Phase::ResponseBody, Delivery::MaybeReceived);
        assert_eq!(error.status(), Some(200));
        assert!(error.to_string().contains("1000 bytes"), "{error}");
    }
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let long = format!("HTTP/1.1 200 OK\r\nx-long: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(100_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "a: b\r\n".repeat(101));
    for bytes in [long, many] {
        let result = response_to(bytes).await;
        let error =
            assert_failed(result, ErrorKind::ResponseTooLarge, Phase::ResponseHead, Delivery::MaybeReceived);
        assert_eq!(error.status(), None);
    }
}

#[tokio::test]
async fn a_larger_head_is_accepted_where_the_limit_allows_it() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        let long = "x".repeat(100_000);
        peer.send(format!("HTTP/1.1 200 OK\r\nx-long: {long}\r\ncontent-length: 0\r\n\r\n")).await;
        peer.stay_silent().await;
    })
    .await;
    let transport = patient(&server.url()).max_response_head_bytes(200_000).build().unwrap();
    assert_eq!(post(&transport).await.unwrap().header("x-long").unwrap().len(), 100_000);
}

#[tokio::test]
async fn a_response_cut_in_its_head() {
    for bytes in ["", "H", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"] {
        let result = response_to(bytes).await;
        let error =
            assert_failed(result, ErrorKind::Connection, Phase::ResponseHead, Delivery::MaybeReceived);
        assert_eq!(error.status(), None);
    }
}

#[tokio::test]
async fn a_response_cut_in_its_body() {
    for bytes in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n123",
    ] {
        let result = response_to(bytes).await;
        let error =
            assert_failed(result, ErrorKind::Connection, Phase::ResponseBody, Delivery::MaybeReceived);
        assert_eq!(error.status(), Some(200));
    }
}

#[tokio::test]
async fn garbage_instead_of_http() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.6\r\n"[..],
        b"<html>hello</html>\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    ] {
        let result = response_to(bytes).await;
        assert_failed(result, ErrorKind::InvalidResponse, Phase::ResponseHead, Delivery::MaybeReceived);
    }
}

#[tokio::test]
async fn garbage_instead_of_a_chunk() {
    let result = response_to("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot a size\r\n\r\n").await;
    let error =
        assert_failed(result, ErrorKind::InvalidResponse, Phase::ResponseBody, Delivery::MaybeReceived);
    assert_eq!(error.status(), Some(200));
}

#[tokio::test]
async fn a_reset_in_the_middle_of_the_body() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345").await;
        peer.reset();
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    let error = post(&transport).await.unwrap_err();
    // The reset may overtake what was sent before it, so the head may or may not have arrived.
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Connection, Delivery::MaybeReceived));
    assert!(matches!(error.phase(), Some(Phase::ResponseHead | Phase::ResponseBody)), "{error:?}");
}

#[tokio::test]
async fn a_switch_of_protocols_nobody_asked_for_is_not_a_success() {
    let result = response_to("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\nhello").await;
    match result {
        Ok(response) => assert_eq!((response.status(), response.body()), (101, &b""[..])),
        Err(error) => assert_eq!(error.delivery(), Delivery::MaybeReceived),
    }
}

#[tokio::test]
async fn a_head_of_exactly_the_limit_is_accepted_and_one_byte_more_is_not() {
    let server = Server::plain(|mut peer| async move {
        while let Some(request) = peer.request().await {
            // `content-length: 0` counts 19 bytes, `x` 5 and its value.
            let value = "x".repeat(8192 - 19 - 5 + request.header("x-more").len());
            peer.send(format!("HTTP/1.1 200 OK\r\nx: {value}\r\ncontent-length: 0\r\n\r\n")).await;
        }
    })
    .await;
    let transport = patient(&server.url()).max_response_head_bytes(8192).build().unwrap();
    assert_eq!(post(&transport).await.unwrap().status(), 200);
    let result = transport.post("/x", &[("x-more", "1")], "{}").await;
    assert_failed(result, ErrorKind::ResponseTooLarge, Phase::ResponseHead, Delivery::MaybeReceived);
}
