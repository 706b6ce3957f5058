//! What a search looks for, in the words of FTS5 and of PostgreSQL's tsquery.

use std::collections::BTreeSet;

use crate::catalogue::search::{EventQuery, NameMatch};
use crate::store::sql::Sql;

use super::listings::{category_tag, city_tag};

/// How an engine is told what to look for.
#[derive(Debug, Clone, Copy)]
pub enum SearchWords {
    /// FTS5: `{name} : "owl" *`.
    Sqlite,
    /// A tsquery: `'owl':*A`.
    Postgres,
}

/// Where a word is looked for, as FTS5 and as a tsquery name it.
type Within = (&'static str, &'static str);
const NAME: Within = ("{name}", "A");
const ANYWHERE: Within = ("{name other}", "AB");
const TAGS: Within = ("{tags}", "D");

impl SearchWords {
    /// Returns the way of a connection's engine.
    pub fn of(connection: &Sql<'_>) -> Self {
        match connection {
            Sql::Sqlite(_) => Self::Sqlite,
            Sql::Postgres(_) => Self::Postgres,
        }
    }

    /// Says what a search looks for; `None` if it names nothing.
    pub fn sought(self, request: &EventQuery, found: NameMatch) -> Option<String> {
        let text = request.words.as_deref().map(|words| self.matching(words, found));
        let city = request
            .city
            .as_deref()
            .map(|city| self.word(TAGS, &city_tag(city), ""));
        let category = request.category.map(|category| category_tag(category.word()));
        let category = category.map(|tag| self.word(TAGS, &tag, ""));
        let near = request.near.map(|near| self.any(&near.cells()));
        let all: Vec<_> = [text, city, category, near].into_iter().flatten().collect();
        (!all.is_empty()).then(|| self.all(&all))
    }

    fn matching(self, words: &[String], found: NameMatch) -> String {
        let of = |within, ending| {
            let each: Vec<_> = words.iter().map(|word| self.word(within, word, ending)).collect();
            self.all(&each)
        };
        match found {
            NameMatch::Whole => of(NAME, ""),
            NameMatch::Begun => self.but(&of(NAME, "*"), &of(NAME, "")),
            NameMatch::Elsewhere => self.but(&of(ANYWHERE, "*"), &of(NAME, "*")),
        }
    }

    /// A folded word has letters, digits and their marks alone, so that quotes are enough.
    fn word(self, (columns, weights): Within, word: &str, ending: &str) -> String {
        match self {
            Self::Sqlite => format!("{columns} : \"{word}\" {ending}"),
            Self::Postgres => format!("'{word}':{ending}{weights}"),
        }
    }

    fn all(self, each: &[String]) -> String {
        match self {
            Self::Sqlite => format!("({})", each.join(" AND ")),
            Self::Postgres => format!("({})", each.join(" & ")),
        }
    }

    fn any(self, tags: &BTreeSet<String>) -> String {
        let each: Vec<_> = tags.iter().map(|tag| self.word(TAGS, tag, "")).collect();
        match self {
            Self::Sqlite => format!("({})", each.join(" OR ")),
            Self::Postgres => format!("({})", each.join(" | ")),
        }
    }

    fn but(self, text: &str, not: &str) -> String {
        match self {
            Self::Sqlite => format!("({text} NOT {not})"),
            Self::Postgres => format!("({text} & !{not})"),
        }
    }
}
