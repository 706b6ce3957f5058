//! The rows of news: written with their cause where somebody listens, numbered, read in order.

use usher_keys::{EventId, Timestamp};

use crate::ids::LOCAL_BYTES;
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};
use crate::webhooks::news::{NEWS_KEPT_FOR, NewsItem, NewsPage, NewsQuery, OpenNews, PAGE};
use crate::webhooks::{WebhookKind, ms as long};

use super::Effect;
use super::column::{Local, count, ms, narrow};

/// The endpoint id that stands for all listeners; no endpoint is given it.
pub const LISTENER: Local = [0; LOCAL_BYTES];

/// Begins to write down what happens at an event, and forgets old news; tells the number of the newest.
pub fn open_news(connection: &Sql<'_>, request: &OpenNews) -> Result<Effect<u64>, StoreError> {
    let event = request.event;
    connection
        .prepare_cached(
            "INSERT INTO heard_events (event_id, listener, last) VALUES (?1, ?2, 0) ON CONFLICT (event_id) DO NOTHING",
        )?
        .execute(params![event.0, LISTENER])?;
    let kept_since = Timestamp(request.now.0.saturating_sub(long(NEWS_KEPT_FOR)));
    connection
        .prepare_cached("DELETE FROM news WHERE event_id = ?1 AND created_at < ?2")?
        .execute(params![event.0, ms(kept_since)])?;
    Ok(Effect::Keep(last(connection, event)?.unwrap_or(0)))
}

/// Finds the number of the newest news; none where nobody listens.
fn last(connection: &Sql<'_>, event: EventId) -> Result<Option<u64>, StoreError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT last FROM heard_events WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))
        .optional()?;
    last.map(|last| narrow(last, "number of news")).transpose()
}

/// Writes down what has happened, once.
pub fn add(
    connection: &Sql<'_>,
    (event, id): (EventId, Local),
    (kind, body): (WebhookKind, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_known = connection
        .prepare_cached("SELECT 1 FROM news WHERE event_id = ?1 AND news_id = ?2")?
        .exists(params![event.0, id])?;
    if is_known {
        return Ok(());
    }
    let position = last(connection, event)?.unwrap_or(0) + 1;
    connection
        .prepare_cached("UPDATE heard_events SET last = ?2 WHERE event_id = ?1")?
        .run(params![event.0, count(position)])?;
    connection
        .prepare_cached(
            "INSERT INTO news (event_id, position, news_id, kind, body, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .run(params![event.0, count(position), id, kind.word(), body, ms(now)])?;
    Ok(())
}

/// Lists the news after a number.
pub fn news(connection: &Sql<'_>, request: &NewsQuery) -> Result<NewsPage, StoreError> {
    let items = connection
        .prepare_cached(
            "SELECT position, kind, body FROM news WHERE event_id = ?1 AND position > ?2 ORDER BY position LIMIT ?3",
        )?
        .query_and_then(params![request.event.0, count(request.after), PAGE], |row| {
            let kind = WebhookKind::from_word(row.column(1)?.as_str()?);
            Ok(NewsItem {
                position: narrow(row.get(0)?, "number of news")?,
                kind: kind.ok_or(StoreError::Unreadable { what: "news" })?,
                body: row.get(2)?,
            })
        })?
        .collect::<Result<Vec<_>, StoreError>>()?;
    Ok(NewsPage::after(request.after, items))
}
