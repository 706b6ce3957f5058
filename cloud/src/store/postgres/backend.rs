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

use super::server::Servers;
use super::unanswered::Unanswered;
use super::value::{Column, Param};
use crate::store::StoreError;
use crate::store::sql::SqlError;

/// How long one try to connect may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// What every connection begins with. A transaction whose program is gone must end, because others wait for its rows.
const SETTINGS: &str = "SET client_min_messages = 'warning'; SET idle_in_transaction_session_timeout = '10s'; \
    SET statement_timeout = '30s'; SET lock_timeout = '20s'; SET plan_cache_mode = 'force_generic_plan'";

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
    care: Cell<Care>,
    /// Whether the open command has changed anything.
    has_changed: Cell<bool>,
    /// By the text they were asked for with.
    statements: RefCell<HashMap<String, tokio_postgres::Statement>>,
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
        let connected = runtime
            .block_on(async { timeout(CONNECT_PATIENCE, servers.config.connect(servers.tls.clone())).await });
        let (client, connection) = connected
            .map_err(|_| StoreError::Unreachable(None))?
            .map_err(unreached)?;
        // The runtime owns the task and ends it with the backend; what it says, those who ask hear as well.
        runtime.spawn(connection);
        runtime.block_on(client.batch_execute(SETTINGS))?;
        Ok(Self {
            client: Arc::new(client),
            unanswered: Unanswered::default(),
            care: Cell::new(Care::Careful),
            has_changed: Cell::new(false),
            statements: RefCell::default(),
            #[cfg(test)]
            doom: servers.faults.clone().map(super::faults::FaultPlan::of),
            runtime: Some(runtime),
        })
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
        self.runtime().block_on(async {
            let mut asked = pin!(ask(&self.client));
            let answered = poll!(asked.as_mut());
            self.unanswered.settle().await?;
            match answered {
                Poll::Ready(answer) => Ok(answer?),
                Poll::Pending => Ok(asked.await?),
            }
        })
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
        self.care.set(care);
        self.send(sql);
    }

    /// Commits the transaction, once everything in it is known to have been done: the server would give up one that has failed and
    /// call that a success.
    pub fn commit(&self) -> Result<(), SqlError> {
        self.runtime().block_on(self.unanswered.settle())?;
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

    /// Begins a command.
    pub fn begin_command(&self) {
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

    fn send(&self, sql: &'static str) {
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
        let statement = match known {
            Some(known) => known,
            None => {
                let new = self.wait(async |client| client.prepare(&in_its_words(sql)).await)?;
                self.statements.borrow_mut().insert(sql.to_owned(), new.clone());
                new
            }
        };
        Ok(Prepared {
            backend: self,
            is_reading: sql.trim_start().starts_with("SELECT"),
            statement,
        })
    }
}

/// What a server says itself is told as it is: a wrong password is no reason to look at the network.
fn unreached(error: tokio_postgres::Error) -> StoreError {
    if error.code().is_some() {
        error.into()
    } else {
        StoreError::Unreachable(Some(error.into()))
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
                let params = copied(values)?;
                let (client, statement) = (Arc::clone(&self.backend.client), self.statement.clone());
                let answer = async move { client.execute(&statement, &lent(&params)).await };
                let presumed = presumed.map(|presumed| presumed as u64);
                self.backend.unanswered.send(Box::pin(answer), presumed);
                Ok(true)
            }
        }
    }

    /// Runs the statement and takes all its rows.
    pub fn query(&self, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Vec<Value>>, SqlError> {
        let params = copied(values)?;
        let rows = self
            .backend
            .wait(async |client| client.query(&self.statement, &lent(&params)).await)?;
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
