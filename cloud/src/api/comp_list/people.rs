//! The people of such a list, one by one, and how a CSV text names them; whether they may have what they should is the list's to check.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use crate::ids::BlockId;

use super::super::csv::{self, CsvError};

/// What one person gets: either seats, or a number of places of a tier.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompSpec {
    /// The person's address.
    #[schema(example = "ann@example.org")]
    pub email: String,
    /// The person's name.
    #[serde(default)]
    pub name: String,
    /// The tier.
    #[serde(default)]
    pub tier: Option<u16>,
    /// How many places of the tier; 1, unless it is said.
    #[serde(default)]
    pub quantity: Option<u32>,
    /// These seats, by their `seat_id`.
    #[serde(default)]
    pub seat_ids: Option<Vec<u32>>,
    /// The block that they are taken out of; free ones, unless it is said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub block_id: Option<BlockId>,
}

impl CompSpec {
    /// Returns how many tickets the person would get.
    pub fn tickets(&self) -> usize {
        let seats = self.seat_ids.as_ref().map(Vec::len);
        seats.unwrap_or(self.quantity.unwrap_or(1) as usize)
    }

    /// Sets one field; one that is empty says nothing.
    fn set(&mut self, column: &str, field: &str) -> Result<(), FieldFault> {
        let is_said = !field.is_empty();
        match column {
            "email" => self.email = field.to_owned(),
            "name" => self.name = field.to_owned(),
            "tier" if is_said => self.tier = Some(field.parse().map_err(|_| FieldFault::NoNumber)?),
            "quantity" if is_said => self.quantity = Some(field.parse().map_err(|_| FieldFault::NoNumber)?),
            "seat_ids" if is_said => {
                let seats = field.split_whitespace().map(str::parse);
                let seats = seats.collect::<Result<_, _>>();
                self.seat_ids = Some(seats.map_err(|_| FieldFault::NoNumbers)?);
            }
            "block_id" if is_said => self.block_id = Some(field.parse().map_err(|_| FieldFault::NoBlock)?),
            "tier" | "quantity" | "seat_ids" | "block_id" => {}
            _ => return Err(FieldFault::UnknownColumn),
        }
        Ok(())
    }
}

/// Why a CSV text is no list of people. Lines are counted from 1.
#[derive(Debug, Error)]
pub enum PeopleError {
    /// It cannot be read at all.
    #[error("the text is not UTF-8, or has a NUL character in it")]
    NotText,
    /// It is no CSV.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// A person has more or fewer fields than there are columns.
    #[error("in line {line}, there are {fields} fields and {columns} columns")]
    Fields {
        line: usize,
        fields: usize,
        columns: usize,
    },
    /// A field says nothing that its column takes.
    #[error("in line {line}, {column}: {fault}")]
    Field {
        line: usize,
        column: String,
        fault: FieldFault,
    },
}

/// What is wrong with one field.
#[derive(Debug, Clone, Copy, Error)]
pub enum FieldFault {
    /// It is no number that fits.
    #[error("must be a number")]
    NoNumber,
    /// One of them is no number.
    #[error("must be numbers, apart by blanks")]
    NoNumbers,
    /// It is no id of a block.
    #[error("must be a block's id")]
    NoBlock,
    /// There is no such column.
    #[error("the columns are email, name, tier, quantity, seat_ids and block_id")]
    UnknownColumn,
}

/// Reads the people of a CSV text, each with the line that they begin in.
///
/// # Errors
///
/// [`PeopleError`].
pub fn read(text: &str) -> Result<Vec<(usize, CompSpec)>, PeopleError> {
    let mut records = csv::records(text)?.into_iter();
    let (_, columns) = records.next().unwrap_or_default();
    let mut people = Vec::new();
    for (line, fields) in records {
        if fields.len() != columns.len() {
            return Err(PeopleError::Fields {
                line,
                fields: fields.len(),
                columns: columns.len(),
            });
        }
        let mut person = CompSpec::default();
        for (column, field) in columns.iter().map(|column| column.trim()).zip(fields) {
            person
                .set(column, field.trim())
                .map_err(|fault| PeopleError::Field {
                    line,
                    column: column.to_owned(),
                    fault,
                })?;
        }
        people.push((line, person));
    }
    Ok(people)
}
