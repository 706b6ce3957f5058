//! A move that is interrupted goes on, whatever was done of it.

use super::*;
use crate::catalogue::search::EventQuery;
use crate::selling::Reservation;
use crate::store::cells::directory::NewCell;
use crate::store::contract::case::{Case, START};
use crate::store::contract::devices::new_code;
use crate::store::location::{StoreLocation, StorePlaces};

/// A case whose event is in the cell `north`, and another cell.
struct Scene {
    case: Case,
    /// The same store with both cells.
    store: Store,
    north: CellName,
    south: CellName,
}

impl Scene {
    async fn open() -> Self {
        let case = Case::on_cells().await;
        let [north, south]: [CellName; 2] = ["north", "south"].map(|name| name.parse().unwrap());
        let file = |name| StoreLocation::File(case.file(name));
        let places = StorePlaces {
            home: file("store.db"),
            cells: [
                (north.clone(), file("cell.db")),
                (south.clone(), file("south.db")),
            ]
            .into(),
        };
        let store = Store::open_places(&places).await.unwrap();
        let new = NewCell { name: south.clone() };
        store.each_cell()[2].become_cell(new.clone()).await.unwrap();
        store.add_cell(new).await.unwrap();
        Self {
            case,
            store,
            north,
            south,
        }
    }

    /// Sells a seat.
    async fn sell(&self, seat: u32) -> Reservation {
        let held = self.case.held(&[seat], START).await;
        let open = self.case.begun(held.id, &format!("key {seat}"), START).await;
        self.case.confirm(&open, START).await;
        held
    }

    async fn note(&self, at: &CellName, to: Option<&CellName>) {
        let [at, to] = [Some(at), to].map(|cell| cell.cloned().map(Place::Cell));
        self.store.note(self.case.event, at.unwrap(), to).await.unwrap();
    }

    /// Copies all there is to the other cell and is killed before the end.
    async fn copy_and_die(&self) {
        self.note(&self.north, Some(&self.south)).await;
        let there = There {
            engine: self.store.each_cell()[2].engine.clone(),
            runtime: Handle::current(),
        };
        let event = self.case.event;
        let here = self.store.each_cell()[1].engine.clone();
        let copied = here.write(Some(event), move |connection| {
            take_along(connection, event, &there)?;
            Ok(Effect::Undo(()))
        });
        copied.await.unwrap();
    }

    /// Puts the event back to a moment before its payment was noted, as a backup would.
    async fn forget_the_payment(&self) {
        let (event, here) = (self.case.event, &self.store.each_cell()[1]);
        let forgetting = here.engine.write(Some(event), move |connection| {
            let forget = "DELETE FROM journal WHERE event_id = ?1";
            let forgotten = connection.prepare_cached(forget)?.execute([event.0])?;
            Ok(Effect::Keep(forgotten))
        });
        assert!(forgetting.await.unwrap() > 0);
    }

    async fn move_south(&self) -> Result<Vec<Moved>, EventMoveError> {
        self.move_to(&self.south).await
    }

    async fn move_to(&self, cell: &CellName) -> Result<Vec<Moved>, EventMoveError> {
        let to = Place::Cell(cell.clone());
        self.store.move_event_to(self.case.event, &to).await
    }

    /// Every one of these is sold, and nothing else.
    async fn has_sold(&self, store: &Store, reservations: &[&Reservation]) {
        for held in reservations {
            let booking = store.booking_of_reservation(held.id).await.unwrap().unwrap();
            assert_eq!(booking.tickets.len(), 1);
        }
        let sales = store.sales(crate::store::SalesQuery {
            event: self.case.event,
            now: START,
        });
        let sold: u32 = sales.await.unwrap().tiers.iter().map(|tier| tier.booked).sum();
        assert_eq!(sold as usize, reservations.len());
        let found = store.events(EventQuery::of_all(10, START)).await.unwrap().events;
        assert_eq!(
            found.iter().map(|event| event.id).collect::<Vec<_>>(),
            [self.case.event]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_before_the_event_is_taken_along_begins_again_or_is_called_off() {
    let scene = Scene::open().await;
    let first = scene.sell(0).await;
    scene.copy_and_die().await;
    let listed = scene.store.events_of(scene.case.organizer).await.unwrap();
    assert_eq!(listed.len(), 1);
    let asked = scene.store.reservation(first.id).await;
    assert!(matches!(asked, Err(StoreError::Moving)), "{asked:?}");
    let elsewhere = scene.move_to(&scene.north).await;
    assert!(
        matches!(elsewhere, Err(EventMoveError::OnItsWay(_))),
        "{elsewhere:?}"
    );

    scene.store.stay_in_cell(scene.case.event).await.unwrap();
    scene.has_sold(&scene.store, &[&first]).await;
    // What had arrived is gone, or the event would be listed twice.
    assert_eq!(
        scene.store.each_cell()[2].event(scene.case.event).await.unwrap(),
        None
    );
    // What was copied then is out of date.
    let second = scene.sell(1).await;
    let moved = scene.move_south().await.unwrap();
    let rows = |name| moved.iter().find(|table| table.table == name).unwrap().rows;
    assert_eq!((rows("units"), rows("bookings"), rows("tickets")), (12, 2, 2));
    scene.has_sold(&scene.store, &[&first, &second]).await;
    let there = &scene.store.each_cell()[2];
    scene.has_sold(there, &[&first, &second]).await;
    let here = &scene.store.each_cell()[1];
    assert_eq!(here.event(scene.case.event).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_killed_after_the_event_was_taken_along_goes_on_and_is_not_called_off() {
    let scene = Scene::open().await;
    let sold = scene.sell(0).await;
    scene.move_south().await.unwrap();
    scene.note(&scene.north, Some(&scene.south)).await;
    let stay = scene.store.stay_in_cell(scene.case.event).await;
    assert!(matches!(stay, Err(EventMoveError::Arrived)), "{stay:?}");
    assert_eq!(scene.move_south().await.unwrap(), []);
    scene.has_sold(&scene.store, &[&sold]).await;
    let again = scene.move_south().await;
    assert!(matches!(again, Err(EventMoveError::Here(_))), "{again:?}");
    let unknown = scene.move_to(&"east".parse().unwrap()).await;
    assert!(matches!(unknown, Err(EventMoveError::NoCell(_))), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_came_back_from_before_a_move_does_not_delete_what_was_sold_since() {
    let scene = Scene::open().await;
    let first = scene.sell(0).await;
    scene.copy_and_die().await;
    scene.forget_the_payment().await;
    let again = scene.move_south().await;
    let off = scene.store.stay_in_cell(scene.case.event).await;
    for refused in [again.map(|_| ()), off] {
        assert!(
            matches!(refused, Err(EventMoveError::Store(StoreError::NewerThere))),
            "{refused:?}"
        );
    }
    scene.has_sold(&scene.store.each_cell()[2], &[&first]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_moves_at_once_the_one_that_comes_later_does_not_say_that_the_event_is_where_it_was() {
    let scene = Scene::open().await;
    let event = scene.case.event;
    let sold = scene.sell(0).await;
    let seen = scene.store.directory_line(event).await.unwrap();
    scene.move_south().await.unwrap();
    for to in [None, Some(Place::Cell(scene.south.clone()))] {
        let turned = scene.store.turn(event, &seen, to).await;
        assert!(matches!(turned, Err(EventMoveError::Overtaken)), "{turned:?}");
    }
    scene.has_sold(&scene.store, &[&sold]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_comes_home_and_goes_on_where_a_move_home_was_killed() {
    let scene = Scene::open().await;
    let (event, store) = (scene.case.event, &scene.store);
    let first = scene.sell(0).await;
    let line = store.directory_line(event).await.unwrap();
    store.turn(event, &line, Some(Place::Home)).await.unwrap();
    let asked = store.reservation(first.id).await;
    assert!(matches!(asked, Err(StoreError::Moving)), "{asked:?}");
    let elsewhere = scene.move_south().await;
    assert!(
        matches!(elsewhere, Err(EventMoveError::OnItsWay(Place::Home))),
        "{elsewhere:?}"
    );
    let moved = store.move_event_to(event, &Place::Home).await.unwrap();
    assert!(
        moved
            .iter()
            .any(|table| (table.table, table.rows) == ("tickets", 1))
    );
    let second = scene.sell(1).await;
    scene.has_sold(&store.home(), &[&first, &second]).await;
    assert_eq!(store.each_cell()[1].event(event).await.unwrap(), None);
    let again = store.move_event_to(event, &Place::Home).await;
    assert!(
        matches!(again, Err(EventMoveError::Here(Place::Home))),
        "{again:?}"
    );
    // Nothing keeps it from leaving again.
    scene.move_south().await.unwrap();
    scene.has_sold(&store.each_cell()[2], &[&first, &second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_turns_an_event_once_as_well() {
    let case = Case::on_postgres().await;
    let seen = case.store.directory_line(case.event).await.unwrap();
    let north: CellName = "north".parse().unwrap();
    case.store
        .add_cell(NewCell { name: north.clone() })
        .await
        .unwrap();
    let turn = || {
        case.store
            .turn(case.event, &seen, Some(Place::Cell(north.clone())))
    };
    turn().await.unwrap();
    let again = turn().await;
    assert!(matches!(again, Err(EventMoveError::Overtaken)), "{again:?}");
    for to in [None, Some(Place::Home), None] {
        let line = case.store.directory_line(case.event).await.unwrap();
        case.store.turn(case.event, &line, to.clone()).await.unwrap();
        let turned = case.store.directory_line(case.event).await.unwrap();
        assert_eq!(turned.moving_to, to);
    }
    assert_eq!(case.store.directory_line(case.event).await.unwrap(), seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_is_away_keeps_no_device_from_the_events_of_another() {
    let scene = Scene::open().await;
    let code = new_code(scene.case.event, 1, START);
    scene.store.add_code(code.clone()).await.unwrap();
    scene.store.each_cell()[2].close().await;
    let found = scene.store.code_event(code.id.code).await.unwrap();
    assert_eq!(found, Some(scene.case.event));
    let other = new_code(scene.case.event, 2, START).id.code;
    assert!(scene.store.code_event(other).await.is_err());
}
