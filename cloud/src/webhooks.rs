//! Webhooks: telling programs of an organizer what happened, as plain values, and the rules of when each is told again and when it is given up.
//!
//! A webhook is a row that is written in the transaction of its cause, for each endpoint of its event. It is told at least once.

pub mod news;
pub mod signature;

use std::time::Duration;

use usher_keys::{EventId, Timestamp};

use crate::ids::{EndpointId, WebhookId};
use crate::selling::jobs::LeaseHolder;

/// Endpoints of one event: each costs a row for all that happens.
pub const MAX_ENDPOINTS: u32 = 10;
/// The pauses after the first failures; then the last one, until it is given up.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
];
/// How long a webhook is tried before it is given up: a weekend, and a day more.
const TRIED_FOR: Duration = Duration::from_hours(72);
/// How long a former secret signs too: so long an organizer has to give a new one to all programs.
pub const FORMER_SECRET_FOR: Duration = Duration::from_hours(24);
/// How long it is kept what was taken or given up.
pub const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookKind {
    /// A booking has its tickets.
    BookingConfirmed,
    /// Money of a booking was given back.
    RefundGiven,
    /// A ticket is void.
    TicketRevoked,
    /// A ticket is somebody else's.
    TicketTransferred,
    /// People were let in.
    TicketAdmitted,
    /// The event has other terms, or another date.
    EventChanged,
    /// Places that have come back are offered to somebody on a waiting list.
    PlacesOffered,
    /// Somebody wants to know whether the endpoint hears.
    Test,
}

impl WebhookKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::BookingConfirmed,
        Self::RefundGiven,
        Self::TicketRevoked,
        Self::TicketTransferred,
        Self::TicketAdmitted,
        Self::EventChanged,
        Self::PlacesOffered,
        Self::Test,
    ];

    /// Returns the word for it in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::BookingConfirmed => "booking.confirmed",
            Self::RefundGiven => "refund.given",
            Self::TicketRevoked => "ticket.revoked",
            Self::TicketTransferred => "ticket.transferred",
            Self::TicketAdmitted => "ticket.admitted",
            Self::EventChanged => "event.changed",
            Self::PlacesOffered => "places.offered",
            Self::Test => "test",
        }
    }

    /// Finds the kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How far a webhook has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookState {
    /// It is to be told, or told again.
    Waiting,
    /// The endpoint has taken it.
    Taken,
    /// It was tried for three days: it waits for a person.
    GivenUp,
}

impl WebhookState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Taken, Self::GivenUp];

    /// Returns the word for it in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::GivenUp => "given_up",
        }
    }

    /// Finds the state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A program of an organizer's that is told what happens at an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    pub id: EndpointId,
    /// Where it is told.
    pub url: String,
    /// Its secret, sealed under the master key.
    pub sealed: Vec<u8>,
    /// The secret that it had before, sealed, and when that was replaced.
    pub former: Option<(Vec<u8>, Timestamp)>,
    pub created_at: Timestamp,
}

impl WebhookEndpoint {
    /// Returns the sealed secrets that sign now, the newest first.
    pub fn secrets(&self, now: Timestamp) -> Vec<&[u8]> {
        let former = self
            .former
            .as_ref()
            .filter(|(_, replaced_at)| now < replaced_at.plus_ms(ms(FORMER_SECRET_FOR)))
            .map(|(sealed, _)| sealed.as_slice());
        [self.sealed.as_slice()].into_iter().chain(former).collect()
    }
}

/// One thing that an endpoint is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub kind: WebhookKind,
    /// The JSON that is sent.
    pub body: String,
    pub state: WebhookState,
    /// How often the endpoint did not take it since it was begun.
    pub failures: u32,
    /// What came of the last try.
    pub answer: Option<String>,
    pub created_at: Timestamp,
    /// When it was begun to be told: when it was made, or replayed.
    pub begun_at: Timestamp,
    /// When it is tried next.
    pub next_at: Timestamp,
}

impl Webhook {
    /// Returns what becomes of it after a try.
    pub fn tried(self, answer: &str, is_taken: bool, now: Timestamp) -> Self {
        let failures = self.failures + u32::from(!is_taken);
        let is_over = now >= self.begun_at.plus_ms(ms(TRIED_FOR));
        let state = match (is_taken, is_over) {
            (true, _) => WebhookState::Taken,
            (false, true) => WebhookState::GivenUp,
            (false, false) => WebhookState::Waiting,
        };
        let place = usize::try_from(self.failures).unwrap_or(usize::MAX);
        let pause = PAUSES[place.min(PAUSES.len() - 1)];
        Self {
            state,
            failures,
            answer: Some(answer.to_owned()),
            next_at: now.plus_ms(ms(pause)),
            ..self
        }
    }

    /// Returns it as it is begun to be told anew; `None` while it waits.
    pub fn replayed(self, now: Timestamp) -> Option<Self> {
        match self.state {
            WebhookState::Waiting => None,
            WebhookState::Taken | WebhookState::GivenUp => Some(Self {
                state: WebhookState::Waiting,
                failures: 0,
                begun_at: now,
                next_at: now,
                ..self
            }),
        }
    }
}

/// Decides whether an event that has so many endpoints gets one more.
pub fn may_add_endpoint(endpoints: u32) -> bool {
    endpoints < MAX_ENDPOINTS
}

/// Returns since when it is known what was taken or given up; what was made before is forgotten, unless it still waits.
pub fn kept_since(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(ms(KEPT_FOR)))
}

/// Returns a duration in milliseconds.
pub fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Adds an endpoint.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    pub id: EndpointId,
    pub url: String,
    /// Its secret, sealed under the master key.
    pub sealed: Vec<u8>,
    pub now: Timestamp,
}

/// Gives an endpoint another secret.
#[derive(Debug, Clone)]
pub struct RotateSecret {
    pub id: EndpointId,
    /// The new one, sealed under the master key.
    pub sealed: Vec<u8>,
    pub now: Timestamp,
}

/// Removes an endpoint with all that it was to be told.
#[derive(Debug, Clone, Copy)]
pub struct RemoveEndpoint {
    pub id: EndpointId,
}

/// Puts the secrets of an endpoint, sealed anew, in place of what they were.
#[derive(Debug, Clone)]
pub struct ResealEndpoint {
    pub id: EndpointId,
    pub was: Vec<u8>,
    pub sealed: Vec<u8>,
    pub former: Option<Vec<u8>>,
}

/// Tells an endpoint a test.
#[derive(Debug, Clone, Copy)]
pub struct TestEndpoint {
    pub id: EndpointId,
    pub now: Timestamp,
}

/// Begins to tell a webhook anew that was taken or given up.
#[derive(Debug, Clone, Copy)]
pub struct ReplayWebhook {
    pub id: WebhookId,
    pub now: Timestamp,
}

/// Asks for an endpoint with what it is to be told now, those that have waited longest first.
#[derive(Debug, Clone, Copy)]
pub struct DueWebhooks {
    pub endpoint: EndpointId,
    pub limit: u32,
    pub now: Timestamp,
}

/// Asks for webhooks of an endpoint, the newest first.
#[derive(Debug, Clone, Copy)]
pub struct WebhooksQuery {
    pub endpoint: EndpointId,
    /// Only those that stand so.
    pub state: Option<WebhookState>,
    pub limit: u32,
}

/// Writes down what came of trying to tell webhooks of an endpoint, and when its job goes on.
#[derive(Debug, Clone)]
pub struct NoteWebhooks {
    pub endpoint: EndpointId,
    /// What became of each.
    pub tried: Vec<Webhook>,
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// What happened at an event, for its endpoints.
#[derive(Debug)]
pub struct WebhookCause<'a> {
    pub event: EventId,
    pub kind: WebhookKind,
    /// What makes it one and the same, if it may be heard of more than once.
    pub once: Option<&'a [u8]>,
    pub now: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn webhook(failures: u32) -> Webhook {
        Webhook {
            id: WebhookId::draw(EventId([1; 16]), NOW),
            kind: WebhookKind::Test,
            body: "{}".into(),
            state: WebhookState::Waiting,
            failures,
            answer: None,
            created_at: NOW,
            begun_at: NOW,
            next_at: NOW,
        }
    }

    #[track_caller]
    fn check_failure(failures: u32, after: Duration, expected: WebhookState, pause: Duration) {
        let now = NOW.plus_ms(ms(after));
        let tried = webhook(failures).tried("500", false, now);
        assert_eq!((tried.state, tried.failures), (expected, failures + 1));
        assert_eq!(tried.next_at, now.plus_ms(ms(pause)));
    }

    #[test]
    fn what_is_not_taken_is_told_again_with_longer_pauses_for_three_days() {
        let (waiting, hours) = (WebhookState::Waiting, Duration::from_hours);
        check_failure(0, Duration::ZERO, waiting, Duration::from_secs(5));
        check_failure(3, hours(1), waiting, Duration::from_mins(30));
        check_failure(6, hours(20), waiting, hours(10));
        check_failure(u32::MAX - 1, hours(71), waiting, hours(10));
        check_failure(12, hours(72), WebhookState::GivenUp, hours(10));
    }

    #[test]
    fn what_is_taken_is_done_however_late() {
        let late = NOW.plus_ms(ms(Duration::from_hours(100)));
        let tried = webhook(9).tried("204", true, late);
        assert_eq!((tried.state, tried.failures), (WebhookState::Taken, 9));
        assert_eq!(tried.answer.as_deref(), Some("204"));
    }

    #[test]
    fn a_former_secret_signs_for_a_day() {
        let endpoint = WebhookEndpoint {
            id: EndpointId::draw(EventId([1; 16]), NOW),
            url: "https://owls.example".into(),
            sealed: vec![2],
            former: Some((vec![1], NOW)),
            created_at: NOW,
        };
        let day = ms(Duration::from_hours(24));
        assert_eq!(endpoint.secrets(NOW.plus_ms(day - 1)), [&[2][..], &[1]]);
        assert_eq!(endpoint.secrets(NOW.plus_ms(day)), [&[2][..]]);
    }

    #[test]
    fn what_was_taken_or_given_up_is_told_anew_and_what_waits_is_left() {
        let later = NOW.plus_ms(5_000);
        for state in WebhookState::ALL {
            let replayed = Webhook { state, ..webhook(7) }.replayed(later);
            let expected =
                (state != WebhookState::Waiting).then_some((WebhookState::Waiting, 0, later, later));
            let found = replayed.map(|one| (one.state, one.failures, one.begun_at, one.next_at));
            assert_eq!(found, expected, "{state:?}");
        }
    }

    #[test]
    fn an_event_has_ten_endpoints_at_most_and_a_month_of_what_they_were_told() {
        assert!(may_add_endpoint(9) && !may_add_endpoint(10));
        let month = Duration::from_hours(30 * 24);
        assert_eq!(kept_since(NOW.plus_ms(ms(month))), NOW);
        assert_eq!(kept_since(NOW), Timestamp(0));
    }

    #[test]
    fn kinds_and_states_have_one_word_each() {
        for kind in WebhookKind::ALL {
            assert_eq!(WebhookKind::from_word(kind.word()), Some(kind));
        }
        for state in WebhookState::ALL {
            assert_eq!(WebhookState::from_word(state.word()), Some(state));
        }
    }
}
