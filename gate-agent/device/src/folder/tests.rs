//! Which event of a folder is meant, where a new one is put, and what an old folder is.

use tempfile::TempDir;
use usher_keys::Capabilities;

use super::*;
use crate::rehearsal::{Show, certificate, identity};
use crate::replica::Replica;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const NOW: Timestamp = Timestamp(1_000 * DAY_MS);
const EVENING: EventId = EventId([1; 16]);
const GALA: EventId = EventId([2; 16]);

/// Puts an enrolment into a directory.
fn found(directory: &DataDirectory, event: EventId, until: Timestamp) {
    directory.create().unwrap();
    let mut certified = certificate(1, Role::Hub, Capabilities::default());
    certified.event = event;
    // As the cloud certifies: from a day before.
    certified.window.from = Timestamp(NOW.0.saturating_sub(DAY_MS));
    certified.window.until = until;
    let enrolment = replica::StoredEnrolment {
        identity: identity(&certified),
        ..Show::new(&[1]).enrolment(1, Role::Hub)
    };
    Replica::found(&directory.replica_path(), &enrolment).unwrap();
}

fn folder() -> (TempDir, Folder) {
    let kept = tempfile::tempdir().unwrap();
    let folder = Folder::at(&kept.path().join("hub"));
    (kept, folder)
}

/// Enrols as the programs do.
fn enrol(folder: &Folder, event: EventId, until: Timestamp) -> PathBuf {
    let directory = folder.directory_for(event, false, NOW).unwrap();
    found(&directory, event, until);
    directory.path().to_owned()
}

#[track_caller]
fn check_picked(folder: &Folder, wanted: Option<&str>, expected: Result<EventId, &str>) {
    let wanted = wanted.map(|text| text.parse::<EventChoice>().unwrap());
    let picked = folder.contents().unwrap().pick(wanted.as_ref(), folder, NOW);
    match (picked, expected) {
        (Ok(enrolled), Ok(event)) => assert_eq!(enrolled.event, event),
        (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
        (picked, _) => panic!("{picked:?}"),
    }
}

#[test]
fn the_only_event_is_meant_and_of_several_the_one_that_is_named() {
    let (_kept, folder) = folder();
    check_picked(&folder, None, Err("enroll this machine first"));
    enrol(&folder, EVENING, NOW.plus_ms(DAY_MS));
    check_picked(&folder, None, Ok(EVENING));
    enrol(&folder, GALA, NOW.plus_ms(2 * DAY_MS));
    check_picked(&folder, None, Err(&EVENING.to_string()));
    check_picked(&folder, None, Err("certificate ends in 2 days"));
    check_picked(&folder, Some(&GALA.to_string()), Ok(GALA));
    // Before its name was heard, an event is called by its id.
    check_picked(
        &folder,
        Some("Nobody's night"),
        Err("no event \"Nobody's night\""),
    );
}

#[test]
fn an_old_folder_with_one_event_at_its_top_is_used_as_it_is() {
    let (_kept, folder) = folder();
    found(&folder.top(), EVENING, NOW.plus_ms(DAY_MS));
    check_picked(&folder, None, Ok(EVENING));
    let refused = folder.directory_for(EVENING, false, NOW).unwrap_err();
    assert!(
        matches!(refused, FolderError::AlreadyEnrolled { .. }),
        "{refused}"
    );
    let gala = enrol(&folder, GALA, NOW.plus_ms(DAY_MS));
    assert_eq!(gala, folder.path().join(GALA.to_string()));
    check_picked(&folder, Some(&EVENING.to_string()), Ok(EVENING));
    // Enrolled anew, it gets a directory like any other, and the one at the top is history.
    let anew = folder.directory_for(EVENING, true, NOW).unwrap();
    found(&anew, EVENING, NOW.plus_ms(3 * DAY_MS));
    let contents = folder.contents().unwrap();
    assert_eq!((contents.events.len(), contents.former.len()), (2, 1));
    assert_eq!(contents.former[0].directory.path(), folder.path());
}

#[test]
fn a_device_is_enrolled_anew_once_its_certificate_has_ended_and_nothing_is_overwritten() {
    let (_kept, folder) = folder();
    let first = enrol(&folder, EVENING, NOW);
    let second = enrol(&folder, EVENING, NOW.plus_ms(DAY_MS));
    assert_eq!(second, folder.path().join(format!("{EVENING}.2")));
    let contents = folder.contents().unwrap();
    assert_eq!(contents.events[0].directory.path(), second);
    assert_eq!(contents.former[0].directory.path(), first);
}

#[test]
fn an_enrolment_that_was_not_finished_is_no_event_and_goes_on_in_its_place() {
    let (_kept, folder) = folder();
    let begun = folder.directory_for(EVENING, false, NOW).unwrap();
    begun.create().unwrap();
    let key = begun.make_key().unwrap().public();
    check_picked(&folder, None, Err("enroll this machine first"));
    let again = folder.directory_for(EVENING, false, NOW).unwrap();
    assert_eq!(again.make_key().unwrap().public(), key);
}

#[test]
fn what_is_over_for_a_month_is_named_as_removable_and_stays() {
    let (_kept, folder) = folder();
    let path = enrol(&folder, EVENING, NOW);
    let listing = |now| folder.contents().unwrap().listing(now).join("\n");
    assert!(!listing(NOW.plus_ms(30 * DAY_MS)).contains("can be removed"));
    let said = listing(NOW.plus_ms(30 * DAY_MS + 1));
    assert!(
        said.contains(&format!("{} can be removed", path.display())),
        "{said}"
    );
    assert!(path.exists());
}

#[test]
fn what_is_long_over_is_forgotten_once_the_cloud_holds_all_of_it_and_nothing_else_is() {
    let (_kept, folder) = folder();
    let former = enrol(&folder, EVENING, NOW);
    let again = folder.directory_for(EVENING, true, NOW).unwrap();
    found(&again, EVENING, NOW);
    let paths = [former, again.path().to_owned(), enrol(&folder, GALA, NOW)];
    let there = || paths.clone().map(|path| path.exists());
    let (month, later) = (30 * DAY_MS, NOW.plus_ms(31 * DAY_MS));
    let forget = |now, served: &dyn Fn(EventId) -> bool| folder.forget(month, now, served).unwrap();

    assert_eq!(
        forget(later, &|_| false),
        [],
        "nobody has said that the cloud holds it"
    );
    again.note_handed_on(7).unwrap();
    assert_eq!(forget(later, &|_| false), [], "there is not what the cloud held");
    again.note_handed_on(0).unwrap();
    again.doubt_handed_on().unwrap();
    again.doubt_handed_on().unwrap();
    assert_eq!(forget(later, &|_| false), [], "the cloud has not said so again");
    again.note_handed_on(0).unwrap();
    assert_eq!(forget(NOW.plus_ms(month), &|_| false), [], "it is too early");
    assert_eq!(forget(later, &|_| true), [], "it is served");
    assert_eq!(there(), [true; 3]);

    // What was put away before a crash goes too.
    std::fs::create_dir(folder.path().join("forgotten.evt_0")).unwrap();
    let forgotten = forget(later, &|_| false);
    assert_eq!(
        forgotten.iter().map(|gone| gone.event).collect::<Vec<_>>(),
        [EVENING]
    );
    assert_eq!(there(), [false, false, true]);
    assert!(!folder.path().join("forgotten.evt_0").exists());
    check_picked(&folder, None, Ok(GALA));
}

#[test]
fn what_does_not_belong_there_is_named_and_hides_no_event() {
    let (_kept, folder) = folder();
    enrol(&folder, EVENING, NOW.plus_ms(DAY_MS));
    let misnamed = folder.directory_for(GALA, false, NOW).unwrap();
    found(&misnamed, EVENING, NOW.plus_ms(DAY_MS));
    for other in [
        "notes",
        "evt_",
        "evt_x.2",
        &format!("{EVENING}.1"),
        &format!("{EVENING}.02"),
    ] {
        std::fs::create_dir(folder.path().join(other)).unwrap();
    }
    let contents = folder.contents().unwrap();
    assert_eq!((contents.events.len(), contents.unreadable.len()), (1, 1));
    assert!(matches!(contents.unreadable[0], FolderError::Misnamed { .. }));
    check_picked(&folder, None, Err("give it that name"));
    check_picked(&folder, Some(&EVENING.to_string()), Ok(EVENING));
}

#[test]
fn a_damaged_event_does_not_hide_the_others() {
    let (_kept, folder) = folder();
    enrol(&folder, EVENING, NOW.plus_ms(DAY_MS));
    let damaged = enrol(&folder, GALA, NOW.plus_ms(DAY_MS));
    std::fs::write(damaged.join("replica.db"), [0x5a; 8_192]).unwrap();
    check_picked(&folder, Some(&EVENING.to_string()), Ok(EVENING));
    check_picked(&folder, None, Err("damaged"));
}

#[test]
fn one_service_at_a_time_has_the_folder() {
    let (_kept, folder) = folder();
    folder.top().create().unwrap();
    let lock = folder.lock().unwrap();
    assert!(matches!(folder.lock(), Err(FolderError::InUse { .. })));
    drop(lock);
    assert!(folder.lock().is_ok());
}

#[test]
fn a_hub_is_no_scanner() {
    let (_kept, folder) = folder();
    enrol(&folder, EVENING, NOW.plus_ms(DAY_MS));
    let mut contents = folder.contents().unwrap();
    assert!(contents.keep(Role::Hub, &folder).is_ok());
    let refused = contents.keep(Role::Scanner, &folder).unwrap_err().to_string();
    assert!(refused.contains("belongs to a hub"), "{refused}");
}

#[test]
fn the_event_that_is_on_ends_first_but_not_while_another_is_still_to_end() {
    const HOUR_MS: u64 = 60 * 60 * 1000;
    let (_kept, folder) = folder();
    // A matinee until 17:00, an evening until midnight, a gala on the next day: certificates last six hours longer.
    let evening = EventId([3; 16]);
    for (event, until_hours) in [(EVENING, 23), (evening, 30), (GALA, 54)] {
        enrol(&folder, event, NOW.plus_ms(until_hours * HOUR_MS));
    }
    let on_at = |hours: u64| {
        let now = NOW.plus_ms(hours * HOUR_MS);
        folder
            .contents()
            .unwrap()
            .on_now(&folder, now)
            .map(|enrolled| enrolled.event)
    };
    for (hours, event) in [
        (12, EVENING),
        (16, EVENING),
        (18, evening),
        (23, evening),
        (25, GALA),
        (49, GALA),
    ] {
        assert_eq!(on_at(hours).unwrap(), event, "{hours}:00");
    }
    assert!(matches!(on_at(54), Err(FolderError::AllOver { .. })));
    // A machine that starts without a date has none of them behind it.
    let without_a_date = folder.contents().unwrap().on_now(&folder, Timestamp(0));
    assert_eq!(without_a_date.unwrap().event, EVENING);
}
