//! Replays the committed ticket vectors in both directions and keeps the file from drifting; what they mean is in docs/PROTOCOL.md.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "ticket_vectors/catalogue.rs"]
mod catalogue;
#[path = "ticket_vectors/file.rs"]
mod file;

use usher_keys::{BundleError, EventId, PublicKey, RootSet, SecretKey, Timestamp, TrustBundle, TrustedKey};
use usher_protocol::ticket::{Keyring, Payload, Rejection, digits};

use file::{Key, Rejected, Valid, Vectors};

const COMMITTED: &str = include_str!("vectors/ticket.json");

fn committed() -> Vectors {
    serde_json::from_str(COMMITTED).expect("the committed file has the shape of the vectors")
}

fn bundle(vectors: &Vectors) -> TrustBundle {
    let trusted = vectors.keys.iter().filter(|key| key.in_bundle).map(Key::trusted);
    TrustBundle {
        event: vectors.event,
        version: 1,
        roots: RootSet::single(SecretKey::from_seed(&[0x0a; 32]).public()),
        ticket_keys: trusted.collect(),
        authority_keys: Vec::new(),
        issuing_keys: Vec::new(),
    }
}

fn keyring(vectors: &Vectors) -> Keyring {
    let bundle = bundle(vectors);
    assert_eq!(bundle.check(), Ok(()));
    Keyring::new(&bundle)
}

#[track_caller]
fn check_valid(keyring: &Keyring, key: &Key, vector: &Valid, event: EventId, now: Timestamp) {
    let name = &vector.name;
    let payload = vector.ticket().sign(&key.secret());
    assert_eq!(
        file::hex(payload.bytes()),
        vector.payload,
        "{name}: signing gives other bytes"
    );
    assert_eq!(payload.to_text(), vector.text, "{name}: the text is another one");
    assert_eq!(payload.bytes().len(), vector.payload_bytes, "{name}");
    assert_eq!(vector.text.len(), vector.text_digits, "{name}");

    let bytes = digits::decode(vector.text.as_bytes()).expect("a canonical text");
    assert_eq!(bytes, payload.bytes(), "{name}: the text decodes to other bytes");
    let (ticket, ..) = Payload::parse(&bytes).expect("a canonical payload");
    assert_eq!(ticket, vector.ticket(), "{name}: the fields differ");
    let code = vector.shown_live.as_ref().unwrap_or(&vector.text);
    if vector.shown_live.is_some() {
        let alone = keyring.verify_text(vector.text.as_bytes(), now);
        assert_eq!(alone, Err(Rejection::NotLive), "{name}: a picture opens the gate");
    }
    let verified = keyring
        .verify_text(code.as_bytes(), now)
        .unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
    assert_eq!((verified.ticket(), verified.event()), (&ticket, event), "{name}");
}

#[test]
fn every_valid_vector_is_written_and_read_as_it_says() {
    let vectors = committed();
    let keyring = keyring(&vectors);
    for vector in &vectors.valid {
        let key = vectors
            .keys
            .iter()
            .find(|key| key.name == vector.key)
            .expect("the key is listed");
        check_valid(&keyring, key, vector, vectors.event, vectors.now);
    }
}

#[track_caller]
fn check_rejected(keyring: &Keyring, vector: &Rejected, now: Timestamp) {
    let told = |result: Result<_, _>| match result {
        Ok(ticket) => panic!("{}: was taken for {ticket:?}", vector.name),
        Err(rejection) => serde_json::to_value::<Rejection>(rejection).unwrap(),
    };
    let by_text = told(keyring.verify_text(&vector.text(), now));
    assert_eq!(by_text, vector.rejection, "{}", vector.name);
    if let Some(payload) = vector.payload() {
        assert_eq!(
            told(keyring.verify(&payload, now)),
            vector.rejection,
            "{} as bytes",
            vector.name
        );
    }
}

#[test]
fn every_corruption_is_refused_for_the_reason_it_says() {
    let vectors = committed();
    let keyring = keyring(&vectors);
    for vector in &vectors.rejected {
        check_rejected(&keyring, vector, vectors.now);
    }
}

#[test]
fn a_bundle_with_a_small_order_key_is_refused() {
    let vectors = committed();
    let sound = bundle(&vectors);
    for text in &vectors.weak_keys {
        let weak = PublicKey::from_hex(text).expect("32 bytes in hexadecimal");
        let mut poisoned = sound.clone();
        poisoned.ticket_keys.push(TrustedKey::active(weak, file::WINDOW));
        assert_eq!(
            poisoned.check(),
            Err(BundleError::BadKey { id: weak.id() }),
            "{text}"
        );
    }
}

#[test]
fn the_committed_file_is_what_this_build_writes() {
    let mut written = serde_json::to_string_pretty(&catalogue::vectors()).unwrap();
    written.push('\n');
    if written == COMMITTED {
        return;
    }
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/ticket.json");
    #[expect(
        clippy::disallowed_methods,
        reason = "so that a change that is meant can be looked at and committed"
    )]
    std::fs::write(path, written).unwrap();
    panic!("the vectors in protocol/tests/vectors/ticket.json pin the format; this build writes {path}");
}

#[test]
fn an_ordinary_reserved_seat_fits_version_5_at_error_correction_m() {
    // QR version 5-M holds 202 digits, which are 83 bytes.
    let vectors = committed();
    let ordinary = |v: &&Valid| v.unit < 65_536 && v.tier < 251 && v.generation == 1 && v.admits == 1;
    let sizes: Vec<_> = vectors
        .valid
        .iter()
        .filter(ordinary)
        .filter(|vector| vector.holder.is_none())
        .map(|vector| (vector.payload_bytes, vector.text_digits))
        .collect();
    assert!(sizes.iter().all(|(bytes, digits)| *bytes <= 83 && *digits <= 202));
    assert_eq!(sizes.iter().min(), Some(&(75, 183)));
    assert_eq!(sizes.iter().max(), Some(&(77, 187)));
}
