//! Looks at what is drawn, with the terminal's commands and without.

use super::panel::render;
use super::*;

const SIZE: Size = Size {
    columns: 60,
    rows: 20,
};

fn answer(signal: Signal, words: &str) -> Answer {
    Answer {
        signal,
        words: words.to_owned(),
        reason: None,
        details: Vec::new(),
        alone: false,
        outcome: "tested",
        took_ms: 3,
    }
}

fn denied() -> Answer {
    Answer {
        reason: Some("Already used".to_owned()),
        details: vec!["Gate North, 19:02".to_owned(), "Row 3, seat 4".to_owned()],
        ..answer(Signal::Deny, "Stop")
    }
}

fn board_with(answer: Answer) -> Board {
    let mut board = Board {
        place: "Gate South, in".to_owned(),
        standing: "revocations as of 12 s ago".to_owned(),
        ..Board::default()
    };
    board.answered(answer);
    board
}

/// The panel as its lines of text, without the terminal's commands.
fn text_of(drawn: &str) -> Vec<String> {
    let mut text = String::new();
    let mut letters = drawn.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            text.push(letter);
        }
    }
    text.lines().map(str::to_owned).collect()
}

#[track_caller]
fn check_shows(board: &Board, size: Size, expected: &[&str]) {
    let lines = text_of(&render(board, size, true));
    assert_eq!(lines.len() + 1, usize::from(size.rows), "{lines:#?}");
    assert!(
        lines
            .iter()
            .all(|line| line.chars().count() == usize::from(size.columns)),
        "{lines:#?}"
    );
    for part in expected {
        assert!(
            lines.iter().any(|line| line.contains(part)),
            "no {part:?} in {lines:#?}"
        );
    }
}

#[test]
fn a_result_shows_its_words_reason_details_counts_and_freshness() {
    check_shows(
        &board_with(denied()),
        SIZE,
        &[
            "██      ██",
            "STOP",
            "Already used",
            "Gate North, 19:02",
            "Row 3, seat 4",
            "admitted 0   denied 1   referred 0",
            "Gate South, in",
            "revocations as of 12 s ago",
        ],
    );
}

#[test]
fn a_small_terminal_keeps_the_words_and_loses_the_symbol() {
    let board = board_with(denied());
    check_shows(&board, Size { columns: 24, rows: 8 }, &["STOP", "Already used"]);
    check_shows(&board, Size { columns: 5, rows: 4 }, &["STOP"]);
    for (columns, rows) in [(0, 0), (1, 1), (1, 2), (200, 1), (500, 300)] {
        let lines = text_of(&render(&board, Size { columns, rows }, true));
        assert!(lines.len() <= usize::from(rows.max(1)), "{columns}x{rows}");
    }
}

#[test]
fn an_answer_given_alone_carries_a_banner() {
    let alone = Answer {
        alone: true,
        ..answer(Signal::Admit, "Welcome")
    };
    check_shows(&board_with(alone), SIZE, &["WELCOME", words::JUDGED_ALONE]);
}

#[test]
fn ready_is_no_result_and_earlier_results_stay_in_view() {
    let mut board = board_with(denied());
    board.answered(answer(Signal::Admit, "Welcome"));
    check_shows(&board, SIZE, &["WELCOME", "DENY Stop | Already used"]);
    board.answer = None;
    board.notice = Some("camera 0 is gone".to_owned());
    check_shows(
        &board,
        SIZE,
        &["READY", "ADMIT Welcome", "DENY Stop", "camera 0 is gone"],
    );
}

#[test]
fn each_result_has_its_colour_and_none_without_colours() {
    let drawn = |signal, colour| {
        crossterm::style::force_color_output(true);
        render(&board_with(answer(signal, "Words")), SIZE, colour)
    };
    for (signal, code) in [
        (Signal::Admit, "48;5;2m"),
        (Signal::Deny, "48;5;1m"),
        (Signal::Refer, "48;5;3m"),
        (Signal::Unanswered, "48;5;3m"),
    ] {
        assert!(drawn(signal, true).contains(code), "{signal:?}");
        assert!(!drawn(signal, false).contains("48;5"), "{signal:?}");
    }
}

#[test]
fn words_from_outside_cannot_move_the_cursor_or_forge_a_line() {
    let forged = answer(Signal::Deny, "x\u{1b}[2J\nADMIT Welcome\u{202e}\u{9b}31m");
    assert_eq!(
        one_line(&forged),
        "DENY x\u{fffd}[2J\u{fffd}ADMIT Welcome\u{fffd}\u{fffd}31m"
    );
    let drawn = render(&board_with(forged), SIZE, true);
    assert!(!drawn.contains("\u{1b}[2J") && !drawn.contains('\u{202e}') && !drawn.contains('\u{9b}'));
}

#[track_caller]
fn check_frame(style: Style, expected: &str) {
    let mut out = Vec::new();
    let mut screen = Screen::new(&mut out, style);
    let counts = Counts {
        admitted: 2,
        denied: 1,
        referred: 0,
    };
    screen.ready("Gate 1, in", "no hub", false).unwrap();
    screen.ended(counts, 0).unwrap();
    screen.ended(counts, 3).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn lines_say_when_scanning_begins_and_ends() {
    check_frame(
        Style::Plain,
        concat!(
            "READY Gate 1, in | no hub\n",
            "END admitted 2, denied 1, referred 0\n",
            "NOTICE 3 records of this scanner reached no hub yet: start it again when a hub is in reach\n",
            "END admitted 2, denied 1, referred 0\n"
        ),
    );
    check_frame(
        Style::Json,
        concat!(
            r#"{"kind":"ready","place":"Gate 1, in","standing":"no hub","linked":false}"#,
            "\n",
            r#"{"kind":"end","counts":{"admitted":2,"denied":1,"referred":0},"kept":0}"#,
            "\n",
            r#"{"kind":"end","counts":{"admitted":2,"denied":1,"referred":0},"kept":3}"#,
            "\n"
        ),
    );
}

/// What a screen of this style writes for a result and a notice.
fn written(style: Style) -> String {
    let mut out = Vec::new();
    let mut screen = Screen::new(&mut out, style);
    let mut board = board_with(Answer {
        alone: true,
        ..denied()
    });
    screen.answered(&board).unwrap();
    screen.refreshed(&board).unwrap();
    board.notice = Some("camera 0 is gone".to_owned());
    screen.noticed(&board).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn plain_output_is_one_line_for_each_scan_and_notice() {
    assert_eq!(
        written(Style::Plain),
        "DENY Stop | Already used | Gate North, 19:02 | Row 3, seat 4 | judged alone\nNOTICE camera 0 is gone\n"
    );
}

#[test]
fn json_output_is_one_object_for_each_scan_and_notice() {
    let expected = concat!(
        r#"{"kind":"scan","signal":"deny","outcome":"tested","words":"Stop","reason":"Already used","#,
        r#""details":["Gate North, 19:02","Row 3, seat 4"],"alone":true,"took_ms":3,"#,
        r#""counts":{"admitted":0,"denied":1,"referred":0}}"#,
        "\n",
        r#"{"kind":"notice","text":"camera 0 is gone"}"#,
        "\n"
    );
    assert_eq!(written(Style::Json), expected);
}

#[test]
fn the_panel_rings_the_bell_and_lines_do_not() {
    assert!(written(Style::Panel { colour: true }).contains("\x07\x07"));
    assert!(!written(Style::Plain).contains('\x07'));
}

#[track_caller]
fn check_style(wish: Wish, expected: Style) {
    assert_eq!(Style::pick(wish), expected, "{wish:?}");
}

#[test]
fn the_style_follows_the_wish_and_the_output() {
    let terminal = Wish {
        terminal: true,
        ..Wish::default()
    };
    check_style(Wish::default(), Style::Plain);
    check_style(terminal, Style::Panel { colour: true });
    check_style(
        Wish {
            no_colour: true,
            ..terminal
        },
        Style::Panel { colour: false },
    );
    check_style(
        Wish {
            plain: true,
            ..terminal
        },
        Style::Plain,
    );
    check_style(
        Wish {
            json: true,
            plain: true,
            ..terminal
        },
        Style::Json,
    );
}
