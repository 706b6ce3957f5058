//! What scripts of pages say: handed in with the page, in its language, so that scripts have no words of their own.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Language;
use super::phrase::{raw, values_in};

/// How scripts ask for a text, and for one that depends on a number (`cloud/assets/words.js`).
const SAID: &str = "said(\"";
const COUNTED: &str = "counted(\"";

/// The words of a script, in each language, as JSON.
#[derive(Debug)]
pub struct ScriptWords([String; Language::ALL.len()]);

impl ScriptWords {
    /// Gathers what a script says; with what may go wrong if it asks the API.
    pub fn of(script: &'static str, asks_the_api: bool) -> Self {
        Self(Language::ALL.map(|language| words(script, asks_the_api, language)))
    }

    /// Returns the words in a language, ready to be written into a page: no text in them can end a script.
    pub fn in_language(&self, language: Language) -> &str {
        &self.0[language as usize]
    }
}

fn words(script: &'static str, asks_the_api: bool, language: Language) -> String {
    let texts = asked_for(script, SAID).into_iter();
    let texts = texts.map(|key| (key.to_owned(), Value::String(text(language, key, None))));
    let counted = asked_for(script, COUNTED).into_iter();
    let counted = counted.map(|key| (key.to_owned(), forms(language, key)));
    let mut all = Map::new();
    all.insert("texts".into(), Value::Object(texts.chain(counted).collect()));
    if asks_the_api {
        let problems = language.problems();
        let problems = problems.map(|(slug, text)| (slug.to_owned(), Value::String(text)));
        all.insert("problems".into(), Value::Object(problems.collect()));
    }
    Value::Object(all).to_string().replace('<', "\\u003c")
}

/// Finds the keys that a script asks for.
pub(super) fn asked_for(script: &'static str, call: &str) -> BTreeSet<&'static str> {
    let calls = script.split(call).skip(1);
    calls.filter_map(|rest| rest.split('"').next()).collect()
}

/// Writes a text with its values left open, `{name}`, for the script to fill in.
fn text(language: Language, key: &'static str, count: Option<u64>) -> String {
    let names = raw(language, key).map(values_in).unwrap_or_default();
    let mut phrase = language.say(key);
    for name in names {
        phrase = match count.filter(|_| name == "count") {
            Some(count) => phrase.chosen(name, count),
            None => phrase.bare(name, format!("{{{name}}}")),
        };
    }
    phrase.to_string()
}

/// Writes a text in each form that the language has for numbers; those that are like the last one are left out.
fn forms(language: Language, key: &'static str) -> Value {
    let other = text(language, key, Some(OTHER));
    let all = categories(language).iter();
    let all = all.map(|(category, count)| (*category, text(language, key, Some(*count))));
    let mut forms: Map<_, _> = all
        .filter(|(_, text)| *text != other)
        .map(|(category, text)| (category.to_owned(), Value::String(text)))
        .collect();
    forms.insert("other".into(), Value::String(other));
    Value::Object(forms)
}

/// A number that all of our languages count as `other`.
const OTHER: u64 = 100;

/// Lists the categories of numbers that a language knows beside `other`, with a number of each
/// (<https://cldr.unicode.org/index/cldr-spec/plural-rules>).
fn categories(language: Language) -> &'static [(&'static str, u64)] {
    match language {
        Language::English | Language::German | Language::French | Language::Spanish => &[("one", 1)],
        Language::Arabic => &[("zero", 0), ("one", 1), ("two", 2), ("few", 3), ("many", 11)],
    }
}
