//! `tarspay call PATH`, and what all calls have in common: the dry run, and how a response is shown.

use crate::failure::Failure;
use crate::guard;
use crate::members::{Body, Given};
use crate::output;
use crate::settings::Gateway;
use serde::{Serialize, Serializer};
use serde_json::json;
use std::borrow::Cow;
use tarspay::sign::{NonceSource, Parameters, RequestToSign};
use tarspay::types::{self, Effect, Members, MerchantNo, OrderState, RawJson, Request};
use tarspay::{Client, Credentials};

/// How a call is made.
#[derive(Debug, clap::Args)]
pub(crate) struct Caller {
    #[command(flatten)]
    gateway: Gateway,
    /// Sign, print a curl command that makes the call, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Call {
    #[command(flatten)]
    caller: Caller,
    /// Path of the call, such as /api/balanceInfo
    path: String,
    #[command(flatten)]
    body: Body,
    /// The request has no body; without it, mchNo is always sent
    #[arg(long, conflicts_with_all = ["bodies", "sets"])]
    no_body: bool,
    /// Also allow other paths than the documented queries at a production gateway. Those that create
    /// an order stay refused: use `deposit create`, `withdrawal create` or `proxy`
    #[arg(long)]
    allow_money: bool,
}

/// A request by its path and members.
pub(crate) struct Untyped {
    pub(crate) path: String,
    pub(crate) effect: Effect,
    /// `None` for a request without a body.
    pub(crate) members: Option<Members>,
}

impl Serialize for Untyped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.members.serialize(serializer)
    }
}

impl Request for Untyped {
    type Response = Option<RawJson>;

    fn path(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.path)
    }

    fn effect(&self) -> Effect {
        self.effect
    }

    fn body(&self, merchant_no: &MerchantNo) -> Result<Option<Members>, types::Error> {
        let Some(members) = &self.members else { return Ok(None) };
        let mut members = members.clone();
        members.insert("mchNo", merchant_no)?;
        Ok(Some(members))
    }
}

impl Caller {
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        self.gateway.client()
    }

    pub(crate) fn open(&self) -> Result<(Client, Credentials), Failure> {
        self.gateway.settings()?.open()
    }

    /// Makes a call that creates no order, or only shows it.
    pub(crate) async fn call<R>(&self, request: R) -> Result<Option<R::Response>, Failure>
    where
        R: Request<Response: Send> + Send + Sync + 'static,
    {
        let (client, credentials) = self.open()?;
        if self.dry_run {
            return curl(&client, &credentials, &request).map(|()| None);
        }
        let path = request.path().into_owned();
        client.call(request).await.map(Some).map_err(|error| Failure::of_call(&path, &error))
    }

    /// Makes a call, and shows its response.
    pub(crate) async fn show<R>(&self, request: R) -> Result<(), Failure>
    where
        R: Request<Response: Serialize + Send> + Send + Sync + 'static,
    {
        let is_read = request.effect().is_read();
        let shown = self.call(request).await?.map_or(Ok(()), |response| show(&[], &response));
        if is_read { shown } else { shown.map_err(Failure::after_the_call) }
    }
}

pub(crate) async fn run(args: Call) -> Result<(), Failure> {
    let Call { caller, path, body, no_body, allow_money } = args;
    let client = caller.client()?;
    let is_query = guard::is_documented_query(&path);
    let order = match path.as_str() {
        "/api/pay/unifiedOrder" => Some("deposit"),
        "/api/payOut/unifiedOrder" => Some("withdrawal"),
        _ => None,
    };
    if let Some(order) = order.filter(|_| !caller.dry_run) {
        let reason =
            format!("{path} creates an order, and a lost response could make it two; nothing was sent");
        return Err(
            Failure::usage(reason).detail(format!("Give the same members to `tarspay {order} create`."))
        );
    }
    if !is_query && !allow_money && !caller.dry_run && guard::is_production(client.base_url()) {
        let reason = format!("{path} is not a documented query, so it may move real money; nothing was sent");
        return Err(
            Failure::usage(reason).detail(format!("To call it at {} give --allow-money.", client.base_url()))
        );
    }
    let mut given = Given::default();
    body.add_to(&mut given)?;
    given.without_merchant(client.merchant_no())?;
    let effect = if is_query { Effect::Read } else { Effect::Other };
    let members = (!no_body).then_some(given.members);
    caller.show(Untyped { path, effect, members }).await
}

/// Signs a request, and prints a curl command that makes it.
pub(crate) fn curl(
    client: &Client,
    credentials: &Credentials,
    request: &impl Request,
) -> Result<(), Failure> {
    let key = credentials.private_key().ok_or_else(|| Failure::usage("no private key"))?;
    let body = request
        .body(client.merchant_no())
        .map_err(|error| Failure::refused("the request cannot be made").caused_by(&error))?;
    let parameters =
        body.map_or_else(|| Ok(Parameters::none()), |body| Parameters::from_members(body.iter()));
    let signed = parameters
        .and_then(|parameters| {
            RequestToSign::new(&request.path(), NonceSource::new().next_nonce(), parameters)
        })
        .map_err(|error| Failure::refused("the request cannot be signed").caused_by(&error))?
        .sign(key);
    let url = format!("{}{}", client.base_url(), signed.path());
    let mut words = vec!["curl --silent --show-error --request POST".to_owned(), quoted(&url)];
    let headers = signed
        .headers()
        .pairs()
        .map(|(name, value)| format!("--header {}", quoted(&format!("{name}: {value}"))));
    words.extend(headers);
    let body = String::from_utf8_lossy(signed.body());
    let content_type =
        if body.is_empty() { "Content-Type:" } else { "Content-Type: application/json;charset=utf-8" };
    // Escaped as JSON, the body has the same values, so the signature fits.
    let body = output::printable_json(&body);
    words.push(format!("--header {} --data-raw {}", quoted(content_type), quoted(&body)));
    let command = words.join(" ");
    if output::is_json() {
        let string = signed.string_to_sign();
        return output::json(&json!({ "curl": command, "string_to_sign": string, "body": body }));
    }
    output::line(&command)
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Shows these facts, and the members of a response as they came.
pub(crate) fn show(facts: &[(&str, String)], response: &impl Serialize) -> Result<(), Failure> {
    let unusable = |error: types::Error| Failure::refused("the response cannot be shown").caused_by(&error);
    let data = RawJson::new(response).map_err(unusable)?;
    if output::is_json() {
        let mut object = Members::new();
        for (name, value) in facts {
            object.insert(*name, value).map_err(unusable)?;
        }
        object.insert("data", &data).map_err(unusable)?;
        let text = RawJson::new(&object).map_err(unusable)?;
        return output::line(&output::printable_json(&compact(text.get())));
    }
    let mut rows: Vec<(String, String)> =
        facts.iter().map(|(name, value)| (name.replace('_', " "), value.clone())).collect();
    match data.members() {
        Some(members) => rows.extend(members.iter().map(|(name, json)| (name.to_owned(), plain(name, json)))),
        None => rows.push(("data".to_owned(), plain("data", data.get()))),
    }
    output::table(&rows.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
}

/// A value for people: a text without its quotes, a state with its meaning.
fn plain(name: &str, json: &str) -> String {
    let text = serde_json::from_str::<String>(json).unwrap_or_else(|_| compact(json));
    match text.parse() {
        Ok(code) if matches!(name, "state" | "orderState") => OrderState::from_code(code).to_string(),
        _ if text.starts_with(['{', '[']) && text.len() > 200 => {
            format!("({} bytes; see --json)", text.len())
        }
        _ => text,
    }
}

/// JSON on one line: the same tokens without white space between them.
fn compact(json: &str) -> String {
    let (mut is_text, mut is_escaped) = (false, false);
    let keep = |character: &char| {
        let kept = is_text || !character.is_ascii_whitespace();
        is_text ^= *character == '"' && !is_escaped;
        is_escaped = is_text && *character == '\\' && !is_escaped;
        kept
    };
    json.chars().filter(keep).collect()
}
