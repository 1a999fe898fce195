//! The input: a signature that fails, and what is known about it.

use crate::candidate::{Body, Candidate, Target};
use crate::changes;
use crate::explanation::{Explanation, Outcome};
use crate::finding::{Finding, Signer, Spans, common_prefix};
use crate::mistake::Mistake;
use crate::search::{Match, Search};
use crate::signature::{self, ReadSignature, Targets, recover};
use std::collections::HashSet;
use std::fmt;
use tarspay_sign::{CallbackText, Digest, Parameters, PublicKey, SignaturePolicy};

/// The largest input, in bytes of body, path, query, nonces and hosts together.
pub const MAX_INPUT_BYTES: usize = 64 * 1024;

/// The largest number of known keys; further ones are not tried, and [`Explanation::is_complete`] says so.
pub const MAX_KNOWN_KEYS: usize = 64;

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
        Self { kind, body, signature: "", key: None, known: Vec::new(), policy, target }
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

    /// A key that may have signed by mistake, with a name for the report. Up to [`MAX_KNOWN_KEYS`] are tried; they cost
    /// little.
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
        let body = Body::read(self.body);
        let (right, changes) = match self.kind {
            Kind::Request => {
                (Candidate::request(target.path, target.nonce), changes::of_request(&target, &body))
            }
            Kind::Callback => {
                (Candidate::callback(target.path, target.nonce), changes::of_callback(&target, &body))
            }
        };
        let keys = self.keys();
        let targets = Targets::new(read.signature, &keys);
        let mut search = Search::new(&body, &targets);
        // Without a key nothing can fit.
        if !keys.is_empty() {
            search.run(&right, &changes);
        }
        let (found, candidates, complete) = search.finish();
        let expected = self.expected();
        let explanation = match found {
            Some(found) => {
                let spans = Spans::of(&right, &body);
                Explanation::explained(self.finding(found, read, expected, &keys, &spans))
            }
            None => Explanation::unexplained(self.recovered(read, expected.as_deref()), &read.mistakes),
        };
        explanation.counted(candidates, complete && self.known.len() <= MAX_KNOWN_KEYS)
    }

    fn finding(
        &self,
        found: Match,
        read: &ReadSignature,
        expected: Option<Vec<u8>>,
        keys: &[PublicKey],
        spans: &Spans,
    ) -> Finding {
        let key = keys[found.key];
        let mut observed = read.mistakes.clone();
        if self.key.is_some_and(|claimed| claimed != key) {
            observed.push(Mistake::OtherKey);
        }
        if expected.is_none() {
            observed.push(Mistake::BodyWithoutRule);
        }
        // Two texts of a callback are right, as received and in order: the closer one is compared.
        let received = (self.kind == Kind::Callback).then(|| self.body.to_vec());
        let closeness = |text: &Vec<u8>| (common_prefix(text, &found.text), *text == found.text);
        let expected = received.into_iter().chain(expected).max_by_key(closeness);
        Finding::new(found, &observed, expected, Signer { key, name: self.name_of(&key) }, spans)
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

    fn recovered(&self, read: &ReadSignature, expected: Option<&[u8]>) -> Vec<Signer> {
        let Some(text) = expected else { return Vec::new() };
        recover(&Digest::of(text), &read.signature)
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
