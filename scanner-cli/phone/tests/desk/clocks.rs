//! A phone whose clock is wrong: the page says so, by how much and what to do, whether a hub is there to compare with or not.

use usher_fixtures::{AVAILABLE, SHOW};
use usher_phone::desk::Desk;
use usher_protocol::assurance::Assurance;
use usher_protocol::clock::ClockReading;
use usher_protocol::log::Tail;

use super::code;
use super::venue::{Hub, NOW, Page, authority_log, reading};

const MINUTE_MS: u64 = 60_000;
const DAYS_5_MS: u64 = 5 * 24 * 60 * MINUTE_MS;

#[track_caller]
fn says(desk: &Desk, words: &[&str]) {
    let troubles = desk.standing().troubles;
    let [trouble] = &troubles[..] else {
        panic!("one thing is wrong: {troubles:?}");
    };
    for words in words {
        assert!(trouble.contains(words), "no {words:?} in {trouble:?}");
    }
}

/// Sets the phone's clock ahead while the page runs.
fn set_ahead(page: &mut Page, minutes: u64) {
    let now = reading(page.ms);
    page.desk.at(ClockReading {
        wall: now.wall.plus_ms(minutes * MINUTE_MS),
        ..now
    });
}

#[test]
fn a_page_beside_a_hub_says_by_how_much_its_clock_is_wrong_until_it_is_right() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    assert_eq!(page.desk.standing().troubles, [""; 0]);
    set_ahead(&mut page, 45);
    says(
        &page.desk,
        &[
            "this machine's clock is 45 min ahead of the others'",
            "set it right",
        ],
    );
    page.pass(1_000);
    assert_eq!(page.desk.standing().troubles, [""; 0]);
}

#[test]
fn a_page_that_is_alone_says_that_its_clock_was_set() {
    let mut page = Page::founded();
    set_ahead(&mut page, 20 * 60);
    says(
        &page.desk,
        &[
            "was set while this program ran: it is 20 h 0 min ahead of what it was",
            "Set it back",
        ],
    );
}

#[test]
fn a_page_that_starts_before_what_the_cloud_has_said_tells_that_its_clock_is_behind() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    page.pass(DAYS_5_MS);
    let now = NOW.plus_ms(DAYS_5_MS);
    let assurance = Assurance::sign(SHOW.id, now, Tail::default(), &SHOW.authority());
    hub.replica.refresh(assurance, now);
    hub.link(&mut page);
    assert_eq!(page.desk.standing().troubles, [""; 0]);
    // What was heard is stored with the next record.
    page.scan(&code(7, AVAILABLE));
    hub.answer(&mut page);
    page.disconnect();
    page.scan(&code(8, AVAILABLE));
    let page = Page::opened(page.file, 0);
    says(
        &page.desk,
        &[
            "5 days behind what the cloud's was when it was last heard",
            "look at a watch",
        ],
    );
}
