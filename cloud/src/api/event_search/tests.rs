//! What a search may say, and its cursors.

use super::*;

fn query(change: impl FnOnce(&mut ListEvents)) -> Result<EventQuery, ApiError> {
    let mut asked = ListEvents::default();
    change(&mut asked);
    asked.into_query(Timestamp(1_800_000_000_000))
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut ListEvents), pointer: &str) {
    let Err(ApiError::Invalid(errors)) = query(change) else {
        panic!("not refused for {pointer}");
    };
    assert_eq!(
        errors
            .iter()
            .map(|error| error.pointer.as_str())
            .collect::<Vec<_>>(),
        [pointer]
    );
}

#[test]
fn cursors_survive_the_way_to_text_and_back() {
    let cursor = EventCursor {
        found: NameMatch::Begun,
        listing: 1_800_000_000 << 30,
        event: EventId([9; 16]),
    };
    assert_eq!(read_cursor(&write_cursor(cursor)), Some(cursor));
    for bad in ["0", "zzzz", "00000000000000000000000000000000000000000"] {
        assert_eq!(read_cursor(bad), None, "{bad}");
    }
}

#[test]
fn what_makes_no_sense_is_named() {
    check_refused(|asked| asked.category = "opera".into(), "/category");
    check_refused(|asked| asked.from = "tomorrow".into(), "/from");
    check_refused(|asked| asked.until = "2027-02-30".into(), "/until");
    check_refused(|asked| asked.price_min = "-1".into(), "/price_min");
    check_refused(|asked| asked.price_max = "12.50".into(), "/price_max");
    check_refused(|asked| asked.near = "91,0".into(), "/near");
    check_refused(|asked| asked.within_km = "501".into(), "/within_km");
    check_refused(|asked| asked.within_km = "far".into(), "/within_km");
    check_refused(|asked| asked.cursor = "0".into(), "/cursor");
}

#[test]
fn what_is_left_empty_narrows_nothing_down() {
    let all = query(|_| ()).unwrap();
    assert_eq!((all.words, all.city, all.near), (None, None, None));
    assert_eq!((all.days, all.price), (ANY_DAY, 0..=i64::MAX));
    let some = query(|asked| {
        asked.keyword = "Öwls".into();
        asked.city = "New York".into();
        asked.category = "club".into();
        asked.from = "1970-01-02".into();
        asked.near = "50.94, 6.96".into();
    })
    .unwrap();
    assert_eq!(some.words, Some(vec!["owls".to_owned()]));
    assert_eq!(some.city.as_deref(), Some("newyork"));
    assert_eq!(some.category, Some(EventCategory::Club));
    assert_eq!(*some.days.start(), 1);
    assert_eq!(some.near.map(|near| near.km), Some(NEAR_KM));
}
