//! What the columns of sellers' lists are called, by the sellers and by whoever imports one.

use std::str::FromStr;

use thiserror::Error;

/// What a column says of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListColumn {
    /// What the ticket shows.
    Code,
    /// What its seller calls such tickets.
    Type,
    /// Which of the type it is.
    Variation,
    /// In a word, whether it is good.
    Status,
    /// Whether or when somebody went in by it.
    Used,
    /// Whether its seller has blocked it.
    Blocked,
    /// Whether it was paid for.
    Paid,
    /// How many people it lets in.
    Persons,
    /// When it begins to be good.
    ValidFrom,
    /// When that ends.
    ValidUntil,
}

/// The names of columns in the lists of known sellers, in lower case.
pub(super) const NAMES: [(ListColumn, &str, &[&str]); 10] = [
    (
        ListColumn::Code,
        "code",
        &[
            "code",
            "barcode",
            "barcode #",
            "secret",
            "ticket secret",
            "qr",
            "qr code",
            "qr-code",
            "ticket code",
            "ticket id",
            "ticket reference",
            "voucher code",
            "n. codice a barre",
            "ticketcode",
        ],
    ),
    (
        ListColumn::Type,
        "type",
        &[
            "type",
            "ticket type",
            "product",
            "category",
            "rate",
            "ticket",
            "tipologia biglietto",
            "produkt",
            "produit",
            "ticketart",
        ],
    ),
    (
        ListColumn::Variation,
        "variation",
        &["variation", "variante", "variant"],
    ),
    (
        ListColumn::Status,
        "status",
        &[
            "status",
            "attendee status",
            "ticket status",
            "state",
            "void status",
        ],
    ),
    (
        ListColumn::Used,
        "used",
        &[
            "used",
            "checked in",
            "checked_in",
            "check-in date",
            "checked in at",
            "eingecheckt",
        ],
    ),
    (
        ListColumn::Blocked,
        "blocked",
        &["blocked", "gesperrt", "blockiert"],
    ),
    (ListColumn::Paid, "paid", &["paid", "bezahlt"]),
    (
        ListColumn::Persons,
        "persons",
        &["persons", "admits", "people", "personen"],
    ),
    (ListColumn::ValidFrom, "valid from", &["valid from"]),
    (ListColumn::ValidUntil, "valid until", &["valid until"]),
];

/// Which column is what, as somebody says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub what: ListColumn,
    /// Its name, or its number from 1.
    pub column: String,
}

/// What is wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "say what a column is as WHAT=COLUMN, where WHAT is one of code, type, variation, status, used, blocked, paid, persons"
)]
pub struct UnknownMapping;

impl FromStr for Mapping {
    type Err = UnknownMapping;

    fn from_str(text: &str) -> Result<Self, UnknownMapping> {
        let (what, column) = text.split_once('=').ok_or(UnknownMapping)?;
        let known = NAMES.iter().find(|(_, name, _)| *name == what.trim());
        let (what, ..) = known.ok_or(UnknownMapping)?;
        let column = column.trim().to_owned();
        Ok(Self { what: *what, column })
    }
}
