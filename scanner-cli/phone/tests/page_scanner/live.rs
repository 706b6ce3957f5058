//! A live ticket at a page: its phone renews the code while it is held up, and while a supervisor says why.

use usher_fixtures::{AVAILABLE, SHOW, key, ticket};
use usher_keys::Timestamp;
use usher_phone::page_scanner::{PageScanner, Showing};
use usher_protocol::admission::Verdict;
use usher_protocol::request::{Answer, JudgedBy, PinnedOverriding, Reply, Request};
use usher_protocol::ticket::Ticket;

use super::against::{asked, reply};
use super::venue::{Hub, Page, authority_log, reading};

/// The number of the phone's key.
const PHONE: u8 = 77;
/// The phone renews the code so often, in milliseconds.
const RENEWED_MS: u64 = 10_000;

fn live(unit: u32, shown: Timestamp) -> String {
    let ticket = Ticket {
        holder: Some(key(PHONE).public()),
        ..ticket(unit, AVAILABLE)
    };
    ticket.sign(&SHOW.tickets()).shown_live(&key(PHONE), shown)
}

fn show(page: &mut Page, code: &str) -> Showing {
    let random = page.random();
    let showing = page.scanner.show(code.as_bytes(), random);
    page.drain();
    showing
}

fn alone() -> Page {
    let (mut page, mut hub) = (Page::founded(), Hub::started(&authority_log([])));
    hub.link(&mut page);
    page.disconnect();
    page
}

#[test]
fn a_code_that_is_renewed_while_it_is_held_up_is_one_showing() {
    let mut page = alone();
    let now = reading(page.ms).wall;
    let renewed = live(1, now.plus_ms(RENEWED_MS));
    assert_eq!(show(&mut page, &live(1, now)), Showing::Judged);
    assert_eq!(page.said.pop().map(|said| said.outcome), Some("admitted"));
    page.pass(900);
    assert_eq!(show(&mut page, &renewed), Showing::Held);
    assert_eq!(page.said.pop(), None);
    page.pass(5_000);
    assert_eq!(show(&mut page, &renewed), Showing::Judged);
    assert_eq!(page.said.pop().map(|said| said.outcome), Some("already_used"));
}

#[test]
fn the_phone_counts_at_once_after_a_picture_of_its_code() {
    let mut page = alone();
    let now = reading(page.ms).wall;
    let picture = live(1, Timestamp(now.0 - 60_000));
    assert_eq!(show(&mut page, &picture), Showing::Judged);
    assert_eq!(page.said.pop().map(|said| said.outcome), Some("not_live"));
    page.pass(500);
    assert_eq!(show(&mut page, &picture), Showing::Held);
    assert_eq!(show(&mut page, &live(1, now)), Showing::Judged);
    assert_eq!(page.said.pop().map(|said| said.outcome), Some("admitted"));
}

#[test]
fn an_override_is_of_the_ticket_whose_code_is_a_minute_old() {
    let mut page = alone();
    let code = live(1, reading(page.ms).wall);
    show(&mut page, &code);
    assert_eq!(page.said.pop().map(|said| said.outcome), Some("admitted"));
    page.pass(5_000);
    show(&mut page, &code);
    assert_eq!(page.said.pop().map(|said| said.outcome), Some("already_used"));
    page.pass(60_000);
    let mut hub = Hub::started(&authority_log([]));
    hub.link(&mut page);
    let said = PageScanner::supervisor("Ada", "known to staff", "482913").unwrap();
    page.scanner
        .overrule(said, page.scanner.shown(), [9; 16])
        .unwrap();
    page.drain();
    let (number, asked) = asked(&mut page);
    let Request::OverrideByPin(PinnedOverriding { overriding, .. }) = asked else {
        panic!("an override by a PIN: {asked:?}");
    };
    let answer = Answer {
        scan: overriding.scan.id,
        verdict: Verdict::Admit { persons: 1, left: 0 },
        by: JudgedBy::Home(key(1).public()),
        ticket: None,
        silent: None,
    };
    let said = reply(&mut page, number, &Reply::Done(Ok(answer)));
    assert_eq!(said.outcome, "admitted");
    // Staff see whose yes they would take back.
    let undoable = page.scanner.status().undoable;
    assert!(
        undoable.as_ref().is_some_and(|words| words.contains("place 1")),
        "{undoable:?}"
    );
}
