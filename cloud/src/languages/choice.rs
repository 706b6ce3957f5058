//! In which language somebody reads a page: as they have asked, or asked before, or as their browser prefers.

use super::Language;

/// Most entries of an `Accept-Language` that are looked at: browsers send a handful.
const MOST_ACCEPTED: usize = 32;

/// What a request says of the language that its sender reads.
#[derive(Debug, Clone, Copy, Default)]
pub struct LanguageWishes<'a> {
    /// What was chosen with this request.
    pub asked: Option<&'a str>,
    /// What was chosen before, from the cookie.
    pub kept: Option<&'a str>,
    /// What the browser prefers: the value of `Accept-Language` (RFC 9110, section 12.5.4).
    pub accepted: Option<&'a str>,
}

/// Chooses the language of a page; English if none is wished for that we speak.
pub fn choose(wishes: LanguageWishes<'_>) -> Language {
    let chosen = |tag: Option<&str>| tag.and_then(Language::from_tag);
    chosen(wishes.asked)
        .or_else(|| chosen(wishes.kept))
        .or_else(|| wishes.accepted.and_then(preferred))
        .unwrap_or(Language::English)
}

/// Finds the language of ours with the highest weight, the first of equals. `*` stands for what we speak first.
fn preferred(accepted: &str) -> Option<Language> {
    let entries = accepted.split(',').take(MOST_ACCEPTED);
    let weighed = entries.filter_map(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let range = parts.next()?;
        let weight = match parts.next() {
            Some(weight) => weight.strip_prefix("q=")?.trim().parse::<f32>().ok()?,
            None => 1.0,
        };
        let language = match range {
            "*" => Language::English,
            range => Language::from_tag(&range.split('-').next()?.to_ascii_lowercase())?,
        };
        (weight > 0.0 && weight <= 1.0).then_some((language, weight))
    });
    let best = weighed.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wishes: [&'static str; 3], expected: Language) {
        let said = |text: &'static str| (!text.is_empty()).then_some(text);
        let [asked, kept, accepted] = wishes.map(said);
        let wishes = LanguageWishes {
            asked,
            kept,
            accepted,
        };
        assert_eq!(choose(wishes), expected, "{wishes:?}");
    }

    #[test]
    fn what_is_asked_for_counts_before_the_cookie_and_that_before_the_browser() {
        check(["fr", "de", "es"], Language::French);
        check(["", "de", "es"], Language::German);
        check(["", "", "es"], Language::Spanish);
        check(["", "", ""], Language::English);
        check(["tlh", "xx", "es"], Language::Spanish);
    }

    #[test]
    fn a_browser_gets_what_it_prefers_of_what_we_speak() {
        check(["", "", "nl, de-AT;q=0.7, en;q=0.6"], Language::German);
        check(["", "", "en;q=0.5, AR-EG;q=0.9"], Language::Arabic);
        check(["", "", "fr;q=0.8, es;q=0.8"], Language::French);
        check(["", "", "de;q=0, *;q=0.1"], Language::English);
        check(["", "", "nl, pl"], Language::English);
        for garbage in ["de;q=", "de;q=NaN", "de;q=7", ";;;,,", "de;q=-1, ;q=1"] {
            check(["", "", garbage], Language::English);
        }
    }
}
