//! What the organizer does about a stolen, copied or forsaken device, and what follows.

use usher_keys::{Purpose, Role};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::RunError;
use usher_protocol::sync::NotStored;
use usher_protocol::{Seq, ZoneId};

use super::super::AuthorityError;
use super::super::writer::{
    Consequences, ForkHistory, Revocation, RevokeOutcome, SettleOutcome, Since, UploadOutcome, survey,
};
use super::hub::Hub;
use super::scene::{START, Scene, key, revocation};
use crate::store::authority::Halt;

/// The zone that the hubs of these tests let people into.
const ZONE: ZoneId = ZoneId(1);

async fn inside(scene: &Scene) -> i64 {
    let authority = scene.authority();
    let inside = authority.ask(|writer| Box::pin(async move { Ok(writer.state().await?.occupancy(ZONE)) }));
    inside.await.unwrap()
}

fn sells(scene: &Scene) -> bool {
    scene.signer.key_in_use(scene.case.event).is_some()
}

async fn revoke(scene: &Scene, request: Revocation) -> Consequences {
    let authority = scene.authority();
    let revoked = authority.ask(move |writer| Box::pin(writer.revoke_device(request)));
    match revoked.await.unwrap() {
        RevokeOutcome::Revoked(follows) => follows,
        RevokeOutcome::NotFound => panic!("there is such a device"),
    }
}

async fn settle(scene: &Scene, hub: &Hub, history: ForkHistory) -> SettleOutcome {
    let (authority, device) = (scene.authority(), hub.origin());
    let settled = authority.ask(move |writer| Box::pin(writer.settle_fork(device, history)));
    settled.await.unwrap()
}

/// Two histories of one hub: the cloud holds three scans of the one and has seen five of the other.
async fn forked() -> (Scene, Hub, Hub) {
    let scene = Scene::open().await;
    let mut hub = Hub::new(&scene, 1).await;
    let mut clone = hub.copy();
    scene.authority().take_in(hub.scan(3).remove(0)).await.unwrap();
    let refused = scene.authority().take_in(clone.scan(5).remove(0)).await;
    let Err(NotStored::Run(RunError::Forked(Some(found)))) = refused else {
        panic!("not seen as a fork: {refused:?}")
    };
    let authority = scene.authority();
    let reported = authority.ask(move |writer| Box::pin(writer.report_fork((*found).clone())));
    reported.await.unwrap();
    (scene, hub, clone)
}

#[tokio::test]
async fn what_a_stolen_hub_wrote_since_the_theft_counts_for_nothing_and_the_moment_can_be_moved() {
    let mut scene = Scene::open().await;
    let mut hub = Hub::new(&scene, 1).await;
    let theft = START.plus_ms(60_000);
    for run in [hub.scan_at(3, START), hub.scan_at(4, theft.plus_ms(1))] {
        scene.authority().take_in(run).await.unwrap();
    }
    assert_eq!(inside(&scene).await, 7);
    let at = |since| Revocation {
        since,
        ..revocation(hub.origin())
    };
    // Its opening comes before its scans.
    let follows = revoke(&scene, at(Since::Then(theft))).await;
    assert_eq!((follows.counts_up_to, follows.records_beyond), (Some(Seq(4)), 4));
    assert_eq!(inside(&scene).await, 3);
    let follows = revoke(&scene, at(Since::Now)).await;
    assert_eq!((follows.counts_up_to, follows.records_beyond), (Some(Seq(8)), 0));
    assert_eq!(inside(&scene).await, 7);
    revoke(&scene, at(Since::Then(START))).await;
    scene = scene.restart().await;
    assert_eq!(inside(&scene).await, 0);
}

#[tokio::test]
async fn what_a_list_dates_before_the_theft_counts_though_the_logs_clock_was_ahead() {
    let scene = Scene::open().await;
    let mut hub = Hub::new(&scene, 1).await;
    let at = |seconds: u64| START.plus_ms(seconds * 1_000);
    // Another hub's clock has pulled that of its log two minutes ahead.
    for (count, times) in [
        (3, (at(0), at(0))),
        (2, (at(120), at(30))),
        (1, (at(121), at(90))),
    ] {
        scene
            .authority()
            .take_in(hub.scan_judged(count, times))
            .await
            .unwrap();
    }
    let since = |seconds| Revocation {
        since: Since::Then(at(seconds)),
        ..revocation(hub.origin())
    };
    let follows = revoke(&scene, since(60)).await;
    let cut = (
        follows.counts_up_to,
        follows.records_beyond,
        follows.dated_earlier,
    );
    assert_eq!((cut, inside(&scene).await), ((Some(Seq(6)), 1, 0), 5));
    let follows = revoke(&scene, since(91)).await;
    assert_eq!((follows.records_beyond, inside(&scene).await), (0, 6));
}

#[tokio::test]
async fn a_log_that_tells_earlier_times_after_later_ones_counts_up_to_those_and_that_is_said() {
    let scene = Scene::open().await;
    let mut hub = Hub::new(&scene, 1).await;
    let at = |seconds: u64| START.plus_ms(seconds * 1_000);
    for (count, moment) in [(1, at(0)), (2, at(600)), (3, at(60))] {
        scene
            .authority()
            .take_in(hub.scan_at(count, moment))
            .await
            .unwrap();
    }
    let follows = revoke(
        &scene,
        Revocation {
            since: Since::Then(at(300)),
            ..revocation(hub.origin())
        },
    )
    .await;
    let cut = (
        follows.counts_up_to,
        follows.records_beyond,
        follows.dated_earlier,
    );
    assert_eq!((cut, inside(&scene).await), ((Some(Seq(2)), 5, 3), 1));
}

#[tokio::test]
async fn the_history_that_the_cloud_holds_goes_on_once_a_person_has_said_so() {
    let (mut scene, mut hub, mut clone) = forked().await;
    assert!(scene.authority().take_in(hub.scan(1).remove(0)).await.is_err());
    let settled = settle(&scene, &hub, ForkHistory::Held).await;
    assert!(matches!(settled, SettleOutcome::Settled(_)), "{settled:?}");
    assert_eq!(
        settle(&scene, &hub, ForkHistory::Held).await,
        SettleOutcome::NotForked
    );
    scene = scene.restart().await;
    let next = hub.run_from(Seq(4));
    scene.authority().take_in(next).await.unwrap();
    assert!(scene.authority().take_in(clone.scan(1).remove(0)).await.is_err());
    assert_eq!(inside(&scene).await, 4);
}

#[tokio::test]
async fn the_other_history_is_fetched_in_place_of_the_one_that_does_not_count() {
    let (mut scene, hub, clone) = forked().await;
    let settled = settle(&scene, &hub, ForkHistory::Other).await;
    assert!(matches!(settled, SettleOutcome::Settled(_)), "{settled:?}");
    assert_eq!(inside(&scene).await, 0);
    assert_eq!(scene.authority().view().held_of(&hub.origin()), None);
    scene.authority().take_in(clone.run_from(Seq(0))).await.unwrap();
    assert_eq!(inside(&scene).await, 5);
    scene = scene.restart().await;
    assert_eq!(inside(&scene).await, 5);
}

#[tokio::test]
async fn scanners_outlive_the_hub_that_enrolled_them_unless_they_are_to_go_with_it() {
    for with_scanners in [false, true] {
        let scene = Scene::open().await;
        let mut hub = Hub::new(&scene, 1).await;
        let mut scanner = hub.scanner(2);
        for run in [hub.scan(1).remove(0), scanner.scan(2).remove(0)] {
            scene.authority().take_in(run).await.unwrap();
        }
        let register = scene.authority().view().register();
        assert!(register.enrolled.contains_key(&scanner.origin()));
        let request = Revocation {
            with_scanners,
            ..revocation(hub.origin())
        };
        let follows = revoke(&scene, request).await;
        let (kept, revoked) = (follows.scanners_kept, follows.scanners_revoked);
        let expected = vec![scanner.origin()];
        if with_scanners {
            assert_eq!((kept, revoked), (Vec::new(), expected));
        } else {
            assert_eq!((kept, revoked), (expected, Vec::new()));
        }
        // What they wrote before counts either way.
        assert_eq!(inside(&scene).await, 3);
        let stranger = hub.scanner(3).scan(1).remove(0);
        scene.authority().take_in(stranger).await.unwrap();
        assert_eq!(inside(&scene).await, 3, "enrolled by a hub after it was revoked");
    }
}

#[tokio::test]
async fn scanners_go_with_their_hub_also_when_the_cloud_has_renewed_them() {
    let scene = Scene::open().await;
    let hub = Hub::new(&scene, 1).await;
    let mut scanner = hub.scanner(2);
    scene
        .authority()
        .take_in(scanner.scan(1).remove(0))
        .await
        .unwrap();
    let struck = scene.strike(Purpose::Issuing).await;
    scene.upload(struck.clone()).await;
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let next = request.next_bundle(&struck.unverified().unwrap(), START);
    scene.upload(next.sign(&[&scene.root])).await;
    let register = scene.authority().view().register();
    assert_eq!(register.enrolled[&scanner.origin()].via, None, "renewed");
    let request = Revocation {
        with_scanners: true,
        ..revocation(hub.origin())
    };
    let follows = revoke(&scene, request).await;
    assert_eq!(follows.scanners_revoked, [scanner.origin()]);
}

#[tokio::test]
async fn a_scanner_that_nobody_vouched_for_is_not_said_to_go_on() {
    let scene = Scene::open().await;
    let hub_of_before = Hub::new(&scene, 1).await;
    let struck = scene.strike(Purpose::Issuing).await;
    scene.upload(struck.clone()).await;
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let next = request.next_bundle(&struck.unverified().unwrap(), START);
    scene.upload(next.sign(&[&scene.root])).await;
    let hub = Hub::new(&scene, 2).await;
    let mut scanner = hub.scanner(3);
    scanner.scan(1);
    scanner.open_as(&hub_of_before.scanner(3));
    scene.authority().take_in(scanner.run_from(Seq(0))).await.unwrap();
    let follows = revoke(&scene, revocation(hub.origin())).await;
    assert_eq!(follows.scanners_kept, []);
    assert_eq!(follows.scanners_orphaned, [scanner.origin()]);
}

#[tokio::test]
async fn devices_get_new_certificates_when_the_issuing_key_was_struck_out() {
    let scene = Scene::open().await;
    scene.enrol(1, Role::Hub).await;
    let struck = scene.strike(Purpose::Issuing).await;
    scene.upload(struck.clone()).await;
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let next = request.next_bundle(&struck.unverified().unwrap(), START);
    scene.upload(next.sign(&[&scene.root])).await;
    let register = scene.authority().view().register();
    let identity = &register.enrolled[&key(1).public()];
    assert_eq!(identity.root_issuer(), request.issuing_key);
    let trust = scene.authority().view().trust();
    assert!(identity.verify(trust.bundle(), START).is_ok());
}

#[tokio::test]
async fn nobody_gets_the_authoritys_word_for_a_certificate_by_a_struck_key() {
    let scene = Scene::open().await;
    let hub_of_before = Hub::new(&scene, 1).await;
    let struck = scene.strike(Purpose::Issuing).await;
    scene.upload(struck.clone()).await;
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let next = request.next_bundle(&struck.unverified().unwrap(), START);
    scene.upload(next.sign(&[&scene.root])).await;
    let hub = Hub::new(&scene, 2).await;
    let mut scanner = hub.scanner(3);
    scanner.scan(1);
    scanner.open_as(&hub_of_before.scanner(3));
    scene.authority().take_in(scanner.run_from(Seq(0))).await.unwrap();
    let register = scene.authority().view().register();
    assert_eq!(register.enrolled.get(&scanner.origin()), None);
    assert_eq!(inside(&scene).await, 1, "what it wrote before counts");
}

#[tokio::test]
async fn a_cloud_on_an_older_copy_sells_and_orders_nothing_until_somebody_says_that_it_goes_on() {
    let scene = Scene::open().await;
    let device = Hub::new(&scene, 1).await.origin();
    let next = Hub::new(&scene, 2).await.origin();
    let (scene, lost) = scene.put_back_before_a_revocation(device).await;
    assert!(sells(&scene));

    let (authority, head) = (scene.authority(), lost.head.clone());
    let heard = authority.ask(move |writer| Box::pin(writer.hear_own_past(head.clone())));
    heard.await.unwrap();
    assert!(!sells(&scene));
    let ordered = || authority.ask(move |writer| Box::pin(writer.revoke_device(revocation(next))));
    let refused = ordered().await;
    assert!(matches!(refused, Err(AuthorityError::OldCopy)), "{refused:?}");
    let scene = scene.restart().await;
    assert!(!sells(&scene), "it is known from one start to the next");
    let authority = scene.authority();
    let ordered = || authority.ask(move |writer| Box::pin(writer.revoke_device(revocation(next))));

    let survey = async || {
        let store = &scene.case.store;
        let halt = &store.halts(()).await.unwrap()[0];
        let found = survey(store, (halt.0, &halt.1), START).await.unwrap();
        found.unwrap()
    };
    assert_eq!(survey().await.lacking, lost.records.len() as u64);
    authority.take_in(lost).await.unwrap();
    let left = survey().await;
    assert_eq!(
        (left.lacking, left.heard, left.unheard.len()),
        (0, 0, 1),
        "one of two is revoked"
    );
    let refused = ordered().await;
    assert!(matches!(refused, Err(AuthorityError::OldCopy)), "{refused:?}");
    scene.resume().await;
    assert!(!sells(&scene), "what is in memory is of before");
    let scene = scene.restart().await;
    assert!(sells(&scene));
    let authority = scene.authority();
    let ordered = authority.ask(move |writer| Box::pin(writer.revoke_device(revocation(next))));
    ordered.await.unwrap();
}

#[tokio::test]
async fn an_event_whose_bundle_may_have_come_after_the_copy_is_not_resumed_without_a_doubt() {
    let scene = Scene::open_without_bundle().await;
    let found = async || {
        let halt = Halt {
            since: START,
            past: None,
        };
        let found = survey(&scene.case.store, (scene.case.event, &halt), START).await;
        found.unwrap().map(|found| found.is_complete())
    };
    assert_eq!(found().await, None, "nobody could have signed anything");
    scene.authorities.key_request(&scene.event().await).await.unwrap();
    assert_eq!(found().await, Some(false));
}

#[tokio::test]
async fn a_retired_hub_keeps_no_event_halted() {
    let scene = Scene::open().await;
    let burned = Hub::new(&scene, 1).await.origin();
    let _other = Hub::new(&scene, 2).await;
    scene.retire(burned).await;
    let (store, halt) = (
        &scene.case.store,
        Halt {
            since: START,
            past: None,
        },
    );
    let found = survey(store, (scene.case.event, &halt), START)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.heard, found.unheard.len()),
        (0, 1),
        "it will never link again"
    );
}

#[tokio::test]
async fn under_a_new_authority_key_an_event_goes_on_without_what_was_lost_and_contradicts_nothing() {
    let scene = Scene::open().await;
    let device = Hub::new(&scene, 1).await.origin();
    let next = Hub::new(&scene, 2).await.origin();
    let (scene, lost) = scene.put_back_before_a_revocation(device).await;
    let (authority, head) = (scene.authority(), lost.head.clone());
    let heard = authority.ask(move |writer| Box::pin(writer.hear_own_past(head.clone())));
    heard.await.unwrap();

    let struck = scene.strike(Purpose::Authority).await;
    let in_force = scene.upload(struck.clone()).await;
    assert_eq!(in_force, UploadOutcome::InForce { version: 2 });
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let bundle = request.next_bundle(&struck.unverified().unwrap(), START);
    let in_force = scene.upload(bundle.sign(&[&scene.root])).await;
    assert_eq!(in_force, UploadOutcome::InForce { version: 3 });
    assert!(!sells(&scene), "it is still halted");
    scene.resume().await;

    let scene = scene.restart().await;
    assert!(sells(&scene));
    scene.revoke(next).await;
    // A device that was thought lost shows what it holds.
    let (authority, head) = (scene.authority(), lost.head.clone());
    let heard = authority.ask(move |writer| Box::pin(writer.hear_own_past(head.clone())));
    heard.await.unwrap();
    assert!(sells(&scene), "it is another authority's log");
    let register = scene.authority().view().register();
    assert!(register.revoked.contains_key(&next) && !register.revoked.contains_key(&device));
}

#[tokio::test]
async fn a_new_authority_tells_again_of_the_forks_that_only_the_struck_one_had_seen() {
    let (scene, hub, _) = forked().await;
    let struck = scene.strike(Purpose::Authority).await;
    scene.upload(struck.clone()).await;
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let next = request.next_bundle(&struck.unverified().unwrap(), START);
    scene.upload(next.sign(&[&scene.root])).await;

    let mut fresh = Ledger::new(key(77).public(), None, scene.authority().view().trust());
    let run = scene.run(request.authority_key, Seq(0)).await.unwrap();
    fresh.accept(&run, None, START).unwrap();
    assert!(fresh.state().is_frozen(&hub.origin()));
}
