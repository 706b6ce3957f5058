//! The program `usher-keys` as its users run it: files, exit codes, words; formats and rules are tested in the library.

mod cli {
    mod archives;
    mod extending;
    mod striking;
}

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use usher_keys::{
    Capabilities, Certificate, EventId, KeyStatus, PublicKey, Role, RootSet, SecretKey, SignedBundle,
    Timestamp, TrustBundle, Window, pem,
};

const PASSPHRASE: &str = "correct horse";

/// How a run of the program came out.
struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

/// A directory of one test, in which the program runs.
struct WorkFolder(tempfile::TempDir);

impl WorkFolder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory can be made"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher-keys"));
        // Always set: a test that came to a prompt would wait for the person who started it.
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("USHER_PASSPHRASE", PASSPHRASE)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output = self
            .command(arguments)
            .output()
            .expect("the program can be started");
        Run {
            code: output.status.code().expect("the program was not killed"),
            stdout: String::from_utf8(output.stdout).expect("the program writes UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("the program writes UTF-8"),
        }
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        run.stdout
    }

    #[track_caller]
    fn refused(&self, code: i32, says: &str, arguments: &[&str]) {
        let run = self.run(arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(says), "{arguments:?}: {}", run.stderr);
    }

    #[track_caller]
    fn new_key(&self, command: &str, name: &str) -> PublicKey {
        let stdout = self.ok(&[command, "--out", name]);
        PublicKey::from_hex(stdout.trim_end()).expect("the public key is printed in hexadecimal")
    }

    fn write(&self, name: &str, content: impl ToString) {
        fs::write(self.0.path().join(name), content.to_string()).expect("the file can be written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).expect("the file can be read")
    }

    #[track_caller]
    fn bundle(&self, name: &str, pinned: &RootSet) -> TrustBundle {
        let signed: SignedBundle = serde_json::from_str(&self.read(name)).expect("the file is a bundle");
        signed
            .verify(pinned)
            .expect("the bundle is signed as its roots demand")
    }

    /// Writes a request for fresh keys and gives its ticket key.
    fn request(&self, name: &str, seed: u8) -> PublicKey {
        self.write(name, request(seed));
        public(seed)
    }
}

fn public(seed: u8) -> PublicKey {
    SecretKey::from_seed(&[seed; 32]).public()
}

fn request(ticket_seed: u8) -> Value {
    json!({
        "event": EventId([1; 16]),
        "ticket_key": public(ticket_seed),
        "authority_key": public(50),
        "issuing_key": public(60),
        "not_before": 0,
        "not_after": 4_000_000_000_000_u64,
    })
}

#[test]
fn a_new_key_is_a_private_file_and_its_public_half_is_printed() {
    let folder = WorkFolder::new();
    for (command, name) in [("new-root", "root.pem"), ("new-key", "key.pem")] {
        let public = folder.new_key(command, name);
        let path = folder.0.path().join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(pem::read_secret(&path, None).unwrap().public(), public);
    }
    assert_ne!(folder.read("root.pem"), folder.read("key.pem"));
}

#[test]
fn a_passphrase_encrypts_the_root_and_is_needed_to_sign_with_it() {
    let folder = WorkFolder::new();
    folder.request("request.json", 10);
    let root = folder.ok(&["new-root", "--out", "root.pem", "--passphrase"]);
    assert!(
        folder
            .read("root.pem")
            .starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    );
    let sign = [
        "bundle",
        "--root",
        "root.pem",
        "--request",
        "request.json",
        "--out",
        "bundle.json",
    ];
    let wrong = folder
        .command(&sign)
        .env("USHER_PASSPHRASE", "wrong")
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("the passphrase is wrong"));
    folder.ok(&sign);
    let pinned = RootSet::single(PublicKey::from_hex(root.trim_end()).unwrap());
    assert_eq!(folder.bundle("bundle.json", &pinned).version, 1);

    let short = folder
        .command(&["new-root", "--out", "short.pem", "--passphrase"])
        .env("USHER_PASSPHRASE", "abc")
        .output()
        .unwrap();
    assert_eq!(short.status.code(), Some(1));
    assert!(!folder.0.path().join("short.pem").exists());
}

#[test]
fn a_file_that_is_there_is_replaced_only_on_demand() {
    let folder = WorkFolder::new();
    folder.request("request.json", 10);
    let first = folder.new_key("new-root", "root.pem");
    folder.refused(1, "--force", &["new-root", "--out", "root.pem"]);
    let path = folder.0.path().join("root.pem");
    assert_eq!(pem::read_secret(&path, None).unwrap().public(), first);
    folder.ok(&["new-root", "--out", "root.pem", "--force"]);
    assert_ne!(pem::read_secret(&path, None).unwrap().public(), first);

    let sign = [
        "bundle",
        "--root",
        "root.pem",
        "--request",
        "request.json",
        "--out",
        "b.json",
    ];
    folder.write("b.json", "precious");
    folder.refused(1, "--force", &sign);
    assert_eq!(folder.read("b.json"), "precious");
    folder.ok(&[&sign[..], &["--force"]].concat());
    assert_ne!(folder.read("b.json"), "precious");
}

#[test]
fn a_bundle_lives_through_rotation_and_striking() {
    let folder = WorkFolder::new();
    let pinned = RootSet::single(folder.new_key("new-root", "root.pem"));
    let (old, new) = (
        folder.request("first.json", 10),
        folder.request("second.json", 11),
    );
    let root = ["--root", "root.pem"];
    folder.ok(&[
        &["bundle", "--request", "first.json", "--out", "b1.json"],
        &root[..],
    ]
    .concat());
    assert_eq!(folder.bundle("b1.json", &pinned).ticket_keys[0].key, old);

    let rotate = ["rotate", "--bundle", "b1.json", "--request", "second.json"];
    folder.ok(&[&rotate[..], &root, &["--out", "b2.json"]].concat());
    let rotated = folder.bundle("b2.json", &pinned);
    assert_eq!(rotated.version, 2);
    assert!(matches!(
        rotated.ticket_key(old.id()).unwrap().status,
        KeyStatus::Retired(_)
    ));
    assert_eq!(rotated.ticket_key(new.id()).unwrap().status, KeyStatus::Active);

    let id = old.id().to_string();
    let strike = ["strike", "--bundle", "b2.json", "--key", &id];
    folder.ok(&[&strike[..], &root, &["--out", "b3.json"]].concat());
    let struck = folder.bundle("b3.json", &pinned);
    assert_eq!(struck.version, 3);
    assert!(struck.ticket_key(old.id()).unwrap().is_struck());

    let jwks: Value = serde_json::from_str(&folder.ok(&["jwks", "--bundle", "b3.json"])).unwrap();
    let kids: Vec<_> = jwks["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["kid"])
        .collect();
    assert_eq!(kids.len(), 3);
    assert!(!kids.contains(&&Value::from(id.as_str())));

    let again = ["strike", "--bundle", "b3.json", "--key", &id, "--out", "b4.json"];
    folder.refused(1, "not struck out yet", &[&again[..], &root].concat());
    let revive = ["rotate", "--bundle", "b3.json", "--request", "first.json"];
    folder.refused(
        1,
        "never trusted again",
        &[&revive[..], &root, &["--out", "b4.json"]].concat(),
    );
}

#[test]
fn two_of_three_roots_sign_one_after_the_other() {
    let folder = WorkFolder::new();
    folder.request("request.json", 10);
    folder.request("next.json", 11);
    let keys: Vec<_> = ["a.pem", "b.pem", "c.pem"]
        .iter()
        .map(|name| folder.new_key("new-root", name))
        .collect();
    let (b, c) = (keys[1].to_string(), keys[2].to_string());
    let pinned = RootSet { threshold: 2, keys };
    let first = [
        "bundle",
        "--root",
        "a.pem",
        "--root-public",
        &b,
        "--root-public",
        &c,
    ];
    let from = ["--request", "request.json", "--out", "bundle.json"];
    folder.refused(2, "--threshold", &[&first[..], &from].concat());
    let out = folder.run(&[&first[..], &from, &["--threshold", "2"]].concat());
    assert_eq!(out.code, 0);
    assert!(out.stderr.contains("1 of the 2"), "{}", out.stderr);

    let next = ["rotate", "--bundle", "bundle.json", "--request", "next.json"];
    let next_out = ["--root", "a.pem", "--out", "next-bundle.json"];
    folder.refused(1, "1 of the 2", &[&next[..], &next_out].concat());

    folder.new_key("new-root", "foreign.pem");
    let foreign = ["cosign", "--root", "foreign.pem", "--bundle", "bundle.json"];
    folder.refused(1, "not among the bundle's roots", &foreign);
    let cosigned = folder.ok(&["cosign", "--root", "c.pem", "--bundle", "bundle.json"]);
    assert!(cosigned.contains("signatures enough"), "{cosigned}");
    assert_eq!(folder.bundle("bundle.json", &pinned).version, 1);

    let unsigned = ["--root", "b.pem", "--out", "next-bundle.json"];
    folder.refused(1, "none of the given roots", &[&next[..], &unsigned].concat());
    folder.ok(&[&next[..], &next_out].concat());
    let kept = ["cosign", "--root", "b.pem", "--bundle", "next-bundle.json"];
    folder.ok(&[&kept[..], &["--out", "complete.json"]].concat());
    assert_eq!(folder.bundle("complete.json", &pinned).version, 2);
    folder.refused(1, "--force", &[&kept[..], &["--out", "complete.json"]].concat());
}

#[test]
fn a_bundle_slipped_in_by_someone_else_is_not_gone_on_from() {
    let folder = WorkFolder::new();
    let mine = folder.new_key("new-root", "root.pem");
    folder.request("request.json", 10);
    let intruder = SecretKey::from_seed(&[66; 32]);
    let slipped = TrustBundle {
        event: EventId([1; 16]),
        version: 7,
        roots: RootSet {
            threshold: 1,
            keys: vec![mine, intruder.public()],
        },
        ticket_keys: vec![],
        authority_keys: vec![],
        issuing_keys: vec![],
    };
    folder.write(
        "slipped.json",
        serde_json::to_string(&slipped.sign(&[&intruder])).unwrap(),
    );
    let rotate = ["rotate", "--root", "root.pem", "--bundle", "slipped.json"];
    let rest = ["--request", "request.json", "--out", "next.json"];
    folder.refused(1, "none of the given roots", &[&rotate[..], &rest].concat());
    assert!(!folder.0.path().join("next.json").exists());
}

#[test]
fn keys_can_be_spelled_out_instead_of_a_request() {
    let folder = WorkFolder::new();
    let pinned = RootSet::single(folder.new_key("new-root", "root.pem"));
    folder.request("request.json", 10);
    let sign = ["bundle", "--root", "root.pem"];
    folder.ok(&[&sign[..], &["--request", "request.json", "--out", "one.json"]].concat());

    let (event, ticket) = (EventId([1; 16]).to_string(), public(10).to_string());
    let (authority, issuing) = (public(50).to_string(), public(60).to_string());
    let spelled = [
        "--event",
        &event,
        "--ticket-key",
        &ticket,
        "--authority-key",
        &authority,
    ];
    let more = [
        "--issuing-key",
        &issuing,
        "--not-before",
        "0",
        "--not-after",
        "4000000000000",
    ];
    let out = ["--out", "two.json"];
    folder.ok(&[&sign[..], &spelled, &more, &out].concat());
    assert_eq!(
        folder.bundle("one.json", &pinned),
        folder.bundle("two.json", &pinned)
    );

    folder.refused(2, "--issuing-key", &[&sign[..], &spelled, &out].concat());
    folder.refused(2, "--request", &[&sign[..], &out].concat());
    let both = ["--request", "request.json"];
    folder.refused(
        2,
        "cannot be used with",
        &[&sign[..], &spelled, &more, &both, &out].concat(),
    );
}

#[test]
fn requests_that_cannot_be_used_are_answered_with_the_reason() {
    let folder = WorkFolder::new();
    folder.new_key("new-root", "root.pem");
    folder.request("request.json", 10);
    let sign = |name| {
        [
            "bundle",
            "--root",
            "root.pem",
            "--request",
            name,
            "--out",
            "b.json",
        ]
    };
    let check = |change: fn(&mut Value), says| {
        let mut changed = request(10);
        change(&mut changed);
        folder.write("changed.json", changed);
        folder.refused(1, says, &sign("changed.json"));
    };
    check(|request| request["note"] = "hello".into(), "unknown field `note`");
    check(|request| request["not_after"] = 0.into(), "window is empty");
    check(
        |request| request["ticket_key"] = "00".repeat(32).into(),
        "not a usable",
    );
    check(
        |request| request["ticket_key"] = "xyz".into(),
        "32 bytes in hexadecimal",
    );
    check(|request| request["event"] = "evt_1".into(), "not an event id");
    check(|request| request["not_after"] = (-1).into(), "invalid value");
    folder.refused(1, "absent.json", &sign("absent.json"));
    folder.write("long.json", " ".repeat(70_000));
    folder.refused(1, "longer than", &sign("long.json"));

    folder.ok(&sign("request.json"));
    let mut foreign = request(11);
    foreign["event"] = serde_json::to_value(EventId([2; 16])).unwrap();
    folder.write("foreign.json", foreign);
    let rotate = ["rotate", "--root", "root.pem", "--bundle", "b.json"];
    let rest = ["--request", "foreign.json", "--out", "c.json"];
    folder.refused(1, "for event evt_0810", &[&rotate[..], &rest].concat());
}

#[test]
fn verify_tells_valid_from_not_valid_from_unusable() {
    let folder = WorkFolder::new();
    // RFC 8032, section 7.1, test 1: the empty message.
    let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
    let check = |code, key: &str, message: &str, signature: &str| {
        let arguments = [
            "verify",
            "--public-key",
            key,
            "--message",
            message,
            "--signature",
            signature,
        ];
        let run = folder.run(&arguments);
        assert_eq!(run.code, code, "{arguments:?}: {}{}", run.stdout, run.stderr);
        run.stdout
    };
    assert_eq!(check(0, key, "", signature), "valid\n");
    assert_eq!(check(0, &key.to_uppercase(), "", signature), "valid\n");
    assert!(check(1, key, "00", signature).starts_with("not valid: "));
    check(1, key, "", &signature[..126]); // too short
    check(1, key, "", &format!("{signature}00")); // too long
    check(1, key, "", "");
    check(1, &key[..62], "", signature);
    check(1, &"00".repeat(32), "", signature); // small order
    check(1, &format!("02{}", "00".repeat(31)), "", signature); // no point
    check(2, "xyz", "", signature);
    check(2, key, "0", signature); // half a byte
    check(2, key, "", &format!("0x{signature}"));
    folder.refused(
        2,
        "--signature",
        &["verify", "--public-key", key, "--message", ""],
    );
}

#[test]
fn inspect_shows_what_a_file_is_and_nothing_secret() {
    let folder = WorkFolder::new();
    let key = folder.new_key("new-key", "key.pem");
    let root = folder.ok(&["new-root", "--out", "root.pem", "--passphrase"]);
    folder.request("request.json", 10);
    let sign = ["bundle", "--root", "root.pem", "--request", "request.json"];
    folder.ok(&[&sign[..], &["--out", "bundle.json"]].concat());
    folder.write("public.pem", pem::public_to_pem(&key));

    let shows = |name, expected: &[&str]| {
        let text = folder.ok(&["inspect", name]);
        for part in expected {
            assert!(text.contains(part), "{name} lacks {part}: {text}");
        }
        text
    };
    let secret = shows(
        "key.pem",
        &["not encrypted", &key.to_string(), &key.id().to_string()],
    );
    shows("root.pem", &["private key, encrypted", root.trim_end()]);
    shows("public.pem", &["public key", &key.to_string()]);
    shows("request.json", &["key request", &public(10).to_string()]);
    shows(
        "bundle.json",
        &["version    1", "1 of 1 must sign", "has signed", "ticket, active"],
    );

    let der = pem::read_secret(&folder.0.path().join("key.pem"), None)
        .unwrap()
        .to_pkcs8_der();
    let seed = &der[der.len() - 32..];
    for spelling in [
        HEXLOWER.encode(seed),
        BASE64.encode(seed),
        BASE64URL_NOPAD.encode(seed),
        BASE64.encode(&der),
    ] {
        assert!(!secret.contains(&spelling));
    }
    let blind = folder
        .command(&["inspect", "root.pem"])
        .env_remove("USHER_PASSPHRASE")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&blind.stdout).contains("set USHER_PASSPHRASE"));
}

#[test]
fn inspect_shows_certificates_without_obeying_their_names() {
    let folder = WorkFolder::new();
    let certificate = Certificate {
        event: EventId([1; 16]),
        device: public(3),
        role: Role::Hub,
        name: "Gate\u{1b}[2J\n  role       cloud".to_owned(),
        gates: vec![1, 2],
        capabilities: Capabilities {
            enrol_scanners: true,
            override_refusals: false,
        },
        window: Window {
            from: Timestamp(0),
            until: Timestamp::FOREVER,
        },
    };
    let mut signed = certificate.sign(&SecretKey::from_seed(&[60; 32]));
    folder.write("device.json", serde_json::to_string(&signed).unwrap());
    let text = folder.ok(&["inspect", "device.json"]);
    assert!(text.contains("hub, may enrol scanners"), "{text}");
    assert!(text.contains("1, 2") && text.contains("until forever"), "{text}");
    assert!(
        !text.contains('\u{1b}') && !text.contains("\n  role       cloud"),
        "{text}"
    );

    signed.certificate.role = Role::Cloud;
    let identity = json!({ "certificate": signed, "via": null });
    folder.write("identity.json", identity);
    assert!(
        folder
            .ok(&["inspect", "identity.json"])
            .contains("DOES NOT VERIFY")
    );
}

#[test]
fn files_that_are_nothing_of_ours_are_refused_in_words() {
    let folder = WorkFolder::new();
    folder.new_key("new-key", "open.pem");
    let path = folder.0.path().join("open.pem");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    folder.refused(1, "chmod 600 open.pem", &["inspect", "open.pem"]);
    for (content, says) in [
        ("", "neither JSON nor PEM"),
        ("{}", "neither a trust bundle"),
        ("[1]", "neither a trust bundle"),
        (r#"{"bundle":"AA==","signatures":[]}"#, "does not decode"),
        (r#"{"bundle":"%","signatures":[]}"#, "not base64"),
    ] {
        folder.write("file", content);
        folder.refused(1, says, &["inspect", "file"]);
    }
    fs::write(folder.0.path().join("file"), [0xff, 0x00]).unwrap();
    folder.refused(1, "neither JSON nor PEM", &["inspect", "file"]);
    folder.refused(1, "cannot read .", &["inspect", "."]);
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let folder = WorkFolder::new();
    folder.new_key("new-key", "key.pem");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = folder
        .command(&["inspect", "key.pem"])
        .stdout(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}
