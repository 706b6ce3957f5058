//! One line of a seller's list: its code, and what it says of the ticket in the words of the sellers whose lists were seen.

use thiserror::Error;
use usher_keys::PublicKey;
use usher_protocol::TierId;
use usher_protocol::ticket::foreign::identity::{CodeIdentity, MAX_IDENTITY_BYTES, identify};

use crate::cli::import::columns::{Columns, ListColumn};
use crate::selling::imports::ImportedCode;

/// Words for tickets that let nobody in any more, in small letters.
const VOID: [&str; 14] = [
    "void",
    "voided",
    "canceled",
    "cancelled",
    "refunded",
    "deleted",
    "not attending",
    "revoked",
    "blocked",
    "expired",
    "invalid",
    "inactive",
    "rejected",
    "storniert",
];
/// Words for those that do.
const GOOD: [&str; 14] = [
    "",
    "valid",
    "attending",
    "active",
    "paid",
    "complete",
    "completed",
    "confirmed",
    "issued",
    "unused",
    "ok",
    "sold",
    "bezahlt",
    "acquired",
];
/// Words for those whose people went in.
const USED: [&str; 4] = ["checked in", "checked-in", "used", "scanned"];
const NO: [&str; 8] = ["", "no", "false", "0", "-", "nein", "non", "never"];
const YES: [&str; 6] = ["yes", "true", "1", "ja", "oui", "paid"];
/// Of how many numbers in a hundred the longest must be as long for the shorter ones to have lost zeros in front.
const SAME_LENGTH_PERCENT: usize = 67;

/// Why a line is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RefusedLine {
    /// It has no code.
    #[error("there is no code in it")]
    Empty,
    /// No code is as long.
    #[error("the code is longer than {MAX_IDENTITY_BYTES} bytes")]
    TooLong,
    /// No code has such a character.
    #[error("there is a control character in the code")]
    ControlCharacter,
    /// Nobody sees one of its characters, and no scanner reads it.
    #[error(
        "there is a character in the code that nobody sees, such as a zero-width space: export the list anew, or type the code"
    )]
    InvisibleCharacter,
    /// A spreadsheet keeps the code as a formula.
    #[error(
        "{text:?} is a spreadsheet's formula and not a code: export the list anew, with the column as text"
    )]
    Formula { text: String },
    /// A spreadsheet has shortened the number.
    #[error(
        "{text:?} is a number as a spreadsheet shortens it: export the list anew, with the column as text"
    )]
    Scientific { text: String },
    /// A spreadsheet may have taken zeros away.
    #[error(
        "the code has {digits} digits where most have {usual}: a spreadsheet may have taken zeros away in front. Export the list anew, with the column as text, or say --lengths-vary"
    )]
    LostZeros { digits: usize, usual: usize },
    /// An earlier line has the code.
    #[error("the same code is in line {line}")]
    Twice { line: usize },
    /// It may be good or not.
    #[error("{status:?} is not known as a status: mend it, or name another column with --map status=COLUMN")]
    UnknownStatus { status: String },
    /// It does not say how many people the ticket lets in.
    #[error("{persons:?} is no number of people from 1 to 255")]
    Persons { persons: String },
    /// Nobody that is known has signed the code.
    #[error("the code is signed, and by no key that is known here: give the seller's with --seller-key")]
    UnknownSeller,
}

/// Reads what a ticket entitles to.
///
/// # Errors
///
/// [`RefusedLine`].
pub fn read_line(
    columns: &Columns,
    fields: &[String],
    (tier, sellers, usual): (TierId, &[PublicKey], Option<usize>),
) -> Result<ImportedCode, RefusedLine> {
    let identity = read_code(columns.field(fields, ListColumn::Code), (sellers, usual))?;
    let field = |column| columns.field(fields, column).to_lowercase();
    let status = field(ListColumn::Status);
    let is_used = USED.contains(&status.as_str()) || !NO.contains(&field(ListColumn::Used).as_str());
    let is_known = [&VOID[..], &GOOD, &USED].concat().contains(&status.as_str());
    if !is_known {
        return Err(RefusedLine::UnknownStatus { status });
    }
    let persons = field(ListColumn::Persons);
    let admits = match persons.as_str() {
        "" => 1,
        said => said
            .parse()
            .ok()
            .filter(|admits| *admits > 0)
            .ok_or(RefusedLine::Persons { persons })?,
    };
    let is_unpaid = columns.has(ListColumn::Paid) && !YES.contains(&field(ListColumn::Paid).as_str());
    let is_blocked = !NO.contains(&field(ListColumn::Blocked).as_str());
    let says_use = columns.has(ListColumn::Used) || columns.has(ListColumn::Status);
    Ok(ImportedCode {
        identity,
        tier,
        admits,
        used: says_use.then_some(if is_used { admits } else { 0 }),
        is_void: VOID.contains(&status.as_str()) || is_blocked || is_unpaid,
    })
}

fn read_code(
    text: &str,
    (sellers, usual): (&[PublicKey], Option<usize>),
) -> Result<CodeIdentity, RefusedLine> {
    if text.is_empty() {
        return Err(RefusedLine::Empty);
    }
    if text.chars().any(char::is_control) {
        return Err(RefusedLine::ControlCharacter);
    }
    if text.chars().any(is_invisible) {
        return Err(RefusedLine::InvisibleCharacter);
    }
    // Signed codes may begin with the sign alone.
    if text.starts_with("=\"") {
        let text = text.to_owned();
        return Err(RefusedLine::Formula { text });
    }
    if is_scientific(text) {
        return Err(RefusedLine::Scientific {
            text: text.to_owned(),
        });
    }
    let digits = text.len();
    if let Some(usual) = usual.filter(|usual| is_number(text) && digits < *usual) {
        return Err(RefusedLine::LostZeros { digits, usual });
    }
    let identity = identify(text.as_bytes()).ok_or(RefusedLine::TooLong)?;
    if identity.is_signed_by(text.as_bytes(), sellers) {
        Ok(identity)
    } else {
        Err(RefusedLine::UnknownSeller)
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_invisible(letter: char) -> bool {
    let is_mark =
        matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
    is_mark || matches!(letter, '\u{a0}' | '\u{ad}' | '\u{feff}')
}

/// Tells whether a spreadsheet has made 2.38E+11 of a number.
fn is_scientific(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let is_decimal = number.contains(['.', ',']) && is_number(&number.replacen(['.', ','], "", 1));
    let signed = exponent.strip_prefix(['+', '-']);
    let has_exponent = signed.is_some_and(|digits| !digits.is_empty() && is_number(digits));
    (is_decimal || is_number(number)) && !number.is_empty() && has_exponent
}

/// Returns how many digits the longest numbers among the codes have, if most have as many: shorter ones have lost zeros.
pub fn usual_digits(columns: &Columns) -> Option<usize> {
    let codes = columns
        .rows()
        .iter()
        .map(|(_, fields)| columns.field(fields, ListColumn::Code));
    let lengths: Vec<usize> = codes
        .filter(|code| !code.is_empty() && is_number(code))
        .map(str::len)
        .collect();
    let longest = *lengths.iter().max()?;
    let as_long = lengths.iter().filter(|length| **length == longest).count();
    (as_long * 100 >= lengths.len() * SAME_LENGTH_PERCENT).then_some(longest)
}
