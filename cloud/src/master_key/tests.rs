//! Master keys: what they seal and open, where they come from, and what is none.

use super::*;

const OLD: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
const NEW: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddee00";

fn key(text: &str) -> MasterKey {
    MasterKey::parse(text).unwrap()
}

#[test]
fn what_is_sealed_opens_with_the_same_key_in_the_same_context() {
    let sealed = key(OLD).seal(b"secret", b"event 1");
    assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
    assert_eq!(key(OLD).open(&sealed, b"event 1").unwrap().as_slice(), b"secret");
    assert_eq!(key(OLD).open(&sealed, b"event 2").unwrap_err(), CannotOpen);
    assert_eq!(key(NEW).open(&sealed, b"event 1").unwrap_err(), CannotOpen);
    for index in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[index] ^= 1;
        assert_eq!(
            key(OLD).open(&altered, b"event 1").unwrap_err(),
            CannotOpen,
            "byte {index}"
        );
        assert_eq!(
            key(OLD).open(&sealed[..index], b"event 1").unwrap_err(),
            CannotOpen
        );
    }
}

#[test]
fn the_newest_key_seals_and_older_ones_open() {
    let both = key(&format!("{NEW}\n{OLD}\n"));
    let old = key(OLD).seal(b"secret", b"");
    assert_eq!(both.open(&old, b"").unwrap().as_slice(), b"secret");
    let new = both.seal(b"secret", b"");
    assert_eq!(key(NEW).open(&new, b"").unwrap().as_slice(), b"secret");
    assert_eq!((both.is_newest_of(&old), both.is_newest_of(&new)), (false, true));
}

#[test]
fn it_comes_from_the_settings_a_file_or_a_program() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("given.key");
    fs::write(&file, OLD).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let sealed = key(OLD).seal(b"secret", b"");
    let none = MasterKeySettings::default();
    for settings in [
        MasterKeySettings {
            master_key: MasterKeyText(OLD.into()),
            ..none.clone()
        },
        MasterKeySettings {
            master_key_file: Some(file),
            ..none.clone()
        },
        MasterKeySettings {
            master_key_command: vec!["echo".into(), OLD.into()],
            ..none.clone()
        },
    ] {
        let key = MasterKey::load(&settings, folder.path()).unwrap();
        assert_eq!(key.open(&sealed, b"").unwrap().as_slice(), b"secret");
        let shown = format!("{:?}", settings.master_key);
        assert!(!shown.contains("00112233"), "{shown}");
    }
    assert!(!folder.path().join(FILE).exists());
}

#[test]
fn without_settings_it_is_made_once_and_is_nobody_elses_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let load = || MasterKey::load(&MasterKeySettings::default(), folder.path()).unwrap();
    let sealed = load().seal(b"secret", b"");
    assert_eq!(load().open(&sealed, b"").unwrap().as_slice(), b"secret");
    let mode = fs::metadata(folder.path().join(FILE))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_no_key_is_refused_with_what_to_do_and_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let load = |settings: MasterKeySettings| {
        let error = MasterKey::load(&settings, folder.path()).unwrap_err();
        format!("{:#}", anyhow::Error::from(error))
    };
    let none = MasterKeySettings::default();
    let text = |text: &str| MasterKeySettings {
        master_key: MasterKeyText(text.into()),
        ..none.clone()
    };
    for wrong in ["hunter2", &OLD[1..], "  "] {
        let said = load(text(wrong));
        assert!(said.contains("openssl rand -hex 32"), "{said}");
        assert!(!said.contains("hunter2") && !said.contains(&OLD[1..]), "{said}");
    }
    let open = folder.path().join("open.key");
    fs::write(&open, OLD).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o640)).unwrap();
    let said = load(MasterKeySettings {
        master_key_file: Some(open),
        ..none.clone()
    });
    assert!(said.contains("chmod 600") && said.contains("open.key"), "{said}");
    let file = folder.path().join("gone.key");
    assert!(
        load(MasterKeySettings {
            master_key_file: Some(file),
            ..none.clone()
        })
        .contains("gone.key")
    );
    let fails = MasterKeySettings {
        master_key_command: vec!["false".into()],
        ..none.clone()
    };
    assert!(load(fails).contains("exit status: 1"));
    let gone = MasterKeySettings {
        master_key_command: vec!["/no/such/program".into()],
        ..none.clone()
    };
    assert!(load(gone).contains("/no/such/program"));
    let several = MasterKeySettings {
        master_key_command: vec!["true".into()],
        ..text(OLD)
    };
    assert!(load(several).contains("not several"));
}
