//! Phones in a hub's file: set up once, listed, revoked, and nowhere a secret.

use super::*;
use crate::phone_secret::PhoneSecret;

const NOW: Timestamp = Timestamp(1_000_000);
const HOUR: Timestamp = Timestamp(1_000_000 + 3_600_000);

fn holder(name: &str) -> TokenHolder {
    TokenHolder {
        name: name.to_owned(),
        gates: vec![3],
        expires: Timestamp(9_000_000),
    }
}

fn new_phone(n: u8) -> NewPhone {
    NewPhone {
        serial: [n; 16],
        token_hash: [n; 32],
    }
}

fn open() -> (tempfile::TempDir, Access) {
    let directory = tempfile::tempdir().unwrap();
    let access = Access::open(&directory.path().join("access.db")).unwrap();
    (directory, access)
}

fn set_up(access: &Access, n: u8, name: &str) -> PhoneRow {
    let facts = PhoneFacts {
        model: "Zebra TC21".to_owned(),
        software: "pretixSCAN Android 3.3.4".to_owned(),
    };
    access
        .add_phone_code([n; 32], (&holder(name), HOUR), NOW)
        .unwrap();
    let phone = access.set_phone_up([n; 32], (new_phone(n), &facts), NOW).unwrap();
    phone.unwrap()
}

#[test]
fn a_code_sets_one_phone_up_and_only_in_its_time() {
    let (_kept, access) = open();
    let phone = set_up(&access, 1, "North");
    assert_eq!((&phone.holder, phone.id), (&holder("North"), 1));
    assert_eq!(phone.facts.model, "Zebra TC21");
    let facts = PhoneFacts::default();
    let again = access.set_phone_up([1; 32], (new_phone(2), &facts), NOW).unwrap();
    assert_eq!(again, None);
    access
        .add_phone_code([3; 32], (&holder("late"), HOUR), NOW)
        .unwrap();
    let late = access
        .set_phone_up([3; 32], (new_phone(3), &facts), HOUR)
        .unwrap();
    assert_eq!(late, None);
    assert_eq!(access.phones().unwrap().len(), 1);
}

#[test]
fn a_phone_is_known_by_its_newest_token_and_stays_known_when_it_is_revoked() {
    let (_kept, access) = open();
    let phone = set_up(&access, 1, "North");
    access.roll_phone(phone.id, [7; 32]).unwrap();
    assert_eq!(access.phone([1; 32]).unwrap(), None);
    assert_eq!(access.phone([7; 32]).unwrap().unwrap().revoked, None);
    assert_eq!(access.revoke_phones("North", NOW).unwrap(), 1);
    assert_eq!(access.revoke_phones("North", NOW).unwrap(), 0);
    assert_eq!(access.phone([7; 32]).unwrap().unwrap().revoked, Some(NOW));
}

#[test]
fn phones_that_would_be_called_alike_are_numbered() {
    let (_kept, access) = open();
    let names = [1, 2, 3].map(|n| set_up(&access, n, "North").holder.name);
    assert_eq!(names, ["North", "North 2", "North 3"]);
    assert_eq!(access.revoke_phones("North 2", NOW).unwrap(), 1);
    access.note_forced(3).unwrap();
    access.note_phone_use(3, HOUR).unwrap();
    let listed: Vec<_> = access.phones().unwrap();
    let told = listed
        .iter()
        .map(|row| (row.revoked.is_some(), row.forced, row.used));
    assert!(told.eq([(false, 0, None), (true, 0, None), (false, 1, Some(HOUR))]));
}

#[test]
fn neither_code_nor_token_is_anywhere_in_the_file() {
    let (kept, access) = open();
    let (code, token) = (
        PhoneSecret::draw_code().unwrap(),
        PhoneSecret::draw_token().unwrap(),
    );
    access
        .add_phone_code(code.hash(), (&holder("North"), HOUR), NOW)
        .unwrap();
    let read = || {
        let files = std::fs::read_dir(kept.path()).unwrap();
        let files = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        files.collect::<Vec<_>>().concat()
    };
    let holds =
        |stored: &[u8], secret: &str| stored.windows(secret.len()).any(|part| part == secret.as_bytes());
    assert!(!holds(&read(), code.reveal()));
    let phone = NewPhone {
        serial: [1; 16],
        token_hash: token.hash(),
    };
    let facts = PhoneFacts::default();
    access.set_phone_up(code.hash(), (phone, &facts), NOW).unwrap();
    assert!(!holds(&read(), token.reveal()));
    assert!(holds(&read(), "North"));
}
