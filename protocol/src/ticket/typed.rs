//! What a USB scanner meant by what it typed: the codes of tickets, or what to set at the scanner. Judges nothing.
//!
//! A scanner types for a keyboard layout that the computer may not have, with a symbology identifier in front of a code,
//! blanks around it, and nothing between two codes, as it was set up. All of that is taken away where what is left is a
//! whole ticket: a code of ours is a run of digits that tells its own length and is signed, so nothing else can be made
//! into one by mistake. What cannot be read is told with what to set; anything else is a code that is no ticket.

use super::{MAX_TEXT_DIGITS, SIGNATURE_BYTES, TicketCode, digits, live};
use thiserror::Error;

/// Fewest digits of a ticket: a payload with every field at its shortest.
pub const MIN_TEXT_DIGITS: usize = digits::encoded_len(SIGNATURE_BYTES + 11);

/// Most different characters that the typing of a ticket has in any layout: ten digits and a symbology identifier.
const MAX_LAYOUT_LETTERS: usize = 13;

/// What the digit keys from 0 to 9 give, pressed alone, in the layouts that have no digits there; and with Shift in the US
/// layout, for a scanner that is set to one of them.
const LAYOUTS: [&str; 6] = [
    "à&é\"'(-è_ç", // French
    "à&é\"'(§è!ç", // Belgian
    "é+ěščřžýáí",  // Czech
    "é+ľščťžýáí",  // Slovak
    "ö123456789",  // Hungarian, whose 0 alone lies elsewhere
    ")!@#$%^&*(",
];

/// Why a typing that has a ticket in it, or looks like one, cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Garbled {
    /// The computer takes the keys for another layout's.
    #[error(
        "the scanner and this computer have different keyboard layouts: set the scanner's keyboard layout to US (and the computer's too), then scan again"
    )]
    OtherLayout,
    /// Something that is no ticket follows one.
    #[error(
        "several codes ran into each other: scan one after the other, and set the scanner to press Enter after each code"
    )]
    RanTogether,
    /// There are characters around a ticket.
    #[error(
        "the scanner types something of its own around the code: switch its prefix and suffix off, except Enter, then scan again"
    )]
    Surrounded,
}

/// Returns which codes were typed, without what the scanner put around them; none for blanks alone.
///
/// # Errors
/// [`Garbled`].
pub fn codes(typing: &str) -> Result<Vec<String>, Garbled> {
    let typing = typing.trim_matches(is_blank);
    if typing.is_empty() {
        return Ok(Vec::new());
    }
    // Eight characters are too few for anything else of ours.
    if typing.parse::<TicketCode>().is_ok() {
        return Ok(vec![typing.to_owned()]);
    }
    if let Some(tickets) = readings(typing).find_map(|reading| tickets_alone(&reading)) {
        return Ok(tickets);
    }
    let code = without_identifier(typing).trim_start_matches(is_blank);
    if readings(typing).any(|reading| is_ticket_and_more(without_identifier(&reading))) {
        return Err(Garbled::RanTogether);
    }
    if is_number(code) {
        return Ok(vec![code.to_owned()]);
    }
    if readings(typing).any(|reading| has_ticket(&reading)) {
        return Err(Garbled::Surrounded);
    }
    if is_other_layout(code) {
        return Err(Garbled::OtherLayout);
    }
    Ok(vec![code.to_owned()])
}

/// Tells whether a text is one whole ticket, be it signed or not.
#[must_use]
pub fn is_ticket(text: &str) -> bool {
    (MIN_TEXT_DIGITS..=MAX_TEXT_DIGITS).contains(&text.len())
        && digits::decode(text.as_bytes()).is_some_and(|code| live::parse(&code).is_ok())
}

/// What a scanner may put around a code that no ticket has: blanks, a byte order mark, STX and ETX.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control() || letter == '\u{feff}'
}

/// The typing as it is, and as each layout's digits.
fn readings(typing: &str) -> impl Iterator<Item = String> {
    let in_layout = |layout: &'static str| {
        typing
            .chars()
            .map(|letter| digit_of(layout, letter).unwrap_or(letter))
            .collect()
    };
    std::iter::once(typing.to_owned()).chain(LAYOUTS.into_iter().map(in_layout))
}

fn digit_of(layout: &str, letter: char) -> Option<char> {
    let key = layout.chars().position(|key| key == letter)?;
    char::from_digit(u32::try_from(key).ok()?, 10)
}

/// Takes a reading apart into tickets, each of which may have blanks and an identifier before it; `None` where anything
/// else is in it.
fn tickets_alone(reading: &str) -> Option<Vec<String>> {
    let mut tickets = Vec::new();
    let mut rest = reading;
    while !rest.is_empty() {
        let (front, run, after) = next_run(rest);
        let run = match front {
            "" => run,
            front if is_identifier(front) => run.get(1..)?,
            _ => return None,
        };
        tickets.extend(in_a_row(run)?);
        rest = after.trim_start_matches(is_blank);
    }
    Some(tickets)
}

/// Splits off what comes before the first digit, and the run of digits that begins there.
fn next_run(text: &str) -> (&str, &str, &str) {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let start = text.find(is_digit).unwrap_or(text.len());
    let (front, rest) = text.split_at(start);
    let end = rest.find(|letter| !is_digit(letter)).unwrap_or(rest.len());
    let (run, after) = rest.split_at(end);
    (front, run, after)
}

/// Tells whether this and a digit are a symbology identifier (ISO/IEC 15424): `]` and a letter. In other layouts `]` is
/// another character, or none where its key waits for the next one; the letter may be another.
fn is_identifier(front: &str) -> bool {
    let mut backwards = front.trim_end_matches(is_blank).chars().rev();
    backwards.next().is_some_and(char::is_alphabetic) && backwards.count() <= 1
}

/// Takes a run of digits apart into whole tickets; `None` where one is not whole.
fn in_a_row(run: &str) -> Option<Vec<String>> {
    let mut tickets = Vec::new();
    let mut rest = run;
    while !rest.is_empty() {
        // The longest: a live ticket begins with what could be a ticket by itself.
        let lengths = MIN_TEXT_DIGITS..=rest.len().min(MAX_TEXT_DIGITS);
        let end = lengths.rev().find(|&end| is_ticket(&rest[..end]))?;
        let (ticket, after) = rest.split_at(end);
        tickets.push(ticket.to_owned());
        rest = after;
    }
    (!tickets.is_empty()).then_some(tickets)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Tells whether a run of digits is too much for a ticket, or goes on behind one.
fn is_ticket_and_more(text: &str) -> bool {
    is_number(text) && (text.len() > MAX_TEXT_DIGITS || starts_with_ticket(text))
}

fn starts_with_ticket(run: &str) -> bool {
    (MIN_TEXT_DIGITS..=run.len().min(MAX_TEXT_DIGITS)).any(|end| is_ticket(&run[..end]))
}

/// Tells whether a run of digits in the text is a ticket.
fn has_ticket(reading: &str) -> bool {
    let mut runs = reading.split(|letter: char| !letter.is_ascii_digit());
    // An identifier may have left its digit in front.
    runs.any(|run| starts_with_ticket(run) || run.get(1..).is_some_and(starts_with_ticket))
}

/// Takes `]`, a letter and a digit away.
fn without_identifier(typing: &str) -> &str {
    match typing.as_bytes() {
        [b']', letter, digit, ..] if letter.is_ascii_alphabetic() && digit.is_ascii_digit() => &typing[3..],
        _ => typing,
    }
}

/// Tells whether a text as long as a ticket has so few different characters that they must be some layout's digits.
fn is_other_layout(typing: &str) -> bool {
    let mut letters: Vec<char> = typing.chars().collect();
    let is_long = letters.len() >= MIN_TEXT_DIGITS;
    letters.sort_unstable();
    letters.dedup();
    is_long && letters.len() <= MAX_LAYOUT_LETTERS
}

#[cfg(test)]
mod tests;
