//! What is said in a language: a text of its Fluent file, with what is put into it.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt::{self, Display, Write as _};
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use usher_words::problems::{ProblemKind, ProblemReaders};

use super::{Language, Text};

/// The Fluent files of a language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sources {
    /// What buyers read on pages, and in letters.
    pub buyers: [&'static str; 2],
    /// What goes wrong, by the kind of a problem. In English, the API says it.
    pub problems: &'static str,
}

/// Names the Fluent files in a folder of `cloud/words`.
macro_rules! sources {
    ($folder:literal, $problems:expr) => {
        Sources {
            buyers: [
                include_str!(concat!("../../words/", $folder, "/buyers.ftl")),
                include_str!(concat!("../../words/", $folder, "/letters.ftl")),
            ],
            problems: $problems,
        }
    };
    ($folder:literal) => {
        sources!(
            $folder,
            include_str!(concat!("../../words/", $folder, "/problems.ftl"))
        )
    };
}

pub(super) fn sources(language: Language) -> Sources {
    match language {
        Language::English => sources!("en", ""),
        Language::German => sources!("de"),
        Language::French => sources!("fr"),
        Language::Spanish => sources!("es"),
        Language::Arabic => sources!("ar"),
    }
}

/// Texts of a language, read once.
struct Texts {
    buyers: FluentBundle<FluentResource>,
    problems: FluentBundle<FluentResource>,
}

static TEXTS: LazyLock<[Texts; Language::ALL.len()]> = LazyLock::new(|| {
    Language::ALL.map(|language| {
        let sources = sources(language);
        Texts {
            buyers: read(language, &sources.buyers),
            problems: read(language, &[sources.problems]),
        }
    })
});

fn read(language: Language, sources: &[&str]) -> FluentBundle<FluentResource> {
    let tag = language.tag().parse().expect("a tag of ours is one");
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // What needs it is set apart here: see `isolated`.
    bundle.set_use_isolating(false);
    for source in sources {
        let read = FluentResource::try_new((*source).to_owned());
        bundle.add_resource_overriding(read.unwrap_or_else(|(readable, _)| readable));
    }
    bundle
}

impl Language {
    /// Begins a text. A test holds that each is there, in every language.
    pub fn say(self, text: Text) -> Phrase {
        Phrase {
            language: self,
            text,
            values: FluentArgs::new(),
        }
    }

    /// Says what went wrong; nothing where the API's own words are to be read.
    pub fn problem(self, kind: ProblemKind) -> Option<String> {
        match kind.readers() {
            ProblemReaders::Buyers => {
                formatted(&TEXTS[self as usize].problems, kind.slug(), &FluentArgs::new())
            }
            ProblemReaders::Others => None,
        }
    }

    /// Lists what may go wrong in words of this language, by the names of the problems' kinds.
    pub fn problems(self) -> impl Iterator<Item = (&'static str, String)> {
        let kinds = ProblemKind::ALL.iter();
        kinds.filter_map(move |kind| Some((kind.slug(), self.problem(*kind)?)))
    }
}

/// A text that is being put together. It is written by `Display`.
#[derive(Debug)]
pub struct Phrase {
    language: Language,
    text: Text,
    values: FluentArgs<'static>,
}

impl Phrase {
    /// Puts something into the text, as it is.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.values.set(name, isolated(self.language, value.to_string()));
        self
    }

    /// Puts in a number that chooses between one and many (`count`), as it is written (`shown`).
    #[must_use]
    pub fn counted(mut self, count: impl Borrow<u64>) -> Self {
        let count = *count.borrow();
        self.values.set("count", count);
        self.values.set("shown", self.language.number(count));
        self
    }

    /// Chooses a form of the text by a number that is not shown as it is.
    #[must_use]
    pub(super) fn chosen(mut self, name: &'static str, number: u64) -> Self {
        self.values.set(name, number);
        self
    }

    /// Puts in a value as it is, without setting it apart from what is around it.
    #[must_use]
    pub(super) fn bare(mut self, name: &'static str, value: String) -> Self {
        self.values.set(name, FluentValue::from(value));
        self
    }
}

impl Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let languages = [self.language, Language::English].into_iter();
        let key = self.text.key();
        let mut found =
            languages.filter_map(|language| formatted(&TEXTS[language as usize].buyers, key, &self.values));
        f.write_str(&found.next().unwrap_or_default())
    }
}

fn formatted(texts: &FluentBundle<FluentResource>, key: &str, values: &FluentArgs<'_>) -> Option<String> {
    let pattern = texts.get_message(key)?.value()?;
    Some(
        texts
            .format_pattern(pattern, Some(values), &mut Vec::new())
            .into_owned(),
    )
}

/// Sets a value apart from what is around it where one of them is written from right to left: a name in another script than the text would
/// else change the order of what stands beside it. The marks are the ones that Unicode has for it (UAX 9, first strong isolate).
pub(super) fn isolated(language: Language, value: String) -> String {
    let is_rtl = |character: char| matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    if language.direction() == "ltr" && !value.contains(is_rtl) {
        return value;
    }
    let mut apart = String::with_capacity(value.len() + 6);
    let _ = write!(apart, "\u{2068}{value}\u{2069}");
    apart
}

/// Lists the texts of a Fluent file: each key, and what stands after it.
pub(super) fn messages(source: &str) -> Vec<(&str, &str)> {
    let begins = |line: &str| line.starts_with(|first: char| first.is_ascii_lowercase());
    let mut found = Vec::new();
    let mut at = 0;
    let mut begun: Option<(&str, usize)> = None;
    for line in source.split_inclusive('\n') {
        if (begins(line) || line.starts_with('#'))
            && let Some((key, from)) = begun.take()
        {
            found.push((key, &source[from..at]));
        }
        if begins(line)
            && let Some((key, _)) = line.split_once(" =")
        {
            begun = Some((key, at + key.len() + 2));
        }
        at += line.len();
    }
    found.extend(begun.map(|(key, from)| (key, &source[from..])));
    found
}

/// Lists what is put into a text, by the names of the values.
pub(super) fn values_in(text: &str) -> BTreeSet<&str> {
    let parts = text.split('$').skip(1);
    let ends = |part: &str| {
        part.find(|character: char| !character.is_ascii_lowercase())
            .unwrap_or(part.len())
    };
    parts.map(|part| &part[..ends(part)]).collect()
}

/// Returns a text as it stands in the files of a language.
pub(super) fn raw(language: Language, text: Text) -> Option<&'static str> {
    let mut found = sources(language).buyers.into_iter().flat_map(messages);
    found.find(|(key, _)| *key == text.key()).map(|(_, raw)| raw)
}

/// Lists what of a language cannot be read, or not be filled in with what stands in it.
#[cfg(test)]
pub(super) fn faults(language: Language) -> Vec<String> {
    let mut found = Vec::new();
    let Sources { buyers, problems } = sources(language);
    let texts = &TEXTS[language as usize];
    let buyers = buyers.map(|source| (source, &texts.buyers));
    for (source, bundle) in buyers.into_iter().chain([(problems, &texts.problems)]) {
        if let Err((_, errors)) = FluentResource::try_new(source.to_owned()) {
            found.extend(errors.iter().map(ToString::to_string));
        }
        for (key, text) in messages(source) {
            let mut values = FluentArgs::new();
            for name in values_in(text) {
                values.set(name.to_owned(), 3);
            }
            let pattern = bundle.get_message(key).and_then(|message| message.value());
            let Some(pattern) = pattern else {
                found.push(format!("{key} is empty"));
                continue;
            };
            let mut errors = Vec::new();
            bundle.format_pattern(pattern, Some(&values), &mut errors);
            found.extend(errors.iter().map(|error| format!("{key}: {error}")));
        }
    }
    found
}
