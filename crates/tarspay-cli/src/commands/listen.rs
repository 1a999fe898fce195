//! `tarspay listen`: receives, verifies, shows, keeps and forwards callbacks (webhooks).

use super::sandbox::stop_signal;
use crate::callback_log::CallbackLog;
use crate::failure::{Failure, with_causes};
use crate::receiver::{Receiver, Reply};
use crate::settings::{Merchant, system_key};
use crate::{output, server};
use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tarspay::types::{Amount, Callback, Decode as _, Direction};
use tarspay::{Acknowledged, CallbackRejection, CallbackVerifier, Verified};
use tarspay_inbox::Inbox;
use tokio::sync::mpsc;

pub(crate) const EXAMPLES: &str = "\
Examples:
  tarspay listen --merchant-id M1688443086 --forward http://127.0.0.1:3000/tarspay/notify
  tarspay listen --log callbacks.jsonl --public-key \"$SYSTEM_PUBLIC_KEY\"   # that of a sandbox
  tarspay callback replay 3 --log callbacks.jsonl --to http://127.0.0.1:3000/tarspay/notify";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// IP address of loopback and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8791")]
    listen: String,
    /// Allow --listen with an address that other machines can reach
    #[arg(long, requires = "listen")]
    listen_on_network: bool,
    /// Post each verified callback to this URL of this machine; repeatable
    #[arg(long = "forward", value_name = "URL")]
    forwards: Vec<String>,
    /// Allow --forward to other machines
    #[arg(long, requires = "forwards")]
    forward_to_network: bool,
    /// Also forward callbacks that were acknowledged before, such as those of tarspay callback replay
    #[arg(long, requires = "forwards")]
    forward_repeated: bool,
    /// Keep each verified callback in this file, including its personal data
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Store each verified callback in this inbox, as its receiver does: a file of SQLite, or a URL of
    /// PostgreSQL
    #[arg(long, value_name = "FILE|postgres://…")]
    inbox: Option<String>,
    /// Time between two signs of life on stderr
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = humantime::parse_duration)]
    heartbeat: Duration,
    /// Callbacks to another merchant are refused
    #[command(flatten)]
    merchant: Merchant,
    /// Public key that signs the callbacks, such as that of a sandbox [env:
    /// TARSPAY_SYSTEM_PUBLIC_KEY] [default: the gateway's own]
    #[arg(long, value_name = "HEX")]
    public_key: Option<String>,
}

struct Listener {
    verifier: CallbackVerifier,
    forwards: Vec<Arc<Receiver>>,
    forwards_repeated: bool,
    log: Option<Mutex<CallbackLog>>,
    inbox: Option<Inbox>,
    /// By the deduplication key.
    known: Mutex<HashMap<String, Progress>>,
    counts: Mutex<Counts>,
    /// Ends the command.
    broken: mpsc::Sender<Failure>,
}

/// How far a callback has come.
#[derive(Clone)]
enum Progress {
    Busy,
    /// Not acknowledged yet, but these of the receivers have it.
    Forwarded(Vec<bool>),
    Acknowledged,
}

#[derive(Default)]
struct Counts {
    verified: u64,
    repeated: u64,
    refused: u64,
    last: Option<Instant>,
}

impl FromRef<Listener> for CallbackVerifier {
    fn from_ref(listener: &Listener) -> Self {
        listener.verifier.clone()
    }
}

pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    let (merchant_no, profile) = args.merchant.load()?;
    let (key, _) = system_key(args.public_key.as_deref(), &profile)?;
    let verifier = CallbackVerifier::trusting(merchant_no.clone(), key);
    let receiver =
        |url: &String| Receiver::new(url, args.forward_to_network, "--forward-to-network").map(Arc::new);
    let forwards = args.forwards.iter().map(receiver).collect::<Result<Vec<_>, _>>()?;
    let mut known = HashMap::new();
    let mut log = None;
    if let Some(path) = &args.log {
        let (opened, entries) = CallbackLog::open(path)?;
        for callback in entries.iter().filter_map(|entry| Callback::from_slice(&entry.body).ok()) {
            known.insert(callback.deduplication_key().to_string(), Progress::Acknowledged);
        }
        log = Some(Mutex::new(opened));
    }
    let inbox = match args.inbox {
        Some(database) => Some(super::inbox::with_tables(database).await?),
        None => None,
    };
    if args.heartbeat.is_zero() {
        return Err(Failure::usage("--heartbeat must be longer than 0s, such as 30s"));
    }
    let stop = stop_signal()?;
    let allow = Some("--listen-on-network");
    let (listening, address) = server::bind(&args.listen, args.listen_on_network, allow).await?;
    let facts = [
        ("url", json!(format!("http://{address}"))),
        ("merchant_no", json!(merchant_no)),
        ("kept", json!(known.len())),
    ];
    if !output::ready("listen", &facts)? {
        return Ok(());
    }
    if forwards.is_empty() && log.is_none() && inbox.is_none() {
        output::message(
            "tarspay: callbacks are shown only and not acknowledged, so the gateway sends them again; give --forward URL, --log FILE or --inbox DATABASE",
        );
    }
    let (broken, mut breaks) = mpsc::channel(1);
    let (known, counts) = (Mutex::new(known), Mutex::default());
    let listener = Arc::new(Listener {
        verifier: verifier.prepared(),
        forwards,
        forwards_repeated: args.forward_repeated,
        log,
        inbox,
        known,
        counts,
        broken,
    });
    let router = Router::new().fallback(receive).with_state(Arc::clone(&listener));
    let stopped = async {
        tokio::select! {
            stopped = stop => stopped,
            Some(failure) = breaks.recv() => Err(failure),
            () = listener.show_life(args.heartbeat) => Ok(()),
        }
    };
    server::serve(listening, router, stopped).await
}

async fn receive(
    State(listener): State<Arc<Listener>>,
    headers: HeaderMap,
    callback: Result<Verified<Callback>, CallbackRejection>,
) -> Response {
    let callback = match callback {
        Ok(callback) => callback,
        Err(rejection) => {
            listener.refuse(&rejection);
            return rejection.into_response();
        }
    };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or("application/json;charset=utf-8").to_owned();
    // It is completed even if the gateway closes the connection.
    let taken = tokio::spawn(async move { listener.take(callback, content_type).await });
    match taken.await {
        Ok(Ok(())) => Acknowledged.into_response(),
        Ok(Err(why)) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Listener {
    /// Keeps and forwards a callback. An error is the response: the gateway sends it again.
    async fn take(&self, callback: Verified<Callback>, content_type: String) -> Result<(), &'static str> {
        let started = Instant::now();
        let key = callback.get().deduplication_key().to_string();
        let before = lock(&self.known).get(&key).cloned();
        let is_repeated = matches!(before, Some(Progress::Acknowledged));
        lock(&self.counts).repeated += u64::from(is_repeated);
        let mut delivered = match before {
            Some(Progress::Busy) => return Err("this callback is in progress"),
            Some(Progress::Acknowledged) if !self.forwards_repeated => {
                self.show(&callback, None, true, "OK", &[], started.elapsed());
                return Ok(());
            }
            Some(Progress::Forwarded(delivered)) => delivered,
            _ => vec![false; self.forwards.len()],
        };
        lock(&self.known).insert(key.clone(), Progress::Busy);
        let id = match self
            .log
            .as_ref()
            .filter(|_| !is_repeated)
            .map(|log| lock(log).append(&callback))
            .transpose()
        {
            Ok(id) => id,
            Err(error) => {
                lock(&self.known).remove(&key);
                let failure =
                    Failure::refused("the log cannot be written, so nothing can be received any more");
                let _ = self.broken.try_send(failure.caused_by(&error));
                return Err("not kept");
            }
        };
        if let Some(inbox) = &self.inbox
            && let Err(error) = inbox.accept(&callback).await
        {
            lock(&self.known).remove(&key);
            output::message(&format!("tarspay: the inbox: {}", with_causes(&error)));
            return Err("not stored");
        }
        let (signature, body) = (callback.signature().to_owned(), callback.raw_body().to_vec());
        let posts = self.forwards.iter().enumerate().filter(|(at, _)| !delivered[*at]);
        let posts: Vec<_> = posts
            .map(|(at, receiver)| {
                let receiver = Arc::clone(receiver);
                let (signature, content_type, body) = (signature.clone(), content_type.clone(), body.clone());
                (at, tokio::spawn(async move { receiver.post(&signature, &content_type, body).await }))
            })
            .collect();
        let mut replies = Vec::new();
        for (at, post) in posts {
            if let Ok(reply) = post.await {
                delivered[at] = reply.is_ok();
                replies.push(reply);
            }
        }
        let is_forwarded = !delivered.is_empty() && delivered.iter().all(|delivered| *delivered);
        let is_kept = self.log.is_some() || self.inbox.is_some() || is_forwarded;
        let progress = if is_kept { Progress::Acknowledged } else { Progress::Forwarded(delivered) };
        lock(&self.known).insert(key, progress);
        let answer = if is_kept { "OK" } else { "503" };
        self.show(&callback, id, is_repeated, answer, &replies, started.elapsed());
        if is_kept { Ok(()) } else { Err("not forwarded") }
    }

    fn show(
        &self,
        callback: &Verified<Callback>,
        id: Option<u64>,
        is_repeated: bool,
        answer: &str,
        replies: &[Reply],
        took: Duration,
    ) {
        {
            let mut counts = lock(&self.counts);
            counts.verified += 1;
            counts.last = Some(Instant::now());
        }
        let callback = callback.get();
        let amount = |amount: Option<Amount>| amount.map(|amount| amount.to_string());
        let (asked, paid) = (amount(callback.order_amount), amount(callback.pay_amount));
        let direction = callback.biz_type.and_then(|kind| Direction::try_from(kind).ok());
        if output::is_json() {
            let replies: Vec<_> = replies.iter().map(Reply::as_json).collect();
            return print(&json!({
                "event": "callback", "id": id, "repeated": is_repeated, "direction": direction,
                "merchant_order_no": callback.merchant_order_no, "pay_order_id": callback.pay_order_id,
                "state": callback.state.code(), "order_amount": asked, "pay_amount": paid,
                "currency": callback.currency, "answer": answer, "millis": took.as_millis(), "forwards": replies,
            }));
        }
        let number = id.map(|id| format!("#{id} ")).unwrap_or_default();
        let again = match (is_repeated, self.forwards.is_empty(), self.forwards_repeated) {
            (false, ..) => "",
            (true, false, false) => "again, not forwarded without --forward-repeated: ",
            (true, ..) => "again: ",
        };
        let unknown = || "?".to_owned();
        let (asked, paid) = (asked.unwrap_or_else(unknown), paid.unwrap_or_else(unknown));
        let currency = callback.currency.as_ref().map(ToString::to_string).unwrap_or_default();
        let line = format!(
            "{number}{again}{} {} {}, {}, paid {paid} of {asked} {currency}; answered {answer} after {} ms",
            direction.map_or("order", Direction::as_str),
            callback.merchant_order_no,
            callback.pay_order_id,
            callback.state,
            took.as_millis(),
        );
        say(&line);
        for reply in replies {
            say(&format!("  -> {}", reply.as_text()));
        }
    }

    /// One line for a request that is not a verified callback, without a value of it.
    fn refuse(&self, rejection: &CallbackRejection) {
        let refused = {
            let mut counts = lock(&self.counts);
            counts.refused += 1;
            counts.refused
        };
        if output::is_json() {
            let (status, reason) = (rejection.status(), rejection.to_string());
            return print(
                &json!({ "event": "refused", "http_status": status, "reason": reason, "refused": refused }),
            );
        }
        say(&format!("refused ({refused} so far): {}", with_causes(rejection)));
    }

    /// Says from time to time that it still listens, and when the last callback came.
    async fn show_life(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let Counts { verified, repeated, refused, last } = *lock(&self.counts);
            let age = last.map(|last| last.elapsed().as_secs());
            if output::is_json() {
                let life = json!({ "verified": verified, "repeated": repeated, "refused": refused, "last_seconds_ago": age });
                output::message(&json!({ "heartbeat": life }).to_string());
            } else {
                let last = age.map_or("none yet".to_owned(), |age| format!("the last one {age} s ago"));
                output::message(&format!(
                    "listening: {verified} callbacks ({repeated} repeated), {last}; {refused} requests refused"
                ));
            }
        }
    }
}

/// A result whose reader has gone is lost; what is received does not depend on it.
fn say(line: &str) {
    let _ = output::line(line);
}

fn print(event: &Value) {
    let _ = output::json(event);
}

/// No code that holds one of these locks can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
