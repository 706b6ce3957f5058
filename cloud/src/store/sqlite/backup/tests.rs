//! Backups are whole, and are restored where nothing is lost.

use super::*;
use crate::ids::BookingId;
use crate::store::Store;
use crate::store::contract::case::{Case, START};

/// A case with a booking, and where its store, a backup and another folder are.
struct Scene {
    case: Case,
    booking: BookingId,
    store: PathBuf,
    backup: PathBuf,
    restored: PathBuf,
}

impl Scene {
    async fn open() -> Self {
        let case = Case::on_sqlite().await;
        let held = case.held(&[0, 1], START).await;
        let booking = case.begun(held.id, "before", START).await.id;
        Self {
            booking,
            store: case.file("store.db"),
            backup: case.file("backup.db"),
            restored: case.file("elsewhere").join("store.db"),
            case,
        }
    }

    fn back_up(&self) -> Backup {
        back_up(&self.store, &self.backup).unwrap()
    }
}

#[tokio::test]
async fn a_backup_that_is_made_while_the_store_is_written_holds_all_that_was_answered_before() {
    let scene = Scene::open().await;
    let backup = scene.back_up();
    assert_eq!(backup.audit.findings, []);
    let later = scene.case.held(&[2], START).await;

    let restored = restore(&scene.backup, &scene.restored, START).unwrap();
    assert_eq!((restored.commits, restored.forgotten), (backup.commits, 0));
    let store = Store::open_sqlite(&scene.restored).unwrap();
    assert_eq!(store.reservation(later.id).await.unwrap(), None);
    assert!(store.open_booking(scene.booking).await.unwrap().is_some());
    store.close().await;
    assert_eq!(audit::of_file(&scene.restored).unwrap().findings, []);
}

#[tokio::test]
async fn nothing_that_is_there_is_ever_overwritten() {
    let scene = Scene::open().await;
    scene.back_up();
    let bytes = fs::read(&scene.backup).unwrap();
    let taken = back_up(&scene.store, &scene.backup).unwrap_err();
    assert!(matches!(taken, BackupError::Taken(_)), "{taken:?}");
    assert!(fs::read(&scene.backup).unwrap() == bytes);
    let there = restore(&scene.backup, &scene.store, START).unwrap_err();
    assert!(matches!(there, BackupError::StoreThere(_)), "{there:?}");
}

#[tokio::test]
async fn a_restored_store_says_how_many_commits_it_has_forgotten_and_is_not_taken_for_an_older_copy() {
    let scene = Scene::open().await;
    let backup = scene.back_up();
    scene.case.held(&[2], START).await;
    scene.case.held(&[3], START).await;
    scene.case.store.close().await;
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(with_ending(&scene.store, end)).ok();
    }
    let restored = restore(&scene.backup, &scene.store, START).unwrap();
    assert_eq!((restored.commits, restored.forgotten), (backup.commits, 2));
    Store::open_sqlite(&scene.store).unwrap();
}

#[tokio::test]
async fn a_backup_that_lacks_commits_or_its_note_or_is_damaged_is_refused_and_leaves_nothing_behind() {
    let scene = Scene::open().await;
    scene.back_up();
    let note = commits::note_of(&scene.backup);
    let refused = || restore(&scene.backup, &scene.restored, START).unwrap_err();

    CommitNote::open(&note).unwrap().write(1_000);
    assert!(matches!(refused(), BackupError::Unsound(_)), "{:?}", refused());
    fs::remove_file(&note).unwrap();
    assert!(matches!(refused(), BackupError::NoNote(_)), "{:?}", refused());
    write_note(&note, 1).unwrap();
    let damage = rusqlite::Connection::open(&scene.backup).unwrap();
    damage.execute("UPDATE reservations SET amount = 1", []).unwrap();
    drop(damage);
    assert!(matches!(refused(), BackupError::Unsound(_)), "{:?}", refused());
    let bytes = fs::read(&scene.backup).unwrap();
    fs::write(&scene.backup, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(refused(), BackupError::Unsound(_)), "{:?}", refused());
    let left: Vec<_> = fs::read_dir(scene.restored.parent().unwrap()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
