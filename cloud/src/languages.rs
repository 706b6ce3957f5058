//! The languages that buyers read: which there are, how each is written, and what it says. The words are Fluent files in `cloud/words`.

pub mod choice;
mod phrase;
mod script_words;
mod text;
mod writing;

use serde::Deserialize;
use utoipa::ToSchema;

pub use phrase::Phrase;
pub use script_words::ScriptWords;
pub use text::Text;

/// A language that buyers' pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub enum Language {
    /// Also where nothing else is asked for.
    #[serde(rename = "en")]
    English,
    /// Formal: "Sie".
    #[serde(rename = "de")]
    German,
    /// Formal: "vous".
    #[serde(rename = "fr")]
    French,
    /// Formal: "usted".
    #[serde(rename = "es")]
    Spanish,
    /// Written from right to left.
    #[serde(rename = "ar")]
    Arabic,
}

impl Language {
    /// All of them, in the order in which people are shown them.
    pub const ALL: [Self; 5] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Arabic,
    ];

    /// Returns its tag (BCP 47), as it stands in addresses, cookies and the store.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Arabic => "ar",
        }
    }

    /// Finds the language of a tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// Returns what it calls itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Arabic => "العربية",
        }
    }

    /// Returns the direction in which it is written, as HTML calls it.
    pub fn direction(self) -> &'static str {
        match self {
            Self::Arabic => "rtl",
            Self::English | Self::German | Self::French | Self::Spanish => "ltr",
        }
    }
}

#[cfg(test)]
mod tests;
