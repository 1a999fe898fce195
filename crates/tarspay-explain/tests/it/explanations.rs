//! Explanations: what they say, what they show, and that they never accept.

use crate::{TEST_KEY, rounds, test_key};
use proptest::prelude::*;
use tarspay_explain::{Explanation, FailedSignature, MAX_CANDIDATES, MAX_INPUT_BYTES, Mistake, Outcome};
use tarspay_sign::{CallbackText, Digest, Nonce, Parameters, PrivateKey, RequestToSign, SignaturePolicy};

const PATH: &str = "/api/balanceInfo";
const NONCE: &str = "1704180814988";
const BODY: &[u8] = br#"{"mchNo":"M1688443086","customerName":"Maria da Silva","amount":"10"}"#;

fn other_key() -> PrivateKey {
    PrivateKey::from_hex(&TEST_KEY.replace('5', "6")).unwrap()
}

fn right_text() -> String {
    let parameters = Parameters::from_json(BODY).unwrap();
    let nonce = NONCE.parse().unwrap();
    RequestToSign::new(PATH, nonce, parameters).unwrap().string_to_sign().to_owned()
}

fn request(signature: &str) -> Explanation {
    FailedSignature::of_request(PATH, NONCE, BODY)
        .key(&test_key().public_key())
        .signature(signature)
        .explain()
}

fn signed(text: &str) -> String {
    test_key().sign(&Digest::of(text)).to_string()
}

#[test]
fn a_right_signature_leaves_nothing_to_explain() {
    let explanation = request(&signed(&right_text()));
    assert_eq!(explanation.outcome(), Outcome::NothingToExplain);
    assert!(explanation.finding().is_none());
    assert!(explanation.mistakes().is_empty());
    assert!(explanation.recovered_keys().is_empty());
}

#[test]
fn a_right_callback_leaves_nothing_to_explain_as_received_and_ordered() {
    let received = br#"{ "state": 2, "payOrderId": "P1" }"#;
    let key = test_key();
    let as_received = key.sign(&Digest::of(received)).to_string();
    let ordered = CallbackText::from_json(received).unwrap().sign(&key).to_string();
    for signature in [as_received, ordered] {
        let explanation =
            FailedSignature::of_callback(received).key(&key.public_key()).signature(&signature).explain();
        assert_eq!(explanation.outcome(), Outcome::NothingToExplain);
    }
}

#[test]
fn a_finding_holds_both_texts_and_the_first_difference() {
    let wrong = right_text().replace("Maria da Silva", "Maria%20da%20Silva");
    let explanation = request(&signed(&wrong));
    let finding = explanation.finding().unwrap();
    assert_eq!(finding.mistakes(), [Mistake::PercentEncodedComponent]);
    assert_eq!(finding.signed_text(), wrong);
    assert_eq!(finding.signed_bytes(), wrong.as_bytes());
    assert_eq!(finding.signed_digest(), Digest::of(&wrong));
    assert_eq!(finding.expected_text().unwrap(), right_text());
    let difference = finding.first_difference().unwrap();
    assert_eq!(difference.offset(), wrong.find('%').unwrap());
    assert_eq!(difference.place(), r#"member "customerName""#);
    assert_eq!(difference.signed_context(), "…nt=10&customerName=Maria%20da%20Silva&mchNo=M168…");
    assert_eq!(difference.expected_context(), "…nt=10&customerName=Maria da Silva&mchNo=M1688443…");
    assert!(finding.equivalents().contains(&vec![Mistake::PercentEncodedRfc3986]));
    assert_eq!(finding.advice().count(), 1);

    let report = explanation.report().to_string();
    assert!(
        report.contains(&wrong) && report.contains(&right_text()) && report.contains("byte 64"),
        "{report}"
    );
}

#[test]
fn the_place_of_a_difference_is_named() {
    let place = |wrong: String| {
        request(&signed(&wrong)).finding().unwrap().first_difference().unwrap().place().to_owned()
    };
    assert_eq!(place(right_text().replace("POST", "post")), "the method");
    assert_eq!(place(right_text().replace("/api", "api")), "the path");
    assert_eq!(place(right_text().replace(NONCE, "1704180814")), "the nonce");
    assert_eq!(place(right_text().replace("amount=10", "amount=10.00")), r#"member "amount""#);
    assert_eq!(place(right_text() + "\n"), "the end");
}

#[test]
fn a_wrong_hash_has_no_difference_in_the_text() {
    let once: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(right_text()).into();
    let explanation = request(&test_key().sign(&once.into()).to_string());
    assert_eq!(explanation.mistakes(), [Mistake::HashedOnce]);
    let finding = explanation.finding().unwrap();
    assert_eq!(finding.first_difference(), None);
    assert_eq!(finding.signed_digest(), once.into());
}

#[test]
fn a_callback_is_compared_with_the_closer_of_its_two_right_texts() {
    let received = br#"{ "state": 2, "payOrderId": "P1" }"#;
    let finding = |text: &[u8]| {
        let signature = test_key().sign(&Digest::of(text)).to_string();
        let failed =
            FailedSignature::of_callback(received).key(&test_key().public_key()).signature(&signature);
        failed.explain().finding().unwrap().clone()
    };
    let as_received = finding(&[received.as_slice(), b"\n"].concat());
    assert_eq!(as_received.mistakes(), [Mistake::TrailingNewline]);
    assert_eq!(as_received.expected_text().unwrap().as_bytes(), received);
    let ordered = r#"{"payOrderId":"P1","state":2}"#;
    let in_order = finding(format!("{ordered}\n").as_bytes());
    assert_eq!(in_order.mistakes(), [Mistake::TrailingNewline]);
    assert_eq!(in_order.expected_text().unwrap(), ordered);
}

#[test]
fn the_signer_is_named() {
    let other = other_key().public_key();
    let signature = other_key().sign(&Digest::of(right_text())).to_string();
    let failed =
        FailedSignature::of_request(PATH, NONCE, BODY).signature(&signature).known_key("system", &other);
    let explanation = failed.clone().key(&test_key().public_key()).explain();
    assert_eq!(explanation.mistakes(), [Mistake::OtherKey]);
    assert_eq!(explanation.finding().unwrap().signer().known_as(), Some("system"));
    assert_eq!(explanation.finding().unwrap().signer().key(), other);

    // Without a claimed key every known key is as good as another.
    assert_eq!(failed.explain().outcome(), Outcome::NothingToExplain);
}

#[test]
fn an_unknown_key_is_recovered() {
    let stranger = other_key().public_key();
    let signature = other_key().sign(&Digest::of(right_text())).to_string();
    let explanation = request(&signature);
    assert_eq!(explanation.outcome(), Outcome::Unexplained);
    assert!(explanation.is_complete());
    assert_eq!(explanation.recovered_keys().len(), 2);
    let found = explanation.recovered_keys().iter().find(|signer| signer.key() == stranger).unwrap();
    assert_eq!(found.known_as(), None);
    assert!(explanation.to_string().contains(&stranger.to_string()));
}

#[test]
fn one_of_many_keys_is_found_as_cheaply_as_of_one() {
    let signature = other_key().sign(&Digest::of(right_text() + "\n")).to_string();
    let last = other_key().public_key();
    let mut failed =
        FailedSignature::of_request(PATH, NONCE, BODY).key(&test_key().public_key()).signature(&signature);
    let alone = failed.clone().known_key("the last", &last).explain().candidates();
    for number in 1..=200 {
        let key = PrivateKey::from_hex(&format!("{number:064x}")).unwrap();
        failed = failed.known_key(number.to_string(), &key.public_key());
    }
    let explanation = failed.known_key("the last", &last).explain();
    assert_eq!(explanation.mistakes(), [Mistake::TrailingNewline, Mistake::OtherKey]);
    assert_eq!(explanation.finding().unwrap().signer().known_as(), Some("the last"));
    assert_eq!(explanation.candidates(), alone);
}

#[test]
fn without_any_key_both_candidates_are_recovered() {
    let signature = signed(&right_text());
    let explanation = FailedSignature::of_request(PATH, NONCE, BODY).signature(&signature).explain();
    assert_eq!(explanation.outcome(), Outcome::Unexplained);
    assert!(explanation.recovered_keys().iter().any(|signer| signer.key() == test_key().public_key()));
}

#[test]
fn what_cannot_be_looked_at_is_told_apart() {
    assert_eq!(request("").outcome(), Outcome::SignatureMissing);
    for text in ["abc", "30", "zz", &"00".repeat(64), &"ff".repeat(64), &"30".repeat(4000)] {
        assert_eq!(request(text).outcome(), Outcome::SignatureUnreadable, "{text}");
    }
    let large = vec![b' '; MAX_INPUT_BYTES + 1];
    let explanation = FailedSignature::of_request(PATH, NONCE, &large).signature(&signed("x")).explain();
    assert_eq!(explanation.outcome(), Outcome::TooLarge);
}

#[test]
fn a_high_s_is_a_mistake_under_a_strict_policy_only() {
    let high = crate::corpus::high_s(&test_key().sign(&Digest::of(right_text())));
    assert_eq!(request(&high).outcome(), Outcome::NothingToExplain);
    let strict = FailedSignature::of_request(PATH, NONCE, BODY)
        .key(&test_key().public_key())
        .signature(&high)
        .signature_policy(SignaturePolicy::RequireLowS)
        .explain();
    assert_eq!(strict.mistakes(), [Mistake::HighS]);
}

#[test]
fn what_is_wrong_with_the_encoding_is_said_even_when_nothing_fits() {
    let explanation = request(&format!("0x{}", signed("something else")));
    assert_eq!(explanation.outcome(), Outcome::Unexplained);
    assert_eq!(explanation.mistakes(), [Mistake::SignatureDecorated]);
}

#[test]
fn names_of_mistakes_are_stable_unique_and_all_described() {
    let mut names: Vec<_> = Mistake::ALL.iter().map(|mistake| mistake.name()).collect();
    for mistake in Mistake::ALL {
        let name = mistake.name();
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{name}");
        assert!(!mistake.what().is_empty() && !mistake.what().ends_with('.'), "{name}");
        assert!(!mistake.advice().is_empty() && !mistake.advice().ends_with('.'), "{name}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Mistake::ALL.len());
}

#[test]
fn neither_debug_nor_display_shows_a_value() {
    const PERSONAL: &str = "Maria";
    let key = test_key().public_key();
    let wrong = right_text().replace("Maria da", "Maria+da").replace("a Silva", "a+Silva");
    for text in [wrong, "Maria".to_owned()] {
        let signature = signed(&text);
        let failed = FailedSignature::of_request(PATH, NONCE, BODY).key(&key).signature(&signature);
        let explanation = failed.explain();
        let shown = format!("{failed:?} {explanation:?} {explanation} {:?}", explanation.report());
        assert!(!shown.contains(PERSONAL), "{shown}");
        if let Some(finding) = explanation.finding() {
            let shown = format!("{finding:?} {:?}", finding.first_difference());
            assert!(!shown.contains(PERSONAL), "{shown}");
            assert!(explanation.report().to_string().contains(PERSONAL), "the report does show it");
        }
    }
}

#[test]
fn a_member_that_was_not_signed_is_named() {
    let without = |member: &str| right_text().replace(member, "");
    for (text, member) in [
        (without("amount=10&"), "amount"),
        (without("customerName=Maria da Silva&"), "customerName"),
        (without("&mchNo=M1688443086"), "mchNo"),
    ] {
        let explanation = request(&signed(&text));
        assert_eq!(explanation.mistakes(), [Mistake::MemberNotSigned], "{member}");
        assert_eq!(explanation.finding().unwrap().members_not_signed(), [member]);
        let shown = explanation.to_string();
        assert!(shown.contains(&format!("not in the text: member {member:?}")), "{shown}");
    }
}

#[test]
fn sign_and_its_type_added_after_signing_are_found_by_a_shallow_search() {
    let body = String::from_utf8(BODY.to_vec()).unwrap().replace('}', r#","signType":"EC","sign":"abc"}"#);
    let signature = signed(&right_text());
    let failed = FailedSignature::of_request(PATH, NONCE, body.as_bytes()).key(&test_key().public_key());
    let explanation = failed.signature(&signature).max_candidates(500).explain();
    assert_eq!(explanation.mistakes(), [Mistake::MemberNotSigned]);
    assert_eq!(explanation.finding().unwrap().members_not_signed(), ["signType", "sign"]);
}

#[test]
fn slashes_that_differ_are_not_the_path_of_another_call() {
    let signature = signed(&right_text());
    for (path, mistakes) in [
        ("//api/balanceInfo", &[Mistake::SlashTooManyInUrl][..]),
        ("/api//balanceInfo", &[Mistake::SlashTooManyInUrl]),
        ("/api/balanceInfo/", &[Mistake::TrailingSlashInPath]),
        ("/api//balanceInfo/", &[Mistake::SlashTooManyInUrl, Mistake::TrailingSlashInPath]),
        ("/api/payInInfo", &[Mistake::PathOfOtherCall]),
    ] {
        let failed = FailedSignature::of_request(path, NONCE, BODY).key(&test_key().public_key());
        let explanation = failed.signature(&signature).explain();
        assert_eq!(explanation.mistakes(), mistakes, "{path}");
        assert!(explanation.finding().unwrap().equivalents().is_empty(), "{path}");
    }
}

#[test]
fn a_member_that_was_added_to_a_callback_is_named() {
    let signature = signed(r#"{"payOrderId":"P1","state":2}"#);
    let received = br#"{"payOrderId":"P1","state":2,"traceId":"a"}"#;
    let failed = FailedSignature::of_callback(received).key(&test_key().public_key());
    let explanation = failed.signature(&signature).explain();
    assert_eq!(explanation.mistakes(), [Mistake::MemberNotSigned]);
    assert_eq!(explanation.finding().unwrap().members_not_signed(), ["traceId"]);
}

#[test]
fn what_is_wrong_with_the_request_alone_is_said_even_when_nothing_fits() {
    let of = |path: &str, nonce: &str, body: &[u8]| {
        let signature = signed("something else");
        let failed = FailedSignature::of_request(path, nonce, body).key(&test_key().public_key());
        let explanation = failed.signature(&signature).explain();
        assert_eq!(explanation.outcome(), Outcome::Unexplained);
        let names_the_curve = explanation.to_string().contains("P-256");
        assert_eq!(names_the_curve, explanation.mistakes().is_empty(), "only where there is no other clue");
        explanation.mistakes().to_vec()
    };
    for (body, mistake) in [
        (&b"\xef\xbb\xbf{}"[..], Mistake::BodyByteOrderMark),
        (b"\x1f\x8b\x08\x00\x00", Mistake::BodyCompressed),
        (b"\x78\x9c\x01", Mistake::BodyCompressed),
        (b"\xff\xfe{\0}\0", Mistake::BodyNotUtf8),
        (b"{\0}\0", Mistake::BodyNotUtf8),
        (b"{\"a\":\"\xe9\"}", Mistake::BodyNotUtf8),
        (br#"{"a":"1",}"#, Mistake::BodyTrailingComma),
        (br#"{"a":NaN}"#, Mistake::BodyNotANumber),
        (br#"{"a":-Infinity, "b":"NaN,}"}"#, Mistake::BodyNotANumber),
        (b"a=1&b=2", Mistake::BodyForm),
        (b"{'a': '1'}", Mistake::BodyWithoutRule),
        (br#"{"a":"1""#, Mistake::BodyWithoutRule),
        (br#"{"a":1.5}"#, Mistake::BodyWithoutRule),
        (br#"{"a":"1","a":"2"}"#, Mistake::BodyWithoutRule),
        (b" ", Mistake::BodyWithoutRule),
    ] {
        assert_eq!(of(PATH, NONCE, body), [mistake], "{}", body.escape_ascii());
    }
    assert_eq!(of("//api/balanceInfo", NONCE, BODY), [Mistake::SlashTooManyInUrl]);
    for nonce in ["1704180814", "1704180814988123", "now", ""] {
        assert_eq!(of(PATH, nonce, BODY), [Mistake::HeaderNonceNotMillis], "{nonce}");
    }
    assert_eq!(of(PATH, NONCE, BODY), []);
    assert_eq!(of(PATH, NONCE, b""), [Mistake::BodyEmpty]);
}

#[test]
fn a_shallow_search_costs_what_it_may_and_finds_single_mistakes_and_pairs_of_everyday_ones() {
    const MOST: usize = 500;
    let shallow = |text: &str| {
        let signature = signed(text);
        let failed = FailedSignature::of_request(PATH, NONCE, BODY).key(&test_key().public_key());
        failed.host("127.0.0.1:8787").signature(&signature).max_candidates(MOST).explain()
    };
    let pair = right_text().replace("POST|/", "POST|") + "\n";
    for (text, mistakes) in [
        (right_text().replace("POST", "PUT"), &[Mistake::OtherMethod][..]),
        (right_text().replace(NONCE, "1704180814999"), &[Mistake::NonceDiffers]),
        (right_text().replace(PATH, "/api/utrQuery"), &[Mistake::PathOfOtherCall]),
        (right_text().replace("amount=10&", ""), &[Mistake::MemberNotSigned]),
        (right_text() + "&returnUrl=", &[Mistake::MemberNotInBody]),
        (pair, &[Mistake::LeadingSlashMissing, Mistake::TrailingNewline]),
    ] {
        let explanation = shallow(&text);
        assert_eq!(explanation.mistakes(), mistakes);
        assert!(explanation.candidates() <= MOST);
    }
    let unlikely = right_text().replace("POST", "PUT").replace("amount=10&", "") + "|";
    let explanation = shallow(&unlikely);
    assert_eq!(explanation.outcome(), Outcome::Unexplained);
    assert_eq!((explanation.candidates(), explanation.is_complete()), (MOST, false));
    assert!(explanation.to_string().contains("not all mistakes were tried"));
}

#[test]
fn a_hostile_body_is_bounded_in_work() {
    let many: Vec<_> = (0..6_000).map(|n| format!(r#""{n}":""#)).collect();
    let bodies = [
        format!(r#"{{"a":{}1{}}}"#, "[".repeat(30_000), "]".repeat(30_000)),
        format!(r#"{{"a":{}}}"#, "[{}".repeat(20_000)),
        format!("{{{}}}", many.join("\",") + "\""),
        format!(r#"{{"a":"{}"}}"#, "é/&<".repeat(10_000)),
        format!(r#"{{"a.amount":{}}}"#, "9".repeat(60_000)),
        format!("{{{}}}", vec![r#""a":null"#; 7_000].join(",")),
        "\\\"".repeat(30_000),
    ];
    let signature = signed("something else");
    for body in bodies {
        for failed in [
            FailedSignature::of_request(PATH, NONCE, body.as_bytes()),
            FailedSignature::of_callback(body.as_bytes()),
        ] {
            let explanation = failed.key(&test_key().public_key()).signature(&signature).explain();
            assert_eq!(explanation.outcome(), Outcome::Unexplained);
            assert!(explanation.candidates() <= MAX_CANDIDATES);
            let most = MAX_CANDIDATES * 2048;
            assert!(explanation.text_bytes() <= most + 64 * MAX_INPUT_BYTES, "{}", explanation.text_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(rounds(50)))]

    #[test]
    fn what_the_crate_signs_is_never_explained(
        path in "/[a-zA-Z0-9/._-]{0,20}", nonce: u64,
        members in prop::collection::btree_map("[a-zA-Z]{1,8}", "\\PC{0,12}", 0..6),
    ) {
        let parameters = Parameters::from_value(&members).unwrap();
        let signed = RequestToSign::new(&path, Nonce::from_unix_millis(nonce), parameters).unwrap().sign(&test_key());
        let headers = signed.headers();
        let explanation = FailedSignature::of_request(&path, headers.nonce(), signed.body())
            .key(&test_key().public_key())
            .signature(headers.signature())
            .explain();
        prop_assert_eq!(explanation.outcome(), Outcome::NothingToExplain);
    }

    #[test]
    fn no_input_makes_it_panic(
        path in "\\PC{0,30}", nonce in "\\PC{0,20}", body in prop::collection::vec(any::<u8>(), 0..60),
        json in "[{}\\[\\]\",:a1.\\\\u0 -]{0,40}", signature in "\\PC{0,140}", host in "\\PC{0,10}"
    ) {
        let fits_nothing = signed("something else");
        for body in [body.as_slice(), json.as_bytes()] {
            for signature in [&signature, &fits_nothing] {
                let failed = FailedSignature::of_request(&path, &nonce, body).host(&host).other_nonce(&host);
                let request = failed.key(&test_key().public_key()).signature(signature).explain();
                let callback = FailedSignature::of_callback(body).key(&test_key().public_key()).signature(signature).explain();
                for explanation in [request, callback] {
                    let _ = explanation.report().to_string();
                    prop_assert!(explanation.finding().is_none());
                }
            }
        }
    }
}
