//! A phone whose clock is wrong: the page says so, by how much and what to do, though no hub is there to compare with.

use usher_phone::page_scanner::PageScanner;
use usher_protocol::clock::ClockReading;

use super::venue::{Page, reading};

const MINUTE_MS: u64 = 60_000;

#[track_caller]
fn says(scanner: &PageScanner, words: &[&str]) {
    let troubles = scanner.status().troubles;
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
    page.scanner.at(ClockReading {
        wall: now.wall.plus_ms(minutes * MINUTE_MS),
        ..now
    });
}

#[test]
fn a_page_that_is_alone_says_that_its_clock_was_set() {
    let mut page = Page::founded();
    set_ahead(&mut page, 20 * 60);
    says(
        &page.scanner,
        &[
            "was set while this program ran: it is 20 h 0 min ahead of what it was",
            "Set it back",
        ],
    );
}
