//! Signatures over a digest: other forms that must verify, and faults that must not.

use super::keys::{MERCHANT, STRANGER};
use super::refusal;
use super::suite::{About, Basis, SignatureCase};
use Basis::{Choice, Documented, Proven};
use tarspay_sign::{Digest, Error, PrivateKey, PublicKey, Signature, SignaturePolicy};

const TEXT: &str = "POST|/api/v1/test|1537498830736|amount=100&price=100";
const DER: &str = "25-der";
const MALLEABLE: &str = "8-malleability";
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(crate) fn cases() -> Result<Vec<SignatureCase>, Error> {
    let key = PrivateKey::from_hex(MERCHANT)?;
    let public = key.public_key();
    let digest = Digest::of(TEXT);
    let good = key.sign(&digest);
    let text = good.to_string();
    let der = good.to_der();
    let (r, s) = integers(&der);
    let mut cases = Vec::new();
    let mut add = |id, rule, basis, comment, key: PublicKey, digest: Digest, signature: String| {
        cases.push(case(About::new(id, rule, basis, comment), key, digest, signature));
    };
    let sequence = |parts: &[&[u8]]| {
        let inner = parts.concat();
        // A test signature is short: its length fits one byte.
        let length = u8::try_from(inner.len()).unwrap_or(u8::MAX);
        hex::encode([&[0x30, length], inner.as_slice()].concat())
    };
    let integer = |bytes: &[u8]| [&[0x02, u8::try_from(bytes.len()).unwrap_or(u8::MAX)], bytes].concat();
    let order: Vec<u8> = [&[0][..], &bytes(ORDER)].concat();
    let high: Vec<u8> = [&[0][..], &minus(&bytes(ORDER), &s)].concat();

    add("signature-low-s", DER, Documented, "As tarspay signs.", public, digest, text.clone());
    add(
        "signature-high-s",
        MALLEABLE,
        Proven,
        "The same with n - s: merchants and the gateway send such ones.",
        public,
        digest,
        sequence(&[&integer(&r), &integer(&high)]),
    );
    add("signature-upper-case", DER, Choice, "Either case is read.", public, digest, text.to_uppercase());
    let other = PrivateKey::from_hex(STRANGER)?;
    add(
        "signature-other-key-pair",
        DER,
        Documented,
        "Another key pair, with its own key.",
        other.public_key(),
        digest,
        other.sign(&digest).to_string(),
    );

    add(
        "wrong-key",
        "1-overview",
        Documented,
        "A good signature, and the public key of another.",
        other.public_key(),
        digest,
        text.clone(),
    );
    let mut parity = public.to_string();
    parity.replace_range(..2, if parity.starts_with("02") { "03" } else { "02" });
    add(
        "wrong-parity",
        "1-overview",
        Documented,
        "The right x with the other y.",
        PublicKey::from_hex(&parity)?,
        digest,
        text.clone(),
    );
    add(
        "wrong-text",
        "1-overview",
        Documented,
        "Over another text.",
        public,
        Digest::of("POST|/api/v1/test|1537498830736|amount=101&price=100"),
        text.clone(),
    );
    add(
        "wrong-line-end",
        "21-steps",
        Proven,
        "A line feed at the end of the text.",
        public,
        Digest::of(format!("{TEXT}\n")),
        text.clone(),
    );
    let thrice = Digest::of(digest.as_bytes());
    add(
        "wrong-hashed-again",
        "27-which-hash-does-my-library-take",
        Proven,
        "Signed after hashing the digest twice more.",
        public,
        digest,
        key.sign(&thrice).to_string(),
    );
    add(
        "wrong-r-and-s-exchanged",
        DER,
        Documented,
        "s in the place of r.",
        public,
        digest,
        sequence(&[&integer(&s), &integer(&r)]),
    );

    add("missing", "4-callback-signature", Choice, "No signature at all.", public, digest, String::new());

    let mut malformed =
        |id, basis, comment, signature: String| add(id, DER, basis, comment, public, digest, signature);
    malformed("der-r-zero", Documented, "r is at least 1.", sequence(&[&integer(&[0]), &integer(&s)]));
    malformed("der-s-zero", Documented, "s is at least 1.", sequence(&[&integer(&r), &integer(&[0])]));
    malformed("der-r-order", Documented, "r is below n.", sequence(&[&integer(&order), &integer(&s)]));
    malformed("der-s-order", Documented, "s is below n.", sequence(&[&integer(&r), &integer(&order)]));
    malformed(
        "der-s-negative",
        Choice,
        "s without the 00 that keeps it positive. The vendor's own class reads it.",
        sequence(&[&integer(&r), &integer(&high[1..])]),
    );
    malformed(
        "der-padded-r",
        Choice,
        "A needless 00 before r.",
        sequence(&[&integer(&[&[0, 0][..], &r].concat()), &integer(&s)]),
    );
    malformed(
        "der-padded-s",
        Choice,
        "A needless 00 before s.",
        sequence(&[&integer(&r), &integer(&[&[0, 0][..], &s].concat())]),
    );
    malformed(
        "der-empty-integer",
        Documented,
        "An integer has a byte at least.",
        sequence(&[&integer(&[]), &integer(&s)]),
    );
    malformed("der-one-integer", Documented, "s is missing.", sequence(&[&integer(&r)]));
    malformed(
        "der-three-integers",
        Documented,
        "One integer too many.",
        sequence(&[&integer(&r), &integer(&s), &integer(&[1])]),
    );
    malformed("der-empty-sequence", Documented, "Nothing in it.", "3000".to_owned());
    malformed("der-tag-of-set", Documented, "31 is a set.", format!("31{}", &text[2..]));
    malformed(
        "der-tag-of-integer",
        Documented,
        "03 is a bit string.",
        format!("{}03{}", &text[..4], &text[6..]),
    );
    malformed(
        "der-long-length",
        Choice,
        "81 LL in place of LL: BER, not DER.",
        format!("3081{}", &text[2..]),
    );
    malformed(
        "der-indefinite-length",
        Choice,
        "80 … 00 00: BER, not DER.",
        format!("3080{}0000", &text[4..]),
    );
    malformed(
        "der-length-too-long",
        Documented,
        "The sequence says one byte more than there are.",
        hex::encode(with_length(&der, 1)),
    );
    malformed(
        "der-length-too-short",
        Documented,
        "The sequence says one byte less than there are.",
        hex::encode(with_length(&der, -1)),
    );
    malformed("der-cut-off", Documented, "The last byte is missing.", text[..text.len() - 2].to_owned());
    malformed("der-byte-behind", Choice, "A byte after the sequence.", format!("{text}00"));
    let fixed = |bytes: &[u8]| format!("{:0>64}", hex::encode(bytes.strip_prefix(&[0]).unwrap_or(bytes)));
    malformed(
        "raw-r-and-s",
        Documented,
        "64 bytes without DER, as many libraries return.",
        format!("{}{}", fixed(&r), fixed(&s)),
    );
    malformed("hex-odd", Documented, "Half a byte is missing.", text[..text.len() - 1].to_owned());
    malformed("hex-prefix", Choice, "No 0x in front.", format!("0x{text}"));
    malformed("hex-blank", Choice, "No blank behind.", format!("{text} "));
    malformed(
        "hex-no-digit",
        Documented,
        "A letter that is no hex digit.",
        format!("{}zz", &text[..text.len() - 2]),
    );
    malformed("hex-too-long", Choice, "Far more than 144 digits.", text.repeat(40));
    malformed(
        "base64",
        Documented,
        "Hex, not Base64.",
        "MEQCIHETEo0W/Ddwf9yAlbh44nAtl5m0oUQCpiRAZaIIqZaAAiAE4bm+rZiFlMcVpAtfyHZC4PcP8Jelug==".to_owned(),
    );
    Ok(cases)
}

fn case(about: About, key: PublicKey, digest: Digest, signature: String) -> SignatureCase {
    let read = Signature::from_hex(&signature);
    let high_s = read.as_ref().ok().map(Signature::is_high_s);
    let verdict = read.and_then(|read| key.verify(&digest, &read, SignaturePolicy::AcceptHighS));
    SignatureCase {
        about,
        public_key: key.to_string(),
        digest: digest.to_string(),
        signature,
        valid: verdict.is_ok(),
        high_s,
        refused_as: verdict.err().map(|error| refusal(error.kind())),
    }
}

/// The contents of the two integers of a signature that this crate made.
fn integers(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let r_length = usize::from(der[3]);
    (der[4..4 + r_length].to_vec(), der[6 + r_length..].to_vec())
}

fn with_length(der: &[u8], change: i8) -> Vec<u8> {
    let mut der = der.to_vec();
    der[1] = der[1].wrapping_add_signed(change);
    der
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).filter_map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()).collect()
}

/// `a - b`, big-endian, as long as `a`; `b` is smaller.
fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut difference = a.to_vec();
    let mut borrow = false;
    for (place, left) in difference.iter_mut().rev().enumerate() {
        let right = b.iter().rev().nth(place).copied().unwrap_or(0);
        let (first, under) = left.overflowing_sub(right);
        let (last, under_again) = first.overflowing_sub(u8::from(borrow));
        *left = last;
        borrow = under || under_again;
    }
    difference
}
