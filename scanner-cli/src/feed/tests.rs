//! A feed from its source to its end: what is handed on, what is typed, and a source that panics.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::readings::WAITING_READINGS;

/// A source that plays a script.
struct Script(std::vec::IntoIter<Capture>);

impl Source for Script {
    fn next(&mut self) -> Capture {
        match self.0.next() {
            Some(Capture::Typed(text)) if text == "panic" => panic!("a driver fails"),
            Some(capture) => capture,
            None => Capture::End,
        }
    }
}

fn typed(text: &str) -> Capture {
    Capture::Typed(text.to_owned())
}

async fn told(mut readings: mpsc::Receiver<Reading>) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(reading) = readings.recv().await {
        told.push(match reading.sight {
            Sight::Code(code) => String::from_utf8(code).unwrap(),
            Sight::View(view) => panic!("nobody looked: {view:?}"),
            Sight::Keyed(line) => format!("keyed {line}"),
            Sight::Entered(line) => format!("entered {line}"),
            Sight::Fault(fault) => fault.to_string(),
        });
    }
    told
}

#[tokio::test]
async fn a_source_is_handed_on_to_its_end() {
    let (_feed, readings) = Feed::start(RunClock::start(), false, || {
        Script(vec![typed("a"), Capture::Fault(SourceError::LineTooLong)].into_iter())
    })
    .unwrap();
    assert_eq!(told(readings).await, ["a", &SourceError::LineTooLong.to_string()]);
}

#[tokio::test]
async fn what_staff_type_is_handed_on_until_the_source_ends() {
    let (go_on, wait) = std::sync::mpsc::channel();
    let mut source = Some(Until(wait));
    let (feed, mut readings) = Feed::start(RunClock::start(), false, move || source.take().unwrap()).unwrap();
    feed.listen(&b"3\nout\n"[..]).unwrap();
    for expected in ["3", "out"] {
        let sight = readings.recv().await.unwrap().sight;
        assert!(
            matches!(&sight, Sight::Entered(line) if line == expected),
            "{sight:?}"
        );
    }
    drop(go_on);
    assert!(readings.recv().await.is_none());
}

/// A source that ends when it is told.
struct Until(Receiver<()>);

impl Source for Until {
    fn next(&mut self) -> Capture {
        let _ = self.0.recv();
        Capture::End
    }
}

#[tokio::test]
async fn a_source_that_panics_is_made_again() {
    let made = AtomicU32::new(0);
    let (_feed, readings) = Feed::start(RunClock::start(), false, move || {
        let first = made.fetch_add(1, Ordering::Relaxed) == 0;
        Script(
            if first {
                vec![typed("a"), typed("panic")]
            } else {
                vec![typed("b")]
            }
            .into_iter(),
        )
    })
    .unwrap();
    assert_eq!(
        told(readings).await,
        ["a", &SourceError::Crashed.to_string(), "b"]
    );
}

#[tokio::test]
async fn dropping_the_feed_ends_its_thread_and_the_readings() {
    let endless = || {
        Script(
            std::iter::repeat_with(|| typed("a"))
                .take(1_000_000)
                .collect::<Vec<_>>()
                .into_iter(),
        )
    };
    let (feed, mut readings) = Feed::start(RunClock::start(), false, endless).unwrap();
    assert!(readings.recv().await.is_some());
    drop(feed);
    let left = told(readings).await.len();
    assert!(left <= 2 * WAITING_READINGS + 1, "{left} readings after the end");
}
