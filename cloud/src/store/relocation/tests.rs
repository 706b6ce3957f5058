//! Stores that are moved from each engine to each: all of it arrives, and nobody serves two of them.

use std::collections::BTreeSet;

use crate::catalogue::search::EventQuery;
use crate::ids::BookingId;
use crate::store::contract::case::{Case, START};
use crate::store::contract::server;
use crate::store::{self, Audit};

use super::tables::{STAYING, TABLES, all_tables};
use super::*;

/// A case with a ticket, whose payment is settled, and a place for its store to go to.
struct Scene {
    case: Case,
    booking: BookingId,
    from: StoreLocation,
}

impl Scene {
    async fn of(case: Case) -> Self {
        let held = case.held(&[0, 1], START).await;
        let open = case.begun(held.id, "key", START).await;
        case.confirm(&open, START).await;
        case.held(&[2], START).await;
        let from = match case.url() {
            Some(url) => server::location(&url),
            None => StoreLocation::File(case.file("store.db")),
        };
        let booking = open.id;
        Self { case, booking, from }
    }

    /// Ends whoever serves it.
    async fn end(&mut self) {
        self.case.store.close().await;
        let nowhere = Store::open_sqlite(&self.case.file("nowhere.db")).unwrap();
        drop(std::mem::replace(&mut self.case.store, nowhere));
    }
}

async fn new_database() -> StoreLocation {
    let url = tokio::task::spawn_blocking(usher_test_postgres::new_database)
        .await
        .unwrap();
    server::location(&url)
}

async fn audit(location: &StoreLocation) -> Audit {
    store::audit(location).await.unwrap()
}

#[track_caller]
fn refused(opened: Result<Store, StoreError>, state: MarkState) {
    match opened {
        Err(StoreError::Moved(mark)) => assert_eq!(mark.state, state),
        other => panic!("{other:?}"),
    }
}

async fn arrives_whole(mut scene: Scene, to: StoreLocation) {
    let before = audit(&scene.from).await;
    let in_use = relocate(&scene.from, &to).await.unwrap_err();
    assert!(matches!(in_use, RelocationError::InUse(_)), "{in_use:?}");
    scene.end().await;
    let moved = relocate(&scene.from, &to).await.unwrap();
    let rows = |name: &str| {
        moved
            .iter()
            .find(|moved| moved.table == name)
            .map(|moved| moved.rows)
    };
    assert_eq!((rows("units"), rows("tickets")), (Some(12), Some(2)), "{moved:?}");

    refused(Store::open(&scene.from).await, MarkState::Left);
    let arrived = Store::open(&to).await.unwrap();
    let booking = arrived.booking(scene.booking).await.unwrap().unwrap();
    assert_eq!(booking.tickets.len(), 2);
    arrived.catch_up(START).await.unwrap();
    let listed = arrived.events(EventQuery::of_all(10, START)).await.unwrap();
    assert_eq!(listed.events.len(), 1);
    arrived.close().await;
    drop(arrived);
    assert_eq!(audit(&to).await, before);
    let again = relocate(&scene.from, &to).await.unwrap_err();
    assert!(matches!(again, RelocationError::Gone(_)), "{again:?}");
    let back = stay(&scene.from).await.unwrap_err();
    assert!(matches!(back, RelocationError::Gone(_)), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_arrives_whole_from_sqlite_on_postgres() {
    arrives_whole(Scene::of(Case::on_sqlite().await).await, new_database().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_arrives_whole_from_postgres_on_sqlite() {
    let scene = Scene::of(Case::on_postgres().await).await;
    let to = StoreLocation::File(scene.case.file("arrived.db"));
    arrives_whole(scene, to).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_each_engine_is_moved_or_named_with_the_reason_why_not() {
    let moved = TABLES.map(|table| table.name).into_iter();
    let known: BTreeSet<&str> = moved.chain(STAYING.map(|(name, _)| name)).collect();
    let mut there = BTreeSet::new();
    for case in [Case::on_sqlite().await, Case::on_postgres().await] {
        let tables = case.store.engine().read(all_tables).await.unwrap();
        for table in TABLES {
            assert!(
                tables.iter().any(|name| name == table.name),
                "{table:?}: {tables:?}"
            );
        }
        there.extend(tables);
    }
    assert_eq!(there.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
    assert!(STAYING.iter().all(|(_, reason)| !reason.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_with_an_open_payment_is_refused_and_the_store_stays_open() {
    let mut scene = Scene::of(Case::on_sqlite().await).await;
    let held = scene.case.held(&[3], START).await;
    scene.case.begun(held.id, "open", START).await;
    scene.end().await;
    let open = relocate(&scene.from, &new_database().await).await.unwrap_err();
    assert!(matches!(open, RelocationError::OpenPayments(1)), "{open:?}");
    Store::open(&scene.from).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_begun_goes_on_to_the_same_place_only_or_is_called_off() {
    let mut scene = Scene::of(Case::on_sqlite().await).await;
    scene.end().await;
    let (to, other) = (new_database().await, new_database().await);
    // As if the move had been killed before the first row.
    let id = draw();
    leave(&scene.from, Mark::new(id, MarkState::Leaving, &to))
        .await
        .unwrap();
    occupied_by(&to, Mark::new(id, MarkState::Arriving, &scene.from)).await;
    refused(Store::open(&scene.from).await, MarkState::Leaving);
    refused(Store::open(&to).await, MarkState::Arriving);
    let elsewhere = relocate(&scene.from, &other).await.unwrap_err();
    assert!(
        matches!(elsewhere, RelocationError::Elsewhere(_)),
        "{elsewhere:?}"
    );

    stay(&scene.from).await.unwrap();
    drop(Store::open(&scene.from).await.unwrap());
    let begun = relocate(&scene.from, &to).await.unwrap_err();
    assert!(matches!(begun, RelocationError::OtherMove(_)), "{begun:?}");
    relocate(&scene.from, &other).await.unwrap();
    refused(Store::open(&scene.from).await, MarkState::Left);
}

async fn occupied_by(place: &StoreLocation, mark: Mark) {
    let store = Store::open_marked(place).await.unwrap();
    write_mark(&store.engine(), Some(mark)).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_came_before_a_kill_are_not_sent_again_and_are_compared_all_the_same() {
    let mut scene = Scene::of(Case::on_sqlite().await).await;
    scene.end().await;
    let to = new_database().await;
    let id = draw();
    leave(&scene.from, Mark::new(id, MarkState::Leaving, &to))
        .await
        .unwrap();
    occupied_by(&to, Mark::new(id, MarkState::Arriving, &scene.from)).await;
    let StoreLocation::Servers { config, .. } = &to else {
        panic!("{to:?} is no server")
    };
    let url = format!(
        "postgres://owl@127.0.0.1:{}/{}",
        config.get_ports()[0],
        config.get_dbname().unwrap()
    );
    let forged = "INSERT INTO organizers VALUES ('\\x01', 'Crows', 1);
                  INSERT INTO store_move_tables VALUES ('organizers', 1)";
    tokio::task::spawn_blocking(move || usher_test_postgres::run(&url, forged))
        .await
        .unwrap();
    // The one organizer there is counts as sent, and is missed at the latest by the venue that is its.
    let error = relocate(&scene.from, &to).await.unwrap_err();
    assert!(matches!(error, RelocationError::Store(_)), "{error:?}");
    refused(Store::open(&to).await, MarkState::Arriving);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_with_something_in_it_is_left_alone() {
    let mut scene = Scene::of(Case::on_sqlite().await).await;
    scene.end().await;
    let mut other = Scene::of(Case::on_postgres().await).await;
    other.end().await;
    let full = relocate(&scene.from, &other.from).await.unwrap_err();
    assert!(matches!(full, RelocationError::NotEmpty(_)), "{full:?}");
    let same = relocate(&scene.from, &scene.from).await.unwrap_err();
    assert!(matches!(same, RelocationError::NotEmpty(_)), "{same:?}");
    let nothing = StoreLocation::File(scene.case.file("no.db"));
    let none = relocate(&nothing, &new_database().await).await.unwrap_err();
    assert!(matches!(none, RelocationError::NoStore(_)), "{none:?}");
    assert!(!scene.case.file("no.db").exists());
    Store::open(&scene.from).await.unwrap();
}
