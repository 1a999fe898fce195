//! The mirror image of a signature with a low `s`: the gateway sends such signatures, and our own signer does not.

use tarspay_sign::Signature;

/// The order of secp256k1, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// `(r, n - s)` for a low `s`; a signature whose `s` is high already as it is.
pub(crate) fn with_high_s(signature: Signature) -> Signature {
    if signature.is_high_s() {
        return signature;
    }
    mirrored(&signature.to_der()).and_then(|der| Signature::from_der(&der).ok()).unwrap_or(signature)
}

fn mirrored(der: &[u8]) -> Option<Vec<u8>> {
    // SEQUENCE, its length, then two integers, each a tag, a length and its bytes. None is longer than 127 bytes.
    let r_end = 4 + usize::from(*der.get(3)?);
    let r = der.get(2..r_end)?;
    let s = der.get(r_end + 2..)?;
    let mut difference = ORDER;
    let mut borrow = false;
    for (place, digit) in difference.iter_mut().rev().enumerate() {
        let subtract = s.iter().rev().nth(place).copied().unwrap_or(0);
        let (once, under) = digit.overflowing_sub(subtract);
        let (twice, under_again) = once.overflowing_sub(u8::from(borrow));
        (*digit, borrow) = (twice, under || under_again);
    }
    // Above half the order its first bit is set, so it takes a leading zero and is 33 bytes long.
    let mut mirrored = vec![0x30, u8::try_from(r.len() + 2 + 33).ok()?];
    mirrored.extend_from_slice(r);
    mirrored.extend_from_slice(&[0x02, 33, 0]);
    mirrored.extend_from_slice(&difference);
    Some(mirrored)
}

#[cfg(test)]
mod tests {
    use super::with_high_s;
    use tarspay_sign::{CallbackText, CallbackVerifier, PrivateKey};

    #[test]
    fn the_mirror_image_has_a_high_s_and_verifies() {
        let key = PrivateKey::generate().unwrap();
        for state in 0..50 {
            let body = format!(r#"{{"state":{state}}}"#);
            let low = CallbackText::from_json(body.as_bytes()).unwrap().sign(&key);
            let high = with_high_s(low);
            assert!(!low.is_high_s() && high.is_high_s());
            assert_eq!(with_high_s(high), high);
            assert_eq!(high.with_low_s(), low);
            let verifier = CallbackVerifier::new(key.public_key());
            verifier.verify(Some(&high.to_string()), body.as_bytes()).unwrap();
        }
    }
}
