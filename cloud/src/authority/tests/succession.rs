//! One authority key after another: nothing is said with the new one before all was said anew, whoever dies between, and however much it is.

use usher_keys::{Purpose, RootSet, SignedBundle};
use usher_protocol::ledger::Ledger;
use usher_protocol::record::Body;
use usher_protocol::{Generation, Origin, Seq, Unit};

use super::super::writer::UploadOutcome;
use super::scene::{START, Scene, key};
use crate::store::authority::{NewBundle, PinnedBundle};

/// An event with two hubs whose authority key was struck out, the next bundle, and the key that it names.
async fn struck() -> (Scene, SignedBundle, Origin) {
    let scene = Scene::open().await;
    scene.publish_policy().await;
    for hub in [1, 2] {
        scene.enrol(hub, usher_keys::Role::Hub).await;
    }
    let struck = scene.strike(Purpose::Authority).await;
    scene.upload(struck.clone()).await;
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let next = request.next_bundle(&struck.unverified().unwrap(), START);
    (
        scene.restart().await,
        next.sign(&[&key(200)]),
        request.authority_key,
    )
}

/// Stores the bundle as a process does that ends before it has said a word with the new key.
async fn take_and_die(scene: &Scene, next: &SignedBundle) {
    let bundle = next.unverified().unwrap();
    let taken = NewBundle {
        event: scene.case.event,
        version: bundle.version,
        bundle: PinnedBundle {
            roots: RootSet::single(scene.root.public()),
            signed: next.clone(),
        },
        now: START,
    };
    scene.case.store.add_bundle(taken).await.unwrap();
}

/// What a fresh device hears of an authority.
async fn heard(scene: &Scene, authority: Origin) -> Ledger {
    let mut fresh = Ledger::new(key(77).public(), None, scene.authority().view().trust());
    while let Some(run) = scene.run(authority, fresh.tail(&authority).seq).await {
        fresh.accept(&run, None, START).unwrap();
    }
    fresh
}

#[tokio::test]
async fn the_first_word_with_a_new_key_is_all_that_was_said_before_whoever_took_the_key() {
    let (scene, next, authority) = struck().await;
    take_and_die(&scene, &next).await;
    scene.revoke(key(2).public()).await;
    let fresh = heard(&scene, authority).await;
    assert_eq!(fresh.state().authority(), Some(authority));
    assert!(fresh.state().is_revoked(&key(2).public()));
    assert!(fresh.state().device(&key(1).public()).is_some());
    assert_eq!(scene.restart().await.roster().await.1, [key(1).public()]);
}

#[tokio::test]
async fn another_process_that_meets_the_new_key_says_all_anew() {
    let (scene, next, authority) = struck().await;
    take_and_die(&scene, &next).await;
    scene.authorities.start().await.unwrap();
    for _ in 0..1_000 {
        if heard(&scene, authority).await.state().authority() == Some(authority) {
            return;
        }
        // It has something to do first, as often as it likes.
        scene.roster().await;
    }
    panic!("nobody said anything with the new key");
}

#[tokio::test]
async fn a_bundle_that_is_uploaded_again_makes_up_for_what_was_not_said() {
    let (scene, next, authority) = struck().await;
    take_and_die(&scene, &next).await;
    let again = scene.upload(next).await;
    assert_eq!(again, UploadOutcome::InForce { version: 3 });
    let fresh = heard(&scene, authority).await;
    assert_eq!(fresh.state().authority(), Some(authority));
}

#[tokio::test]
async fn a_new_authority_is_heard_however_much_the_former_one_has_said() {
    let scene = Scene::open().await;
    let revoked = |unit| Body::Revoked {
        unit: Unit(unit),
        generation: Generation(1),
    };
    scene
        .append_all_behind_its_back((0..3_000).map(revoked).collect())
        .await;
    let struck = scene.strike(Purpose::Authority).await;
    scene.upload(struck.clone()).await;
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let next = request
        .next_bundle(&struck.unverified().unwrap(), START)
        .sign(&[&scene.root]);
    scene.upload(next).await;
    let fresh = heard(&scene, request.authority_key).await;
    assert_eq!(fresh.state().authority(), Some(request.authority_key));
    assert_eq!(fresh.state().ticket_rulings().count(), 3_000);
    assert!(fresh.tail(&request.authority_key).seq > Seq(3_000));
}
