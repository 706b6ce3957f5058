//! Auditing a PostgreSQL database: its pages and references are the server's to keep, so only rows are looked at.

use crate::store::StoreError;
use crate::store::audit::{self, Audit};
use crate::store::sql::Sql;

use super::backend::Backend;
use super::migrations;
use super::pool::BEGIN_READING;
use super::server::Servers;

/// Audits a database in one snapshot and changes nothing in it, also while servers use it. Not to be called where a runtime runs
/// already.
///
/// # Errors
///
/// [`StoreError`] when it cannot be read at all.
pub fn of_database(servers: &Servers) -> Result<Audit, StoreError> {
    let backend = Backend::connect(servers)?;
    backend.batch(BEGIN_READING)?;
    migrations::check(&backend)?;
    let mut audit = Audit::default();
    audit::check_events(&Sql::Postgres(&backend), &mut audit)?;
    Ok(audit)
}

#[cfg(test)]
mod tests {
    use crate::store::contract::case::{Case, START};
    use crate::store::finding::Finding;

    /// What is altered, and whether that is what a finding names.
    type Alteration = (&'static str, fn(&Finding) -> bool);

    const ALTERED: [Alteration; 5] = [
        ("UPDATE tiers SET price = 1", |found| {
            matches!(found, Finding::Terms { .. })
        }),
        ("UPDATE units SET section = 'Pit' WHERE unit = 3", |found| {
            matches!(found, Finding::Layout { .. })
        }),
        ("UPDATE units SET issued = 2 WHERE unit = 0", |found| {
            matches!(found, Finding::Unit { .. })
        }),
        ("UPDATE reservations SET lines = '[]'", |found| {
            matches!(found, Finding::Unit { .. })
        }),
        ("UPDATE bookings SET amount = 1", |found| {
            matches!(found, Finding::Booking(_))
        }),
    ];

    #[tokio::test(flavor = "multi_thread")]
    async fn rows_that_were_altered_are_named() {
        for (alteration, is_named) in ALTERED {
            let case = Case::on_postgres().await;
            let held = case.held(&[0, 1], START).await;
            let open = case.begun(held.id, "key", START).await;
            case.confirm(&open, START).await;
            assert!(!case.audit().await.findings.iter().any(is_named), "{alteration}");
            usher_test_postgres::run(&case.url().unwrap(), alteration);
            let audit = case.audit().await;
            assert!(
                audit.findings.iter().any(is_named),
                "{alteration}: {:?}",
                audit.findings
            );
        }
    }
}
