//! Codes that set phones up: drawn, kept as a hash, and drawn as pictures for a terminal and a page; who may have one is the caller's to say.

use std::fmt::Write;
use std::time::Duration;

use fast_qr::{ECL, QRBuilder, QRCode};
use serde_json::json;
use usher_device::phone_secret::PhoneSecret;
use usher_device::replica::{Access, ReplicaError, TokenHolder};
use usher_keys::Timestamp;

/// How long a code can be used: it is shown on a screen and scanned at once.
const CODE_VALID: Duration = Duration::from_hours(1);
/// White modules around a code in a terminal, where every line counts, and on a page.
const QUIET_ZONES: [usize; 2] = [2, 4];
/// Sets black on white, whatever the terminal's colours; and back.
const BLACK_ON_WHITE: [&str; 2] = ["\x1b[30;107m", "\x1b[0m"];

/// A code that sets one phone up.
pub struct PhoneCode {
    /// What the app reads.
    pub text: String,
    /// When it can no longer be used.
    pub until: Timestamp,
}

impl PhoneCode {
    /// Draws a code for phones that reach the door at that address, and remembers its hash.
    ///
    /// # Errors
    ///
    /// The system's random source failed, or the file cannot be written.
    pub fn make(
        (access, door): (&Access, &str),
        holder: &TokenHolder,
        now: Timestamp,
    ) -> Result<Self, CodeError> {
        let code = PhoneSecret::draw_code()?;
        let until = now.plus_ms(u64::try_from(CODE_VALID.as_millis()).unwrap_or(u64::MAX));
        access.add_phone_code(code.hash(), (holder, until), now)?;
        let text = json!({ "handshake_version": 1, "url": door, "token": code.reveal() }).to_string();
        Ok(Self { text, until })
    }

    /// Draws it as SVG, black on white.
    pub fn svg(&self) -> String {
        let [_, quiet_zone] = QUIET_ZONES;
        let Some(qr) = qr(&self.text) else {
            return String::new();
        };
        let side = qr.size + 2 * quiet_zone;
        let places = (0..side).flat_map(|row| (0..side).map(move |column| (row, column)));
        let dark = places.filter(|place| is_dark(&qr, quiet_zone, *place));
        let path: String = dark
            .map(|(row, column)| format!("M{column} {row}h1v1h-1z"))
            .collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
        )
    }
}

/// Draws a text with half blocks, two rows of modules in a line.
pub fn in_terminal(text: &str, is_coloured: bool) -> String {
    let [quiet_zone, _] = QUIET_ZONES;
    let Some(qr) = qr(text) else {
        return String::new();
    };
    let side = qr.size + 2 * quiet_zone;
    let [begin, end] = if is_coloured { BLACK_ON_WHITE } else { [""; 2] };
    let mut drawn = String::new();
    for row in (0..side).step_by(2) {
        let dark = |row, column| is_dark(&qr, quiet_zone, (row, column));
        let halves = (0..side).map(|column| match (dark(row, column), dark(row + 1, column)) {
            (true, true) => '\u{2588}',
            (true, false) => '\u{2580}',
            (false, true) => '\u{2584}',
            (false, false) => ' ',
        });
        let line: String = halves.collect();
        writeln!(drawn, "{begin}{line}{end}").expect("writing to memory succeeds");
    }
    drawn
}

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The system's random source failed.
    #[error("the system's random source failed: try again")]
    Randomness(#[from] getrandom::Error),
    /// The file of codes cannot be written.
    #[error(transparent)]
    Storage(#[from] ReplicaError),
}

fn qr(text: &str) -> Option<QRCode> {
    QRBuilder::new(text.as_bytes()).ecl(ECL::L).build().ok()
}

fn is_dark(qr: &QRCode, quiet_zone: usize, (row, column): (usize, usize)) -> bool {
    let inside = |at: usize| at.checked_sub(quiet_zone).filter(|at| *at < qr.size);
    inside(row)
        .zip(inside(column))
        .is_some_and(|(row, column)| qr[row][column].value())
}
