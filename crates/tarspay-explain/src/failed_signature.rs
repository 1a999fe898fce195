//! The input: a signature that fails, and what is known about it.

use crate::body::{Body, Json};
use crate::candidate::{Candidate, Target};
use crate::changes;
use crate::explanation::{Explanation, Outcome};
use crate::finding::{Finding, Signer, Spans, common_prefix};
use crate::mistake::Mistake;
use crate::search::{MAX_CANDIDATES, Match, Search};
use crate::signature::{self, ReadSignature, Signers};
use std::collections::HashSet;
use std::fmt;
use tarspay_sign::{CallbackText, Digest, Parameters, PublicKey, SignaturePolicy};

/// The largest input, in bytes of body, path, query, nonces and hosts together.
pub const MAX_INPUT_BYTES: usize = 64 * 1024;

/// How many other nonces and hosts are tried.
const MAX_ALTERNATIVES: usize = 4;

/// A signature that fails, with everything that is known about it.
///
/// Fill in what you know and call [`explain`](Self::explain). It does no I/O, never panics, and takes some tens
/// of milliseconds of CPU time at most for a body of usual size.
#[derive(Clone)]
pub struct FailedSignature<'a> {
    kind: Kind,
    body: &'a [u8],
    signature: &'a str,
    key: Option<PublicKey>,
    known: Vec<(String, PublicKey)>,
    policy: SignaturePolicy,
    target: Target<'a>,
    max_candidates: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Request,
    Callback,
}

impl<'a> FailedSignature<'a> {
    /// A request as it was received: the path, the text of `X-API-NONCE` and the raw body, which may be empty.
    ///
    /// `path` may have a query, as the target in the request line does. The query is not signed.
    pub fn of_request(path: &'a str, nonce: &'a str, body: &'a [u8]) -> Self {
        Self::new(Kind::Request, body).request_formula(path, nonce)
    }

    /// A callback as it was received: its raw body.
    pub fn of_callback(body: &'a [u8]) -> Self {
        Self::new(Kind::Callback, body)
    }

    fn new(kind: Kind, body: &'a [u8]) -> Self {
        let target = Target { path: "", query: None, nonce: "", other_nonces: Vec::new(), hosts: Vec::new() };
        let policy = SignaturePolicy::default();
        let (known, max_candidates) = (Vec::new(), MAX_CANDIDATES);
        Self { kind, body, signature: "", key: None, known, policy, target, max_candidates }
    }

    /// For a callback: the path and the nonce with which it may have been signed like a request.
    #[must_use]
    pub fn request_formula(mut self, path: &'a str, nonce: &'a str) -> Self {
        let path = path.split_once('#').map_or(path, |(path, _)| path);
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        self.target.path = path;
        self.target.query = query;
        self.target.nonce = nonce;
        self
    }

    /// The text of the signature header.
    #[must_use]
    pub fn signature(mut self, text: &'a str) -> Self {
        self.signature = text;
        self
    }

    /// The key that the signature should belong to: `X-API-KEY`, or for a callback the gateway's system key.
    ///
    /// Without it any known key is right.
    #[must_use]
    pub fn key(mut self, key: &PublicKey) -> Self {
        self.key = Some(*key);
        self
    }

    /// A key that may have signed by mistake, with a name for the report. Many keys cost no more than one.
    #[must_use]
    pub fn known_key(mut self, name: impl Into<String>, key: &PublicKey) -> Self {
        self.known.push((name.into(), *key));
        self
    }

    /// A nonce that may have been signed in place of the header's.
    #[must_use]
    pub fn other_nonce(mut self, nonce: &'a str) -> Self {
        self.target.other_nonces.push(nonce);
        self
    }

    /// A host, with its port if it has one, that may stand before the path: the value of the `Host` header.
    #[must_use]
    pub fn host(mut self, host: &'a str) -> Self {
        self.target.hosts.push(host);
        self
    }

    /// The policy of the verifier. Default: [`SignaturePolicy::AcceptHighS`].
    #[must_use]
    pub fn signature_policy(mut self, policy: SignaturePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The most digests to compare; [`MAX_CANDIDATES`] by default. The likely mistakes come first: with 500, which take
    /// less than 10 milliseconds, each mistake alone is tried for a usual body, and the everyday ones in pairs.
    #[must_use]
    pub fn max_candidates(mut self, most: usize) -> Self {
        self.max_candidates = most;
        self
    }

    /// Tries the likely mistakes and their pairs.
    ///
    /// The explanation is for people. It decides nothing; to accept or refuse a message, verify it.
    pub fn explain(&self) -> Explanation {
        if self.signature.is_empty() {
            return Explanation::without_search(Outcome::SignatureMissing);
        }
        if self.bytes() > MAX_INPUT_BYTES {
            return Explanation::without_search(Outcome::TooLarge);
        }
        let Some(mut read) = signature::read(self.signature) else {
            return Explanation::without_search(Outcome::SignatureUnreadable);
        };
        if self.policy == SignaturePolicy::RequireLowS && read.signature.is_high_s() {
            read.mistakes.push(Mistake::HighS);
        }
        self.search(&read)
    }

    fn search(&self, read: &ReadSignature) -> Explanation {
        let mut target = self.target.clone();
        target.other_nonces.truncate(MAX_ALTERNATIVES);
        target.hosts.truncate(MAX_ALTERNATIVES);
        let json = Json::of(self.body);
        let body = Body::read(self.body, &json);
        let (right, changes) = match self.kind {
            Kind::Request => {
                (Candidate::request(target.path, target.nonce), changes::of_request(&target, &body))
            }
            Kind::Callback => {
                (Candidate::callback(target.path, target.nonce), changes::of_callback(&target, &body))
            }
        };
        let spans = Spans::of(&right, &body);
        let keys = self.keys();
        let signers = Signers::new(read.signature, &keys);
        let search = Search::new(&body, &signers, right, changes, self.max_candidates);
        let explanation = if let Some(found) = search.found() {
            Explanation::explained(self.finding(found, read, &json, &body, &keys, &spans))
        } else {
            let recovered = self.expected(&json).map(|text| signers.recovered(&Digest::of(text)));
            let named = |key| Signer { key, name: self.name_of(&key) };
            let recovered = recovered.into_iter().flatten().map(named).collect();
            let mut noticed = [&read.mistakes[..], &self.noticed(&json)].concat();
            noticed.sort_unstable();
            Explanation::unexplained(recovered, &noticed)
        };
        explanation.counted(search.work(), search.is_complete())
    }

    /// What can be seen on path, nonce and body, whatever was signed.
    fn noticed(&self, json: &Json<'_>) -> Vec<Mistake> {
        let body = self.body_mistake(json);
        if self.kind == Kind::Callback {
            return body.into_iter().collect();
        }
        let Target { path, nonce, .. } = self.target;
        let empty = self.body.is_empty().then_some(Mistake::BodyEmpty);
        let slashes = path.contains("//").then_some(Mistake::SlashTooManyInUrl);
        let is_millis = nonce.len() == 13 && nonce.bytes().all(|byte| byte.is_ascii_digit());
        let unit = (!is_millis).then_some(Mistake::HeaderNonceNotMillis);
        body.into_iter().chain(empty).chain(slashes).chain(unit).collect()
    }

    /// What keeps the body from being signed.
    fn body_mistake(&self, json: &Json<'_>) -> Option<Mistake> {
        let can_be_signed = match self.kind {
            Kind::Request => self.body.is_empty() || Parameters::from_json(self.body).is_ok(),
            Kind::Callback => CallbackText::from_json(self.body).is_ok(),
        };
        (!can_be_signed).then(|| json.mistake.unwrap_or(Mistake::BodyWithoutRule))
    }

    fn finding(
        &self,
        found: Match,
        read: &ReadSignature,
        json: &Json<'_>,
        body: &Body<'_>,
        keys: &[PublicKey],
        spans: &Spans,
    ) -> Finding {
        let key = keys[found.key];
        let mut observed = read.mistakes.clone();
        if self.key.is_some_and(|claimed| claimed != key) {
            observed.push(Mistake::OtherKey);
        }
        // The bytes of a callback as received can be verified whatever they are.
        if self.kind == Kind::Request || found.text != self.body {
            observed.extend(self.body_mistake(json));
        }
        // Two texts of a callback are right, as received and in order: the closer one is compared.
        let received = (self.kind == Kind::Callback).then(|| self.body.to_vec());
        let closeness = |text: &Vec<u8>| (common_prefix(text, &found.text), *text == found.text);
        let expected = received.into_iter().chain(self.expected(json)).max_by_key(closeness);
        let left_out = found.candidate.parameters.left_out;
        let names = body.fields().iter().take(63).enumerate();
        let members =
            names.filter(|(index, _)| left_out >> index & 1 == 1).map(|(_, field)| field.name.clone());
        let members = members.collect();
        Finding::new(found, &observed, members, expected, Signer { key, name: self.name_of(&key) }, spans)
    }

    /// The claimed key and the known ones, each once, the claimed one first.
    fn keys(&self) -> Vec<PublicKey> {
        let mut unique = HashSet::new();
        let known = self.known.iter().map(|(_, key)| *key);
        self.key.into_iter().chain(known).filter(|key| unique.insert(*key)).collect()
    }

    fn name_of(&self, key: &PublicKey) -> Option<String> {
        self.known.iter().find(|(_, known)| known == key).map(|(name, _)| name.clone())
    }

    fn bytes(&self) -> usize {
        let Target { path, query, nonce, other_nonces, hosts } = &self.target;
        let texts = other_nonces.iter().chain(hosts).chain([path, nonce]).chain(query);
        self.body.len() + texts.map(|text| text.len()).sum::<usize>()
    }

    /// The text that the gateway expects; `None` if the body has no signing rule, even for a lenient reader.
    fn expected(&self, json: &Json<'_>) -> Option<Vec<u8>> {
        if self.kind == Kind::Callback {
            let ordered = CallbackText::from_json(&json.text);
            return Some(
                ordered.map_or_else(|_| self.body.to_vec(), |text| text.as_str().as_bytes().to_vec()),
            );
        }
        let parameters =
            if json.text.is_empty() { Parameters::none() } else { Parameters::from_json(&json.text).ok()? };
        let Target { path, nonce, .. } = self.target;
        Some(format!("POST|{path}|{nonce}|{}", parameters.as_str()).into_bytes())
    }
}

impl fmt::Debug for FailedSignature<'_> {
    /// Shows the size of the body only: the values can be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailedSignature")
            .field("kind", &self.kind)
            .field("path", &self.target.path)
            .field("body_bytes", &self.body.len())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
