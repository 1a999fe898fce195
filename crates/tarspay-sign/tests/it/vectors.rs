//! The signatures of the real gateway and its merchants, stage by stage, and the printed ones that must not verify.

use serde_json::Value;
use tarspay_sign::{
    CallbackText, CallbackVerifier, Digest, ErrorKind, Nonce, Parameters, PrivateKey, PublicKey,
    RequestToSign, SYSTEM_PUBLIC_KEY, Signature, SignaturePolicy, SignedForm,
};

fn documentation() -> Value {
    serde_json::from_str(include_str!("../../vectors/documentation.json")).unwrap()
}

struct Vector(Value);

impl Vector {
    fn all() -> Vec<Self> {
        documentation()["vectors"].as_array().unwrap().iter().cloned().map(Self).collect()
    }

    fn named(name: &str) -> Self {
        Self::all().into_iter().find(|vector| vector.text("name") == name).unwrap()
    }

    fn requests() -> impl Iterator<Item = Self> {
        Self::all().into_iter().filter(|vector| vector.text("kind") == "request")
    }

    fn text(&self, member: &str) -> &str {
        self.0[member].as_str().unwrap_or_else(|| panic!("vector without {member}"))
    }

    fn request(&self) -> RequestToSign {
        let nonce: Nonce = self.text("nonce").parse().unwrap();
        let parameters = Parameters::from_value(&self.0["body"]).unwrap();
        RequestToSign::new(self.text("path"), nonce, parameters).unwrap()
    }

    fn signature(&self) -> Signature {
        self.text("signature").parse().unwrap()
    }

    fn public_key(&self) -> PublicKey {
        self.text("public_key").parse().unwrap()
    }
}

#[test]
fn the_file_holds_the_five_real_signatures_and_the_known_answer() {
    let names: Vec<_> = Vector::all().iter().map(|vector| vector.text("name").to_owned()).collect();
    assert_eq!(names, ["R1", "R2", "R3", "R4", "C1", "K1"]);
}

#[test]
fn stage_string_to_sign_from_a_value_and_from_json_bytes() {
    for vector in Vector::requests() {
        assert_eq!(
            vector.request().string_to_sign(),
            vector.text("string_to_sign"),
            "{}",
            vector.text("name")
        );

        let pretty = serde_json::to_vec_pretty(&vector.0["body"]).unwrap();
        let from_bytes = Parameters::from_json(&pretty).unwrap();
        assert_eq!(from_bytes, Parameters::from_value(&vector.0["body"]).unwrap());
    }
    let callback = Vector::named("C1");
    let text = CallbackText::from_value(&callback.0["body"]).unwrap();
    assert_eq!(text.as_str(), callback.text("string_to_sign"));
}

#[test]
fn stage_digest() {
    for vector in Vector::all() {
        let digest = Digest::of(vector.text("string_to_sign"));
        assert_eq!(digest.to_string(), vector.text("digest"), "{}", vector.text("name"));
    }
}

#[test]
fn stage_signature_verifies_and_its_s_is_as_stated() {
    for vector in Vector::all() {
        let name = vector.text("name");
        let digest = Digest::of(vector.text("string_to_sign"));
        let signature = vector.signature();
        vector.public_key().verify(&digest, &signature, SignaturePolicy::AcceptHighS).unwrap();

        let high_s = vector.0["high_s"].as_bool().unwrap();
        assert_eq!(signature.is_high_s(), high_s, "{name}");
        let strict = vector.public_key().verify(&digest, &signature, SignaturePolicy::RequireLowS);
        assert_eq!(
            strict.map_err(|error| error.kind()),
            if high_s { Err(ErrorKind::HighS) } else { Ok(()) },
            "{name}"
        );
        assert_eq!(signature.to_string(), vector.text("signature"), "text in, same text out: {name}");
    }
}

#[test]
fn a_printed_signature_fails_over_any_other_vectors_text() {
    for vector in Vector::all() {
        for other in Vector::all() {
            if other.text("name") == vector.text("name") {
                continue;
            }
            let digest = Digest::of(other.text("string_to_sign"));
            let verdict =
                vector.public_key().verify(&digest, &vector.signature(), SignaturePolicy::AcceptHighS);
            assert_eq!(verdict.unwrap_err().kind(), ErrorKind::SignatureMismatch);
        }
    }
}

#[test]
fn the_known_answer_is_signed_to_the_last_byte() {
    let vector = Vector::named("K1");
    let key = PrivateKey::from_hex(vector.text("private_key")).unwrap();
    assert_eq!(key.public_key().to_string(), vector.text("public_key"));
    let signed = vector.request().sign(&key);
    assert_eq!(signed.string_to_sign(), vector.text("string_to_sign"));
    assert_eq!(signed.digest().to_string(), vector.text("digest"));
    assert_eq!(signed.headers().api_key(), vector.text("public_key"));
    assert_eq!(signed.headers().nonce(), vector.text("nonce"));
    assert_eq!(signed.headers().signature(), vector.text("signature"));
}

#[test]
fn our_own_signature_of_every_vector_verifies() {
    let key = crate::test_key();
    for vector in Vector::requests() {
        let signed = vector.request().sign(&key);
        vector
            .request()
            .verify(&key.public_key(), &signed.signature(), SignaturePolicy::RequireLowS)
            .unwrap();
    }
}

#[test]
fn the_real_callback_verifies_as_received_and_reordered() {
    let callback = Vector::named("C1");
    let signature = Some(callback.text("signature"));
    let verifier = CallbackVerifier::production();
    let as_signed = callback.text("string_to_sign").as_bytes();
    assert_eq!(verifier.verify(signature, as_signed).unwrap(), SignedForm::AsReceived);

    let members = callback.0["body"].as_object().unwrap();
    let reversed: Vec<_> =
        members.iter().rev().map(|(name, value)| format!(" \"{name}\" : {value}")).collect();
    let reversed = format!("{{{}\n}}", reversed.join(",\n"));
    assert_eq!(verifier.verify(signature, reversed.as_bytes()).unwrap(), SignedForm::Ordered);
}

#[test]
fn printed_samples_that_do_not_belong_together_do_not_verify() {
    let documentation = documentation();
    let mut refused = 0;
    for sample in documentation["mismatched_documentation_samples"].as_array().unwrap() {
        let signature = sample["signature"].as_str().unwrap();
        for page in sample["pages"].as_array().unwrap() {
            let Some(body) = page.get("printed_body") else { continue };
            let name = page["page"].as_str().unwrap();
            let verdict = if sample["header"] == "X-RESP-SIGNATURE" {
                let body = serde_json::to_vec(body).unwrap();
                CallbackVerifier::production().verify(Some(signature), &body).map(|_| ())
            } else if let Some(key) = page["public_key"].as_str() {
                let nonce = sample["nonce"].as_str().unwrap().parse().unwrap();
                let parameters = Parameters::from_value(body).unwrap();
                let request = RequestToSign::new(page["path"].as_str().unwrap(), nonce, parameters).unwrap();
                let signature = signature.parse().unwrap();
                request.verify(&key.parse().unwrap(), &signature, SignaturePolicy::AcceptHighS)
            } else {
                // The `sign` of a response: no formula is known, and ours must not accept it.
                let body = serde_json::to_vec(body).unwrap();
                CallbackVerifier::production().verify(Some(signature), &body).map(|_| ())
            };
            assert_eq!(verdict.unwrap_err().kind(), ErrorKind::SignatureMismatch, "{name}");
            refused += 1;
        }
    }
    assert_eq!(refused, 19, "every printed pair of a signature and a body is looked at");
}

#[test]
fn the_system_key_is_the_documented_one() {
    assert_eq!(documentation()["system_public_key"], SYSTEM_PUBLIC_KEY);
    assert_eq!(PublicKey::system().to_string(), SYSTEM_PUBLIC_KEY);
}

/// Not a sample of changes: each one.
#[test]
fn any_change_to_any_byte_of_the_known_answer_fails() {
    let vector = Vector::named("K1");
    let (key, signature) = (vector.public_key(), vector.signature());
    let text = vector.text("string_to_sign").as_bytes();
    for position in 0..text.len() {
        let mut changed = text.to_vec();
        changed[position] ^= 1;
        assert!(
            key.verify(&Digest::of(&changed), &signature, SignaturePolicy::AcceptHighS).is_err(),
            "{position}"
        );
    }
    let digest = Digest::of(text);
    let der = signature.to_der();
    for position in 0..der.len() {
        for bit in 0..8 {
            let mut changed = der.clone();
            changed[position] ^= 1 << bit;
            let verdict = Signature::from_der(&changed)
                .and_then(|signature| key.verify(&digest, &signature, SignaturePolicy::AcceptHighS));
            assert!(verdict.is_err(), "byte {position}, bit {bit}");
        }
    }
}
