//! Tests of enrolment codes, requests and grants: round trips, every refusal, and that secrets never print.

use super::*;
use crate::bundle::TrustedKey;
use crate::certificate::{Capabilities, Certificate, Role};
use crate::ident::Window;

const EVENT: EventId = EventId([5; 16]);
const SECRET: EnrolmentSecret = EnrolmentSecret([0xab; 16]);
const NOW: Timestamp = Timestamp(1_000);

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn code() -> EnrolmentCode {
    let roots = RootSet::single(key(1).public());
    EnrolmentCode::new("https://tickets.example:8443/", EVENT, roots, SECRET).unwrap()
}

fn grant(device: PublicKey) -> EnrolmentGrant {
    let trusted = |n: u8| vec![TrustedKey::active(key(n).public(), Window::ALWAYS)];
    let bundle = TrustBundle {
        event: EVENT,
        version: 1,
        roots: RootSet::single(key(1).public()),
        ticket_keys: trusted(2),
        authority_keys: trusted(3),
        issuing_keys: trusted(4),
    };
    let certificate = Certificate {
        event: EVENT,
        device,
        role: Role::Hub,
        name: "Gate North".to_owned(),
        gates: Vec::new(),
        capabilities: Capabilities::default(),
        window: Window::ALWAYS,
    };
    EnrolmentGrant {
        identity: DeviceIdentity {
            certificate: certificate.sign(&key(4)),
            via: None,
        },
        bundle: bundle.sign(&[&key(1)]),
        event: EVENT,
        uplink: vec!["tickets.example:4433".to_owned()],
        hub_name: None,
    }
}

#[test]
fn a_code_survives_the_way_to_text_and_back() {
    let text = code().to_string();
    assert!(text.starts_with(CODE_PREFIX), "{text}");
    assert_eq!(text.parse(), Ok(code()));
    assert_eq!(code().url(), "https://tickets.example:8443");
}

#[test]
fn another_spelling_of_a_code_is_refused() {
    let text = code().to_string();
    for bad in [
        text[1..].to_owned(),
        text[..text.len() - 1].to_owned(),
        format!("{text}A"),
        format!("{text}="),
        format!(" {text}"),
        text.replace("usher-enrol", "USHER-ENROL"),
        format!("{CODE_PREFIX}{}", "A".repeat(4_000)),
        CODE_PREFIX.to_owned(),
        String::new(),
    ] {
        assert!(bad.parse::<EnrolmentCode>().is_err(), "{bad}");
    }
}

#[test]
fn an_address_that_is_none_is_refused() {
    let long = format!("http://{}", "a".repeat(MAX_URL_BYTES));
    for bad in [
        "",
        "http://",
        "ftp://a",
        "tickets.example",
        "http://a b",
        "http://a\n",
        "http://ä",
        &long,
    ] {
        let refused = EnrolmentCode::new(bad, EVENT, RootSet::single(key(1).public()), SECRET);
        assert_eq!(refused, Err(EnrolmentError::BadUrl), "{bad}");
    }
}

#[test]
fn a_request_proves_that_the_asker_holds_the_key() {
    let request = EnrolmentRequest::new(SECRET, "Scanner 7".to_owned(), &key(9)).unwrap();
    assert_eq!(request.verify(), Ok(()));
    let json = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<EnrolmentRequest>(&json).unwrap(), request);
    let stolen = EnrolmentRequest {
        device: key(8).public(),
        ..request.clone()
    };
    assert_eq!(stolen.verify(), Err(EnrolmentError::BadProof));
    let replayed = EnrolmentRequest {
        secret: EnrolmentSecret([1; 16]),
        ..request
    };
    assert_eq!(replayed.verify(), Err(EnrolmentError::BadProof));
}

#[test]
fn a_device_needs_a_name_people_can_read() {
    for bad in [String::new(), "x".repeat(MAX_NAME_BYTES + 1), "a\nb".to_owned()] {
        assert_eq!(
            EnrolmentRequest::new(SECRET, bad, &key(9)),
            Err(EnrolmentError::BadName)
        );
    }
}

#[test]
fn a_grant_is_believed_only_from_the_pinned_roots_and_for_our_own_key() {
    let device = key(9).public();
    let good = grant(device);
    assert!(good.verify(&code(), &device, NOW).is_ok());
    assert_eq!(
        good.verify(&code(), &key(8).public(), NOW),
        Err(EnrolmentError::OtherDevice)
    );
    let strangers = EnrolmentCode::new("http://a", EVENT, RootSet::single(key(7).public()), SECRET).unwrap();
    assert!(matches!(
        good.verify(&strangers, &device, NOW),
        Err(EnrolmentError::Bundle(_))
    ));
    let elsewhere = EnrolmentCode::new(
        "http://a",
        EventId([6; 16]),
        RootSet::single(key(1).public()),
        SECRET,
    )
    .unwrap();
    assert_eq!(
        good.verify(&elsewhere, &device, NOW),
        Err(EnrolmentError::OtherDevice)
    );
}

#[test]
fn the_secret_never_prints_itself() {
    let request = EnrolmentRequest::new(SECRET, "Scanner 7".to_owned(), &key(9)).unwrap();
    assert!(!format!("{:?} {request:?}", code()).contains("abab"));
}
