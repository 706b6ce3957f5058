//! Two processes on one store: each sees what the other has written, and what both decide at once is decided once.

use usher_keys::{Purpose, Role};
use usher_protocol::log::Head;
use usher_protocol::record::Body;

use super::super::event::EventAuthority;
use super::super::writer::{RevokeOutcome, UploadOutcome};
use super::super::{Authorities, AuthorityError, AuthorityParts};
use super::hub::Hub;
use super::scene::{START, Scene, key, key_safe, revocation};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::selling::jobs::LeaseHolder;
use crate::signing::TicketSigner;

/// Another process on the same store, with the same keys.
struct Other {
    authorities: Authorities,
    signer: TicketSigner,
}

impl Other {
    async fn beside(scene: &Scene) -> Self {
        let signer = TicketSigner::default();
        let parts = AuthorityParts {
            store: scene.case.store.clone(),
            clock: Clock::Manual(scene.clock.clone()),
            signer: signer.clone(),
            metrics: Metrics::default(),
            keys: key_safe(&scene.case),
            holder: LeaseHolder([2; 16]),
        };
        let authorities = Authorities::open(parts).await.unwrap();
        authorities.start().await.unwrap();
        Self { authorities, signer }
    }

    fn authority(&self, scene: &Scene) -> std::sync::Arc<EventAuthority> {
        self.authorities.of(scene.case.event).unwrap()
    }

    fn sells(&self, scene: &Scene) -> bool {
        self.signer.key_in_use(scene.case.event).is_some()
    }

    /// Compares once, as it does again and again, and waits until that is done.
    async fn follow(&self, scene: &Scene) {
        follow(&self.authorities, &self.authority(scene)).await;
    }
}

async fn follow(authorities: &Authorities, authority: &EventAuthority) {
    authorities.start().await.unwrap();
    authority
        .ask(|writer| Box::pin(async move { writer.catch_up().await }))
        .await
        .unwrap();
}

async fn digest(authority: &EventAuthority) -> [u8; 32] {
    let digest = authority.ask(|writer| Box::pin(async move { Ok(writer.state().await?.digest()) }));
    digest.await.unwrap()
}

#[tokio::test]
async fn what_one_process_says_is_seen_and_told_by_the_other() {
    let scene = Scene::open().await;
    let other = Other::beside(&scene).await;
    let mut told = other.authority(&scene).view().changes();
    scene.enrol(1, Role::Scanner).await;
    scene.revoke(key(1).public()).await;
    other.follow(&scene).await;
    let view = other.authority(&scene).view().clone();
    assert!(view.register().revoked.contains_key(&key(1).public()));
    assert_eq!(view.held(), scene.authority().view().held());
    let at_once = told.next(tokio::time::Instant::now());
    let at_once = tokio::time::timeout(std::time::Duration::from_secs(5), at_once).await;
    assert!(at_once.is_ok(), "no session was told");
    assert_eq!(digest(&other.authority(&scene)).await, scene.digest().await);
}

#[tokio::test]
async fn what_two_processes_decide_at_once_is_all_decided_and_said_once() {
    let scene = Scene::open().await;
    let other = Other::beside(&scene).await;
    for device in 1..=8 {
        scene.enrol(device, Role::Scanner).await;
    }
    let (ours, theirs) = (scene.authority(), other.authority(&scene));
    let revoke = |authority: std::sync::Arc<EventAuthority>| async move {
        for device in 1..=8 {
            let request = revocation(key(device).public());
            let outcome = authority
                .ask(move |writer| Box::pin(writer.revoke_device(request)))
                .await;
            assert!(matches!(outcome, Ok(RevokeOutcome::Revoked(_))), "{outcome:?}");
        }
    };
    tokio::join!(revoke(ours), revoke(theirs));
    let bodies = scene.bodies().await;
    let revoked = bodies
        .iter()
        .filter(|body| matches!(body, Body::DeviceRevoked { .. }));
    assert_eq!(revoked.count(), 8);
    other.follow(&scene).await;
    assert_eq!(digest(&other.authority(&scene)).await, scene.digest().await);
    scene.restart().await;
}

#[tokio::test]
async fn hubs_enrolled_at_two_processes_stand_in_one_roster() {
    let scene = Scene::open().await;
    let other = Other::beside(&scene).await;
    let theirs = other.authority(&scene);
    tokio::join!(scene.enrol(1, Role::Hub), scene.enrol_at(&theirs, 2, Role::Hub));
    let (epoch, hubs) = scene.roster().await;
    let mut both = vec![key(1).public(), key(2).public()];
    both.sort_unstable();
    assert_eq!((epoch, hubs), (2, both));
}

#[tokio::test]
async fn a_run_that_comes_in_at_both_processes_is_held_once_and_by_both() {
    let scene = Scene::open().await;
    let other = Other::beside(&scene).await;
    let mut hub = Hub::new(&scene, 1).await;
    let runs = hub.scan(300);
    let (ours, theirs) = (scene.authority(), other.authority(&scene));
    for run in &runs {
        let (one, two) = tokio::join!(ours.take_in(run.clone()), theirs.take_in(run.clone()));
        // The other process has heard of the hub's enrolment by now, or takes it in with the next comparison.
        let two = match two {
            Ok(held) => held,
            Err(_) => theirs.take_in(run.clone()).await.unwrap(),
        };
        assert_eq!(one.unwrap(), two);
    }
    let records = scene.records().await.len() as u64;
    assert_eq!(records, ours.view().record_count());
    other.follow(&scene).await;
    assert_eq!(digest(&theirs).await, scene.digest().await);
    scene.restart().await;
}

#[tokio::test]
async fn a_bundle_that_one_process_took_is_in_force_at_the_other() {
    let scene = Scene::open().await;
    let other = Other::beside(&scene).await;
    assert!(other.signer.key_in_use(scene.case.event).is_some());
    let struck = scene.strike(Purpose::Ticket).await;
    assert_eq!(scene.upload(struck).await, UploadOutcome::InForce { version: 2 });
    other.follow(&scene).await;
    assert_eq!(other.authority(&scene).view().trust().bundle().version, 2);
    assert_eq!(other.signer.key_in_use(scene.case.event), None);
}

#[tokio::test]
async fn an_event_that_one_process_took_up_is_taken_up_by_the_other() {
    let scene = Scene::open_without_bundle().await;
    let other = Other::beside(&scene).await;
    assert!(other.authorities.of(scene.case.event).is_err());
    scene.sign_first_bundle().await;
    other.authorities.start().await.unwrap();
    assert!(other.authorities.of(scene.case.event).is_ok());
}

#[tokio::test]
async fn gates_are_assured_of_what_was_compared_and_not_of_what_may_have_come_since() {
    let scene = Scene::open().await;
    let other = Other::beside(&scene).await;
    scene.enrol(1, Role::Scanner).await;
    other.follow(&scene).await;
    let view = other.authority(&scene).view().clone();
    assert_eq!(view.assurance().unwrap().at, START);
    scene.clock.advance_ms(60_000);
    scene.revoke(key(1).public()).await;
    // It has not looked since.
    assert_eq!(view.assurance().unwrap().at, START);
    other.follow(&scene).await;
    let assured = view.assurance().unwrap();
    assert_eq!(assured.at, START.plus_ms(60_000));
    assert_eq!(
        Some(assured.tail),
        scene.authority().view().assurance().map(|ours| ours.tail)
    );
    // Nothing has changed since, which is a comparison too.
    scene.clock.advance_ms(60_000);
    other.authorities.start().await.unwrap();
    assert_eq!(view.assurance().unwrap().at, START.plus_ms(120_000));
}

async fn hear_own_past(authority: &EventAuthority, head: Head) {
    let heard = authority.ask(move |writer| Box::pin(writer.hear_own_past(head.clone())));
    heard.await.unwrap();
}

#[tokio::test]
async fn an_older_copy_of_which_one_process_hears_stops_every_process_until_its_log_is_back() {
    let scene = Scene::open().await;
    let device = Hub::new(&scene, 1).await.origin();
    let next = Hub::new(&scene, 2).await.origin();
    let (scene, lost) = scene.put_back_before_a_revocation(device).await;
    let other = Other::beside(&scene).await;
    let (ours, theirs) = (scene.authority(), other.authority(&scene));
    let sells = |scene: &Scene| scene.signer.key_in_use(scene.case.event).is_some();
    hear_own_past(&theirs, lost.head.clone()).await;
    // The other one has not compared since, and yet writes no second history.
    let order = |authority: &std::sync::Arc<EventAuthority>| {
        let authority = std::sync::Arc::clone(authority);
        async move {
            let ordered = authority.ask(move |writer| Box::pin(writer.revoke_device(revocation(next))));
            ordered.await
        }
    };
    for authority in [&ours, &theirs] {
        let refused = order(authority).await;
        assert!(matches!(refused, Err(AuthorityError::OldCopy)), "{refused:?}");
    }
    assert!(!sells(&scene) && !other.sells(&scene));
    let third = Other::beside(&scene).await;
    assert!(!third.sells(&scene), "one that starts meanwhile");

    // It comes back through whichever is linked to a device that has it.
    ours.take_in(lost).await.unwrap();
    other.follow(&scene).await;
    assert_eq!(digest(&theirs).await, scene.digest().await);
    let refused = order(&theirs).await;
    assert!(matches!(refused, Err(AuthorityError::OldCopy)), "{refused:?}");
    assert!(
        !Other::beside(&scene).await.sells(&scene),
        "nobody has looked into it"
    );
    scene.resume().await;
    assert!(!sells(&scene) && !other.sells(&scene), "until they start again");
    let third = Other::beside(&scene).await;
    assert!(third.sells(&scene));
    order(&third.authority(&scene)).await.unwrap();
    assert!(sells(&scene.restart().await));
}

#[tokio::test]
async fn a_process_that_hears_of_an_older_copy_when_the_log_is_back_sells_nothing_either() {
    let scene = Scene::open().await;
    let device = Hub::new(&scene, 1).await.origin();
    let (scene, lost) = scene.put_back_before_a_revocation(device).await;
    let other = Other::beside(&scene).await;
    let ours = scene.authority();
    hear_own_past(&ours, lost.head.clone()).await;
    ours.take_in(lost).await.unwrap();
    assert!(other.sells(&scene), "it has not compared since");
    other.follow(&scene).await;
    assert!(!other.sells(&scene));
}
