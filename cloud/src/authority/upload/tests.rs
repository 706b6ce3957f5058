//! Bundles that are handed in, and why others are refused.

use usher_keys::{KeyRequest, SecretKey, TrustBundle, Window};

use super::*;

const EVENT: EventId = EventId([7; 16]);
const NOW: Timestamp = Timestamp(5_000);

struct Scene {
    keys: EventKeys,
    bundle: TrustBundle,
    root: SecretKey,
}

fn scene() -> Scene {
    let mut keys = EventKeys::default();
    let request = keys.request(EVENT, None, Window::ALWAYS);
    let root = SecretKey::from_seed(&[1; 32]);
    Scene {
        keys,
        bundle: request.first_bundle(RootSet::single(root.public())),
        root,
    }
}

impl Scene {
    fn check(&self, held: Option<&Trust>, signed: SignedBundle) -> Result<u64, UploadError> {
        let known = UploadGrounds {
            event: EVENT,
            held,
            keys: &self.keys,
            now: NOW,
        };
        check(signed, &known).map(|checked| checked.trust.bundle().version)
    }

    fn held(&self) -> Trust {
        Trust::pin(&self.bundle.roots, self.bundle.sign(&[&self.root])).unwrap()
    }
}

#[test]
fn the_first_bundle_pins_its_roots_and_the_next_must_be_signed_by_them() {
    let scene = scene();
    assert_eq!(scene.check(None, scene.bundle.sign(&[&scene.root])), Ok(1));
    let mut next = scene.bundle.clone();
    next.version = 2;
    assert_eq!(scene.check(Some(&scene.held()), next.sign(&[&scene.root])), Ok(2));
    let stranger = SecretKey::from_seed(&[9; 32]);
    next.roots = RootSet::single(stranger.public());
    assert_eq!(
        scene.check(Some(&scene.held()), next.sign(&[&stranger])),
        Err(BundleError::TooFewSignatures { valid: 0, needed: 1 }.into())
    );
}

#[test]
fn an_unsigned_bundle_is_refused() {
    let scene = scene();
    assert_eq!(
        scene.check(None, scene.bundle.sign(&[])),
        Err(BundleError::TooFewSignatures { valid: 0, needed: 1 }.into())
    );
}

#[test]
fn a_version_that_does_not_rise_is_refused() {
    let scene = scene();
    let mut other = scene.bundle.clone();
    other.ticket_keys[0].window.until = Timestamp(6_000);
    assert_eq!(
        scene.check(Some(&scene.held()), other.sign(&[&scene.root])),
        Err(BundleError::NotNewer { held: 1, offered: 1 }.into())
    );
}

#[test]
fn a_bundle_of_another_event_is_refused() {
    let scene = scene();
    let mut other = scene.bundle.clone();
    other.event = EventId([8; 16]);
    assert_eq!(
        scene.check(None, other.sign(&[&scene.root])),
        Err(BundleError::OtherEvent.into())
    );
}

#[test]
fn keys_the_cloud_does_not_hold_are_refused() {
    let scene = scene();
    let foreign = |seed: u8| SecretKey::from_seed(&[seed; 32]).public();
    let request = KeyRequest {
        event: EVENT,
        ticket_key: foreign(20),
        authority_key: foreign(21),
        issuing_key: foreign(22),
        not_before: Timestamp(0),
        not_after: Timestamp::FOREVER,
    };
    let bundle = request.first_bundle(scene.bundle.roots.clone());
    assert_eq!(
        scene.check(None, bundle.sign(&[&scene.root])),
        Err(UploadError::ForeignKeys {
            purpose: Purpose::Ticket
        })
    );
}

#[test]
fn a_first_bundle_that_has_run_out_is_refused_and_a_later_one_may_strike_without_replacing() {
    let scene = scene();
    let mut over = scene.bundle.clone();
    over.authority_keys[0].window.until = NOW;
    assert_eq!(
        scene.check(None, over.sign(&[&scene.root])),
        Err(UploadError::NotInForce {
            purpose: Purpose::Authority
        })
    );
    let struck = scene
        .bundle
        .strike(scene.bundle.ticket_keys[0].key.id(), NOW)
        .unwrap();
    assert_eq!(
        scene.check(Some(&scene.held()), struck.sign(&[&scene.root])),
        Ok(2)
    );
}
