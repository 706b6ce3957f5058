//! Trust bundles, certificates and enrolment.

use usher_keys::codec::encode;
use usher_keys::enrolment::NamedGate;
use usher_keys::{EnrolmentCode, EnrolmentGrant, EnrolmentRequest, EnrolmentSecret, RootSet, Timestamp};

use super::cast::{self, EVENT, NOW, hub, issuing, root};
use super::sheet::Sheet;

const COMMITTED: &str = include_str!("../vectors/trust.txt");

#[test]
fn bundles_certificates_and_enrolment_have_the_committed_bytes() {
    let mut sheet = Sheet::new("trust.txt");
    sheet.section("Keys: seed, public key and key id.");
    for (name, seed) in [
        ("root", 0x0a),
        ("authority", 0x0b),
        ("issuing", 0x0c),
        ("hub", 0x11),
        ("scanner", 0x21),
    ] {
        let public = cast::key(seed).public();
        sheet.bytes(&format!("{name} seed"), &[seed; 32]);
        sheet.bytes(&format!("{name} public key"), &public.0);
        sheet.line(&format!("{name} key id"), public.id());
    }

    sheet.section("A trust bundle: its bytes, and with the root's signature as it travels.");
    let signed = cast::signed_bundle();
    assert_eq!(
        signed.verify(&RootSet::single(root().public())),
        Ok(cast::bundle())
    );
    sheet.value("bundle", &cast::bundle());
    sheet.value("signed bundle", &signed);
    sheet.line("signed bundle as JSON", serde_json::to_string(&signed).unwrap());

    sheet.section("A hub's certificate by the issuing key, and a scanner's by that hub.");
    sheet.value("certificate", &cast::hub_certificate());
    for (name, identity) in [
        ("hub identity", cast::hub_identity()),
        ("scanner identity", cast::scanner_identity()),
    ] {
        assert!(identity.verify(&cast::bundle(), Timestamp(NOW)).is_ok(), "{name}");
        sheet.value(name, &identity);
    }
    assert_eq!(cast::hub_identity().certificate.issuer, issuing().public());

    sheet_enrolment(&mut sheet);
    sheet.compare(COMMITTED);
}

fn sheet_enrolment(sheet: &mut Sheet) {
    sheet.section(
        "Enrolment: the code, what is derived from it, what the device says and signs, and its request.",
    );
    let secret = EnrolmentSecret([0x5e; 16]);
    let roots = RootSet::single(root().public());
    let code = EnrolmentCode::new("https://tickets.example", EVENT, roots, secret).unwrap();
    assert_eq!(code.to_string().parse(), Ok(code.clone()));
    sheet.line("code", &code);
    sheet.bytes("id", &secret.id().0);
    sheet.bytes("key", &secret.key().0);
    let (name, device) = ("North hub".to_owned(), hub().public());
    sheet.bytes("mac body", &encode(&(EVENT, device, &name)));
    sheet.bytes("proof body", &encode(&(secret.id(), EVENT, device, &name)));
    let request = EnrolmentRequest::new(&code, name, &hub()).unwrap();
    assert_eq!(request.verify(EVENT, &secret.key()), Ok(()));
    sheet.line("request as JSON", serde_json::to_string(&request).unwrap());

    sheet.section("A grant, and sealed as it travels.");
    let grant = EnrolmentGrant {
        identity: cast::hub_identity(),
        bundle: cast::signed_bundle(),
        event: EVENT,
        event_name: Some("Night of the Owls".to_owned()),
        gates: vec![NamedGate {
            id: 1,
            name: "North".to_owned(),
        }],
        uplink: vec!["tickets.example:4433".to_owned()],
        hub_name: None,
    };
    sheet.value("grant", &grant);
    let sealed = grant.seal(&secret.key());
    assert!(sealed.clone().verify(&code, &device, Timestamp(NOW)).is_ok());
    sheet.line("sealed grant as JSON", serde_json::to_string(&sealed).unwrap());
}
