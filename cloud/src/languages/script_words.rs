//! What scripts of pages say: handed in with the page, in its language, so that scripts have no words of their own.

use serde_json::{Map, Value};

use super::phrase::{raw, values_in};
use super::{Language, Text};

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
    let said = asked_for(script, SAID).filter_map(Text::from_key);
    let said = said.map(|text| (text.key().to_owned(), Value::String(form(language, text, None))));
    let counted = asked_for(script, COUNTED).filter_map(Text::from_key);
    let counted = counted.map(|text| (text.key().to_owned(), forms(language, text)));
    let mut all = Map::new();
    all.insert("texts".into(), Value::Object(said.chain(counted).collect()));
    if asks_the_api {
        let problems = language.problems();
        let problems = problems.map(|(slug, text)| (slug.to_owned(), Value::String(text)));
        all.insert("problems".into(), Value::Object(problems.collect()));
    }
    Value::Object(all).to_string().replace('<', "\\u003c")
}

/// Finds the keys that a script asks for by this call. A test holds that each is the one of a text.
pub(super) fn asked_for<'a>(script: &'a str, call: &'a str) -> impl Iterator<Item = &'a str> {
    let calls = script.split(call).skip(1);
    calls.filter_map(|rest| rest.split('"').next())
}

/// Writes a text with its values left open, `{name}`, for the script to fill in.
fn form(language: Language, text: Text, count: Option<u64>) -> String {
    let names = raw(language, text).map(values_in).unwrap_or_default();
    let mut phrase = language.say(text);
    for name in names {
        phrase = match count.filter(|_| name == "count") {
            Some(count) => phrase.chosen(name, count),
            None => phrase.bare(name, format!("{{{name}}}")),
        };
    }
    phrase.to_string()
}

/// Writes a text in each form that the language has for numbers; those that are like the last one are left out.
fn forms(language: Language, text: Text) -> Value {
    let other = form(language, text, Some(OTHER));
    let all = categories(language).iter();
    let all = all.map(|(category, count)| (*category, form(language, text, Some(*count))));
    let mut forms: Map<_, _> = all
        .filter(|(_, form)| *form != other)
        .map(|(category, form)| (category.to_owned(), Value::String(form)))
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
