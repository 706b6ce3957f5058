//! What staff type at the running screen, line by line, and what is meant by it; leaves out doing it.

use usher_protocol::admission::Direction;
use usher_protocol::pin::Pin;
use usher_protocol::ticket::{Mistyped, TicketCode};
use usher_words::scanner as words;

use crate::order::CountedBy;
use crate::overruling::{self, Overruling};
use usher_protocol::ticket::typed;

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
    /// A supervisor takes back the last passage with the ticket shown last.
    UndoLast(Overruling),
    /// A supervisor has counted the zone behind the gate.
    Count(CountedBy),
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
    /// Whether what a supervisor says needs a PIN here.
    asks_pin: bool,
    /// Whether a wedge types too.
    is_beside_a_wedge: bool,
}

/// What a supervisor has begun to say.
#[derive(Debug, Clone, Copy)]
enum Begun {
    Override,
    Undo,
    Count { inside: u32 },
}

#[derive(Debug)]
enum Question {
    Inside,
    Name(Begun),
    Reason { begun: Begun, by: String },
    Pin { begun: Begun, by: String, why: String },
}

impl Keys {
    /// Asks for a supervisor's PIN with all that takes a supervisor.
    pub fn asking_pins() -> Self {
        Self {
            asks_pin: true,
            ..Self::default()
        }
    }

    /// Takes what a supervisor types where a wedge types too: only what a PIN proves.
    pub fn beside_a_wedge() -> Self {
        Self {
            is_beside_a_wedge: true,
            ..Self::asking_pins()
        }
    }

    /// Tells whether a line, where a wedge types too, is a supervisor's: it begins something, or answers a question.
    pub fn takes(&self, line: &str) -> bool {
        let begins = |word| line.trim().eq_ignore_ascii_case(word);
        self.is_asking() || ["override", "undo", "count"].into_iter().any(begins)
    }

    /// Tells whether a question waits for its answer.
    pub fn is_asking(&self) -> bool {
        self.question.is_some()
    }

    /// Takes back what was begun, if anything was.
    pub fn forget(&mut self) -> bool {
        self.question.take().is_some()
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
                return self.ask(Question::Name(Begun::Override));
            }
            "undo" if no_override == Some(words::SHOW_IT_FIRST) && !self.is_beside_a_wedge => {
                return Meant::Say(words::WHY_UNDO.to_owned());
            }
            "undo" => return self.ask(Question::Name(Begun::Undo)),
            "count" => return self.ask(Question::Inside),
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
        match question {
            Question::Inside => match line.parse() {
                Ok(inside) => self.ask(Question::Name(Begun::Count { inside })),
                Err(_) => self.ask(Question::Inside),
            },
            Question::Name(begun) => match (said, begun) {
                (Ok(by), Begun::Override | Begun::Undo) => self.ask(Question::Reason { begun, by }),
                (Ok(by), Begun::Count { .. }) => self.proven(begun, (by, String::new())),
                (Err(wrong), _) => self.ask_again(question, wrong),
            },
            Question::Reason { begun, by } => match said {
                Ok(why) => self.proven(begun, (by, why)),
                Err(wrong) => self.ask_again(Question::Reason { begun, by }, wrong),
            },
            Question::Pin { begun, by, why } => match Pin::typed(line) {
                Ok(pin) => Meant::Do(begun.said((by, why), Some(pin))),
                Err(wrong) => self.ask_again(Question::Pin { begun, by, why }, wrong.to_string()),
            },
        }
    }

    /// Asks for the PIN that proves who says so, where one is needed.
    fn proven(&mut self, begun: Begun, (by, why): (String, String)) -> Meant {
        if self.asks_pin {
            return self.ask(Question::Pin { begun, by, why });
        }
        Meant::Do(begun.said((by, why), None))
    }

    fn ask(&mut self, question: Question) -> Meant {
        let words = match question {
            Question::Inside => words::HOW_MANY_INSIDE,
            Question::Name(Begun::Override) => words::WHO_OVERRIDES,
            Question::Name(Begun::Undo) if self.is_beside_a_wedge => words::WHO_UNDOES,
            Question::Name(Begun::Undo) => words::WHO_UNDOES_OR_YOU,
            Question::Name(Begun::Count { .. }) => words::WHO_COUNTS,
            Question::Reason {
                begun: Begun::Undo, ..
            } => words::WHY_UNDONE,
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

impl Begun {
    /// Returns what is wanted, once all of it is said.
    fn said(self, (by, why): (String, String), pin: Option<Pin>) -> KeyCommand {
        match self {
            Self::Override => KeyCommand::Override(Overruling { by, why, pin }),
            Self::Undo => KeyCommand::UndoLast(Overruling { by, why, pin }),
            Self::Count { inside } => KeyCommand::Count(CountedBy { inside, by, pin }),
        }
    }
}

/// Returns what follows a word that a line begins with.
fn strip_word<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = line.split_once(char::is_whitespace)?;
    first.eq_ignore_ascii_case(word).then_some(rest)
}

#[cfg(test)]
mod tests;
