//! The tables of a store: which are moved, in an order in which no row refers to one that comes later, and which are not, and why.
//! What is moved is counted and compared as the rows themselves, whatever the engines make of them.

use std::collections::BTreeSet;

use rusqlite::ToSql;
use rusqlite::types::{Value, ValueRef};

use crate::store::StoreError;
use crate::store::engine::Engine;
use crate::store::operations::Effect;
use crate::store::sql::{OptionalExtension, Row, Sql, SqlError, params};

use super::RelocationError;

/// Rows that are copied in one commit, or compared at a time: with the widest table some ten thousand values.
pub const BATCH: usize = 500;

/// A table that is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns of its primary key.
    pub key: &'static [&'static str],
}

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key }
}

/// The tables that are moved.
pub const TABLES: [Table; 59] = [
    table("organizers", &["organizer_id"]),
    table("organizer_keys", &["key_hash"]),
    table("access_tokens", &["token_hash"]),
    table("staff", &["staff_id"]),
    table("recovery_codes", &["staff_id", "code_hash"]),
    table("invitations", &["invitation_id"]),
    table("staff_sessions", &["session_hash"]),
    table("link_letters", &["letter_id"]),
    table("mailing_tries", &["organizer_id", "tried_at", "try_id"]),
    table("buyer_links", &["link_hash"]),
    table("buyer_sessions", &["session_hash"]),
    table("acts", &["organizer_id", "seq"]),
    table("venues", &["venue_id"]),
    table("events", &["event_id"]),
    table("tiers", &["event_id", "tier"]),
    table("units", &["event_id", "unit"]),
    table("availability", &["event_id"]),
    table("availability_changes", &["event_id", "from_version"]),
    table("vouchers", &["event_id", "voucher_id"]),
    table("reservations", &["event_id", "reservation_id"]),
    table("blocks", &["event_id", "block_id"]),
    table("waiting_list", &["event_id", "waiter_id"]),
    table("tills", &["event_id", "till_id"]),
    table("bookings", &["event_id", "booking_id"]),
    table("comps", &["event_id", "batch", "position"]),
    table("refunds", &["event_id", "refund_id"]),
    table("receipt_series", &["organizer_id", "series"]),
    table("receipts", &["event_id", "receipt_id"]),
    table("disputes", &["event_id", "dispute_id"]),
    table("journal", &["event_id", "subject", "step"]),
    table("tickets", &["event_id", "ticket_id"]),
    table("records", &["event_id", "position"]),
    table("heads", &["event_id", "origin", "seq"]),
    table("trust_bundles", &["event_id", "version"]),
    table("checkpoints", &["event_id"]),
    table("enrolment_codes", &["code_id"]),
    table("device_contacts", &["event_id", "device"]),
    table("seals", &["event_id"]),
    table("feeds", &["event_id"]),
    table("halts", &["event_id"]),
    table("cancellations", &["event_id"]),
    table("hold_bounds", &["event_id"]),
    table("spent_proofs", &["event_id", "until", "proof"]),
    table("buyer_bounds", &["event_id"]),
    table("waiting_rooms", &["event_id"]),
    table("lobby_passes", &["event_id", "first"]),
    table("let_through", &["event_id", "number"]),
    table("endpoints", &["event_id", "endpoint_id"]),
    table("webhooks", &["event_id", "webhook_id"]),
    table("mailings", &["event_id", "mailing_id"]),
    table("letters", &["event_id", "letter_id"]),
    table("heard_events", &["event_id"]),
    table("news", &["event_id", "position"]),
    table("jobs", &["event_id", "kind", "subject"]),
    table("secret_keys", &["public_key"]),
    table("kept_answers", &["key_hash"]),
    table("cells", &["name"]),
    table("event_cells", &["event_id"]),
    table("this_cell", &["one"]),
];

/// Why what events are found by is not moved.
const LISTED: &str = "is made of the events when the new place is opened";

/// The tables that are not moved, with the reason.
pub const STAYING: [(&str, &str); 14] = [
    (
        "refinery_schema_history",
        "lists the migrations of a SQLite file; the new place has its own",
    ),
    (
        "migrations",
        "lists the migrations of a PostgreSQL database; the new place has its own",
    ),
    ("commits", "counts the commits of one SQLite file"),
    ("writers", "counts the commits of connections that are gone"),
    (
        "charges",
        "is the sandbox gateway's own record, which moves no money and is a file beside a SQLite store",
    ),
    (
        "charge_refunds",
        "is the sandbox gateway's own record, as that of its charges is",
    ),
    ("listings", LISTED),
    ("listing_words", LISTED),
    ("listing_words_config", LISTED),
    ("listing_words_data", LISTED),
    ("listing_words_docsize", LISTED),
    ("listing_words_idx", LISTED),
    ("store_move", "is about the move itself"),
    ("store_move_tables", "is about the move itself"),
];

/// What was moved of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The table.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
}

/// What a table holds: how many rows, and the sum of their hashes, which is the same in whatever order they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Content {
    /// How many rows.
    pub rows: u64,
    sum: [u8; 32],
}

impl Content {
    /// Adds rows.
    pub fn add(&mut self, rows: &WholeRows) {
        self.rows += rows.len() as u64;
        for row in rows {
            let sum = self.sum.iter_mut().zip(hash_of(row));
            sum.for_each(|(sum, byte)| *sum ^= byte);
        }
    }
}

/// Copies every table and compares it afterwards.
///
/// # Errors
///
/// [`RelocationError`].
pub async fn move_all(old: &Engine, new: &Engine) -> Result<Vec<Moved>, RelocationError> {
    for engine in [old, new] {
        if let Some(unknown) = engine.read(unknown).await? {
            return Err(RelocationError::UnknownTable(unknown));
        }
    }
    for table in TABLES {
        let columns = old.read(move |connection| columns(connection, table)).await?;
        if columns
            != new
                .read(move |connection| self::columns(connection, table))
                .await?
        {
            return Err(RelocationError::OtherColumns(table.name));
        }
        Copying { table, columns }.run(old, new).await?;
    }
    // Only when all are there: what was copied first is compared too.
    let mut moved = Vec::new();
    for table in TABLES {
        let sent = content(old, table).await?;
        if sent != content(new, table).await? {
            return Err(RelocationError::Differs(table.name));
        }
        moved.push(Moved {
            table: table.name,
            rows: sent.rows,
        });
    }
    Ok(moved)
}

/// Finds a table of which nobody has said whether it is moved.
fn unknown(connection: &Sql<'_>) -> Result<Option<String>, StoreError> {
    let known = TABLES.map(|table| table.name).into_iter();
    let known: BTreeSet<&str> = known.chain(STAYING.map(|(name, _)| name)).collect();
    let all = all_tables(connection)?;
    Ok(all.into_iter().find(|name| !known.contains(name.as_str())))
}

/// Lists the tables of the store.
pub fn all_tables(connection: &Sql<'_>) -> Result<Vec<String>, StoreError> {
    let mut list = connection.prepare_cached(connection.pick(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
        "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename",
    ))?;
    let names = list.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// Tells whether no table that is moved has any rows.
pub fn are_empty(connection: &Sql<'_>) -> Result<bool, StoreError> {
    for table in TABLES {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        if connection.prepare_cached(&sql)?.exists([])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Counts the bookings whose payment is not over.
pub fn open_payments(connection: &Sql<'_>) -> Result<u64, StoreError> {
    let count: i64 = connection
        .prepare_cached("SELECT (SELECT count(*) FROM bookings WHERE closed_at IS NULL) + (SELECT count(*) FROM refunds WHERE closed_at IS NULL)")?
        .query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Lists the columns of a table, by name.
pub fn columns(connection: &Sql<'_>, table: Table) -> Result<Vec<String>, StoreError> {
    let mut list = connection.prepare_cached(connection.pick(
        "SELECT name FROM pragma_table_info(?1)",
        "SELECT column_name::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name::text = ?1",
    ))?;
    let names = list.query_map([table.name], |row| row.get(0))?;
    let mut names: Vec<String> = names.collect::<Result<_, _>>()?;
    names.sort_unstable();
    Ok(names)
}

/// Rows, each with the values of all columns by name.
pub type WholeRows = Vec<Vec<Value>>;

/// Where in a table to go on.
#[derive(Debug, Clone)]
enum Beyond {
    /// So many rows.
    Count(i64),
    /// The row with this key.
    Key(Vec<Value>),
}

/// Reads some rows in the order of the key.
fn page(connection: &Sql<'_>, of: &Copying, beyond: &Beyond) -> Result<WholeRows, StoreError> {
    let (columns, name, key) = (of.columns.join(", "), of.table.name, of.table.key.join(", "));
    let all = format!("SELECT {columns} FROM {name}");
    let batch = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let rows = match beyond {
        Beyond::Count(count) => {
            let sql = format!("{all} ORDER BY {key} LIMIT ?1 OFFSET ?2");
            read(connection, &sql, params![batch, count])
        }
        Beyond::Key(values) => {
            let (given, last) = (numbered(1, values.len()), values.len() + 1);
            let sql = format!("{all} WHERE ({key}) > ({given}) ORDER BY {key} LIMIT ?{last}");
            let mut given: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
            given.push(&batch);
            read(connection, &sql, given.as_slice())
        }
    };
    Ok(rows?)
}

/// Reads rows with all their columns.
pub fn read(connection: &Sql<'_>, sql: &str, values: &[&dyn ToSql]) -> Result<WholeRows, SqlError> {
    let mut select = connection.prepare_cached(sql)?;
    let columns = select.column_count();
    let row = |row: &Row<'_>| {
        let values = (0..columns).map(|column| Ok(Value::try_from(row.column(column)?)?));
        values.collect::<Result<_, SqlError>>()
    };
    select.query_map(values, row)?.collect()
}

/// Writes parameters as `?1, ?2`.
pub fn numbered(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count)
        .map(|number| format!("?{number}"))
        .collect();
    numbers.join(", ")
}

/// A table that is copied or looked through.
#[derive(Debug, Clone)]
pub struct Copying {
    /// The table.
    pub table: Table,
    /// All its columns, by name.
    pub columns: Vec<String>,
}

impl Copying {
    async fn run(self, old: &Engine, new: &Engine) -> Result<(), StoreError> {
        let name = self.table.name;
        let mut count = new.read(move |connection| copied(connection, name)).await?;
        let mut beyond = Beyond::Count(count);
        loop {
            let rows = self.next(old, &mut beyond).await?;
            if rows.is_empty() {
                return Ok(());
            }
            count += i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let copying = self.clone();
            new.write(None, move |connection| {
                copying.insert(connection, &rows, count).map(Effect::Keep)
            })
            .await?;
        }
    }

    /// Reads the next rows.
    async fn next(&self, from: &Engine, beyond: &mut Beyond) -> Result<WholeRows, StoreError> {
        let (of, from_here) = (self.clone(), beyond.clone());
        let rows = from
            .read(move |connection| page(connection, &of, &from_here))
            .await?;
        if let Some(last) = rows.last() {
            *beyond = Beyond::Key(self.key_of(last));
        }
        Ok(rows)
    }

    /// Returns the key of a row.
    pub fn key_of(&self, row: &[Value]) -> Vec<Value> {
        let place = |name: &&str| self.columns.iter().position(|column| column == name);
        let places = self.table.key.iter().filter_map(place);
        places.map(|place| row[place].clone()).collect()
    }

    /// Inserts rows that may be there already.
    pub fn insert_rows(&self, connection: &Sql<'_>, rows: &[Vec<Value>]) -> Result<(), StoreError> {
        let width = self.columns.len();
        let groups = (0..rows.len()).map(|row| format!("({})", numbered(row * width + 1, width)));
        let groups: Vec<String> = groups.collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {} ON CONFLICT DO NOTHING",
            self.table.name,
            self.columns.join(", "),
            groups.join(", ")
        );
        let values: Vec<&dyn ToSql> = rows.iter().flatten().map(|value| value as &dyn ToSql).collect();
        connection.prepare_cached(&sql)?.execute(values.as_slice())?;
        Ok(())
    }

    /// Inserts rows that may be there already, and how many that makes.
    fn insert(&self, connection: &Sql<'_>, rows: &[Vec<Value>], count: i64) -> Result<(), StoreError> {
        self.insert_rows(connection, rows)?;
        connection
            .prepare_cached(
                "INSERT INTO store_move_tables (name, row_count) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET row_count = ?2",
            )?
            .execute(params![self.table.name, count])?;
        Ok(())
    }
}

/// Returns how many rows of a table have been copied.
fn copied(connection: &Sql<'_>, name: &'static str) -> Result<i64, StoreError> {
    let count = connection
        .prepare_cached("SELECT row_count FROM store_move_tables WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(count.unwrap_or(0))
}

/// Sums a table up.
async fn content(engine: &Engine, table: Table) -> Result<Content, StoreError> {
    let columns = engine.read(move |connection| columns(connection, table)).await?;
    let looking = Copying { table, columns };
    let (mut content, mut beyond) = (Content::default(), Beyond::Count(0));
    loop {
        let rows = looking.next(engine, &mut beyond).await?;
        if rows.is_empty() {
            return Ok(content);
        }
        content.add(&rows);
    }
}

/// Hashes a row: of each value its kind, its length and its bytes.
fn hash_of(row: &[Value]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for value in row {
        let number;
        let (kind, bytes): (u8, &[u8]) = match ValueRef::from(value) {
            ValueRef::Null => (0, &[]),
            ValueRef::Integer(integer) => {
                number = integer.to_le_bytes();
                (1, &number)
            }
            ValueRef::Real(real) => {
                number = real.to_bits().to_le_bytes();
                (2, &number)
            }
            ValueRef::Text(text) => (3, text),
            ValueRef::Blob(blob) => (4, blob),
        };
        hasher.update(&[kind]);
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    }
    *hasher.finalize().as_bytes()
}
