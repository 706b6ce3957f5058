//! Bringing the tables up to date, however many processes start at once: a migration's row is its lease, and who finds it taken waits.

use tokio_postgres::error::SqlState;

use crate::store::StoreError;
use crate::store::sql_error::SqlError;

use super::backend::Backend;
use super::server::Servers;
use super::writer::wait_for;

/// The migrations, oldest first; one that was released is never changed.
const MIGRATIONS: [&str; 52] = [
    include_str!("../../../migrations/postgres/V1__store.sql"),
    include_str!("../../../migrations/postgres/V2__index_order.sql"),
    include_str!("../../../migrations/postgres/V3__moves.sql"),
    include_str!("../../../migrations/postgres/V4__own_pasts.sql"),
    include_str!("../../../migrations/postgres/V5__halts.sql"),
    include_str!("../../../migrations/postgres/V6__writers_end.sql"),
    include_str!("../../../migrations/postgres/V7__payments.sql"),
    include_str!("../../../migrations/postgres/V8__paying_holds.sql"),
    include_str!("../../../migrations/postgres/V9__gateways.sql"),
    include_str!("../../../migrations/postgres/V10__refunds.sql"),
    include_str!("../../../migrations/postgres/V11__journal.sql"),
    include_str!("../../../migrations/postgres/V12__cells.sql"),
    include_str!("../../../migrations/postgres/V13__api_keys.sql"),
    include_str!("../../../migrations/postgres/V14__acts.sql"),
    include_str!("../../../migrations/postgres/V15__given_outside.sql"),
    include_str!("../../../migrations/postgres/V16__disputes.sql"),
    include_str!("../../../migrations/postgres/V17__cancellations.sql"),
    include_str!("../../../migrations/postgres/V18__inventory.sql"),
    include_str!("../../../migrations/postgres/V19__bounds.sql"),
    include_str!("../../../migrations/postgres/V20__telling.sql"),
    include_str!("../../../migrations/postgres/V21__availability.sql"),
    include_str!("../../../migrations/postgres/V22__booking_codes.sql"),
    include_str!("../../../migrations/postgres/V23__kept_answers.sql"),
    include_str!("../../../migrations/postgres/V26__blocks.sql"),
    include_str!("../../../migrations/postgres/V27__comps.sql"),
    include_str!("../../../migrations/postgres/V28__vouchers.sql"),
    include_str!("../../../migrations/postgres/V29__charges.sql"),
    include_str!("../../../migrations/postgres/V30__receipts.sql"),
    include_str!("../../../migrations/postgres/V31__machines.sql"),
    include_str!("../../../migrations/postgres/V32__staff.sql"),
    include_str!("../../../migrations/postgres/V33__news.sql"),
    include_str!("../../../migrations/postgres/V36__section_places.sql"),
    include_str!("../../../migrations/postgres/V37__terms_of_sale_seals.sql"),
    include_str!("../../../migrations/postgres/V38__tills.sql"),
    include_str!("../../../migrations/postgres/V39__price_steps.sql"),
    include_str!("../../../migrations/postgres/V40__waiting_list.sql"),
    include_str!("../../../migrations/postgres/V42__letters.sql"),
    include_str!("../../../migrations/postgres/V43__mailings.sql"),
    include_str!("../../../migrations/postgres/V47__moves_home.sql"),
    include_str!("../../../migrations/postgres/V50__links.sql"),
    include_str!("../../../migrations/postgres/V51__limits.sql"),
    include_str!("../../../migrations/postgres/V52__tries.sql"),
    include_str!("../../../migrations/postgres/V55__listings.sql"),
    include_str!("../../../migrations/postgres/V56__bindings.sql"),
    include_str!("../../../migrations/postgres/V58__waiting_rooms.sql"),
    include_str!("../../../migrations/postgres/V57__languages.sql"),
    include_str!("../../../migrations/postgres/V59__reading_languages.sql"),
    include_str!("../../../migrations/postgres/V60__unpaid_by_address.sql"),
    include_str!("../../../migrations/postgres/V61__letters_by_charge.sql"),
    include_str!("../../../migrations/postgres/V62__mailing_keys.sql"),
    include_str!("../../../migrations/postgres/V63__holders.sql"),
    include_str!("../../../migrations/postgres/V64__proof_of_work.sql"),
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
    backend.be_patient()?;
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
mod tests;
