//! From the code that staff scan to a file that opens: what is asked, what is granted, and every refusal in words.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use usher_fixtures::{SHOW, key};
use usher_keys::{EnrolmentCode, EnrolmentGrant, EnrolmentRequest, EnrolmentSecret, Role};
use usher_phone::enrolment::{EnrolmentRefusal, PageCode};
use usher_phone::page_scanner::PageScanner;

use super::venue::{NOW, PAGE, reading};

fn token() -> EnrolmentCode {
    let secret = EnrolmentSecret([0xab; 16]);
    EnrolmentCode::new("http://192.0.2.1:4480", SHOW.id, SHOW.roots(), secret).unwrap()
}

fn page_code(changed: impl FnOnce(&mut Value)) -> String {
    let mut fields = json!({
        "v": 1, "hub": "192.0.2.1:4433", "hashes": ["07".repeat(32)], "event": SHOW.id.to_string(), "token": token().to_string(),
    });
    changed(&mut fields);
    format!(
        "https://tickets.example/gate#{}",
        BASE64URL_NOPAD.encode(fields.to_string().as_bytes())
    )
}

/// What a hub answers to a request.
fn granted(request: &str, role: Role) -> String {
    let request: EnrolmentRequest = serde_json::from_str(request).unwrap();
    let secret = token().secret();
    request
        .verify(SHOW.id, &secret.key())
        .expect("the page holds code and key");
    let mut certificate = SHOW.certificate(request.device, role);
    certificate.name = request.name;
    let grant = EnrolmentGrant {
        identity: SHOW.identity(certificate),
        bundle: SHOW.bundle(1),
        event: SHOW.id,
        event_name: None,
        gates: Vec::new(),
        uplink: Vec::new(),
        hub_name: None,
    };
    json!({ "status": 200, "body": grant.seal(&secret.key()) }).to_string()
}

#[test]
fn a_code_a_request_and_a_grant_make_a_page_a_device() {
    let code = PageCode::read(&page_code(|_| {})).unwrap();
    assert_eq!((code.hub.as_str(), code.hashes.len()), ("192.0.2.1:4433", 1));
    let request = code.request(&key(PAGE), " Phone at the north gate ").unwrap();
    let file = code
        .granted(&key(PAGE), &granted(&request, Role::Scanner), NOW)
        .unwrap();
    let (scanner, whole_bytes) = PageScanner::open(key(PAGE), &file, reading(0)).unwrap();
    assert_eq!(
        (whole_bytes, scanner.status().device.as_str()),
        (file.len(), "Phone at the north gate")
    );
}

#[test]
fn what_is_no_code_says_which_one_is() {
    for text in [
        "",
        "https://example.com/",
        "usher-enrol:abc",
        "#e30",
        "12345678901234567",
    ] {
        assert_eq!(PageCode::read(text), Err(EnrolmentRefusal::NotACode), "{text:?}");
    }
    let later = page_code(|fields| fields["v"] = json!(2));
    assert_eq!(PageCode::read(&later), Err(EnrolmentRefusal::OtherVersion));
    let unpinned = page_code(|fields| fields["hashes"] = json!([]));
    assert_eq!(PageCode::read(&unpinned), Err(EnrolmentRefusal::NotACode));
    let damaged = page_code(|fields| fields["token"] = json!("usher-enrol:AA"));
    assert!(matches!(
        PageCode::read(&damaged),
        Err(EnrolmentRefusal::Refused(_))
    ));
    assert!(PageCode::read(&"A".repeat(5_000)).is_err());
}

#[test]
fn what_is_no_grant_of_the_codes_hub_makes_nothing() {
    let code = PageCode::read(&page_code(|_| {})).unwrap();
    assert!(code.request(&key(PAGE), "  ").is_err(), "a device needs a name");
    let request = code.request(&key(PAGE), "Phone").unwrap();
    let refused = json!({ "status": 410, "body": { "title": "Gone", "detail": "the code has expired: make another one" } });
    let refused = code.granted(&key(PAGE), &refused.to_string(), NOW).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the hub refused (410): the code has expired: make another one"
    );
    let hub = code.granted(&key(PAGE), &granted(&request, Role::Hub), NOW);
    assert_eq!(hub, Err(EnrolmentRefusal::OtherRole));
    let other_key = code.granted(&key(9), &granted(&request, Role::Scanner), NOW);
    assert!(matches!(other_key, Err(EnrolmentRefusal::Refused(_))));
    for answer in ["", "{}", "[]", r#"{"status":200}"#, r#"{"status":200,"body":{}}"#] {
        assert_eq!(
            code.granted(&key(PAGE), answer, NOW),
            Err(EnrolmentRefusal::NotAGrant),
            "{answer}"
        );
    }
}
