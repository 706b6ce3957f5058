//! One connection to PostgreSQL, used by one thread at a time: what is asked is answered before the thread goes on; what is only to
//! be done is sent, and found out later.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use rusqlite::types::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::ahead::{Ahead, AskedAhead};
use super::server::Servers;
use super::unanswered::Unanswered;
use super::value::{Column, Param};
use crate::store::StoreError;
use crate::store::sql_error::SqlError;

/// How long an answer may take: longer than the server lets a statement, so that only one that has come to a stand is given up.
const ANSWERED_WITHIN: Duration = Duration::from_secs(40);
/// How long it may take where statements have minutes.
const ANSWERED_IN_THE_END: Duration = Duration::from_mins(11);
/// What every connection begins with. A transaction whose program is gone must end, because others wait for its rows.
const SETTINGS: &str = "SET client_min_messages = 'warning'; SET idle_in_transaction_session_timeout = '10s'; \
    SET statement_timeout = '30s'; SET lock_timeout = '20s'; SET plan_cache_mode = 'force_generic_plan'";

/// Locks rows of events, in one order for all who do.
const LOCK: &str = "SELECT 1 FROM events WHERE event_id = ANY(?1) ORDER BY event_id FOR NO KEY UPDATE";

/// How often the connection is given its turn to hand a statement over: once to take it up, once to write it.
const HANDED_OVER_IN: usize = 2;

/// Has the server do so too: it would take this program for dead that waits for so long for another place, and break off deleting what
/// a large event has.
const PATIENCE: &str = "SELECT set_config('idle_in_transaction_session_timeout', '10min', true), \
                        set_config('statement_timeout', '10min', true)";

/// With what care the commands of a transaction are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Nothing is waited for that nobody asks about, and no command can be undone by itself: what comes out otherwise than presumed
    /// breaks the transaction off.
    Swift,
    /// Every statement is waited for, and each command can be undone.
    Careful,
}

/// One connection, with the statements that are prepared on it.
#[derive(Debug)]
pub struct Backend {
    client: Arc<Client>,
    unanswered: Unanswered,
    ahead: Ahead,
    care: Cell<Care>,
    /// How long an answer may take.
    patience: Cell<Duration>,
    /// Whether an answer has not come: what is asked then would be taken for it.
    is_silent: Cell<bool>,
    /// Whether the open command has changed anything.
    has_changed: Cell<bool>,
    /// By the text they were asked for with, numbered.
    statements: RefCell<HashMap<String, (usize, tokio_postgres::Statement)>>,
    #[cfg(test)]
    counts: super::counts::StatementCounts,
    #[cfg(test)]
    doom: Option<super::faults::FaultPlan>,
    /// Runs the connection on the thread that asks: no answer has to change threads. There until the backend is dropped.
    runtime: Option<Runtime>,
}

impl Backend {
    /// Connects. Not to be called where a runtime runs already.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn connect(servers: &Servers) -> Result<Self, StoreError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (client, connection) = runtime.block_on(servers.connect())?;
        // The runtime owns the task and ends it with the backend; what it says, those who ask hear as well.
        runtime.spawn(connection);
        let backend = Self {
            client: Arc::new(client),
            unanswered: Unanswered::default(),
            ahead: Ahead::default(),
            care: Cell::new(Care::Careful),
            patience: Cell::new(ANSWERED_WITHIN),
            is_silent: Cell::new(false),
            has_changed: Cell::new(false),
            statements: RefCell::default(),
            #[cfg(test)]
            counts: servers.counts.clone(),
            #[cfg(test)]
            doom: servers.faults.clone().map(super::faults::FaultPlan::of),
            runtime: Some(runtime),
        };
        backend.batch(SETTINGS)?;
        Ok(backend)
    }

    fn runtime(&self) -> &Runtime {
        self.runtime
            .as_ref()
            .expect("a backend has its runtime until it is dropped")
    }

    /// Runs what is asked of the client to its end, and whatever was sent before it.
    pub fn wait<T>(
        &self,
        ask: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, SqlError> {
        self.count_asked();
        self.answer_to(ask)
    }

    /// Runs what was asked, or is, to its end.
    fn answer_to<T>(
        &self,
        ask: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, SqlError> {
        self.within_patience(async {
            let mut asked = pin!(ask(&self.client));
            let answered = poll!(asked.as_mut());
            if answered.is_pending() {
                self.count_waited();
            }
            self.unanswered.settle().await?;
            match answered {
                Poll::Ready(answer) => Ok(answer?),
                Poll::Pending => Ok(asked.await?),
            }
        })
    }

    /// Runs something of this connection to its end, unless the server has come to a stand: then nothing more is asked of it.
    fn within_patience<T>(&self, asked: impl Future<Output = Result<T, SqlError>>) -> Result<T, SqlError> {
        if self.is_silent.get() {
            return Err(SqlError::Silent);
        }
        let answer = self
            .runtime()
            .block_on(async { timeout(self.patience.get(), asked).await });
        answer.unwrap_or_else(|_| {
            self.is_silent.set(true);
            Err(SqlError::Silent)
        })
    }

    /// Waits for minutes where it has to, until the transaction ends.
    pub fn be_patient(&self) -> Result<(), SqlError> {
        self.patience.set(ANSWERED_IN_THE_END);
        self.prepare(PATIENCE)?.query(&[]).map(|_| ())
    }

    /// Runs statements without parameters.
    pub fn batch(&self, sql: &str) -> Result<(), SqlError> {
        self.wait(async |client| client.batch_execute(sql).await)
    }

    /// Begins a transaction, whose commands are run with that care.
    pub fn begin(&self, sql: &'static str, care: Care) {
        #[cfg(test)]
        if let Some(doom) = &self.doom {
            doom.begin();
        }
        self.ahead.forget();
        self.care.set(care);
        self.patience.set(ANSWERED_WITHIN);
        self.send(sql);
    }

    /// Commits the transaction, once everything in it is known to have been done: the server would give up one that has failed and
    /// call that a success.
    pub fn commit(&self) -> Result<(), SqlError> {
        if !self.unanswered.is_empty() {
            self.count_waited();
            self.within_patience(self.unanswered.settle())?;
        }
        #[cfg(test)]
        if let Some(doom) = &self.doom {
            doom.before_commit(self)?;
            self.batch("COMMIT")?;
            return doom.after_commit(self);
        }
        self.batch("COMMIT")
    }

    /// Returns with what care the open transaction is run.
    pub fn care(&self) -> Care {
        self.care.get()
    }

    /// Takes the rows of these events, in their order, before whatever is asked next: the server does one thing after the other.
    pub fn lock(&self, events: Vec<Vec<u8>>) -> Result<(), SqlError> {
        let statement = self.prepare(LOCK)?.statement;
        self.count_asked();
        let client = Arc::clone(&self.client);
        let answer = async move { client.execute(&statement, &[&events]).await };
        self.unanswered.send(Box::pin(answer), None);
        Ok(())
    }

    /// Begins a command.
    pub fn begin_command(&self) {
        self.ahead.forget();
        self.has_changed.set(false);
        match self.care.get() {
            Care::Swift => {}
            Care::Careful => self.send("SAVEPOINT command"),
        }
    }

    /// Ends a command, whose changes are kept.
    pub fn keep_command(&self) {
        match self.care.get() {
            Care::Swift => {}
            Care::Careful => self.send("RELEASE SAVEPOINT command"),
        }
    }

    /// Ends a command, whose changes are undone.
    pub fn undo_command(&self) -> Result<(), SqlError> {
        match self.care.get() {
            Care::Swift if self.has_changed.get() => return Err(SqlError::Presumed),
            Care::Swift => {}
            Care::Careful => self.send("ROLLBACK TO SAVEPOINT command; RELEASE SAVEPOINT command"),
        }
        Ok(())
    }

    /// Ends a transaction that has changed nothing; whoever has its answers does not wait for that.
    pub fn end_reading(&self) {
        self.send("ROLLBACK");
        // The connection is driven only while somebody waits: the statement is handed over now, or the transaction would stay open.
        self.runtime().block_on(async {
            for _ in 0..HANDED_OVER_IN {
                tokio::task::yield_now().await;
            }
        });
    }

    /// Counts a statement, where tests look at it.
    fn count_asked(&self) {
        #[cfg(test)]
        self.counts.ask();
    }

    /// Counts an answer that is waited for, where tests look at it.
    fn count_waited(&self) {
        #[cfg(test)]
        self.counts.wait();
    }

    fn send(&self, sql: &'static str) {
        self.count_asked();
        let client = Arc::clone(&self.client);
        let answer = async move { client.batch_execute(sql).await.map(|()| 0) };
        self.unanswered.send(Box::pin(answer), None);
    }

    /// Prepares a statement, or takes the one that was prepared before.
    pub fn prepare(&self, sql: &str) -> Result<Prepared<'_>, SqlError> {
        #[cfg(test)]
        if let Some(doom) = &self.doom {
            doom.before_statement(self)?;
        }
        let known = self.statements.borrow().get(sql).cloned();
        let (number, statement) = match known {
            Some(known) => known,
            None => {
                let new = self.wait(async |client| client.prepare(&in_its_words(sql)).await)?;
                let mut statements = self.statements.borrow_mut();
                let new = (statements.len(), new);
                statements.insert(sql.to_owned(), new.clone());
                new
            }
        };
        Ok(Prepared {
            backend: self,
            number,
            is_reading: sql.trim_start().starts_with("SELECT"),
            statement,
        })
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // Also where another runtime runs, as when a store is dropped there: no thread waits for this one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A statement of a backend.
pub struct Prepared<'a> {
    backend: &'a Backend,
    number: usize,
    statement: tokio_postgres::Statement,
    is_reading: bool,
}

impl Prepared<'_> {
    /// Runs the statement; tells how many rows it changed.
    pub fn execute(&self, values: &[&dyn rusqlite::ToSql]) -> Result<usize, SqlError> {
        let params = copied(values)?;
        let changed = self
            .backend
            .wait(async |client| client.execute(&self.statement, &lent(&params)).await)?;
        self.changed(changed > 0);
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Sends the statement, which is presumed to change so many rows, or any if no number is given; tells whether it did or is
    /// presumed to.
    pub fn send(&self, values: &[&dyn rusqlite::ToSql], presumed: Option<usize>) -> Result<bool, SqlError> {
        match self.backend.care.get() {
            Care::Careful => {
                let changed = self.execute(values)?;
                Ok(presumed.is_none_or(|presumed| changed == presumed))
            }
            Care::Swift => {
                self.changed(true);
                self.backend.count_asked();
                let params = copied(values)?;
                let (client, statement) = (Arc::clone(&self.backend.client), self.statement.clone());
                let answer = async move { client.execute(&statement, &lent(&params)).await };
                let presumed = presumed.map(|presumed| presumed as u64);
                self.backend.unanswered.send(Box::pin(answer), presumed);
                Ok(true)
            }
        }
    }

    fn question(&self, values: &[&dyn rusqlite::ToSql]) -> Result<AskedAhead, SqlError> {
        Ok(AskedAhead {
            statement: self.number,
            params: copied(values)?,
        })
    }

    /// Has the statement be on its way, whose rows are asked for later, with the same values.
    pub fn ask_ahead(&self, values: &[&dyn rusqlite::ToSql]) -> Result<(), SqlError> {
        self.backend.count_asked();
        let (question, params) = (self.question(values)?, copied(values)?);
        let (client, statement) = (Arc::clone(&self.backend.client), self.statement.clone());
        let answer = async move { client.query(&statement, &lent(&params)).await };
        self.backend.ahead.ask(question, Box::pin(answer));
        Ok(())
    }

    /// Runs the statement and takes all its rows.
    pub fn query(&self, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Vec<Value>>, SqlError> {
        let question = self.question(values)?;
        let rows = match self.backend.ahead.take(&question) {
            Some(answer) => self.backend.answer_to(async |_| answer.await)?,
            None => {
                let params = lent(&question.params);
                self.backend
                    .wait(async |client| client.query(&self.statement, &params).await)?
            }
        };
        self.changed(!self.is_reading && !rows.is_empty());
        let columns = self.column_count();
        let read = |row: &tokio_postgres::Row| {
            (0..columns)
                .map(|column| Ok(row.try_get::<_, Column>(column)?.0))
                .collect()
        };
        rows.iter().map(read).collect()
    }

    fn changed(&self, anything: bool) {
        if anything {
            self.backend.has_changed.set(true);
        }
    }

    /// Counts the columns it gives.
    pub fn column_count(&self) -> usize {
        self.statement.columns().len()
    }
}

fn copied(values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Param>, SqlError> {
    values.iter().map(|value| Param::of(*value)).collect()
}

fn lent(params: &[Param]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

/// Says a statement as PostgreSQL wants it: parameters begin with `$`, and what only tells SQLite which way to go is left out.
fn in_its_words(sql: &str) -> String {
    let mut said = sql.replace('?', "$").replace("CROSS JOIN", "JOIN");
    const HINT: &str = " INDEXED BY ";
    while let Some(hint) = said.find(HINT) {
        let name = &said[hint + HINT.len()..];
        let length = name.find(char::is_whitespace).unwrap_or(name.len());
        said.replace_range(hint..hint + HINT.len() + length, "");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selling::Ending;
    use crate::store::contract::case::{Case, START};

    /// Bookings of one event, one after the other.
    const BOOKINGS: u64 = 300;
    /// Entries of indices that one of them may look at among bookings; that many, and not a share of those there are.
    const ENTRIES: u64 = 40;

    /// Asks how many bookings the server counts as written and how many entries of their indices it has looked at. It counts late.
    fn counted(url: &str) -> (u64, u64) {
        let counts = usher_test_postgres::run(
            url,
            "SELECT n_tup_ins, (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'bookings')
             FROM pg_stat_user_tables WHERE relname = 'bookings'",
        );
        let (written, read) = counts.trim().split_once('|').unwrap();
        (written.parse().unwrap(), read.parse().unwrap())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_booking_does_not_walk_through_those_before_it() {
        let case = Case::on_postgres().await;
        for number in 0..BOOKINGS {
            let held = case.held(&[0], START).await;
            let open = case.begun(held.id, &number.to_string(), START).await;
            case.close(&open, Ending::Refunded, START).await;
        }
        let url = case.url().unwrap();
        let read = loop {
            let (written, read) = counted(&url);
            if written == BOOKINGS {
                break read;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(
            read < BOOKINGS * ENTRIES,
            "{} entries for each booking",
            read / BOOKINGS
        );
    }

    #[test]
    fn hints_for_sqlite_are_left_out() {
        let said = in_its_words("SELECT a FROM t INDEXED BY t_by_a\n WHERE a = ?1 AND b = ?12");
        assert_eq!(said, "SELECT a FROM t\n WHERE a = $1 AND b = $12");
        assert_eq!(
            in_its_words("FROM a CROSS JOIN b USING (c)"),
            "FROM a JOIN b USING (c)"
        );
    }
}
