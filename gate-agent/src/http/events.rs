//! Which event a request is for: the one in its path, the one whose token it shows, or the only one there is; the routes are the hubs'.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, Method};
use axum::response::{Html, IntoResponse, Redirect, Response};
use tower::ServiceExt;
use usher_keys::EventId;
use usher_words::hub::problems::{EventAddress, HubProblem};

use super::problem::Problem;
use super::scans;
use crate::doors::{Door, Doors};

/// What stands before an event's id in a path.
const EVENTS: &str = "/events/";
/// Where scans are judged and taken back: clients there have a token, which is an event's own.
const SCANS: [&str; 2] = ["/v1/scans", "/v1/annulments"];

/// The way in for turnstiles and people.
pub fn entrance(doors: Arc<Doors>) -> Router {
    Router::new().fallback(lead).with_state(doors)
}

/// The way in for new scanners.
pub fn enrolments_entrance(doors: Arc<Doors>) -> Router {
    Router::new().fallback(lead_enrolment).with_state(doors)
}

/// Leads a request to the hub of its event.
async fn lead(State(doors): State<Arc<Doors>>, mut request: Request) -> Response {
    let door = match named_event(&mut request) {
        Named::Inside(event) => doors.of(event).ok_or_else(|| not_served_now(&doors, event)),
        Named::Itself(event) => return Redirect::permanent(&format!("{EVENTS}{event}/")).into_response(),
        Named::NoSuch => Err(not_served()),
        Named::Nothing => {
            let all = doors.all();
            if all.len() > 1 && request.uri().path() == "/" {
                return page(&all);
            }
            let is_scan = request.method() == Method::POST && SCANS.contains(&request.uri().path());
            unnamed(all, is_scan, request.headers()).await
        }
    };
    answer(door.map(|door| door.router.clone()), request).await
}

/// Leads a new scanner to the hub of its event.
async fn lead_enrolment(State(doors): State<Arc<Doors>>, mut request: Request) -> Response {
    let door = match named_event(&mut request) {
        Named::Inside(event) => doors.of(event).ok_or_else(|| not_served_now(&doors, event)),
        Named::Itself(_) | Named::NoSuch => Err(not_served()),
        Named::Nothing => only(doors.all()),
    };
    answer(door.map(|door| door.enrolments.clone()), request).await
}

async fn answer(router: Result<Router, Problem>, request: Request) -> Response {
    match router {
        Ok(router) => match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        Err(problem) => problem.into_response(),
    }
}

/// What a path names.
enum Named {
    /// An address of an event's hub.
    Inside(EventId),
    /// The event itself; the addresses on its page are relative to one with a slash.
    Itself(EventId),
    /// Something below [`EVENTS`] that is no event.
    NoSuch,
    /// No event.
    Nothing,
}

/// Finds the event that a request's path names, and leaves in the request what follows it.
fn named_event(request: &mut Request) -> Named {
    let uri = request.uri();
    let Some(named) = uri.path().strip_prefix(EVENTS) else {
        return Named::Nothing;
    };
    let (event, rest) = named
        .split_once('/')
        .map_or((named, None), |(event, rest)| (event, Some(rest)));
    let Ok(event) = event.parse() else {
        return Named::NoSuch;
    };
    let Some(rest) = rest else {
        return Named::Itself(event);
    };
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let inside: Result<PathAndQuery, _> = format!("/{rest}{query}").parse();
    let Ok(inside) = inside else {
        return Named::NoSuch;
    };
    *request.uri_mut() = Uri::from(inside);
    Named::Inside(event)
}

/// Returns the only event there is.
fn only(mut all: Vec<(EventId, Arc<Door>)>) -> Result<Arc<Door>, Problem> {
    if all.len() == 1 {
        return Ok(all.remove(0).1);
    }
    Err(choose(&all))
}

/// Finds the event of a request that names none.
async fn unnamed(
    all: Vec<(EventId, Arc<Door>)>,
    is_scan: bool,
    headers: &HeaderMap,
) -> Result<Arc<Door>, Problem> {
    if is_scan && all.len() > 1 {
        // One more event in the house must not shut out the turnstiles of the others.
        for (_, door) in &all {
            if scans::shows_token(&door.services, headers).await {
                return Ok(Arc::clone(door));
            }
        }
    }
    only(all)
}

/// Says why there is no way to an event's hub at the moment.
fn not_served_now(doors: &Doors, event: EventId) -> Problem {
    if doors.is_expected(event) {
        return Problem::of(&HubProblem::EventStarting);
    }
    not_served()
}

fn not_served() -> Problem {
    Problem::of(&HubProblem::OtherEvent)
}

/// The events to choose from, for people.
#[derive(Template)]
#[template(path = "events.html")]
struct Page {
    events: Vec<EventLine>,
}

struct EventLine {
    id: EventId,
    name: String,
}

fn page(all: &[(EventId, Arc<Door>)]) -> Response {
    let line = |(id, door): &(EventId, Arc<Door>)| EventLine {
        id: *id,
        name: name(*id, door),
    };
    let page = Page {
        events: all.iter().map(line).collect(),
    };
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// Returns what people call an event, or its id before that was heard.
fn name(event: EventId, door: &Door) -> String {
    let policy = door.services.replica.snapshot().policy.clone();
    policy.map_or_else(|| event.to_string(), |policy| policy.name.clone())
}

fn choose(all: &[(EventId, Arc<Door>)]) -> Problem {
    if all.is_empty() {
        return Problem::of(&HubProblem::NoEvent);
    }
    let address = |(event, door): &(EventId, Arc<Door>)| EventAddress {
        path: format!("{EVENTS}{event}"),
        name: name(*event, door),
    };
    let addresses: Vec<_> = all.iter().map(address).collect();
    Problem::of(&HubProblem::WhichEvent(&addresses))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn an_event_whose_hub_only_starts_is_not_called_unknown() {
        let (doors, event) = (Doors::default(), EventId([1; 16]));
        let status = |doors: &Doors| not_served_now(doors, event).into_response().status();
        assert_eq!(status(&doors), StatusCode::NOT_FOUND);
        doors.expect(event);
        assert_eq!(status(&doors), StatusCode::SERVICE_UNAVAILABLE);
        doors.give_up(event);
        assert_eq!(status(&doors), StatusCode::NOT_FOUND);
    }
}
