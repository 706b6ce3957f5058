//! A file in place, taken, moved or missing.

use std::os::unix::fs::PermissionsExt;

use refinery::Migration;
use tempfile::TempDir;

use super::*;
use crate::finding::FileFinding;

fn notes() -> Migration {
    let sql = "CREATE TABLE notes (note INTEGER PRIMARY KEY, text TEXT NOT NULL)";
    Migration::unapplied("V1__notes", sql).unwrap()
}

fn path(directory: &TempDir) -> PathBuf {
    directory.path().join("notes.db")
}

fn open(directory: &TempDir, migrations: &[Migration]) -> Result<Connection, DiskError> {
    let beside = "CREATE TABLE IF NOT EXISTS beside (a)";
    DatabaseLocation::File(path(directory)).open_writer(&Tables { migrations, beside })
}

#[test]
fn a_file_of_another_kind_is_named_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let rubbish = vec![0x5a; 8192];
    fs::write(path(&directory), &rubbish).unwrap();
    let refused = open(&directory, &[notes()]).unwrap_err().to_string();
    assert!(refused.contains("file is not a database"), "{refused}");
    assert_eq!(fs::read(path(&directory)).unwrap(), rubbish);
}

#[test]
fn tables_of_a_newer_program_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let newer = Migration::unapplied("V2__newer", "CREATE TABLE newer (a)").unwrap();
    drop(open(&directory, &[notes(), newer]).unwrap());
    let refused = open(&directory, &[notes()]).unwrap_err();
    assert!(matches!(refused, DiskError::Migration(_)), "{refused:?}");
}

#[test]
fn altered_definitions_and_lists_are_named() {
    let definition = |name: &str| FileFinding::Definition { name: name.into() };
    for (alteration, expected) in [
        ("CREATE INDEX other ON notes (text)", definition("other")),
        ("DROP TABLE notes", definition("notes")),
        (
            "UPDATE refinery_schema_history SET checksum = '1'",
            FileFinding::Migrations,
        ),
        (
            "UPDATE refinery_schema_history SET applied_on = 'yesterday'",
            FileFinding::Migrations,
        ),
        ("DELETE FROM refinery_schema_history", FileFinding::Migrations),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let connection = open(&directory, &[notes()]).unwrap();
        connection.execute_batch(alteration).unwrap();
        drop(connection);
        let found = open(&directory, &[notes()]).unwrap_err();
        assert!(
            matches!(&found, DiskError::Damaged(finding) if *finding == expected),
            "{alteration}: {found:?}"
        );
    }
}

#[test]
fn a_file_whose_maker_was_killed_before_the_first_migration_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let connection = open(&directory, &[notes()]).unwrap();
    connection
        .execute_batch("DELETE FROM refinery_schema_history; DROP TABLE notes; DROP TABLE beside")
        .unwrap();
    drop(connection);
    let connection = open(&directory, &[notes()]).unwrap();
    connection
        .execute_batch("INSERT INTO notes (text) VALUES ('a')")
        .unwrap();
}

#[test]
fn a_file_that_somebody_has_open_is_not_opened_alone() {
    let directory = tempfile::tempdir().unwrap();
    let location = DatabaseLocation::File(path(&directory));
    let writer = open(&directory, &[notes()]).unwrap();
    let refused = location.open_alone().unwrap_err();
    assert!(matches!(refused, DiskError::Overloaded), "{refused:?}");
    drop(writer);
    let alone = location.open_alone().unwrap();
    alone.execute("INSERT INTO notes VALUES (1, 'x')", []).unwrap();
    drop(alone);
    let count = "SELECT count(*) FROM notes";
    let reader = location.open_reader().unwrap();
    let notes: i64 = reader.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(notes, 1);
}

#[test]
fn a_copy_is_whole_by_itself_private_and_never_on_top_of_another() {
    let directory = tempfile::tempdir().unwrap();
    let location = DatabaseLocation::File(path(&directory));
    let writer = open(&directory, &[notes()]).unwrap();
    writer.execute("INSERT INTO notes VALUES (1, 'x')", []).unwrap();
    // A transaction that has not ended is not in it, and not in its way.
    writer
        .execute_batch("BEGIN IMMEDIATE; INSERT INTO notes VALUES (2, 'y')")
        .unwrap();
    let copy = directory.path().join("copy.db");
    location.copy_to(&copy).unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("copy.db");
    fs::copy(&copy, &moved).unwrap();
    let count = "SELECT count(*) FROM notes";
    let copied = Connection::open(&moved).unwrap();
    let notes: i64 = copied.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(notes, 1);
    location.copy_to(&copy).unwrap_err();
}

#[test]
fn a_look_from_outside_changes_nothing_and_sees_what_is_durable() {
    let directory = tempfile::tempdir().unwrap();
    let location = DatabaseLocation::File(path(&directory));
    assert!(matches!(
        location.open_from_outside(),
        Err(DiskError::File { .. })
    ));
    let writer = open(&directory, &[notes()]).unwrap();
    writer.execute("INSERT INTO notes VALUES (1, 'x')", []).unwrap();
    let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    writer.set_db_config(keep, true).unwrap();
    drop(writer);
    let files = || ["db", "db-wal"].map(|end| fs::read(path(&directory).with_extension(end)).unwrap());
    let before = files();
    let outside = location.open_from_outside().unwrap();
    let count = "SELECT count(*) FROM notes";
    let notes: i64 = outside.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(notes, 1);
    outside.execute("DELETE FROM notes", []).unwrap_err();
    drop(outside);
    assert!(files() == before, "a file has changed");
}

#[test]
fn every_page_is_checked_of_a_file_that_is_no_larger_than_it_may_be() {
    let directory = tempfile::tempdir().unwrap();
    let connection = open(&directory, &[notes()]).unwrap();
    let fill = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 200)
                INSERT INTO notes SELECT i, hex(zeroblob(2000)) FROM n";
    connection.execute(fill, []).unwrap();
    drop(connection);
    let mut bytes = fs::read(path(&directory)).unwrap();
    let (size, middle) = (bytes.len(), bytes.len() / 2 / 4096 * 4096);
    bytes[middle..middle + 4096].fill(0x5a);
    fs::write(path(&directory), bytes).unwrap();
    let connection = DatabaseLocation::File(path(&directory))
        .open_from_outside()
        .unwrap();
    let check = |most_bytes: usize| check_pages(&connection, most_bytes.try_into().unwrap());
    assert!(matches!(
        check(size),
        Err(DiskError::Damaged(FileFinding::Page(_)))
    ));
    check(size - 1).unwrap();
    assert_ne!(crate::tables::complaints(&connection).unwrap(), []);
}
