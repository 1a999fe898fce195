//! The keys of the suite, and texts that are keys or not.

use super::refusal;
use super::suite::{About, Basis, Key};
use tarspay_sign::{Error, PrivateKey, PublicKey};

/// The key of K1, published: signs requests.
pub(crate) const MERCHANT: &str = "515eadf3e4b56219c8eed116ea3a3ec9f8645c7504c4edb1bc67bc2000f4425c";
/// Published here: signs callbacks in place of the gateway.
pub(crate) const GATEWAY: &str = "6a09e667f3bcc908b2fb1366ea957d3e3adec17512775099da2f590b0667322a";
/// Published here: belongs to nobody whom a verifier trusts.
pub(crate) const STRANGER: &str = "428a2f98d728ae227137449123ef65cdb5c0fbcfec4d3b2fe9b5dba58189dbbc";

const ONE: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const HIGHEST: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(crate) fn cases() -> Result<Vec<Key>, Error> {
    let rule = "1-overview";
    let merchant = PrivateKey::from_hex(MERCHANT)?.public_key().to_string();
    let x = &merchant[2..];
    let mut cases = Vec::new();
    let mut add = |kind, id: &str, basis, comment, text: String| {
        cases.push(case(kind, About::new(id, rule, basis, comment), text));
    };
    let (private, public) = ("private", "public");
    add(
        private,
        "key-merchant",
        Basis::Inferred,
        "Signs the requests of this file. Published: never use it.",
        MERCHANT.into(),
    );
    add(
        private,
        "key-gateway",
        Basis::Inferred,
        "Signs the callbacks of this file. Published: never use it.",
        GATEWAY.into(),
    );
    add(
        private,
        "key-stranger",
        Basis::Inferred,
        "Trusted by nobody. Published: never use it.",
        STRANGER.into(),
    );
    add(
        private,
        "key-private-one",
        Basis::Documented,
        "The lowest private key; its public key is the generator.",
        ONE.into(),
    );
    add(
        private,
        "key-private-highest",
        Basis::Documented,
        "The highest private key, n - 1: the generator with an odd y.",
        HIGHEST.into(),
    );
    add(private, "key-private-upper-case", Basis::Choice, "Either case is read.", MERCHANT.to_uppercase());
    add(private, "key-private-zero", Basis::Documented, "Zero is no private key.", ZERO.into());
    add(
        private,
        "key-private-order",
        Basis::Documented,
        "The order of the curve is no private key.",
        ORDER.into(),
    );
    add(
        private,
        "key-private-short",
        Basis::Choice,
        "63 digits: a leading zero is never left out.",
        MERCHANT[1..].into(),
    );
    add(private, "key-private-prefix", Basis::Choice, "No 0x in front.", format!("0x{MERCHANT}"));
    add(private, "key-private-line-end", Basis::Choice, "No line end behind it.", format!("{MERCHANT}\n"));
    add(
        private,
        "key-private-no-hex",
        Basis::Choice,
        "A letter that is no hex digit.",
        MERCHANT.replace('5', "g"),
    );
    add(
        public,
        "key-public-system",
        Basis::Documented,
        "The gateway's own key.",
        tarspay_sign::SYSTEM_PUBLIC_KEY.into(),
    );
    add(
        public,
        "key-public-upper-case",
        Basis::Choice,
        "Either case is read; lower case is sent.",
        merchant.to_uppercase(),
    );
    add(
        public,
        "key-public-uncompressed-prefix",
        Basis::Documented,
        "04 begins an uncompressed key, which has 130 digits.",
        format!("04{x}"),
    );
    add(
        public,
        "key-public-prefix",
        Basis::Documented,
        "A compressed key begins with 02 or 03.",
        format!("05{x}"),
    );
    add(
        public,
        "key-public-x-alone",
        Basis::Documented,
        "x without 02 or 03 does not say which y.",
        x.into(),
    );
    add(
        public,
        "key-public-no-point",
        Basis::Documented,
        "No point of the curve has x = 5.",
        format!("02{}5", &ZERO[1..]),
    );
    add(
        public,
        "key-public-x-too-large",
        Basis::Documented,
        "x must be below the prime of the field.",
        format!("02{}", "f".repeat(64)),
    );
    add(
        public,
        "key-public-no-hex",
        Basis::Documented,
        "A letter that is no hex digit.",
        merchant.replace('9', "x"),
    );
    add(public, "key-public-empty", Basis::Documented, "No text is no key.", String::new());
    Ok(cases)
}

fn case(kind: &'static str, about: About, text: String) -> Key {
    let read = match kind {
        "private" => PrivateKey::from_hex(&text).map(|key| key.public_key()),
        _ => PublicKey::from_hex(&text),
    };
    let (public_key, refused_as) = match read {
        Ok(key) => (Some(key.to_string()), None),
        Err(error) => (None, Some(refusal(error.kind()))),
    };
    Key { about, kind, text, valid: public_key.is_some(), public_key, refused_as }
}
