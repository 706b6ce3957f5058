//! Holds docs/PROTOCOL.md to the vectors: every example on the page stands in one of the files; the words around them are for readers.

const PAGE: &str = include_str!("../../../docs/PROTOCOL.md");
const VECTORS: [&str; 6] = [
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
