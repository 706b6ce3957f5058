//! That every language says everything, in whole texts, and that what is said is there; how dates, amounts and numbers are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use usher_keys::Timestamp;
use usher_protocol::labels::UnitLabel;
use usher_words::problems::{ProblemKind, ProblemReaders};

use super::phrase::{faults, messages, sources, values_in};
use super::script_words::asked_for;
use super::{Language, ScriptWords, Text};
use crate::local_time::day_and_time;
use crate::money::Money;
use crate::pages::assets;

const OTHERS: [Language; 4] = [
    Language::German,
    Language::French,
    Language::Spanish,
    Language::Arabic,
];

/// The keys of some files, each with what is put into its text.
fn texts(sources: &[&'static str]) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let all: Vec<_> = sources.iter().copied().flat_map(messages).collect();
    let texts: BTreeMap<_, _> = all.iter().map(|(key, text)| (*key, values_in(text))).collect();
    assert_eq!(texts.len(), all.len(), "a key is there twice");
    texts
}

/// All text of the files under a folder whose names end so.
fn read_all(folder: &Path, ending: &str, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, ending, into);
        } else if path.to_str().unwrap().ends_with(ending) && !path.ends_with("languages/tests.rs") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// What the program and its pages are written in, and their scripts.
fn program() -> (String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut pages, mut scripts) = (String::new(), String::new());
    read_all(&root.join("src"), ".rs", &mut pages);
    read_all(&root.join("templates"), "", &mut pages);
    read_all(&root.join("assets"), ".js", &mut scripts);
    (pages, scripts)
}

#[test]
fn every_language_says_every_text_with_the_same_values_and_no_other() {
    let english = texts(&sources(Language::English).buyers);
    for language in Language::ALL {
        let spoken = texts(&sources(language).buyers);
        let known = Text::ALL.iter().map(|text| text.key());
        assert_eq!(
            spoken.keys().copied().collect::<BTreeSet<_>>(),
            known.collect(),
            "{}",
            language.tag()
        );
        for (key, values) in spoken {
            // A form that names its number in words need not show it.
            let without = |values: &BTreeSet<&str>| {
                let values = values.iter().filter(|value| **value != "shown");
                values.map(|value| (*value).to_owned()).collect::<BTreeSet<_>>()
            };
            assert_eq!(
                without(&values),
                without(&english[key]),
                "{}: {key}",
                language.tag()
            );
        }
    }
}

#[test]
fn every_language_says_the_problems_that_buyers_read_and_no_other() {
    let read_by = |readers: ProblemReaders| {
        let kinds = ProblemKind::ALL
            .iter()
            .filter(move |kind| kind.readers() == readers);
        kinds.map(|kind| kind.slug()).collect::<BTreeSet<_>>()
    };
    let of_buyers = read_by(ProblemReaders::Buyers);
    assert!(
        of_buyers.is_disjoint(&read_by(ProblemReaders::Others)),
        "one name, one text"
    );
    for language in OTHERS {
        let spoken = texts(&[sources(language).problems]);
        assert!(spoken.values().all(BTreeSet::is_empty), "{}", language.tag());
        assert_eq!(
            spoken.into_keys().collect::<BTreeSet<_>>(),
            of_buyers,
            "{}",
            language.tag()
        );
        assert!(language.problem(ProblemKind::UnitsTaken).is_some());
        assert_eq!(language.problem(ProblemKind::TillBusy), None);
    }
    assert_eq!(Language::English.problem(ProblemKind::UnitsTaken), None);
}

#[test]
fn what_scripts_say_is_there_and_every_text_is_said() {
    let (pages, scripts) = program();
    let asked = ["said(\"", "counted(\""].map(|call| asked_for(&scripts, call));
    let asked: BTreeSet<&str> = asked.into_iter().flatten().collect();
    for key in &asked {
        assert!(
            Text::from_key(key).is_some(),
            "a script says {key}, which has no text"
        );
    }
    let ends = |rest: &str| rest.find(|letter: char| !letter.is_ascii_alphanumeric());
    let named = pages.split("Text::").skip(1);
    let named: BTreeSet<&str> = named.filter_map(|rest| rest.get(..ends(rest)?)).collect();
    for text in Text::ALL {
        let is_said = named.contains(&*format!("{text:?}")) || asked.contains(text.key());
        assert!(is_said, "nobody says {text:?}");
    }
}

#[test]
fn every_text_can_be_read_and_filled_in() {
    for language in Language::ALL {
        let found = faults(language);
        assert!(found.is_empty(), "{}: {found:?}", language.tag());
    }
}

#[test]
fn dates_are_written_as_people_of_the_language_write_them() {
    let at = Timestamp(1_812_132_000_000);
    let written = Language::ALL.map(|language| language.day_and_time(at, 120));
    assert_eq!(
        written,
        [
            "Fri 4 June 2027, 20:00",
            "Fr., 4. Juni 2027, 20:00 Uhr",
            "ven. 4 juin 2027 à 20:00",
            "vie, 4 de junio de 2027, 20:00",
            "الجمعة 4 يونيو 2027، 20:00",
        ]
    );
    for day in 0..400 {
        let at = at.plus_ms(day * 86_400_000);
        assert_eq!(Language::English.day_and_time(at, 0), day_and_time(at, 0));
    }
}

#[test]
fn amounts_are_written_as_people_of_the_language_write_them() {
    let amounts = |minor, currency: &str| {
        let currency = currency.parse().unwrap();
        Language::ALL.map(|language| language.money(Money { minor, currency }))
    };
    assert_eq!(
        amounts(123_405, "EUR"),
        [
            "1,234.05 EUR",
            "1.234,05\u{a0}€",
            "1\u{202f}234,05\u{a0}€",
            "1.234,05\u{a0}€",
            "\u{2068}1,234.05\u{a0}EUR\u{2069}",
        ]
    );
    assert_eq!(amounts(4_905, "JPY")[1], "4.905\u{a0}JPY");
    assert_eq!(amounts(-5, "EUR")[0], "-0.05 EUR");
    let free = "EUR".parse().unwrap();
    let free = Money {
        minor: 0,
        currency: free,
    };
    assert_eq!(Language::German.price(free), "kostenlos");
}

#[test]
fn one_and_many_are_told_apart_by_the_rules_of_the_language() {
    let count = |language: Language, count: u64| language.say(Text::BeforeYou).counted(count).to_string();
    assert_eq!(count(Language::English, 1), "One person is before you.");
    assert_eq!(count(Language::English, 2_000), "2,000 people are before you.");
    assert_eq!(count(Language::French, 0), "0 personne est avant vous.");
    assert_eq!(count(Language::Arabic, 2), "قبلكم شخصان.");
    assert_eq!(count(Language::Arabic, 11), "قبلكم 11 شخصاً.");
}

#[test]
fn a_name_in_another_script_is_set_apart() {
    let title =
        |language: Language, event: &str| language.say(Text::TicketTitle).with("event", event).to_string();
    assert_eq!(title(Language::English, "Owls"), "Ticket: Owls");
    assert_eq!(title(Language::English, "ليلة"), "Ticket: \u{2068}ليلة\u{2069}");
    assert_eq!(title(Language::Arabic, "Owls"), "تذكرة: \u{2068}Owls\u{2069}");
    let seat = UnitLabel::Seat {
        section: "Parkett".into(),
        row: "A".into(),
        number: "4".into(),
    };
    assert_eq!(Language::English.place(&seat), seat.to_string());
    assert_eq!(Language::German.place(&seat), "Parkett, Reihe A, Platz 4");
}

#[test]
fn a_script_gets_its_words_in_every_form_of_the_language() {
    let words = ScriptWords::of(assets::SELL, true);
    let read = |language| serde_json::from_str::<serde_json::Value>(words.in_language(language)).unwrap();
    let english = read(Language::English);
    assert_eq!(english["texts"]["tickets-sum"]["one"], "{shown} ticket, {price}");
    assert_eq!(
        english["texts"]["tickets-sum"]["other"],
        "{shown} tickets, {price}"
    );
    assert_eq!(english["problems"], serde_json::json!({}));
    let arabic = read(Language::Arabic);
    let forms = arabic["texts"]["seats-left"].as_object().unwrap();
    assert_eq!(
        forms.keys().collect::<Vec<_>>(),
        ["few", "many", "one", "other", "two", "zero"]
    );
    assert!(arabic["problems"]["units-taken"].is_string());
    for language in Language::ALL {
        assert!(!words.in_language(language).contains('<'));
    }
}
