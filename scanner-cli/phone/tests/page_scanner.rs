//! A page's scanner without a browser: it syncs with a hub, asks it, judges alone when it is cut off, heals, and loses nothing that it
//! has said, wherever its file is cut.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "page_scanner/against.rs"]
mod against;
#[path = "page_scanner/clocks.rs"]
mod clocks;
#[path = "page_scanner/enrolling.rs"]
mod enrolling;
#[path = "page_scanner/live.rs"]
mod live;
#[path = "page_scanner/venue.rs"]
mod venue;

use usher_fixtures::{AVAILABLE, SHOW, STRICT, key, ticket};
use usher_keys::Role;
use usher_phone::page_scanner::PageScanner;
use usher_protocol::admission::Direction;
use usher_protocol::ledger::Ledger;
use usher_protocol::state::summary::Summary;
use usher_words::scanner::outcome::Signal;
use venue::{Hub, PAGE, Page, authority_log, founding, reading};

fn code(unit: u32, tier: usher_protocol::TierId) -> String {
    SHOW.code(&ticket(unit, tier))
}

fn state_of(ledger: &Ledger) -> Summary {
    Summary::of(ledger.state())
}

#[test]
fn a_fresh_page_says_that_it_is_not_ready_and_is_once_a_hub_was_linked() {
    let mut page = Page::founded();
    let said = page.scan(&code(1, AVAILABLE)).unwrap();
    assert_eq!((said.signal, said.outcome), (Signal::Refer, "not_ready"));

    let mut hub = Hub::started(&authority_log([]));
    hub.link(&mut page);
    assert_eq!(page.scanner.hub().as_deref(), Some("Hub"));
    assert_eq!(page.scanner.status().event, "Festival");
    let gates = page.scanner.status().gates;
    assert_eq!(gates.len(), 2, "{gates:?}");
    assert_eq!(
        state_of(page.scanner.replica().ledger()),
        state_of(hub.replica.ledger())
    );
}

#[test]
fn the_hub_is_asked_while_it_is_linked_and_its_word_is_said() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    for (expected, alone) in [("admitted", false), ("already_used", false)] {
        page.pass(5_000);
        hub.talk(&mut page);
        assert_eq!(page.scan(&code(7, AVAILABLE)), None, "the hub is asked first");
        hub.answer(&mut page);
        let said = page.said.pop().expect("the hub has answered");
        assert_eq!((said.outcome, said.alone), (expected, alone), "{said:?}");
    }
    assert!(page.said.is_empty() && page.taken_back.is_empty());
}

#[test]
fn only_a_hub_of_the_event_tells_a_page_by_what_it_is_known() {
    let (mut page, log) = (Page::founded(), authority_log([]));
    let mut stranger = founding(9, Role::Hub);
    stranger.identity.certificate = SHOW.certificate(key(9).public(), Role::Hub).sign(&key(9));
    // They have the key of the certificate that the page pins, and keys of their own.
    for (impostor, why) in [(founding(9, Role::Scanner), "a scanner"), (stranger, "nobody's")] {
        let mut impostor = Hub::of(9, impostor, &log);
        impostor.link(&mut page);
        assert_eq!((page.named, page.scanner.hub()), (0, None), "{why}");
        page.scanner.disconnected();
        page.drain();
    }
    let mut hub = Hub::started(&log);
    hub.link(&mut page);
    assert_eq!((page.named, page.scanner.hub().as_deref()), (1, Some("Hub")));
}

#[test]
fn cut_off_it_judges_as_a_scanner_does_and_heals_later() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    page.scanner.disconnected();
    page.sent.clear();
    for (unit, tier, outcome) in [
        (1, AVAILABLE, "admitted"),
        (1, AVAILABLE, "already_used"),
        (2, STRICT, "home_unreachable"),
    ] {
        page.pass(4_000);
        let said = page.scan(&code(unit, tier)).expect("nobody is asked");
        assert_eq!((said.outcome, said.alone), (outcome, true), "{said:?}");
    }
    assert!(page.scanner.kept() >= 3, "{}", page.scanner.kept());

    hub.link(&mut page);
    assert_eq!(
        hub.has_of_the_page(),
        page.scanner.replica().ledger().tail(&key(PAGE).public()).seq
    );
    assert_eq!(
        state_of(page.scanner.replica().ledger()),
        state_of(hub.replica.ledger())
    );
    page.pass(1_000);
    assert_eq!(page.scanner.kept(), 0);
}

#[test]
fn a_hub_that_does_not_answer_is_given_up_durably_before_anything_is_said() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    let before = page.file.len();
    assert_eq!(page.scan(&code(3, STRICT)), None);
    page.pass(200);
    assert!(page.said.is_empty(), "it waits for the hub");
    page.pass(300);
    let said = page.said.pop().expect("it has waited long enough");
    assert_eq!(
        (said.signal, said.is_withdrawn),
        (Signal::Refer, true),
        "{said:?}"
    );
    assert_eq!(page.taken_back.len(), 1, "nobody waits for the answer");
    assert!(page.file.len() > before, "giving it up is written down");
    // What comes too late changes nothing.
    hub.answer(&mut page);
    assert!(page.said.is_empty());
}

#[test]
fn what_is_no_ticket_is_said_at_once_and_written_nowhere() {
    let mut page = Page::founded();
    let before = page.file.len();
    let said = page.scan("https://example.com/").unwrap();
    assert_eq!((said.signal, said.outcome), (Signal::Deny, "not_a_ticket"));
    assert_eq!(page.file.len(), before);
    assert_eq!(page.scan("AJJA-NQKM").unwrap().outcome, "mistyped");
    assert_eq!(page.scan("AJJA-NQKN").unwrap().outcome, "cannot_look_up");
}

#[test]
fn a_code_that_is_held_up_is_one_scan() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    page.scanner.disconnected();
    let code = code(4, AVAILABLE);
    assert_eq!(page.scan(&code).unwrap().outcome, "admitted");
    for _ in 0..10 {
        page.pass(500);
        assert_eq!(page.scan(&code), None);
    }
    page.pass(3_500);
    assert_eq!(page.scan(&code).unwrap().outcome, "already_used");
}

#[test]
fn people_go_out_and_whoever_goes_out_is_let_out() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    page.scanner.disconnected();
    assert_eq!(page.scan(&code(5, AVAILABLE)).unwrap().outcome, "admitted");
    page.stand(usher_fixtures::SOUTH, Direction::Out);
    page.pass(4_000);
    assert_eq!(page.scan(&code(5, AVAILABLE)).unwrap().outcome, "exited");
}

#[test]
fn wherever_the_file_is_cut_what_is_whole_is_there_and_it_goes_on_behind_it() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    page.scanner.disconnected();
    // After each answer: the file as it is, and the state that it must give.
    let mut answered = vec![(page.file.len(), state_of(page.scanner.replica().ledger()))];
    for unit in 0..4 {
        page.pass(4_000);
        assert_eq!(page.scan(&code(unit, AVAILABLE)).unwrap().outcome, "admitted");
        answered.push((page.file.len(), state_of(page.scanner.replica().ledger())));
    }
    let first = answered[0].0;
    for end in first..=page.file.len() {
        let cut = Page::opened(page.file[..end].to_vec(), page.ms);
        let expected = answered.iter().rev().find(|(bytes, _)| *bytes <= end).unwrap();
        assert_eq!(
            state_of(cut.scanner.replica().ledger()),
            expected.1,
            "cut at {end}"
        );
    }
    // Whatever stands before the enrolment was whole is no page's file, and no panic.
    for end in 0..first {
        let opened = PageScanner::open(key(PAGE), &page.file[..end], reading(page.ms));
        if let Ok((scanner, whole_bytes)) = opened {
            assert!(whole_bytes <= end && scanner.replica().ledger().event() == SHOW.id);
        }
    }
    // One that was cut in the middle of a scan goes on: the guest is let in once.
    let mut cut = Page::opened(page.file[..page.file.len() - 1].to_vec(), page.ms + 1_000);
    assert_eq!(cut.scan(&code(2, AVAILABLE)).unwrap().outcome, "already_used");
    assert_eq!(cut.scan(&code(3, AVAILABLE)).unwrap().outcome, "admitted");
    let again = Page::opened(cut.file.clone(), cut.ms);
    assert_eq!(
        state_of(again.scanner.replica().ledger()),
        state_of(cut.scanner.replica().ledger())
    );
    hub.link(&mut cut);
    assert_eq!(
        state_of(cut.scanner.replica().ledger()),
        state_of(hub.replica.ledger())
    );
}

#[test]
fn a_changed_byte_ends_what_is_believed_of_a_file() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    let file = page.file.clone();
    for at in (16..file.len()).step_by(37) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        if let Ok((_, whole_bytes)) = PageScanner::open(key(PAGE), &changed, reading(0)) {
            assert!(whole_bytes <= at, "the change at {at} was believed");
        }
    }
    let (other, _) = PageScanner::open(key(PAGE), &file, reading(0)).unwrap();
    assert!(other.replica().ledger().trust().event() == SHOW.id);
    let stolen = PageScanner::open(key(9), &file, reading(0)).map(|_| ());
    assert!(stolen.is_err(), "another key opens no file");
}

#[test]
fn a_page_that_is_revoked_says_so_and_judges_nothing() {
    let revoked = usher_protocol::record::Body::DeviceRevoked {
        device: key(PAGE).public(),
        after: usher_protocol::Seq(1_000),
    };
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    page.scanner.disconnected();
    let before = page.scan(&code(1, AVAILABLE)).unwrap();
    assert_eq!(before.outcome, "admitted");
    let mut hub = Hub::started(&authority_log([revoked]));
    hub.link(&mut page);
    assert_eq!(page.scanner.hub(), None);
    page.pass(4_000);
    assert_eq!(page.scan(&code(2, AVAILABLE)).unwrap().outcome, "scanner_refused");
    assert!(page.scanner.status().is_barred);
}
