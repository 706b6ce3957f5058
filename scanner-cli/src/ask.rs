//! Asks the linked hubs one thing within a time limit: the first at once, the next when one is slow or cannot; what is asked is the caller's.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use usher_protocol::ScanId;
use usher_protocol::request::{Answer, Request, RequestError};

use crate::links::LinkedHub;

/// After how long without an answer the next hub is asked too. All of them ask the same home hub about the same scan
/// id, so asking twice counts once.
const NEXT_HUB_AFTER: Duration = Duration::from_millis(120);

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A hub answered.
    Answered(Answer),
    /// A hub decided that it will not: asking another is no use.
    Refused(RequestError),
    /// No hub gave an answer in time: none is linked, none is heard, or none can decide at the moment.
    Nothing,
}

/// Asks these hubs about a scan, in this order, until one answers or `limit` is over.
pub async fn ask(hubs: Vec<LinkedHub>, scan: ScanId, request: &Request, limit: Duration) -> Asked {
    let deadline = Instant::now() + limit;
    let mut next_at = Instant::now();
    let mut waiting = hubs.into_iter();
    let mut asking = JoinSet::new();
    loop {
        if asking.is_empty() && waiting.len() == 0 {
            return Asked::Nothing;
        }
        tokio::select! {
            biased;
            Some(done) = asking.join_next() => match done {
                Ok(Asked::Nothing) | Err(_) => next_at = Instant::now(),
                Ok(settled) => return settled,
            },
            () = sleep_until(deadline) => return Asked::Nothing,
            () = sleep_until(next_at), if waiting.len() > 0 => if let Some(hub) = waiting.next() {
                next_at = Instant::now() + NEXT_HUB_AFTER;
                let left = deadline.saturating_duration_since(Instant::now());
                asking.spawn(ask_one(hub, scan, request.clone(), left));
            },
        }
    }
}

async fn ask_one(hub: LinkedHub, scan: ScanId, request: Request, limit: Duration) -> Asked {
    // Until it answers, it counts as silent: this future may be dropped at any moment.
    hub.answered(false);
    let response = match hub.connection.ask(&request, limit).await {
        Ok(response) => response,
        Err(error) => {
            tracing::info!(hub = hub.name, %error, "a hub does not answer");
            return Asked::Nothing;
        }
    };
    hub.answered(true);
    match response {
        Ok(answer) if answer.scan == scan => Asked::Answered(answer),
        Ok(_) => {
            tracing::warn!(hub = hub.name, "a hub answered another scan");
            Asked::Nothing
        }
        Err(error @ (RequestError::Unavailable | RequestError::Busy)) => {
            tracing::warn!(hub = hub.name, ?error, "a hub cannot decide at the moment");
            Asked::Nothing
        }
        Err(error @ (RequestError::NotAllowed | RequestError::NotHome | RequestError::Malformed)) => {
            Asked::Refused(error)
        }
    }
}
