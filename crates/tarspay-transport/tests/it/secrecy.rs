//! Nothing that prints shows a body, a header's value or a password.

use tarspay_transport::{Error, Transport};

use crate::server::Server;
use crate::{SHORT, chain, patient, patient_over_tls};

const SECRET: &str = "S3cr3tS3cr3t";

fn everything_printed_about(error: &Error) -> String {
    format!("{error} {error:?} {error:#?} {}", chain(error).join(" "))
}

async fn call(transport: &Transport) -> Result<tarspay_transport::Response, Error> {
    transport.post("/x", &[("x-api-signature", SECRET)], format!("{{\"account\":\"{SECRET}\"}}")).await
}

#[tokio::test]
async fn a_response_shows_status_and_length_only() {
    let server = Server::plain(|mut peer| async move {
        peer.request().await.unwrap();
        peer.send(format!("HTTP/1.1 200 OK\r\nset-cookie: {SECRET}\r\ncontent-length: 12\r\n\r\n{SECRET}"))
            .await;
        peer.stay_silent().await;
    })
    .await;
    let transport = patient(&server.url()).build().unwrap();
    let response = call(&transport).await.unwrap();
    assert_eq!(response.body(), SECRET.as_bytes());
    assert_eq!(format!("{response:?}"), "Response { status: 200, body_bytes: 12, .. }");
}

#[tokio::test]
async fn no_failure_shows_what_was_sent_or_received() {
    for response in [
        String::new(),
        format!("{SECRET}\r\n\r\n"),
        format!("HTTP/1.1 {SECRET}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nx {SECRET}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nx: {SECRET}\r\ncontent-length: 99\r\n\r\n{SECRET}"),
        format!("HTTP/1.1 200 OK\r\nx: {SECRET}\r\ncontent-length: 9999999\r\n\r\n{SECRET}"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{SECRET}\r\n"),
    ] {
        for silent in [false, true] {
            let bytes = response.clone();
            let server = Server::plain(move |mut peer| {
                let bytes = bytes.clone();
                async move {
                    peer.request().await.unwrap();
                    peer.send(bytes).await;
                    if silent {
                        peer.stay_silent().await;
                    }
                }
            })
            .await;
            let transport = patient(&server.url()).call_timeout(SHORT).build().unwrap();
            let printed = everything_printed_about(&call(&transport).await.unwrap_err());
            assert!(!printed.contains(SECRET), "{response:?}: {printed}");
        }
    }
}

#[tokio::test]
async fn a_proxy_s_password_is_shown_nowhere() {
    let proxy = Server::plain(|peer| peer.response_all(407, SECRET)).await;
    let with_user = proxy.url().replace("//", &format!("//user:{SECRET}@"));
    let builder = patient_over_tls("https://gateway.test");
    for builder in
        [builder.clone().proxy(&proxy.url()).proxy_authorization(SECRET), builder.proxy(&with_user)]
    {
        assert!(!format!("{builder:?}").contains(SECRET));
        let transport = builder.build().unwrap();
        assert!(!format!("{transport:?}").contains(SECRET));
        let error = call(&transport).await.unwrap_err();
        assert_eq!(error.proxy_status(), Some(407));
        let printed = everything_printed_about(&error);
        assert!(!printed.contains(SECRET) && printed.contains("user name and a password"), "{printed}");
    }
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let with_password = [
        Transport::builder(&format!("https://user:{SECRET}@gateway.test")),
        Transport::builder(&format!("https://user:{SECRET}@gateway.test:99999")),
        Transport::builder(&format!("https://user:{SECRET}@gate way.test")),
        Transport::builder(&format!("https://gateway.test/{SECRET}")),
        Transport::builder("http://127.0.0.1").proxy(&format!("http://user:{SECRET}@proxy")),
        Transport::builder("http://127.0.0.1").proxy(&format!("http://user:{SECRET}%@proxy:1")),
        Transport::builder("http://127.0.0.1").proxy(&format!("http://user:{SECRET}/@proxy:1")),
        Transport::builder("http://127.0.0.1").proxy(&format!("https://user:{SECRET}@proxy:1")),
        Transport::builder("http://127.0.0.1").allow_plain_http_to(&format!("user:{SECRET}@sandbox")),
        Transport::builder("http://127.0.0.1").user_agent(&format!("{SECRET}\n")),
        Transport::builder("http://127.0.0.1")
            .proxy("http://proxy:1")
            .proxy_authorization(&format!("{SECRET}\n")),
    ];
    for builder in with_password {
        assert!(!format!("{builder:?}").contains(SECRET));
        let printed = everything_printed_about(&builder.build().unwrap_err());
        assert!(!printed.contains(SECRET), "{printed}");
    }
}
