//! The panel as text: symbol, words and colour, fitted to the terminal; leaves out when to draw it.

use crossterm::cursor::MoveTo;
use crossterm::style::{Attribute, Color, ResetColor, SetAttribute, SetBackgroundColor, SetForegroundColor};
use crossterm::terminal::{Clear, ClearType};
use usher_words::certificates::CertificateNote;
use usher_words::scanner::{self as words, Help};

use super::Board;
use super::drawing::{Size, put};
use super::thumbnail::Thumbnail;
use crate::answer::{ScanOutcome, Signal};
use crate::presentation::{self, WAITING};
use crate::printable::printable;

/// Shapes tell the results apart without colour and without words.
const CHECK: [&str; 5] = [
    "            ██",
    "          ██  ",
    "██      ██    ",
    "  ██  ██      ",
    "    ██        ",
];
const CROSS: [&str; 5] = [
    "██      ██",
    "  ██  ██  ",
    "    ██    ",
    "  ██  ██  ",
    "██      ██",
];
const ARROW: [&str; 5] = [
    "      ██    ",
    "        ██  ",
    "████████████",
    "        ██  ",
    "      ██    ",
];
const AGAIN: [&str; 5] = ["██████", "    ██", "  ████", "      ", "  ██  "];

/// The corners of a view finder.
const FINDER: [&str; 5] = [
    "████        ████",
    "██            ██",
    "                ",
    "██            ██",
    "████        ████",
];

/// One line of the panel.
struct Row {
    text: String,
    style: RowStyle,
}

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RowStyle {
    /// On a colour, centred.
    Ground(Paint),
    /// The same, in bold.
    Words(Paint),
    /// Reversed, centred: a banner.
    Banner,
    /// Bold and centred, without colour.
    Idle,
    /// As it is, from the left.
    Foot,
}

/// Colours of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Paint {
    back: Color,
    front: Color,
}

/// Most lines of a notice: the longest says in three of them what to do.
const NOTICE_ROWS: usize = 3;

/// A hint is no result: a colour that none of them has.
const HINT_PAINT: Paint = Paint {
    back: Color::DarkBlue,
    front: Color::White,
};

/// Draws the board for a terminal of this size, over whatever was there.
pub(super) fn render(board: &Board, size: Size, colour: bool) -> String {
    let columns = usize::from(size.columns);
    let preview = board.preview.as_ref().filter(|_| colour);
    let preview = preview.and_then(|preview| Thumbnail::fitting(preview, size));
    let rows = rows(board, size, preview.as_ref());
    let above = rows.len() - preview.as_ref().map_or(0, Thumbnail::rows);
    let mut out = String::new();
    put(&mut out, MoveTo(0, 0));
    for (at, row) in rows.iter().enumerate() {
        match (&preview, at.checked_sub(above)) {
            (Some(preview), Some(beside)) => {
                draw(&mut out, row, columns - preview.columns(), colour);
                preview.draw(&mut out, beside);
            }
            (None, _) | (Some(_), None) => draw(&mut out, row, columns, colour),
        }
        put(&mut out, Clear(ClearType::UntilNewLine));
        out.push_str("\r\n");
    }
    put(&mut out, Clear(ClearType::FromCursorDown));
    out
}

/// The lines of the panel, one fewer than the terminal has, so that it never scrolls. The foot leaves room for the
/// preview and is as high at least.
fn rows(board: &Board, size: Size, preview: Option<&Thumbnail>) -> Vec<Row> {
    let (beside, least_foot) = preview.map_or((0, 0), |preview| (preview.columns(), preview.rows()));
    let room = usize::from(size.rows).saturating_sub(1);
    let mut head = match (&board.answer, board.hint) {
        (Some(answer), _) => result(answer),
        (None, Some(hint)) => advice(presentation::help(hint)),
        (None, None) => idle(),
    };
    let mut foot = foot(board, usize::from(size.columns) - beside);
    foot.truncate(room.saturating_sub(head.len()).max(room / 3));
    let missing = least_foot.saturating_sub(foot.len());
    foot.extend(std::iter::repeat_with(blank_foot).take(missing));
    let head_room = room - foot.len();
    if head.len() > head_room {
        head.retain(|row| !row.text.contains('█'));
        head.truncate(head_room);
    }
    stretch(&mut head, head_room);
    head.extend(foot);
    head
}

fn result(answer: &ScanOutcome) -> Vec<Row> {
    let paint = paint(answer.signal);
    let plain = |text: &str| Row {
        text: printable(text),
        style: RowStyle::Ground(paint),
    };
    let symbol = match answer.signal {
        Signal::Admit => CHECK,
        Signal::Deny | Signal::Barred => CROSS,
        Signal::Refer => ARROW,
        Signal::Unanswered => AGAIN,
    };
    let mut rows: Vec<Row> = symbol.map(plain).into();
    rows.push(plain(""));
    rows.push(Row {
        text: printable(&answer.words).to_uppercase(),
        style: RowStyle::Words(paint),
    });
    rows.extend(answer.reason.as_deref().map(|text| Row {
        text: printable(text),
        style: RowStyle::Words(paint),
    }));
    rows.extend(answer.details.iter().map(|text| plain(text)));
    if answer.alone {
        rows.push(Row {
            text: words::JUDGED_ALONE.to_owned(),
            style: RowStyle::Banner,
        });
    }
    rows
}

/// What would help, as large as a result.
fn advice(help: Help) -> Vec<Row> {
    let ground = |text: &str| Row {
        text: text.to_owned(),
        style: RowStyle::Ground(HINT_PAINT),
    };
    let words = |text: String| Row {
        text,
        style: RowStyle::Words(HINT_PAINT),
    };
    let mut rows: Vec<Row> = FINDER.map(ground).into();
    rows.push(ground(""));
    rows.push(words(help.short.to_uppercase()));
    rows.push(words(help.what_to_do.to_owned()));
    rows
}

fn idle() -> Vec<Row> {
    [words::READY, words::SHOW_A_CODE]
        .map(|text| Row {
            text: text.to_owned(),
            style: RowStyle::Idle,
        })
        .into()
}

/// What stands below the result, the most important first, in lines of so many letters.
fn foot(board: &Board, columns: usize) -> Vec<Row> {
    let totals = board.counts.words().join("   ");
    let notice = board.notice.as_deref().map(|notice| wrapped(notice, columns));
    let lines = [
        Some(totals),
        Some(board.place.clone()),
        Some(board.status_line.clone()),
        board.figures.map(|figures| figures.to_string()),
    ];
    // While a result is on show, its place is taken.
    let hint = board
        .hint
        .filter(|_| board.answer.is_some())
        .map(presentation::help);
    let banner = hint.map(|help| Row {
        text: format!("{}: {}", help.short, help.what_to_do),
        style: RowStyle::Banner,
    });
    // The result on show is listed too, once it is one.
    let shown = board.answer.as_ref().filter(|answer| answer.outcome != WAITING);
    let earlier = board
        .recent
        .iter()
        .skip(usize::from(shown.is_some()))
        .map(|(_, line)| line.clone());
    let loudest = board.bar.iter().chain(&board.clock);
    let loudest = loudest.flat_map(|words| loud(words, Signal::Deny, columns));
    let certificate = board.certificate.iter().flat_map(|note| warning(note, columns));
    let asked = board.asked.as_deref().map(|asked| wrapped(asked, columns));
    let rows = asked.into_iter().flatten().chain(notice.into_iter().flatten());
    let rows = rows.chain(lines.into_iter().flatten()).chain(earlier);
    let rows = rows.filter(|line| !line.is_empty()).map(|line| Row {
        text: printable(&line),
        style: RowStyle::Foot,
    });
    loudest.chain(certificate).chain(banner).chain(rows).collect()
}

/// What is said of the certificate: in red in its last hour and after its end, in amber before, in green when renewed.
fn warning(note: &CertificateNote, columns: usize) -> Vec<Row> {
    let signal = match note.level {
        Some(level) if level.is_red() => Signal::Deny,
        Some(_) => Signal::Refer,
        None => Signal::Admit,
    };
    loud(&note.words, signal, columns)
}

fn loud(words: &str, signal: Signal, columns: usize) -> Vec<Row> {
    let row = |text: String| Row {
        text: printable(&text),
        style: RowStyle::Words(paint(signal)),
    };
    wrapped(words, columns).into_iter().map(row).collect()
}

fn blank_foot() -> Row {
    Row {
        text: String::new(),
        style: RowStyle::Foot,
    }
}

/// Fills the head up to `height` with lines of its own style, half above and half below.
fn stretch(head: &mut Vec<Row>, height: usize) {
    let Some(style) = head.first().map(|row| row.style) else {
        return;
    };
    let missing = height.saturating_sub(head.len());
    let blank = || Row {
        text: String::new(),
        style,
    };
    head.splice(0..0, std::iter::repeat_with(blank).take(missing / 2));
    head.extend(std::iter::repeat_with(blank).take(missing - missing / 2));
}

fn draw(out: &mut String, row: &Row, columns: usize, colour: bool) {
    let centred = fitted(&row.text, columns, row.style != RowStyle::Foot);
    match row.style {
        RowStyle::Ground(paint) | RowStyle::Words(paint) if colour => {
            put(out, SetBackgroundColor(paint.back));
            put(out, SetForegroundColor(paint.front));
        }
        RowStyle::Banner => put(out, SetAttribute(Attribute::Reverse)),
        RowStyle::Ground(_) | RowStyle::Words(_) | RowStyle::Idle | RowStyle::Foot => {}
    }
    if matches!(row.style, RowStyle::Words(_) | RowStyle::Idle | RowStyle::Banner) {
        put(out, SetAttribute(Attribute::Bold));
    }
    out.push_str(&centred);
    put(out, SetAttribute(Attribute::Reset));
    if colour {
        put(out, ResetColor);
    }
}

fn paint(signal: Signal) -> Paint {
    let (back, front) = match signal {
        Signal::Admit => (Color::DarkGreen, Color::White),
        Signal::Deny | Signal::Barred => (Color::DarkRed, Color::White),
        Signal::Refer | Signal::Unanswered => (Color::DarkYellow, Color::Black),
    };
    Paint { back, front }
}

/// Breaks a text between words into lines of so many letters; there are [`NOTICE_ROWS`] at most, the last one as long
/// as it is.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let full = lines.len() == NOTICE_ROWS;
        match lines.last_mut() {
            Some(line) if full || line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Cuts or pads a line to the width, in the middle or from the left.
fn fitted(text: &str, columns: usize, centred: bool) -> String {
    let length = text.chars().count();
    if length > columns {
        let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
        return format!("{kept}{}", if columns > 0 { "…" } else { "" });
    }
    if centred {
        format!("{text:^columns$}")
    } else {
        format!("{text:<columns$}")
    }
}
