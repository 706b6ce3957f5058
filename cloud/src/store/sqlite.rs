//! The SQLite engine: one file, one writer that commits in groups, readers aside; what it runs is in `operations`.

pub mod alone;
pub mod audit;
pub mod backup;
mod commits;
mod copies;
mod writer;

use std::path::Path;
use std::sync::Arc;

use refinery::Migration;
use rusqlite::Connection;
use usher_disk::{CommitNote, DatabaseLocation, Readers, Tables};
use usher_keys::{Timestamp, private};

use crate::store::StoreError;
use crate::store::operations::Effect;
use writer::StoreWriter;

/// One SQLite file in use; clones share it.
#[derive(Debug, Clone)]
pub struct Database {
    writer: Arc<StoreWriter>,
    readers: Arc<Readers>,
}

impl Database {
    /// Opens the file, making it as needed, brings its tables up to date and looks for damage.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn open(file: &Path, migrations: &[Migration]) -> Result<Self, StoreError> {
        Self::open_checked(file, migrations, |_| Ok(()))
    }

    /// Opens the file of the store likewise. One that was put in place by hand has its events halted first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn open_store(file: &Path, now: Timestamp) -> Result<Self, StoreError> {
        Self::open_checked(file, &migrations(), |connection| {
            if copies::is_copy(connection, file)? {
                copies::take_for_store(connection, now)?;
            }
            Ok(())
        })
    }

    /// Opens the file; the check comes before the note is made that a copy may lack.
    fn open_checked(
        file: &Path,
        migrations: &[Migration],
        check: impl FnOnce(&Connection) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        if let Some(directory) = file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            private::make_folder(directory)?;
        }
        let location = DatabaseLocation::File(file.to_owned());
        let note = commits::note_of(file);
        let noted = CommitNote::read(&note);
        let connection = location.open_writer(&tables(migrations))?;
        commits::check(&connection, noted)?;
        check(&connection)?;
        let readers = Readers::open(&location)?;
        let writer = StoreWriter::start(connection, Some(CommitNote::open(&note)?))?;
        Ok(Self {
            writer: Arc::new(writer),
            readers: Arc::new(readers),
        })
    }

    /// Runs a command in the next group commit; the answer comes once it is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing has changed then.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<Effect<T>, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work).await
    }

    /// Runs a query on a reader, in one snapshot of what is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.read(work).await
    }

    /// Tells whether writes are taken.
    pub fn is_alive(&self) -> bool {
        self.writer.is_alive()
    }

    /// Waits until everything asked for is durable, then refuses further work.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The migrations of the store, oldest first; one that was released is never changed.
const MIGRATIONS: [(&str, &str); 60] = [
    ("V1__selling", include_str!("../../migrations/V1__selling.sql")),
    (
        "V10__authority",
        include_str!("../../migrations/V10__authority.sql"),
    ),
    ("V11__seals", include_str!("../../migrations/V11__seals.sql")),
    ("V12__bearers", include_str!("../../migrations/V12__bearers.sql")),
    (
        "V13__claimants",
        include_str!("../../migrations/V13__claimants.sql"),
    ),
    (
        "V14__enrolment_ids",
        include_str!("../../migrations/V14__enrolment_ids.sql"),
    ),
    (
        "V15__ticket_codes",
        include_str!("../../migrations/V15__ticket_codes.sql"),
    ),
    ("V16__feed", include_str!("../../migrations/V16__feed.sql")),
    ("V17__jobs", include_str!("../../migrations/V17__jobs.sql")),
    (
        "V18__secret_keys",
        include_str!("../../migrations/V18__secret_keys.sql"),
    ),
    ("V19__links", include_str!("../../migrations/V19__links.sql")),
    ("V20__moves", include_str!("../../migrations/V20__moves.sql")),
    (
        "V21__own_pasts",
        include_str!("../../migrations/V21__own_pasts.sql"),
    ),
    ("V22__halts", include_str!("../../migrations/V22__halts.sql")),
    (
        "V23__payments",
        include_str!("../../migrations/V23__payments.sql"),
    ),
    (
        "V24__paying_holds",
        include_str!("../../migrations/V24__paying_holds.sql"),
    ),
    (
        "V25__gateways",
        include_str!("../../migrations/V25__gateways.sql"),
    ),
    ("V26__refunds", include_str!("../../migrations/V26__refunds.sql")),
    ("V27__journal", include_str!("../../migrations/V27__journal.sql")),
    ("V28__cells", include_str!("../../migrations/V28__cells.sql")),
    (
        "V29__api_keys",
        include_str!("../../migrations/V29__api_keys.sql"),
    ),
    ("V30__acts", include_str!("../../migrations/V30__acts.sql")),
    (
        "V31__given_outside",
        include_str!("../../migrations/V31__given_outside.sql"),
    ),
    (
        "V32__disputes",
        include_str!("../../migrations/V32__disputes.sql"),
    ),
    (
        "V33__cancellations",
        include_str!("../../migrations/V33__cancellations.sql"),
    ),
    (
        "V34__inventory",
        include_str!("../../migrations/V34__inventory.sql"),
    ),
    ("V35__bounds", include_str!("../../migrations/V35__bounds.sql")),
    ("V36__telling", include_str!("../../migrations/V36__telling.sql")),
    ("V37__changes", include_str!("../../migrations/V37__changes.sql")),
    (
        "V38__booking_codes",
        include_str!("../../migrations/V38__booking_codes.sql"),
    ),
    (
        "V39__kept_answers",
        include_str!("../../migrations/V39__kept_answers.sql"),
    ),
    ("V42__blocks", include_str!("../../migrations/V42__blocks.sql")),
    ("V43__comps", include_str!("../../migrations/V43__comps.sql")),
    (
        "V44__vouchers",
        include_str!("../../migrations/V44__vouchers.sql"),
    ),
    ("V45__charges", include_str!("../../migrations/V45__charges.sql")),
    (
        "V46__receipts",
        include_str!("../../migrations/V46__receipts.sql"),
    ),
    (
        "V47__machines",
        include_str!("../../migrations/V47__machines.sql"),
    ),
    ("V48__staff", include_str!("../../migrations/V48__staff.sql")),
    ("V49__news", include_str!("../../migrations/V49__news.sql")),
    (
        "V52__section_places",
        include_str!("../../migrations/V52__section_places.sql"),
    ),
    (
        "V53__terms_of_sale_seals",
        include_str!("../../migrations/V53__terms_of_sale_seals.sql"),
    ),
    ("V54__tills", include_str!("../../migrations/V54__tills.sql")),
    (
        "V55__price_steps",
        include_str!("../../migrations/V55__price_steps.sql"),
    ),
    (
        "V56__waiting_list",
        include_str!("../../migrations/V56__waiting_list.sql"),
    ),
    ("V58__letters", include_str!("../../migrations/V58__letters.sql")),
    (
        "V59__mailings",
        include_str!("../../migrations/V59__mailings.sql"),
    ),
    (
        "V63__moves_home",
        include_str!("../../migrations/V63__moves_home.sql"),
    ),
    ("V67__links", include_str!("../../migrations/V67__links.sql")),
    ("V68__limits", include_str!("../../migrations/V68__limits.sql")),
    ("V69__tries", include_str!("../../migrations/V69__tries.sql")),
    (
        "V73__listings",
        include_str!("../../migrations/V73__listings.sql"),
    ),
    (
        "V74__bindings",
        include_str!("../../migrations/V74__bindings.sql"),
    ),
    (
        "V76__waiting_rooms",
        include_str!("../../migrations/V76__waiting_rooms.sql"),
    ),
    (
        "V77__languages",
        include_str!("../../migrations/V77__languages.sql"),
    ),
    (
        "V78__reading_languages",
        include_str!("../../migrations/V78__reading_languages.sql"),
    ),
    (
        "V79__unpaid_by_address",
        include_str!("../../migrations/V79__unpaid_by_address.sql"),
    ),
    (
        "V80__letters_by_charge",
        include_str!("../../migrations/V80__letters_by_charge.sql"),
    ),
    (
        "V81__mailing_keys",
        include_str!("../../migrations/V81__mailing_keys.sql"),
    ),
    ("V82__holders", include_str!("../../migrations/V82__holders.sql")),
    (
        "V83__proof_of_work",
        include_str!("../../migrations/V83__proof_of_work.sql"),
    ),
];

/// Lists the migrations of the store, oldest first.
pub fn migrations() -> Vec<Migration> {
    MIGRATIONS
        .map(|(name, sql)| Migration::unapplied(name, sql).expect("migrations are named V<number>__<name>"))
        .to_vec()
}

fn tables(migrations: &[Migration]) -> Tables<'_> {
    Tables {
        migrations,
        beside: commits::COUNTER,
    }
}

#[cfg(test)]
mod tests;
