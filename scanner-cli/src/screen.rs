//! Shows the staff what became of a scan: a large coloured panel, plain lines, or JSON lines. Leaves out deciding.

mod drawing;
mod line;
mod panel;
mod thumbnail;

use std::collections::VecDeque;
use std::io::{self, Write};

use crossterm::terminal;
use usher_words::certificates::CertificateNote;
use usher_words::scanner as words;

use crate::answer::{ScanCounts, ScanOutcome, Signal};
use crate::frame_statistics::FrameFigures;
use crate::presentation;
use crate::preview::Preview;
use crate::printable::printable;
use usher_eyes::Hint;

pub use drawing::Size;
pub use line::one_line;

/// Earlier results kept in view, so that one is not lost when the next follows at once.
pub const RECENT_RESULTS: usize = 5;

/// Size taken where the terminal does not tell its own.
const USUAL_SIZE: Size = Size {
    columns: 80,
    rows: 24,
};

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A panel that fills the terminal.
    Panel { colour: bool },
    /// One line for each scan, for people and `grep`.
    Plain,
    /// One JSON object a line.
    Json,
}

/// What the user asked for and where the output goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutputWish {
    pub plain: bool,
    pub json: bool,
    pub terminal: bool,
    /// `NO_COLOR` is set and not empty.
    pub no_colour: bool,
}

impl Style {
    /// Picks what suits: a panel only on a terminal and when nothing else was asked for.
    #[must_use]
    pub fn pick(wish: OutputWish) -> Self {
        if wish.json {
            Self::Json
        } else if wish.plain || !wish.terminal {
            Self::Plain
        } else {
            Self::Panel {
                colour: !wish.no_colour,
            }
        }
    }
}

/// Tells, by the environment variables `TERM` and `COLORTERM`, whether a terminal has the 24 greys of a preview.
#[must_use]
pub fn shows_greys(term: &str, colorterm: &str) -> bool {
    term.contains("256color") || term.contains("direct") || matches!(colorterm, "truecolor" | "24bit")
}

/// Everything there is to show at a moment.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// Which gate and direction this scanner stands at.
    pub place: String,
    /// How fresh the scanner's knowledge is, and whether a hub is there.
    pub status_line: String,
    /// What is to be said of the scanner's certificate: that it ends, has ended or was renewed.
    pub certificate: Option<CertificateNote>,
    /// Why the scanner judges nothing, in words.
    pub bar: Option<String>,
    /// That the scanner's clock is wrong, in words.
    pub clock: Option<String>,
    /// The result on show; `None` when ready for the next code.
    pub answer: Option<ScanOutcome>,
    /// Earlier results, the newest first.
    pub recent: VecDeque<(Signal, String)>,
    /// Totals since the start.
    pub counts: ScanCounts,
    /// What is wrong at the moment.
    pub notice: Option<String>,
    /// What was last said to whoever types at the screen.
    pub asked: Option<String>,
    /// What would help to read the code that is held up.
    pub hint: Option<Hint>,
    /// What the camera sees, when that is wanted.
    pub preview: Option<Preview>,
    /// How fast frames come and are read, when that is wanted.
    pub figures: Option<FrameFigures>,
}

impl Board {
    /// Puts a new result on show, counts it, and lists it among the recent ones.
    pub fn answered(&mut self, answer: ScanOutcome) {
        self.counts.count(answer.signal);
        self.recent.push_front((answer.signal, one_line(&answer)));
        self.recent.truncate(RECENT_RESULTS);
        self.answer = Some(answer);
    }
}

/// Draws boards onto an output.
#[derive(Debug)]
pub struct Screen<W> {
    out: W,
    style: Style,
    /// `None` where the terminal tells its own.
    size: Option<Size>,
}

impl<W: Write> Screen<W> {
    /// Draws onto `out` in this style.
    pub fn new(out: W, style: Style) -> Self {
        if style == (Style::Panel { colour: true }) {
            // Whether NO_COLOR is honoured was decided when the style was picked.
            crossterm::style::force_color_output(true);
        }
        Self {
            out,
            style,
            size: None,
        }
    }

    /// Draws for a terminal of this size, whatever the system says.
    #[must_use]
    pub fn of_size(mut self, size: Size) -> Self {
        self.size = Some(size);
        self
    }

    /// Says, where lines are written, that scanning begins: where and for which event, how it stands, whether a hub is linked.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn ready(&mut self, (place, event): (&str, &str), status_line: &str, linked: bool) -> io::Result<()> {
        match self.style {
            Style::Panel { .. } => {}
            Style::Plain => writeln!(self.out, "{}", line::ready(place, event, status_line))?,
            Style::Json => writeln!(
                self.out,
                "{}",
                line::json_ready((place, event), status_line, linked)
            )?,
        }
        self.out.flush()
    }

    /// Says that scanning has ended: the totals, and how many records no hub has yet.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn ended(&mut self, counts: ScanCounts, kept: u64) -> io::Result<()> {
        match self.style {
            Style::Panel { .. } | Style::Plain => {
                if kept > 0 {
                    writeln!(self.out, "NOTICE {}", words::kept(kept))?;
                }
                writeln!(self.out, "{}", line::end(counts))?;
            }
            Style::Json => writeln!(self.out, "{}", line::json_end(counts, kept))?,
        }
        self.out.flush()
    }

    /// Shows one result by itself, without a board, as a line.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn judged(&mut self, answer: &ScanOutcome) -> io::Result<()> {
        let mut counts = ScanCounts::default();
        counts.count(answer.signal);
        match self.style {
            Style::Panel { .. } | Style::Plain => writeln!(self.out, "{}", one_line(answer))?,
            Style::Json => writeln!(self.out, "{}", line::json_scan(answer, counts))?,
        }
        self.out.flush()
    }

    /// Shows a result that was just put on the board, with the bell.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn answered(&mut self, board: &Board) -> io::Result<()> {
        let Some(answer) = &board.answer else {
            return Ok(());
        };
        match self.style {
            Style::Panel { .. } => {
                self.refreshed(board)?;
                self.out.write_all(bell(answer.signal))?;
            }
            Style::Plain => writeln!(self.out, "{}", one_line(answer))?,
            Style::Json => writeln!(self.out, "{}", line::json_scan(answer, board.counts))?,
        }
        self.out.flush()
    }

    /// Shows what is wrong, once.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn noticed(&mut self, board: &Board) -> io::Result<()> {
        let Some(notice) = &board.notice else {
            return self.refreshed(board);
        };
        match self.style {
            Style::Panel { .. } => self.refreshed(board)?,
            Style::Plain => writeln!(self.out, "NOTICE {}", printable(notice))?,
            Style::Json => writeln!(self.out, "{}", line::json_notice(notice))?,
        }
        self.out.flush()
    }

    /// Tells one thing that is not on the board by itself: as a line, where lines are written.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn notice(&mut self, what: &str, board: &Board) -> io::Result<()> {
        match self.style {
            Style::Panel { .. } => self.refreshed(board)?,
            Style::Plain => writeln!(self.out, "NOTICE {}", printable(what))?,
            Style::Json => writeln!(self.out, "{}", line::json_notice(what))?,
        }
        self.out.flush()
    }

    /// Tells of the scanner's certificate, when there is news of it.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn warned(&mut self, board: &Board) -> io::Result<()> {
        match (self.style, &board.certificate) {
            (Style::Panel { .. }, _) | (_, None) => self.refreshed(board)?,
            (Style::Plain, Some(note)) => writeln!(self.out, "WARNING {}", printable(&note.words))?,
            (Style::Json, Some(note)) => writeln!(self.out, "{}", line::json_warning(note))?,
        }
        self.out.flush()
    }

    /// Shows what would help to read the code that is held up, or that there is none any more.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn hinted(&mut self, board: &Board) -> io::Result<()> {
        match (self.style, board.hint.map(presentation::help)) {
            (Style::Panel { .. }, _) => self.refreshed(board)?,
            (Style::Plain, Some(help)) => writeln!(self.out, "{}", line::hint(help))?,
            (Style::Json, Some(help)) => writeln!(self.out, "{}", line::json_hint(help))?,
            (Style::Plain | Style::Json, None) => {}
        }
        self.out.flush()
    }

    /// Tells whether there is a panel, where everything on the board has its place.
    pub fn is_panel(&self) -> bool {
        matches!(self.style, Style::Panel { .. })
    }

    /// Brings the panel up to date; lines are written only for something new.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn refreshed(&mut self, board: &Board) -> io::Result<()> {
        let Style::Panel { colour } = self.style else {
            return Ok(());
        };
        let size = self.size.unwrap_or_else(terminal_size);
        self.out
            .write_all(panel::render(board, size, colour).as_bytes())?;
        self.out.flush()
    }
}

fn terminal_size() -> Size {
    terminal::size().map_or(USUAL_SIZE, |(columns, rows)| Size { columns, rows })
}

/// One ring for green; two for whatever needs the staff to look.
fn bell(signal: Signal) -> &'static [u8] {
    match signal {
        Signal::Admit => b"\x07",
        Signal::Deny | Signal::Refer | Signal::Unanswered | Signal::Barred => b"\x07\x07",
    }
}

#[cfg(test)]
mod tests;
