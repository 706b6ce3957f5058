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

/// What came of asking, and whether a hub that was asked may have decided without our hearing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// What came of it.
    pub came: Asked,
    /// Whether somebody was asked and has not answered.
    pub is_silent: bool,
}

/// Asks these hubs about a scan, in this order, until one answers or none has shown a sign of life for `patience`, or for as
/// long as a slow line takes.
pub async fn ask(hubs: Vec<LinkedHub>, scan: ScanId, request: &Request, patience: Duration) -> Asking {
    let mut next_at = Instant::now();
    let mut waiting = hubs.into_iter();
    let mut asking = JoinSet::new();
    let mut is_silent = false;
    loop {
        if asking.is_empty() && waiting.len() == 0 {
            let came = Asked::Nothing;
            return Asking { came, is_silent };
        }
        tokio::select! {
            biased;
            Some(done) = asking.join_next() => {
                let (came, has_answered) = done.unwrap_or((Asked::Nothing, false));
                is_silent |= !has_answered;
                if came != Asked::Nothing {
                    is_silent |= !asking.is_empty();
                    return Asking { came, is_silent };
                }
                next_at = Instant::now();
            },
            () = sleep_until(next_at), if waiting.len() > 0 => if let Some(hub) = waiting.next() {
                next_at = Instant::now() + NEXT_HUB_AFTER;
                asking.spawn(ask_one(hub, scan, request.clone(), patience));
            },
        }
    }
}

/// Asks one hub; tells also whether it has answered, be it that it cannot decide.
async fn ask_one(hub: LinkedHub, scan: ScanId, request: Request, patience: Duration) -> (Asked, bool) {
    // Until it answers, it counts as silent: this future may be dropped at any moment.
    hub.answered(false);
    let patience = hub.connection.patience(patience);
    let response = match hub.connection.ask(&request, patience).await {
        Ok(response) => response,
        Err(error) => {
            tracing::info!(hub = hub.name, %error, "a hub does not answer");
            return (Asked::Nothing, false);
        }
    };
    hub.answered(true);
    let came = match response {
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
    };
    (came, true)
}
