//! The codes in a seller's list, one by one: what each entitles to, or why its line is refused.

pub mod lines;
pub mod tiers;

use std::collections::{BTreeMap, BTreeSet};

use usher_keys::PublicKey;
use usher_protocol::ticket::foreign::identity::CodeIdentity;

use super::columns::{Columns, ListColumn};
use crate::selling::imports::ImportedCode;
use lines::{RefusedLine, read_line, usual_digits};
use tiers::TierNames;

/// A line that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadCode {
    pub line: usize,
    pub text: String,
    /// What its seller calls such tickets.
    pub kind: String,
    pub code: ImportedCode,
}

/// All lines.
#[derive(Debug, Default)]
pub struct CodeList {
    pub lines: usize,
    pub codes: Vec<ReadCode>,
    pub refused: Vec<(usize, RefusedLine)>,
    /// Types that are called like no tier.
    pub unknown_types: Vec<String>,
    /// How many tickets have times of their own.
    pub with_times: usize,
}

impl CodeList {
    /// Reads all lines.
    pub fn read(columns: &Columns, of: (&TierNames, &[PublicKey]), lengths_vary: bool) -> Self {
        let mut list = Self {
            lines: columns.rows().len(),
            ..Self::default()
        };
        let usual = (!lengths_vary).then(|| usual_digits(columns)).flatten();
        let mut lines: BTreeMap<(u8, Vec<u8>), usize> = BTreeMap::new();
        let mut unknown = BTreeSet::new();
        for (line, fields) in columns.rows() {
            let line = *line;
            let kind = kind(columns, fields);
            let Some(tier) = of.0.of(&kind) else {
                unknown.insert(kind);
                continue;
            };
            let read = read_line(columns, fields, (tier, of.1, usual));
            let read = read.and_then(|code| match lines.insert(key(&code.identity), line) {
                Some(first) => Err(RefusedLine::Twice { line: first }),
                None => Ok(code),
            });
            match read {
                Ok(code) => {
                    let times = [ListColumn::ValidFrom, ListColumn::ValidUntil];
                    let has_times = times
                        .iter()
                        .any(|column| !columns.field(fields, *column).is_empty());
                    list.with_times += usize::from(has_times);
                    let text = columns.field(fields, ListColumn::Code).to_owned();
                    list.codes.push(ReadCode {
                        line,
                        text,
                        kind,
                        code,
                    });
                }
                Err(why) => list.refused.push((line, why)),
            }
        }
        list.unknown_types = unknown.into_iter().collect();
        list
    }

    /// Returns the tickets that let nobody in.
    pub fn void(&self) -> impl Iterator<Item = &ReadCode> {
        self.codes.iter().filter(|read| read.code.is_void)
    }

    /// Returns some that do, from all over the list.
    pub fn good(&self) -> impl Iterator<Item = &ReadCode> {
        let good: Vec<&ReadCode> = self.codes.iter().filter(|read| !read.code.is_void).collect();
        let step = (good.len() / 3).max(1);
        good.into_iter().step_by(step)
    }
}

fn key(identity: &CodeIdentity) -> (u8, Vec<u8>) {
    match identity {
        CodeIdentity::Text(bytes) => (0, bytes.clone()),
        CodeIdentity::Signed(bytes) => (1, bytes.clone()),
        CodeIdentity::Hashed(bytes) => (2, bytes.clone()),
    }
}

/// What its seller calls a ticket: its product, and which of it, if it comes in several.
fn kind(columns: &Columns, fields: &[String]) -> String {
    let [kind, variation] =
        [ListColumn::Type, ListColumn::Variation].map(|column| columns.field(fields, column));
    match (kind, variation) {
        ("", only) | (only, "") => only.to_owned(),
        (kind, variation) => format!("{kind} – {variation}"),
    }
}

#[cfg(test)]
mod tests;
