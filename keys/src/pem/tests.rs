//! Key files and their texts; what OpenSSL makes of them is tested in `tests/openssl.rs`.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::file::FileError;

const RNG: [u8; RNG_BYTES] = [9; RNG_BYTES];

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

#[test]
fn a_plain_key_is_the_document_of_rfc_8410() {
    let seed = data_encoding::HEXLOWER
        .decode(b"d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842")
        .unwrap();
    let key = SecretKey::from_seed(&seed.try_into().unwrap());
    let text = secret_to_pem(&key, None, &RNG).unwrap();
    assert_eq!(
        text.as_str(),
        "-----BEGIN PRIVATE KEY-----\n\
         MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
         -----END PRIVATE KEY-----\n"
    );
    assert_eq!(
        public_to_pem(&key.public()),
        "-----BEGIN PUBLIC KEY-----\n\
         MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
         -----END PUBLIC KEY-----\n"
    );
}

#[test]
fn keys_come_back_from_their_text_plain_and_encrypted() {
    for passphrase in [None, Some("correct horse"), Some("äöü✓")] {
        let text = secret_to_pem(&key(1), passphrase, &RNG).unwrap();
        let back = secret_from_pem(&text, passphrase).unwrap();
        assert_eq!(back.public(), key(1).public());
    }
    let public = key(1).public();
    assert_eq!(public_from_pem(&public_to_pem(&public)), Ok(public));
}

#[test]
fn an_encrypted_key_differs_with_every_draw_of_random_bytes() {
    let one = secret_to_pem(&key(1), Some("correct horse"), &[1; RNG_BYTES]).unwrap();
    let two = secret_to_pem(&key(1), Some("correct horse"), &[2; RNG_BYTES]).unwrap();
    assert_ne!(*one, *two);
}

#[test]
fn a_missing_and_a_wrong_passphrase_are_told_apart() {
    let text = secret_to_pem(&key(1), Some("correct horse"), &RNG).unwrap();
    assert_eq!(
        secret_from_pem(&text, None).unwrap_err(),
        PemError::NeedsPassphrase
    );
    for wrong in ["", "correct", "Correct horse", "correct horse "] {
        assert_eq!(
            secret_from_pem(&text, Some(wrong)).unwrap_err(),
            PemError::WrongPassphrase,
            "{wrong}"
        );
    }
}

#[test]
fn passphrases_openssl_could_not_be_given_are_refused_when_writing() {
    for unusable in [
        String::new(),
        "abc".to_owned(),
        "x".repeat(MAX_PASSPHRASE_BYTES + 1),
    ] {
        assert_eq!(
            secret_to_pem(&key(1), Some(&unusable), &RNG).unwrap_err(),
            PemError::UnusablePassphrase
        );
    }
}

/// Wraps a scrypt cost into an otherwise well-formed encrypted key.
fn with_cost(cost_parameter: u64, block_size: u16, parallelization: u16) -> String {
    let salt = pbes2::Kdf::from(pbes2::ScryptParams {
        salt: [1u8; 32].as_slice().try_into().unwrap(),
        cost_parameter,
        block_size,
        parallelization,
        key_length: None,
    });
    let parameters = pbes2::Parameters {
        kdf: salt,
        encryption: pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] },
    };
    let info = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: parameters.into(),
        encrypted_data: ed25519_dalek::pkcs8::OctetStringRef::new(&[0; 48]).unwrap(),
    };
    let document = SecretDocument::try_from(info).unwrap();
    document
        .to_pem(ENCRYPTED_LABEL, LineEnding::LF)
        .unwrap()
        .to_string()
}

#[test]
fn a_hostile_file_cannot_demand_memory_time_or_a_panic() {
    for (cost, block_size, passes) in [
        (0, 8, 1),
        (3, 8, 1),
        (1 << 15, 16, 1),
        (1 << 63, u16::MAX, 1),
        (1 << 14, 8, u16::MAX),
    ] {
        assert_eq!(
            secret_from_pem(&with_cost(cost, block_size, passes), Some("passphrase")).unwrap_err(),
            PemError::UnusableEncryption,
            "N {cost}, r {block_size}, p {passes}"
        );
    }
}

#[test]
fn texts_that_are_no_private_key_are_refused_with_what_they_lack() {
    #[track_caller]
    fn check(text: &str, expected: PemError) {
        assert_eq!(
            secret_from_pem(text, Some("passphrase")).unwrap_err(),
            expected,
            "{text}"
        );
    }
    let not_pem = PemError::NotPem {
        expected: PRIVATE_LABEL,
    };
    let plain = secret_to_pem(&key(1), None, &RNG).unwrap();
    check("", not_pem.clone());
    check("hello", not_pem.clone());
    check(&public_to_pem(&key(1).public()), not_pem.clone());
    check(&plain[..plain.len() - 10], not_pem.clone());
    check(&plain.replace("PRIVATE KEY", "RSA PRIVATE KEY"), not_pem);
    // The same document with the object identifier of X25519.
    check(&plain.replace("K2Vw", "K2Vu"), PemError::NotEd25519);
}

#[test]
fn a_version_2_document_is_read_only_if_its_public_half_fits() {
    let mut der = vec![
        0x30, 0x51, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
    ];
    der.extend([0x04, 0x22, 0x04, 0x20]);
    der.extend([5; 32]);
    der.extend([0x81, 0x21, 0x00]);
    der.extend(key(5).public().0);
    assert_eq!(secret_from_der(&der).unwrap().public(), key(5).public());
    *der.last_mut().unwrap() ^= 1;
    assert!(secret_from_der(&der).is_none());
}

#[test]
fn a_written_key_file_is_private_and_is_not_overwritten_by_another_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pem");
    write_secret(&path, &key(1), None, &RNG).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    write_secret(&path, &key(1), None, &RNG).expect("the same key again is no conflict");
    for (other, passphrase) in [(key(2), None), (key(1), Some("correct horse"))] {
        let refused = write_secret(&path, &other, passphrase, &RNG).unwrap_err();
        assert!(
            matches!(refused, KeyFileError::File(FileError::Exists { .. })),
            "{refused}"
        );
    }
    assert_eq!(read_secret(&path, None).unwrap().public(), key(1).public());

    replace_secret(&path, &key(2), Some("correct horse"), &RNG).unwrap();
    assert!(read_secret(&path, None).unwrap_err().needs_passphrase());
    let held = read_secret(&path, Some("correct horse")).unwrap();
    assert_eq!(held.public(), key(2).public());
}

#[test]
fn a_key_file_that_others_can_read_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pem");
    write_secret(&path, &key(1), None, &RNG).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = read_secret(&path, None).unwrap_err();
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
}

#[test]
fn a_public_key_file_is_readable_by_all_and_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key.pub.pem");
    write_public(&path, &key(1).public()).unwrap();
    assert_eq!(read_public(&path).unwrap(), key(1).public());
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(read_public(&path).is_err());
}

proptest::proptest! {
    #[test]
    fn any_text_as_a_key_is_an_answer_never_a_panic(text in ".*", bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = secret_from_pem(&text, None);
        let _ = public_from_pem(&text);
        for label in [PRIVATE_LABEL, "PUBLIC KEY"] {
            let body = data_encoding::BASE64.encode(&bytes);
            let wrapped: Vec<_> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let framed = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", wrapped.join("\n"));
            let _ = secret_from_pem(&framed, None);
            let _ = public_from_pem(&framed);
        }
        let _ = secret_from_der(&bytes);
    }
}
