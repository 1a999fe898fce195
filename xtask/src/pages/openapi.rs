//! `docs/openapi.json`: calls, members and their certainty from `docs/wire.md`, values from the sets of `tarspay_types`, rules of
//! markets from its market data, examples from its tests.
//!
//! A test holds every schema against the model that reads it, and market rules against the check of the market data.

mod components;
mod markets;
#[cfg(test)]
mod tests;
mod wire;

use crate::shell::{Failure, read, root};
use serde_json::{Map, Value, json};
use std::fs;
use tarspay_types::market::Certainty;
use wire::{Section, certainty, sentence};

/// The tag of calls that are not about one market.
const EVERY_MARKET: &str = "Every market";

const ABOUT: &str = include_str!("openapi.md");

/// The pattern of a text that is not blank.
const NOT_BLANK: &str = r"\S";

/// A call: its section of `docs/wire.md`, its name, the schemas of request and `data`, and how the files of its examples are
/// called between market and `request` or `response`.
struct Call {
    section: &'static str,
    id: &'static str,
    request: Option<&'static str>,
    data: Option<&'static str>,
    example: Option<&'static str>,
}

impl Call {
    const fn new(section: &'static str, id: &'static str, request: &'static str, data: &'static str) -> Self {
        Self { section, id, request: Some(request), data: Some(data), example: None }
    }

    const fn like(mut self, example: &'static str) -> Self {
        self.example = Some(example);
        self
    }
}

const CALLS: &[Call] = &[
    Call::new("7.1", "createDeposit", "DepositRequest", "Deposit").like("deposit"),
    Call::new("7.2", "queryDeposit", "DepositQuery", "QueriedDeposit"),
    Call::new("7.3", "createWithdrawal", "WithdrawalRequest", "Withdrawal").like("withdraw"),
    Call::new("7.4", "queryWithdrawal", "WithdrawalQuery", "QueriedWithdrawal").like("withdraw-query"),
    Call::new("7.5", "queryCertificate", "CertificateQuery", "Certificate").like("certificate"),
    Call::new("7.6", "queryBalance", "BalanceQuery", "Balance").like("balance"),
    Call::new("7.7", "queryDepositByTrxId", "DepositByTrxIdQuery", "DepositByTrxId").like("trxid-query"),
    Call::new("7.8", "queryTransferByUtr", "TransferByUtrQuery", "TransferByUtr").like("utr-query"),
    Call::new("7.10", "queryTransaction", "TransactionQuery", "Transaction").like("trxid-query"),
    Call::new("7.11", "reprocessTransaction", "ReprocessingRequest", "Reprocessing").like("trxid-reprocess"),
    Call {
        section: "7.12",
        id: "submitTransaction",
        request: None,
        data: None,
        example: Some("trxid-submit"),
    },
];

/// Examples of the documentation that break its own rules: placeholders, and a required member that is missing.
const BROKEN_EXAMPLES: &[&str] = &[
    "brazil-certificate-request",
    "brazil-deposit-old-request",
    "mexico-deposit-request",
    "philippines-deposit-request",
];

/// The whole document.
pub(super) fn document() -> Result<Value, Failure> {
    let page = read(&root().join("docs/wire.md"))?;
    let examples = Examples::read()?;
    let calls = Section::find(&page, "7")?.table("call")?;
    let (mut paths, mut tags) = (Map::new(), Vec::new());
    for call in CALLS {
        let section = Section::find(&page, call.section)?;
        let path = section.title.split_once("`POST ").map_or("", |(_, path)| path.trim_end_matches('`'));
        let quoted = format!("`{path}`");
        let row = calls.iter().find(|row| row.get(1) == Some(&quoted.as_str()));
        let &[_, _, at, source] = row.map_or(&[][..], Vec::as_slice) else {
            return Err(Failure::new(format!("docs/wire.md: section 7 does not list {path}")));
        };
        let tag = if at == "all" { EVERY_MARKET } else { at };
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        let operation = operation(call, &section, tag, source, &examples)?;
        paths.insert(path.to_owned(), json!({ "post": operation }));
    }
    let base_address = Section::find(&page, "1")?.table("fact")?;
    let base_address =
        base_address.first().and_then(|row| row.get(1)).map_or("", |cell| cell.trim_matches('`'));
    Ok(json!({
        "openapi": "3.1.1",
        "info": {
            "title": "TarsPay merchant API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Deposits and withdrawals, described from outside, with how certain each fact is",
            "description": ABOUT,
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": base_address, "description": "The gateway" }],
        "tags": tags.iter().map(|tag| tag_of(tag)).collect::<Value>(),
        "security": [{ "apiKey": [], "apiNonce": [], "apiSignature": [] }],
        "paths": paths,
        "webhooks": { "orderResult": { "post": callback(&page, &examples)? } },
        "components": {
            "schemas": components::schemas(&page)?,
            "securitySchemes": components::headers(&page)?,
        },
    }))
}

fn operation(
    call: &Call,
    section: &Section<'_>,
    tag: &str,
    path_source: &str,
    examples: &Examples,
) -> Result<Value, Failure> {
    let summary = section.title.split_once(": `").map_or(section.title, |(name, _)| name);
    let mut operation = json!({
        "operationId": call.id,
        "summary": summary,
        "description": format!("{} Path: {path_source}.", section.words()),
        "tags": [tag],
        "x-certainty": certainty(path_source),
        "responses": {
            "200": {
                "description": "The call was accepted (code 0), or refused with another code",
                "content": { "application/json": {
                    "schema": { "anyOf": [reference(&components::accepted(call.data)), reference("Refusal")] },
                } },
            },
            "default": {
                "description": "The HTTP status of a refusal is not documented. Read the envelope whatever the status is.",
                "content": { "application/json": { "schema": reference("Refusal") } },
            },
        },
    });
    let shown =
        |end| call.example.map(|example| examples.of(tag, example, end)).filter(|shown| !shown.is_empty());
    if let Some(request) = call.request {
        let mut content = json!({ "schema": reference(request) });
        if let Some(examples) = shown("request") {
            content["examples"] = examples.into();
        }
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": content } });
    }
    if let Some(examples) = shown("response") {
        operation["responses"]["200"]["content"]["application/json"]["examples"] = examples.into();
    }
    let values: Vec<Value> =
        section.facts("path")?.iter().map(|fact| components::parameter("path", fact)).collect();
    if !values.is_empty() {
        operation["parameters"] = values.into();
    }
    Ok(operation)
}

fn tag_of(name: &str) -> Value {
    let words = if name == EVERY_MARKET {
        "Every market has them.".to_owned()
    } else {
        format!("Only {name} has them.")
    };
    json!({ "name": name, "description": words })
}

/// The callback, a webhook of the document.
fn callback(page: &str, examples: &Examples) -> Result<Value, Failure> {
    let section = Section::find(page, "10")?;
    let headers = section.facts("header")?;
    let facts = section.table("fact")?.iter().map(|row| sentence(row[0])).collect::<String>();
    Ok(json!({
        "operationId": "orderResult",
        "summary": "Callback: the result of an order",
        "description": facts.trim_end(),
        "tags": [EVERY_MARKET],
        "x-certainty": "doc",
        "security": [],
        "parameters": headers.iter().map(|fact| components::parameter("header", fact)).collect::<Value>(),
        "requestBody": {
            "required": true,
            "content": { "application/json": {
                "schema": reference("Callback"),
                "examples": examples.of(EVERY_MARKET, "callback", ""),
            } },
        },
        "responses": { "200": {
            "description": "The callback was received. Any other response: it is sent again.",
            "content": { "text/plain": { "schema": { "type": "string", "const": "OK" } } },
        } },
    }))
}

/// The documentation's own bodies, with the names of their files.
struct Examples(Vec<(String, Value)>);

impl Examples {
    fn read() -> Result<Self, Failure> {
        let folder = root().join("crates/tarspay-types/tests/data");
        let cannot = |error| Failure::to("read the examples", error);
        let mut examples = Vec::new();
        for entry in fs::read_dir(folder).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let value = serde_json::from_str(&read(&path)?)
                .map_err(|error| Failure::to(&format!("read {name}"), error))?;
            examples.push((name, value));
        }
        Ok(Self(examples))
    }

    /// The examples called `MARKET-kind-end`, also from an older page (`MARKET-kind-old-end`), of one market or of all.
    fn of(&self, tag: &str, kind: &str, end: &str) -> Map<String, Value> {
        let end = if end.is_empty() { String::new() } else { format!("-{end}") };
        let fits = |name: &str| {
            name.split_once('-').is_some_and(|(market, rest)| {
                let rest = rest.replace("-old", "").replace("-inr", "");
                (tag == EVERY_MARKET || tag.to_lowercase() == market) && rest == format!("{kind}{end}")
            })
        };
        let good = self.0.iter().filter(|(name, _)| fits(name) && !BROKEN_EXAMPLES.contains(&name.as_str()));
        good.map(|(name, value)| (name.clone(), json!({ "value": value }))).collect()
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// Words as a sentence.
fn text(words: &str) -> String {
    sentence(words).trim_end().to_owned()
}

/// The mark without brackets.
fn mark(certainty: Certainty) -> &'static str {
    certainty.mark().trim_matches(['[', ']'])
}
