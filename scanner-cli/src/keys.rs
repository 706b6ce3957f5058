//! What staff type at the running screen, line by line, and what is meant by it; leaves out doing it.

use usher_protocol::admission::Direction;
use usher_protocol::pin::Pin;
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
    /// Whether an override needs a supervisor's PIN here.
    asks_pin: bool,
}

#[derive(Debug)]
enum Question {
    Name,
    Reason { by: String },
    Pin { by: String, why: String },
}

impl Keys {
    /// Asks for a supervisor's PIN with each override.
    pub fn asking_pins() -> Self {
        Self {
            asks_pin: true,
            ..Self::default()
        }
    }

    /// Tells whether what is typed next is nobody's to read.
    pub fn is_secret(&self) -> bool {
        matches!(self.question, Some(Question::Pin { .. }))
    }

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
                return self.ask(Question::Name);
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
        let said = overruling::words(line);
        let overruled = |by, why, pin| Meant::Do(KeyCommand::Override(Overruling { by, why, pin }));
        match question {
            Question::Name => match said {
                Ok(by) => self.ask(Question::Reason { by }),
                Err(wrong) => self.ask_again(question, wrong),
            },
            Question::Reason { by } => match said {
                Ok(why) if self.asks_pin => self.ask(Question::Pin { by, why }),
                Ok(why) => overruled(by, why, None),
                Err(wrong) => self.ask_again(Question::Reason { by }, wrong),
            },
            Question::Pin { by, why } => match Pin::typed(line) {
                Ok(pin) => overruled(by, why, Some(pin)),
                Err(wrong) => self.ask_again(Question::Pin { by, why }, wrong.to_string()),
            },
        }
    }

    fn ask(&mut self, question: Question) -> Meant {
        let words = match question {
            Question::Name => words::WHO_OVERRIDES,
            Question::Reason { .. } => words::WHY_OVERRIDE,
            Question::Pin { .. } => words::TYPE_PIN,
        };
        self.ask_again(question, words.to_owned())
    }

    fn ask_again(&mut self, question: Question, words: String) -> Meant {
        self.question = Some(question);
        Meant::Say(words)
    }
}

/// Returns what follows a word that a line begins with.
fn strip_word<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = line.split_once(char::is_whitespace)?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

#[cfg(test)]
mod tests;
