//! Undo and override at a page: the same records, requests and words as at any scanner of ours.

use usher_fixtures::{AVAILABLE, NORTH, SHOW, SOUTH, key};
use usher_keys::{Capabilities, Certificate, Role};
use usher_phone::file::Founding;
use usher_phone::frames::{Frames, frame};
use usher_phone::page_scanner::PageScanner;
use usher_phone::replica;
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::correction::{AnnulledScan, Correction, CorrectionOutcome, PinnedCorrection};
use usher_protocol::request::{
    self, Answer, JudgedBy, Overriding, Overruling, PinnedOverriding, Reply, Request, RequestError, Told,
};
use usher_words::scanner::outcome::{ScanOutcome, Signal};
use usher_words::scanner::{ANOTHER_WAS_SHOWN, NOTHING_TO_UNDO, SHOW_THE_TICKET};

use super::venue::{Hub, NOW, PAGE, Page, authority_log, founding, reading};
use super::{code, state_of};

/// A page without a supervisor's rights, as most are.
fn page() -> Page {
    let own = SHOW.certificate(key(PAGE).public(), Role::Scanner);
    let capabilities = Capabilities {
        override_refusals: false,
        ..own.capabilities
    };
    let identity = SHOW.identity(Certificate { capabilities, ..own });
    let founding = Founding {
        identity,
        ..founding(PAGE, Role::Scanner)
    };
    Page::opened(replica::found(founding), 0)
}

fn linked() -> (Page, Hub) {
    let (mut page, mut hub) = (page(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    (page, hub)
}

/// One that has heard of the event and is cut off.
fn alone() -> (Page, Hub) {
    let (mut page, hub) = linked();
    page.disconnect();
    (page, hub)
}

fn scan(page: &mut Page, unit: u32) -> ScanOutcome {
    page.pass(4_000);
    page.scan(&code(unit, AVAILABLE)).expect("nobody is asked")
}

fn undo(page: &mut Page, why: &str) -> Result<Option<ScanOutcome>, String> {
    let done = page.scanner.undo(why, page.scanner.shown());
    page.drain();
    done.map(|()| page.said.pop())
}

fn ada(pin: &str) -> Overruling {
    PageScanner::supervisor(" Ada ", "checked by hand", pin).unwrap()
}

/// What the page has asked, by its number.
pub fn asked(page: &mut Page) -> (u32, Request) {
    let (number, asked) = page.asked.pop().expect("a hub is asked");
    let mut frames = Frames::default();
    frames.push(&asked);
    let body = frames.next(2_048).unwrap().expect("a whole frame");
    (number, request::from_bytes(&body).unwrap())
}

pub fn reply(page: &mut Page, number: u32, reply: &Reply) -> ScanOutcome {
    page.scanner.heard(number, &frame(&request::to_bytes(reply)));
    page.drain();
    page.said.pop().expect("the hub has replied")
}

#[test]
fn an_undo_is_in_the_log_before_it_is_said_and_counts_nobody_in_any_more() {
    let (mut page, mut hub) = alone();
    assert_eq!(undo(&mut page, "turned back"), Err(NOTHING_TO_UNDO.to_owned()));
    assert_eq!(scan(&mut page, 1).outcome, "admitted");
    assert!(page.scanner.status().undoable.is_some());
    assert!(undo(&mut page, "  ").is_err(), "a reason is given");
    let before = page.file.len();
    let said = undo(&mut page, "turned back").unwrap().unwrap();
    assert_eq!((said.outcome, &*said.words), ("annulled", "Undone"), "{said:?}");
    assert!(
        said.reason.unwrap().contains("1 person at"),
        "it says what it undid"
    );
    assert!(page.file.len() > before);
    assert_eq!(page.scanner.status().counts[0], "admitted 0");
    assert_eq!(undo(&mut page, "again"), Err(NOTHING_TO_UNDO.to_owned()));
    assert_eq!(page.scanner.status().undoable, None);

    // Started again, it still knows; the hub counts one person, who came later.
    let mut again = Page::opened(page.file.clone(), page.ms);
    // What was drawn before is never drawn again.
    again.random();
    assert_eq!(scan(&mut again, 1).outcome, "admitted");
    assert_eq!(scan(&mut again, 1).outcome, "already_used");
    hub.link(&mut again);
    assert_eq!(
        state_of(again.scanner.replica().ledger()),
        state_of(hub.replica.ledger())
    );
}

#[test]
fn what_is_long_ago_is_a_supervisors_to_undo() {
    let (mut page, _) = alone();
    scan(&mut page, 1);
    page.pass(15 * 60 * 1_000);
    page.scanner.at(reading(page.ms + 1));
    let said = undo(&mut page, "turned back").unwrap().unwrap();
    assert_eq!(said.outcome, "not_annulled", "{said:?}");
    assert_eq!(page.scanner.status().undoable, None);
}

#[test]
fn an_override_is_a_hubs_to_grant_for_as_many_as_were_refused() {
    let (mut page, _) = linked();
    let shown = page.scanner.shown();
    let nothing = page.scanner.overrule(ada("482913"), shown, [9; 16]);
    assert_eq!(nothing, Err(SHOW_THE_TICKET.to_owned()));
    page.scanner.disconnected();
    scan(&mut page, 1);
    page.scanner.stand(usher_phone::page_scanner::Position {
        gate: SOUTH,
        direction: Direction::In,
        persons: 2,
    });
    assert_eq!(scan(&mut page, 1).signal, Signal::Deny);
    let status = page.scanner.status();
    assert!(
        status.refused.is_some_and(|words| words.contains("2 people")) && status.asks_pin,
        "the override is for both"
    );
    assert_eq!(status.persons, 1, "a number is said for one scan");

    // Nobody overrides without a hub, and not this scanner without a PIN.
    for (pin, outcome) in [("482913", "cannot_decide"), ("", "not_allowed")] {
        page.scanner
            .overrule(ada(pin), page.scanner.shown(), [8; 16])
            .unwrap();
        page.drain();
        assert_eq!(page.said.pop().unwrap().outcome, outcome);
    }
    let mut hub = Hub::started(&authority_log([]));
    hub.link(&mut page);
    let before = page.scanner.shown();
    page.scanner.overrule(ada("482 913"), before, [7; 16]).unwrap();
    page.drain();
    let (number, asked) = asked(&mut page);
    let Request::OverrideByPin(PinnedOverriding { overriding, pin }) = asked else {
        panic!("an override by a PIN: {asked:?}");
    };
    let Overriding { scan, by, why } = overriding;
    assert_eq!((&*by, &*why, pin.digits()), ("Ada", "checked by hand", "482913"));
    assert_eq!((scan.gate, scan.persons), (SOUTH, 2));
    // It takes a while, and whoever stands there is asked to wait.
    page.pass(400);
    assert_eq!(page.said.pop().unwrap().outcome, "waiting");
    let answer = Answer {
        scan: scan.id,
        verdict: Verdict::Admit { persons: 2, left: 0 },
        by: JudgedBy::Home(key(1).public()),
        ticket: None,
        silent: None,
    };
    assert_eq!(
        reply(&mut page, number, &Reply::Done(Ok(answer))).outcome,
        "admitted"
    );
    assert_eq!(page.scanner.status().refused, None);
    // What was meant before another answer is not what would be done now.
    let late = page.scanner.overrule(ada("482913"), before, [6; 16]);
    assert_eq!(late, Err(ANOTHER_WAS_SHOWN.to_owned()));
}

#[test]
fn whoever_leaves_needs_no_override_and_a_wrong_pin_is_told() {
    let (mut page, mut hub) = alone();
    scan(&mut page, 1);
    scan(&mut page, 1);
    hub.link(&mut page);
    page.stand(NORTH, Direction::Out);
    page.scanner
        .overrule(ada("482913"), page.scanner.shown(), [8; 16])
        .unwrap();
    page.drain();
    assert_eq!(page.said.pop().unwrap().outcome, "not_needed");
    page.stand(NORTH, Direction::In);
    page.scanner
        .overrule(ada("482913"), page.scanner.shown(), [8; 16])
        .unwrap();
    page.drain();
    let (number, _) = asked(&mut page);
    let wrong = Reply::Done(Err(RequestError::WrongPin { rest_s: 30 }));
    let said = reply(&mut page, number, &wrong);
    assert_eq!(said.outcome, "wrong_pin");
    assert!(said.reason.unwrap().contains("30 s"));
    assert!(
        PageScanner::supervisor("Ada", "why", "12345").is_err(),
        "too short"
    );
    assert!(PageScanner::supervisor("", "why", "123456").is_err(), "nobody");
}

#[test]
fn a_supervisor_undoes_the_last_scan_of_the_ticket_by_a_pin() {
    let (mut page, mut hub) = alone();
    scan(&mut page, 1);
    hub.link(&mut page);
    page.scanner
        .undo_last(ada("482913"), page.scanner.shown())
        .unwrap();
    page.drain();
    let (number, asked_for) = asked(&mut page);
    let Request::CorrectByPin(PinnedCorrection { correction, by, .. }) = asked_for else {
        panic!("a correction: {asked_for:?}");
    };
    let Correction::Undo {
        code: text,
        direction,
        why,
    } = correction
    else {
        panic!("an undo");
    };
    assert_eq!(text, code(1, AVAILABLE).into_bytes());
    assert_eq!(
        (direction, &*by, &*why),
        (Direction::In, "Ada", "checked by hand")
    );
    let undone = CorrectionOutcome::Undone(AnnulledScan {
        persons: 1,
        gate: NORTH,
        at: NOW,
    });
    let said = reply(&mut page, number, &Reply::Corrected(undone));
    assert_eq!((said.outcome, &*said.words), ("annulled", "Undone"));
    assert_eq!(page.scanner.status().counts[0], "admitted 0");

    // Whoever is asked and says nothing may have done it.
    page.scanner
        .undo_last(ada("482913"), page.scanner.shown())
        .unwrap();
    page.drain();
    page.pass(4_000);
    let said = page.said.pop().unwrap();
    assert_eq!((said.outcome, &*said.words), ("cannot_decide", "Not known"));
    assert_eq!(page.taken_back.len(), 1);
    // With nobody to ask, and no PIN at a scanner that has no right.
    page.scanner.disconnected();
    for (pin, outcome) in [("482913", "cannot_decide"), ("", "not_allowed")] {
        page.scanner.undo_last(ada(pin), page.scanner.shown()).unwrap();
        page.drain();
        assert_eq!(page.said.pop().unwrap().outcome, outcome);
    }
}

#[test]
fn a_supervisors_own_phone_undoes_without_a_pin() {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    page.scanner.disconnected();
    scan(&mut page, 1);
    page.scanner.undo_last(ada(""), page.scanner.shown()).unwrap();
    page.drain();
    assert_eq!(page.said.pop().unwrap().outcome, "annulled");
    let before = page.scanner.shown() - 1;
    let twice = page.scanner.undo_last(ada(""), before);
    assert_eq!(
        twice,
        Err(ANOTHER_WAS_SHOWN.to_owned()),
        "touched twice, it is done once"
    );
    assert_eq!(scan(&mut page, 1).outcome, "admitted");
    hub.link(&mut page);
    assert_eq!(
        state_of(page.scanner.replica().ledger()),
        state_of(hub.replica.ledger())
    );
}

#[test]
fn a_ticket_code_that_is_none_leaves_nothing_to_override() {
    let (mut page, _) = alone();
    scan(&mut page, 1);
    scan(&mut page, 1);
    assert!(page.scanner.status().refused.is_some());
    page.scan("0000-0000");
    let late = page
        .scanner
        .overrule(ada("482913"), page.scanner.shown(), [8; 16]);
    assert_eq!(late, Err(SHOW_THE_TICKET.to_owned()));
}

#[test]
fn a_ticket_code_that_stays_in_view_is_one_scan() {
    let (mut page, _) = linked();
    assert_eq!(page.scan("AJJA-NQKN"), None, "the hub is asked");
    let (number, _) = asked(&mut page);
    let ticket = Reply::Told(Told::Ticket(code(1, AVAILABLE).into_bytes()));
    page.scanner.heard(number, &frame(&request::to_bytes(&ticket)));
    page.drain();
    page.asked.clear();
    page.disconnect();
    assert_eq!(page.said.pop().unwrap().outcome, "admitted");
    for _ in 0..5 {
        page.pass(200);
        assert_eq!(page.scan("AJJA-NQKN"), None);
        assert_eq!(page.asked.pop(), None, "nothing is looked up again");
    }
    page.pass(4_000);
    assert_eq!(page.scan("AJJA-NQKM").unwrap().outcome, "mistyped");
    assert_eq!(page.scan("AJJA-NQKM"), None);
}
