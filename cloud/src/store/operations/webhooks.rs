//! Endpoints of organizers and what they are told: rows that are written with their cause, and a job for each endpoint that has some to hear.

use serde_json::{Value, json};
use usher_keys::{EventId, Timestamp};

use crate::ids::{EndpointId, LOCAL_BYTES, WebhookId};
use crate::moment::Moment;
use crate::selling::jobs::JobId;
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, params};
use crate::webhooks::{
    DueWebhooks, NewEndpoint, NoteWebhooks, RemoveEndpoint, ReplayWebhook, ResealEndpoint, RotateSecret,
    TestEndpoint, Webhook, WebhookCause, WebhookEndpoint, WebhookKind, WebhookState, WebhooksQuery,
    kept_since, may_add_endpoint,
};

use super::column::{Local, event_id, moment, ms};
use super::{Effect, jobs, news};

/// The columns [`read_endpoint`] reads.
const ENDPOINT: &str =
    "SELECT event_id, endpoint_id, url, secret, former_secret, rotated_at, created_at FROM endpoints";
/// The columns [`read_webhook`] reads.
const WEBHOOK: &str = "SELECT event_id, webhook_id, kind, body, state, failures, answer, created_at, begun_at, next_at FROM webhooks";

fn read_endpoint(row: &Row<'_>) -> Result<WebhookEndpoint, StoreError> {
    let (former, rotated_at): (Option<Vec<u8>>, Option<i64>) = (row.get(4)?, row.get(5)?);
    Ok(WebhookEndpoint {
        id: EndpointId {
            event: event_id(row.get(0)?),
            local: row.get(1)?,
        },
        url: row.get(2)?,
        sealed: row.get(3)?,
        former: former.zip(rotated_at.map(moment)),
        created_at: moment(row.get(6)?),
    })
}

fn read_webhook(row: &Row<'_>) -> Result<Webhook, StoreError> {
    let kind = WebhookKind::from_word(row.column(2)?.as_str()?);
    let state = WebhookState::from_word(row.column(4)?.as_str()?);
    let (Some(kind), Some(state)) = (kind, state) else {
        return Err(StoreError::Unreadable { what: "webhook" });
    };
    Ok(Webhook {
        id: WebhookId {
            event: event_id(row.get(0)?),
            local: row.get(1)?,
        },
        kind,
        body: row.get(3)?,
        state,
        failures: row.get(5)?,
        answer: row.get(6)?,
        created_at: moment(row.get(7)?),
        begun_at: moment(row.get(8)?),
        next_at: moment(row.get(9)?),
    })
}

/// Adds an endpoint; `false` when its event has as many as it can.
pub fn add_endpoint(connection: &Sql<'_>, request: &NewEndpoint) -> Result<Effect<bool>, StoreError> {
    let event = request.id.event;
    let count: u32 = connection
        .prepare_cached("SELECT count(*) FROM endpoints WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))?;
    if !may_add_endpoint(count) {
        return Ok(Effect::Undo(false));
    }
    connection
        .prepare_cached(
            "INSERT INTO endpoints (event_id, endpoint_id, url, secret, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .run(params![
            event.0,
            request.id.local,
            request.url,
            request.sealed,
            ms(request.now)
        ])?;
    Ok(Effect::Keep(true))
}

/// Gives an endpoint another secret; tells whether there is one.
pub fn rotate_secret(connection: &Sql<'_>, request: &RotateSecret) -> Result<Effect<bool>, StoreError> {
    let id = request.id;
    let is_rotated = connection
        .prepare_cached(
            "UPDATE endpoints SET former_secret = secret, secret = ?3, rotated_at = ?4
             WHERE event_id = ?1 AND endpoint_id = ?2",
        )?
        .changes(1, params![id.event.0, id.local, request.sealed, ms(request.now)])?;
    Ok(Effect::Keep(is_rotated))
}

/// Puts secrets that are sealed anew in place of what they were; tells whether they were still those.
pub fn reseal_endpoint(connection: &Sql<'_>, request: &ResealEndpoint) -> Result<Effect<bool>, StoreError> {
    let id = request.id;
    let is_resealed = connection
        .prepare_cached(
            "UPDATE endpoints SET secret = ?4, former_secret = ?5
             WHERE event_id = ?1 AND endpoint_id = ?2 AND secret = ?3",
        )?
        .changes(
            1,
            params![id.event.0, id.local, request.was, request.sealed, request.former],
        )?;
    Ok(Effect::Keep(is_resealed))
}

/// Removes an endpoint with all that it was to be told; tells whether there was one.
pub fn remove_endpoint(connection: &Sql<'_>, request: &RemoveEndpoint) -> Result<Effect<bool>, StoreError> {
    let id = request.id;
    jobs::delete(connection, JobId::SendWebhooks(id))?;
    connection
        .prepare_cached("DELETE FROM webhooks WHERE event_id = ?1 AND endpoint_id = ?2")?
        .execute(params![id.event.0, id.local])?;
    let is_removed = connection
        .prepare_cached("DELETE FROM endpoints WHERE event_id = ?1 AND endpoint_id = ?2")?
        .changes(1, params![id.event.0, id.local])?;
    Ok(Effect::Keep(is_removed))
}

/// Lists the endpoints of an event, the first one first.
pub fn endpoints(connection: &Sql<'_>, event: &EventId) -> Result<Vec<WebhookEndpoint>, StoreError> {
    connection
        .prepare_cached(&format!(
            "{ENDPOINT} WHERE event_id = ?1 ORDER BY created_at, endpoint_id"
        ))?
        .query_and_then([event.0], read_endpoint)?
        .collect()
}

/// Lists all endpoints.
pub fn all_endpoints(connection: &Sql<'_>, (): &()) -> Result<Vec<WebhookEndpoint>, StoreError> {
    connection
        .prepare_cached(&format!("{ENDPOINT} ORDER BY event_id, endpoint_id"))?
        .query_and_then([], read_endpoint)?
        .collect()
}

/// Finds an endpoint.
pub fn endpoint(connection: &Sql<'_>, id: &EndpointId) -> Result<Option<WebhookEndpoint>, StoreError> {
    let mut query =
        connection.prepare_cached(&format!("{ENDPOINT} WHERE event_id = ?1 AND endpoint_id = ?2"))?;
    let mut found = query.query_and_then(params![id.event.0, id.local], read_endpoint)?;
    found.next().transpose()
}

/// Tells whether anybody is told what happens at an event.
pub fn are_wanted(connection: &Sql<'_>, event: EventId) -> Result<bool, StoreError> {
    Ok(!listening(connection, event)?.is_empty())
}

/// Who is told of an event.
const LISTENING: &str = "SELECT endpoint_id FROM endpoints WHERE event_id = ?1
         UNION ALL SELECT listener FROM heard_events WHERE event_id = ?1";

/// Asks already who is to be told of an event.
pub fn ask_ahead(connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
    Ok(connection.ask_ahead(LISTENING, [event.0])?)
}

/// Lists the endpoints of an event, and what stands for those who listen to its news, if anybody has.
fn listening(connection: &Sql<'_>, event: EventId) -> Result<Vec<Local>, StoreError> {
    let mut query = connection.prepare_cached(LISTENING)?;
    let found = query.query_map([event.0], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Tells endpoints that an event has other terms, which they can look up.
pub fn enqueue_changed(connection: &Sql<'_>, event: EventId, now: Timestamp) -> Result<(), StoreError> {
    let told = WebhookCause {
        event,
        kind: WebhookKind::EventChanged,
        once: None,
        now,
    };
    enqueue(connection, &told, || Ok(json!({ "event_id": event })))
}

/// Records for each endpoint of an event, and for those who listen to its news, what they are to be told, in the transaction of
/// the cause. `data` is made only where somebody is to be told.
pub fn enqueue(
    connection: &Sql<'_>,
    told: &WebhookCause<'_>,
    data: impl FnOnce() -> Result<Value, StoreError>,
) -> Result<(), StoreError> {
    let endpoints = listening(connection, told.event)?;
    if endpoints.is_empty() {
        return Ok(());
    }
    let data = data()?;
    for local in endpoints {
        let endpoint = EndpointId {
            event: told.event,
            local,
        };
        add(connection, (told, endpoint), &data)?;
    }
    Ok(())
}

/// Adds a webhook, once if it can be heard of more than once, and the job of its endpoint.
fn add(
    connection: &Sql<'_>,
    (told, endpoint): (&WebhookCause<'_>, EndpointId),
    data: &Value,
) -> Result<WebhookId, StoreError> {
    let id = match told.once {
        None => WebhookId::draw(told.event, told.now),
        Some(once) => id_of(endpoint, once),
    };
    let body = json!({
        "type": told.kind.word(),
        "timestamp": Moment(told.now),
        "data": data,
    });
    let body = body.to_string();
    if endpoint.local == news::LISTENER {
        news::add(connection, (told.event, id.local), (told.kind, &body), told.now)?;
        return Ok(id);
    }
    let is_new = connection
        .prepare_cached(
            "INSERT INTO webhooks (event_id, webhook_id, endpoint_id, kind, body, state, failures, created_at, begun_at, next_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', 0, ?6, ?6, ?6) ON CONFLICT (event_id, webhook_id) DO NOTHING",
        )?
        .changes(
            1,
            params![
                told.event.0,
                id.local,
                endpoint.local,
                told.kind.word(),
                body,
                ms(told.now)
            ],
        )?;
    if is_new {
        jobs::hurry(connection, JobId::SendWebhooks(endpoint), told.now)?;
    }
    Ok(id)
}

/// Returns the id of what may be heard of more than once.
fn id_of(endpoint: EndpointId, once: &[u8]) -> WebhookId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&endpoint.local).update(once);
    let mut local = [0; LOCAL_BYTES];
    hasher.finalize_xof().fill(&mut local);
    WebhookId {
        event: endpoint.event,
        local,
    }
}

/// Tells an endpoint a test; `None` when there is none.
pub fn test_endpoint(
    connection: &Sql<'_>,
    request: &TestEndpoint,
) -> Result<Effect<Option<WebhookId>>, StoreError> {
    if endpoint(connection, &request.id)?.is_none() {
        return Ok(Effect::Undo(None));
    }
    let event = request.id.event;
    let told = WebhookCause {
        event,
        kind: WebhookKind::Test,
        once: None,
        now: request.now,
    };
    let id = add(connection, (&told, request.id), &json!({ "event_id": event }))?;
    Ok(Effect::Keep(Some(id)))
}

/// Begins to tell a webhook anew; `false` when there is none, or it waits already.
pub fn replay_webhook(connection: &Sql<'_>, request: &ReplayWebhook) -> Result<Effect<bool>, StoreError> {
    let id = request.id;
    let Some(was) = webhook(connection, &id)? else {
        return Ok(Effect::Undo(false));
    };
    let state = was.state;
    let Some(begun) = was.replayed(request.now) else {
        return Ok(Effect::Undo(false));
    };
    let is_begun = connection
        .prepare_cached(
            "UPDATE webhooks SET state = ?3, failures = ?4, begun_at = ?5, next_at = ?6
             WHERE event_id = ?1 AND webhook_id = ?2 AND state = ?7",
        )?
        .changes(
            1,
            params![
                id.event.0,
                id.local,
                begun.state.word(),
                begun.failures,
                ms(begun.begun_at),
                ms(begun.next_at),
                state.word()
            ],
        )?;
    if !is_begun {
        return Err(StoreError::Overtaken);
    }
    let local: Local = connection
        .prepare_cached("SELECT endpoint_id FROM webhooks WHERE event_id = ?1 AND webhook_id = ?2")?
        .query_row(params![id.event.0, id.local], |row| row.get(0))?;
    let endpoint = EndpointId {
        event: id.event,
        local,
    };
    jobs::hurry(connection, JobId::SendWebhooks(endpoint), request.now)?;
    Ok(Effect::Keep(true))
}

/// Finds a webhook.
pub fn webhook(connection: &Sql<'_>, id: &WebhookId) -> Result<Option<Webhook>, StoreError> {
    let mut query =
        connection.prepare_cached(&format!("{WEBHOOK} WHERE event_id = ?1 AND webhook_id = ?2"))?;
    let mut found = query.query_and_then(params![id.event.0, id.local], read_webhook)?;
    found.next().transpose()
}

/// Lists what an endpoint is to be told now.
pub fn due_webhooks(connection: &Sql<'_>, request: &DueWebhooks) -> Result<Vec<Webhook>, StoreError> {
    let endpoint = request.endpoint;
    connection
        .prepare_cached(&format!(
            "{WEBHOOK} WHERE event_id = ?1 AND endpoint_id = ?2 AND state = 'waiting' AND next_at <= ?3
             ORDER BY next_at, created_at, webhook_id LIMIT ?4"
        ))?
        .query_and_then(
            params![endpoint.event.0, endpoint.local, ms(request.now), request.limit],
            read_webhook,
        )?
        .collect()
}

/// Lists webhooks of an endpoint, the newest first.
pub fn webhooks(connection: &Sql<'_>, request: &WebhooksQuery) -> Result<Vec<Webhook>, StoreError> {
    let endpoint = request.endpoint;
    let state = request.state.map_or("", WebhookState::word);
    connection
        .prepare_cached(&format!(
            "{WEBHOOK} WHERE event_id = ?1 AND endpoint_id = ?2 AND (?3 = '' OR state = ?3)
             ORDER BY created_at DESC, webhook_id DESC LIMIT ?4"
        ))?
        .query_and_then(
            params![endpoint.event.0, endpoint.local, state, request.limit],
            read_webhook,
        )?
        .collect()
}

/// Records how the deliveries of webhooks went, deletes old webhooks, and puts off or ends the job of their endpoint.
pub fn note_webhooks(connection: &Sql<'_>, request: &NoteWebhooks) -> Result<Effect<()>, StoreError> {
    let (endpoint, now) = (request.endpoint, request.now);
    let mut note = connection.prepare_cached(
        "UPDATE webhooks SET state = ?3, failures = ?4, answer = ?5, next_at = ?6
         WHERE event_id = ?1 AND webhook_id = ?2 AND state = 'waiting'",
    )?;
    for webhook in &request.tried {
        note.run(params![
            webhook.id.event.0,
            webhook.id.local,
            webhook.state.word(),
            webhook.failures,
            webhook.answer,
            ms(webhook.next_at)
        ])?;
    }
    forget(connection, endpoint, now)?;
    let next: Option<i64> = connection
        .prepare_cached(
            "SELECT min(next_at) FROM webhooks WHERE event_id = ?1 AND endpoint_id = ?2 AND state = 'waiting'",
        )?
        .query_row(params![endpoint.event.0, endpoint.local], |row| row.get(0))?;
    let job = JobId::SendWebhooks(endpoint);
    match next {
        Some(next) => jobs::wait(
            connection,
            job,
            moment(next).max(now.plus_ms(1)),
            (request.holder, now),
        )?,
        None => jobs::delete(connection, job)?,
    }
    Ok(Effect::Keep(()))
}

fn forget(connection: &Sql<'_>, endpoint: EndpointId, now: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM webhooks WHERE event_id = ?1 AND endpoint_id = ?2 AND state <> 'waiting' AND created_at < ?3",
        )?
        .execute(params![endpoint.event.0, endpoint.local, ms(kept_since(now))])?;
    Ok(())
}
