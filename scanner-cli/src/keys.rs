//! What staff type at the running screen, line by line, and what is meant by it; leaves out doing it.

use usher_protocol::admission::Direction;
use usher_protocol::ticket::{Mistyped, TicketCode};
use usher_words::scanner as words;

use crate::overruling::{self, Overruling};
use crate::typed;

/// From so many characters on, a line is a code and no command.
const CODE_FROM: usize = 20;

/// What staff want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyCommand {
    /// So many people pass with the next scan.
    Persons(u8),
    /// From now on people pass this way.
    Direction(Direction),
    /// These codes were typed by hand.
    Codes(Vec<String>),
    /// The ticket shown last is let in against the rules.
    Override(Overruling),
    /// The last yes is taken back: nobody passed by it.
    Undo { why: String },
}

/// What a line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    /// Do this.
    Do(KeyCommand),
    /// Say this and wait for the next line.
    Say(String),
}

/// Holds what was asked and not answered yet.
#[derive(Debug, Default)]
pub struct Keys {
    question: Option<Question>,
}

#[derive(Debug)]
enum Question {
    Name,
    Reason { by: String },
}

impl Keys {
    /// Takes the next line. An empty one takes back what was begun. `no_override` says why there is nothing to override.
    pub fn entered(&mut self, line: &str, no_override: Option<&str>) -> Meant {
        let line = line.trim();
        if line.is_empty() {
            let was_asked = self.question.take().is_some();
            let said = if was_asked { words::TAKEN_BACK } else { words::KEYS };
            return Meant::Say(said.to_owned());
        }
        match self.question.take() {
            None => self.command(line, no_override),
            Some(question) => self.answered(question, line),
        }
    }

    fn command(&mut self, line: &str, no_override: Option<&str>) -> Meant {
        match line.to_lowercase().as_str() {
            "in" | "i" => return Meant::Do(KeyCommand::Direction(Direction::In)),
            "out" | "o" => return Meant::Do(KeyCommand::Direction(Direction::Out)),
            "override" => {
                if let Some(why) = no_override {
                    return Meant::Say(why.to_owned());
                }
                self.question = Some(Question::Name);
                return Meant::Say(words::WHO_OVERRIDES.to_owned());
            }
            "undo" => return Meant::Say(words::WHY_UNDO.to_owned()),
            _ => {}
        }
        if let Some(why) = strip_word(line, "undo") {
            return match overruling::words(why) {
                Ok(why) => Meant::Do(KeyCommand::Undo { why }),
                Err(wrong) => Meant::Say(wrong),
            };
        }
        if line.chars().count() >= CODE_FROM {
            return match typed::codes(line) {
                Ok(codes) => Meant::Do(KeyCommand::Codes(codes)),
                Err(garbled) => Meant::Say(garbled.to_string()),
            };
        }
        match line.parse::<TicketCode>() {
            Ok(_) => return Meant::Do(KeyCommand::Codes(vec![line.to_owned()])),
            Err(Mistyped::Check) => return Meant::Say(words::mistyped()),
            Err(Mistyped::Length { .. } | Mistyped::Character(_)) => {}
        }
        match line.parse() {
            Ok(persons @ 1..) => Meant::Do(KeyCommand::Persons(persons)),
            Ok(0) | Err(_) => Meant::Say(words::KEYS.to_owned()),
        }
    }

    fn answered(&mut self, question: Question, line: &str) -> Meant {
        let said = match overruling::words(line) {
            Ok(said) => said,
            Err(why) => {
                self.question = Some(question);
                return Meant::Say(why);
            }
        };
        match question {
            Question::Name => {
                self.question = Some(Question::Reason { by: said });
                Meant::Say(words::WHY_OVERRIDE.to_owned())
            }
            Question::Reason { by } => Meant::Do(KeyCommand::Override(Overruling { by, why: said })),
        }
    }
}

/// Returns what follows a word that a line begins with.
fn strip_word<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = line.split_once(char::is_whitespace)?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(words: &str) -> Meant {
        Meant::Say(words.to_owned())
    }

    #[track_caller]
    fn check(lines: &[(&str, Meant)]) {
        let mut keys = Keys::default();
        for (line, meant) in lines {
            assert_eq!(keys.entered(line, None), *meant, "{line:?}");
        }
    }

    #[test]
    fn numbers_are_people_and_words_are_ways() {
        check(&[
            ("3", Meant::Do(KeyCommand::Persons(3))),
            (" 255 ", Meant::Do(KeyCommand::Persons(255))),
            ("256", say(words::KEYS)),
            ("0", say(words::KEYS)),
            ("-1", say(words::KEYS)),
            ("out", Meant::Do(KeyCommand::Direction(Direction::Out))),
            ("IN", Meant::Do(KeyCommand::Direction(Direction::In))),
            ("", say(words::KEYS)),
            ("help", say(words::KEYS)),
        ]);
    }

    #[test]
    fn a_long_line_is_a_code() {
        let code = "1".repeat(200);
        check(&[
            (
                &format!("]Q1{code} "),
                Meant::Do(KeyCommand::Codes(vec![code.clone()])),
            ),
            (
                "https://example.org/menu",
                Meant::Do(KeyCommand::Codes(vec!["https://example.org/menu".to_owned()])),
            ),
        ]);
    }

    #[test]
    fn eight_characters_are_a_ticket_code_or_were_mistyped() {
        let codes = |code: &str| Meant::Do(KeyCommand::Codes(vec![code.to_owned()]));
        let mistyped = say(&words::mistyped());
        check(&[
            (" 0000-0011 ", codes("0000-0011")),
            ("oooo 014u", codes("oooo 014u")),
            ("00000012", mistyped.clone()),
            ("0000001O", mistyped),
            ("0000 001", say(words::KEYS)),
            ("override", say(words::WHO_OVERRIDES)),
            ("Override", say(words::WHY_OVERRIDE)),
        ]);
    }

    #[test]
    fn an_undo_says_why_in_the_same_line() {
        let undo = |why: &str| Meant::Do(KeyCommand::Undo { why: why.to_owned() });
        check(&[
            ("undo", say(words::WHY_UNDO)),
            (
                "undo the turnstile did not turn",
                undo("the turnstile did not turn"),
            ),
            ("Undo 3", undo("3")),
            ("undone by mistake", say(words::KEYS)),
        ]);
        let mut keys = Keys::default();
        let long = format!("undo {}", "x".repeat(10_000));
        assert!(matches!(keys.entered(&long, None), Meant::Say(_)));
    }

    #[test]
    fn an_override_asks_for_name_and_reason() {
        let overruling = Overruling {
            by: "Ada".to_owned(),
            why: "3".to_owned(),
        };
        check(&[
            ("override", say(words::WHO_OVERRIDES)),
            ("Ada", say(words::WHY_OVERRIDE)),
            ("3", Meant::Do(KeyCommand::Override(overruling))),
            ("3", Meant::Do(KeyCommand::Persons(3))),
            ("override", say(words::WHO_OVERRIDES)),
            ("", say(words::TAKEN_BACK)),
            ("3", Meant::Do(KeyCommand::Persons(3))),
        ]);
        let mut keys = Keys::default();
        keys.entered("override", None);
        assert!(matches!(keys.entered(&"x".repeat(10_000), None), Meant::Say(_)));
        assert_eq!(keys.entered("Ada", None), say(words::WHY_OVERRIDE));
    }
    #[test]
    fn where_nothing_can_be_overridden_nobody_is_asked_for_a_name() {
        let mut keys = Keys::default();
        let why = Some(words::OVERRIDES_LET_IN);
        assert_eq!(keys.entered("override", why), say(words::OVERRIDES_LET_IN));
        assert_eq!(keys.entered("3", why), Meant::Do(KeyCommand::Persons(3)));
    }
}
