//! A disk that is full, a folder that cannot be used, an older copy: each has a name, and what was answered stays.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use rusqlite::hooks::{AuthContext, Authorization};
use tempfile::TempDir;
use usher_disk::{DiskError, FileFinding};

use super::*;
use crate::ids::{BookingId, OrganizerId};
use crate::selling::ConfirmOutcome;
use crate::selling::jobs::{DueJobs, JobId, JobKind};
use crate::store::Store;
use crate::store::contract::case::{Case, START, STORE_FILE};
use crate::store::engine::Engine;
use crate::store::finding::Finding;
use crate::store::operations::{api_keys, jobs, rows};
use crate::store::organizing::{KeyHash, NewOrganizer};
use crate::store::sql::Sql;

fn notes() -> Vec<Migration> {
    let sql = "CREATE TABLE notes (note INTEGER PRIMARY KEY, text TEXT NOT NULL)";
    vec![Migration::unapplied("V1__notes", sql).unwrap()]
}

fn open(directory: &TempDir) -> Result<Database, StoreError> {
    Database::open(&directory.path().join("notes.db"), &notes())
}

async fn note(database: &Database, note: i64, bytes: usize) -> Result<(), StoreError> {
    let insert = move |connection: &Connection| {
        connection.execute("INSERT INTO notes VALUES (?1, ?2)", (note, "x".repeat(bytes)))?;
        Ok(Effect::Keep(()))
    };
    database.write(insert).await
}

async fn kept(database: &Database) -> Vec<i64> {
    let select = |connection: &Connection| {
        let mut query = connection.prepare("SELECT note FROM notes ORDER BY note")?;
        let notes = query.query_map([], |row| row.get(0))?;
        Ok(notes.collect::<Result<_, _>>()?)
    };
    database.read(select).await.unwrap()
}

/// Lets the file grow to so many pages: a full disk of our own.
async fn limit_pages(database: &Database, pages: u32) {
    let limit = move |connection: &Connection| {
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        Ok(Effect::Keep(()))
    };
    database.write(limit).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_named_and_loses_nothing_that_was_answered() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    limit_pages(&database, 20).await;
    let answers = join_all((0..64).map(|number| note(&database, number, 4_000))).await;
    let answered: Vec<i64> = (0..64)
        .zip(&answers)
        .filter(|(_, answer)| answer.is_ok())
        .map(|(note, _)| note)
        .collect();
    assert!(
        answers
            .iter()
            .any(|answer| matches!(answer, Err(StoreError::Disk(DiskError::Full)))),
        "{answers:?}"
    );
    assert_eq!(kept(&database).await, answered);

    limit_pages(&database, 10_000).await;
    note(&database, 99, 4_000).await.unwrap();
    database.close().await;
    let database = open(&directory).unwrap();
    assert_eq!(kept(&database).await, [answered, vec![99]].concat());
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let closed = directory.path().join("closed");
    fs::write(&closed, "a file, not a directory").unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o400)).unwrap();
    let error = Database::open(&closed.join("notes.db"), &notes()).unwrap_err();
    assert!(matches!(error, StoreError::Directory(_)), "{error:?}");
}

#[tokio::test]
async fn an_older_copy_is_named_and_a_copy_without_its_note_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let (file, older) = (
        directory.path().join("notes.db"),
        directory.path().join("older.db"),
    );
    for number in 0..3 {
        let database = open(&directory).unwrap();
        note(&database, number, 10).await.unwrap();
        database.close().await;
        drop(database);
        if number == 0 {
            fs::copy(&file, &older).unwrap();
        }
    }
    fs::copy(&older, &file).unwrap();
    let error = open(&directory).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Unsound(Finding::File(FileFinding::Lost { commits: 2 }))
        ),
        "{error:?}"
    );
    fs::remove_file(file.with_extension("commits")).unwrap();
    assert_eq!(kept(&open(&directory).unwrap()).await, [0]);
}

#[test]
fn what_was_sold_before_bookings_could_be_renewed_is_kept() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    let before: Vec<Migration> = migrations()
        .into_iter()
        .filter(|migration| migration.version() < 12)
        .collect();
    refinery::Runner::new(&before).run(&mut connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO organizers VALUES (x'01', 'o', 1);
             INSERT INTO venues VALUES (x'01', x'01', 'v', 'c', '', 1);
             INSERT INTO events VALUES (zeroblob(16), x'01', x'01', 'v', 'c', 'c', 'n', 'd', 's', 1, 2, 'published', 'EUR', 1,
                                        'p', 1, 0, 1, 1);
             INSERT INTO tiers VALUES (zeroblob(16), 1, 'Standing', 100, 1, 0);
             INSERT INTO reservations VALUES (zeroblob(16), zeroblob(24), 'booked', '[]', 100, 1, 1);
             INSERT INTO units (event_id, unit, tier, state, reservation_id, issued)
             VALUES (zeroblob(16), 0, 1, 'booked', zeroblob(24), 1);
             INSERT INTO bookings VALUES (zeroblob(16), zeroblob(24), zeroblob(24), 'k', zeroblob(32), 'confirmed', NULL,
                                          'a@b.example', 100, 1, 1);
             INSERT INTO tickets VALUES (zeroblob(16), zeroblob(24), 0, 1, zeroblob(24), 'valid', 'payload', 1);",
        )
        .unwrap();
    refinery::Runner::new(&migrations())
        .set_grouped(true)
        .run(&mut connection)
        .unwrap();
    let id = BookingId {
        event: usher_keys::EventId([0; 16]),
        local: [0; 24],
    };
    let booking = rows::booking(&Sql::Sqlite(&connection), &id).unwrap().unwrap();
    assert_eq!((booking.charge.local, booking.tickets.len()), ([0; 24], 1));
    assert!(!booking.tickets[0].transferred);
}

#[test]
fn a_booking_that_was_open_before_there_were_jobs_is_settled_by_one() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    let before: Vec<Migration> = migrations()
        .into_iter()
        .filter(|migration| migration.version() < 17)
        .collect();
    refinery::Runner::new(&before).run(&mut connection).unwrap();
    for (id, state, closed_at) in [(1_u8, "paying", None), (2, "confirmed", Some(5))] {
        connection
            .execute(
                "INSERT INTO bookings (event_id, booking_id, charge_reference, reservation_id, idempotency_key, request_hash,
                                       state, email, amount, created_at, closed_at)
                 VALUES (zeroblob(16), ?1, ?1, ?1, ?1, zeroblob(32), ?2, 'a@b.example', 100, 1, ?3)",
                rusqlite::params![[id; 24], state, closed_at],
            )
            .unwrap();
    }
    refinery::Runner::new(&migrations())
        .set_grouped(true)
        .run(&mut connection)
        .unwrap();
    let now = Timestamp(1_000);
    let due = jobs::due_jobs(
        &Sql::Sqlite(&connection),
        &DueJobs {
            kind: JobKind::Paying,
            limit: 9,
            now,
        },
    )
    .unwrap();
    let open = BookingId {
        event: usher_keys::EventId([0; 16]),
        local: [1; 24],
    };
    let due: Vec<_> = due.iter().map(|job| job.id).collect();
    assert_eq!(due, [JobId::SettleBooking(open)]);
}

#[test]
fn bookings_from_before_payments_had_a_course_are_kept_and_numbered() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    let before: Vec<Migration> = migrations()
        .into_iter()
        .filter(|migration| migration.version() < 22)
        .collect();
    refinery::Runner::new(&before).run(&mut connection).unwrap();
    for (id, state, created_at) in [(1_u8, "declined", 1), (2, "abandoned", 2), (3, "paying", 3)] {
        let decline = (state == "declined").then_some("card_declined");
        let closed_at = (state != "paying").then_some(5);
        connection
            .execute(
                "INSERT INTO bookings (event_id, booking_id, charge_reference, reservation_id, idempotency_key, request_hash,
                                       state, decline, email, amount, created_at, closed_at)
                 VALUES (zeroblob(16), ?1, ?1, zeroblob(24), ?1, zeroblob(32), ?2, ?3, 'a@b.example', 100, ?4, ?5)",
                rusqlite::params![[id; 24], state, decline, created_at, closed_at],
            )
            .unwrap();
    }
    refinery::Runner::new(&migrations())
        .set_grouped(true)
        .run(&mut connection)
        .unwrap();
    // Each has a code of its own too.
    let codes: i64 = connection
        .query_row("SELECT count(DISTINCT code) FROM bookings", [], |row| row.get(0))
        .unwrap();
    assert_eq!(codes, 3);
    let mut select = connection
        .prepare("SELECT attempt, state, pay_by - created_at FROM bookings ORDER BY attempt")
        .unwrap();
    let rows = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    let rows: Vec<(i64, String, i64)> = rows.map(Result::unwrap).collect();
    let expected = [(1, "declined"), (2, "canceled"), (3, "paying")];
    assert_eq!(
        rows,
        expected.map(|(attempt, state)| (attempt, state.to_owned(), 900_000))
    );
}

/// Opens a store whose writer counts the statements that it compiles: SQLite asks then what each may do.
fn counting_store(file: &Path) -> (Store, Arc<AtomicUsize>) {
    let compiled = Arc::new(AtomicUsize::new(0));
    let location = DatabaseLocation::File(file.to_owned());
    let mut connection = location.open_writer(&tables(&migrations())).unwrap();
    let counting = Arc::clone(&compiled);
    let count = move |_: AuthContext<'_>| {
        counting.fetch_add(1, Ordering::Relaxed);
        Authorization::Allow
    };
    connection.authorizer(Some(count)).unwrap();
    let database = Database {
        writer: Arc::new(StoreWriter::start(connection, None).unwrap()),
        readers: Arc::new(Readers::open(&location).unwrap()),
    };
    let engine = Engine::Sqlite(database);
    (Store::of(engine), compiled)
}

#[tokio::test]
async fn a_sale_compiles_no_statement_twice() {
    let mut case = Case::on_sqlite().await;
    case.store.close().await;
    let (store, compiled) = counting_store(&case.file(STORE_FILE));
    case.store = store;
    for seat in 0..6 {
        let is_first = seat == 0;
        let held = case.held(&[seat], START).await;
        let open = case.begun(held.id, &format!("key {seat}"), START).await;
        let confirmed = case.confirm(&open, START).await;
        assert!(matches!(confirmed, ConfirmOutcome::Confirmed(_)), "{confirmed:?}");
        assert_eq!(compiled.swap(0, Ordering::Relaxed) > 0, is_first);
    }
}

#[test]
fn the_key_of_an_organizer_from_before_keys_had_roles_is_its_owners() {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    let before: Vec<Migration> = migrations()
        .into_iter()
        .filter(|migration| migration.version() < 29)
        .collect();
    refinery::Runner::new(&before).run(&mut connection).unwrap();
    connection
        .execute_batch(
            "INSERT INTO organizers VALUES (zeroblob(16), 'o', 7);
             INSERT INTO organizer_keys VALUES (zeroblob(32), zeroblob(16), 7);",
        )
        .unwrap();
    refinery::Runner::new(&migrations())
        .set_grouped(true)
        .run(&mut connection)
        .unwrap();
    let hash = KeyHash([0; 32]);
    let key = api_keys::api_key(&Sql::Sqlite(&connection), &hash)
        .unwrap()
        .unwrap();
    let organizer = NewOrganizer {
        id: OrganizerId([0; 16]),
        name: "o".into(),
        key: hash,
        now: Timestamp(7),
    };
    assert_eq!(key, organizer.first_key().key);
}
