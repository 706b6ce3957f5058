//! Looks at what is drawn, with the terminal's commands and without.

use super::panel::render;
use super::*;
use crate::preview::Pixel;
use usher_eyes::{Corner, LumaFrame};
use usher_keys::WarningLevel;

const SIZE: Size = Size {
    columns: 60,
    rows: 20,
};

fn answer(signal: Signal, words: &str) -> ScanOutcome {
    ScanOutcome {
        signal,
        words: words.to_owned(),
        reason: None,
        details: Vec::new(),
        alone: false,
        outcome: "tested",
        is_withdrawn: false,
        took_ms: 3,
    }
}

fn denied() -> ScanOutcome {
    ScanOutcome {
        reason: Some("Already used".to_owned()),
        details: vec!["Gate North, 19:02".to_owned(), "Row 3, seat 4".to_owned()],
        ..answer(Signal::Deny, "Stop")
    }
}

fn board_with(answer: ScanOutcome) -> Board {
    let mut board = Board {
        place: "Gate South, in".to_owned(),
        status_line: "revocations as of 12 s ago".to_owned(),
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
    let alone = ScanOutcome {
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
fn a_code_that_is_seen_but_not_read_gets_the_screen_and_no_result_gives_way_to_it() {
    let mut board = board_with(denied());
    board.hint = Some(Hint::TooFar);
    check_shows(
        &board,
        SIZE,
        &["STOP", "Too far: Hold the code closer to the camera"],
    );
    board.answer = None;
    check_shows(
        &board,
        SIZE,
        &[
            "████        ████",
            "TOO FAR",
            "Hold the code closer to the camera",
            "DENY Stop",
        ],
    );
    for (hint, words) in [
        (Hint::HoldStill, "HOLD STILL"),
        (Hint::TooFar, "TOO FAR"),
        (Hint::Glare, "GLARE"),
    ] {
        board.hint = Some(hint);
        check_shows(&board, SIZE, &[words]);
        check_shows(&board, Size { columns: 24, rows: 8 }, &[words]);
    }
    board.hint = None;
    check_shows(&board, SIZE, &["READY", "Show a code"]);
}

#[test]
fn lines_tell_a_hint_once_and_not_its_end() {
    let lines = |style| {
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out, style);
        let mut board = Board {
            hint: Some(Hint::Glare),
            ..Board::default()
        };
        screen.hinted(&board).unwrap();
        board.hint = None;
        screen.hinted(&board).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(
        lines(Style::Plain),
        "HINT Glare: Tilt the code, or shade it with a hand\n"
    );
    assert_eq!(
        lines(Style::Json),
        concat!(
            r#"{"kind":"hint","hint":"glare","text":"Tilt the code, or shade it with a hand"}"#,
            "\n"
        )
    );
}

/// A preview of a dark square on white, with an outline around it.
fn preview() -> Preview {
    let dark = |x: usize, y: usize| (40..120).contains(&x) && (40..120).contains(&y);
    let luma = (0..320 * 180).map(|at| if dark(at % 320, at / 320) { 0 } else { 255 });
    let frame = LumaFrame::new(320, 180, luma.collect()).unwrap();
    let corners = [(40, 40), (119, 40), (119, 119), (40, 119)].map(|(x, y)| Corner { x, y });
    Preview::of(&frame).marked(&frame, &corners, Pixel::Unread)
}

#[test]
fn a_preview_stands_beside_the_words_with_the_code_outlined() {
    crossterm::style::force_color_output(true);
    let mut board = board_with(denied());
    board.preview = Some(preview());
    let size = Size {
        columns: 80,
        rows: 24,
    };
    check_shows(&board, size, &["STOP", "admitted 0   denied 1   referred 0"]);
    let lines = text_of(&render(&board, size, true));
    let halves: Vec<usize> = lines.iter().map(|line| line.matches('▀').count()).collect();
    assert_eq!(halves, [vec![0; 14], vec![32; 9]].concat(), "{lines:#?}");
    let drawn = render(&board, size, true);
    for colour in ["38;5;226m", "48;5;255m", "48;5;232m"] {
        assert!(drawn.contains(colour), "{colour}: an outline, white and black");
    }
}

#[test]
fn a_long_notice_says_all_of_what_to_do() {
    let mut board = board_with(denied());
    board.notice = Some(words::NO_PICTURES.to_owned());
    board.preview = Some(preview());
    let size = Size {
        columns: 80,
        rows: 24,
    };
    let lines = text_of(&render(&board, size, true)).join(" ");
    let told: Vec<&str> = lines
        .split_whitespace()
        .filter(|word| !word.contains('▀'))
        .collect();
    assert!(told.join(" ").contains(words::NO_PICTURES), "{told:?}");
    board.preview = None;
    board.notice = Some("word ".repeat(100));
    check_shows(&board, SIZE, &["word word", "admitted 0"]);
}

#[test]
fn a_preview_needs_room_and_colours() {
    let mut board = board_with(denied());
    board.preview = Some(preview());
    for (columns, rows, colour) in [(76, 24, true), (80, 19, true), (80, 24, false), (1, 1, true)] {
        let drawn = render(&board, Size { columns, rows }, colour);
        assert!(!drawn.contains('▀'), "{columns}x{rows}");
    }
    let drawn = render(
        &board,
        Size {
            columns: 77,
            rows: 20,
        },
        true,
    );
    assert!(drawn.contains('▀'));
}

#[test]
fn a_preview_needs_a_terminal_with_greys() {
    for (term, colorterm) in [
        ("xterm-256color", ""),
        ("xterm", "truecolor"),
        ("tmux", "24bit"),
        ("xterm-direct", ""),
    ] {
        assert!(shows_greys(term, colorterm), "{term} {colorterm}");
    }
    for (term, colorterm) in [("linux", ""), ("", ""), ("dumb", ""), ("vt100", "yes")] {
        assert!(!shows_greys(term, colorterm), "{term} {colorterm}");
    }
}

#[test]
fn figures_are_part_of_the_panel() {
    let mut board = board_with(denied());
    board.figures = Some(FrameFigures {
        frames_per_second: 29.97,
        reads: None,
    });
    check_shows(&board, SIZE, &["30.0 frames/s, nothing read"]);
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
        (Signal::Barred, "48;5;1m"),
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
    let counts = ScanCounts {
        admitted: 2,
        denied: 1,
        referred: 0,
    };
    screen.ready(("Gate 1, in", "Night"), "no hub", false).unwrap();
    screen.ended(counts, 0).unwrap();
    screen.ended(counts, 3).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn lines_say_when_scanning_begins_and_ends() {
    check_frame(
        Style::Plain,
        concat!(
            "READY Gate 1, in | for Night | no hub\n",
            "END admitted 2, denied 1, referred 0\n",
            "NOTICE 3 records of this scanner reached no hub yet: start it again when a hub is in reach\n",
            "END admitted 2, denied 1, referred 0\n"
        ),
    );
    check_frame(
        Style::Json,
        concat!(
            r#"{"kind":"ready","place":"Gate 1, in","event":"Night","standing":"no hub","linked":false}"#,
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
    let mut board = board_with(ScanOutcome {
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
fn check_style(wish: OutputWish, expected: Style) {
    assert_eq!(Style::pick(wish), expected, "{wish:?}");
}

#[test]
fn the_style_follows_the_wish_and_the_output() {
    let terminal = OutputWish {
        terminal: true,
        ..OutputWish::default()
    };
    check_style(OutputWish::default(), Style::Plain);
    check_style(terminal, Style::Panel { colour: true });
    check_style(
        OutputWish {
            no_colour: true,
            ..terminal
        },
        Style::Panel { colour: false },
    );
    check_style(
        OutputWish {
            plain: true,
            ..terminal
        },
        Style::Plain,
    );
    check_style(
        OutputWish {
            json: true,
            plain: true,
            ..terminal
        },
        Style::Json,
    );
}

fn certificate(level: Option<WarningLevel>) -> Board {
    Board {
        certificate: Some(CertificateNote {
            level,
            words: "This scanner's certificate ends in 5 h 0 min".to_owned(),
        }),
        ..Board::default()
    }
}

#[test]
fn a_certificate_that_ends_is_amber_then_red_and_green_when_renewed() {
    crossterm::style::force_color_output(true);
    for (level, code) in [
        (Some(WarningLevel::Day), "48;5;3m"),
        (Some(WarningLevel::SixHours), "48;5;3m"),
        (Some(WarningLevel::Hour), "48;5;1m"),
        (Some(WarningLevel::Ended), "48;5;1m"),
        (None, "48;5;2m"),
    ] {
        let board = certificate(level);
        check_shows(&board, SIZE, &["This scanner's certificate ends in 5 h 0 min"]);
        assert!(render(&board, SIZE, true).contains(code), "{level:?}");
    }
}

#[test]
fn a_wrong_clock_is_told_in_red() {
    crossterm::style::force_color_output(true);
    let words = "this machine's clock is 45 min ahead of the other clocks";
    let board = Board {
        clock: Some(words.to_owned()),
        ..Board::default()
    };
    check_shows(&board, SIZE, &[words]);
    assert!(render(&board, SIZE, true).contains("48;5;1m"));
}

#[test]
fn why_a_scanner_may_judge_nothing_is_told_in_red_while_nobody_scans() {
    crossterm::style::force_color_output(true);
    let words = "Do not use: this scanner was withdrawn";
    let board = Board {
        bar: Some(words.to_owned()),
        ..Board::default()
    };
    check_shows(&board, SIZE, &[words, "READY"]);
    assert!(render(&board, SIZE, true).contains("48;5;1m"));
    // Nothing else on a small screen is worth more.
    check_shows(&board, Size { columns: 60, rows: 6 }, &[words]);
}

#[test]
fn a_warning_is_one_line() {
    let written = |style| {
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out, style);
        screen.warned(&certificate(Some(WarningLevel::SixHours))).unwrap();
        String::from_utf8(out).unwrap()
    };
    let words = "This scanner's certificate ends in 5 h 0 min";
    assert_eq!(written(Style::Plain), format!("WARNING {words}\n"));
    let expected = format!(r#"{{"kind":"warning","level":"six_hours","words":"{words}"}}"#);
    assert_eq!(written(Style::Json).trim_end(), expected);
}
