//! `usher-scan decode`, on pictures drawn here.

use std::fs::File;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::pictures::{blank, picture_of, picture_of_modules};
use crate::scanner::{finished, program};

/// A code that says "Příliš" in ISO 8859-2 and names that character set (ECI 4), made by segno 1.6.
const CZECH: [&str; 21] = [
    "#######..#.##.#######",
    "#.....#..#.##.#.....#",
    "#.###.#..#.##.#.###.#",
    "#.###.#..#....#.###.#",
    "#.###.#.#####.#.###.#",
    "#.....#.......#.....#",
    "#######.#.#.#.#######",
    "........#.#..........",
    "..##..#####.###.#....",
    ".###.#.#..#......##.#",
    "#.###########...#..##",
    "#.#.##.###.##.##...#.",
    "##.#.##..#.#..###.#..",
    "........##..#.##..#.#",
    "#######.###...#..##..",
    "#.....#...##...##....",
    "#.###.#...##.#.#.#.##",
    "#.###.#.#.###.#.####.",
    "#.###.#.##.#....#....",
    "#.....#..##.....#.##.",
    "#######...####.###...",
];

fn decode(files: &[&Path]) -> Output {
    finished(program().arg("decode").args(files))
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str) {
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        stdout,
        "stderr: {complaints}"
    );
    assert_eq!(output.status.code(), Some(code), "stderr: {complaints}");
    assert!(!complaints.contains("panicked"), "{complaints}");
}

#[test]
fn each_code_is_one_line_with_the_path_as_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let one = picture_of(folder.path(), "one.png", b"12345678901234567");
    let two = picture_of(folder.path(), "two.jpg", "Grüße\tvom Tor".as_bytes());
    let expected = format!(
        "{}\t12345678901234567\n{}\tGrüße\tvom Tor\n",
        one.display(),
        two.display()
    );
    check(&decode(&[&one, &two]), 0, &expected);
}

#[test]
fn bytes_that_are_no_text_are_hexadecimal() {
    let folder = tempfile::tempdir().unwrap();
    let raw = picture_of(folder.path(), "raw.png", &[0xff, 0x00, 0x80]);
    check(&decode(&[&raw]), 0, &format!("{}\thex:ff0080\n", raw.display()));
}

#[test]
fn japanese_text_and_text_of_several_lines_are_printed_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let text = picture_of(
        folder.path(),
        "text.png",
        b"\x83\x82\x83o\x83C\x83\x8b\nhttp://example.jp",
    );
    let expected = format!("{}\tモバイル\nhttp://example.jp\n", text.display());
    check(&decode(&[&text]), 0, &expected);
}

#[test]
fn a_code_that_names_its_character_set_is_printed_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let czech = picture_of_modules(folder.path(), "czech.png", &CZECH);
    check(&decode(&[&czech]), 0, &format!("{}\tPříliš\n", czech.display()));
}

#[test]
fn latin_1_is_text_though_the_code_does_not_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let latin = picture_of(folder.path(), "latin.png", b"M\xfcller & S\xf6hne, Caf\xe9");
    let expected = format!("{}\tMüller & Söhne, Café\n", latin.display());
    check(&decode(&[&latin]), 0, &expected);
}

#[test]
fn files_without_a_code_are_told_and_do_not_stop_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.png");
    let text = folder.path().join("text.png");
    std::fs::write(&text, "no picture").unwrap();
    let blank = blank(folder.path(), "blank.png");
    let good = picture_of(folder.path(), "good.png", b"7");
    let output = decode(&[&missing, &text, &blank, &good]);
    check(&output, 1, &format!("{}\t7\n", good.display()));
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaints.lines().count(), 3, "{complaints}");
    for (line, path) in complaints.lines().zip([&missing, &text, &blank]) {
        assert!(
            line.starts_with(&format!("usher-scan: {}: ", path.display())),
            "{line}"
        );
    }
}

#[test]
fn a_folder_stands_for_its_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let first = picture_of(folder.path(), "1.png", b"1");
    let second = picture_of(folder.path(), "2.png", b"2");
    check(
        &decode(&[folder.path()]),
        0,
        &format!("{}\t1\n{}\t2\n", first.display(), second.display()),
    );
}

#[test]
fn a_reader_that_went_away_is_success() {
    let folder = tempfile::tempdir().unwrap();
    let picture = picture_of(folder.path(), "one.png", b"1");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = program();
    let status = command
        .arg("decode")
        .arg(&picture)
        .stdout(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn an_output_that_is_full_is_a_failure_with_a_reason() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let picture = picture_of(folder.path(), "one.png", b"1");
    let mut command = program();
    let piped = command
        .arg("decode")
        .arg(&picture)
        .stdout(full)
        .stderr(Stdio::piped());
    let output = piped.spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be written"));
}

#[test]
fn wrong_usage_is_told_with_exit_code_2() {
    check(&decode(&[]), 2, "");
    let help = finished(program().args(["decode", "--help"]));
    assert!(help.status.success());
}
