//! `/v1/events/{event_id}/seats/stream`: which seats are free, told to whoever stays, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use futures_util::stream;
use tokio::time::sleep;
use usher_keys::EventId;
use usher_words::problems::Missing;

use crate::seat_maps::{Availability, VersionChanges};
use crate::state::AppState;

use super::error::ApiError;
use super::input::{Id, LastEventId};

/// How often each listener's next event is looked for: availability is looked up no more often.
const EVERY: Duration = Duration::from_secs(1);
/// After so many looks without an event a blank one is sent: proxies give up connections on which nothing is said for a minute.
const POLLS_IN_SILENCE: u32 = 15;
const BLANK: Bytes = Bytes::from_static(b":\n\n");
/// Has nginx pass on each event at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Tells which seats are free and then each second what has changed, as server-sent events. The first, `snapshot`, has the bytes of the
/// availability in base64; those after it, `changes`, what leads from one version to the next. The id of an event is its version: a client that
/// says it in `Last-Event-ID`, as browsers do, goes on there, or is given a snapshot again if that is too long ago.
#[utoipa::path(get, path = "/v1/events/{event_id}/seats/stream", tag = "events",
    params(("event_id" = String, Path), ("Last-Event-ID" = Option<u64>, Header, description = "The version the client knows")), responses(
    (status = 200, description = "Server-sent events, until the client goes or the server stops", body = String, content_type = "text/event-stream"),
    (status = 404, description = "No such event is on sale"),
))]
pub async fn listen(
    State(app): State<Arc<AppState>>,
    Id(event): Id<EventId>,
    LastEventId(known): LastEventId,
) -> Result<Response, ApiError> {
    let availability = app.seat_maps.availability(event, app.clock.now()).await?;
    let availability = availability.ok_or(ApiError::NotFound(Missing::Event))?;
    let mut listener = Listener {
        app,
        event,
        version: availability.version,
        silent_polls: 0,
    };
    let first = match known {
        Some(known) => listener.resume(known).await?,
        None => snapshot(&availability),
    };
    Ok(listener.answer(first))
}

/// Somebody who hears of changes.
struct Listener {
    app: Arc<AppState>,
    event: EventId,
    /// What they know.
    version: u64,
    silent_polls: u32,
}

impl Listener {
    /// Tells one event, then the others as they come.
    fn answer(self, first: Bytes) -> Response {
        let events = stream::unfold((Some(first), self), |(first, mut listener)| async {
            let next = match first {
                Some(first) => Some(first),
                None => listener.next().await,
            };
            next.map(|event| (Ok::<_, Infallible>(event), (None, listener)))
        });
        let events_only = HeaderValue::from_static("text/event-stream");
        let headers = [
            (header::CONTENT_TYPE, events_only),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (BUFFERING, HeaderValue::from_static("no")),
        ];
        (headers, Body::from_stream(events)).into_response()
    }

    /// Goes on after a version that the client knows.
    async fn resume(&mut self, known: u64) -> Result<Bytes, ApiError> {
        self.version = known;
        Ok(self.poll().await?.unwrap_or(BLANK))
    }

    /// Waits for the next event; none when the server stops, or can no longer tell: the client comes again then.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                () = self.app.draining.cancelled() => return None,
                () = sleep(EVERY) => {}
            }
            let found = self.poll().await;
            let event = found
                .inspect_err(|error| tracing::warn!(%error, "a listener is sent away"))
                .ok()?;
            self.silent_polls += 1;
            if event.is_some() || self.silent_polls == POLLS_IN_SILENCE {
                self.silent_polls = 0;
                return Some(event.unwrap_or(BLANK));
            }
        }
    }

    /// Looks whether anything has changed.
    async fn poll(&mut self) -> Result<Option<Bytes>, ApiError> {
        let (maps, now) = (&self.app.seat_maps, self.app.clock.now());
        let changes = maps.changes_after(self.event, self.version, now).await?;
        match changes.ok_or(ApiError::NotFound(Missing::Event))? {
            VersionChanges::Open(_) => Ok(None),
            VersionChanges::Closed(changes) => {
                self.version = changes.to;
                Ok(Some(changes.event))
            }
            VersionChanges::Unknown => {
                let availability = maps.availability(self.event, now).await?;
                let availability = availability.ok_or(ApiError::NotFound(Missing::Event))?;
                self.version = availability.version;
                Ok(Some(snapshot(&availability)))
            }
        }
    }
}

fn snapshot(availability: &Availability) -> Bytes {
    let body = BASE64.encode(&availability.body);
    format!("event: snapshot\nid: {}\ndata: {body}\n\n", availability.version).into()
}
