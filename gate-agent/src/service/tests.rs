//! What a service serves of a folder, what it leaves, and what it picks up.

use tempfile::TempDir;
use usher_device::directory::DataDirectory;
use usher_device::rehearsal::{EVENT, Show, certificate, identity, key};
use usher_device::replica::{self, Replica, StoredEnrolment};
use usher_keys::{Capabilities, pem};

use super::*;

const HUB: u8 = 1;
const HOUR_MS: u64 = 60 * 60 * 1000;

fn config() -> Config {
    Config {
        listen: ([127, 0, 0, 1], 0).into(),
        http: ([127, 0, 0, 1], 0).into(),
        ..Config::default()
    }
}

fn folder() -> (TempDir, Folder) {
    let kept = tempfile::tempdir().unwrap();
    let folder = Folder::at(&kept.path().join("hub"));
    (kept, folder)
}

/// Enrols a hub for the event of the tests until then, anew if need be.
fn enrol(folder: &Folder, (n, until): (u8, Timestamp), clock: &Clock) -> PathBuf {
    let directory = folder.directory_for(EVENT, true, clock.now()).unwrap();
    directory.create().unwrap();
    pem::write_secret(&directory.key_path(), &key(n), None, &[0; pem::RNG_BYTES]).unwrap();
    let mut hub = certificate(n, Role::Hub, Capabilities::default());
    hub.window.until = until;
    let enrolment = StoredEnrolment {
        identity: identity(&hub),
        ..Show::new(&[HUB]).enrolment(n, Role::Hub)
    };
    Replica::found(&directory.replica_path(), &enrolment).unwrap();
    directory.path().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_whose_events_are_all_over_says_so_and_what_to_do() {
    let (clock, (_kept, folder)) = (Clock::system(), folder());
    enrol(&folder, (HUB, Timestamp(clock.now().0 - 1)), &clock);
    let error = Service::start(&folder, config(), clock).await.err().unwrap();
    let said = error.to_string();
    assert!(said.contains("enroll this machine for the next event"), "{said}");
    assert!(said.contains("certificate ended 0 min ago"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_read_keeps_no_other_from_being_served() {
    let (clock, (_kept, folder)) = (Clock::system(), folder());
    enrol(&folder, (HUB, clock.now().plus_ms(HOUR_MS)), &clock);
    let damaged = folder.path().join(EventId([9; 16]).to_string());
    std::fs::create_dir(&damaged).unwrap();
    std::fs::write(damaged.join("replica.db"), [0x5a; 8_192]).unwrap();
    let mut service = Service::start(&folder, config(), clock).await.unwrap();
    assert_eq!(service.hubs().count(), 1);
    service.follow_folder().await;
    assert_eq!(service.hubs().count(), 1);
    service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_enrolled_anew_takes_the_place_of_the_former_while_the_service_runs() {
    let (clock, (_kept, folder)) = (Clock::system(), folder());
    enrol(&folder, (HUB, clock.now().plus_ms(HOUR_MS)), &clock);
    let mut service = Service::start(&folder, config(), clock.clone()).await.unwrap();
    let serving = |service: &Service| {
        service
            .hubs()
            .map(|hub| hub.services().replica.me())
            .collect::<Vec<_>>()
    };
    assert_eq!(serving(&service), [key(HUB).public()]);
    enrol(&folder, (2, clock.now().plus_ms(2 * HOUR_MS)), &clock);
    service.follow_folder().await;
    assert_eq!(serving(&service), [key(2).public()]);
    service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_served_for_a_day_after_its_end_and_its_directory_stays() {
    let (clock, (_kept, folder)) = (Clock::system(), folder());
    let path = enrol(&folder, (HUB, clock.now().plus_ms(HOUR_MS)), &clock);
    let mut service = Service::start(&folder, config(), clock.clone()).await.unwrap();
    clock.shift_ms(20 * 3_600_000);
    service.follow_folder().await;
    assert_eq!(service.hubs().count(), 1);
    clock.shift_ms(6 * 3_600_000);
    service.follow_folder().await;
    assert_eq!(service.hubs().count(), 0);
    assert!(path.join("replica.db").exists());
    service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_after_its_end_an_event_is_forgotten_that_the_cloud_holds_and_not_by_our_clock_alone() {
    let (clock, (_kept, folder)) = (Clock::system(), folder());
    let path = enrol(&folder, (HUB, clock.now().plus_ms(HOUR_MS)), &clock);
    let directory = DataDirectory::at(&path);
    let mut service = Service::start(&folder, config(), clock.clone()).await.unwrap();
    clock.shift_ms(40 * 24 * 3_600_000);
    directory.note_handed_on(0).unwrap();
    service.forget(clock.now());
    assert!(path.exists(), "it is served");
    service.follow_folder().await;
    assert_eq!(service.hubs().count(), 0);
    let records = replica::record_count(&directory.replica_path()).unwrap();
    directory.note_handed_on(records).unwrap();
    service.follow_folder().await;
    assert!(path.exists(), "no cloud is linked that knows the time");
    service.config.forget_after_days = 0;
    service.forget(clock.now());
    assert!(path.exists(), "nothing is to be forgotten");
    service.config.forget_after_days = 30;
    service.forget(clock.now());
    assert!(!path.exists());
    service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_do_not_share_a_folder() {
    let (clock, (_kept, folder)) = (Clock::system(), folder());
    enrol(&folder, (HUB, clock.now().plus_ms(HOUR_MS)), &clock);
    let service = Service::start(&folder, config(), clock.clone()).await.unwrap();
    let refused = Service::start(&folder, config(), clock).await.err().unwrap();
    assert!(
        refused.to_string().contains("another usher program is running"),
        "{refused}"
    );
    // The first one is still found where it said.
    assert_eq!(
        &Listening::read(&folder.top().listening_path()).unwrap(),
        service.listening()
    );
    service.shutdown().await;
}
