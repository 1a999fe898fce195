//! Why a signature was refused: `tarspay_explain` beside the runtime, a few at a time, for people only.
//!
//! Nothing here decides anything: a call is refused before, and stays refused.

use crate::event::SignatureExplanation;
use crate::input::quoted;
use crate::keys::Keys;
use std::sync::Arc;
use std::thread;
use tarspay_explain::{Explanation, FailedSignature, Finding, Mistake, Outcome};
use tarspay_sign::PublicKey;
use tarspay_types::MerchantNo;
use tokio::sync::Semaphore;

/// The most investigations at once, however many cores there are.
const MAX_AT_ONCE: usize = 4;

/// The most digests that are compared for one refused signature: at most 10 ms of one core.
const MAX_CANDIDATES: usize = 500;

/// The most known keys that are looked up.
const MAX_KEYS: usize = 1_000;

/// The most explanations, all as likely, that the text of a refusal gives.
const MAX_ALTERNATIVES: usize = 3;

/// The longest list of names, in bytes: it goes into a header.
const MAX_NAMES: usize = 300;

/// The most characters of a merchant number in the name of its key.
const MAX_MERCHANT_NO: usize = 40;

/// The most characters of the details: names of members are as long as the caller likes.
const MAX_DETAILS: usize = 2_000;

const SYSTEM_KEY: &str = "system-key";
const UNEXPLAINED: &str = "unexplained";

/// What was found, for the header, the event log and the text of the refusal.
pub(crate) struct Explained {
    /// For the event log; its names are the value of the header.
    pub(crate) event: SignatureExplanation,
    /// The likely mistake, for the text of the refusal, if there is one.
    pub(crate) mistake: Option<String>,
    /// What follows it, or else the error, as far as there is room: what to do, then what is as likely.
    pub(crate) more: Vec<String>,
    /// What was signed, if it is known and differs from what had to be.
    pub(crate) signed_text: Option<Vec<u8>>,
}

/// A call whose signature was refused, as it came in.
pub(crate) struct Refused {
    pub(crate) key: PublicKey,
    /// The path with its query, if it has one.
    pub(crate) target: String,
    pub(crate) nonce: String,
    pub(crate) signature: String,
    pub(crate) hosts: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// Investigates, on half of the cores at most: calls that are accepted need the others.
pub(crate) struct Explainer {
    keys: Arc<Keys>,
    system_key: PublicKey,
    /// `None` if it is turned off.
    permits: Option<Arc<Semaphore>>,
}

impl Explainer {
    pub(crate) fn new(is_on: bool, keys: Arc<Keys>, system_key: PublicKey) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let permits = is_on.then(|| Arc::new(Semaphore::new((cores / 2).clamp(1, MAX_AT_ONCE))));
        Self { keys, system_key, permits }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.permits.is_some()
    }

    /// Looks for the mistake. `None` if it is turned off, or the runtime is ending.
    pub(crate) async fn explain(&self, refused: Refused) -> Option<Explained> {
        let Ok(permit) = Arc::clone(self.permits.as_ref()?).try_acquire_owned() else {
            return Some(busy());
        };
        let (keys, system_key) = (Arc::clone(&self.keys), self.system_key);
        let investigation = tokio::task::spawn_blocking(move || {
            // Held to the end of the work, which goes on if the caller goes away.
            let _permit = permit;
            describe(&refused.investigate(&keys, &system_key))
        });
        investigation.await.ok()
    }
}

impl Refused {
    fn investigate(&self, keys: &Keys, system_key: &PublicKey) -> Explanation {
        let failed = FailedSignature::of_request(&self.target, &self.nonce, &self.body)
            .key(&self.key)
            .signature(&self.signature)
            .known_key(SYSTEM_KEY, system_key)
            .max_candidates(MAX_CANDIDATES);
        let failed = self.hosts.iter().fold(failed, |failed, host| failed.host(host));
        let known = keys.some(MAX_KEYS);
        known.iter().fold(failed, |failed, (key, owner)| failed.known_key(key_of(owner), key)).explain()
    }
}

/// How a merchant's key is called. Plain characters only, as it goes into a header.
fn key_of(owner: &MerchantNo) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '_' };
    let owner: String = owner.as_str().chars().take(MAX_MERCHANT_NO).map(plain).collect();
    format!("key-of-merchant-{owner}")
}

fn busy() -> Explained {
    let sentence = "not looked into: too many wrong signatures at once, send it again";
    let event = SignatureExplanation { names: "busy".to_owned(), details: sentence.to_owned() };
    Explained { event, mistake: None, more: vec![format!("; {sentence}")], signed_text: None }
}

fn describe(explanation: &Explanation) -> Explained {
    // `Display` shows mistakes, places, names of members and public keys, but no value.
    let details = explanation.to_string().chars().take(MAX_DETAILS).collect();
    Explained {
        event: SignatureExplanation { names: names(explanation), details },
        mistake: (explanation.outcome() == Outcome::Explained)
            .then(|| format!("most likely: {}", clauses(explanation, explanation.mistakes()))),
        more: more(explanation),
        signed_text: explanation
            .finding()
            .filter(|finding| finding.first_difference().is_some())
            .map(|finding| finding.signed_bytes().to_vec()),
    }
}

/// The names for machines, joined by `+`.
fn names(explanation: &Explanation) -> String {
    let outcome: &[&str] = match explanation.outcome() {
        Outcome::Explained => &[],
        Outcome::SignatureMissing => &[UNEXPLAINED, "signature_missing"],
        Outcome::SignatureUnreadable => &[UNEXPLAINED, "signature_unreadable"],
        Outcome::TooLarge => &[UNEXPLAINED, "too_large"],
        _ => &[UNEXPLAINED],
    };
    let mistakes = explanation.mistakes().iter().map(|mistake| mistake.name());
    let mut joined = String::new();
    for name in outcome.iter().copied().chain(mistakes).chain(signer(explanation)) {
        if joined.len() + 1 + name.len() > MAX_NAMES {
            break;
        }
        if !joined.is_empty() {
            joined.push('+');
        }
        joined.push_str(name);
    }
    joined
}

/// The name of the key that signed, if it is another than the claimed one.
fn signer(explanation: &Explanation) -> Option<&str> {
    match explanation.finding() {
        Some(finding) if finding.mistakes().contains(&Mistake::OtherKey) => finding.signer().known_as(),
        Some(_) => None,
        None => explanation.recovered_keys().iter().find_map(|signer| signer.known_as()),
    }
}

fn more(explanation: &Explanation) -> Vec<String> {
    let clauses = |list: &[Mistake]| clauses(explanation, list);
    let noticed = clauses(explanation.mistakes());
    let sentence = match explanation.outcome() {
        Outcome::Explained => {
            let mut advice: Vec<_> = explanation.mistakes().iter().map(|mistake| mistake.advice()).collect();
            advice.dedup();
            let others = explanation.finding().map(Finding::equivalents).unwrap_or_default();
            let others = others.iter().take(MAX_ALTERNATIVES - 1);
            let others = others.map(|list| format!("; or, with the same text: {}", clauses(list)));
            return std::iter::once(format!("; to do: {}", advice.join("; "))).chain(others).collect();
        }
        Outcome::SignatureMissing => "most likely: it was never set, the header is empty".to_owned(),
        Outcome::SignatureUnreadable => {
            "most likely: it is not a signature, or cut; it cannot be read as DER, raw r and s, hex or base64"
                .to_owned()
        }
        Outcome::TooLarge => "not looked into: body and path are too large".to_owned(),
        Outcome::NothingToExplain => "the mistake is not in text, hash, key or encoding".to_owned(),
        _ if !noticed.is_empty() => format!("noticed: {noticed}; no likely mistake explains the rest"),
        _ => "no likely mistake explains it".to_owned(),
    };
    vec![format!("; {sentence}")]
}

/// What was done, with the names of the key and of the members where they are known.
fn clauses(explanation: &Explanation, mistakes: &[Mistake]) -> String {
    let members = explanation.finding().map(Finding::members_not_signed).unwrap_or_default();
    let clause = |mistake: &Mistake| match (mistake, signer(explanation), members) {
        (Mistake::OtherKey, Some(signer), _) => format!("{} ({signer})", mistake.what()),
        (Mistake::MemberNotSigned, _, [_, ..]) => {
            let members: Vec<_> = members.iter().map(|name| quoted(name)).collect();
            format!("{} ({})", mistake.what(), members.join(", "))
        }
        _ => mistake.what().to_owned(),
    };
    mistakes.iter().map(clause).collect::<Vec<_>>().join(", and ")
}

#[cfg(test)]
mod tests {
    use super::{Explainer, MAX_AT_ONCE, MAX_CANDIDATES, MAX_NAMES, Refused, key_of, names};
    use crate::keys::Keys;
    use std::sync::Arc;
    use tarspay_sign::{Digest, PrivateKey, PublicKey};
    use tarspay_types::MerchantNo;

    fn public_key() -> PublicKey {
        PrivateKey::generate().unwrap().public_key()
    }

    fn refused(signature: &str) -> Refused {
        Refused {
            key: public_key(),
            target: "/api/balanceInfo".to_owned(),
            nonce: "1704180814988".to_owned(),
            signature: signature.to_owned(),
            hosts: Vec::new(),
            body: br#"{"mchNo":"M1688443086"}"#.to_vec(),
        }
    }

    #[tokio::test]
    async fn with_all_permits_taken_it_says_busy_and_afterwards_works_again() {
        let explainer = Explainer::new(true, Arc::new(Keys::new(Vec::new())), public_key());
        let permits = Arc::clone(explainer.permits.as_ref().unwrap());
        let all = u32::try_from(permits.available_permits()).unwrap();
        assert!((1..=MAX_AT_ONCE).contains(&permits.available_permits()));
        let taken = permits.acquire_many(all).await.unwrap();
        let busy = explainer.explain(refused("zz")).await.unwrap();
        assert_eq!(busy.event.names, "busy");
        drop(taken);
        let found = explainer.explain(refused("zz")).await.unwrap();
        assert_eq!(found.event.names, "unexplained+signature_unreadable");
    }

    #[tokio::test]
    async fn turned_off_it_explains_nothing() {
        let explainer = Explainer::new(false, Arc::new(Keys::new(Vec::new())), public_key());
        assert!(!explainer.is_on());
        assert!(explainer.explain(refused("zz")).await.is_none());
    }

    #[test]
    fn what_nothing_explains_costs_a_bounded_number_of_digests() {
        let keys = Keys::new(Vec::new());
        let body =
            r#"{"mchNo":"M1","amount":"1.50","notifyUrl":"https://shop.example/é?a=b","step":0,"x":null}"#;
        for body in [body.as_bytes(), b"{}", b"not JSON", "a".repeat(60_000).as_bytes()] {
            let signature = PrivateKey::generate().unwrap().sign(&Digest::of("else")).to_string();
            let refused = Refused { body: body.to_vec(), ..refused(&signature) };
            let explanation = refused.investigate(&keys, &public_key());
            assert!(explanation.candidates() <= MAX_CANDIDATES, "{explanation}");
            assert!(explanation.text_bytes() <= 2 * 1024 * 1024, "{}", explanation.text_bytes());
        }
    }

    #[test]
    fn a_key_is_named_in_plain_characters_and_not_at_length() {
        let name = |text: &str| key_of(&MerchantNo::new(text).unwrap());
        assert_eq!(name("M1688443086"), "key-of-merchant-M1688443086");
        assert_eq!(name("M-1+é\"2"), "key-of-merchant-M_1___2");
        assert!(name(&"9".repeat(64)).len() < 60);
    }

    #[test]
    fn the_names_are_short_enough_for_a_header() {
        let (signer, keys) = (PrivateKey::generate().unwrap(), Keys::new(Vec::new()));
        let text = "POST|api/balanceInfo|1704180814988|mchNo=M1688443086\n";
        let refused = refused(&signer.sign(&Digest::of(text)).to_string());
        let explanation = refused.investigate(&keys, &signer.public_key());
        let names = names(&explanation);
        assert_eq!(names, "leading_slash_missing+trailing_newline+other_key+system-key");
        assert!(names.len() <= MAX_NAMES);
    }
}
