//! Bringing the tables up to date, however many processes start at once: a migration's row is its lease, and who finds it taken waits.

use tokio_postgres::error::SqlState;

use crate::store::StoreError;
use crate::store::sql::SqlError;

use super::backend::Backend;
use super::server::Servers;
use super::writer::wait_for;

/// The migrations, oldest first; one that was released is never changed.
const MIGRATIONS: [&str; 9] = [
    include_str!("../../../migrations/postgres/V1__store.sql"),
    include_str!("../../../migrations/postgres/V2__index_order.sql"),
    include_str!("../../../migrations/postgres/V3__moves.sql"),
    include_str!("../../../migrations/postgres/V4__own_pasts.sql"),
    include_str!("../../../migrations/postgres/V5__halts.sql"),
    include_str!("../../../migrations/postgres/V6__writers_end.sql"),
    include_str!("../../../migrations/postgres/V7__payments.sql"),
    include_str!("../../../migrations/postgres/V14__cells.sql"),
    include_str!("../../../migrations/postgres/V19__api_keys.sql"),
    include_str!("../../../migrations/postgres/V20__acts.sql"),
];
/// How often one process tries: each failed try means that another process got a step further.
const ATTEMPTS: u32 = 50;

/// Brings the tables up to date.
pub fn run(servers: &Servers) -> Result<(), StoreError> {
    let backend = Backend::connect(servers)?;
    let mut attempts = 0;
    loop {
        match bring_up_to_date(&backend) {
            Err(error) if is_race(&error) && attempts < ATTEMPTS => {
                attempts += 1;
                backend.batch("ROLLBACK")?;
                wait_for(attempts);
            }
            done => return done,
        }
    }
}

/// Tells whether the tables are those of this version.
///
/// # Errors
///
/// [`StoreError::Older`], [`StoreError::Newer`]; [`StoreError`] when there are none.
pub fn check(backend: &Backend) -> Result<(), StoreError> {
    if applied(backend)? < MIGRATIONS.len() {
        return Err(StoreError::Older);
    }
    Ok(())
}

fn bring_up_to_date(backend: &Backend) -> Result<(), StoreError> {
    backend
        .batch("CREATE TABLE IF NOT EXISTS migrations (version bigint PRIMARY KEY, hash bytea NOT NULL)")?;
    let applied = applied(backend)?;
    for (index, sql) in MIGRATIONS.iter().enumerate().skip(applied) {
        apply(backend, index + 1, sql)?;
    }
    Ok(())
}

/// Counts the migrations that the tables have seen.
fn applied(backend: &Backend) -> Result<usize, StoreError> {
    let known = backend.wait(async |client| {
        client
            .query("SELECT hash FROM migrations ORDER BY version", &[])
            .await
    })?;
    if known.len() > MIGRATIONS.len() {
        return Err(StoreError::Newer);
    }
    for (row, sql) in known.iter().zip(MIGRATIONS) {
        if row.try_get::<_, &[u8]>(0).map_err(SqlError::from)? != hash(sql) {
            return Err(StoreError::Newer);
        }
    }
    Ok(known.len())
}

fn hash(sql: &str) -> [u8; 32] {
    *blake3::hash(sql.as_bytes()).as_bytes()
}

fn apply(backend: &Backend, version: usize, sql: &str) -> Result<(), StoreError> {
    backend.batch("BEGIN")?;
    let version = i64::try_from(version).unwrap_or(i64::MAX);
    // Waits for whoever has begun the same one, and fails when they are through.
    backend.wait(async |client| {
        client
            .execute(
                "INSERT INTO migrations (version, hash) VALUES ($1, $2)",
                &[&version, &hash(sql).as_slice()],
            )
            .await
    })?;
    backend.batch(sql)?;
    backend.batch("COMMIT")?;
    Ok(())
}

/// Two that make the same table, or apply the same migration: one of them hears it so, sometimes of the table's type, or as a deadlock.
fn is_race(error: &StoreError) -> bool {
    let (StoreError::Postgres(error) | StoreError::BrokenOff(error)) = error else {
        return false;
    };
    error.code.as_ref().is_some_and(|code| {
        [
            SqlState::UNIQUE_VIOLATION,
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_OBJECT,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(code)
    })
}

#[cfg(test)]
mod tests {
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
}
