//! Tickets as PDF, to be printed or kept: plain data in, bytes out. No clock, no randomness, no files: the same tickets are the same bytes.
//!
//! The fonts that are built in (DejaVu Sans, `fonts/`) have Latin, Greek, Cyrillic, Hebrew, Arabic, Armenian and Georgian letters. Others, such as
//! Chinese, Japanese and Korean ones and emoji, are printed as empty boxes; the code is read all the same.
//!
//! Begin with [`tickets`], which prints a sheet of them.

mod lettering;
mod sheet;

use thiserror::Error;

/// The modules of a QR code, without its quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrModules {
    /// How many there are along a side.
    pub side: usize,
    /// Whether each is dark, row by row; `side` × `side` of them.
    pub dark: Vec<bool>,
}

/// A ticket as it is printed. Texts are one line each; those that do not fit are wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedTicket {
    /// Who holds the event.
    pub organizer: String,
    pub event: String,
    /// When it starts, in words.
    pub starts: String,
    /// Where it is.
    pub venue: String,
    /// What it costs and opens: VIP, Day 2.
    pub tier: String,
    /// What its unit is called: "Stalls, row 1, seat 11".
    pub place: String,
    /// What else there is to know: a name such as "Doors" and what it is.
    pub facts: Vec<(String, String)>,
    /// What is typed when the QR code cannot be read.
    pub code: String,
    /// Its code, if paper shows it.
    pub qr: Option<QrModules>,
    /// What there is to know of a ticket that a phone shows, now or later.
    pub note: Option<String>,
}

/// How many tickets a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageLayout {
    /// One: an A4 page each.
    One,
    /// Four to an A4 page, to be cut.
    Four,
}

/// Why there is no document.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// There are no tickets to print.
    #[error("there are no tickets to print")]
    Nothing,
    /// The QR code of a ticket has not as many modules as it says.
    #[error("a QR code of {side} modules a side has {modules} modules")]
    Modules {
        /// Along a side.
        side: usize,
        /// All told.
        modules: usize,
    },
    /// The PDF could not be written.
    #[error("the document cannot be written: {0}")]
    Unwritable(String),
}

/// Writes tickets as a PDF.
///
/// # Errors
///
/// [`DocumentError`].
pub fn tickets(title: &str, layout: PageLayout, tickets: &[PrintedTicket]) -> Result<Vec<u8>, DocumentError> {
    if tickets.is_empty() {
        return Err(DocumentError::Nothing);
    }
    for qr in tickets.iter().filter_map(|ticket| ticket.qr.as_ref()) {
        if qr.side == 0 || qr.dark.len() != qr.side * qr.side {
            return Err(DocumentError::Modules {
                side: qr.side,
                modules: qr.dark.len(),
            });
        }
    }
    sheet::write(title, layout, tickets)
}
