//! Key files, signatures and JWKs against the `openssl` program, both ways; a machine without it fails these tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use usher_keys::pem::{self, KeyFileError, PemError};
use usher_keys::{
    Domain, EventId, KeyRequest, PublicKey, RootSet, SecretKey, Signature, Timestamp, jwks::jwks,
};

/// What stands before the 32 bytes of an Ed25519 public key in SPKI (RFC 8410, section 4).
const SPKI_PREFIX: &[u8] = b"302a300506032b6570032100";

fn openssl(arguments: &[&str]) -> Output {
    Command::new("openssl")
        .args(arguments)
        .output()
        .expect("the openssl program is installed")
}

#[track_caller]
fn openssl_ok(arguments: &[&str]) -> Vec<u8> {
    let output = openssl(arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {complaint}");
    output.stdout
}

fn key() -> SecretKey {
    SecretKey::from_seed(&[0x5a; 32])
}

fn spki(key: &PublicKey) -> Vec<u8> {
    let mut der = HEXLOWER.decode(SPKI_PREFIX).expect("the prefix is hexadecimal");
    der.extend(key.0);
    der
}

/// A directory of one test and the names of files in it.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory can be made"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

#[test]
fn openssl_reads_our_private_keys_plain_and_encrypted() {
    let files = Files::new();
    for (name, passphrase) in [
        ("plain.pem", None),
        ("encrypted.pem", Some("correct horse")),
        ("foreign.pem", Some("pässwörd ✓")),
    ] {
        let path = files.path(name);
        pem::write_secret(&path, &key(), passphrase, &[3; pem::RNG_BYTES]).unwrap();
        let given = format!("pass:{}", passphrase.unwrap_or_default());
        let arguments = ["pkey", "-in", text(&path), "-passin", &given];
        let public = openssl_ok(&[&arguments[..], &["-pubout", "-outform", "DER"]].concat());
        assert_eq!(public, spki(&key().public()), "{name}");
    }
    let encrypted = files.path("encrypted.pem");
    assert!(
        !openssl(&["pkey", "-in", text(&encrypted), "-passin", "pass:wrong", "-noout"])
            .status
            .success()
    );
}

#[test]
fn openssl_reads_our_public_keys_and_we_read_its() {
    let files = Files::new();
    let (ours, theirs) = (files.path("ours.pem"), files.path("theirs.pem"));
    pem::write_public(&ours, &key().public()).unwrap();
    let arguments = ["pkey", "-pubin", "-in", text(&ours), "-pubout"];
    let der = openssl_ok(&[&arguments[..], &["-outform", "DER"]].concat());
    assert_eq!(der, spki(&key().public()));
    openssl_ok(&[&arguments[..], &["-out", text(&theirs)]].concat());
    assert_eq!(pem::read_public(&theirs).unwrap(), key().public());
    assert_eq!(fs::read(&ours).unwrap(), fs::read(&theirs).unwrap());
}

#[test]
fn we_read_what_openssl_genpkey_writes() {
    let files = Files::new();
    let path = files.path("theirs.pem");
    openssl_ok(&["genpkey", "-algorithm", "ed25519", "-out", text(&path)]);
    let read = pem::read_secret(&path, None).unwrap();
    let arguments = ["pkey", "-in", text(&path), "-pubout", "-outform", "DER"];
    assert_eq!(openssl_ok(&arguments), spki(&read.public()));
}

#[test]
fn we_read_keys_openssl_encrypted_with_scrypt_and_with_pbkdf2() {
    let files = Files::new();
    let plain = files.path("plain.pem");
    pem::write_secret(&plain, &key(), None, &[3; pem::RNG_BYTES]).unwrap();
    for (name, options) in [
        ("scrypt.pem", &["-scrypt", "-v2", "aes-256-cbc"][..]),
        ("pbkdf2.pem", &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256"]),
        ("default.pem", &[]),
    ] {
        let path = files.path(name);
        let arguments = ["pkcs8", "-topk8", "-in", text(&plain), "-out", text(&path)];
        openssl_ok(&[&arguments[..], &["-passout", "pass:correct horse"], options].concat());
        let read = pem::read_secret(&path, Some("correct horse")).unwrap();
        assert_eq!(read.public(), key().public(), "{name}");
        assert!(pem::read_secret(&path, None).unwrap_err().needs_passphrase());
    }
}

#[test]
fn keys_of_another_algorithm_are_refused_by_name() {
    let files = Files::new();
    for (algorithm, options) in [
        ("x25519", &[][..]),
        ("ec", &["-pkeyopt", "ec_paramgen_curve:P-256"]),
    ] {
        let path = files.path(algorithm);
        openssl_ok(
            &[
                &["genpkey", "-algorithm", algorithm, "-out", text(&path)][..],
                options,
            ]
            .concat(),
        );
        let refused = pem::read_secret(&path, None).unwrap_err();
        assert!(
            matches!(
                refused,
                KeyFileError::Content {
                    reason: PemError::NotEd25519,
                    ..
                }
            ),
            "{refused}"
        );
    }
}

#[test]
fn openssl_verifies_our_signatures_and_we_verify_its() {
    let files = Files::new();
    let (secret, public) = (files.path("secret.pem"), files.path("public.pem"));
    let (message, signature) = (files.path("message"), files.path("signature"));
    pem::write_secret(&secret, &key(), None, &[3; pem::RNG_BYTES]).unwrap();
    pem::write_public(&public, &key().public()).unwrap();

    let signed = b"usher/ticket/1\0body";
    fs::write(&message, signed).unwrap();
    fs::write(&signature, key().sign(Domain::Ticket, b"body").0).unwrap();
    let verify = ["pkeyutl", "-verify", "-pubin", "-inkey", text(&public), "-rawin"];
    openssl_ok(
        &[
            &verify[..],
            &["-in", text(&message), "-sigfile", text(&signature)],
        ]
        .concat(),
    );

    let sign = ["pkeyutl", "-sign", "-inkey", text(&secret), "-rawin"];
    let theirs = openssl_ok(&[&sign[..], &["-in", text(&message)]].concat());
    let theirs = Signature(theirs.try_into().unwrap());
    assert_eq!(key().public().verify(Domain::Ticket, b"body", &theirs), Ok(()));
}

#[test]
fn a_jwk_of_ours_is_the_key_openssl_sees() {
    let files = Files::new();
    let path = files.path("theirs.pem");
    openssl_ok(&["genpkey", "-algorithm", "ed25519", "-out", text(&path)]);
    let theirs = openssl_ok(&["pkey", "-in", text(&path), "-pubout", "-outform", "DER"]);
    let key = pem::read_secret(&path, None).unwrap().public();
    let request = KeyRequest {
        event: EventId([1; 16]),
        ticket_key: key,
        authority_key: key,
        issuing_key: key,
        not_before: Timestamp(0),
        not_after: Timestamp::FOREVER,
    };
    let set = jwks(&request.first_bundle(RootSet::single(key)));
    let x = set["keys"][0]["x"].as_str().unwrap();
    let x = BASE64URL_NOPAD.decode(x.as_bytes()).unwrap();
    assert_eq!([HEXLOWER.decode(SPKI_PREFIX).unwrap(), x].concat(), theirs);
}
