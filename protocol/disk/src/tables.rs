//! The tables of a database file: bringing them up to date, and what is looked at before a file is used; whether the rows make sense is the audit's.

use std::collections::BTreeMap;

use refinery::{Migration, Runner};
use rusqlite::Connection;

use crate::error::DiskError;
use crate::finding::FileFinding;

/// Most complaints of SQLite about one file that are worth reading.
const MAX_COMPLAINTS: usize = 20;

/// The tables of a file, as this version defines them.
#[derive(Debug, Clone, Copy)]
pub struct Tables<'a> {
    /// The migrations that make them, oldest first; one that was released is never changed.
    pub migrations: &'a [Migration],
    /// The statements that make what stands beside them, each `IF NOT EXISTS`.
    pub beside: &'a str,
}

impl Tables<'_> {
    /// Brings the tables up to date. The runner takes the list of migrations for whole and would panic over what it cannot
    /// read.
    ///
    /// # Errors
    ///
    /// [`DiskError::Damaged`], [`DiskError::Migration`].
    pub fn make(&self, connection: &mut Connection) -> Result<(), DiskError> {
        // Reading first tells a damaged file apart from a migration that fails.
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 {
            self.check_listed(connection)?;
        }
        self.run(connection)?;
        self.check_definitions(connection)
    }

    /// Looks for damage in the list of migrations and in the definitions of tables and indexes.
    ///
    /// # Errors
    ///
    /// [`DiskError::Damaged`].
    pub fn check(&self, connection: &Connection) -> Result<(), DiskError> {
        self.check_listed(connection)?;
        self.check_definitions(connection)
    }

    fn run(&self, connection: &mut Connection) -> Result<(), DiskError> {
        Runner::new(self.migrations).set_grouped(true).run(connection)?;
        connection.execute_batch(self.beside)?;
        Ok(())
    }

    fn check_listed(&self, connection: &Connection) -> Result<(), DiskError> {
        let mut statement = connection.prepare(
            "SELECT version, name, applied_on, checksum FROM refinery_schema_history ORDER BY version",
        )?;
        let mut rows = statement.query([])?;
        let mut listed = 0;
        for known in self.migrations {
            let Some(row) = rows.next()? else { break };
            let (version, name, at, checksum): (i64, String, String, String) = row.try_into()?;
            let readable = at.as_bytes().get(10) == Some(&b'T') && at.ends_with('Z');
            let is_known = (version, name.as_str()) == (i64::from(known.version()), known.name())
                && checksum == known.checksum().to_string();
            if !is_known || !readable || at.parse::<jiff::Timestamp>().is_err() {
                return Err(FileFinding::Migrations.into());
            }
            listed += 1;
        }
        // The list is made by itself before the first of them: where an empty one stands alone, whoever made it was killed.
        let others: i64 = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'refinery_schema_history'",
            [],
            |row| row.get(0),
        )?;
        if listed == 0 && others > 0 {
            return Err(FileFinding::Migrations.into());
        }
        Ok(())
    }

    /// Compares the definitions of tables and indexes with those of a new database.
    fn check_definitions(&self, connection: &Connection) -> Result<(), DiskError> {
        let mut sound = Connection::open_in_memory()?;
        self.run(&mut sound)?;
        let (expected, mut found) = (definitions(&sound)?, definitions(connection)?);
        for (name, definition) in expected {
            if found.remove(&name) != Some(definition) {
                return Err(FileFinding::Definition { name }.into());
            }
        }
        match found.pop_first() {
            Some((name, _)) => Err(FileFinding::Definition { name }.into()),
            None => Ok(()),
        }
    }
}

fn definitions(connection: &Connection) -> rusqlite::Result<BTreeMap<String, [Option<String>; 3]>> {
    let mut statement = connection.prepare("SELECT name, type, tbl_name, sql FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?]))
    })?;
    rows.collect()
}

/// Lets SQLite check every page of a file that has no more bytes; the first thing it finds is enough. A larger one is left to the
/// audit, so that a program does not start the later the longer it has served.
///
/// # Errors
///
/// [`DiskError::Damaged`].
pub fn check_pages(connection: &Connection, most_bytes: i64) -> Result<(), DiskError> {
    let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    if bytes > most_bytes {
        tracing::info!(
            bytes,
            most_bytes,
            "the database is too large to be checked at start: the audit checks it"
        );
        return Ok(());
    }
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        return Ok(());
    }
    Err(FileFinding::Page(said).into())
}

/// Lets SQLite compare every page, row and index, which takes longer; returns what is wrong.
///
/// # Errors
///
/// [`DiskError`] when the file cannot be read.
pub fn complaints(connection: &Connection) -> Result<Vec<FileFinding>, DiskError> {
    match integrity(connection).map_err(DiskError::from) {
        Ok(said) => Ok(said.into_iter().map(FileFinding::Page).collect()),
        Err(DiskError::Damaged(finding)) => Ok(vec![finding]),
        Err(error) => Err(error),
    }
}

fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA integrity_check({MAX_COMPLAINTS})"))?;
    let said: Vec<String> = check.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(said.into_iter().filter(|said| said != "ok").collect())
}
