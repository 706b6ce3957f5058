//! Many processes that start at once, tables of other versions, and what earlier releases left.

use futures_util::future::join_all;

use usher_keys::Timestamp;

use super::*;
use crate::ids::OrganizerId;
use crate::store::Store;
use crate::store::contract::server;
use crate::store::organizing::{KeyHash, NewOrganizer};

/// Processes that start at once.
const PROCESSES: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_start_at_once_on_a_fresh_database() {
    let url = tokio::task::spawn_blocking(usher_test_postgres::new_database)
        .await
        .unwrap();
    let location = server::location(&url);
    let stores = join_all((0..PROCESSES).map(|_| Store::open(&location))).await;
    for store in stores {
        assert_eq!(store.unwrap().published(()).await.unwrap(), []);
    }
}

/// Makes a database as a release left it that had so many migrations.
fn after(migrations: usize) -> String {
    let url = usher_test_postgres::new_database();
    usher_test_postgres::run(
        &url,
        "CREATE TABLE migrations (version bigint PRIMARY KEY, hash bytea NOT NULL)",
    );
    for (index, sql) in MIGRATIONS[..migrations].iter().enumerate() {
        usher_test_postgres::run(&url, sql);
        let hash = data_encoding::HEXLOWER.encode(&hash(sql));
        let note = format!("INSERT INTO migrations VALUES ({}, '\\x{hash}')", index + 1);
        usher_test_postgres::run(&url, &note);
    }
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_an_organizer_from_before_keys_had_roles_is_its_owners() {
    let url = tokio::task::spawn_blocking(|| after(7)).await.unwrap();
    let first = "INSERT INTO organizers VALUES (decode(repeat('00', 16), 'hex'), 'o', 7);
                 INSERT INTO organizer_keys VALUES (decode(repeat('00', 32), 'hex'), decode(repeat('00', 16), 'hex'), 7)";
    usher_test_postgres::run(&url, first);
    let store = Store::open(&server::location(&url)).await.unwrap();
    let organizer = NewOrganizer {
        id: OrganizerId([0; 16]),
        name: "o".into(),
        key: KeyHash([0; 32]),
        now: Timestamp(7),
    };
    let key = store.api_key(organizer.key).await.unwrap();
    assert_eq!(key, Some(organizer.first_key().key));
    store.close().await;
}

/// Makes a database as the release before payments had a course left it, with so many bookings, two of each reservation.
fn before_payments(bookings: u32) -> String {
    let url = after(6);
    usher_test_postgres::run(
        &url,
        &format!(
            "SET session_replication_role = replica;
             INSERT INTO events VALUES (decode(repeat('01', 16), 'hex'), decode(repeat('01', 16), 'hex'), decode(repeat('01', 16), 'hex'),
                  'v', 'c', 'c', 'n', 'd', 's', 1, 2, 'published', 'EUR', 1, 'p', 1, 0, 1, 1);
             INSERT INTO reservations
             SELECT decode(repeat('01', 16), 'hex'), decode(lpad(to_hex(i), 48, '0'), 'hex'), 'booked', '[]', 1, 1, 1, NULL, NULL
             FROM generate_series(1, {bookings} / 2 + 1) i;
             INSERT INTO bookings (event_id, booking_id, charge_reference, reservation_id, idempotency_key, request_hash,
                                   state, email, amount, created_at, closed_at)
             SELECT decode(repeat('01', 16), 'hex'), id, id, decode(lpad(to_hex(i / 2), 48, '0'), 'hex'), i,
                    decode(repeat('00', 32), 'hex'), CASE i % 2 WHEN 0 THEN 'abandoned' ELSE 'confirmed' END, 'e', 1, i, 1
             FROM generate_series(2, {bookings} + 1) i, LATERAL (SELECT decode(lpad(to_hex(i), 48, '0'), 'hex') AS id) ids"
        ),
    );
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bookings_of_a_large_store_are_numbered_within_the_time_of_a_statement() {
    let url = tokio::task::spawn_blocking(|| before_payments(20_000))
        .await
        .unwrap();
    Store::open(&server::location(&url)).await.unwrap().close().await;
    let counts = "SELECT state, attempt, count(*) FROM bookings GROUP BY 1, 2 ORDER BY 1";
    assert_eq!(
        usher_test_postgres::run(&url, counts),
        "canceled|1|10000\nconfirmed|2|10000\n"
    );
    // Of 20,000 drawn codes about one in five such stores has two that are the same.
    let codes = "SELECT count(DISTINCT code), min(code) >= 0, max(code) < 1073741824 FROM bookings";
    assert_eq!(usher_test_postgres::run(&url, codes), "20000|t|t\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_another_version_are_refused() {
    let url = tokio::task::spawn_blocking(usher_test_postgres::new_database)
        .await
        .unwrap();
    let location = server::location(&url);
    Store::open(&location).await.unwrap().close().await;
    usher_test_postgres::run(&url, "INSERT INTO migrations VALUES (99, 'x')");
    assert!(matches!(Store::open(&location).await, Err(StoreError::Newer)));
    assert!(matches!(
        crate::store::audit(&location).await,
        Err(StoreError::Newer)
    ));
    usher_test_postgres::run(&url, "DELETE FROM migrations");
    assert!(matches!(
        crate::store::audit(&location).await,
        Err(StoreError::Older)
    ));
}
