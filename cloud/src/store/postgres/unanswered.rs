//! Statements that were sent and are not waited for. Each is presumed to do what it should; the next one that is waited for, and the
//! commit, find out.

use std::cell::RefCell;
use std::fmt;
use std::future::ready;
use std::pin::Pin;

use futures_util::FutureExt;
use tokio_postgres::Error;

use crate::store::sql_error::{SqlError, passes};

/// The answer to a statement: how many rows it changed.
pub type ChangedRows = Pin<Box<dyn Future<Output = Result<u64, Error>> + Send>>;

/// What was sent and not answered, in the order of sending.
#[derive(Default)]
pub struct Unanswered(RefCell<Vec<(ChangedRows, Option<u64>)>>);

impl Unanswered {
    /// Sends a statement, which is presumed to change so many rows; to succeed, if no number is given.
    pub fn send(&self, mut answer: ChangedRows, presumed: Option<u64>) {
        // The first look hands the statement to the connection.
        if let Some(answered) = (&mut answer).now_or_never() {
            answer = Box::pin(ready(answered));
        }
        self.0.borrow_mut().push((answer, presumed));
    }

    /// Tells whether there is nothing to wait for.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Waits for all answers.
    ///
    /// # Errors
    ///
    /// The first fault that passes; [`SqlError::Presumed`] when a statement did something else than it should.
    pub async fn settle(&self) -> Result<(), SqlError> {
        let mut first = Ok(());
        for (answer, presumed) in self.0.take() {
            let answer = answer.await;
            if first.is_ok() {
                first = match answer {
                    Ok(changed) if presumed.is_none_or(|presumed| changed == presumed) => Ok(()),
                    Err(error) if passes(&error) => Err(error.into()),
                    Ok(_) | Err(_) => Err(SqlError::Presumed),
                };
            }
        }
        first
    }
}

impl fmt::Debug for Unanswered {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} unanswered", self.0.borrow().len())
    }
}
