//! The authority as a whole, on a real store: it survives restarts and failed writes, and says each thing once.

mod containment;
mod hub;
mod listed;
mod processes;
mod scene;
mod succession;

use usher_keys::{Purpose, Role, SecretKey};
use usher_protocol::Seq;
use usher_protocol::checkpoint::MAX_CHECKPOINT_BYTES;
use usher_protocol::ledger::Ledger;
use usher_protocol::log::{Head, Tail};
use usher_protocol::record::{Body, Record};
use usher_protocol::sync::Held;
use usher_protocol::sync::session::CHECKPOINT_LAG;

use super::scans;
use super::writer::{EnrolOutcome, RetireOutcome, RevokeOutcome, TicketOutcome, UploadOutcome};
use super::*;
use crate::selling::ReissuedTo;
use crate::selling::TicketState;
use crate::selling::tickets::TicketRefusal;
use crate::store::authority::{Append, AppendOutcome, Sealed};
use hub::Hub;
use scene::{START, Scene, key, revocation};

#[tokio::test]
async fn a_restart_replays_to_the_same_state() {
    let mut scene = Scene::open().await;
    scene.publish_policy().await;
    scene.enrol(1, Role::Hub).await;
    scene.enrol(2, Role::Hub).await;
    let ticket = scene.sell().await;
    scene
        .do_to(ticket.id, |writer, id| Box::pin(writer.revoke_ticket(id)))
        .await;
    scene.revoke(key(2).public()).await;
    let (digest, held) = (scene.digest().await, scene.authority().view().held());
    assert!(scene.records().await.len() >= 6);
    scene = scene.restart().await;
    assert_eq!(scene.digest().await, digest);
    assert_eq!(scene.authority().view().held(), held);
}

#[tokio::test]
async fn the_policy_is_written_once_and_again_only_when_it_changes() {
    let mut scene = Scene::open().await;
    assert_eq!(scene.publish_policy().await, 1);
    scene = scene.restart().await;
    assert_eq!(scene.records().await.len(), 1);
    scene.rename("Night of the Bats").await;
    assert_eq!(scene.publish_policy().await, 2);
    assert_eq!(scene.records().await.len(), 2);
}

#[tokio::test]
async fn a_code_is_good_for_one_device_which_may_ask_again() {
    let scene = Scene::open().await;
    let code = scene.code(Role::Hub).await;
    let granted = scene.ask_to_enrol(&code, 1).await;
    let EnrolOutcome::Granted(identity) = &granted else {
        panic!("not granted: {granted:?}")
    };
    assert_eq!(identity.unverified().device, key(1).public());
    assert_eq!(scene.ask_to_enrol(&code, 1).await, granted);
    assert_eq!(scene.ask_to_enrol(&code, 2).await, EnrolOutcome::Used);
    assert_eq!(
        scene
            .bodies()
            .await
            .iter()
            .filter(|body| matches!(body, Body::DeviceEnrolled { .. }))
            .count(),
        1
    );
}

#[tokio::test]
async fn devices_that_would_be_called_alike_are_numbered() {
    let scene = Scene::open().await;
    let mut names = Vec::new();
    for seed in [1, 2, 3] {
        let code = scene.code(Role::Hub).await;
        let outcome = scene.ask_to_enrol_as(&code, seed, "Hub").await;
        let EnrolOutcome::Granted(identity) = outcome else {
            panic!("not granted: {outcome:?}")
        };
        names.push(identity.unverified().name.clone());
        if seed == 2 {
            // Nobody is sent to one that nobody talks to any more, and its place may have its name.
            scene.revoke(key(2).public()).await;
        }
    }
    assert_eq!(names, ["Hub", "Hub 2", "Hub 2"]);
}

#[tokio::test]
async fn two_devices_that_race_for_a_code_get_one_certificate() {
    let scene = Scene::open().await;
    let code = scene.code(Role::Scanner).await;
    let (one, other) = tokio::join!(scene.ask_to_enrol(&code, 1), scene.ask_to_enrol(&code, 2));
    let granted = |outcome: &EnrolOutcome| matches!(outcome, EnrolOutcome::Granted(_));
    assert!(granted(&one) != granted(&other), "{one:?} {other:?}");
}

#[tokio::test]
async fn a_code_that_has_run_out_or_a_barred_key_enrols_nobody() {
    let scene = Scene::open().await;
    let code = scene.code(Role::Hub).await;
    scene.clock.advance_ms(60 * 60 * 1000);
    assert_eq!(scene.ask_to_enrol(&code, 1).await, EnrolOutcome::Expired);
    scene.enrol(2, Role::Hub).await;
    scene.revoke(key(2).public()).await;
    let fresh = scene.code(Role::Hub).await;
    assert_eq!(scene.ask_to_enrol(&fresh, 2).await, EnrolOutcome::Barred);
    scene.enrol(3, Role::Scanner).await;
    assert_eq!(scene.ask_to_enrol(&fresh, 3).await, EnrolOutcome::Barred);
}

#[tokio::test]
async fn the_roster_follows_the_hubs_and_never_becomes_empty() {
    let scene = Scene::open().await;
    let (one, two) = (key(1).public(), key(2).public());
    scene.enrol(1, Role::Hub).await;
    assert_eq!(scene.roster().await, (1, vec![one]));
    scene.enrol(2, Role::Hub).await;
    scene.enrol(3, Role::Scanner).await;
    let (epoch, both) = scene.roster().await;
    assert_eq!((epoch, both.len()), (2, 2));
    assert!(matches!(scene.retire(two).await, RetireOutcome::Retired(_)));
    assert!(matches!(scene.retire(two).await, RetireOutcome::Retired(_)));
    assert_eq!(scene.roster().await, (3, vec![one]));
    assert!(matches!(scene.revoke(one).await, RevokeOutcome::Revoked(_)));
    assert_eq!(scene.roster().await, (3, vec![one]));
    assert_eq!(scene.retire(key(3).public()).await, RetireOutcome::NotFound);
    scene.enrol(4, Role::Hub).await;
    assert_eq!(scene.roster().await, (4, vec![key(4).public()]));
}

#[tokio::test]
async fn revoking_twice_writes_one_record() {
    let scene = Scene::open().await;
    scene.enrol(1, Role::Scanner).await;
    let ticket = scene.sell().await;
    let before = scene.records().await.len();
    for _ in 0..2 {
        scene.revoke(key(1).public()).await;
        let outcome = scene
            .do_to(ticket.id, |writer, id| Box::pin(writer.revoke_ticket(id)))
            .await;
        assert!(matches!(outcome, TicketOutcome::Done(ticket) if ticket.state == TicketState::Revoked));
    }
    assert_eq!(scene.records().await.len(), before + 2);
    assert_eq!(scene.revoke(key(9).public()).await, RevokeOutcome::NotFound);
}

#[tokio::test]
async fn a_revoked_ticket_gets_no_fresh_code_and_a_replaced_one_never_comes_back() {
    let scene = Scene::open().await;
    let first = scene.sell().await;
    scene
        .do_to(first.id, |writer, id| Box::pin(writer.revoke_ticket(id)))
        .await;
    let refused = scene
        .do_to(first.id, |writer, id| {
            Box::pin(writer.reissue_ticket(id, ReissuedTo::SameHolder, None))
        })
        .await;
    assert_eq!(refused, TicketOutcome::Refused(TicketRefusal::Revoked));
    scene
        .do_to(first.id, |writer, id| Box::pin(writer.reinstate_ticket(id)))
        .await;

    let reissued = scene
        .do_to(first.id, |writer, id| {
            Box::pin(writer.reissue_ticket(id, ReissuedTo::SameHolder, None))
        })
        .await;
    let TicketOutcome::Done(second) = &reissued else {
        panic!("not reissued: {reissued:?}")
    };
    assert_eq!((second.unit, second.generation.0), (first.unit, 2));
    assert_ne!((second.id, &second.payload), (first.id, &first.payload));
    let again = scene
        .do_to(first.id, |writer, id| {
            Box::pin(writer.reissue_ticket(id, ReissuedTo::SameHolder, None))
        })
        .await;
    assert_eq!(again, reissued);

    for outcome in [
        scene
            .do_to(first.id, |writer, id| Box::pin(writer.reinstate_ticket(id)))
            .await,
        scene
            .do_to(first.id, |writer, id| Box::pin(writer.revoke_ticket(id)))
            .await,
    ] {
        assert_eq!(outcome, TicketOutcome::Refused(TicketRefusal::Superseded));
    }
    let superseded = Body::Superseded {
        unit: first.unit,
        generation: second.generation,
    };
    assert_eq!(scene.bodies().await.last(), Some(&superseded));
}

#[tokio::test]
async fn a_record_that_became_durable_before_a_crash_is_part_of_the_log_afterwards() {
    let mut scene = Scene::open().await;
    scene.enrol(1, Role::Scanner).await;
    let body = Body::DeviceRevoked {
        device: key(1).public(),
        after: Seq(0),
    };
    assert_ne!(scene.append_behind_its_back(body).await, AppendOutcome::Conflict);
    scene = scene.restart().await;
    assert!(
        scene
            .authority()
            .view()
            .register()
            .revoked
            .contains_key(&key(1).public())
    );
    scene.enrol(2, Role::Scanner).await;
    scene = scene.restart().await;
    scene.enrol(3, Role::Scanner).await;
}

#[tokio::test]
async fn a_deed_that_loses_a_race_is_decided_anew_on_what_the_winner_wrote() {
    let scene = Scene::open().await;
    scene.enrol(1, Role::Scanner).await;
    scene.enrol(2, Role::Scanner).await;
    scene
        .append_behind_its_back(Body::DeviceRevoked {
            device: key(1).public(),
            after: Seq(0),
        })
        .await;
    let device = key(2).public();
    assert!(matches!(scene.revoke(device).await, RevokeOutcome::Revoked(_)));
    let revoked = &scene.authority().view().register().revoked;
    assert!(revoked.contains_key(&device) && revoked.contains_key(&key(1).public()));
    scene.restart().await;
}

#[tokio::test]
async fn runs_become_durable_before_they_are_answered_and_can_be_loaded_again() {
    let mut scene = Scene::open().await;
    let mut hub = Hub::new(&scene, 1).await;
    let runs = hub.scan(2_500);
    for run in &runs {
        let held = scene.authority().take_in(run.clone()).await.unwrap();
        assert_eq!(held, Held::from(run.head.clone()));
        assert_eq!(scene.authority().take_in(run.clone()).await.unwrap(), held);
    }
    scene = scene.restart().await;
    let mut copy = Ledger::new(key(77).public(), None, scene.authority().view().trust());
    let mut after = Seq(0);
    while let Some(run) = scene.run(hub.origin(), after).await {
        after = copy
            .accept(&run, None, START)
            .unwrap()
            .entries
            .last()
            .unwrap()
            .tail
            .seq;
    }
    assert_eq!(copy.tail(&hub.origin()), runs.last().unwrap().head.tail);
    let odd = scene.run(hub.origin(), Seq(1_700)).await.unwrap();
    assert_eq!(odd.base.seq, Seq(1_700));
    copy.accept(&odd, None, START).unwrap();
}

#[tokio::test]
async fn single_records_are_merged_into_runs() {
    let scene = Scene::open().await;
    scene.enrol(1, Role::Scanner).await;
    let ticket = scene.sell().await;
    for _ in 0..20 {
        scene
            .do_to(ticket.id, |writer, id| Box::pin(writer.revoke_ticket(id)))
            .await;
        scene
            .do_to(ticket.id, |writer, id| Box::pin(writer.reinstate_ticket(id)))
            .await;
    }
    let held = scene.authority().view().held();
    let run = scene.run(held[0].origin, Seq(3)).await.unwrap();
    assert_eq!(run.head.tail, held[0].tail);
    assert_eq!(run.records.len(), 39);
}

#[tokio::test]
async fn a_fresh_replica_starts_from_a_checkpoint_which_is_made_anew_when_it_is_stale() {
    let scene = Scene::open().await;
    let mut hub = Hub::new(&scene, 1).await;
    for run in hub.scan(CHECKPOINT_LAG as usize + 500) {
        scene.authority().take_in(run).await.unwrap();
    }
    let authority = scene.authority();
    let checkpoint = || authority.ask(|writer| Box::pin(writer.checkpoint()));
    let first = checkpoint().await.unwrap().unwrap();
    assert!(first.bytes.len() < MAX_CHECKPOINT_BYTES);
    let mut fresh = Ledger::new(key(77).public(), None, authority.view().trust());
    fresh.adopt(&first).unwrap();
    assert_eq!(fresh.state().digest(), scene.digest().await);

    scene.enrol(2, Role::Scanner).await;
    assert_eq!(checkpoint().await.unwrap().unwrap(), first);
    for run in hub.scan(1_100) {
        authority.take_in(run).await.unwrap();
    }
    assert_ne!(checkpoint().await.unwrap().unwrap(), first);
}

#[tokio::test]
async fn a_clone_is_reported_once_and_nobody_listens_to_it_any_more() {
    let scene = Scene::open().await;
    let mut hub = Hub::new(&scene, 1).await;
    let mut clone = hub.copy();
    scene.authority().take_in(hub.scan(3).remove(0)).await.unwrap();
    let other = clone.scan(5).remove(0);
    let refused = scene.authority().take_in(other).await.unwrap_err();
    let usher_protocol::sync::NotStored::Run(usher_protocol::log::RunError::Forked(Some(found))) = refused
    else {
        panic!("not seen as a fork: {refused:?}")
    };
    for _ in 0..2 {
        let found = *found.clone();
        scene
            .authority()
            .ask(move |writer| Box::pin(writer.report_fork(found.clone())))
            .await
            .unwrap();
    }
    assert_eq!(
        scene
            .bodies()
            .await
            .iter()
            .filter(|body| matches!(body, Body::ForkSeen { .. }))
            .count(),
        1
    );
    assert!(scene.authority().take_in(hub.scan(1).remove(0)).await.is_err());
}

#[tokio::test]
async fn tickets_are_signed_with_the_rotated_key_once_its_bundle_is_in_force() {
    let scene = Scene::open().await;
    let before = scene.signer.key_in_use(scene.case.event).unwrap();
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    assert_eq!(scene.signer.key_in_use(scene.case.event), Some(before));
    let current = scene.authority().view().trust().bundle().clone();
    let next = request.next_bundle(&current, START).sign(&[&scene.root]);
    let outcome = scene.upload(next.clone()).await;
    assert_eq!(outcome, UploadOutcome::InForce { version: 2 });
    assert_eq!(
        scene.signer.key_in_use(scene.case.event),
        Some(request.ticket_key.id())
    );
    assert_eq!(scene.upload(next).await, outcome);
    let scene = scene.restart().await;
    assert_eq!(
        scene.signer.key_in_use(scene.case.event),
        Some(request.ticket_key.id())
    );
}

#[tokio::test]
async fn a_struck_ticket_key_stops_the_sale_at_once() {
    let scene = Scene::open().await;
    let struck = scene.strike(Purpose::Ticket).await;
    scene.upload(struck).await;
    assert_eq!(scene.signer.key_in_use(scene.case.event), None);
}

#[tokio::test]
async fn a_new_authority_says_again_what_the_struck_one_said() {
    let scene = Scene::open().await;
    scene.publish_policy().await;
    scene.enrol(1, Role::Hub).await;
    scene.enrol(2, Role::Hub).await;
    scene.revoke(key(2).public()).await;
    let ticket = scene.sell().await;
    scene
        .do_to(ticket.id, |writer, id| Box::pin(writer.revoke_ticket(id)))
        .await;

    let struck = scene.strike(Purpose::Authority).await;
    scene.upload(struck.clone()).await;
    let refused = scene
        .authority()
        .ask(|writer| Box::pin(writer.revoke_device(revocation(key(1).public()))))
        .await;
    assert!(
        matches!(
            refused,
            Err(AuthorityError::NoKey {
                purpose: Purpose::Authority
            })
        ),
        "{refused:?}"
    );
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let next = request
        .next_bundle(&struck.unverified().unwrap(), START)
        .sign(&[&scene.root]);
    scene.upload(next).await;

    let mut fresh = Ledger::new(key(77).public(), None, scene.authority().view().trust());
    let run = scene.run(request.authority_key, Seq(0)).await.unwrap();
    fresh.accept(&run, None, START).unwrap();
    let state = fresh.state();
    assert_eq!(state.policy().unwrap().0, 2);
    assert_eq!(state.rosters().current(), Some((3, [key(1).public()].as_slice())));
    assert!(state.rosters().are_complete());
    assert!(state.device(&key(1).public()).is_some());
    assert!(state.is_revoked(&key(2).public()));
    assert!(state.history(ticket.unit, usher_protocol::ZoneId(1)).revoked);
    scene.restart().await;
}

#[tokio::test]
async fn an_event_whose_authority_may_not_sign_is_taken_up_and_vouches_once_it_may() {
    let scene = Scene::open().await;
    let hub = Hub::new(&scene, 1).await;
    let struck = scene.strike(Purpose::Authority).await;
    scene.upload(struck.clone()).await;
    let mut scanner = hub.scanner(2);
    scene
        .authority()
        .take_in(scanner.scan(1).remove(0))
        .await
        .unwrap();
    let scene = scene.restart().await;
    let is_vouched = |scene: &Scene| {
        let register = scene.authority().view().register();
        register.enrolled.contains_key(&scanner.origin())
    };
    assert!(!is_vouched(&scene));
    let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
    let next = request
        .next_bundle(&struck.unverified().unwrap(), START)
        .sign(&[&scene.root]);
    scene.upload(next).await;
    assert!(is_vouched(&scene));
}

#[tokio::test]
async fn a_log_whose_newest_head_is_gone_is_not_taken_up() {
    let scene = Scene::open().await;
    let mut hub = Hub::new(&scene, 1).await;
    for run in hub.scan(2_500) {
        scene.authority().take_in(run).await.unwrap();
    }
    let origin = hub.origin();
    let scene = scene
        .reopen_after(|case| {
            let store = rusqlite::Connection::open(case.file("store.db")).unwrap();
            let newest = "DELETE FROM heads WHERE origin = ?1 AND seq = (SELECT max(seq) FROM heads WHERE origin = ?1)";
            assert_eq!(store.execute(newest, [origin.0]).unwrap(), 1);
        })
        .await;
    assert!(scene.authorities.of(scene.case.event).is_err());
}

#[tokio::test]
async fn a_log_that_was_tampered_with_is_not_taken_up() {
    let scene = Scene::open().await;
    scene.enrol(1, Role::Scanner).await;
    let head = scene.authority().view().held()[0].head().unwrap();
    let stranger = SecretKey::from_seed(&[99; 32]);
    let forged = Head::sign(
        scene.case.event,
        Tail {
            seq: Seq(9),
            hash: [1; 32],
        },
        &stranger,
    );
    let forged = Head {
        origin: head.origin,
        ..forged
    };
    let request = Append {
        event: scene.case.event,
        sealed: vec![Sealed {
            entries: Vec::new(),
            head: forged,
        }],
        is_own: false,
        row_changes: Vec::new(),
        now: START,
    };
    assert_eq!(
        scene.case.store.append(request).await.unwrap(),
        AppendOutcome::Conflict
    );
}

#[tokio::test]
async fn records_are_read_back_as_they_were_written() {
    let scene = Scene::open().await;
    scene.enrol(1, Role::Scanner).await;
    let records = scene.records().await;
    let positions: Vec<_> = records.iter().map(|record| record.position).collect();
    assert_eq!(positions, (1..=records.len() as u64).collect::<Vec<_>>());
    assert!(
        records
            .iter()
            .all(|record| Record::from_bytes(&record.entry.bytes).is_ok())
    );
}

#[tokio::test]
async fn a_passage_is_told_with_the_time_it_was_judged_at_and_not_with_its_logs_clock() {
    let scene = Scene::open().await;
    let mut hub = Hub::new(&scene, 1).await;
    let judged = START.plus_ms(90_000);
    let run = hub.scan_judged(1, (START, judged));
    scene.authority().take_in(run).await.unwrap();
    let records = scene.records().await;
    let scans = scans::read_all(&records);
    let told: Vec<_> = scans
        .iter()
        .map(|scan| (scan.dated.at(), scan.dated.word()))
        .collect();
    assert_eq!(told, [(judged, "judge")]);
}

#[tokio::test]
async fn devices_that_last_as_long_as_the_event_are_renewed_when_its_end_moves() {
    let scene = Scene::open().await;
    scene.publish_policy().await;
    let mut untils = Vec::new();
    for (seed, certificate_ms) in [(1, None), (2, Some(86_400_000)), (3, None)] {
        let code = scene.code_for(Role::Scanner, certificate_ms).await;
        scene.ask_to_enrol(&code, seed).await;
        untils.push(until(&scene, seed).await);
    }
    scene.revoke(key(3).public()).await;
    let ends_at = scene.event().await.ends_at;
    scene.move_end(ends_at.plus_ms(86_400_000)).await;
    scene.publish_policy().await;
    let records = scene.records().await.len();
    let moved = [untils[0].plus_ms(86_400_000), untils[1], untils[2]];
    for (seed, moved) in [1, 2, 3].into_iter().zip(moved) {
        assert_eq!(until(&scene, seed).await, moved, "device {seed}");
    }
    // Once, and never to an earlier end: a device that is on its way must not lose its certificate.
    scene.move_end(ends_at).await;
    scene.publish_policy().await;
    assert_eq!(scene.records().await.len(), records);
}

async fn until(scene: &Scene, seed: u8) -> Timestamp {
    let state = scene.authority();
    let until = state.ask(move |writer| {
        Box::pin(async move {
            let state = writer.state().await?;
            let identity = state.device(&key(seed).public()).unwrap();
            Ok(identity.unverified().window.until)
        })
    });
    until.await.unwrap()
}
