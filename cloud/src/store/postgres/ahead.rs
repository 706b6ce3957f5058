//! Questions that were asked before their answers are wanted, so that several of them are on their way at once: whoever asks one of them
//! again, in the same words, is given the answer to what was asked ahead.

use std::cell::RefCell;
use std::fmt;
use std::future::ready;
use std::pin::Pin;

use futures_util::FutureExt;
use tokio_postgres::{Error, Row};

use super::value::Param;

/// The answer to a question.
pub type RowsToCome = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send>>;

/// A question: its statement, by the number that the connection gave it, and its values.
#[derive(Debug, PartialEq)]
pub struct AskedAhead {
    /// The statement.
    pub statement: usize,
    /// The values.
    pub params: Vec<Param>,
}

/// What was asked ahead in a transaction, in the order of asking.
#[derive(Default)]
pub struct Ahead(RefCell<Vec<(AskedAhead, RowsToCome)>>);

impl Ahead {
    /// Asks.
    pub fn ask(&self, question: AskedAhead, mut answer: RowsToCome) {
        // The first look hands the statement to the connection.
        if let Some(answered) = (&mut answer).now_or_never() {
            answer = Box::pin(ready(answered));
        }
        self.0.borrow_mut().push((question, answer));
    }

    /// Takes the answer to a question that was asked ahead.
    pub fn take(&self, question: &AskedAhead) -> Option<RowsToCome> {
        let mut asked = self.0.borrow_mut();
        let nth = asked.iter().position(|(asked, _)| asked == question)?;
        Some(asked.remove(nth).1)
    }

    /// Forgets what was asked and not wanted.
    pub fn forget(&self) {
        self.0.borrow_mut().clear();
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} asked ahead", self.0.borrow().len())
    }
}
