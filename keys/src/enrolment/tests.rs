//! Tests of enrolment codes, requests and grants: round trips, every refusal, and that secrets never print.

use super::*;
use crate::bundle::{TrustBundle, TrustedKey};
use crate::certificate::{Capabilities, Certificate, DeviceIdentity, Role};
use crate::ident::{Timestamp, Window};
use crate::key::{PublicKey, SecretKey};

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
        event_name: Some("Night of the Owls".to_owned()),
        gates: vec![NamedGate {
            id: 1,
            name: "North".to_owned(),
        }],
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

fn request() -> EnrolmentRequest {
    EnrolmentRequest::new(&code(), "Scanner 7".to_owned(), &key(9)).unwrap()
}

#[test]
fn a_request_survives_the_way_to_json_and_back() {
    let json = serde_json::to_string(&request()).unwrap();
    assert_eq!(
        serde_json::from_str::<EnrolmentRequest>(&json).unwrap(),
        request()
    );
    assert_eq!(request().verify(EVENT, &SECRET.key()), Ok(()));
}

#[test]
fn the_secret_and_its_key_do_not_travel() {
    let json = serde_json::to_string(&request()).unwrap();
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    assert!(!json.contains(&hex(&SECRET.0)), "{json}");
    assert!(!json.contains(&hex(&SECRET.key().0)), "{json}");
    assert_ne!(SECRET.id().0, SECRET.key().0);
}

#[test]
fn whoever_changes_a_request_on_its_way_is_found_out() {
    let own = |device: u8, name: &str| EnrolmentRequest::new(&code(), name.to_owned(), &key(device)).unwrap();
    let other_secret = EnrolmentSecret([1; 16]);
    let changes: [(&str, EnrolmentRequest, EnrolmentError); 5] = [
        (
            "another key, without its signature",
            EnrolmentRequest {
                device: key(8).public(),
                ..request()
            },
            EnrolmentError::Altered,
        ),
        (
            "another key, with its signature",
            EnrolmentRequest {
                mac: request().mac,
                ..own(8, "Scanner 7")
            },
            EnrolmentError::Altered,
        ),
        (
            "another name",
            EnrolmentRequest {
                name: "Scanner 8".to_owned(),
                ..request()
            },
            EnrolmentError::Altered,
        ),
        (
            "a key the asker does not hold",
            EnrolmentRequest {
                proof: own(8, "Scanner 7").proof,
                ..request()
            },
            EnrolmentError::BadProof,
        ),
        (
            "another code's id",
            EnrolmentRequest {
                id: other_secret.id(),
                ..request()
            },
            EnrolmentError::BadProof,
        ),
    ];
    for (what, request, expected) in changes {
        assert_eq!(request.verify(EVENT, &SECRET.key()), Err(expected), "{what}");
    }
    let verified = request().verify(EventId([6; 16]), &SECRET.key());
    assert_eq!(verified, Err(EnrolmentError::Altered), "another event");
    let verified = request().verify(EVENT, &other_secret.key());
    assert_eq!(verified, Err(EnrolmentError::Altered), "another code");
}

#[test]
fn ids_and_macs_have_one_spelling() {
    let json = serde_json::to_value(request()).unwrap();
    for field in ["id", "mac"] {
        let good = json[field].as_str().unwrap();
        for bad in [
            good[2..].to_owned(),
            format!("{good}00"),
            good.to_uppercase(),
            "zz".repeat(32),
        ] {
            let mut altered = json.clone();
            altered[field] = bad.clone().into();
            assert!(
                serde_json::from_value::<EnrolmentRequest>(altered).is_err(),
                "{field} {bad}"
            );
        }
    }
}

#[test]
fn a_device_needs_a_name_people_can_read() {
    for bad in [String::new(), "x".repeat(MAX_NAME_BYTES + 1), "a\nb".to_owned()] {
        assert_eq!(
            EnrolmentRequest::new(&code(), bad, &key(9)),
            Err(EnrolmentError::BadName)
        );
    }
}

#[test]
fn a_grant_is_believed_only_from_the_pinned_roots_and_for_our_own_key() {
    let device = key(9).public();
    let seal = || grant(device).seal(&SECRET.key());
    let (granted, bundle) = seal().verify(&code(), &device, NOW).unwrap();
    assert_eq!((granted, bundle.version), (grant(device), 1));
    assert_eq!(
        seal().verify(&code(), &key(8).public(), NOW),
        Err(EnrolmentError::OtherDevice)
    );
    let strangers = EnrolmentCode::new("http://a", EVENT, RootSet::single(key(7).public()), SECRET).unwrap();
    assert!(matches!(
        seal().verify(&strangers, &device, NOW),
        Err(EnrolmentError::Bundle(_))
    ));
    let roots = RootSet::single(key(1).public());
    let elsewhere = EnrolmentCode::new("http://a", EventId([6; 16]), roots, SECRET).unwrap();
    assert_eq!(
        seal().verify(&elsewhere, &device, NOW),
        Err(EnrolmentError::OtherDevice)
    );
}

#[test]
fn whoever_changes_a_grant_on_its_way_is_found_out() {
    let device = key(9).public();
    let changes: [fn(&mut EnrolmentGrant); 4] = [
        |grant| grant.event_name = Some("Night of the Foxes".to_owned()),
        |grant| grant.gates.clear(),
        |grant| grant.uplink = vec!["192.0.2.9:4433".to_owned()],
        |grant| grant.hub_name = Some("Hub A".to_owned()),
    ];
    for change in changes {
        let mut sealed = grant(device).seal(&SECRET.key());
        change(&mut sealed.grant);
        assert_eq!(
            sealed.verify(&code(), &device, NOW),
            Err(EnrolmentError::GrantAltered)
        );
    }
    let by_another = grant(device).seal(&EnrolmentSecret([1; 16]).key());
    assert_eq!(
        by_another.verify(&code(), &device, NOW),
        Err(EnrolmentError::GrantAltered)
    );
}

#[test]
fn the_secret_and_its_key_never_print_themselves() {
    let said = format!("{:?} {:?} {:?}", code(), SECRET.key(), request());
    let key = SECRET.key().0;
    assert!(
        !said.contains("abab") && !said.contains(&format!("{}, {}", key[0], key[1])),
        "{said}"
    );
}
