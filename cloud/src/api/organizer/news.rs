//! `/v1/organizer/events/{event_id}/news/stream`: what happens at an event, told to whoever stays, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};
use usher_keys::EventId;
use usher_words::problems::ProblemKind;

use crate::api::caller::ShownSecret;
use crate::api::error::ApiError;
use crate::api::input::LastEventId;
use crate::ids::OrganizerId;
use crate::rights::{Operation, may};
use crate::state::AppState;
use crate::store::StoreError;
use crate::webhooks::news::{NewsItem, NewsPage, NewsQuery, OpenNews};

use super::owned::OwnEvent;

/// How often it is looked for news.
const EVERY: Duration = Duration::from_secs(1);
/// After so many looks without news a blank line is sent: proxies give up connections on which nothing is said for a minute.
const POLLS_IN_SILENCE: u32 = 15;
/// How long one connection is told: proxies and clients that hang are let go of.
const LASTS: Duration = Duration::from_mins(5);
/// When a client should come again that finds no room, in seconds.
const RETRY_AFTER: u64 = 30;
const BLANK: Bytes = Bytes::from_static(b":\n\n");
/// Something in between is forgotten: it is looked up otherwise.
const GAP: Bytes = Bytes::from_static(b"event: gap\ndata: {}\n\n");
/// Has nginx pass on each event at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Tells what happens at an event from now on, as its endpoints are told it: each event has the `type` of a webhook as its name, its body as data,
/// and a number as id. A client that says the last one in `Last-Event-ID`, as browsers do, goes on after it, for 72 hours; `gap` says that something
/// in between is forgotten. After five minutes the connection ends, and the client comes again; it ends within two seconds once the key is revoked, or
/// whoever listens is logged out or given a role that hears no news.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/news/stream", tag = "organizer",
    params(("event_id" = String, Path), ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last news that the client has")),
    security(("organizer_key" = [])), responses(
    (status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream"),
    (status = 429, description = "As many clients listen as can"),
))]
pub async fn listen(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::HearNews>,
    headers: HeaderMap,
    LastEventId(known): LastEventId,
) -> Result<Response, ApiError> {
    let Ok(place) = Arc::clone(&app.news_listeners).try_acquire_owned() else {
        return Err(ApiError::too_many(ProblemKind::TooManyListeners, RETRY_AFTER));
    };
    let now = app.clock.now();
    let newest = app.store.open_news(OpenNews { event: event.id, now }).await?;
    // Who names one that is yet to come has it from a store that is gone.
    let after = known.unwrap_or(newest).min(newest);
    let shown = ShownSecret::of(&headers).ok_or(ProblemKind::Unauthorized)?;
    Ok(Listener::new(app, (event.id, after), (event.organizer, shown, place)).answer())
}

/// Somebody who hears of news. Nothing is read for them before they have taken what was read.
struct Listener {
    app: Arc<AppState>,
    event: EventId,
    organizer: OrganizerId,
    /// By what they may.
    shown: ShownSecret,
    /// The number of the last news they were told.
    after: u64,
    /// What they are told next.
    ready: VecDeque<Bytes>,
    silent_polls: u32,
    ends_at: Instant,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    fn new(
        app: Arc<AppState>,
        (event, after): (EventId, u64),
        (organizer, shown, place): (OrganizerId, ShownSecret, OwnedSemaphorePermit),
    ) -> Self {
        Self {
            app,
            event,
            organizer,
            shown,
            after,
            ready: VecDeque::from([BLANK]),
            silent_polls: 0,
            ends_at: Instant::now() + LASTS,
            _place: place,
        }
    }

    /// Tells news as they come.
    fn answer(self) -> Response {
        let events = stream::unfold(self, |mut listener| async {
            let next = listener.next().await?;
            Some((Ok::<_, Infallible>(next), listener))
        });
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/event-stream"),
            ),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (BUFFERING, HeaderValue::from_static("no")),
        ];
        (headers, Body::from_stream(events)).into_response()
    }

    /// Waits for the next event; none when the time is over, they may hear no more, the server stops, or it can no longer tell.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if Instant::now() >= self.ends_at {
                return None;
            }
            self.poll().await?;
            if !self.ready.is_empty() {
                continue;
            }
            self.silent_polls += 1;
            if self.silent_polls == POLLS_IN_SILENCE {
                self.silent_polls = 0;
                return Some(BLANK);
            }
            tokio::select! {
                () = self.app.draining.cancelled() => return None,
                () = sleep(EVERY) => {}
            }
        }
    }

    /// Looks whether there are news.
    async fn poll(&mut self) -> Option<()> {
        let query = NewsQuery {
            event: self.event,
            after: self.after,
        };
        let found = self.found(query).await;
        let page = found
            .inspect_err(|error| tracing::warn!(%error, "a listener is sent away"))
            .ok()??;
        let NewsPage { items, has_gap } = page;
        if let Some(last) = items.last() {
            self.after = last.position;
            self.silent_polls = 0;
        }
        self.ready.extend(has_gap.then_some(GAP));
        self.ready.extend(items.iter().map(event));
        Some(())
    }

    /// Reads news, unless they may hear no more. That is asked last, so that nothing is told which happened after they were sent away.
    async fn found(&self, query: NewsQuery) -> Result<Option<NewsPage>, StoreError> {
        let page = self.app.store.news(query).await?;
        let right = (self.organizer, Operation::HearNews);
        let still_may = self.shown.still_may(right, &self.app).await?;
        Ok(still_may.then_some(page))
    }
}

/// Writes news as a server-sent event. Its JSON has no line breaks.
fn event(item: &NewsItem) -> Bytes {
    let (kind, id, body) = (item.kind.word(), item.position, &item.body);
    format!("event: {kind}\nid: {id}\ndata: {body}\n\n").into()
}
