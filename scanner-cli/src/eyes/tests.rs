//! Takes the place of the deep eye, so that a deep pass lasts as long as a test wants.

use fast_qr::QRBuilder;
use tokio::sync::mpsc;

use super::*;
use crate::preview::Pixel;
use crate::readings::{Reading, RunClock, SeenFrame, Sight};
use usher_eyes::{DeepReader, Findings};

/// A code on white, drawn with modules of four pixels; without a text, only white.
fn frame(text: Option<&str>) -> LumaFrame {
    const SIDE: usize = 200;
    let code = text.map(|text| QRBuilder::new(text).build().unwrap());
    let dark = |x: usize, y: usize| {
        let (column, row) = ((x / 4).wrapping_sub(4), (y / 4).wrapping_sub(4));
        let code = code.as_ref();
        code.is_some_and(|code| column < code.size && row < code.size && code[row][column].value())
    };
    let luma = (0..SIDE * SIDE).map(|at| if dark(at % SIDE, at / SIDE) { 0 } else { 255 });
    LumaFrame::new(SIDE as u32, SIDE as u32, luma.collect()).unwrap()
}

/// A quick eye on a thread of its own, with the test as its camera, its deep eye and its station.
struct Bench {
    exchange: Arc<Exchange>,
    readings: mpsc::Receiver<Reading>,
    thread: Option<JoinHandle<()>>,
    shown: u64,
}

impl Bench {
    fn new() -> Self {
        let exchange = Arc::new(Exchange::default());
        let (outlet, readings) = Outlet::new(RunClock::start());
        let quick = Quick {
            exchange: Arc::clone(&exchange),
            outlet,
            wants_previews: true,
        };
        Self {
            exchange,
            readings,
            thread: Some(thread::spawn(move || quick.run())),
            shown: 0,
        }
    }

    /// Shows a frame and waits for what the quick eye says of it.
    fn view(&mut self, text: Option<&str>) -> SeenFrame {
        self.shown += 1;
        let shot = Shot {
            frame: frame(text),
            taken: Instant::now(),
        };
        let number = self.shown;
        self.exchange.show(Shown { shot, number });
        let view = self.next_view();
        assert_eq!(view.frame, number);
        view
    }

    fn next_view(&mut self) -> SeenFrame {
        match self.readings.blocking_recv().expect("the eye is open").sight {
            Sight::View(view) => view,
            other @ (Sight::Code(_) | Sight::Keyed(_) | Sight::Entered(_) | Sight::Fault(_)) => {
                panic!("{other:?}")
            }
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.exchange.close();
        self.thread.take().map(JoinHandle::join);
    }
}

#[test]
fn an_easy_code_is_read_while_a_deep_look_is_under_way_and_ends_it() {
    let mut bench = Bench::new();
    assert!(bench.view(None).codes.is_empty());
    let job = bench
        .exchange
        .job()
        .expect("a frame that was not read is worth a deep pass");
    assert_eq!(job.shown.number, 1);
    assert!(bench.view(None).codes.is_empty());
    assert!(
        bench.exchange.is_wanted(),
        "a newer frame without a code changes nothing"
    );
    assert_eq!(bench.view(Some("easy")).codes, [b"easy"]);
    assert!(!bench.exchange.is_wanted(), "it was read: no need to look deeper");
    bench.exchange.found(job.shown, Findings::default());
    assert_eq!(bench.view(Some("easy")).codes, [b"easy"]);
}

#[test]
fn what_a_deep_look_reads_is_told_with_the_number_of_its_frame() {
    let mut bench = Bench::new();
    bench.view(None);
    let job = bench.exchange.job().unwrap();
    bench.view(None);
    let findings =
        DeepReader::default().read(&frame(Some("hard")), None, &Allowance::of_steps(STEPS_A_FRAME));
    assert!(
        !findings.codes().is_empty(),
        "the first of the deep passes reads it"
    );
    bench.exchange.found(job.shown, findings);
    let view = bench.next_view();
    assert_eq!((view.frame, view.codes), (1, vec![b"hard".to_vec()]));
}

#[test]
fn previews_come_with_the_code_marked_and_not_with_every_frame() {
    let mut bench = Bench::new();
    let preview = bench
        .view(Some("shown"))
        .preview
        .expect("the first frame has one");
    let pixels = (0..preview.columns() * preview.rows())
        .map(|at| preview.pixel(at % preview.columns(), at / preview.columns()));
    assert!(pixels.into_iter().any(|pixel| pixel == Pixel::Read));
    let later = std::iter::repeat_with(|| bench.view(None).preview).take(10_000);
    let mut later = later.skip_while(Option::is_none);
    assert!(later.next().is_some(), "there is another one before long");
}
