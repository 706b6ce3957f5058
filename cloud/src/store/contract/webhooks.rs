//! What happens is told to each endpoint of its event: written with its cause, due when it says, done or given up, and begun anew.

use std::time::Duration;

use serde_json::Value;
use usher_keys::Timestamp;

use crate::ids::{EndpointId, WebhookId, draw_event_id};
use crate::selling::canceling::CancelEvent;
use crate::selling::jobs::{DueJobs, HeldJob, Job, JobId, JobKind, LeaseOutcome};
use crate::selling::{ConfirmOutcome, Ending, TicketState};
use crate::store::authority::{Append, AppendOutcome, RowChange};
use crate::webhooks::{
    DueWebhooks, KEPT_FOR, MAX_ENDPOINTS, NewEndpoint, NoteWebhooks, RemoveEndpoint, ReplayWebhook,
    ResealEndpoint, RotateSecret, TestEndpoint, Webhook, WebhookKind, WebhookState, WebhooksQuery, ms,
};

use super::case::{Case, HOLDER, START};

impl Case {
    async fn endpoint(&self, url: &str) -> EndpointId {
        let id = EndpointId::draw(self.event, START);
        let new = NewEndpoint {
            id,
            url: url.into(),
            sealed: vec![1, 2, 3],
            now: START,
        };
        assert!(self.store.add_endpoint(new).await.unwrap());
        id
    }

    async fn told(&self, endpoint: EndpointId) -> Vec<Webhook> {
        let query = WebhooksQuery {
            endpoint,
            state: None,
            limit: 100,
        };
        self.store.webhooks(query).await.unwrap()
    }

    async fn due_to(&self, endpoint: EndpointId, now: Timestamp) -> Vec<Webhook> {
        let due = DueWebhooks {
            endpoint,
            limit: 10,
            now,
        };
        self.store.due_webhooks(due).await.unwrap()
    }

    async fn telling_jobs(&self, now: Timestamp) -> Vec<Job> {
        let due = DueJobs {
            kind: JobKind::Webhooks,
            limit: 100,
            now,
        };
        self.store.due_jobs(due).await.unwrap()
    }

    /// Takes what is due, as one who works on it, and notes what came of it.
    async fn tell(&self, endpoint: EndpointId, is_taken: bool, now: Timestamp) {
        let lease = HeldJob {
            job: JobId::SendWebhooks(endpoint),
            holder: HOLDER,
            now,
        };
        assert_eq!(self.store.lease_job(lease).await.unwrap(), LeaseOutcome::Leased);
        let due = self.due_to(endpoint, now).await;
        assert!(!due.is_empty());
        let answer = if is_taken { "200" } else { "500" };
        let note = NoteWebhooks {
            endpoint,
            tried: due
                .into_iter()
                .map(|one| one.tried(answer, is_taken, now))
                .collect(),
            holder: HOLDER,
            now,
        };
        self.store.note_webhooks(note).await.unwrap();
    }

    async fn test(&self, endpoint: EndpointId, now: Timestamp) -> WebhookId {
        let test = TestEndpoint { id: endpoint, now };
        self.store.test_endpoint(test).await.unwrap().unwrap()
    }
}

fn body(webhook: &Webhook) -> Value {
    serde_json::from_str(&webhook.body).unwrap()
}

pub async fn what_happens_is_told_to_each_endpoint_with_its_cause(case: Case) {
    let endpoints = [
        case.endpoint("https://a.example").await,
        case.endpoint("https://b.example").await,
    ];
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "a", START).await;
    // What comes to nothing is told to nobody.
    case.close(&open, Ending::Canceled, START).await;
    assert_eq!(case.told(endpoints[0]).await, []);
    assert_eq!(case.telling_jobs(START).await, []);
    let open = case.begun(held.id, "b", START).await;
    let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, START).await else {
        panic!("nothing speaks against it")
    };
    // Asked again, it is told once.
    case.confirm(&open, START).await;
    let ticket = booking.tickets[0].id;
    let revoke = Append {
        event: case.event,
        sealed: Vec::new(),
        is_own: true,
        row_changes: vec![RowChange::SetTicketState {
            ticket,
            from: TicketState::Valid,
            to: TicketState::Revoked,
        }],
        now: START.plus_ms(1),
    };
    let revoked = case.store.append(revoke).await.unwrap();
    assert!(matches!(revoked, AppendOutcome::Appended(_)));
    for endpoint in endpoints {
        let told = case.told(endpoint).await;
        let [revoked, confirmed] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert_eq!(body(confirmed)["type"], "booking.confirmed");
        assert_eq!(body(confirmed)["data"]["booking_id"], booking.id.to_string());
        assert_eq!(body(revoked)["type"], "ticket.revoked");
        assert_eq!(body(revoked)["data"]["ticket_id"], ticket.to_string());
        assert_eq!(
            case.store.webhook(revoked.id).await.unwrap().as_ref(),
            Some(revoked)
        );
    }
    let jobs: Vec<_> = case
        .telling_jobs(START.plus_ms(1))
        .await
        .iter()
        .map(|job| job.id)
        .collect();
    assert_eq!(jobs.len(), 2, "{jobs:?}");
    // Jobs about money do not wait for those.
    let paying = DueJobs {
        kind: JobKind::Paying,
        limit: 100,
        now: START.plus_ms(1),
    };
    assert_eq!(case.store.due_jobs(paying).await.unwrap(), []);
}

pub async fn that_an_event_is_canceled_is_told_once(case: Case) {
    let endpoint = case.endpoint("https://a.example").await;
    let cancel = CancelEvent {
        event: case.event,
        holder: HOLDER,
        mails: false,
        now: START,
    };
    for _ in 0..2 {
        case.store.cancel_event(cancel).await.unwrap();
    }
    let told = case.told(endpoint).await;
    let kinds: Vec<_> = told.iter().map(|webhook| webhook.kind).collect();
    assert_eq!(kinds, [WebhookKind::EventChanged]);
}

pub async fn a_webhook_waits_until_it_is_taken_and_its_job_with_it(case: Case) {
    let endpoint = case.endpoint("https://a.example").await;
    let id = case.test(endpoint, START).await;
    case.tell(endpoint, false, START).await;
    let waiting = case.store.webhook(id).await.unwrap().unwrap();
    assert_eq!((waiting.failures, waiting.answer.as_deref()), (1, Some("500")));
    let next = START.plus_ms(5_000);
    assert_eq!(case.due_to(endpoint, Timestamp(next.0 - 1)).await, []);
    assert_eq!(case.telling_jobs(Timestamp(next.0 - 1)).await, []);
    assert_eq!(case.telling_jobs(next).await.len(), 1);
    case.tell(endpoint, true, next).await;
    let taken = case.store.webhook(id).await.unwrap().unwrap();
    assert_eq!(taken.state, WebhookState::Taken);
    assert_eq!(case.store.job(JobId::SendWebhooks(endpoint)).await.unwrap(), None);
    // What is new hurries a job that waits.
    case.test(endpoint, next).await;
    case.tell(endpoint, false, next).await;
    assert_eq!(case.telling_jobs(next).await, []);
    case.test(endpoint, next).await;
    assert_eq!(case.telling_jobs(next).await.len(), 1);
    // What was taken long ago is forgotten.
    let late = next.plus_ms(ms(KEPT_FOR) + 1);
    case.tell(endpoint, true, late).await;
    assert_eq!(case.store.webhook(id).await.unwrap(), None);
}

pub async fn what_is_given_up_is_begun_anew_by_a_person(case: Case) {
    let endpoint = case.endpoint("https://a.example").await;
    let id = case.test(endpoint, START).await;
    let replay = async |now| {
        case.store
            .replay_webhook(ReplayWebhook { id, now })
            .await
            .unwrap()
    };
    assert!(!replay(START).await, "it waits already");
    case.tell(endpoint, false, START).await;
    let late = START.plus_ms(ms(Duration::from_hours(72)));
    case.tell(endpoint, false, late).await;
    let query = |state| WebhooksQuery {
        endpoint,
        state: Some(state),
        limit: 10,
    };
    let given_up = case.store.webhooks(query(WebhookState::GivenUp)).await.unwrap();
    assert_eq!(given_up.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    assert_eq!(case.store.job(JobId::SendWebhooks(endpoint)).await.unwrap(), None);
    assert!(replay(late).await);
    assert_eq!(
        case.store.webhooks(query(WebhookState::GivenUp)).await.unwrap(),
        []
    );
    case.tell(endpoint, false, late).await;
    let again = case.store.webhook(id).await.unwrap().unwrap();
    assert_eq!((again.state, again.failures), (WebhookState::Waiting, 1));
}

pub async fn an_event_has_so_many_endpoints_and_their_secrets_can_be_replaced(case: Case) {
    let endpoint = case.endpoint("https://a.example").await;
    let rotate = RotateSecret {
        id: endpoint,
        sealed: vec![4],
        now: START,
    };
    assert!(case.store.rotate_secret(rotate).await.unwrap());
    let found = case.store.endpoint(endpoint).await.unwrap().unwrap();
    assert_eq!(
        (found.sealed, found.former),
        (vec![4], Some((vec![1, 2, 3], START)))
    );
    for (was, expected) in [(vec![9], false), (vec![4], true)] {
        let reseal = ResealEndpoint {
            id: endpoint,
            was,
            sealed: vec![5],
            former: Some(vec![6]),
        };
        assert_eq!(case.store.reseal_endpoint(reseal).await.unwrap(), expected);
    }
    let found = case.store.endpoints(case.event).await.unwrap();
    assert_eq!(
        (&found[0].sealed, &found[0].former),
        (&vec![5], &Some((vec![6], START)))
    );
    assert_eq!(case.store.all_endpoints(()).await.unwrap(), found);
    assert_eq!(case.store.endpoints(draw_event_id(START)).await.unwrap(), []);

    for number in 1..MAX_ENDPOINTS {
        case.endpoint(&format!("https://{number}.example")).await;
    }
    let one_more = NewEndpoint {
        id: EndpointId::draw(case.event, START),
        url: "https://more.example".into(),
        sealed: vec![1],
        now: START,
    };
    assert!(!case.store.add_endpoint(one_more.clone()).await.unwrap());
    case.test(endpoint, START).await;
    let remove = RemoveEndpoint { id: endpoint };
    assert!(case.store.remove_endpoint(remove).await.unwrap());
    assert!(!case.store.remove_endpoint(remove).await.unwrap());
    assert_eq!(case.told(endpoint).await, []);
    assert_eq!(case.telling_jobs(START).await, []);
    let test = TestEndpoint {
        id: endpoint,
        now: START,
    };
    assert_eq!(case.store.test_endpoint(test).await.unwrap(), None);
    assert!(case.store.add_endpoint(one_more).await.unwrap());
}
