//! Keys: what is read, what is refused, what is made.

use crate::{TEST_KEY, test_key};
use std::collections::HashSet;
use tarspay_sign::{
    Digest, ErrorKind, Nonce, PrivateKey, PublicKey, SYSTEM_PUBLIC_KEY, Signature, SignaturePolicy,
};

/// The order of secp256k1, n.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

#[test]
fn private_keys_are_read_in_either_case_and_kept() {
    for text in [TEST_KEY.to_owned(), TEST_KEY.to_uppercase()] {
        let key: PrivateKey = text.parse().unwrap();
        assert_eq!(key.expose_hex().as_str(), TEST_KEY);
        assert_eq!(key.public_key(), test_key().public_key());
    }
    let smallest = format!("{:064x}", 1);
    let largest = ORDER.replace("4141", "4140");
    for text in [smallest, largest] {
        assert_eq!(PrivateKey::from_hex(&text).unwrap().expose_hex().as_str(), text);
    }
}

#[test]
fn texts_that_are_no_private_key_are_refused_without_being_repeated() {
    let zero = "0".repeat(64);
    let above = "f".repeat(64);
    let prefixed = format!("0x{TEST_KEY}");
    let newline = format!("{TEST_KEY}\n");
    let blank = format!(" {}", &TEST_KEY[1..]);
    let multibyte = format!("é{}", &TEST_KEY[2..]);
    let not_hex = TEST_KEY.replace('5', "g");
    for text in
        ["", "5", &TEST_KEY[1..], &zero, &above, ORDER, &prefixed, &newline, &blank, &multibyte, &not_hex]
    {
        let error = PrivateKey::from_hex(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPrivateKey, "a text of {} bytes", text.len());
        let shown =
            format!("{error} {error:?} {:?}", std::error::Error::source(&error).map(ToString::to_string));
        assert!(text.len() < 2 || !shown.contains(text), "the error repeats the text");
    }
}

fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(bytes_of).collect()
}

#[test]
fn a_private_key_is_read_as_editors_and_shells_store_it() {
    for text in [
        TEST_KEY.to_owned(),
        TEST_KEY.to_uppercase(),
        format!("{TEST_KEY}\n"),
        format!("{TEST_KEY}\r\n\r\n"),
        format!(" \t{TEST_KEY} \n"),
        format!("\u{feff}{TEST_KEY}\r\n"),
        format!("\"{TEST_KEY}\"\n"),
        format!("'{TEST_KEY}'"),
        format!("0x{TEST_KEY}\n"),
        format!("\u{feff} '0X{}'\r\n", TEST_KEY.to_uppercase()),
    ] {
        assert_eq!(text.parse::<PrivateKey>().unwrap().expose_hex().as_str(), TEST_KEY);
        assert_eq!(PrivateKey::try_from(text.as_str()).unwrap().public_key(), test_key().public_key());
        let wide = text.trim_start_matches('\u{feff}');
        for bytes in [text.clone().into_bytes(), utf16(wide, u16::to_le_bytes), utf16(wide, u16::to_be_bytes)]
        {
            assert_eq!(PrivateKey::from_reader(&bytes[..]).unwrap().public_key(), test_key().public_key());
        }
    }
}

#[test]
fn what_is_not_a_stored_key_is_refused_with_its_place_and_without_its_text() {
    let after = |text: &str| format!("{TEST_KEY}{text}").into_bytes();
    let wide = |text: &str| utf16(text, u16::to_le_bytes);
    let digits = |count: usize| format!("a private key is 64 hex digits, and this text has {count}");
    for (text, reason) in [
        (Vec::new(), "there is nothing in it"),
        (b"\xef\xbb\xbf\r\n".to_vec(), "there is nothing in it"),
        (b"''".to_vec(), "there is nothing in it"),
        (after("\n5"), "character 65 is a line end"),
        (after(" 5"), "character 65 is a blank"),
        (after("\""), "character 65 is a quotation mark"),
        (after("\u{a0}"), "character 65 is not ASCII"),
        (after("\0"), "character 65 is NUL"),
        (format!("“{TEST_KEY}”").into_bytes(), "character 1 is not ASCII"),
        (format!(" \"0x{}g\"", &TEST_KEY[1..]).into_bytes(), "character 68 is not a hex digit"),
        (format!("KEY={TEST_KEY}").into_bytes(), "character 1 is not a hex digit"),
        (wide(&format!("{}é", &TEST_KEY[1..])), "character 64 is not ASCII"),
        (wide(TEST_KEY)[2..].to_vec(), "character 2 is NUL, as in UTF-16"),
        ([wide(TEST_KEY), vec![b'5']].concat(), "character 65 is not ASCII"),
        (format!("-----BEGIN EC PRIVATE KEY-----\n{TEST_KEY}").into_bytes(), "this is PEM"),
        (TEST_KEY.as_bytes()[1..].to_vec(), &digits(63)),
        (format!("02{TEST_KEY}").into_bytes(), "like a public key"),
        (format!("00{TEST_KEY}").into_bytes(), "leave out the first two zeros"),
        (" ".repeat(2000).into_bytes(), "far longer"),
        (ORDER.as_bytes().to_vec(), "below the order"),
    ] {
        let error = PrivateKey::from_reader(&text[..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPrivateKey, "{reason}");
        assert!(error.to_string().contains(reason), "{reason}, but {error}");
        assert!(!format!("{error} {error:?}").contains(&TEST_KEY[1..9]), "{error}");
        if let Ok(text) = std::str::from_utf8(&text) {
            assert_eq!(text.parse::<PrivateKey>().unwrap_err().to_string(), error.to_string());
        }
    }
}

#[test]
fn a_public_key_is_parsed_as_it_is_stored_and_its_fault_has_a_place() {
    let digits = SYSTEM_PUBLIC_KEY;
    for text in [
        format!("{digits}\r\n"),
        format!("\u{feff}\"{}\"\n", digits.to_uppercase()),
        format!("'0X{digits}'"),
        format!("0x{digits}"),
    ] {
        assert_eq!(text.parse::<PublicKey>().unwrap(), PublicKey::system(), "{text:?}");
        assert!(PublicKey::from_hex(&text).is_err(), "{text:?}");
    }
    for (text, reason) in [
        ("\n".to_owned(), "there is nothing in it"),
        (format!("{digits}\n{digits}"), "character 67 is a line end"),
        (format!(" \"0x{}g\"", &digits[1..]), "character 70 is not a hex digit"),
        (format!("{digits}\0"), "character 67 is NUL"),
        (format!("“{digits}”"), "character 1 is not ASCII"),
        ("-----BEGIN PUBLIC KEY-----\nAA".to_owned(), "openssl ec -pubin"),
        (format!("{TEST_KEY}\n"), "keep it secret"),
        (format!("0x04{}", "0".repeat(128)), "uncompressed"),
        (format!("{digits}00"), "02 or 03"),
    ] {
        let error = text.parse::<PublicKey>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPublicKey, "{text:?}");
        assert!(error.to_string().contains(reason), "{reason}, but {error}");
        assert!(!error.to_string().contains(&TEST_KEY[1..9]), "{error}");
    }
}

#[test]
fn a_stored_key_that_is_cut_anywhere_is_refused() {
    for stored in [utf16(TEST_KEY, u16::to_le_bytes), format!("\u{feff}\"0x{TEST_KEY}\"").into_bytes()] {
        for end in 0..stored.len() {
            let error = PrivateKey::from_reader(&stored[..end]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPrivateKey, "cut at {end}");
        }
    }
}

#[test]
fn a_key_file_is_read_and_its_faults_name_the_file_alone() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("owner's key");
    // A new file, for its owner alone.
    let _ = std::fs::remove_file(&file);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut stream = options.open(&file).unwrap();
    std::io::Write::write_all(&mut stream, format!("{TEST_KEY}\n").as_bytes()).unwrap();

    assert_eq!(PrivateKey::from_file(&file).unwrap().public_key(), test_key().public_key());
    assert_eq!(
        std::fs::read_to_string(&file).unwrap().parse::<PrivateKey>().unwrap().public_key(),
        test_key().public_key()
    );
    #[cfg(unix)]
    for mode in [0o640, 0o604, 0o644, 0o620, 0o601, 0o444] {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = PrivateKey::from_file(&file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyFileExposed);
        for word in [format!("{mode:04o}"), "chmod 600 '".to_owned(), r"owner'\''s key'".to_owned()] {
            assert!(error.to_string().contains(&word), "{word}: {error}");
        }
        PrivateKey::from_exposed_file(&file).unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, format!("{TEST_KEY}!")).unwrap();
    let error = PrivateKey::from_exposed_file(&file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPrivateKey);
    assert!(error.to_string().contains("s key': character 65 is"), "{error}");

    for (path, named) in [(folder.join("no such key"), "no such key"), (folder.to_owned(), "")] {
        let error = PrivateKey::from_file(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::KeyFileUnreadable);
        assert!(
            error.to_string().contains(named) && std::error::Error::source(&error).is_some(),
            "{error:?}"
        );
    }
    for key in [TEST_KEY.to_owned(), format!("0x{TEST_KEY}"), TEST_KEY[2..].to_uppercase()] {
        let error = PrivateKey::from_file(&key).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&key[4..]), "a key in place of its file");
    }
}

#[test]
fn public_keys_are_read_in_either_case_and_written_in_lower() {
    let key: PublicKey = SYSTEM_PUBLIC_KEY.to_uppercase().parse().unwrap();
    assert_eq!(key.to_string(), SYSTEM_PUBLIC_KEY);
    assert_eq!(hex::encode(key.as_bytes()), SYSTEM_PUBLIC_KEY);
    assert_eq!(HashSet::from([key, PublicKey::system()]).len(), 1);
}

#[test]
fn texts_that_are_no_public_key_are_refused() {
    let not_on_curve = format!("02{:064x}", 5);
    let x_too_large = format!("02{}", "f".repeat(64));
    let uncompressed = format!("04{}", "11".repeat(64));
    let wrong_prefix = format!("05{}", &SYSTEM_PUBLIC_KEY[2..]);
    let compact_prefix = format!("04{}", &SYSTEM_PUBLIC_KEY[2..]);
    let identity = "00".repeat(33);
    let not_hex = SYSTEM_PUBLIC_KEY.replace('a', "x");
    let blank = format!("{} ", &SYSTEM_PUBLIC_KEY[..65]);
    for text in [
        "",
        "00",
        TEST_KEY,
        &SYSTEM_PUBLIC_KEY[..64],
        &not_on_curve,
        &x_too_large,
        &uncompressed,
        &wrong_prefix,
        &compact_prefix,
        &identity,
        &not_hex,
        &blank,
    ] {
        assert_eq!(PublicKey::from_hex(text).unwrap_err().kind(), ErrorKind::InvalidPublicKey, "{text}");
    }
}

#[test]
fn generated_keys_differ_and_work_also_where_keys_are_read_as_signed_numbers() {
    let keys: Vec<_> = (0..64).map(|_| PrivateKey::generate().unwrap()).collect();
    let publics: HashSet<_> = keys.iter().map(PrivateKey::public_key).collect();
    assert_eq!(publics.len(), keys.len());
    let digest = Digest::of("text");
    for key in &keys {
        let text = key.expose_hex();
        assert!(text.as_str() < "8", "below 2^255");
        let again = PrivateKey::from_hex(&text).unwrap();
        again.public_key().verify(&digest, &key.sign(&digest), SignaturePolicy::RequireLowS).unwrap();
    }
}

/// The point G, whose private key is 1, as every implementation prints it.
const G_X: &str = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const G_Y: &str = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
/// `openssl ec -pubout -outform DER`, with and without `-conv_form compressed`.
const SPKI_UNCOMPRESSED: &str = "3056301006072a8648ce3d020106052b8104000a034200";
const SPKI_COMPRESSED: &str = "3036301006072a8648ce3d020106052b8104000a032200";

fn key_one() -> PublicKey {
    PrivateKey::from_hex(&format!("{:064x}", 1)).unwrap().public_key()
}

#[test]
fn public_keys_are_read_from_sec1_points_and_spki() {
    let sec1 = |digits: String| PublicKey::from_sec1_bytes(&hex::decode(digits).unwrap()).unwrap();
    let spki = |digits: String| PublicKey::from_spki_der(&hex::decode(digits).unwrap()).unwrap();
    for key in [
        sec1(format!("02{G_X}")),
        sec1(format!("04{G_X}{G_Y}")),
        spki(format!("{SPKI_UNCOMPRESSED}04{G_X}{G_Y}")),
        spki(format!("{SPKI_COMPRESSED}02{G_X}")),
    ] {
        assert_eq!(key, key_one());
        assert_eq!(key.to_string(), format!("02{G_X}"));
    }
}

#[test]
fn bytes_that_are_not_a_public_key_are_refused() {
    let refused = |kind: &str, read: fn(&[u8]) -> Result<PublicKey, tarspay_sign::Error>, digits: &str| {
        let error = read(&hex::decode(digits).unwrap()).expect_err(&format!("{kind}: {digits}"));
        assert_eq!(error.kind(), ErrorKind::InvalidPublicKey);
        error.to_string()
    };
    let other_y = G_Y.replace("d4b8", "d4b9");
    for point in [
        String::new(),
        "00".to_owned(),
        "02".to_owned(),
        G_X.to_owned(),
        format!("02{G_X}00"),
        format!("03{G_X}{G_Y}"),
        format!("04{G_X}"),
        format!("04{G_X}{other_y}"),
        format!("04{G_X}{G_Y}00"),
        format!("05{G_X}"),
        format!("06{G_X}{G_Y}"),
        format!("07{G_X}{G_Y}"),
        format!("02{:064x}", 5),
        format!("02{}", "f".repeat(64)),
        "00".repeat(33),
        "00".repeat(65),
    ] {
        refused("SEC1", PublicKey::from_sec1_bytes, &point);
        // The same points, and the right one, behind a prefix that does not fit.
        for prefix in [SPKI_COMPRESSED, SPKI_UNCOMPRESSED] {
            refused("SPKI", PublicKey::from_spki_der, &format!("{prefix}{point}"));
        }
    }
    let right = format!("{SPKI_UNCOMPRESSED}04{G_X}{G_Y}");
    for der in [
        right[..right.len() - 2].to_owned(),
        format!("{right}00"),
        right.replace("2b8104000a", "2b81040022"),
        right.replace("2a8648ce3d0201", "2a8648ce3d0202"),
        right.replace("034200", "034201"),
        right.replace("034200", "034100"),
        right.replacen("3056", "3055", 1),
        right.replacen("3056", "308156", 1),
        format!("04{G_X}{G_Y}"),
    ] {
        refused("SPKI", PublicKey::from_spki_der, &der);
    }
    // P-256, the usual mistake.
    let p256 = "3059301306072a8648ce3d020106082a8648ce3d030107034200".to_owned() + &"11".repeat(65);
    assert!(refused("SPKI", PublicKey::from_spki_der, &p256).contains("P-256"));
}

#[test]
fn values_with_a_text_are_read_from_it_in_the_same_ways() {
    let (public, signature) = (key_one(), test_key().sign(&Digest::of("text")));
    assert_eq!(PublicKey::try_from(public.to_string().as_str()).unwrap(), public);
    assert_eq!(Signature::try_from(signature.to_string().as_str()).unwrap(), signature);
    assert_eq!(PrivateKey::try_from(TEST_KEY).unwrap().public_key(), test_key().public_key());
    assert_eq!(Nonce::try_from("1704180814988").unwrap(), Nonce::from_unix_millis(1_704_180_814_988));
    assert_eq!(public.as_ref(), public.as_bytes());
    assert!(
        PublicKey::try_from("").is_err() && Signature::try_from("").is_err() && Nonce::try_from("").is_err()
    );
}
