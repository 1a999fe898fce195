//! `tarspay proxy`: signs plain JSON of local programs and passes it on.

use super::sandbox::stop_signal;
use crate::failure::{Failure, with_causes};
use crate::guard::{is_documented_query, is_production};
use crate::settings::Gateway;
use crate::{output, server};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tarspay::sign::{self, Digest, NonceSource, Parameters, PrivateKey, RequestToSign, SignedRequest};
use tarspay::transport::{self, Transport};
use tarspay::types::{Decode as _, Envelope, Members, MerchantNo, RawJson};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The header with the token. The token can be the first segment of the path instead.
const TOKEN_HEADER: &str = "x-tarspay-proxy-token";

/// The largest body, in bytes. The longest documented one has about 500.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many calls are in flight at once.
const MAX_CALLS: u32 = 64;

/// The calls of Bangladesh's submit TrxId, which have no body (`docs/wire.md`, section 7.12).
const WITHOUT_BODY: &str = "/api/bd/";

/// What of a response is passed on besides status and body.
const PASSED_ON: [header::HeaderName; 3] =
    [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::RETRY_AFTER];

pub(crate) const EXAMPLES: &str = "\
Examples:
  tarspay proxy --to http://127.0.0.1:8080     # a sandbox; prints the token
  curl http://127.0.0.1:8790/api/balanceInfo -H \"X-Tarspay-Proxy-Token: $TOKEN\" --json '{}'
  curl http://127.0.0.1:8790/$TOKEN/api/payInInfo --json '{\"mchOrderNo\":\"D1659318251029\"}'";

#[derive(Debug, clap::Args)]
pub(crate) struct Proxy {
    #[command(flatten)]
    gateway: Gateway,
    /// IP address of loopback and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8790")]
    listen: String,
    /// Pass calls on to the gateway at this URL [default: --api-url]
    #[arg(long, value_name = "URL", conflicts_with = "api_url")]
    to: Option<String>,
    /// Pass on every call to production, also those that create orders: money moves
    #[arg(long)]
    allow_money: bool,
}

struct Signer {
    merchant_no: MerchantNo,
    key: PrivateKey,
    nonces: Arc<NonceSource>,
    transport: Transport,
    /// Whether only documented queries pass.
    queries_only: bool,
    token: String,
    free: Semaphore,
}

pub(crate) async fn run(args: Proxy) -> Result<(), Failure> {
    let settings = args.gateway.at(args.to).settings()?;
    let (key, merchant_no, transport) =
        (settings.private_key()?, settings.merchant_no()?, settings.transport()?);
    let stop = stop_signal()?;
    let (listener, address) = server::bind(&args.listen, false, None).await?;
    let (base_url, to) = (format!("http://{address}"), transport.base_url());
    let queries_only = is_production(to) && !args.allow_money;
    let token = random_token()?;
    let facts = [
        ("base_url", json!(base_url)),
        ("token", json!(token)),
        ("to", json!(to)),
        ("merchant_no", json!(merchant_no)),
        ("queries_only", json!(queries_only)),
    ];
    // Without a reader nobody knows the token.
    if !output::ready("proxy", &facts)? {
        return Ok(());
    }
    let nonces = NonceSource::shared(&key.public_key());
    let free = Semaphore::new(MAX_CALLS as usize);
    let signer = Arc::new(Signer { merchant_no, key, nonces, transport, queries_only, token, free });
    let router = Router::new().fallback(respond).with_state(Arc::clone(&signer));
    let outcome = server::serve(listener, router, stop).await;
    // Also calls whose clients have gone: their outcome is logged.
    let _ = signer.free.acquire_many(MAX_CALLS).await;
    outcome
}

/// 128 random bits in hex: the x of a new public key, whose private key is forgotten.
fn random_token() -> Result<String, Failure> {
    let key = PrivateKey::generate().map_err(|error| Failure::usage("no token").caused_by(&error))?;
    Ok(key.public_key().to_string()[2..34].to_owned())
}

/// Why a request is not passed on, or why there is no response.
struct Refused {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refused {
    fn to_response(&self) -> Response {
        let body = json!({ "error": { "kind": self.kind, "message": self.message } });
        let body = format!("{}\n", output::printable_json(&body.to_string()));
        let content_type = (header::CONTENT_TYPE, "application/json;charset=utf-8");
        let mut response = (self.status, [content_type], body).into_response();
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

fn refused(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Refused {
    Refused { status, kind, message: message.into() }
}

/// A request that must be changed.
fn invalid(message: impl Into<String>) -> Refused {
    refused(StatusCode::BAD_REQUEST, "invalid_request", message)
}

fn no_token() -> Refused {
    refused(
        StatusCode::UNAUTHORIZED,
        "no_token",
        "the proxy's token is missing or wrong; send the token that it printed at its start in X-Tarspay-Proxy-Token, \
         or as the first segment of the URL",
    )
}

/// A client that goes must not end a call that may have been sent, nor hide its outcome from the log.
async fn respond(State(signer): State<Arc<Signer>>, request: Request) -> Response {
    let response = tokio::spawn(async move { signer.respond(request).await });
    response.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// One line for each call. Never a value of a body.
fn log(path: &str, status: StatusCode, code: &Value, took: Duration) {
    let (status, millis) = (status.as_u16(), took.as_millis());
    if output::is_json() {
        let call = json!({ "path": path, "http_status": status, "code": code, "millis": millis });
        output::message(&output::printable_json(&json!({ "call": call }).to_string()));
    } else {
        let code = code.as_str().map_or_else(|| format!("code {code}"), ToOwned::to_owned);
        output::message(&format!("{path} {status} {code} {millis} ms"));
    }
}

/// The gateway's response as it came, and its code.
fn passed_on(response: &transport::Response) -> (Response, Value) {
    let envelope = Envelope::<RawJson>::from_slice(response.body());
    let code = envelope.map_or(Value::Null, |envelope| envelope.code.code().into());
    let mut passed = Response::new(Body::from(Bytes::copy_from_slice(response.body())));
    *passed.status_mut() = StatusCode::from_u16(response.status()).unwrap_or(StatusCode::BAD_GATEWAY);
    for name in PASSED_ON {
        let value = response.header(name.as_str()).and_then(|value| HeaderValue::from_bytes(value).ok());
        passed.headers_mut().extend(value.map(|value| (name, value)));
    }
    (passed, code)
}

impl Signer {
    async fn respond(&self, request: Request) -> Response {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let (path, allowed) = self.admit(&head);
        let outcome = match allowed {
            Ok(()) => self.pass_on(path, body).await,
            Err(refused) => Err(refused),
        };
        let (response, code) = match outcome {
            Ok(response) => passed_on(&response),
            Err(refused) => (refused.to_response(), refused.kind.into()),
        };
        log(path, response.status(), &code, started.elapsed());
        response
    }

    /// The path without a token, and whether the request may go there.
    fn admit<'a>(&self, head: &'a Parts) -> (&'a str, Result<(), Refused>) {
        let mut path = head.uri.path();
        let in_path = path.strip_prefix('/').and_then(|rest| Some(rest.split_at(rest.find('/')?)));
        let in_path = in_path.filter(|(token, _)| self.is_token(token.as_bytes()));
        let in_header = head.headers.get(TOKEN_HEADER).is_some_and(|token| self.is_token(token.as_bytes()));
        if let Some((_, rest)) = in_path {
            path = rest;
        } else if !in_header {
            // The path can hold a token with a slip.
            path = "(no valid token)";
        }
        let has_token = in_path.is_some() || in_header;
        let allowed = tarspay_sandbox::refuse_web_pages(head)
            .map_err(|why| refused(StatusCode::FORBIDDEN, "forbidden", why))
            .and_then(|()| if has_token { self.check(head, path) } else { Err(no_token()) });
        (path, allowed)
    }

    /// Digests are compared, so the time says nothing about the token.
    fn is_token(&self, given: &[u8]) -> bool {
        Digest::of(given) == Digest::of(&self.token)
    }

    fn check(&self, head: &Parts, path: &str) -> Result<(), Refused> {
        if head.method != Method::POST {
            let message = "every call of the gateway is a POST";
            return Err(refused(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message));
        }
        if head.uri.query().is_some() {
            return Err(invalid("the gateway signs no query; put the members into the JSON body"));
        }
        if self.queries_only && !is_documented_query(path) {
            let message = "this is not one of the documented queries, and the gateway is production: nothing was \
                           sent; start the proxy with --allow-money to let it pass";
            return Err(refused(StatusCode::FORBIDDEN, "money_not_allowed", message));
        }
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let has_no_body = content_type.is_none() && path.starts_with(WITHOUT_BODY);
        let is_json = media_type.eq_ignore_ascii_case("application/json")
            && !head.headers.contains_key(header::CONTENT_ENCODING);
        if !is_json && !has_no_body {
            let message = "the body must be JSON, not compressed; send Content-Type: application/json";
            return Err(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message));
        }
        Ok(())
    }

    /// Signs a request and sends it once.
    async fn pass_on(&self, path: &str, body: Body) -> Result<transport::Response, Refused> {
        let Ok(_place) = self.free.try_acquire() else {
            let message = format!("{MAX_CALLS} calls are in flight: not sent, send it again later");
            return Err(refused(StatusCode::SERVICE_UNAVAILABLE, "too_many_calls", message));
        };
        let Ok(body) = timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY_BYTES)).await else {
            let message = format!("the body has not come within {BODY_TIMEOUT:?}");
            return Err(refused(StatusCode::REQUEST_TIMEOUT, "body_too_slow", message));
        };
        let body = body.map_err(|_| {
            let message = format!("the body is cut short or larger than {MAX_BODY_BYTES} bytes");
            refused(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
        })?;
        let signed = self.signed(path, &body)?;
        post(&self.transport, signed).await.map_err(|error| no_response(path, &error))
    }

    fn signed(&self, path: &str, body: &[u8]) -> Result<SignedRequest, Refused> {
        let cannot_sign = |error: sign::Error| invalid(format!("not sent: {}", with_causes(&error)));
        let parameters = if body.is_empty() && path.starts_with(WITHOUT_BODY) {
            Parameters::none()
        } else {
            let members = self.with_merchant(body)?;
            Parameters::from_members(members.iter()).map_err(cannot_sign)?
        };
        let request = RequestToSign::new(path, self.nonces.next_nonce(), parameters).map_err(cannot_sign)?;
        Ok(request.sign(&self.key))
    }

    /// The members of a body, and the merchant number if it does not name one.
    fn with_merchant(&self, body: &[u8]) -> Result<Members, Refused> {
        let mut members = Members::from_slice(body).map_err(|error| {
            invalid(format!("not sent: the body must be one JSON object: {}", with_causes(&error)))
        })?;
        match members.value("mchNo") {
            None | Some(Value::Null) => {}
            Some(Value::String(given)) if given == self.merchant_no.as_str() => {}
            Some(_) => {
                return Err(invalid(format!(
                    "not sent: mchNo must be left out or {}, the merchant of this proxy",
                    self.merchant_no
                )));
            }
        }
        members.insert("mchNo", &self.merchant_no).map_err(|error| invalid(with_causes(&error)))?;
        Ok(members)
    }
}

/// Sends a signed request once.
pub(crate) async fn post(
    transport: &Transport,
    signed: SignedRequest,
) -> Result<transport::Response, transport::Error> {
    let path = signed.path().to_owned();
    let (headers, body) = signed.into_parts();
    let [key, nonce, signature] = headers.pairs();
    let headers = [key, nonce, signature, ("Content-Type", "application/json;charset=utf-8")];
    // A request without a body has no content type.
    let headers = if body.is_empty() { &headers[..3] } else { &headers[..] };
    transport.post(&path, headers, body).await
}

/// What is said when there is no response: never that a call has failed that may have been received.
fn no_response(path: &str, error: &transport::Error) -> Refused {
    let why = with_causes(error);
    if error.is_invalid() {
        invalid(format!("not sent: {why}"))
    } else if error.is_not_sent() {
        refused(StatusCode::BAD_GATEWAY, "not_sent", format!("not sent, so no order was made: {why}"))
    } else if is_documented_query(path) {
        refused(StatusCode::GATEWAY_TIMEOUT, "no_response", format!("no response, ask again: {why}"))
    } else {
        let message = format!(
            "the outcome is unknown, the order may exist: query it by its mchOrderNo before you do anything else, and \
             never send it again under another number: {why}"
        );
        refused(StatusCode::GATEWAY_TIMEOUT, "outcome_unknown", message)
    }
}
