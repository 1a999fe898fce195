//! Whether a signature is valid and, if not, why: what `verify` and `explain` say.

use crate::failure::{Failure, with_causes};
use crate::output::Mark;
use crate::pasted::split_url;
use crate::{input, output};
use serde_json::{Map, Value, json};
use tarspay::sign::{
    CallbackVerifier, Digest, ErrorKind, Nonce, Parameters, PrivateKey, PublicKey, RequestToSign, Signature,
    SignaturePolicy, SignedForm,
};
use tarspay_explain::{Aligned, Explanation, FailedSignature, Finding, Outcome};

const SYSTEM_KEY: &str = "the gateway's system key";
const SENT_KEY: &str = "the X-API-KEY of the request";
const FORM: &str = "the text must look like POST|/api/balanceInfo|1704180814988|mchNo=M1688443086: method, path, nonce \
                    and members with | between them, the members sorted by name";
const AS_RECEIVED: &str = "over the bytes as received";
const AS_ORDERED: &str = "over the members as ordered compact JSON";

/// A request as it was sent, with its signature.
#[derive(Debug, Default)]
pub(crate) struct SentRequest {
    /// The path, perhaps with a query.
    pub(crate) target: String,
    pub(crate) nonce: String,
    pub(crate) body: Vec<u8>,
    pub(crate) hosts: Vec<String>,
    pub(crate) key: Option<PublicKey>,
    /// The key of its header, which is not the one to check with if another was given.
    pub(crate) sent_key: Option<PublicKey>,
    pub(crate) signature: String,
    pub(crate) policy: SignaturePolicy,
}

/// What is known about a signature.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Why it is not valid.
    reason: Option<String>,
    /// What a valid one was made over; of a callback programs are told.
    over: &'static str,
    is_callback: bool,
    /// The text that the gateway checks, where it can be made.
    expected: Option<String>,
    /// A text of the caller's own, to compare with it.
    pub(crate) own: Option<String>,
    /// Where the signature has a character that is not a hex digit.
    not_hex: Option<String>,
    /// What else is remarkable.
    pub(crate) notes: Vec<String>,
    explanation: Option<Explanation>,
}

impl Verdict {
    fn valid_callback(over: &'static str) -> Self {
        Self { over, is_callback: true, ..Self::default() }
    }

    /// The verdict on a digest that was signed in place of a signature.
    pub(crate) fn on_digest(mut self) -> Self {
        self.over = "this is the digest of the text that the gateway makes";
        let other = "the digest is not that of the text that the gateway makes";
        self.reason = self.reason.map(|_| other.to_owned());
        // Its key is of no meaning.
        self.explanation = self.explanation.filter(|one| one.outcome() == Outcome::Explained);
        self
    }

    /// What people read about a signature that is not valid.
    fn lines(&self) -> Vec<String> {
        let columns = output::columns();
        let mut lines: Vec<_> = self.notes.iter().map(|note| format!("- {note}")).collect();
        let explanation = self.explanation.as_ref();
        let report = explanation.filter(|one| one.outcome() != Outcome::NothingToExplain);
        let report = report.map(|one| one.report().width(columns).to_string());
        lines.extend(report.unwrap_or_default().lines().map(str::to_owned));
        let is_shown = |own: &str| {
            let finding = explanation.and_then(Explanation::finding);
            finding.is_some_and(|finding| finding.signed_bytes() == own.as_bytes())
        };
        match (&self.own, &self.expected) {
            (Some(own), Some(expected)) if own == expected => {
                lines.push("your text is the one that the gateway checks".to_owned());
            }
            (Some(own), Some(expected)) if !is_shown(own) => {
                lines.push("your text, and the one that the gateway checks:".to_owned());
                lines.extend(
                    Aligned::new(own, expected).width(columns).to_string().lines().map(str::to_owned),
                );
            }
            _ => {}
        }
        if let Some(text) = self.expected.as_ref().or(self.own.as_ref()) {
            lines.push(format!("string to sign: {text}"));
            lines.push(format!("digest: {}", Digest::of(text)));
            let signed = explanation.and_then(Explanation::finding).map(Finding::signed_digest);
            let signed = signed.filter(|digest| *digest != Digest::of(text));
            lines.extend(signed.map(|digest| format!("signed digest: {digest}")));
        }
        lines.extend(self.not_hex.clone());
        lines
    }

    fn json(&self) -> Value {
        let mut facts = Map::from_iter([("valid".to_owned(), self.reason.is_none().into())]);
        if self.reason.is_none() && self.is_callback {
            facts.insert("signed".to_owned(), self.over.into());
        }
        if !self.notes.is_empty() {
            facts.insert("notes".to_owned(), self.notes.clone().into());
        }
        let Some(reason) = &self.reason else { return facts.into() };
        let explanation = self.explanation.as_ref();
        let mistakes = explanation.map(Explanation::mistakes).unwrap_or_default();
        let finding = explanation.and_then(Explanation::finding);
        let difference = finding.and_then(Finding::first_difference);
        let signers = explanation.map(Explanation::recovered_keys).unwrap_or_default();
        facts.extend([
            ("reason".to_owned(), reason.as_str().into()),
            ("mistakes".to_owned(), mistakes.iter().map(|mistake| mistake.name()).collect()),
            ("to_do".to_owned(), mistakes.iter().map(|mistake| mistake.advice()).collect()),
            ("explanation".to_owned(), explanation.map(ToString::to_string).into()),
            ("string_to_sign".to_owned(), self.expected.as_deref().into()),
            ("signed".to_owned(), finding.map(|finding| finding.signed_text().into_owned()).into()),
            (
                "first_difference".to_owned(),
                difference.map(|one| json!({ "byte": one.offset(), "place": one.place() })).into(),
            ),
            ("possible_keys".to_owned(), signers.iter().map(|signer| signer.key().to_string()).collect()),
        ]);
        facts.into()
    }

    /// Says it. Only a valid signature succeeds; an explanation never accepts one.
    pub(crate) fn say(self, explains: bool) -> Result<(), Failure> {
        if output::is_json() {
            output::json(&self.json())?;
        }
        let Some(reason) = &self.reason else {
            if output::is_json() {
                return Ok(());
            }
            output::marked(Mark::Good, "valid:", self.over)?;
            if self.own.as_ref().zip(self.expected.as_ref()).is_some_and(|(own, expected)| own != expected) {
                output::marked(Mark::Warning, "note:", "your text is not the one that was signed")?;
            }
            return self.notes.iter().try_for_each(|note| output::marked(Mark::Warning, "note:", note));
        };
        let failure = Failure::refused(format!("not valid: {reason}"));
        if explains && !output::is_json() {
            self.lines().iter().try_for_each(|line| match line.trim_start() {
                "^" => output::marked(Mark::Bad, line, ""),
                _ => output::line(line),
            })?;
            return Err(failure);
        }
        Err(self.lines().into_iter().fold(failure, Failure::detail))
    }
}

impl SentRequest {
    /// The text that the gateway makes of this request.
    fn to_sign(&self) -> Result<RequestToSign, String> {
        let path = self.target.split(['?', '#']).next().unwrap_or_default();
        let parameters =
            if self.body.is_empty() { Ok(Parameters::none()) } else { Parameters::from_json(&self.body) };
        let nonce: Result<Nonce, _> = self.nonce.parse();
        let request = nonce.and_then(|nonce| RequestToSign::new(path, nonce, parameters?));
        request.map_err(|error| with_causes(&error))
    }

    fn verify(&self, digest: &Digest) -> Result<(), String> {
        let Some(key) = self.key else { return Err("there is no public key to check it with".to_owned()) };
        Signature::from_hex(&self.signature)
            .and_then(|signature| key.verify(digest, &signature, self.policy))
            .map_err(|error| with_causes(&error))
    }

    fn explain(&self) -> Explanation {
        let failed = FailedSignature::of_request(&self.target, &self.nonce, &self.body)
            .known_key(SYSTEM_KEY, &PublicKey::system())
            .signature(&self.signature)
            .signature_policy(self.policy);
        let failed = self.hosts.iter().fold(failed, |failed, host| failed.host(host));
        let sent_key = self.sent_key.filter(|key| self.key != Some(*key));
        let failed = sent_key.iter().fold(failed, |failed, key| failed.known_key(SENT_KEY, key));
        self.key.as_ref().map_or(failed.clone(), |key| failed.key(key)).explain()
    }

    /// Whether the signature is valid and, if that is asked, why not.
    pub(crate) fn verdict(&self, explains: bool) -> Verdict {
        let to_sign = self.to_sign();
        let reason = match &to_sign {
            Ok(request) => self.verify(&request.digest()).err(),
            Err(reason) => Some(reason.clone()),
        };
        Verdict {
            explanation: (reason.is_some() && explains).then(|| self.explain()),
            reason,
            over: "made over this request with this key",
            expected: to_sign.ok().map(|request| request.string_to_sign().to_owned()),
            not_hex: not_hex(&self.signature),
            ..Verdict::default()
        }
    }

    /// The same for a digest in place of the signature: whose text is it the digest of? A key that is made for this
    /// signs it, so that the same search finds it.
    pub(crate) fn with_digest(mut self, digest: &Digest) -> Result<Self, Failure> {
        let key = PrivateKey::generate().map_err(|error| Failure::usage("no key").caused_by(&error))?;
        (self.key, self.signature) = (Some(key.public_key()), key.sign(digest).to_string());
        Ok(self)
    }

    /// Whether the signature belongs to a text itself and, if that is asked, whether the gateway can make this text of a
    /// request: the request is read back from it, as far as that goes.
    pub(crate) fn verdict_on(mut self, text: &str, is_a_request: bool, explains: bool) -> Verdict {
        let fits = self.verify(&Digest::of(text));
        let mut verdict = Verdict::default();
        let mut has_form = !is_a_request;
        if let [_, path, nonce, parameters] = text.trim_end().splitn(4, '|').collect::<Vec<_>>()[..] {
            let path = if path.contains("://") { split_url(path).1 } else { path };
            (self.target, self.nonce) = (format!("/{}", path.trim_start_matches('/')), nonce.to_owned());
            self.body = body_of(parameters).into_bytes();
            let expected = self.to_sign();
            has_form |= expected.is_ok_and(|request| request.string_to_sign() == text);
            if explains && (fits.is_err() || !has_form) {
                verdict = self.verdict(true);
                let note = "the members are read from the text; if a value holds &, give --body FILE too";
                verdict.notes.push(note.to_owned());
            }
        } else if is_a_request {
            verdict.notes.push(FORM.to_owned());
        }
        if fits.is_ok() && has_form {
            return Verdict { over: "made over this text with this key", ..Verdict::default() };
        }
        let other = "the signature fits this text, but the gateway makes another one of a request";
        Verdict {
            reason: Some(fits.err().unwrap_or_else(|| other.to_owned())),
            own: Some(text.to_owned()),
            not_hex: not_hex(&self.signature),
            ..verdict
        }
    }
}

/// The JSON whose members have been joined to this text.
fn body_of(parameters: &str) -> String {
    let mut members: Vec<(&str, String)> = Vec::new();
    for pair in parameters.split('&') {
        match (pair.split_once('='), members.last_mut()) {
            // The query of a URL goes on.
            (Some((name, _)), Some((last, value))) if value.contains('?') && name < *last => {
                *value = format!("{value}&{pair}");
            }
            (Some((name, value)), _) => members.push((name, value.to_owned())),
            (None, Some((_, value))) => *value = format!("{value}&{pair}"),
            (None, None) => {}
        }
    }
    let members = members.into_iter().map(|(name, value)| format!("{}:{}", json!(name), json!(value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Whether the signature of a callback is valid and, if that is asked, why not.
pub(crate) fn of_callback(
    key: &PublicKey,
    signature: &str,
    bytes: &[u8],
    explains: bool,
) -> Result<Verdict, Failure> {
    let verifier = CallbackVerifier::trusting(*key);
    // Editors add a byte order mark and a line end, but a receiver may have them in its body too.
    let verify = |body: &[u8]| {
        let verdict = verifier.verify(Some(signature), body);
        let shorter = without_line_end(body).filter(|_| verdict.is_err());
        let shorter = shorter.map(|body| verifier.verify(Some(signature), body));
        if let Some(Ok(SignedForm::AsReceived)) = shorter {
            output::message("tarspay: the body ends in a line end that was not signed, which is left out");
            return Ok(SignedForm::AsReceived);
        }
        verdict
    };
    if matches!(verify(bytes), Ok(SignedForm::AsReceived)) {
        return Ok(Verdict::valid_callback(AS_RECEIVED));
    }
    let plain = input::plain(bytes.to_vec(), "the body")?;
    let error = match verify(&plain) {
        Ok(SignedForm::AsReceived) => return Ok(Verdict::valid_callback(AS_RECEIVED)),
        Ok(_) => return Ok(Verdict::valid_callback(AS_ORDERED)),
        Err(error) => error,
    };
    if matches!(error.kind(), ErrorKind::InvalidBody | ErrorKind::BodyTooLarge) {
        return Err(Failure::usage("the body").caused_by(&error));
    }
    let explain = |body: &[u8]| {
        let failed = FailedSignature::of_callback(body).key(key).signature(signature);
        failed.known_key(SYSTEM_KEY, &PublicKey::system()).explain()
    };
    let mut bodies = vec![bytes, &plain];
    bodies.extend([bytes, &plain].into_iter().filter_map(without_line_end));
    bodies.dedup();
    // The explanation with the fewest mistakes, the earlier one of two.
    let simplest = |one: &Explanation| (one.outcome() != Outcome::Explained, one.mistakes().len());
    Ok(Verdict {
        explanation: if explains { bodies.into_iter().map(explain).min_by_key(simplest) } else { None },
        reason: Some(with_causes(&error)),
        not_hex: not_hex(signature),
        ..Verdict::default()
    })
}

/// Whether a signature belongs to the text of a callback itself: nothing is put in order.
pub(crate) fn of_callback_text(key: &PublicKey, signature: &str, text: &str) -> Verdict {
    let verdict = Signature::from_hex(signature)
        .and_then(|signature| key.verify(&Digest::of(text), &signature, SignaturePolicy::AcceptHighS));
    Verdict {
        reason: verdict.err().map(|error| with_causes(&error)),
        not_hex: not_hex(signature),
        ..Verdict::valid_callback(AS_RECEIVED)
    }
}

/// The place of the first character of a signature that is not a hex digit.
fn not_hex(signature: &str) -> Option<String> {
    let at = signature.chars().position(|character| !character.is_ascii_hexdigit())?;
    Some(format!("--signature: character {} is not a hex digit", at + 1))
}

fn without_line_end(body: &[u8]) -> Option<&[u8]> {
    body.strip_suffix(b"\r\n").or_else(|| body.strip_suffix(b"\n"))
}
