//! How often the heap is asked for memory. A binary of its own, as `allocation-counter` replaces the allocator.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use serde::Serialize;
use tarspay_sign::{
    CallbackText, CallbackVerifier, Digest, Nonce, Parameters, PrivateKey, RequestToSign, Signature,
    SignaturePolicy,
};

/// As many members as the longest documented request has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    mch_no: &'static str,
    mch_order_no: &'static str,
    currency: &'static str,
    amount: &'static str,
    way_code: &'static str,
    customer_name: &'static str,
    customer_email: &'static str,
    customer_phone: &'static str,
    identity_no: &'static str,
    notify_url: &'static str,
    return_url: &'static str,
    product_detail: &'static str,
    step: u8,
}

const ORDER: Order = Order {
    mch_no: "M1688443086",
    mch_order_no: "ORDER20250102030405",
    currency: "BRL",
    amount: "100.00",
    way_code: "PIX",
    customer_name: "Conceição da Silva",
    customer_email: "conceicao@example.com",
    customer_phone: "5511999999999",
    identity_no: "12345678909",
    notify_url: "https://merchant.example/callbacks/tarspay",
    return_url: "https://merchant.example/thanks",
    product_detail: "Order 20250102030405",
    step: 0,
};

/// Allocations and reallocations.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

fn request(parameters: Parameters) -> RequestToSign {
    RequestToSign::new("/api/pay/unifiedOrder", Nonce::from_unix_millis(1_704_180_814_988), parameters)
        .unwrap()
}

#[test]
fn string_to_sign_and_digest_take_few() {
    let json = serde_json::to_vec(&ORDER).unwrap();
    let from_json = allocations(|| {
        request(Parameters::from_json(&json).unwrap()).digest();
    });
    assert_eq!(
        from_json, 6,
        "the members as read and sorted, the parameters, the body, the nonce and the string to sign"
    );
    let from_value = allocations(|| {
        request(Parameters::from_value(&ORDER).unwrap()).digest();
    });
    assert_eq!(from_value, 7, "and the JSON of the value");
}

#[test]
fn signing_takes_one_for_each_header_besides() {
    let key = PrivateKey::generate().unwrap();
    let counted = allocations(|| {
        request(Parameters::from_value(&ORDER).unwrap()).sign(&key).into_parts();
    });
    assert_eq!(counted, 7 + 3, "the key, the nonce and the signature");
}

#[test]
fn verifying_takes_none() {
    let private = PrivateKey::generate().unwrap();
    let key = private.public_key();
    let digest = Digest::of("text");
    let signature = private.sign(&digest);
    let prepared = key.prepare();
    let body = CallbackText::from_value(&ORDER).unwrap();
    let header = body.sign(&private).to_string();
    let verifier = CallbackVerifier::trusting(key).prepared();
    let counted = allocations(|| {
        let text = Signature::from_hex(&header).unwrap();
        prepared.verify(&body.digest(), &text, SignaturePolicy::AcceptHighS).unwrap();
        prepared.clone().verify(&digest, &signature, SignaturePolicy::RequireLowS).unwrap();
        verifier.verify(Some(&header), body.as_str().as_bytes()).unwrap();
    });
    assert_eq!(counted, 0);
}

#[test]
fn a_forged_callback_is_ordered_only_if_it_is_small() {
    let private = PrivateKey::generate().unwrap();
    let verifier = CallbackVerifier::trusting(private.public_key()).prepared();
    let header = private.sign(&Digest::of("something else")).to_string();
    let body = |members: usize, length: usize| {
        let names: Vec<_> =
            (0..members).rev().map(|number| format!("\"{number:0width$}\":1", width = length - 5)).collect();
        format!("{{{}}}", names.join(","))
    };
    let forged = |members: usize, length: usize| {
        let body = body(members, length);
        allocation_counter::measure(|| {
            verifier.verify(Some(&header), body.as_bytes()).unwrap_err();
        })
    };
    // 5,000 members in 60 kB, and few members in as much: nothing is read.
    for (members, length) in [(5_000, 12), (10, 6_000), (11, 141)] {
        let measured = forged(members, length);
        assert!(
            measured.count_total <= 2,
            "{members}: the check and the error, not {}",
            measured.count_total
        );
    }
    // 150 members in 1.5 kB are read up to the limit, and not put in order.
    let many = forged(150, 9).bytes_total;
    let most = forged(64, 9).bytes_total;
    assert!(many <= most, "{many} bytes of memory, and {most} for 64 members");
}

#[test]
fn a_verifier_that_is_used_once_computes_no_table() {
    let private = PrivateKey::generate().unwrap();
    let body = CallbackText::from_value(&ORDER).unwrap();
    let header = body.sign(&private).to_string();
    let key = private.public_key();
    let measured = allocation_counter::measure(|| {
        CallbackVerifier::trusting(key).verify(Some(&header), body.as_str().as_bytes()).unwrap();
    });
    assert!(measured.bytes_total < 1024, "{} bytes", measured.bytes_total);
}
