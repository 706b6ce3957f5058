//! Folders and files that others can open are refused with the command that mends them.

use std::os::unix::fs::symlink;

use super::open_to_others::quoted;
use super::*;

fn set(path: &Path, mode: u32) {
    set_mode(path, mode).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Makes a folder with a database, a key in a folder of its own, and settings everyone may read.
fn data() -> (tempfile::TempDir, PathBuf) {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("data");
    make_folder(&folder.join("keys")).unwrap();
    for file in ["a.db", "a.db-wal", "keys/link.pem"] {
        found_file(&folder.join(file)).unwrap();
    }
    fs::write(folder.join("settings.toml"), "").unwrap();
    set(&folder.join("settings.toml"), 0o644);
    (kept, folder)
}

#[test]
fn what_is_made_is_private_and_what_is_there_keeps_its_bytes() {
    let (_kept, folder) = data();
    let file = folder.join("note");
    drop(open_file(&file).unwrap());
    fs::write(&file, "kept").unwrap();
    found_file(&file).unwrap();
    drop(open_file(&file).unwrap());
    assert_eq!(fs::read(&file).unwrap(), b"kept");
    assert_eq!((mode(&folder), mode(&folder.join("keys"))), (0o700, 0o700));
    assert_eq!((mode(&file), mode(&folder.join("a.db"))), (0o600, 0o600));
    check_folder(&folder).unwrap();
    check_folder(&folder.join("absent")).unwrap();
}

#[test]
fn whatever_is_open_to_others_is_named_with_its_mode_and_the_command_that_mends_it() {
    for (path, is_folder) in [
        ("", true),
        ("keys", true),
        ("a.db", false),
        ("keys/link.pem", false),
    ] {
        for bits in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
            let (_kept, folder) = data();
            let path = match path {
                "" => folder.clone(),
                inside => folder.join(inside),
            };
            let path = path.as_path();
            let (right, open) = if is_folder {
                (0o700, 0o700 | bits)
            } else {
                (0o600, 0o600 | bits)
            };
            set(path, open);
            let said = check_folder(&folder).unwrap_err().to_string();
            let shown = path.display();
            assert_eq!(
                said,
                format!(
                    "{shown} (mode {open:04o}) is open to other users of this machine; run: chmod {right:o} {}",
                    quoted(path)
                ),
            );
            set(path, right);
            check_folder(&folder).unwrap();
        }
    }
}

#[test]
fn one_command_mends_all_that_an_older_version_left_open() {
    let (_kept, folder) = data();
    let odd = folder.join("it's a copy.db");
    found_file(&odd).unwrap();
    for (path, mode) in [
        (&folder, 0o755),
        (&folder.join("a.db"), 0o644),
        (&folder.join("a.db-wal"), 0o644),
        (&odd, 0o644),
    ] {
        set(path, mode);
    }
    let said = check_folder(&folder).unwrap_err().to_string();
    let (_, command) = said.split_once("run: ").unwrap();
    let done = std::process::Command::new("sh").args(["-c", command]).status();
    assert!(done.unwrap().success(), "{command}");
    check_folder(&folder).unwrap();
}

#[test]
fn an_open_folder_without_secrets_is_closed_and_one_that_holds_something_is_left_to_be_refused() {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("data");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("settings.toml"), "").unwrap();
    set(&folder, 0o755);
    check_folder(&folder).unwrap();
    make_folder(&folder).unwrap();
    assert_eq!(mode(&folder), 0o700);
    found_file(&folder.join("a.db")).unwrap();
    set(&folder, 0o755);
    make_folder(&folder).unwrap();
    assert_eq!(mode(&folder), 0o755);
    assert!(matches!(check_folder(&folder), Err(PrivacyError::Open(_))));
}

#[test]
fn a_linked_folder_is_looked_at_where_it_is_and_a_link_in_it_is_refused() {
    let (kept, folder) = data();
    let link = kept.path().join("link");
    symlink(&folder, &link).unwrap();
    check_folder(&link).unwrap();
    set(&folder, 0o750);
    assert!(matches!(check_folder(&link), Err(PrivacyError::Open(_))));
    set(&folder, 0o700);
    symlink(kept.path().join("elsewhere.db"), folder.join("b.db")).unwrap();
    assert!(matches!(check_folder(&folder), Err(PrivacyError::Link { .. })));
    assert!(matches!(
        check_folder(&folder.join("a.db")),
        Err(PrivacyError::NotAFolder { .. })
    ));
}
