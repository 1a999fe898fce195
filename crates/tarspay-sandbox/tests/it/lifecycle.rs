//! Starting and stopping.

use crate::Caller;
use crate::http::{self, Response};
use std::io;
use std::net::{SocketAddr, TcpListener};
use tarspay_sandbox::Sandbox;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

async fn is_refused(address: SocketAddr) -> bool {
    matches!(TcpStream::connect(address).await, Err(error) if error.kind() == io::ErrorKind::ConnectionRefused)
}

/// A sandbox on a port that no other test can take when it is free again.
async fn sandbox_on(address: SocketAddr) -> Sandbox {
    Sandbox::builder().listen(address.to_string()).start().await.unwrap()
}

/// Until nobody accepts connections any more.
async fn until_refused(address: SocketAddr) {
    http::in_time(async {
        while !is_refused(address).await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn stop_finishes_and_frees_the_port() {
    let (_reserved, address) = http::reserve();
    let sandbox = sandbox_on(address).await;
    Caller::of(&sandbox).balance_query().send(address).await;
    http::in_time(sandbox.stop()).await;
    assert!(is_refused(address).await);
    TcpListener::bind(address).unwrap();
}

#[tokio::test]
async fn a_sandbox_starts_again_on_the_port_of_one_that_stopped() {
    let (_reserved, address) = http::reserve();
    let first = sandbox_on(address).await;
    Caller::of(&first).balance_query().send(address).await;
    http::in_time(first.stop()).await;
    let second = sandbox_on(address).await;
    let response = Caller::of(&second).balance_query().send(address).await;
    response.assert_balance("M1688443086", "1000000", "0");
}

#[tokio::test]
async fn stop_does_not_wait_for_idle_connections() {
    let sandbox = Sandbox::start().await.unwrap();
    let caller = Caller::of(&sandbox);
    let mut silent = TcpStream::connect(sandbox.address()).await.unwrap();
    let mut idle = TcpStream::connect(sandbox.address()).await.unwrap();
    let request = caller.balance_query().head("keep-alive") + &caller.body();
    idle.write_all(request.as_bytes()).await.unwrap();
    http::read_one(&mut idle).await.assert_balance("M1688443086", "1000000", "0");

    http::in_time(sandbox.stop()).await;
    assert_eq!(http::read_to_end(&mut idle).await.unwrap(), b"");
    assert_eq!(http::read_to_end(&mut silent).await.unwrap(), b"");
}

#[tokio::test]
async fn stop_finishes_a_call_under_way() {
    let (_reserved, address) = http::reserve();
    let sandbox = sandbox_on(address).await;
    let caller = Caller::of(&sandbox);
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The response to the first call proves that the connection was accepted before the stop.
    let first = caller.balance_query().head("keep-alive") + &caller.body();
    let (half, rest) = (caller.balance_query().head("close"), caller.body());
    stream.write_all((first + &half).as_bytes()).await.unwrap();
    http::read_one(&mut stream).await.assert_balance("M1688443086", "1000000", "0");

    let stopping = tokio::spawn(sandbox.stop());
    until_refused(address).await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    Response::read(&http::read_to_end(&mut stream).await.unwrap()).assert_balance(
        "M1688443086",
        "1000000",
        "0",
    );
    http::in_time(stopping).await.unwrap();
}

async fn assert_stop_finishes_after(sent: &str) {
    let (_reserved, address) = http::reserve();
    let sandbox = sandbox_on(address).await;
    let mut stalled = TcpStream::connect(address).await.unwrap();
    stalled.write_all(sent.as_bytes()).await.unwrap();
    // Connections are accepted in order: when this one is answered, the other has been taken too.
    Caller::of(&sandbox).balance_query().send(address).await;
    http::in_time(sandbox.stop()).await;
    assert!(is_refused(address).await);
}

#[tokio::test]
async fn stop_does_not_wait_forever_for_a_client_that_stalls_in_the_head() {
    assert_stop_finishes_after("POST /api/bal").await;
}

#[tokio::test]
async fn stop_does_not_wait_forever_for_a_client_that_stalls_in_the_body() {
    assert_stop_finishes_after("POST /api/balanceInfo HTTP/1.1\r\nContent-Length: 9\r\n\r\n{").await;
}

#[tokio::test]
async fn dropping_it_stops_it_and_frees_the_port() {
    let (_reserved, address) = http::reserve();
    let sandbox = sandbox_on(address).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    Caller::of(&sandbox).balance_query().send(address).await;
    drop(sandbox);
    until_refused(address).await;
    assert_eq!(http::read_to_end(&mut idle).await.unwrap(), b"");
    TcpListener::bind(address).unwrap();
}

#[test]
fn a_runtime_that_ends_takes_its_sandbox_with_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_reserved, address) = http::reserve();
    let sandbox = runtime.block_on(sandbox_on(address));
    drop(runtime);
    assert!(std::net::TcpStream::connect(address).is_err());
    drop(sandbox);
}
