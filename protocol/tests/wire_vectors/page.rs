//! Holds docs/PROTOCOL.md to the vectors: every example on the page stands in one of the files; the words around them are for readers.

use usher_keys::codec;
use usher_protocol::record::Body;

use super::log::{authority_log, hub_log, name_of};

pub const PAGE: &str = include_str!("../../../docs/PROTOCOL.md");
const VECTORS: [&str; 8] = [
    include_str!("../vectors/archive.txt"),
    include_str!("../vectors/foreign.txt"),
    include_str!("../vectors/ticket.json"),
    include_str!("../vectors/log.txt"),
    include_str!("../vectors/proofs.txt"),
    include_str!("../vectors/trust.txt"),
    include_str!("../vectors/sync.txt"),
    include_str!("../vectors/home.txt"),
];

/// The fenced blocks of the page with that info string.
fn blocks(info: &str) -> Vec<&'static str> {
    let fence = format!("\n```{info}\n");
    let begun = PAGE.split(fence.as_str()).skip(1);
    begun.filter_map(|rest| rest.split("\n```").next()).collect()
}

/// The bytes of an annotated block: in each line what stands before two spaces, without the single ones.
fn bytes_of(block: &str) -> String {
    let bytes = block.lines().filter_map(|line| line.split("  ").next());
    bytes.flat_map(str::chars).filter(|c| *c != ' ').collect()
}

#[track_caller]
fn check_quoted(quote: &str) {
    assert!(
        VECTORS.iter().any(|vectors| vectors.contains(quote)),
        "no vector holds {quote}"
    );
}

#[test]
fn every_hexadecimal_example_of_the_page_stands_in_a_vector() {
    let examples = blocks("hex");
    assert!(examples.len() >= 9, "only {} examples were found", examples.len());
    for example in examples {
        let bytes = bytes_of(example);
        assert!(
            bytes
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
            "{bytes}"
        );
        check_quoted(&bytes);
    }
}

#[test]
fn the_text_and_the_code_on_the_page_stand_in_a_vector() {
    let texts = blocks("text");
    let is_digits = |text: &&&str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_whitespace())
    };
    let digits = texts.iter().find(is_digits).unwrap();
    check_quoted(&digits.split_ascii_whitespace().collect::<String>());
    let code = texts
        .iter()
        .find(|text| text.starts_with("usher-enrol:"))
        .unwrap();
    check_quoted(code);
}

/// The cells of the rows of a section whose first cell fits.
fn rows(section: &str, is_row: impl Fn(&[&str]) -> bool) -> Vec<Vec<&'static str>> {
    let heading = format!("\n## {section}\n");
    let text = PAGE.split(heading.as_str()).nth(1).unwrap();
    let lines = text.lines().take_while(|line| !line.starts_with("## "));
    let rows = lines.filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.filter(|cells| is_row(cells)).collect()
}

#[test]
fn the_page_numbers_every_kind_of_record_and_says_who_may_write_it() {
    let mut bodies: Vec<Body> = authority_log().into_iter().chain(hub_log()).collect();
    // The encoding begins with the number of the kind.
    let number = |body: &Body| codec::encode(body)[0];
    bodies.sort_by_key(number);
    let numbered: Vec<String> = (0..)
        .zip(&bodies)
        .map(|(place, body)| {
            assert_eq!(number(body), place, "{}", name_of(body));
            let critical = if body.is_authority() { "yes" } else { "no" };
            format!("{place} {} {critical}", name_of(body))
        })
        .collect();
    let kinds = rows("Records", |cells| {
        cells.len() > 2 && ["yes", "no"].contains(&cells[2])
    });
    let kinds: Vec<String> = kinds.iter().map(|cells| cells[..3].join(" ")).collect();
    assert_eq!(kinds, numbered);
    let known: Vec<&str> = bodies.iter().map(name_of).collect();
    let said = rows("Who may say what", |cells| known.contains(&cells[0]));
    let names: Vec<&str> = said.iter().map(|cells| cells[0]).collect();
    assert_eq!(
        names, known,
        "each kind has one row, in the order of their numbers"
    );
    for (body, row) in bodies.iter().zip(&said) {
        let is_authority = row[1] == "an authority";
        assert_eq!(is_authority, body.is_authority(), "{}", row[0]);
    }
}
