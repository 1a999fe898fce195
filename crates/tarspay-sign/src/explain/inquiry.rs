//! The question: what was claimed, and what may have gone wrong.

use super::body::Body;
use super::curve::{Targets, recover};
use super::difference::{Spans, common_prefix};
use super::explanation::{Explanation, Outcome};
use super::finding::{Finding, Signer};
use super::mistake::Mistake;
use super::reading::{self, Reading};
use super::recipe::Recipe;
use super::search::{Hit, Search};
use super::{callback_slips, request_slips};
use crate::{CallbackText, Digest, Parameters, PublicKey, SignaturePolicy};
use std::collections::HashSet;
use std::fmt;

/// The largest inquiry, in bytes of body, path, nonces and query together.
pub const MAX_INQUIRY_BYTES: usize = 64 * 1024;

/// The largest number of known keys; further ones are not tried, and [`Explanation::is_complete`] says so.
pub const MAX_KNOWN_KEYS: usize = 64;

/// How many other nonces and hosts are tried.
const MAX_ALTERNATIVES: usize = 4;

/// A signature that fails, with everything that is known about it.
///
/// Fill in what you know and call [`investigate`](Self::investigate). It does no I/O, never panics, and takes some tens
/// of milliseconds of CPU time at most for a body of usual size.
#[derive(Clone)]
pub struct Inquiry<'a> {
    kind: Kind,
    body: &'a [u8],
    signature: &'a str,
    key: Option<PublicKey>,
    known: Vec<(String, PublicKey)>,
    policy: SignaturePolicy,
    target: Target<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Request,
    Callback,
}

/// What stands before the parameters, and what may have been put in its place.
#[derive(Clone)]
pub(super) struct Target<'a> {
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) nonce: &'a str,
    pub(super) other_nonces: Vec<&'a str>,
    pub(super) hosts: Vec<&'a str>,
}

impl<'a> Inquiry<'a> {
    /// A request as it was received: the path, the text of `X-API-NONCE` and the raw body (no bytes for none).
    ///
    /// `path` may carry a query, as the target in the request line does; a query is no part of what is signed.
    pub fn request(path: &'a str, nonce: &'a str, body: &'a [u8]) -> Self {
        Self::new(Kind::Request, body).formula(path, nonce)
    }

    /// A callback as it was received: its raw body.
    pub fn callback(body: &'a [u8]) -> Self {
        Self::new(Kind::Callback, body)
    }

    fn new(kind: Kind, body: &'a [u8]) -> Self {
        let target = Target { path: "", query: None, nonce: "", other_nonces: Vec::new(), hosts: Vec::new() };
        let policy = SignaturePolicy::default();
        Self { kind, body, signature: "", key: None, known: Vec::new(), policy, target }
    }

    /// For a callback: a path and a nonce with which the formula of requests may have been used by mistake.
    #[must_use]
    pub fn formula(mut self, path: &'a str, nonce: &'a str) -> Self {
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
    /// Without it all known keys are equal, and none is a mistake.
    #[must_use]
    pub fn key(mut self, key: &PublicKey) -> Self {
        self.key = Some(*key);
        self
    }

    /// A key that may have signed by mistake, with a name for the report. Any number up to [`MAX_KNOWN_KEYS`]: they
    /// cost little.
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

    /// The policy of the verifier; at first [`SignaturePolicy::AcceptHighS`].
    #[must_use]
    pub fn signature_policy(mut self, policy: SignaturePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Tries the likely mistakes and their pairs.
    ///
    /// The explanation is for people. It decides nothing: to accept or refuse, verify.
    pub fn investigate(&self) -> Explanation {
        if self.signature.is_empty() {
            return Explanation::without_search(Outcome::SignatureMissing);
        }
        if self.bytes() > MAX_INQUIRY_BYTES {
            return Explanation::without_search(Outcome::TooLarge);
        }
        let Some(mut reading) = reading::read(self.signature) else {
            return Explanation::without_search(Outcome::SignatureUnreadable);
        };
        if self.policy == SignaturePolicy::RequireLowS && reading.signature.is_high_s() {
            reading.mistakes.push(Mistake::HighS);
        }
        self.search(&reading)
    }

    fn search(&self, reading: &Reading) -> Explanation {
        let mut target = self.target.clone();
        target.other_nonces.truncate(MAX_ALTERNATIVES);
        target.hosts.truncate(MAX_ALTERNATIVES);
        let body = Body::read(self.body);
        let (right, slips) = match self.kind {
            Kind::Request => (Recipe::request(target.path, target.nonce), request_slips::all(&target, &body)),
            Kind::Callback => {
                (Recipe::callback(target.path, target.nonce), callback_slips::all(&target, &body))
            }
        };
        let keys = self.keys();
        let targets = Targets::new(reading.signature, &keys);
        let mut search = Search::new(&body, &targets);
        // Without a key nothing can fit.
        if !keys.is_empty() {
            search.run(&right, &slips);
        }
        let (hit, candidates, complete) = search.finish();
        let expected = self.expected();
        let explanation = match hit {
            Some(hit) => {
                let spans = Spans::of(&right, &body);
                Explanation::explained(self.finding(hit, reading, expected, &keys, &spans))
            }
            None => Explanation::unexplained(self.recovered(reading, expected.as_deref()), &reading.mistakes),
        };
        explanation.counted(candidates, complete && self.known.len() <= MAX_KNOWN_KEYS)
    }

    fn finding(
        &self,
        hit: Hit,
        reading: &Reading,
        expected: Option<Vec<u8>>,
        keys: &[PublicKey],
        spans: &Spans,
    ) -> Finding {
        let key = keys[hit.key];
        let mut observed = reading.mistakes.clone();
        if self.key.is_some_and(|claimed| claimed != key) {
            observed.push(Mistake::OtherKey);
        }
        if expected.is_none() {
            observed.push(Mistake::BodyWithoutRule);
        }
        // A callback is as right as received as it is in order: the closer text is the one to compare with.
        let received = (self.kind == Kind::Callback).then(|| self.body.to_vec());
        let closeness = |text: &Vec<u8>| (common_prefix(text, &hit.text), *text == hit.text);
        let expected = received.into_iter().chain(expected).max_by_key(closeness);
        Finding::new(hit, &observed, expected, Signer { key, name: self.name_of(&key) }, spans)
    }

    /// The claimed key and the known ones, each once, the claimed one first.
    fn keys(&self) -> Vec<PublicKey> {
        let mut unique = HashSet::new();
        let known = self.known.iter().take(MAX_KNOWN_KEYS).map(|(_, key)| *key);
        self.key.into_iter().chain(known).filter(|key| unique.insert(*key)).collect()
    }

    fn name_of(&self, key: &PublicKey) -> Option<String> {
        self.known.iter().find(|(_, known)| known == key).map(|(name, _)| name.clone())
    }

    fn recovered(&self, reading: &Reading, expected: Option<&[u8]>) -> Vec<Signer> {
        let Some(text) = expected else { return Vec::new() };
        recover(&Digest::of(text), &reading.signature)
            .into_iter()
            .map(|key| Signer { key, name: self.name_of(&key) })
            .collect()
    }

    fn bytes(&self) -> usize {
        let Target { path, query, nonce, other_nonces, hosts } = &self.target;
        let texts = other_nonces.iter().chain(hosts).chain([path, nonce]).chain(query);
        self.body.len() + texts.map(|text| text.len()).sum::<usize>()
    }

    /// The text that the gateway expects; `None` if the body has no signing rule.
    fn expected(&self) -> Option<Vec<u8>> {
        if self.kind == Kind::Callback {
            let ordered = CallbackText::from_json(self.body);
            return Some(
                ordered.map_or_else(|_| self.body.to_vec(), |text| text.as_str().as_bytes().to_vec()),
            );
        }
        let parameters =
            if self.body.is_empty() { Parameters::none() } else { Parameters::from_json(self.body).ok()? };
        let Target { path, nonce, .. } = self.target;
        Some(format!("POST|{path}|{nonce}|{}", parameters.as_str()).into_bytes())
    }
}

impl fmt::Debug for Inquiry<'_> {
    /// Shows the size of the body only: the values can be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inquiry")
            .field("kind", &self.kind)
            .field("path", &self.target.path)
            .field("body_bytes", &self.body.len())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
