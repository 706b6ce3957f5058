//! The panel as text: symbol, words and colour, fitted to the terminal; leaves out when to draw it.

use crossterm::Command;
use crossterm::cursor::MoveTo;
use crossterm::style::{Attribute, Color, ResetColor, SetAttribute, SetBackgroundColor, SetForegroundColor};
use crossterm::terminal::{Clear, ClearType};

use super::{Board, printable};
use crate::answer::{Answer, Signal};
use crate::words;

/// The terminal's size in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Across.
    pub columns: u16,
    /// Down.
    pub rows: u16,
}

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

/// One line of the panel.
struct Row {
    text: String,
    look: Look,
}

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// On the colour of the result, centred.
    Result(Signal),
    /// The same, in bold.
    Words(Signal),
    /// Reversed, centred: a banner.
    Banner,
    /// Bold and centred, without colour.
    Idle,
    /// As it is, from the left.
    Foot,
}

/// Draws the board for a terminal of this size, over whatever was there.
pub(super) fn render(board: &Board, size: Size, colour: bool) -> String {
    let mut out = String::new();
    put(&mut out, MoveTo(0, 0));
    for row in rows(board, size) {
        draw(&mut out, &row, usize::from(size.columns), colour);
    }
    put(&mut out, Clear(ClearType::FromCursorDown));
    out
}

/// The lines of the panel, one fewer than the terminal has, so that it never scrolls.
fn rows(board: &Board, size: Size) -> Vec<Row> {
    let room = usize::from(size.rows).saturating_sub(1);
    let mut head = match &board.answer {
        Some(answer) => result(answer),
        None => idle(),
    };
    let mut foot = foot(board);
    foot.truncate(room.saturating_sub(head.len()).max(room / 3));
    let head_room = room - foot.len();
    if head.len() > head_room {
        head.retain(|row| !row.text.contains('█'));
        head.truncate(head_room);
    }
    stretch(&mut head, head_room);
    head.extend(foot);
    head
}

fn result(answer: &Answer) -> Vec<Row> {
    let signal = answer.signal;
    let plain = |text: &str| Row {
        text: printable(text),
        look: Look::Result(signal),
    };
    let symbol = match signal {
        Signal::Admit => CHECK,
        Signal::Deny => CROSS,
        Signal::Refer => ARROW,
        Signal::Unanswered => AGAIN,
    };
    let mut rows: Vec<Row> = symbol.map(plain).into();
    rows.push(plain(""));
    rows.push(Row {
        text: printable(&answer.words).to_uppercase(),
        look: Look::Words(signal),
    });
    rows.extend(answer.reason.as_deref().map(|text| Row {
        text: printable(text),
        look: Look::Words(signal),
    }));
    rows.extend(answer.details.iter().map(|text| plain(text)));
    if answer.alone {
        rows.push(Row {
            text: words::JUDGED_ALONE.to_owned(),
            look: Look::Banner,
        });
    }
    rows
}

fn idle() -> Vec<Row> {
    [words::READY, words::SHOW_A_CODE]
        .map(|text| Row {
            text: text.to_owned(),
            look: Look::Idle,
        })
        .into()
}

/// What stands below the result, the most important first.
fn foot(board: &Board) -> Vec<Row> {
    let counts = board.counts;
    let totals = format!(
        "{} {}   {} {}   {} {}",
        words::ADMITTED,
        counts.admitted,
        words::DENIED,
        counts.denied,
        words::REFERRED,
        counts.referred
    );
    let lines = [
        board.notice.clone(),
        Some(totals),
        Some(board.place.clone()),
        Some(board.standing.clone()),
    ];
    let earlier = board
        .recent
        .iter()
        .skip(usize::from(board.answer.is_some()))
        .map(|(_, line)| line.clone());
    lines
        .into_iter()
        .flatten()
        .chain(earlier)
        .filter(|line| !line.is_empty())
        .map(|line| Row {
            text: printable(&line),
            look: Look::Foot,
        })
        .collect()
}

/// Fills the head up to `height` with lines of its own look, half above and half below.
fn stretch(head: &mut Vec<Row>, height: usize) {
    let Some(look) = head.first().map(|row| row.look) else {
        return;
    };
    let missing = height.saturating_sub(head.len());
    let blank = || Row {
        text: String::new(),
        look,
    };
    head.splice(0..0, std::iter::repeat_with(blank).take(missing / 2));
    head.extend(std::iter::repeat_with(blank).take(missing - missing / 2));
}

fn draw(out: &mut String, row: &Row, columns: usize, colour: bool) {
    let centred = fitted(&row.text, columns, row.look != Look::Foot);
    match row.look {
        Look::Result(signal) | Look::Words(signal) if colour => {
            let (back, front) = colours(signal);
            put(out, SetBackgroundColor(back));
            put(out, SetForegroundColor(front));
        }
        Look::Banner => put(out, SetAttribute(Attribute::Reverse)),
        Look::Result(_) | Look::Words(_) | Look::Idle | Look::Foot => {}
    }
    if matches!(row.look, Look::Words(_) | Look::Idle | Look::Banner) {
        put(out, SetAttribute(Attribute::Bold));
    }
    out.push_str(&centred);
    put(out, SetAttribute(Attribute::Reset));
    if colour {
        put(out, ResetColor);
    }
    put(out, Clear(ClearType::UntilNewLine));
    out.push_str("\r\n");
}

fn colours(signal: Signal) -> (Color, Color) {
    match signal {
        Signal::Admit => (Color::DarkGreen, Color::White),
        Signal::Deny => (Color::DarkRed, Color::White),
        Signal::Refer | Signal::Unanswered => (Color::DarkYellow, Color::Black),
    }
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

fn put(out: &mut String, command: impl Command) {
    command.write_ansi(out).expect("writing to a string cannot fail");
}
