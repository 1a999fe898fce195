//! Bytes over HTTPS for the TarsPay payment gateway, with errors that say whether a request was
//! sent.
//!
//! This crate posts a body with headers to a path of one gateway. The result is a [`Response`],
//! whatever its status, or an [`Error`] that says whether the request **was not sent** or **may
//! have been received**. Other crates handle signatures, JSON and orders.
//!
//! # A call
//!
//! ```
//! use tarspay_transport::{Delivery, Error, Transport};
//!
//! async fn query_balance(transport: &Transport) -> Result<(), Error> {
//!     let headers = [("content-type", "application/json")];
//!     match transport.post("/api/balanceInfo", &headers, r#"{"mchNo":"M1"}"#).await {
//!         Ok(response) => println!("{}: {} bytes", response.status(), response.body().len()),
//!         Err(error) if error.delivery() == Delivery::NotSent => return Err(error), // send it again
//!         Err(error) => println!("the gateway may have received it: {error}"),
//!     }
//!     Ok(())
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #     let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! #     let transport = Transport::builder(&format!("http://{}", listener.local_addr()?)).build()?;
//! #     let gateway = std::thread::spawn(move || {
//! #         use std::io::{Read as _, Write as _};
//! #         let (mut peer, _) = listener.accept().unwrap();
//! #         let mut request = Vec::new();
//! #         while !request.ends_with(b"{\"mchNo\":\"M1\"}") {
//! #             let mut byte = [0];
//! #             peer.read_exact(&mut byte).unwrap();
//! #             request.push(byte[0]);
//! #         }
//! #         peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"code\":0}").unwrap();
//! #     });
//! #     query_balance(&transport).await?;
//! #     gateway.join().unwrap();
//! #     assert_eq!(query_balance(&transport).await.unwrap_err().delivery(), Delivery::NotSent);
//! #     Ok(())
//! # }
//! ```
//!
//! Make the transport with `Transport::builder("https://payment.tarspay.com").build()`.
//!
//! A [`Transport`] is a pool of connections to one gateway. Make one, clone it freely, use it from
//! any task of any tokio runtime. Dropping a call's future ends the call and closes its connection.
//!
//! # Phases and deadlines
//!
//! A call goes through these steps; an error names the one in which it ended ([`Error::phase`]):
//!
//! | phase | what happens | if it ends here | deadline |
//! |---|---|---|---|
//! | [`Resolve`](Phase::Resolve) | the name is looked up | not sent | [`connect_timeout`](Builder::connect_timeout), 10 s |
//! | [`Connect`](Phase::Connect) | TCP | not sent | the same |
//! | [`Proxy`](Phase::Proxy) | CONNECT, if there is a proxy | not sent | the same |
//! | [`Tls`](Phase::Tls) | the TLS handshake | not sent | the same |
//! | [`Send`](Phase::Send) | the request is handed to the connection | either | [`response_head_timeout`](Builder::response_head_timeout), 30 s |
//! | [`ResponseHead`](Phase::ResponseHead) | status and headers of the response | maybe received | the same |
//! | [`ResponseBody`](Phase::ResponseBody) | the body of the response | maybe received | the call's |
//!
//! [`call_timeout`](Builder::call_timeout), 60 s, limits all of them together, or the one given to
//! [`post_within`](Transport::post_within) if it is shorter. A call that finds an open connection
//! in the pool begins with [`Send`](Phase::Send).
//!
//! # What "not sent" means
//!
//! [`Delivery::NotSent`] is a promise: no byte of the request was handed to the network, and none
//! will be. It is given in these cases:
//!
//! - the call was refused before its first step ([`ErrorKind::InvalidRequest`]);
//! - no connection was made: the failure is in one of the first four phases;
//! - the connection turned out to be closed before the request was begun;
//! - a deadline passed before the request was begun. The request is then withdrawn, under the same
//!   lock that would let it begin, so it cannot slip out afterwards.
//!
//! Everything else is [`Delivery::MaybeReceived`]. Once the connection has asked for the first byte
//! of the body, a failure before that byte reached the network cannot be distinguished. If unsure,
//! the request counts as received.
//!
//! **Nothing is ever sent twice.** If the server closed an idle connection between two calls, the
//! request, of which nothing was written, moves to another connection. If the server closes while
//! the request is on its way, or so shortly before that the runtime does not know yet, the result
//! is [`Delivery::MaybeReceived`]. To make this rare, idle connections are closed after
//! [`pool_idle_timeout`](Builder::pool_idle_timeout), 30 s, sooner than most servers do.
//!
//! # Limits
//!
//! - A response has at most [`max_response_bytes`](Builder::max_response_bytes) (1 MiB) of body and
//!   [`max_response_head_bytes`](Builder::max_response_head_bytes) (64 KiB) of headers. More is
//!   [`ErrorKind::ResponseTooLarge`]. So is an endless row of interim responses (`100 Continue`):
//!   at most four times both limits, and 64 KiB, may come from the network in a row.
//! - Redirects are not followed: a 3xx is a response like any other, and a signed request is not
//!   sent elsewhere.
//! - The scheme is `https`, with TLS 1.2 or 1.3. Plain `http` works with `localhost` and names that
//!   end in `.localhost`, 127.0.0.0/8 and `[::1]`, if every address of the name is on this machine,
//!   and with one host that [`allow_plain_http_to`](Builder::allow_plain_http_to) names.
//! - `Host`, `Content-Length` and the other headers that frame a message cannot be set. Bodies are
//!   not compressed.
//!
//! # Other ways to connect
//!
//! By default a connection is TCP, through a [`proxy`](Builder::proxy) if one is set.
//! [`Builder::connector`] takes any other stream of bytes: implement [`Connect`]. TLS, deadlines,
//! limits and "not sent" are the same on top of it. A test needs no socket: in memory, with the base
//! URL `http://localhost`, `tokio::io::duplex` does.
//!
//! # Trust
//!
//! By default, Mozilla's root certificates as compiled in (feature `webpki-roots`). A private
//! authority is added with [`add_root_certificate_der`](Builder::add_root_certificate_der). With
//! the feature `platform-verifier`, `Builder::platform_verifier` asks the operating system instead.
//! A feature adds API and changes nothing by itself.
//!
//! Nothing that prints (`Debug`, `Display`, an error's sources) shows a body, a header's value or a
//! password.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod builder;
mod connect;
mod error;
mod limits;
mod origin;
mod outgoing;
mod pool;
mod progress;
mod request;
mod response;
mod tls;
mod transport;

pub use self::builder::Builder;
pub use self::connect::{ByteStream, Connect, Connecting, Destination};
pub use self::error::{Delivery, Error, ErrorKind, Phase};
pub use self::response::Response;
pub use self::transport::Transport;

/// Compiles and runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
